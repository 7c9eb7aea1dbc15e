from __future__ import annotations

import contextlib
import sqlite3
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from drf_reprocess.catalog import engine
from drf_reprocess.catalog.base import ListedFile, Question
from drf_reprocess.catalog.sql import SqlCatalog, open_catalog
from drf_reprocess.errors import CatalogDamaged, CatalogError, CatalogVersionError, ConfigurationError
from drf_reprocess.model import SourceOutcome, SourceState
from drf_reprocess.testing.catalog_contract import CatalogContract
from drf_reprocess.testing.catalog_play import Play
from drf_reprocess.testing.catalog_values import (
    COLLECTION,
    FINGERPRINTS,
    RUN,
    commit,
    make_outcome,
    make_product,
    make_source,
)


class TestSqlite(CatalogContract):
    @pytest.fixture
    def catalog(self, tmp_path) -> Iterator[SqlCatalog]:
        with open_catalog(f"sqlite:///{tmp_path}/deep/catalog.sqlite", create=True) as catalog:
            catalog.start_run(RUN)
            yield catalog

    @pytest.fixture
    def empty_catalog(self, tmp_path) -> Iterator[SqlCatalog]:
        with open_catalog(f"sqlite:///{tmp_path}/empty/catalog.sqlite", create=True) as catalog:
            yield catalog

    def test_changes_through_two_connections_are_noted_in_one_order(self, catalog, empty_catalog, tmp_path):
        with open_catalog(f"sqlite:///{tmp_path}/deep/catalog.sqlite", create=True) as other:
            plays = [Play(catalog, 1), Play(other, 2)]
            for number in range(120):
                plays[number % 2].step()
            changes = sorted(
                [*plays[0].noted, *plays[1].noted, *catalog.changes()], key=lambda change: change.position
            )
            assert [change.position for change in changes] == list(range(1, len(changes) + 1))
            assert other.last_change() == catalog.last_change() == len(changes)
        empty_catalog.replay(changes)
        assert list(empty_catalog.content()) == list(catalog.content())

    def test_a_mission_of_65000_files_is_compared_in_seconds(self, catalog):
        count = 65_000
        outcomes = [
            SourceOutcome(
                make_source(f"{n:06}"),
                SourceState.PROCESSED,
                product_id=f"p{n:06}",
                type="gnc",
                family=f"p{n:06}",
            )
            for n in range(count)
        ]
        catalog.commit_states(RUN.run_id, RUN.run_time, FINGERPRINTS, outcomes)
        started = time.perf_counter()
        with catalog.listing() as listing:
            listing.add(
                ListedFile(make_source(f"{n:06}"), "gnc", f"p{n:06}", f"p{n:06}") for n in range(count)
            )
            compared = listing.compare(Question(FINGERPRINTS))
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
        pytest.raises(CatalogVersionError, match="schema version 99, this software needs 3"),
        open_catalog(url, create=True),
    ):
        pass


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "catalog.sqlite").write_text("not a database" * 100)
    with (
        pytest.raises(CatalogDamaged, match=r"catalog\.sqlite is damaged: .*`drf-reprocess catalog rebuild`"),
        open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite", create=True),
    ):
        pass


@pytest.mark.parametrize("url", ["nonsense", "nosuchdatabase://host/db"])
def test_a_url_that_is_none_is_a_configuration_error(url):
    with pytest.raises(ConfigurationError, match="cannot be used"), open_catalog(url, create=True):
        pass


@pytest.mark.parametrize("url", ["nosuchdatabase://me:hunter2@host/db", "no url://me:hunter2@host"])
def test_a_password_is_in_no_message(url):
    with pytest.raises(ConfigurationError) as raised, open_catalog(url, create=True):
        pass
    assert "hunter2" not in str(raised.value)


def test_an_empty_catalog_in_memory_serves_a_plan_that_writes_nothing():
    with open_catalog("sqlite://", create=True) as catalog:
        assert catalog.state_counts() == {}
        with catalog.listing() as listing:
            listing.add([ListedFile(make_source("x"), "gnc", "p", "p")])
            assert listing.compare(Question(FINGERPRINTS)).files == 1


def test_a_plan_over_an_empty_catalog_in_memory_may_ask_it_between(tmp_path):
    with open_catalog("sqlite://", create=True) as catalog, catalog.listing() as listing:

        def files() -> Iterator[ListedFile]:
            yield ListedFile(make_source("x"), "gnc", "p", "p")
            assert catalog.known_source("/data/y") is None
            yield ListedFile(make_source("z"), "gnc", "p", "p")

        listing.add(files())
        assert listing.compare(Question(FINGERPRINTS)).files == 2
        assert [catalog.product(COLLECTION.child("p")) for _ in listing.groups()] == [None]


def test_a_listing_does_not_keep_the_write_ahead_log_from_being_cut(tmp_path):
    """A listing is open as long as a run works: the log would grow with every commit."""
    path = tmp_path / "catalog.sqlite"
    with open_catalog(f"sqlite:///{path}", create=True) as catalog:
        catalog.start_run(RUN)
        with catalog.listing() as listing:
            listing.add([ListedFile(make_source("x"), "gnc", "p", "p")])
            listing.compare(Question(FINGERPRINTS))
            groups = listing.groups()
            next(groups)
            commit(catalog, [make_outcome(make_product("p"))])
            with contextlib.closing(sqlite3.connect(path)) as other:
                busy, _, _ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            assert not busy


def test_a_catalog_that_another_program_has_locked_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0)
    path = tmp_path / "catalog.sqlite"
    with open_catalog(f"sqlite:///{path}", create=True) as catalog:
        catalog.start_run(RUN)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(CatalogError, match=r"database is locked.*not locked by another run"):
                commit(catalog, [make_outcome(make_product("p"))])
            assert catalog.product(COLLECTION.child("p")) is None
        commit(catalog, [make_outcome(make_product("p"))])


def test_another_database_is_not_taken_for_a_catalog(tmp_path):
    path = tmp_path / "other.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE things (name TEXT)")
    with (
        pytest.raises(CatalogError, match="holds no catalog"),
        open_catalog(f"sqlite:///{path}", create=False),
    ):
        pass


def test_nothing_beside_the_catalog_is_left_when_it_is_closed(tmp_path):
    with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite", create=True) as catalog:
        catalog.start_run(RUN)
    assert [path.name for path in tmp_path.iterdir()] == ["catalog.sqlite"]


@pytest.mark.slow
def test_memory_stays_flat_over_a_mission(tmp_path):
    """24,000 products are committed and read back in the memory of a few."""
    with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite", create=True) as catalog:
        catalog.start_run(RUN)
        for first in range(0, 24_000, 12):
            names = [f"p{n:06}" for n in range(first, first + 12)]
            commit(catalog, [make_outcome(make_product(name)) for name in names])
            if first == 1200:
                tracemalloc.start()
        assert sum(1 for _ in catalog.products()) == 24_000
        assert sum(1 for _ in catalog.source_rows()) == 24_000
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 16 * 2**20
