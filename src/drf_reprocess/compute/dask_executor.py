"""Tasks on a Dask cluster. Dask is only the muscle: it never retries, and no state that matters lives in it.

The context of a run of tasks reaches each worker once, as a worker plug-in: also a worker that joins later gets it
before its first task. Items travel with their tasks; a window of two tasks a worker thread is in flight, so the
scheduler never knows of more, however many items there are.
"""

from __future__ import annotations

import itertools
import logging
import queue
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker, get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from drf_reprocess.compute.base import TaskEvent, TaskReport, call, warm_up
from drf_reprocess.errors import ComputeError

C = TypeVar("C")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

logger = logging.getLogger(__name__)

WINDOW_PER_THREAD = 2
PATIENCE_S = 60.0
"""How long a cluster without any worker is waited for before the run stops with an error."""

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


def _call_on_worker(function: Callable[[Any, I], R], key: str, item: I) -> tuple[str, TaskReport[R]]:
    return str(get_worker().address), call(function, _CONTEXTS[key], item)


class DaskExecutor:
    """Runs tasks on the workers of a Dask cluster through an open client."""

    def __init__(self, client: Client, *, warnings: tuple[str, ...] = ()) -> None:
        self._client = client
        self.warnings = warnings

    @property
    def workers(self) -> int:
        """How many tasks run at once: the threads of all workers."""
        return sum(worker["nthreads"] for worker in self._worker_infos().values()) or 1

    @property
    def dashboard(self) -> str:
        """Address of Dask's own page about its workers, or an empty text."""
        return str(self._client.dashboard_link or "")

    def _worker_infos(self) -> dict[str, dict[str, Any]]:
        infos: dict[str, dict[str, Any]] = self._client.scheduler_info(n_workers=-1)["workers"]
        return infos

    def run(self, function: Callable[[C, I], R], context: C, items: Iterable[I]) -> Iterator[TaskEvent[I, R]]:
        """Call ``function(context, item)`` on the workers; see `compute.base.Executor`."""
        remaining = iter(items)
        first = list(itertools.islice(remaining, 1))
        if not first:
            return
        key = uuid.uuid4().hex
        plugin = ContextPlugin(key, context)
        self._client.register_plugin(plugin)
        done: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        pending: dict[Any, tuple[I, float, Future[Any]]] = {}
        try:
            window = itertools.chain(first, itertools.islice(remaining, self._window() - 1))
            self._submit(function, key, window, pending, done)
            while pending:
                future = self._next_done(done)
                item, created, _ = pending.pop(future.key)
                yield _event(item, created, future)
                self._submit(function, key, itertools.islice(remaining, 1), pending, done)
        finally:
            self._leave([future for _, _, future in pending.values()], plugin)

    def _leave(self, unfinished: Sequence[Future[Any]], plugin: ContextPlugin) -> None:
        """Leave nothing of a run of tasks on the cluster.

        A cluster that is gone, or going because an interrupt reached its processes too, has nothing to leave; its
        complaint must not take the place of the error or the interrupt that ended the run.
        """
        try:
            self._client.cancel(unfinished, force=True)
            self._client.unregister_worker_plugin(plugin.name)
        except (OSError, RuntimeError, ValueError) as error:
            logger.debug("the Dask cluster was gone before it was tidied up: %s", error)

    def _window(self) -> int:
        return WINDOW_PER_THREAD * self.workers

    def _submit(
        self,
        function: Callable[[C, I], R],
        key: str,
        items: Iterable[I],
        pending: dict[Any, tuple[I, float, Future[Any]]],
        done: queue.SimpleQueue[Future[Any]],
    ) -> None:
        for item in items:
            future = self._client.submit(_call_on_worker, function, key, item, pure=False, retries=0)
            pending[future.key] = (item, time.time(), future)
            future.add_done_callback(done.put)

    def _next_done(self, done: queue.SimpleQueue[Future[Any]]) -> Future[Any]:
        """Wait for a task to end; a cluster that stays without workers is an error, not a silent hang."""
        lonely_since: float | None = None
        while True:
            try:
                return done.get(timeout=1.0)
            except queue.Empty:
                if self._client.status != "running":
                    raise ComputeError(
                        f"the connection to the Dask scheduler is {self._client.status}: start it again, then run "
                        "the same command again; what was finished is kept"
                    ) from None
                if self._worker_infos():
                    lonely_since = None
                elif lonely_since is None:
                    lonely_since = time.monotonic()
                    logger.warning("the Dask cluster has no workers; waiting up to %.0f s", PATIENCE_S)
                elif time.monotonic() - lonely_since > PATIENCE_S:
                    raise ComputeError(
                        f"the Dask cluster has had no workers for {PATIENCE_S:.0f} s: start workers, then run the "
                        "same command again; what was finished is kept"
                    ) from None


def _event(item: I, created: float, future: Future[Any]) -> TaskEvent[I, Any]:
    if future.status == "finished":
        worker, report = future.result()
        return TaskEvent(
            item,
            report.result,
            report.error,
            worker,
            created,
            report.started,
            report.ended,
            report.peak_rss_bytes,
        )
    raised = future.exception() if future.status == "error" else None
    now = time.time()
    if isinstance(raised, KilledWorker):
        error = ComputeError(f"worker {raised.last_worker} ended while it had the task")
        return TaskEvent(
            item, None, error, str(raised.last_worker), created, created, now, 0, worker_lost=True
        )
    error = ComputeError(f"a task ended as {future.status}: {raised!r}")
    return TaskEvent(item, None, error, "", created, created, now, 0)
