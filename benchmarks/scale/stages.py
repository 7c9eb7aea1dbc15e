"""The stages of a run as the pipeline has them, with what each asks of driver, workers and storage.

What is serial and what is not is taken from ``pipeline.py`` and ``stages/``: discover, plan, assemble and publish are the
driver's alone. Of process the driver draws each task's items from the catalog and commits its outcomes. Packages are made
in batches of as many as there are workers, and not too many members: the driver plans them and writes their manifests, each is
joined by one worker from the segments that the tasks of process wrote and read for its digest; then all workers verify all of
the batch by ranges, and the driver concludes each. The next batch begins when this one is proved.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.scale.costs import Costs
from drf_reprocess.stages.package import most_members
from drf_reprocess.stages.plan import MAX_PARTITION_FILES, MIN_PARTITION_BYTES, PARTITIONS_PER_WORKER
from drf_reprocess.stages.receive import AHEAD_BYTES
from drf_reprocess.stages.verify import TASK_BYTES

MIB = 2**20
PARTITION_BYTES = 48 * MIB
"""``run.partition_bytes`` as shipped."""
PACKAGE_BYTES = 4095 * MIB
"""``package.max_bytes`` as shipped."""


@dataclass(frozen=True, slots=True)
class Mission:
    """What is to be done: so many received files of equal size."""

    name: str
    files: int
    bytes: int
    periods: int = 1
    """Delivery periods: each has a package of its own, at least."""
    mode: str = "release"
    """``staging`` makes no collections and no packages."""

    @property
    def file_bytes(self) -> float:
        """Bytes of one file."""
        return self.bytes / self.files


@dataclass(frozen=True, slots=True)
class Storage:
    """Where everything is read from and written to. Rates are bytes a second, for all clients together."""

    name: str
    read_rate: float
    write_rate: float
    each_rate: float = math.inf
    """What one client gets at most."""
    object_s: float = 0.0
    """Each object that is written, beside its bytes."""
    copies_itself: bool = False
    """Whether ranges are joined within the storage, so that a package costs no transfer (not done yet on object stores)."""


@dataclass(frozen=True, slots=True)
class Site:
    """Workers, and what can happen to them."""

    workers: int
    storage: Storage
    cores: float = math.inf
    """Cores that driver and workers share; without limit on a cluster, where each has its own."""
    start_s: float = 0.0
    """Of all workers, until they have loaded what they need."""
    end_s: float = 0.0
    sync_s: float = 0.0
    """Each transaction of the catalog."""
    scheduler_apart: bool = False
    """Whether the scheduler is a process of its own (``compute.site = "address"``); else it is the driver's."""
    crowding: float = 1.0
    """Processor seconds of work on a crowded machine for those on an idle one."""
    deaths_per_hour: float = 0.0
    """How often a worker is lost, for each hour that it is up."""
    restart_s: float = 5.0
    workers_per_host: int = 1
    straggler_share: float = 0.0
    """Share of tasks that take ``straggler_times`` as long."""
    straggler_times: float = 1.0
    spread: float = 0.0
    """By what share pieces of work are shorter or longer than the average, at most."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one task asks for."""

    cpu_s: float
    read_bytes: float = 0.0
    write_bytes: float = 0.0
    objects: float = 0.0
    items: int = 1
    """Files that it is about: each runs alone if the task's worker is lost."""


@dataclass(frozen=True, slots=True)
class Phase:
    """Tasks of one kind that are handed out together."""

    tasks: int
    work: Work
    hand_s: float = 0.0
    """The driver, for each task: drawing its items and handing it over."""
    take_s: float = 0.0
    """The driver, for each answer: checking and committing it."""
    scheduler_s: float = 0.0
    """The scheduler, for each task."""
    session_s: float = 0.0
    """Before the first task: the workers are told of the context, and get memory."""
    gap_s: float = 0.0
    """A worker waits so long for its next task, beside what driver and scheduler take."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what the driver does by itself, then tasks; as a whole, ``repeats`` times one after another."""

    name: str
    driver_s: float = 0.0
    objects: float = 0.0
    """Written by the driver."""
    phases: tuple[Phase, ...] = ()
    repeats: int = 1

    @property
    def all_read_bytes(self) -> float:
        """By all tasks of all repeats."""
        return self.repeats * sum(phase.tasks * phase.work.read_bytes for phase in self.phases)

    @property
    def all_written_bytes(self) -> float:
        """By all tasks of all repeats."""
        return self.repeats * sum(phase.tasks * phase.work.write_bytes for phase in self.phases)


@dataclass(frozen=True, slots=True)
class _Maker:
    costs: Costs
    mission: Mission
    site: Site

    def handing(self) -> tuple[float, float]:
        """Return what handing out one task costs driver and scheduler."""
        whole_s = self.costs.handing.task_s
        apart_s = whole_s * self.costs.handing.scheduler_share if self.site.scheduler_apart else 0.0
        return whole_s - apart_s, apart_s

    def session_s(self) -> float:
        known = self.costs.handing
        return known.session_s + known.worker_s * (self.site.workers - 1)

    def fresh_s(self) -> float:
        """Return what the first files of each worker take more, where it has so many."""
        received = self.mission.bytes / self.site.workers
        return self.costs.machine.fresh_s * min(1.0, received / AHEAD_BYTES)

    def partitions(self) -> int:
        """Return into how many tasks the plan cuts the mission."""
        mission = self.mission
        fair = mission.bytes / (PARTITIONS_PER_WORKER * self.site.workers)
        wanted = min(PARTITION_BYTES, max(fair, MIN_PARTITION_BYTES))
        each = min(MAX_PARTITION_FILES, max(1, int(wanted / mission.file_bytes)))
        return math.ceil(mission.files / each)

    def alone(self, name: str) -> Stage:
        """A stage that is the driver's alone."""
        mission = self.mission
        return Stage(name, self.costs.driver[name].of(mission.files, mission.bytes))

    def process(self) -> Stage:
        mission, sizes = self.mission, self.costs.sizes
        tasks = self.partitions()
        files = mission.files / tasks
        received = mission.bytes / tasks
        segment = sizes.segment_per_byte * received + sizes.segment_per_file * files
        segments = 0 if mission.mode == "staging" else 1
        work = Work(
            cpu_s=self.costs.tasks["process"].of(files, received),
            read_bytes=received,
            write_bytes=sizes.store_per_byte * received + sizes.store_per_file * files + segments * segment,
            objects=sizes.objects_per_file * files + segments,
            items=max(1, round(files)),
        )
        driver_s, scheduler_s = self.handing()
        drives = self.costs.driver["process"]
        phase = Phase(
            tasks,
            work,
            hand_s=driver_s,
            take_s=drives.of(files, received) + self.site.sync_s,
            scheduler_s=scheduler_s,
            session_s=self.session_s() + self.fresh_s(),
            gap_s=self.costs.handing.gap_s,
        )
        return Stage("process", phases=(phase,))

    def packages(self) -> Iterator[Stage]:
        """Yield package and verify by turns: all batches but the last are alike."""
        count = package_count(self.costs, self.mission)
        most = packages_at_once(self.costs, self.mission, self.site.workers)
        batches, rest = divmod(count, most)
        if batches:
            yield from self.batch(count, most, batches)
        if rest:
            yield from self.batch(count, rest, 1)

    def batch(self, count: int, at_once: int, repeats: int) -> tuple[Stage, Stage]:
        """Return package and verify of batches of so many packages of all."""
        mission, costs = self.mission, self.costs
        files, received = mission.files / count, mission.bytes / count
        size = packed_bytes(costs, mission) / count
        driver_s, scheduler_s = self.handing()
        told = {
            "hand_s": driver_s,
            "scheduler_s": scheduler_s,
            "session_s": self.session_s(),
            "gap_s": costs.handing.gap_s,
        }
        moved = 0.0 if self.site.storage.copies_itself else size
        join = Work(costs.tasks["join"].of(0, size), read_bytes=size + moved, write_bytes=moved, objects=1)
        # Each package is planned, has two manifests and is completed; each batch writes to the journal.
        package = Stage(
            "package",
            at_once * (costs.driver["package"].of(files, received) + 2 * self.site.sync_s) + self.site.sync_s,
            objects=2 * at_once + 1,
            phases=(Phase(at_once, join, **told),),
            repeats=repeats,
        )
        tasks = max(1, min(math.ceil(received / TASK_BYTES), round(files)))
        check = Work(
            costs.tasks["verify"].of(files / tasks, received / tasks),
            read_bytes=size / tasks,
            items=max(1, round(files / tasks)),
        )
        # Each package is opened, held against catalog and inventories, and has its note and its ``delivery.json`` written.
        concluding_s = costs.driver["verify"].of(files, received) + costs.listed_s * mission.files
        verify = Stage(
            "verify",
            at_once * (concluding_s + self.site.sync_s) + self.site.sync_s,
            objects=2 * at_once + 1,
            phases=tuple(
                Phase(some * tasks, check, **told) for some in proofs(at_once, files, self.site.workers)
            ),
            repeats=repeats,
        )
        return package, verify


def packed_bytes(costs: Costs, mission: Mission) -> float:
    """Return the size of all packages together."""
    sizes = costs.sizes
    return sizes.segment_per_byte * mission.bytes + sizes.segment_per_file * mission.files


def package_count(costs: Costs, mission: Mission) -> int:
    """Return how many packages there are: one a period, or as many as their largest size wants."""
    return max(min(mission.periods, mission.files), math.ceil(packed_bytes(costs, mission) / PACKAGE_BYTES))


def packages_at_once(costs: Costs, mission: Mission, workers: float = math.inf) -> int:
    """Return how many packages are joined at once: a file and its label are two members."""
    count = package_count(costs, mission)
    remembered = most_members(workers) / (2 * mission.files / count)
    return math.ceil(min(count, workers, remembered))


def proofs(packages: int, files: float, workers: float) -> Iterator[int]:
    """Yield how many of some packages, of so many files each, are proved at once: their members are remembered."""
    most = max(1, int(most_members(workers) // (2 * files)))
    while packages > 0:
        yield min(most, packages)
        packages -= most


def make_stages(costs: Costs, mission: Mission, site: Site) -> tuple[Stage, ...]:
    """Return the stages of a run of a mission at a site."""
    maker = _Maker(costs, mission, site)
    shared = (Stage("start", site.start_s), maker.alone("discover"), maker.alone("plan"), maker.process())
    end = (maker.alone("rest"), Stage("end", site.end_s))
    if mission.mode == "staging":
        return (*shared, maker.alone("publish"), *end)
    return (*shared, maker.alone("assemble"), maker.alone("publish"), *maker.packages(), *end)
