"""Times as PDS4 labels and tables write them: compared, and cut to the digits that a release allows."""

from __future__ import annotations

import re
from calendar import isleap
from datetime import date, datetime, timedelta
from fractions import Fraction

_TIME = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:-(?:(?P<day_of_year>[0-9]{3})|(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?))?"
    r"(?:T(?P<hour>[0-9]{2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}(?:\.[0-9]+)?))?)?)?"
    r"(?P<zone>Z?)"
)

Instant = tuple[int, Fraction]
"""Day number and seconds of the day: orders as time does, a leap second after 23:59:59."""


def parse_instant(text: str) -> Instant:
    """Return the instant of a PDS4 time or date in either form (month and day, or day of year); missing parts are zero.

    ``ValueError`` if it is none, or no such day or time of day exists (24:00:00 does, and second 60 of 23:59).
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"not a PDS4 time: {text!r}; expected YYYY-MM-DDThh:mm:ss.fffZ")
    hour, minute, second = int(match["hour"] or 0), int(match["minute"] or 0), Fraction(match["second"] or 0)
    seconds = hour * 3600 + minute * 60 + second
    leap = (hour, minute) == (23, 59) and 60 <= second < 61
    if minute > 59 or not (second < 60 or leap) or (seconds > 86400 and not leap):
        raise ValueError(f"no such time of day: {text!r}")
    return _find_day(match, text), seconds


def _find_day(match: re.Match[str], text: str) -> int:
    year = int(match["year"])
    if match["hour"] and not (match["day"] or match["day_of_year"]):
        raise ValueError(f"not a PDS4 time: {text!r}; a time of day needs a day")
    if match["day_of_year"]:
        number = int(match["day_of_year"])
        if not 1 <= number <= 365 + isleap(year):
            raise ValueError(f"no such day of year: {text!r}")
        return date(year, 1, 1).toordinal() + number - 1
    try:
        return date(year, int(match["month"] or 1), int(match["day"] or 1)).toordinal()
    except ValueError as error:
        raise ValueError(f"no such day: {text!r}") from error


def limit_digits(text: str, digits: int, *, up: bool) -> str:
    """Return a time with at most ``digits`` digits after the point, cut down, or with ``up`` rounded up.

    So a start does not come after the first record nor a stop before the last one. A time that has no more digits is
    returned as it is.
    """
    head, point, tail = text.removesuffix("Z").partition(".")
    if not point or len(tail) <= digits:
        return text
    zone = "Z" if text.endswith("Z") else ""
    kept, dropped = tail[:digits], tail[digits:]
    if not up or not dropped.strip("0"):
        return f"{head}.{kept}{zone}"
    rounded = str(int(kept) + 1).zfill(digits)
    if len(rounded) == digits:
        return f"{head}.{rounded}{zone}"
    following = datetime.fromisoformat(head) + timedelta(seconds=1)
    return f"{following.isoformat()}.{'0' * digits}{zone}"
