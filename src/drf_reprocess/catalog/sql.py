"""The catalog in an SQL database: SQLite here, written so that PostgreSQL needs another URL and no other code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from drf_reprocess.catalog.engine import check_schema, make_engine, translated
from drf_reprocess.catalog.sql_deliveries import SqlDeliveries
from drf_reprocess.catalog.sql_journal import SqlJournal
from drf_reprocess.catalog.sql_ledger import SqlLedger
from drf_reprocess.catalog.sql_lives import SqlLives
from drf_reprocess.catalog.sql_products import SqlProducts
from drf_reprocess.catalog.sql_sources import SqlSources


class SqlCatalog(SqlSources, SqlProducts, SqlDeliveries, SqlLedger, SqlLives, SqlJournal):
    """The catalog over an SQLAlchemy engine; see `catalog.base.Catalog` for what each method promises."""


@contextlib.contextmanager
def open_catalog(url: str, *, create: bool) -> Iterator[SqlCatalog]:
    """Open the catalog at a database URL; ``create`` makes it, and a SQLite file's folder, where there is none.

    Raises
    ------
    ConfigurationError
        If the URL is none, or its database's driver is not installed.
    CatalogVersionError
        If the catalog was written under another version of its schema.
    CatalogError
        If it cannot be opened, or there is none and ``create`` is off.
    """
    engine = make_engine(url, create=create)
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with translated(shown):
            check_schema(engine, shown, create=create)
        yield SqlCatalog(engine, shown)
    finally:
        engine.dispose()
