"""A run, event by event: driver, scheduler, workers, shared storage, lost workers, stragglers.

The driver does one thing after another; so does the scheduler, which is the driver's process unless it is apart. Storage
and shared cores are divided evenly among all that use them at a moment. Two tasks a worker are in flight; a finished task's
answer is committed before the next is handed out. A lost worker's task is done again when the ordinary ones are done, each
of its items alone on a worker that has nothing else, and one worker of each host is left without work then.

The same seed gives the same run. Stages of very many tasks are played for some of them; the rest take the pace of the middle
half of those.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.scale.stages import Phase, Site, Stage, Work

MANY_TASKS = 1_000
TASKS_PER_WORKER = 10
"""So many tasks are played, at least; the first fill the window of two a worker, the last empty it."""
WINDOW_PER_WORKER = 2
ROUNDS = 4
"""A task reads, computes and writes file by file; it is played in so many rounds at most."""
SECONDS_PER_HOUR = 3600.0

Then = Callable[[], None]


class Clock:
    """The time of the simulation, and what happens next."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._waiting: list[tuple[float, int, Then]] = []
        self._count = 0

    def after(self, seconds: float, then: Then) -> None:
        """Let something happen so many seconds from now; at the same time, what was asked first."""
        self._count += 1
        heapq.heappush(self._waiting, (self.now_s + seconds, self._count, then))

    def step(self) -> bool:
        """Let the next thing happen; False if there is none."""
        if not self._waiting:
            return False
        self.now_s, _, then = heapq.heappop(self._waiting)
        then()
        return True


class Shared:
    """Something of a fixed rate that is divided evenly among its users, none of whom gets more than ``each``."""

    def __init__(self, clock: Clock, rate: float, each: float = math.inf) -> None:
        self._clock = clock
        self._rate = rate
        self._each = each
        self._users: dict[int, Then] = {}
        self._ends: list[tuple[float, int]] = []
        self._given = 0.0
        """What each user since the beginning would have got."""
        self._pace = 0.0
        self._seen_s = 0.0
        self._count = 0
        self._version = 0
        self.used = 0.0
        """Amount given out so far."""

    def ask(self, amount: float, then: Then) -> int:
        """Ask for an amount and be told when it is there; return a ticket for `leave`."""
        self._count += 1
        if amount <= 0 or (math.isinf(self._rate) and math.isinf(self._each)):
            self._clock.after(0.0, then)
            return 0
        self._catch_up()
        self._users[self._count] = then
        heapq.heappush(self._ends, (self._given + amount, self._count))
        self._plan()
        return self._count

    def leave(self, ticket: int) -> None:
        """Stop asking."""
        if ticket in self._users:
            self._catch_up()
            del self._users[ticket]
            self._plan()

    def _catch_up(self) -> None:
        grown = self._pace * (self._clock.now_s - self._seen_s)
        self._given += grown
        self.used += grown * len(self._users)
        self._seen_s = self._clock.now_s

    def _plan(self) -> None:
        """Wake up when the first of the users has all it asked for."""
        while self._ends and self._ends[0][1] not in self._users:
            heapq.heappop(self._ends)
        self._version += 1
        self._pace = min(self._each, self._rate / len(self._users)) if self._users else 0.0
        if self._ends:
            version = self._version
            wait_s = max(0.0, (self._ends[0][0] - self._given) / self._pace)
            self._clock.after(wait_s, lambda: self._serve(version))

    def _serve(self, version: int) -> None:
        if version != self._version:
            return
        self._catch_up()
        # The one that this was planned for is done, whatever rounding says of the last bit.
        end, ticket = heapq.heappop(self._ends)
        self._given = max(self._given, end)
        then = self._users.pop(ticket)
        self._plan()
        then()


class Desk:
    """One process that does one thing after another, on processors that it may share with others."""

    def __init__(self, clock: Clock, processors: Shared | None = None) -> None:
        self._clock = clock
        self._processors = processors
        self._waiting: deque[tuple[float, Then]] = deque()
        self._is_busy = False
        self.busy_s = 0.0

    def do(self, seconds: float, then: Then) -> None:
        """Do something that takes so many processor seconds as soon as all before it is done."""
        self._waiting.append((seconds, then))
        if not self._is_busy:
            self._next()

    def _next(self) -> None:
        if not self._waiting:
            self._is_busy = False
            return
        self._is_busy = True
        seconds, then = self._waiting.popleft()
        self.busy_s += seconds

        def done() -> None:
            then()
            self._next()

        if self._processors is None:
            self._clock.after(seconds, done)
        else:
            self._processors.ask(seconds, done)


@dataclass(frozen=True, slots=True)
class Played:
    """How a stage went."""

    name: str
    seconds: float
    tasks: int
    driver_s: float
    """How long the driver was busy."""
    worker_s: float
    """Time that workers had a task, together, what was lost included."""
    lost: int = 0
    """Tasks that were lost with their worker, in company or alone."""
    done: tuple[int, ...] = ()
    """How often each item was done and committed; empty where not every task was played."""


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run."""

    stages: tuple[Played, ...]

    @property
    def seconds(self) -> float:
        """From the start of the workers to the last verified package."""
        return sum(stage.seconds for stage in self.stages)

    def stage(self, name: str) -> Played:
        """Return the stage of that name; one that comes several times as the sum of all."""
        found = [stage for stage in self.stages if stage.name == name]
        return Played(
            name,
            sum(one.seconds for one in found),
            sum(one.tasks for one in found),
            sum(one.driver_s for one in found),
            sum(one.worker_s for one in found),
            sum(one.lost for one in found),
            tuple(count for one in found for count in one.done),
        )


@dataclass(slots=True)
class _Worker:
    number: int
    is_up: bool = True
    task: _Task | None = None


@dataclass(slots=True)
class _Task:
    number: int
    work: Work
    items: tuple[int, ...] = ()
    ticket: int = 0
    resource: Shared | None = None


@dataclass(slots=True)
class _Tally:
    answers_s: list[float] = field(default_factory=list)
    worker_s: float = 0.0
    lost: int = 0
    done: dict[int, int] = field(default_factory=dict)


class _Phase:
    """The tasks of one phase, played."""

    def __init__(self, phase: Phase, site: Site, seed: random.Random, tasks: int) -> None:
        self._phase, self._site, self._random, self._tasks = phase, site, seed, tasks
        self.clock = Clock()
        processors = None if math.isinf(site.cores) else Shared(self.clock, site.cores, 1.0)
        # On a cluster each worker has a core of its own.
        self._processors = processors or Shared(self.clock, math.inf, 1.0)
        storage = site.storage
        self._reading = Shared(self.clock, storage.read_rate, storage.each_rate)
        self._writing = Shared(self.clock, storage.write_rate, storage.each_rate)
        self.driver = Desk(self.clock, processors)
        self.scheduler = Desk(self.clock) if site.scheduler_apart else self.driver
        self._workers = [_Worker(number) for number in range(site.workers)]
        self._idle = deque(self._workers)
        self._ready: deque[_Task] = deque()
        self._drawn = 0
        self._flying = 0
        self._again: deque[_Task] = deque()
        self._is_alone = False
        self.tally = _Tally()

    def play(self) -> None:
        """Play all tasks, in company and then, what was lost, alone."""
        if self._site.deaths_per_hour:
            for worker in self._workers:
                self._let_die(worker)
        for _ in range(min(self._tasks, WINDOW_PER_WORKER * self._site.workers)):
            self._hand_out()
        self._work_off()
        self._is_alone = True
        spared = self._site.workers // self._site.workers_per_host if self._site.workers_per_host > 1 else 0
        seats = max(1, self._site.workers - spared)
        while self._again:
            for _ in range(min(seats, len(self._again))):
                self._hand(self._again.popleft())
            self._work_off_one()
            while self._flying >= seats or (self._flying and not self._again):
                self._work_off_one()

    def _work_off(self) -> None:
        while self._flying:
            self.clock.step()

    def _work_off_one(self) -> None:
        before = self._flying
        while self._flying >= before > 0:
            self.clock.step()

    # the driver

    def _hand_out(self) -> None:
        if self._drawn < self._tasks:
            number, count = self._drawn, self._phase.work.items
            self._drawn += 1
            self._hand(_Task(number, self._phase.work, tuple(range(number * count, (number + 1) * count))))

    def _hand(self, task: _Task) -> None:
        self._flying += 1
        self.driver.do(
            self._phase.hand_s,
            lambda: self.scheduler.do(self._phase.scheduler_s / 2, lambda: self._offer(task)),
        )

    def _answer(self, task: _Task) -> None:
        def committed() -> None:
            for item in task.items:
                self.tally.done[item] = self.tally.done.get(item, 0) + 1
            self.tally.answers_s.append(self.clock.now_s)
            self._land()

        self.driver.do(self._phase.take_s * (task.work.items / self._phase.work.items), committed)

    def _land(self) -> None:
        self._flying -= 1
        if not self._is_alone:
            self._hand_out()

    # the scheduler

    def _offer(self, task: _Task) -> None:
        self._ready.append(task)
        self._assign()

    def _assign(self) -> None:
        while self._ready and self._idle:
            worker = self._idle.popleft()
            if worker.is_up and worker.task is None:
                self._start(worker, self._ready.popleft())

    # a worker

    def _start(self, worker: _Worker, task: _Task) -> None:
        worker.task = task
        began_s = self.clock.now_s
        work, storage = task.work, self._site.storage
        cpu_s = work.cpu_s * self._site.crowding
        if self._site.straggler_share and self._random.random() < self._site.straggler_share:
            cpu_s *= self._site.straggler_times
        rounds = min(ROUNDS, work.items)
        steps: deque[tuple[Shared | None, float]] = deque()
        for _ in range(rounds):
            read, compute, write = (
                self._vary(amount / rounds) for amount in (work.read_bytes, cpu_s, work.write_bytes)
            )
            steps.extend(((self._reading, read), (self._processors, compute), (self._writing, write)))
        steps.append((None, work.objects * storage.object_s))

        def travels() -> None:
            self.clock.after(self._phase.gap_s, lambda: self._finish(worker, task))

        def go_on() -> None:
            if worker.task is not task:  # it was lost with its worker
                return
            if not steps:
                worker.task = None
                self.tally.worker_s += self.clock.now_s - began_s
                self.scheduler.do(self._phase.scheduler_s / 2, travels)
                return
            resource, amount = steps.popleft()
            task.resource = resource
            if resource is None:
                self.clock.after(amount, go_on)
            else:
                task.ticket = resource.ask(amount, go_on)

        go_on()

    def _vary(self, amount: float) -> float:
        # One task alone stands for the many of all repeats: it is the average one.
        spread = self._site.spread if self._phase.tasks > 1 else 0.0
        return amount * self._random.uniform(1 - spread, 1 + spread) if spread else amount

    def _finish(self, worker: _Worker, task: _Task) -> None:
        if worker.is_up and worker.task is None:
            self._idle.append(worker)
            self._assign()
        self._answer(task)

    def _let_die(self, worker: _Worker) -> None:
        rate = self._site.deaths_per_hour / SECONDS_PER_HOUR
        self.clock.after(self._random.expovariate(rate), lambda: self._die(worker))

    def _die(self, worker: _Worker) -> None:
        worker.is_up = False
        task, worker.task = worker.task, None
        if task is not None:
            if task.resource is not None:
                task.resource.leave(task.ticket)
            self.tally.lost += 1
            self._again.extend(self._one_by_one(task))
            self._land()

        def come_back() -> None:
            worker.is_up = True
            if worker not in self._idle:
                self._idle.append(worker)
            self._assign()
            self._let_die(worker)

        self.clock.after(self._site.restart_s, come_back)

    def _one_by_one(self, task: _Task) -> list[_Task]:
        work, count = task.work, task.work.items
        single = Work(
            work.cpu_s / count, work.read_bytes / count, work.write_bytes / count, work.objects / count
        )
        return [_Task(task.number, single, (item,)) for item in task.items]


def _play_phase(phase: Phase, site: Site, seed: random.Random) -> tuple[float, _Phase, float]:
    """Return the seconds of a phase, the part of it that was played, and how many times as many tasks there are."""
    most = max(MANY_TASKS, TASKS_PER_WORKER * site.workers)
    tasks = min(phase.tasks, most)
    played = _Phase(phase, site, seed, tasks)
    played.play()
    seconds = played.clock.now_s
    if phase.tasks > tasks:
        answers = played.tally.answers_s
        first, last = len(answers) // 4, len(answers) * 3 // 4
        seconds += (phase.tasks - tasks) * (answers[last] - answers[first]) / (last - first)
    return phase.session_s + seconds, played, phase.tasks / tasks


def play_stage(stage: Stage, site: Site, seed: random.Random) -> Played:
    """Play one stage once, and tell it for all its repeats: they are all alike."""
    driver_s, storage = stage.driver_s, site.storage
    seconds = driver_s * (site.crowding if not math.isinf(site.cores) else 1.0) / min(1.0, site.cores)
    seconds += stage.objects * storage.object_s
    tasks, lost, worker_s = 0, 0, 0.0
    done: tuple[int, ...] = ()
    for phase in stage.phases:
        phase_s, played, times = _play_phase(phase, site, seed)
        seconds += phase_s
        driver_s += played.driver.busy_s * times
        worker_s += played.tally.worker_s * times
        lost += round(played.tally.lost * times)
        tasks += phase.tasks
        if times == 1 and stage.repeats == 1:
            items = phase.tasks * phase.work.items
            done += tuple(played.tally.done.get(item, 0) for item in range(items))
    many = stage.repeats
    return Played(
        stage.name, seconds * many, tasks * many, driver_s * many, worker_s * many, lost * many, done
    )


def play(stages: tuple[Stage, ...], site: Site, seed: int = 0) -> Run:
    """Play a whole run."""
    random_ = random.Random(seed)
    return Run(tuple(play_stage(stage, site, random_) for stage in stages))
