"""How the files of a type follow one another, learned from those that made products.

Names tell days, and the data lie elsewhere: one whose name has two days holds the second of them only, the next file's
name begins before the last one's ends. So what a file without data would have covered is told by its neighbours.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median_low

from drf_reprocess.reports.intervals import Interval

MISSED = 1.5
"""From one file's start to the next one's it is at least so many normal steps where a file between them is missing."""

NEIGHBOURS = 9
"""So many files, those next in time, tell where a file's data lie within the days of its name: a rhythm may change."""

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What the files of a type with products tell of the others."""

    names: tuple[Interval, ...] = ()
    """Days of their names, in order."""
    shifts: tuple[Interval, ...] = ()
    """Of each: from the start of its days to its first record, and from their end to its last one, in milliseconds."""
    pause_ms: int | None = None
    """Between files so much time without records is usual; None where too few files tell."""

    def place(self, days: Interval) -> Interval | None:
        """Return where the data of a file with these days in its name would be; None if no other file tells it."""
        if not self.names:
            return None
        first = bisect_left(self.names, days) - NEIGHBOURS // 2
        first = max(0, min(first, len(self.names) - NEIGHBOURS))
        near = self.shifts[first : first + NEIGHBOURS]
        start = days[0] + median_low([shift for shift, _ in near])
        stop = days[1] + median_low([shift for _, shift in near])
        return (start, stop) if start < stop else None


def learn_rhythm(named: Iterable[tuple[Interval, Interval]], data: Sequence[Interval], gap_ms: int) -> Rhythm:
    """Return the rhythm of a type.

    Parameters
    ----------
    named
        Days of the name, and time of the data, of each file that made a product.
    data
        Time of each product's data, sorted.
    gap_ms
        The longest step from record to record that is normal.
    """
    pairs = sorted(named)
    return Rhythm(
        names=tuple(days for days, _ in pairs),
        shifts=tuple((time[0] - days[0], time[1] - days[1]) for days, time in pairs),
        pause_ms=_usual_pause(data, gap_ms),
    )


def is_missed(pause_ms: int, step_ms: int, gap_ms: int) -> bool:
    """Tell whether a file is missing between two.

    ``pause_ms`` is from the end of one to the start of the other, ``step_ms`` from start to start: files of a few minutes
    a day leave nearly a day between them, so the step must be out of order, too.
    """
    return pause_ms > gap_ms and step_ms > MISSED * gap_ms


def _usual_pause(data: Sequence[Interval], gap_ms: int) -> int | None:
    """Return what nine of ten pauses between files do not exceed by more than a quarter."""
    pauses = []
    for (last_start, _), reached, (start, _) in zip(data, _reaches(data), data[1:], strict=False):
        if not is_missed(start - reached, start - last_start, gap_ms):
            pauses.append(max(0, start - reached))
    if not pauses:
        return None
    pauses.sort()
    return min(gap_ms, pauses[(9 * (len(pauses) - 1)) // 10] * 5 // 4 + MINUTE_MS)


def _reaches(data: Iterable[Interval]) -> Iterable[int]:
    reached: int | None = None
    for _, stop in data:
        reached = stop if reached is None else max(reached, stop)
        yield reached
