"""One setting varied, all else left: partition size, package format, codec and level, each through the whole line."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from importlib.util import find_spec

from benchmarks.pipeline import PipelineRun, measurement_of, run_once, settings_of
from benchmarks.results import Measurement
from benchmarks.samples import make_sample
from benchmarks.scope import Scope
from benchmarks.timing import require
from drf_reprocess.archives import FORMATS
from drf_reprocess.archives.codec import PACKAGES, Codec, libdeflate
from drf_reprocess.config.model import PackageSection

PART = "sweeps"
AS_SHIPPED = ("as shipped", "")
SHIPPED_FORMAT = PackageSection.model_validate({}).format


def measure_sweeps(scope: Scope) -> Iterator[Measurement]:
    """Run the whole line with each value of each setting, all by turns, so that a slow minute meets them all."""
    on = scope.places[0]
    with scope.folder(on) as folder:
        sample = make_sample(folder / "source", scope.sweep_days, scope.scale)
        found: dict[tuple[str, str], list[PipelineRun]] = {}
        for _ in range(scope.sweep_rounds):
            for name, settings in _settings(scope).items():
                run = run_once(scope, on, settings_of(scope, sample, max(scope.workers)) | settings)
                require(run.files == len(sample.files), "a file is not in the archive")
                found.setdefault(name, []).append(run)
        as_shipped = statistics.median(run.mb_s for run in found[AS_SHIPPED])
        for (key, value), runs in found.items():
            times = statistics.median(run.mb_s for run in runs) / as_shipped
            configuration = {"key": key, "value": value, "on": on, "workers": max(scope.workers)}
            yield measurement_of(
                PART, f"{key}: {value}" if value else key, runs, configuration, times_shipped=times
            )


def _settings(scope: Scope) -> dict[tuple[str, str], dict[str, object]]:
    """Return name and value of what is varied -> settings of the run; the shipped settings first."""
    found: dict[tuple[str, str], dict[str, object]] = {AS_SHIPPED: {}}
    for size in scope.partition_mib:
        found["partition", f"{size} MiB"] = {"run.partition_bytes": size * 2**20}
    for name in FORMATS:
        if name != SHIPPED_FORMAT:
            found["format", name] = {"package.format": name}
    for codec, levels in (scope.sweep_levels or {}).items():
        if codec in PACKAGES and not _is_installed(codec):
            continue
        for level in levels:
            if Codec(codec, level) != Codec():
                found["codec", f"{codec} {level}"] = {"package.codec": codec, "package.level": level}
    return found


def _is_installed(codec: str) -> bool:
    return libdeflate is not None if codec == "libdeflate" else find_spec(codec) is not None
