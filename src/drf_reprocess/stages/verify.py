"""Verify: a finished package, reopened from where it was written, against manifests, labels, schemas and inventories.

Whatever is wrong with the package is a verdict; an exception means that the check itself could not be made.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from drf_reprocess.archives.reading import MemberFault, ReadAhead
from drf_reprocess.archives.tar_reader import iter_tar_members, open_ranges
from drf_reprocess.archives.zip_reader import MemberEntry, read_member, scan_members
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.suspects import run_all
from drf_reprocess.errors import PackageError
from drf_reprocess.model import Verdict, VerificationEntry, VerificationReport
from drf_reprocess.profiles.model import Profile
from drf_reprocess.stages.note import FILES_ELSEWHERE
from drf_reprocess.stages.verify_manifests import (
    CHECKSUM_END,
    TRANSFER_END,
    Manifests,
    PackageContents,
    compare_bundles,
    compare_checksums,
    compare_inventories,
    compare_transfers,
    find_repeated,
    find_unlabelled,
    read_manifests,
    tell_uncompared,
)
from drf_reprocess.stages.verify_members import (
    LabelFacts,
    MembersResult,
    TarTask,
    VerifyContext,
    ZipTask,
    verify_members,
)
from drf_reprocess.storage.base import Store

logger = logging.getLogger(__name__)

TASK_BYTES = 48 * 2**20
"""Uncompressed bytes of a task, about."""

GZIP_MAGIC = b"\x1f\x8b"
SUFFIXES = (".zip", ".tar.gz", ".tgz")


class Examined(NamedTuple):
    """What was found in a package that could be read to its end."""

    members: tuple[str, ...]
    """Paths of all members, those that were refused among them; one that stands twice is here twice."""
    labels: tuple[LabelFacts, ...]


def verify_package(
    store: Store,
    package_key: str,
    *,
    transfer_manifest: bytes | None = None,
    checksum_manifest: bytes | None = None,
    inventories: Mapping[str, bytes] | None = None,
    xml_catalog: str | None = None,
    registered: Collection[str] = (),
    executor: Executor | None = None,
    profile: Profile | None = None,
    proved: bool = False,
    see: Callable[[Examined], None] | None = None,
) -> VerificationReport:
    """Read every member of a zip or tar.gz package and return what is wrong, and what could not be checked.

    Parameters
    ----------
    transfer_manifest, checksum_manifest
        If they are not given, they are looked for beside the package (``<package>_transfer_manifest.txt``), then in it.
    inventories
        By LID of the collection, for collections that are not in the package.
    xml_catalog
        Path of the XML catalog of the schemas; without it XML Schema and Schematron are not checked, and that is said.
    registered
        LIDs of all registered context products; empty: references to them are not checked, and that is said.
    profile
        Mission profile by which data files are read, to be held against their labels; without it that is not checked, and
        that is said.
    proved
        Whether every label was held against the values in its data file when both were made, so that here their MD5s are
        enough: cells and times are not read once more.
    executor
        Where the members are read; in this process if there is none.
    see
        Is told what was found in the package, unless that could not be read to its end.

    Raises
    ------
    ObjectNotFound
        If there is no package of that name.
    StorageError, SchemaSetError, ComputeError
        If the package cannot be read, the schemas cannot be used, or the workers are lost.
    """
    size = store.size(package_key)
    context = VerifyContext(store, package_key, size, xml_catalog, tuple(registered), profile, proved)
    is_tar = _is_tar(store, package_key, size)
    listed = _Listing((), ())
    try:
        if not is_tar:
            listed = _Listing(*scan_members(partial(store.read_range, package_key), size))
    except PackageError as error:
        damage = VerificationEntry(_name(package_key), Verdict.DAMAGED, str(error))
        return _report(context, MembersResult(), [damage], ())
    find = partial(_find_manifest, context, listed.members, is_tar=is_tar)
    transfer = (TRANSFER_END, transfer_manifest) if transfer_manifest is not None else find(TRANSFER_END)
    checksum = (CHECKSUM_END, checksum_manifest) if checksum_manifest is not None else find(CHECKSUM_END)
    manifests = read_manifests(transfer, checksum)
    found = _read_members(context, listed, manifests, executor, is_tar=is_tar)
    elsewhere = _files_elsewhere(context, manifests, found)
    entries = [
        *manifests.entries,
        *(
            entry
            for entry in found.entries
            if not (entry.verdict is Verdict.MISSING and entry.path in elsewhere)
        ),
    ]
    if found.broken:
        message = f"{found.broken}; {len(found.paths)} members were read before"
        entries.append(VerificationEntry(_name(package_key), Verdict.DAMAGED, message))
    else:
        entries += _judge(package_key, manifests, found)
        if see is not None:
            refused = found.damaged if is_tar else [fault.path for fault in listed.faults]
            see(Examined((*found.paths, *refused), tuple(found.labels)))
    members, not_checked = compare_inventories(found.labels, inventories or {})
    if elsewhere:
        not_checked = (
            *not_checked,
            f"{len(elsewhere)} labels came without their data files, which the receiver has: what they say of them",
        )
    return _report(context, found, [*entries, *members], not_checked)


def _files_elsewhere(context: VerifyContext, manifests: Manifests, found: MembersResult) -> frozenset[str]:
    """Return the data files that were not sent again with a new label, where profile or delivery have it so.

    Only a label that is not the first of its data can come alone, and no manifest may promise the file.
    """
    may_be_alone = context.profile is not None and context.profile.package.label_only == "label"
    told = _told_elsewhere(context.store, context.package_key)
    here = frozenset(found.paths) | frozenset(manifests.checksums or ())
    return frozenset(
        path
        for label in found.labels
        if label.is_basic and label.lidvid is not None and label.lidvid.vid.minor > 0
        for path in label.files
        if path not in here and (may_be_alone or path in told)
    )


def _told_elsewhere(store: Store, package_key: str) -> frozenset[str]:
    """Return the files that the ``delivery.json`` beside the package tells not to be in it."""
    folder, separator, _ = package_key.rpartition("/")
    key = f"{folder}{separator}delivery.json"
    if not store.exists(key):
        return frozenset()
    try:
        document = json.loads(store.read(key))
        return frozenset(map(str, document.get(FILES_ELSEWHERE, ())))
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        logger.warning("%s is passed over: %s", key, error)
        return frozenset()


class _Listing(NamedTuple):
    """The directory of a zip package."""

    members: Sequence[MemberEntry]
    faults: Sequence[MemberFault]


def _is_tar(store: Store, key: str, size: int) -> bool:
    """Tell the format by the first bytes; a file too damaged for that by its name."""
    start = store.read_range(key, 0, min(2, size))
    return start == GZIP_MAGIC or (start != b"PK" and key.endswith(SUFFIXES[1:]))


def _find_manifest(
    context: VerifyContext, members: Sequence[MemberEntry], end: str, *, is_tar: bool
) -> tuple[str, bytes] | None:
    """Return name and bytes of a manifest beside the package, else in it."""
    key = context.package_key
    stem = next((key.removesuffix(suffix) for suffix in SUFFIXES if key.endswith(suffix)), key)
    beside = f"{stem}_{end}"
    if context.store.exists(beside):
        return _name(beside), context.store.read(beside)
    read_range = partial(context.store.read_range, key)
    try:
        if is_tar:
            with open_ranges(read_range, context.package_bytes) as stream:
                for member in iter_tar_members(stream):
                    if not isinstance(member, MemberFault) and member.path.endswith(end):
                        return member.path, member.data
        for entry in members:
            if entry.path.endswith(end):
                return entry.path, read_member(ReadAhead(read_range, context.package_bytes), entry)
    except PackageError as error:  # a verdict as soon as all members are read
        logger.debug("no %s in %s: %s", end, key, error)
    return None


def _read_members(
    context: VerifyContext, listed: _Listing, manifests: Manifests, executor: Executor | None, *, is_tar: bool
) -> MembersResult:
    """Read all members, on the workers if there are any; labels whose files lay in other tasks go out again."""
    checksums = manifests.checksums or {}
    found = MembersResult()
    if is_tar:
        _gather(found, context, [TarTask(tuple(checksums.items()))], executor)
        return found
    for fault in listed.faults:
        found.refuse(fault)
    # A clash of case is a fault of a member that is there and can be read.
    readable = {entry.path for entry in listed.members}
    found.damaged = [path for path in found.damaged if path not in readable]
    _gather(found, context, _zip_tasks(listed.members, checksums), executor)
    if found.deferred:
        _gather(found, context, _deferred_tasks(listed.members, found), executor)
    return found


def _gather(
    found: MembersResult,
    context: VerifyContext,
    tasks: Iterable[ZipTask | TarTask],
    executor: Executor | None,
) -> None:
    results: Iterator[MembersResult]
    if executor is None:
        results = (verify_members(context, task) for task in tasks)
    else:
        results = (event.value() for event in run_all(executor, verify_members, context, tasks))
    for result in results:
        found.paths += result.paths
        found.entries += result.entries
        found.labels += result.labels
        found.unlisted += result.unlisted
        found.damaged += result.damaged
        found.deferred += result.deferred
        found.broken = found.broken or result.broken


def _zip_tasks(members: Sequence[MemberEntry], checksums: Mapping[str, str]) -> Iterator[ZipTask]:
    """Cut the members, as they stand in the package, into runs; a label stays with the file of its name."""
    batch: list[tuple[MemberEntry, str]] = []
    size, stem = 0, ""
    for entry in sorted(members, key=lambda entry: entry.offset):
        folder, _, name = entry.path.rpartition("/")
        last, stem = stem, f"{folder}/{name.partition('.')[0]}"
        if batch and size + entry.raw_bytes > TASK_BYTES and stem != last:
            yield ZipTask(tuple(batch))
            batch, size = [], 0
        batch.append((entry, checksums.get(entry.path, "")))
        size += entry.raw_bytes
    if batch:
        yield ZipTask(tuple(batch))


def _deferred_tasks(members: Sequence[MemberEntry], found: MembersResult) -> Iterator[ZipTask]:
    entries = {entry.path: entry for entry in members}
    for label, files in sorted(found.deferred):
        paths = [path for path in (label, *files) if path in entries]
        yield ZipTask(tuple((entries[path], "") for path in paths), deferred=True)


def _judge(package_key: str, manifests: Manifests, found: MembersResult) -> Iterator[VerificationEntry]:
    """Yield the verdicts that need the whole package."""
    contents = PackageContents(
        paths=frozenset(found.paths) | frozenset(found.damaged),
        damaged=frozenset(found.damaged),
        unlisted=dict(found.unlisted),
        labels=tuple(found.labels),
    )
    absent = f"it is neither beside the package {_name(package_key)} nor in it"
    if manifests.checksums is None:
        yield VerificationEntry(CHECKSUM_END, Verdict.MISSING, absent)
    else:
        yield from compare_checksums(manifests.checksums, contents)
    if manifests.transfers is None:
        yield VerificationEntry(TRANSFER_END, Verdict.MISSING, absent)
    else:
        yield from compare_transfers(manifests.transfers, contents)
    yield from find_unlabelled(contents)
    yield from find_repeated(found.labels)
    yield from compare_bundles(found.labels)


def _report(
    context: VerifyContext,
    found: MembersResult,
    entries: Iterable[VerificationEntry],
    not_checked: Sequence[str],
) -> VerificationReport:
    reasons = [*not_checked, *tell_uncompared(found.labels)]
    if context.xml_catalog is None:
        reasons.append("XML Schema and Schematron: no XML catalog was given (validate.xml_catalog)")
    if not context.registered:
        reasons.append("context products: no list of those that are registered was given")
    return VerificationReport(
        package=context.store.uri(context.package_key),
        members=len(found.paths),
        products=sum(label.is_basic for label in found.labels),
        labels_checked=len(found.labels),
        entries=tuple(sorted(set(entries), key=lambda entry: (entry.path, entry.verdict, entry.message))),
        not_checked=tuple(sorted(reasons)),
    )


def _name(key: str) -> str:
    return key.rpartition("/")[2]
