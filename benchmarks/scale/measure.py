"""Measure, in one go, all that the model needs: pieces of work, the machine, and how fast tasks are handed out."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from benchmarks.peers import pack_as_incumbent
from benchmarks.pipeline import PipelineRun, run_line, settings_of, write_rate
from benchmarks.results import Measurement
from benchmarks.samples import make_sample
from benchmarks.scale.costs import PART, SERIAL, Costs, Handing, Machine, Sizes, fit_line
from benchmarks.scale.handing import HandingRun, time_handing
from benchmarks.scale.witness import Witnessed, witness_run
from benchmarks.scope import Scope
from drf_reprocess.archives.codec import Codec

MIB = 2**20
FUNCTIONS = {"process": "process_partition", "join": "join_package", "verify": "verify_members"}
SMALLEST = 1e-6
"""Scale of the smallest files there are: twelve records each."""
PARTITIONS = (4 * MIB, 48 * MIB)
"""The same files in tasks of different sizes tell what each task costs."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is measured."""

    many_files: int = 1200
    """Tiny ones: they tell what each file costs."""
    large_files: int = 48
    """Of usual size: they tell what each byte costs."""
    scale: float = 1.0
    noop_tasks: int = 65_000
    noop_tasks_some: int = 3_000
    dummies: tuple[int, ...] = (1, 2, 4, 8, 32)
    object_bytes: int = 4_000_000
    rate_bytes: int = 200_000_000
    small_objects: int = 100
    incumbent_bytes: int = 20_000_000
    crowd_s: float = 2.0


TINY = Amounts(6, 2, 0.02, 20, 10, (1,), 20_000, 100_000, 3, 50_000, 0.0)
"""For tests."""


def measure_costs(scope: Scope, amounts: Amounts) -> Iterator[Measurement]:
    """Measure everything; the last measurement holds the costs, those before tell how fast tasks are handed out."""
    began_s = time.perf_counter()
    handed = []
    for run in _measure_handing(scope, amounts):
        handed.append(run)
        yield _told(run)
    on = scope.places[0]
    with scope.folder(on) as folder:
        runs = _witness(scope, amounts, folder)
    machine, others = _measure_machine(scope, amounts)
    costs = _costs_of(runs, handed, replace(machine, **_start_of_workers(scope, others)))
    with scope.folder() as folder:
        sample = make_sample(folder / "source", amounts.large_files, amounts.scale)
        rate, others["incumbent_ratio"] = _incumbent(sample.some(amounts.incumbent_bytes), folder)
    costs = replace(costs, incumbent_rate=rate, others={**costs.others, **others})
    yield costs.measurement(time.perf_counter() - began_s)


# pieces of work


def _witness(scope: Scope, amounts: Amounts, folder: Path) -> list[Witnessed]:
    """Run missions of few, of many, and of large files; a first one, which loads everything, is not counted."""
    missions = (
        ("first", 2, SMALLEST, PARTITIONS[0]),
        ("few", 2, SMALLEST, PARTITIONS[0]),
        ("many", amounts.many_files, SMALLEST, PARTITIONS[0]),
        ("large", amounts.large_files, amounts.scale, PARTITIONS[0]),
        ("larger", amounts.large_files, amounts.scale, PARTITIONS[1]),
    )
    runs = []
    for name, days, scale, partition_bytes in missions:
        sample = make_sample(folder / name / "source", days, scale)
        runs.append(witness_run(sample, folder / name / "output", partition_bytes, scope.xml_catalog))
    return runs[1:]


def _costs_of(runs: Sequence[Witnessed], handed: Sequence[HandingRun], machine: Machine) -> Costs:
    tasks = {kind: fit_line(_pieces(runs, function, "work_s")) for kind, function in FUNCTIONS.items()}
    driver = {stage: fit_line(_alone(runs, stage)) for stage in SERIAL if stage != "process"}
    driver["process"] = fit_line(_pieces(runs, FUNCTIONS["process"], "driver_s"))
    large, many = runs[-1], max(runs, key=lambda run: run.files / run.bytes)
    sizes = Sizes(
        *_per_byte_and_file(large, many, lambda run: run.object_bytes),
        *_per_byte_and_file(large, many, lambda run: run.package_bytes),
        objects_per_file=large.objects / large.files,
    )
    travelling = [task for run in runs for task in run.witness.tasks if task.function == FUNCTIONS["process"]]
    others = {
        "pickled_bytes_per_file": sum(task.pickled_bytes for task in travelling)
        / sum(task.files for task in travelling)
    }
    return Costs(tasks, driver, machine, _handing_of(handed), sizes, others=others)


def _pieces(runs: Sequence[Witnessed], function: str, what: str) -> list[tuple[float, float, float]]:
    return [
        (task.files, task.bytes, getattr(task, what))
        for run in runs
        for task in run.witness.tasks
        if task.function == function and (task.files or task.bytes)
    ]


def _alone(runs: Sequence[Witnessed], stage: str) -> list[tuple[float, float, float]]:
    """Return what the driver did by itself in a stage; of package and verify, for one package."""
    found = []
    for run in runs:
        times = run.packages if stage in ("package", "verify") else 1
        found.append((run.files / times, run.bytes / times, run.witness.driver_s(stage) / times))
    return found


def _per_byte_and_file(
    large: Witnessed, many: Witnessed, size: Callable[[Witnessed], int]
) -> tuple[float, float]:
    """Solve for bytes written per received byte and per file, from a mission of large and one of many files."""
    # size = byte * bytes + file * files, twice
    determinant = large.bytes * many.files - many.bytes * large.files
    byte = (size(large) * many.files - size(many) * large.files) / determinant
    file = (size(many) * large.bytes - size(large) * many.bytes) / determinant
    return max(byte, 0.0), max(file, 0.0)


# handing out


def _measure_handing(scope: Scope, amounts: Amounts) -> Iterator[HandingRun]:
    for workers in amounts.dummies:
        yield time_handing(workers, "in-process", amounts.noop_tasks_some)
    if scope.site == "local":
        for workers in scope.workers[:-1]:
            yield time_handing(workers, "processes", amounts.noop_tasks_some)
        yield time_handing(scope.workers[-1], "apart", amounts.noop_tasks_some)
        yield time_handing(scope.workers[-1], "processes", amounts.noop_tasks)


def _told(run: HandingRun) -> Measurement:
    return Measurement(
        PART,
        f"{run.tasks} tasks that do nothing, {run.workers} workers, {run.where}",
        (run.seconds,),
        0,
        {"workers": run.workers, "where": run.where, "tasks": run.tasks},
        {
            "tasks_per_s": run.tasks_per_s,
            "driver_ms_per_task": run.cpu_s / run.tasks * 1e3,
            "session_s": run.session_s,
        },
    )


def _handing_of(handed: Sequence[HandingRun]) -> Handing:
    """Return the processor seconds of a task where the workers are other processes, if there was such a run."""
    real = [run for run in handed if run.where == "processes"] or list(handed)
    most = max(real, key=lambda run: run.tasks)
    task_s = most.cpu_s / most.tasks
    together = [run for run in handed if run.where == "in-process"]
    sessions = fit_line([(run.workers - 1, 0.0, run.session_s) for run in together])
    drivers_s = [run.cpu_s / run.tasks for run in handed if run.where == "apart"]
    share = max(0.0, 1 - drivers_s[0] / task_s) if drivers_s else Handing().scheduler_share
    return Handing(task_s, min(run.session_s for run in real), sessions.file_s, share)


# the machine


def _measure_machine(scope: Scope, amounts: Amounts) -> tuple[Machine, dict[str, float]]:
    with scope.folder() as folder:
        big, big_s = write_rate(folder, amounts.object_bytes, amounts.rate_bytes, time.perf_counter)
        small, small_s = write_rate(folder, 1_000, amounts.small_objects * 1_000, time.perf_counter)
        sync_s = small_s / (small / 1_000)
        per_byte_s = max(big_s / big - sync_s / amounts.object_bytes, 1e-12)
        read, cached = _read_rates(folder, amounts.rate_bytes)
    cores = float(len(os.sched_getaffinity(0)))
    crowding = _crowding(int(cores), amounts.crowd_s)
    # The store syncs each object and the folder that it is put into; a transaction is one sync.
    machine = Machine(cores, crowding, 1 / per_byte_s, read, cached, 2 * sync_s, sync_s)
    return machine, {"write_rate_4mb_objects": big / big_s}


def _read_rates(folder: Path, size: int) -> tuple[float, float]:
    """Return bytes a second of a large file read from disk, and read again from memory."""
    path = folder / "read"
    with path.open("wb") as out:
        out.write(os.urandom(size))
        out.flush()
        os.fsync(out.fileno())
        os.posix_fadvise(out.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    found = []
    for _ in range(2):
        began_s = time.perf_counter()
        with path.open("rb", buffering=0) as file:
            while file.read(8 * MIB):
                pass
        found.append(size / (time.perf_counter() - began_s))
    return found[0], found[1]


def _crowding(cores: int, seconds: float) -> float:
    """Return by how much work takes more processor time when every core is busy: caches and memory are shared."""
    if cores < 2 or not seconds:
        return 1.0
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(_busy, [0.0] * cores))
        (alone,) = pool.map(_busy, [seconds])
        together = list(pool.map(_busy, [seconds] * cores))
    return max(1.0, sum(together) / len(together) / alone)


def _busy(seconds: float) -> float:
    """Compress and digest the same numbers again and again; return processor seconds of one round."""
    data = b"".join(b"%12.6f" % (number * 0.7310585 % 97) for number in range(100_000))
    codec, rounds = Codec(), 0
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    while not rounds or time.perf_counter() - began_s < seconds:
        codec.deflate(data)
        hashlib.sha256(data).digest()
        rounds += 1
    return (time.process_time() - began_cpu_s) / rounds


def _start_of_workers(scope: Scope, others: dict[str, float]) -> dict[str, float]:
    """Return what it takes until workers are there and ready; note how much the driver's memory grows with files."""
    if scope.site != "local":
        return {}
    with scope.folder(scope.places[0]) as folder:
        sample = make_sample(folder / "source", 2, SMALLEST)
        run = run_line(folder / "output", settings_of(scope, sample, max(scope.workers)))
        warm_s = _warm_seconds(run, folder / "output")
    others["driver_peak_bytes"] = float(run.driver_peak_bytes)
    return {"site_start_s": run.site_start_s, "warm_s": warm_s, "site_end_s": run.site_end_s}


def _staged_s(run: PipelineRun) -> float:
    return sum(stage.seconds for stage in run.stages)


def _warm_seconds(run: PipelineRun, output: Path) -> float:
    """Return how much of the process stage went by before its first task and after its last."""
    events = output / "runs" / str(run.summary["run_id"]) / "events.jsonl"
    tasks = [json.loads(line) for line in events.read_text().splitlines()]
    worked_s = max(task["ended"] for task in tasks) - min(task["created"] for task in tasks)
    stage_s = next(stage.seconds for stage in run.stages if stage.stage == "process")
    return float(max(0.0, stage_s - worked_s))


# the present way


def _incumbent(files: tuple[Path, ...], folder: Path) -> tuple[float, float]:
    """Return bytes a processor second of the present way on some files, and its package's size for each byte."""
    package = folder / "incumbent.tar.gz"
    began_s = time.process_time()
    pack_as_incumbent(files, package)
    seconds = time.process_time() - began_s
    received = sum(path.stat().st_size for path in files)
    return received / seconds, package.stat().st_size / received
