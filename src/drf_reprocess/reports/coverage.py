"""Completeness of an opened mission: what the catalog and the source know, gathered, assessed and told."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from drf_reprocess.catalog.base import CoveredSpan, SourceRow
from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.mission import Mission
from drf_reprocess.model import Action, SourceState
from drf_reprocess.profiles.model import MissionEvent, Profile
from drf_reprocess.reports.completeness import (
    Claim,
    Completeness,
    Hole,
    Level,
    Reason,
    days_interval,
    to_iso,
    to_ms,
)
from drf_reprocess.reports.holes import TypeInput, assess_type, find_range
from drf_reprocess.reports.intervals import Interval

Row = dict[str, Any]

HOLE_COLUMNS = ("type", "start", "stop", "hours", "level", "reason", "words")

EVENT_COLUMNS = ("start", "stop", "kind", "text")

_REASONS = {
    SourceState.QUARANTINED: Reason.QUARANTINED,
    SourceState.FAILED: Reason.FAILED,
    SourceState.EXCLUDED: Reason.EXCLUDED,
    SourceState.SUPERSEDED: Reason.SUPERSEDED,
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for."""

    receiver: str
    start: str = ""
    """First day or time that is looked at, ISO 8601 UTC; empty: the first day of any data."""
    stop: str = ""
    """Day or time before which it ends."""
    types: tuple[str, ...] = ()
    """Only these types; empty: all."""
    events: tuple[MissionEvent, ...] = ()
    """Events beside those of the profile."""


def completeness(mission: Mission, request: Request) -> Completeness:
    """Return how complete the mission's data are, and why the rest is missing; nothing is written.

    Raises
    ------
    ConfigurationError
        If a type is none of the profile's, or the range is empty.
    """
    profile = mission.profile
    unknown = sorted(set(request.types) - set(profile.types_by_name))
    if unknown:
        raise ConfigurationError(
            f"{', '.join(unknown)}: not a file type of the profile; expected {', '.join(profile.types_by_name)}"
        )
    found = {
        one.name: one for one in _gather(mission, request.receiver) if one.spans or one.claims or one.names
    }
    whole = _decide_range(request, found.values())
    events = [*profile.events, *request.events]
    wanted = [name for name in profile.types_by_name if not request.types or name in request.types]
    return Completeness(
        start=to_iso(whole[0]),
        stop=to_iso(whole[1]),
        receiver=request.receiver,
        types=tuple(assess_type(found[name], events, whole) for name in wanted if name in found),
        absent_types=tuple(name for name in wanted if name not in found),
    )


def _decide_range(request: Request, types: Collection[TypeInput]) -> Interval:
    start, stop = find_range(types)
    if (start, stop) == (0, 0):
        intervals = [claim.interval for one in types for claim in one.claims]
        start = min((first for first, _ in intervals), default=0)
        stop = max((last for _, last in intervals), default=0)
    start = _limit("--from", request.start) if request.start else start
    stop = _limit("--to", request.stop) if request.stop else stop
    if stop <= start and (request.start or request.stop):
        raise ConfigurationError(
            f"the range from {to_iso(start)} to {to_iso(stop)} is empty; expected --to after --from"
        )
    return start, stop


def _limit(option: str, text: str) -> int:
    try:
        return to_ms(text)
    except ValueError as error:
        raise ConfigurationError(
            f"{option} {text!r} is no time; expected a day or a time of ISO 8601, as 2014-12-08 or 2014-12-08T12:00:00Z"
        ) from error


def _gather(mission: Mission, receiver: str) -> Iterator[TypeInput]:
    """Yield what catalog and source know of each type of the profile."""
    spans: dict[str, list[CoveredSpan]] = {}
    for span in mission.catalog.covered_spans(receiver):
        spans.setdefault(span.type, []).append(span)
    claims: dict[str, list[Claim]] = {}
    names: dict[str, dict[str, Interval]] = {}
    known = set()
    for row in mission.catalog.source_rows():
        known.add(row.source.uri)
        named = _name(mission.profile, row.source.name)
        if named is None:
            continue
        days = days_interval(*named.span)
        names.setdefault(named.type, {})[named.product_id] = days
        if row.state in _REASONS:
            claim = Claim(named.type, _REASONS[row.state], days, _words(row))
            claims.setdefault(named.type, []).append(claim)
    for claim in (*_arrived(mission, known), *_masked(mission)):
        claims.setdefault(claim.type, []).append(claim)
    for one in mission.profile.types:
        yield TypeInput(
            one.name, one.cadence, spans.get(one.name, ()), claims.get(one.name, ()), names.get(one.name)
        )


def _arrived(mission: Mission, known: Container[str]) -> Iterator[Claim]:
    """Yield files at the source that no run has seen."""
    for file in mission.source.list():
        if file.uri not in known and (named := _name(mission.profile, file.name)) is not None:
            words = f"{file.name} arrived and was not processed yet"
            yield Claim(named.type, Reason.WAITING, days_interval(*named.span), words)


def _masked(mission: Mission) -> Iterator[Claim]:
    """Yield intervals that a person left out of files."""
    for one in mission.catalog.dispositions():
        if one.action is Action.MASK:
            words = f"left out of {one.source_name} by {one.who}: {one.reason}"
            interval = to_ms(one.start_time), to_ms(one.stop_time)
            yield Claim(one.type, Reason.EXCLUDED, interval, words, is_exact=True)


def _words(row: SourceRow) -> str:
    return f"{row.code}: {row.message}" if row.code else row.message


def _name(profile: Profile, name: str) -> FileName | None:
    named = match_name(profile, PurePosixPath(name).name)
    return named if isinstance(named, FileName) else None


def read_events(text: str, where: str) -> tuple[MissionEvent, ...]:
    """Return the events of a CSV with the columns start, stop, kind and text; times are UTC unless they say otherwise.

    Raises
    ------
    ConfigurationError
        If a column is missing or a row is wrong; the message names line, column and what was expected.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    absent = [name for name in EVENT_COLUMNS if name not in (reader.fieldnames or ())]
    if absent:
        raise ConfigurationError(
            f"{where}: column {', '.join(absent)} is missing; expected {','.join(EVENT_COLUMNS)}"
        )
    events = []
    for row in reader:
        try:
            events.append(_event(row))
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{where}, line {reader.line_num}: {error}; expected times of ISO 8601 and the kind outage, safe-hold or "
                "conjunction"
            ) from error
    return tuple(events)


def _event(row: dict[str, str]) -> MissionEvent:
    event = MissionEvent(
        start=_moment(row["start"]), stop=_moment(row["stop"]), kind=row["kind"], text=row["text"]
    )
    if event.stop <= event.start:
        raise ValueError("stop is not after start")
    return event


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def hole_rows(found: Iterable[Hole]) -> list[Row]:
    """Return holes as rows with the columns `HOLE_COLUMNS`."""
    return [
        {
            "type": hole.type,
            "start": hole.start,
            "stop": hole.stop,
            "hours": round(hole.hours, 3),
            "level": str(hole.level),
            "reason": str(hole.reason),
            "words": hole.words,
        }
        for hole in found
    ]


def as_dict(found: Completeness) -> Row:
    """Return the whole answer as plain values."""
    return {
        "range": {"start": found.start, "stop": found.stop},
        "receiver": found.receiver,
        "types": [
            {"type": one.type, "products": one.products, "holes": len(one.holes)}
            | {str(level): one.shares[level] for level in Level}
            for one in found.types
        ],
        "holes": hole_rows(found.holes),
        "absent_types": list(found.absent_types),
    }


def as_csv(holes: Sequence[Hole]) -> str:
    """Return holes as CSV with a row of column names."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, HOLE_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(hole_rows(holes))
    return text.getvalue()
