"""Dispositions and events in the SQL catalog; see `catalog.base.Catalog` for what each method promises."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, insert, or_, select

from drf_reprocess.catalog.base import EventRow
from drf_reprocess.catalog.connection import SqlPart
from drf_reprocess.catalog.rows import disposition_to_row, to_disposition, to_event
from drf_reprocess.catalog.tables import dispositions, events, sources
from drf_reprocess.catalog.writes import write_events
from drf_reprocess.errors import CatalogError
from drf_reprocess.identifiers import Lid
from drf_reprocess.model import Disposition, Event


class SqlLedger(SqlPart):
    """What persons decided, and what happened, in order."""

    def dispositions(self) -> list[Disposition]:
        """Return the dispositions in force, oldest first."""
        query = select(dispositions).order_by(dispositions.c.when, dispositions.c.position)
        return [to_disposition(row) for row in self._all(query)]

    def dispositions_of(self, families: Collection[str]) -> dict[str, tuple[Disposition, ...]]:
        """Return the dispositions in force on files of these families, oldest first."""
        query = (
            select(dispositions)
            .where(dispositions.c.family.in_(list(families)))
            .order_by(dispositions.c.when, dispositions.c.position)
        )
        return _by_family([to_disposition(row) for row in self._all(query)])

    def ruled_families(self) -> dict[str, tuple[Disposition, ...]]:
        """Return all families with dispositions in force, and these."""
        return _by_family(self.dispositions())

    def commit_dispositions(self, dispositions: Sequence[Disposition], at: str) -> int:
        """Put dispositions in force and return how many were not before; each leaves an event."""
        added = 0
        with self._write() as connection:
            for disposition in dispositions:
                added += _put_in_force(connection, disposition, at)
        return added

    def withdraw_disposition(self, disposition_id: str, who: str, at: str, reason: str) -> None:
        """Take a disposition out of force; the event of its withdrawal stays."""
        with self._write() as connection:
            this = dispositions.c.disposition_id == disposition_id
            row = connection.execute(select(dispositions).where(this)).mappings().one_or_none()
            if row is None:
                raise CatalogError(f"there is no disposition {disposition_id} in force; `disposition list`")
            connection.execute(delete(dispositions).where(this))
            event = Event(
                "disposed",
                f"{row['source_name']}: {row['action']} ({disposition_id}) withdrawn by {who}: {reason}",
                product_id=row["product_id"],
            )
            write_events(connection, [event], at, "")

    def add_events(self, events: Sequence[Event], at: str, run_id: str = "") -> None:
        """Append to the ledger."""
        with self._write() as connection:
            write_events(connection, events, at, run_id)

    def events(
        self, *, lid: Lid | None = None, product_id: str | None = None, delivery_id: str | None = None
    ) -> list[EventRow]:
        """Return what the ledger tells of a product or a delivery, in order."""
        conditions = [
            column == str(value)
            for column, value in (
                (events.c.lid, lid),
                (events.c.product_id, product_id),
                (events.c.delivery_id, delivery_id),
            )
            if value is not None
        ]
        query = select(events).where(or_(*conditions)).order_by(events.c.position)
        return [to_event(row) for row in self._all(query)]


def _by_family(found: Sequence[Disposition]) -> dict[str, tuple[Disposition, ...]]:
    grouped: dict[str, tuple[Disposition, ...]] = {}
    for disposition in found:
        grouped[disposition.family] = (*grouped.get(disposition.family, ()), disposition)
    return grouped


def _put_in_force(connection: Connection, disposition: Disposition, at: str) -> bool:
    this = dispositions.c.disposition_id == disposition.disposition_id
    if connection.execute(select(dispositions.c.position).where(this)).first() is not None:
        return False
    if not disposition.family:
        family = connection.execute(
            select(sources.c.family).where(sources.c.product_id == disposition.product_id).limit(1)
        ).scalar_one_or_none()
        disposition = replace(disposition, family=family or "")
    connection.execute(insert(dispositions).values(**disposition_to_row(disposition)))
    event = Event(
        "disposed",
        f"{disposition.source_name}: {disposition.action} ({disposition.disposition_id}) by {disposition.who} on "
        f"{disposition.when}: {disposition.reason}",
        product_id=disposition.product_id,
        source=disposition.source_name,
    )
    write_events(connection, [event], at, "")
    return True
