"""Assemble: inventories and labels of the collections whose members changed, and of the bundles above them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.compute.base import Executor
from drf_reprocess.errors import DrfReprocessError
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import AggregateRecord, Finding, Severity
from drf_reprocess.pds4.bundle import bundle_label, readme_text
from drf_reprocess.pds4.check import check_label
from drf_reprocess.pds4.collection import collection_label
from drf_reprocess.pds4.facts import BundleFacts, CollectionFacts
from drf_reprocess.pds4.inventory import read_inventory, write_inventory
from drf_reprocess.pds4.read import BundleMember, read_label
from drf_reprocess.pds4.schemas import schema_set
from drf_reprocess.profiles.model import Bundle, Collection, Profile
from drf_reprocess.storage.base import Store, object_key, put_object
from drf_reprocess.versions.cascade import compare_members, next_aggregate_vid
from drf_reprocess.versions.history import describe_aggregate, extend_history


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
    outdated: frozenset[Lid] = frozenset()
    """Bundles that get a new version whatever changed, because the profile wants one at each release."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Coverage of a collection or bundle."""

    start_time: str
    stop_time: str

    @property
    def days(self) -> tuple[str, str]:
        return self.start_time[:10], self.stop_time[:10]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A new version: its row, and what proves its label right."""

    record: AggregateRecord
    label: bytes
    file_name: str
    file: bytes


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


def assemble(catalog: Catalog, context: AssembleContext, executor: Executor) -> Assembly:
    """Write new versions of collections and bundles whose members are not those of their current version.

    A collection or bundle without members is neither written nor listed. Objects are stored, rows are not.
    """
    current, bases = catalog.current_aggregates(), catalog.aggregate_bases()
    drafts: list[_Draft] = []
    returned: list[AggregateRecord] = []
    left: list[Lid] = []

    def settle(lid: Lid, made: _Draft | AggregateRecord | None) -> AggregateRecord | None:
        if isinstance(made, _Draft):
            drafts.append(made)
            return made.record
        if made is not None and made != current.get(lid):
            returned.append(made)
        return made

    for bundle in context.profile.bundles:
        present: dict[Lid, AggregateRecord] = {}
        for collection in bundle.collections:
            versions = _Versions(bases.get(collection.lid), current.get(collection.lid))
            made = settle(
                collection.lid, _assemble_collection(catalog, context, bundle, collection, versions)
            )
            if made is not None:
                present[collection.lid] = made
            elif collection.lid in current:
                left.append(collection.lid)
        if present:
            versions = _Versions(bases.get(bundle.lid), current.get(bundle.lid))
            settle(bundle.lid, _assemble_bundle(context, bundle, present, versions))
    for event in executor.run(prove_label, context, drafts):
        event.value()
    return Assembly((*(draft.record for draft in drafts), *returned), tuple(left))


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
    inventory = write_inventory(Lidvid(lid, vid) for lid, vid in members.items())
    members_digest = hashlib.sha256(inventory).hexdigest()
    if (standing := versions.standing(members_digest)) is not None:
        return standing
    base = versions.base
    span = _Span(start_time, stop_time)
    changes = compare_members(_inventory_members(context.output, base) if base else {}, members)
    base_vid = base.lidvid.vid if base else None
    vid = next_aggregate_vid(base_vid, context.bump)
    words = describe_aggregate(
        base_vid, changes, "product", span.days, context.reason, context.releases.get(bundle.lid, 0)
    )
    facts = CollectionFacts(
        lidvid=Lidvid(collection.lid, vid),
        type=collection.type,
        start_time=span.start_time,
        stop_time=span.stop_time,
        history=extend_history(base.history if base else (), context.run_time[:10], vid, words),
        publication_year=int(context.run_time[:4]),
        creation_time=context.run_time,
        inventory_name=f"{collection.stem}_inventory_{vid}.csv",
        inventory=inventory,
    )
    label = collection_label(facts, context.profile)
    record = AggregateRecord(
        lidvid=facts.lidvid,
        kind="collection",
        bundle_lid=bundle.lid,
        label=put_object(context.output, label),
        label_path=f"{collection.folder}/{collection.stem}_{vid}.xml",
        companion=put_object(context.output, inventory),
        companion_path=f"{collection.folder}/{facts.inventory_name}",
        start_time=span.start_time,
        stop_time=span.stop_time,
        history=facts.history,
        members_digest=members_digest,
    )
    return _Draft(record, label, facts.inventory_name, inventory)


def _assemble_bundle(
    context: AssembleContext,
    bundle: Bundle,
    collections: Mapping[Lid, AggregateRecord],
    versions: _Versions,
) -> _Draft | AggregateRecord:
    base = versions.base
    before = _bundle_members(context.output, base) if base else ()
    made = {collection.lid for collection in bundle.collections}
    members = (
        *(BundleMember(lid, record.lidvid.vid, True) for lid, record in sorted(collections.items())),
        *(member for member in before if member.lid not in made),
    )
    listing = "\n".join(f"{member.lid}::{member.vid}" for member in sorted(members, key=lambda one: one.lid))
    members_digest = hashlib.sha256(listing.encode()).hexdigest()
    standing = versions.standing(members_digest)
    if standing is not None and not (bundle.lid in context.outdated and standing is base):
        return standing
    span = _Span(
        min(record.start_time for record in collections.values()),
        max(record.stop_time for record in collections.values()),
    )
    changes = compare_members(_with_vids(before), _with_vids(members))
    base_vid = base.lidvid.vid if base else None
    vid = next_aggregate_vid(base_vid, context.bump)
    words = describe_aggregate(
        base_vid, changes, "collection", span.days, context.reason, context.releases.get(bundle.lid, 0)
    )
    history = extend_history(base.history if base else (), context.run_time[:10], vid, words)
    facts = BundleFacts(
        lidvid=Lidvid(bundle.lid, vid),
        start_time=span.start_time,
        stop_time=span.stop_time,
        history=history,
        publication_year=int(context.run_time[:4]),
        creation_time=context.run_time,
        readme_name=f"readme_{bundle.stem}_{vid}.txt",
        readme=readme_text(bundle, history),
        members=members,
    )
    label = bundle_label(facts, context.profile, bundle)
    record = AggregateRecord(
        lidvid=facts.lidvid,
        kind="bundle",
        bundle_lid=bundle.lid,
        label=put_object(context.output, label),
        label_path=f"bundle_{bundle.stem}_{vid}.xml",
        companion=put_object(context.output, facts.readme),
        companion_path=facts.readme_name,
        start_time=span.start_time,
        stop_time=span.stop_time,
        history=history,
        members_digest=members_digest,
    )
    return _Draft(record, label, facts.readme_name, facts.readme)


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


def _inventory_members(output: Store, former: AggregateRecord) -> dict[Lid, Vid]:
    rows = read_inventory(output.read(object_key(former.companion.sha256)))
    return {row.lid: row.vid for row in rows.rows if row.vid is not None}


def _bundle_members(output: Store, former: AggregateRecord) -> tuple[BundleMember, ...]:
    return read_label(output.read(object_key(former.label.sha256))).members


def _with_vids(members: Iterable[BundleMember]) -> dict[Lid, Vid]:
    return {member.lid: member.vid for member in members if member.vid is not None}
