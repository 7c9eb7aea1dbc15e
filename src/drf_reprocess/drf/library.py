"""What the kernel does, by numpy and pyarrow alone: for machines on which numba is not installed.

Each function gives exactly what its namesake in `kernel` gives, several times slower; a test compares them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from drf_reprocess.drf.status import (
    BAD,
    IMPOSSIBLE,
    INNER_BLANK,
    INTEGER,
    NULL,
    OVERFLOW,
    REAL,
    SLOW,
    VALID,
    Bytes,
    Indices,
)

REAL_PATTERN = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([Ee][+-]?[0-9]+)?$"
INTEGER_PATTERN = "^[+-]?[0-9]+$"
MOST_DIGITS = 18
"""So many digits of an integer always fit 64 bits."""

MICROS = 1_000_000


def scan_bytes(rows: Bytes, width: int, occupied: Bytes, odd: Bytes) -> None:
    """Mark the byte columns that are not blank in some record, and the records with control or non-ASCII bytes."""
    seen = rows[:, :width]
    occupied[:width] |= ((seen != 32) & (seen != 9)).any(axis=0)
    odd[:] = (((seen < 32) & (seen != 9)) | (seen > 126)).any(axis=1)


def parse_cells(
    rows: Bytes,
    begins: Indices,
    ends: Indices,
    kinds: Indices,
    places: Indices,
    reals: NDArray[np.float64],
    integers: NDArray[np.int64],
    text_begins: NDArray[np.int64],
    text_chars: NDArray[np.int32],
    status: Bytes,
    tally: NDArray[np.int64],
) -> None:
    """Read all cells of all records, column by column; see `kernel.parse_cells`."""
    for field in range(len(begins)):
        cells = np.ascontiguousarray(rows[:, begins[field] : ends[field]])
        place = places[field]
        first, last = _bounds(cells)
        if kinds[field] == REAL:
            reals[place], found = _parse_reals(_texts(cells, first, last))
        elif kinds[field] == INTEGER:
            integers[place], found = _parse_integers(_texts(cells, first, last))
        else:
            text_begins[place] = np.arange(len(rows)) * rows.shape[1] + begins[field] + first
            text_chars[place] = last - first
            inner = np.arange(cells.shape[1])
            inside = (inner >= first[:, None]) & (inner < last[:, None])
            wrong = (((cells < 32) | (cells > 126)) & inside).any(axis=1)
            found = np.where(first == last, NULL, np.where(wrong, BAD, VALID)).astype(np.uint8)
        status[field] = found
        tally[field] += np.bincount(found, minlength=tally.shape[1])


def _bounds(cells: Bytes) -> tuple[Indices, Indices]:
    """Return where the text in each cell begins and ends, blanks stripped; a blank cell begins at its end."""
    width = cells.shape[1]
    filled = (cells != 32) & (cells != 9)
    if not width:
        return np.zeros(len(cells), np.int64), np.zeros(len(cells), np.int64)
    some = filled.any(axis=1)
    first = np.where(some, filled.argmax(axis=1), width)
    last = np.where(some, width - filled[:, ::-1].argmax(axis=1), width)
    return first, last


def _texts(cells: Bytes, first: Indices, last: Indices) -> pa.Array:
    """Return the stripped cells as binary values."""
    chars = last - first
    offsets = np.zeros(len(cells) + 1, np.int32)
    np.cumsum(chars, out=offsets[1:])
    inner = np.arange(cells.shape[1])
    data = cells[(inner >= first[:, None]) & (inner < last[:, None])]
    return pa.Array.from_buffers(
        pa.binary(), len(cells), [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    )


def _judge(texts: pa.Array, pattern: str) -> tuple[Bytes, NDArray[np.bool_]]:
    """Return the status of each text by its grammar, and which follow it."""
    blank = pc.equal(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)
    good = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False) & ~blank
    gap = pc.match_substring_regex(texts, "[ \t]").to_numpy(zero_copy_only=False)
    found = np.where(blank, NULL, np.where(good, VALID, np.where(gap, INNER_BLANK, BAD)))
    return found.astype(np.uint8), good


def _parse_reals(texts: pa.Array) -> tuple[NDArray[np.float64], Bytes]:
    found, good = _judge(texts, REAL_PATTERN)
    values = np.zeros(len(texts))
    # pyarrow rounds exactly, but knows no '+' and says nothing of what is too large: float() is asked then.
    plain = good & ~pc.match_substring_regex(texts, "[+Ee]").to_numpy(zero_copy_only=False)
    plain &= pc.less(pc.binary_length(texts), 300).to_numpy(zero_copy_only=False)
    chosen = pc.filter(texts, pa.array(plain))
    values[plain] = pc.cast(pc.cast(chosen, pa.string()), pa.float64()).to_numpy(zero_copy_only=False)
    found[good & ~plain] = SLOW
    return values, found


def _parse_integers(texts: pa.Array) -> tuple[NDArray[np.int64], Bytes]:
    found, good = _judge(texts, INTEGER_PATTERN)
    values = np.zeros(len(texts), np.int64)
    short = good & pc.less_equal(pc.binary_length(texts), MOST_DIGITS).to_numpy(zero_copy_only=False)
    digits = pc.replace_substring_regex(pc.cast(pc.filter(texts, pa.array(short)), pa.string()), r"^\+", "")
    values[short] = pc.cast(digits, pa.int64()).to_numpy(zero_copy_only=False)
    for place in np.flatnonzero(good & ~short):
        text = texts[place].as_py()
        # int() refuses texts of some thousand digits with an error of its own, be they zeros.
        digits = text.lstrip(b"+-").lstrip(b"0") or b"0"
        value = int(digits) if len(digits) <= MOST_DIGITS + 1 else 1 << 63
        value = -value if text.startswith(b"-") else value
        fits = -(1 << 63) <= value < 1 << 63 and len(digits) <= MOST_DIGITS + 1
        values[place] = value if fits else 0
        found[place] = VALID if fits else OVERFLOW
    return values, found


def parse_times(
    rows: Bytes,
    codes: NDArray[np.int8],
    literals: Bytes,
    century: int,
    leap_days: Indices,
    micros: NDArray[np.int64],
    status: Bytes,
) -> None:
    """Read the text time at the start of each record; see `kernel.parse_times`."""
    chars = len(codes)
    seen = rows[:, :chars]
    is_digit = (seen >= 48) & (seen <= 57)
    blank = ((seen == 32) | (seen == 9)).all(axis=1)
    wrong = np.where(codes == 0, seen != literals, ~is_digit).any(axis=1)
    parts = np.zeros((9, len(rows)), np.int64)
    fractions = np.cumsum(codes == 8)
    for j in np.flatnonzero((codes != 0) & ((codes != 8) | (fractions <= 6))):
        parts[codes[j]] = parts[codes[j]] * 10 + (seen[:, j].astype(np.int64) - 48)
    readable = ~blank & ~wrong
    _, year, month, day_of_month, day_of_year, hours, minutes, seconds, fraction = np.where(
        readable, parts, 1
    )
    day, is_day = _days(
        year + century, month, day_of_month, day_of_year, by_day_of_year=bool((codes == 4).any())
    )
    in_leap = (seconds == 60) & np.isin(day, leap_days) & (hours == 23) & (minutes == 59)
    possible = readable & is_day & (hours < 24) & (minutes < 60) & ((seconds < 60) | in_leap)
    whole = day * 86400 + hours * 3600 + minutes * 60 + seconds
    scale = 10 ** (6 - min(6, int(np.count_nonzero(codes == 8))))
    micros[:] = np.where(possible, whole * MICROS + fraction * scale, 0)
    status[:] = np.where(blank, NULL, np.where(wrong, BAD, np.where(possible, VALID, IMPOSSIBLE)))


def _days(
    year: Indices, month: Indices, day: Indices, day_of_year: Indices, *, by_day_of_year: bool
) -> tuple[Indices, NDArray[np.bool_]]:
    """Return day numbers since 1970, and which dates there are (proleptic Gregorian calendar, from the year 1)."""
    known_year = (year >= 1) & (year <= 9999)
    safe_year = np.where(known_year, year, 2000)
    january = (safe_year - 1970).astype("M8[Y]")
    if by_day_of_year:
        length = ((january + 1).astype("M8[D]") - january.astype("M8[D]")).astype(np.int64)
        return (
            january.astype("M8[D]").astype(np.int64) + day_of_year - 1,
            known_year & (day_of_year >= 1) & (day_of_year <= length),
        )
    known_month = (month >= 1) & (month <= 12)
    first = january.astype("M8[M]") + np.where(known_month, month - 1, 0)
    length = ((first + 1).astype("M8[D]") - first.astype("M8[D]")).astype(np.int64)
    is_day = known_year & known_month & (day >= 1) & (day <= length)
    return first.astype("M8[D]").astype(np.int64) + day - 1, is_day


def gather_texts(
    data: Bytes, begins: Indices, chars: NDArray[np.int32], offsets: NDArray[np.int32], out: Bytes
) -> None:
    """Copy texts one after another into ``out``; ``offsets`` (one more than texts) is already filled."""
    total = int(offsets[len(begins)] - offsets[0])
    shift = np.repeat(begins - offsets[: len(begins)], chars)
    out[offsets[0] : offsets[0] + total] = data[np.arange(offsets[0], offsets[0] + total) + shift]
