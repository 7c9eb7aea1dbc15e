"""The same mission at every site gives the same bytes; workers that die and schedulers that are strange do no harm."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from drf_integration_cli import clean_environment, command, settings
from drf_integration_trees import assert_same, catalog_rows, contents

from drf_reprocess.testing.sample import write_sample

RUN_TIME = "2026-01-02T03:04:05Z"
PATIENCE_S = 60


def words(source, output, **more):
    keys = {
        "source__uri": source,
        "output__uri": output,
        "run__time": RUN_TIME,
        "run__partition_bytes": "1 MiB",  # many small tasks
    }
    return settings(**keys | more)


def events(output):
    (path,) = output.glob("runs/*/events.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def assert_made_alike(output, reference):
    assert_same(contents(output), contents(reference))
    assert catalog_rows(output / "catalog.sqlite") == catalog_rows(reference / "catalog.sqlite")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Some ten megabytes, with the defects that every mission has."""
    folder = tmp_path_factory.mktemp("sites") / "source"
    write_sample(str(folder), scale=0.3, days=3, types=("gnc", "pf", "eps", "imu"), defects="typical")
    return folder


@pytest.fixture(scope="module")
def reference(source, tmp_path_factory, cli):
    """Made in one process, one file after another."""
    output = tmp_path_factory.mktemp("reference") / "output"
    done = cli("run", "--json", *words(source, output, compute__site="serial"))
    assert done.returncode in (0, 3), done.stderr
    assert len(events(output)) > 5
    return output, done


@contextlib.contextmanager
def process(*arguments):
    """A process of Dask's own command line, ended at the end."""
    started = subprocess.Popen(
        [sys.executable, "-m", "dask", *map(str, arguments)],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(15)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a scheduler as an operator starts it, with Dask's default settings."""
    file = tmp_path_factory.mktemp("scheduler") / "scheduler.json"
    with process(
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--no-show",
        "--scheduler-file",
        file,
    ):
        wait_for(lambda: file.is_file() and file.read_text().endswith("}"))
        yield json.loads(file.read_text())["address"]


def worker(scheduler, folder, *more):
    return process(
        *("worker", scheduler, "--host", "127.0.0.1", "--nworkers", "1", "--nthreads", "1", "--no-dashboard"),
        *("--local-directory", folder, *more),
    )


def test_a_local_cluster_makes_the_same_bytes(source, reference, tmp_path, cli):
    output, expected = tmp_path / "output", reference[1]
    done = cli("run", "--json", *words(source, output, compute__workers=2))
    assert done.returncode == expected.returncode
    assert done.json["products"] == expected.json["products"]
    assert done.json["warnings"] == []
    assert_made_alike(output, reference[0])
    assert len({event["worker"] for event in events(output)}) == 2
    assert len(done.json["peak_memory_bytes"]) == 3
    assert min(done.json["peak_memory_bytes"].values()) > 10_000_000


@pytest.mark.slow
@pytest.mark.parametrize("changed", [{"run__partition_bytes": "1 GiB"}, {"compute__workers": 1}])
def test_neither_partitions_nor_workers_matter(source, reference, tmp_path, cli, changed):
    output = tmp_path / "output"
    cli("run", "--json", *words(source, output, **{"compute__workers": 2} | changed))
    assert_made_alike(output, reference[0])


@pytest.mark.slow
def test_a_running_cluster_makes_the_same_bytes(source, reference, scheduler, tmp_path, cli):
    """Its unsafe settings are told, on standard error and in the summary, and do not stop the run."""
    output = tmp_path / "output"
    site = {"compute__site": "address", "compute__address": scheduler}
    with worker(scheduler, tmp_path / "a"), worker(scheduler, tmp_path / "b"):
        done = cli("run", "--json", *words(source, output, **site))
        assert done.returncode == reference[1].returncode, done.stderr
        warnings = "\n".join(done.json["warnings"])
        for setting in (
            "distributed.scheduler.allowed-failures = 3",
            "distributed.scheduler.worker-saturation = 1.1",
        ):
            assert setting in warnings
            assert setting in " ".join(done.stderr.split())
        assert done.json["products"] == reference[1].json["products"]
        assert_made_alike(output, reference[0])
        again = cli("run", "--json", *words(source, output, **site), check=0).json
        assert (again["products"]["processed"], again["deliveries"]) == (0, [])


@pytest.mark.slow
def test_a_worker_of_a_running_cluster_is_killed(source, reference, scheduler, tmp_path):
    output = tmp_path / "output"
    site = {"compute__site": "address", "compute__address": scheduler}
    with worker(scheduler, tmp_path / "a"), worker(scheduler, tmp_path / "b", "--no-nanny") as victim:
        done = run_and_kill(words(source, output, **site), output, lambda _: victim.pid)
    assert done.returncode == reference[1].returncode, done.stderr
    assert_made_alike(output, reference[0])


def local_worker(driver):
    """The process id of one of the driver's workers."""
    workers = [
        child.pid
        for child in psutil.Process(driver).children(recursive=True)
        if any("spawn_main" in word for word in child.cmdline())
    ]
    return workers[0]


def run_and_kill(arguments, output, find_victim):
    """Run, and kill a worker with no time to say anything, in the middle of its work."""
    driver = subprocess.Popen(
        command("run", "--json", *arguments),
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    told: list[str] = []
    reader = threading.Thread(target=lambda: told.extend(driver.stderr), daemon=True)
    reader.start()
    try:
        wait_for(lambda: driver.poll() is not None or sum(1 for _ in output.glob("store/*/*")) >= 3)
        assert driver.poll() is None, "".join(told)
        os.kill(find_victim(driver.pid), signal.SIGKILL)
        stdout = driver.stdout.read()
        driver.wait(PATIENCE_S)
    finally:
        driver.kill()
        driver.wait()
        reader.join(PATIENCE_S)
        driver.stdout.close()
        driver.stderr.close()
    return subprocess.CompletedProcess(arguments, driver.returncode, stdout, "".join(told))


@pytest.mark.slow
def test_a_worker_is_killed_at_work(source, reference, tmp_path):
    """What it was at work on runs once more, alone; the end is the same."""
    output = tmp_path / "output"
    done = run_and_kill(words(source, output, compute__workers=2), output, local_worker)
    assert done.returncode == reference[1].returncode, done.stderr
    assert "run once more, each alone" in " ".join(done.stderr.split())
    assert json.loads(done.stdout)["products"] == reference[1].json["products"]
    assert_made_alike(output, reference[0])


def test_a_scheduler_that_does_not_answer(source, tmp_path, cli_here, monkeypatch):
    monkeypatch.setattr("drf_reprocess.compute.sites.CONNECT_TIMEOUT_S", 0.5)
    site = {"compute__site": "address", "compute__address": "tcp://127.0.0.1:9"}
    done = cli_here("run", "--json", *words(source, tmp_path / "output", **site), check=1)
    assert done.json["error"]["kind"] == "ComputeError"
    assert (
        "no Dask scheduler answers at compute.address = 'tcp://127.0.0.1:9'" in done.json["error"]["message"]
    )
    assert contents(tmp_path / "output") == {}


@pytest.mark.slow
def test_a_scheduler_without_workers(source, scheduler, tmp_path, cli_here, monkeypatch):
    monkeypatch.setattr("drf_reprocess.compute.sites.CONNECT_TIMEOUT_S", 1)
    site = {"compute__site": "address", "compute__address": scheduler}
    done = cli_here("run", "--json", *words(source, tmp_path / "output", **site), check=1)
    assert f"the Dask scheduler at {scheduler} has no workers" in done.json["error"]["message"]


@pytest.mark.parametrize("address", ["", "nonsense", "tcp://", "http://127.0.0.1:9", "tcp://127.0.0.1"])
def test_an_address_that_is_none(source, tmp_path, cli_here, monkeypatch, address):
    monkeypatch.setattr("drf_reprocess.compute.sites.CONNECT_TIMEOUT_S", 0.5)
    site = {"compute__site": "address"} | ({"compute__address": address} if address else {})
    done = cli_here("run", "--json", *words(source, tmp_path / "output", **site))
    assert done.returncode in (1, 2)
    assert done.json["error"]["kind"] != "internal", done.json["error"]
    assert "compute.address" in done.json["error"]["message"]
