"""How fast tasks can be handed out: through our own executor, tasks that do nothing.

Driver and scheduler are one process (``compute.site = "local"``). Its processor time for each task is the limit, however many
workers there are; tasks a second by the clock are what came of it here, where workers want the same cores.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection

import dask
from distributed import Client, LocalCluster

from benchmarks.timing import require
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.dask_executor import DaskExecutor
from drf_reprocess.compute.sites import SAFE_SETTINGS, SiteOptions, open_site


@dataclass(frozen=True, slots=True)
class HandingRun:
    """So many tasks that do nothing, on so many workers."""

    workers: int
    where: str
    """``processes``; ``in-process``: dummies that share the driver's interpreter; ``apart``: with a scheduler of another
    process, so that ``cpu_s`` is the driver's alone."""
    tasks: int
    seconds: float
    cpu_s: float
    """Of the process of driver and scheduler."""
    session_s: float
    """By the clock, of one task alone with the begin and end of its session."""

    @property
    def tasks_per_s(self) -> float:
        """By the clock."""
        return self.tasks / self.seconds


def nothing(payload: bytes, item: int) -> bytes:
    """Return what an answer of usual size takes to travel; a task function."""
    return payload


def time_tasks(executor: Executor, tasks: int, payload_bytes: int = 0) -> tuple[float, float]:
    """Hand out tasks that do nothing; return seconds by the clock and processor seconds of this process."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    seen = sum(
        len(event.value()) == payload_bytes
        for event in executor.run(nothing, bytes(payload_bytes), range(tasks))
    )
    seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    require(seen == tasks, f"{seen} of {tasks} answers came")
    return seconds, cpu_s


def time_handing(workers: int, where: str, tasks: int, payload_bytes: int = 0) -> HandingRun:
    """Open a cluster of so many workers and hand out tasks that do nothing."""
    sites = {"processes": _processes, "in-process": _dummies, "apart": _apart}
    with sites[where](workers) as executor:
        time_tasks(executor, 4 * workers, payload_bytes)
        session_s = min(time_tasks(executor, 1, payload_bytes)[0] for _ in range(3))
        seconds, cpu_s = time_tasks(executor, tasks, payload_bytes)
    return HandingRun(workers, where, tasks, seconds, cpu_s, session_s)


def _processes(workers: int) -> AbstractContextManager[Executor]:
    """The site of a single machine, as shipped."""
    return open_site(SiteOptions("local", workers))


@contextmanager
def _dummies(workers: int) -> Iterator[Executor]:
    """Workers of one thread each within this process: cheap, and none of them does anything."""
    with _open_dummies(workers) as cluster, Client(cluster, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        executor = DaskExecutor(client, has_dashboard=False)
        yield executor
        executor.close()


@contextmanager
def _open_dummies(workers: int, protocol: str = "inproc://") -> Iterator[LocalCluster]:
    with (
        dask.config.set(SAFE_SETTINGS),
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers,
            threads_per_worker=1,
            processes=False,
            protocol=protocol,
            host="127.0.0.1" if protocol == "tcp://" else None,
            memory_limit=0,
            dashboard_address=None,
            worker_dashboard_address=None,
            # Without a dashboard Dask serves its other pages, on a fixed port and to the whole network.
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs=logging.ERROR,
        ) as cluster,
    ):
        yield cluster


@contextmanager
def _apart(workers: int) -> Iterator[Executor]:
    """A scheduler with its dummies in another process, as on a cluster that somebody else runs."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(workers, there), daemon=True)
    process.start()
    try:
        with open_site(SiteOptions("address", address=here.recv())) as executor:
            yield executor
    finally:
        here.send("end")
        process.join(10)


def _serve(workers: int, there: Connection) -> None:
    """Keep a cluster until somebody says to end it; runs in a process of its own."""
    with _open_dummies(workers, "tcp://") as cluster:
        there.send(cluster.scheduler_address)
        there.recv()
