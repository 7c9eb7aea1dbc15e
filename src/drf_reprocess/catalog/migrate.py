"""A catalog of an older schema made one of ours, in one transaction, with a copy of the old file kept beside it.

Every row is carried over. What an older schema did not know is filled with what is true, or with what makes the next run
look again; that run then finds the same content, and every version stays:

======  ==============================================================================================================
schema  what it lacked, and what stands there now
======  ==============================================================================================================
1       families: told by the names of files. Fingerprints were of another kind: empty, so that each file is read once
        more. Record structure, coverage: empty, until then. Receiver of deliveries: the one that is configured; releases,
        dispositions, events: none. A delivery that failed its proof is discarded, as its content was delivered anew.
2       keys of findings: numbered as they were written. Some catalogs lack the MD5 of released bundles: empty.
======  ==============================================================================================================

The whole content is then noted as changes, so that the journal tells it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, update

from drf_reprocess.catalog.checks import (
    check_is_catalog,
    check_pages,
    check_references,
    check_shape,
    damaged,
    mark_as_catalog,
)
from drf_reprocess.catalog.noting import note_everything, start_noting
from drf_reprocess.catalog.tables import SCHEMA_VERSION, meta, metadata

logger = logging.getLogger(__name__)

OLDEST = 1
"""The first schema that is understood."""

NEW_TABLES = {
    1: {"pending", "releases", "dispositions", "events", "changes", "packed"},
    2: {"changes", "packed"},
}
"""By schema version, the tables that it did not have."""

FILLED = {
    "meta": {"written": "0"},
    "sources": {
        "family": "CASE type WHEN '' THEN '' ELSE family_of(name) END",
        "rulings": "''",
        "covered_by": "''",
    },
    "products": {
        "family": "family_of(source_name)",
        "structure": "''",
        "coverage": "'[]'",
        "campaign": "''",
        "adopted": "0",
    },
    "releases": {"bundle_md5": "''"},
    "deliveries": {"receiver": "receiver_of_old()", "release_id": "''"},
}
"""By table and column, the SQL of what stands in a column that the old table does not have."""

CHANGED = {
    1: {
        "sources": {"fingerprint": "''"},
        "deliveries": {"state": "CASE state WHEN 'failed' THEN 'discarded' ELSE state END"},
        "runs": {"summary": "nullif(summary, 'null')"},
    },
    2: {"runs": {"summary": "nullif(summary, 'null')"}},
}
"""By schema version, table and column, the SQL of a value that is told otherwise now."""

NUMBERED = {"findings": "position"}
"""Keys that an old table did not have: rows are numbered in the order in which they were written."""


def no_family(_name: str) -> str:
    """Return no family: the next run finds it."""
    return ""


@dataclass(frozen=True, slots=True)
class Premises:
    """What rows of older schemas do not tell, and whoever opens the catalog knows."""

    family_of: Callable[[str], str] = no_family
    """By the name of a received file, the key of all files of its type and day span; empty if its name tells none."""
    receiver: str = "pds"
    """To whom all deliveries went before there were several."""


def can_migrate(version: int) -> bool:
    """Tell whether a schema version is one that `migrate` understands."""
    return OLDEST <= version < SCHEMA_VERSION


def copy_path(path: Path, version: int) -> Path:
    """Return where the catalog of an older schema is kept."""
    return path.with_name(f"{path.name}.schema-{version}")


def migrate(engine: Engine, url: str, premises: Premises) -> None:
    """Bring a SQLite catalog to the schema of today, in one transaction: whatever interrupts it, the old one stands.

    Raises
    ------
    CatalogDamaged
        If the old catalog is not whole, or not what its version says; then it is left as it is.
    """
    path = Path(str(engine.url.database))
    with _without_references(engine, premises) as connection, connection.begin():
        version = check_is_catalog(connection, url)
        if not can_migrate(version):  # another process did it meanwhile
            return
        check_pages(connection, url)
        kept = copy_path(path, version)
        _copy(path, kept)
        _carry_over(connection, version, url)
        mark_as_catalog(connection)
        check_references(connection, url)
        check_shape(connection, url)
    logger.warning(
        "the catalog %s was brought from schema %d to %d; the old one is kept as %s",
        url,
        version,
        SCHEMA_VERSION,
        kept,
    )


@contextlib.contextmanager
def _without_references(engine: Engine, premises: Premises) -> Iterator[Connection]:
    """Give a connection that writes, on which tables can be dropped although rows refer to them."""
    with engine.connect().execution_options(writes=True) as connection:
        driver: Any = connection.connection.driver_connection
        driver.create_function("family_of", 1, premises.family_of)
        driver.create_function("receiver_of_old", 0, lambda: premises.receiver)
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            yield connection
        finally:
            driver.execute("PRAGMA foreign_keys = ON")


def _copy(path: Path, target: Path) -> None:
    """Copy a database as it stands committed, under a temporary name until it is whole and durable."""
    partial = target.with_name(f"{target.name}.partial")
    remove_file(partial)
    with (
        contextlib.closing(sqlite3.connect(path)) as source,
        contextlib.closing(sqlite3.connect(partial)) as copy,
    ):
        source.backup(copy)
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(target)


def remove_file(path: Path) -> None:
    """Remove a database that was not finished, and what SQLite has beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _carry_over(connection: Connection, version: int, url: str) -> None:
    """Put all rows into tables as they are made today."""
    old = _set_old_aside(connection, version, url)
    metadata.create_all(connection)
    for table in metadata.sorted_tables:
        if table.name in old:
            _copy_rows(connection, table, version, url)
    for name in old:
        connection.exec_driver_sql(f'DROP TABLE "old_{name}"')
    connection.execute(update(meta).values(schema_version=SCHEMA_VERSION))
    start_noting(connection)
    note_everything(connection)


def _set_old_aside(connection: Connection, version: int, url: str) -> list[str]:
    """Rename the old tables and drop their indexes, whose names the new ones take; return the tables' names."""
    found = connection.exec_driver_sql(
        "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    ).all()
    tables = sorted(name for kind, name in found if kind == "table")
    wanted = {table.name for table in metadata.sorted_tables} - NEW_TABLES[version]
    if set(tables) != wanted:
        raise damaged(
            url,
            f"expected tables {', '.join(sorted(wanted))} of schema {version}, got {', '.join(tables)}",
        )
    for kind, name in found:
        if kind != "table":
            connection.exec_driver_sql(f'DROP {kind} "{name}"')
    for name in tables:
        connection.exec_driver_sql(f'ALTER TABLE "{name}" RENAME TO "old_{name}"')
    return tables


def _copy_rows(connection: Connection, table: Table, version: int, url: str) -> None:
    had = set(
        connection.exec_driver_sql("SELECT name FROM pragma_table_info(?)", (f"old_{table.name}",)).scalars()
    )
    changed = CHANGED[version].get(table.name, {})
    filled = FILLED.get(table.name, {})
    chosen = {}
    for column in (column.name for column in table.columns):
        if column in had:
            chosen[column] = changed.get(column, f'"{column}"')
        elif column in filled:
            chosen[column] = filled[column]
        elif NUMBERED.get(table.name) != column:
            raise damaged(url, f"table {table.name} of schema {version} has no column {column}")
    columns = ", ".join(f'"{column}"' for column in chosen)
    connection.exec_driver_sql(
        f'INSERT INTO "{table.name}" ({columns}) SELECT {", ".join(chosen.values())} FROM "old_{table.name}" ORDER BY rowid'
    )
