"""Catalogs to be damaged and migrated: new ones, and what older software wrote."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from drf_reprocess.catalog.sql import open_catalog
from drf_reprocess.identifiers import Vid
from drf_reprocess.testing.catalog_values import (
    BUNDLE,
    COLLECTION,
    RUN,
    commit,
    deliver,
    make_aggregate,
    make_outcome,
    make_product,
)

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="session")
def catalog_bytes(tmp_path_factory) -> bytes:
    """A catalog with a few products, versions, deliveries and aggregates, closed in order."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.sqlite"
    with open_catalog(f"sqlite:///{path}", create=True) as catalog:
        catalog.start_run(RUN)
        for number in range(12):
            record = make_product(f"p{number}")
            commit(catalog, [make_outcome(record)])
            if number % 3 == 0:
                deliver(catalog, record)
                commit(catalog, [make_outcome(make_product(f"p{number}", Vid(2, 0)), Vid(1, 0))])
        aggregates = [make_aggregate(COLLECTION, "collection"), make_aggregate(BUNDLE, "bundle")]
        catalog.commit_aggregates(RUN.run_id, aggregates, {})
        catalog.finish_run(RUN.run_id, "success", RUN.run_time, {"n": 1})
    return path.read_bytes()


@pytest.fixture
def lay_old(tmp_path) -> Callable[[int], Path]:
    """Lay the catalog that software of a schema version wrote."""

    def lay(version: int) -> Path:
        path = tmp_path / "catalog.sqlite"
        text = (DATA / f"catalog_schema_{version}.sql").read_text().replace("@ROOT@", str(tmp_path))
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(text)
        return path

    return lay
