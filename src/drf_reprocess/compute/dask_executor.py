"""Tasks on a Dask cluster. Dask is only the muscle: it never retries, and no state that matters lives in it.

The context of a run of tasks reaches each worker once, as a worker plug-in: also a worker that joins later gets it
before its first task. Items travel with their tasks; a window of two tasks a worker thread is in flight, so the
scheduler never knows of more, however many items there are.

A worker that ends loses all its tasks: the scheduler tells which, and they are taken back from it at once, whatever its
settings say about trying again.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from distributed import Client, Future, KilledWorker, get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from drf_reprocess.compute.base import Cause, TaskEvent, TaskReport, call, warm_up
from drf_reprocess.compute.cluster import TICK_S, Cluster, Loss, Worker
from drf_reprocess.compute.watchdog import tasks_at_work, time_limit
from drf_reprocess.errors import ComputeError

C = TypeVar("C")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

logger = logging.getLogger(__name__)

WINDOW_PER_THREAD = 2
WAIT_S = 60.0
REGISTER_ATTEMPTS = 5

_THIS_PROCESS = uuid.uuid4().hex
"""Tells on a worker whether it is a process of its own: the driver's must not be ended by a time limit."""
_CONTEXTS: dict[str, Any] = {}
"""On a worker: the contexts of the runs that it takes part in, by key."""


class ContextPlugin(WorkerPlugin):
    """Puts the context of one run of tasks within reach of the tasks on each worker."""

    def __init__(self, key: str, context: object) -> None:
        self.name = f"drf-context-{key}"
        self.key = key
        self.context = context

    def setup(self, worker: object) -> None:
        """Keep the context and let it prepare; called once on each worker, also on those that join later."""
        warm_up(self.context)
        _CONTEXTS[self.key] = self.context

    def teardown(self, worker: object) -> None:
        """Forget the context."""
        _CONTEXTS.pop(self.key, None)


@dataclass(frozen=True, slots=True)
class Order(Generic[R]):
    """How a worker is to call the function of a run of tasks."""

    function: Callable[[Any, Any], R]
    context_key: str
    driver: str
    limit_s: float
    is_alone: bool


def _call_on_worker(order: Order[R], item: Any) -> tuple[str, TaskReport[R] | None]:  # noqa: ANN401 - any item
    """Carry out an order; no report if the item was to be alone and the process has something else at work."""
    address = str(get_worker().address)
    if order.is_alone and tasks_at_work():
        return address, None
    with time_limit(order.limit_s if order.driver != _THIS_PROCESS else 0):
        return address, call(order.function, _CONTEXTS[order.context_key], item)


@dataclass(frozen=True, slots=True)
class Handed(Generic[I]):
    """An item that was handed to the cluster."""

    item: I
    created: float
    future: Future[Any]
    worker: Worker | None = None
    """The only worker that may have it."""
    witnesses: frozenset[str] = frozenset()


class DaskExecutor:
    """Runs tasks on the workers of a Dask cluster through an open client.

    ``task_limit_s`` is the time limit of one task in seconds, 0 for none; ``wait_s`` how long a cluster is waited for that
    has no workers, or does not answer.
    """

    def __init__(
        self,
        client: Client,
        *,
        warnings: tuple[str, ...] = (),
        has_dashboard: bool = True,
        task_limit_s: float = 0,
        wait_s: float = WAIT_S,
    ) -> None:
        self._client = client
        self.warnings = warnings
        self._has_dashboard = has_dashboard
        self._limit_s = task_limit_s
        self._inbox: queue.SimpleQueue[Future[Any] | Loss] = queue.SimpleQueue()
        self._cluster = Cluster(client, self._inbox, wait_s)
        self._wait_s = wait_s

    @property
    def workers(self) -> int:
        """How many tasks run at once: the threads of all workers."""
        return sum(worker.threads for worker in self._cluster.look_patiently().values()) or 1

    @property
    def dashboard(self) -> str:
        """Address of Dask's own page about its workers, or an empty text."""
        return str(self._client.dashboard_link or "") if self._has_dashboard else ""

    def close(self) -> None:
        """Part from the cluster, which stays as it is."""
        self._cluster.close()

    def prepare(self, context: object) -> None:
        """Have all workers load what tasks with this context need; see `compute.base.Executor`."""
        plugin = ContextPlugin(uuid.uuid4().hex, context)
        try:
            self._register(plugin)
        finally:
            self._leave([], plugin)

    def run(self, function: Callable[[C, I], R], context: C, items: Iterable[I]) -> Iterator[TaskEvent[I, R]]:
        """Call ``function(context, item)`` on the workers; see `compute.base.Executor`."""
        remaining = iter(items)
        first = list(itertools.islice(remaining, 1))
        if not first:
            return
        with self._session(function, context, is_alone=False) as (order, handed):
            window = itertools.chain(first, itertools.islice(remaining, WINDOW_PER_THREAD * self.workers - 1))
            self._hand_out(order, window, handed)
            while handed:
                for event in self._next_events(handed):
                    yield event
                    self._hand_out(order, itertools.islice(remaining, 1), handed)

    def run_alone(
        self, function: Callable[[C, I], R], context: C, items: Iterable[I]
    ) -> Iterator[TaskEvent[I, R]]:
        """Call ``function(context, item)`` with nothing else of ours in the worker's process; see `compute.base.Executor`.

        Of a host with several workers one is left without work: if it ends with another, no item ended the other.
        """
        waiting = deque(items)
        if not waiting:
            return
        with self._session(function, context, is_alone=True) as (order, handed):
            busy: dict[str, float] = {}
            while waiting or handed:
                if waiting:
                    self._hand_out_alone(order, waiting, handed, busy)
                yield from self._next_events_alone(handed, waiting, busy)

    # a run of tasks

    @contextlib.contextmanager
    def _session(
        self, function: Callable[[C, I], R], context: C, *, is_alone: bool
    ) -> Iterator[tuple[Order[R], dict[Any, Handed[I]]]]:
        """Make the context known on the workers, and leave nothing of a run of tasks on the cluster in the end."""
        order = Order(function, uuid.uuid4().hex, _THIS_PROCESS, self._limit_s, is_alone)
        plugin = ContextPlugin(order.context_key, context)
        handed: dict[Any, Handed[I]] = {}
        try:
            self._register(plugin)
            yield order, handed
        finally:
            self._leave([one.future for one in handed.values()], plugin)

    def _register(self, plugin: ContextPlugin) -> None:
        for attempt in itertools.count(1):
            self._cluster.look_patiently()
            try:
                self._cluster.wait_for(lambda: self._client.register_plugin(plugin))
            except (
                OSError
            ) as error:  # a worker ended while it was told; those that come instead are told by the scheduler
                if attempt == REGISTER_ATTEMPTS:
                    raise ComputeError(
                        f"workers ended {attempt} times while they prepared for their tasks: {error}; look at their "
                        "logs, and at their memory (compute.memory_limit)"
                    ) from error
                logger.debug("a worker ended while it was told of its tasks: %s", error)
                time.sleep(TICK_S)
            else:
                return

    def _leave(self, unfinished: list[Future[Any]], plugin: ContextPlugin) -> None:
        """Take back what is unfinished.

        A cluster that is gone, or going because an interrupt reached its processes too, has nothing to leave; its
        complaint must not take the place of the error or the interrupt that ended the run.
        """
        try:
            self._cancel(unfinished)
            self._cluster.ask(self._client._unregister_worker_plugin, plugin.name)
        except (OSError, RuntimeError, ValueError, TimeoutError) as error:
            logger.debug("the Dask cluster was gone before it was tidied up: %s", error)

    def _cancel(self, futures: list[Future[Any]]) -> None:
        if futures and self._client.status == "running":
            self._client.cancel(futures, force=True)

    def _hand_out(self, order: Order[R], items: Iterable[I], handed: dict[Any, Handed[I]]) -> None:
        for item in items:
            self._submit(order, item, handed)

    def _submit(
        self,
        order: Order[R],
        item: I,
        handed: dict[Any, Handed[I]],
        worker: Worker | None = None,
        witnesses: frozenset[str] = frozenset(),
    ) -> None:
        where = {} if worker is None else {"workers": [worker.address], "allow_other_workers": False}
        future = self._client.submit(_call_on_worker, order, item, pure=False, retries=0, **where)
        handed[future.key] = Handed(item, time.time(), future, worker, witnesses)
        future.add_done_callback(self._inbox.put)

    def _hand_out_alone(
        self,
        order: Order[R],
        waiting: deque[I],
        handed: dict[Any, Handed[I]],
        busy: dict[str, float],
    ) -> None:
        """Give waiting items to workers that have nothing of ours to do, and leave one of each host's without."""
        self._cluster.look_now_and_then(0)
        workers = [worker for worker in self._cluster.workers.values() if worker.is_running]
        taken = {one.worker.address for one in handed.values() if one.worker is not None}
        free = _all_but_a_witness([worker for worker in workers if worker.address not in taken], workers)
        now = time.monotonic()
        chosen = [worker for worker in free if busy.get(worker.address, now) <= now][: len(waiting)]
        taken |= {worker.address for worker in chosen}
        for worker in chosen:
            idle = frozenset(
                one.address for one in workers if one.host == worker.host and one.address not in taken
            )
            self._submit(order, waiting.popleft(), handed, worker, idle)

    # what comes back

    def _next(self) -> Future[Any] | Loss | None:
        """Return what comes next; None if nothing came for a moment. Nothing is waited for without a limit."""
        try:
            came = self._inbox.get(timeout=TICK_S)
        except queue.Empty:
            self._cluster.check()
            return None
        self._cluster.all_is_well()
        self._cluster.look_now_and_then()
        return came

    def _next_events(self, handed: dict[Any, Handed[I]]) -> list[TaskEvent[I, Any]]:
        came = self._next()
        if came is None:
            return []
        if isinstance(came, Loss):
            return self._lost(came, handed)
        one = handed.get(came.key)
        if one is None:  # it was taken back before
            return []
        loss = self._killed(came)
        if loss is not None:
            return self._lost(loss, handed)
        result = self._result(came)
        if result is None:
            return []
        del handed[came.key]
        return [_event(one, *result)]

    def _lost(self, loss: Loss, handed: dict[Any, Handed[I]]) -> list[TaskEvent[I, Any]]:
        """Take back whatever a lost worker had; what was assigned to one that was retired goes to others by itself."""
        keys = loss.results if loss.is_expected else loss.keys | loss.results
        lost = [handed.pop(key) for key in keys if key in handed]
        self._cancel([one.future for one in lost])
        cause = self._cluster.quick_cause(loss)
        return [self._loss_event(one, loss.address, cause) for one in lost]

    def _next_events_alone(
        self, handed: dict[Any, Handed[I]], waiting: deque[I], busy: dict[str, float]
    ) -> Iterator[TaskEvent[I, Any]]:
        came = self._next()
        if came is None:
            self._take_back_stranded(handed, waiting)
        elif isinstance(came, Loss):
            yield from self._lost_alone(came, handed, waiting)
        elif came.key in handed:
            loss = self._killed(came)
            if loss is not None:
                yield from self._lost_alone(loss, handed, waiting)
                return
            result = self._result(came)
            if result is not None:
                one = handed.pop(came.key)
                worker, report = result
                if report is None:
                    busy[worker] = time.monotonic() + TICK_S
                    waiting.append(one.item)
                else:
                    yield _event(one, worker, report)

    def _lost_alone(
        self, loss: Loss, handed: dict[Any, Handed[I]], waiting: deque[I]
    ) -> Iterator[TaskEvent[I, Any]]:
        """Take back the item that a lost worker had alone: it may have been the cause, if it had come to the worker."""
        keys = [key for key, one in handed.items() if one.worker and one.worker.address == loss.address]
        for key in keys:
            one = handed.pop(key)
            self._cancel([one.future])
            if key in loss.keys | loss.results:
                yield self._judge_alone(one, loss)
            else:
                waiting.appendleft(one.item)

    def _take_back_stranded(self, handed: dict[Any, Handed[I]], waiting: deque[I]) -> None:
        """Take back items whose worker was gone before they came to it: nobody tells of those."""
        for key, one in list(handed.items()):
            if one.worker and one.worker.address not in self._cluster.workers and self._inbox.empty():
                del handed[key]
                self._cancel([one.future])
                waiting.appendleft(one.item)

    def _judge_alone(self, one: Handed[I], loss: Loss) -> TaskEvent[I, Any]:
        if one.worker is None:
            raise TypeError("an item that runs alone has a worker")
        lasted_s = time.monotonic() - loss.told
        is_over_time = bool(self._limit_s) and time.time() - one.created - lasted_s >= self._limit_s
        cause = self._cluster.cause_alone(one.worker, loss, one.witnesses, is_over_time=is_over_time)
        return self._loss_event(one, loss.address, cause)

    def _loss_event(self, one: Handed[I], address: str, cause: Cause) -> TaskEvent[I, Any]:
        words = {
            Cause.ENDED: "ended while it had the task",
            Cause.MEMORY: "ended while it had the task, for its memory",
            Cause.TIME_LIMIT: f"ended itself: the task was over its limit of {self._limit_s:g} s (compute.task_limit_s)",
            Cause.RETIRED: "was retired while it had the task",
            Cause.HOST_LOST: "ended while it had the task, and its host or its nanny is gone too",
            Cause.TOGETHER: "ended while it had the task, together with an idle worker of its host",
        }[cause]
        error = ComputeError(f"worker {address} {words} ({self._cluster.describe(address)})")
        memory = self._cluster.last_memory(address)
        return TaskEvent(one.item, None, error, address, one.created, one.created, time.time(), memory, cause)

    def _killed(self, future: Future[Any]) -> Loss | None:
        raised = future.exception(timeout=self._wait_s) if future.status == "error" else None
        if not isinstance(raised, KilledWorker):
            return None
        keys = frozenset({future.key})
        return Loss(str(raised.last_worker.address), False, keys, frozenset(), time.monotonic())

    def _result(self, future: Future[Any]) -> tuple[str, TaskReport[Any] | None] | None:
        """Return what a task answered; None if the answer was lost with its worker, which is told separately."""
        if future.status in ("lost", "pending"):
            return None  # its worker is gone with the answer; the notice of that comes next
        try:
            answer: tuple[str, TaskReport[Any] | None] = future.result(timeout=self._wait_s)
        except CancelledError as error:
            raise self._cluster.connection_lost() from error
        except KilledWorker:
            self._inbox.put(future)  # the answer was lost, made again, and lost again
            return None
        except TimeoutError:
            self._inbox.put(future)
            self._cluster.check()
            return None
        except Exception as raised:  # it came to no call: an item that cannot be unpickled there, ...
            now = time.time()
            return "", TaskReport(
                None, ComputeError(f"a task ended as {future.status}: {raised!r}"), now, now, 0
            )
        return answer


def _all_but_a_witness(free: list[Worker], workers: list[Worker]) -> list[Worker]:
    """Return the free workers without the last one of each host that has several."""
    per_host = Counter(worker.host for worker in workers)
    last = {worker.host: worker.address for worker in sorted(free, key=lambda one: one.address)}
    return [one for one in free if per_host[one.host] == 1 or one.address != last[one.host]]


def _event(one: Handed[I], worker: str, report: TaskReport[R] | None) -> TaskEvent[I, R]:
    if report is None:
        raise TypeError("a task in company always has a report")
    return TaskEvent(
        one.item,
        report.result,
        report.error,
        worker,
        one.created,
        report.started,
        report.ended,
        report.peak_rss_bytes,
    )
