"""Assemble: inventories and labels of the collections whose members changed, and of the bundles above them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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
from drf_reprocess.pds4.read import read_label
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


def assemble(catalog: Catalog, context: AssembleContext, executor: Executor) -> tuple[AggregateRecord, ...]:
    """Write new versions of collections and bundles whose members are not those of their current version.

    A collection or bundle without members is neither written nor listed. Objects are stored, rows are not: the caller
    commits them in one transaction.
    """
    current = catalog.current_aggregates()
    drafts: list[_Draft] = []
    for bundle in context.profile.bundles:
        present: dict[Lid, AggregateRecord] = {}
        for collection in bundle.collections:
            former = current.get(collection.lid)
            renewed = _assemble_collection(catalog, context, bundle, collection, former)
            if renewed is not None:
                drafts.append(renewed)
            if (standing := renewed.record if renewed else former) is not None:
                present[collection.lid] = standing
        if present:
            renewed = _assemble_bundle(context, bundle, present, current.get(bundle.lid))
            if renewed is not None:
                drafts.append(renewed)
    for event in executor.run(prove_label, context, drafts):
        event.value()
    return tuple(draft.record for draft in drafts)


def _assemble_collection(
    catalog: Catalog,
    context: AssembleContext,
    bundle: Bundle,
    collection: Collection,
    former: AggregateRecord | None,
) -> _Draft | None:
    members: dict[Lid, Vid] = {}
    start_time, stop_time = "9", ""
    for member in catalog.members(collection.lid):
        members[member.lidvid.lid] = member.lidvid.vid
        start_time, stop_time = min(start_time, member.start_time), max(stop_time, member.stop_time)
    if not members:
        return None
    inventory = write_inventory(Lidvid(lid, vid) for lid, vid in members.items())
    members_digest = hashlib.sha256(inventory).hexdigest()
    if former is not None and former.members_digest == members_digest:
        return None
    span = _Span(start_time, stop_time)
    before = _inventory_members(context.output, former) if former else {}
    changes = compare_members(before, members)
    former_vid = former.lidvid.vid if former else None
    vid = next_aggregate_vid(former_vid, changes)
    words = describe_aggregate(former_vid, changes, "product", span.days, context.reason)
    facts = CollectionFacts(
        lidvid=Lidvid(collection.lid, vid),
        type=collection.type,
        start_time=span.start_time,
        stop_time=span.stop_time,
        history=extend_history(former.history if former else (), context.run_time[:10], vid, words),
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
    former: AggregateRecord | None,
) -> _Draft | None:
    members = {lid: record.lidvid.vid for lid, record in sorted(collections.items())}
    listing = "\n".join(f"{lid}::{vid}" for lid, vid in members.items())
    members_digest = hashlib.sha256(listing.encode()).hexdigest()
    if former is not None and former.members_digest == members_digest:
        return None
    span = _Span(
        min(record.start_time for record in collections.values()),
        max(record.stop_time for record in collections.values()),
    )
    before = _bundle_members(context.output, former) if former else {}
    changes = compare_members(before, members)
    former_vid = former.lidvid.vid if former else None
    vid = next_aggregate_vid(former_vid, changes)
    words = describe_aggregate(former_vid, changes, "collection", span.days, context.reason)
    history = extend_history(former.history if former else (), context.run_time[:10], vid, words)
    facts = BundleFacts(
        lidvid=Lidvid(bundle.lid, vid),
        start_time=span.start_time,
        stop_time=span.stop_time,
        history=history,
        publication_year=int(context.run_time[:4]),
        creation_time=context.run_time,
        readme_name=f"readme_{bundle.stem}_{vid}.txt",
        readme=readme_text(bundle, history),
        members=tuple(Lidvid(lid, member) for lid, member in members.items()),
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


def _bundle_members(output: Store, former: AggregateRecord) -> dict[Lid, Vid]:
    contents = read_label(output.read(object_key(former.label.sha256)))
    return {member.lid: member.vid for member in contents.members if member.vid is not None}
