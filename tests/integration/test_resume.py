"""Going on with a run that was cut off: `run --resume`, what is removed then, and what never is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest
from drf_integration_cli import clean_environment, settings
from drf_integration_trees import assert_same, contents

from drf_reprocess.config.load import load_config
from drf_reprocess.mission import open_mission
from drf_reprocess.observer import SilentObserver
from drf_reprocess.pipeline import run_mission
from drf_reprocess.storage.base import object_key
from drf_reprocess.testing.sample import write_sample

RUN_TIME = "2026-01-02T03:04:05Z"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resume") / "source"
    write_sample(str(folder), scale=0.01, days=1, types=("gnc", "eps"))
    return folder


@pytest.fixture
def words(source, tmp_path):
    return settings(source__uri=source, output__uri=tmp_path / "output", compute__site="serial")


@pytest.fixture
def cut_off(words, monkeypatch):
    """Cut a run off before it assembles."""

    def cut(*more):
        def stop(*_):
            raise KeyboardInterrupt

        config = load_config(None, [*words[1::2], *more], {})
        with monkeypatch.context() as patched, open_mission(config, create=True) as mission:
            patched.setattr("drf_reprocess.pipeline.assemble", stop)
            with pytest.raises(KeyboardInterrupt):
                run_mission(mission, SilentObserver(), "", {})
            return mission.catalog.runs()[-1]

    return cut


def test_it_goes_on_in_the_mode_and_with_the_time_of_the_run_that_was_cut_off(
    cli, words, cut_off, source, tmp_path
):
    cli("run", *words, check=0)
    begun = cut_off("run.mode=full", "run.reason=new templates", "release.bump=minor", f"run.time={RUN_TIME}")
    done = cli("run", "--resume", "--json", *words, check=0).json
    assert (done["mode"], done["run_time"], done["resumed"]) == ("full", RUN_TIME, [begun.run_id])
    assert done["warnings"] == []
    rows = cli("products", "--json", *words, check=0).json
    assert {row["vid"] for row in rows} == {"1.1"}


@pytest.mark.slow
def test_where_nothing_was_cut_off_it_does_nothing(cli, words, tmp_path):
    cli("run", *words, check=0)
    before = contents(tmp_path / "output", "bundle", "runs", "store")
    assert cli("run", "--resume", "--json", *words, check=0).json == {"status": "nothing-to-resume"}
    assert_same(contents(tmp_path / "output", "bundle", "runs", "store"), before)


def test_a_plan_and_resume_exclude_each_other(cli, words, tmp_path):
    plan = tmp_path / "plan.json"
    cli("plan", "--to", plan, *words, check=0)
    assert "give one of them" in cli("run", "--resume", "--plan", plan, *words, check=2).stderr


@pytest.mark.slow
def test_a_run_of_another_mode_says_what_it_leaves_undone(cli, words, cut_off):
    cut_off("run.mode=full", "run.reason=new templates", "release.bump=minor")
    warnings = cli("run", "--json", *words, check=0).json["warnings"]
    assert any(
        "cut off in mode full (new templates)" in words and "run --resume" in words for words in warnings
    )


class TestSweep:
    def put(self, output, data):
        """Leave an object as a worker that was killed does: whole, and named by no row."""
        key = object_key(hashlib.sha256(data).hexdigest())
        (output / key).parent.mkdir(parents=True, exist_ok=True)
        (output / key).write_bytes(data)
        return output / key

    def test_what_no_row_names_goes_and_what_one_named_once_stays(
        self, cli, words, cut_off, tmp_path, source
    ):
        output = tmp_path / "output"
        cut_off()
        orphan = self.put(output, b"of a worker that was killed")
        foreign = output / "store" / "notes.txt"
        foreign.write_text("somebody's own file")
        half = output / ".drf-reprocess-tmp" / "1-half"
        half.parent.mkdir(exist_ok=True)
        half.write_text("half")
        folder = output / "deliveries" / "maven_anc_d001"
        folder.mkdir(parents=True)
        (folder / "package.zip").write_text("half a package")
        mine = output / "deliveries" / "letters" / "letter.txt"
        mine.parent.mkdir()
        mine.write_text("somebody's own file")
        made = cli("run", "--json", *words, check=0).json
        removed = next(stage for stage in made["stages"] if stage["name"] == "recover")["removed"]
        assert removed["objects"] == 1
        assert removed["bytes"] == len(b"of a worker that was killed")
        assert not orphan.exists()
        assert not half.exists()
        assert foreign.exists()
        assert mine.exists()
        assert "package.zip" not in [file.name for file in folder.iterdir()]

    def test_an_object_that_a_row_named_once_stays(self, cli, words, cut_off, tmp_path, source):
        """A version that nobody got may be forgotten: its bytes are no rest of a crash."""
        output = tmp_path / "output"
        begun = cut_off()
        kept = self.put(output, b"the original that a forgotten row named")
        line = json.dumps([10**6, "sources", "put", {"sha256": kept.name}])
        body = (line + "\n").encode()
        head = {"format": "drf-reprocess journal 1", "changes": 1, "sha256": hashlib.sha256(body).hexdigest()}
        journal = sorted((output / "runs" / "journal").iterdir())
        # A segment that tells nothing new: its positions stand in another one already.
        (output / "runs" / "journal" / "000000000001-000000000001.jsonl").write_bytes(
            json.dumps(head).encode() + b"\n" + body
        )
        assert len(journal) >= 1
        cli("run", "--json", *words, check=0)
        assert kept.exists()
        assert begun.run_id in {folder.name for folder in (output / "runs").iterdir()}

    def test_after_a_run_that_had_written_nothing_nothing_is_looked_for(self, cli, words, tmp_path):
        """It was cut off while its plan was compared: objects of before are none of its doing."""
        cli("run", *words, check=0)
        with open_mission(load_config(None, words[1::2], {}), create=False) as mission:
            (ended,) = mission.catalog.runs()
            mission.catalog.start_run(replace(ended, run_id="99991231T000000Z-0", state="running"))
        kept = self.put(tmp_path / "output", b"of a time without a journal")
        done = cli("run", "--json", *words, check=0).json
        assert done["resumed"] == ["99991231T000000Z-0"]
        assert kept.exists()

    @pytest.mark.slow
    def test_a_run_after_one_that_ended_well_lists_no_store(self, cli, words, tmp_path):
        cli("run", *words, check=0)
        orphan = self.put(tmp_path / "output", b"not looked for")
        stages = [stage["name"] for stage in cli("run", "--json", *words, check=0).json["stages"]]
        assert "recover" not in stages
        assert orphan.exists()


def test_two_drivers_on_one_output_are_refused(cli, words, tmp_path, source):
    hold = tmp_path / "hold.py"
    hold.write_text(
        "import sys, time\n"
        "from drf_reprocess.lock import locked\n"
        "from drf_reprocess.storage.base import open_store\n"
        "with locked(open_store(sys.argv[1]), 'run', '2026-01-01T00:00:00Z'):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(120)\n"
    )
    output = tmp_path / "output"
    cli("run", *words, check=0)
    with subprocess.Popen(
        [sys.executable, str(hold), str(output)], stdout=subprocess.PIPE, text=True, env=clean_environment()
    ) as first:
        try:
            assert first.stdout.readline() == "held\n"
            for refused in ("run", "publish"):
                answer = cli(refused, "--json", *words, check=1).json["error"]
                assert answer["kind"] == "OutputLocked"
                assert f"process {first.pid}, since 2026-01-01T00:00:00Z" in answer["message"]
            cli("plan", "--quick", *words, check=0)
            assert (
                cli("unlock", "--reason", "none", *words, check=1).stderr.count("another driver is at work")
                == 1
            )
        finally:
            first.kill()
    cli("run", *words, check=0)
    assert not (output / "lock.json").exists()


@pytest.mark.slow
def test_a_lock_of_another_host_is_broken_by_a_person_and_the_ledger_tells(cli, words, tmp_path):
    cli("run", *words, check=0)
    left = {"owner": "soc", "host": "another", "process": 7, "since": RUN_TIME, "purpose": "run"}
    (tmp_path / "output" / "lock.json").write_text(json.dumps(left))
    assert "run by soc on another, process 7" in cli("run", *words, check=1).stderr
    told = cli("unlock", "--reason", "that host is gone", "--who", "Ada", "--json", *words, check=0).json
    assert told["was_held_by"] == f"run by soc on another, process 7, since {RUN_TIME}"
    cli("run", *words, check=0)
    with contextlib.closing(sqlite3.connect(tmp_path / "output" / "catalog.sqlite")) as catalog:
        (message,) = catalog.execute("SELECT message FROM events WHERE kind = 'unlocked'").fetchone()
    assert message.endswith("broken by Ada: that host is gone")
