"""Where tasks run: sites chosen by name in the configuration section ``compute``.

A site is a context manager that gives an `Executor` and closes whatever it started. Only this module and
`compute.dask_executor` know Dask.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any

import dask
from distributed import Client, LocalCluster

from drf_reprocess.compute import own_group
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.dask_executor import WAIT_S, DaskExecutor
from drf_reprocess.compute.serial import SerialExecutor
from drf_reprocess.errors import ComputeError, ConfigurationError

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 30

START_ATTEMPTS = 2
"""How often local workers are started before that is an error."""

SAFE_SETTINGS = {
    # Dask never retries: the driver counts attempts by cause.
    "distributed.scheduler.allowed-failures": 0,
    # No worker hoards tasks that it cannot start yet.
    "distributed.scheduler.worker-saturation": 1.0,
    # Our tasks hold the interpreter lock in short stretches only; a false alarm would not help the operator.
    "distributed.admin.tick.limit": "60s",
    # Finished tasks, with their items, are not kept for display: the driver's memory does not grow with them.
    "distributed.diagnostics.computations.max-history": 1,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
}

LEAN_SETTINGS = {
    # Dask looks a hundred times a second at what its worker is doing: a tenth of the time of tasks such as ours.
    "distributed.worker.profile.enabled": False,
    # The last messages to each worker, with the items in them, are not kept in the driver.
    "distributed.admin.low-level-log-length": 0,
    "distributed.admin.system-monitor.log-length": 60,
}
"""What Dask need not record of its own work on a cluster that lives for one run."""


ALLOCATOR = {
    # glibc gives freed memory back at once and fetches it again, page by page, for the next file: a tenth to a fifth of the
    # time. Buffers of the size of a file are kept instead; two arenas keep the total small.
    "MALLOC_TRIM_THRESHOLD_": str(512 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(512 << 20),
    "MALLOC_ARENA_MAX": "2",
    # One pool for all, or Arrow's own keeps another reserve.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""Environment of worker processes from their start: it is read before any code of ours runs. An operator's own goes before."""


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """The configuration section ``compute``, key by key; ``memory_limit`` is bytes a worker."""

    site: str = "local"
    workers: int | None = None
    memory_limit: int | None = None
    address: str | None = None
    dashboard: str = ""
    task_limit_s: float = 0
    wait_s: float = WAIT_S


@contextlib.contextmanager
def open_site(options: SiteOptions) -> Iterator[Executor]:
    """Give an executor at the named site and close it at the end, whatever happens."""
    _quiet_dask()
    if options.site == "serial":
        yield SerialExecutor()
    elif options.site == "local":
        with _open_local(options) as executor:
            yield executor
    elif options.site == "address":
        with _open_address(options) as executor:
            yield executor
    else:
        raise ConfigurationError(f"compute.site is {options.site!r}; expected local, address or serial")


def _quiet_dask() -> None:
    """Keep Dask's notes on every worker that comes and goes off the operator's screen; errors still show."""
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.ERROR)


@contextlib.contextmanager
def _open_local(options: SiteOptions) -> Iterator[Executor]:
    """A cluster of worker processes with one thread each on this machine, listening on loopback only."""
    with (
        dask.config.set(
            SAFE_SETTINGS
            | LEAN_SETTINGS
            | {
                "distributed.worker.preload": [own_group.__name__],
                "distributed.nanny.pre-spawn-environ": dask.config.get("distributed.nanny.pre-spawn-environ")
                | {name: os.environ.get(name, value) for name, value in ALLOCATOR.items()},
            }
        ),
        _start_cluster(options) as cluster,
        Client(cluster, set_as_default=False) as client,
        _give(client, options) as executor,
    ):
        yield executor


def _start_cluster(options: SiteOptions) -> LocalCluster:
    """Start the workers where an interrupt does not reach.

    Dask tells with pages of traceback where an interrupt struck it as it starts. So it starts in a thread, and the worker
    processes inherit from that thread that interrupts are blocked; the interrupt is answered when it has started.
    """
    resource_tracker.ensure_running()  # or Python starts it from that thread, and lets interrupts in again there
    with ThreadPoolExecutor(
        1, "drf-start", signal.pthread_sigmask, (signal.SIG_BLOCK, {signal.SIGINT})
    ) as pool:
        for attempt in range(START_ATTEMPTS):
            starting = pool.submit(_make_cluster, options)
            try:
                return starting.result()
            except RuntimeError as error:
                # A worker process that ends while it starts, whoever ended it, takes the whole start with it.
                logger.warning("the local workers could not be started: %s", error)
                if attempt + 1 == START_ATTEMPTS:
                    raise ComputeError(
                        f'the local workers could not be started: {error}; see above why, or try compute.site = "serial"'
                    ) from error
            except KeyboardInterrupt:
                with contextlib.suppress(RuntimeError):
                    starting.result().close()
                raise
    raise AssertionError("a start succeeds or raises")


def _make_cluster(options: SiteOptions) -> LocalCluster:
    return LocalCluster(
        n_workers=options.workers or os.cpu_count() or 1,
        threads_per_worker=1,
        processes=True,
        memory_limit=options.memory_limit or 0,
        host="127.0.0.1",
        dashboard_address=options.dashboard or None,
        # Without a dashboard Dask serves its other pages, on a fixed port and to the whole network.
        scheduler_kwargs={"dashboard_address": options.dashboard or "127.0.0.1:0"},
        silence_logs=logging.ERROR,
    )


@contextlib.contextmanager
def _open_address(options: SiteOptions) -> Iterator[Executor]:
    """A cluster that somebody else runs, found by its scheduler's address; it is left running at the end."""
    address = options.address
    if not address:
        raise ConfigurationError('compute.address is not set: compute.site = "address" needs a scheduler')
    try:
        client = Client(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ComputeError(
            f"no Dask scheduler answers at compute.address = {address!r} within {CONNECT_TIMEOUT_S} s: {error}"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_TIMEOUT_S)
        except TimeoutError as error:
            raise ComputeError(
                f"the Dask scheduler at {address} has no workers: start at least one"
            ) from error
        warnings = check_settings(client)
        for warning in warnings:
            logger.warning("%s", warning)
        with _give(client, options, warnings) as executor:
            yield executor


@contextlib.contextmanager
def _give(client: Client, options: SiteOptions, warnings: tuple[str, ...] = ()) -> Iterator[Executor]:
    executor = DaskExecutor(
        client,
        warnings=warnings,
        has_dashboard=options.site != "local" or bool(options.dashboard),
        task_limit_s=options.task_limit_s,
        wait_s=options.wait_s,
    )
    with contextlib.closing(executor):
        yield executor


def check_settings(client: Client) -> tuple[str, ...]:
    """Name the settings of a running scheduler that make a run less safe than on a cluster of our own.

    They are named and not refused, because every task is idempotent: the results are the same, only a file that kills
    its worker takes more workers with it before it is set aside.
    """
    found: dict[str, Any] = client.run_on_scheduler(_scheduler_settings)
    warnings = []
    for key, safe in SAFE_SETTINGS.items():
        if key in found and found[key] != safe:
            warnings.append(
                f"the Dask scheduler runs with {key} = {found[key]!r}, safe is {safe!r}: start it with "
                f"DASK_{key.upper().replace('.', '__').replace('-', '_')}={safe}"
            )
    return tuple(warnings)


def _scheduler_settings(dask_scheduler: Any) -> dict[str, Any]:  # noqa: ANN401 - Dask passes its scheduler
    return {
        "distributed.scheduler.allowed-failures": dask_scheduler.allowed_failures,
        "distributed.scheduler.worker-saturation": dask_scheduler.WORKER_SATURATION,
    }
