"""How a record tells its time as text: the profile's picture of it, made ready for search and for the kernel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from drf_reprocess.profiles.model import TimeFormat

LITERAL, YEAR, MONTH, DAY, DAY_OF_YEAR, HOUR, MINUTE, SECOND, FRACTION = range(9)

_PARTS = re.compile(r"(?P<year>yyyy|yy)|(?P<month>MM)|(?P<doy>ddd)|(?P<day>dd)|(?P<hour>hh)|(?P<minute>mm)|"
                    r"(?P<second>ss)|(?P<fraction>f+)|(?P<literal>.)")  # fmt: skip
_CODES = {
    "year": YEAR,
    "month": MONTH,
    "day": DAY,
    "doy": DAY_OF_YEAR,
    "hour": HOUR,
    "minute": MINUTE,
    "second": SECOND,
    "fraction": FRACTION,
    "literal": LITERAL,
}

LIKENESS = 2 / 3
"""Share of characters that fit the picture from which on a damaged time is still told from a header's text."""


@dataclass(frozen=True, slots=True, eq=False)
class TimePicture:
    """A text form of time, character by character."""

    form: str
    chars: int
    codes: NDArray[np.int8]
    """What each character belongs to: 0 a literal, else one of the parts of a time."""
    literals: NDArray[np.uint8]
    century: int
    """To be added to the year."""
    fraction_digits: int
    at_start: re.Pattern[bytes]
    """Matches at the start of a text that has the form, whatever its digits."""
    at_line: re.Pattern[bytes]
    """The same at the start of any line but the first."""

    def is_like(self, text: bytes) -> bool:
        """Tell whether ``text`` begins with a time of this form, be it damaged or cut."""
        head = np.frombuffer(text[: self.chars].ljust(self.chars), np.uint8)
        digit = (head >= 0x30) & (head <= 0x39)
        fits = np.where(self.codes == LITERAL, head == self.literals, digit)
        return bool(np.count_nonzero(fits) >= LIKENESS * self.chars)


@lru_cache(maxsize=64)
def time_picture(time: TimeFormat) -> TimePicture:
    """Return the picture of a text time. The profile's loader has checked that its form is complete."""
    codes: list[int] = []
    literals: list[int] = []
    pattern = ""
    for part in _PARTS.finditer(time.form):
        code = _CODES[part.lastgroup or "literal"]
        for character in part[0]:
            codes.append(code)
            literals.append(ord(character) if code == LITERAL else 0)
            pattern += re.escape(character) if code == LITERAL else "[0-9]"
    two_digits = codes.count(YEAR) == 2
    return TimePicture(
        form=time.form,
        chars=len(codes),
        codes=np.array(codes, np.int8),
        literals=np.array(literals, np.uint8),
        century=time.century if two_digits else 0,
        fraction_digits=codes.count(FRACTION),
        at_start=re.compile(pattern.encode()),
        at_line=re.compile(rb"(?<=\n)" + pattern.encode()),
    )
