"""Arithmetic of time intervals: half-open, in whole milliseconds, as sorted lists without overlap."""

from __future__ import annotations

from collections.abc import Iterable

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
    for start, stop in unite(intervals):
        for cut_start, cut_stop in cuts:
            if cut_stop <= start or cut_start >= stop:
                continue
            if cut_start > start:
                left.append((start, cut_start))
            start = max(start, cut_stop)
        if start < stop:
            left.append((start, stop))
    return left


def intersect(intervals: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """Return what is both in the intervals and in the others."""
    kept = unite(intervals)
    return subtract(kept, subtract(kept, others))


def length(intervals: Iterable[Interval]) -> int:
    """Return how many milliseconds the intervals have together."""
    return sum(stop - start for start, stop in unite(intervals))
