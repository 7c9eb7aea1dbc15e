"""Questions about one product's life in the SQL catalog; see `catalog.base.Catalog` for what each method promises."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Table, and_, or_, select, union

from drf_reprocess.catalog.base import AggregateRow, DeliveredFile, EventRow, PendingProduct, SourceRow
from drf_reprocess.catalog.connection import SqlPart
from drf_reprocess.catalog.rows import (
    to_aggregate,
    to_delivery,
    to_event,
    to_member,
    to_product,
    to_source_row,
)
from drf_reprocess.catalog.tables import (
    aggregates,
    deliveries,
    delivery_members,
    events,
    pending,
    products,
    sources,
)
from drf_reprocess.identifiers import Lid

REVIEW = "review"
"""Kind of the events that speak of a release: their messages begin with its id."""


class SqlLives(SqlPart):
    """What happened to one product, collection, bundle or file."""

    def lids_of(self, product_id: str) -> list[Lid]:
        """Return the LIDs under which a product id was ever made, sorted."""
        query = union(
            *(select(table.c.lid).where(table.c.product_id == product_id) for table in (products, pending))
        )
        with self._read() as connection:
            return sorted(Lid(text) for text in connection.execute(query).scalars())

    def waiting(self, lid: Lid) -> PendingProduct | None:
        """Return the product of a LID that is made but does not stand in the archive yet."""
        row = self._one(select(pending).where(pending.c.lid == str(lid)))
        if row is None:
            return None
        made = to_product(row)
        return PendingProduct(made.record, row["standing"], made.run_id)

    def files_named(self, name: str) -> list[SourceRow]:
        """Return the received files of this URI, path or base name, sorted by URI."""
        query = select(sources).where(
            or_(
                sources.c.uri == name,
                sources.c.name == name,
                sources.c.name.endswith(f"/{name}", autoescape=True),
            )
        )
        return [to_source_row(row) for row in self._all(query.order_by(sources.c.uri))]

    def files_of(self, families: Collection[str], product_id: str) -> list[SourceRow]:
        """Return the received files of these families and of a product id, sorted by URI."""
        named = [family for family in families if family]
        query = select(sources).where(or_(sources.c.family.in_(named), sources.c.product_id == product_id))
        return [to_source_row(row) for row in self._all(query.order_by(sources.c.uri))]

    def names_like(self, text: str, limit: int) -> list[str]:
        """Return product ids, and LIDs of collections and bundles, that begin like a text: as much of it as any does."""
        while text:
            found: set[str] = set()
            for table, column in (
                (sources, sources.c.product_id),
                (products, products.c.product_id),
                (aggregates, aggregates.c.lid),
            ):
                found.update(self._beginning(table, column, text, limit))
            if found:
                return sorted(found)
            text = text[:-1]
        return []

    def _beginning(self, table: Table, column: ColumnElement[str], text: str, limit: int) -> list[str]:
        query = (
            select(column)
            .select_from(table)
            .where(column.startswith(text, autoescape=True))
            .distinct()
            .order_by(column)
            .limit(limit)
        )
        with self._read() as connection:
            return list(connection.execute(query).scalars())

    def aggregate_versions(self, lid: Lid) -> list[AggregateRow]:
        """Return all versions of a collection or bundle, oldest first."""
        query = (
            select(aggregates)
            .where(aggregates.c.lid == str(lid))
            .order_by(aggregates.c.major, aggregates.c.minor)
        )
        return [AggregateRow(to_aggregate(row), row["current"], row["run_id"]) for row in self._all(query)]

    def delivered_files(self, lid: Lid) -> list[DeliveredFile]:
        """Return the files of a product, collection or bundle in all deliveries, by number of the delivery and path."""
        members = select(delivery_members).where(delivery_members.c.lid == str(lid))
        rows = self._all(members.order_by(delivery_members.c.path))
        wanted = {row["delivery_id"] for row in rows}
        query = select(deliveries).where(deliveries.c.delivery_id.in_(wanted))
        records = {row["delivery_id"]: to_delivery(row) for row in self._all(query)}
        found = [DeliveredFile(records[row["delivery_id"]], to_member(row)) for row in rows]
        return sorted(found, key=lambda one: one.delivery.number)

    def life_events(
        self,
        *,
        lids: Collection[Lid] = (),
        product_ids: Collection[str] = (),
        sources: Collection[str] = (),
        deliveries: Collection[str] = (),
        releases: Collection[str] = (),
    ) -> list[EventRow]:
        """Return what the ledger tells of any of these, in order."""
        conditions: list[ColumnElement[bool]] = [
            column.in_([str(value) for value in values])
            for column, values in (
                (events.c.lid, lids),
                (events.c.product_id, product_ids),
                (events.c.source, sources),
                (events.c.delivery_id, deliveries),
            )
            if values
        ]
        conditions += [
            and_(events.c.kind == REVIEW, events.c.message.startswith(f"{release}: ", autoescape=True))
            for release in releases
        ]
        if not conditions:
            return []
        query = select(events).where(or_(*conditions)).order_by(events.c.position)
        return [to_event(row) for row in self._all(query)]
