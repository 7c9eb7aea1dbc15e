"""Whether a SQLite file is a catalog, and one that is whole: looked at when it is opened.

Three things are told apart: a database of somebody else, which is left alone; a file, or a schema, that is not what was
written (`CatalogDamaged`); and a catalog of another version of the schema, which is `migrate`'s or a newer program's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine

from drf_reprocess.catalog.noting import start_noting
from drf_reprocess.catalog.tables import meta, metadata
from drf_reprocess.errors import CatalogDamaged, CatalogError

APPLICATION_ID = 0x44524643
"""``DRFC``, in the header of every catalog since schema 3: `file` and SQLite's ``PRAGMA application_id`` tell it."""

FIRST_WITH_ID = 3
"""Schema version since which catalogs have that id."""

REMEDY = "put it back from a copy, or make it again with `drf-reprocess catalog rebuild`"

TELLTALE = {"meta", "runs", "sources", "products"}
"""Tables that every catalog has had: a database with these was one, whatever its header says."""

MAGIC = b"SQLite format 3\0"

HEADER_BYTES = 100

SHOWN = 5
"""So many differences are named, at most."""

Shape = dict[str, tuple[Any, ...]]
"""By name of a table, index or trigger, all that must not differ."""


def damaged(url: str, what: str) -> CatalogDamaged:
    """Return the error that tells what is wrong with a catalog, and the way out."""
    return CatalogDamaged(f"the catalog {url} is damaged: {what}; {REMEDY}")


def check_file(path: Path, url: str) -> None:
    """Refuse a file that is no database, or an empty one: SQLite would begin it anew, and versions would be given again."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except OSError as error:
        raise CatalogError(
            f"the catalog {url} cannot be read: {error}; give this user the right to"
        ) from error
    if not header:
        raise damaged(url, "its file is empty")
    if not header.startswith(MAGIC) or len(header) < HEADER_BYTES:
        raise damaged(url, f"expected a file that begins with {MAGIC!r}, got {header[: len(MAGIC)]!r}")
    # Of another format SQLite says that the file is read-only, which would send people the wrong way.
    formats = header[18], header[19], int.from_bytes(header[44:48], "big")
    if not (formats[0] in (1, 2) and formats[1] in (1, 2) and 1 <= formats[2] <= 4):
        raise damaged(url, f"its header tells formats {formats}, which SQLite does not have")


def check_is_catalog(connection: Connection, url: str) -> int:
    """Return the schema version of a catalog; refuse a database that is none.

    Raises
    ------
    CatalogError
        If it is the database of another program.
    CatalogDamaged
        If it was a catalog.
    """
    found = int(connection.exec_driver_sql("PRAGMA application_id").scalar_one())
    names = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if found != APPLICATION_ID and not names >= TELLTALE:
        raise CatalogError(
            f"the database {url} holds no catalog: expected application id {APPLICATION_ID:#010x}, got {found:#010x}, and "
            f"tables {', '.join(sorted(map(str, names))) or '(none)'}; see that catalog.url is right, or {REMEDY}"
        )
    if meta.name not in names:
        raise damaged(url, f"its table {meta.name} is missing")
    versions = connection.exec_driver_sql(f"SELECT schema_version FROM {meta.name}").scalars().all()
    if len(versions) != 1 or not isinstance(versions[0], int):
        raise damaged(url, f"its table {meta.name} tells schema versions {versions}, expected one number")
    if found != (APPLICATION_ID if versions[0] >= FIRST_WITH_ID else 0):
        raise damaged(url, f"its header tells application id {found:#010x} with schema {versions[0]}")
    return versions[0]


def mark_as_catalog(connection: Connection) -> None:
    """Write our id into the database's header."""
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def check_shape(connection: Connection, url: str) -> None:
    """Refuse a catalog whose tables, columns, indexes or triggers are not those of its version."""
    if differences := shape_differences(connection):
        shown = "; ".join(differences[:SHOWN])
        more = f"; and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
        raise damaged(url, f"its schema is not that of its version: {shown}{more}")


def shape_differences(connection: Connection) -> list[str]:
    """Name all in which a database's tables, indexes and triggers differ from those of a new catalog."""
    expected, found = _fresh_shape(), _shape(connection)
    return [
        *(f"{name} is missing" for name in sorted(expected.keys() - found.keys())),
        *(f"{name} is none of a catalog's" for name in sorted(found.keys() - expected.keys())),
        *(
            difference
            for name in sorted(expected.keys() & found.keys())
            for difference in _part_differences(name, expected[name], found[name])
        ),
    ]


def _part_differences(name: str, expected: tuple[Any, ...], found: tuple[Any, ...]) -> list[str]:
    lacking = [part for part in expected if part not in found]
    strange = [part for part in found if part not in expected]
    if not lacking and not strange and expected == found:
        return []
    return [f"{name}: expected {_words(lacking or expected)}, got {_words(strange or found)}"]


def _words(parts: list[Any] | tuple[Any, ...]) -> str:
    return ", ".join(" ".join(map(str, part)) if isinstance(part, tuple) else str(part) for part in parts)


@lru_cache(maxsize=1)
def _fresh_shape() -> Shape:
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            start_noting(connection)
            return _shape(connection)
    finally:
        engine.dispose()


def _shape(connection: Connection) -> Shape:
    """Return tables by columns and references, indexes by columns, triggers by text: whatever wrote them, and how."""
    shape: Shape = {}
    for kind, name, table, sql in connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    ).all():
        if kind == "table":
            shape[f"table {name}"] = _table_shape(connection, name)
        elif kind == "index":
            shape[f"index {name}"] = (f"on {table}", *_index_shape(connection, name, sql))
        else:
            shape[f"{kind} {name}"] = (f"on {table}", _one_space(sql))
    return shape


def _table_shape(connection: Connection, table: str) -> tuple[Any, ...]:
    columns = connection.exec_driver_sql(
        "SELECT name, type, \"notnull\", coalesce(dflt_value, '-'), pk FROM pragma_table_info(?) ORDER BY cid",
        (table,),
    ).all()
    references = connection.exec_driver_sql(
        'SELECT "from", \'refers to\', "table", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq',
        (table,),
    ).all()
    # Indexes that SQLite makes of UNIQUE and PRIMARY KEY have names that do not matter.
    constraints = sorted(
        (origin, *_index_shape(connection, name, ""))
        for name, origin in connection.exec_driver_sql(
            "SELECT name, origin FROM pragma_index_list(?) WHERE origin != 'c'", (table,)
        ).all()
    )
    return (*map(tuple, columns), *map(tuple, references), *constraints)


def _index_shape(connection: Connection, name: str, sql: str | None) -> tuple[str, ...]:
    columns = connection.exec_driver_sql(
        "SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,)
    ).scalars()
    words = _one_space(sql or "")
    unique = "unique" if words.upper().startswith("CREATE UNIQUE") else "plain"
    _, _, condition = words.partition(" WHERE ")
    return (unique, *map(str, columns), condition)


def _one_space(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip()


def check_pages(connection: Connection, url: str) -> None:
    """Read the whole database: its pages, whether indexes have their rows, and what its rows refer to.

    Raises
    ------
    CatalogDamaged
        Naming the first things that are wrong.
    """
    # SQLite's quick check leaves out whether indexes and rows agree, and takes half the time.
    found = connection.exec_driver_sql(f"PRAGMA integrity_check({SHOWN})").scalars().all()
    if list(found) != ["ok"]:
        raise damaged(url, "; ".join(_one_space(str(line)) for line in found))
    check_references(connection, url)


def check_references(connection: Connection, url: str) -> None:
    """Refuse a catalog with rows that refer to rows that are not there."""
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if orphans:
        shown = ", ".join(f"row {row[1]} of {row[0]} refers to no row of {row[2]}" for row in orphans[:SHOWN])
        raise damaged(url, f"{len(orphans)} rows refer to rows that are not there: {shown}")
