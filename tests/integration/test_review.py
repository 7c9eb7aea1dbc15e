"""A release that the archive wants to review first, and decisions that were outdated before they could be recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from drf_integration_cli import settings

from drf_reprocess.catalog.sql import SqlCatalog
from drf_reprocess.errors import CatalogConflict
from drf_reprocess.testing.faults import FailOnCall
from drf_reprocess.testing.sample import write_sample


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    write_sample(str(tmp_path / "source"), scale=0.0001, days=2, types=["eps"])
    return settings(
        source__uri=tmp_path / "source",
        output__uri=tmp_path / "output",
        compute__site="serial",
        run__time="2026-01-01T00:00:00Z",
    )


def receive_with_other_fields(folder: Path) -> None:
    """Lay a file of a third day whose columns are one byte wider than those before."""
    write_sample(str(folder / "more"), scale=0.0001, days=3, types=["eps"])
    newest = sorted((folder / "more").rglob("*.drf"))[-1]
    lines = newest.read_bytes().split(b"\r\n")
    wider = b"\r\n".join(line + b" " if line else line for line in lines)
    target = folder / "source" / newest.relative_to(folder / "more")
    target.write_bytes(wider)


def test_other_fields_are_reviewed_before_they_are_sent(places, tmp_path, cli_here):
    first = cli_here("run", "--json", *places, check=0).json
    assert first["warnings"] == [], "a first release has nothing that it could differ from"
    (delivery,) = first["deliveries"]
    cli_here("delivery", "sent", delivery["delivery_id"], *places, check=0)
    receive_with_other_fields(tmp_path)
    second = cli_here("run", "--json", *places, check=0).json
    assert any("requires review before it is sent (SIS 4.2)" in words for words in second["warnings"])
    (delivery,) = second["deliveries"]
    ask = ("delivery", "sent", delivery["delivery_id"], "--json", *places)
    refused = cli_here(*ask, check=2).json["error"]["message"]
    assert "requires review (SIS 4.2)" in refused
    assert "record structure" in refused
    acknowledge = (
        "delivery",
        "acknowledge",
        delivery["release_id"],
        "--who",
        "A",
        "--reason",
        "seen by the node",
    )
    told = cli_here(*acknowledge, "--json", *places, check=0).json
    assert told["acknowledged"].startswith("acknowledged by A on ")
    assert cli_here(*ask, check=0).json["state"] == "sent"
    again = cli_here(*acknowledge, "--json", *places, check=2).json["error"]["message"]
    assert "acknowledged already" in again


def test_what_was_decided_from_outdated_versions_is_decided_anew(places, cli_here, monkeypatch):
    conflict = CatalogConflict("another run got there first")
    failing = FailOnCall(SqlCatalog.commit_outcomes, conflict, 1)
    monkeypatch.setattr(SqlCatalog, "commit_outcomes", lambda *arguments: failing(*arguments))
    summary = cli_here("run", "--json", *places, check=0).json
    assert (summary["products"]["processed"], summary["decisions"]) == (2, {"new": 2})
    assert cli_here("run", "--json", *places, check=0).json["deliveries"] == []


def test_a_run_that_never_catches_up_says_so(places, cli_here, monkeypatch):
    def refuse(*_: object) -> None:
        raise CatalogConflict("another run got there first")

    monkeypatch.setattr(SqlCatalog, "commit_outcomes", refuse)
    error = cli_here("run", "--json", *places, check=1).json["error"]
    assert error["kind"] == "CatalogConflict"
    assert "another run is at work on this output" in error["message"]
