"""Which of several files stands for a product, and what becomes of the others."""

from __future__ import annotations

import pytest

from drf_reprocess.errors import StorageError
from drf_reprocess.identifiers import Vid
from drf_reprocess.model import (
    Decision,
    FormerProduct,
    RepairOptions,
    SourceFile,
    SourceState,
    WorkItem,
)
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.reprocess import LineOptions
from drf_reprocess.stages.process import ProcessContext, process_partition
from drf_reprocess.storage.base import object_key, open_store
from drf_reprocess.testing.faults import FailOnCall
from drf_reprocess.testing.render import render_file
from drf_reprocess.testing.schedule import make_spec

PROFILE = load_profile("maven-anc")
NAME = "sci_anc_eps14_341_342.drf"


def make_data(seed: int) -> bytes:
    from datetime import date

    spec = make_spec(PROFILE.types_by_name["eps"], date(2014, 12, 8), scale=0.01, seed=seed, records=20)
    return render_file(spec)


@pytest.fixture
def mission(tmp_path):
    source, output = open_store(str(tmp_path / "source")), open_store(str(tmp_path / "output"))
    line = LineOptions(PROFILE, RepairOptions(), "2026-01-02T03:04:05Z")
    return ProcessContext(line, source, output, None)


def receive(
    context: ProcessContext, files: dict[str, bytes], former: FormerProduct | None = None
) -> WorkItem:
    for name, data in files.items():
        context.source.write(name, data)
    sources = tuple(context.source.info(name) for name in sorted(files))
    lid = PROFILE.placement["eps"][1].lid.child("sci_anc_eps14_341_342")
    return WorkItem("sci_anc_eps14_341_342", "eps", lid, sources, "new file", former)


def work(context: ProcessContext, item: WorkItem):
    (outcome,) = process_partition(context, (item,))
    return outcome, {one.source.name: (one.state, one.code) for one in outcome.sources}


def make_former(outcome) -> FormerProduct:
    record = outcome.product
    return FormerProduct(
        record.lidvid.vid,
        record.data.md5,
        record.label_digest,
        record.creation_time,
        record.history,
        record.source_object.md5,
    )


def test_one_file_makes_one_product_of_objects_that_exist(mission):
    outcome, states = work(mission, receive(mission, {NAME: make_data(1)}))
    assert states == {NAME: (SourceState.PROCESSED, "")}
    assert (outcome.decision, outcome.former) == (Decision.NEW, None)
    record = outcome.product
    assert str(record.lidvid) == "urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_341_342::1.0"
    for stored in (record.source_object, record.data, record.label, record.parquet):
        assert len(mission.output.read(object_key(stored.sha256))) == stored.bytes


def test_identical_copies_are_superseded(mission):
    data = make_data(1)
    outcome, states = work(mission, receive(mission, {f"a/{NAME}": data, f"b/{NAME}": data}))
    assert states == {
        f"a/{NAME}": (SourceState.PROCESSED, ""),
        f"b/{NAME}": (SourceState.SUPERSEDED, "identical-copy"),
    }
    assert outcome.read_bytes == 2 * len(data)


def test_files_that_differ_are_all_set_aside(mission):
    files = {f"a/{NAME}": make_data(1), f"b/{NAME}": make_data(2), f"c/{NAME}": make_data(1)}
    outcome, states = work(mission, receive(mission, files))
    assert outcome.product is None
    assert states == dict.fromkeys(files, (SourceState.QUARANTINED, "product-conflict"))
    messages = {one.source.name: one.message for one in outcome.sources}
    assert f"b/{NAME} differ" in messages[f"a/{NAME}"]
    assert f"a/{NAME} differ" in messages[f"b/{NAME}"]


def test_what_is_archived_stands_against_a_newcomer(mission):
    first, _ = work(mission, receive(mission, {f"b/{NAME}": make_data(1)}))
    files = {f"a/{NAME}": make_data(2), f"b/{NAME}": make_data(1)}
    outcome, states = work(mission, receive(mission, files, make_former(first)))
    assert outcome.decision is Decision.SAME
    assert states == {
        f"a/{NAME}": (SourceState.QUARANTINED, "product-conflict"),
        f"b/{NAME}": (SourceState.UNCHANGED, ""),
    }


def test_changed_data_get_a_new_major_version_and_keep_their_history(mission):
    first, _ = work(mission, receive(mission, {NAME: make_data(1)}))
    outcome, _ = work(mission, receive(mission, {NAME: make_data(2)}, make_former(first)))
    assert (outcome.decision, outcome.former) == (Decision.DATA_CHANGED, Vid(1, 0))
    assert outcome.product.lidvid.vid == Vid(2, 0)
    assert [entry.vid for entry in outcome.product.history] == [Vid(2, 0), Vid(1, 0)]


def test_a_file_that_cannot_be_read_is_tried_again_and_the_rest_goes_on(mission):
    good = receive(mission, {NAME: make_data(1)})
    gone = WorkItem("x", "eps", good.lid.parent.child("x"), (SourceFile("/x", "x.drf", 10, 0),), "new file")
    lost, made = process_partition(mission, (gone, good))
    assert [(one.state, one.code) for one in lost.sources] == [(SourceState.FAILED, "unreadable")]
    assert made.product is not None


def test_a_file_that_grows_while_it_is_read_is_left_alone(mission):
    item = receive(mission, {NAME: make_data(1)})
    mission.source.write(NAME, make_data(1) + b"more")
    outcome, states = work(mission, item)
    assert states == {NAME: (SourceState.FAILED, "changed-while-read")}
    assert outcome.product is None


def test_a_bug_sets_one_file_aside_with_its_traceback(mission, monkeypatch, caplog):
    failing = FailOnCall(process_partition, IndexError("off by one"), 1)
    monkeypatch.setattr("drf_reprocess.stages.process.reprocess", failing)
    outcome, states = work(mission, receive(mission, {NAME: make_data(1)}))
    assert states == {NAME: (SourceState.FAILED, "internal-error")}
    assert "IndexError: off by one" in outcome.sources[0].message


def test_a_full_disk_is_no_fault_of_a_file(mission, monkeypatch):
    failing = FailOnCall(lambda *_: None, StorageError("no space left"), 1)
    monkeypatch.setattr("drf_reprocess.stages.process.put_object", failing)
    with pytest.raises(StorageError, match="no space left"):
        work(mission, receive(mission, {NAME: make_data(1)}))
