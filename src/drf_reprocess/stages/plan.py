"""Plan: decide what is to be done with each received file, before anything is done.

The plan is a value with counts and bytes that can be printed and checked. Its work is drawn product by product from the
catalog's comparison of the listing with what it knows, so that it takes no more memory for a mission than for a day.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from drf_reprocess.catalog.base import Catalog, ListedFile, Listing
from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.identifiers import Lid
from drf_reprocess.model import (
    FormerProduct,
    ProductRecord,
    RepairOptions,
    SourceFile,
    SourceOutcome,
    SourceState,
    WorkItem,
)
from drf_reprocess.profiles.load import profile_digest
from drf_reprocess.profiles.model import IgnoredName, Profile
from drf_reprocess.reprocess import ENGINE_REVISION

PARTITIONS_PER_WORKER = 4
"""So many partitions a worker, at least, where the work is small: the last ones then end at nearly the same time."""

MIN_PARTITION_BYTES = 4 * 2**20

MAX_PARTITION_FILES = 64
"""Outcomes of one task, at most, where files are tiny: what a task returns must stay small."""

DISK_BYTES_PER_BYTE = 2.2
"""Disk that a run needs for each byte read: original, Parquet, package and, for a while, its segments."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do: so much work, and every file that needs none, with the reason.

    ``settled`` counts by state the files about which the catalog already knows everything.
    """

    products: int
    files: int
    bytes: int
    reasons: Mapping[str, int]
    """How many files need work, by reason in words."""
    set_aside: tuple[SourceOutcome, ...]
    """Files that are set aside by their listing alone, and were not before."""
    settled: Mapping[SourceState, int]
    fingerprint: str
    partition_bytes: int

    @property
    def total(self) -> int:
        """How many received files the plan is about."""
        return self.files + len(self.set_aside) + sum(self.settled.values())

    @property
    def disk_bytes(self) -> int:
        """Estimate of the disk space that the run needs."""
        return int(self.bytes * DISK_BYTES_PER_BYTE)


def content_fingerprint(profile: Profile, repair: RepairOptions) -> str:
    """Digest of everything beside the received bytes that decides a product's content.

    A source whose fingerprint in the catalog differs is planned again; what becomes of its version is then decided by
    content, so a change that does not matter changes nothing.
    """
    parts = [ENGINE_REVISION, profile_digest(profile), asdict(repair)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def plan(
    files: Iterable[SourceFile],
    listing: Listing,
    catalog: Catalog,
    profile: Profile,
    repair: RepairOptions,
    *,
    max_file_bytes: int,
    partition_bytes: int,
    workers: int,
) -> Plan:
    """Decide what to do with each received file; nothing is read but the catalog, nothing written but ``listing``."""
    refused: list[SourceOutcome] = []
    settled: dict[SourceState, int] = {}

    def listed() -> Iterator[ListedFile]:
        for file in files:
            named = match_name(profile, PurePosixPath(file.name).name)
            outcome = _refuse_unread(file, named, max_file_bytes)
            if outcome is None and isinstance(named, FileName):
                yield ListedFile(file, named.type, named.product_id)
            elif outcome is not None and _is_known(catalog, outcome):
                settled[outcome.state] = settled.get(outcome.state, 0) + 1
            elif outcome is not None:
                refused.append(outcome)

    fingerprint = content_fingerprint(profile, repair)
    listing.add(listed())
    compared = listing.compare(fingerprint, UNREAD_CODES)
    for state, count in compared.settled.items():
        kept = SourceState.UNCHANGED if state is SourceState.PROCESSED else state
        settled[kept] = settled.get(kept, 0) + count
    fair_bytes = compared.bytes // (PARTITIONS_PER_WORKER * workers)
    return Plan(
        products=compared.products,
        files=compared.files,
        bytes=compared.bytes,
        reasons=compared.reasons,
        set_aside=tuple(refused),
        settled=settled,
        fingerprint=fingerprint,
        partition_bytes=min(partition_bytes, max(fair_bytes, MIN_PARTITION_BYTES)),
    )


def partitions(
    listing: Listing, catalog: Catalog, profile: Profile, partition_bytes: int
) -> Iterator[tuple[WorkItem, ...]]:
    """Yield the planned work in groups of about ``partition_bytes``, by type and product id: one task each."""
    group: list[WorkItem] = []
    size = 0
    for members in listing.groups():
        item = _work_item(members, profile, catalog)
        if group and (size + item.bytes > partition_bytes or len(group) == MAX_PARTITION_FILES):
            yield tuple(group)
            group, size = [], 0
        group.append(item)
        size += item.bytes
    if group:
        yield tuple(group)


UNREAD_CODES = frozenset({"not-archived", "name-unknown", "too-large"})
"""Reasons for which a file is set aside by its listing alone; they are looked at anew in every run."""


def _refuse_unread(
    file: SourceFile, named: FileName | IgnoredName | None, max_file_bytes: int
) -> SourceOutcome | None:
    """Tell why a file is set aside without being read, None if it is to be read."""
    if isinstance(named, IgnoredName):
        return SourceOutcome(
            file,
            SourceState.IGNORED,
            code="not-archived",
            message=f"{file.name}: {named.reason}",
            remedy="none needed; the profile's list `ignored` decides this",
        )
    if named is None:
        return SourceOutcome(
            file,
            SourceState.QUARANTINED,
            code="name-unknown",
            message=f"{file.name}: the name matches no file type of the profile",
            remedy="rename the file as the mission names its files, remove it from the source, or add its form to the "
            "profile's `names` or `ignored`",
        )
    if file.bytes > max_file_bytes:
        return SourceOutcome(
            file,
            SourceState.QUARANTINED,
            type=named.type,
            product_id=named.product_id,
            code="too-large",
            message=f"{file.name}: {file.bytes} bytes; expected at most {max_file_bytes} (run.max_file_bytes)",
            remedy="look whether it is a data return file at all; if so raise run.max_file_bytes",
        )
    return None


def _is_known(catalog: Catalog, outcome: SourceOutcome) -> bool:
    known = catalog.known_source(outcome.source.uri)
    return known is not None and known.code == outcome.code and known.is_same(outcome.source)


def _work_item(members: tuple[ListedFile, ...], profile: Profile, catalog: Catalog) -> WorkItem:
    first = members[0]
    _, collection = profile.placement[first.type]
    lid = collection.lid.child(first.product_id)
    return WorkItem(
        product_id=first.product_id,
        type=first.type,
        lid=lid,
        sources=tuple(member.file for member in members),
        reason=next((member.reason for member in members if member.reason), ""),
        former=_former(catalog, lid),
    )


def _former(catalog: Catalog, lid: Lid) -> FormerProduct | None:
    record = catalog.product(lid)
    return None if record is None else former_product(record)


def former_product(record: ProductRecord) -> FormerProduct:
    """Return the facts of a catalogued version that a worker needs to decide the next one."""
    return FormerProduct(
        vid=record.lidvid.vid,
        data_md5=record.data.md5,
        label_digest=record.label_digest,
        creation_time=record.creation_time,
        history=record.history,
        source_md5=record.source_object.md5,
    )
