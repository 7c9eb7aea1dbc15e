"""What is looked at when a catalog is opened: damage is named, with the remedy, and never a traceback."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from drf_reprocess.catalog import checks, engine
from drf_reprocess.catalog.base import ListedFile, Question
from drf_reprocess.catalog.sql import open_catalog
from drf_reprocess.errors import CatalogDamaged, CatalogError
from drf_reprocess.model import Event
from drf_reprocess.testing.catalog_values import (
    BUNDLE,
    COLLECTION,
    FINGERPRINTS,
    RECEIVER,
    RUN,
    commit,
    make_outcome,
    make_product,
    make_source,
)

REMEDY = "`drf-reprocess catalog rebuild`"


@pytest.fixture
def path(tmp_path, catalog_bytes) -> Path:
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(catalog_bytes)
    return path


def opened(path: Path, *, create: bool = True):
    return open_catalog(f"sqlite:///{path}", create=create)


def use(path: Path, *, create: bool = True) -> None:
    """Ask a catalog everything, and write."""
    with opened(path, create=create) as catalog:
        catalog.runs()
        catalog.state_counts()
        list(catalog.source_rows())
        list(catalog.products())
        list(catalog.pending())
        list(catalog.covered_spans(RECEIVER))
        list(catalog.members(COLLECTION))
        list(catalog.collection_versions(COLLECTION))
        list(catalog.content())
        list(catalog.changes())
        catalog.current_aggregates()
        catalog.aggregate_bases()
        catalog.undelivered_products(BUNDLE, RECEIVER, "0", "9")
        catalog.events(product_id="p1")
        catalog.heads(["gnc:p1"], [COLLECTION.child("p3")])
        for delivery in catalog.deliveries():
            catalog.delivery_members(delivery.delivery_id)
        with catalog.listing() as listing:
            listing.add(
                ListedFile(make_source(f"p{number}.drf"), "gnc", f"p{number}", f"gnc:p{number}")
                for number in range(12)
            )
            listing.compare(Question(FINGERPRINTS))
            list(listing.groups())
        commit(catalog, [make_outcome(make_product("new"))])


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def assert_damaged(path: Path, told: str, *, create: bool = True) -> None:
    with pytest.raises(CatalogDamaged, match=told) as raised, opened(path, create=create):
        pass
    assert REMEDY in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_catalog_that_is_whole_is_used_and_keeps_what_it_has(path):
    def products():
        with opened(path, create=False) as catalog:
            return {row.record.product_id for row in catalog.products()}

    before = products()
    use(path)
    assert before
    assert products() - before == {"new"}
    assert before <= products()


def test_every_catalog_says_in_its_header_that_it_is_one(path):
    assert path.read_bytes()[68:72] == b"DRFC"


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "its file is empty"), (b"a text\n" * 500, "begins with"), (b"SQLite format 3\0", "begins with")],
    ids=["empty", "text", "magic alone"],
)
def test_a_file_that_is_no_database_is_damage(path, content, told, create):
    path.write_bytes(content)
    assert_damaged(path, told, create=create)
    assert path.read_bytes() == content, "left as it is"


@pytest.mark.parametrize("create", [True, False])
def test_a_header_that_was_overwritten_is_damage(path, catalog_bytes, create):
    path.write_bytes(bytes(100) + catalog_bytes[100:])
    assert_damaged(path, "begins with", create=create)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_damage(path, catalog_bytes, part):
    path.write_bytes(catalog_bytes[: int(len(catalog_bytes) * part)])
    assert_damaged(path, "is damaged")


def test_a_database_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "other.sqlite"
    change(path, "CREATE TABLE things (name TEXT)")
    before = path.read_bytes()
    with (
        pytest.raises(
            CatalogError, match=r"holds no catalog: .*tables things; see that catalog\.url is right"
        ),
        opened(path),
    ):
        pass
    assert path.read_bytes() == before


def test_a_database_that_other_software_marked_is_left_alone(tmp_path):
    path = tmp_path / "other.sqlite"
    change(path, "CREATE TABLE meta (schema_version INTEGER)", "PRAGMA application_id = 1196444487")
    with pytest.raises(CatalogError, match="got 0x47504b47"), opened(path):
        pass


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DROP TABLE events", "table events is missing"),
        ("DROP INDEX products_of_a_day", "index products_of_a_day is missing"),
        ("DROP TRIGGER note_update_products", "trigger note_update_products is missing"),
        ("ALTER TABLE products ADD COLUMN colour TEXT", r"table products: .*colour TEXT"),
        ("ALTER TABLE products RENAME COLUMN campaign TO war", r"expected campaign VARCHAR.*got war VARCHAR"),
        ("CREATE TABLE mine (a TEXT)", "table mine is none of a catalog's"),
        ("DELETE FROM meta", r"schema versions \[\], expected one number"),
        ("UPDATE meta SET schema_version = 'three'", r"schema versions \['three'\]"),
        ("DROP TABLE meta", "its table meta is missing"),
        ("PRAGMA application_id = 0", "application id 0x00000000 with schema 3"),
    ],
)
def test_a_schema_that_is_not_that_of_its_version_is_named(path, statement, told):
    change(path, statement)
    assert_damaged(path, told)


def test_an_index_of_another_form_is_named(path):
    change(
        path,
        "DROP INDEX one_current_version_a_product",
        "CREATE INDEX one_current_version_a_product ON products (lid)",
    )
    assert_damaged(path, "one_current_version_a_product: expected unique, current, got plain")


def test_many_differences_are_counted(path):
    change(path, *(f"CREATE TABLE mine{number} (a TEXT)" for number in range(9)))
    assert_damaged(path, r"table mine4 is none of a catalog's; and 4 more")


def test_a_row_that_refers_to_none_is_found_before_anything_is_written(path):
    change(path, "PRAGMA foreign_keys = OFF", "UPDATE products SET run_id = 'nobody' WHERE lid LIKE '%:p1'")
    assert_damaged(
        path, r"1 rows refer to rows that are not there: row \d+ of products refers to no row of runs"
    )
    with opened(path, create=False) as catalog:
        assert catalog.runs(), "who only asks is answered as far as it goes"


def test_an_index_that_lacks_a_row_is_found_before_anything_is_written(path):
    change(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'WHERE current', 'WHERE minor = 7') WHERE name LIKE 'one_current_version_a_%'",
        "PRAGMA writable_schema = OFF",
    )
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # What is indexed otherwise than the schema says.
        connection.execute("REINDEX one_current_version_a_product")
    change(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'WHERE minor = 7', 'WHERE current') WHERE name LIKE 'one_current_version_a_%'",
    )
    assert_damaged(path, r"wrong # of entries in index|missing from index")


def test_damage_that_shows_in_the_middle_of_a_question_is_told(path, monkeypatch):
    """Who only asks does not wait for all pages to be read; the page is met when its rows are."""
    data = bytearray(path.read_bytes())
    place = data.index(b"gnc:p7")  # in a page of rows
    page = place // 4096
    data[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    path.write_bytes(data)
    with pytest.raises(CatalogDamaged, match=re.escape(REMEDY)):
        use(path, create=False)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (b'[{"rule"', b'[{"rulE"'),
        (b'[{"rule"', b'[("rule"'),
        (b'[["2026-11-21"', b'[{"2026-11-21"'),
        (b"2014-12-08", b"2014-13-08"),
        (b"urn:nasa:pds:maven.anc", b"urn:nasa:pds:maven!anc"),
        (b"/data/p7.drf", b"/data/\xff7.drf"),
        (b"processed", b"processeD"),
        (b"packed", b"packeD"),
    ],
    ids=lambda value: value.decode(errors="replace"),
)
def test_a_letter_that_changed_in_a_row_is_told(path, written, found):
    path.write_bytes(path.read_bytes().replace(written, found))
    with pytest.raises(CatalogDamaged, match=re.escape(REMEDY)):
        use(path, create=False)


def flip(data: bytes, seed: int) -> bytes:
    """Change a few bytes, of the header more often than of the rest."""
    chance = random.Random(seed)
    damaged = bytearray(data)
    end = 200 if chance.random() < 0.3 else len(data)
    for _ in range(chance.choice((1, 1, 3, 30))):
        damaged[chance.randrange(end)] ^= chance.randrange(1, 256)
    return bytes(damaged)


def outcomes_of_flips(path: Path, data: bytes, seeds: range) -> list[str]:
    found = []
    for seed in seeds:
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        path.write_bytes(flip(data, seed))
        try:
            use(path, create=seed % 2 == 0)
            found.append("not met")
        except CatalogError as error:
            found.append("told" if REMEDY in str(error) else f"seed {seed}: {error}")
    assert set(found) <= {"told", "not met"}
    return found


def test_bytes_that_flip_anywhere_never_end_in_a_traceback(path, catalog_bytes):
    found = outcomes_of_flips(path, catalog_bytes, range(60))
    assert found.count("told") > 15


@pytest.mark.slow
def test_bytes_that_flip_anywhere_never_end_in_a_traceback_in_many_cases(path, catalog_bytes):
    found = outcomes_of_flips(path, catalog_bytes, range(1000, 2500))
    assert found.count("told") > 500
    print(f"{found.count('told')} told, {found.count('not met')} not met")


@pytest.fixture
def unclean(tmp_path) -> Path:
    """A catalog as a killed process leaves it: the last changes stand in the log alone."""
    path, copy = tmp_path / "catalog.sqlite", tmp_path / "copy"
    copy.mkdir()
    with opened(path) as catalog:
        catalog.start_run(RUN)
    with opened(path) as catalog:
        catalog.add_events([Event("told", "in the log", "p")], RUN.run_time)
        for file in tmp_path.glob("catalog.sqlite*"):
            shutil.copy(file, copy)
    assert (copy / "catalog.sqlite-wal").stat().st_size
    return copy / "catalog.sqlite"


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


@pytest.mark.parametrize("damage", ["none", "removed", "overwritten", "cut off"])
def test_the_index_of_the_log_is_made_again(unclean, damage):
    index = beside(unclean, "-shm")
    if damage == "removed":
        index.unlink()
    elif damage == "overwritten":
        index.write_bytes(b"\xa5" * index.stat().st_size)
    elif damage == "cut off":
        index.write_bytes(index.read_bytes()[:1000])
    with opened(unclean) as catalog:
        assert [row.event.message for row in catalog.events(product_id="p")] == ["in the log"]


@pytest.mark.parametrize("damage", ["removed", "overwritten", "cut off"])
def test_without_its_log_a_catalog_is_the_older_one_and_shows_it(unclean, damage):
    """SQLite leaves out what is damaged; the position of the last change, compared with the journal, tells."""
    log = beside(unclean, "-wal")
    data = log.read_bytes()
    if damage == "removed":
        log.unlink()
    elif damage == "overwritten":
        log.write_bytes(b"\xa5" * len(data))
    else:
        log.write_bytes(data[: len(data) // 3])
    with opened(unclean) as catalog:
        assert [row.event.message for row in catalog.events(product_id="p")] == []
        assert catalog.last_change() == 1


def test_a_new_catalog_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "catalog.sqlite"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "mark_as_catalog", killed)
    with pytest.raises(KeyboardInterrupt), opened(path):
        pass
    assert not path.exists()
    monkeypatch.undo()
    beside(path, ".new").write_bytes(b"left behind by a process that was killed")
    with opened(path) as catalog:
        catalog.start_run(RUN)
    assert [file.name for file in tmp_path.iterdir()] == ["catalog.sqlite"]


def test_where_there_is_no_write_ahead_log_it_is_told(path, monkeypatch, caplog):
    original = engine._set_up_sqlite

    def as_on_a_network(connection, record) -> None:
        original(connection, record)
        connection.execute("PRAGMA journal_mode = DELETE")

    monkeypatch.setattr(engine, "_set_up_sqlite", as_on_a_network)
    with opened(path) as catalog:
        assert catalog.runs()
    assert "has no write-ahead log but journal_mode delete" in caplog.text


def test_a_catalog_has_a_write_ahead_log_and_full_synchronisation(path, caplog):
    with opened(path) as catalog, catalog._read() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]
    assert caplog.text == ""


def test_pages_in_memory_are_bounded_and_what_is_deleted_is_not_written_again(path):
    with opened(path) as catalog, catalog._read() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("soft_heap_limit", "secure_delete")
        ]
    assert found == [engine.SOFT_HEAP_BYTES, 0]


@pytest.fixture
def nobody():
    """A folder that is not root's, and the rights of a user that is not root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        if os.geteuid() != 0:
            yield folder
            return
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(0)


@pytest.mark.parametrize("what", ["file", "folder", "both"])
def test_a_catalog_that_may_not_be_written_is_told(nobody, what, catalog_bytes):
    path = nobody / "catalog.sqlite"
    path.write_bytes(catalog_bytes)
    if what in ("file", "both"):
        path.chmod(0o444)
    if what in ("folder", "both"):
        nobody.chmod(0o555)
    try:
        with pytest.raises(CatalogError, match=r"must be .*writable") as raised:
            use(path)
        assert not isinstance(raised.value, CatalogDamaged)
    finally:
        nobody.chmod(0o755)


def test_a_catalog_that_may_not_be_read_is_told(nobody, catalog_bytes):
    path = nobody / "catalog.sqlite"
    path.write_bytes(catalog_bytes)
    path.chmod(0)
    with pytest.raises(CatalogError, match=r"cannot be read"), opened(path, create=False):
        pass


def test_shapes_are_compared_by_meaning_and_not_by_text(path):
    with opened(path) as catalog, catalog._read() as connection:
        assert checks.shape_differences(connection) == []
    change(
        path,
        "DROP INDEX products_of_a_day",
        'CREATE  INDEX "products_of_a_day"\n ON "products" ("bundle_lid",   day)',
    )
    with opened(path) as catalog:
        assert catalog.runs()


def test_an_error_of_what_is_done_with_a_listing_is_not_told_as_damage(path):
    with opened(path) as catalog, pytest.raises(ValueError, match="of the run") as raised, catalog.listing():
        raise ValueError("of the run")
    assert not isinstance(raised.value, CatalogError)


def test_a_folder_that_may_not_be_written_gets_no_new_catalog(nobody):
    nobody.chmod(0o555)
    try:
        with pytest.raises(CatalogError, match="cannot be used: unable to open database file; its file and"):
            use(nobody / "catalog.sqlite")
        assert list(nobody.iterdir()) == []
    finally:
        nobody.chmod(0o755)
