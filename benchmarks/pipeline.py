"""Whole runs: `drf-reprocess run` in a process of its own, from discovery to verified packages, and what it left behind."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage
from typing import Any

from benchmarks.results import Measurement, StageTime
from benchmarks.samples import Sample
from benchmarks.scope import Scope
from benchmarks.timing import require
from drf_reprocess.storage.local_files import drop_from_cache

_BLOCK = 512
"""Bytes of a block in which the kernel counts what a process wrote to disk."""


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """One run of the whole line."""

    bytes: int
    files: int
    elapsed_s: float
    """From the first stage to the last, without the start and the end of the workers."""
    site_start_s: float
    site_end_s: float
    cpu_s: float
    """Processor time of driver and workers, start included."""
    stages: tuple[StageTime, ...]
    worker_peak_bytes: int
    driver_peak_bytes: int
    kept_bytes: int
    """Sizes of all files left below the output, each hard-linked one once."""
    written_bytes: int
    """What driver and workers wrote to a disk, as the kernel counts it; next to nothing where the output is in memory."""
    package_bytes: int
    deliveries: int
    summary: Mapping[str, object]

    @property
    def mb_s(self) -> float:
        """Millions of received bytes a second."""
        return self.bytes / 1e6 / self.elapsed_s

    @property
    def all_written_bytes(self) -> int:
        """What was written, also where the kernel does not count: then what is left, and the segments that are gone."""
        counted = self.written_bytes >= self.kept_bytes
        return self.written_bytes if counted else self.kept_bytes + self.package_bytes


def run_line(output: Path, settings: Mapping[str, object], config: Path | None = None) -> PipelineRun:
    """Run the whole line into an empty ``output``, with a configuration file or without, and prove what it made.

    Raises
    ------
    WrongAnswer
        If a file did not become a product in a verified delivery.
    """
    require(not output.exists(), "the output is there already")
    # Whatever catalog a configuration names, it is not the one that is written here.
    places = {"output.uri": output, "catalog.url": f"sqlite:///{output}/catalog.sqlite"}
    words = [word for key, value in {**settings, **places}.items() for word in ("--set", f"{key}={value}")]
    if config is not None:
        words = ["--config", str(config), *words]
    summary, usage = call_program("run", "--json", *words)
    kept = _sizes(output)
    products: Mapping[str, int] = summary["products"]
    deliveries = summary["deliveries"]
    require(summary["status"] == "success", f"the run ended with {summary['status']}")
    require(all(one["state"] == "verified" for one in deliveries), "a delivery was not verified")
    made = sum(one["products"] for one in deliveries)
    require(made == products["total"] > 0, f"{products['total']} files, {made} products in deliveries")
    peaks = dict(summary["peak_memory_bytes"])
    driver = peaks.pop("driver")
    return PipelineRun(
        bytes=summary["bytes_in"],
        files=products["total"],
        elapsed_s=summary["elapsed_s"] - summary["site_start_s"] - summary["site_end_s"],
        site_start_s=summary["site_start_s"],
        site_end_s=summary["site_end_s"],
        cpu_s=usage.ru_utime + usage.ru_stime,
        stages=_stages(summary["stages"], output / "runs" / summary["run_id"] / "events.jsonl"),
        worker_peak_bytes=max(peaks.values(), default=driver),
        driver_peak_bytes=driver,
        kept_bytes=kept,
        written_bytes=usage.ru_oublock * _BLOCK,
        package_bytes=sum(one["bytes"] for one in deliveries),
        deliveries=len(deliveries),
        summary=summary,
    )


def settings_of(scope: Scope, sample: Sample, workers: int = 1, **others: object) -> dict[str, object]:
    """Return the settings of a run over a sample; ``package__level=6`` becomes ``package.level``."""
    found: dict[str, object] = {
        "source.uri": sample.folder,
        "compute.site": scope.site,
        "compute.dashboard": "",
    }
    if scope.site == "local":
        found["compute.workers"] = workers
    if scope.xml_catalog is not None:
        found["validate.xml_catalog"] = scope.xml_catalog
    return found | {key.replace("__", "."): value for key, value in others.items()}


def run_once(
    scope: Scope, on: str, settings: Mapping[str, object], config: Path | None = None
) -> PipelineRun:
    """Run the whole line into a folder of its own, ``disk`` or ``memory``, that is removed again."""
    with scope.folder(on) as folder:
        return run_line(folder / "output", settings, config)


def measurement_of(
    part: str, name: str, runs: Sequence[PipelineRun], configuration: Mapping[str, object], **figures: float
) -> Measurement:
    """Return several runs of the same configuration as one measurement: the medians of each figure."""
    first = runs[0]
    require(
        all((run.bytes, run.files) == (first.bytes, first.files) for run in runs), "runs over other files"
    )
    found = {
        "files": float(first.files),
        "site_start_s": _median(run.site_start_s for run in runs),
        "site_end_s": _median(run.site_end_s for run in runs),
        "cpu_s": _median(run.cpu_s for run in runs),
        "worker_peak_bytes": float(max(run.worker_peak_bytes for run in runs)),
        "driver_peak_bytes": float(max(run.driver_peak_bytes for run in runs)),
        "kept_per_byte": _median(run.kept_bytes for run in runs) / first.bytes,
        "written_per_byte": _median(run.all_written_bytes for run in runs) / first.bytes,
        "package_per_byte": _median(run.package_bytes for run in runs) / first.bytes,
    }
    return Measurement(
        part,
        name,
        tuple(run.elapsed_s for run in runs),
        first.bytes,
        configuration,
        found | figures,
        median_stages(runs),
    )


def median_stages(runs: Sequence[PipelineRun]) -> tuple[StageTime, ...]:
    """Return each stage with the medians of its times over several runs."""
    names = [stage.stage for stage in runs[0].stages]
    return tuple(
        _median_stage([stage for run in runs for stage in run.stages if stage.stage == name])
        for name in names
    )


def _median_stage(all_: Sequence[StageTime]) -> StageTime:
    return StageTime(
        all_[0].stage,
        _median(one.seconds for one in all_),
        all_[0].bytes,
        all_[0].tasks,
        _median(one.busy_s for one in all_),
        max(one.driver_peak_bytes for one in all_),
    )


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def call_program(*words: str) -> tuple[dict[str, Any], struct_rusage]:
    """Run a command of the program; return its JSON and what it and its workers used."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DRF_", "SOURCE_DATE_EPOCH", "DASK_"))
    }
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "drf_reprocess", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        # wait4 tells what this one process used, with all its children that it waited for.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said = err.read().decode(errors="replace")
        require(process.returncode == 0, f"the run ended with exit code {process.returncode}: {said[-2000:]}")
        return json.loads(out.read()), usage


def _sizes(folder: Path) -> int:
    """Return the bytes of all files below a folder, each inode once."""
    seen: dict[tuple[int, int], int] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            found = os.stat(os.path.join(place, name), follow_symlinks=False)
            seen[found.st_dev, found.st_ino] = found.st_size
    return sum(seen.values())


def _stages(rows: Sequence[Mapping[str, object]], events: Path) -> tuple[StageTime, ...]:
    """Join the stage rows of a run's summary with the events of its tasks."""
    tasks = [json.loads(line) for line in events.read_text().splitlines()]
    found = []
    for row in rows:
        mine = [task for task in tasks if task["stage"] == row["name"]]
        found.append(
            StageTime(
                str(row["name"]),
                float(str(row["elapsed_s"])),
                int(str(row.get("bytes", 0))),
                len(mine),
                sum(task["ended"] - task["started"] for task in mine),
                int(str(row.get("driver_peak_bytes", 0))),
            )
        )
    return tuple(found)


class WriteRate:
    """Writes objects as the store does (each synced, and dropped from the cache), to learn what the place itself can do."""

    def __init__(self, place: Path) -> None:
        self._folder = place / "rate"
        self._folder.mkdir()
        self.objects = 0
        self.bytes = 0
        self.seconds = 0.0

    @property
    def bytes_s(self) -> float:
        """Bytes a second while it was writing."""
        return self.bytes / self.seconds

    def write(self, data: bytes) -> None:
        """Write one more object."""
        started = time.perf_counter()
        with (self._folder / str(self.objects)).open("wb", buffering=0) as out:
            out.write(data)
            os.fsync(out.fileno())
            drop_from_cache(out.fileno())
        self.seconds += time.perf_counter() - started
        self.objects += 1
        self.bytes += len(data)

    def close(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self._folder)
