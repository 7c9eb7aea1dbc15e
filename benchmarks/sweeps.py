"""One setting varied, all else left: partition size, package format, codec and level, each through the whole line."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from benchmarks.pipeline import PipelineRun, measurement_of, run_once, settings_of
from benchmarks.results import Measurement
from benchmarks.samples import make_sample
from benchmarks.scope import Scope
from benchmarks.timing import require
from drf_reprocess.archives import FORMATS
from drf_reprocess.archives.codec import PACKAGES, libdeflate

PART = "sweeps"


def measure_sweeps(scope: Scope) -> Iterator[Measurement]:
    """Run the whole line with each value of each setting, the values by turns, so that a slow minute meets them all."""
    on = scope.places[0]
    with scope.folder(on) as folder:
        sample = make_sample(folder / "source", scope.sweep_days, scope.scale)
        for key, values in _settings(scope).items():
            found: dict[object, list[PipelineRun]] = {}
            for _ in range(scope.sweep_rounds):
                for value, settings in values.items():
                    run = run_once(scope, on, settings_of(scope, sample, max(scope.workers)) | settings)
                    found.setdefault(value, []).append(run)
            for value, runs in found.items():
                require(runs[0].files == len(sample.files), "a file is not in the archive")
                yield measurement_of(PART, f"{key} = {value}", runs, {"key": key, "value": value, "on": on})


def _settings(scope: Scope) -> dict[str, dict[object, dict[str, object]]]:
    """Return by name of what is varied: value -> settings of the run."""
    levels = {
        f"{codec} {level}": {"package.codec": codec, "package.level": level}
        for codec, some in (scope.levels or {}).items()
        if codec not in PACKAGES or _is_installed(codec)
        for level in (some[:1] if codec != "libdeflate" else some[:3])
    }
    return {
        "partition (MiB)": {size: {"run.partition_bytes": size * 2**20} for size in scope.partition_mib},
        "package.format": {name: {"package.format": name} for name in FORMATS},
        "codec and level": dict(levels),
    }


def _is_installed(codec: str) -> bool:
    return libdeflate is not None if codec == "libdeflate" else find_spec(codec) is not None
