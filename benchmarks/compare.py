"""Configuration against configuration: interleaved runs, medians, the ratio with its spread, and which stage made it."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pipeline import PipelineRun, measurement_of, median_stages, run_once
from benchmarks.results import Measurement
from benchmarks.samples import make_sample
from benchmarks.scope import Scope
from benchmarks.timing import quartiles, require

PART = "compare"
RESAMPLES = 2000
SHARE = 0.95
"""Of resampled ratios that lie in the interval."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two configurations, A and B, take for the same files."""

    a_s: tuple[float, ...]
    b_s: tuple[float, ...]
    """Seconds of the whole line in each run, pairs in the order they were run."""
    stages: tuple[tuple[str, float, float], ...]
    """Name and median seconds of each stage with A and with B."""

    @property
    def ratio(self) -> float:
        """How many times as long as A does B take: median against median."""
        return statistics.median(self.b_s) / statistics.median(self.a_s)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Quartiles of the ratio over the pairs of neighbouring runs."""
        return quartiles([b / a for a, b in zip(self.a_s, self.b_s, strict=True)])

    @property
    def interval(self) -> tuple[float, float]:
        """The ratio of medians when pairs are drawn again and again with replacement: its middle 95 percent."""
        draw = random.Random(0)
        pairs = list(zip(self.a_s, self.b_s, strict=True))
        ratios = []
        for _ in range(RESAMPLES):
            drawn = draw.choices(pairs, k=len(pairs))
            ratios.append(statistics.median(b for _, b in drawn) / statistics.median(a for a, _ in drawn))
        ratios.sort()
        cut = int((1 - SHARE) / 2 * RESAMPLES)
        return ratios[cut], ratios[-cut - 1]

    @property
    def decisive_stage(self) -> tuple[str, float]:
        """The stage whose seconds differ most, and by how much with B."""
        name, a_s, b_s = max(self.stages, key=lambda stage: abs(stage[2] - stage[1]))
        return name, b_s - a_s

    @property
    def words(self) -> str:
        """The result in one sentence or two."""
        low, high = self.interval
        first, third = self.quartiles
        verdict = (
            "no difference can be told" if low <= 1 <= high else "B is slower" if low > 1 else "B is faster"
        )
        stage, more_s = self.decisive_stage
        a_s, b_s = statistics.median(self.a_s), statistics.median(self.b_s)
        return (
            f"A {a_s:.2f} s, B {b_s:.2f} s (medians of {len(self.a_s)}): B takes {self.ratio:.3f} times as long as A "
            f"(quartiles of pairs {first:.3f} to {third:.3f}, {SHARE:.0%} interval {low:.3f} to {high:.3f}): {verdict}. "
            f"Stage {stage} makes most of it: {more_s:+.2f} s with B."
        )


def order(pairs: int) -> str:
    """Return the order of the runs, A B B A A B ...: each pair turned round, so that drift meets both alike."""
    return "".join("AB" if number % 2 == 0 else "BA" for number in range(pairs))


def compare(
    scope: Scope,
    config_a: Path,
    config_b: Path,
    pairs: int,
    overrides: Sequence[str] = (),
    on: str = "disk",
    source: Path | None = None,
) -> tuple[Comparison, list[Measurement]]:
    """Run two configuration files by turns over the same files, each run into an empty output.

    ``source`` is a folder of received files; a sample mission of ``scope.days`` days if there is none. Places of the
    configurations (source, output, catalog) are not used, ``overrides`` hold for both.
    """
    runs: dict[str, list[PipelineRun]] = {"A": [], "B": []}
    configs = {"A": config_a, "B": config_b}
    with scope.folder(on) as folder:
        files = source or make_sample(folder / "source", scope.days, scope.scale).folder
        settings = {"source.uri": files} | dict(word.split("=", 1) for word in overrides)
        for which in order(pairs):
            runs[which].append(run_once(scope, on, settings, configs[which]))
    require(
        {run.files for both in runs.values() for run in both} == {runs["A"][0].files},
        "A and B worked on other files",
    )
    stages_a, stages_b = median_stages(runs["A"]), median_stages(runs["B"])
    compared = Comparison(
        tuple(run.elapsed_s for run in runs["A"]),
        tuple(run.elapsed_s for run in runs["B"]),
        tuple((a.stage, a.seconds, b.seconds) for a, b in zip(stages_a, stages_b, strict=True)),
    )
    low, high = compared.interval
    spread = {"ratio": compared.ratio, "ratio_low": low, "ratio_high": high}
    measured = [
        measurement_of(
            PART,
            which,
            runs[which],
            {"file": configs[which].name, "on": on},
            **(spread if which == "B" else {}),
        )
        for which in ("A", "B")
    ]
    return compared, measured
