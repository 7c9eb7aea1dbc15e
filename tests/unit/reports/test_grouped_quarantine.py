from __future__ import annotations

import pytest
from desk_fakes import make_mission, make_row

from drf_reprocess.errors import ConfigurationError
from drf_reprocess.model import SourceState
from drf_reprocess.reports.quarantine import grouped_rows

ROWS = [
    *(
        make_row(f"sci_anc_gnc15_{day:03d}_{day:03d}.drf", "unknown-columns", bytes=day)
        for day in range(1, 41)
    ),
    make_row("sci_anc_eps15_365_001.drf", "unknown-columns", since="2026-11-01T00:00:00Z", remedy="b"),
    make_row("sci_anc_eps15_364_364.drf", "unknown-columns", remedy="b"),
    make_row("sci_anc_eps15_363_363.drf", "unknown-columns", remedy="c"),
    make_row("notes.txt", "name-unknown", sha256="", type=""),
    make_row("sci_anc_gnc15_050_050.drf", "science-gate", state=SourceState.HELD),
    make_row("sci_anc_gnc15_051_051.drf"),
]


def test_files_alike_are_one_line():
    rows = grouped_rows(make_mission(*ROWS), ["code", "type", "month"])
    told = [(row["code"], row["type"], row["month"], row["files"]) for row in rows]
    assert told == [
        ("unknown-columns", "gnc", "2015-01", 31),
        ("unknown-columns", "gnc", "2015-02", 9),
        ("unknown-columns", "eps", "2015-12", 3),
        ("name-unknown", "", "", 1),
        ("science-gate", "gnc", "2015-02", 1),
    ]


def test_a_group_has_sums_span_example_and_commonest_remedy():
    rows = grouped_rows(make_mission(*ROWS), ["code", "type"])
    gnc, eps, name, _ = rows
    assert gnc == {
        "code": "unknown-columns",
        "type": "gnc",
        "files": 40,
        "bytes": sum(range(1, 41)),
        "first": "2015-01-01",
        "last": "2015-02-09",
        "since": "2026-11-20T00:00:00Z",
        "message": "sci_anc_gnc15_001_001.drf: what is wrong",
        "remedy": "a remedy",
    }
    assert (eps["first"], eps["last"]) == ("2015-12-29", "2016-01-01")
    assert (eps["since"], eps["remedy"]) == ("2026-11-01T00:00:00Z", "b")
    assert (name["first"], name["last"]) == ("", "")


def test_no_file_goes_missing_whatever_the_keys():
    mission = make_mission(*ROWS)
    for keys in (["code"], ["state"], ["month", "type"], ["code", "type", "month", "state"]):
        rows = grouped_rows(mission, keys)
        assert sum(row["files"] for row in rows) == len(ROWS) - 1
        assert [list(row)[: len(keys)] for row in rows] == [keys] * len(rows)
    assert {row["state"] for row in grouped_rows(mission, ["state"])} == {"quarantined", "held"}


@pytest.mark.parametrize("keys", [[], ["colour"], ["code", "lid"]])
def test_an_unknown_key_is_told(keys):
    with pytest.raises(ConfigurationError, match="expected one or more of code, type, month, state"):
        grouped_rows(make_mission(), keys)
