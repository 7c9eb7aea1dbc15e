"""Missions and clusters that are not here: how long, how well used, and where more workers stop helping, and why."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.scale import formula, simulation
from benchmarks.scale.costs import Costs
from benchmarks.scale.stages import Mission, Site, Storage, make_stages, package_count, packages_at_once

WORKERS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ENOUGH = 0.5
"""Scaling has stopped where workers are used for less than this share of their time, held against one worker."""
SPREAD = 0.3
"""Files are not of equal size. Without it all workers would read at once, then compute at once, then write at once."""
GB, TB = 10**9, 10**12

PERIODS = 48
"""Delivery periods of three months in twelve years."""
MISSION = Mission("190 GB, 65,000 files", 65_000, 190 * GB, PERIODS)
MANY_FILES = Mission("190 TB, 65 million files", 65_000_000, 190 * TB, PERIODS)
LARGE_FILES = Mission("190 TB, 65,000 files of 2.9 GB", 65_000, 190 * TB, PERIODS)
MISSIONS = (MISSION, MANY_FILES, LARGE_FILES)


def storages(costs: Costs) -> tuple[Storage, ...]:
    """Return the storages that are looked at: this machine's disk as measured, the others as assumed."""
    machine = costs.machine
    return (
        Storage("this disk", machine.read_rate, machine.write_rate, object_s=machine.object_s),
        Storage("NFS, 1 GB/s", 1e9, 1e9, 1e9, object_s=0.005),
        Storage("object store, 10 GB/s", 10e9, 10e9, 0.1e9, object_s=0.03),
        Storage("object store, 100 GB/s", 100e9, 100e9, 0.1e9, object_s=0.03),
        Storage("the same, joining ranges itself", 100e9, 100e9, 0.1e9, object_s=0.03, copies_itself=True),
    )


def storage_of(gb_s: float) -> Storage:
    """Return a shared storage of so many GB a second."""
    return Storage(f"storage, {gb_s:g} GB/s", gb_s * 1e9, gb_s * 1e9, object_s=0.005)


@dataclass(frozen=True, slots=True)
class Point:
    """A run of one mission at one site."""

    mission: Mission
    storage: Storage
    workers: int
    seconds: float
    formula_s: float
    read_bytes: float
    written_bytes: float
    driver_share: float
    """Of the time in which the driver is busy."""
    shares: tuple[formula.Share, ...]
    """What decides how long it takes, by the formula, most first."""
    speedup: float = 1.0

    @property
    def limit(self) -> formula.Share:
        """What takes most of the run and is not the workers: against it more of them do not help."""
        return next((share for share in self.shares if share.is_limit), self.shares[0])

    @property
    def efficiency(self) -> float:
        """Speed-up for each worker."""
        return self.speedup / self.workers


def site_elsewhere(costs: Costs, storage: Storage, workers: int) -> Site:
    """Return a site where each worker has a core of its own, and all start at once; the catalog is on a disk as here."""
    machine = costs.machine
    return Site(
        workers, storage, start_s=machine.site_start_s, end_s=machine.site_end_s, sync_s=machine.sync_s
    )


def run_point(costs: Costs, mission: Mission, storage: Storage, workers: int, seed: int = 0) -> Point:
    """Play a mission on so many workers, each with a core of its own; driver and scheduler have another each."""
    site = replace(site_elsewhere(costs, storage, workers), scheduler_apart=True, spread=SPREAD)
    stages = make_stages(costs, mission, site)
    run = simulation.play(stages, site, seed)
    return Point(
        mission,
        storage,
        workers,
        run.seconds,
        formula.seconds(stages, site),
        sum(stage.all_read_bytes for stage in stages),
        sum(stage.all_written_bytes for stage in stages),
        sum(stage.driver_s for stage in run.stages) / run.seconds,
        tuple(sorted(formula.shares(stages, site), key=lambda share: -share.seconds)),
    )


def extrapolate(
    costs: Costs,
    missions: Iterable[Mission] = MISSIONS,
    places: Sequence[Storage] = (),
    workers: Sequence[int] = WORKERS,
) -> list[Point]:
    """Play each mission on each storage with each number of workers; speed-up is against the first number."""
    found = []
    for mission in missions:
        for storage in places or storages(costs):
            points = [run_point(costs, mission, storage, number) for number in workers]
            alone_s = points[0].seconds * points[0].workers
            found += [replace(point, speedup=alone_s / point.seconds) for point in points]
    return found


def stop_of(points: Sequence[Point]) -> Point:
    """Return where scaling stops: the first point whose workers are used for less than `ENOUGH`, else the last."""
    return next((point for point in points if point.efficiency < ENOUGH), points[-1])


def groups(points: Iterable[Point]) -> list[list[Point]]:
    """Return the points of each mission and storage together, in order."""
    found: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        found.setdefault((point.mission.name, point.storage.name), []).append(point)
    return list(found.values())


def to_markdown(points: Sequence[Point], most_rows: Sequence[int] = (1, 10, 100, 1000)) -> str:
    """Return a table of where each mission stops scaling, then one of all times."""
    lines = [
        "| mission | storage | one worker | fastest | with | scaling stops at | because of |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for group in groups(points):
        stop, best = stop_of(group), min(group, key=lambda point: point.seconds)
        stops = f"{stop.workers}" if stop.efficiency < ENOUGH else f"not up to {stop.workers}"
        share = stop.limit.seconds / stop.formula_s
        lines.append(
            f"| {stop.mission.name} | {stop.storage.name} | {duration(group[0].seconds)} | {duration(best.seconds)} | "
            f"{best.workers} | {stops} | {stop.limit.resource} ({share:.0%}) |"
        )
    lines += _shares_table(points)
    lines += [
        "",
        "| mission | storage | workers | time | speed-up | efficiency | read | written | driver busy |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.mission.name} | {one.storage.name} | {one.workers} | {duration(one.seconds)} | {one.speedup:.1f} | "
        f"{one.efficiency:.0%} | {amount(one.read_bytes)} | {amount(one.written_bytes)} | {one.driver_share:.0%} |"
        for one in points
        if one.workers in most_rows
    ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How much of a mission one resource lets through, however many workers there are."""

    resource: str
    rate: float
    """Received bytes a second."""
    workers: float
    """So many workers are kept busy by it, each as fast as one alone."""


def ceilings(costs: Costs, mission: Mission = MISSION) -> list[Ceiling]:
    """Return the ceilings that are no storage's, lowest first, for tasks of usual size on storage without limit.

    While tasks of process are at work the driver works beside them; whatever else it does, workers wait for.
    """
    free = Storage("without limit", math.inf, math.inf)
    site = replace(site_elsewhere(costs, free, 1), scheduler_apart=True)
    stages = make_stages(costs, mission, site)
    worker_s = sum(
        stage.repeats * phase.tasks * phase.work.cpu_s for stage in stages for phase in stage.phases
    )
    at_once = packages_at_once(costs, mission)
    batches = math.ceil(package_count(costs, mission) / at_once)
    needed: defaultdict[str, float] = defaultdict(float)
    for stage in stages:
        if stage.name in ("package", "verify"):
            needed[f"{stage.name}: the driver alone"] += stage.repeats * stage.driver_s
        elif stage.name not in ("start", "process", "end"):
            needed["the driver alone, in all other stages"] += stage.driver_s
        for phase in stage.phases:
            if stage.name == "package":
                joined_s = batches * (phase.work.cpu_s + phase.session_s)
                needed[f"package: {at_once} packages joined at once"] = joined_s
            else:
                each_s = phase.hand_s + phase.take_s
                all_tasks = stage.repeats * phase.tasks
                needed[f"{stage.name}: driver and catalog, for each task"] += all_tasks * each_s
                needed["scheduler"] += all_tasks * phase.scheduler_s
    found = [
        Ceiling(name, mission.bytes / seconds, worker_s / seconds)
        for name, seconds in needed.items()
        if seconds
    ]
    return sorted(found, key=lambda ceiling: ceiling.rate)


def ceilings_table(costs: Costs) -> str:
    """Return the ceilings of each mission as a table."""
    lines = [
        "| mission | what lets through, at most | received GB/s | so many workers' work |",
        "|---|---|---:|---:|",
    ]
    lines += [
        f"| {mission.name} | {one.resource} | {one.rate / GB:.3g} | {one.workers:.0f} |"
        for mission in MISSIONS
        for one in ceilings(costs, mission)
    ]
    return "\n".join(lines) + "\n"


def _shares_table(points: Sequence[Point]) -> list[str]:
    """Tell what the time of the largest sites is made of."""
    lines = [
        "",
        "| mission | storage | workers | what takes the time, by the formula |",
        "|---|---|---:|---|",
    ]
    for group in groups(points):
        last = group[-1]
        words = ", ".join(f"{one.resource} {one.seconds / last.formula_s:.0%}" for one in last.shares[:4])
        lines.append(f"| {last.mission.name} | {last.storage.name} | {last.workers} | {words} |")
    return lines


def duration(seconds: float) -> str:
    """Return a time in words."""
    for unit, size in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def amount(bytes_: float) -> str:
    """Return bytes in words."""
    return f"{bytes_ / TB:.1f} TB" if bytes_ >= TB else f"{bytes_ / GB:.1f} GB"


def draw(points: Sequence[Point], picture: Path) -> Path:
    """Draw times over workers, one panel a mission, and return the picture's path."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    missions = list(dict.fromkeys(point.mission.name for point in points))
    figure, panels = plt.subplots(1, len(missions), figsize=(5 * len(missions), 4.2), squeeze=False)
    for panel, mission in zip(panels[0], missions, strict=True):
        for group in groups(point for point in points if point.mission.name == mission):
            workers = [point.workers for point in group]
            (line,) = panel.plot(workers, [point.seconds / 3600 for point in group], "o-", ms=3)
            line.set_label(group[0].storage.name)
            stop = stop_of(group)
            if stop.efficiency < ENOUGH:
                panel.plot(
                    [stop.workers], [stop.seconds / 3600], "s", color=line.get_color(), ms=9, mfc="none"
                )
        ideal = min(point.seconds * point.workers for point in points if point.mission.name == mission) / 3600
        panel.plot(
            workers,
            [ideal / number for number in workers],
            ":",
            color="gray",
            label="each worker as the first",
        )
        panel.set(xscale="log", yscale="log", xlabel="workers", ylabel="hours", title=mission)
        panel.legend(fontsize=7)
    figure.suptitle(
        "Time by the model; a square marks where workers are used for less than half of their time",
        fontsize=9,
    )
    figure.tight_layout()
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)
    plt.close(figure)
    return picture
