"""Seconds of a function called again and again, and what several runs of the same thing say together."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

R = TypeVar("R")


class WrongAnswer(Exception):
    """A benchmark came out with another answer than it must: its time means nothing."""


def require(condition: object, what: str) -> None:
    """Raise `WrongAnswer` unless the condition holds: also under ``python -O``."""
    if not condition:
        raise WrongAnswer(what)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one thing took, each time it was done."""

    seconds: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """The middle time."""
        return statistics.median(self.seconds)

    @property
    def best_s(self) -> float:
        """The shortest time: that of the code, with the least of the machine's other work in it."""
        return min(self.seconds)

    @property
    def quartiles_s(self) -> tuple[float, float]:
        """First and third quartile; the extremes of fewer than four times."""
        return quartiles(self.seconds)


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """Return first and third quartile; the extremes where there are fewer than four values."""
    if len(values) < 4:
        return min(values), max(values)
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, third


@dataclass(frozen=True, slots=True)
class Timer:
    """Times functions: at least ``repeats`` calls and ``seconds`` in all, at most ``most`` calls."""

    repeats: int = 5
    seconds: float = 0.5
    most: int = 1000

    @classmethod
    def off(cls) -> Timer:
        """Call each function once: for tests, which look at answers alone."""
        return cls(repeats=1, seconds=0.0, most=1)

    def time(self, function: Callable[[], R]) -> tuple[Timing, R]:
        """Call a function again and again; return its times and its last answer.

        A first call, which is not counted, compiles, fills caches and maps memory.
        """
        if self.most > 1:
            function()
        seconds: list[float] = []
        while True:
            started = time.perf_counter()
            answer = function()
            seconds.append(time.perf_counter() - started)
            enough = len(seconds) >= self.repeats and sum(seconds) >= self.seconds
            if enough or len(seconds) >= self.most:
                return Timing(tuple(seconds)), answer
