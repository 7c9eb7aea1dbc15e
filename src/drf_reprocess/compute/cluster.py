"""What is known of a Dask cluster from outside: its workers, those that it lost and why, and whether anything goes on.

Nothing here waits without a limit: a scheduler that does not answer, a cluster without workers, or with workers that take
up nothing, are waited for as long as the operator said, and told.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from distributed import Client
from distributed.comm.core import connect

from drf_reprocess.compute.base import Cause
from drf_reprocess.errors import ComputeError

T = TypeVar("T")

logger = logging.getLogger(__name__)

TICK_S = 1.0
"""How often the cluster is looked at while nothing comes from it."""
LOOK_EVERY_S = 3.0
"""How often the cluster is looked at while all is well."""
WARN_AFTER_S = 2.0
"""How long something is amiss before it is told."""
SETTLE_S = 1.5
"""What ends within this time of each other ended at the same moment."""
GRACE_S = 15.0
"""How long a host is given to show that it is still there after one of its workers ended."""
ANSWER_S = 3.0
"""How long the process that watches over a worker may take to answer."""
MEMORY_TOPIC = "worker-restart-memory"
"""Where Dask's nanny tells that it ends a worker for its memory."""
REMEMBERED = 1000
"""So many lost workers are remembered."""
KEPT = "what was finished is kept"


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process as the scheduler knew it."""

    address: str
    host: str
    nanny: str | None
    is_running: bool
    threads: int
    memory_limit: int
    memory: int
    last_seen: float
    executing: int


@dataclass(frozen=True, slots=True)
class Loss:
    """The scheduler told that a worker is gone. ``told`` is in monotonic seconds of this process."""

    address: str
    is_expected: bool
    keys: frozenset[Any]
    """What it had to do."""
    results: frozenset[Any]
    """What it had done, of which there is no other copy."""
    told: float


class Cluster:
    """Watches a cluster through an open client. ``inbox`` gets a `Loss` for each worker that is lost."""

    def __init__(self, client: Client, inbox: queue.SimpleQueue[Any], wait_s: float) -> None:
        self.client = client
        self.workers: dict[str, Worker] = {}
        """As last looked at."""
        self._known: dict[str, Worker] = {}
        self._looked = 0.0
        self._inbox = inbox
        self._wait_s = wait_s
        self._losses: deque[Loss] = deque(maxlen=REMEMBERED)
        self._ended_for_memory: dict[str, int] = {}
        self._amiss_since: float | None = None
        self._is_told = False
        client.subscribe_topic("all", self._hear)
        client.subscribe_topic(MEMORY_TOPIC, self._hear_of_memory)

    def close(self) -> None:
        """Stop listening, or the scheduler would complain that it cannot tell us that we are gone."""
        with contextlib.suppress(ValueError, OSError, RuntimeError):
            self.client.unsubscribe_topic("all")
            self.client.unsubscribe_topic(MEMORY_TOPIC)

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        _, told = event
        if told.get("action") == "remove-worker":
            loss = Loss(
                told["worker"],
                bool(told["expected"]),
                frozenset(told["processing-tasks"]),
                frozenset(told["lost-computed-tasks"]),
                time.monotonic(),
            )
            self._losses.append(loss)
            self._inbox.put(loss)

    def _hear_of_memory(self, event: tuple[float, dict[str, Any]]) -> None:
        _, told = event
        self._ended_for_memory[str(told["worker"])] = int(told["rss"])

    # asking

    def ask(self, method: Callable[..., Any], *arguments: object, **named: object) -> Any:  # noqa: ANN401 - Dask's answers
        """Return the scheduler's answer to a coroutine function; ``TimeoutError`` or ``OSError`` if there is none."""
        limit_s = min(self._wait_s, 5 * TICK_S)
        return self.client.sync(method, *arguments, callback_timeout=limit_s, **named)

    @property
    def _scheduler(self) -> Any:  # noqa: ANN401 - Dask's remote calls
        return self.client.scheduler

    def look(self) -> dict[str, Worker]:
        """Return the workers by address, now; ``TimeoutError`` or ``OSError`` if the scheduler does not answer."""
        infos = self.ask(self._scheduler.identity, n_workers=-1)["workers"]
        self.workers = {address: _worker(address, info) for address, info in infos.items()}
        self._known |= self.workers
        self._looked = time.monotonic()
        return self.workers

    def look_now_and_then(self, every_s: float = LOOK_EVERY_S) -> None:
        """Look at the workers if that is long ago, if the scheduler answers: what is known of them should be fresh."""
        if time.monotonic() - self._looked > every_s:
            with contextlib.suppress(TimeoutError, OSError):
                self.look()

    def look_patiently(self) -> dict[str, Worker]:
        """Return the workers by address; wait for a scheduler that does not answer, and for a first worker."""
        while not self.check(is_work_expected=False):
            time.sleep(TICK_S)
        return self.workers

    def wait_for(self, work: Callable[[], T]) -> T:
        """Return what a call to the cluster returns that may rightly take long, as long as the scheduler answers."""
        done: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

        def call() -> None:
            try:
                done.put((work(), None))
            except BaseException as error:  # it is raised again where it is waited for
                done.put((None, error))

        threading.Thread(target=call, daemon=True, name="drf-cluster-call").start()
        while True:
            try:
                result, error = done.get(timeout=TICK_S)
            except queue.Empty:
                self.check(is_work_expected=False)
            else:
                if error is not None:
                    raise error
                return result  # type: ignore[return-value]  # one of the two is set

    # patience

    def check(self, *, is_work_expected: bool = True) -> bool:
        """Tell whether all is well with the cluster; ``ComputeError`` once it has been amiss for too long."""
        if self.client.status != "running":
            raise self.connection_lost()
        trouble = self._trouble(is_work_expected)
        if trouble is None:
            self.all_is_well()
        else:
            self._amiss(*trouble)
        return trouble is None

    def _trouble(self, is_work_expected: bool) -> tuple[str, str] | None:
        """Return what is amiss, and what to do about it."""
        try:
            workers = self.look().values()
            assigned = self.ask(self._scheduler.processing, workers=None) if is_work_expected else {}
        except (TimeoutError, OSError):
            return "the Dask scheduler does not answer", "see that it runs, or start it again"
        if not workers:
            return "the Dask cluster has no workers", "start workers"
        if not is_work_expected:
            return None
        if not any(worker.is_running or worker.executing for worker in workers):
            return (
                f"none of the {len(workers)} workers of the Dask cluster takes tasks: they are paused, or closing",
                "give them more memory, or start others",
            )
        if not any(one.executing or (one.is_running and assigned.get(one.address)) for one in workers):
            return (
                f"none of the {len(workers)} workers of the Dask cluster has been given a task, though some wait",
                "start the scheduler and its workers again",
            )
        return None

    def all_is_well(self) -> None:
        """Something came, or goes on: whatever was amiss is over."""
        if self._is_told:
            logger.warning("the Dask cluster is at work again")
        self._amiss_since = None
        self._is_told = False

    def _amiss(self, what: str, remedy: str) -> None:
        now = time.monotonic()
        self._amiss_since = self._amiss_since or now
        for_s = now - self._amiss_since
        if for_s > self._wait_s:
            raise ComputeError(
                f"{what}, for {self._wait_s:g} s by now (compute.wait_s): {remedy}, then run the same command again; {KEPT}"
            )
        if for_s >= min(WARN_AFTER_S, self._wait_s / 2) and not self._is_told:
            logger.warning("%s; waiting up to %g s for it (compute.wait_s)", what, self._wait_s)
            self._is_told = True

    def connection_lost(self) -> ComputeError:
        """Return the error of a scheduler that ended, or cannot be reached any more."""
        return ComputeError(
            f"the connection to the Dask scheduler is lost (client {self.client.status}): start it again, then run the same "
            f"command again; {KEPT}"
        )

    # lost workers

    def describe(self, address: str) -> str:
        """Return in words what is known of the memory of a worker that was lost."""
        worker = self._known.get(address)
        words = []
        if worker is not None:
            limit = f"{worker.memory_limit / 2**20:.0f} MiB" if worker.memory_limit else "none"
            words.append(f"memory limit {limit}, {worker.memory / 2**20:.0f} MiB when last heard of")
        if address in self._ended_for_memory:
            words.append(f"ended for taking {self._ended_for_memory[address] / 2**20:.0f} MiB")
        return ", ".join(words) or "nothing is known of its memory"

    def last_memory(self, address: str) -> int:
        """Return the last memory use known of a worker, in bytes."""
        worker = self._known.get(address)
        return self._ended_for_memory.get(address, worker.memory if worker else 0)

    def quick_cause(self, loss: Loss) -> Cause:
        """Return the cause of the loss of a worker that was in company: what can be told at once."""
        if loss.is_expected:
            return Cause.RETIRED
        return Cause.MEMORY if loss.address in self._ended_for_memory else Cause.ENDED

    def cause_alone(
        self, worker: Worker, loss: Loss, witnesses: frozenset[str], *, is_over_time: bool
    ) -> Cause:
        """Return why a worker was lost that had one item alone to do; this takes a moment.

        ``witnesses`` are the addresses of workers of the same host that had nothing of ours to do then.
        """
        if loss.is_expected:
            return Cause.RETIRED
        if is_over_time:
            return Cause.TIME_LIMIT
        time.sleep(max(0.0, SETTLE_S - (time.monotonic() - loss.told)))
        if worker.address in self._ended_for_memory:
            return Cause.MEMORY
        if any(
            other.address in witnesses and not other.is_expected and abs(other.told - loss.told) <= SETTLE_S
            for other in tuple(self._losses)
        ):
            return Cause.TOGETHER
        return Cause.ENDED if self._is_host_there(worker) else Cause.HOST_LOST

    def _is_host_there(self, lost: Worker) -> bool:
        """Tell whether the watching process of a lost worker answers, or else another worker of its host is heard of."""
        before: dict[str, Worker] | None = None
        until = time.monotonic() + GRACE_S
        while time.monotonic() < until and self.client.status == "running":
            try:
                if lost.nanny is not None:
                    if self.ask(self.client._run_on_scheduler, _answers, lost.nanny):
                        return True
                else:
                    there = {a: w for a, w in self.look().items() if w.host == lost.host}
                    before = there if before is None else before
                    if any(a not in before or w.last_seen > before[a].last_seen for a, w in there.items()):
                        return True
            except (TimeoutError, OSError):
                logger.debug("the scheduler could not be asked about %s", lost.host)
            time.sleep(TICK_S / 2)
        return False


async def _answers(address: str, dask_scheduler: Any = None) -> bool:  # noqa: ANN401 - Dask passes its scheduler
    """Tell, on the scheduler, whether somebody answers at an address."""
    try:
        comm = await connect(address, timeout=ANSWER_S, **dask_scheduler.connection_args)
    except OSError:
        return False
    comm.abort()
    return True


def _worker(address: str, info: dict[str, Any]) -> Worker:
    metrics = info["metrics"]
    return Worker(
        address,
        str(info["host"]),
        info["nanny"],
        info["status"] == "running",
        int(info["nthreads"]),
        int(info["memory_limit"] or 0),
        int(metrics.get("memory") or 0),
        float(info["last_seen"]),
        int(metrics.get("task_counts", {}).get("executing", 0)),
    )
