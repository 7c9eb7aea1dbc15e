from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.profiles.model import Cadence
from drf_reprocess.tables.coverage import MAX_INTERVALS, coverage

CADENCE = Cadence()
DAY_S = 86_400


def table(*seconds: float | None) -> pa.Table:
    times = [None if second is None else round(second * 1e6) for second in seconds]
    return pa.table({"time_utc": pa.array(times, pa.timestamp("us", tz="UTC"))})


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ((), ()),
        ((None,), ()),
        ((5.0,), (("1970-01-01T00:00:05.000Z", "1970-01-01T00:00:05.000Z"),)),
        ((2.5, 0.0, None, 1.25), (("1970-01-01T00:00:00.000Z", "1970-01-01T00:00:02.500Z"),)),
        ((0, 7199), (("1970-01-01T00:00:00.000Z", "1970-01-01T01:59:59.000Z"),)),
        (
            (0, DAY_S),
            (
                ("1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"),
                ("1970-01-02T00:00:00.000Z", "1970-01-02T00:00:00.000Z"),
            ),
        ),
    ],
    ids=["nothing", "no time", "one record", "unsorted", "a pause", "a day apart"],
)
def test_records_cover_time_from_first_to_last(seconds, expected):
    assert coverage(table(*seconds), CADENCE) == expected


def test_a_pause_within_a_file_is_a_hole_by_the_files_own_rhythm():
    day = np.arange(0, DAY_S, 3.0)
    kept = day[(day < 20_000) | (day > 40_000)]
    assert coverage(table(*kept), CADENCE) == (
        ("1970-01-01T00:00:00.000Z", "1970-01-01T05:33:18.000Z"),
        ("1970-01-01T11:06:42.000Z", "1970-01-01T23:59:57.000Z"),
    )
    sparse = np.arange(0, DAY_S, 7_201.0)
    assert len(coverage(table(*sparse), CADENCE)) == 1


def test_an_interval_that_was_left_out_is_a_gap_however_short():
    day = np.arange(0, DAY_S, 3.0)
    kept = day[(day < 3600) | (day >= 3660)]
    mask = ("1970-01-01T01:00:00Z", "1970-01-01T01:01:00.000Z")
    assert coverage(table(*kept), CADENCE, [mask]) == (
        ("1970-01-01T00:00:00.000Z", "1970-01-01T00:59:57.000Z"),
        ("1970-01-01T01:01:00.000Z", "1970-01-01T23:59:57.000Z"),
    )
    assert len(coverage(table(*kept), CADENCE)) == 1
    assert len(coverage(table(*day), CADENCE, [mask])) == 1, "its records are there"
    beside = (
        ("1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"),
        ("1970-01-02T00:00:00Z", "1970-01-03T00:00:00Z"),
    )
    assert len(coverage(table(*day), CADENCE, beside)) == 1


def test_the_longest_gaps_are_kept_where_there_are_too_many():
    starts = np.arange(400) * 10 * DAY_S
    starts[200:] += 5 * DAY_S
    found = coverage(table(*starts), CADENCE)
    assert len(found) == MAX_INTERVALS
    assert found[0][0] == "1970-01-01T00:00:00.000Z"
    stops = {stop for _, stop in found}
    assert "1975-06-14T00:00:00.000Z" in stops, "the longest gap of all parts two intervals"


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_intervals_are_in_order_and_hold_all_records(seconds):
    found = coverage(table(*seconds), CADENCE)
    flat = [time for interval in found for time in interval]
    assert flat == sorted(flat)
    assert found == coverage(table(*reversed(seconds)), CADENCE)
    assert len(found) <= len(set(seconds))
