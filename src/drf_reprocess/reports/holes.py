"""The holes of one type: which time its data do not cover, how far the rest has come, and the one reason of each.

What is covered is measured from record times. Three things show a hole: a pause within a file; a step between files, or
at the borders of the range, that is longer than the type's cadence allows; a file that arrived and makes no product,
where its data would be.

What arrived explains first: a product that is held, a file that was quarantined, failed, was excluded or superseded, in
this order; then a file that waits. What of a hole they leave is explained by an event of the mission; and what that
leaves never arrived: nothing of it, or these records of a file. A hole is split where its reason changes, but the usual
pause between two files is no hole of its own: it goes with the one beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from drf_reprocess.catalog.base import CoveredSpan
from drf_reprocess.profiles.model import Cadence, MissionEvent
from drf_reprocess.reports.completeness import (
    ARRIVED,
    DAY_MS,
    Claim,
    Hole,
    Level,
    Reason,
    TypeCompleteness,
    moment_ms,
    to_iso,
    to_ms,
)
from drf_reprocess.reports.intervals import Interval, intersect, length, overlapping, subtract, unite
from drf_reprocess.reports.progress import find_wait, find_waits
from drf_reprocess.reports.rhythm import Rhythm, is_missed, learn_rhythm

HOUR_MS = 3_600_000

SHOWN_BY_FILES = (Reason.HELD, Reason.QUARANTINED, Reason.FAILED, Reason.EXCLUDED, Reason.WAITING)
"""A file of these shows by itself that data are missing; a superseded one does not, another stands for its data."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A claim at the time that it explains."""

    claim: Claim
    interval: Interval
    slack_ms: int
    """What it leaves unexplained beside it belongs to it up to this length: the usual pause between files."""
    step_ms: int
    """The same within a file."""
    is_known: bool
    """Whether the time is that of the data, not only days of a name."""


Piece = tuple[Interval, _Placed | None]
"""A part of a gap, with what explains it."""


@dataclass(frozen=True, slots=True)
class TypeInput:
    """What is known of one type before its holes are looked for."""

    name: str
    cadence: Cadence
    spans: Sequence[CoveredSpan] = ()
    """Time that its products cover; those that are held are claims."""
    claims: Sequence[Claim] = ()
    """What arrived and makes no product that stands."""
    names: Mapping[str, Interval] | None = None
    """Days in the names of received files, by product id."""

    @property
    def gap_ms(self) -> int:
        """The longest step from record to record that is normal."""
        return int(self.cadence.gap_s * 1000)

    @property
    def pause_ms(self) -> int:
        """A longer step is a hole within a file of many records."""
        return min(self.gap_ms, int(self.cadence.pause_s * 1000))

    @property
    def step_ms(self) -> int:
        """The longest step of a file that has so many records."""
        return int(self.pause_ms / self.cadence.pause_steps)

    @property
    def made(self) -> list[CoveredSpan]:
        """Products that are not held, by time."""
        return sorted((span for span in self.spans if span.standing != "held"), key=span_interval)


def span_interval(span: CoveredSpan) -> Interval:
    """Return the time from a product's first record to its last one."""
    return to_ms(span.start_time), to_ms(span.stop_time) + 1


def find_range(types: Iterable[TypeInput]) -> Interval:
    """Return the whole UTC days from the first to the last data of the types with the shortest files.

    A file of many days reaches beyond the others without telling that these should have come. Data of files that arrived
    and make no product count where they are known and follow day by day. Empty without any data.
    """
    types = list(types)
    data = {one.name: [span_interval(span) for span in one.spans] for one in types}
    usual = {name: median(stop - start for start, stop in found) for name, found in data.items() if found}
    if not usual:
        return 0, 0
    longest = max(1.25 * min(usual.values()), 1.1 * DAY_MS)
    telling = [
        time for name, found in data.items() if name in usual and usual[name] <= longest for time in found
    ]
    start, stop = min(first for first, _ in telling), max(last for _, last in telling)
    arrived = sorted(
        placed.interval
        for one in types
        for placed in _place_claims(one, _learn(one))
        if placed.is_known and placed.claim.reason in SHOWN_BY_FILES
        if placed.interval[1] - placed.interval[0] <= longest
    )
    for first, last in arrived:
        stop = max(stop, last) if start < first <= stop + DAY_MS else stop
    for first, last in reversed(arrived):
        start = min(start, first) if start - DAY_MS <= last < stop else start
    stop -= 1
    return start - start % DAY_MS, stop - stop % DAY_MS + DAY_MS


def assess_type(one: TypeInput, events: Iterable[MissionEvent], whole: Interval) -> TypeCompleteness:
    """Find the holes of one type within a range, and their reasons; see the module's words for how."""
    made = one.made
    rhythm = _learn(one)
    slack_ms = _slack(one, rhythm)
    covered = unite(piece for span in made for piece in _pieces(span))
    pauses = [
        Claim(
            one.name, Reason.NEVER_ARRIVED, pause, f"{span.product_id} was received and has no records here"
        )
        for span in made
        for pause in _pauses(span)
    ]
    placed = _place_claims(one, rhythm)
    within = subtract((pause.interval for pause in pauses), covered)
    gaps = [
        *within,
        *_gaps_between(one, made, whole),
        *_gaps_shown(placed, covered, _close(made, covered, slack_ms), slack_ms, whole),
    ]
    missing = intersect(gaps, [whole])
    known = [
        Claim(one.name, Reason(event.kind), (moment_ms(event.start), moment_ms(event.stop)), event.text, True)
        for event in events
    ]
    last = [*known, *pauses, *_shortfalls(one, made, rhythm, slack_ms)]
    ordered = [*placed, *(_Placed(claim, claim.interval, slack_ms, one.step_ms, True) for claim in last)]
    holes = [
        *_explain(one.name, missing, ordered, within),
        *find_waits(one.name, made, missing, slack_ms, whole),
    ]
    return TypeCompleteness(
        one.name,
        len(made),
        _shares(made, holes, missing, whole),
        tuple(sorted(holes, key=lambda hole: (hole.start, hole.stop, hole.level))),
    )


def _shares(
    made: Sequence[CoveredSpan], holes: Sequence[Hole], missing: Sequence[Interval], whole: Interval
) -> dict[Level, float]:
    """Return the share of the range that has no hole at each level; 0 at a level to which no product has come."""

    def late(*levels: Level) -> list[Interval]:
        return [(to_ms(hole.start), to_ms(hole.stop)) for hole in holes if hole.level in levels]

    lost = {
        Level.RECEIVED: late(Level.RECEIVED),
        Level.PROCESSED: missing,
        Level.DELIVERED: [*missing, *late(Level.DELIVERED)],
        Level.ACCEPTED: [*missing, *late(Level.DELIVERED, Level.ACCEPTED)],
    }
    short = {wait[0] if (wait := find_wait(span)) else None for span in made}
    reached = {
        Level.RECEIVED: True,
        Level.PROCESSED: bool(made),
        Level.DELIVERED: bool(short - {Level.DELIVERED}),
        Level.ACCEPTED: None in short,
    }
    total = whole[1] - whole[0]
    return {
        level: round(1 - length(lost[level]) / total, 6) if total and reached[level] else 0.0
        for level in Level
    }


def _learn(one: TypeInput) -> Rhythm:
    names = one.names or {}
    named = [(names[span.product_id], span_interval(span)) for span in one.spans if span.product_id in names]
    return learn_rhythm(named, [span_interval(span) for span in one.made], one.gap_ms)


def _slack(one: TypeInput, rhythm: Rhythm) -> int:
    return one.gap_ms if rhythm.pause_ms is None else rhythm.pause_ms


def _place_claims(one: TypeInput, rhythm: Rhythm) -> list[_Placed]:
    """Return the claims of what arrived, where their data are or would be, those that explain first at the head."""
    slack_ms = _slack(one, rhythm)
    placed = []
    for span in one.spans:
        if span.standing == "held":
            claim = Claim(
                one.name,
                Reason.HELD,
                span_interval(span),
                f"{span.product_id} is held by the science gate",
                True,
            )
            placed.append(_Placed(claim, claim.interval, slack_ms, one.pause_ms, True))
    for claim in one.claims:
        time = claim.interval if claim.is_exact else rhythm.place(claim.interval)
        if claim.is_exact:
            placed.append(_Placed(claim, claim.interval, slack_ms, one.pause_ms, True))
        elif time is not None:
            # Files do not begin at the same second of each day.
            placed.append(_Placed(claim, time, min(one.gap_ms, max(slack_ms, HOUR_MS)), one.pause_ms, True))
        else:
            placed.append(_Placed(claim, claim.interval, one.gap_ms, one.pause_ms, False))
    return sorted(placed, key=lambda one: (ARRIVED.index(one.claim.reason), one.interval, one.claim.words))


def _pieces(span: CoveredSpan) -> list[Interval]:
    return [(to_ms(start), to_ms(stop) + 1) for start, stop in span.coverage] or [span_interval(span)]


def _pauses(span: CoveredSpan) -> list[Interval]:
    """Return the pauses that the records of one file show: holes whatever their length."""
    pieces = _pieces(span)
    return subtract([(pieces[0][0], pieces[-1][1])], pieces) if len(pieces) > 1 else []


def _gaps_between(one: TypeInput, made: Sequence[CoveredSpan], whole: Interval) -> Iterator[Interval]:
    """Yield the times between files, and at the borders of the range, that are longer than the cadence allows."""
    edge_ms = int(one.cadence.edge_s * 1000)
    if not made:
        yield whole
        return
    reached = last_start = 0
    for number, (start, stop) in enumerate(map(span_interval, made)):
        if number == 0:
            if start - whole[0] > edge_ms:
                yield whole[0], start
            reached = stop
        elif is_missed(start - reached, start - last_start, one.gap_ms):
            yield reached, start
        last_start, reached = start, max(reached, stop)
    if whole[1] - reached > edge_ms:
        yield reached, whole[1]


def _close(made: Sequence[CoveredSpan], covered: Sequence[Interval], slack_ms: int) -> list[Interval]:
    """Return what is covered with the usual pauses between files, as one file after the other covers it."""
    closed = list(covered)
    reached: int | None = None
    for start, stop in map(span_interval, made):
        if reached is not None and 0 < start - reached <= slack_ms:
            closed.append((reached, start))
        reached = stop if reached is None else max(reached, stop)
    return unite(closed)


def _gaps_shown(
    placed: Iterable[_Placed],
    covered: Sequence[Interval],
    closed: Sequence[Interval],
    slack_ms: int,
    whole: Interval,
) -> Iterator[Interval]:
    """Yield the times that lack the data of a file which arrived and makes no product, if others cover less than half.

    They are found so where the cadence alone does not tell: at the borders of the range, or where a type has several
    files a day. ``closed`` is what is covered together with usual pauses between files, in which no data are looked for
    unless a file is known to have them.
    """
    for one in placed:
        if not one.is_known or one.claim.reason not in SHOWN_BY_FILES:
            continue
        others = covered if one.claim.is_exact else closed
        lost = subtract([one.interval], overlapping(others, one.interval))
        if 2 * length(lost) < one.interval[1] - one.interval[0]:
            continue
        for start, stop in intersect(lost, [whole]):
            around = overlapping(others, (start - slack_ms - 1, stop + slack_ms + 1))
            before = max((other[1] for other in around if other[1] <= start), default=whole[0])
            after = min((other[0] for other in around if other[0] >= stop), default=whole[1])
            yield (
                before if start - before <= slack_ms else start,
                after if after - stop <= slack_ms else stop,
            )


def _shortfalls(
    one: TypeInput, made: Sequence[CoveredSpan], rhythm: Rhythm, slack_ms: int
) -> Iterator[Claim]:
    """Yield the times that a product does not cover although other files with such a name do."""
    names = one.names or {}
    for span in made:
        time = rhythm.place(names[span.product_id]) if span.product_id in names else None
        if time is None:
            continue
        start, stop = span_interval(span)
        for lost in ((time[0], min(start, time[1])), (max(stop, time[0]), time[1])):
            if lost[1] - lost[0] > slack_ms:
                words = f"{span.product_id} was received and has no records here"
                yield Claim(one.name, Reason.NEVER_ARRIVED, lost, words, True)


def _explain(
    name: str, gaps: Sequence[Interval], ordered: Sequence[_Placed], pauses: Sequence[Interval]
) -> Iterator[Hole]:
    """Yield each gap, parted by reasons; the first of the claims that could explain a time does.

    ``pauses`` are those within files.
    """
    by_start = sorted(range(len(ordered)), key=lambda number: ordered[number].interval)
    coming, near = 0, []
    for gap in gaps:
        while coming < len(by_start) and ordered[by_start[coming]].interval[0] < gap[1]:
            near.append(by_start[coming])
            coming += 1
        near = [number for number in near if ordered[number].interval[1] > gap[0]]
        pieces: list[Piece] = []
        rest = [gap]
        for number in sorted(near):
            taken = intersect(rest, [ordered[number].interval])
            pieces += [(piece, ordered[number]) for piece in taken]
            rest = subtract(rest, taken)
        pieces += [(piece, None) for piece in rest]
        yield from _merge(name, pieces, pauses)


def _merge(name: str, pieces: list[Piece], pauses: Sequence[Interval]) -> Iterator[Hole]:
    """Yield holes: neighbours of one reason as one, and what is too short for a hole with the one beside it."""
    merged: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece[0]):
        if merged and _belong(merged[-1], piece, pauses):
            (start, _), before = merged[-1]
            merged[-1] = (start, piece[0][1]), before if _rank(before) <= _rank(piece[1]) else piece[1]
        else:
            merged.append(piece)
    for (start, stop), one in merged:
        reason = one.claim.reason if one else Reason.NEVER_ARRIVED
        yield Hole(
            name,
            to_iso(start),
            to_iso(stop),
            Level.PROCESSED if reason in ARRIVED else Level.RECEIVED,
            reason,
            one.claim.words if one else "no file that could hold it was ever received",
        )


def _belong(before: Piece, after: Piece, pauses: Sequence[Interval]) -> bool:
    """Tell whether two pieces are one hole: of one reason, or the weaker one is what the other leaves of a pause."""
    first, second = before[1], after[1]
    if first and second and replace(first.claim, interval=(0, 0)) == replace(second.claim, interval=(0, 0)):
        return True
    if _rank(first) == _rank(second):
        return False
    rest, beside = (after[0], first) if _rank(first) < _rank(second) else (before[0], second)
    if beside is None:
        return False
    limit_ms = beside.step_ms if overlapping(pauses, rest) else beside.slack_ms
    return rest[1] - rest[0] <= limit_ms


def _rank(one: _Placed | None) -> int:
    """Return 0 for what arrived, 1 for an event, 2 for what nothing explains."""
    if one is None or one.claim.reason is Reason.NEVER_ARRIVED:
        return 2
    return 0 if one.claim.reason in ARRIVED else 1
