"""The journal's segments: what was written comes back whole and in order, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.catalog.base import Change
from drf_reprocess.catalog.sql import open_catalog
from drf_reprocess.errors import JournalDamaged, StorageFull
from drf_reprocess.journal import (
    JOURNAL,
    SEGMENT_CHANGES,
    Journal,
    last_position,
    parse_segment,
    read_journal,
    render_segment,
    segment_key,
)
from drf_reprocess.model import Event
from drf_reprocess.storage.base import open_store
from drf_reprocess.testing.catalog_values import RUN

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
CHANGES = st.builds(
    Change,
    st.integers(1, 10**12 - 1),
    TEXT,
    st.sampled_from(["put", "del", "clear"]),
    st.dictionaries(TEXT, VALUES, max_size=4),
)


def change(position: int) -> Change:
    return Change(
        position, "events", "put", {"position": position, "message": f"change {position}\r\n\u2028é"}
    )


def write(output, first: int, last: int) -> None:
    output.write(
        segment_key(first, last), render_segment([change(number) for number in range(first, last + 1)])
    )


def positions(output) -> list[int]:
    return [found.position for found in read_journal(output)]


@pytest.fixture
def output(tmp_path):
    return open_store(str(tmp_path / "output"))


@given(st.lists(CHANGES, max_size=8))
def test_a_segment_comes_back_as_it_was_written(changes):
    data = render_segment(changes)
    assert list(parse_segment(data, "x")) == changes
    assert data.count(b"\n") == len(changes) + 1, "one line a change, whatever its texts hold"


def test_a_bit_that_flips_anywhere_is_found():
    data = render_segment([change(1), change(2)])
    for place in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            try:
                found = list(parse_segment(bytes(damaged), "x"))
            except JournalDamaged:
                continue
            # What the header says beside format and digest decides nothing.
            assert found == [change(1), change(2)], f"bit {bit} of byte {place}"
            assert place < data.index(b"\n")


def test_a_segment_that_was_cut_off_anywhere_is_found():
    data = render_segment([change(1), change(2)])
    for length in range(len(data)):
        with pytest.raises(JournalDamaged, match="put it back from a copy"):
            list(parse_segment(data[:length], "runs/journal/x"))


@pytest.mark.parametrize("data", [b"", b"\n", b"null\n", b"[]\n", b'{"format": 1}\n', b"\xff\xfe\n", b"1"])
def test_what_is_no_segment_is_refused(data):
    with pytest.raises(JournalDamaged, match="expected"):
        list(parse_segment(data, "x"))


def test_a_segment_of_another_format_is_refused():
    head, _, body = render_segment([change(1)]).partition(b"\n")
    other = json.dumps(json.loads(head) | {"format": "drf-reprocess journal 2"}).encode() + b"\n" + body
    with pytest.raises(JournalDamaged, match="expected format drf-reprocess journal 1"):
        list(parse_segment(other, "x"))


def test_an_output_without_a_journal_has_none(output):
    assert last_position(output) == 0
    assert positions(output) == []


def test_segments_are_read_in_the_order_of_their_changes(output):
    write(output, 3, 12)
    write(output, 1, 2)
    write(output, 13, 13)
    assert positions(output) == list(range(1, 14))
    assert last_position(output) == 13


def test_what_two_writers_wrote_twice_is_taken_once(output):
    """Both saw changes 1 to 5; one had more by then, and one was slower still."""
    write(output, 1, 5)
    write(output, 1, 8)
    write(output, 4, 6)
    write(output, 6, 10)
    assert positions(output) == list(range(1, 11))


@pytest.mark.parametrize(("lost", "told"), [((1, 3), "1 to 3"), ((4, 6), "4 to 6")])
def test_a_missing_segment_is_named(output, lost, told):
    for first in (1, 4, 7):
        if first != lost[0]:
            write(output, first, first + 2)
    with pytest.raises(JournalDamaged, match=f"changes {told} of the journal .* are missing"):
        positions(output)


def test_other_files_in_the_folder_are_no_segments(output):
    write(output, 1, 2)
    output.write(f"{JOURNAL}/notes.txt", b"mine")
    output.write(f"{JOURNAL}/1-9.jsonl", b"mine")
    assert positions(output) == [1, 2]
    assert last_position(output) == 2


@pytest.fixture
def catalog(tmp_path):
    with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite", create=True) as catalog:
        catalog.start_run(RUN)
        yield catalog


def test_many_changes_make_several_segments_and_leave_the_catalog(catalog, output):
    catalog.add_events([Event("told", str(number)) for number in range(2 * SEGMENT_CHANGES)], RUN.run_time)
    expected = list(catalog.changes())
    Journal(catalog, output).write()
    assert len(list(output.list(JOURNAL))) == 3
    assert list(read_journal(output)) == expected
    assert list(catalog.changes()) == []
    assert catalog.last_change() == last_position(output) == 2 * SEGMENT_CHANGES + 1


def test_nothing_is_written_where_nothing_changed(catalog, output):
    journal = Journal(catalog, output)
    journal.write()
    before = {file.name for file in output.list(JOURNAL)}
    journal.write()
    assert {file.name for file in output.list(JOURNAL)} == before != set()


def test_a_change_stays_in_the_catalog_until_its_segment_is_written(catalog, output, monkeypatch):
    """Between the two there is no moment in which it is nowhere, and a segment is there whole or not at all."""
    expected = list(catalog.changes())
    monkeypatch.setattr(type(output), "write", _refuse)
    with pytest.raises(StorageFull):
        Journal(catalog, output).write()
    assert list(catalog.changes()) == expected
    monkeypatch.undo()
    assert positions(output) == []
    monkeypatch.setattr(type(catalog), "forget_changes", _refuse)
    with pytest.raises(StorageFull):
        Journal(catalog, output).write()
    monkeypatch.undo()
    catalog.add_events([Event("told", "later")], RUN.run_time)
    Journal(catalog, output).write()
    assert list(read_journal(output)) == [*expected, replace(last_event(catalog), position=len(expected) + 1)]


def last_event(catalog) -> Change:
    *_, (name, row) = ((name, row) for name, row in catalog.content() if name == "events")
    return Change(0, name, "put", row)


def _refuse(*_args: object, **_options: object) -> None:
    raise StorageFull("no space")
