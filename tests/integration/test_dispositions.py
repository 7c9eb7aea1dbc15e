"""Decisions of persons through the command line: each cures its case, and is replayed from the originals."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from drf_integration_cli import settings

from drf_reprocess.profiles.load import load_profile
from drf_reprocess.testing.render import render_file
from drf_reprocess.testing.schedule import make_spec

PROFILE = load_profile("maven-anc")
EPS = PROFILE.types_by_name["eps"]
NAME = "sci_anc_eps14_342_343.drf"
ID = NAME.removesuffix(".drf")
WHO = ("--who", "A. Operator")


class Desk:
    """A mission of few files, and the commands on it."""

    def __init__(self, folder: Path, cli) -> None:
        self.folder = folder
        self.cli = cli
        self.source = folder / "source"
        self.source.mkdir()
        self.places = self.at("output")
        self.clock = 1_500_000_000

    def at(self, output: str, *more: str) -> list[str]:
        return settings(
            source__uri=self.source,
            output__uri=self.folder / output,
            compute__site="serial",
            run__time="2026-01-01T00:00:00Z",
        )

    def receive(self, data: bytes, name: str = NAME, *, later: int = 1) -> Path:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.clock += later
        os.utime(path, (self.clock, self.clock))
        return path

    def ask(self, *words: str, check: int = 0, places: list[str] | None = None):
        return self.cli(*words, "--json", *(places or self.places), check=check).json

    def run(self, check: int = 0, places: list[str] | None = None):
        return self.ask("run", check=check, places=places)

    def product(self, product_id: str = ID, places: list[str] | None = None):
        rows = self.ask("products", places=places)
        return next((row for row in rows if row["lid"].endswith(f":{product_id}")), None)

    def aside(self) -> dict[str, tuple[str, str]]:
        return {Path(row["source"]).name: (row["state"], row["code"]) for row in self.ask("quarantine")}

    def dispose(self, action: str, *words: str, check: int = 0):
        return self.ask("disposition", action, *words, "--reason", "seen in the plots", *WHO, check=check)


@pytest.fixture
def desk(tmp_path, cli_here) -> Desk:
    return Desk(tmp_path, cli_here)


def good(seed: int = 0, records: int = 40) -> bytes:
    return render_file(make_spec(EPS, date(2014, 12, 8), seed=seed, records=records))


def renamed(seed: int) -> bytes:
    """A file one of whose channels has a name that no profile knows."""
    data = good(seed)
    assert b"SASM_TotalC" in data
    return data.replace(b"SASM_TotalC", b"SASM_OtherC")


def damaged() -> bytes:
    """A file of which one record cannot be labelled."""
    lines = good().splitlines(keepends=True)
    lines[20] = lines[20][:30] + b"*" * 9 + lines[20][39:]
    return b"".join(lines)


def test_damaged_records_are_dropped_and_the_decision_travels_to_another_output(desk, tmp_path):
    path = desk.receive(damaged())
    desk.run(check=3)
    assert desk.aside() == {NAME: ("quarantined", "damaged-records")}
    refused = desk.dispose("accept", "--source", str(path), check=2)
    assert "drop-records" in refused["error"]["message"]
    desk.dispose("drop-records", "--code", "damaged-records")
    desk.run()
    row = desk.product()
    assert (row["vid"], row["records"]) == ("1.0", 39)
    assert "A. Operator" in Path(row["label"]).read_text()
    decisions = tmp_path / "decisions.csv"
    desk.ask("disposition", "export", str(decisions))
    other = desk.at("other")
    desk.run(check=3, places=other)
    desk.ask("disposition", "import", str(decisions), places=other)
    desk.run(places=other)
    again = desk.product(places=other)
    assert (again["data_md5"], again["label_md5"]) == (row["data_md5"], row["label_md5"])
    desk.ask("disposition", "import", str(decisions), places=other)
    assert desk.run(places=other)["bytes_in"] == 0


def test_an_excluded_file_is_out_until_the_decision_is_withdrawn(desk):
    path = desk.receive(good())
    desk.receive(good(1), "sci_anc_eps14_343_344.drf")
    desk.run()
    desk.dispose("exclude", "--source", str(path))
    desk.run()
    assert desk.product() is None
    assert desk.aside() == {NAME: ("excluded", "excluded")}
    inventory = next((desk.folder / "output" / "bundle" / "data_drf_eps").glob("*inventory_1.1.csv"))
    assert ID not in inventory.read_text()
    (decision,) = desk.ask("disposition", "list")
    desk.ask("disposition", "withdraw", decision["disposition_id"], "--reason", "it is right", *WHO)
    desk.run()
    assert desk.product()["vid"] == "1.1", "receivers were told that it left: it comes back as a new version"


def test_a_mask_leaves_records_out_and_completeness_tells_it(desk):
    desk.receive(good(records=200))
    desk.run()
    before = desk.product()
    desk.dispose("mask", "--product", ID, "--from", "2014-12-08T06:00:00Z", "--to", "2014-12-08T09:00:00Z")
    desk.run()
    row = desk.product()
    assert row["vid"] == "2.0"
    assert row["records"] < before["records"]
    assert any("A. Operator" in words for words in row["mended"])
    holes = [hole for hole in desk.ask("completeness")["holes"] if hole["reason"] == "excluded"]
    assert [hole["start"][:13] for hole in holes] in (["2014-12-08T05"], ["2014-12-08T06"])
    original = (desk.source / NAME).read_bytes()
    stored = [path for path in (desk.folder / "output" / "store").rglob("*") if path.is_file()]
    assert any(path.read_bytes() == original for path in stored)


def test_another_files_bytes_stand_for_a_bad_one(desk, tmp_path):
    path = desk.receive(b"\x00\x01 not a data file")
    desk.run(check=3)
    better = tmp_path / "better.drf"
    better.write_bytes(good())
    desk.dispose("replace", "--source", str(path), "--with", str(better))
    better.unlink()
    desk.run()
    row = desk.product()
    assert Path(row["data"]).read_bytes() == good()
    assert Path(row["data"]).name == NAME


def test_a_person_chooses_among_files_that_no_rule_parts(desk):
    first = desk.receive(good(1), f"a/{NAME}")
    second = desk.receive(good(2), f"b/{NAME}", later=0)
    desk.run(check=3)
    assert {row["code"] for row in desk.ask("quarantine")} == {"product-conflict"}
    desk.dispose("choose", "--source", str(second))
    desk.run()
    assert desk.product()["data_md5"] == desk.product()["source_md5"]
    assert Path(desk.product()["data"]).read_bytes() == second.read_bytes()
    states = {row["source"]: row["state"] for row in desk.ask("quarantine")}
    assert states == {str(first): "superseded"}


def test_a_new_column_set_is_one_case_and_is_accepted_once(desk):
    files = [desk.receive(renamed(n), f"sci_anc_eps14_34{n}_34{n + 1}.drf") for n in (2, 3)]
    desk.run(check=3)
    (case,) = desk.ask("columns", "cases")
    assert case["files"] == len(files)
    (group,) = desk.ask("quarantine", "--group", "code,type")
    assert (group["code"], group["files"]) == ("unknown-columns", 2)
    assert not list((desk.folder / "output").glob("deliveries/*/*.zip"))
    desk.ask("columns", "accept", case["case_id"], "--reason", "new flight software", *WHO)
    desk.run()
    assert len(desk.ask("products")) == 2
    assert desk.ask("columns", "cases") == []
    assert desk.run()["bytes_in"] == 0


def test_worse_data_are_held_out_of_everything_until_a_person_accepts_them(desk):
    desk.receive(good(records=60))
    desk.run()
    lines = good(records=60).splitlines(keepends=True)
    desk.receive(b"".join(lines[:-12]))
    summary = desk.run(check=3)
    assert (summary["products"]["held"], summary["deliveries"]) == (1, [])
    assert desk.product()["vid"] == "1.0"
    (row,) = desk.ask("quarantine")
    assert (row["state"], row["code"]) == ("held", "science-gate")
    assert "48 records, 60 in the former version: 20.0% fewer" in row["message"]
    assert desk.run()["products"]["held"] == 1, "it stays held, and nobody is told again"
    desk.dispose("accept", "--code", "science-gate")
    (delivery,) = desk.run()["deliveries"]
    row = desk.product()
    assert (row["vid"], row["records"], delivery["products"]) == ("2.0", 48, 1)
    assert "seen in the plots" in Path(row["label"]).read_text()


def test_an_excluded_file_leaves_the_archive_with_a_release_not_with_staging(desk):
    """A staging run tells no collection of anything: until the release the product stands."""
    path = desk.receive(good())
    desk.receive(good(1), "sci_anc_eps14_343_344.drf")
    desk.run()
    desk.dispose("exclude", "--source", str(path))
    for _ in range(2):
        desk.ask("run", "--set", "run.mode=staging")
        assert desk.product()["vid"] == "1.0"
        desk.ask("catalog", "check")
    desk.run()
    assert desk.product() is None
    desk.ask("catalog", "check")
