"""The model of a run at scale: simulation against closed formula, and each command with recorded numbers."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from benchmarks.pipeline import PipelineRun
from benchmarks.results import Results, StageTime
from benchmarks.scale import extrapolation, formula, simulation, stages, validation, yearly
from benchmarks.scale.__main__ import main
from benchmarks.scale.costs import SERIAL, Costs, Handing, Line, Machine, fit_line, latest_costs
from benchmarks.scale.stages import MIB, Mission, Phase, Site, Stage, Storage, Work, make_stages
from drf_reprocess.stages.package import MEMBERS_PER_WORKER, MOST_MEMBERS

FREE = Storage("free", math.inf, math.inf)
GB = 10**9
RECORDED = Costs(
    tasks={
        "process": Line(0.01, 0.009, 13e-9),
        "join": Line(0.001, 0.0, 1.1e-9),
        "verify": Line(0.001, 0.0015, 3.3e-9),
    },
    driver={name: Line(0.02, 2e-4) for name in SERIAL},
    machine=Machine(2, 1.2, 5e8, 1e9, 0.002, 0.001, 1.0, 0.5, 0.4, 0.1),
    handing=Handing(0.001, 0.01, 0.0005, 0.002, 0.4),
    listed_s=4e-6,
)


def one_phase(tasks, work, **costs):
    return (Stage("process", phases=(Phase(tasks, work, **costs),)),)


def both(stages, site):
    return simulation.play(stages, site).seconds, formula.seconds(stages, site)


@pytest.mark.parametrize("workers", [1, 4, 25])
def test_work_that_needs_nothing_shared_takes_its_rounds(workers):
    stages = one_phase(100, Work(2.0))
    assert both(stages, Site(workers, FREE)) == pytest.approx((200 / workers, 200 / workers))


def test_a_slow_driver_decides_whatever_the_workers_do():
    stages = one_phase(400, Work(0.05), hand_s=0.01, take_s=0.03)
    played, by_formula = both(stages, Site(50, FREE))
    assert by_formula == pytest.approx(400 * 0.04 + 0.05)
    assert played == pytest.approx(by_formula, rel=0.02)


def test_a_scheduler_apart_works_beside_the_driver():
    stages = one_phase(400, Work(0.05), take_s=0.02, scheduler_s=0.03)
    together, apart = (Site(50, FREE, scheduler_apart=apart) for apart in (False, True))
    assert both(stages, together) == pytest.approx((400 * 0.05, 400 * 0.05), rel=0.03)
    assert both(stages, apart) == pytest.approx((400 * 0.03, 400 * 0.03), rel=0.05)


def test_storage_is_divided_among_all_who_use_it():
    stages = one_phase(200, Work(0.0, read_bytes=1e9))
    assert both(stages, Site(20, Storage("one", 1e9, 1e9)))[0] == pytest.approx(200)
    slow_clients = Storage("slow clients", 1e12, 1e12, each_rate=1e8)
    assert both(stages, Site(20, slow_clients)) == pytest.approx((100, 100))


def test_reading_computing_and_writing_of_different_tasks_go_side_by_side():
    work = Work(0.5, read_bytes=1e9, write_bytes=2e9, items=8)
    stages = one_phase(400, work)
    played, by_formula = both(stages, Site(30, Storage("one", 10e9, 10e9), spread=0.3))
    assert by_formula == pytest.approx(400 * 0.2, rel=0.02)
    assert played == pytest.approx(by_formula, rel=0.15)


def test_shared_cores_are_divided_too():
    stages = one_phase(100, Work(1.0))
    assert both(stages, Site(8, FREE, cores=2)) == pytest.approx((50, 50))


def test_a_whole_run_of_many_tasks_agrees_with_the_formula():
    mission = Mission("some", 65_000, 190 * GB, 48)
    for workers in (1, 8, 40):
        site = Site(workers, Storage("fast", 1e12, 1e12))
        played, by_formula = both(make_stages(RECORDED, mission, site), site)
        assert played == pytest.approx(by_formula, rel=0.1), f"{workers} workers"


def test_the_rest_of_very_many_tasks_takes_the_pace_of_those_that_are_played(monkeypatch):
    stages, site = one_phase(3_000, Work(1.0), take_s=0.01), Site(16, FREE, spread=0.5)
    whole = simulation.play(stages, site).seconds
    monkeypatch.setattr(simulation, "MANY_TASKS", 600)
    assert simulation.play(stages, site).seconds == pytest.approx(whole, rel=0.05)


def test_the_same_seed_gives_the_same_run():
    site = Site(8, FREE, deaths_per_hour=200, straggler_share=0.1, straggler_times=5, spread=0.3)
    stages = one_phase(300, Work(3.0, items=4))
    assert simulation.play(stages, site, 7) == simulation.play(stages, site, 7)
    assert simulation.play(stages, site, 7).seconds != simulation.play(stages, site, 8).seconds


@pytest.mark.parametrize("seed", range(5))
def test_each_item_is_done_exactly_once_though_workers_are_lost(seed):
    site = Site(6, Storage("one", 1e9, 1e9), deaths_per_hour=400, workers_per_host=3)
    stages = one_phase(150, Work(2.0, 1e7, 1e7, 5, items=5), hand_s=0.001, take_s=0.01)
    run = simulation.play(stages, site, seed)
    assert run.stage("process").lost > 10
    assert run.stage("process").done == (1,) * 750
    assert run.seconds > simulation.play(stages, replace(site, deaths_per_hour=0)).seconds


def test_stragglers_cost_what_they_take_longer():
    stages = one_phase(1_000, Work(1.0))
    site = Site(10, FREE, straggler_share=0.1, straggler_times=6)
    assert simulation.play(stages, site).seconds == pytest.approx(150, rel=0.1)


def test_more_workers_are_never_slower_where_none_is_lost():
    costs = replace(RECORDED, handing=replace(RECORDED.handing, worker_s=0.0))
    mission = Mission("some", 40_000, 2_000_000 * MIB, 4)
    for storage in (FREE, Storage("one", 1e9, 1e9)):
        times = []
        for workers in (1, 2, 4, 16, 64, 256):
            site = Site(workers, storage, spread=extrapolation.SPREAD)
            times.append(simulation.play(make_stages(costs, mission, site), site).seconds)
        for fewer, more in itertools.pairwise(times):
            assert more <= fewer * 1.01, f"{storage.name}: {times}"


def test_partitions_are_those_of_the_plan():
    process = make_stages(RECORDED, Mission("tiny files", 1_000, 1_000_000), Site(2, FREE))[3]
    (phase,) = process.phases
    assert phase.tasks == math.ceil(1_000 / 64)
    process = make_stages(RECORDED, Mission("large", 100, 100 * 480 * MIB), Site(2, FREE))[3]
    assert process.phases[0].tasks == 100


def test_staging_packs_nothing():
    names = [
        stage.name for stage in make_stages(RECORDED, Mission("w", 77, GB, mode="staging"), Site(1, FREE))
    ]
    assert "package" not in names
    assert "verify" not in names


def test_costs_are_found_again_from_pieces_of_work():
    line = Line(0.2, 0.01, 3e-9)
    pieces = [
        (files, bytes_, line.of(files, bytes_))
        for files, bytes_ in ((1, 4e6), (64, 2e6), (9, 5e7), (30, 1e3))
    ]
    found = fit_line(pieces)
    assert (found.constant_s, found.file_s, found.byte_s) == pytest.approx((0.2, 0.01, 3e-9))
    assert fit_line([(1, 0, 5.0), (2, 0, 1.0)]).file_s >= 0, "nothing costs less than nothing"


def test_costs_survive_the_database(tmp_path):
    results = Results(tmp_path / "results.sqlite")
    with pytest.raises(LookupError, match="measure"):
        latest_costs(results)
    costs = replace(RECORDED, others={"pickled": 7.0})
    results.add(results.begin("test", {}), costs.measurement(1.0))
    assert latest_costs(results) == costs


def test_an_error_above_its_bound_is_explained_by_the_phasesthat_are_off():
    rows = (("plan", 0.1, 0.1), ("process", 8.0, 5.0), ("verify", 1.0, 1.1))
    off = validation.Compared("disk", 2, 40, 200_000_000, 9.1, 6.2, 6.0, 1.5, 1.0, rows, (2.0, 1.9))
    assert off.words.startswith("process: 8.00 s, by the model 5.00 s; ")
    assert "1.5 cores" in off.words
    near = replace(off, model_s=9.0)
    assert near.words == "within 15 %"
    text = validation.to_markdown([off, near])
    assert text.count("process: 8.00 s") == 1


def test_the_point_where_it_stops_is_named():
    mission = Mission("few large packages", 65_000, 190 * GB, 48)
    narrow = Storage("narrow", 1e9, 1e9)
    points = extrapolation.extrapolate(RECORDED, [mission], [narrow], (1, 4, 64))
    assert [point.efficiency for point in points] == sorted(
        (point.efficiency for point in points), reverse=True
    )
    stop = extrapolation.stop_of(points)
    assert (stop.workers, stop.limit.resource) == (64, "process: storage, writing")
    slow_driver = replace(RECORDED, driver={**RECORDED.driver, "process": Line(5.0)})
    (point,) = extrapolation.extrapolate(slow_driver, [mission], [FREE], (64,))
    assert point.limit.resource == "process: driver and catalog"
    assert point.driver_share > 0.8


def test_the_lowest_ceiling_is_that_of_the_slowest_serial_piece():
    slow_join = replace(RECORDED, tasks={**RECORDED.tasks, "join": Line(0.0, 0.0, 1e-6)})
    mission = extrapolation.MISSION
    lowest = extrapolation.ceilings(slow_join, mission)[0]
    at_once = math.ceil(MOST_MEMBERS / (2 * mission.files / mission.periods))
    assert lowest.resource == f"package: {at_once} packages joined at once"
    each_s = 1e-6 * stages.packed_bytes(slow_join, mission) / mission.periods + slow_join.handing.session_s
    assert lowest.rate == pytest.approx(mission.bytes / (math.ceil(mission.periods / at_once) * each_s))


def test_packages_are_joined_in_batches_and_proved_as_many_at_once_as_can_be_remembered():
    mission, some = Mission("some", 5_600, 60 * GB, 7), Site(3, FREE)
    made = make_stages(RECORDED, mission, some)
    packing = [(one.name, one.repeats, one.phases[0].tasks) for one in made if one.name == "package"]
    assert packing == [("package", 2, 3), ("package", 1, 1)]
    tasks = math.ceil(60 * GB / 7 / stages.TASK_BYTES)
    reading = [(one.repeats, [phase.tasks for phase in one.phases]) for one in made if one.name == "verify"]
    together = int(3 * MEMBERS_PER_WORKER // (2 * 5_600 / 7))
    assert together == 2
    assert reading == [(2, [2 * tasks, tasks]), (1, [tasks])]
    assert simulation.play(made, some).stage("verify").tasks == 7 * tasks


def test_a_batch_has_no_more_members_than_the_driver_can_remember():
    mission = Mission("many", 250 * MEMBERS_PER_WORKER, GB, 1_000)  # half a worker's members in a package
    assert stages.packages_at_once(RECORDED, mission, 1) == 1
    assert stages.packages_at_once(RECORDED, mission, 8) == 8
    assert stages.packages_at_once(RECORDED, mission) == math.ceil(MOST_MEMBERS / (MEMBERS_PER_WORKER / 2))
    large = Mission("large", 2_000 * MEMBERS_PER_WORKER, GB, 1_000)  # four workers' members
    assert stages.packages_at_once(RECORDED, large, 5) == 2


def test_the_whole_inventory_is_looked_through_for_each_package():
    mission, site = Mission("many", 100_000, 100_000, 50), Site(4, FREE)
    times = [
        sum(one.repeats * one.driver_s for one in make_stages(costs, mission, site) if one.name == "verify")
        for costs in (RECORDED, replace(RECORDED, listed_s=0.0))
    ]
    assert times[0] - times[1] == pytest.approx(50 * 100_000 * RECORDED.listed_s)


def test_a_worker_waits_for_its_next_task():
    phases = one_phase(100, Work(1.0), gap_s=0.1)
    assert both(phases, Site(4, FREE)) == pytest.approx((27.5, 27.5), rel=0.01)


def test_start_and_end_of_workers_are_compared_apart():
    run = PipelineRun(
        bytes=GB, files=200, elapsed_s=20.0, site_start_s=2.0, site_end_s=1.0, cpu_s=30.0,
        stages=(StageTime("process", 19.5),), worker_peak_bytes=0, driver_peak_bytes=0, kept_bytes=0,
        written_bytes=0, package_bytes=0, deliveries=3, summary={},
    )  # fmt: skip
    slow_start = replace(RECORDED, machine=replace(RECORDED.machine, site_start_s=100.0))
    compared = validation.compare(slow_start, run, 2, "memory", 0.0)
    assert compared.model_s == validation.compare(RECORDED, run, 2, "memory", 0.0).model_s
    assert compared.real_s == 20.0
    assert compared.ends_s == (3.0, pytest.approx(slow_start.machine.start_s(2) + 0.5))
    assert compared.stages[-1][:2] == ("rest", pytest.approx(0.5))


def test_a_year_is_the_sum_of_its_scenarios():
    prices = yearly.Prices(core_hour=2.0, gb=0.5)
    rows = yearly.bill_rows(RECORDED, Storage("disk", 1e9, 1e9), 2, 3)
    assert [row.scenario.times_a_year for row in rows] == [52, 4, 3]
    for ours in (False, True):
        hours, core_hours, price = yearly.yearly(rows, prices, ours=ours)
        assert core_hours == pytest.approx(hours * (3 if ours else 1)), "workers, and a core of the driver"
        kept = sum(row.scenario.times_a_year * (row.ours if ours else row.present).kept_bytes for row in rows)
        assert price == pytest.approx(2.0 * core_hours + 0.5 * kept / GB)
    assert rows[2].present.seconds == pytest.approx(190 * GB / RECORDED.incumbent_rate + 190)


@pytest.fixture
def recorded(tmp_path):
    results = Results(tmp_path / "results.sqlite")
    results.add(results.begin("test", {}), RECORDED.measurement(1.0))
    return ["--database", str(results.path), "--report", str(tmp_path / "report")]


def test_extrapolate_writes_tables_and_a_picture(recorded, tmp_path, capsys):
    assert main(["extrapolate", "--workers", "1,30", "--bandwidth", "1", *recorded]) == 0
    told = capsys.readouterr().out
    assert "| process: driver and catalog, for each task |" in told
    assert "190 GB, 65,000 files | storage, 1 GB/s" in told
    assert "190 TB, 65 million files" in told
    assert (tmp_path / "report" / "scale-extrapolate.md").read_text() in told
    assert (tmp_path / "report" / "scale.png").read_bytes().startswith(b"\x89PNG")


def test_cost_tells_a_year_at_given_prices(recorded, capsys):
    assert main(["cost", "--full", "2", "--core-hour", "0.1", "--workers", "4", *recorded]) == 0
    told = capsys.readouterr().out
    assert "| weekly staging | 52 |" in told
    assert "| full mission | 2 |" in told
    assert "0.1 a core-hour" in told


def test_without_costs_the_commands_say_what_to_do(tmp_path, capsys):
    assert main(["cost", "--database", str(tmp_path / "empty.sqlite")]) == 1
    assert "measure" in capsys.readouterr().err


def test_measure_and_validate_run_the_real_thing(tmp_path, capsys):
    places = {"folder": tmp_path, "memory": tmp_path / "none", "report": tmp_path / "report"}
    here = [word for name, place in places.items() for word in (f"--{name}", str(place))]
    here += ["--site", "serial", "--database", str(tmp_path / "results.sqlite")]
    assert main(["measure", "--tiny", *here]) == 0
    costs = latest_costs(Results(tmp_path / "results.sqlite"))
    assert costs.tasks["process"].of(64, 4e6) > costs.tasks["process"].of(1, 1e4) > 0
    assert costs.handing.task_s > 0
    assert 0 < costs.sizes.segment_per_byte < 1
    assert costs.sizes.store_per_byte > 1, "what was received is kept"
    assert main(["validate", "--files", "2x0.02", "--rounds", "1", "--workers", "1", *here]) == 0
    assert "| disk | 0 | 2 | 1 |" in capsys.readouterr().out
