"""A proved inventory is only looked through, and says the same as one that is read."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import Verdict
from drf_reprocess.stages import verify_manifests
from drf_reprocess.stages.verify_manifests import compare_inventories
from drf_reprocess.stages.verify_members import LabelFacts

COLLECTION = Lid("urn:nasa:pds:maven_anc:data_gnc")


def make_lidvid(number: int, major: int = 1) -> Lidvid:
    return Lidvid(COLLECTION.child(f"gnc_{number}"), Vid(major, 0))


def make_label(lidvid: Lidvid) -> LabelFacts:
    return LabelFacts(f"{lidvid.lid.last}.xml", lidvid, "Product_Observational", ())


versions = st.builds(make_lidvid, st.integers(0, 5), st.integers(1, 2))


@given(st.dictionaries(versions, st.sampled_from("PS"), max_size=8), st.lists(versions, max_size=4))
def test_both_ways_find_the_same(rows, products):
    inventory = b"".join(
        b"%b,%b\r\n" % (kind.encode(), str(one).encode()) for one, kind in sorted(rows.items())
    )
    labels, given_ = [make_label(one) for one in products], {str(COLLECTION): inventory}
    read, read_unchecked = compare_inventories(labels, given_)
    found, unchecked = compare_inventories(labels, given_, proved=True)
    assert unchecked == read_unchecked
    by_inventory = [entry for entry in read if entry.path.startswith("inventory of")]
    missing = [entry for entry in read if entry not in by_inventory]
    assert [entry for entry in found if not entry.path.startswith("inventory of")] == missing
    listed = {one for one, kind in rows.items() if kind == "P"}
    assert len(missing) == sum(one not in listed for one in products)


def test_a_proved_inventory_is_not_read_where_it_lists_all(monkeypatch):
    monkeypatch.setattr(verify_manifests, "read_inventory", lambda inventory: pytest.fail("it was read"))
    inventory = {str(COLLECTION): b"P,%b\r\n" % str(make_lidvid(1)).encode()}
    assert compare_inventories([make_label(make_lidvid(1))], inventory, proved=True) == ((), ())


@pytest.mark.parametrize(
    "row", [b"P,%b::1.0x\r\n", b"P,%b::1.01\r\n", b"S,%b::1.0\r\n", b" P,%b::1.0\r\n", b"P,%b\r\n"]
)
def test_a_row_that_is_nearly_right_is_another(row):
    inventory = {str(COLLECTION): row % str(make_lidvid(1).lid).encode()}
    found, _ = compare_inventories([make_label(make_lidvid(1))], inventory, proved=True)
    assert found


@pytest.mark.parametrize("proved", [False, True])
def test_an_inventory_in_the_package_goes_before_one_that_is_given(proved):
    lidvid = make_lidvid(1)
    row = b"P,%b\r\n" % str(lidvid).encode()
    collection = LabelFacts(
        "collection.xml",
        Lidvid(COLLECTION, Vid(1, 0)),
        "Product_Collection",
        ("inventory.csv",),
        zlib.compress(row),
    )
    labels = [make_label(lidvid), collection]
    assert compare_inventories(labels, {str(COLLECTION): b""}, proved=proved) == ((), ())
    (entry,), _ = compare_inventories([make_label(make_lidvid(2)), collection], {}, proved=proved)
    assert entry.path == "gnc_2.xml"
    assert entry.verdict is Verdict.NOT_IN_INVENTORY
