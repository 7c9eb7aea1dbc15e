"""Rows of a catalog against what its journal tells: what counts as the same, and what is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from drf_reprocess.catalog.sql import SqlCatalog, open_catalog
from drf_reprocess.journal import Journal
from drf_reprocess.model import DeliveryMember, DeliveryState
from drf_reprocess.recovery.books import all_changes, compare_books, content_digests, row_key
from drf_reprocess.recovery.objects import OBJECT_COLUMNS
from drf_reprocess.storage.base import open_store
from drf_reprocess.testing.catalog_values import RUN, make_delivery, make_outcome, make_product


@pytest.fixture
def catalog(tmp_path) -> Iterator[SqlCatalog]:
    """A catalog with a run, two products and a delivery, of which the journal tells nothing yet."""
    with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite", create=True) as catalog:
        catalog.start_run(RUN)
        records = [make_product(name) for name in ("sci_anc_gnc14_318_319", "sci_anc_gnc14_319_320")]
        catalog.commit_outcomes(RUN.run_id, RUN.run_time, {}, [make_outcome(record) for record in records])
        members = [DeliveryMember(one.data_path, one.lidvid, one.data) for one in records]
        catalog.commit_delivery(make_delivery(1, DeliveryState.PACKED), members)
        yield catalog


def test_what_the_catalog_alone_tells_counts_as_told(catalog, tmp_path):
    output = open_store(str(tmp_path))
    assert list(compare_books(catalog, output)) == []
    Journal(catalog, output).write()
    assert list(compare_books(catalog, output)) == []
    catalog.finish_run(RUN.run_id, "success", RUN.run_time, {"ok": True, "none": None, "share": 0.1})
    assert list(compare_books(catalog, output)) == []
    positions = [change.position for change in all_changes(catalog, output)]
    assert positions == list(range(1, catalog.last_change() + 1))


def test_a_lost_end_of_the_journal_is_told_with_its_positions(catalog, tmp_path):
    output = open_store(str(tmp_path))
    Journal(catalog, output).write()
    written = catalog.last_change()
    (segment,) = output.list("runs/journal")
    output.remove(segment.name)
    catalog.finish_run(RUN.run_id, "success", RUN.run_time, {})
    (found,) = compare_books(catalog, output)
    assert (found.kind, f"changes 1 to {written} are missing" in found.got) == ("journal", True)


def test_columns_of_a_row_that_differs_are_named(catalog, tmp_path):
    output = open_store(str(tmp_path))
    Journal(catalog, output).write()
    before = content_digests(catalog)
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as connection, connection:
        connection.execute("DROP TRIGGER note_update_products")
        connection.execute(
            "UPDATE products SET records = records + 1, current = 0 WHERE product_id LIKE '%318_319'"
        )
    (found,) = compare_books(catalog, output)
    assert (found.kind, found.what.startswith("products ")) == ("row", True)
    assert "current = 1" in found.expected
    assert "current = 0" in found.got
    assert {part.split(" = ")[0] for part in found.got.split("; ")} == {"current", "records"}
    after = content_digests(catalog)
    assert {name for name in before if before[name] != after[name]} == {"products"}


def test_rows_of_two_tables_with_one_key_are_two_rows():
    assert row_key("events", {"position": 1}) != row_key("findings", {"position": 1})


def test_every_column_that_names_an_object_is_held_against_the_store():
    """A package has a SHA-256, too, but stands in its delivery's folder."""
    found = {name: prefixes for name, prefixes in OBJECT_COLUMNS.items() if prefixes}
    assert found == {
        "sources": ("",),
        "products": ("source_", "data_", "label_", "parquet_"),
        "pending": ("source_", "data_", "label_", "parquet_"),
        "aggregates": ("label_", "companion_"),
        "delivery_members": ("file_",),
        "dispositions": ("replacement_",),
    }


def test_a_new_catalog_and_no_journal_tell_the_same(tmp_path):
    with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite", create=True) as catalog:
        assert list(compare_books(catalog, open_store(str(tmp_path)))) == []
