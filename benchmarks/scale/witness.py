"""A run in this process whose every second is accounted for: the driver's, by stage, and each task's.

Processor time is taken, not time by the clock, and everything lies in memory: what other programs do meanwhile, and how fast
the disk is, is no part of what a piece of work costs.
"""

from __future__ import annotations

import os
import pickle
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from benchmarks.samples import Sample
from benchmarks.timing import require
from drf_reprocess.compute.base import TaskEvent, call, warm_up
from drf_reprocess.config.load import load_config
from drf_reprocess.mission import open_mission
from drf_reprocess.observer import SilentObserver
from drf_reprocess.pipeline import run_mission
from drf_reprocess.runs import RunResult
from drf_reprocess.stages.package import join_package
from drf_reprocess.stages.process import process_partition
from drf_reprocess.stages.verify_members import ZipTask, verify_members

C = TypeVar("C")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class TaskCost:
    """One task: what it was about and what it took. ``driver_s`` is drawing its item, and committing its answer."""

    stage: str
    function: str
    files: int
    bytes: int
    work_s: float
    driver_s: float
    pickled_bytes: int
    """Of item and answer, as they travel."""


@dataclass(slots=True)
class Witness(SilentObserver):
    """Executor and observer of one run."""

    tasks: list[TaskCost] = field(default_factory=list)
    stage_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Processor seconds by stage, tasks included."""
    left_out_s: float = 0.0
    """Of what is only for the account, and of loading what tasks need, which is no part of any of them."""
    workers: int = 1
    dashboard: str = ""
    warnings: tuple[str, ...] = ()
    _stage: str = ""
    _began_s: float = 0.0
    _left_out_before_s: float = 0.0

    def stage_started(self, stage: str, files: int, bytes_: int) -> None:
        """Look at the clock."""
        self._stage, self._began_s, self._left_out_before_s = stage, time.process_time(), self.left_out_s

    def stage_ended(self, stage: str, elapsed_s: float) -> None:
        """Look at the clock, and leave out what was only for the account."""
        self.stage_s[stage] += (
            time.process_time() - self._began_s - (self.left_out_s - self._left_out_before_s)
        )

    def prepare(self, context: object) -> None:
        """Load what tasks need."""
        began_s = time.process_time()
        warm_up(context)
        self.left_out_s += time.process_time() - began_s

    def run(self, function: Callable[[C, I], R], context: C, items: Iterable[I]) -> Iterator[TaskEvent[I, R]]:
        """Do each task here, and take the time of everything."""
        drawn = iter(items)
        for number in range(10**9):
            began_s = time.process_time()
            item = next(drawn, None)
            drawn_s = time.process_time() - began_s
            if item is None:
                return
            if number == 0:
                self.prepare(context)
            created, began_s = time.time(), time.process_time()
            report = call(function, context, item)
            work_s = time.process_time() - began_s
            began_s = time.process_time()
            travels = len(pickle.dumps(item)) + len(pickle.dumps(report))
            self.left_out_s += time.process_time() - began_s
            began_s = time.process_time()
            yield TaskEvent(
                item,
                report.result,
                report.error,
                f"witness-{os.getpid()}",
                created,
                report.started,
                report.ended,
                0,
            )
            files, bytes_ = _size(function, item)
            self.tasks.append(
                TaskCost(
                    self._stage,
                    function.__name__,
                    files,
                    bytes_,
                    work_s,
                    drawn_s + time.process_time() - began_s,
                    travels,
                )
            )

    def run_alone(
        self, function: Callable[[C, I], R], context: C, items: Iterable[I]
    ) -> Iterator[TaskEvent[I, R]]:
        """Do what `run` does: nothing is ever in company here."""
        return self.run(function, context, items)

    def driver_s(self, stage: str) -> float:
        """Return the processor seconds of the driver in a stage: all but its tasks."""
        return max(0.0, self.stage_s[stage] - sum(task.work_s for task in self.tasks if task.stage == stage))


def _size(function: Callable[..., Any], item: Any) -> tuple[int, int]:  # noqa: ANN401 - any item
    """Return files and bytes of a task's item."""
    if function is process_partition:
        return len(item), sum(work.bytes for work in item)
    if function is verify_members and isinstance(item, ZipTask):
        labels = sum(entry.path.endswith(".xml") for entry, _ in item.members)
        return labels, sum(entry.raw_bytes for entry, _ in item.members if not entry.path.endswith(".xml"))
    if function is join_package:
        return 0, int(item.bytes)
    return 0, 0


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A run that was witnessed, and how large what it wrote is."""

    witness: Witness
    files: int
    bytes: int
    object_bytes: int
    objects: int
    packages: int
    package_bytes: int

    @property
    def work_s(self) -> float:
        """Processor seconds of all tasks."""
        return sum(task.work_s for task in self.witness.tasks)


def witness_run(
    sample: Sample, output: Path, partition_bytes: int, xml_catalog: Path | None = None
) -> Witnessed:
    """Run the whole line over a sample in this process, into an empty folder, and return its account."""
    settings: dict[str, object] = {
        "source.uri": sample.folder,
        "output.uri": output,
        "compute.site": "serial",
        "run.partition_bytes": partition_bytes,
    }
    if xml_catalog is not None:
        settings["validate.xml_catalog"] = xml_catalog
    config = load_config(None, [f"{key}={value}" for key, value in settings.items()], {})
    witness = Witness()
    with (
        open_mission(config, create=True, exclusive="a benchmark") as mission,
        patch("drf_reprocess.pipeline.open_site", lambda _: _Given(witness)),
    ):
        result: RunResult = run_mission(mission, witness, "", {})
    require(result.status == "success", f"the run ended with {result.status}")
    require(result.products["processed"] == len(sample.files), "a file is not in the archive")
    sizes = [path.stat().st_size for path in (output / "store").rglob("*") if path.is_file()]
    return Witnessed(
        witness,
        len(sample.files),
        sample.bytes,
        sum(sizes),
        len(sizes),
        len(result.deliveries),
        sum(int(str(one["bytes"])) for one in result.deliveries),
    )


@dataclass(frozen=True, slots=True)
class _Given:
    """A site that is there already."""

    witness: Witness

    def __enter__(self) -> Witness:
        self.witness.stage_s["rest"] -= time.process_time()
        return self.witness

    def __exit__(self, *_: object) -> None:
        witness = self.witness
        staged_s = sum(seconds for stage, seconds in witness.stage_s.items() if stage != "rest")
        witness.stage_s["rest"] += time.process_time() - staged_s - witness.left_out_s
