"""Measure, in one go, all that the model needs: pieces of work, the machine, and how fast tasks are handed out."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from benchmarks import machine as this_machine
from benchmarks.peers import pack_as_incumbent
from benchmarks.pipeline import WriteRate, run_line, settings_of
from benchmarks.results import Measurement
from benchmarks.samples import Sample, make_sample
from benchmarks.scale.costs import PART, SERIAL, Costs, Handing, Machine, Sizes, fit_line
from benchmarks.scale.handing import HandingRun, time_handing
from benchmarks.scale.pace import pace_s
from benchmarks.scale.witness import Witnessed, witness_run
from benchmarks.scope import Scope
from benchmarks.timing import require
from drf_reprocess.identifiers import FIRST_VID, Lid, Lidvid
from drf_reprocess.pds4.inventory import write_inventory
from drf_reprocess.stages.verify_manifests import compare_inventories
from drf_reprocess.stages.verify_members import LabelFacts

MIB = 2**20
FUNCTIONS = {"process": "process_partition", "join": "join_package", "verify": "verify_members"}
SMALLEST = 1e-6
"""Scale of the smallest files there are: twelve records each."""
PARTITIONS = (4 * MIB, 48 * MIB)
"""The same files in tasks of different sizes tell what each task costs."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is measured."""

    many_files: int = 600
    """Tiny ones: they tell what each file costs."""
    large_files: int = 24
    """Of usual size: they tell what each byte costs."""
    scale: float = 1.0
    rounds: int = 3
    """Each mission is run so often; the run that took least counts."""
    listed: int = 20_000
    """Products in an inventory."""
    noop_tasks: int = 65_000
    noop_tasks_some: int = 3_000
    dummies: tuple[int, ...] = (1, 2, 4, 8, 32)
    object_bytes: int = 4_000_000
    rate_bytes: int = 200_000_000
    small_objects: int = 100
    incumbent_bytes: int = 20_000_000
    crowd_files: int = 12


TINY = Amounts(6, 2, 0.02, 1, 100, 20, 10, (1,), 20_000, 100_000, 3, 50_000, 1)
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
        paces = [pace_s()]
        runs = _witness(scope, amounts, folder, paces)
    machine, others = _measure_machine(scope, amounts)
    machine = replace(machine, pace_s=statistics.median(paces))
    costs = _costs_of(
        runs,
        handed,
        replace(machine, **_start_of_workers(scope, others)),
        _listed_s(amounts.listed, amounts.rounds),
    )
    with scope.folder() as folder:
        sample = make_sample(folder / "source", amounts.large_files, amounts.scale)
        rate, others["incumbent_ratio"] = _incumbent(sample.some(amounts.incumbent_bytes), folder)
    costs = replace(costs, incumbent_rate=rate, others={**costs.others, **others})
    yield costs.measurement(time.perf_counter() - began_s)


# pieces of work


def _witness(scope: Scope, amounts: Amounts, folder: Path, paces: list[float]) -> list[Witnessed]:
    """Run missions of few, of many, and of large files; a first one, which loads everything, is not counted.

    What other programs take of caches and memory is no part of what a piece of work costs: the run that took least counts.
    """
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
        rounds = []
        for number in range(amounts.rounds):
            output = folder / name / f"output{number}"
            rounds.append(witness_run(sample, output, partition_bytes, scope.xml_catalog))
            shutil.rmtree(output)
            paces.append(pace_s())
        runs.append(min(rounds, key=lambda run: run.work_s))
    return runs[1:]


def _listed_s(rows: int, rounds: int) -> float:
    """Return the processor seconds in which one listed product is passed, to hold a package against a proved inventory."""
    collection = Lid("urn:nasa:pds:bundle:collection")
    lidvids = [Lidvid(collection.child(f"product_{number:08d}"), FIRST_VID) for number in range(rows)]
    inventory = write_inventory(lidvids)
    label = LabelFacts("a.xml", lidvids[0], "Product_Observational", ())
    took = []
    for _ in range(rounds):
        began_s = time.process_time()
        faults, _unknown = compare_inventories([label], {str(collection): inventory}, proved=True)
        took.append(time.process_time() - began_s)
        require(not faults, "a product is not found in its inventory")
    return min(took) / rows


def _costs_of(
    runs: Sequence[Witnessed], handed: Sequence[HandingRun], machine: Machine, listed_s: float
) -> Costs:
    tasks = {kind: fit_line(_pieces(runs, function, "work_s")) for kind, function in FUNCTIONS.items()}
    driver = {stage: fit_line(_alone(runs, stage)) for stage in SERIAL if stage not in ("process", "verify")}
    driver["verify"] = fit_line(
        [
            (files, bytes_, max(0.0, seconds - listed_s * run.files))
            for run, (files, bytes_, seconds) in zip(runs, _alone(runs, "verify"), strict=True)
        ]
    )
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
    return Costs(tasks, driver, machine, _handing_of(handed), sizes, listed_s, others=others)


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
    # One worker has nobody to share the cores with: what is not the driver's is its own waiting.
    alone = min(real, key=lambda run: run.workers)
    gap_s = max(0.0, (alone.seconds - alone.cpu_s) / alone.tasks)
    return Handing(task_s, min(run.session_s for run in real), sessions.file_s, gap_s, share)


# the machine


def _measure_machine(scope: Scope, amounts: Amounts) -> tuple[Machine, dict[str, float]]:
    with scope.folder() as folder:
        large = _write_rate(folder, amounts.object_bytes, amounts.rate_bytes // amounts.object_bytes)
        small = _write_rate(folder, 1_000, amounts.small_objects)
        sync_s = small.seconds / small.objects
        per_byte_s = max(1 / large.bytes_s - sync_s / amounts.object_bytes, 1e-12)
        read = _read_rate(folder, amounts.rate_bytes)
    cores = float(len(os.sched_getaffinity(0)))
    crowding, fresh_s = _crowding(scope, int(cores), amounts)
    # The store syncs each object and the folder that it is put into; a transaction is one sync.
    machine = Machine(cores, crowding, 1 / per_byte_s, read, 2 * sync_s, sync_s, fresh_s=fresh_s)
    return machine, {"write_rate_4mb_objects": large.bytes_s}


def _write_rate(folder: Path, object_bytes: int, objects: int) -> WriteRate:
    rate = WriteRate(folder)
    data = os.urandom(object_bytes)
    for _ in range(max(1, objects)):
        rate.write(data)
    rate.close()
    return rate


def _read_rate(folder: Path, size: int) -> float:
    """Return bytes a second of a large file that the kernel does not have in memory, as far as it heeds that."""
    path = folder / "read"
    with path.open("wb") as out:
        out.write(os.urandom(size))
        out.flush()
        os.fsync(out.fileno())
        os.posix_fadvise(out.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    began_s = time.perf_counter()
    with path.open("rb", buffering=0) as file:
        while file.read(8 * MIB):
            pass
    return size / (time.perf_counter() - began_s)


def _crowding(scope: Scope, cores: int, amounts: Amounts) -> tuple[float, float]:
    """Return by how much work takes more processor time when every core is busy, as caches and memory are shared; and how much
    more the first files of a process take.
    """
    if cores < 2 or scope.site != "local":
        return 1.0, 0.0
    with (
        scope.folder(scope.places[0]) as folder,
        ProcessPoolExecutor(cores, get_context("spawn"), this_machine.settle_memory) as pool,
    ):
        tiny = make_sample(folder / "tiny", 4, SMALLEST)
        large = make_sample(folder / "large", amounts.crowd_files, amounts.scale)

        def work(name: str, processes: int, sample: Sample = large) -> float:
            """Return the mean over some processes at work at once."""
            places = [folder / f"{name}{number}" for number in range(processes)]
            each = [pool.submit(_work_s, sample, place, scope.xml_catalog) for place in places]
            return sum(one.result() for one in each) / processes

        work("loads", cores, tiny)
        first = work("first", cores)
        rounds = range(amounts.rounds)
        together = min(work(f"together{number}", cores) for number in rounds)
        alone = min(work(f"alone{number}", 1) for number in rounds)
    return max(1.0, together / alone), max(0.0, first - together)


def _work_s(sample: Sample, output: Path, xml_catalog: Path | None) -> float:
    """Run a mission in this process; return the processor seconds of its tasks."""
    seconds = witness_run(sample, output, PARTITIONS[1], xml_catalog).work_s
    shutil.rmtree(output)
    return seconds


def _start_of_workers(scope: Scope, others: dict[str, float]) -> dict[str, float]:
    """Return what it takes to start and to end workers; note the driver's memory."""
    if scope.site != "local":
        return {}
    starts, ends = [], []
    with scope.folder(scope.places[0]) as folder:
        sample = make_sample(folder / "source", 2, SMALLEST)
        for workers in scope.workers:
            runs = [
                run_line(folder / f"output{workers}-{number}", settings_of(scope, sample, workers))
                for number in range(2)
            ]
            starts.append((workers - 1, 0.0, min(run.site_start_s for run in runs)))
            ends.append((workers - 1, 0.0, min(run.site_end_s for run in runs)))
            others["driver_peak_bytes"] = float(max(run.driver_peak_bytes for run in runs))
    start, end = fit_line(starts), fit_line(ends)
    return {
        "site_start_s": start.constant_s,
        "more_start_s": start.file_s,
        "site_end_s": end.constant_s,
        "more_end_s": end.file_s,
    }


# the present way


def _incumbent(files: tuple[Path, ...], folder: Path) -> tuple[float, float]:
    """Return bytes a processor second of the present way on some files, and its package's size for each byte."""
    package = folder / "incumbent.tar.gz"
    began_s = time.process_time()
    pack_as_incumbent(files, package)
    seconds = time.process_time() - began_s
    received = sum(path.stat().st_size for path in files)
    return received / seconds, package.stat().st_size / received
