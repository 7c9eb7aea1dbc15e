"""The catalog's side of the journal; see `catalog.base.Catalog` for what each method promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import (
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from drf_reprocess.catalog.base import CLEAR, DEL, PUT, Change
from drf_reprocess.catalog.connection import SqlPart
from drf_reprocess.catalog.noting import JOURNALED, note_everything, start_noting, stop_noting
from drf_reprocess.catalog.tables import changes, meta
from drf_reprocess.catalog.writes import PAGE
from drf_reprocess.errors import CatalogError


class SqlJournal(SqlPart):
    """What changed, until it stands in the journal; and the way back. See `catalog.base.Catalog`."""

    def named_objects(self) -> Iterator[str]:
        """Yield the SHA-256 of every object that a row names, some more than once."""
        for table in JOURNALED:
            for column in table.columns:
                if column.name == "sha256" or column.name.endswith("_sha256"):
                    query = select(column.label("sha256")).where(column != "")
                    yield from (row["sha256"] for row in self._stream(query))

    def changes(self) -> Iterator[Change]:
        """Yield the changes that do not stand in the journal yet, in order."""
        for row in self._stream(select(changes).order_by(changes.c.position)):
            yield Change(row["position"], row["relation"], row["kind"], row["row"])

    def note_everything(self) -> None:
        """Note all rows anew, as what takes the place of every change before."""
        with self._write() as connection:
            note_everything(connection)

    def forget_changes(self, last: int) -> None:
        """Let go of the changes up to this position."""
        with self._write() as connection:
            connection.execute(update(meta).where(meta.c.written < last).values(written=last))
            connection.execute(delete(changes).where(changes.c.position <= last))

    def last_change(self) -> int:
        """Return the position of the last change that was ever made; 0 if there is none."""
        with self._read() as connection:
            noted = connection.execute(select(func.max(changes.c.position))).scalar_one()
            written = connection.execute(select(meta.c.written)).scalar_one()
            return int(noted or written)

    def replay(self, changes: Iterable[Change]) -> int:
        """Fill an empty catalog with what its journal tells, in one transaction; return the last position."""
        with self._write() as connection:
            self._require_empty(connection)
            stop_noting(connection)
            # Rows come in the order in which they were written, not always after those that they refer to.
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            last = _Replay(connection).run(changes)
            _go_on_from(connection, last)
            start_noting(connection)
        return last

    def _require_empty(self, connection: Connection) -> None:
        for table in JOURNALED:
            if connection.execute(select(literal_column("1")).select_from(table).limit(1)).first():
                raise CatalogError(
                    f"the catalog {self._url} is not empty, table {table.name} has rows: a journal can be replayed only "
                    "into an empty one"
                )

    def content(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield every row with the name of its table, in the order of tables and keys, as plain values."""
        for table in JOURNALED:
            for row in self._stream(select(table).order_by(*table.primary_key.columns)):
                yield table.name, dict(row)


def _go_on_from(connection: Connection, last: int) -> None:
    """Have the next change noted under the position after ``last``."""
    connection.execute(delete(changes))
    if last:
        connection.execute(insert(changes).values(position=last, relation="", kind=CLEAR, row={}))
        connection.execute(delete(changes))
    connection.execute(update(meta).values(written=last))


class _Replay:
    """Applies changes in order, many rows a statement."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tables = {table.name: table for table in JOURNALED}
        self._waiting: dict[tuple[Any, ...], Mapping[str, Any] | None] = {}
        """By key, the rows of one table to be put, or None where the row is to go."""
        self._table: Table | None = None

    def run(self, changes: Iterable[Change]) -> int:
        last = 0
        for change in changes:
            if change.position != last + 1 and not (last == 0 and change.kind == CLEAR):
                raise CatalogError(
                    f"change {change.position} of the journal follows change {last}: expected change {last + 1}; put the "
                    "missing part of the journal back from a copy"
                )
            self._apply(change)
            last = change.position
        self._flush()
        return last

    def _apply(self, change: Change) -> None:
        if change.kind == CLEAR:
            self._flush()
            for table in reversed(JOURNALED):
                self._connection.execute(delete(table))
            return
        table = self._known_table(change)
        if table is not self._table or len(self._waiting) >= PAGE:
            self._flush()
            self._table = table
        key = tuple(change.row[column.name] for column in table.primary_key.columns)
        self._waiting[key] = change.row if change.kind == PUT else None

    def _known_table(self, change: Change) -> Table:
        """Return the table of a change; refuse one that says more, or less, than a row of it has."""
        table = self._tables.get(change.relation)
        columns: set[str] = set()
        if table is not None and change.kind == PUT:
            columns = {column.name for column in table.columns}
        elif table is not None and change.kind == DEL:
            columns = {column.name for column in table.primary_key.columns}
        if table is None or change.row.keys() != columns:
            raise CatalogError(
                f"change {change.position} of the journal is {change.kind!r} of {change.relation!r} with "
                f"{', '.join(change.row) or 'no values'}; this software knows no such table, or other columns of it: use "
                "the software that wrote it"
            )
        return table

    def _flush(self) -> None:
        table, waiting = self._table, self._waiting
        self._waiting = {}
        if table is None or not waiting:
            return
        keys = list(table.primary_key.columns)
        named = [
            {f"key_{column.name}": part for column, part in zip(keys, key, strict=True)} for key in waiting
        ]
        this = and_(*(column == bindparam(f"key_{column.name}") for column in keys))
        self._connection.execute(delete(table).where(this), named)
        if rows := [dict(row) for row in waiting.values() if row is not None]:
            self._connection.execute(insert(table), rows)
