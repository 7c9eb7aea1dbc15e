"""The cells of all records, read by the kernel, and what is wrong with those that cannot be read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drf_reprocess.drf import kernel
from drf_reprocess.drf.lines import Mask
from drf_reprocess.drf.timeform import time_picture
from drf_reprocess.model import Kind
from drf_reprocess.profiles.model import TimeFormat

KERNEL_KINDS = {Kind.REAL: kernel.REAL, Kind.INTEGER: kernel.INTEGER, Kind.STATE: kernel.STATE}
STATUSES = 7
ODD_AT_LEAST = 2
"""So many cells of another kind make it the column's case and not a damaged record's."""

MICROS = 1_000_000
_EARLIEST, _LATEST = (
    int(np.datetime64(moment, "us").astype(np.int64))
    for moment in ("0001-01-01", "9999-12-31T23:59:59.999999")
)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells of all records; one row of each array is one column of the file.

    A cell that is blank or cannot be read holds 0 in ``reals`` or ``integers``; ``status`` tells.
    """

    kinds: tuple[Kind, ...]
    places: NDArray[np.int64]
    """Which row of the array of its kind holds a column."""
    reals: NDArray[np.float64]
    integers: NDArray[np.int64]
    text_begins: NDArray[np.int64]
    """Where a state's text begins, from the first byte of the grid."""
    text_chars: NDArray[np.int32]
    status: NDArray[np.uint8]
    tally: NDArray[np.int64]
    """How many cells of each column have each status."""

    @property
    def has_bad(self) -> bool:
        """Whether any cell cannot be read."""
        return bool(self.tally[:, kernel.BAD :].any())

    def odd_columns(self) -> list[int]:
        """Columns most of whose values are of another kind than expected: one case, not many damaged records."""
        other = self.tally[:, kernel.BAD] + self.tally[:, kernel.OVERFLOW]
        values = self.tally[:, kernel.VALID :].sum(axis=1)
        return [int(column) for column in np.flatnonzero((2 * other > values) & (other >= ODD_AT_LEAST))]

    def bad_records(self, odd_columns: Sequence[int] = ()) -> Mask:
        """Records with a cell that cannot be read, ``odd_columns`` not counted."""
        bad = self.status >= kernel.BAD
        bad[list(odd_columns)] = False
        return np.asarray(bad.any(axis=0))

    def equals(self, other: Cells) -> bool:
        """Tell whether all cells hold the same."""
        return all(
            np.array_equal(mine, yours)
            for mine, yours in (
                (self.status, other.status),
                (self.reals.view(np.int64), other.reals.view(np.int64)),
                (self.integers, other.integers),
                (self.text_chars, other.text_chars),
                (self.text_begins * (self.text_chars > 0), other.text_begins * (other.text_chars > 0)),
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """The times of all records."""

    micros: NDArray[np.int64]
    """Microseconds since 1970 (UTC, leap seconds not counted); 0 where there is none."""
    status: NDArray[np.uint8]

    @property
    def known(self) -> Mask:
        """Which records have a time."""
        known: Mask = self.status == kernel.VALID
        return known

    def select(self, kept: Mask) -> Times:
        """Return the times of the records that are ``kept``."""
        return Times(self.micros[kept], self.status[kept])


def parse_fields(
    rows: kernel.Bytes, begins: NDArray[np.int64], ends: NDArray[np.int64], kinds: Sequence[Kind]
) -> Cells:
    """Read the cells between ``begins`` and ``ends`` (from 0) of all records."""
    count, fields = len(rows), len(kinds)
    codes = np.array([KERNEL_KINDS[kind] for kind in kinds], np.int64)
    places = np.zeros(fields, np.int64)
    for code in (kernel.REAL, kernel.INTEGER, kernel.STATE):
        mine = codes == code
        places[mine] = np.arange(np.count_nonzero(mine))
    texts = int(np.count_nonzero(codes == kernel.STATE))
    cells = Cells(
        kinds=tuple(kinds),
        places=places,
        reals=np.empty((int(np.count_nonzero(codes == kernel.REAL)), count)),
        integers=np.empty((int(np.count_nonzero(codes == kernel.INTEGER)), count), np.int64),
        text_begins=np.empty((texts, count), np.int64),
        text_chars=np.empty((texts, count), np.int32),
        status=np.empty((fields, count), np.uint8),
        tally=np.zeros((fields, STATUSES), np.int64),
    )
    kernel.parse_cells(
        rows,
        begins,
        ends,
        codes,
        places,
        cells.reals,
        cells.integers,
        cells.text_begins,
        cells.text_chars,
        cells.status,
        cells.tally,
    )
    for field in np.flatnonzero(cells.tally[:, kernel.SLOW]):
        _read_slow(rows, int(begins[field]), int(ends[field]), cells, int(field))
    return cells


def _read_slow(rows: kernel.Bytes, begin: int, end: int, cells: Cells, field: int) -> None:
    """Ask ``float()`` for what the kernel does not round exactly; beyond the largest float there is no value."""
    status, values = cells.status[field], cells.reals[cells.places[field]]
    for record in np.flatnonzero(status == kernel.SLOW):
        value = float(rows[record, begin:end].tobytes().strip(b" \t"))
        finite = math.isfinite(value)
        values[record] = value if finite else 0.0
        status[record] = kernel.VALID if finite else kernel.OVERFLOW
        cells.tally[field, status[record]] += 1
    cells.tally[field, kernel.SLOW] = 0


def read_text_times(rows: kernel.Bytes, time: TimeFormat) -> Times:
    """Read the text times at the start of all rows."""
    picture = time_picture(time)
    times = Times(np.empty(len(rows), np.int64), np.empty(len(rows), np.uint8))
    kernel.parse_times(
        rows,
        picture.codes,
        picture.literals,
        picture.century,
        kernel.LEAP_SECOND_DAYS,
        times.micros,
        times.status,
    )
    return times


def times_from_seconds(cells: Cells, column: int, epoch: str | None) -> Times:
    """Turn a numeric column of seconds since ``epoch`` into times, rounded to the microsecond.

    For the seconds of this and the next decades and six decimals or fewer this is exact: the error of the float is below
    a quarter of a microsecond.
    """
    place = cells.places[column]
    is_real = cells.kinds[column] is Kind.REAL
    seconds = cells.reals[place] if is_real else cells.integers[place].astype(np.float64)
    zero = int(np.datetime64(epoch or "1970-01-01", "us").astype(np.int64))
    status = cells.status[column].copy()
    with np.errstate(over="ignore"):  # 1e305 is a number, but no time
        rounded = np.rint(seconds * MICROS)
    possible = (rounded >= _EARLIEST - zero) & (rounded <= _LATEST - zero)
    status[(status == kernel.VALID) & ~possible] = kernel.IMPOSSIBLE
    micros = np.where(status == kernel.VALID, np.where(possible, rounded, 0).astype(np.int64) + zero, 0)
    return Times(micros, status)
