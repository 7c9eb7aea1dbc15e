"""The lock of an output: who gets it, who is refused, and what a dead driver leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from drf_reprocess.errors import OutputLocked
from drf_reprocess.lock import LOCK, break_lock, holder, locked
from drf_reprocess.storage.base import open_store

NOW = "2026-11-21T00:00:00Z"

HOLD = """
import sys, time
from drf_reprocess.lock import locked
from drf_reprocess.storage.base import open_store
with locked(open_store(sys.argv[1]), "run", "2026-11-20T00:00:00Z"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def output(tmp_path):
    return open_store(str(tmp_path / "output"))


@pytest.fixture
def other_driver(output):
    process = subprocess.Popen([sys.executable, "-c", HOLD, output.root], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def elsewhere(output, **changes):
    """Leave a lock as a driver of another host does."""
    left = {"owner": "soc", "host": "another", "process": 1, "since": NOW, "purpose": "run"}
    output.write(LOCK, json.dumps(left | changes).encode())


def test_it_tells_who_holds_it_and_is_gone_afterwards(output):
    with locked(output, "adopt", NOW):
        held = holder(output)
        assert (held.process, held.purpose, held.since) == (os.getpid(), "adopt", NOW)
    assert holder(output) is None
    assert os.listdir(output.root) == []


def test_it_is_gone_after_an_error(output):
    with pytest.raises(ZeroDivisionError), locked(output, "run", NOW):
        raise ZeroDivisionError
    assert holder(output) is None


def test_a_second_driver_is_refused_and_told_of_the_first(output, other_driver):
    with (
        pytest.raises(OutputLocked, match=f"process {other_driver.pid}, since 2026-11-20"),
        locked(output, "run", NOW),
    ):
        pass
    with pytest.raises(OutputLocked, match="stop it by Ctrl-C"):
        break_lock(output)
    assert holder(output).process == other_driver.pid


def test_a_killed_driver_of_this_host_is_followed_at_once(output, other_driver, caplog):
    other_driver.send_signal(signal.SIGKILL)
    other_driver.wait()
    assert holder(output).process == other_driver.pid
    with locked(output, "run", NOW):
        assert holder(output).process == os.getpid()
    assert "taking over from run" in caplog.text


def test_another_hosts_lock_is_respected_until_a_person_breaks_it(output):
    elsewhere(output)
    with (
        pytest.raises(OutputLocked, match=r"run by soc on another, process 1.*unlock --reason"),
        locked(output, "run", NOW),
    ):
        pass
    assert break_lock(output).host == "another"
    assert break_lock(output) is None
    with locked(output, "run", NOW):
        pass


def test_a_lock_that_cannot_be_read_is_somebody_elses(output):
    output.write(LOCK, b"\xff{")
    with pytest.raises(OutputLocked, match="cannot be read"), locked(output, "run", NOW):
        pass


class TestObjectStore:
    @pytest.fixture
    def output(self, tmp_path):
        return open_store(f"memory://lock-{tmp_path.name}")

    def test_one_driver_at_a_time(self, output):
        with locked(output, "run", NOW):
            assert holder(output).purpose == "run"
            with pytest.raises(OutputLocked, match="another driver"), locked(output, "run", NOW):
                pass
        assert holder(output) is None

    def test_a_dead_process_of_this_host_is_followed(self, output):
        import socket

        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        elsewhere(output, host=socket.gethostname(), process=gone.pid)
        with locked(output, "run", NOW):
            pass
        elsewhere(output, host=socket.gethostname(), process=os.getppid())
        with pytest.raises(OutputLocked, match="is held"), locked(output, "run", NOW):
            pass


def test_waiting_drivers_get_it_one_by_one(output, tmp_path):
    """Six drivers at once: never two of them at work."""
    script = tmp_path / "driver.py"
    script.write_text(
        "import sys, time, os\n"
        "from drf_reprocess.errors import OutputLocked\n"
        "from drf_reprocess.lock import locked\n"
        "from drf_reprocess.storage.base import open_store\n"
        "output = open_store(sys.argv[1])\n"
        "while True:\n"
        "    try:\n"
        "        with locked(output, 'run', 'now'):\n"
        "            os.mkdir(output.root + '/at-work')\n"
        "            time.sleep(0.01)\n"
        "            os.rmdir(output.root + '/at-work')\n"
        "            break\n"
        "    except OutputLocked:\n"
        "        time.sleep(0.002)\n"
    )
    began = time.monotonic()
    drivers = [subprocess.Popen([sys.executable, str(script), output.root]) for _ in range(6)]
    assert [driver.wait(60) for driver in drivers] == [0] * len(drivers)
    assert time.monotonic() - began < 60
