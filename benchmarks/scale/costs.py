"""What each piece of a run costs on the machine where it was measured: the numbers that the model is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from benchmarks.results import Measurement, Results

PART = "scale"
NAME = "costs"
TASKS = ("process", "join", "verify")
"""Kinds of tasks on workers."""
SERIAL = ("discover", "plan", "process", "assemble", "publish", "package", "verify", "rest")
"""Stages, each with what the driver does in it; ``rest`` is between them. Of package and verify it is that of one package."""


@dataclass(frozen=True, slots=True)
class Line:
    """Processor seconds of one piece of work: so much each time, for each file, and for each received byte."""

    constant_s: float = 0.0
    file_s: float = 0.0
    byte_s: float = 0.0

    def of(self, files: float, bytes_: float) -> float:
        """Return the seconds of a piece of so many files and bytes."""
        return self.constant_s + self.file_s * files + self.byte_s * bytes_


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine does beside our own code. All rates are bytes a second."""

    cores: float = 1.0
    crowding: float = 1.0
    """Processor seconds of the same work with all cores busy, for one with a single core busy."""
    write_rate: float = 1e9
    """Of objects written with fsync."""
    read_rate: float = 2e9
    """From disk, nothing in memory before."""
    object_s: float = 0.0
    """Each object that is written, beside its bytes: fsync of file and folder, rename."""
    sync_s: float = 0.0
    """Each transaction of the catalog: one fsync."""
    site_start_s: float = 0.0
    """Start of one worker, until it has loaded code, kernels and schemas."""
    more_start_s: float = 0.0
    """The same for each worker more on this machine, where all start on the same cores."""
    site_end_s: float = 0.0
    """End of one worker."""
    more_end_s: float = 0.0
    fresh_s: float = 0.0
    """What a worker's first files take more than later ones: memory that it never had before."""
    pace_s: float = 1.0
    """Of the fixed piece of work (`pace.pace_s`) while the costs were measured."""

    def start_s(self, workers: int) -> float:
        """Start of so many workers on this machine."""
        return self.site_start_s + self.more_start_s * (workers - 1)

    def end_s(self, workers: int) -> float:
        """End of so many workers on this machine."""
        return self.site_end_s + self.more_end_s * (workers - 1)


@dataclass(frozen=True, slots=True)
class Handing:
    """What it takes driver and scheduler, one process here, to hand out a task and to take back its answer."""

    task_s: float = 0.0
    """Processor seconds of that process for each task that does nothing."""
    session_s: float = 0.0
    """Begin and end of a run of tasks, with one worker."""
    worker_s: float = 0.0
    """The same for each worker more: each is told of the context."""
    gap_s: float = 0.0
    """Time of a worker from the end of a task to the begin of the next, beside ``task_s``: messages travel."""
    scheduler_share: float = 0.5
    """The scheduler's part of ``task_s``: where it is a process of its own, the driver is rid of it."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is written for each received byte and each file, and how many objects for each file."""

    store_per_byte: float = 1.3
    store_per_file: float = 20_000.0
    segment_per_byte: float = 0.4
    segment_per_file: float = 3_000.0
    objects_per_file: float = 3.0


@dataclass(frozen=True, slots=True)
class Costs:
    """All that was measured on one machine in one go."""

    tasks: Mapping[str, Line]
    driver: Mapping[str, Line]
    machine: Machine = field(default_factory=Machine)
    handing: Handing = field(default_factory=Handing)
    sizes: Sizes = field(default_factory=Sizes)
    listed_s: float = 0.0
    """The driver, for each package and each product of the mission: inventories are looked through for every package."""
    incumbent_rate: float = 4e6
    """Received bytes a second of the present way: tar, gzip level 9 and a line-wise MD5 in one process."""
    others: Mapping[str, float] = field(default_factory=dict)
    """What was measured and is told, but the model does not need."""

    def figures(self) -> dict[str, float]:
        """Return all numbers under flat names, as the database keeps them."""
        found = {"listed_s": self.listed_s, "incumbent_rate": self.incumbent_rate}
        for group in ("tasks", "driver"):
            for name, line in getattr(self, group).items():
                found |= {f"{group}.{name}.{key}": getattr(line, key) for key in Line.__slots__}
        for group in ("machine", "handing", "sizes"):
            values = getattr(self, group)
            found |= {f"{group}.{key}": getattr(values, key) for key in type(values).__slots__}
        return found | {f"others.{name}": value for name, value in self.others.items()}

    @classmethod
    def from_figures(cls, figures: Mapping[str, float]) -> Costs:
        """Return what `figures` was made from."""

        def group(prefix: str) -> dict[str, float]:
            start = f"{prefix}."
            return {
                name.removeprefix(start): value for name, value in figures.items() if name.startswith(start)
            }

        return cls(
            {name: Line(**group(f"tasks.{name}")) for name in TASKS},
            {name: Line(**group(f"driver.{name}")) for name in SERIAL},
            Machine(**group("machine")),
            Handing(**group("handing")),
            Sizes(**group("sizes")),
            figures["listed_s"],
            figures["incumbent_rate"],
            group("others"),
        )

    def measurement(self, seconds: float) -> Measurement:
        """Return the costs as a row of the database; ``seconds`` is how long they took to measure."""
        return Measurement(PART, NAME, (seconds,), 0, figures=self.figures())


def latest_costs(results: Results) -> Costs:
    """Return the costs that were measured last; ``LookupError`` if none were."""
    for run_id in reversed(results.runs()):
        for one in results.read(run_id).measurements:
            # Costs of an earlier form of the model lack figures, or have others.
            with suppress(KeyError, TypeError):
                if (one.part, one.name) == (PART, NAME):
                    return Costs.from_figures(one.figures)
    raise LookupError(
        f"{results.path.name} holds no costs: run `python -m benchmarks.scale measure` first, on a quiet machine"
    )


def fit_line(pieces: Sequence[tuple[float, float, float]]) -> Line:
    """Return the costs, none below zero, that come nearest to pieces of (files, bytes, seconds), by least squares.

    Each piece counts by how far the line is off in parts of it, so that long ones do not drown short ones.
    """
    table = np.array([(1.0, files, bytes_) for files, bytes_, _ in pieces])
    wanted = np.array([seconds for *_, seconds in pieces])
    weight = 1 / np.maximum(wanted, max(float(wanted.max()), 1e-9) * 1e-3)
    scaled = table * weight[:, None]
    # A term that one number of pieces cannot tell apart is left out rather than guessed: at most as many as pieces.
    best, found = np.inf, (0.0, 0.0, 0.0)
    for count in range(1, min(3, len(pieces)) + 1):
        for chosen in combinations(range(3), count):
            part = scaled[:, chosen]
            reach = np.maximum(np.abs(part).max(axis=0), 1e-300)
            solved = np.linalg.lstsq(part / reach, wanted * weight, rcond=None)[0] / reach
            off = float(np.sum((part @ solved - wanted * weight) ** 2))
            if (solved >= 0).all() and off < best * 0.999:
                best = off
                values = [0.0, 0.0, 0.0]
                for place, value in zip(chosen, solved, strict=True):
                    values[place] = float(value)
                found = (values[0], values[1], values[2])
    return Line(*found)
