"""What an executor promises, and the event that each task leaves."""

from __future__ import annotations

import resource
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from drf_reprocess.errors import ComputeError, DrfReprocessError

C = TypeVar("C")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class TaskEvent(Generic[I, R]):
    """One task's life: progress, catalog, run folder and benchmarks all read this.

    Times are seconds since the epoch; ``peak_rss_bytes`` is the highest memory use that the worker process had so far.
    Exactly one of ``result`` and ``error`` is set. ``worker_lost`` tells that the task did not fail by itself: its
    worker process ended while it had the task.
    """

    item: I
    result: R | None
    error: DrfReprocessError | None
    worker: str
    created: float
    started: float
    ended: float
    peak_rss_bytes: int
    worker_lost: bool = False

    def value(self) -> R:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]  # one of the two is set


class Executor(Protocol):
    """Runs one function over many items, in this process or on a cluster, with identical results."""

    @property
    def workers(self) -> int:
        """How many tasks run at once."""
        ...

    @property
    def dashboard(self) -> str:
        """Address of a page that shows the work, or an empty text."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What about these workers is unsafe or unusual, in words."""
        ...

    def run(self, function: Callable[[C, I], R], context: C, items: Iterable[I]) -> Iterator[TaskEvent[I, R]]:
        """Call ``function(context, item)`` for each item and yield an event as each call ends, in any order.

        ``function`` is a module-level function; ``context`` reaches each worker once, and its method ``warm_up``, if it
        has one, is called there before the first task. Items are small and drawn from the iterable only as they are
        needed (a window of two a worker); without items nothing is done at all. A task that raises yields an event with
        ``error`` set and is not tried again. ``ComputeError`` if the workers are lost.
        """
        ...


def warm_up(context: object) -> None:
    """Let a context prepare the process in which its tasks will run: compile, load, check what it needs."""
    prepare = getattr(context, "warm_up", None)
    if prepare is not None:
        prepare()


@dataclass(frozen=True, slots=True)
class TaskReport(Generic[R]):
    """What `call` tells of one call, without the item: small enough to travel back."""

    result: R | None
    error: DrfReprocessError | None
    started: float
    ended: float
    peak_rss_bytes: int


def call(function: Callable[[C, I], R], context: C, item: I) -> TaskReport[R]:
    """Call ``function(context, item)`` and report its result or its error, times and memory.

    An error of this package travels as it is; any other becomes a `ComputeError` with the traceback as text, because
    a foreign exception may not survive pickling.
    """
    started = time.time()
    result: R | None = None
    error: DrfReprocessError | None = None
    try:
        result = function(context, item)
    except DrfReprocessError as raised:
        error = raised
    except Exception as raised:  # the edge of a task: the driver decides
        error = ComputeError(f"a task raised {type(raised).__name__}: {raised}\n{traceback.format_exc()}")
    peak_rss_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return TaskReport(result, error, started, time.time(), peak_rss_bytes)
