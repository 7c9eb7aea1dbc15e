"""Every change of a row, noted in the transaction that makes it: triggers write the table ``changes``.

So no write can forget it. The driver moves the changes to the journal in the output, from which the catalog can be made again.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import JSON, Connection, Table, insert

from drf_reprocess.catalog.base import CLEAR, DEL, PUT
from drf_reprocess.catalog.tables import changes, meta, metadata, packed

NOT_JOURNALED = {meta.name, changes.name, packed.name}

JOURNALED: tuple[Table, ...] = tuple(
    table for table in metadata.sorted_tables if table.name not in NOT_JOURNALED
)
"""All tables whose rows are the catalog's content; a table comes after those that it refers to."""


def _row_json(table: Table, prefix: str = "", *, key_only: bool = False) -> str:
    """Return the SQL of a row as one JSON object, of all its columns or those of its key."""
    columns = table.primary_key.columns if key_only else table.columns
    pairs = []
    for column in columns:
        value = f'{prefix}"{column.name}"'
        pairs.append(f"'{column.name}', " + (f"json({value})" if isinstance(column.type, JSON) else value))
    return f"json_object({', '.join(pairs)})"


def _triggers(table: Table) -> Iterator[tuple[str, str]]:
    """Yield name and definition of the triggers that note a table's changes (SQLite)."""
    for event, kind, row in (
        ("INSERT", PUT, _row_json(table, "NEW.")),
        ("UPDATE", PUT, _row_json(table, "NEW.")),
        ("DELETE", DEL, _row_json(table, "OLD.", key_only=True)),
    ):
        name = f"note_{event.lower()}_{table.name}"
        yield (
            name,
            f'CREATE TRIGGER {name} AFTER {event} ON "{table.name}" BEGIN '
            f"INSERT INTO changes (relation, kind, row) VALUES ('{table.name}', '{kind}', {row}); END",
        )


def start_noting(connection: Connection) -> None:
    """Have every change of a row noted from now on."""
    for table in JOURNALED:
        for _, definition in _triggers(table):
            connection.exec_driver_sql(definition)


def stop_noting(connection: Connection) -> None:
    """Have changes noted no longer, until `start_noting`."""
    for table in JOURNALED:
        for name, _ in _triggers(table):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")


def note_everything(connection: Connection) -> None:
    """Note the whole content, as what takes the place of everything noted before: after a migration."""
    connection.execute(insert(changes).values(relation="", kind=CLEAR, row={}))
    for table in JOURNALED:
        keys = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
        connection.exec_driver_sql(
            f"INSERT INTO changes (relation, kind, row) SELECT '{table.name}', '{PUT}', {_row_json(table)} "
            f'FROM "{table.name}" ORDER BY {keys}'
        )
