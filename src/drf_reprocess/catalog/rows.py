"""Values of `model` to rows of the tables, and back."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from drf_reprocess.catalog.base import EventRow, ProductRow, RunRecord, SourceRow
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import (
    Action,
    AggregateRecord,
    Deliverable,
    DeliveryMember,
    DeliveryRecord,
    DeliveryState,
    Disposition,
    Event,
    Finding,
    FormerProduct,
    HistoryEntry,
    Mend,
    PackedMember,
    ProductRecord,
    ReleaseRecord,
    Severity,
    SourceFile,
    SourceOutcome,
    SourceState,
    StoredObject,
)

Row = Mapping[Any, Any]


def _stored_to_row(prefix: str, stored: StoredObject) -> dict[str, Any]:
    return {
        f"{prefix}_sha256": stored.sha256,
        f"{prefix}_md5": stored.md5,
        f"{prefix}_bytes": stored.bytes,
    }


def _stored(prefix: str, row: Row) -> StoredObject:
    return StoredObject(row[f"{prefix}_sha256"], row[f"{prefix}_md5"], row[f"{prefix}_bytes"])


def _version_to_row(lidvid: Lidvid) -> dict[str, Any]:
    return {"lid": str(lidvid.lid), "major": lidvid.vid.major, "minor": lidvid.vid.minor}


def _version(row: Row) -> Lidvid:
    return Lidvid(Lid(row["lid"]), Vid(row["major"], row["minor"]))


def _history_to_json(history: Sequence[HistoryEntry]) -> list[list[str]]:
    return [[entry.date, str(entry.vid), entry.description] for entry in history]


def _history(rows: Sequence[Sequence[str]]) -> tuple[HistoryEntry, ...]:
    return tuple(HistoryEntry(day, Vid.from_text(vid), description) for day, vid, description in rows)


def _mends(rows: Sequence[Mapping[str, Any]]) -> tuple[Mend, ...]:
    return tuple(Mend(**row) for row in rows)


def run_to_row(run: RunRecord) -> dict[str, Any]:
    """Return the row of a run."""
    return asdict(run)


def source_to_row(outcome: SourceOutcome, run_id: str, run_time: str, fingerprint: str) -> dict[str, Any]:
    """Return the row of a received file."""
    return {
        "uri": outcome.source.uri,
        "name": outcome.source.name,
        "bytes": outcome.source.bytes,
        "mtime_ns": outcome.source.mtime_ns,
        "version": outcome.source.version,
        "md5": outcome.md5,
        "sha256": outcome.sha256,
        "product_id": outcome.product_id,
        "type": outcome.type,
        "family": outcome.family,
        "rulings": outcome.rulings,
        "covered_by": outcome.covered_by,
        "state": str(outcome.state),
        "code": outcome.code,
        "message": outcome.message,
        "remedy": outcome.remedy,
        "since": run_time,
        "fingerprint": fingerprint,
        "run_id": run_id,
    }


def to_source_row(row: Row) -> SourceRow:
    """Return the received file of a row."""
    return SourceRow(
        SourceFile(row["uri"], row["name"], row["bytes"], row["mtime_ns"], row["version"]),
        SourceState(row["state"]),
        row["type"],
        row["product_id"],
        row["family"],
        row["md5"],
        row["sha256"],
        row["code"],
        row["message"],
        row["remedy"],
        row["since"],
        row["run_id"],
    )


def finding_to_row(finding: Finding, source_uri: str, run_id: str) -> dict[str, Any]:
    """Return the row of a finding."""
    return asdict(finding) | {
        "severity": str(finding.severity),
        "source_uri": source_uri,
        "run_id": run_id,
    }


def to_finding(row: Row) -> Finding:
    """Return the finding of a row."""
    return Finding(
        row["code"],
        Severity(row["severity"]),
        row["message"],
        row["remedy"],
        row["record"],
        row["offset_bytes"],
        row["field"],
    )


def product_to_row(record: ProductRecord, run_id: str) -> dict[str, Any]:
    """Return the row of a version of a product, without what tells whether it stands in the archive."""
    lid = record.lidvid.lid
    return {
        **_version_to_row(record.lidvid),
        "collection_lid": str(lid.parent),
        "bundle_lid": str(lid.parent.parent),
        "type": record.type,
        "product_id": record.product_id,
        "day": record.day.isoformat(),
        "start_time": record.start_time,
        "stop_time": record.stop_time,
        "records": record.records,
        "source_uri": record.source.uri,
        "source_name": record.source.name,
        "source_mtime_ns": record.source.mtime_ns,
        "source_version": record.source.version,
        **_stored_to_row("source", record.source_object),
        **_stored_to_row("data", record.data),
        **_stored_to_row("label", record.label),
        **_stored_to_row("parquet", record.parquet),
        "label_digest": record.label_digest,
        "data_path": record.data_path,
        "label_path": record.label_path,
        "parquet_path": record.parquet_path,
        "creation_time": record.creation_time,
        "history": _history_to_json(record.history),
        "mends": [asdict(mend) for mend in record.mends],
        "family": record.family,
        "structure": record.structure,
        "coverage": [list(interval) for interval in record.coverage],
        "campaign": record.campaign,
        "adopted": record.adopted,
        "run_id": run_id,
    }


def to_product(row: Row) -> ProductRow:
    """Return the version of a product of a row."""
    source_object = _stored("source", row)
    record = ProductRecord(
        lidvid=_version(row),
        type=row["type"],
        product_id=row["product_id"],
        day=date.fromisoformat(row["day"]),
        start_time=row["start_time"],
        stop_time=row["stop_time"],
        records=row["records"],
        source=SourceFile(
            row["source_uri"],
            row["source_name"],
            source_object.bytes,
            row["source_mtime_ns"],
            row["source_version"],
        ),
        source_object=source_object,
        data=_stored("data", row),
        label=_stored("label", row),
        parquet=_stored("parquet", row),
        label_digest=row["label_digest"],
        data_path=row["data_path"],
        label_path=row["label_path"],
        parquet_path=row["parquet_path"],
        creation_time=row["creation_time"],
        history=_history(row["history"]),
        mends=_mends(row["mends"]),
        family=row["family"],
        structure=row["structure"],
        coverage=to_coverage(row["coverage"]),
        campaign=row["campaign"],
        adopted=row["adopted"],
    )
    return ProductRow(record, row["run_id"])


def to_coverage(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    """Return the covered intervals of a row."""
    return tuple((start, stop) for start, stop in rows)


def to_former(row: Row) -> FormerProduct:
    """Return what deciding the next version needs of a version's row."""
    parquet = _stored("parquet", row)
    return FormerProduct(
        vid=Vid(row["major"], row["minor"]),
        data_md5=row["data_md5"],
        label_digest=row["label_digest"],
        creation_time=row["creation_time"],
        history=_history(row["history"]),
        source_md5=row["source_md5"],
        current=row["current"],
        adopted=row["adopted"],
        campaign=row["campaign"],
        structure=row["structure"],
        label=_stored("label", row),
        parquet=parquet if parquet.sha256 else None,
        records=row["records"],
        coverage=to_coverage(row["coverage"]),
    )


def aggregate_to_row(record: AggregateRecord, run_id: str) -> dict[str, Any]:
    """Return the row of a version of a collection or bundle, as the current one."""
    return {
        **_version_to_row(record.lidvid),
        "kind": record.kind,
        "bundle_lid": str(record.bundle_lid),
        **_stored_to_row("label", record.label),
        **_stored_to_row("companion", record.companion),
        "label_path": record.label_path,
        "companion_path": record.companion_path,
        "start_time": record.start_time,
        "stop_time": record.stop_time,
        "history": _history_to_json(record.history),
        "members_digest": record.members_digest,
        "current": True,
        "run_id": run_id,
    }


def to_aggregate(row: Row) -> AggregateRecord:
    """Return the version of a collection or bundle of a row."""
    return AggregateRecord(
        lidvid=_version(row),
        kind=row["kind"],
        bundle_lid=Lid(row["bundle_lid"]),
        label=_stored("label", row),
        label_path=row["label_path"],
        companion=_stored("companion", row),
        companion_path=row["companion_path"],
        start_time=row["start_time"],
        stop_time=row["stop_time"],
        history=_history(row["history"]),
        members_digest=row["members_digest"],
    )


def product_to_deliverable(row: Row) -> Deliverable:
    """Return what packaging needs of a product's row."""
    return Deliverable(
        lidvid=_version(row),
        day=date.fromisoformat(row["day"]),
        file_path=row["data_path"],
        file=_stored("data", row),
        label_path=row["label_path"],
        label=_stored("label", row),
        words=row["history"][0][2],
        mends=_mends(row["mends"]),
    )


def aggregate_to_deliverable(row: Row) -> Deliverable:
    """Return what packaging needs of a collection's or bundle's row."""
    return Deliverable(
        lidvid=_version(row),
        day=None,
        file_path=row["companion_path"],
        file=_stored("companion", row),
        label_path=row["label_path"],
        label=_stored("label", row),
        words=row["history"][0][2],
    )


def release_to_row(record: ReleaseRecord) -> dict[str, Any]:
    """Return the row of a release."""
    row = {field: getattr(record, field) for field in ReleaseRecord.__dataclass_fields__ if field != "bundle"}
    vid = record.bundle.vid
    return row | {
        "bundle_lid": str(record.bundle_lid),
        "review": list(record.review),
        "major": vid.major,
        "minor": vid.minor,
    }


def to_release(row: Row) -> ReleaseRecord:
    """Return the release of a row."""
    values = dict(row)
    lid, vid = Lid(values.pop("bundle_lid")), Vid(values.pop("major"), values.pop("minor"))
    values["review"] = tuple(values["review"])
    return ReleaseRecord(**values, bundle_lid=lid, bundle=Lidvid(lid, vid))


def delivery_to_row(record: DeliveryRecord) -> dict[str, Any]:
    """Return the row of a delivery."""
    return {field: getattr(record, field) for field in DeliveryRecord.__dataclass_fields__} | {
        "bundle_lid": str(record.bundle_lid),
        "state": str(record.state),
        "first_day": record.first_day.isoformat(),
        "last_day": record.last_day.isoformat(),
    }


def to_delivery(row: Row) -> DeliveryRecord:
    """Return the delivery of a row."""
    values = {field: row[field] for field in DeliveryRecord.__dataclass_fields__}
    return DeliveryRecord(
        **values
        | {
            "bundle_lid": Lid(row["bundle_lid"]),
            "state": DeliveryState(row["state"]),
            "first_day": date.fromisoformat(row["first_day"]),
            "last_day": date.fromisoformat(row["last_day"]),
        }
    )


def member_to_row(member: DeliveryMember, delivery_id: str) -> dict[str, Any]:
    """Return the row of a file of a delivery."""
    return {
        "delivery_id": delivery_id,
        "path": member.path,
        **_version_to_row(member.lidvid),
        **_stored_to_row("file", member.stored),
    }


def to_member(row: Row) -> DeliveryMember:
    """Return the file of a delivery of a row."""
    return DeliveryMember(row["path"], _version(row), _stored("file", row))


def packed_to_row(member: PackedMember) -> dict[str, Any]:
    """Return the row of a compressed file."""
    return asdict(member)


def to_packed(row: Row) -> PackedMember:
    """Return the compressed file of a row. Very many have the same few texts: these are kept once."""
    shared = {name: sys.intern(row[name]) for name in ("packing", "segment")}
    return PackedMember(**{**row, **shared})


NO_OBJECT = StoredObject("", "", 0)


def disposition_to_row(disposition: Disposition) -> dict[str, Any]:
    """Return the row of a disposition."""
    values = {field: getattr(disposition, field) for field in Disposition.__dataclass_fields__}
    replacement = values.pop("replacement") or NO_OBJECT
    return values | {
        "action": str(disposition.action),
        **_stored_to_row("replacement", replacement),
    }


def to_disposition(row: Row) -> Disposition:
    """Return the disposition of a row."""
    replacement = _stored("replacement", row)
    fields = [field for field in Disposition.__dataclass_fields__ if field not in ("replacement", "action")]
    return Disposition(
        **{field: row[field] for field in fields},
        action=Action(row["action"]),
        replacement=replacement if replacement.sha256 else None,
    )


def event_to_row(event: Event, at: str, run_id: str) -> dict[str, Any]:
    """Return the row of an event."""
    return asdict(event) | {"at": at, "run_id": run_id}


def to_event(row: Row) -> EventRow:
    """Return the event of a row."""
    event = Event(**{field: row[field] for field in Event.__dataclass_fields__})
    return EventRow(row["position"], row["at"], row["run_id"], event)
