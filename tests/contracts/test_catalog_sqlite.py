from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

import pytest

from drf_reprocess.catalog.base import ListedFile
from drf_reprocess.catalog.sql import SqlCatalog, open_catalog
from drf_reprocess.errors import CatalogError, CatalogVersionError, ConfigurationError
from drf_reprocess.model import SourceOutcome, SourceState
from drf_reprocess.testing.catalog_contract import FINGERPRINT, RUN, CatalogContract, make_source


class TestSqlite(CatalogContract):
    @pytest.fixture
    def catalog(self, tmp_path) -> Iterator[SqlCatalog]:
        with open_catalog(f"sqlite:///{tmp_path}/deep/catalog.sqlite", create=True) as catalog:
            catalog.start_run(RUN)
            yield catalog

    def test_a_mission_of_65000_files_is_compared_in_seconds(self, catalog):
        count = 65_000
        outcomes = [
            SourceOutcome(make_source(f"{n:06}"), SourceState.PROCESSED, product_id=f"p{n:06}", type="gnc")
            for n in range(count)
        ]
        catalog.commit_states(RUN.run_id, RUN.run_time, FINGERPRINT, outcomes)
        started = time.perf_counter()
        with catalog.listing() as listing:
            listing.add(ListedFile(make_source(f"{n:06}"), "gnc", f"p{n:06}") for n in range(count))
            compared = listing.compare(FINGERPRINT, set())
        assert compared.settled == {SourceState.PROCESSED: count}
        assert time.perf_counter() - started < 15


def test_without_a_catalog_only_a_run_makes_one(tmp_path):
    url = f"sqlite:///{tmp_path}/catalog.sqlite"
    with (
        pytest.raises(CatalogError, match="nothing has been run on this output yet"),
        open_catalog(url, create=False),
    ):
        pass
    assert not (tmp_path / "catalog.sqlite").exists()


def test_a_catalog_of_another_schema_version_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path}/catalog.sqlite"
    with open_catalog(url, create=True):
        pass
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute("UPDATE meta SET schema_version = 99")
    connection.commit()
    connection.close()
    with (
        pytest.raises(CatalogVersionError, match="schema version 99, this software needs 1"),
        open_catalog(url, create=True),
    ):
        pass


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "catalog.sqlite").write_text("not a database" * 100)
    with (
        pytest.raises(CatalogError, match=r"catalog\.sqlite cannot be used: file is not a database"),
        open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite", create=True),
    ):
        pass


@pytest.mark.parametrize("url", ["nonsense", "nosuchdatabase://host/db"])
def test_a_url_that_is_none_is_a_configuration_error(url):
    with pytest.raises(ConfigurationError, match="cannot be used"), open_catalog(url, create=True):
        pass


def test_an_empty_catalog_in_memory_serves_a_plan_that_writes_nothing():
    with open_catalog("sqlite://", create=True) as catalog:
        assert catalog.state_counts() == {}
        with catalog.listing() as listing:
            listing.add([ListedFile(make_source("x"), "gnc", "p")])
            assert listing.compare(FINGERPRINT, set()).files == 1
