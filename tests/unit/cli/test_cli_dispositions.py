"""The commands of ``disposition``: options, answers, files; on a mission of fakes."""

from __future__ import annotations

import contextlib
import json
import re

import drf_tests_render as render
import pytest
import typer
from desk_fakes import PROFILE, make_mission, make_row
from typer.testing import CliRunner

from drf_reprocess.cli.dispositions import disposition_app
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.model import Action, SourceState

PLACES = ["--set", "source.uri=/in", "--set", "output.uri=/out"]
DAMAGED = make_row("sci_anc_gnc15_035_035.drf", "damaged-records")
HELD = make_row("sci_anc_eps15_036_036.drf", "science-gate", state=SourceState.HELD)


@pytest.fixture
def mission(monkeypatch):
    made = make_mission(DAMAGED, HELD)

    @contextlib.contextmanager
    def open_mission(config, **_):
        assert config.output.uri == "/out"
        yield made

    monkeypatch.setattr("drf_reprocess.mission.open_mission", open_mission)
    return made


@pytest.fixture
def call(mission):
    def call(*arguments):
        result = CliRunner().invoke(
            disposition_app, [*arguments, *PLACES], catch_exceptions=False, standalone_mode=False
        )
        return result.stdout

    return call


def test_a_decision_is_put_in_force_with_login_name_and_time(mission, call, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    told = json.loads(call("accept", "--code", "science-gate", "--reason", "checked", "--json"))
    assert (told["files"], told["in_force"]) == (1, 1)
    (found,) = mission.catalog.in_force
    assert (found.action, found.who, found.reason) == (Action.ACCEPT, "ada", "checked")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", found.when)
    assert told["dispositions"][0]["disposition_id"] == found.disposition_id


def test_a_dry_run_decides_nothing(mission, call):
    told = call("drop-records", "--type", "gnc", "--reason", "r", "--who", "Bo", "--dry-run")
    assert "sci_anc_gnc15_035_035.drf" in told
    assert mission.catalog.in_force == []


def test_each_action_has_its_command(mission, call, tmp_path):
    good = tmp_path / "good.drf"
    good.write_bytes(render.sheet(PROFILE.types_by_name["gnc"]).render())
    common = ("--source", DAMAGED.source.name, "--reason", "r", "--who", "Bo")
    call("drop-records", *common)
    call("mask", *common, "--from", "2015-02-04T00:00:00", "--to", "2015-02-04T00:01:00")
    call("replace", *common, "--with", str(good))
    call("exclude", *common)
    assert [one.action for one in mission.catalog.in_force] == ["drop-records", "mask", "replace", "exclude"]
    assert list(mission.output.objects.values()) == [good.read_bytes()]
    rows = json.loads(call("list", "--json"))
    assert len(rows) == 4
    assert rows[2]["replacement"]["bytes"] == good.stat().st_size
    assert {row["who"] for row in rows} == {"Bo"}


def test_choose_needs_a_rival(call):
    with pytest.raises(ConfigurationError, match="nothing to choose"):
        call("choose", "--source", DAMAGED.source.name, "--reason", "r", "--who", "Bo")


def test_a_reason_is_needed(call):
    with pytest.raises(Exception, match=r"[Mm]issing .*reason"):
        call("exclude", "--source", DAMAGED.source.name)


def test_a_decision_is_withdrawn_by_the_beginning_of_its_id(mission, call):
    call("exclude", "--source", DAMAGED.source.name, "--reason", "r", "--who", "Bo")
    (found,) = mission.catalog.in_force
    told = json.loads(
        call("withdraw", found.disposition_id[:8], "--reason", "again", "--who", "Bo", "--json")
    )
    assert told["withdrawn"] == found.disposition_id
    assert mission.catalog.in_force == []
    assert "no decisions" in call("list")


def test_decisions_go_to_a_file_and_back(mission, call, tmp_path):
    call("exclude", "--source", DAMAGED.source.name, "--reason", "r", "--who", "Bo")
    kept = list(mission.catalog.in_force)
    file = tmp_path / "decisions.csv"
    assert json.loads(call("export", str(file), "--json"))["dispositions"] == 1
    assert call("export", "-") == file.read_text()
    mission.catalog.in_force.clear()
    assert json.loads(call("import", str(file), "--json"))["put in force"] == 1
    assert json.loads(call("import", str(file), "--json"))["put in force"] == 0
    assert mission.catalog.in_force == kept


def test_a_file_that_cannot_be_read_is_told(call, tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.csv cannot be read: No such file"):
        call("import", str(tmp_path / "none.csv"))
    with pytest.raises(ConfigurationError, match="cannot be written"):
        call("export", str(tmp_path))


def test_the_group_fits_into_the_command_line():
    app = typer.Typer()
    app.add_typer(disposition_app, name="disposition")
    result = CliRunner().invoke(app, ["disposition", "--help"])
    for command in ("accept", "drop-records", "exclude", "mask", "replace", "choose", "list", "withdraw"):
        assert command in result.stdout
