"""Catalogs that older software wrote are brought to the schema of today: whole, or not at all.

``tests/data/catalog_schema_*.sql`` are dumps of what the software of these schemas made of a sample in two runs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from drf_reprocess.catalog import migrate as migration
from drf_reprocess.catalog.migrate import Premises
from drf_reprocess.catalog.sql import migrate_catalog, open_catalog
from drf_reprocess.catalog.tables import SCHEMA_VERSION
from drf_reprocess.errors import CatalogDamaged, CatalogError, CatalogVersionError
from drf_reprocess.identifiers import Lid, Vid
from drf_reprocess.model import DeliveryState

OLD = (1, 2)
LID = Lid("urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319")


def family_of(name: str) -> str:
    return f"family of {name}"


def rows(path: Path, query: str) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def tables(path: Path) -> dict[str, list[dict[str, object]]]:
    """Return all rows by table, as plain values."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = [
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        return {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {name} ORDER BY rowid")]
            for name in names
        }


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


PREMISES = Premises(family_of)


def opened(path: Path, *, create: bool = True, premises: Premises = PREMISES):
    return open_catalog(url_of(path), create=create, premises=premises)


@pytest.mark.parametrize("version", OLD)
def test_every_row_is_carried_over(lay_old, version):
    path = lay_old(version)
    before = tables(path)
    with opened(path):
        pass
    after = tables(path)
    assert before["products"], "there is something to carry over"
    changed = {"meta": {"schema_version"}, "sources": {"fingerprint"} if version == 1 else set()}
    for name, old_rows in before.items():
        kept = [
            {column: value for column, value in row.items() if column in old_rows[0]} for row in after[name]
        ]
        for row in [*old_rows, *kept]:
            for column in changed.get(name, ()):
                row.pop(column)
        assert kept == old_rows, name


@pytest.mark.parametrize("version", OLD)
def test_a_migrated_catalog_is_like_a_new_one(lay_old, tmp_path, version):
    path = lay_old(version)
    with opened(path):
        pass
    with opened(tmp_path / "new.sqlite"):
        pass
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
    assert rows(path, schema) == rows(tmp_path / "new.sqlite", schema)
    assert rows(path, "PRAGMA application_id") == rows(tmp_path / "new.sqlite", "PRAGMA application_id")
    assert rows(path, "SELECT schema_version FROM meta") == [(SCHEMA_VERSION,)]


@pytest.mark.parametrize("version", OLD)
def test_the_old_catalog_is_kept_and_it_is_told(lay_old, tmp_path, caplog, version):
    path = lay_old(version)
    before = tables(path)
    with opened(path):
        pass
    copy = tmp_path / f"catalog.sqlite.schema-{version}"
    assert tables(copy) == before
    assert f"from schema {version} to {SCHEMA_VERSION}; the old one is kept as {copy}" in caplog.text
    assert sorted(file.name for file in tmp_path.iterdir()) == ["catalog.sqlite", copy.name]
    caplog.clear()
    with opened(path):
        pass
    assert caplog.text == "", "the second time there is nothing to do"


@pytest.mark.parametrize("version", OLD)
def test_the_whole_content_is_noted_so_that_the_journal_tells_it(lay_old, tmp_path, version):
    with opened(lay_old(version)) as catalog, opened(tmp_path / "again.sqlite") as again:
        noted = list(catalog.changes())
        assert (noted[0].position, noted[0].kind) == (1, "clear")
        assert len(noted) == 1 + len(list(catalog.content()))
        again.replay(noted)
        assert list(again.content()) == list(catalog.content())


@pytest.mark.parametrize("version", OLD)
def test_versions_and_deliveries_stand(lay_old, version):
    with opened(lay_old(version)) as catalog:
        assert [row.record.lidvid.vid for row in catalog.versions(LID)] == [Vid(1, 0), Vid(2, 0)]
        (head,) = catalog.heads([], [LID])
        assert head.base is not None
        assert (head.base.vid, head.standing) == (Vid(2, 0), None), "the next version comes after 2.0"
        assert [(one.number, one.state, one.receiver) for one in catalog.deliveries()] == [
            (1, DeliveryState.VERIFIED, "pds"),
            (2, DeliveryState.VERIFIED, "pds"),
        ]
        bundle = Lid("urn:nasa:pds:maven.anc")
        assert catalog.undelivered_days(bundle, "pds") == []
        assert catalog.undelivered_aggregates(bundle, "pds") == []
        assert catalog.next_delivery_number(bundle) == 3
        assert sum(1 for _ in catalog.members(LID.parent)) == 2


def test_what_schema_1_did_not_know_is_true_or_makes_the_next_run_look(lay_old):
    path = lay_old(1)
    with opened(path, premises=Premises(family_of, receiver="elsewhere")) as catalog:
        product = catalog.product(LID)
        assert product is not None
        assert product.family == f"family of {product.source.name}"
        assert (product.structure, product.coverage, product.adopted) == ("", (), False)
        assert {one.receiver for one in catalog.deliveries()} == {"elsewhere"}
        assert catalog.releases() == []
    found = rows(path, "SELECT name, type, family, fingerprint, rulings, covered_by FROM sources")
    assert {row[3:] for row in found} == {("", "", "")}
    assert {row[2] for row in found if row[1]} == {family_of(row[0]) for row in found if row[1]}
    assert [row[2] for row in found if not row[1]] == [""], "of a name that says nothing"


def test_a_delivery_that_failed_its_proof_is_discarded(lay_old):
    path = lay_old(1)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE deliveries SET state = 'failed' WHERE number = 2")
    with opened(path) as catalog:
        states = [delivery.state for delivery in catalog.deliveries()]
        assert states == [DeliveryState.VERIFIED, DeliveryState.DISCARDED]
        assert catalog.undelivered_days(Lid("urn:nasa:pds:maven.anc"), "pds") == ["2014-11-15", "2014-11-16"]


@pytest.mark.parametrize("version", OLD)
def test_a_run_without_a_summary_has_none(lay_old, version):
    """Older software wrote the text null for it."""
    path = lay_old(version)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE runs SET summary = 'null' WHERE run_time = '2015-04-10T00:00:00Z'")
    with opened(path) as catalog:
        assert [run.summary is None for run in catalog.runs()] == [False, True]
        content = [row for name, row in catalog.content() if name == "runs"]
        assert [row["summary"] is None for row in content] == [False, True]


def test_a_catalog_that_an_early_program_of_schema_2_made_is_understood(lay_old):
    path = lay_old(2)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE releases DROP COLUMN bundle_md5")
        connection.execute("DROP INDEX products_of_an_id")
    with opened(path) as catalog:
        assert [release.bundle_md5 for release in catalog.releases()] == ["", ""]


@pytest.mark.parametrize("version", OLD)
def test_who_only_asks_is_sent_to_the_remedy(lay_old, version):
    path = lay_old(version)
    before = tables(path)
    with (
        pytest.raises(
            CatalogVersionError, match=f"schema version {version}.*`drf-reprocess catalog migrate`"
        ),
        opened(path, create=False),
    ):
        pass
    assert tables(path) == before
    migrate_catalog(url_of(path), Premises(family_of))
    with opened(path, create=False) as catalog:
        assert catalog.runs()


def test_where_there_is_no_catalog_there_is_nothing_to_migrate(tmp_path):
    with pytest.raises(CatalogError, match="no catalog to be migrated"):
        migrate_catalog(url_of(tmp_path / "catalog.sqlite"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", [0, -1, 4, 99])
def test_a_schema_that_is_not_known_is_refused(lay_old, version):
    path = lay_old(2)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"UPDATE meta SET schema_version = {version}")
        connection.execute(f"PRAGMA application_id = {0x44524643 if version > 2 else 0}")
    with pytest.raises(CatalogVersionError, match="use the software that wrote it"), opened(path):
        pass


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE findings",
        "CREATE TABLE mine (a TEXT)",
        "ALTER TABLE products RENAME COLUMN day TO night",
        "UPDATE products SET run_id = 'nobody'",
    ],
)
def test_an_old_catalog_that_is_not_whole_is_left_as_it_is(lay_old, statement):
    path = lay_old(2)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)
    before = tables(path)
    with pytest.raises(CatalogDamaged), opened(path):
        pass
    assert tables(path) == before


STEPS = ("_copy", "_set_old_aside", "start_noting", "note_everything", "mark_as_catalog", "check_shape")


@pytest.mark.parametrize("step", STEPS)
def test_a_migration_that_is_interrupted_leaves_the_old_catalog(lay_old, monkeypatch, step):
    path = lay_old(1)
    before = tables(path)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(migration, step, interrupted)
    with pytest.raises(KeyboardInterrupt), opened(path):
        pass
    assert tables(path) == before
    monkeypatch.undo()
    with opened(path) as catalog:
        assert len(catalog.deliveries()) == 2


KILLED = """
import os, signal, sys
from drf_reprocess.catalog import migrate as migration
from drf_reprocess.catalog.sql import open_catalog
def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(migration, sys.argv[2], killed)
with open_catalog(sys.argv[1], create=True):
    pass
"""


@pytest.mark.parametrize("step", ["note_everything", "check_shape"])
def test_a_migration_that_is_killed_leaves_the_old_catalog(lay_old, step):
    path = lay_old(2)
    before = tables(path)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, url_of(path), step], env=dict(os.environ), check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    assert tables(path) == before
    with opened(path) as catalog:
        assert [run.state for run in catalog.runs()] == ["success", "set-aside"]


def test_two_programs_migrate_once(lay_old, monkeypatch):
    """The second one finds it done when it gets the lock."""
    path = lay_old(2)
    original = migration._without_references

    @contextlib.contextmanager
    def meanwhile(engine, premises):
        monkeypatch.setattr(migration, "_without_references", original)
        with opened(path):
            pass
        with original(engine, premises) as connection:
            yield connection

    monkeypatch.setattr(migration, "_without_references", meanwhile)
    with opened(path) as catalog:
        assert len(catalog.runs()) == 2
        positions = [change.position for change in catalog.changes()]
    assert positions == list(range(1, len(positions) + 1)), "everything is noted once"


def test_without_space_for_the_copy_nothing_is_migrated(lay_old, monkeypatch):
    path = lay_old(2)
    before = tables(path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(migration.os, "fsync", full)
    with pytest.raises(CatalogError, match=r"No space left on device.*with disk space"), opened(path):
        pass
    assert tables(path) == before
    assert not path.with_name("catalog.sqlite.schema-2").exists()
    monkeypatch.undo()
    with opened(path) as catalog:
        assert catalog.runs()
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "catalog.sqlite",
        "catalog.sqlite.schema-2",
    ]
