"""The stages of a run as the pipeline has them, with what each asks of driver, workers and storage.

What is serial and what is not is taken from ``pipeline.py`` and ``stages/``: discover, plan, assemble and publish are the
driver's alone. Of process the driver draws each task's items from the catalog and commits its outcomes. Packages are made
one after another: a single worker joins the segments that the tasks of process wrote and reads the package for its digest,
then all workers verify it by ranges; the next package begins when this one is proved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.scale.costs import Costs
from drf_reprocess.stages.plan import MAX_PARTITION_FILES, MIN_PARTITION_BYTES, PARTITIONS_PER_WORKER
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
    end_s: float = 0.0
    """In none of the stages: the end of the workers."""
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
    """Before the first task: the workers are told of the context."""


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
            take_s=drives.of(files, received) + self.costs.machine.sync_s,
            scheduler_s=scheduler_s,
            session_s=self.session_s() + self.costs.machine.warm_s,
        )
        return Stage("process", phases=(phase,))

    def packages(self) -> tuple[Stage, Stage]:
        """Return package and verify; each is repeated for every package."""
        mission, sizes, costs = self.mission, self.costs.sizes, self.costs
        packed = sizes.segment_per_byte * mission.bytes + sizes.segment_per_file * mission.files
        packages = max(min(mission.periods, mission.files), math.ceil(packed / PACKAGE_BYTES))
        files, received, size = mission.files / packages, mission.bytes / packages, packed / packages
        driver_s, scheduler_s = self.handing()
        moved = 0.0 if self.site.storage.copies_itself else size
        join = Work(costs.tasks["join"].of(0, size), read_bytes=size + moved, write_bytes=moved, objects=1)
        joining = Phase(1, join, driver_s, 0.0, scheduler_s, self.session_s())
        package = Stage(
            "package",
            costs.driver["package"].of(files, received) + 3 * costs.machine.sync_s,
            objects=2,
            phases=(joining,),
            repeats=packages,
        )
        tasks = max(1, min(math.ceil(received / TASK_BYTES), round(files)))
        checking = Phase(
            tasks,
            Work(
                costs.tasks["verify"].of(files / tasks, received / tasks),
                read_bytes=size / tasks,
                items=max(1, round(files / tasks)),
            ),
            driver_s,
            0.0,
            scheduler_s,
            self.session_s(),
        )
        verify = Stage(
            "verify",
            costs.driver["verify"].of(files, received) + 2 * costs.machine.sync_s,
            objects=2,
            phases=(checking,),
            repeats=packages,
        )
        return package, verify


def make_stages(costs: Costs, mission: Mission, site: Site) -> tuple[Stage, ...]:
    """Return the stages of a run of a mission at a site."""
    maker = _Maker(costs, mission, site)
    shared = (Stage("start", site.start_s), maker.alone("discover"), maker.alone("plan"), maker.process())
    end = Stage("end", site.end_s)
    if mission.mode == "staging":
        return (*shared, maker.alone("publish"), end)
    return (*shared, maker.alone("assemble"), maker.alone("publish"), *maker.packages(), end)
