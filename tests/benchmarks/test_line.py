from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.catalog_size import measure_catalog_size, measure_growth
from benchmarks.latency import LateStore, measure_latency
from benchmarks.pipeline import run_line, settings_of
from benchmarks.roofline import Terms, measure_whole_line
from benchmarks.samples import make_sample
from benchmarks.sweeps import measure_sweeps
from benchmarks.timing import WrongAnswer
from drf_reprocess.storage.base import Part, open_store

NS = 1e-9


def terms(**changes):
    same = dict.fromkeys(Terms.__slots__, 1 * NS)
    return Terms(**(same | changes))


def test_the_roofline_sums_every_term_and_counts_written_bytes():
    assert sum(terms().roofline(2.0).values()) == pytest.approx(10 * NS)


def test_a_slow_parser_or_parquet_writer_cannot_lower_the_roofline():
    slow = terms(parse=50 * NS, parquet=40 * NS, yardstick_parquet=3 * NS).roofline(1.0)
    assert slow["parse"] == pytest.approx(1 / 600e6)
    assert slow["Parquet"] == pytest.approx(3 * NS)
    fast = terms(parse=0.5 * NS, parquet=2 * NS, yardstick_parquet=3 * NS).roofline(1.0)
    assert (fast["parse"], fast["Parquet"]) == (0.5 * NS, 2 * NS)


def test_the_whole_line_is_run_proved_and_held_against_its_roofline(scope):
    (line,) = measure_whole_line(replace(scope, memory=None))
    assert [stage.stage for stage in line.stages][:3] == ["discover", "plan", "process"]
    assert {"package", "verify"} <= {stage.stage for stage in line.stages}
    assert line.figures["files"] == scope.days
    assert line.figures["written_per_byte"] > 1
    total_ns = sum(value for name, value in line.figures.items() if name.startswith("term_"))
    assert line.figures["roofline_mb_s"] == pytest.approx(1e3 / total_ns, rel=0.01)
    share = line.mb_s / line.figures["roofline_mb_s"]
    assert line.figures["of_roofline"] == pytest.approx(share, rel=0.01)
    assert list(scope.disk.iterdir()) == [], "what was made was removed"


@pytest.mark.slow
def test_a_run_whose_files_are_not_all_delivered_is_no_answer(scope):
    sample = make_sample(scope.disk / "source", 1, scope.scale)
    sample.files[0].write_bytes(b"no data file\r\n")
    with pytest.raises(WrongAnswer, match="exit code 3"):
        run_line(scope.disk / "output", settings_of(scope, sample))


def test_a_store_that_answers_late_answers_the_same(tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr("benchmarks.latency.sleep", waited.append)
    store = LateStore(open_store(str(tmp_path)), 0.25)
    store.write("a/b", b"0123456789")
    assert store.read_range("a/b", 2, 4) == b"23"
    assert [found.name for found in store.list()] == ["a/b"]
    store.compose("c", [Part("a/b", 0, 2), b"x", Part("a/b", 8, 10)])
    assert store.read("c") == b"01x89"
    assert waited == [0.25, 0.25, 0.25, 0.75, 0.25]


def test_the_whole_line_runs_on_a_store_that_answers_late(scope, monkeypatch):
    waited = []
    monkeypatch.setattr("benchmarks.latency.sleep", waited.append)
    prompt, late = measure_latency(replace(scope, delays_ms=(0, 3)))
    assert (prompt.configuration["delay_ms"], late.configuration["delay_ms"]) == (0, 3)
    assert "calls" in late.figures
    assert set(waited) >= {0, 0.003}
    assert waited.count(0.003) > 2 * late.figures["files"], (
        "each file is read, and what is made of it written"
    )


@pytest.mark.slow
def test_every_setting_of_the_sweeps_gives_verified_deliveries(scope):
    names = [one.name for one in measure_sweeps(scope)]
    assert names == ["as shipped", "partition: 1 MiB", "format: tar.gz", "codec: zlib 6"]


@pytest.mark.slow
def test_a_settled_mission_is_passed_by_and_a_growing_one_is_measured(scope):
    measured = list(measure_catalog_size(scope))
    assert [one.configuration["what"] for one in measured] == [
        "products recorded",
        "run, nothing changed",
        "plan, nothing changed",
    ]
    few, more = measure_growth(scope)
    assert few.figures["files"] < more.figures["files"]
    assert (
        more.figures["driver_growth_bytes"]
        == more.figures["driver_peak_bytes"] - few.figures["driver_peak_bytes"]
    )
