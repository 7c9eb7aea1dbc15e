"""Intervals that a person left out, and damaged records dropped by decision: what goes, what stays, what is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import drf_tests_render as render
import pytest
from drf_tests_checking import check
from hypothesis import given, settings
from hypothesis import strategies as st

from drf_reprocess.drf.masks import utc_micros
from drf_reprocess.drf.reader import read
from drf_reprocess.model import MaskedInterval, RepairOptions
from drf_reprocess.profiles.load import load_profile

WORDS = "by decision of Ada on 2026-11-21: thruster test"
FIRST = datetime(2014, 12, 8, 3, 20, 19, 328000, tzinfo=UTC)
STEP = timedelta(milliseconds=2919)
J2000_LIKE = "2000-01-01T12:00:00"
HEADER, RECORD = 1300, 325


def iso(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def mask(first, last, words=WORDS):
    """The interval of the records ``first`` to before ``last``, from 0."""
    return MaskedInterval(iso(FIRST + first * STEP), iso(FIRST + last * STEP), words)


def options(*masks, policy="minimal", **more):
    return RepairOptions(policy, masks=masks, **more)


def codes(reading):
    return [finding.code for finding in reading.findings]


@pytest.mark.parametrize("policy", ["never", "minimal", "archive-2020"])
@pytest.mark.parametrize(("first", "last"), [(0, 3), (2, 5), (7, 8), (4, 100)])
def test_the_records_of_an_interval_go_its_stop_not_counted(types, policy, first, last):
    raw = render.sheet(types["gnc"]).render()
    reading = check(raw, types["gnc"], options(mask(first, last), policy=policy))
    assert reading.refused is None
    last = min(last, 8)
    cut = [HEADER + RECORD * place for place in (first, last)]
    assert reading.data == raw[: cut[0]] + raw[cut[1] :]
    (mend,) = reading.mends
    assert mend.rule == "drop-masked-records"
    assert (mend.count, mend.removed_bytes, mend.inserted_bytes) == (last - first, RECORD * (last - first), 0)
    assert (mend.offset_bytes, mend.last_offset_bytes) == (cut[0], cut[1] - RECORD)
    kept = [place + 1 for place in range(8) if not first <= place < last]
    assert reading.table.column("record_number").to_pylist() == kept


def test_the_mend_tells_count_interval_who_and_why(types):
    reading = check(render.sheet(types["gnc"]).render(), types["gnc"], options(mask(1, 4)))
    assert reading.mends[0].words == (
        "removed 3 records from 2014-12-08T03:20:22.247Z to 2014-12-08T03:20:31.004Z (975 bytes) "
        "by decision of Ada on 2026-11-21: thruster test"
    )
    assert reading.mends[0].words.isascii()


def test_masks_add_up_and_each_record_goes_once(types):
    raw = render.sheet(types["gnc"]).render()
    reading = check(raw, types["gnc"], options(mask(1, 4), mask(2, 6), mask(3, 4)))
    assert [mend.count for mend in reading.mends] == [3, 2]
    assert "mask-empty" in codes(reading)
    assert reading.data == raw[: HEADER + RECORD] + raw[HEADER + 6 * RECORD :]


def test_a_mask_without_records_changes_nothing_and_is_told(types):
    raw = render.sheet(types["gnc"]).render()
    reading = read(raw, types["gnc"], options(mask(100, 101)))
    assert reading.data is raw
    assert codes(reading) == ["mask-empty"]


def test_a_mask_that_leaves_nothing_refuses_the_file(types):
    raw = render.sheet(types["gnc"]).render()
    for tail in (b"", b"\r\n", b"\x1a"):
        reading = read(raw + tail, types["gnc"], options(mask(0, 5), mask(5, 9)))
        assert reading.refused.code == "mask-leaves-nothing"
        assert "disposition exclude" in reading.refused.remedy


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record[:60] + b"\x01" + record[61:],
        lambda record: record[:20] + b"########" + record[28:],
        lambda record: record[:100] + record[140:],
        lambda record: record[:-2] + b"  7.5 \r\n",
        lambda record: record[:-2] + b"\n",
    ],
    ids=["control", "no-number", "short", "long", "line-feed"],
)
def test_a_damaged_record_inside_a_mask_no_longer_forbids_the_label(types, spoil):
    raw = render.sheet(types["gnc"]).render()
    begin = HEADER + 3 * RECORD
    spoiled = raw[:begin] + spoil(raw[begin : begin + RECORD]) + raw[begin + RECORD :]
    strict = RepairOptions("never")
    assert read(spoiled, types["gnc"], strict).refused is not None
    reading = check(spoiled, types["gnc"], replace(strict, masks=(mask(3, 4),)))
    assert reading.data == raw[:begin] + raw[begin + RECORD :]


def test_a_file_mostly_garbage_is_read_once_the_garbage_is_masked(types):
    sheet = render.sheet(types["gnc"], records=40)
    lines = sheet.lines()
    for place in range(4 + 12, 4 + 36):
        lines[place] = lines[place][:19] + "".join(chr(200 + place) for _ in lines[place][19:])
    raw = render.join(lines)
    assert read(raw, types["gnc"], RepairOptions()).refused.code == "not-text"
    reading = check(raw, types["gnc"], options(mask(12, 36)))
    assert reading.data == render.join([*lines[: 4 + 12], *lines[4 + 36 :]])


def test_a_cut_last_record_inside_a_mask_goes_with_it(types):
    raw = render.sheet(types["gnc"]).render()
    reading = check(raw[:-57], types["gnc"], options(mask(7, 8), policy="never"))
    assert reading.data == raw[:-RECORD]
    assert [mend.rule for mend in reading.mends] == ["drop-masked-records"]


def test_a_damaged_time_is_in_no_interval(types):
    raw = render.sheet(types["gnc"]).render()
    begin = HEADER + 3 * RECORD
    spoiled = raw[:begin] + b"1x" + raw[begin + 2 :]
    reading = read(spoiled, types["gnc"], options(mask(3, 4)))
    assert reading.refused.code == "damaged-records"


def imu_interval(types, first, last):
    epoch = datetime.fromisoformat(types["imu"].time.epoch).replace(tzinfo=UTC)
    names = [column.name for column in types["imu"].column_sets[0].columns]
    base = 580000000 + names.index(types["imu"].time.column)
    assert names.index(types["imu"].time.column) in (0, 1)
    return MaskedInterval(
        iso(epoch + timedelta(seconds=base + first)), iso(epoch + timedelta(seconds=base + last)), WORDS
    )


def test_times_in_seconds_are_masked_as_the_reader_computes_them(types):
    raw = render.imu_sheet(types["imu"]).render()
    header, record = raw.index(b"\n") + 1, 102
    reading = check(raw, types["imu"], options(imu_interval(types, 2, 5)))
    assert reading.data == raw[: header + 2 * record] + raw[header + 5 * record :]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record[:60] + record[66:],
        lambda record: record[:-2] + b"   \r\n",
        lambda record: record[:70] + b"?" + record[71:],
    ],
    ids=["short", "long", "no-number"],
)
def test_damaged_records_with_times_in_seconds_can_be_masked(types, spoil):
    raw = render.imu_sheet(types["imu"]).render()
    begin = raw.index(b"\n") + 1 + 2 * 102
    spoiled = raw[:begin] + spoil(raw[begin : begin + 102]) + raw[begin + 102 :]
    assert read(spoiled, types["imu"], RepairOptions()).refused is not None
    reading = check(spoiled, types["imu"], options(imu_interval(types, 2, 3)))
    assert reading.data == raw[:begin] + raw[begin + 102 :]


def test_a_number_that_is_cut_is_no_time(types):
    raw = render.imu_sheet(types["imu"]).render()
    begin = raw.index(b"\n") + 1 + 2 * 102
    spoiled = raw[:begin] + b"58000\r\n" + raw[begin + 102 :]
    ancient = MaskedInterval("1990-01-01T00:00:00Z", "2005-01-01T00:00:00Z", WORDS)
    reading = read(spoiled, types["imu"], options(ancient))
    assert reading.refused.code == "damaged-records"


@pytest.mark.parametrize("policy", ["never", "minimal"])
def test_damaged_records_go_by_decision_however_many(types, policy):
    raw = render.sheet(types["gnc"]).render()
    lines = raw.splitlines(keepends=True)
    for place in (5, 6, 8):
        lines[place] = lines[place][:20] + b"#" * 8 + lines[place][28:]
    raw = b"".join(lines)[:-57]
    assert read(raw, types["gnc"], RepairOptions(policy)).refused.code == "damaged-records"
    reading = check(raw, types["gnc"], RepairOptions(policy, drop_damaged=True))
    assert reading.data == b"".join(line for place, line in enumerate(lines) if place not in (5, 6, 8, 11))
    assert [mend.rule for mend in reading.mends] == ["drop-truncated-tail", "drop-damaged-records"]


def test_not_all_records_go_by_decision(types):
    sheet = render.sheet(types["gnc"])
    rows = tuple((row[0], "1.x", *row[2:]) for row in sheet.rows[:1])
    raw = sheet.but(rows=rows).render()
    assert read(raw, types["gnc"], RepairOptions(drop_damaged=True)).refused.code == "no-records"


@pytest.mark.parametrize(
    ("start", "stop", "message"),
    [
        ("2014-12-08T04:00:00Z", "2014-12-08T03:00:00Z", "expected a start before the stop"),
        ("2014-12-08T03:00:00Z", "2014-12-08T03:00:00Z", "expected a start before the stop"),
        ("yesterday", "2014-12-08T03:00:00Z", "Invalid isoformat string"),
    ],
)
def test_an_interval_that_is_none_is_an_error_of_the_caller(types, start, stop, message):
    raw = render.sheet(types["gnc"]).render()
    with pytest.raises(ValueError, match=message):
        read(raw, types["gnc"], options(MaskedInterval(start, stop, "")))


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01", 0),
        ("1970-01-01T00:00:00.000001", 1),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.5Z", -500_000),
    ],
)
def test_times_of_intervals(text, micros):
    assert utc_micros(text) == micros


GNC = load_profile("maven-anc").types_by_name["gnc"]


@settings(max_examples=60, deadline=None)
@given(
    bounds=st.lists(
        st.tuples(st.integers(-2, 13), st.integers(1, 6)).map(lambda pair: (pair[0], pair[0] + pair[1])),
        max_size=3,
    ),
    ends=st.sampled_from([(b"\r\n",), (b"\n",), (b"\r\n", b"\n")]),
    policy=st.sampled_from(["minimal", "archive-2020"]),
)
def test_what_stays_is_what_was_received_less_the_masked(bounds, ends, policy):
    sheet = render.sheet(GNC, records=12).but(ends=ends)
    masked = {place for first, last in bounds for place in range(first, last)}
    kept = [record for place, record in enumerate(sheet.records()) if place not in masked]
    reading = check(sheet.render(), GNC, options(*(mask(*bound) for bound in bounds), policy=policy))
    if not kept:
        assert reading.refused.code == "mask-leaves-nothing"
        return
    assert reading.data.endswith(render.join(kept))
    assert reading.layout.records == len(kept)
    gone = sum(mend.count for mend in reading.mends if mend.rule == "drop-masked-records")
    assert gone == 12 - len(kept)
