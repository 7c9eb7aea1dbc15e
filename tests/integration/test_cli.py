"""The command line's contract: exit codes, one JSON document on standard output, clear messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "source.uri"),
        (["run", "--set", "nonsense"], "nonsense"),
        (["run", "--set", "source.uri=/nowhere/at/all", "--set", "output.uri=/tmp/x"], "/nowhere/at/all"),
        (["run", "--config", "/nowhere.toml"], "/nowhere.toml"),
        (["products", "--set", "source.url=x"], "source.url"),
        (["run", "--set", "package.by=year"], "package.by"),
        (["columns", "moon"], "no file type 'moon'"),
        (["sample", "x", "--defects", "some"], "defects"),
        (["verify", "/nowhere.zip"], "no package at /nowhere.zip"),
        (["inspect", "/nowhere.drf"], "no file at /nowhere.drf"),
        (["fly"], "fly"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_wrong(cli, arguments, words, tmp_path):
    done = cli(*arguments, "--json") if arguments[0] != "fly" else cli(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    if arguments[0] != "fly":
        assert words in json.loads(done.stdout)["error"]["message"]


def test_questions_before_the_first_run_have_an_answer(cli, small_sample, tmp_path):
    arguments = ["--set", f"source.uri={small_sample}", "--set", f"output.uri={tmp_path}/output"]
    for command in ("products", "quarantine", "status", "publish"):
        done = cli(command, *arguments, "--json")
        assert done.returncode == 1
        assert "nothing has been run on this output yet" in done.json["error"]["message"]
    assert not (tmp_path / "output").exists()


def test_environment_and_set_override_the_file(cli, small_sample, tmp_path):
    config = tmp_path / "mission.toml"
    config.write_text(
        f'[source]\nuri = "/nowhere"\n[output]\nuri = "{tmp_path}/file"\n[compute]\nsite = "serial"\n'
    )
    done = cli(
        "plan",
        "--config",
        str(config),
        "--set",
        f"output.uri={tmp_path}/set",
        "--json",
        env={"DRF_SOURCE__URI": str(small_sample), "DRF_OUTPUT__URI": f"{tmp_path}/environment"},
    )
    assert done.returncode == 0, done.stderr
    assert done.json["to_process"]["files"] > 0


def test_every_key_is_explained(cli):
    rows = cli("config", "explain", "--json").json
    keys = {row["key"] for row in rows}
    assert {
        "mission.profile",
        "source.uri",
        "output.uri",
        "catalog.url",
        "run.time",
        "validate.xml_catalog",
        "repair.policy",
        "package.by",
        "package.format",
        "compute.site",
        "compute.workers",
    } <= keys
    assert all(row["meaning"] and row["type"] for row in rows)
    text = cli("config", "explain").stdout
    assert all(key in text for key in keys)


def test_inspect_shows_header_columns_and_label(cli, small_sample):
    file = next((small_sample / "gnc").rglob("*.drf"))
    done = cli("inspect", str(file), "--json").json
    assert (done["type"], done["refused"], done["mends"]) == ("gnc", None, [])
    assert "ATT_QU_I2B_1" in [column["name"] for column in done["columns"]]
    assert done["lid"] in done["label_preview"]
    assert any("ATT_QU_I2B_1" in line for line in done["header"])
    assert "<Product_Observational" in cli("inspect", str(file)).stdout


def test_inspect_tells_why_a_strange_file_is_refused(cli, tmp_path):
    strange = tmp_path / "sci_anc_gnc14_341_342.drf"
    strange.write_bytes(b"\x00\x01\x02" * 1000)
    done = cli("inspect", str(strange), "--json")
    assert (done.returncode, done.json["refused"]["code"]) == (0, "not-text")
    assert done.json["refused"]["remedy"]


def test_columns_are_told_with_unit_and_caveat(cli):
    rows = {row["name"]: row for row in cli("columns", "gnc", "--json").json}
    assert rows["RW1_SPD_DGTL"]["unit"] == "rad/s"
    assert rows["ATT_QU_I2B_1"]["unit"] == "not given by the SIS"
    assert rows["RW1_SPD_PTE"]["eras"] == "since-2014-12"
    assert {"record_number", "time_utc", "SCET"} <= rows.keys()


def test_a_sample_is_the_same_for_the_same_seed(cli, tmp_path):
    for name in ("a", "b"):
        cli(
            "sample",
            str(tmp_path / name),
            "--days",
            "1",
            "--scale",
            "0.01",
            "--types",
            "gnc,imu",
            "--seed",
            "7",
            check=0,
        )
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) == 2
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_progress_goes_to_standard_error_and_the_answer_to_standard_output(cli, small_sample, tmp_path):
    arguments = ["--set", f"source.uri={small_sample}", "--set", f"output.uri={tmp_path}/output"]
    done = cli("run", *arguments, "--set", "compute.site=serial")
    assert done.returncode == 0
    assert "status: success" in done.stdout
    for stage in ("discover", "process", "package", "verify"):
        assert f"{stage}: " in done.stderr


@pytest.mark.parametrize("name", ["quickstart", "test", "environment"])
def test_scripts_are_executable_and_in_order(name):
    script = REPOSITORY / "scripts" / name
    assert script.stat().st_mode & 0o111
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
