from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.compare import Comparison, order

ROOT = Path(__file__).resolve().parents[2]


def test_pairs_are_turned_round_by_turns():
    assert order(4) == "ABBAABBA"


def test_a_clear_difference_is_told_with_the_stage_that_makes_it():
    compared = Comparison(
        (10.0, 10.1, 9.9, 10.0, 10.2),
        (12.0, 12.1, 11.9, 12.3, 12.0),
        (("process", 6.0, 6.1), ("package", 2.0, 3.9)),
    )
    low, high = compared.interval
    assert low <= compared.ratio <= high
    assert compared.ratio == pytest.approx(1.2)
    assert low > 1
    assert compared.decisive_stage == ("package", pytest.approx(1.9))
    assert "B is slower" in compared.words
    assert "Stage package" in compared.words


def test_what_the_machine_scatters_is_no_difference():
    compared = Comparison((10.0, 12.0, 9.0, 11.0), (11.0, 9.0, 12.0, 10.0), (("process", 5.0, 5.0),))
    assert "no difference can be told" in compared.words


def test_a_configuration_that_is_not_there_is_told(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "here.toml", "there.toml", "--database", "results.sqlite"]) == 2
    assert f"there is no configuration file {tmp_path}/here.toml" in capsys.readouterr().err


@pytest.mark.slow
def test_two_configurations_are_compared_from_any_folder_and_their_own_places_left_alone(tmp_path):
    for name, level in (("a", 1), ("b", 9)):
        (tmp_path / f"{name}.toml").write_text(
            f'[source]\nuri = "nowhere"\n[output]\nuri = "own"\n[catalog]\nurl = "sqlite:///own.sqlite"\n'
            f'[compute]\nsite = "serial"\n[package]\nlevel = {level}\n'
        )
    done = subprocess.run(
        [
            *(ROOT / "benchmarks" / "compare", "a.toml", "b.toml", "--pairs", "1", "--days", "1"),
            *("--database", tmp_path / "results.sqlite", "--folder", tmp_path),
        ],
        env=os.environ | {"PYTHON": sys.executable},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "B takes" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"a.toml", "b.toml", "results.sqlite"}
