"""Completeness: which time each type covers, how far it has come, and why the rest is missing.

What is covered is measured from record times. A hole is a time without records that is longer than the type's cadence
allows; each has one reason. What arrived explains first: a product that is held, a file that was set aside, failed, was
excluded or superseded; then a file that waits; then an event of the mission; what nothing explains never arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from statistics import median

from drf_reprocess.catalog.base import CoveredSpan
from drf_reprocess.model import DeliveryState
from drf_reprocess.profiles.model import Cadence, MissionEvent
from drf_reprocess.reports.intervals import Interval, intersect, length, subtract, unite

DAY_MS = 86_400_000

MISSED = 1.5
"""From one file's start to the next one's it is at least so many normal steps where a file between them is missing."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Reason(StrEnum):
    """Why a time is missing."""

    HELD = "held"
    """A product was made and waits for a person."""
    QUARANTINED = "quarantined"
    """A file arrived and cannot be archived as it is."""
    FAILED = "failed"
    """A file arrived, and the program or its surroundings failed on it."""
    EXCLUDED = "excluded"
    """A person decided that it is not to be archived, or left the interval out."""
    SUPERSEDED = "superseded"
    """A file arrived, and another one, which does not cover this time, stands for its data."""
    REJECTED = "rejected"
    """It was delivered, and its receiver did not take it."""
    WAITING = "waiting"
    """It has come so far and no further yet: the words say what it waits for."""
    OUTAGE = "outage"
    SAFE_HOLD = "safe-hold"
    CONJUNCTION = "conjunction"
    """An event of the mission explains it."""
    NEVER_ARRIVED = "never-arrived"
    """No file that could hold it was ever received, and no event explains that."""


class Level(StrEnum):
    """How far data have come; each needs the one before."""

    RECEIVED = "received"
    PROCESSED = "processed"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"


ARRIVED = (
    Reason.HELD,
    Reason.QUARANTINED,
    Reason.FAILED,
    Reason.EXCLUDED,
    Reason.SUPERSEDED,
    Reason.WAITING,
)
"""Reasons of what arrived, in the order in which they explain a time that several of them could."""

IN_FLIGHT = (DeliveryState.PLANNED, DeliveryState.PACKED, DeliveryState.VERIFIED, DeliveryState.SENT)


@dataclass(frozen=True, slots=True)
class Claim:
    """A file, or a decision, that explains why some time is missing."""

    type: str
    reason: Reason
    interval: Interval
    """Where the data would be: days of the file's name, or the time itself where it is known."""
    words: str


@dataclass(frozen=True, slots=True)
class Hole:
    """A time without data, with its one reason."""

    type: str
    start: str
    stop: str
    level: Level
    """The first level at which it is missing."""
    reason: Reason
    words: str

    @property
    def hours(self) -> float:
        """How long it is."""
        return (to_ms(self.stop) - to_ms(self.start)) / 3_600_000


@dataclass(frozen=True, slots=True)
class TypeCompleteness:
    """How complete one type is: shares of the range, 0 to 1, that have come to each level."""

    type: str
    products: int
    shares: dict[Level, float]
    holes: tuple[Hole, ...]


@dataclass(frozen=True, slots=True)
class Completeness:
    """The whole answer."""

    start: str
    stop: str
    receiver: str
    types: tuple[TypeCompleteness, ...]
    absent_types: tuple[str, ...] = field(default=())
    """Types of which no file was ever received: nothing can be said of their holes."""

    @property
    def holes(self) -> tuple[Hole, ...]:
        """All holes, by type and time."""
        return tuple(hole for one in self.types for hole in one.holes)


def to_ms(text: str) -> int:
    """Return a time of ISO 8601 in UTC, or a day, as milliseconds since 1970."""
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def to_iso(time_ms: int) -> str:
    """Return milliseconds since 1970 as ISO 8601 in UTC."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def days_interval(first: date, last: date) -> Interval:
    """Return the interval of whole UTC days, the last included."""
    start = to_ms(first.isoformat())
    return start, to_ms(last.isoformat()) + DAY_MS


def find_range(spans: Sequence[CoveredSpan]) -> Interval:
    """Return the whole UTC days from the first to the last record of the types with the shortest files.

    A file of many days reaches beyond the others without telling that these should have come. Empty without spans.
    """
    lengths: dict[str, list[int]] = {}
    for span in spans:
        lengths.setdefault(span.type, []).append(to_ms(span.stop_time) - to_ms(span.start_time))
    usual = {name: median(found) for name, found in lengths.items()}
    if not usual:
        return 0, 0
    longest = max(1.25 * min(usual.values()), 1.1 * DAY_MS)
    telling = [span for span in spans if usual[span.type] <= longest]
    start = min(to_ms(span.start_time) for span in telling)
    stop = max(to_ms(span.stop_time) for span in telling)
    return start - start % DAY_MS, stop - stop % DAY_MS + DAY_MS


def assess_type(
    name: str,
    cadence: Cadence,
    spans: Sequence[CoveredSpan],
    claims: Iterable[Claim],
    events: Iterable[MissionEvent],
    whole: Interval,
) -> TypeCompleteness:
    """Find the holes of one type and their reasons.

    Parameters
    ----------
    spans
        Time that its products cover; those that are held are claims.
    claims
        What arrived and makes no product that stands.
    whole
        The range that is looked at.
    """
    made = [span for span in spans if span.standing != "held"]
    held = [_held(span) for span in spans if span.standing == "held"]
    missing = _find_gaps(made, cadence, whole)
    holes = list(_explain(name, missing, [*held, *claims], events, cadence, whole))
    never = [_interval(hole) for hole in holes if hole.level is Level.RECEIVED]
    undelivered = list(_waiting(name, made, missing, cadence, whole))
    holes += undelivered
    late = {
        level: length([*missing, *(_interval(hole) for hole in undelivered if hole.level in levels)])
        for level, levels in (
            (Level.PROCESSED, ()),
            (Level.DELIVERED, (Level.DELIVERED,)),
            (Level.ACCEPTED, (Level.DELIVERED, Level.ACCEPTED)),
        )
    } | {Level.RECEIVED: length(never)}
    total = whole[1] - whole[0]
    return TypeCompleteness(
        name,
        len(made),
        {level: round(1 - late[level] / total, 6) if total else 0.0 for level in Level},
        tuple(sorted(holes, key=lambda hole: (hole.start, hole.stop, hole.level))),
    )


def _held(span: CoveredSpan) -> Claim:
    interval = to_ms(span.start_time), to_ms(span.stop_time) + 1
    return Claim(span.type, Reason.HELD, interval, f"{span.product_id} is held by the science gate")


def _find_gaps(spans: Sequence[CoveredSpan], cadence: Cadence, whole: Interval) -> list[Interval]:
    """Return the times without records that are longer than the cadence allows.

    A pause that the records of one file show is a gap whatever its length; between files, and at the borders of the
    range, the cadence decides. Files of a few minutes a day leave nearly a day between them: so the step from the start
    of one file to that of the next must be out of order, too.
    """
    gap_ms, edge_ms = int(cadence.gap_s * 1000), int(cadence.edge_s * 1000)
    pieces = sorted(
        (to_ms(start), to_ms(stop) + 1, number)
        for number, span in enumerate(spans)
        for start, stop in (span.coverage or ((span.start_time, span.stop_time),))
    )
    gaps: list[Interval] = []
    starts = [to_ms(span.start_time) for span in spans]
    reached, last = whole[0], -1
    for start, stop, number in pieces:
        if last < 0:
            is_gap = start - reached > edge_ms
        elif last == number:
            is_gap = start > reached
        else:
            is_gap = start - reached > gap_ms and start - starts[last] > MISSED * gap_ms
        if is_gap:
            gaps.append((reached, start))
        if stop > reached or last < 0:
            reached, last = max(reached, stop), number
    if whole[1] - reached > edge_ms:
        gaps.append((reached, whole[1]))
    return intersect(gaps, [whole])


def _explain(
    name: str,
    gaps: Sequence[Interval],
    claims: Sequence[Claim],
    events: Iterable[MissionEvent],
    cadence: Cadence,
    whole: Interval,
) -> Iterator[Hole]:
    known = [
        Claim(name, Reason(event.kind), (_moment_ms(event.start), _moment_ms(event.stop)), event.text)
        for event in events
    ]
    ordered = sorted(claims, key=lambda claim: (ARRIVED.index(claim.reason), claim.interval))
    for gap in gaps:
        pieces: list[tuple[Interval, Claim | None]] = []
        rest = [gap]
        for claim in (*ordered, *known):
            taken = intersect(rest, [claim.interval])
            pieces += [(piece, claim) for piece in taken]
            rest = subtract(rest, taken)
        pieces += [(piece, None) for piece in rest]
        yield from _merge(name, pieces, cadence)


def _merge(name: str, pieces: list[tuple[Interval, Claim | None]], cadence: Cadence) -> Iterator[Hole]:
    """Yield holes: neighbours of one reason as one, and what is left at the edges of a file's days with that file.

    Names tell days, not times: what a claim leaves unexplained and is no longer than a normal step belongs to it.
    """
    gap_ms = int(cadence.gap_s * 1000)
    merged: list[tuple[Interval, Claim | None]] = []
    for interval, claim in sorted(pieces, key=lambda piece: piece[0]):
        if merged and _belong(merged[-1][1], claim, merged[-1][0], interval, gap_ms):
            (start, _), before = merged[-1]
            merged[-1] = (start, interval[1]), before or claim
        else:
            merged.append((interval, claim))
    for (start, stop), claim in merged:
        arrived = claim is not None and claim.reason in ARRIVED
        yield Hole(
            name,
            to_iso(start),
            to_iso(stop),
            Level.PROCESSED if arrived else Level.RECEIVED,
            claim.reason if claim else Reason.NEVER_ARRIVED,
            claim.words if claim else "no file that could hold it was ever received",
        )


def _belong(
    before: Claim | None, after: Claim | None, first: Interval, second: Interval, gap_ms: int
) -> bool:
    if before == after or (before and after and (before.reason, before.words) == (after.reason, after.words)):
        return True
    if after is None:
        return before is not None and second[1] - second[0] <= gap_ms
    if before is None:
        return first[1] - first[0] <= gap_ms
    return False


def _waiting(
    name: str,
    spans: Sequence[CoveredSpan],
    missing: Sequence[Interval],
    cadence: Cadence,
    whole: Interval,
) -> Iterator[Hole]:
    """Yield the times whose products have not come all the way to the receiver's archive, by what they wait for."""
    waits: dict[tuple[Level, Reason, str], list[Interval]] = {}
    for span in spans:
        wait = _wait(span)
        if wait is not None:
            waits.setdefault(wait, []).append((to_ms(span.start_time), to_ms(span.stop_time) + 1))
    gap_ms = int(cadence.gap_s * 1000)
    for (level, reason, words), intervals in waits.items():
        joined: list[Interval] = []
        for start, stop in unite(intervals):
            if joined and start - joined[-1][1] <= gap_ms:
                joined[-1] = joined[-1][0], stop
            else:
                joined.append((start, stop))
        others = [
            (to_ms(span.start_time), to_ms(span.stop_time) + 1)
            for span in spans
            if _wait(span) != (level, reason, words)
        ]
        clear = subtract(subtract(intersect(joined, [whole]), missing), subtract(unite(others), intervals))
        for start, stop in clear:
            yield Hole(name, to_iso(start), to_iso(stop), level, reason, words)


def _wait(span: CoveredSpan) -> tuple[Level, Reason, str] | None:
    """Tell what a product waits for; None if its receiver has it."""
    if span.standing == "staged":
        return Level.DELIVERED, Reason.WAITING, "staged, not released yet"
    if span.delivery is DeliveryState.ACCEPTED:
        return None
    if span.delivery is DeliveryState.REJECTED:
        return (
            Level.DELIVERED,
            Reason.REJECTED,
            "its receiver rejected it; it comes again in the next delivery",
        )
    if span.delivery in IN_FLIGHT:
        return Level.ACCEPTED, Reason.WAITING, f"its delivery is {span.delivery}, not accepted yet"
    return Level.DELIVERED, Reason.WAITING, "in the archive here, in no delivery yet"


def _interval(hole: Hole) -> Interval:
    return to_ms(hole.start), to_ms(hole.stop)


def _moment_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
