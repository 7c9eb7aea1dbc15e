"""Files are read before they are worked on, a few families ahead; what is wrong with one is no matter to the others."""

from __future__ import annotations

import pytest

from drf_reprocess.digests import digest_bytes
from drf_reprocess.identifiers import Lid
from drf_reprocess.model import Candidate, RepairOptions, SourceState, WorkItem
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.reprocess import LineOptions
from drf_reprocess.stages import receive
from drf_reprocess.stages.process import ProcessContext, process_partition
from drf_reprocess.stages.receive import read_ahead
from drf_reprocess.storage.base import open_store

LID = Lid("urn:nasa:pds:maven_anc:eps")


@pytest.fixture
def source(tmp_path):
    return open_store(str(tmp_path / "source"))


def make_items(source, sizes):
    """One family for each list of sizes, with a file of each."""
    items = []
    for family, files in enumerate(sizes):
        candidates = []
        for number, size in enumerate(files):
            name = f"f{family}_{number}.drf"
            source.write(name, bytes([65 + family]) * size)
            product = LID.child(f"f{family}_{number}")
            candidates.append(Candidate(product.last, product, (source.info(name),)))
        items.append(WorkItem(f"family {family}", "eps", tuple(candidates), "new"))
    return items


class Watched:
    """A source that notes what is read from it, and fails on one file as no store should."""

    def __init__(self, source, bad=""):
        self.source, self.bad, self.read = source, bad, []

    def read_range(self, key, start, end):
        self.read.append(key)
        if key == self.bad:
            raise ZeroDivisionError("a bug")
        return self.source.read_range(key, start, end)

    def info(self, key):
        return self.source.info(key)


@pytest.mark.parametrize("ahead", [0, 1_000, 64 << 20])
def test_every_family_comes_in_order_with_its_bytes_and_digests(source, monkeypatch, ahead):
    monkeypatch.setattr(receive, "AHEAD_BYTES", ahead)
    sizes = [[400_000, 3], [0], [500_000], [450_000, 470_000, 1], [800], [410_000], [430_000]]
    items = make_items(source, sizes)
    families = list(read_ahead(source, items))
    assert [family.item for family in families] == items
    assert [[len(one.raw) for one in family.received] for family in families] == sizes
    for family in families:
        assert not family.unread
        assert family.error is None
        assert all(one.identity == digest_bytes(one.raw) for one in family.received)
        assert all(one.raw == source.read(one.source.name) for one in family.received)


def test_no_more_is_read_ahead_than_told(source, monkeypatch):
    monkeypatch.setattr(receive, "AHEAD_BYTES", 250)
    watched = Watched(source)
    families = read_ahead(watched, make_items(source, [[100], [100], [100], [300], [1]]))
    reads = []
    for _ in families:
        reads.append(len(watched.read))
    assert reads == [2, 2, 3, 4, 5]


def test_what_cannot_be_read_is_told_and_the_others_come(source):
    items = make_items(source, [[10], [20], [30]])
    source.remove("f1_0.drf")
    first, second, third = read_ahead(source, items)
    assert [len(one.raw) for family in (first, third) for one in family.received] == [10, 30]
    assert not second.received
    assert [one.code for one in second.unread] == ["vanished"]


def test_a_fault_of_the_program_in_reading_is_that_of_one_family(source, tmp_path):
    profile = load_profile("maven-anc")
    items = make_items(source, [[10], [20], [30]])
    context = ProcessContext(
        LineOptions(profile, RepairOptions(), "2026-01-02T03:04:05Z"),
        Watched(source, "f1_0.drf"),
        open_store(str(tmp_path / "output")),
        None,
    )
    outcomes = process_partition(context, tuple(items))
    assert [outcome.family for outcome in outcomes] == [item.family for item in items]
    told = ["a bug" in outcome.sources[0].message for outcome in outcomes]
    assert told == [False, True, False]
    assert outcomes[1].sources[0].state is SourceState.FAILED
    assert outcomes[1].sources[0].code == "internal-error"
