"""Plan: decide what is to be done with each received file, before anything is done.

The plan is a value with counts and bytes that can be printed and checked. Its work is drawn family by family from the
catalog's comparison of the listing with what it knows, so that it takes no more memory for a mission than for a day.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby, islice

from drf_reprocess.archives.base import path_fault
from drf_reprocess.catalog.base import (
    COVERED,
    FINGERPRINT_PARTS,
    Catalog,
    Head,
    ListedFile,
    Listing,
    Question,
)
from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.identifiers import Lid, Lidvid
from drf_reprocess.model import (
    Candidate,
    Disposition,
    RepairOptions,
    SourceFile,
    SourceOutcome,
    SourceState,
    WorkItem,
)
from drf_reprocess.profiles.load import type_fingerprint
from drf_reprocess.profiles.model import IgnoredName, Profile
from drf_reprocess.reprocess import ENGINE_REVISION
from drf_reprocess.stages.inventories import Inventories
from drf_reprocess.versions import rulings

PARTITIONS_PER_WORKER = 4
"""So many partitions a worker, at least, where the work is small: the last ones then end at nearly the same time."""

MIN_PARTITION_BYTES = 4 * 2**20

MAX_PARTITION_FILES = 64
"""Outcomes of one task, at most, where files are tiny: what a task returns must stay small."""

DISK_BYTES_PER_BYTE = 2.2
"""Disk that a run needs for each byte read: original, Parquet, package and, for a while, its segments."""

CAMPAIGN = "campaign"
"""Why a file that did not change is worked on in a run of mode full."""

REHASH = "to be read again"
"""Why a file that did not change is read with ``source.trust = "md5"``."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What decides a plan beside the files and the catalog."""

    mode: str
    """``full``, ``release`` or ``staging``."""
    trust: str
    """``stat`` or ``md5``."""
    max_file_bytes: int
    partition_bytes: int
    workers: int
    resumed: tuple[str, ...] = ()
    """Runs, cut off, that this one brings to their end."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do: so much work, and every file that needs none, with the reason.

    ``settled`` counts by state the files about which the catalog already knows everything.
    """

    products: int
    """Families of files, each of which makes one product."""
    files: int
    bytes: int
    reasons: Mapping[str, int]
    """How many files need work, by reason in words."""
    set_aside: tuple[SourceOutcome, ...]
    """Files that are set aside by their listing alone, and were not before."""
    settled: Mapping[SourceState, int]
    fingerprints: Mapping[str, str]
    """By file type, as `content_fingerprints` gives them."""
    partition_bytes: int

    @property
    def total(self) -> int:
        """How many received files the plan is about."""
        return self.files + len(self.set_aside) + sum(self.settled.values())

    @property
    def disk_bytes(self) -> int:
        """Estimate of the disk space that the run needs."""
        return int(self.bytes * DISK_BYTES_PER_BYTE)


def content_fingerprints(profile: Profile, repair: RepairOptions) -> dict[str, str]:
    """Digest, for each file type, of everything beside the received bytes that decides its products' content.

    A source whose fingerprint in the catalog differs is planned again; what becomes of its version is then decided by
    content, so a change that does not matter changes nothing. The parts of a digest tell what changed
    (`catalog.base.FINGERPRINT_PARTS`).
    """
    profiles, mending, engine = (width for width, _ in FINGERPRINT_PARTS)
    rest = _digest(asdict(repair))[:mending] + _digest(ENGINE_REVISION)[:engine]
    return {
        file_type.name: type_fingerprint(profile, file_type.name)[:profiles] + rest
        for file_type in profile.types
    }


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def plan(
    files: Iterable[SourceFile],
    listing: Listing,
    catalog: Catalog,
    profile: Profile,
    repair: RepairOptions,
    options: PlanOptions,
) -> Plan:
    """Decide what to do with each received file; nothing is read but the catalog, nothing written but ``listing``."""
    refused: list[SourceOutcome] = []
    settled: dict[SourceState, int] = {}

    def listed() -> Iterator[ListedFile]:
        for file in files:
            named = match_name(profile, file.name.rpartition("/")[2])
            outcome = _refuse_unread(file, named, options.max_file_bytes)
            if outcome is None and isinstance(named, FileName):
                first, last = named.span
                span = first.toordinal(), last.toordinal()
                yield ListedFile(file, named.type, named.product_id, named.family, span=span)
            elif outcome is not None and _is_known(catalog, outcome):
                settled[outcome.state] = settled.get(outcome.state, 0) + 1
            elif outcome is not None:
                refused.append(outcome)

    fingerprints = content_fingerprints(profile, repair)
    listing.add(listed())
    otherwise = {"full": CAMPAIGN}.get(options.mode, REHASH if options.trust == "md5" else "")
    compared = listing.compare(
        Question(
            fingerprints=fingerprints,
            unread_codes=UNREAD_CODES,
            rulings={
                family: rulings.digest(found) for family, found in catalog.ruled_families().items() if family
            },
            arrivals_only=options.mode == "staging",
            otherwise=otherwise,
            done_in=options.resumed,
        )
    )
    for state, count in compared.settled.items():
        kept = SourceState.UNCHANGED if state is SourceState.PROCESSED else state
        settled[kept] = settled.get(kept, 0) + count
    fair_bytes = compared.bytes // (PARTITIONS_PER_WORKER * options.workers)
    return Plan(
        products=compared.products,
        files=compared.files,
        bytes=compared.bytes,
        reasons=compared.reasons,
        set_aside=tuple(refused),
        settled=settled,
        fingerprints=fingerprints,
        partition_bytes=min(options.partition_bytes, max(fair_bytes, MIN_PARTITION_BYTES)),
    )


def partitions(
    listing: Listing,
    catalog: Catalog,
    inventories: Inventories,
    profile: Profile,
    partition_bytes: int,
    *,
    covered: bool = False,
) -> Iterator[tuple[WorkItem, ...]]:
    """Yield the planned work in groups of about ``partition_bytes``, by type and family: one task each.

    Families whose days another one covers come apart, with ``covered``: when they are planned, what became of the wider
    one must be known.
    """
    return in_partitions(work_items(listing, catalog, inventories, profile, covered=covered), partition_bytes)


def in_partitions(items: Iterable[WorkItem], partition_bytes: int) -> Iterator[tuple[WorkItem, ...]]:
    """Yield items in groups of about ``partition_bytes``."""
    group: list[WorkItem] = []
    size = 0
    for item in items:
        if group and (size + item.bytes > partition_bytes or len(group) == MAX_PARTITION_FILES):
            yield tuple(group)
            group, size = [], 0
        group.append(item)
        size += item.bytes
    if group:
        yield tuple(group)


def work_items(
    listing: Listing,
    catalog: Catalog,
    inventories: Inventories,
    profile: Profile,
    *,
    covered: bool = False,
) -> Iterator[WorkItem]:
    """Yield the planned work, one item a family, with the former versions of all its products; see `partitions`."""
    listed = listing.groups(covered=covered)
    while groups := list(islice(listed, MAX_PARTITION_FILES)):
        families = [members[0].family for members in groups]
        lids = {
            profile.placement[file.type][1].lid.child(file.product_id)
            for members in groups
            for file in members
        }
        heads: dict[str, list[Head]] = {}
        by_lid = {head.lid: _see_listed(head, inventories) for head in catalog.heads(families, lids)}
        for head in by_lid.values():
            heads.setdefault(head.family, []).append(head)
        disposed = catalog.dispositions_of(families)
        covering = {members[0].covering_family for members in groups} - {""}
        standing = {
            head.family
            for head in (catalog.heads(covering, []) if covering else ())
            if head.standing or (head.base and head.base.current)
        }
        for members in groups:
            family = members[0].family
            item = _work_item(members, profile, by_lid, heads.get(family, []), disposed.get(family, ()))
            wider = profile.precedence.covered_twice == "wider"
            yield replace(item, gives_way=wider and members[0].covering_family in standing)


def _see_listed(head: Head, inventories: Inventories) -> Head:
    """See whether receivers know that a product left the archive."""
    if head.base is None or head.base.current or head.standing is not None:
        return head
    return replace(head, base=replace(head.base, listed=inventories.lists(Lidvid(head.lid, head.base.vid))))


def renew_items(
    items: Sequence[WorkItem], catalog: Catalog, inventories: Inventories
) -> tuple[WorkItem, ...]:
    """Return the same work, to be decided from the versions that stand now."""
    heads = {
        head.lid: _see_listed(head, inventories)
        for head in catalog.heads(
            [item.family for item in items],
            [candidate.lid for item in items for candidate in item.candidates],
        )
    }

    def renewed(candidate: Candidate) -> Candidate:
        head = heads.get(candidate.lid)
        base, standing = (head.base, head.standing) if head else (None, None)
        return replace(candidate, base=base, standing=standing)

    return tuple(replace(item, candidates=tuple(map(renewed, item.candidates))) for item in items)


UNREAD_CODES = frozenset({"not-archived", "name-unknown", "name-unsafe", "too-large"})
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
    if fault := path_fault(file.name):
        return SourceOutcome(
            file,
            SourceState.QUARANTINED,
            type=named.type,
            product_id=named.product_id,
            family=named.family,
            code="name-unsafe",
            message=f"{file.name!r}: {fault}; expected folders and files of plain names",
            remedy="rename the folder in which it lies; names that are no UTF-8 are shown with a backslash",
        )
    if file.bytes > max_file_bytes:
        return SourceOutcome(
            file,
            SourceState.QUARANTINED,
            type=named.type,
            product_id=named.product_id,
            family=named.family,
            code="too-large",
            message=f"{file.name}: {file.bytes} bytes; expected at most {max_file_bytes} (run.max_file_bytes)",
            remedy="look whether it is a data return file at all; if so raise run.max_file_bytes",
        )
    return None


def _is_known(catalog: Catalog, outcome: SourceOutcome) -> bool:
    known = catalog.known_source(outcome.source.uri)
    return known is not None and known.code == outcome.code and known.is_same(outcome.source)


def _work_item(
    members: Sequence[ListedFile],
    profile: Profile,
    by_lid: Mapping[Lid, Head],
    heads: Sequence[Head],
    disposed: tuple[Disposition, ...],
) -> WorkItem:
    first = members[0]
    _, collection = profile.placement[first.type]
    candidates = []
    for product_id, files in groupby(
        sorted(members, key=lambda file: (file.product_id, file.file.uri)), key=lambda file: file.product_id
    ):
        lid = collection.lid.child(product_id)
        head = by_lid.get(lid)
        base, standing = (head.base, head.standing) if head else (None, None)
        candidates.append(Candidate(product_id, lid, tuple(file.file for file in files), base, standing))
    named = {candidate.lid for candidate in candidates}
    candidates += [
        Candidate(head.product_id, head.lid, (), head.base, head.standing)
        for head in heads
        if head.lid not in named
    ]
    reasons = [member.reason for member in members if member.reason] or [COVERED]
    telling = [reason for reason in reasons if reason not in (CAMPAIGN, REHASH)]
    return WorkItem(
        family=first.family,
        type=first.type,
        candidates=tuple(candidates),
        reason=(telling or reasons)[0],
        dispositions=disposed,
        covered_by=first.covered_by,
    )
