"""Processes are killed with ``kill -9`` at every kind of moment; the run goes on and ends in the undisturbed bytes.

``pytest -m slow tests/integration/test_kill.py -s`` makes 8 seeded trials; DRF_KILL_TRIALS and DRF_KILL_SEED choose others,
DRF_KILL_ONLY=SEED repeats one.
"""

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
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from drf_integration_cli import clean_environment, command, run_cli
from drf_integration_trees import MADE, assert_nothing_half_written, assert_same, catalog_rows, contents

from drf_reprocess.catalog.sql import open_catalog
from drf_reprocess.journal import read_journal
from drf_reprocess.storage.base import open_store
from drf_reprocess.testing.sample import write_sample

KILL_AT = Path(__file__).with_name("kill_at.py")
TRIALS = int(os.environ.get("DRF_KILL_TRIALS", "8"))
SEED = int(os.environ.get("DRF_KILL_SEED", "20261121"))
ONLY = os.environ.get("DRF_KILL_ONLY", "")
TIMEOUT_S = 120
RUN_TIME = "2026-01-02T03:04:05Z"
TYPES = ("gnc", "eps", "pf", "imu")

STORE = "drf_reprocess.storage.local_store"
DRIVER_POINTS = (
    # stage boundaries
    ("drf_reprocess.cli.progress:ProgressObserver.stage_started", ("before", "after"), 9),
    ("drf_reprocess.cli.progress:ProgressObserver.stage_ended", ("before", "after"), 9),
    # catalog commits: before, within and after the transaction
    ("drf_reprocess.catalog.sql_sources:SqlSources.start_run", ("before", "after"), 1),
    ("drf_reprocess.catalog.sql_sources:SqlSources.commit_states", ("before", "after"), 1),
    ("drf_reprocess.catalog.sql_sources:SqlSources.commit_outcomes", ("before", "after"), 6),
    ("drf_reprocess.catalog.sql_sources:write_products", ("before", "after"), 6),
    ("drf_reprocess.catalog.sql_sources:SqlSources.finish_run", ("before", "after"), 1),
    ("drf_reprocess.catalog.sql_products:SqlProducts.commit_aggregates", ("before", "after"), 1),
    ("drf_reprocess.catalog.sql_products:replace_current", ("before", "after"), 1),
    ("drf_reprocess.catalog.sql_deliveries:SqlDeliveries.commit_release", ("before", "after"), 1),
    ("drf_reprocess.catalog.sql_deliveries:SqlDeliveries.commit_delivery", ("before", "after"), 3),
    ("drf_reprocess.catalog.sql_deliveries:SqlDeliveries.complete_delivery", ("before", "after"), 3),
    ("drf_reprocess.catalog.sql_deliveries:SqlDeliveries.move_delivery", ("before", "after"), 3),
    ("drf_reprocess.catalog.sql_deliveries:SqlDeliveries.forget_packed", ("before", "after"), 1),
    # journal
    ("drf_reprocess.journal:Journal.write", ("before", "after"), 8),
    ("drf_reprocess.catalog.sql_journal:SqlJournal.forget_changes", ("before", "after"), 5),
    # packages, manifests, notes, delivery.json
    (f"{STORE}:LocalStore.compose", ("before", "after"), 3),
    (f"{STORE}:copy_range", ("before", "after"), 12),
    ("drf_reprocess.pipeline:verify_package", ("before", "after"), 3),
    ("drf_reprocess.pipeline:write_note", ("before", "after"), 3),
    ("drf_reprocess.pipeline:write_delivery_json", ("before", "after"), 3),
    # any write, and half of one; views; what is removed at the end
    (f"{STORE}:LocalStore._place_once", ("before", "after"), 40),
    (f"{STORE}:write_all", ("half",), 30),
    (f"{STORE}:LocalStore.link", ("before", "after"), 60),
    (f"{STORE}:LocalStore.remove_tree", ("before", "after"), 4),
    ("drf_reprocess.lock:locked", ("after",), 1),
)
WORKER_POINTS = (
    ("drf_reprocess.stages.process:reprocess", ("before", "after"), 5),
    ("drf_reprocess.reprocess:to_parquet", ("before", "after"), 5),
    ("drf_reprocess.reprocess:product_label", ("before", "after"), 5),
    ("drf_reprocess.stages.process:put_object", ("before", "after"), 12),
    (f"{STORE}:LocalStore._place_once", ("before", "after"), 12),
    (f"{STORE}:write_all", ("half",), 12),
    ("drf_reprocess.stages.segments:SegmentWriter.write", ("before", "after"), 2),
    ("drf_reprocess.stages.verify_members:check_one", ("before", "after"), 8),
)
RESUMED_POINTS = (
    ("drf_reprocess.pipeline:settle_deliveries", ("before", "after"), 1),
    ("drf_reprocess.pipeline:sweep", ("before", "after"), 1),
    ("drf_reprocess.stages.publish:Views.rebuild", ("before", "after"), 1),
    (f"{STORE}:LocalStore.tidy", ("before", "after"), 1),
    (f"{STORE}:LocalStore.link", ("before", "after"), 30),
)
KINDS = {
    "driver-point": 10,
    "worker-point": 6,
    "driver-at-random": 4,
    "group-at-random": 4,
    "a-worker-at-random": 3,
    "all-workers": 3,
    "interrupt": 2,
}


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

    def environment(self, output: Path, **more: str) -> dict[str, str]:
        fixed = {
            "DRF_SOURCE__URI": str(self.source),
            "DRF_OUTPUT__URI": str(output),
            "DRF_RUN__TIME": RUN_TIME,
            "DRF_RUN__PARTITION_BYTES": "1 MiB",
            "DRF_PACKAGE__MAX_BYTES": "120 KiB",
            "DRF_COMPUTE__WORKERS": "2",
            "DRF_COMPUTE__DASHBOARD": "",
        }
        return fixed | self.settings | more

    def prepare(self, output: Path) -> None:
        if self.begin is not None:
            shutil.copytree(self.begin, output, symlinks=True)


def rng_of(seed: int) -> random.Random:
    return random.Random(f"drf-kill-{seed}")


@pytest.fixture(scope="session")
def worlds(tmp_path_factory):
    """A first run; and a campaign over an archive that has an accepted release, with staged, new and changed files."""
    root = tmp_path_factory.mktemp("kill")
    source = root / "source"
    write_sample(str(source), scale=0.02, days=3, types=TYPES, defects="typical")
    first = World("first", source, None, {}, root / "first")
    later = root / "later"
    shutil.copytree(source, later)
    begin = root / "begin"
    second = World(
        "second",
        later,
        begin,
        {
            "DRF_RUN__MODE": "full",
            "DRF_RUN__REASON": "labels of another kind",
            "DRF_RELEASE__BUMP": "minor",
            "DRF_RUN__TIME": "2026-05-02T03:04:05Z",
        },
        root / "second",
    )
    begun = {**first.environment(begin), "DRF_SOURCE__URI": str(later)}
    run_cli("run", env=begun)
    run_cli("delivery", "accept", "maven_anc_d001", env=begun, check=0)
    extra = root / "extra"
    write_sample(str(extra), scale=0.02, start=date(2014, 11, 20), days=2, types=TYPES, seed=5)
    shutil.copytree(extra, later, dirs_exist_ok=True)
    changed = sorted(later.glob("eps/*/*.drf"))[0]
    changed.write_bytes(b"".join(changed.read_bytes().splitlines(keepends=True)[:-1]))
    staging = {**begun, "DRF_RUN__MODE": "staging", "DRF_RUN__TIME": "2026-03-02T03:04:05Z"}
    run_cli("run", env=staging)
    for world in (first, second):
        world.prepare(world.undisturbed)
        started = time.monotonic()
        done = run_cli("run", "--json", env=world.environment(world.undisturbed))
        world.lasts_s = time.monotonic() - started
        assert done.returncode in (0, 3), done.stderr
        assert len(done.json["deliveries"]) > 2
        world.trees = contents(world.undisturbed, *MADE, "staging", "profile")
        world.rows = catalog_rows(world.undisturbed / "catalog.sqlite")
    return {"first": first, "second": second}


def children_of(pid: int) -> list[int]:
    """Return the worker processes of a driver: what it started and still runs, but its resource tracker."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


@dataclass
class Blow:
    """One start of the program, and how it is cut off."""

    kind: str
    words: str
    """Of `kill_at.py`, or the moment in seconds."""
    resume: bool

    def strike(self, world: World, output: Path, marker: Path) -> int:
        environment = world.environment(output)
        at_point = self.kind.endswith("-point")
        if at_point:
            environment |= {"KILL_AT": self.words, "KILL_MARKER": str(marker)}
        words = ["run", *(["--resume"] if self.resume else [])]
        with subprocess.Popen(
            [sys.executable, str(KILL_AT), *words],
            env=clean_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            restore_signals=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as driver:
            try:
                if not at_point:
                    with suppress(subprocess.TimeoutExpired):
                        driver.wait(float(self.words))
                    self._hit(driver)
                return driver.wait(TIMEOUT_S)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(driver.pid, signal.SIGKILL)
                driver.kill()

    def _hit(self, driver: subprocess.Popen) -> None:
        with suppress(ProcessLookupError):
            if self.kind == "driver-at-random":
                driver.kill()
            elif self.kind == "group-at-random":
                workers = children_of(driver.pid)
                driver.kill()
                for worker in workers:
                    os.kill(worker, signal.SIGKILL)
            elif self.kind == "interrupt":
                driver.send_signal(random.Random(self.words).choice([signal.SIGINT, signal.SIGTERM]))
            else:
                workers = children_of(driver.pid)
                for worker in workers if self.kind == "all-workers" else workers[:1]:
                    with suppress(ProcessLookupError):
                        os.kill(worker, signal.SIGKILL)


def plan(seed: int) -> tuple[str, list[Blow]]:
    """Return the world of a trial, and one to three blows in a row."""
    rng = rng_of(seed)
    world = rng.choice(["first", "first", "second"])
    blows = []
    for number in range(rng.choice([1, 1, 1, 2, 2, 3])):
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        points = WORKER_POINTS if kind == "worker-point" else DRIVER_POINTS
        if kind == "driver-point" and number and rng.random() < 0.6:
            points = RESUMED_POINTS
        target, whens, most = rng.choice(points)
        words = (
            f"{kind.partition('-')[0]} {target} {rng.choice(whens)} {rng.randint(1, most)}"
            if kind.endswith("-point")
            else f"{rng.uniform(0.3, 4.0):.3f}"
        )
        blows.append(Blow(kind, words, resume=bool(number) and rng.random() < 0.5))
    return world, blows


def finish(world: World, output: Path) -> dict:
    """Run to the end, undisturbed, and compare everything with the run that never was disturbed."""
    last = run_cli("run", "--json", env=world.environment(output))
    assert last.returncode in (0, 3), last.stderr
    compare(world, output)
    again = run_cli("run", "--json", env=world.environment(output), check=0).json
    assert (again["deliveries"], again["resumed"]) == ([], [])
    assert again["decisions"].keys() <= {"same"}  # a campaign reads everything again
    compare(world, output)
    return last.json


def compare(world: World, output: Path) -> None:
    assert_nothing_half_written(output)
    assert_same(contents(output, *MADE, "staging", "profile"), world.trees)
    rows = catalog_rows(output / "catalog.sqlite")
    for table, expected in world.rows.items():
        assert rows[table] == expected, f"table {table}"
    assert rows["packed"] == []
    tops = {path.name for path in output.iterdir() if not path.name.startswith("catalog.sqlite")}
    expected_tops = {
        path.name for path in world.undisturbed.iterdir() if not path.name.startswith("catalog.sqlite")
    }
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
    with (
        open_catalog(f"sqlite:///{output}/catalog.sqlite", create=False) as catalog,
        open_catalog("sqlite://", create=True) as replayed,
    ):
        replayed.replay(read_journal(open_store(str(output))))
        assert list(replayed.content()) == list(catalog.content()), "the journal tells something else"
        orphans = {file.name.rpartition("/")[2] for file in open_store(str(output)).list("store")}
        orphans -= set(catalog.named_objects())
    undisturbed = {path.rpartition("/")[2] for path in world.trees if path.startswith("store/")}
    assert orphans <= undisturbed


def try_out(worlds: dict[str, World], seed: int, folder: Path) -> Counter[str]:
    """Make one trial and return what was done."""
    name, blows = plan(seed)
    world, output = worlds[name], folder / "output"
    world.prepare(output)
    done: Counter[str] = Counter(trials=1)
    for number, blow in enumerate(blows):
        code = blow.strike(world, output, folder / f"marker-{number}")
        print(
            f"trial {seed}, {name}: {blow.kind} {blow.words}{' --resume' if blow.resume else ''}: ended with {code}"
        )
        done[blow.kind] += 1
        done["cut off"] += code not in (0, 3)
        if blow.kind == "interrupt":
            assert code in (0, 3, 130), f"an interrupted run ends with 130, not {code}"
        if blow.kind.startswith(("worker", "a-worker", "all-workers")):
            assert code in (0, 3), f"a run survives the loss of workers; it ended with {code}"
    last = finish(world, output)
    done["resumed"] += bool(last["resumed"])
    return done


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_seeded_trials(worlds, tmp_path):
    seeds = [int(ONLY)] if ONLY else [SEED + number for number in range(TRIALS)]
    total: Counter[str] = Counter()
    failed = {}
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            total += try_out(worlds, seed, folder)
        except AssertionError as error:
            failed[seed] = str(error)
            print(f"trial {seed} failed (repeat it by DRF_KILL_ONLY={seed}; {folder}): {error}")
        else:
            shutil.rmtree(folder)
    print(f"kill trials: {dict(total)}, violations: {len(failed)}")
    assert failed == {}


def start_dask(name: str, *words: str) -> subprocess.Popen[str]:
    """Start a process of a Dask cluster that somebody else runs."""
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{name}", *words],
        env=clean_environment({"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )


@contextmanager
def dask_cluster() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a scheduler and two workers; give the scheduler's address and process."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scheduler = start_dask("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    workers = [start_dask("worker", address, "--nthreads", "1", "--no-dashboard") for _ in range(2)]
    try:
        yield address, scheduler
    finally:
        for process in (scheduler, *workers):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_scheduler_is_killed(worlds, tmp_path):
    """The run ends with a clear error; with another scheduler it goes on and ends in the same bytes."""
    world, output = worlds["first"], tmp_path / "output"
    for when in ("half way", "not at all"):
        with dask_cluster() as (address, scheduler):
            environment = world.environment(output, DRF_COMPUTE__SITE="address", DRF_COMPUTE__ADDRESS=address)
            with subprocess.Popen(
                command("run", "--json"),
                env=clean_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as driver:
                if when == "half way":
                    deadline = time.monotonic() + 60
                    while time.monotonic() < deadline and not list((output / "store").glob("*/*"))[3:]:
                        time.sleep(0.01)
                    os.killpg(scheduler.pid, signal.SIGKILL)
                stdout, stderr = driver.communicate(timeout=TIMEOUT_S)
            if when == "half way":
                assert driver.returncode == 1, stderr
                assert "scheduler" in stdout
            else:
                assert driver.returncode in (0, 3), stderr
    compare(world, output)


SERIAL = [
    "driver drf_reprocess.catalog.sql_sources:SqlSources.commit_outcomes after 1",
    f"driver {STORE}:write_all half 9",
    "driver drf_reprocess.pipeline:write_delivery_json before 1",
]


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("kill-small")
    write_sample(str(root / "source"), scale=0.01, days=1, types=("eps", "pf"), defects="typical")
    world = World("small", root / "source", None, {"DRF_COMPUTE__SITE": "serial"}, root / "undisturbed")
    run_cli("run", env=world.environment(world.undisturbed))
    world.trees = contents(world.undisturbed, *MADE, "staging", "profile")
    world.rows = catalog_rows(world.undisturbed / "catalog.sqlite")
    return world


@pytest.mark.parametrize("words", SERIAL, ids=lambda words: words.split(":")[-1].replace(" ", "-"))
def test_a_driver_killed_at_a_point(small, tmp_path, words):
    code = Blow("driver-point", words, resume=False).strike(small, tmp_path / "output", tmp_path / "marker")
    assert code == -signal.SIGKILL
    finish(small, tmp_path / "output")
