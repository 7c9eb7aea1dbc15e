"""A file whose days another file of its type covers, and more: the profile says whether both stand."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from drf_integration_cli import settings

import drf_reprocess.profiles
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.testing.render import render_file
from drf_reprocess.testing.schedule import make_spec

BUILT_IN = Path(drf_reprocess.profiles.__file__).parent
TYPE = load_profile("maven-anc").types_by_name["eps"]
NARROW, WIDE = "sci_anc_eps14_342_343.drf", "sci_anc_eps14_342_345.drf"


@pytest.fixture(params=["both", "wider"])
def places(request, tmp_path):
    """A mission of its own profile, which says what becomes of files that are covered twice."""
    text = (BUILT_IN / "maven-anc.toml").read_text()
    text = text.replace('covered_twice = "both"', f'covered_twice = "{request.param}"')
    assert f'covered_twice = "{request.param}"' in text
    profile = tmp_path / "profile.toml"
    profile.write_text(text)
    (tmp_path / "maven-anc-columns.csv").write_bytes((BUILT_IN / "maven-anc-columns.csv").read_bytes())
    (tmp_path / "source").mkdir()
    return (
        request.param,
        tmp_path,
        settings(
            mission__profile=profile,
            source__uri=tmp_path / "source",
            output__uri=tmp_path / "output",
            compute__site="serial",
            run__time="2026-01-01T00:00:00Z",
        ),
    )


def receive(folder: Path, name: str, day: int) -> None:
    path = folder / "source" / name
    path.write_bytes(render_file(make_spec(TYPE, date(2014, 12, day), records=30)))
    os.utime(path, (1_500_000_000, 1_500_000_000))


def names(cli_here, places) -> list[str]:
    return sorted(Path(row["data"]).name for row in cli_here("products", "--json", *places).json)


def aside(cli_here, places) -> dict[str, tuple[str, str]]:
    rows = cli_here("quarantine", "--json", *places).json
    return {Path(row["source"]).name: (row["state"], row["code"]) for row in rows}


def test_received_together(places, cli_here):
    rule, folder, arguments = places
    receive(folder, NARROW, 8)
    receive(folder, WIDE, 9)
    cli_here("run", *arguments, check=0)
    if rule == "both":
        assert names(cli_here, arguments) == [NARROW, WIDE]
        assert aside(cli_here, arguments) == {}
    else:
        assert names(cli_here, arguments) == [WIDE]
        assert aside(cli_here, arguments) == {NARROW: ("superseded", "covered-twice")}
        original = (folder / "source" / NARROW).read_bytes()
        store = [path for path in (folder / "output" / "store").rglob("*") if path.is_file()]
        assert any(path.read_bytes() == original for path in store)
    again = cli_here("run", "--json", *arguments, check=0).json
    assert (again["bytes_in"], again["deliveries"]) == (0, [])


def test_a_wider_one_comes_later_and_goes_again(places, cli_here):
    rule, folder, arguments = places
    receive(folder, NARROW, 8)
    cli_here("run", *arguments, check=0)
    receive(folder, WIDE, 9)
    cli_here("run", *arguments, check=0)
    assert names(cli_here, arguments) == ([NARROW, WIDE] if rule == "both" else [WIDE])
    inventory = next((folder / "output" / "bundle" / "data_drf_eps").glob("*_inventory_1.1.csv")).read_text()
    assert ("eps14_342_343:" in inventory.replace("::", ":")) is (rule == "both")
    (folder / "source" / WIDE).write_bytes(b"no data file")
    os.utime(folder / "source" / WIDE, (1_600_000_000, 1_600_000_000))
    cli_here("run", *arguments, check=3)
    expected = [NARROW, WIDE] if rule == "both" else [WIDE]
    assert names(cli_here, arguments) == expected, "what is archived stands until something better comes"
    (folder / "source" / WIDE).unlink()
    cli_here("run", *arguments, check=0)
    kept = names(cli_here, arguments)
    assert NARROW in kept, "nothing covers its days any more"
