"""Releases and deliveries in the SQL catalog; see `catalog.base.Catalog` for what each method promises."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, select, update

from drf_reprocess.catalog.connection import SqlPart
from drf_reprocess.catalog.rows import (
    aggregate_to_deliverable,
    delivery_to_row,
    member_to_row,
    product_to_deliverable,
    release_to_row,
    to_delivery,
    to_member,
    to_packed,
    to_release,
)
from drf_reprocess.catalog.tables import aggregates, deliveries, delivery_members, packed, products, releases
from drf_reprocess.catalog.writes import LIVE, PAGE, check_delivered_once, in_delivery, write_events
from drf_reprocess.errors import CatalogConflict, CatalogError
from drf_reprocess.identifiers import Lid, Vid
from drf_reprocess.model import (
    Deliverable,
    DeliveryMember,
    DeliveryRecord,
    DeliveryState,
    Event,
    PackedMember,
    ReleaseRecord,
)

UNPROVED = (DeliveryState.PLANNED.value, DeliveryState.PACKED.value)


class SqlDeliveries(SqlPart):
    """The ledger of what each receiver has, or will get."""

    def commit_release(self, record: ReleaseRecord) -> None:
        """Record a release; that of the same number, if it was cut off, is replaced."""
        with self._write() as connection:
            connection.execute(
                delete(releases).where(
                    releases.c.bundle_lid == str(record.bundle_lid), releases.c.number == record.number
                )
            )
            connection.execute(insert(releases).values(**release_to_row(record)))

    def releases(self) -> list[ReleaseRecord]:
        """Return all releases by bundle and number."""
        query = select(releases).order_by(releases.c.bundle_lid, releases.c.number)
        return [to_release(row) for row in self._all(query)]

    def next_release_number(self, bundle_lid: Lid) -> int:
        """Return the number of the release after the last one that has deliveries."""
        # Nobody has seen a release that was discarded whole: labels would count it without need.
        given_up = (*UNPROVED, DeliveryState.DISCARDED.value)
        held = (
            select(deliveries.c.release_id)
            .where(deliveries.c.release_id == releases.c.release_id, deliveries.c.state.not_in(given_up))
            .exists()
        )
        query = select(func.coalesce(func.max(releases.c.number), 0) + 1).where(
            releases.c.bundle_lid == str(bundle_lid), held
        )
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def acknowledge_review(self, release_id: str, at: str, words: str) -> None:
        """Record that a release was reviewed; ``words`` tell who, when and why."""
        with self._write() as connection:
            done = connection.execute(
                update(releases).where(releases.c.release_id == release_id).values(acknowledged=words)
            )
            if done.rowcount != 1:
                raise CatalogError(f"there is no release {release_id}")
            write_events(connection, [Event("review", f"{release_id}: {words}")], at, "")

    def undelivered_days(self, bundle_lid: Lid, receiver: str) -> list[str]:
        """Return the days (YYYY-MM-DD, sorted) of current products that are in no live delivery to the receiver."""
        query = (
            select(products.c.day.label("day"))
            .distinct()
            .where(_is_undelivered(products, bundle_lid, receiver), products.c.data_sha256 != "")
            .order_by(products.c.day)
        )
        return [row["day"] for row in self._all(query)]

    def undelivered_products(
        self, bundle_lid: Lid, receiver: str, first: str, last: str
    ) -> list[Deliverable]:
        """Return current products of these days that are in no live delivery to the receiver, sorted by path."""
        query = (
            select(products)
            .where(
                _is_undelivered(products, bundle_lid, receiver),
                products.c.data_sha256 != "",
                products.c.day.between(first, last),
            )
            .order_by(products.c.data_path)
        )
        return [product_to_deliverable(row) for row in self._stream(query)]

    def undelivered_aggregates(self, bundle_lid: Lid, receiver: str) -> list[Deliverable]:
        """Return current collections and the bundle that are in no live delivery to the receiver."""
        query = (
            select(aggregates)
            .where(_is_undelivered(aggregates, bundle_lid, receiver), aggregates.c.companion_sha256 != "")
            .order_by(aggregates.c.lid)
        )
        return [aggregate_to_deliverable(row) for row in self._all(query)]

    def has_file(self, receiver: str, lid: Lid, md5: str, *, but: str = "") -> bool:
        """Tell whether a live delivery to the receiver, other than ``but``, holds a file of a product with this MD5."""
        query = (
            select(delivery_members.c.path)
            .join(deliveries, deliveries.c.delivery_id == delivery_members.c.delivery_id)
            .where(
                delivery_members.c.lid == str(lid),
                delivery_members.c.file_md5 == md5,
                deliveries.c.receiver == receiver,
                deliveries.c.delivery_id != but,
                deliveries.c.state.in_(LIVE),
            )
            .limit(1)
        )
        return bool(self._all(query))

    def packed_members(self, packing: str, files: Collection[tuple[str, str]]) -> list[PackedMember]:
        """Return those of some files, given by path and SHA-256, that are compressed already in this way."""
        wanted = dict(files)
        paths = list(wanted)
        found = []
        for start in range(0, len(paths), PAGE):
            query = select(packed).where(
                packed.c.path.in_(paths[start : start + PAGE]), packed.c.packing == packing
            )
            found += [to_packed(row) for row in self._all(query) if row["sha256"] == wanted[row["path"]]]
        return found

    def packed_segments(self) -> set[str]:
        """Return the keys of the objects that hold compressed files."""
        with self._read() as connection:
            return set(connection.execute(select(packed.c.segment).distinct()).scalars())

    def forget_packed(self) -> None:
        """Forget all compressed files."""
        with self._write() as connection:
            connection.execute(delete(packed))

    def next_delivery_number(self, bundle_lid: Lid) -> int:
        """Return a number that no delivery of the bundle had yet."""
        query = select(func.coalesce(func.max(deliveries.c.number), 0) + 1).where(
            deliveries.c.bundle_lid == str(bundle_lid)
        )
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def commit_delivery(self, record: DeliveryRecord, members: Sequence[DeliveryMember]) -> None:
        """Record a delivery and its files in one transaction."""
        with self._write() as connection:
            connection.execute(insert(deliveries).values(**delivery_to_row(record)))
            for start in range(0, len(members), PAGE):
                page = members[start : start + PAGE]
                connection.execute(
                    insert(delivery_members), [member_to_row(member, record.delivery_id) for member in page]
                )
            if record.state.value in LIVE:
                check_delivered_once(connection, record.delivery_id)

    def complete_delivery(self, record: DeliveryRecord) -> None:
        """Record that a planned delivery is packed, with the size and digest of its package."""
        with self._write() as connection:
            done = connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.delivery_id == record.delivery_id,
                    deliveries.c.state == DeliveryState.PLANNED.value,
                )
                .values(**delivery_to_row(record) | {"state": DeliveryState.PACKED.value})
            )
            if done.rowcount != 1:
                raise _not_there(record.delivery_id, [DeliveryState.PLANNED], "packed")

    def move_delivery(
        self, delivery_id: str, expected: Collection[DeliveryState], new: DeliveryState, at: str, words: str
    ) -> None:
        """Move a delivery to another state, with an event that tells why."""
        with self._write() as connection:
            moved = connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.delivery_id == delivery_id,
                    deliveries.c.state.in_([state.value for state in expected]),
                )
                .values(state=new.value)
            )
            if moved.rowcount != 1:
                raise _not_there(delivery_id, expected, str(new))
            if new.value in LIVE:
                check_delivered_once(connection, delivery_id)
            message = f"{delivery_id} is {new}" + (f": {words}" if words else "")
            write_events(connection, [Event("delivery", message, delivery_id=delivery_id)], at, "")

    def forget_delivery(self, delivery_id: str) -> None:
        """Forget a delivery that was never proved; ``CatalogConflict`` if it is in another state."""
        with self._write() as connection:
            connection.execute(delete(delivery_members).where(delivery_members.c.delivery_id == delivery_id))
            forgotten = connection.execute(
                delete(deliveries).where(
                    deliveries.c.delivery_id == delivery_id, deliveries.c.state.in_(UNPROVED)
                )
            )
            if forgotten.rowcount != 1:
                raise _not_there(delivery_id, [DeliveryState.PLANNED, DeliveryState.PACKED], "forgotten")

    def deliveries(self, *, run_id: str | None = None) -> list[DeliveryRecord]:
        """Return deliveries in the order of their making, adoptions among them."""
        query = select(deliveries).order_by(deliveries.c.bundle_lid, deliveries.c.number)
        if run_id is not None:
            query = query.where(deliveries.c.run_id == run_id)
        return [to_delivery(row) for row in self._all(query)]

    def delivery_members(self, delivery_id: str) -> list[DeliveryMember]:
        """Return the files of a delivery, sorted by path."""
        query = (
            select(delivery_members)
            .where(delivery_members.c.delivery_id == delivery_id)
            .order_by(delivery_members.c.path)
        )
        return [to_member(row) for row in self._stream(query)]

    def labels_alone(self, delivery_id: str) -> list[tuple[Lid, str, str]]:
        """Return the products of which a delivery holds the label without its data file: LID, MD5 and path of the file."""
        mine = delivery_members.c.delivery_id == delivery_id
        with_data = select(delivery_members.c.path).where(mine)
        query = (
            select(products.c.lid, products.c.data_md5, products.c.data_path)
            .join(
                delivery_members,
                (delivery_members.c.lid == products.c.lid)
                & (delivery_members.c.major == products.c.major)
                & (delivery_members.c.minor == products.c.minor),
            )
            .where(
                mine,
                delivery_members.c.path == products.c.label_path,
                products.c.data_path.not_in(with_data),
            )
        )
        return [(Lid(row["lid"]), row["data_md5"], row["data_path"]) for row in self._all(query)]

    def delivered_in(self, lid: Lid) -> list[tuple[DeliveryRecord, Vid]]:
        """Return the deliveries that hold or held a product, each with the version in it."""
        held = (
            select(delivery_members.c.delivery_id, delivery_members.c.major, delivery_members.c.minor)
            .where(delivery_members.c.lid == str(lid))
            .distinct()
            .subquery()
        )
        query = (
            select(deliveries, held.c.major, held.c.minor)
            .join(held, held.c.delivery_id == deliveries.c.delivery_id)
            .order_by(deliveries.c.number)
        )
        return [(to_delivery(row), Vid(row["major"], row["minor"])) for row in self._all(query)]


def _is_undelivered(table: Table, bundle_lid: Lid, receiver: str) -> ColumnElement[bool]:
    return and_(table.c.current, table.c.bundle_lid == str(bundle_lid), ~in_delivery(table, LIVE, receiver))


def _not_there(delivery_id: str, expected: Collection[DeliveryState], new: str) -> CatalogConflict:
    return CatalogConflict(
        f"delivery {delivery_id} is not in state {' or '.join(expected)}: it cannot become {new}; look at `delivery list`, "
        "and whether another run is at work on this output"
    )
