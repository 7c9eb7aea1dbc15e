"""A plan says what a run does, product by product, writes nothing, and is run only while the world is that of the plan."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from drf_integration_play import QUARTERS, TYPES, Play, touch_byte
from drf_integration_trees import catalog_rows, contents, run_states

from drf_reprocess.catalog.sql import open_catalog
from drf_reprocess.model import DeliveryState
from drf_reprocess.storage.local_store import LocalStore
from drf_reprocess.testing.sample import write_sample

OTHER_TEXT = """
extends = "maven-anc"

[types.gnc]
table_description = "One record per sample time of the guidance computer."
"""
DAY = QUARTERS[0]
MADE = {"new", "data-changed", "label-only", "same"}


@pytest.fixture
def play(tmp_path, cli_here):
    return Play(tmp_path, cli_here)


@pytest.fixture
def plan_file(tmp_path):
    return tmp_path / "plan.json"


def make_plan(play: Play, path: Path, *words: str, **more: str) -> dict[str, Any]:
    """Write a plan, as of a new day, and return it."""
    play.clock += timedelta(days=1)
    play.ask("plan", "--to", str(path), *words, run__time=f"{play.clock:%Y-%m-%dT%H:%M:%SZ}", **more)
    return json.loads(path.read_text())


def follow(play: Play, path: Path, *, check: int = 0, **more: str) -> dict[str, Any]:
    """Run a plan."""
    return play.run("--plan", str(path), check=check, **more)


def by_product(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows = {row["product_id"]: row for row in plan["products"]}
    assert len(rows) == len(plan["products"])
    return rows


def everything(play: Play) -> dict[str, str]:
    """Return the SHA-256 of every file of the output but the catalog and its journal: the rows are compared instead."""
    folders = [path.name for path in play.output.iterdir() if path.is_dir()]
    found = contents(play.output, *folders) if folders else {}
    return {path: sha256 for path, sha256 in found.items() if not path.startswith("runs/journal/")}


def rows_of(play: Play) -> dict[str, list[tuple[object, ...]]]:
    return catalog_rows(play.output / "catalog.sqlite")


def worked_on(play: Play, run_id: str) -> set[str]:
    """Return the product ids of all files that a run told something of."""
    with open_catalog(f"sqlite:///{play.output}/catalog.sqlite", create=False) as catalog:
        return {row.product_id for row in catalog.source_rows() if row.run_id == run_id and row.md5}


def move(play: Play, delivery_id: str, state: DeliveryState) -> None:
    """A delivery is sent, or sent and rejected."""
    with open_catalog(f"sqlite:///{play.output}/catalog.sqlite", create=False) as catalog:
        catalog.move_delivery(delivery_id, [DeliveryState.VERIFIED], state, "2017-02-01T00:00:00Z", "")


def agree(play: Play, plan: dict[str, Any], summary: dict[str, Any]) -> None:
    """Every product of the plan was worked on and no other, and what was certain came out so."""
    rows = by_product(plan)
    received = {product_id for product_id, row in rows.items() if row["sources"]}
    assert received == worked_on(play, summary["run_id"])
    assert summary["plan_differences"] == []
    vids = play.vids()
    for product_id, row in rows.items():
        if row["exact"]:
            assert vids.get(product_id) == row["expected_vid"], row
    assert (
        play.aggregate_vids() | {row["lid"]: row["expected_vid"] for row in plan["collections"]}
        == play.aggregate_vids()
    )


def test_plan_and_run_agree_on_a_mission_with_every_defect(play, plan_file, tmp_path):
    write_sample(str(play.source), scale=0.02, defects="all")
    table = tmp_path / "plan.csv"
    plan = make_plan(play, plan_file, "--csv", str(table))
    assert not play.output.exists()
    summary = follow(play, plan_file, check=3)
    received = {product_id for product_id, row in by_product(plan).items() if row["sources"]}
    assert received == worked_on(play, summary["run_id"])
    assert summary["plan_differences"] == []
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["product_id"] for row in rows} == received
    assert sum(int(row["bytes"]) for row in rows) == plan["to_process"]["bytes"]
    several = [row for row in plan["products"] if len(row["sources"]) > 1]
    assert len(several) >= 2, "an identical copy and a file that was sent again"
    assert all(row["exact"] and row["reason"].startswith("sent again") for row in several)


def test_expected_versions_are_those_that_the_run_gives(play, plan_file, tmp_path):
    play.receive(DAY, 6)
    play.run()
    profile = tmp_path / "profile.toml"
    profile.write_text(OTHER_TEXT)
    play.given["mission.profile"] = str(profile)
    touch_byte(play.file("eps", 0))
    moved = play.file("pf", 2)
    touched = moved.with_name(f"{moved.stem}_manual.drf")
    shutil.copy(moved, touched)
    touch_byte(touched)
    lost = play.file("pf", 4)
    lines = lost.read_bytes().split(b"\r\n")
    lost.write_bytes(b"\r\n".join([*lines[: 6 + (len(lines) - 6) // 2], b""]))
    os.utime(play.file("eps", 3))
    play.receive(DAY + timedelta(6), 1, types=["eps"])
    (play.source / "notes.txt").write_text("not a data file")
    plan = make_plan(play, plan_file)
    rows = by_product(plan)
    summary = follow(play, plan_file, check=3)
    agree(play, plan, summary)
    assert {row["decision"] for row in plan["products"] if row["type"] == "gnc"} == {"label-only"}
    assert {row["expected_vid"] for row in plan["products"] if row["type"] == "gnc"} == {"1.1"}
    assert rows[play.file("gnc", 0).stem]["reason"] == "label template or profile changed"
    first = rows[play.file("eps", 0).stem]
    assert (first["decision"], first["present_vid"], first["expected_vid"]) == ("data-changed", "1.0", "2.0")
    assert (rows[touched.stem]["decision"], rows[touched.stem]["expected_vid"]) == ("new", "1.0")
    assert (rows[moved.stem]["decision"], rows[moved.stem]["expected_vid"]) == ("superseded", None)
    assert (rows[lost.stem]["decision"], rows[lost.stem]["expected_vid"]) == ("held", "1.0")
    assert rows[lost.stem]["code"] == "science-gate"
    assert rows[play.file("eps", 3).stem]["decision"] == "same"
    assert [row["code"] for row in plan["to_set_aside"]] == ["name-unknown"]
    (planned,), (packed,) = plan["deliveries"], summary["deliveries"]
    assert planned["delivery_ids"] == [packed["delivery_id"]]
    assert planned["products"] == packed["products"]
    assert plan["compression"].startswith("measured")
    assert plan["time"]["basis"] == "measured in earlier runs"
    assert {decision: count for decision, count in plan["decisions"].items() if decision in MADE} == summary[
        "decisions"
    ]


def test_a_campaign_is_known_beforehand(play, plan_file):
    play.receive(DAY, 3)
    play.run()
    more = {"run__mode": "full", "run__reason": "Better words.", "release__bump": "minor"}
    plan = make_plan(play, plan_file, **more)
    assert {(row["decision"], row["expected_vid"], row["exact"]) for row in plan["products"]} == {
        ("label-only", "1.1", True)
    }
    assert {row["reason"] for row in plan["products"]} == {"campaign"}
    agree(play, plan, follow(play, plan_file, **more))
    assert make_plan(play, plan_file, **more)["decisions"] == {"same": 9}


def test_staged_products_are_released_as_planned(play, plan_file):
    play.receive(DAY, 2)
    plan = make_plan(play, plan_file, run__mode="staging")
    assert (plan["collections"], plan["deliveries"]) == ([], [])
    staged = follow(play, plan_file, run__mode="staging")
    assert staged["deliveries"] == []
    plan = make_plan(play, plan_file)
    assert {row["reason"] for row in plan["products"]} == {"staged, not released yet"}
    agree(play, plan, follow(play, plan_file))


def test_a_rejected_delivery_comes_back_in_the_plan(play, plan_file):
    play.receive(DAY, 2)
    (delivery,) = play.run()["deliveries"]
    move(play, delivery["delivery_id"], DeliveryState.REJECTED)
    plan = make_plan(play, plan_file)
    assert plan["products"] == []
    (planned,) = plan["deliveries"]
    (packed,) = follow(play, plan_file)["deliveries"]
    assert planned["delivery_ids"] == [packed["delivery_id"]] == ["maven_anc_d002"]
    assert planned["products"] == packed["products"] == 6


def test_differences_of_an_adopted_label_are_listed_and_it_stays(play, plan_file, tmp_path, cli_here):
    play.receive(DAY, 1)
    play.run()
    profile = tmp_path / "profile.toml"
    profile.write_text(OTHER_TEXT)
    other = Play(tmp_path / "other", cli_here, {"mission.profile": str(profile)})
    shutil.copytree(play.source, other.source, copy_function=shutil.copy2)
    other.adopt(play.bundle)
    plan = make_plan(other, plan_file)
    rows = {row["type"]: row for row in plan["products"]}
    assert {row["decision"] for row in rows.values()} == {"same"}
    assert any("guidance computer" in words for words in rows["gnc"]["differences"])
    assert rows["eps"]["differences"] == []
    follow(other, plan_file)
    assert set(other.vids().values()) == {"1.0"}


def test_the_wider_file_stands_for_those_that_it_covers(play, plan_file, tmp_path):
    profile = tmp_path / "profile.toml"
    profile.write_text('extends = "maven-anc"\n[precedence]\ncovered_twice = "wider"\n')
    play.given["mission.profile"] = str(profile)
    play.receive(DAY, 3, types=["eps"])
    play.run()
    narrow = [play.file("eps", place).stem for place in range(3)]
    wide = play.file("eps", 1).with_name(f"{narrow[0][:-4]}_{narrow[2][-3:]}.drf")
    shutil.copy(play.file("eps", 1), wide)
    plan = make_plan(play, plan_file)
    assert {name: row["decision"] for name, row in by_product(plan).items()} == {
        wide.stem: "new",
        **dict.fromkeys(narrow, "superseded"),
    }
    agree(play, plan, follow(play, plan_file))
    assert play.vids().keys() == {wide.stem}


def test_a_quick_plan_reads_nothing_and_tells_all_that_may_come(play, plan_file, monkeypatch):
    play.receive(DAY, 2)
    play.run()
    touch_byte(play.file("eps", 0))
    os.utime(play.file("gnc", 0))
    exact = by_product(make_plan(play, plan_file))
    read = LocalStore.read

    def refuse(store: LocalStore, key: str) -> bytes:
        assert store.root != str(play.source), f"{key} was read"
        return read(store, key)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "read", refuse)
        plan = make_plan(play, plan_file, "--quick")
    quick = by_product(plan)
    assert quick.keys() == exact.keys()
    for product_id, row in quick.items():
        assert row["expected_vid"] == "2.0 or 1.1 or 1.0"
        assert exact[product_id]["expected_vid"] in row["expected_vid"].split(" or ")
        assert row["exact"] is False
    assert {row["expected_vid"] for row in plan["collections"]} == {"1.1 or 1.0"}
    assert follow(play, plan_file)["plan_differences"] == []


def test_planning_writes_nothing(play, plan_file):
    play.receive(DAY, 2)
    play.run()
    touch_byte(play.file("eps", 0))
    play.receive(DAY + timedelta(2), 1)
    before, rows, runs = everything(play), rows_of(play), run_states(play.output / "catalog.sqlite")
    make_plan(play, plan_file)
    make_plan(play, plan_file, run__mode="full", run__reason="To see.", release__bump="major")
    assert everything(play) == before
    assert rows_of(play) == rows
    assert run_states(play.output / "catalog.sqlite") == runs


def test_the_plan_of_a_settled_mission_is_empty(play, plan_file, tmp_path):
    play.receive(DAY, 2)
    play.run()
    table = tmp_path / "plan.csv"
    plan = make_plan(play, plan_file, "--csv", str(table))
    assert (plan["products"], plan["collections"], plan["deliveries"]) == ([], [], [])
    assert plan["settled"] == {"unchanged": 6}
    assert plan["disk"]["needed_bytes"] == 0
    with table.open(newline="") as file:
        assert len(list(csv.reader(file))) == 1
    assert follow(play, plan_file)["decisions"] == {}


def test_a_plan_that_was_laid_out_anew_is_run_all_the_same(play, plan_file):
    play.receive(DAY, 3)
    plan = make_plan(play, plan_file)
    random.Random(1).shuffle(plan["products"])
    plan_file.write_text(json.dumps(dict(sorted(plan.items())), indent=2))
    assert follow(play, plan_file)["decisions"] == {"new": 9}


def test_a_run_is_dated_as_its_plan(play, plan_file):
    play.receive(DAY, 1, types=["eps"])
    plan = make_plan(play, plan_file)
    summary = play.ask("run", "--plan", str(plan_file))
    assert summary["run_time"] == plan["run_time"]


def test_what_no_listing_shows_is_told_after_the_run(play, plan_file):
    play.receive(DAY, 2, types=["eps"])
    play.run()
    file = play.file("eps", 0)
    os.utime(file)
    make_plan(play, plan_file)
    touch_byte(file, keep_stat=True)
    summary = follow(play, plan_file)
    (words,) = summary["plan_differences"]
    assert f"{file.stem}: planned same, version 1.0; came out data-changed, version 2.0" in words
    assert any(words in warning for warning in summary["warnings"])


# --- A plan that does not hold any more ------------------------------------------------------------------------------


def new_file(play: Play) -> str:
    play.receive(DAY + timedelta(9), 1, types=["eps"])
    return f"{play.file('eps', 4).stem}: not in the plan"


def new_file_of_a_family(play: Play) -> str:
    file = play.file("eps", 0)
    shutil.copy(file, file.with_name(f"{file.stem}_manual.drf"))
    return f"{file.stem}_manual: not in the plan"


def planned_file_gone(play: Play) -> str:
    file = play.file("eps", 3)
    file.unlink()
    return f"{file.stem}: in the plan, but no work any more"


def planned_file_changed(play: Play) -> str:
    file = play.file("eps", 3)
    file.write_bytes(file.read_bytes() + b"\r\n")
    return f"{file.stem}: {file}: bytes "


def planned_file_touched(play: Play) -> str:
    file = play.file("eps", 3)
    os.utime(file, ns=(1, 1))
    return "mtime_ns"


def settled_file_changed(play: Play) -> str:
    touch_byte(play.file("gnc", 0))
    return f"{play.file('gnc', 0).stem}: not in the plan"


def settled_file_gone(play: Play) -> str:
    play.file("gnc", 0).unlink()
    return "files of which nothing is new, unchanged: 8 when planned, 7 now"


def foreign_file(play: Play) -> str:
    (play.source / "readme.md").write_text("hello")
    return "readme.md: not in the plan; it is to be set aside as name-unknown"


def foreign_file_gone(play: Play) -> str:
    (play.source / "notes.txt").unlink()
    return "notes.txt: was to be set aside as name-unknown"


def foreign_file_changed(play: Play) -> str:
    (play.source / "notes.txt").write_text("something else")
    return "notes.txt: bytes 5 when planned, 14 now"


def another_run(play: Play) -> str:
    play.run(check=3)
    return "release of urn:nasa:pds:maven.anc: 2 when planned, 3 now"


def delivery_rejected(play: Play) -> str:
    move(play, "maven_anc_d001", DeliveryState.REJECTED)
    return "delivery maven_anc_d001: with its receiver, or on its way when planned, rejected now"


def disposition(play: Play) -> str:
    words = ("--product", play.file("gnc", 0).stem, "--reason", "bad day", "--who", "K. Meier")
    play.ask("disposition", "exclude", *words)
    return "exclude"


def other_settings(play: Play) -> str:
    play.given["repair.max_damaged"] = "5"
    return "configuration repair.max_damaged: 0 when planned, 5 now"


def other_mode(play: Play) -> str:
    play.given["run.mode"] = "staging"
    return "configuration run.mode: release when planned, staging now"


def other_profile(play: Play) -> str:
    path = play.root / "other.toml"
    path.write_text('extends = "maven-anc"\n[calendar]\nmonths = 4\n')
    play.given["mission.profile"] = str(path)
    return "profile digest: "


WORLDS = [
    new_file,
    new_file_of_a_family,
    planned_file_gone,
    planned_file_changed,
    planned_file_touched,
    settled_file_changed,
    settled_file_gone,
    foreign_file,
    foreign_file_gone,
    foreign_file_changed,
    another_run,
    delivery_rejected,
    disposition,
    other_settings,
    other_mode,
    other_profile,
]


@pytest.fixture
def planned(play, plan_file):
    """A mission that was released once, with two days more, a foreign file, and a plan of these."""
    play.receive(DAY, 3)
    play.run()
    play.receive(DAY + timedelta(3), 1, types=["eps"])
    os.utime(play.file("eps", 0))
    (play.source / "notes.txt").write_text("hello")
    assert len(make_plan(play, plan_file)["products"]) == 2
    return play


@pytest.mark.parametrize("change", WORLDS, ids=lambda change: change.__name__)
def test_a_plan_of_another_world_is_not_run(planned, plan_file, change):
    words = change(planned)
    tree, rows = everything(planned), rows_of(planned)
    answer = planned.ask("run", "--plan", str(plan_file), check=1)
    error = answer["error"]
    assert error["kind"] == "PlanOutdated"
    assert words in error["message"]
    assert everything(planned) == tree
    assert rows_of(planned) == rows
    assert run_states(planned.output / "catalog.sqlite")[-1] == "failed"


def test_another_engine_is_another_world(planned, plan_file, monkeypatch):
    for module in ("stages.plan", "planning.conditions"):
        monkeypatch.setattr(f"drf_reprocess.{module}.ENGINE_REVISION", "0")
    error = planned.ask("run", "--plan", str(plan_file), check=1)["error"]
    assert "engine revision: 1 when planned, 0 now" in error["message"]


def test_a_refused_run_leaves_nothing_to_resume(planned, plan_file):
    foreign_file(planned)
    planned.ask("run", "--plan", str(plan_file), check=1)
    summary = planned.run(check=3)
    assert (summary["resumed"], summary["decisions"]) == ([], {"same": 1, "new": 1})


def test_what_changes_nothing_does_not_outdate_a_plan(planned, plan_file):
    move(planned, "maven_anc_d001", DeliveryState.SENT)
    planned.given["package.by"] = "delivery"
    planned.given["compute.workers"] = "1"
    assert follow(planned, plan_file, check=3)["decisions"] == {"same": 1, "new": 1}


def test_many_differences_are_counted_and_the_first_told(play, plan_file):
    play.receive(DAY, 12, types=TYPES)
    make_plan(play, plan_file)
    shutil.rmtree(play.source)
    play.receive(date(2015, 3, 1), 2, types=TYPES)
    message = play.ask("run", "--plan", str(plan_file), check=1)["error"]["message"]
    assert "42 differences" in message
    assert len(message.splitlines()) == 22
    assert message.endswith("... and 22 more")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no plan"),
        ("[]", "expected a JSON object"),
        ('{"version": 2}', "its version is 2, expected 1"),
        ('{\n"version": 1,\n"run_time": \n}\n', "line 3: no plan"),
    ],
)
def test_what_is_no_plan_is_refused(play, plan_file, text, words):
    play.receive(DAY, 1, types=["eps"])
    plan_file.write_text(text)
    error = play.ask("run", "--plan", str(plan_file), check=2)["error"]
    assert words in error["message"]
