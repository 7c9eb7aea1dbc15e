"""The commands of ``columns``: a type's columns as before, and the cases of unknown column sets."""

from __future__ import annotations

import contextlib
import json

import drf_tests_render as render
import pytest
import typer
from desk_fakes import PROFILE, FakeStore, make_mission, make_row
from typer.testing import CliRunner

from drf_reprocess.cli.columns import register
from drf_reprocess.drf.reader import read
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.model import RepairOptions


@pytest.fixture
def app():
    made = typer.Typer()
    register(made)

    @made.command()
    def other() -> None:
        """Another command, so that the application is a group."""

    return made


def call(app, *arguments):
    return (
        CliRunner().invoke(app, ["columns", *arguments], catch_exceptions=False, standalone_mode=False).stdout
    )


@pytest.mark.parametrize("words", [["gnc"], ["show", "gnc"], ["gnc", "--json"], ["--json", "gnc"]])
def test_the_columns_of_a_type_are_told_with_or_without_the_command(app, words):
    told = call(app, *words)
    assert "ATT_QU_I2B_1" in told
    if "--json" in words:
        rows = json.loads(told)
        assert rows[0]["name"] == "record_number"


def test_an_unknown_type_is_told(app):
    with pytest.raises(ConfigurationError, match="xyz"):
        call(app, "xyz")


def test_the_help_tells_all_commands(app):
    told = call(app, "--help")
    for word in ("show", "cases", "accept"):
        assert word in told


NAME = "sci_anc_gnc15_035_036.drf"


@pytest.fixture
def mission(monkeypatch):
    sheet = render.sheet(PROFILE.types_by_name["gnc"])
    raw = sheet.but(names=(*sheet.names[:-1], "NEW_CHANNEL")).render()
    reading = read(raw, PROFILE.types_by_name["gnc"], RepairOptions())
    row = make_row(NAME, reading.refused.code)
    made = make_mission(row)
    made.catalog.found[row.source.uri] = list(reading.findings)
    made.catalog.add_events = lambda events, at: None
    made.source = FakeStore()
    made.source.objects[NAME] = raw

    @contextlib.contextmanager
    def open_mission(config, **_):
        yield made

    monkeypatch.setattr("drf_reprocess.mission.open_mission", open_mission)
    return made


PLACES = ["--set", "source.uri=/in", "--set", "output.uri=/out"]


def test_a_case_is_listed_and_accepted(app, mission):
    (row,) = json.loads(call(app, "cases", "--json", *PLACES))
    told = json.loads(
        call(
            app,
            "accept",
            row["case_id"],
            "--reason",
            "r",
            "--who",
            "Ada",
            "--era",
            "v2",
            "--kind",
            "NEW_CHANNEL=integer",
            "--json",
            *PLACES,
        )
    )
    assert (told["era"], told["files"], told["new"]) == ("v2", 1, ["NEW_CHANNEL (integer)"])
    assert list(mission.output.objects) == [f"profile/columns-{row['case_id']}.toml"]


def test_a_kind_is_a_channel_and_one_of_three(app, mission):
    for kind in ("NEW_CHANNEL", "NEW_CHANNEL=time", "=real"):
        with pytest.raises(
            ConfigurationError, match="expected CHANNEL=KIND with one of real, integer, state"
        ):
            call(app, "accept", "c", "--reason", "r", "--who", "Ada", "--kind", kind, *PLACES)
