"""Trials of a run that is struck with ``kill -9``: what may be struck and when, by seed; and what must hold at the end."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from drf_integration_cli import Completed, clean_environment, run_cli
from drf_integration_trees import MADE, assert_nothing_half_written, assert_same, catalog_rows, contents

from drf_reprocess.catalog.sql import open_catalog
from drf_reprocess.journal import mentioned, read_journal
from drf_reprocess.storage.base import open_store

KILL_AT = Path(__file__).with_name("kill_at.py")
TIMEOUT_S = 120
WAIT_S = 8
"""``compute.wait_s``: so long a cluster that is gone is waited for."""
RUN_TIME = "2026-01-02T03:04:05Z"
ENDED = (0, 3)
KILLED = -signal.SIGKILL

STORE = "drf_reprocess.storage.local_store"
SQL = "drf_reprocess.catalog"
AROUND = ("before", "after")
DRIVER_POINTS = {
    # stage boundaries
    "drf_reprocess.cli.progress:ProgressObserver.stage_started": AROUND,
    "drf_reprocess.cli.progress:ProgressObserver.stage_ended": AROUND,
    # catalog commits: before, within and after the transaction
    f"{SQL}.sql_sources:SqlSources.start_run": AROUND,
    f"{SQL}.sql_sources:SqlSources.commit_states": AROUND,
    f"{SQL}.sql_sources:SqlSources.commit_outcomes": AROUND,
    f"{SQL}.sql_sources:write_products": AROUND,
    f"{SQL}.sql_sources:SqlSources.finish_run": AROUND,
    f"{SQL}.sql_products:SqlProducts.commit_aggregates": AROUND,
    f"{SQL}.sql_products:replace_current": AROUND,
    f"{SQL}.sql_deliveries:SqlDeliveries.commit_release": AROUND,
    f"{SQL}.sql_deliveries:SqlDeliveries.commit_delivery": AROUND,
    f"{SQL}.sql_deliveries:SqlDeliveries.complete_delivery": AROUND,
    f"{SQL}.sql_deliveries:SqlDeliveries.move_delivery": AROUND,
    f"{SQL}.sql_deliveries:SqlDeliveries.forget_packed": AROUND,
    # journal and lock
    "drf_reprocess.journal:Journal.write": AROUND,
    f"{SQL}.sql_journal:SqlJournal.forget_changes": AROUND,
    f"{STORE}:LocalStore.create": AROUND,
    # packages, manifests, notes, delivery.json
    "drf_reprocess.stages.package:PackageWriter.write_manifests": AROUND,
    "drf_reprocess.stages.package:join_packages": AROUND,
    "drf_reprocess.stages.package:write_checksum_manifest": AROUND,
    "drf_reprocess.pipeline:verify_packages": AROUND,
    "drf_reprocess.pipeline:write_note": AROUND,
    "drf_reprocess.pipeline:write_delivery_json": AROUND,
    # any write, and half of one; views; what is removed at the end
    f"{STORE}:LocalStore._place_once": AROUND,
    f"{STORE}:write_all": ("half",),
    f"{STORE}:LocalStore.link": AROUND,
    f"{STORE}:LocalStore.remove_tree": AROUND,
    f"{STORE}:LocalStore.tidy": AROUND,
}
WORKER_POINTS = {
    f"{STORE}:read_bytes": AROUND,
    "drf_reprocess.stages.process:reprocess": AROUND,
    "drf_reprocess.reprocess:to_parquet": AROUND,
    "drf_reprocess.reprocess:product_label": AROUND,
    "drf_reprocess.stages.process:put_object": AROUND,
    f"{STORE}:LocalStore._place_once": AROUND,
    f"{STORE}:write_all": ("half",),
    "drf_reprocess.stages.segments:SegmentWriter.write": AROUND,
    # joining packages, and reading them for their digests
    f"{STORE}:LocalStore.compose": AROUND,
    f"{STORE}:copy_range": AROUND,
    "drf_reprocess.stages.package:hash_object": AROUND,
    "drf_reprocess.stages.verify_members:check_one": AROUND,
}
RESUMED_POINTS = {
    "drf_reprocess.pipeline:settle_deliveries": AROUND,
    "drf_reprocess.pipeline:sweep": AROUND,
    "drf_reprocess.stages.publish:Views.rebuild": AROUND,
}
"""Of the driver, in a run that goes on with one that was cut off."""

KINDS = (
    *("driver-point", "group-at-random", "worker-point", "scheduler", "driver-at-random", "straggler"),
    *("driver-point", "interrupt", "all-workers", "driver-point", "worker-point", "driver-at-random"),
    *("outside-workers", "driver-point", "group-at-random", "a-worker", "driver-point", "worker-point"),
)
"""How a trial begins, by turns: eight trials with consecutive seeds have nearly all of them."""


@dataclass
class World:
    """A source, an output to begin with (or none), and where an undisturbed run over both ends."""

    name: str
    source: Path
    begin: Path | None
    settings: dict[str, str]
    undisturbed: Path
    trees: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list] = field(default_factory=dict)
    lasts_s: float = 0.0
    calls: Counter[str] = field(default_factory=Counter)
    """How often a run comes by each point: ``driver module:function`` or ``worker ...``, that of all workers together."""

    def environment(self, output: Path, **more: str) -> dict[str, str]:
        """Return what a run over this world is told, with another output."""
        fixed = {
            "DRF_SOURCE__URI": str(self.source),
            "DRF_OUTPUT__URI": str(output),
            "DRF_RUN__TIME": RUN_TIME,
            "DRF_RUN__PARTITION_BYTES": "1 MiB",
            "DRF_PACKAGE__MAX_BYTES": "500 KiB",
            "DRF_COMPUTE__WORKERS": "2",
            "DRF_COMPUTE__DASHBOARD": "",
            "DRF_COMPUTE__WAIT_S": str(WAIT_S),
        }
        return fixed | self.settings | more

    def prepare(self, output: Path) -> None:
        """Put the output there that a run begins with."""
        if self.begin is not None:
            shutil.copytree(self.begin, output, symlinks=True)

    def learn(self) -> None:
        """Run undisturbed; keep how it ends, how long it takes and how often it comes by each point."""
        self.prepare(self.undisturbed)
        started = time.monotonic()
        self.calls = self.count(self.undisturbed)
        self.lasts_s = time.monotonic() - started
        self.trees = contents(self.undisturbed, *MADE, "staging", "profile")
        self.rows = catalog_rows(self.undisturbed / "catalog.sqlite")

    def count(self, output: Path) -> Counter[str]:
        """Run to the end, unharmed, and return how often it came by each point."""
        told = output.with_name(f"{output.name}-calls")
        points = [f"driver {target}" for target in (*DRIVER_POINTS, *RESUMED_POINTS)]
        points += [f"worker {target}" for target in WORKER_POINTS]
        how = {"KILL_AT": ";".join(f"{point} before 1" for point in points), "KILL_HOW": "tell"}
        code = subprocess.run(
            [sys.executable, str(KILL_AT), "run"],
            env=clean_environment(self.environment(output) | how | {"KILL_MARKER": str(told)}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        ).returncode
        assert code in ENDED
        return Counter(told.read_text().splitlines())


@dataclass(frozen=True)
class Blow:
    """One start of the program, and how it is struck."""

    kind: str
    words: str = ""
    """Of `kill_at.py`, if it is at a point."""
    part: float = 0.0
    """Else when, as a part of the time that an undisturbed run takes."""
    resume: bool = False

    def __str__(self) -> str:
        when = self.words or f"at {self.part:.3f} of the time"
        return f"{self.kind} {when}{' with --resume' if self.resume else ''}"

    def sooner(self) -> Blow:
        """Return it at half of the time, or of the calls."""
        if not self.words:
            return replace(self, part=round(self.part / 2, 3))
        role, target, when, on = self.words.split()
        return replace(self, words=f"{role} {target} {when} {max(1, int(on) // 2)}")


@dataclass(frozen=True)
class Struck:
    """How a run ended that was to be struck."""

    code: int
    hit: bool
    """Whether it was: it may have ended before."""
    straggler: int = 0
    """A process of it that is frozen in the middle of its work and outlives it; 0 for none."""


def calls_of(world: World, role: str, target: str) -> int:
    """Return how often one process comes by a point; of two workers one has half of the calls at least."""
    calls = world.calls[f"{role} {target}"]
    return max(1, calls if role == "driver" else calls // 2)


def draw_point(world: World, rng: random.Random, role: str, points: dict[str, tuple[str, ...]]) -> str:
    """Return words for `kill_at.py`."""
    target = rng.choice(list(points))
    when = rng.choice(points[target])
    on = 1 + int(rng.random() * calls_of(world, role, target))
    return f"{role} {target} {when} {on}"


def draw(worlds: dict[str, World], seed: int) -> tuple[World, list[Blow]]:
    """Return the world of a trial, and one to three blows in a row."""
    rng = random.Random(f"drf-kill-{seed}")
    world = worlds[rng.choice(["first", "first", "second"])]
    blows = []
    for number in range(rng.choice([1, 1, 1, 2, 2, 3])):
        kind = rng.choice(KINDS) if number else KINDS[seed % len(KINDS)]
        resume = bool(number) and rng.random() < 0.5
        if kind == "driver-point":
            points = RESUMED_POINTS if number and rng.random() < 0.4 else DRIVER_POINTS
            blows.append(Blow(kind, draw_point(world, rng, "driver", points), resume=resume))
        elif kind in ("worker-point", "straggler"):
            blows.append(Blow(kind, draw_point(world, rng, "worker", WORKER_POINTS), resume=resume))
        else:
            blows.append(Blow(kind, part=round(0.9 * rng.random(), 3), resume=resume))
    return world, blows


def strike(world: World, output: Path, blow: Blow, marker: Path) -> Struck:
    """Start the program, strike it, and return how it ended."""
    environment = world.environment(output)
    if blow.words:
        how = "stop" if blow.kind == "straggler" else "kill"
        environment |= {"KILL_AT": blow.words, "KILL_MARKER": str(marker), "KILL_HOW": how}
    if blow.kind not in ("scheduler", "outside-workers"):
        return _strike_driver(environment, blow, marker, blow.part * world.lasts_s, output)
    with dask_cluster() as (address, scheduler, workers):
        environment |= {"DRF_COMPUTE__SITE": "address", "DRF_COMPUTE__ADDRESS": address}
        victims = [scheduler] if blow.kind == "scheduler" else workers
        return _strike_driver(environment, blow, marker, blow.part * world.lasts_s, output, victims)


def _strike_driver(
    environment: dict[str, str],
    blow: Blow,
    marker: Path,
    after_s: float,
    output: Path,
    outside: list[subprocess.Popen[bytes]] | None = None,
) -> Struck:
    with subprocess.Popen(
        [sys.executable, str(KILL_AT), "run", *(["--resume"] if blow.resume else [])],
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # Whoever runs these tests in the background of a shell passes on that interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as driver:
        try:
            straggler = 0
            if blow.kind == "straggler":
                if wait_until(lambda: marker.exists() and marker.read_text().endswith("\n"), driver):
                    straggler = int(marker.read_text())
                    driver.kill()
            elif not blow.words:
                with suppress(subprocess.TimeoutExpired):
                    driver.wait(after_s)
                hit = _hit(driver, blow, output, outside or [])
            code = driver.wait(TIMEOUT_S)
            return Struck(code, marker.exists() if blow.words else hit, straggler)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(driver.pid, signal.SIGKILL)


def wait_until(condition: Callable[[], object], driver: subprocess.Popen[bytes]) -> bool:
    """Wait for something, or for the end of a driver; tell whether it came."""
    deadline = time.monotonic() + TIMEOUT_S
    while driver.poll() is None and not condition():
        assert time.monotonic() < deadline, "neither came it, nor did the run end"
        time.sleep(0.005)
    return driver.poll() is None


def _hit(
    driver: subprocess.Popen[bytes], blow: Blow, output: Path, outside: list[subprocess.Popen[bytes]]
) -> bool:
    """Strike from outside, now; tell whether there was anything to be struck."""
    if driver.poll() is not None:
        return False
    if blow.kind == "driver-at-random":
        driver.kill()
    elif blow.kind == "group-at-random":
        victims = workers_of(driver.pid)
        driver.kill()
        kill(victims)
    elif blow.kind == "interrupt":
        # Before it holds the lock, the program is still being loaded.
        if not wait_until((output / "lock.json").exists, driver):
            return False
        driver.send_signal(random.Random(blow.part).choice([signal.SIGINT, signal.SIGTERM]))
    elif outside:
        for process in outside:
            os.killpg(process.pid, signal.SIGKILL)
    else:
        if not wait_until(lambda: workers_of(driver.pid), driver):
            return False
        victims = workers_of(driver.pid)
        return kill(victims if blow.kind == "all-workers" else victims[:1])
    return True


def kill(victims: list[int]) -> bool:
    """Kill processes; tell whether there was one."""
    killed = 0
    for victim in victims:
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            killed += 1
    return killed > 0


def workers_of(driver: int) -> list[int]:
    """Return the worker processes of a driver: what it started and still runs, but its resource tracker."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == driver and b"spawn_main" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return sorted(found)


def allowed_codes(blow: Blow, hit: bool) -> tuple[int, ...]:
    """Return how a run may end."""
    if not hit:
        return ENDED
    if blow.kind in ("driver-point", "straggler", "driver-at-random", "group-at-random"):
        return (KILLED,)
    if blow.kind == "interrupt":
        return (*ENDED, 130)  # it may come when all is done
    if blow.kind in ("scheduler", "outside-workers"):
        return (*ENDED, 1)  # as above
    return ENDED  # a run survives the loss of workers


@contextmanager
def dask_cluster() -> Iterator[tuple[str, subprocess.Popen[bytes], list[subprocess.Popen[bytes]]]]:
    """Run a cluster of somebody else: a scheduler's address, its process, and those of two workers."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scheduler = _start_dask("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    workers = [_start_dask("worker", address, "--nthreads", "1", "--no-dashboard") for _ in range(2)]
    try:
        yield address, scheduler, workers
    finally:
        for process in (scheduler, *workers):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _start_dask(name: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{name}", *words],
        env=clean_environment({"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def run_again(environment: dict[str, str]) -> Completed:
    """Run the program, as a process."""
    return run_cli("run", "--json", env=environment)


def finish(
    world: World, output: Path, run: Callable[[dict[str, str]], Completed] = run_again
) -> dict[str, Any]:
    """Run to the end, and compare everything with the run that never was disturbed; a further run changes nothing."""
    last = run(world.environment(output))
    assert last.returncode in ENDED, last.stderr
    compare(world, output)
    further = run(world.environment(output))
    assert further.returncode == 0, further.stderr
    again = further.json
    assert (again["deliveries"], again["resumed"]) == ([], [])
    assert again["decisions"].keys() <= {"same"}  # a campaign reads everything again
    compare(world, output)
    return last.json


def compare(world: World, output: Path) -> None:
    """See that an output is what an undisturbed run makes of it, and that it holds nothing else."""
    assert_nothing_half_written(output)
    assert_same(contents(output, *MADE, "staging", "profile"), world.trees)
    rows = catalog_rows(output / "catalog.sqlite")
    assert rows.keys() == world.rows.keys()
    for table, expected in world.rows.items():
        assert rows[table] == expected, f"table {table}"
    assert rows["packed"] == []
    tops, expected_tops = (
        {path.name for path in folder.iterdir() if not path.name.startswith("catalog.sqlite")}
        for folder in (output, world.undisturbed)
    )
    assert tops == expected_tops, "something of the run is left over"
    assert list(output.glob("runs/*/segments")) == []
    with closing(sqlite3.connect(output / "catalog.sqlite")) as catalog:
        (problem,) = catalog.execute("PRAGMA integrity_check").fetchone()
        twice = catalog.execute(
            "SELECT lid, major, minor, path FROM delivery_members JOIN deliveries USING (delivery_id) WHERE state NOT IN "
            "('rejected', 'discarded') GROUP BY lid, major, minor, path, receiver HAVING count(DISTINCT delivery_id) > 1"
        ).fetchall()
    assert problem == "ok"
    assert twice == [], "a version in two live deliveries"
    store = open_store(str(output))
    with (
        open_catalog(f"sqlite:///{output}/catalog.sqlite", create=False) as catalog,
        open_catalog("sqlite://", create=True) as replayed,
    ):
        replayed.replay(read_journal(store))
        assert list(replayed.content()) == list(catalog.content()), "the journal tells something else"
        unnamed = {file.name.rpartition("/")[2] for file in store.list("store")}
        unnamed -= set(catalog.named_objects())
    assert unnamed == mentioned(store, unnamed), "objects that no row names or ever named"


def let_go(straggler: int) -> None:
    """Let a frozen process go on, and wait for its end: it has no driver any more."""
    stat = Path(f"/proc/{straggler}/stat")
    with suppress(ProcessLookupError):
        os.kill(straggler, signal.SIGCONT)
    deadline = time.monotonic() + 30
    with suppress(OSError):
        while stat.read_text().rpartition(")")[2].split()[0] != "Z":
            assert time.monotonic() < deadline, "a worker outlives its driver"
            time.sleep(0.02)


def try_out(worlds: dict[str, World], seed: int, folder: Path) -> Counter[str]:
    """Make one trial and return what was done."""
    world, blows = draw(worlds, seed)
    output = folder / "output"
    done: Counter[str] = Counter(trials=1)
    stragglers = []
    try:
        for number, blow in enumerate(blows):
            attempts = [blow] if number else [blow, blow.sooner(), blow.sooner().sooner()]
            for attempt in attempts:
                if (
                    not number
                ):  # a run that ended before it was struck is no trial: once more, from the beginning
                    shutil.rmtree(output, ignore_errors=True)
                    world.prepare(output)
                struck = strike(world, output, attempt, folder / f"marker-{number}")
                told = "hit" if struck.hit else "missed"
                print(f"trial {seed}, {world.name}: {attempt}: {told}, {struck.code}", flush=True)
                if struck.straggler:
                    stragglers.append(struck.straggler)
                assert struck.code in allowed_codes(attempt, struck.hit), (
                    f"{attempt} ended with {struck.code}"
                )
                done[attempt.kind if struck.hit else "missed"] += 1
                if struck.hit:
                    break
            done["cut off"] += struck.code not in ENDED
            if not struck.hit:
                break  # it has come to its end: there is nothing left to be struck
        last = finish(world, output)
        done["resumed"] += bool(last["resumed"])
        if stragglers:
            while stragglers:
                let_go(stragglers[-1])
                stragglers.pop()
            finish(world, output)
    finally:
        kill(stragglers)
    return done
