"""Verify: a finished package, reopened from where it was written, against manifests, labels, schemas and inventories.

Whatever is wrong with the package is a verdict; an exception means that the check itself could not be made.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
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
    PackagePlace,
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


class Verified(NamedTuple):
    """The verdicts on a package, and what was found in it: None if it could not be read to its end."""

    report: VerificationReport
    examined: Examined | None


@dataclass(frozen=True, slots=True)
class PackageToVerify:
    """A package, by its key, with what is at hand of it beside its bytes.

    Manifests that are not given are looked for beside the package (``<package>_transfer_manifest.txt``), then in it.
    ``inventories`` are those of collections that are not in the package, by LID of the collection.
    """

    key: str
    transfer_manifest: bytes | None = None
    checksum_manifest: bytes | None = None
    inventories: Mapping[str, bytes] = field(default_factory=dict)


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
) -> VerificationReport:
    """Read every member of a zip or tar.gz package and return what is wrong, and what could not be checked.

    The package is as in `PackageToVerify`, all else as in `verify_packages`.
    """
    package = PackageToVerify(package_key, transfer_manifest, checksum_manifest, inventories or {})
    ((report, _),) = verify_packages(
        store,
        [package],
        xml_catalog=xml_catalog,
        registered=registered,
        executor=executor,
        profile=profile,
    )
    return report


def verify_packages(
    store: Store,
    packages: Sequence[PackageToVerify],
    *,
    xml_catalog: str | None = None,
    registered: Collection[str] = (),
    executor: Executor | None = None,
    profile: Profile | None = None,
    proved: bool = False,
) -> list[Verified]:
    """Read every member of some packages at once and return, in their order, what is wrong, and what could not be checked.

    Parameters
    ----------
    xml_catalog
        Path of the XML catalog of the schemas; without it XML Schema and Schematron are not checked, and that is said.
    registered
        LIDs of all registered context products; empty: references to them are not checked, and that is said.
    executor
        Where the members are read; in this process if there is none.
    profile
        Mission profile by which data files are read, to be held against their labels; without it that is not checked, and
        that is said.
    proved
        Whether every label was held against the values in its data file when both were made, so that here their MD5s are
        enough: cells and times are not read once more; and whether the given inventories have no faults of their own.

    Raises
    ------
    ObjectNotFound
        If there is no package of that name.
    StorageError, SchemaSetError, ComputeError
        If a package cannot be read, the schemas cannot be used, or the workers are lost.
    """
    context = VerifyContext(store, xml_catalog, tuple(registered), profile, proved)
    opened = {package.key: _open(store, package) for package in packages}
    for tasks in (_first_tasks, _deferred_tasks):
        _gather(opened, context, chain.from_iterable(map(tasks, opened.values())), executor)
    return [_conclude(context, opened[package.key]) for package in packages]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A package of which the directory and the manifests were read; ``found`` grows as its members are."""

    package: PackageToVerify
    place: PackagePlace
    is_tar: bool
    members: Sequence[MemberEntry] = ()
    faults: Sequence[MemberFault] = ()
    """In the directory of a zip package."""
    manifests: Manifests | None = None
    damage: str = ""
    """Why there is nothing more to read."""
    found: MembersResult = field(default_factory=MembersResult)


def _open(store: Store, package: PackageToVerify) -> _Opened:
    place = PackagePlace(package.key, store.size(package.key))
    opened = _Opened(package, place, _is_tar(store, place))
    if not opened.is_tar:
        try:
            members, faults = scan_members(partial(store.read_range, place.key), place.bytes)
        except PackageError as error:
            return replace(opened, damage=str(error))
        opened = replace(opened, members=members, faults=faults)
        for fault in faults:
            opened.found.refuse(fault)
        # A clash of case is a fault of a member that is there and can be read.
        readable = {entry.path for entry in members}
        opened.found.damaged = [path for path in opened.found.damaged if path not in readable]
    transfer, checksum = (
        (end, given) if given is not None else _find_manifest(store, opened, end)
        for end, given in (
            (TRANSFER_END, package.transfer_manifest),
            (CHECKSUM_END, package.checksum_manifest),
        )
    )
    return replace(opened, manifests=read_manifests(transfer, checksum))


def _conclude(context: VerifyContext, opened: _Opened) -> Verified:
    """Judge a package when all its members were read."""
    key, found, manifests = opened.place.key, opened.found, opened.manifests
    if manifests is None:
        damage = VerificationEntry(_name(key), Verdict.DAMAGED, opened.damage)
        return Verified(_report(context, key, found, [damage], ()), None)
    elsewhere = _files_elsewhere(context, key, manifests, found)
    entries = [
        *manifests.entries,
        *(
            entry
            for entry in found.entries
            if not (entry.verdict is Verdict.MISSING and entry.path in elsewhere)
        ),
    ]
    examined = None
    if found.broken:
        message = f"{found.broken}; {len(found.paths)} members were read before"
        entries.append(VerificationEntry(_name(key), Verdict.DAMAGED, message))
    else:
        entries += _judge(key, manifests, found)
        refused = found.damaged if opened.is_tar else [fault.path for fault in opened.faults]
        examined = Examined((*found.paths, *refused), tuple(found.labels))
    members, not_checked = compare_inventories(
        found.labels, opened.package.inventories, proved=context.proved
    )
    if elsewhere:
        not_checked = (
            *not_checked,
            f"{len(elsewhere)} labels came without their data files, which the receiver has: what they say of them",
        )
    return Verified(_report(context, key, found, [*entries, *members], not_checked), examined)


def _files_elsewhere(
    context: VerifyContext, package_key: str, manifests: Manifests, found: MembersResult
) -> frozenset[str]:
    """Return the data files that were not sent again with a new label, where profile or delivery have it so.

    Only a label that is not the first of its data can come alone, and no manifest may promise the file.
    """
    may_be_alone = context.profile is not None and context.profile.package.label_only == "label"
    told = _told_elsewhere(context.store, package_key)
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


def _is_tar(store: Store, place: PackagePlace) -> bool:
    """Tell the format by the first bytes; a file too damaged for that by its name."""
    start = store.read_range(place.key, 0, min(2, place.bytes))
    return start == GZIP_MAGIC or (start != b"PK" and place.key.endswith(SUFFIXES[1:]))


def _find_manifest(store: Store, opened: _Opened, end: str) -> tuple[str, bytes] | None:
    """Return name and bytes of a manifest beside the package, else in it."""
    key, size = opened.place.key, opened.place.bytes
    stem = next((key.removesuffix(suffix) for suffix in SUFFIXES if key.endswith(suffix)), key)
    beside = f"{stem}_{end}"
    if store.exists(beside):
        return _name(beside), store.read(beside)
    read_range = partial(store.read_range, key)
    try:
        if opened.is_tar:
            with open_ranges(read_range, size) as stream:
                for member in iter_tar_members(stream):
                    if not isinstance(member, MemberFault) and member.path.endswith(end):
                        return member.path, member.data
        for entry in opened.members:
            if entry.path.endswith(end):
                return entry.path, read_member(ReadAhead(read_range, size), entry)
    except PackageError as error:  # a verdict as soon as all members are read
        logger.debug("no %s in %s: %s", end, key, error)
    return None


def _gather(
    opened: Mapping[str, _Opened],
    context: VerifyContext,
    tasks: Iterable[ZipTask | TarTask],
    executor: Executor | None,
) -> None:
    """Read members, on the workers if there are any, and add what was found to the packages that they are of."""
    results: Iterator[tuple[str, MembersResult]]
    if executor is None:
        results = ((task.package.key, verify_members(context, task)) for task in tasks)
    else:
        events = run_all(executor, verify_members, context, tasks)
        results = ((event.item.package.key, event.value()) for event in events)
    for key, result in results:
        found = opened[key].found
        found.paths += result.paths
        found.entries += result.entries
        found.labels += result.labels
        found.unlisted += result.unlisted
        found.damaged += result.damaged
        found.deferred += result.deferred
        found.broken = found.broken or result.broken


def _first_tasks(opened: _Opened) -> Iterator[ZipTask | TarTask]:
    """Yield the tasks that read all members: a zip package in runs of members, as they stand in it, a tar.gz as one stream.

    A label stays with the file of its name.
    """
    if opened.manifests is None:
        return
    checksums = opened.manifests.checksums or {}
    if opened.is_tar:
        yield TarTask(opened.place, tuple(checksums.items()))
        return
    batch: list[tuple[MemberEntry, str]] = []
    size, stem = 0, ""
    for entry in sorted(opened.members, key=lambda entry: entry.offset):
        folder, _, name = entry.path.rpartition("/")
        last, stem = stem, f"{folder}/{name.partition('.')[0]}"
        if batch and size + entry.raw_bytes > TASK_BYTES and stem != last:
            yield ZipTask(opened.place, tuple(batch))
            batch, size = [], 0
        batch.append((entry, checksums.get(entry.path, "")))
        size += entry.raw_bytes
    if batch:
        yield ZipTask(opened.place, tuple(batch))


def _deferred_tasks(opened: _Opened) -> Iterator[ZipTask]:
    """Yield labels again whose files lay in other tasks, each with its files."""
    entries = {entry.path: entry for entry in opened.members}
    for label, files in sorted(opened.found.deferred):
        paths = [path for path in (label, *files) if path in entries]
        yield ZipTask(opened.place, tuple((entries[path], "") for path in paths), deferred=True)


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
    package_key: str,
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
        package=context.store.uri(package_key),
        members=len(found.paths),
        products=sum(label.is_basic for label in found.labels),
        labels_checked=len(found.labels),
        entries=tuple(sorted(set(entries), key=lambda entry: (entry.path, entry.verdict, entry.message))),
        not_checked=tuple(sorted(reasons)),
    )


def _name(key: str) -> str:
    return key.rpartition("/")[2]
