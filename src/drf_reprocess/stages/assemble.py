"""Assemble: inventories and labels of the collections whose members changed, and of the bundles above them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.suspects import run_all
from drf_reprocess.errors import DrfReprocessError
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import AggregateRecord, Finding, HistoryEntry, Severity
from drf_reprocess.pds4.bundle import bundle_label, readme_text
from drf_reprocess.pds4.check import check_label
from drf_reprocess.pds4.collection import collection_label
from drf_reprocess.pds4.digest import label_digest
from drf_reprocess.pds4.facts import BundleFacts, CollectionFacts
from drf_reprocess.pds4.inventory import InventoryRow, read_inventory, write_inventory
from drf_reprocess.pds4.read import BundleMember, read_label
from drf_reprocess.pds4.schemas import schema_set
from drf_reprocess.profiles.model import Bundle, Collection, Profile
from drf_reprocess.storage.base import Store, object_key, put_object
from drf_reprocess.versions.cascade import compare_members, next_aggregate_vid
from drf_reprocess.versions.history import (
    NO_CHANGES,
    MemberChanges,
    describe_aggregate,
    extend_history,
)


@dataclass(frozen=True, slots=True)
class AssembleContext:
    """What the stage needs beside the catalog."""

    profile: Profile
    output: Store
    run_time: str
    reason: str
    xml_catalog: str | None
    releases: Mapping[Lid, int]
    """Number of the release that the run makes of each bundle."""
    bump: str = "minor"
    """How far the version of what changed rises."""
    campaign: bool = False
    """Whether a label whose words alone would differ is written anew."""
    outdated: frozenset[Lid] = frozenset()
    """Bundles that get a new version whatever changed, because the profile wants one at each release."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A new version: its row, and what proves its label right."""

    record: AggregateRecord
    label: bytes
    file_name: str
    file: bytes
    changes: MemberChanges


@dataclass(frozen=True, slots=True)
class _Versions:
    """The versions of a collection or bundle that decide the next one."""

    base: AggregateRecord | None
    """The latest that is used up."""
    current: AggregateRecord | None

    def standing(self, members_digest: str) -> AggregateRecord | None:
        """Return the version that has these members already; a later one that no delivery holds is not needed then."""
        for record in (self.current, self.base):
            if record is not None and record.members_digest == members_digest:
                return record
        return None


@dataclass(frozen=True, slots=True)
class Assembly:
    """What the stage made; the caller commits it in one transaction."""

    records: tuple[AggregateRecord, ...]
    """New versions, and former ones that stand again."""
    left: tuple[Lid, ...]
    """Collections that have no members any more."""


@dataclass(slots=True)
class _Found:
    """What grows to an `Assembly`, in the order of the profile."""

    new: list[AggregateRecord] = field(default_factory=list)
    returned: list[AggregateRecord] = field(default_factory=list)
    left: list[Lid] = field(default_factory=list)


def assemble(catalog: Catalog, context: AssembleContext, executor: Executor) -> Assembly:
    """Write new versions of collections and bundles whose members are not those of their current version.

    A collection or bundle without members is neither written nor listed. Objects are stored, rows are not.
    """
    found = _Found()
    # Each is proved as soon as it is drafted: all inventories together are a list of all products of the mission.
    for event in run_all(executor, prove_label, context, _drafts(catalog, context, found)):
        event.value()
    return Assembly((*found.new, *found.returned), tuple(found.left))


def _drafts(catalog: Catalog, context: AssembleContext, found: _Found) -> Iterator[_Draft]:
    """Yield the new versions, and note in ``found`` what becomes of all."""
    current, bases = catalog.current_aggregates(), catalog.aggregate_bases()
    for bundle in context.profile.bundles:
        present: dict[Lid, AggregateRecord] = {}
        products = NO_CHANGES
        for collection in bundle.collections:
            versions = _Versions(bases.get(collection.lid), current.get(collection.lid))
            made = _assemble_collection(catalog, context, bundle, collection, versions)
            if isinstance(made, _Draft):
                present[collection.lid] = made.record
                products += made.changes
                found.new.append(made.record)
                yield made
            elif made is not None:
                present[collection.lid] = made
                if made != current.get(collection.lid):
                    found.returned.append(made)
            elif collection.lid in current:
                found.left.append(collection.lid)
        if present:
            versions = _Versions(bases.get(bundle.lid), current.get(bundle.lid))
            whole = _assemble_bundle(context, bundle, present, versions, products, found.left)
            if isinstance(whole, _Draft):
                found.new.append(whole.record)
                yield whole
            elif whole != current.get(bundle.lid):
                found.returned.append(whole)


def _assemble_collection(
    catalog: Catalog,
    context: AssembleContext,
    bundle: Bundle,
    collection: Collection,
    versions: _Versions,
) -> _Draft | AggregateRecord | None:
    members: dict[Lid, Vid] = {}
    start_time, stop_time = "9", ""
    for member in catalog.members(collection.lid):
        members[member.lidvid.lid] = member.lidvid.vid
        start_time, stop_time = min(start_time, member.start_time), max(stop_time, member.stop_time)
    if not members:
        return None
    former_rows = _inventory(context.output, versions.base) if versions.base else ()
    inventory = write_inventory(
        (Lidvid(lid, vid) for lid, vid in members.items()), [row for row in former_rows if not row.primary]
    )
    members_digest = digest_products(Lidvid(lid, vid) for lid, vid in members.items())

    def facts(vid: Vid, history: tuple[HistoryEntry, ...]) -> CollectionFacts:
        return CollectionFacts(
            lidvid=Lidvid(collection.lid, vid),
            type=collection.type,
            start_time=start_time,
            stop_time=stop_time,
            history=history,
            publication_year=int(context.run_time[:4]),
            creation_time=context.run_time,
            inventory_name=f"{collection.stem}_inventory_{vid}.csv",
            inventory=inventory,
        )

    standing, base = versions.standing(members_digest), versions.base
    if standing is not None and _is_right(
        context, standing, collection_label(facts(standing.lidvid.vid, standing.history), context.profile)
    ):
        return standing
    changes = compare_members({row.lid: row.vid for row in former_rows if row.primary and row.vid}, members)
    base_vid = base.lidvid.vid if base else None
    vid = next_aggregate_vid(base_vid, context.bump)
    words = describe_aggregate(
        base_vid,
        changes,
        "product",
        (start_time[:10], stop_time[:10]),
        context.reason,
        context.releases.get(bundle.lid, 0),
    )
    new = facts(vid, extend_history(base.history if base else (), context.run_time[:10], vid, words))
    label = collection_label(new, context.profile)
    record = AggregateRecord(
        lidvid=new.lidvid,
        kind="collection",
        bundle_lid=bundle.lid,
        label=put_object(context.output, label),
        label_path=f"{collection.folder}/{collection.stem}_{vid}.xml",
        companion=put_object(context.output, inventory),
        companion_path=f"{collection.folder}/{new.inventory_name}",
        start_time=start_time,
        stop_time=stop_time,
        history=new.history,
        members_digest=members_digest,
    )
    return _Draft(record, label, new.inventory_name, inventory, changes)


def _assemble_bundle(
    context: AssembleContext,
    bundle: Bundle,
    collections: Mapping[Lid, AggregateRecord],
    versions: _Versions,
    products: MemberChanges,
    left: Sequence[Lid],
) -> _Draft | AggregateRecord:
    base = versions.base
    before = _bundle_members(context.output, base) if base else ()
    # What a bundle that was adopted lists and we do not make, such as documents, stays in it.
    members = (
        *(BundleMember(lid, record.lidvid.vid, True) for lid, record in sorted(collections.items())),
        *(member for member in before if member.lid not in collections and member.lid not in left),
    )
    members_digest = digest_members(members)
    start_time = min(record.start_time for record in collections.values())
    stop_time = max(record.stop_time for record in collections.values())

    def facts(vid: Vid, history: tuple[HistoryEntry, ...]) -> BundleFacts:
        return BundleFacts(
            lidvid=Lidvid(bundle.lid, vid),
            start_time=start_time,
            stop_time=stop_time,
            history=history,
            publication_year=int(context.run_time[:4]),
            creation_time=context.run_time,
            readme_name=f"readme_{bundle.stem}_{vid}.txt",
            readme=readme_text(bundle, history),
            members=members,
        )

    standing = versions.standing(members_digest)
    if (
        standing is not None
        and not (bundle.lid in context.outdated and standing is base)
        and _is_right(
            context,
            standing,
            bundle_label(facts(standing.lidvid.vid, standing.history), context.profile, bundle),
        )
    ):
        return standing
    base_vid = base.lidvid.vid if base else None
    vid = next_aggregate_vid(base_vid, context.bump)
    words = describe_aggregate(
        base_vid,
        products,
        "product",
        (start_time[:10], stop_time[:10]),
        context.reason,
        context.releases.get(bundle.lid, 0),
    )
    new = facts(vid, extend_history(base.history if base else (), context.run_time[:10], vid, words))
    label = bundle_label(new, context.profile, bundle)
    record = AggregateRecord(
        lidvid=new.lidvid,
        kind="bundle",
        bundle_lid=bundle.lid,
        label=put_object(context.output, label),
        label_path=f"bundle_{bundle.stem}_{vid}.xml",
        companion=put_object(context.output, new.readme),
        companion_path=new.readme_name,
        start_time=start_time,
        stop_time=stop_time,
        history=new.history,
        members_digest=members_digest,
    )
    return _Draft(record, label, new.readme_name, new.readme, products)


def digest_products(members: Iterable[Lidvid]) -> str:
    """Return the SHA-256 of a list of primary members: equal members, equal digest."""
    return hashlib.sha256(write_inventory(members)).hexdigest()


def digest_members(members: Iterable[BundleMember]) -> str:
    """Return the SHA-256 of a list of collections: equal members, equal digest."""
    listing = "\n".join(
        f"{member.lid}::{member.vid}" for member in sorted(members, key=lambda member: member.lid)
    )
    return hashlib.sha256(listing.encode()).hexdigest()


def _is_right(context: AssembleContext, standing: AggregateRecord, label: bytes) -> bool:
    """Tell whether a version whose members are right can stay: only a campaign asks for its label's words, too."""
    if not context.campaign:
        return True
    return label_digest(label) == label_digest(context.output.read(object_key(standing.label.sha256)))


def prove_label(context: AssembleContext, draft: _Draft) -> None:
    """Prove the label of a collection or bundle right before it is recorded; the task function of the stage.

    Raises
    ------
    DrfReprocessError
        If it is wrong: the profile's or the program's fault.
    """
    findings: tuple[Finding, ...] = check_label(
        draft.label,
        lambda path: draft.file if path == draft.file_name else None,
        context.profile.context.registered,
    )
    if context.xml_catalog:
        findings += schema_set(context.xml_catalog).check(draft.label)
    wrong = [finding for finding in findings if finding.severity is Severity.ERROR]
    if wrong:
        raise DrfReprocessError(
            f"the label of {draft.file_name} would be invalid: {wrong[0].code}: {wrong[0].message}; mend the profile, or "
            "report it as a fault of the program"
        )


def _inventory(output: Store, former: AggregateRecord) -> tuple[InventoryRow, ...]:
    if not former.companion.sha256:
        return ()
    return read_inventory(output.read(object_key(former.companion.sha256))).rows


def _bundle_members(output: Store, former: AggregateRecord) -> tuple[BundleMember, ...]:
    return read_label(output.read(object_key(former.label.sha256))).members
