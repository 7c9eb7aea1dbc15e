"""The model against the real thing: missions through `drf-reprocess run` on this machine.

None of these runs is one that the costs were measured in. Start and end of the workers are compared apart: they take as long as
a small mission, and differ from run to run.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pipeline import PipelineRun, run_line, settings_of
from benchmarks.results import Measurement
from benchmarks.samples import Sample, make_sample
from benchmarks.scale import formula, simulation
from benchmarks.scale.costs import PART, Costs
from benchmarks.scale.extrapolation import SPREAD
from benchmarks.scale.pace import pace_s
from benchmarks.scale.stages import Mission, Site, Storage, make_stages
from benchmarks.scope import Scope

EXPLAINED = 0.15
"""An error above this is explained."""
ROUNDS = 3
"""Each mission is run so often; that run counts in which other programs took least."""
DISTURBED = 0.25
"""Cores taken by other programs; more than these are told as a cause."""
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
    pace: float
    """Processor seconds of a fixed piece of work before and after the run, for those when the costs were measured."""
    stages: tuple[tuple[str, float, float], ...]
    """Name, real and modelled seconds."""
    ends_s: tuple[float, float]
    """Start and end of the workers together, real and modelled: not in the times above."""

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
        if self.others_cores > DISTURBED:
            return (
                f"Likely: other programs took {self.others_cores:.1f} cores, which the model takes off the cores evenly; what they "
                "do to caches, memory bandwidth and disk it takes from a measurement with work of our own"
            )
        if name in ("process", "package") and self.on == "disk":
            return "Likely: the disk, whose rate moves from minute to minute; the model has one rate and no write-back"
        if real_s < 1 and model_s < 1:
            return "Likely: stages of parts of a second, in which a few small calls decide"
        pace = "slower" if real_s > model_s else "faster"
        return f"Likely: the machine was {pace} in this run than when the costs were measured"

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
                "start_and_end_s": self.ends_s[0],
                "model_start_and_end_s": self.ends_s[1],
                "others_cores": self.others_cores,
                "pace": self.pace,
            },
            note=self.words,
        )


def validate(
    scope: Scope, costs: Costs, cases: Sequence[tuple[int, float]], rounds: int = ROUNDS
) -> Iterator[Compared]:
    """Run missions of so many files, of such a scale, with each number of workers, on disk and in memory, and compare."""
    for on in scope.places:
        for files, scale in cases:
            with scope.folder(on) as folder:
                sample = make_sample(folder / "source", files, scale)
                for workers in scope.workers:
                    tries = [_run(scope, sample, folder / "output", workers) for _ in range(rounds)]
                    run, others, pace_s = min(tries, key=lambda one: one[1])
                    yield compare(costs, run, workers, on, others, pace_s / costs.machine.pace_s)


def _run(scope: Scope, sample: Sample, output: Path, workers: int) -> tuple[PipelineRun, float, float]:
    """Return a run, how many cores other programs took meanwhile, and the machine's pace before and after."""
    before_s = pace_s()
    began_s, busy_s = time.perf_counter(), busy_seconds()
    run = run_line(output, settings_of(scope, sample, workers))
    others_s = busy_seconds() - busy_s - run.cpu_s
    others = max(0.0, others_s / (time.perf_counter() - began_s))
    shutil.rmtree(output)
    return run, others, (before_s + pace_s()) / 2


def busy_seconds() -> float:
    """Return how long all processors together were busy since the machine started."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _waiting, interrupts, soft, stolen = map(int, fields[:8])
    return (user + nice + system + interrupts + soft + stolen) / _TICKS


def compare(
    costs: Costs, run: PipelineRun, workers: int, on: str, others_cores: float, pace: float = 1.0
) -> Compared:
    """Play the same mission, in as many packages, with the model on what this machine had to give."""
    mission = Mission("here", run.files, run.bytes, run.deliveries)
    site = site_here(costs, workers, on, others_cores, pace)
    stages = tuple(stage for stage in make_stages(costs, mission, site) if stage.name not in ("start", "end"))
    played = simulation.play(stages, site)
    real = {stage.stage: stage.seconds for stage in run.stages}
    real["rest"] = run.elapsed_s - sum(real.values())
    return Compared(
        on,
        workers,
        run.files,
        run.bytes,
        run.elapsed_s,
        played.seconds,
        formula.seconds(stages, site),
        others_cores,
        pace,
        tuple((name, seconds, played.stage(name).seconds) for name, seconds in real.items()),
        (run.site_start_s + run.site_end_s, site.start_s + site.end_s),
    )


def site_here(
    costs: Costs, workers: int, on: str = "disk", others_cores: float = 0.0, pace: float = 1.0
) -> Site:
    """Return this machine as a site: its cores are shared by driver, workers and whatever else runs.

    What was just written is still in memory when it is read. Copying it is processor time, and in the costs of the work.
    """
    machine = costs.machine
    storage, sync_s = Storage("memory", math.inf, math.inf), 0.0
    if on == "disk":
        storage = Storage("this disk", math.inf, machine.write_rate, object_s=machine.object_s)
        sync_s = machine.sync_s
    # What others on the same cores lengthen is in the pace; beside that our own workers are in each other's way.
    crowded = (min(machine.cores, workers) - 1) / max(1.0, machine.cores - 1)
    return Site(
        workers,
        storage,
        max(0.5, machine.cores - others_cores),
        start_s=machine.start_s(workers),
        end_s=machine.end_s(workers),
        sync_s=sync_s,
        crowding=pace * (1 + (machine.crowding - 1) * crowded),
        spread=SPREAD,
    )


def to_markdown(rows: Sequence[Compared]) -> str:
    """Return the comparison as a table, with the explanations below it."""
    lines = [
        "| output on | MB | files | workers | real, s | model, s | error | formula, s | start and end, s | by the model | "
        "cores taken by others | pace |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.on} | {one.bytes / 1e6:.0f} | {one.files} | {one.workers} | {one.real_s:.2f} | {one.model_s:.2f} | "
        f"{one.error:+.0%} | {one.formula_s:.2f} | {one.ends_s[0]:.2f} | {one.ends_s[1]:.2f} | {one.others_cores:.1f} | {one.pace:.2f} |"
        for one in rows
    ]
    for one in rows:
        if abs(one.error) > EXPLAINED:
            lines += [
                "",
                f"{one.bytes / 1e6:.0f} MB, {one.workers} workers, {one.on} ({one.error:+.0%}): {one.words}.",
            ]
    return "\n".join(lines) + "\n"
