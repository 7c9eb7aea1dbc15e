"""A difference between what the books say and what is there, and the steps by which it was looked for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from drf_reprocess.observer import Observer

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be."""

    kind: str
    """``catalog``, ``journal``, ``row``, ``object``, ``orphan``, ``label``, ``view``, ``delivery``, ``inventory``, ``run``
    ..."""
    what: str
    expected: str
    got: str
    remedy: str


@dataclass(slots=True)
class Step:
    """One step of the work, with what it took."""

    name: str
    files: int = 0
    bytes: int = 0
    elapsed_s: float = 0.0


@dataclass(slots=True)
class Findings:
    """What was found so far, and how long each step took; the observer hears of the steps."""

    observer: Observer
    differences: list[Difference] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def status(self) -> str:
        """``equal`` if there is no difference, else ``different``."""
        return "different" if self.differences else "equal"

    def add(self, differences: Iterable[Difference]) -> None:
        """Take differences in."""
        self.differences.extend(differences)

    @contextlib.contextmanager
    def step(self, name: str, files: int = 0, bytes_: int = 0) -> Iterator[Step]:
        """Time a step; ``files`` and ``bytes_`` are what it is over, as far as that is known before."""
        step = Step(name)
        self.steps.append(step)
        self.observer.stage_started(name, files, bytes_)
        started = time.perf_counter()
        try:
            yield step
        finally:
            step.elapsed_s = round(time.perf_counter() - started, 3)
            self.observer.stage_ended(name, step.elapsed_s)

    def advance(self, step: Step, files: int, bytes_: int) -> None:
        """Tell that so much more of a step is done."""
        step.files += files
        step.bytes += bytes_
        self.observer.advanced(files, bytes_, 0)

    def difference_rows(self) -> list[Row]:
        """Return the differences as plain values."""
        return [asdict(difference) for difference in self.differences]

    def step_rows(self) -> list[Row]:
        """Return the steps as plain values, with MB/s where bytes were read."""
        return [
            asdict(step) | {"mb_s": round(step.bytes / 1e6 / step.elapsed_s, 1) if step.elapsed_s else 0.0}
            for step in self.steps
        ]
