"""A run that is stopped leaves nothing half-made, and the next one ends where an undisturbed run would have ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, replace
from typing import Any

import pytest
from drf_integration_cli import clean_environment, command, settings
from drf_integration_trees import (
    assert_nothing_half_written,
    assert_same,
    catalog_rows,
    contents,
    run_states,
)

from drf_reprocess.config.load import load_config
from drf_reprocess.mission import open_mission
from drf_reprocess.observer import SilentObserver
from drf_reprocess.pipeline import run_mission
from drf_reprocess.stages import STAGES
from drf_reprocess.testing.sample import write_sample

RUN_TIME = "2026-01-02T03:04:05Z"
PATIENCE_S = 60


def assert_as_if_undisturbed(output, undisturbed):
    assert_same(contents(output), contents(undisturbed))
    assert catalog_rows(output / "catalog.sqlite") == catalog_rows(undisturbed / "catalog.sqlite")
    assert list(output.glob(".drf-reprocess-tmp/*")) == []
    assert list(output.glob("runs/*/segments")) == []


class TestSignals:
    """Signals from outside, to a run with worker processes."""

    @pytest.fixture(scope="class")
    @classmethod
    def larger(cls, tmp_path_factory):
        folder = tmp_path_factory.mktemp("larger") / "source"
        write_sample(str(folder), scale=0.3, days=3, types=("gnc", "pf", "eps", "imu"))
        return folder

    @pytest.fixture(scope="class")
    @classmethod
    def undisturbed(cls, larger, tmp_path_factory, cli):
        output = tmp_path_factory.mktemp("undisturbed") / "output"
        cli("run", "--json", *cls.words(larger, output, "serial"), check=0)
        return output

    @staticmethod
    def words(source, output, site="local"):
        return settings(
            source__uri=source,
            output__uri=output,
            run__time=RUN_TIME,
            run__partition_bytes="1 MiB",
            compute__site=site,
            compute__workers=2,
        )

    def stop(self, source, output, number, moment, *, whole_group=False, by=()):
        """Start a run, send it a signal at a moment, and return how it ended."""
        process = subprocess.Popen(
            [*by, *command("run", "--json", *self.words(source, output))],
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Whoever runs these tests in the background of a shell passes on that interrupts are ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        told: list[str] = []
        reader = threading.Thread(target=lambda: told.extend(process.stderr), daemon=True)
        reader.start()
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not moment(output, told):
                assert process.poll() is None, "".join(told)
                assert time.monotonic() < deadline
                time.sleep(0.002)
            (os.killpg if whole_group else os.kill)(process.pid, number)
            stdout = process.stdout.read()
            process.wait(PATIENCE_S)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        reader.join(PATIENCE_S)
        process.stdout.close()
        process.stderr.close()
        return process.returncode, stdout, "".join(told)

    def check(self, source, output, undisturbed, cli, number, moment, **how):
        code, stdout, stderr = self.stop(source, output, number, moment, **how)
        assert code == 130, stderr
        document = json.loads(stdout)
        assert (document["error"]["kind"], document["error"]["exit_code"]) == ("interrupted", 130)
        assert document["status"] == "interrupted"
        if moment == self.at_work:  # earlier, Dask's own start-up tells where it was interrupted
            assert "KeyboardInterrupt" not in stderr
        assert_nothing_half_written(output)
        assert run_states(output / "catalog.sqlite") == ["interrupted"]
        summary = json.loads(next(output.glob("runs/*/summary.json")).read_text())
        assert summary["status"] == "interrupted"

        done = cli("run", "--json", *self.words(source, output, "serial"), check=0)
        assert done.json["status"] == "success"
        assert_as_if_undisturbed(output, undisturbed)
        assert run_states(output / "catalog.sqlite") == ["interrupted", "success"]
        return summary

    @staticmethod
    def at_work(output, told):
        return sum(1 for _ in output.glob("store/*/*")) >= 3

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_while_files_are_processed(self, larger, undisturbed, tmp_path, cli, number):
        summary = self.check(larger, tmp_path / "output", undisturbed, cli, number, self.at_work)
        assert [stage["name"] for stage in summary["stages"]] == ["discover", "plan", "process"]
        assert summary["deliveries"] == []

    @pytest.mark.slow
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_the_workers_get_the_signal_too(self, larger, undisturbed, tmp_path, cli, number):
        """As by Ctrl-C at a terminal, or when a service manager stops a unit."""
        self.check(larger, tmp_path / "output", undisturbed, cli, number, self.at_work, whole_group=True)

    @pytest.mark.slow
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_before_the_workers_have_started(self, larger, undisturbed, tmp_path, cli, number):
        def starting(output, told):
            return any(output.glob("runs/*/versions.json")) and run_states(output / "catalog.sqlite") == [
                "running"
            ]

        self.check(larger, tmp_path / "output", undisturbed, cli, number, starting)

    @pytest.mark.slow
    @pytest.mark.parametrize("stage", ["assemble", "publish", "package"])
    def test_in_a_later_stage(self, larger, undisturbed, tmp_path, cli, stage):
        before = STAGES[STAGES.index(stage) - 1]

        def begun(output, told):
            return any(line.startswith(f"{before}: ") for line in list(told))

        summary = self.check(larger, tmp_path / "output", undisturbed, cli, signal.SIGINT, begun)
        assert STAGES.index(summary["stages"][-1]["name"]) >= STAGES.index(before)

    @pytest.mark.slow
    def test_where_interrupts_are_ignored(self, larger, undisturbed, tmp_path, cli):
        """A shell without a terminal starts what it puts into the background so: SIGTERM still ends it in order."""
        by = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
        self.check(larger, tmp_path / "output", undisturbed, cli, signal.SIGTERM, self.at_work, by=by)

    @pytest.mark.slow
    def test_killed_at_once(self, larger, undisturbed, tmp_path, cli):
        """No time to say anything: the next run takes over what is there."""
        output = tmp_path / "output"
        code, stdout, _ = self.stop(larger, output, signal.SIGKILL, self.at_work, whole_group=True)
        assert (code, stdout) == (-signal.SIGKILL, "")
        assert_nothing_half_written(output)
        assert run_states(output / "catalog.sqlite") == ["running"]
        cli("run", "--json", *self.words(larger, output, "serial"), check=0)
        assert_as_if_undisturbed(output, undisturbed)


class StopAtStage(SilentObserver):
    """Interrupts the run when a stage begins or ends."""

    def __init__(self, stage, event):
        self.wanted = stage, event

    def stage_started(self, stage, files, bytes_):
        if self.wanted == (stage, "begins"):
            raise KeyboardInterrupt

    def stage_ended(self, stage, elapsed_s):
        if self.wanted == (stage, "ends"):
            raise KeyboardInterrupt


@dataclass
class StopAtCall:
    """A store, or a catalog, that interrupts the run before or after its call number ``on`` that changes something."""

    behind: Any
    changing: tuple[str, ...]
    on: int
    when: str = "before"
    calls: int = 0

    def __getattr__(self, name):
        method = getattr(self.behind, name)
        return self._counted(method) if name in self.changing else method

    def _counted(self, method):
        def call(*args, **kwargs):
            self.calls += 1
            if self.calls == self.on and self.when == "before":
                raise KeyboardInterrupt
            result = method(*args, **kwargs)
            if self.calls == self.on:
                raise KeyboardInterrupt
            return result

        return call


STORE_CHANGES = ("write", "write_once", "link", "copy", "remove", "remove_tree", "compose")
CATALOG_CHANGES = (
    "start_run",
    "commit_states",
    "commit_outcomes",
    "commit_aggregates",
    "commit_delivery",
    "set_delivery_state",
)


class TestEveryMoment:
    """The same in this process and with one file after another, so that the moment is exact."""

    @pytest.fixture(scope="class")
    @classmethod
    def tiny(cls, tmp_path_factory):
        folder = tmp_path_factory.mktemp("tiny") / "source"
        write_sample(str(folder), scale=0.01, days=2, types=("gnc", "imu", "eps"), defects="typical")
        return folder

    @pytest.fixture(scope="class")
    @classmethod
    def undisturbed(cls, tiny, tmp_path_factory):
        output = tmp_path_factory.mktemp("undisturbed") / "output"
        cls.run(tiny, output)
        return output

    @staticmethod
    def run(source, output, observer=None, change=lambda mission: mission):
        overrides = [
            f"source.uri={source}",
            f"output.uri={output}",
            f"run.time={RUN_TIME}",
            "compute.site=serial",
            "package.max_bytes=20 KiB",  # several packages
        ]
        config = load_config(None, overrides, {})
        with open_mission(config, create=True) as mission:
            return run_mission(change(mission), observer or SilentObserver(), "", {})

    def finish(self, source, output, undisturbed, expected_states):
        assert_nothing_half_written(output)
        assert self.run(source, output).status == "success"
        assert_as_if_undisturbed(output, undisturbed)
        again = self.run(source, output)
        assert (again.status, again.deliveries, again.bytes_in) == ("success", [], 0)
        assert_as_if_undisturbed(output, undisturbed)
        assert run_states(output / "catalog.sqlite") == [*expected_states, "success", "success"]

    @pytest.mark.parametrize("event", ["begins", "ends"])
    @pytest.mark.parametrize("stage", STAGES)
    def test_a_stage(self, tiny, undisturbed, tmp_path, stage, event):
        output = tmp_path / "output"
        with pytest.raises(KeyboardInterrupt):
            self.run(tiny, output, StopAtStage(stage, event))
        self.finish(tiny, output, undisturbed, ["interrupted"])

    def test_several_times_in_a_row(self, tiny, undisturbed, tmp_path):
        output = tmp_path / "output"
        stages = ["verify", "package", "publish", "package", "assemble", "verify"]
        for stage in stages:
            with pytest.raises(KeyboardInterrupt):
                self.run(tiny, output, StopAtStage(stage, "begins"))
        self.finish(tiny, output, undisturbed, ["interrupted"] * len(stages))

    def count(self, tiny, folder, part, changing):
        counter = StopAtCall(None, changing, on=-1)

        def change(mission):
            counter.behind = getattr(mission, part)
            return replace(mission, **{part: counter})

        self.run(tiny, folder / "counted", change=change)
        return counter.calls

    def stop_at(self, tiny, undisturbed, output, part, changing, on, when):
        def change(mission):
            return replace(mission, **{part: StopAtCall(getattr(mission, part), changing, on, when)})

        with pytest.raises(KeyboardInterrupt):
            self.run(tiny, output, change=change)
        assert_nothing_half_written(output)
        assert self.run(tiny, output).status == "success"
        assert_as_if_undisturbed(output, undisturbed)

    @pytest.mark.slow
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_every_change_of_the_catalog(self, tiny, undisturbed, tmp_path, when):
        calls = self.count(tiny, tmp_path, "catalog", CATALOG_CHANGES)
        assert calls > len(CATALOG_CHANGES)
        for on in range(1, calls + 1):
            self.stop_at(tiny, undisturbed, tmp_path / str(on), "catalog", CATALOG_CHANGES, on, when)

    @pytest.mark.slow
    def test_every_write_of_the_output(self, tiny, undisturbed, tmp_path):
        calls = self.count(tiny, tmp_path, "output", STORE_CHANGES)
        assert calls > 50
        for on in range(1, calls + 1):
            self.stop_at(tiny, undisturbed, tmp_path / str(on), "output", STORE_CHANGES, on, "before")


def test_a_resumed_run_keeps_its_time_and_tells_what_was_set_aside(small_sample, tmp_path, monkeypatch):
    """Without a set time the next run goes on with that of the run that was cut off, and ends with its exit code."""
    strays = tmp_path / "source"
    strays.mkdir()
    for file in (small_sample / "eps").rglob("*.drf"):
        (strays / file.name).write_bytes(file.read_bytes())
    (strays / "notes.txt").write_text("not a data file")
    words = settings(source__uri=strays, output__uri=tmp_path / "output", compute__site="serial")
    config = load_config(None, words[1::2], {})

    def cut_off(*_):
        raise KeyboardInterrupt

    with open_mission(config, create=True) as mission:
        with monkeypatch.context() as patched:
            patched.setattr("drf_reprocess.pipeline.assemble", cut_off)
            with pytest.raises(KeyboardInterrupt):
                run_mission(mission, SilentObserver(), "", {})
        (first,) = mission.catalog.runs()
        time.sleep(1.1)
        resumed = run_mission(mission, SilentObserver(), "", {})
        assert (resumed.run_time, resumed.resumed) == (first.run_time, [first.run_id])
        assert (resumed.bytes_in, resumed.exit_code) == (0, 3)
        assert resumed.deliveries[0]["products"] == 3
        later = run_mission(mission, SilentObserver(), "", {})
        assert later.run_time > first.run_time
        assert (later.resumed, later.exit_code) == ([], 0)
