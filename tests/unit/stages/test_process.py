"""Which of several files stands for a product, and what becomes of the others."""

from __future__ import annotations

import gc
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drf_reprocess.errors import StorageError
from drf_reprocess.identifiers import Lidvid, Vid
from drf_reprocess.model import (
    Action,
    Candidate,
    Decision,
    Disposition,
    FormerProduct,
    RepairOptions,
    SourceFile,
    SourceState,
    WorkItem,
)
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.reprocess import LineOptions
from drf_reprocess.stages import reasons
from drf_reprocess.stages.process import ProcessContext, process_partition
from drf_reprocess.storage.base import object_key, open_store
from drf_reprocess.storage.local_store import LocalStore
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


LID = PROFILE.placement["eps"][1].lid.child("sci_anc_eps14_341_342")


def receive(
    context: ProcessContext,
    files: dict[str, bytes],
    former: FormerProduct | None = None,
    *,
    mtimes: dict[str, int] | None = None,
    used: bool = True,
) -> WorkItem:
    """Lay files into the source, all of one time of change unless told otherwise, and plan the work on them."""
    for name, data in files.items():
        context.source.write(name, data)
    by_product: dict[str, list[SourceFile]] = {}
    for name in sorted(files):
        changed_ns = (mtimes or {}).get(name, 1)
        os.utime(context.source.uri(name), ns=(changed_ns, changed_ns))
        info = context.source.info(name)
        by_product.setdefault(name.rpartition("/")[2].removesuffix(".drf"), []).append(info)
    candidates = tuple(
        Candidate(
            product_id,
            LID.parent.child(product_id),
            tuple(sources),
            former if used and product_id == LID.last else None,
            former if not used and product_id == LID.last else None,
        )
        for product_id, sources in by_product.items()
    )
    return WorkItem("eps:2014:341-342", "eps", candidates, "new file")


def work(context: ProcessContext, item: WorkItem):
    (outcome,) = process_partition(context, (item,))
    return outcome, {one.source.name: (one.state, one.code) for one in outcome.sources}


def make_former(outcome, **changes) -> FormerProduct:
    record = outcome.product
    former = FormerProduct(
        record.lidvid.vid,
        record.data.md5,
        record.label_digest,
        record.creation_time,
        record.history,
        record.source_object.md5,
        label=record.label,
        parquet=record.parquet,
        records=record.records,
        coverage=record.coverage,
    )
    return replace(former, **changes)


def test_one_file_makes_one_product_of_objects_that_exist(mission):
    outcome, states = work(mission, receive(mission, {NAME: make_data(1)}))
    assert states == {NAME: (SourceState.PROCESSED, "")}
    assert (outcome.decision, outcome.expected) == (Decision.NEW, ((LID, None, None),))
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


def test_the_newer_of_two_files_stands_and_the_other_is_kept(mission):
    files = {f"a/{NAME}": make_data(1), f"b/{NAME}": make_data(2)}
    outcome, states = work(mission, receive(mission, files, mtimes={f"b/{NAME}": 2}))
    assert states == {
        f"a/{NAME}": (SourceState.SUPERSEDED, "superseded"),
        f"b/{NAME}": (SourceState.PROCESSED, ""),
    }
    (loser,) = [one for one in outcome.sources if one.state is SourceState.SUPERSEDED]
    assert mission.output.read(object_key(loser.sha256)) == files[f"a/{NAME}"]
    assert f"b/{NAME} stands for the same data (" in loser.message


def test_a_file_that_cannot_be_archived_gives_way_to_the_next_best(mission):
    files = {f"a/{NAME}": make_data(1), f"b/{NAME}": b"\x00\xff junk"}
    _, states = work(mission, receive(mission, files, mtimes={f"b/{NAME}": 2}))
    assert states[f"a/{NAME}"] == (SourceState.PROCESSED, "")
    assert states[f"b/{NAME}"][0] is SourceState.QUARANTINED


def test_a_variant_takes_the_place_of_the_product_under_the_plain_name(mission):
    first, _ = work(mission, receive(mission, {NAME: make_data(1)}))
    manual = "sci_anc_eps_14_341_342_manual.drf"
    files = {NAME: make_data(1), manual: make_data(2)}
    outcome, states = work(mission, receive(mission, files, make_former(first)))
    assert states == {NAME: (SourceState.SUPERSEDED, "superseded"), manual: (SourceState.PROCESSED, "")}
    assert outcome.product.lidvid == Lidvid(LID.parent.child("sci_anc_eps_14_341_342_manual"), Vid(1, 0))
    assert outcome.product.data_path.endswith(manual)
    assert outcome.left == (LID,)
    assert (LID, Vid(1, 0), Vid(1, 0)) in outcome.expected


def test_the_same_bytes_under_another_name_change_nothing(mission):
    first, _ = work(mission, receive(mission, {NAME: make_data(1)}))
    files = {NAME: make_data(1), "sci_anc_eps_14_341_342_manual.drf": make_data(1)}
    outcome, states = work(mission, receive(mission, files, make_former(first)))
    assert states[NAME] == (SourceState.UNCHANGED, "")
    assert (outcome.decision, outcome.left) == (Decision.SAME, ())


def test_a_version_that_no_delivery_holds_is_decided_anew(mission):
    first, _ = work(mission, receive(mission, {NAME: make_data(1)}))
    again, _ = work(mission, receive(mission, {NAME: make_data(1)}, make_former(first), used=False))
    assert again.decision is Decision.SAME
    other, _ = work(mission, receive(mission, {NAME: make_data(2)}, make_former(first), used=False))
    assert (other.decision, other.product.lidvid.vid) == (Decision.NEW, Vid(1, 0))
    assert len(other.product.history) == 1


def test_what_left_the_archive_comes_back_as_a_new_version(mission):
    first, _ = work(mission, receive(mission, {NAME: make_data(1)}))
    gone = make_former(first, current=False)
    outcome, _ = work(mission, receive(mission, {NAME: make_data(1)}, gone))
    assert (outcome.decision, outcome.product.lidvid.vid) == (Decision.LABEL_ONLY, Vid(1, 1))


def test_worse_data_are_held_until_a_person_accepts_them(mission):
    first, _ = work(mission, receive(mission, {NAME: make_data(1)}))
    lines = make_data(2).splitlines(keepends=True)
    item = receive(mission, {NAME: b"".join(lines[:-8])}, make_former(first))
    outcome, states = work(mission, item)
    assert states == {NAME: (SourceState.HELD, "science-gate")}
    assert outcome.pending == "held"
    assert "records" in outcome.sources[0].message
    accept = Disposition(
        "d1",
        Action.ACCEPT,
        "eps",
        LID.last,
        outcome.sources[0].sha256,
        NAME,
        "A",
        "2026-11-21T00:00:00Z",
        "a short day",
        code="science-gate",
    )
    outcome, states = work(mission, replace(item, dispositions=(accept,)))
    assert states == {NAME: (SourceState.PROCESSED, "")}
    assert (outcome.pending, outcome.product.lidvid.vid) == ("", Vid(2, 0))
    assert "a short day" in outcome.product.history[0].description


def test_a_staged_product_waits(mission):
    staging = replace(mission, staging=True)
    outcome, states = work(staging, receive(staging, {NAME: make_data(1)}))
    assert states == {NAME: (SourceState.PROCESSED, "staged")}
    assert outcome.pending == "staged"
    former = make_former(outcome)
    outcome, states = work(staging, receive(staging, {NAME: make_data(1)}, former))
    assert (outcome.pending, states) == ("", {NAME: (SourceState.UNCHANGED, "")})


def test_files_that_no_rule_parts_are_all_set_aside(mission):
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
    assert (outcome.decision, outcome.expected) == (Decision.DATA_CHANGED, ((LID, Vid(1, 0), Vid(1, 0)),))
    assert outcome.product.lidvid.vid == Vid(2, 0)
    assert [entry.vid for entry in outcome.product.history] == [Vid(2, 0), Vid(1, 0)]


def test_a_file_that_cannot_be_read_is_tried_again_and_the_rest_goes_on(mission):
    good = receive(mission, {NAME: make_data(1)})
    absent = Candidate("x", LID.parent.child("x"), (SourceFile("/x", "x.drf", 10, 0),))
    gone = WorkItem("eps:x", "eps", (absent,), "new file")
    lost, made = process_partition(mission, (gone, good))
    assert [(one.state, one.code) for one in lost.sources] == [(SourceState.FAILED, "vanished")]
    assert "and is gone" in lost.sources[0].message
    assert lost.sources[0].remedy
    assert made.product is not None


@pytest.mark.parametrize("kind", ["dangling", "loop", "folder", "pipe"])
def test_what_is_no_file_cannot_be_read_and_has_not_vanished(mission, kind):
    item = receive(mission, {NAME: make_data(1)})
    path = Path(mission.source.uri(NAME))
    path.unlink()
    match kind:
        case "dangling":
            path.symlink_to(path.with_name("gone"))
        case "loop":
            path.symlink_to(path)
        case "folder":
            path.symlink_to(path.parent, target_is_directory=True)
        case "pipe":
            os.mkfifo(path)
    assert work(mission, item)[1] == {NAME: (SourceState.FAILED, "unreadable")}


@pytest.mark.parametrize("when", ["before", "while", "after"])
def test_a_file_that_is_replaced_by_one_of_the_same_size_is_left_alone(mission, monkeypatch, when):
    item = receive(mission, {NAME: make_data(1)}, mtimes={NAME: 1_400_000_000_123_456_789})
    other = make_data(1).replace(b"1", b"2", 1)
    real = LocalStore.read_range

    def replaced(store, *args):
        if when == "before":
            store.write(NAME, other)
        raw = real(store, *args)
        if when != "before":
            store.write(NAME, other if when == "while" else make_data(1))
        return raw

    monkeypatch.setattr(LocalStore, "read_range", replaced)
    outcome, states = work(mission, item)
    assert states == {NAME: (SourceState.FAILED, "changed-while-read")}
    message = outcome.sources[0].message
    assert "last changed 2014-05-13T16:53:20.123456789Z when the run was planned" in message
    assert f"{datetime.now(UTC):%Y-%m-}" in message.partition("planned, ")[2]
    assert outcome.product is None
    monkeypatch.undo()
    found = mission.source.info(NAME)
    again = replace(item, candidates=(replace(item.candidates[0], sources=(found,)),))
    assert work(mission, again)[0].product is not None


def test_entity_tags_tell_more_than_times(mission):
    planned = replace(write(mission), version="a")
    assert reasons.changes_of(planned, replace(planned, mtime_ns=0), planned.bytes) == ""
    told = reasons.changes_of(planned, replace(planned, version="b"), planned.bytes)
    assert told == "entity tag a when the run was planned, b after it was read"


def test_a_store_without_times_of_change_is_read_as_ever(mission):
    planned = replace(write(mission), mtime_ns=0)
    assert reasons.changes_of(planned, planned, planned.bytes) == ""


def test_a_time_of_change_far_away_is_told(mission):
    planned = replace(write(mission), mtime_ns=-(2**62))
    told = reasons.changes_of(planned, replace(planned, mtime_ns=2**63 - 1), planned.bytes)
    assert told.startswith("last changed ")
    assert told.endswith("2262-04-11T23:47:16.854775807Z after it was read")


def write(context: ProcessContext) -> SourceFile:
    context.source.write(NAME, make_data(1))
    return context.source.info(NAME)


def test_a_file_that_grows_while_it_is_read_is_left_alone(mission):
    item = receive(mission, {NAME: make_data(1)})
    mission.source.write(NAME, make_data(1) + b"more")
    outcome, states = work(mission, item)
    assert states == {NAME: (SourceState.FAILED, "changed-while-read")}
    assert "more when it was read" in outcome.sources[0].message
    assert outcome.product is None


def test_of_a_file_that_became_huge_no_more_is_read_than_was_planned(mission, monkeypatch):
    item = receive(mission, {NAME: make_data(1)})
    (source,) = item.sources
    os.truncate(mission.source.uri(NAME), 1 << 40)
    real, asked = LocalStore.read_range, []
    monkeypatch.setattr(
        LocalStore, "read_range", lambda store, *args: asked.append(args) or real(store, *args)
    )
    outcome, states = work(mission, item)
    assert asked == [(NAME, 0, source.bytes + 1)]
    assert states == {NAME: (SourceState.FAILED, "changed-while-read")}
    assert f"{1 << 40} by now" in outcome.sources[0].message


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


def test_what_a_task_read_is_given_back_when_it_ends(mission):
    item = receive(mission, {NAME: make_data(1)})
    gc.collect()
    gc.disable()
    try:
        assert process_partition(mission, (item,))[0].product is not None
        assert not [one for one in gc.get_objects() if isinstance(one, reasons.Received)]
    finally:
        gc.enable()
