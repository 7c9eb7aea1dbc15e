"""What the allocator costs: the pure line over some files, in fresh processes with different settings of glibc and Arrow.

A Dask nanny starts its workers with a small ``MALLOC_TRIM_THRESHOLD_``: memory goes back to the system after each file, and
comes back page by page. Settings hold from the start of a process on, so each has one of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.kernels import whole_line
from benchmarks.machine import MMAP_BYTES, ROOT, TRIM_BYTES
from benchmarks.results import Measurement
from benchmarks.samples import load_file, make_sample
from benchmarks.scope import Scope
from benchmarks.timing import require

PART = "allocator"
FILES = 3
SETTINGS: dict[str, dict[str, str]] = {
    "glibc's own": {},
    "as a nanny sets it": {"MALLOC_TRIM_THRESHOLD_": "65536"},
    "kept, two arenas, Arrow's system pool": {
        "MALLOC_TRIM_THRESHOLD_": str(TRIM_BYTES),
        "MALLOC_MMAP_THRESHOLD_": str(MMAP_BYTES),
        "MALLOC_ARENA_MAX": "2",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    },
}


def measure_allocator(scope: Scope) -> Iterator[Measurement]:
    """Time the pure line with each setting, the settings by turns."""
    rounds = max(1, scope.timer.repeats // 2)
    with scope.folder() as folder:
        sample = make_sample(folder / "source", FILES, scope.scale)
        seconds: dict[str, list[float]] = {name: [] for name in SETTINGS}
        faults: dict[str, list[float]] = {name: [] for name in SETTINGS}
        digests = set()
        for _ in range(rounds):
            for name, settings in SETTINGS.items():
                found = _run_alone(sample.files, settings, scope.timer.repeats)
                seconds[name] += found["seconds"]
                faults[name].append(found["page_faults"])
                digests.add(found["digest"])
        require(len(digests) == 1, "other bytes with another allocator")
        for name, settings in SETTINGS.items():
            figures = {"page_faults_per_mb": min(faults[name]) / sample.bytes * 1e6}
            yield Measurement(PART, name, tuple(seconds[name]), sample.bytes, dict(settings), figures)


def _run_alone(files: tuple[Path, ...], settings: dict[str, str], repeats: int) -> dict[str, Any]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "ARROW_"))}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.allocator", str(repeats), *map(str, files)],
        env=kept | {"PYTHONPATH": os.pathsep.join([str(ROOT), kept.get("PYTHONPATH", "")])} | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    require(done.returncode == 0, done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(repeats: int, paths: list[Path]) -> None:
    """Run the pure line over files again and again, and print times, page faults of one time and a digest."""
    files = [load_file(path) for path in paths]
    seconds, faults = [], 0
    digest = ""
    for _ in range(repeats + 1):  # the first is not counted
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        started = time.perf_counter()
        made = [whole_line(file) for file in files]
        seconds.append(time.perf_counter() - started)
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        digest = " ".join(one.product()[1].digest for one in made)
        del made
    print(json.dumps({"seconds": seconds[1:], "page_faults": faults, "digest": digest}))


if __name__ == "__main__":
    main(int(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
