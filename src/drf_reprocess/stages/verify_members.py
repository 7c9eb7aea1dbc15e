"""Verify, on the workers: read members of a package, compare them with the checksum manifest and with their labels.

A zip package is cut into runs of consecutive members, a tar.gz package is one stream. A label is checked in the task
that has its files; one whose files are in no task with it comes back as deferred and is sent again with them.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from drf_reprocess.archives.reading import MemberFault, ReadAhead
from drf_reprocess.archives.tar_reader import iter_tar_members, open_ranges
from drf_reprocess.archives.zip_reader import MemberEntry, read_member
from drf_reprocess.errors import PackageError, UnreadableLabel
from drf_reprocess.identifiers import Lidvid
from drf_reprocess.md5_lanes import md5_many
from drf_reprocess.model import Finding, Severity, Verdict, VerificationEntry
from drf_reprocess.pds4.check import check_label
from drf_reprocess.pds4.elements import Element
from drf_reprocess.pds4.parsing import try_parse
from drf_reprocess.pds4.read import LabelContents, read_label
from drf_reprocess.pds4.schemas import schema_set
from drf_reprocess.profiles.model import Profile
from drf_reprocess.stages.verify_data import compare_with_data, find_file_type
from drf_reprocess.storage.base import Store

logger = logging.getLogger(__name__)

LABEL_SUFFIXES = (".xml", ".lblx")
AGGREGATES = ("Product_Collection", "Product_Bundle")
KEPT_BYTES = 64 * 2**20
"""Contents kept in memory for labels that come later."""
SPILLED_BYTES = 1024**3
SPILLED_RATIO = 100
"""Contents of a stream that wait for their labels on disk: at most so many bytes, and so many times the package."""
FILE_CODES = frozenset({"data-file-missing", "data-size", "data-md5"})
"""Findings of the label checker that are verdicts on the file here, not on its label."""

ReadFile = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class VerifyContext:
    """What every task needs."""

    store: Store
    xml_catalog: str | None
    registered: tuple[str, ...]
    profile: Profile | None = None
    """By which data files are read and held against their labels."""
    proved: bool = False
    """Whether the values in the data files, and what labels say of them, were proved from bytes of the same MD5 before."""


@dataclass(frozen=True, slots=True)
class PackagePlace:
    """Where a package stands in the store, and its size."""

    key: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ZipTask:
    """Members of a zip package, each with the MD5 of the checksum manifest (empty: it has no row)."""

    package: PackagePlace
    members: tuple[tuple[MemberEntry, str], ...]
    deferred: bool = False
    """Whether these are labels sent again with their files: nothing is expected elsewhere any more."""


@dataclass(frozen=True, slots=True)
class TarTask:
    """A whole tar.gz package, with the rows (path, MD5) of its checksum manifest."""

    package: PackagePlace
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """What the driver needs to know of a label."""

    path: str
    lidvid: Lidvid | None
    """None where the label cannot be read."""
    product_class: str
    files: tuple[str, ...]
    """Paths in the package of the files that it describes."""
    deflated_inventory: bytes | None = None
    """Of a collection label: the inventory, by zlib. All inventories together are a list of the whole mission's products."""
    members: tuple[tuple[str, str], ...] = ()
    """Of a bundle label: LID and VID (empty if it tells none) of each collection that it lists."""
    data_compared: bool = False
    """Of a basic product: whether its data file was read by the profile and held against it."""

    @property
    def is_basic(self) -> bool:
        """Whether it is a member of a collection, not a collection or bundle itself."""
        return self.lidvid is not None and self.product_class not in AGGREGATES


@dataclass(slots=True)
class MembersResult:
    """What a task found."""

    paths: list[str] = field(default_factory=list)
    """Members that the task came to."""
    entries: list[VerificationEntry] = field(default_factory=list)
    labels: list[LabelFacts] = field(default_factory=list)
    unlisted: list[tuple[str, str]] = field(default_factory=list)
    """Path and MD5 of the members without a row in the checksum manifest."""
    damaged: list[str] = field(default_factory=list)
    """Members that cannot be read or were refused."""
    deferred: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """Labels to be sent again, each with the paths of their files."""
    broken: str = ""
    """Why a stream could not be read to its end."""

    def add(self, path: str, verdict: Verdict, message: str) -> None:
        """Note a verdict."""
        self.entries.append(VerificationEntry(path, verdict, message))

    def refuse(self, fault: MemberFault) -> None:
        """Note that a member cannot be used."""
        self.damaged.append(fault.path)
        self.add(fault.path, Verdict.DAMAGED if fault.unreadable else Verdict.INVALID, fault.message)


class _Elsewhere(Exception):
    """A label names a file that is not at hand."""


class _Unusable(Exception):
    """A label names a file on which there is a verdict already."""


def verify_members(context: VerifyContext, task: ZipTask | TarTask) -> MembersResult:
    """Read the members of a task and return all verdicts on them; damage is a verdict, too. The task function.

    Raises
    ------
    StorageError
        If the package cannot be read at all.
    SchemaSetError
        If the XML schemas cannot be used.
    """
    if isinstance(task, ZipTask):
        return _ZipRun(context, task).verify()
    with ExitStack() as stack:
        shelf = _Shelf(stack, SPILLED_BYTES + SPILLED_RATIO * task.package.bytes)
        return _TarRun(context, task, shelf).verify()


def is_label(path: str) -> bool:
    """Tell whether a member is a label, by its name (SIS 6.2)."""
    return path.lower().endswith(LABEL_SUFFIXES)


class _Digests(dict[str, str]):
    """The MD5 of each member by path, computed once."""

    def add(self, members: Mapping[str, bytes]) -> None:
        """Compute those of several members at once, which is faster."""
        self.update(zip(members, md5_many(list(members.values())), strict=True))

    def of(self, path: str, data: bytes) -> str:
        if path not in self:
            self[path] = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return self[path]


class _ZipRun:
    """One task on a zip package: members are read where they are asked for, the last ones are kept."""

    def __init__(self, context: VerifyContext, task: ZipTask) -> None:
        self._context = context
        self._task = task
        read_range = partial(context.store.read_range, task.package.key)
        self._read = ReadAhead(read_range, task.package.bytes)
        self._entries = {entry.path: entry for entry, _ in task.members}
        self._kept: dict[str, bytes] = {}
        self._digests = _Digests()
        self._result = MembersResult()

    def verify(self) -> MembersResult:
        result = self._result
        self._read_ahead()
        for entry, md5 in self._task.members:
            try:
                data = self._member(entry.path)
            except _Unusable:
                continue
            if not self._task.deferred:
                _compare_row(result, entry.path, self._digests.of(entry.path, data), md5)
            if is_label(entry.path):
                self._label(entry.path, data)
        if not self._task.deferred:
            result.paths += self._entries
        return result

    def _read_ahead(self) -> None:
        """Read the first members, all of an ordinary task, and digest them together."""
        size = 0
        for path, entry in self._entries.items():
            size += entry.raw_bytes
            if size > KEPT_BYTES:
                break
            with suppress(_Unusable):
                self._member(path)
        self._digests.add(self._kept)

    def _label(self, path: str, label: bytes) -> None:
        try:
            check_one(self._context, self._result, path, label, self._file, self._digests)
        except _Elsewhere as elsewhere:
            contents, _ = _read(label)
            files = (str(elsewhere),) if contents is None else _paths(path, contents)
            self._result.deferred.append((path, files))

    def _file(self, path: str) -> bytes | None:
        if path in self._entries:
            return self._member(path)
        if self._task.deferred:
            return None
        raise _Elsewhere(path)

    def _member(self, path: str) -> bytes:
        if path in self._result.damaged:
            raise _Unusable
        data = self._kept.get(path)
        if data is None:
            try:
                data = read_member(self._read, self._entries[path])
            except PackageError as error:
                self._result.refuse(MemberFault(path, str(error), unreadable=True))
                raise _Unusable from error
            self._kept[path] = data
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > KEPT_BYTES:
                del self._kept[next(iter(self._kept))]
        return data


class _Shelf:
    """Contents of a stream that are still needed; what does not fit into memory lies in a temporary file."""

    def __init__(self, stack: ExitStack, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: dict[str, bytes] = {}
        self._spilled: dict[str, tuple[int, int]] = {}
        self._stack = stack
        self._file: BinaryIO | None = None
        self._bytes = 0

    def put(self, path: str, data: bytes) -> None:
        if self._bytes + len(data) <= KEPT_BYTES:
            self._kept[path] = data
            self._bytes += len(data)
            return
        if self._file is None:
            self._file = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        end = self._file.seek(0, 2)
        if end + len(data) > self._most_bytes:
            raise PackageError(
                f"more than {self._most_bytes} bytes of it wait for the labels that describe them: "
                "labels and files are too far apart, or it is a bomb"
            )
        self._spilled[path] = (end, len(data))
        self._file.write(data)

    def get(self, path: str) -> bytes | None:
        if path in self._spilled and self._file is not None:
            offset, size = self._spilled[path]
            self._file.seek(offset)
            return self._file.read(size)
        return self._kept.get(path)

    def drop(self, path: str) -> None:
        self._bytes -= len(self._kept.pop(path, b""))
        self._spilled.pop(path, None)


class _TarRun:
    """A tar.gz package as one stream: labels and files wait for one another."""

    def __init__(self, context: VerifyContext, task: TarTask, shelf: _Shelf) -> None:
        self._context = context
        self._package = task.package
        self._rows = dict(task.rows)
        self._shelf = shelf
        self._digests = _Digests()
        self._waiting: dict[str, str] = {}
        """Labels, each with a file that has not come yet."""
        self._ended = False
        self._result = MembersResult()

    def verify(self) -> MembersResult:
        result = self._result
        for path, data in _members_of(self._context.store, self._package, result):
            result.paths.append(path)
            _compare_row(result, path, self._digests.of(path, data), self._rows.get(path, ""))
            try:
                self._shelf.put(path, data)
            except PackageError as error:
                result.broken = str(error)
                break
            ready = [label for label, wanted in self._waiting.items() if wanted == path]
            for label in (*ready, *((path,) if is_label(path) else ())):
                self._label(label)
        self._ended = True
        if not result.broken:
            for label in list(self._waiting):
                self._label(label)
        return result

    def _label(self, path: str) -> None:
        """Check a label if its files have come, else let it wait; then let go of it and of what it names."""
        label = self._shelf.get(path) or b""
        try:
            facts = check_one(self._context, self._result, path, label, self._file, self._digests)
        except _Elsewhere as elsewhere:
            self._waiting[path] = str(elsewhere)
            return
        self._waiting.pop(path, None)
        for done in (path, *facts.files):
            self._shelf.drop(done)

    def _file(self, path: str) -> bytes | None:
        data = self._shelf.get(path)
        if data is None and (path in self._digests or path in self._result.damaged):
            raise _Unusable  # it was refused, or checked with another label that describes it, too
        if data is None and not self._ended:
            raise _Elsewhere(path)
        return data


def _members_of(store: Store, package: PackagePlace, result: MembersResult) -> Iterator[tuple[str, bytes]]:
    try:
        with open_ranges(partial(store.read_range, package.key), package.bytes) as stream:
            for member in iter_tar_members(stream):
                if isinstance(member, MemberFault):
                    result.refuse(member)
                else:
                    yield member.path, member.data
    except PackageError as error:
        result.broken = str(error)


def _compare_row(result: MembersResult, path: str, md5: str, expected: str) -> None:
    if not expected:
        result.unlisted.append((path, md5))
    elif md5 != expected:
        result.add(path, Verdict.MISMATCH, f"its MD5 is {md5}, the checksum manifest says {expected}")


def check_one(
    context: VerifyContext,
    result: MembersResult,
    path: str,
    label: bytes,
    read_file: ReadFile,
    digests: _Digests,
) -> LabelFacts:
    """Check one label against schemas, its own identities and its files; note the verdicts, note and return the facts.

    ``read_file`` takes the path of a file in the package.
    """
    folder = path.rpartition("/")[0]
    parsed = try_parse(label)
    contents, unreadable = _read(parsed)
    found: list[VerificationEntry] = []
    findings: tuple[Finding, ...] = ()
    inventory, data_compared = None, False
    try:
        findings = check_label(
            parsed,
            lambda name: read_file(_join(folder, name)),
            context.registered,
            values=not context.proved,
            md5_of=lambda name, data: digests.of(_join(folder, name), data),
        )
        if contents is not None:
            found += _compare_files(path, contents, read_file, digests)
            inventory = _inventory(path, contents, read_file)
            file_type = find_file_type(context.profile, contents)
            data = read_file(_paths(path, contents)[0]) if file_type and not context.proved else None
            if file_type and data is not None and not found and not findings:
                found += compare_with_data(file_type, path, contents, data)
            data_compared = file_type is not None
    except _Unusable:
        logger.debug("%s is not compared with its files: there is a verdict on one of them", path)
    if context.xml_catalog is not None:
        findings += schema_set(context.xml_catalog).check(parsed)
    told = FILE_CODES if contents is not None else frozenset()
    faults = [
        finding for finding in findings if finding.severity is Severity.ERROR and finding.code not in told
    ]
    found += [VerificationEntry(path, Verdict.INVALID, f"{fault.code}: {fault.message}") for fault in faults]
    if contents is None:
        facts = LabelFacts(path, None, "", ())
        if not found:
            found.append(VerificationEntry(path, Verdict.INVALID, unreadable))
    else:
        facts = LabelFacts(
            path,
            contents.lidvid,
            contents.product_class,
            _paths(path, contents),
            None if inventory is None else zlib.compress(inventory, 1),
            tuple((str(member.lid), str(member.vid or "")) for member in contents.members),
            data_compared,
        )
    result.entries += found
    result.labels.append(facts)
    return facts


def _compare_files(
    path: str, contents: LabelContents, read_file: ReadFile, digests: _Digests
) -> Iterator[VerificationEntry]:
    for file, place in zip(contents.files, _paths(path, contents), strict=True):
        data = read_file(place)
        if data is None:
            yield VerificationEntry(place, Verdict.MISSING, f"the label {path} describes it")
            continue
        if file.bytes is not None and file.bytes != len(data):
            message = f"it has {len(data)} bytes, its label says {file.bytes}"
            yield VerificationEntry(place, Verdict.MISMATCH, message)
        md5 = digests.of(place, data)
        if file.md5 is not None and file.md5.lower() != md5:
            yield VerificationEntry(place, Verdict.MISMATCH, f"its MD5 is {md5}, its label says {file.md5}")


def _inventory(path: str, contents: LabelContents, read_file: ReadFile) -> bytes | None:
    for place, objects in zip(_paths(path, contents), contents.objects, strict=True):
        if any(part.kind == "Inventory" for part in objects):
            return read_file(place)
    return None


def _paths(path: str, contents: LabelContents) -> tuple[str, ...]:
    folder = path.rpartition("/")[0]
    return tuple(_join(folder, file.name) for file in contents.files)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _read(label: bytes | Element) -> tuple[LabelContents | None, str]:
    """Return what a label says, or why it cannot be read."""
    try:
        return read_label(label), ""
    except UnreadableLabel as error:
        return None, str(error)
