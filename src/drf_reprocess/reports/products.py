"""Questions to the catalog, answered as plain rows: the same rows are printed as a table and as JSON."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping

from drf_reprocess.errors import ConfigurationError
from drf_reprocess.identifiers import Lid, Lidvid
from drf_reprocess.ledger import delivery_rows, find_delivery
from drf_reprocess.mission import Mission
from drf_reprocess.model import DeliveryRecord, DeliveryState, ProductRecord, SourceState, StoredObject
from drf_reprocess.pds4.inventory import read_inventory
from drf_reprocess.pds4.read import read_label
from drf_reprocess.stages.publish import PARQUET_VIEW, STAGING_VIEW, bundle_key
from drf_reprocess.storage.base import object_key

logger = logging.getLogger(__name__)

Row = dict[str, object]

IN_PRODUCTS = (SourceState.PROCESSED, SourceState.UNCHANGED)
"""Files in these states are told by their product; all others by the quarantine report, so no file goes untold."""


DELIVERY_FACTS = (
    "delivery_id",
    "release_id",
    "receiver",
    "state",
    "first_day",
    "last_day",
    "products",
    "bytes",
    "package",
)


def product_rows(
    mission: Mission,
    *,
    type_: str | None = None,
    lid: str | None = None,
    start: str | None = None,
    stop: str | None = None,
) -> Iterator[Row]:
    """Yield the products, sorted by LID: those that stand in the archive (state ``current``), then those that wait for
    the next release (``staged``). ``start`` and ``stop`` select those that overlap a time range.

    A file of the source is told once: where another content came under its name since, the row's ``source`` is the kept
    original in ``store/``.
    """
    staged = list(mission.catalog.pending("staged"))
    told = {waiting.record.source.uri for waiting in staged}
    states = [state for state in SourceState if state not in IN_PRODUCTS]
    told |= {row.source.uri for row in mission.catalog.source_rows(states=states)}
    for row in mission.catalog.products(type=type_, lid=lid, start=start, stop=stop):
        record = row.record
        source = (
            record.source.uri if record.source.uri not in told else _stored(mission, record.source_object)
        )
        yield _product_row(mission, record, "current", row.run_id) | {"source": source}
    for waiting in staged:
        record = waiting.record
        if (
            type_ in (None, record.type)
            and lid in (None, str(record.lidvid.lid))
            and (start is None or record.stop_time >= start)
            and (stop is None or record.start_time < stop)
        ):
            yield _product_row(mission, record, "staged", waiting.run_id)


def _product_row(mission: Mission, record: ProductRecord, state: str, run_id: str) -> Row:
    bundle, _ = mission.profile.placement[record.type]
    root = f"{STAGING_VIEW}/" if state == "staged" else ""
    shown = bool(record.data.sha256)
    files = {
        "data": f"{root}{bundle_key(bundle, record.data_path)}",
        "label": f"{root}{bundle_key(bundle, record.label_path)}",
        "parquet": f"{root}{PARQUET_VIEW}/{record.parquet_path}" if record.parquet.sha256 else "",
    }
    return {
        "lid": str(record.lidvid.lid),
        "vid": str(record.lidvid.vid),
        "type": record.type,
        "day": str(record.day),
        "source": record.source.uri,
        **{name: mission.output.uri(key) if key and shown else "" for name, key in files.items()},
        "data_md5": record.data.md5,
        "label_md5": record.label.md5,
        "source_md5": record.source_object.md5,
        "bytes": record.data.bytes,
        "start_time": record.start_time,
        "stop_time": record.stop_time,
        "records": record.records,
        "mended": [mend.words for mend in record.mends],
        "state": state,
        "run_id": run_id,
    }


def _stored(mission: Mission, stored: StoredObject) -> str:
    return mission.output.uri(object_key(stored.sha256)) if stored.sha256 else ""


def product_rows_as_of(mission: Mission, delivery_id: str) -> Iterator[Row]:
    """Yield the products of the archive as the release of a delivery left it, sorted by collection and LID.

    What the release's bundle label and its collections' inventories list is what stood there. Files of versions that do
    not stand in the archive any more are told as objects of ``store/``, with the state ``superseded``.

    Raises
    ------
    ConfigurationError
        If there is no such delivery.
    """
    return _rows_of(mission, members_as_of(mission, delivery_id))


def _rows_of(mission: Mission, listed: Mapping[Lid, frozenset[Lidvid]]) -> Iterator[Row]:
    for collection, members in listed.items():
        current = {member.lidvid for member in mission.catalog.members(collection)}
        unknown = set(members)
        for row in mission.catalog.collection_versions(collection):
            record = row.record
            if record.lidvid not in members:
                continue
            unknown.discard(record.lidvid)
            if record.lidvid in current:
                yield _product_row(mission, record, "current", row.run_id)
            else:
                yield _product_row(mission, record, "superseded", row.run_id) | {
                    "source": _stored(mission, record.source_object),
                    "data": _stored(mission, record.data),
                    "label": _stored(mission, record.label),
                    "parquet": _stored(mission, record.parquet),
                }
        if unknown:
            logger.warning(
                "%s listed %d products that this catalog does not hold, such as %s: they were in a delivery that was discarded, "
                "or in an adopted bundle and could not be adopted",
                collection,
                len(unknown),
                min(unknown),
            )


def members_as_of(mission: Mission, delivery_id: str) -> dict[Lid, frozenset[Lidvid]]:
    """Return the products that each collection listed at the release of a delivery, by the inventories of that time."""
    catalog = mission.catalog
    label = _bundle_as_of(mission, find_delivery(mission, delivery_id))
    listed: dict[Lid, frozenset[Lidvid]] = {}
    for member in read_label(mission.output.read(object_key(label.sha256))).members:
        collection = catalog.aggregate(Lidvid(member.lid, member.vid)) if member.vid else None
        if collection is not None and collection.companion.sha256:
            rows = read_inventory(mission.output.read(object_key(collection.companion.sha256))).rows
            listed[member.lid] = frozenset(row.lidvid for row in rows if row.primary and row.lidvid)
    return listed


def _bundle_as_of(mission: Mission, record: DeliveryRecord) -> StoredObject:
    """Return the label of the bundle at the release of a delivery, or at the adoption that it stands for."""
    catalog = mission.catalog
    if record.state is DeliveryState.DISCARDED:
        raise ConfigurationError(
            f"delivery {record.delivery_id} was discarded: no archive ever was as its release would have left it; name another "
            "of `delivery list`"
        )
    release = next((one for one in catalog.releases() if one.release_id == record.release_id), None)
    if release is not None:
        bundle, md5 = release.bundle, release.bundle_md5
    else:
        held = [
            one for one in catalog.delivered_files(record.bundle_lid) if one.delivery.number <= record.number
        ]
        if not held:
            raise ConfigurationError(f"delivery {record.delivery_id}: no version of its bundle is known")
        bundle, md5 = max(one.member.lidvid for one in held), ""
    found = catalog.aggregate(bundle)
    if found is None or md5 not in ("", found.label.md5):
        raise ConfigurationError(
            f"delivery {record.delivery_id}: {bundle}, the version of the bundle that its release made, is not in the catalog any "
            "more: the delivery that held it was discarded"
        )
    return found.label


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
    """Return where the mission stands: files by state, products by type, what waits, releases, deliveries, last runs."""
    catalog = mission.catalog
    counts = catalog.state_counts()
    reasons: Counter[str] = Counter(str(row["code"]) for row in quarantine_rows(mission))
    return {
        "sources": {str(state): counts.get(state, 0) for state in SourceState}
        | {"total": sum(counts.values())},
        "products": dict(sorted(catalog.count_products().items())),
        "waiting": dict(Counter(one.standing for one in catalog.pending())),
        "set_aside": dict(sorted(reasons.items())),
        "collections_and_bundles": {
            str(lid): str(record.lidvid.vid) for lid, record in sorted(catalog.current_aggregates().items())
        },
        "releases": [
            {
                "release_id": release.release_id,
                "bundle": str(release.bundle),
                "run_time": release.run_time,
                "mode": release.mode,
                "reason": release.reason,
                "requires_review": release.requires_review,
            }
            for release in catalog.releases()
        ],
        "deliveries": [{name: row[name] for name in DELIVERY_FACTS} for row in delivery_rows(mission)],
        "runs": [
            {"run_id": run.run_id, "run_time": run.run_time, "mode": run.mode, "state": run.state}
            | {"started_at": run.started_at}
            for run in catalog.runs()
        ][-10:],
    }
