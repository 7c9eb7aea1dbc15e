"""The model against the real thing: the same missions through `drf-reprocess run` on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pipeline import PipelineRun, run_line, settings_of
from benchmarks.results import Measurement
from benchmarks.samples import make_sample
from benchmarks.scale import formula, simulation
from benchmarks.scale.costs import PART, Costs
from benchmarks.scale.extrapolation import SPREAD
from benchmarks.scale.stages import Mission, Site, Storage, make_stages
from benchmarks.scope import Scope

EXPLAINED = 0.15
"""An error above this is explained."""
DELIVERY_DAYS = 91
_TICKS = 100
"""Of a second, in which the kernel counts the time of all processors."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One real run beside the model's."""

    on: str
    workers: int
    files: int
    bytes: int
    real_s: float
    model_s: float
    formula_s: float
    others_cores: float
    """Cores that other programs took meanwhile."""
    stages: tuple[tuple[str, float, float], ...]
    """Name, real and modelled seconds."""

    @property
    def error(self) -> float:
        """Of the model, in parts of the real time; above 0 if it is too slow."""
        return self.model_s / self.real_s - 1

    @property
    def words(self) -> str:
        """Where the error comes from, if it is to be explained."""
        if abs(self.error) <= EXPLAINED:
            return "within 15 %"
        wrong = sorted(self.stages, key=lambda row: abs(row[2] - row[1]), reverse=True)[:2]
        told = "; ".join(f"{name}: {real:.2f} s, by the model {model:.2f} s" for name, real, model in wrong)
        return f"{told}. {self._cause(*wrong[0])}"

    def _cause(self, name: str, real_s: float, model_s: float) -> str:
        """Return the likely cause, by the stage that is off most."""
        if model_s > real_s and name in ("process", "end") and self.workers == 1:
            return (
                "Likely: the costs of starting and ending workers are those of as many as there are cores; one alone loads its "
                "libraries and ends sooner"
            )
        if name == "end":
            return (
                "Likely: how long workers take to end, and their scheduler to notice, changes from run to run"
            )
        if real_s > model_s and self.others_cores > 0.25:
            return (
                f"Likely: other programs took {self.others_cores:.1f} cores, which the model takes off the cores evenly, and "
                "not what they do to caches, memory bandwidth and disk"
            )
        if name in ("process", "package") and self.on == "disk":
            return "Likely: the disk, whose rate moves from minute to minute; the model has one rate and no write-back"
        if name in ("assemble", "publish", "discover", "plan"):
            return "Likely: a stage of parts of a second, measured in memory, whose small calls take longer on disk"
        if real_s > model_s:
            return "Likely: fresh workers load libraries, which the model counts for process alone"
        return "Likely: the costs were measured while the machine was busier than in this run"

    def measurement(self) -> Measurement:
        """Return the comparison as a row of the database."""
        return Measurement(
            PART,
            f"validate: {self.bytes / 1e6:.0f} MB, {self.workers} workers, {self.on}",
            (self.real_s,),
            self.bytes,
            {"workers": self.workers, "on": self.on},
            {
                "model_s": self.model_s,
                "formula_s": self.formula_s,
                "error": self.error,
                "others_cores": self.others_cores,
            },
            note=self.words,
        )


def validate(scope: Scope, costs: Costs, file_counts: Sequence[int]) -> Iterator[Compared]:
    """Run missions of so many files with each number of workers, on disk and in memory, and compare."""
    for on in scope.places:
        for files in file_counts:
            with scope.folder(on) as folder:
                sample = make_sample(folder / "source", files, scope.scale)
                for workers in scope.workers:
                    began_s, busy_s = time.perf_counter(), busy_seconds()
                    run = run_line(folder / f"output{workers}", settings_of(scope, sample, workers))
                    others_s = busy_seconds() - busy_s - run.cpu_s
                    others = max(0.0, others_s / (time.perf_counter() - began_s))
                    yield compare(costs, run, workers, on, others)


def busy_seconds() -> float:
    """Return how long all processors together were busy since the machine started."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _waiting, interrupts, soft, stolen = map(int, fields[:8])
    return (user + nice + system + interrupts + soft + stolen) / _TICKS


def compare(costs: Costs, run: PipelineRun, workers: int, on: str, others_cores: float) -> Compared:
    """Play the same mission with the model on what this machine had to give."""
    mission = Mission("here", run.files, run.bytes, max(1, round(run.files / DELIVERY_DAYS)))
    site = site_here(costs, workers, on, others_cores)
    stages = make_stages(costs, mission, site)
    played = simulation.play(stages, site)
    real = {stage.stage: stage.seconds for stage in run.stages}
    real["end"] = run.elapsed_s - sum(real.values())
    return Compared(
        on,
        workers,
        run.files,
        run.bytes,
        run.elapsed_s,
        played.seconds,
        formula.seconds(stages, site),
        others_cores,
        tuple((name, seconds, played.stage(name).seconds) for name, seconds in real.items()),
    )


def site_here(costs: Costs, workers: int, on: str = "disk", others_cores: float = 0.0) -> Site:
    """Return this machine as a site: its cores are shared by driver, workers and whatever else runs."""
    machine = costs.machine
    if on == "memory":
        storage = Storage("memory", machine.cached_rate, machine.cached_rate)
    else:
        # What was just written is still in memory when it is read.
        storage = Storage("this disk", machine.cached_rate, machine.write_rate, object_s=machine.object_s)
    cores = max(0.5, machine.cores - others_cores)
    crowded = workers + others_cores >= machine.cores
    return Site(
        workers,
        storage,
        cores,
        crowding=machine.crowding if crowded else 1.0,
        end_s=machine.site_end_s,
        spread=SPREAD,
    )


def to_markdown(rows: Sequence[Compared]) -> str:
    """Return the comparison as a table, with the explanations below it."""
    lines = [
        "| output on | MB | files | workers | real, s | model, s | error | formula, s | cores taken by others |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.on} | {one.bytes / 1e6:.0f} | {one.files} | {one.workers} | {one.real_s:.2f} | {one.model_s:.2f} | "
        f"{one.error:+.0%} | {one.formula_s:.2f} | {one.others_cores:.1f} |"
        for one in rows
    ]
    for one in rows:
        if abs(one.error) > EXPLAINED:
            lines += [
                "",
                f"{one.bytes / 1e6:.0f} MB, {one.workers} workers, {one.on} ({one.error:+.0%}): {one.words}.",
            ]
    return "\n".join(lines) + "\n"
