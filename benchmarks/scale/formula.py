"""The same run in closed form: each phase of tasks takes what its scarcest resource takes, and one task to fill the line.

It knows no queues, stragglers or rounds of tasks; where it and the simulation differ by much, one of them is wrong.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from benchmarks.scale.simulation import SECONDS_PER_HOUR
from benchmarks.scale.stages import Phase, Site, Stage, Work

WORKERS = "workers"
DRIVER = "driver and catalog"
SCHEDULER = "scheduler"
READING = "storage, reading"
WRITING = "storage, writing"
FEW = "fewer tasks than workers"
"""A single task decides how long the phase takes."""


@dataclass(frozen=True, slots=True)
class Share:
    """Seconds of a run that a resource decides: with more of it, they would be fewer."""

    stage: str
    resource: str
    seconds: float

    @property
    def is_limit(self) -> bool:
        """Whether more workers do not help against it."""
        return not self.resource.endswith(f": {WORKERS}")


def task_seconds(work: Work, site: Site) -> float:
    """Return how long a task takes on a worker that has the storage for itself."""
    storage = site.storage
    return (
        work.read_bytes / min(storage.read_rate, storage.each_rate)
        + work.cpu_s * site.crowding
        + work.write_bytes / min(storage.write_rate, storage.each_rate)
        + work.objects * storage.object_s
    )


def bounds(phase: Phase, site: Site) -> dict[str, float]:
    """Return the seconds that each resource needs for a phase, if it were the only one that takes time."""
    work, count, storage = phase.work, phase.tasks, site.storage
    one_s = task_seconds(work, site)
    driver_s = phase.hand_s + phase.take_s + (0.0 if site.scheduler_apart else phase.scheduler_s)
    abreast = min(site.workers, count)
    cpu_s = count * work.cpu_s * site.crowding
    if not math.isinf(site.cores):
        cpu_s += count * driver_s
    lost_s = _lost_seconds(phase, site, one_s)
    return {
        WORKERS: max(count * (one_s + phase.gap_s) / abreast, cpu_s / site.cores) + lost_s,
        FEW: one_s + phase.gap_s if count < site.workers else 0.0,
        DRIVER: count * driver_s,
        SCHEDULER: count * phase.scheduler_s if site.scheduler_apart else 0.0,
        READING: count * work.read_bytes / storage.read_rate,
        WRITING: count * work.write_bytes / storage.write_rate,
    }


def _lost_seconds(phase: Phase, site: Site, one_s: float) -> float:
    """Half a task is lost with each worker, and the whole is done again."""
    hours = phase.tasks * one_s / SECONDS_PER_HOUR
    return site.deaths_per_hour * hours * (1.5 * one_s + site.restart_s) / site.workers


def shares(stages: tuple[Stage, ...], site: Site) -> list[Share]:
    """Return what decides how long each part of a run takes."""
    storage = site.storage
    found: defaultdict[tuple[str, str], float] = defaultdict(float)
    for stage in stages:
        alone_s = stage.driver_s * (1.0 if math.isinf(site.cores) else site.crowding / min(1.0, site.cores))
        session_s = sum(phase.session_s for phase in stage.phases)
        parts = [
            (f"{stage.name}: the driver alone", alone_s + stage.objects * storage.object_s),
            (f"{stage.name}: workers get ready", session_s),
        ]
        for phase in stage.phases:
            known = bounds(phase, site)
            resource = max(known, key=lambda name: known[name])
            if resource == WORKERS and phase.tasks < site.workers:
                resource = FEW
            fill_s = 0.0 if resource in (WORKERS, FEW) else task_seconds(phase.work, site)
            ends_s = phase.hand_s + phase.take_s + phase.scheduler_s if resource in (WORKERS, FEW) else 0.0
            parts.append((f"{stage.name}: {resource}", max(known.values()) + fill_s + ends_s))
        for resource, seconds in parts:
            if seconds:
                found[stage.name, resource] += seconds * stage.repeats
    return [Share(stage, resource, seconds) for (stage, resource), seconds in found.items()]


def seconds(stages: tuple[Stage, ...], site: Site) -> float:
    """Return how long a run takes."""
    return sum(share.seconds for share in shares(stages, site))
