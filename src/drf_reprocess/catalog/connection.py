"""How the catalog's parts reach the database: one transaction a write, errors translated at the edge."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, Select

from drf_reprocess.catalog.damage import texts_told
from drf_reprocess.catalog.engine import translated
from drf_reprocess.catalog.writes import PAGE


class SqlPart:
    """One part of the catalog over an SQLAlchemy engine."""

    def __init__(self, engine: Engine, url: str) -> None:
        """Serve ``engine``; ``url`` is for error messages and holds no password."""
        self._engine = engine
        self._url = url

    @contextlib.contextmanager
    def _read(self) -> Iterator[Connection]:
        with translated(self._url), self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def _write(self) -> Iterator[Connection]:
        with (
            translated(self._url),
            texts_told(self._url),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def _one(self, query: Select[Any]) -> Mapping[Any, Any] | None:
        with self._read() as connection:
            row: Mapping[Any, Any] | None = connection.execute(query).mappings().one_or_none()
            return row

    def _all(self, query: Select[Any]) -> list[Mapping[Any, Any]]:
        with self._read() as connection:
            return list(connection.execute(query).mappings())

    def _stream(self, query: Select[Any]) -> Iterator[Mapping[Any, Any]]:
        with self._read() as connection:
            yield from connection.execution_options(yield_per=PAGE).execute(query).mappings()
