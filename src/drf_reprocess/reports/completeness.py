"""What completeness is told in: holes with their reasons, claims that explain them, levels, the whole answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from drf_reprocess.reports.intervals import Interval

DAY_MS = 86_400_000

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


@dataclass(frozen=True, slots=True)
class Claim:
    """A file, or a decision, that explains why some time is missing."""

    type: str
    reason: Reason
    interval: Interval
    """The time of the data where ``is_exact``, else the days of the file's name."""
    words: str
    is_exact: bool = False


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
    return moment_ms(moment)


def to_iso(time_ms: int) -> str:
    """Return milliseconds since 1970 as ISO 8601 in UTC."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def days_interval(first: date, last: date) -> Interval:
    """Return the interval of whole UTC days, the last included."""
    start = to_ms(first.isoformat())
    return start, to_ms(last.isoformat()) + DAY_MS


def moment_ms(moment: datetime) -> int:
    """Return a moment as milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
