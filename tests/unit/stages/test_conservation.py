"""What must add up: products, tasks, inventories and bundle labels, without a run around them."""

from __future__ import annotations

import pickle
import time
import tracemalloc
from dataclasses import replace

import pytest

from drf_reprocess.catalog.base import CollectionMember
from drf_reprocess.digests import digest_bytes
from drf_reprocess.errors import ConservationError
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import (
    AggregateRecord,
    Candidate,
    Decision,
    Outcome,
    SourceFile,
    SourceOutcome,
    SourceState,
    WorkItem,
)
from drf_reprocess.pds4.inventory import InventoryRow, write_inventory
from drf_reprocess.stages import conservation_archive
from drf_reprocess.stages.conservation import check_run, check_task
from drf_reprocess.stages.conservation_archive import check_inventory
from drf_reprocess.storage.base import put_object
from drf_reprocess.storage.local_store import LocalStore

BUNDLE = Lid("urn:nasa:pds:maven.anc")
COLLECTION = BUNDLE.child("data.drf.gnc")
NOTHING = digest_bytes(b"")


@pytest.fixture
def output(tmp_path):
    return LocalStore(str(tmp_path))


def lidvid(number: int, vid: Vid = Vid(1, 0)) -> Lidvid:  # noqa: B008
    return Lidvid(COLLECTION.child(f"sci_anc_gnc{number:06d}"), vid)


def member(number: int) -> CollectionMember:
    return CollectionMember(lidvid(number), "2014-12-08T03:20:19.328Z", "2014-12-08T16:54:25.480Z")


def collection(output, inventory: bytes) -> AggregateRecord:
    return AggregateRecord(
        lidvid=Lidvid(COLLECTION, Vid(1, 0)),
        kind="collection",
        bundle_lid=BUNDLE,
        label=NOTHING,
        label_path="collection.xml",
        companion=put_object(output, inventory),
        companion_path="inventory.csv",
        start_time="",
        stop_time="",
        history=(),
        members_digest="",
    )


class TestInventory:
    def test_the_members_of_the_catalog_are_listed(self, output):
        others = [InventoryRow(False, BUNDLE.child("document").child("sis"), None)]
        record = collection(output, write_inventory([lidvid(1), lidvid(2)], others))
        check_inventory(output, COLLECTION, record, [member(1), member(2)])

    def test_no_collection_needs_no_inventory(self, output):
        check_inventory(output, COLLECTION, None, [])
        with pytest.raises(ConservationError, match=r"row 1 is missing, expected urn:.*gnc000001::1.0"):
            check_inventory(output, COLLECTION, None, [member(1)])

    @pytest.mark.parametrize(
        ("listed", "match"),
        [
            ([lidvid(1)], "row 2 is missing, expected urn:.*gnc000002::1.0"),
            ([lidvid(1), lidvid(2), lidvid(3)], "row 3 is urn:.*gnc000003::1.0, expected none"),
            ([lidvid(1), lidvid(2, Vid(1, 1))], "row 2 is urn:.*gnc000002::1.1, expected urn:.*::1.0"),
            ([lidvid(0), lidvid(2)], "row 1 is urn:.*gnc000000::1.0, expected urn:.*gnc000001::1.0"),
            ([lidvid(1), lidvid(1), lidvid(2)], "written with a fault: record 2 .* again"),
        ],
    )
    def test_one_too_few_too_many_or_another_version(self, output, listed, match):
        record = collection(output, write_inventory(listed))
        with pytest.raises(ConservationError, match=match) as violation:
            check_inventory(output, COLLECTION, record, [member(1), member(2)])
        assert violation.value.what == "inventory"
        assert violation.value.item["companion"]["sha256"] == record.companion.sha256

    def test_a_member_twice_in_different_blocks(self, output, monkeypatch):
        monkeypatch.setattr(conservation_archive, "BLOCK_BYTES", 64)
        rows = write_inventory([lidvid(1), lidvid(2), lidvid(2)])
        with pytest.raises(ConservationError, match="row 3 is"):
            check_inventory(output, COLLECTION, collection(output, rows), [member(1), member(2)])

    @pytest.mark.parametrize("block_bytes", [57, 58, 59, 100, 1 << 20])
    def test_however_the_blocks_are_cut(self, output, monkeypatch, block_bytes):
        monkeypatch.setattr(conservation_archive, "BLOCK_BYTES", block_bytes)
        count = 40
        record = collection(output, write_inventory(map(lidvid, range(count))))
        check_inventory(output, COLLECTION, record, map(member, range(count)))

    def test_65000_members_take_little_memory_and_time(self, output):
        count = 65_000
        record = collection(output, write_inventory(map(lidvid, range(count))))
        members = [member(number) for number in range(count)]
        started = time.process_time()
        check_inventory(output, COLLECTION, record, members)
        assert time.process_time() - started < 3
        tracemalloc.start()
        try:
            check_inventory(output, COLLECTION, record, members)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 24 * 2**20, "a block of an inventory is in memory, not all of it"


def make_item(*names: str) -> WorkItem:
    sources = tuple(SourceFile(f"/data/{name}", name, 10, 1) for name in names)
    candidate = Candidate("p", COLLECTION.child("p"), sources)
    return WorkItem("gnc:p", "gnc", (candidate,), "new file")


def make_outcome(item: WorkItem) -> Outcome:
    told = tuple(SourceOutcome(source, SourceState.PROCESSED) for source in item.sources)
    return Outcome(item.family, told, Decision.NEW)


class TestTask:
    def test_every_file_once(self):
        item = make_item("a", "b")
        check_task([item], [make_outcome(item)])

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda sources: sources[1:], {"source": "/data/a", "given": 1, "told": 0}),
            (lambda sources: (*sources, sources[0]), {"source": "/data/a", "given": 1, "told": 2}),
            (
                lambda sources: (
                    *sources,
                    SourceOutcome(SourceFile("/data/c", "c", 1, 1), SourceState.FAILED),
                ),
                {"source": "/data/c", "given": 0, "told": 1},
            ),
        ],
    )
    def test_a_file_forgotten_doubled_or_not_given(self, change, told):
        item = make_item("a", "b")
        outcome = make_outcome(item)
        with pytest.raises(ConservationError, match=told["source"]) as violation:
            check_task([item], [replace(outcome, sources=change(outcome.sources))])
        assert violation.value.first == told
        assert violation.value.item["family"] == "gnc:p"


class Accounted:
    def __init__(self, missing=()):
        self.missing = list(missing)

    def unaccounted(self, others, *, limit):
        return len(self.missing), self.missing[:limit]


class TestRun:
    def test_the_states_sum_up_to_what_was_discovered(self):
        check_run(Accounted(), [], {"processed": 2, "quarantined": 1, "total": 3, "arriving": 5}, 3)
        with pytest.raises(ConservationError, match="4 files were discovered, 3 have an end state"):
            check_run(Accounted(), [], {"processed": 2, "quarantined": 1, "total": 4}, 4)

    def test_the_catalog_tells_of_all(self):
        with pytest.raises(ConservationError, match=r"does not tell of 1 files as they were listed.*/data/x"):
            check_run(Accounted(["/data/x"]), [], {"processed": 1}, 1)


def test_a_violation_travels_with_all_that_is_known_of_it():
    violation = ConservationError(
        "m", what="file", expected=1, got=2, first={"record": 3}, item={"lidvid": "x"}
    )
    again = pickle.loads(pickle.dumps(violation))
    assert type(again) is ConservationError
    assert again.as_dict() == violation.as_dict()
    kept = again.kept_in("runs/r/violations/1-file.json")
    assert "runs/r/violations/1-file.json" in str(kept)
    assert kept.as_dict().items() >= {"what": "file", "expected": 1, "got": 2}.items()
