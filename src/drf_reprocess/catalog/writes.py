"""Writes to the catalog's tables, each within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Exists, Table, bindparam, delete, exists, insert, select, tuple_, update

from drf_reprocess.catalog.listing import DEPARTED
from drf_reprocess.catalog.rows import (
    event_to_row,
    finding_to_row,
    packed_to_row,
    product_to_row,
    source_to_row,
)
from drf_reprocess.catalog.tables import (
    deliveries,
    delivery_members,
    events,
    findings,
    packed,
    pending,
    products,
    sources,
)
from drf_reprocess.errors import CatalogConflict
from drf_reprocess.identifiers import Lidvid, Vid
from drf_reprocess.model import (
    Decision,
    DeliveryState,
    Event,
    Outcome,
    PackedMember,
    ProductRecord,
    SourceOutcome,
    SourceState,
)

LIVE = tuple(
    str(state)
    for state in (
        DeliveryState.PLANNED,
        DeliveryState.PACKED,
        DeliveryState.VERIFIED,
        DeliveryState.SENT,
        DeliveryState.ACCEPTED,
    )
)
"""States of a delivery that its receiver has, or will get: what is in it need not be delivered again."""

USING = tuple(
    str(state) for state in DeliveryState if state not in (DeliveryState.PLANNED, DeliveryState.DISCARDED)
)
"""States of a delivery that uses up the VIDs in it."""

PAGE = 500
"""Rows of one statement: databases limit the values that a statement may have."""


def in_delivery(table: Table, states: Sequence[str], receiver: str | None = None) -> Exists:
    """Tell, as a condition, whether a version is in a delivery of one of these states (to a receiver, or any)."""
    condition = exists().where(
        delivery_members.c.lid == table.c.lid,
        delivery_members.c.major == table.c.major,
        delivery_members.c.minor == table.c.minor,
        delivery_members.c.delivery_id == deliveries.c.delivery_id,
        deliveries.c.state.in_(states),
    )
    return condition if receiver is None else condition.where(deliveries.c.receiver == receiver)


def write_events(connection: Connection, found: Sequence[Event], at: str, run_id: str) -> None:
    """Append to the ledger."""
    if found:
        connection.execute(insert(events), [event_to_row(event, at, run_id) for event in found])


def write_sources(
    connection: Connection,
    run_id: str,
    run_time: str,
    fingerprints: Mapping[str, str],
    outcomes: Sequence[SourceOutcome],
) -> None:
    """Write what became of received files, with their findings, in place of what was known of them.

    Each file whose content or state is another than before leaves an event.
    """
    for start in range(0, len(outcomes), PAGE):
        batch = outcomes[start : start + PAGE]
        uris = [outcome.source.uri for outcome in batch]
        former = {
            row.uri: row
            for row in connection.execute(
                select(sources.c.uri, sources.c.state, sources.c.code, sources.c.since, sources.c.md5).where(
                    sources.c.uri.in_(uris)
                )
            )
        }
        rows, changes = [], []
        for outcome in batch:
            row = source_to_row(outcome, run_id, run_time, fingerprints.get(outcome.type, ""))
            # Unchanged is how a run sees a processed file, not another state of it.
            if outcome.state is SourceState.UNCHANGED:
                row["state"] = SourceState.PROCESSED.value
            before = former.get(row["uri"])
            stays = before is not None and (before.state, before.code) == (row["state"], row["code"])
            if before is not None and stays:
                row["since"] = before.since
            if not stays or before is None or before.md5 != row["md5"]:
                changes.append(_source_event(row, is_new=before is None))
            rows.append(row)
        connection.execute(delete(sources).where(sources.c.uri.in_(uris)))
        connection.execute(insert(sources), rows)
        connection.execute(delete(findings).where(findings.c.source_uri.in_(uris)))
        found = [
            finding_to_row(finding, outcome.source.uri, run_id)
            for outcome in batch
            for finding in outcome.findings
        ]
        if found:
            connection.execute(insert(findings), found)
        write_events(connection, changes, run_time, run_id)


def _source_event(row: Mapping[str, Any], *, is_new: bool) -> Event:
    seen = "received" if is_new else "seen again"
    content = f", MD5 {row['md5']}" if row["md5"] else ""
    code = f"{row['code']}: " if row["code"] != row["state"] else ""
    reason = f": {code}{row['message'].removeprefix(row['name'] + ': ')}" if row["code"] else ""
    return Event(
        row["state"],
        f"{row['name']} {seen}, {row['bytes']} bytes{content}; {row['state']}{reason}",
        product_id=row["product_id"],
        source=row["uri"],
    )


def write_departed(connection: Connection, run_id: str, run_time: str, outcome: Outcome) -> None:
    """Settle the files of a family that its outcome does not speak of: they are in the source no longer.

    A file that was never read has no digest; its listing alone decides about it, whatever became of the others.
    """
    if not outcome.family:
        return
    gone = (
        (sources.c.family == outcome.family)
        & sources.c.uri.not_in([source.source.uri for source in outcome.sources])
        & (sources.c.code != DEPARTED)
        & (sources.c.md5 != "")
    )
    rows = connection.execute(select(sources.c.uri, sources.c.name, sources.c.product_id).where(gone)).all()
    if not rows:
        return
    message = ": no longer in the source; other files stand for the same data"
    connection.execute(
        update(sources)
        .where(gone)
        .values(
            state=SourceState.SUPERSEDED.value,
            code=DEPARTED,
            message=sources.c.name + message,
            remedy="none needed; put it back if it was taken away by mistake",
            since=run_time,
            run_id=run_id,
        )
    )
    write_events(
        connection,
        [Event("superseded", f"{row.name}{message}", row.product_id, source=row.uri) for row in rows],
        run_time,
        run_id,
    )


def write_products(connection: Connection, run_id: str, run_time: str, outcomes: Sequence[Outcome]) -> None:
    """Write the products of a task's outcomes: new versions, those that stay, those that leave or wait."""
    check_heads(connection, outcomes)
    versions: list[tuple[Lidvid, Mapping[str, Any]]] = []
    told: list[Event] = []
    for outcome in outcomes:
        told += outcome.events
        record = outcome.product
        if not outcome.pending:
            for lid in outcome.left:
                _take_out(connection, str(lid))
        if record is None:
            continue
        _forget_pending(connection, outcome.family, record)
        row = product_to_row(record, run_id)
        if outcome.pending:
            connection.execute(insert(pending).values(**row, standing=outcome.pending))
            continue
        if outcome.decision is Decision.SAME:
            if _keep_version(connection, run_id, record, row):
                told.append(_tell_return(record))
        else:
            versions.append((record.lidvid, row | {"current": True}))
    replace_current(connection, products, versions)
    write_events(connection, told, run_time, run_id)


def write_packed(connection: Connection, members: Sequence[PackedMember]) -> None:
    """Write where compressed files are, in place of what was known of the same ones."""
    if members:
        keys = [
            {"key_path": one.path, "key_sha256": one.sha256, "key_packing": one.packing} for one in members
        ]
        this = [packed.c[name] == bindparam(f"key_{name}") for name in ("path", "sha256", "packing")]
        connection.execute(delete(packed).where(*this), keys)
        connection.execute(insert(packed), [packed_to_row(member) for member in members])


def check_heads(connection: Connection, outcomes: Iterable[Outcome]) -> None:
    """Refuse outcomes that were decided from other versions than those that stand now."""
    expected = {
        str(lid): (base, current)
        for outcome in outcomes
        if outcome.product is not None or outcome.left
        for lid, base, current in outcome.expected
    }
    found = heads(connection, products, list(expected))
    for lid, versions in expected.items():
        if found.get(lid, (None, None)) != versions:
            raise _outdated(lid, found.get(lid, (None, None))[1], versions[1])


def heads(
    connection: Connection, table: Table, lids: Sequence[str]
) -> dict[str, tuple[Vid | None, Vid | None]]:
    """Return the latest used-up and the current version of each LID."""
    found: dict[str, tuple[Vid | None, Vid | None]] = {}
    used = in_delivery(table, USING).label("used")
    for start in range(0, len(lids), PAGE):
        for row in connection.execute(
            select(table.c.lid, table.c.major, table.c.minor, table.c.current, used).where(
                table.c.lid.in_(lids[start : start + PAGE])
            )
        ):
            base, current = found.get(row.lid, (None, None))
            vid = Vid(row.major, row.minor)
            if row.used and (base is None or vid > base):
                base = vid
            found[row.lid] = base, (vid if row.current else current)
    return found


def _forget_pending(connection: Connection, family: str, record: ProductRecord) -> None:
    """Another product of the family is made: what waited in its place is out of date."""
    same = pending.c.lid == str(record.lidvid.lid)
    connection.execute(delete(pending).where(same | (pending.c.family == family) if family else same))


def _take_out(connection: Connection, lid: str) -> None:
    """Let a product leave the archive: versions that no delivery holds are forgotten, others stay as history."""
    this = products.c.lid == lid
    connection.execute(delete(products).where(this, ~in_delivery(products, USING)))
    connection.execute(update(products).where(this, products.c.current).values(current=False))


def _keep_version(connection: Connection, run_id: str, record: ProductRecord, row: Mapping[str, Any]) -> bool:
    """Take over what may change of a product while its version stays; make that version current if another was, or none.

    Tells whether it was made current.

    Another received file may give the same archived bytes, and the Parquet file and the coverage are no part of the
    archive: none of them has a version. Only a changed Parquet file makes the row one of this run's.
    """
    lid, vid = row["lid"], record.lidvid.vid
    this = (products.c.lid == lid) & (products.c.major == vid.major) & (products.c.minor == vid.minor)
    standing = connection.execute(select(products.c.current).where(this)).scalar_one_or_none()
    if standing is None:
        raise _outdated(lid, None, vid)
    if not standing:
        # A later version that no delivery holds yet was not needed after all.
        _take_out(connection, lid)
        connection.execute(update(products).where(this).values(current=True, run_id=run_id))
    kept = _with_prefix(row, "source_") | {"coverage": row["coverage"], "family": row["family"]}
    connection.execute(update(products).where(this).values(kept))
    # Catalogs of schema 1 did not keep the structure; the label, which tells it, is the same.
    connection.execute(
        update(products).where(this, products.c.structure == "").values(structure=row["structure"])
    )
    # Of an adopted version the data file was not here before; its MD5 was.
    connection.execute(
        update(products).where(this, products.c.data_sha256 == "").values(_with_prefix(row, "data_sha256"))
    )
    connection.execute(
        update(products)
        .where(
            this,
            (products.c.parquet_sha256 != record.parquet.sha256)
            | (products.c.parquet_path != record.parquet_path),
        )
        .values(run_id=run_id, **_with_prefix(row, "parquet_"))
    )
    return not standing


def _tell_return(record: ProductRecord) -> Event:
    return Event(
        "returned",
        f"{record.lidvid.vid} stands in the archive again: it was made of the same content, and a receiver has it or knows of it",
        product_id=record.product_id,
        lid=str(record.lidvid.lid),
        source=record.source.uri,
    )


def _with_prefix(row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name.startswith(prefix)}


def replace_current(
    connection: Connection, table: Table, versions: Sequence[tuple[Lidvid, Mapping[str, Any]]]
) -> None:
    """Make each version current: what was there stays as history, or is forgotten if no delivery holds it.

    ``CatalogConflict`` if a LIDVID exists already that a delivery holds: it is never given other bytes.
    """
    for start in range(0, len(versions), PAGE):
        batch = versions[start : start + PAGE]
        these = table.c.lid.in_([str(lidvid.lid) for lidvid, _ in batch])
        connection.execute(delete(table).where(these, ~in_delivery(table, USING)))
        connection.execute(update(table).where(these, table.c.current).values(current=False))
        _refuse_given(connection, table, batch)
        connection.execute(insert(table), [dict(row) for _, row in batch])


def _refuse_given(
    connection: Connection, table: Table, versions: Sequence[tuple[Lidvid, Mapping[str, Any]]]
) -> None:
    wanted = {(str(lidvid.lid), lidvid.vid.major, lidvid.vid.minor): row for lidvid, row in versions}
    for found in connection.execute(
        select(table.c.lid, table.c.major, table.c.minor, table.c.label_md5).where(
            tuple_(table.c.lid, table.c.major, table.c.minor).in_(list(wanted))
        )
    ):
        row = wanted[found.lid, found.major, found.minor]
        raise CatalogConflict(
            f"{found.lid}::{found.major}.{found.minor} exists already, with a label of MD5 {found.label_md5}; the new one "
            f"has {row['label_md5']}: a version is never given twice"
        )


def _outdated(lid: str, found: Vid | None, expected: Vid | None) -> CatalogConflict:
    return CatalogConflict(
        f"{lid}: the current version is {found}, but the next one was decided from {expected}: another run, or a delivery "
        "that was packed or discarded, got there first; run again"
    )


def check_delivered_once(connection: Connection, delivery_id: str) -> None:
    """Refuse a delivery that holds what another live one to the same receiver holds already."""
    other, theirs, ours = delivery_members.alias(), deliveries.alias(), deliveries.alias()
    twice = connection.execute(
        select(other.c.delivery_id, other.c.lid, other.c.major, other.c.minor)
        .select_from(delivery_members)
        .join(
            other,
            (other.c.lid == delivery_members.c.lid)
            & (other.c.major == delivery_members.c.major)
            & (other.c.minor == delivery_members.c.minor),
        )
        .join(theirs, theirs.c.delivery_id == other.c.delivery_id)
        .join(ours, ours.c.delivery_id == delivery_members.c.delivery_id)
        .where(
            delivery_members.c.delivery_id == delivery_id,
            other.c.delivery_id != delivery_id,
            theirs.c.receiver == ours.c.receiver,
            theirs.c.state.in_(LIVE),
        )
        .limit(1)
    ).one_or_none()
    if twice is not None:
        raise CatalogConflict(
            f"delivery {delivery_id} holds {twice.lid}::{twice.major}.{twice.minor}, which is in delivery "
            f"{twice.delivery_id} already: another run got there first; run again"
        )
