"""The parse kernel: loops over the bytes of fixed-width records, compiled, one pass a call.

Numbers follow the grammar of PDS4 ASCII_Real ``[+-]?(d+(.d*)?|.d+)([Ee][+-]?d+)?`` and ASCII_Integer ``[+-]?d+``.
A real of at most 18 digits whose digits fit 53 bits and whose power of ten is at most 22 either way is one exactly rounded
operation (Clinger 1990); the others are marked `SLOW` for the caller, who asks ``float()``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drf_reprocess.drf import library
from drf_reprocess.drf.compiled import NUMBA, compiled
from drf_reprocess.drf.status import (
    BAD,
    IMPOSSIBLE,
    INNER_BLANK,
    INTEGER,
    NULL,
    OVERFLOW,
    REAL,
    SLOW,
    STATE,
    VALID,
    Bytes,
    Indices,
)

__all__ = [
    "BAD",
    "BLANK",
    "IMPOSSIBLE",
    "INNER_BLANK",
    "INTEGER",
    "LEAP_SECOND_DAYS",
    "NULL",
    "OVERFLOW",
    "REAL",
    "SLOW",
    "STATE",
    "TAB",
    "VALID",
    "Bytes",
    "gather_texts",
    "parse_cells",
    "parse_times",
    "scan_bytes",
    "warm_up",
]

BLANK, TAB = 32, 9

LEAP_SECOND_DAYS = np.array(["2015-06-30", "2016-12-31"], "M8[D]").astype(np.int64)
"""Days since 1970 whose last minute has a second 60 (IERS Bulletin C 49 and 52)."""

_POWERS = 10.0 ** np.arange(23)
_MANTISSA_LIMIT = 1 << 53
_FAST_DIGITS = 18


@compiled
def scan_bytes(rows: Bytes, width: int, occupied: Bytes, odd: Bytes) -> None:
    """Mark the byte columns that are not blank in some record, and the records with control or non-ASCII bytes."""
    for r in range(rows.shape[0]):
        row = rows[r]
        flag = np.uint8(0)
        for j in range(width):
            byte = row[j]
            occupied[j] |= np.uint8((byte != 32) & (byte != 9))
            flag |= np.uint8(((byte < 32) & (byte != 9)) | (byte > 126))
        odd[r] = flag


@compiled
def _parse_real(row: Bytes, a: int, b: int) -> tuple[int, float]:
    negative = row[a] == 45
    if negative or row[a] == 43:
        a += 1
    mantissa = np.uint64(0)
    start = a
    while a < b:
        digit = np.uint8(row[a] - 48)
        if digit > 9:
            break
        mantissa = mantissa * np.uint64(10) + np.uint64(digit)
        a += 1
    digits = a - start
    power = 0
    if a < b and row[a] == 46:
        a += 1
        start = a
        while a < b:
            digit = np.uint8(row[a] - 48)
            if digit > 9:
                break
            mantissa = mantissa * np.uint64(10) + np.uint64(digit)
            a += 1
        digits += a - start
        power = start - a
    if digits == 0:
        return BAD, 0.0
    if a < b and (row[a] == 69 or row[a] == 101):
        a += 1
        down = a < b and row[a] == 45
        if a < b and (down or row[a] == 43):
            a += 1
        start = a
        exponent = 0
        while a < b:
            digit = np.uint8(row[a] - 48)
            if digit > 9:
                break
            if exponent < 100_000:
                exponent = exponent * 10 + int(digit)
            a += 1
        if a == start:
            return BAD, 0.0
        power += -exponent if down else exponent
    if a < b:
        return BAD, 0.0
    if digits > _FAST_DIGITS or mantissa > _MANTISSA_LIMIT or power > 22 or power < -22:
        return SLOW, 0.0
    value = np.float64(np.int64(mantissa))
    if power < 0:
        value /= _POWERS[-power]
    else:
        value *= _POWERS[power]
    return VALID, -value if negative else value


@compiled
def _parse_integer(row: Bytes, a: int, b: int) -> tuple[int, np.int64]:
    negative = row[a] == 45
    if negative or row[a] == 43:
        a += 1
    if a == b:
        return BAD, np.int64(0)
    value = np.int64(0)  # counts downwards: the smallest integer has no positive counterpart
    fits = True
    while a < b:
        digit = np.uint8(row[a] - 48)
        if digit > 9:
            return BAD, np.int64(0)
        step = np.int64(digit)
        if value < -922337203685477580 or (value == -922337203685477580 and step > 8):
            fits = False
        if fits:
            value = value * 10 - step
        a += 1
    if not fits or (not negative and value == -9223372036854775807 - 1):
        return OVERFLOW, np.int64(0)
    return VALID, value if negative else -value


@compiled
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
    """Read all cells of all records.

    ``rows`` holds one record a row; field f takes bytes ``begins[f]`` to ``ends[f] - 1`` of each, has kind ``kinds[f]`` and
    writes to row ``places[f]`` of the array of its kind. ``status[f, r]`` tells what became of a cell, ``tally[f, s]`` how often
    each status occurred; a text stands ``text_begins`` bytes after the first byte of ``rows``.
    """
    stride = rows.shape[1]
    for r in range(rows.shape[0]):
        row = rows[r]
        for f in range(begins.shape[0]):
            a = begins[f]
            b = ends[f]
            while a < b and (row[a] == 32 or row[a] == 9):
                a += 1
            while b > a and (row[b - 1] == 32 or row[b - 1] == 9):
                b -= 1
            kind = kinds[f]
            place = places[f]
            found = NULL
            if kind == REAL:
                value = 0.0
                if a < b:
                    found, value = _parse_real(row, a, b)
                reals[place, r] = value
            elif kind == INTEGER:
                number = np.int64(0)
                if a < b:
                    found, number = _parse_integer(row, a, b)
                integers[place, r] = number
            else:
                text_begins[place, r] = r * stride + a
                text_chars[place, r] = b - a
                if a < b:
                    found = VALID
                    for j in range(a, b):
                        if row[j] < 32 or row[j] > 126:
                            found = BAD
            if found == BAD and kind != STATE:
                for j in range(a, b):
                    if row[j] == 32 or row[j] == 9:
                        found = INNER_BLANK
            status[f, r] = found
            tally[f, found] += 1


@compiled
def _day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a date in the proleptic Gregorian calendar."""
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    year_of_era = y - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


@compiled
def _day_of(parts: Indices, by_day_of_year: bool) -> int:
    """Day number of a date's parts, or a huge negative number where there is no such day."""
    year = parts[1]
    none = -(1 << 40)
    if year < 1:
        return none
    leap = 1 if (year % 4 == 0 and year % 100 != 0) or year % 400 == 0 else 0
    if by_day_of_year:
        return _day_number(year, 1, 1) + parts[4] - 1 if 1 <= parts[4] <= 365 + leap else none
    month = parts[2]
    if month < 1 or month > 12:
        return none
    length = 30 + (month + month // 8) % 2
    if month == 2:
        length = 28 + leap
    return _day_number(year, month, parts[3]) if 1 <= parts[3] <= length else none


@compiled
def parse_times(
    rows: Bytes,
    codes: NDArray[np.int8],
    literals: Bytes,
    century: int,
    leap_days: Indices,
    micros: NDArray[np.int64],
    status: Bytes,
) -> None:
    """Read the text time at the start of each record into microseconds since 1970 (UTC, leap seconds not counted).

    Second 60 is taken only at the end of a day of ``leap_days`` and is stored as the next day's 00:00:00. Digits after the
    sixth of a fraction are cut off.
    """
    chars = codes.shape[0]
    parts = np.zeros(9, np.int64)
    by_day_of_year = False
    fraction_chars = 0
    for j in range(chars):
        if codes[j] == 4:
            by_day_of_year = True
        elif codes[j] == 8:
            fraction_chars += 1
    scale = 1
    for _ in range(6 - min(6, fraction_chars)):
        scale *= 10
    for r in range(rows.shape[0]):
        parts[:] = 0
        blanks = 0
        wrong = False
        fraction_seen = 0
        for j in range(chars):
            byte = rows[r, j]
            code = codes[j]
            if byte == 32 or byte == 9:
                blanks += 1
            if code == 0:
                if byte != literals[j]:
                    wrong = True
                continue
            digit = np.uint8(byte - 48)
            if digit > 9:
                wrong = True
            if code == 8:
                fraction_seen += 1
                if fraction_seen > 6:
                    continue
            parts[code] = parts[code] * 10 + np.int64(digit)
        micros[r] = 0
        if blanks == chars:
            status[r] = NULL
            continue
        if wrong:
            status[r] = BAD
            continue
        parts[1] += century
        day = _day_of(parts, by_day_of_year)
        possible = day > -(1 << 39) and parts[5] < 24 and parts[6] < 60 and parts[7] <= 60
        if possible and parts[7] == 60:
            leaps = 0
            for k in range(leap_days.shape[0]):
                if leap_days[k] == day:
                    leaps += 1
            possible = leaps > 0 and parts[5] == 23 and parts[6] == 59
        if not possible:
            status[r] = IMPOSSIBLE
            continue
        seconds = day * 86400 + parts[5] * 3600 + parts[6] * 60 + parts[7]
        micros[r] = seconds * 1_000_000 + parts[8] * scale
        status[r] = VALID


@compiled
def gather_texts(
    data: Bytes, begins: Indices, chars: NDArray[np.int32], offsets: NDArray[np.int32], out: Bytes
) -> None:
    """Copy texts one after another into ``out``; ``offsets`` (one more than texts) is already filled."""
    for i in range(begins.shape[0]):
        source = begins[i]
        target = offsets[i]
        for j in range(chars[i]):
            out[target + j] = data[source + j]


if NUMBA is None:
    scan_bytes, parse_cells = library.scan_bytes, library.parse_cells
    parse_times, gather_texts = library.parse_times, library.gather_texts


def warm_up() -> None:
    """Compile, or load from the cache, everything here: 1 s or 0.2 s that a worker spends before its first file."""
    rows = np.frombuffer(b"14/342-03:20:19.328 1.5 2 A", np.uint8).reshape(1, -1)
    picture = np.zeros(4, np.int8)
    one = np.zeros(1, np.int64)
    status = np.zeros((3, 1), np.uint8)
    scan_bytes(rows, rows.shape[1], np.zeros(rows.shape[1], np.uint8), np.zeros(1, np.uint8))
    parse_times(rows, picture, np.zeros(4, np.uint8), 2000, LEAP_SECOND_DAYS, one.copy(), status[0].copy())
    begins, chars = np.zeros((1, 1), np.int64), np.zeros((1, 1), np.int32)
    parse_cells(
        rows,
        np.array([20, 24, 26], np.int64),
        np.array([23, 25, 27], np.int64),
        np.array([REAL, INTEGER, STATE], np.int64),
        np.zeros(3, np.int64),
        np.zeros((1, 1)),
        np.zeros((1, 1), np.int64),
        begins,
        chars,
        status,
        np.zeros((3, 7), np.int64),
    )
    gather_texts(rows.reshape(-1), begins[0], chars[0], np.array([0, 1], np.int32), np.zeros(1, np.uint8))
