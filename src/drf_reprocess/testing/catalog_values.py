"""Made-up rows for tests of catalogs: runs, files, products, deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from drf_reprocess.catalog.base import Catalog, RunRecord
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import (
    AggregateRecord,
    Decision,
    DeliveryMember,
    DeliveryRecord,
    DeliveryState,
    Event,
    Finding,
    HistoryEntry,
    Mend,
    Outcome,
    ProductRecord,
    Severity,
    SourceFile,
    SourceOutcome,
    SourceState,
    StoredObject,
)

RUN = RunRecord(
    run_id="20261121T000000Z-0001",
    run_time="2026-11-21T00:00:00Z",
    mode="full",
    state="running",
    started_at="2026-11-21T00:00:00Z",
    profile="maven-anc",
    profile_digest="p" * 64,
    config={"source": {"uri": "/data"}},
)
BUNDLE = Lid("urn:nasa:pds:maven.anc")
COLLECTION = BUNDLE.child("data.drf.gnc")
FINGERPRINT = "f" * 64
FINGERPRINTS = {"gnc": FINGERPRINT, "eps": FINGERPRINT, "": ""}
RECEIVER = "pds"


def make_source(name: str, **changes: object) -> SourceFile:
    """Return a received file."""
    return replace(SourceFile(f"/data/{name}", name, 100, 1_400_000_000_123_456_789, ""), **changes)  # type: ignore[arg-type]


def make_object(text: str) -> StoredObject:
    """Return the identity of an object; another text, another identity."""
    return StoredObject((text * 64)[:64], (text * 32)[:32], len(text))


def make_product(name: str, vid: Vid = Vid(1, 0), day: date = date(2014, 12, 8)) -> ProductRecord:  # noqa: B008
    """Return a version of a product."""
    return ProductRecord(
        lidvid=Lidvid(COLLECTION.child(name), vid),
        type="gnc",
        product_id=name,
        day=day,
        start_time=f"{day}T03:20:19.328Z",
        stop_time=f"{day}T16:54:25.480Z",
        records=12,
        source=replace(make_source(f"{name}.drf"), bytes=2),
        source_object=make_object("so"),
        data=make_object(f"data{vid}"),
        label=make_object(f"label{vid}"),
        parquet=make_object("parquet"),
        label_digest="d" * 64,
        data_path=f"data_drf_gnc/2014/{name}.drf",
        label_path=f"data_drf_gnc/2014/{name}.xml",
        parquet_path=f"type=gnc/year=2014/{name}.parquet",
        creation_time="2026-11-21T00:00:00Z",
        history=(HistoryEntry("2026-11-21", vid, "First release of this product."),),
        mends=(Mend("drop-truncated-tail", 1, 57, 0, 1000, 1000, "removed a truncated record"),),
        family=f"gnc:{name}",
        structure="t" * 64,
        coverage=((f"{day}T03:20:19.328Z", f"{day}T16:54:25.480Z"),),
    )


def make_outcome(record: ProductRecord, base: Vid | None = None, current: Vid | None = None) -> Outcome:
    """Return the outcome that makes a version current, decided from these versions (``current`` as ``base`` if not given)."""
    source = SourceOutcome(
        record.source,
        SourceState.PROCESSED,
        "m" * 32,
        "s" * 64,
        record.product_id,
        record.type,
        record.family,
        findings=(Finding("out-of-order", Severity.INFO, "2 records", "none", 3, 400, "SCET"),),
    )
    expected = ((record.lidvid.lid, base, current or base),)
    event = Event("decided", f"{record.lidvid.vid}: new", record.product_id, str(record.lidvid.lid))
    return Outcome(record.family, (source,), Decision.NEW, record, expected, events=(event,))


def make_aggregate(lid: Lid, kind: str, vid: Vid = Vid(1, 0)) -> AggregateRecord:  # noqa: B008
    """Return a version of a collection or bundle."""
    return AggregateRecord(
        lidvid=Lidvid(lid, vid),
        kind=kind,
        bundle_lid=BUNDLE,
        label=make_object(f"{kind}{vid}"),
        label_path=f"{kind}_{vid}.xml",
        companion=make_object("companion"),
        companion_path=f"{kind}_{vid}.csv",
        start_time="2014-12-08T03:20:19.328Z",
        stop_time="2014-12-08T16:54:25.480Z",
        history=(HistoryEntry("2026-11-21", vid, "First release."),),
        members_digest="x" * 64,
    )


def make_delivery(
    number: int, state: DeliveryState = DeliveryState.PACKED, receiver: str = RECEIVER
) -> DeliveryRecord:
    """Return a delivery."""
    base = f"deliveries/maven_anc_d{number:03d}/maven_anc"
    return DeliveryRecord(
        delivery_id=f"maven_anc_d{number:03d}",
        bundle_lid=BUNDLE,
        number=number,
        state=state,
        receiver=receiver,
        release_id="maven_anc_r001",
        first_day=date(2014, 12, 8),
        last_day=date(2014, 12, 9),
        package_key=f"{base}.zip",
        transfer_key=f"{base}_transfer_manifest.txt",
        checksum_key=f"{base}_checksum_manifest.txt",
        note_key=f"{base}_delivery_note.txt",
        format="zip",
        codec="libdeflate 1.23 level 1",
        package_bytes=1234,
        package_sha256="z" * 64,
        products=1,
        members=2,
        run_id=RUN.run_id,
        run_time=RUN.run_time,
    )


def commit(catalog: Catalog, outcomes: Sequence[Outcome]) -> None:
    """Commit outcomes under the contract's run."""
    catalog.commit_outcomes(RUN.run_id, RUN.run_time, FINGERPRINTS, outcomes)


def deliver(
    catalog: Catalog,
    record: ProductRecord | AggregateRecord,
    state: DeliveryState = DeliveryState.PACKED,
    receiver: str = RECEIVER,
) -> DeliveryRecord:
    """Put the two files of a version into a delivery of its own."""
    delivery = make_delivery(catalog.next_delivery_number(BUNDLE), state, receiver)
    if isinstance(record, ProductRecord):
        files = [(record.data_path, record.data), (record.label_path, record.label)]
    else:
        files = [(record.companion_path, record.companion), (record.label_path, record.label)]
    members = [DeliveryMember(path, record.lidvid, stored) for path, stored in files]
    catalog.commit_delivery(delivery, members)
    return delivery


def move(catalog: Catalog, delivery: DeliveryRecord, old: DeliveryState, new: DeliveryState) -> None:
    """Move a delivery from one state to another."""
    catalog.move_delivery(delivery.delivery_id, [old], new, "2026-11-22T00:00:00Z", "because")
