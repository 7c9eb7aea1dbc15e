"""The executor that needs no workers: one task after another in this process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from drf_reprocess.compute.base import TaskEvent, call, warm_up

C = TypeVar("C")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


class SerialExecutor:
    """Runs tasks one after another in the calling process: for debugging and tests (``compute.site = "serial"``)."""

    workers = 1
    dashboard = ""
    warnings: tuple[str, ...] = ()

    def prepare(self, context: object) -> None:
        """Get ready for tasks with this context."""
        warm_up(context)

    def run(self, function: Callable[[C, I], R], context: C, items: Iterable[I]) -> Iterator[TaskEvent[I, R]]:
        """Call ``function(context, item)`` for each item in order; see `compute.base.Executor`."""
        for number, item in enumerate(items):
            if number == 0:
                warm_up(context)
            created = time.time()
            report = call(function, context, item)
            yield TaskEvent(
                item,
                report.result,
                report.error,
                f"serial-{os.getpid()}",
                created,
                report.started,
                report.ended,
                report.peak_rss_bytes,
            )

    def run_alone(
        self, function: Callable[[C, I], R], context: C, items: Iterable[I]
    ) -> Iterator[TaskEvent[I, R]]:
        """Do what `run` does: nothing is ever in company here."""
        return self.run(function, context, items)
