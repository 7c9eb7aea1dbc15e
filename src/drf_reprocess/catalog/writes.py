"""Writes to the catalog's tables, each within the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from drf_reprocess.catalog.listing import DEPARTED
from drf_reprocess.catalog.rows import finding_to_row, product_to_row, source_to_row
from drf_reprocess.catalog.tables import deliveries, delivery_members, findings, products, sources
from drf_reprocess.errors import CatalogConflict
from drf_reprocess.identifiers import Lidvid, Vid
from drf_reprocess.model import Outcome, ProductRecord, SourceOutcome, SourceState

LIVE = ("packed", "verified")
"""States of a delivery that its receiver has, or will get: what is in it need not be delivered again."""

PAGE = 500
"""Rows of one statement: databases limit the values that a statement may have."""


def write_sources(
    connection: Connection, run_id: str, run_time: str, fingerprint: str, outcomes: Sequence[SourceOutcome]
) -> None:
    """Write what became of received files, with their findings, in place of what was known of them."""
    for start in range(0, len(outcomes), PAGE):
        batch = outcomes[start : start + PAGE]
        uris = [outcome.source.uri for outcome in batch]
        former = {
            row.uri: row
            for row in connection.execute(
                select(sources.c.uri, sources.c.state, sources.c.code, sources.c.since).where(
                    sources.c.uri.in_(uris)
                )
            )
        }
        rows = []
        for outcome in batch:
            row = source_to_row(outcome, run_id, run_time, fingerprint)
            # Unchanged is how a run sees a processed file, not another state of it.
            if outcome.state is SourceState.UNCHANGED:
                row["state"] = SourceState.PROCESSED.value
            before = former.get(row["uri"])
            if before is not None and (before.state, before.code) == (row["state"], row["code"]):
                row["since"] = before.since
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


def write_departed(connection: Connection, run_id: str, run_time: str, outcome: Outcome) -> None:
    """Settle the files of a product that its outcome does not speak of: they are in the source no longer.

    A file that was never read has no digest; its listing alone decides about it, whatever became of the others.
    """
    for product_id, type_ in {(source.product_id, source.type) for source in outcome.sources}:
        connection.execute(
            update(sources)
            .where(
                sources.c.product_id == product_id,
                sources.c.type == type_,
                sources.c.uri.not_in([source.source.uri for source in outcome.sources]),
                sources.c.code != DEPARTED,
                sources.c.md5 != "",
            )
            .values(
                state=SourceState.SUPERSEDED.value,
                code=DEPARTED,
                message=sources.c.name
                + f": no longer in the source; other files stand for the product {product_id}",
                remedy="none needed; put it back if it was taken away by mistake",
                since=run_time,
                run_id=run_id,
            )
        )


def replace_current(
    connection: Connection, table: Table, versions: Sequence[tuple[Lidvid, Vid | None, Mapping[str, Any]]]
) -> None:
    """Put each version in the place of the expected one, or refuse all if another stands there."""
    for start in range(0, len(versions), PAGE):
        batch = versions[start : start + PAGE]
        lids = [str(lidvid.lid) for lidvid, _, _ in batch]
        current, labels = _standing(connection, table, lids)
        for lidvid, expected, row in batch:
            found = current.get(str(lidvid.lid))
            if found != expected:
                raise _outdated(lidvid, found, expected)
            stored = labels.get(str(lidvid))
            if stored is not None:
                raise CatalogConflict(
                    f"{lidvid} exists already, with a label of MD5 {stored}; the new one has {row['label_md5']}: a "
                    "version is never given twice"
                )
        if current:
            connection.execute(
                update(table).where(table.c.lid.in_(list(current)), table.c.current).values(current=False)
            )
        connection.execute(insert(table), [dict(row) for _, _, row in batch])


def _standing(
    connection: Connection, table: Table, lids: Sequence[str]
) -> tuple[dict[str, Vid], dict[str, str]]:
    """Return the current version of each LID, and the label's MD5 of each LIDVID that was ever given."""
    current, labels = {}, {}
    for row in connection.execute(
        select(table.c.lid, table.c.major, table.c.minor, table.c.current, table.c.label_md5).where(
            table.c.lid.in_(lids)
        )
    ):
        vid = Vid(row.major, row.minor)
        labels[f"{row.lid}::{vid}"] = row.label_md5
        if row.current:
            current[row.lid] = vid
    return current, labels


def _outdated(lidvid: Lidvid, found: Vid | None, expected: Vid | None) -> CatalogConflict:
    return CatalogConflict(
        f"{lidvid.lid}: the current version is {found}, {lidvid.vid} was decided from {expected}: another run got there "
        "first; run again"
    )


def renew_product(connection: Connection, run_id: str, record: ProductRecord, expected: Vid | None) -> None:
    """Take over what may change of a product while its version stays: the file it stands for, and its Parquet file.

    Another received file may give the same archived bytes, and the Parquet file is no part of the archive: neither has
    a version. Only a changed Parquet file makes the row one of this run's.
    """
    lid = str(record.lidvid.lid)
    current, _ = _standing(connection, products, [lid])
    if current.get(lid) != expected or expected != record.lidvid.vid:
        raise _outdated(record.lidvid, current.get(lid), expected)
    row = product_to_row(record, run_id)
    this = (products.c.lid == lid) & products.c.current
    connection.execute(update(products).where(this).values(_with_prefix(row, "source_")))
    connection.execute(
        update(products)
        .where(
            this,
            (products.c.parquet_sha256 != record.parquet.sha256)
            | (products.c.parquet_path != record.parquet_path),
        )
        .values(run_id=run_id, **_with_prefix(row, "parquet_"))
    )


def _with_prefix(row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name.startswith(prefix)}


def check_delivered_once(connection: Connection, delivery_id: str) -> None:
    """Refuse a delivery that holds what another live one holds already."""
    other = delivery_members.alias()
    twice = connection.execute(
        select(other.c.delivery_id, other.c.lid, other.c.major, other.c.minor)
        .select_from(delivery_members)
        .join(
            other,
            (other.c.lid == delivery_members.c.lid)
            & (other.c.major == delivery_members.c.major)
            & (other.c.minor == delivery_members.c.minor),
        )
        .join(deliveries, deliveries.c.delivery_id == other.c.delivery_id)
        .where(
            delivery_members.c.delivery_id == delivery_id,
            other.c.delivery_id != delivery_id,
            deliveries.c.state.in_(LIVE),
        )
        .limit(1)
    ).one_or_none()
    if twice is not None:
        raise CatalogConflict(
            f"delivery {delivery_id} holds {twice.lid}::{twice.major}.{twice.minor}, which is in delivery "
            f"{twice.delivery_id} already: another run got there first; run again"
        )
