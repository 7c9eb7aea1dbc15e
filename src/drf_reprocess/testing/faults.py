"""Faults on purpose: functions that fail when a test wants them to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class FailOnCall(Generic[P, R]):
    """A function that raises ``error`` at its calls number ``on`` (from 1) and does its work at all others.

    ``calls`` counts the invocations, those that failed included.
    """

    def __init__(self, function: Callable[P, R], error: BaseException, *on: int) -> None:
        self.function = function
        self.error = error
        self.on = frozenset(on)
        self.calls = 0

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function, or raise."""
        self.calls += 1
        if self.calls in self.on:
            raise self.error
        return self.function(*args, **kwargs)
