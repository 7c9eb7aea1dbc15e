"""Which item ended its worker? Whatever a lost worker had runs again, alone, until it is proved innocent or guilty.

A worker process that ends takes all its tasks with it, and tells nothing of them. So each item of each of these tasks is
a suspect. Once the ordinary tasks are done, suspects run one by one on idle workers, where nobody else can be blamed for
the end of the process, and nobody else is hit by it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from drf_reprocess.compute.base import Cause, Executor, TaskEvent
from drf_reprocess.errors import ComputeError

C = TypeVar("C")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

DEATHS = 2
"""How many workers an item ends, alone, before it is given up."""
ATTEMPTS = 5
"""How often an item runs alone at most, where the end of its worker is each time explained by something else."""

logger = logging.getLogger(__name__)


class Verdict(StrEnum):
    """What is known of the items of a task after one attempt."""

    DONE = "done"
    """The task ended by itself, with a result or an error."""
    AGAIN = "again"
    """Its worker was lost; each of its items will run alone."""
    WORKER_DIED = "worker-died"
    """The item, alone, ended its worker twice."""
    TIME_LIMIT = "task-time-limit"
    """The item, alone, was over its time limit twice."""
    WORKER_LOST = "worker-lost"
    """Workers were lost each time, by no fault of the item as far as is known; there was no end of it."""


@dataclass(frozen=True, slots=True)
class Judged(Generic[I, R]):
    """A task's event, what follows from it, and all events, in order, of workers lost with the item alone."""

    event: TaskEvent[I, R]
    verdict: Verdict
    losses: tuple[TaskEvent[I, R], ...] = ()


def judge(losses: Iterable[TaskEvent[I, R]]) -> Verdict:
    """Return what follows from the workers that were lost with one item alone.

    Only causes that may be the item's own doing count.
    """
    losses = tuple(losses)
    counted = [event.cause for event in losses if event.cause is not None and event.cause.counts]
    if len(counted) >= DEATHS:
        only_time = all(cause is Cause.TIME_LIMIT for cause in counted)
        return Verdict.TIME_LIMIT if only_time else Verdict.WORKER_DIED
    return Verdict.WORKER_LOST if len(losses) >= ATTEMPTS else Verdict.AGAIN


def run_all(
    executor: Executor, function: Callable[[C, I], R], context: C, items: Iterable[I]
) -> Iterator[TaskEvent[I, R]]:
    """Run items all of which are needed, and yield the event of each as it is done.

    Raises
    ------
    ComputeError
        If an item cannot be done because each of its workers is lost; what was done before is kept.
    """
    for judged in run_surely(executor, function, context, items):
        if judged.verdict is Verdict.DONE:
            yield judged.event
        elif judged.verdict is not Verdict.AGAIN:
            told = "; ".join(str(loss.error) for loss in judged.losses)
            raise ComputeError(
                f"a task of {getattr(function, '__name__', 'this stage')} cannot be done ({judged.verdict}): {told}; give the "
                "workers more memory or time (compute.memory_limit, compute.task_limit_s), or look why they end, then run again"
            )


def run_surely(
    executor: Executor,
    function: Callable[[C, I], R],
    context: C,
    items: Iterable[I],
    split: Callable[[I], Iterable[I]] = lambda item: (item,),
) -> Iterator[Judged[I, R]]:
    """Run all items as `Executor.run` does, and those whose workers are lost again, alone, as often as it takes.

    ``split`` takes an item apart into the smallest ones that can run alone.
    """
    suspects: list[I] = []
    for event in executor.run(function, context, items):
        if event.worker_lost:
            split_up = list(split(event.item))
            logger.warning("%s; its %d parts run once more, each alone", event.error, len(split_up))
            suspects += split_up
            yield Judged(event, Verdict.AGAIN)
        else:
            yield Judged(event, Verdict.DONE)
    # By identity: an item need not be hashable, and an event has its very item.
    losses: dict[int, list[TaskEvent[I, R]]] = {}
    while suspects:
        again: list[I] = []
        for event in executor.run_alone(function, context, suspects):
            if not event.worker_lost:
                yield Judged(event, Verdict.DONE)
                continue
            lost = losses.setdefault(id(event.item), [])
            lost.append(event)
            verdict = judge(lost)
            if verdict is Verdict.AGAIN:
                logger.warning("%s; it runs alone once more", event.error)
                again.append(event.item)
            yield Judged(event, verdict, tuple(lost))
        suspects = again
