"""Column sets that no profile knows: each is one case, however many files have it, and is taken over once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drf_reprocess.catalog.base import SourceRow
from drf_reprocess.dispositions.selection import days_of
from drf_reprocess.drf.header import NAMED_COLUMNS, UNKNOWN_COLUMNS
from drf_reprocess.drf.reader import Reading, read
from drf_reprocess.errors import ConfigurationError, ObjectNotFound
from drf_reprocess.mission import OVERLAYS, Mission, read_overlays
from drf_reprocess.model import Event, Finding, Kind, SourceState
from drf_reprocess.profiles.columns import all_columns, resolve_columns
from drf_reprocess.profiles.model import FileType
from drf_reprocess.profiles.overlay import (
    ColumnOverlay,
    case_id,
    columns_of_header,
    with_overlays,
    write_overlay,
)

Row = dict[str, object]

TRIED = 3
"""So many files of a case are read before its columns are taken over: the first, the last and one between."""


@dataclass(frozen=True, slots=True)
class ColumnCase:
    """One column set that no profile knows, and the files that have it."""

    case_id: str
    type: str
    names: tuple[str, ...]
    """As the header spells them, in its order, with the mark where it gives one: ``NAME/DN``."""
    files: tuple[SourceRow, ...]
    days: tuple[str, str]
    """First and last day by the files' names, YYYY-MM-DD; empty where they give none."""
    accepted: str = ""
    """Who took it over and when, if the files wait for the next run only."""

    @property
    def difference(self) -> str:
        """How the set differs from the nearest known one, in the words of the first file's finding."""
        return self.files[0].message


def column_cases(mission: Mission) -> list[ColumnCase]:
    """Return all cases, those with the most files first."""
    files: dict[tuple[str, str], list[SourceRow]] = {}
    headers: dict[tuple[str, str], set[str]] = {}
    for row in mission.catalog.source_rows(states=[SourceState.QUARANTINED]):
        named = _named(mission.catalog.findings(row.source.uri)) if row.code == UNKNOWN_COLUMNS else ""
        if named:
            key = row.type, case_id(row.type, named.split(" "))
            files.setdefault(key, []).append(row)
            headers.setdefault(key, set()).add(named)
    accepted = {overlay.id: f"{overlay.who} on {overlay.when}" for overlay in read_overlays(mission.output)}
    cases = [
        ColumnCase(
            case_id=key[1],
            type=key[0],
            # Some headers of a set may lack the marks.
            names=tuple(max(headers[key], key=lambda named: (named.count("/"), named)).split(" ")),
            files=tuple(rows),
            days=_days(mission, rows),
            accepted=accepted.get(key[1], ""),
        )
        for key, rows in files.items()
    ]
    return sorted(cases, key=lambda case: (-len(case.files), case.type, case.case_id))


def _named(findings: Iterable[Finding]) -> str:
    return next((finding.message for finding in findings if finding.code == NAMED_COLUMNS), "")


def _days(mission: Mission, rows: Sequence[SourceRow]) -> tuple[str, str]:
    days = [days for row in rows if (days := days_of(mission.profile, row.source.name))]
    return (str(min(days)[0]), str(max(last for _, last in days))) if days else ("", "")


def case_rows(mission: Mission) -> list[Row]:
    """Return the cases as rows: id, type, number of columns and files, span, difference from the nearest known set."""
    return [
        {
            "case_id": case.case_id,
            "type": case.type,
            "columns": len(case.names),
            "files": len(case.files),
            "first": case.days[0],
            "last": case.days[1],
            "difference": case.difference,
            "since": min(row.since for row in case.files),
            "accepted": case.accepted,
            "names": list(case.names),
        }
        for case in column_cases(mission)
    ]


def accept_columns(
    mission: Mission,
    named: str,
    *,
    who: str,
    when: str,
    reason: str,
    era: str = "",
    kinds: Mapping[str, Kind] | None = None,
) -> Row:
    """Take the columns of a case over as a new era of its type, and tell what the next run will make of its files.

    Some of the files are read with them first. What is known of a channel from other eras holds; one that is new is a
    number, unless ``kinds`` says otherwise or most of its values are words: then it is a state.

    Parameters
    ----------
    named
        The case id, or a beginning of it that no other case has.
    when
        Time of the decision, ISO 8601 UTC to the second.
    era
        Name of the new era; ``since-`` and the first day of the files if not given.

    Raises
    ------
    ConfigurationError
        If there is no such case, it was accepted before, or no right column set can be made of its header.
    """
    case = _find(mission, named)
    file_type = mission.profile.types_by_name[case.type]
    known = {column.name for column in all_columns(file_type)}
    chosen = dict(kinds or {})
    samples = _samples(mission, case)
    name = era or _era(case, file_type)
    overlay = _overlay(case, file_type, name, chosen, who, when, reason)
    trials: dict[str, Reading] = {}
    for source, raw in samples.items():
        while True:
            extended = with_overlays(mission.profile, [overlay]).types_by_name[case.type]
            trials[source] = read(raw, extended, mission.repair)
            found = _words(trials[source].refused, overlay, known)
            if found is None or found in chosen:
                break
            chosen[found] = Kind.STATE
            overlay = _overlay(case, file_type, name, chosen, who, when, reason)
    with_overlays(mission.profile, [overlay])
    key = overlay_key(case.case_id)
    mission.output.write(key, write_overlay(overlay))
    _tell(mission, case, overlay)
    return {
        "case_id": case.case_id,
        "type": case.type,
        "era": name,
        "overlay": mission.output.uri(key),
        "files": len(case.files),
        "new": [
            f"{column.name} ({column.kind})"
            for column in resolve_columns(overlay.column_set)
            if column.name not in known
        ],
        "tried": {source: _outcome(reading) for source, reading in trials.items()},
        "next": "the next `run` works on them",
    }


def overlay_key(case: str) -> str:
    """Return the key in the output store of the overlay that settles a case."""
    return f"{OVERLAYS}/columns-{case}.toml"


def _find(mission: Mission, named: str) -> ColumnCase:
    cases = [case for case in column_cases(mission) if named and case.case_id.startswith(named)]
    if len(cases) != 1:
        what = "names no case" if not cases else f"names {len(cases)} cases"
        raise ConfigurationError(
            f"{named!r} {what} of unknown columns; `columns cases` lists them, after a run"
        )
    case = cases[0]
    if case.accepted:
        where = mission.output.uri(overlay_key(case.case_id))
        raise ConfigurationError(
            f"the columns of case {case.case_id} were accepted by {case.accepted}, and its files wait for the next run; to "
            f"decide anew remove {where} first"
        )
    return case


def _samples(mission: Mission, case: ColumnCase) -> dict[str, bytes]:
    """Return the contents of a few files, by name; those that have left the source are passed over."""
    count = len(case.files)
    places = sorted({round(step * (count - 1) / max(1, TRIED - 1)) for step in range(TRIED)})
    found = {}
    for place in places:
        name = case.files[place].source.name
        try:
            found[name] = mission.source.read(name)
        except ObjectNotFound:
            continue
    return found


def _era(case: ColumnCase, file_type: FileType) -> str:
    eras = {column_set.era for column_set in file_type.column_sets}
    name = f"since-{case.days[0]}" if case.days[0] else case.case_id
    return name if name not in eras else f"{name}-{case.case_id}"


def _overlay(
    case: ColumnCase,
    file_type: FileType,
    era: str,
    kinds: Mapping[str, Kind],
    who: str,
    when: str,
    reason: str,
) -> ColumnOverlay:
    who, reason = " ".join(who.split()), " ".join(reason.split())
    if not who or not reason:
        raise ConfigurationError("who accepts the columns, and why? Expected --who and --reason")
    try:
        return ColumnOverlay(
            id=case.case_id,
            type=case.type,
            era=era,
            columns=columns_of_header(file_type, case.names, kinds),
            who=who,
            when=when,
            reason=reason,
        )
    except ValueError as error:
        raise ConfigurationError(f"no column set can be made of case {case.case_id}: {error}") from error


def _words(refused: Finding | None, overlay: ColumnOverlay, known: set[str]) -> str | None:
    """Return the new channel whose values are words, if a file was refused for that."""
    if refused is None or refused.code != "column-kind":
        return None
    for column, final in zip(overlay.columns, resolve_columns(overlay.column_set), strict=True):
        if final.name == refused.field and final.name not in known:
            return column.name
    return None


def _outcome(reading: Reading) -> str:
    if reading.refused is None:
        return "can be archived"
    return f"{reading.refused.code}: {reading.refused.message}"


def _tell(mission: Mission, case: ColumnCase, overlay: ColumnOverlay) -> None:
    events = [
        Event(
            "disposed",
            f"{row.source.name}: its columns ({case.case_id}) were accepted as era {overlay.era} by {overlay.who} on "
            f"{overlay.when}: {overlay.reason}",
            product_id=row.product_id,
            source=row.source.name,
        )
        for row in case.files
    ]
    mission.catalog.add_events(events, overlay.when)
