"""File names: which type a received file is of, and which days it says it holds (SIS 5.2.1)."""

from __future__ import annotations

import re
from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta

from drf_reprocess.profiles.model import FileType, IgnoredName, Profile


@dataclass(frozen=True, slots=True)
class FileName:
    """What a file's name says. The days are those of the name, not the span of the data."""

    type: str
    product_id: str
    """The base name without extension, in small letters as an identifier needs them (SIS 5.1.1)."""
    extension: str
    """What follows the last dot, as received."""
    year: int
    """Of the first day, four digits."""
    first_doy: int
    last_doy: int
    variant: str = ""
    """A word that tells files of one type and day span apart, such as ``manual``."""

    @property
    def span(self) -> tuple[date, date]:
        """First and last day; a last day of year before the first one is of the next year (SIS 5.2.1)."""
        last_year = self.year if self.last_doy >= self.first_doy else self.year + 1
        return _day(self.year, self.first_doy), _day(last_year, self.last_doy)

    @property
    def family(self) -> str:
        """Type and days, as ``gnc:2014:341-342``: alike in all files that tell of the same data.

        The texts of a type stand in the order of its first days.
        """
        return f"{self.type}:{self.year:04d}:{self.first_doy:03d}-{self.last_doy:03d}"


def match_name(profile: Profile, name: str) -> FileName | IgnoredName | None:
    """Return what a file's base name says, the rule by which it is to be ignored, or None for a foreign name.

    A name with a day that its year does not have (000, 367, 366 of a common year) is a foreign name.
    """
    for file_type in profile.types:
        for pattern in file_type.names:
            match = pattern.compiled.fullmatch(name)
            if match is not None:
                return _file_name(file_type, name, match)
    for ignored in profile.ignored:
        if re.fullmatch(ignored.regex, name):
            return ignored
    return None


def _file_name(file_type: FileType, name: str, match: re.Match[str]) -> FileName | None:
    groups = match.groupdict()
    if not groups.get("year") or not groups.get("first"):
        return None
    digits = groups["year"]
    year = int(digits) + (file_type.time.century if len(digits) == 2 else 0)
    first = int(groups["first"])
    last = int(groups.get("last") or first)
    last_year = year if last >= first else year + 1
    if not _has_day(year, first) or not _has_day(last_year, last):
        return None
    stem, _, extension = name.rpartition(".")
    return FileName(
        type=file_type.name,
        product_id=(stem or name).lower(),
        extension=extension if stem else "",
        year=year,
        first_doy=first,
        last_doy=last,
        variant=(groups.get("variant") or "").lower(),
    )


def _has_day(year: int, day_of_year: int) -> bool:
    return 1 <= day_of_year <= (366 if isleap(year) else 365)


def _day(year: int, day_of_year: int) -> date:
    return date(year, 1, 1) + timedelta(days=day_of_year - 1)
