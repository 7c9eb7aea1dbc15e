"""Questions to the catalog, answered as plain rows: the same rows are printed as a table and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from drf_reprocess.mission import Mission
from drf_reprocess.model import SourceState
from drf_reprocess.stages.publish import PARQUET_VIEW, bundle_key

Row = dict[str, object]

IN_PRODUCTS = (SourceState.PROCESSED, SourceState.UNCHANGED)
"""Files in these states are told by their product; all others by the quarantine report, so no file goes untold."""


def product_rows(
    mission: Mission,
    *,
    type_: str | None = None,
    lid: str | None = None,
    start: str | None = None,
    stop: str | None = None,
) -> Iterator[Row]:
    """Yield the current products, sorted by LID; ``start`` and ``stop`` select those that overlap a time range."""
    for row in mission.catalog.products(type=type_, lid=lid, start=start, stop=stop):
        record = row.record
        bundle, _ = mission.profile.placement[record.type]
        yield {
            "lid": str(record.lidvid.lid),
            "vid": str(record.lidvid.vid),
            "type": record.type,
            "day": str(record.day),
            "source": record.source.uri,
            "data": mission.output.uri(bundle_key(bundle, record.data_path)),
            "label": mission.output.uri(bundle_key(bundle, record.label_path)),
            "parquet": mission.output.uri(f"{PARQUET_VIEW}/{record.parquet_path}"),
            "data_md5": record.data.md5,
            "label_md5": record.label.md5,
            "source_md5": record.source_object.md5,
            "bytes": record.data.bytes,
            "start_time": record.start_time,
            "stop_time": record.stop_time,
            "records": record.records,
            "mended": [mend.words for mend in record.mends],
            "state": "current",
            "run_id": row.run_id,
        }


def quarantine_rows(mission: Mission) -> Iterator[Row]:
    """Yield every received file that is no product, with its state, reason and remedy, sorted by name."""
    states = [state for state in SourceState if state not in IN_PRODUCTS]
    for row in mission.catalog.source_rows(states=states):
        yield {
            "source": row.source.uri,
            "state": str(row.state),
            "code": row.code,
            "message": row.message,
            "remedy": row.remedy,
            "since": row.since,
            "type": row.type,
            "product_id": row.product_id,
            "bytes": row.source.bytes,
            "md5": row.md5,
        }


def status(mission: Mission) -> Row:
    """Return where the mission stands: files by state, products by type, deliveries, the last runs."""
    catalog = mission.catalog
    counts = catalog.state_counts()
    types: Counter[str] = Counter(row.record.type for row in catalog.products())
    reasons: Counter[str] = Counter(str(row["code"]) for row in quarantine_rows(mission))
    return {
        "sources": {str(state): counts.get(state, 0) for state in SourceState}
        | {"total": sum(counts.values())},
        "products": dict(sorted(types.items())),
        "set_aside": dict(sorted(reasons.items())),
        "collections_and_bundles": {
            str(lid): str(record.lidvid.vid) for lid, record in sorted(catalog.current_aggregates().items())
        },
        "deliveries": [
            {
                "delivery_id": record.delivery_id,
                "state": record.state,
                "first_day": str(record.first_day),
                "last_day": str(record.last_day),
                "products": record.products,
                "bytes": record.package_bytes,
                "package": mission.output.uri(record.package_key),
            }
            for record in catalog.deliveries()
        ],
        "runs": [
            {"run_id": run.run_id, "run_time": run.run_time, "state": run.state, "started_at": run.started_at}
            for run in catalog.runs()
        ][-10:],
    }
