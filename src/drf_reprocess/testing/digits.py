"""Columns of numbers, words and times written into a byte matrix: compiled, a cell in some ten nanoseconds.

All kernels write into ``cells``, a view of shape (records, width) of ASCII bytes that holds blanks already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

if TYPE_CHECKING:
    from collections.abc import Callable

    F = TypeVar("F", bound=Callable[..., Any])

    def njit(**options: object) -> Callable[[F], F]:
        """Stand in for numba's decorator, which tells no types."""
        ...
else:
    from numba import njit

FIXED = 0
"""``-12.50``: all decimals, at least one digit before the point."""
SCIENTIFIC = 1
"""``-1.250E+01``: one digit before the point, two digits of exponent or more."""
TRIMMED = 2
"""``-12.5``, ``1.``, ``.5``: no needless zero, but always a point."""
SHORT_SCIENTIFIC = 3
"""``-1.25e1``: small letter, no padding of the exponent."""
SIGNED = 4
"""As FIXED, with ``+`` before what is not negative."""

SCRATCH_BYTES = 48
MAX_DIGITS = 19
ZERO, POINT, PLUS, MINUS, UPPER_E, LOWER_E = 48, 46, 43, 45, 69, 101


@njit(nogil=True, cache=True)
def _digits(scratch: Bytes, at: int, value: int, least: int) -> int:
    """Write a whole number with at least ``least`` digits; return the place after it."""
    count = 1
    rest = value // 10
    while rest > 0:
        count += 1
        rest //= 10
    count = max(count, least)
    for place in range(at + count - 1, at - 1, -1):
        scratch[place] = ZERO + value % 10
        value //= 10
    return at + count


@njit(nogil=True, cache=True)
def _fixed(scratch: Bytes, at: int, value: int, decimals: int) -> int:
    end = _digits(scratch, at, value, decimals + 1)
    if decimals <= 0:
        return end
    for place in range(end, end - decimals, -1):
        scratch[place] = scratch[place - 1]
    scratch[end - decimals] = POINT
    return end + 1


@njit(nogil=True, cache=True)
def _trimmed(scratch: Bytes, at: int, value: int, decimals: int) -> int:
    if decimals <= 0:
        end = _digits(scratch, at, value, 1)
        scratch[end] = POINT
        return end + 1
    end = _fixed(scratch, at, value, decimals)
    while scratch[end - 1] == ZERO:
        end -= 1
    if scratch[at] == ZERO and scratch[at + 1] == POINT and end - at > 2:
        for place in range(at, end - 1):
            scratch[place] = scratch[place + 1]
        end -= 1
    return end


@njit(nogil=True, cache=True)
def _scientific(scratch: Bytes, at: int, value: int, decimals: int, short: bool) -> int:
    end = _digits(scratch, at + 1, value, 1)
    exponent = end - at - 2 - decimals if value else 0
    scratch[at] = scratch[at + 1]
    scratch[at + 1] = POINT
    if short:
        while scratch[end - 1] == ZERO and end - at > 3:
            end -= 1
    scratch[end] = LOWER_E if short else UPPER_E
    end += 1
    if exponent < 0 or not short:
        scratch[end] = MINUS if exponent < 0 else PLUS
        end += 1
    return _digits(scratch, end, abs(exponent), 1 if short else 2)


@njit(nogil=True, cache=True)
def write_numbers(cells: Bytes, mantissa: Int64, decimals: int, form: int, right: bool, blank: Mask) -> int:
    """Write ``mantissa / 10**decimals`` into each cell that is not ``blank``; return how many did not fit.

    ``blank`` has one entry for each record, or none at all. A cell that did not fit is left as it was.
    """
    scratch = np.empty(SCRATCH_BYTES, np.uint8)
    width = cells.shape[1]
    misfits = 0
    for record in range(mantissa.size):
        if blank.size and blank[record]:
            continue
        value = mantissa[record]
        at = 0
        if value < 0:
            scratch[0] = MINUS
            value = -value
            at = 1
        elif form == SIGNED:
            scratch[0] = PLUS
            at = 1
        if form in (SCIENTIFIC, SHORT_SCIENTIFIC):
            end = _scientific(scratch, at, value, decimals, form == SHORT_SCIENTIFIC)
        elif form == TRIMMED:
            end = _trimmed(scratch, at, value, decimals)
        else:
            end = _fixed(scratch, at, value, decimals)
        if end > width:
            misfits += 1
            continue
        start = width - end if right else 0
        for place in range(end):
            cells[record, start + place] = scratch[place]
    return misfits


@njit(nogil=True, cache=True)
def write_words(cells: Bytes, codes: Int64, words: Bytes, blank: Mask) -> None:
    """Copy row ``codes[i]`` of ``words`` (as wide as the cells) into cell ``i`` unless that is ``blank``."""
    for record in range(codes.size):
        if blank.size and blank[record]:
            continue
        for place in range(cells.shape[1]):
            cells[record, place] = words[codes[record], place]


@njit(nogil=True, cache=True)
def _put(cells: Bytes, record: int, at: int, value: int, count: int) -> None:
    for place in range(at + count - 1, at - 1, -1):
        cells[record, place] = ZERO + value % 10
        value //= 10


@njit(nogil=True, cache=True)
def write_scets(cells: Bytes, year: Int64, day_of_year: Int64, ms_of_day: Int64) -> None:
    """Write ``yy/ddd-hh:mm:ss.fff`` into cells of 19 bytes; the 86,401st second of a day is 23:59:60."""
    for record in range(year.size):
        rest = ms_of_day[record]
        hour = min(rest // 3_600_000, 23)
        rest -= hour * 3_600_000
        minute = min(rest // 60_000, 59)
        rest -= minute * 60_000
        _put(cells, record, 0, year[record] % 100, 2)
        cells[record, 2] = 47
        _put(cells, record, 3, day_of_year[record], 3)
        cells[record, 6] = MINUS
        _put(cells, record, 7, hour, 2)
        cells[record, 9] = 58
        _put(cells, record, 10, minute, 2)
        cells[record, 12] = 58
        _put(cells, record, 13, rest // 1000, 2)
        cells[record, 15] = POINT
        _put(cells, record, 16, rest % 1000, 3)
