"""A store that answers late: what a run costs where every call takes milliseconds, as on an object store."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import sleep

from benchmarks.results import Measurement, StageTime
from benchmarks.samples import Sample, make_sample
from benchmarks.scope import Scope
from benchmarks.timing import require
from drf_reprocess.config.load import load_config
from drf_reprocess.mission import open_mission
from drf_reprocess.model import SourceFile
from drf_reprocess.observer import SilentObserver
from drf_reprocess.pipeline import run_mission
from drf_reprocess.runs import RunResult
from drf_reprocess.storage.base import Data, Part, Store

PART = "storage latency"


@dataclass(frozen=True, slots=True)
class LateStore:
    """A store whose every call comes ``delay_s`` later. What is composed of n ranges takes n calls more."""

    inner: Store
    delay_s: float

    @property
    def root(self) -> str:
        """The root of the store behind it."""
        return self.inner.root

    @property
    def is_local(self) -> bool:
        """Whether the objects are files of this machine."""
        return self.inner.is_local

    def uri(self, key: str) -> str:
        """Return the place of an object, at once."""
        return self.inner.uri(key)

    def list(self, prefix: str = "") -> Iterator[SourceFile]:
        """List late."""
        self._wait()
        return self.inner.list(prefix)

    def exists(self, key: str) -> bool:
        """Ask late."""
        self._wait()
        return self.inner.exists(key)

    def size(self, key: str) -> int:
        """Ask late."""
        self._wait()
        return self.inner.size(key)

    def info(self, key: str) -> SourceFile:
        """Ask late."""
        self._wait()
        return self.inner.info(key)

    def read(self, key: str) -> bytes:
        """Read late."""
        self._wait()
        return self.inner.read(key)

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """Read late."""
        self._wait()
        return self.inner.read_range(key, start, end)

    def write(self, key: str, data: Data) -> None:
        """Write late."""
        self._wait()
        self.inner.write(key, data)

    def write_once(self, key: str, data: Data) -> None:
        """Write late."""
        self._wait()
        self.inner.write_once(key, data)

    def create(self, key: str, data: Data) -> bool:
        """Write late."""
        self._wait()
        return self.inner.create(key, data)

    def link(self, source_key: str, target_key: str) -> None:
        """Link late."""
        self._wait()
        self.inner.link(source_key, target_key)

    def copy(self, source_key: str, target_key: str) -> None:
        """Copy late."""
        self._wait()
        self.inner.copy(source_key, target_key)

    def remove(self, key: str) -> None:
        """Remove late."""
        self._wait()
        self.inner.remove(key)

    def remove_tree(self, prefix: str) -> None:
        """Remove late."""
        self._wait()
        self.inner.remove_tree(prefix)

    def tidy(self, before_ns: int) -> None:
        """Tidy late."""
        self._wait()
        self.inner.tidy(before_ns)

    def compose(self, target_key: str, parts: Sequence[Part | Data]) -> None:
        """Compose late: one call for each range, and one for what is written."""
        sleep(self.delay_s * (1 + sum(isinstance(part, Part) for part in parts)))
        self.inner.compose(target_key, parts)

    def _wait(self) -> None:
        sleep(self.delay_s)


def measure_latency(scope: Scope) -> Iterator[Measurement]:
    """Run the whole line with each delay, and tell how many calls one worker after another had to wait for."""
    on = scope.places[0]
    with scope.folder(on) as folder:
        sample = make_sample(folder / "source", scope.delay_files, scope.scale)
        found: dict[float, list[RunResult]] = {delay_ms: [] for delay_ms in scope.delays_ms}
        if scope.timer.most > 1:  # the first run in this process loads what later ones find loaded
            _run_once(scope, on, make_sample(folder / "first", 1, scope.scale), 0)
        for _ in range(scope.sweep_rounds):
            for delay_ms, results in found.items():
                results.append(_run_once(scope, on, sample, delay_ms))
    prompt_s = _line_s(found[scope.delays_ms[0]])
    for delay_ms, results in found.items():
        figures = {"files": float(len(sample.files))}
        if delay_ms:
            # Those of the whole run, the ones that do not depend on the number of files among them.
            waiting_s = (_line_s(results) - prompt_s) * max(scope.workers)
            figures["calls"] = waiting_s / (delay_ms / 1000)
        yield Measurement(
            PART,
            f"{delay_ms:g} ms a call",
            tuple(result.elapsed_s - result.site_start_s for result in results),
            sample.bytes,
            {"delay_ms": delay_ms, "workers": max(scope.workers), "on": on},
            figures,
            tuple(
                StageTime(str(row["name"]), float(str(row["elapsed_s"])), int(str(row.get("bytes", 0))))
                for row in results[-1].stages
            ),
        )


def _line_s(results: Sequence[RunResult]) -> float:
    return statistics.median(result.elapsed_s - result.site_start_s for result in results)


def _run_once(scope: Scope, on: str, sample: Sample, delay_ms: float) -> RunResult:
    with scope.folder(on) as place:
        result = _run_late(scope, sample.folder, place, delay_ms / 1000)
    require(result.status == "success", f"the run ended with {result.status}")
    require(result.products["processed"] == len(sample.files), "a file is not in the archive")
    return result


def _run_late(scope: Scope, source: Path, output: Path, delay_s: float) -> RunResult:
    settings: dict[str, object] = {
        "source.uri": source,
        "output.uri": output / "output",
        "compute.site": scope.site,
        "compute.dashboard": "",
    }
    if scope.site == "local":
        settings["compute.workers"] = max(scope.workers)
    config = load_config(None, [f"{key}={value}" for key, value in settings.items()], {})
    with open_mission(config, create=True, exclusive="a benchmark") as mission:
        late = replace(
            mission, source=LateStore(mission.source, delay_s), output=LateStore(mission.output, delay_s)
        )
        return run_mission(late, SilentObserver(), "", {})
