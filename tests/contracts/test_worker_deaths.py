"""Workers that die, hang, retire or stay away: no innocent item is condemned, none is lost, and nothing waits for ever."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from distributed import LocalCluster
from distributed.core import Status

from drf_reprocess.compute import cluster as cluster_module
from drf_reprocess.compute import watchdog
from drf_reprocess.compute.base import Cause, TaskEvent
from drf_reprocess.compute.serial import SerialExecutor
from drf_reprocess.compute.sites import SiteOptions, open_site
from drf_reprocess.compute.suspects import ATTEMPTS, Verdict, judge, run_surely
from drf_reprocess.errors import ComputeError
from drf_reprocess.identifiers import Lid
from drf_reprocess.model import Candidate, SourceFile, SourceState, WorkItem
from drf_reprocess.stages.process import process
from drf_reprocess.testing.fatal_tasks import (
    die_on,
    die_once_on,
    eat_memory_on,
    hold_the_lock_on,
    split,
    square,
    wait_for_file,
)

PATIENCE_S = 60
MIB = 2**20


def outcomes(executor, function, context, items):
    """Run all and return the results of all that came right, and the verdicts of the others."""
    right, wrong, events = [], {}, []
    for judged in run_surely(executor, function, context, items, split):
        events.append(judged.event)
        if judged.verdict is Verdict.DONE:
            right += judged.event.value()
        elif judged.verdict is not Verdict.AGAIN:
            wrong[judged.event.item] = judged
    return sorted(right), wrong, events


def local(workers=2, **options):
    return open_site(SiteOptions("local", workers, **options))


@contextlib.contextmanager
def dask_process(*arguments):
    started = subprocess.Popen(
        [sys.executable, "-m", "dask", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},  # the functions above, too
    )
    try:
        yield started
    finally:
        kill_tree(started.pid)
        started.wait()


def kill_tree(pid):
    """Kill a process and all that it started, as when its host is lost."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()


def wait_until(condition, limit_s=PATIENCE_S):
    deadline = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return found


@pytest.fixture
def scheduler(tmp_path):
    """A scheduler as an operator starts it, with Dask's default settings: process and address."""
    file = tmp_path / "scheduler.json"
    with dask_process(
        *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"),
        *("--scheduler-file", file),
    ) as process:
        wait_until(lambda: file.is_file() and file.read_text().endswith("}"))
        yield process, json.loads(file.read_text())["address"]


def worker(scheduler, folder, *more, host="127.0.0.1"):
    return dask_process(
        *("worker", scheduler[1], "--host", host, "--nworkers", "1", "--nthreads", "1", "--no-dashboard"),
        *("--local-directory", folder, *more),
    )


def at_address(scheduler, **options):
    return open_site(SiteOptions("address", address=scheduler[1], **options))


def worker_pids():
    """The worker processes of a local cluster of this process."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has just ended
            if any("spawn_main" in word for word in child.cmdline()):
                found.append(child.pid)
    return found


def drain(executor, function, context, items):
    """Run in another thread; return the future of all events."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(lambda: list(executor.run(function, context, items)))
    pool.shutdown(wait=False)
    return future


# Decisions: who is to blame?


def lost(*causes):
    return [TaskEvent((1,), None, ComputeError("lost"), "w", 0, 0, 0, 0, cause) for cause in causes]


@pytest.mark.parametrize(
    ("causes", "verdict"),
    [
        ([Cause.ENDED], Verdict.AGAIN),
        ([Cause.ENDED, Cause.ENDED], Verdict.WORKER_DIED),
        ([Cause.MEMORY, Cause.MEMORY], Verdict.WORKER_DIED),
        ([Cause.TIME_LIMIT, Cause.TIME_LIMIT], Verdict.TIME_LIMIT),
        ([Cause.TIME_LIMIT, Cause.ENDED], Verdict.WORKER_DIED),
        ([Cause.ENDED, Cause.RETIRED, Cause.HOST_LOST], Verdict.AGAIN),
        ([Cause.ENDED, Cause.TOGETHER, Cause.ENDED], Verdict.WORKER_DIED),
        ([Cause.HOST_LOST] * (ATTEMPTS - 1), Verdict.AGAIN),
        ([Cause.HOST_LOST] * ATTEMPTS, Verdict.WORKER_LOST),
        ([Cause.ENDED, *[Cause.RETIRED] * (ATTEMPTS - 1)], Verdict.WORKER_LOST),
    ],
)
def test_only_two_unexplained_deaths_alone_condemn(causes, verdict):
    assert judge(lost(*causes)) is verdict


class LosesWorkers(SerialExecutor):
    """Loses the worker of each item as often as its script says, and for that reason."""

    def __init__(self, script):
        self.script = script
        self.alone = Counter()

    def run(self, function, context, items):
        for item in items:
            yield TaskEvent(item, None, ComputeError("in company"), "w", 0, 0, 0, 0, Cause.ENDED)

    def run_alone(self, function, context, items):
        for item in items:
            causes = self.script.get(item, [])
            number = self.alone[item]
            self.alone[item] += 1
            if number < len(causes):
                yield TaskEvent(item, None, ComputeError(f"no. {number}"), "w", 0, 0, 0, 0, causes[number])
            else:
                yield TaskEvent(item, function(context, item), None, "w", 0, 0, 0, 0)


def test_suspects_run_alone_until_it_is_known_who_it_was():
    executor = LosesWorkers({(1,): [Cause.ENDED] * 9, (2,): [Cause.ENDED], (3,): [Cause.HOST_LOST] * 9})
    right, wrong, events = outcomes(executor, die_on, -1, [(1, 2), (3, 4)])
    assert right == [2, 4]
    assert {item: judged.verdict for item, judged in wrong.items()} == {
        (1,): Verdict.WORKER_DIED,
        (3,): Verdict.WORKER_LOST,
    }
    assert [str(loss.error) for loss in wrong[(1,)].losses] == ["no. 0", "no. 1"]
    assert executor.alone == {(1,): 2, (2,): 2, (3,): ATTEMPTS, (4,): 1}
    assert sum(event.worker_lost for event in events) == 2 + 2 + 1 + ATTEMPTS


@pytest.mark.parametrize(
    ("causes", "code", "remedy"),
    [
        ([Cause.ENDED, Cause.MEMORY], "worker-died", "compute.memory_limit"),
        ([Cause.TIME_LIMIT] * 2, "task-time-limit", "compute.task_limit_s"),
        ([Cause.HOST_LOST] * ATTEMPTS, "worker-lost", "logs"),
    ],
)
def test_a_file_that_is_given_up_has_a_reason_with_all_that_is_known(causes, code, remedy):
    candidate = Candidate("x", Lid("urn:nasa:pds:maven:data:x"), (SourceFile("/x", "x.drf", 10, 0),))
    item = WorkItem("eps:x", "eps", (candidate,), "new file")
    *tries, (event, outcomes) = process(LosesWorkers({(item,): causes}), None, [(item,)])
    assert event.item == (item,)
    ((source,),) = (outcome.sources for outcome in outcomes)
    assert (source.state, source.code) == (SourceState.FAILED, code)
    assert remedy in source.remedy
    for number in range(len(causes)):
        assert f"({number + 1}) no. {number}" in source.message
    assert len(tries) == len(causes)
    assert all((event.item, outcomes) == ((), ()) and event.cause for event, outcomes in tries)


# The watchdog, in a process of its own


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_the_watchdog_ends_a_process_that_holds_the_interpreter_lock():
    done = run_python(
        "import ctypes\nfrom drf_reprocess.compute.watchdog import time_limit\n"
        "with time_limit(60), time_limit(0.2): ctypes.PyDLL(None).sleep(20)"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Timeout (0:00:00.")
    assert "line 3 in <module>" in done.stderr


def test_the_watchdog_is_set_to_the_earliest_task_of_all_threads():
    """A later task with a longer limit does not push it back, and the end of one does not disarm it for the others."""
    done = run_python(
        "import threading, time\nfrom drf_reprocess.compute.watchdog import time_limit\n"
        "def work(limit_s, pause_s):\n with time_limit(limit_s): time.sleep(pause_s)\n"
        "for pair in (1.0, 20), (0, 0.1), (30, 0.2): threading.Thread(target=work, args=pair, daemon=True).start()\n"
        "time.sleep(0.5); print('still there', flush=True); time.sleep(20); print('too late')"
    )
    assert (done.returncode, done.stdout) == (1, "still there\n")


def test_the_watchdog_lets_go_of_what_ended_in_time():
    done = run_python(
        "import time\nfrom drf_reprocess.compute.watchdog import tasks_at_work, time_limit\n"
        "with time_limit(0.3): assert tasks_at_work() == 1\n"
        "time.sleep(0.6); print(tasks_at_work())"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_no_task_is_left_on_the_books_of_this_process():
    with contextlib.suppress(ZeroDivisionError), watchdog.time_limit(0):
        raise ZeroDivisionError
    assert watchdog.tasks_at_work() == 0


# Real processes


class TestLocalDeaths:
    """One local cluster; each test leaves two workers behind."""

    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls):
        with local(task_limit_s=1, wait_s=30) as executor:
            yield executor

    def test_a_file_that_ends_its_worker_is_condemned_alone(self, executor):
        right, wrong, _ = outcomes(executor, die_on, 7, [(0, 1, 2), (5, 6, 7, 8), (9,)])
        assert right == [0, 1, 2, 5, 6, 8, 9]
        assert [(item, judged.verdict) for item, judged in wrong.items()] == [((7,), Verdict.WORKER_DIED)]
        assert [loss.cause for loss in wrong[(7,)].losses] == [Cause.ENDED] * 2
        assert "MiB when last heard of" in str(wrong[(7,)].event.error)

    def test_a_file_that_ends_its_worker_once_is_not_condemned(self, executor, tmp_path):
        right, wrong, events = outcomes(executor, die_once_on, str(tmp_path), split(range(4)))
        assert (right, wrong) == ([0, 1, 2, 3], {})
        assert sum(event.worker_lost and event.item == (0,) for event in events) == 2

    def test_a_file_that_hangs_with_the_interpreter_lock_is_condemned_alone(self, executor):
        right, wrong, _ = outcomes(executor, hold_the_lock_on, 3, [(2, 3), (4, 5)])
        assert right == [2, 4, 5]
        assert [(item, judged.verdict) for item, judged in wrong.items()] == [((3,), Verdict.TIME_LIMIT)]
        assert "compute.task_limit_s" in str(wrong[(3,)].event.error)


class TestPausedWorkers:
    """Workers that are there and take nothing, as when their memory stays full."""

    @pytest.fixture(scope="class")
    @classmethod
    def cluster(cls):
        with LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            memory_limit=0,  # or Dask would wake it up again
            protocol="tcp",
            host="127.0.0.1",
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        ) as cluster:
            yield cluster

    @pytest.mark.parametrize("alone", [pytest.param(False, marks=pytest.mark.slow), True])
    def test_they_are_waited_for_with_a_limit(self, cluster, alone):
        with open_site(SiteOptions("address", address=cluster.scheduler_address, wait_s=2)) as executor:
            with self.paused(cluster):
                run = executor.run_alone if alone else executor.run
                with pytest.raises(ComputeError, match="takes tasks: they are paused"):
                    list(run(square, 0, split(range(5))))
            assert len(list(run(square, 0, split(range(5))))) == 5

    @pytest.mark.slow
    def test_the_run_goes_on_when_they_do(self, cluster, caplog):
        with (
            open_site(SiteOptions("address", address=cluster.scheduler_address, wait_s=5)) as executor,
            ThreadPoolExecutor(1) as pool,
        ):
            with self.paused(cluster):
                future = pool.submit(lambda: list(executor.run(square, 0, split(range(5)))))
                wait_until(lambda: "they are paused, or closing; waiting up to 5 s" in caplog.text)
            assert len(future.result(PATIENCE_S)) == 5
        assert "at work again" in caplog.text

    @contextlib.contextmanager
    def paused(self, cluster):
        """Pause the worker in its own thread, and wait until the scheduler knows."""

        def put(status):
            cluster.loop.add_callback(setattr, cluster.workers[0], "status", status)
            wait_until(lambda: {w.status for w in cluster.scheduler.workers.values()} == {status})

        put(Status.paused)
        try:
            yield
        finally:
            put(Status.running)


@pytest.mark.slow
class TestRandomKills:
    """Workers are killed at random while innocent items run."""

    @pytest.mark.parametrize("seed", range(8))
    def test_no_innocent_item_is_condemned_and_none_is_lost(self, seed):
        kills = random.Random(seed)
        stop = threading.Event()
        killed = []

        def kill():
            while len(killed) < 4 and not stop.wait(kills.uniform(0.3, 1.5)):
                if pids := worker_pids():
                    killed.append(kills.choice(pids))
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(killed[-1], signal.SIGKILL)

        items = [tuple(range(n, n + 4)) for n in range(0, 400, 4)]
        with local(task_limit_s=60, wait_s=60) as executor:
            killer = threading.Thread(target=kill)
            killer.start()
            try:
                right, wrong, events = outcomes(executor, square, 0.02, items)
            finally:
                stop.set()
                killer.join()
        assert wrong == {}
        assert right == [n**2 for n in range(400)]
        assert len(killed) >= 2
        assert any(event.worker_lost for event in events)

    @pytest.mark.parametrize("seed", range(4))
    def test_all_workers_at_once_are_killed_again_and_again(self, seed):
        """Their nannies bring them back; suspects that run alone meanwhile have an idle witness."""
        kills = random.Random(100 + seed)
        stop = threading.Event()

        def kill():
            for _ in range(5):
                if stop.wait(kills.uniform(1.0, 4.0)):
                    return
                for pid in worker_pids():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

        items = [tuple(range(n, n + 4)) for n in range(0, 80, 4)]
        with local(task_limit_s=60, wait_s=60) as executor:
            killer = threading.Thread(target=kill)
            killer.start()
            try:
                right, wrong, events = outcomes(executor, square, 0.1, items)
            finally:
                stop.set()
                killer.join()
        assert wrong == {}
        assert right == [n**2 for n in range(80)]
        assert any(event.worker_lost for event in events)


@pytest.mark.slow
def test_a_file_that_eats_memory_is_told_as_such():
    with local(memory_limit=300 * MIB, wait_s=60) as executor:
        right, wrong, _ = outcomes(executor, eat_memory_on, 3, [(2, 3), (4, 5)])
    assert right == [2, 4, 5]
    assert [(item, judged.verdict) for item, judged in wrong.items()] == [((3,), Verdict.WORKER_DIED)]
    assert [loss.cause for loss in wrong[(3,)].losses] == [Cause.MEMORY] * 2
    assert "memory limit 300 MiB" in str(wrong[(3,)].event.error)


@pytest.mark.slow
def test_a_host_that_is_lost_condemns_nothing(scheduler, tmp_path, monkeypatch):
    """The file is at work alone on a worker whose host is lost; then it runs on another host."""
    monkeypatch.setattr(cluster_module, "GRACE_S", 4)
    with (
        worker(scheduler, tmp_path / "a", "--no-nanny", host="127.0.0.2") as first,
        at_address(scheduler, wait_s=30) as executor,
    ):
        events = executor.run_alone(wait_for_file, str(tmp_path), [(1,)])
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(next, events)
            wait_until(lambda: list(tmp_path.glob("1-*")))
            with worker(scheduler, tmp_path / "b"):
                kill_tree(first.pid)
                event = future.result(PATIENCE_S)
                assert (event.item, event.cause) == ((1,), Cause.HOST_LOST)
                (tmp_path / "go").touch()
                assert judge([event]) is Verdict.AGAIN
                assert [one.value() for one in executor.run_alone(wait_for_file, str(tmp_path), [(1,)])] == [
                    (1,)
                ]
        events.close()


@pytest.mark.slow
@pytest.mark.parametrize("whole", [True, False])
def test_a_nanny_that_is_gone_explains_the_death_and_one_that_is_there_does_not(
    scheduler, tmp_path, monkeypatch, whole
):
    """As when the time of a batch job is up, on a node that others go on using; or only the worker is killed."""
    monkeypatch.setattr(cluster_module, "GRACE_S", 4)
    (tmp_path / "go").unlink(missing_ok=True)
    with (
        worker(scheduler, tmp_path / "a") as job,
        at_address(scheduler, wait_s=30) as executor,
        ThreadPoolExecutor(1) as pool,
    ):
        events = executor.run_alone(wait_for_file, str(tmp_path), [(1,)])
        future = pool.submit(next, events)
        (mark,) = wait_until(lambda: list(tmp_path.glob("1-*")))
        with worker(scheduler, tmp_path / "b"):
            if whole:
                kill_tree(job.pid)
            else:
                os.kill(int(mark.name.split("-")[1]), signal.SIGKILL)
            event = future.result(PATIENCE_S)
            assert event.cause is (Cause.HOST_LOST if whole else Cause.ENDED)
        events.close()


@pytest.mark.slow
def test_a_worker_at_the_end_of_its_lifetime_condemns_nothing(scheduler, tmp_path):
    with (
        worker(scheduler, tmp_path / "a", "--lifetime", "6 s"),
        at_address(scheduler, wait_s=30) as executor,
        ThreadPoolExecutor(1) as pool,
    ):
        events = executor.run_alone(wait_for_file, str(tmp_path), [(1,)])
        future = pool.submit(next, events)
        wait_until(lambda: list(tmp_path.glob("1-*")))
        event = future.result(PATIENCE_S)
        assert event.cause is Cause.RETIRED
        (tmp_path / "go").touch()
        events.close()


@pytest.mark.slow
def test_dask_does_not_try_again_whatever_its_settings(scheduler, tmp_path):
    """This scheduler would try four times, and take a worker each time."""
    with (
        worker(scheduler, tmp_path / "a") as _,
        worker(scheduler, tmp_path / "b") as _,
        at_address(scheduler, wait_s=30) as executor,
    ):
        wait_until(lambda: executor.workers == 2)
        events = {event.item: event for event in executor.run(die_on, 0, split(range(4)))}
        assert set(events) == set(split(range(4)))
        assert events[(0,)].cause is Cause.ENDED
        right, wrong, events = outcomes(executor, die_on, 7, [(0, 1, 2), (5, 6, 7, 8), (9,)])
    assert right == [0, 1, 2, 5, 6, 8, 9]
    assert [(item, judged.verdict) for item, judged in wrong.items()] == [((7,), Verdict.WORKER_DIED)]


@pytest.mark.slow
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_scheduler_that_ends_or_hangs_ends_the_run(scheduler, tmp_path, caplog, blow):
    with (
        worker(scheduler, tmp_path / "a"),
        at_address(scheduler, wait_s=4) as executor,
    ):
        future = drain(executor, wait_for_file, str(tmp_path), split(range(5)))
        wait_until(lambda: list(tmp_path.glob("*-*")))
        scheduler[0].send_signal(blow)
        started = time.monotonic()
        expected = "connection to the Dask scheduler is lost" if blow == signal.SIGKILL else "does not answer"
        with pytest.raises(ComputeError, match=f"{expected}.*run the same command again"):
            future.result(PATIENCE_S)
        assert time.monotonic() - started < 20
    assert time.monotonic() - started < 40


@pytest.mark.slow
def test_a_cluster_without_workers_is_waited_for_and_goes_on(scheduler, tmp_path, caplog):
    with (
        contextlib.ExitStack() as stack,
        worker(scheduler, tmp_path / "a") as first,
        at_address(scheduler, wait_s=40) as executor,
    ):
        future = drain(executor, wait_for_file, str(tmp_path), split(range(5)))
        wait_until(lambda: list(tmp_path.glob("*-*")))
        (tmp_path / "go").touch()
        kill_tree(first.pid)
        with caplog.at_level(logging.WARNING):
            wait_until(lambda: "the Dask cluster has no workers; waiting up to 40 s" in caplog.text)
        stack.enter_context(worker(scheduler, tmp_path / "b"))
        events = future.result(PATIENCE_S)
    assert {event.item for event in events} == set(split(range(5)))
    assert "the Dask cluster is at work again" in caplog.text


@pytest.mark.slow
def test_a_cluster_that_stays_without_workers_ends_the_run(scheduler, tmp_path):
    with (
        worker(scheduler, tmp_path / "a") as first,
        at_address(scheduler, wait_s=3) as executor,
    ):
        future = drain(executor, wait_for_file, str(tmp_path), split(range(5)))
        wait_until(lambda: list(tmp_path.glob("*-*")))
        kill_tree(first.pid)
        with pytest.raises(
            ComputeError, match=r"no workers, for 3 s by now \(compute.wait_s\): start workers"
        ):
            future.result(PATIENCE_S)
