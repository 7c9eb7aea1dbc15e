"""What an executor promises, and the event that each task leaves."""

from __future__ import annotations

import ctypes
import resource
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from drf_reprocess.errors import ComputeError, DrfReprocessError

C = TypeVar("C")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


class Cause(StrEnum):
    """Why a worker was lost while it had a task, as far as that can be known from outside."""

    ENDED = "worker-ended"
    """Its process ended, and nothing explains it but what it did."""
    MEMORY = "memory-limit"
    """It took more memory than it may, and was ended."""
    TIME_LIMIT = "task-time-limit"
    """The task was over its time limit, and ended the process."""
    RETIRED = "worker-retired"
    """Somebody retired it, or its lifetime was over."""
    HOST_LOST = "host-lost"
    """Its host is lost, or the process that watched over it there, as when the time of a batch job is up."""
    TOGETHER = "workers-lost-together"
    """Another worker of the host, which had nothing of ours to do, ended at the same moment."""

    @property
    def counts(self) -> bool:
        """Whether it may be the doing of the item that was at work."""
        return self in (Cause.ENDED, Cause.MEMORY, Cause.TIME_LIMIT)


@dataclass(frozen=True, slots=True)
class TaskEvent(Generic[I, R]):
    """One task's life: progress, catalog, run folder and benchmarks all read this.

    Times are seconds since the epoch; ``peak_rss_bytes`` is the highest memory use that the worker process had so far.
    Exactly one of ``result`` and ``error`` is set. With a ``cause`` the task did not fail by itself: its worker was lost
    while it had the task, and ``peak_rss_bytes`` is the last memory use known of it.
    """

    item: I
    result: R | None
    error: DrfReprocessError | None
    worker: str
    created: float
    started: float
    ended: float
    peak_rss_bytes: int
    cause: Cause | None = None

    @property
    def worker_lost(self) -> bool:
        """Whether the worker was lost while it had the task."""
        return self.cause is not None

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

    def prepare(self, context: object) -> None:
        """Have the processes of all workers get ready for tasks with this context, as its method ``warm_up`` says."""
        ...

    def run(self, function: Callable[[C, I], R], context: C, items: Iterable[I]) -> Iterator[TaskEvent[I, R]]:
        """Call ``function(context, item)`` for each item and yield an event as each call ends, in any order.

        ``function`` is a module-level function; ``context`` reaches each worker once, and its method ``warm_up``, if it
        has one, is called there before the first task. Items are small and drawn from the iterable only as they are
        needed (a window of two a worker); without items nothing is done at all. A task that raises yields an event with
        ``error`` set and is not tried again; so does one whose worker is lost, with ``cause`` set. ``ComputeError`` if
        all workers stay away, or nobody hands out the tasks any more: nothing is waited for without a limit.
        """
        ...

    def run_alone(
        self, function: Callable[[C, I], R], context: C, items: Iterable[I]
    ) -> Iterator[TaskEvent[I, R]]:
        """Do what `run` does, each item in a worker process that has nothing else of ours at work.

        So an item whose worker is lost is the only one that can have ended it; the event's ``cause`` tells what else
        explains it. A worker that is lost before the item began is no event: another takes the item.
        """
        ...


def give_memory_back() -> None:
    """Give back to the system what this process has freed: glibc would keep it for later, other C libraries do not."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def peak_rss_bytes() -> int:
    """Return the highest memory use that this process had so far.

    From the kernel's own account of this program: `getrusage` counts that of the program which started it, too.
    """
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


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
    return TaskReport(result, error, started, time.time(), peak_rss_bytes())
