"""The catalog in an SQL database: SQLite here, written so that PostgreSQL needs another URL and no other code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Engine

from drf_reprocess.catalog.checks import check_pages, damaged
from drf_reprocess.catalog.damage import telling_damage
from drf_reprocess.catalog.engine import NO_PREMISES, catalog_exists, make_engine, prepare, translated
from drf_reprocess.catalog.migrate import Premises
from drf_reprocess.catalog.sql_deliveries import SqlDeliveries
from drf_reprocess.catalog.sql_journal import SqlJournal
from drf_reprocess.catalog.sql_ledger import SqlLedger
from drf_reprocess.catalog.sql_lives import SqlLives
from drf_reprocess.catalog.sql_products import SqlProducts
from drf_reprocess.catalog.sql_sources import SqlSources
from drf_reprocess.errors import CatalogError


@telling_damage
class SqlCatalog(SqlSources, SqlProducts, SqlDeliveries, SqlLedger, SqlLives, SqlJournal):
    """The catalog over an SQLAlchemy engine; see `catalog.base.Catalog` for what each method promises."""


@contextlib.contextmanager
def open_catalog(url: str, *, create: bool, premises: Premises = NO_PREMISES) -> Iterator[SqlCatalog]:
    """Open the catalog at a database URL; ``create`` makes it, and a SQLite file's folder, where there is none.

    With ``create``, too, one of an older schema is brought to ours; ``premises`` are what its rows do not tell.

    Raises
    ------
    ConfigurationError
        If the URL is none, or its database's driver is not installed.
    CatalogVersionError
        If the catalog was written under another version of its schema, and is not to be brought to ours.
    CatalogDamaged
        If it is not what was written.
    CatalogError
        If it cannot be opened, or there is none and ``create`` is off.
    """
    engine = make_engine(url, create=create)
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with translated(shown):
            _prepare(engine, shown, create=create, premises=premises)
        yield SqlCatalog(engine, shown)
    finally:
        engine.dispose()


def _prepare(engine: Engine, url: str, *, create: bool, premises: Premises) -> None:
    try:
        prepare(engine, url, create=create, premises=premises)
    except ValueError as error:  # a name in the schema that is no text
        raise damaged(url, f"its schema is not what was written: {error}") from error
    except OSError as error:
        raise CatalogError(
            f"the catalog {url} cannot be used: {error}; its file and folder must be there and writable, with disk space"
        ) from error


def migrate_catalog(url: str, premises: Premises = NO_PREMISES) -> None:
    """Bring a catalog of an older schema to ours; one that is of ours already stays as it is. See `open_catalog`."""
    if not catalog_exists(url):
        raise CatalogError("there is no catalog to be migrated: nothing has been run on this output yet")
    with open_catalog(url, create=True, premises=premises):
        pass


def check_whole(url: str) -> None:
    """Read the whole database of a catalog: pages, indexes and what rows refer to.

    Raises
    ------
    CatalogDamaged
        If it is not whole.
    """
    engine = make_engine(url, create=False)
    shown = engine.url.render_as_string(hide_password=True)
    try:
        if engine.dialect.name == "sqlite":
            with translated(shown), engine.connect() as connection:
                check_pages(connection, shown)
    finally:
        engine.dispose()
