"""What was set aside, grouped so that a thousand files alike are one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from drf_reprocess.dispositions.selection import days_of
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.mission import Mission
from drf_reprocess.reports.products import Row, quarantine_rows

KEYS = ("code", "type", "month", "state")
"""By what files can be grouped; the month is that of the first day in a file's name."""


@dataclass(slots=True)
class _Group:
    """Sums over the files of one group."""

    example: str
    files: int = 0
    bytes: int = 0
    first: str = ""
    last: str = ""
    since: str = ""
    remedies: Counter[str] = field(default_factory=Counter)


def grouped_rows(mission: Mission, keys: Sequence[str]) -> list[Row]:
    """Return groups of received files that are no product, those with the most files first.

    Each row has the ``keys`` asked for, then ``files``, ``bytes``, ``first`` and ``last`` (days that the files' names
    give, YYYY-MM-DD, empty if they give none), ``since`` (time of the run in which the first of them came into its
    state), ``message`` of the first by name, as an example, and ``remedy``, the commonest.

    Raises
    ------
    ConfigurationError
        If a key is none of `KEYS`, or there is none.
    """
    wrong = [key for key in keys if key not in KEYS]
    if wrong or not keys:
        raise ConfigurationError(
            f"cannot group by {', '.join(wrong) or 'nothing'}; expected one or more of {', '.join(KEYS)}"
        )
    groups: dict[tuple[str, ...], _Group] = {}
    for row in quarantine_rows(mission):
        days = days_of(mission.profile, str(row["source"]))
        month = {"month": days[0].isoformat()[:7] if days else ""}
        values = tuple(str((row | month)[key]) for key in keys)
        group = groups.setdefault(values, _Group(str(row["message"])))
        _add(group, row)
        if days is not None:
            group.first = min(group.first or days[0].isoformat(), days[0].isoformat())
            group.last = max(group.last, days[1].isoformat())
    ordered = sorted(groups.items(), key=lambda item: (-item[1].files, item[0]))
    return [dict(zip(keys, values, strict=True)) | _told(group) for values, group in ordered]


def _add(group: _Group, row: Row) -> None:
    since = str(row["since"])
    group.files += 1
    group.bytes += int(str(row["bytes"]))
    group.since = min(group.since or since, since)
    group.remedies[str(row["remedy"])] += 1


def _told(group: _Group) -> Row:
    commonest = max(group.remedies.items(), key=lambda item: (item[1], item[0]))[0]
    return {
        "files": group.files,
        "bytes": group.bytes,
        "first": group.first,
        "last": group.last,
        "since": group.since,
        "message": group.example,
        "remedy": commonest,
    }
