"""Intervals of time that a person left out: which record lines fall into them, damaged ones included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from drf_reprocess.drf import kernel
from drf_reprocess.drf.cells import Times, parse_fields, read_text_times, times_from_seconds
from drf_reprocess.drf.interpret import View
from drf_reprocess.drf.lines import Lines, Mask
from drf_reprocess.drf.records import FILLER
from drf_reprocess.drf.timeform import time_picture
from drf_reprocess.model import MaskedInterval
from drf_reprocess.profiles.model import FileType, TimeFormat

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_micros(text: str) -> int:
    """Return a time in ISO 8601 as microseconds since 1970 (UTC, leap seconds not counted); without zone it is UTC.

    ``ValueError`` if it is none.
    """
    moment = datetime.fromisoformat(text)
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (aware - _EPOCH) // timedelta(microseconds=1)


def text_line_times(lines: Lines, time: TimeFormat) -> Times:
    """Read the text time at the start of every record line, complete or not; nothing else of the line matters."""
    return read_text_times(_line_rows(lines, time_picture(time).chars), time)


def numeric_line_times(view: View, file_type: FileType) -> Times:
    """Return the time of every record line of a type with times in seconds.

    Of a line of another length, the time is what stands in the place of the time column, if that place is whole.
    """
    complete = view.lengths.complete
    times = Times(np.zeros(len(view.lines), np.int64), np.full(len(view.lines), kernel.BAD, np.uint8))
    times.micros[complete], times.status[complete] = view.times.micros, view.times.status
    if complete.all():
        return times
    columns = view.placement.match.columns
    field = [column.known.name for column in columns].index(file_type.time.column)
    slots = view.placement.slots
    # With the bytes around it: a number that reaches beyond its column is not in its place.
    begin, end = max(0, int(slots.begins[field]) - 1), int(slots.ends[field]) + 1
    others = view.lines.select(~complete)
    cells = parse_fields(
        _line_rows(others, end), np.array([begin]), np.array([end]), [columns[field].known.kind]
    )
    found = times_from_seconds(cells, 0, file_type.time.epoch)
    status = np.where(others.chars >= slots.ends[field], found.status, kernel.BAD)
    times.micros[~complete], times.status[~complete] = found.micros, status
    return times


def _line_rows(lines: Lines, chars: int) -> kernel.Bytes:
    """Return the first ``chars`` bytes of each record line, shorter lines filled up with blanks."""
    data = np.concatenate((np.frombuffer(lines.raw, np.uint8), np.full(chars, kernel.BLANK, np.uint8)))
    rows = np.lib.stride_tricks.sliding_window_view(data, chars)[lines.offsets]
    rows[np.arange(chars) >= lines.chars[:, None]] = kernel.BLANK
    rows.flags.writeable = False  # as everywhere: the kernel is then compiled for one kind of array
    return rows


def inside(times: Times, interval: MaskedInterval) -> Mask:
    """Tell which times lie in an interval: its start is in it, its stop is not.

    ``ValueError`` if start or stop is no time, or the start is not before the stop.
    """
    start, stop = utc_micros(interval.start_time), utc_micros(interval.stop_time)
    if start >= stop:
        raise ValueError(
            f"the interval from {interval.start_time} to {interval.stop_time} is empty: expected a start before the stop"
        )
    found: Mask = times.known & (times.micros >= start) & (times.micros < stop)
    return found


def has_text(lines: Lines) -> bool:
    """Tell whether any record line holds more than blanks and fill bytes."""
    places = zip(lines.offsets.tolist(), lines.chars.tolist(), strict=True)
    return any(lines.raw[offset : offset + chars].strip(FILLER) for offset, chars in places)
