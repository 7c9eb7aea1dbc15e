"""Arithmetic of time intervals: half-open, in whole milliseconds, as sorted lists without overlap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

Interval = tuple[int, int]
"""From the first value to before the second."""


def unite(intervals: Iterable[Interval]) -> list[Interval]:
    """Return what is in any of the intervals."""
    united: list[Interval] = []
    for start, stop in sorted(intervals):
        if stop <= start:
            continue
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], stop))
        else:
            united.append((start, stop))
    return united


def subtract(intervals: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """Return what is in the intervals and in none of the others."""
    left: list[Interval] = []
    cuts = unite(others)
    first = 0
    for start, stop in unite(intervals):
        while first < len(cuts) and cuts[first][1] <= start:
            first += 1
        for cut_start, cut_stop in _from(cuts, first, stop):
            if cut_start > start:
                left.append((start, cut_start))
            start = max(start, cut_stop)
        if start < stop:
            left.append((start, stop))
    return left


def _from(cuts: Sequence[Interval], first: int, stop: int) -> Iterable[Interval]:
    while first < len(cuts) and cuts[first][0] < stop:
        yield cuts[first]
        first += 1


def intersect(intervals: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """Return what is both in the intervals and in the others."""
    kept = unite(intervals)
    return subtract(kept, subtract(kept, others))


def overlapping(united: Sequence[Interval], window: Interval) -> Sequence[Interval]:
    """Return those of united intervals (sorted, apart) that share time with a window, uncut."""
    first = bisect_right(united, window[0], key=lambda interval: interval[1])
    return united[first : bisect_left(united, window[1], key=lambda interval: interval[0])]


def length(intervals: Iterable[Interval]) -> int:
    """Return how many milliseconds the intervals have together."""
    return sum(stop - start for start, stop in unite(intervals))
