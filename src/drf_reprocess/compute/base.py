"""What an executor promises, and the event that each task leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

C = TypeVar("C")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class TaskEvent(Generic[I, R]):
    """One task's life: progress, catalog, run folder and benchmarks all read this.

    Times are seconds since the epoch; ``peak_rss_bytes`` is the highest memory use that the worker process had so far.
    Exactly one of ``result`` and ``error`` is set; ``error`` tells what the task raised, as text.
    """

    item: I
    result: R | None
    error: str | None
    worker: str
    created: float
    started: float
    ended: float
    peak_rss_bytes: int


class Executor(Protocol):
    """Runs one function over many items, in this process or on a cluster, with identical results."""

    @property
    def workers(self) -> int:
        """How many tasks run at once."""
        ...

    def run(
        self, function: Callable[[C, I], R], context: C, items: Iterable[I]
    ) -> Iterator[TaskEvent[I, R]]:
        """Call ``function(context, item)`` for each item and yield an event as each call ends, in any order.

        ``function`` is a module-level function; ``context`` reaches each worker once, items are small and drawn from
        the iterable only as they are needed (a window of two a worker). A task that raises yields an event with
        ``error`` set and is not tried again. ``ComputeError`` if the workers are lost.
        """
        ...
