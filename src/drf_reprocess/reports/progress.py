"""How far products have come on their way to a receiver's archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drf_reprocess.catalog.base import CoveredSpan
from drf_reprocess.model import DeliveryState
from drf_reprocess.reports.completeness import Hole, Level, Reason, to_iso, to_ms
from drf_reprocess.reports.intervals import Interval, intersect, subtract, unite

Wait = tuple[Level, Reason, str]
"""The first level that was not reached, why, and in words."""

ON_THE_WAY = (DeliveryState.SENT, DeliveryState.VERIFIED, DeliveryState.PACKED, DeliveryState.PLANNED)
"""States of a delivery that is not accepted yet, the furthest first."""

REJECTED = (Level.DELIVERED, Reason.REJECTED, "its receiver rejected it; it comes again in the next delivery")
UNDELIVERED = (Level.DELIVERED, Reason.WAITING, "in the archive here, in no delivery yet")
STAGED = (Level.DELIVERED, Reason.WAITING, "staged, not released yet")
WAITS: tuple[Wait, ...] = (
    *((Level.ACCEPTED, Reason.WAITING, f"its delivery is {state}, not accepted yet") for state in ON_THE_WAY),
    REJECTED,
    UNDELIVERED,
    STAGED,
)
"""All that a product may wait for, the furthest first."""


def find_waits(
    name: str, made: Sequence[CoveredSpan], missing: Sequence[Interval], slack_ms: int, whole: Interval
) -> Iterator[Hole]:
    """Yield the times whose products have not come all the way, each time once.

    Where several products cover a time it has come as far as the furthest of them. Usual pauses between files that wait
    for the same go with them, up to ``slack_ms``.
    """
    covered: dict[Wait | None, list[Interval]] = {}
    for span in made:
        covered.setdefault(find_wait(span), []).append((to_ms(span.start_time), to_ms(span.stop_time) + 1))
    further = unite(covered.get(None, ()))
    for number, wait in enumerate(WAITS):
        own = subtract(covered.get(wait, ()), further)
        behind = [time for other in WAITS[number + 1 :] for time in covered.get(other, ())]
        clear = subtract(_join(own, slack_ms), [*further, *subtract(behind, own), *missing])
        for start, stop in intersect(clear, [whole]):
            yield Hole(name, to_iso(start), to_iso(stop), *wait)
        further = unite([*further, *own])


def _join(united: Sequence[Interval], slack_ms: int) -> list[Interval]:
    joined: list[Interval] = []
    for start, stop in united:
        if joined and start - joined[-1][1] <= slack_ms:
            joined[-1] = joined[-1][0], stop
        else:
            joined.append((start, stop))
    return joined


def find_wait(span: CoveredSpan) -> Wait | None:
    """Tell what a product waits for; None if its receiver has it."""
    if span.standing == "staged":
        return STAGED
    if span.delivery is DeliveryState.ACCEPTED:
        return None
    if span.delivery is DeliveryState.REJECTED:
        return REJECTED
    if span.delivery in ON_THE_WAY:
        return WAITS[ON_THE_WAY.index(span.delivery)]
    return UNDELIVERED
