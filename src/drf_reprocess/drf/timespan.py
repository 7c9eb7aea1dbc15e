"""Start and stop of a file as a label tells them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np

from drf_reprocess.drf.interpret import View
from drf_reprocess.drf.timeform import time_picture
from drf_reprocess.profiles.model import FileType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_FRACTION_DIGITS = 6


def time_span(view: View, file_type: FileType) -> tuple[str, str, date]:
    """Return earliest and latest time of all records and the UTC day of the earliest; one record at least has a time.

    The times are ISO 8601 UTC with as many digits as the file has, at most six.
    """
    known = np.flatnonzero(view.times.known)
    micros = view.times.micros[known]
    first, last = int(known[np.argmin(micros)]), int(known[np.argmax(micros)])
    digits = min(
        _MAX_FRACTION_DIGITS, max(_fraction_digits(view, file_type, record) for record in (first, last))
    )
    start, stop = (int(view.times.micros[record]) for record in (first, last))
    return _iso(start, digits), _iso(stop, digits), (_EPOCH + timedelta(microseconds=start)).date()


def _fraction_digits(view: View, file_type: FileType, record: int) -> int:
    """How many digits after the point the time of one record has."""
    if file_type.time.is_text:
        return time_picture(file_type.time).fraction_digits
    names = [column.known.name for column in view.placement.match.columns]
    field = names.index(file_type.time.column)
    slots = view.placement.slots
    cell = view.records.rows[record, slots.begins[field] : slots.ends[field]].tobytes().strip()
    if b"e" in cell.lower():
        return _MAX_FRACTION_DIGITS
    return len(cell.partition(b".")[2])


def _iso(micros: int, digits: int) -> str:
    moment = _EPOCH + timedelta(microseconds=micros)
    whole = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return f"{whole}.{moment.microsecond:06d}"[: 20 + digits if digits else 19] + "Z"
