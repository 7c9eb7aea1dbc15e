from __future__ import annotations

import json
import sqlite3

import pytest

from benchmarks.__main__ import main
from benchmarks.goals import judge
from benchmarks.report import write_report
from benchmarks.results import Measurement, Results, StageTime

LINE = Measurement(
    "sweeps",
    "format: zip",
    (2.0, 1.0, 4.0, 3.0),
    5_000_000,
    {"key": "format", "value": "zip"},
    {"times_shipped": 1.25, "worker_peak_bytes": 300 * 2.0**20},
    (StageTime("process", 1.5, 5_000_000, 3, 2.5, 200), StageTime("verify", 0.25)),
)
ABSENT = Measurement("peers", "pandas", note="pandas is not installed")


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "results.sqlite")


def test_what_is_appended_is_read_again(results):
    first = results.begin("a command", {"days": 3})
    second = results.begin("another", {})
    results.add(first, LINE)
    results.add(first, ABSENT)
    run = Results(results.path).read(first)
    assert run.measurements == (LINE, ABSENT)
    assert (run.command, run.scope) == ("a command", {"days": 3})
    assert results.read(second).measurements == ()
    assert set(results.runs()) == {first, second}


def test_a_row_has_median_quartiles_and_best(results):
    results.add(results.begin("", {}), LINE)
    database = sqlite3.connect(results.path)
    row = database.execute("SELECT seconds, low_s, high_s, best_s, repeats FROM measurements").fetchone()
    stages = database.execute("SELECT stage, seconds, busy_s FROM stages ORDER BY stage").fetchall()
    database.close()
    assert row == (2.5, 1.75, 3.25, 1.0, 4)
    assert stages == [("process", 1.5, 2.5), ("verify", 0.25, 0.0)]


def test_a_run_tells_processor_cores_memory_and_versions_but_not_whose_machine_it_is(results):
    import platform

    run = results.read(results.begin("", {}))
    assert run.machine["cores"] >= 1
    assert run.machine["memory_bytes"] > 2**20
    assert run.versions["pyarrow"]
    assert platform.node() not in json.dumps([run.machine, run.versions])


def test_the_report_shows_medians_figures_stages_and_what_was_passed_over(results, tmp_path):
    run_id = results.begin("python -m benchmarks", {})
    results.add(run_id, LINE)
    results.add(run_id, ABSENT)
    page = write_report(results, tmp_path / "report").read_text()
    assert "| format: zip | 2.5 s (1.75 to 3.25) | 2.0 | 1.25 |" in page
    assert "| format: zip | 1.50 | 0.25 |" in page
    assert "| pandas | pandas is not installed |" in page
    assert (tmp_path / "report" / "sweeps.png").read_bytes().startswith(b"\x89PNG")


def test_a_report_of_nothing_says_what_to_do(tmp_path, capsys):
    database = str(tmp_path / "results.sqlite")
    assert main(["report", "--database", database]) == 1
    assert "python -m benchmarks --quick" in capsys.readouterr().err


def test_a_part_that_there_is_not_is_refused(tmp_path, capsys):
    assert main(["kernel", "--database", str(tmp_path / "results.sqlite")]) == 2
    assert "expected line, peers, types" in capsys.readouterr().err


def test_goals_are_judged_by_the_worst_measurement_or_the_median_and_only_where_measured():
    def line(name: str, **figures: float) -> Measurement:
        return Measurement("whole line", name, (1.0,), 1_000_000, {}, figures)

    found = {
        one.words: one.verdict
        for one in judge(
            [
                line("memory, 1 worker", of_roofline=0.81, worker_peak_bytes=500 * 2.0**20),
                line("disk, 2 workers", of_roofline=0.2, worker_peak_bytes=513 * 2.0**20, speedup=1.8),
                Measurement("peers", "pandas.read_fwf and to_parquet", note="not installed"),
            ]
        )
    }
    assert found == {
        "whole line of the roofline, in memory, one worker: at least 0.8": "yes",
        "two workers against one, on disk: at least 1.8": "yes",
        "memory of a worker: at most 512 MiB": "no",
    }
