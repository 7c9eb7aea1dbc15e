"""Which time the records of one file cover: measured from the records, not taken from the file's name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from drf_reprocess.profiles.model import Cadence

MAX_INTERVALS = 200
"""Of a file in which more gaps than these would part the records, only the longest gaps are kept."""

TIME_UTC = "time_utc"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def coverage(
    table: pa.Table, cadence: Cadence, masks: Iterable[tuple[str, str]] = ()
) -> tuple[tuple[str, str], ...]:
    """Return the intervals in which the records follow one another without a gap, in order of time.

    Each is first and last time as ISO 8601 UTC with milliseconds. A gap is a step that is longer than
    ``cadence.gap_s``, or than both ``cadence.pause_s`` and ``cadence.pause_steps`` usual (median) steps of this file.
    Records without a time are left out; their order in the file does not matter. The records of ``masks`` (first time left
    out, first time kept; ISO 8601, UTC) are known to be left out of the table: there is a gap however short they are.
    """
    column = table.column(TIME_UTC).drop_null()
    if not len(column):
        return ()
    times_us = micros(column)
    steps_us = np.diff(times_us)
    if steps_us.min(initial=0) < 0:
        times_us = np.sort(times_us)
        steps_us = np.diff(times_us)
    steps_s = steps_us / 1e6
    moving = steps_s[steps_s > 0]
    usual_s = float(np.median(moving)) if len(moving) else 0.0
    limit_s = min(cadence.gap_s, max(cadence.pause_s, cadence.pause_steps * usual_s))
    is_gap = steps_s > limit_s
    for start, stop in masks:
        before = int(np.searchsorted(times_us, _micros(start))) - 1
        if 0 <= before < len(is_gap) and times_us[before + 1] >= _micros(stop):
            is_gap[before] = True
    gaps = np.flatnonzero(is_gap)
    if len(gaps) >= MAX_INTERVALS:
        gaps = np.sort(gaps[np.argsort(steps_s[gaps], kind="stable")[-(MAX_INTERVALS - 1) :]])
    starts = times_us[np.concatenate(([0], gaps + 1))]
    stops = times_us[np.concatenate((gaps, [len(times_us) - 1]))]
    return tuple((_iso(int(start)), _iso(int(stop))) for start, stop in zip(starts, stops, strict=True))


def micros(times: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return times, all of them known, as microseconds since 1970, read-only.

    Not by Arrow's ``to_numpy``: where pandas is installed, that imports it, which takes each worker 0.2 s and 40 MB.
    """
    return np.asarray(np.from_dlpack(times.cast(pa.int64()).combine_chunks()), np.int64)


def _micros(text: str) -> int:
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _iso(time_us: int) -> str:
    moment = _EPOCH + timedelta(microseconds=time_us)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
