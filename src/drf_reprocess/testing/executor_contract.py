"""What every executor must do: subclass `ExecutorContract` and give it a fixture ``executor``."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drf_reprocess.compute.base import Executor
from drf_reprocess.errors import ComputeError, ObjectNotFound


def add(context: int, item: int) -> int:
    """Return the sum."""
    return context + item


def fail_on_odd(context: str, item: int) -> int:
    """Raise an error of the package on odd items."""
    if item % 2:
        raise ObjectNotFound(f"{context} {item}")
    return item


def divide(context: int, item: int) -> float:
    """Raise a foreign error on zero."""
    return context / item


def end_process_on_zero(context: str, item: int) -> int:
    """End the worker process, as the kernel does when memory runs out."""
    if item == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def tell(context: str, item: tuple[int, ...]) -> tuple[int, ...]:
    """Return the item."""
    return item


_at_work: list[int] = []


def count_company(context: str, item: int) -> int:
    """Return how many items the process has at work in this function."""
    _at_work.append(item)
    try:
        time.sleep(0.05)
        return len(_at_work)
    finally:
        _at_work.remove(item)


class Preparing:
    """A context that is to be prepared."""

    prepared = False

    def warm_up(self) -> None:
        """Prepare."""
        self.prepared = True


def tell_prepared(context: Preparing, item: int) -> bool:
    """Tell whether the context was prepared in this process."""
    return context.prepared


@dataclass(frozen=True)
class LeavingMarks:
    """A context that leaves a mark for each process that prepares."""

    folder: str

    def warm_up(self) -> None:
        """Leave a mark."""
        Path(self.folder, f"{os.getpid()}").touch()


class ExecutorContract:
    """Tests for any executor."""

    def test_all_workers_prepare_before_there_is_a_task(self, executor: Executor, tmp_path: Path) -> None:
        executor.prepare(LeavingMarks(str(tmp_path)))
        assert 0 < len(list(tmp_path.iterdir())) <= executor.workers  # they may share a process

    def test_every_item_gives_its_result(self, executor: Executor) -> None:
        events = list(executor.run(add, 100, range(25)))
        assert {event.item: event.value() for event in events} == {n: 100 + n for n in range(25)}

    def test_events_tell_times_worker_and_memory(self, executor: Executor) -> None:
        (event,) = executor.run(add, 1, [1])
        assert event.created <= event.started <= event.ended
        assert event.worker
        assert event.peak_rss_bytes > 1_000_000

    def test_errors_of_the_package_keep_their_class(self, executor: Executor) -> None:
        events = {event.item: event for event in executor.run(fail_on_odd, "no object", range(4))}
        assert events[2].value() == 2
        with pytest.raises(ObjectNotFound, match="no object 3"):
            events[3].value()

    def test_foreign_errors_are_told_with_their_traceback(self, executor: Executor) -> None:
        (event,) = executor.run(divide, 1, [0])
        assert isinstance(event.error, ComputeError)
        assert "ZeroDivisionError" in str(event.error)
        assert "in divide" in str(event.error)

    def test_items_are_drawn_only_as_they_are_needed(self, executor: Executor) -> None:
        drawn = 0

        def items() -> Iterator[int]:
            nonlocal drawn
            for n in range(1000):
                drawn += 1
                yield n

        events = executor.run(add, 0, items())
        next(events)
        assert drawn <= 2 * executor.workers + 2
        events.close()  # type: ignore[attr-defined]  # a generator

    def test_one_executor_runs_several_functions(self, executor: Executor) -> None:
        assert [event.value() for event in executor.run(add, 1, [1])] == [2]
        assert [event.value() for event in executor.run(divide, 1, [2])] == [0.5]

    def test_the_context_prepares_each_process_before_its_first_task(self, executor: Executor) -> None:
        assert [event.value() for event in executor.run(tell_prepared, Preparing(), range(3))] == [True] * 3

    def test_no_items_no_events(self, executor: Executor) -> None:
        assert list(executor.run(add, 1, [])) == []
        assert list(executor.run_alone(add, 1, [])) == []

    def test_every_item_gives_its_result_alone(self, executor: Executor) -> None:
        events = list(executor.run_alone(add, 100, range(5)))
        assert {event.item: event.value() for event in events} == {n: 100 + n for n in range(5)}

    def test_errors_are_told_of_items_alone(self, executor: Executor) -> None:
        events = {event.item: event for event in executor.run_alone(fail_on_odd, "no object", range(4))}
        assert events[2].value() == 2
        assert not events[3].worker_lost
        with pytest.raises(ObjectNotFound, match="no object 3"):
            events[3].value()

    def test_an_event_has_the_very_item(self, executor: Executor) -> None:
        items = [(1,), (1,), (1,)]
        for run in (executor.run, executor.run_alone):
            assert {id(event.item) for event in run(tell, "", items)} == set(map(id, items))

    def test_items_alone_never_meet_in_a_process(self, executor: Executor) -> None:
        assert [event.value() for event in executor.run_alone(count_company, "", range(6))] == [1] * 6
