"""The database behind the catalog: opened, set up, its schema checked, its errors translated."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError

from drf_reprocess.catalog.noting import start_noting
from drf_reprocess.catalog.tables import SCHEMA_VERSION, meta, metadata
from drf_reprocess.errors import CatalogConflict, CatalogError, CatalogVersionError, ConfigurationError

BUSY_TIMEOUT_S = 30


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
        engine = create_engine(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigurationError(
            f"catalog.url = {_hide_password(url)!r} cannot be used: {error}; expected as sqlite:////path/to/catalog.sqlite"
        ) from error
    except OSError as error:
        raise CatalogError(
            f"the folder of the catalog {_hide_password(url)} cannot be made: {error}"
        ) from error
    if engine.dialect.name == "sqlite":
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


def check_schema(engine: Engine, url: str, *, create: bool) -> None:
    """Make the tables where there are none and ``create`` is on; see that their schema's version is ours."""
    with engine.connect().execution_options(writes=create) as connection, connection.begin():
        if inspect(connection).has_table(meta.name):
            version = connection.execute(select(meta.c.schema_version)).scalar_one()
            if version != SCHEMA_VERSION:
                raise CatalogVersionError(
                    f"the catalog {url} has schema version {version}, this software needs {SCHEMA_VERSION}: use the "
                    "software that wrote it, or another catalog.url"
                )
        elif create:
            metadata.create_all(connection)
            start_noting(connection)
            connection.execute(insert(meta).values(schema_version=SCHEMA_VERSION))
        else:
            raise CatalogError(f"the database {url} holds no catalog; `drf-reprocess run` makes it")


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
    except DBAPIError as error:
        raise CatalogError(
            f"the catalog {url} cannot be used: {error.orig}; see that it is a catalog, may be written, is not locked by "
            "another run, and has disk space"
        ) from error
