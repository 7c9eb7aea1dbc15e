"""Processes are killed with ``kill -9`` at every kind of moment; the run goes on and ends in the undisturbed bytes.

``pytest -m slow tests/integration/test_kill.py -s`` makes 8 seeded trials; DRF_KILL_TRIALS and DRF_KILL_SEED choose others,
DRF_KILL_ONLY=SEED repeats one.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections import Counter
from contextlib import suppress
from datetime import date

import pytest
from drf_integration_cli import clean_environment, command, run_cli, settings
from drf_integration_kill_trials import (
    DRIVER_POINTS,
    ENDED,
    KILL_AT,
    KILLED,
    RESUMED_POINTS,
    STORE,
    TIMEOUT_S,
    WAIT_S,
    WORKER_POINTS,
    Blow,
    World,
    compare,
    dask_cluster,
    finish,
    strike,
    try_out,
    wait_until,
)
from drf_integration_trees import contents

from drf_reprocess.testing.sample import write_sample

TRIALS = int(os.environ.get("DRF_KILL_TRIALS", "8"))
SEED = int(os.environ.get("DRF_KILL_SEED", "20261121"))
ONLY = os.environ.get("DRF_KILL_ONLY", "")
TYPES = ("gnc", "eps", "pf", "imu")


@pytest.fixture(scope="session")
def worlds(tmp_path_factory):
    """A first run; and a campaign over an archive that has an accepted release, with staged, new and changed files."""
    root = tmp_path_factory.mktemp("kill")
    source, later = root / "source", root / "later"
    write_sample(str(source), scale=0.15, days=3, types=TYPES, defects="typical")
    shutil.copytree(source, later)
    first = World("first", source, None, {}, root / "first")
    begin = root / "begin"
    campaign = {
        "DRF_RUN__MODE": "full",
        "DRF_RUN__REASON": "labels of another kind",
        "DRF_RELEASE__BUMP": "minor",
        "DRF_RUN__TIME": "2026-05-02T03:04:05Z",
    }
    second = World("second", later, begin, campaign, root / "second")
    begun = {**first.environment(begin), "DRF_SOURCE__URI": str(later)}
    assert run_cli("run", env=begun).returncode in ENDED
    run_cli("delivery", "accept", "maven_anc_d001", env=begun, check=0)
    extra = root / "extra"
    write_sample(str(extra), scale=0.15, start=date(2014, 11, 20), days=2, types=TYPES, seed=5)
    shutil.copytree(extra, later, dirs_exist_ok=True)
    changed = sorted(later.glob("eps/*/*.drf"))[0]
    changed.write_bytes(b"".join(changed.read_bytes().splitlines(keepends=True)[:-1]))
    staging = {**begun, "DRF_RUN__MODE": "staging", "DRF_RUN__TIME": "2026-03-02T03:04:05Z"}
    assert run_cli("run", env=staging).returncode in ENDED
    for world in (first, second):
        world.learn()
    return {"first": first, "second": second}


@pytest.mark.slow
def test_every_point_is_come_by(worlds, tmp_path):
    """A moment that never comes kills nothing: each is there in a run, or in one that goes on; and there is much to be cut off."""
    for world in worlds.values():
        for role, points in (("driver", DRIVER_POINTS), ("worker", WORKER_POINTS)):
            assert [target for target in points if not world.calls[f"{role} {target}"]] == []
        assert world.calls["driver drf_reprocess.catalog.sql_sources:SqlSources.commit_outcomes"] >= 4
        assert world.calls["driver drf_reprocess.pipeline:write_delivery_json"] >= 3
    world, output = worlds["first"], tmp_path / "output"
    blow = Blow("driver-point", "driver drf_reprocess.pipeline:write_delivery_json before 2")
    assert strike(world, output, blow, tmp_path / "marker").code == KILLED
    calls = world.count(output)
    assert [target for target in RESUMED_POINTS if not calls[f"driver {target}"]] == []
    compare(world, output)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_seeded_trials(worlds, tmp_path):
    seeds = [int(ONLY)] if ONLY else [SEED + number for number in range(TRIALS)]
    total: Counter[str] = Counter()
    failed = []
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            total += try_out(worlds, seed, folder)
        except (AssertionError, subprocess.TimeoutExpired):
            failed.append(seed)
            print(f"trial {seed} failed; repeat it by DRF_KILL_ONLY={seed}; what it left is in {folder}")
            traceback.print_exc(file=sys.stdout)
        else:
            shutil.rmtree(folder)
    print(f"kill trials: {dict(sorted(total.items()))}, violations: {len(failed)}")
    assert failed == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("victim", "moment"),
    [("scheduler", "store/*/*"), ("workers", "deliveries/*/*.zip")],
    ids=["the scheduler at work", "all workers while packing"],
)
def test_a_cluster_is_killed(worlds, tmp_path, victim, moment):
    """The run ends with a clear error, in bounded time; with another cluster it goes on and ends in the same bytes."""
    world, output = worlds["first"], tmp_path / "output"
    with dask_cluster() as (address, scheduler, workers):
        where = {"DRF_COMPUTE__SITE": "address", "DRF_COMPUTE__ADDRESS": address}
        with subprocess.Popen(
            command("run", "--json"),
            env=clean_environment(world.environment(output) | where),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as driver:
            assert wait_until(lambda: list(output.glob(moment)), driver), "the run was over too soon"
            started = time.monotonic()
            for process in [scheduler] if victim == "scheduler" else workers:
                os.killpg(process.pid, signal.SIGKILL)
            stdout, _ = driver.communicate(timeout=TIMEOUT_S)
            took_s = time.monotonic() - started
    error = json.loads(stdout)["error"]
    assert (driver.returncode, error["kind"]) == (1, "ComputeError")
    assert victim in error["message"]
    assert "what was finished is kept" in error["message"]
    assert took_s < 3 * WAIT_S
    with dask_cluster() as (address, _, _):
        done = run_cli(
            "run", "--json", env=world.environment(output) | where | {"DRF_COMPUTE__ADDRESS": address}
        )
    assert done.returncode in ENDED, done.stderr
    assert len(done.json["resumed"]) == 1
    compare(world, output)


SERIAL = [
    "driver drf_reprocess.catalog.sql_sources:SqlSources.commit_outcomes after 1",
    f"driver {STORE}:write_all half 9",
]


@pytest.fixture
def run_here(cli_here):
    """Run the program in this process: what is killed is a process of its own, what follows it need not be."""

    def run(environment, *words):
        keys = {name.removeprefix("DRF_").lower(): value for name, value in environment.items()}
        return cli_here("run", "--json", *words, *settings(**keys))

    return run


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("kill-small")
    write_sample(str(root / "source"), scale=0.01, days=1, types=("eps", "pf"), defects="typical")
    world = World("small", root / "source", None, {"DRF_COMPUTE__SITE": "serial"}, root / "undisturbed")
    world.learn()
    return world


@pytest.mark.parametrize("words", SERIAL, ids=lambda words: words.split(":")[-1].replace(" ", "-"))
def test_a_driver_killed_at_a_point(small, tmp_path, run_here, words):
    struck = strike(small, tmp_path / "output", Blow("driver-point", words), tmp_path / "marker")
    assert (struck.code, struck.hit) == (KILLED, True)
    finish(small, tmp_path / "output", run_here)


def test_a_second_driver_is_refused_and_a_dead_one_is_followed(small, tmp_path, run_here):
    """The first is frozen in the middle of its work, so that the second surely meets it; then it is killed."""
    output, marker = tmp_path / "output", tmp_path / "marker"
    how = {
        "KILL_AT": "driver drf_reprocess.pipeline:write_delivery_json before 1",
        "KILL_HOW": "stop",
        "KILL_MARKER": str(marker),
    }
    with subprocess.Popen(
        [sys.executable, str(KILL_AT), "run"],
        env=clean_environment(small.environment(output) | how),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as first:
        try:
            assert wait_until(lambda: marker.exists() and marker.read_text().endswith("\n"), first)
            before = contents(output, "bundle", "deliveries", "store", "runs")
            lock = json.loads((output / "lock.json").read_text())
            refused = [run_here(small.environment(output), *words) for words in ([], ["--resume"])]
            for second in refused:
                assert second.returncode == 1
                message = second.json["error"]["message"]
                assert second.json["error"]["kind"] == "OutputLocked"
                for told in (getpass.getuser(), socket.gethostname(), f"process {first.pid}", lock["since"]):
                    assert told in message
            assert contents(output, "bundle", "deliveries", "store", "runs") == before
        finally:
            with suppress(ProcessLookupError):
                first.kill()
    assert first.returncode == KILLED
    assert (output / "lock.json").exists()
    finish(small, output, run_here)
