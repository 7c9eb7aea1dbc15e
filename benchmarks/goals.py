"""What is wanted of the engine, as numbers, and whether a run of the benchmarks reached them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.results import Measurement

Figure = Callable[[Measurement], float | None]
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Goal:
    """One number that is to be reached, at least or at most, by the measurements whose part and name fit."""

    words: str
    part: str
    name: str
    """Begin of the names of the measurements."""
    figure: Figure
    wanted: float
    at_most: bool = False
    unit: str = ""
    worst: bool = False
    """Whether the worst of several measurements counts, not their median."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A goal and what was found."""

    goal: Goal
    found: float

    @property
    def reached(self) -> bool:
        """Whether the goal was reached."""
        return self.found <= self.goal.wanted if self.goal.at_most else self.found >= self.goal.wanted

    @property
    def words(self) -> str:
        """The goal in words."""
        bound = "at most" if self.goal.at_most else "at least"
        return f"{self.goal.words}: {bound} {self.goal.wanted:g} {self.goal.unit}".rstrip()

    @property
    def verdict(self) -> str:
        """``yes`` or ``no``."""
        return "yes" if self.reached else "no"


def _figure(name: str, factor: float = 1.0) -> Figure:
    return lambda one: one.figures[name] * factor if name in one.figures else None


def _ms(one: Measurement) -> float:
    return one.timing.median_s * 1e3


def _mb_s(one: Measurement) -> float:
    return one.mb_s


GOALS = (
    Goal(
        "whole line of the roofline, in memory, one worker",
        "whole line",
        "memory, 1 worker",
        _figure("of_roofline"),
        0.8,
    ),
    Goal("two workers against one, in memory", "whole line", "memory, 2 worker", _figure("speedup"), 1.8),
    Goal("two workers against one, on disk", "whole line", "disk, 2 worker", _figure("speedup"), 1.8),
    Goal(
        "written for each received byte, on disk",
        "whole line",
        "disk",
        _figure("written_per_byte"),
        2.2,
        True,
        worst=True,
    ),
    Goal(
        *("memory of a worker", "whole line", "", _figure("worker_peak_bytes", 1 / MIB), 512, True, "MiB"),
        worst=True,
    ),
    Goal(
        *("memory of the driver", "whole line", "", _figure("driver_peak_bytes", 1 / MIB), 300, True, "MiB"),
        worst=True,
    ),
    Goal(
        *(
            "driver's growth with files",
            "driver growth",
            "",
            _figure("driver_growth_bytes", 1 / MIB),
            20,
            True,
            "MiB",
        ),
        worst=True,
    ),
    Goal("whole line against the incumbent's way", "peers", "our whole line", _figure("times_incumbent"), 25),
    Goal("reader and Parquet against pandas", "peers", "pandas", _figure("times_slower"), 18),
    Goal("reader against pds4_tools", "peers", "pds4_tools", _figure("times_slower"), 20),
    Goal("parse against casts, the worst type", "types", "", _figure("times_slower"), 1, worst=True),
    Goal("parse, table as Arrow", "kernels", "parse to Arrow", _mb_s, 600, unit="MB/s"),
    Goal("a label written", "kernels", "label: write", _ms, 1, True, "ms"),
    Goal("a label held against Schematron", "kernels", "label: Schematron", _ms, 2, True, "ms"),
)


def judge(measurements: Sequence[Measurement]) -> list[Judged]:
    """Return what was found for each goal of which anything was measured."""
    judged = []
    for goal in GOALS:
        fit = [
            one
            for one in measurements
            if one.part == goal.part and one.name.startswith(goal.name) and one.seconds
        ]
        values = [value for one in fit if (value := goal.figure(one)) is not None]
        if values:
            worst = max(values) if goal.at_most else min(values)
            judged.append(Judged(goal, worst if goal.worst else statistics.median(values)))
    return judged
