from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.reports.intervals import intersect, length, subtract, unite

INTERVALS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6)


def points(intervals) -> set[int]:
    return {point for start, stop in intervals for point in range(start, stop)}


@given(INTERVALS, INTERVALS)
def test_intervals_are_sets_of_points(ones, others):
    assert points(unite(ones)) == points(ones)
    assert points(subtract(ones, others)) == points(ones) - points(others)
    assert points(intersect(ones, others)) == points(ones) & points(others)
    assert length(ones) == len(points(ones))


@given(INTERVALS)
def test_united_intervals_are_sorted_and_apart(ones):
    united = unite(ones)
    assert all(start < stop for start, stop in united)
    assert all(before[1] < after[0] for before, after in pairwise(united))
