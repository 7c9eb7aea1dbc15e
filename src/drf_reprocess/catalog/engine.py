"""The database behind the catalog: made, opened, set up, checked, its errors translated.

A new SQLite file is made whole under another name first: what bears the catalog's name is one, or is damaged.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from drf_reprocess.catalog.checks import (
    check_file,
    check_is_catalog,
    check_pages,
    check_shape,
    damaged,
    mark_as_catalog,
)
from drf_reprocess.catalog.migrate import Premises, can_migrate, migrate, remove_file
from drf_reprocess.catalog.noting import start_noting
from drf_reprocess.catalog.tables import SCHEMA_VERSION, meta, metadata
from drf_reprocess.errors import CatalogConflict, CatalogError, CatalogVersionError, ConfigurationError

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 30

SOFT_HEAP_BYTES = 4 * 2**20
"""From here on SQLite uses its pages again, in all connections of the process together, before it asks for more memory."""

NO_PREMISES = Premises()

DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""SQLite's primary result codes for a file that is not what was written."""

DAMAGE_WORDS = ("decode to UTF-8", "no such table", "no such column")
"""What SQLite, and Python's driver, say of texts and of a schema that are not what was written."""

ADVICE = {
    sqlite3.SQLITE_READONLY: "its file and folder must be writable, also for commands that only ask",
    sqlite3.SQLITE_CANTOPEN: "its file and folder must be readable and writable, also for commands that only ask",
    sqlite3.SQLITE_PERM: "its file and folder must be writable",
    sqlite3.SQLITE_BUSY: "see that it is not locked by another run",
    sqlite3.SQLITE_LOCKED: "see that it is not locked by another run",
    sqlite3.SQLITE_FULL: "make space on its disk and run again",
    sqlite3.SQLITE_IOERR: "see that its disk works and has space",
}
"""By SQLite's primary result code, what to do."""


def catalog_exists(url: str) -> bool:
    """Tell whether there is a catalog at a database URL; only a SQLite file can be missing."""
    parsed = make_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(str(parsed.database)).is_file()


def make_engine(url: str, *, create: bool) -> Engine:
    """Return the engine of a database URL; a SQLite file's folder is made if ``create`` is on."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
            path = Path(str(parsed.database))
            if not create and not path.is_file():
                raise CatalogError(
                    f"there is no catalog at {path}: nothing has been run on this output yet; `drf-reprocess run` makes it"
                )
            path.parent.mkdir(parents=True, exist_ok=True)
        engine = _sqlite_engine(url) if parsed.get_backend_name() == "sqlite" else create_engine(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigurationError(
            f"catalog.url = {_hide_password(url)!r} cannot be used: {error}; expected as sqlite:////path/to/catalog.sqlite"
        ) from error
    except OSError as error:
        raise CatalogError(
            f"the folder of the catalog {_hide_password(url)} cannot be made: {error}"
        ) from error
    return engine


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _hide_password(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url.rpartition("@")[2]


def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
    # The driver must not open transactions by itself: `_begin_sqlite` does, at once for writing where need be.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_S * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"soft_heap_limit = {SOFT_HEAP_BYTES}",
        "secure_delete = OFF",  # some builds of SQLite write zeros over all that is deleted: a journal's worth each second
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        # A listing lives as long as a run: in a transaction it would keep the write-ahead log from being cut.
        return
    # A transaction that will write takes the lock at its start: one taken later could find its reads outdated.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def prepare(engine: Engine, url: str, *, create: bool, premises: Premises = NO_PREMISES) -> None:
    """See that there is a catalog, whole and of our schema, or make one; ``create`` says that it will be written.

    With ``create`` an older schema is migrated, and all pages of a SQLite file are read, as are the references of its rows:
    0.4 s for 65,000 products. What is written into a damaged catalog could be lost with it.
    """
    if engine.dialect.name != "sqlite":
        _prepare_server(engine, url, create=create)
        return
    path = sqlite_file(engine)
    if path is None:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            make_tables(connection)
        return
    if not path.exists():
        _make_file(path)
    check_file(path, url)
    version = _look(path, url)
    with engine.connect() as connection:
        _check_log(connection, url)
    if version != SCHEMA_VERSION:
        if not create or not can_migrate(version):
            raise _other_version(url, version)
        migrate(engine, url, premises)
        return
    with engine.connect() as connection, connection.begin():
        check_shape(connection, url)
        if create:
            check_pages(connection, url)


def sqlite_file(engine: Engine) -> Path | None:
    """Return the file of a SQLite database; None if it lives in memory."""
    name = engine.url.database
    return None if name in (None, "", ":memory:") else Path(str(name))


def make_tables(connection: Connection) -> None:
    """Make the tables of an empty catalog."""
    metadata.create_all(connection)
    connection.execute(insert(meta).values(schema_version=SCHEMA_VERSION))
    if connection.dialect.name == "sqlite":
        start_noting(connection)
        mark_as_catalog(connection)


def _prepare_server(engine: Engine, url: str, *, create: bool) -> None:
    with engine.connect().execution_options(writes=create) as connection, connection.begin():
        if inspect(connection).has_table(meta.name):
            version = connection.execute(select(meta.c.schema_version)).scalar_one()
            if version != SCHEMA_VERSION:
                raise _other_version(url, version)
        elif create:
            make_tables(connection)
        else:
            raise CatalogError(f"the database {url} holds no catalog; `drf-reprocess run` makes it")


def _make_file(path: Path) -> None:
    """Make an empty catalog under another name, and give it its own when it is whole and durable."""
    new = path.with_name(f"{path.name}.new")
    remove_file(new)
    engine = _sqlite_engine(f"sqlite:///{new}")
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            make_tables(connection)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # A write-ahead log would keep the other name: on a full disk, what stands in it alone would be lost.
            mode = connection.exec_driver_sql("PRAGMA journal_mode = DELETE").scalar_one()
            if mode != "delete":
                raise OSError(errno.EIO, f"its pages cannot be written: journal_mode stays {mode}", str(new))
    finally:
        engine.dispose()
    new.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _look(path: Path, url: str) -> int:
    """Return the schema version of a SQLite catalog, through a connection that sets nothing up: it may be no catalog."""
    looking = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": BUSY_TIMEOUT_S})
    with looking.connect() as connection:
        return check_is_catalog(connection, url)


def _check_log(connection: Connection, url: str) -> None:
    mode = str(connection.connection.driver_connection.execute("PRAGMA journal_mode").fetchone()[0])  # type: ignore[union-attr]
    if mode != "wal":
        logger.warning(
            "the catalog %s has no write-ahead log but journal_mode %s, as on a network file system: nothing is lost, but "
            "commands that ask wait for a run that writes",
            url,
            mode,
        )


def _other_version(url: str, version: int) -> CatalogVersionError:
    if can_migrate(version):
        return CatalogVersionError(
            f"the catalog {url} has schema version {version}, this software needs {SCHEMA_VERSION}: `drf-reprocess catalog "
            "migrate` brings it there and keeps a copy, as the next `drf-reprocess run` does"
        )
    return CatalogVersionError(
        f"the catalog {url} has schema version {version}, this software needs {SCHEMA_VERSION}: use the software that wrote "
        "it, or another catalog.url"
    )


@contextlib.contextmanager
def translated(url: str) -> Iterator[None]:
    """Translate the database's errors, once, at the edge."""
    try:
        yield
    except IntegrityError as error:
        raise CatalogConflict(
            f"the catalog {url} refused a row that is there already with other content: {error.orig}; another run may "
            "be at work on this output"
        ) from error
    except (DBAPIError, sqlite3.Error) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        # These have no code of their own.
        if code in DAMAGED or any(words in str(original) for words in DAMAGE_WORDS):
            raise damaged(url, str(original)) from error
        advice = ADVICE.get(
            code,
            "see that it is a catalog, may be written, is not locked by another run, and has disk space",
        )
        raise CatalogError(f"the catalog {url} cannot be used: {original}; {advice}") from error
