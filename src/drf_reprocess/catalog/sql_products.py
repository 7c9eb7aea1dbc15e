"""Products, collections and bundles in the SQL catalog; see `catalog.base.Catalog` for what each method promises."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, func, insert, or_, select, update

from drf_reprocess.catalog.base import CollectionMember, CoveredSpan, Head, PendingProduct, ProductRow
from drf_reprocess.catalog.connection import SqlPart
from drf_reprocess.catalog.rows import (
    aggregate_to_row,
    delivery_to_row,
    member_to_row,
    product_to_row,
    to_aggregate,
    to_coverage,
    to_former,
    to_product,
)
from drf_reprocess.catalog.tables import aggregates, deliveries, delivery_members, pending, products
from drf_reprocess.catalog.writes import PAGE, USING, heads, in_delivery, replace_current, write_events
from drf_reprocess.errors import CatalogConflict
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import (
    AggregateRecord,
    DeliveryMember,
    DeliveryRecord,
    DeliveryState,
    Event,
    ProductRecord,
)

FURTHEST = (
    DeliveryState.PLANNED,
    DeliveryState.REJECTED,
    DeliveryState.PACKED,
    DeliveryState.VERIFIED,
    DeliveryState.SENT,
    DeliveryState.ACCEPTED,
)
"""States of a delivery by how far they have brought what is in it."""


class SqlProducts(SqlPart):
    """Versions of products, collections and bundles."""

    def products(
        self,
        *,
        type: str | None = None,
        lid: str | None = None,
        start: str | None = None,
        stop: str | None = None,
        run_id: str | None = None,
    ) -> Iterator[ProductRow]:
        """Yield current products sorted by LID; ``start`` and ``stop`` select those that overlap a time range."""
        query = select(products).where(products.c.current).order_by(products.c.lid)
        if type is not None:
            query = query.where(products.c.type == type)
        if lid is not None:
            query = query.where(products.c.lid == lid)
        if start is not None:
            query = query.where(products.c.stop_time >= start)
        if stop is not None:
            query = query.where(products.c.start_time < stop)
        if run_id is not None:
            query = query.where(products.c.run_id == run_id)
        for row in self._stream(query):
            yield to_product(row)

    def count_products(self) -> dict[str, int]:
        """Count current products by type."""
        query = select(products.c.type, func.count()).where(products.c.current).group_by(products.c.type)
        with self._read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def has_products(self, type: str) -> bool:
        """Tell whether there is any product of a file type."""
        with self._read() as connection:
            return (
                connection.execute(
                    select(products.c.lid).where(products.c.current, products.c.type == type).limit(1)
                ).first()
                is not None
            )

    def product(self, lid: Lid) -> ProductRecord | None:
        """Return the current version of a product."""
        row = self._one(select(products).where(products.c.current, products.c.lid == str(lid)))
        return None if row is None else to_product(row).record

    def current_products(self, lids: Collection[Lid]) -> list[ProductRecord]:
        """Return the current versions of these products."""
        query = select(products).where(products.c.current, products.c.lid.in_([str(lid) for lid in lids]))
        return [to_product(row).record for row in self._all(query)]

    def versions(self, lid: Lid) -> list[ProductRow]:
        """Return all versions of a product, oldest first."""
        query = (
            select(products).where(products.c.lid == str(lid)).order_by(products.c.major, products.c.minor)
        )
        return [to_product(row) for row in self._all(query)]

    def collection_versions(self, collection_lid: Lid) -> Iterator[ProductRow]:
        """Yield all versions of all products of a collection, sorted by LID, oldest first."""
        query = (
            select(products)
            .where(products.c.collection_lid == str(collection_lid))
            .order_by(products.c.lid, products.c.major, products.c.minor)
        )
        for row in self._stream(query):
            yield to_product(row)

    def heads(self, families: Collection[str], lids: Collection[Lid]) -> list[Head]:
        """Return the versions that decide the next ones, of all products of these families and of these LIDs."""
        query = (
            select(products, in_delivery(products, USING).label("used"))
            .where(
                or_(
                    products.c.family.in_([family for family in families if family]),
                    products.c.lid.in_([str(lid) for lid in lids]),
                )
            )
            .order_by(products.c.lid, products.c.major, products.c.minor)
        )
        found: dict[Lid, Head] = {}
        for row in self._all(query):
            lid = Lid(row["lid"])
            head = found.get(lid)
            base, standing = (head.base, head.standing) if head else (None, None)
            if row["used"]:
                base = to_former(row)
            elif row["current"]:
                standing = to_former(row)
            found[lid] = Head(lid, row["product_id"], row["family"], base, standing)
        return list(found.values())

    def pending(self, standing: str | None = None) -> Iterator[PendingProduct]:
        """Yield the products that do not stand in the archive yet, sorted by LID: ``staged``, ``held`` or all."""
        query = select(pending).order_by(pending.c.lid)
        if standing is not None:
            query = query.where(pending.c.standing == standing)
        for row in self._all(query):
            made = to_product(row)
            yield PendingProduct(made.record, row["standing"], made.run_id)

    def covered_spans(self, receiver: str) -> Iterator[CoveredSpan]:
        """Yield the time that each current or pending product covers, sorted by type and start."""
        states = self._delivery_states(receiver)
        columns = ("type", "product_id", "lid", "major", "minor", "start_time", "stop_time", "coverage")
        for table in (products, pending):
            query = select(*[table.c[name] for name in columns]).order_by(table.c.type, table.c.start_time)
            if table is products:
                query = query.where(products.c.current)
            else:
                query = query.add_columns(pending.c.standing)
            for row in self._stream(query):
                lidvid = Lidvid(Lid(row["lid"]), Vid(row["major"], row["minor"]))
                yield CoveredSpan(
                    row["type"],
                    row["product_id"],
                    lidvid,
                    row.get("standing", "current"),
                    row["start_time"],
                    row["stop_time"],
                    to_coverage(row["coverage"]),
                    states.get((row["lid"], row["major"], row["minor"])) if table is products else None,
                )

    def _delivery_states(self, receiver: str) -> dict[tuple[str, int, int], DeliveryState]:
        """Return the furthest state in which any delivery to a receiver has each version."""
        query = (
            select(
                delivery_members.c.lid, delivery_members.c.major, delivery_members.c.minor, deliveries.c.state
            )
            .join(deliveries, deliveries.c.delivery_id == delivery_members.c.delivery_id)
            .where(deliveries.c.receiver == receiver, deliveries.c.state != DeliveryState.DISCARDED.value)
            .distinct()
        )
        furthest: dict[tuple[str, int, int], DeliveryState] = {}
        with self._read() as connection:
            for lid, major, minor, text in connection.execute(query):
                state, before = DeliveryState(text), furthest.get((lid, major, minor))
                if before is None or FURTHEST.index(state) > FURTHEST.index(before):
                    furthest[lid, major, minor] = state
        return furthest

    def members(self, collection_lid: Lid) -> Iterator[CollectionMember]:
        """Yield the current products of a collection, sorted by LID."""
        query = (
            select(
                products.c.lid,
                products.c.major,
                products.c.minor,
                products.c.start_time,
                products.c.stop_time,
            )
            .where(products.c.current, products.c.collection_lid == str(collection_lid))
            .order_by(products.c.lid)
        )
        for row in self._stream(query):
            lidvid = Lidvid(Lid(row["lid"]), Vid(row["major"], row["minor"]))
            yield CollectionMember(lidvid, row["start_time"], row["stop_time"])

    def released_structures(self, collection_lid: Lid) -> set[str]:
        """Return the record structures of all products of a collection whose versions are used up."""
        query = (
            select(products.c.structure)
            .distinct()
            .where(products.c.collection_lid == str(collection_lid), in_delivery(products, USING))
        )
        with self._read() as connection:
            return set(connection.execute(query).scalars())

    def unreleased_structures(self, collection_lid: Lid) -> dict[str, Lid]:
        """Return the record structures of current products whose versions are not used up, each with one product."""
        query = (
            select(products.c.structure, func.min(products.c.lid).label("lid"))
            .where(
                products.c.collection_lid == str(collection_lid),
                products.c.current,
                ~in_delivery(products, USING),
            )
            .group_by(products.c.structure)
        )
        return {row["structure"]: Lid(row["lid"]) for row in self._all(query)}

    # Collections and bundles

    def current_aggregates(self) -> dict[Lid, AggregateRecord]:
        """Return the current versions of collections and bundles."""
        records = [to_aggregate(row) for row in self._all(select(aggregates).where(aggregates.c.current))]
        return {record.lidvid.lid: record for record in records}

    def aggregates_of_run(self, run_id: str) -> list[AggregateRecord]:
        """Return the current collections and bundles that a run made."""
        query = select(aggregates).where(aggregates.c.current, aggregates.c.run_id == run_id)
        return [to_aggregate(row) for row in self._all(query)]

    def aggregate_bases(self) -> dict[Lid, AggregateRecord]:
        """Return the latest versions of collections and bundles that are used up."""
        query = (
            select(aggregates)
            .where(in_delivery(aggregates, USING))
            .order_by(aggregates.c.lid, aggregates.c.major, aggregates.c.minor)
        )
        records = [to_aggregate(row) for row in self._all(query)]
        return {record.lidvid.lid: record for record in records}

    def aggregate(self, lidvid: Lidvid) -> AggregateRecord | None:
        """Return a version of a collection or bundle."""
        row = self._one(select(aggregates).where(_is_version(aggregates, lidvid)))
        return None if row is None else to_aggregate(row)

    def superseded_aggregates(self) -> list[AggregateRecord]:
        """Return the versions of collections and bundles that do not stand in the archive any more."""
        return [to_aggregate(row) for row in self._all(select(aggregates).where(~aggregates.c.current))]

    def commit_aggregates(
        self,
        run_id: str,
        records: Sequence[AggregateRecord],
        expected: Mapping[Lid, Vid | None],
        left: Collection[Lid] = (),
    ) -> None:
        """Record new versions of collections and bundles in one transaction, in place of the current ones."""
        with self._write() as connection:
            found = heads(connection, aggregates, [str(record.lidvid.lid) for record in records])
            for record in records:
                lid = record.lidvid.lid
                current = found.get(str(lid), (None, None))[1]
                if current != expected.get(lid):
                    raise CatalogConflict(
                        f"{lid}: the current version is {current}, {record.lidvid.vid} was decided from "
                        f"{expected.get(lid)}: another run got there first; run again"
                    )
            rows = [
                (record.lidvid, aggregate_to_row(record, run_id))
                for record in records
                if found.get(str(record.lidvid.lid), (None, None))[0] != record.lidvid.vid
            ]
            replace_current(connection, aggregates, rows)
            for record in records:
                if found.get(str(record.lidvid.lid), (None, None))[0] == record.lidvid.vid:
                    _return_to(connection, record.lidvid, run_id)
            for lid in left:
                _set_aside(connection, lid)

    # Adoption

    def commit_adoption(
        self,
        run_id: str,
        run_time: str,
        products: Iterable[ProductRecord],
        aggregates: Sequence[AggregateRecord],
        delivery: DeliveryRecord,
    ) -> None:
        """Take over versions that stand in the archive already, as held by an accepted delivery."""
        with self._write() as connection:
            writer = _Adoption(connection, run_id, delivery)
            writer.start()
            records = iter(products)
            while batch := list(islice(records, PAGE)):
                writer.adopt_products(batch)
            writer.adopt_aggregates(aggregates)
            writer.finish(run_time)


def _is_version(table: Table, lidvid: Lidvid) -> ColumnElement[bool]:
    vid = lidvid.vid
    return and_(table.c.lid == str(lidvid.lid), table.c.major == vid.major, table.c.minor == vid.minor)


def _set_aside(connection: Connection, lid: Lid) -> None:
    """Let a collection or bundle stand no longer; a version that no delivery holds is forgotten."""
    same = aggregates.c.lid == str(lid)
    connection.execute(aggregates.delete().where(same, ~in_delivery(aggregates, USING)))
    connection.execute(update(aggregates).where(same, aggregates.c.current).values(current=False))


def _return_to(connection: Connection, lidvid: Lidvid, run_id: str) -> None:
    """Make a used-up version current again: the later one, which no delivery holds, was not needed after all."""
    _set_aside(connection, lidvid.lid)
    connection.execute(
        update(aggregates).where(_is_version(aggregates, lidvid)).values(current=True, run_id=run_id)
    )


class _Adoption:
    """Writes an adopted bundle within one transaction."""

    def __init__(self, connection: Connection, run_id: str, delivery: DeliveryRecord) -> None:
        self.connection = connection
        self.run_id = run_id
        self.delivery = delivery
        self.taken = 0

    def start(self) -> None:
        self.connection.execute(insert(deliveries).values(**delivery_to_row(self.delivery)))

    def adopt_products(self, records: Sequence[ProductRecord]) -> None:
        rows = {
            str(record.lidvid): (record.lidvid, product_to_row(record, self.run_id)) for record in records
        }
        members = [
            member
            for record in records
            for member in (
                DeliveryMember(record.data_path, record.lidvid, record.data),
                DeliveryMember(record.label_path, record.lidvid, record.label),
            )
        ]
        self._adopt(products, rows, members)

    def adopt_aggregates(self, records: Sequence[AggregateRecord]) -> None:
        rows = {
            str(record.lidvid): (record.lidvid, aggregate_to_row(record, self.run_id)) for record in records
        }
        members = [
            member
            for record in records
            for member in (
                DeliveryMember(record.companion_path, record.lidvid, record.companion),
                DeliveryMember(record.label_path, record.lidvid, record.label),
            )
            if member.path
        ]
        self._adopt(aggregates, rows, members)

    def _adopt(
        self,
        table: Table,
        rows: Mapping[str, tuple[Lidvid, Mapping[str, Any]]],
        members: Sequence[DeliveryMember],
    ) -> None:
        present = self._present(table, rows)
        fresh = [(lidvid, row) for text, (lidvid, row) in rows.items() if text not in present]
        self._refuse_elder(table, fresh)
        replace_current(self.connection, table, [(lidvid, {**row, "current": True}) for lidvid, row in fresh])
        for text in present:
            self._complete(table, *rows[text])
        wanted = {str(lidvid) for lidvid, _ in fresh}
        chosen = [
            member_to_row(member, self.delivery.delivery_id)
            for member in members
            if str(member.lidvid) in wanted
        ]
        if chosen:
            self.connection.execute(insert(delivery_members), chosen)
        self.taken += len(fresh)

    def _complete(self, table: Table, lidvid: Lidvid, row: Mapping[str, Any]) -> None:
        """Take over the data file of a version that is here already, where it was not known before."""
        if table is products and row["data_sha256"]:
            self.connection.execute(
                update(products)
                .where(_is_version(products, lidvid), products.c.data_sha256 == "")
                .values(data_sha256=row["data_sha256"])
            )

    def _present(self, table: Table, rows: Mapping[str, tuple[Lidvid, Mapping[str, Any]]]) -> set[str]:
        """Return the versions that are here with the same bytes; refuse those that are here with others."""
        md5s = ["label_md5", "data_md5" if table is products else "companion_md5"]
        query = select(table.c.lid, table.c.major, table.c.minor, *[table.c[name] for name in md5s]).where(
            table.c.lid.in_([str(lidvid.lid) for lidvid, _ in rows.values()])
        )
        present = set()
        for found in self.connection.execute(query).mappings():
            text = f"{found['lid']}::{found['major']}.{found['minor']}"
            if text not in rows:
                continue
            for name in md5s:
                if found[name] and rows[text][1][name] and found[name] != rows[text][1][name]:
                    raise CatalogConflict(
                        f"{text} is in this catalog with {name} {found[name]}, and in the bundle to be adopted with "
                        f"{rows[text][1][name]}: one version has one content; find out which of them the archive holds"
                    )
            present.add(text)
        return present

    def _refuse_elder(self, table: Table, fresh: Sequence[tuple[Lidvid, Mapping[str, Any]]]) -> None:
        """Refuse to put an older version in the place of a newer one that is used up."""
        found = heads(self.connection, table, [str(lidvid.lid) for lidvid, _ in fresh])
        for lidvid, _ in fresh:
            base = found.get(str(lidvid.lid), (None, None))[0]
            if base is not None and base > lidvid.vid:
                raise CatalogConflict(
                    f"{lidvid} is older than {base}, which this catalog holds: adopt the bundle as it is in the archive now"
                )

    def finish(self, run_time: str) -> None:
        if not self.taken:
            self.connection.execute(
                deliveries.delete().where(deliveries.c.delivery_id == self.delivery.delivery_id)
            )
            return
        event = Event(
            "adopted",
            f"{self.taken} versions of {self.delivery.bundle_lid} adopted as they stand in the archive",
            delivery_id=self.delivery.delivery_id,
        )
        write_events(self.connection, [event], run_time, self.run_id)
