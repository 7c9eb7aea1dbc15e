"""Which received files a decision is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath

from drf_reprocess.catalog.base import SourceRow
from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.mission import Mission
from drf_reprocess.profiles.model import Profile

LISTED = 5
"""So many files are named in a refusal."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which received files a decision is about: one, those of one product, or a group of which all that is given holds."""

    source: str = ""
    """URI of a file, its name below the source's root, or the end of it from a slash on."""
    product: str = ""
    """Product id."""
    code: str = ""
    type: str = ""
    month: str = ""
    """``YYYY-MM`` of the first day in the file's name."""

    @property
    def is_group(self) -> bool:
        """Whether a group is meant, of any number of files."""
        return bool(self.code or self.type or self.month)


def select(mission: Mission, selection: Selection) -> list[SourceRow]:
    """Return the received files of a selection, sorted by name.

    Raises
    ------
    ConfigurationError
        If it selects in none or in more than one of the three ways, or selects nothing.
    """
    ways = [bool(selection.source), bool(selection.product), selection.is_group]
    if sum(ways) != 1:
        raise ConfigurationError(
            "which files are meant? Expected one of --source PATH, --product ID, or a group: one or more of --code, "
            "--type, --month"
        )
    if selection.month:
        _check_month(selection.month)
    if selection.type and selection.type not in mission.profile.types_by_name:
        known = ", ".join(mission.profile.types_by_name)
        raise ConfigurationError(f"--type {selection.type}: no type of the profile; expected one of {known}")
    rows = [row for row in mission.catalog.source_rows() if _is_meant(row, selection, mission.profile)]
    if not rows:
        raise ConfigurationError(
            f"no received file is selected by {_told(selection)}; `quarantine` lists what was set aside, after a run"
        )
    if selection.source and len(rows) > 1:
        exact = [row for row in rows if selection.source in (row.source.uri, row.source.name)]
        if len(exact) != 1:
            raise ConfigurationError(
                f"--source {selection.source}: several files end so: {names_of(rows)}; give one in full"
            )
        rows = exact
    return rows


def _check_month(month: str) -> None:
    try:
        date.fromisoformat(f"{month}-01")
    except ValueError:
        raise ConfigurationError(f"--month {month}: no month; expected YYYY-MM, as 2015-02") from None


def _is_meant(row: SourceRow, selection: Selection, profile: Profile) -> bool:
    if selection.source:
        here = (row.source.uri, row.source.name)
        return selection.source in here or row.source.uri.endswith("/" + selection.source.lstrip("/"))
    if selection.product:
        return row.product_id == selection.product
    return (
        selection.code in ("", row.code)
        and selection.type in ("", row.type)
        and (not selection.month or month_of(profile, row.source.name) == selection.month)
    )


def month_of(profile: Profile, name: str) -> str:
    """Return ``YYYY-MM`` of the first day that a file's name gives; empty where it gives none."""
    days = days_of(profile, name)
    return days[0].isoformat()[:7] if days else ""


def days_of(profile: Profile, name: str) -> tuple[date, date] | None:
    """Return first and last day that a file's name gives."""
    named = match_name(profile, PurePosixPath(name).name)
    if not isinstance(named, FileName):
        return None
    first = date(named.year, 1, 1) + timedelta(days=named.first_doy - 1)
    last_year = named.year if named.last_doy >= named.first_doy else named.year + 1
    return first, date(last_year, 1, 1) + timedelta(days=named.last_doy - 1)


def near_interval(
    rows: Sequence[SourceRow], interval: tuple[str, str], selection: Selection, profile: Profile
) -> list[SourceRow]:
    """Return the files of a group, without those whose name gives days lie a day or more off an interval."""
    first, last = (datetime.fromisoformat(text).date() for text in interval)
    day = timedelta(days=1)
    near = []
    for row in rows:
        days = days_of(profile, row.source.name)
        if days is None or (days[0] - day <= last and first <= days[1] + day):
            near.append(row)
    if not near:
        raise ConfigurationError(
            f"none of the {len(rows)} files selected by {_told(selection)} holds days between {interval[0]} and {interval[1]}"
        )
    return near


def _told(selection: Selection) -> str:
    options = ("source", "product", "code", "type", "month")
    return " ".join(
        f"--{option} {getattr(selection, option)}" for option in options if getattr(selection, option)
    )


def names_of(rows: Sequence[SourceRow]) -> str:
    """Return the names of files as a message tells them."""
    more = f" and {len(rows) - LISTED} more" if len(rows) > LISTED else ""
    return ", ".join(row.source.name for row in rows[:LISTED]) + more
