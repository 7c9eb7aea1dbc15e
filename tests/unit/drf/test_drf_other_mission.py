"""A mission that is not MAVEN: another time, three header lines, wider columns; a profile and no code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import drf_tests_render as render
import pytest

from drf_reprocess.drf.naming import match_name
from drf_reprocess.drf.reader import read
from drf_reprocess.model import Kind, RepairOptions
from drf_reprocess.profiles.load import load_profile

START = datetime(2031, 6, 30, 23, 59, 59, 123456, UTC)


@pytest.fixture(scope="module")
def invented():
    return load_profile(Path(__file__).resolve().parents[2] / "data" / "invented_mission.toml")


def invented_sheet(file_type, era=-1):
    columns = file_type.column_sets[era].columns
    rows = tuple(
        (
            f"{START + timedelta(seconds=step):%Y-%m-%dT%H:%M:%S.%f}",
            *(render.value(column.kind.value, place, step) for place, column in enumerate(columns)),
        )
        for step in range(5)
    )
    return render.Sheet(
        names=tuple(column.source_name or column.name for column in columns),
        rows=rows,
        marks=tuple(column.dn_eu or "" for column in columns),
        widths=(14,) * len(columns),
        time_chars=26,
        order="t m n" if file_type.header.dn_eu_row else "t u n",
    )


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize(("name", "era"), [("pwr", 0), ("pwr", 1), ("orb", 0)])
def test_its_files_are_read_and_mended(invented, name, era, header):
    file_type = invented.types_by_name[name]
    sheet = invented_sheet(file_type, era)
    reading = read((sheet if header else sheet.but(order="t")).render(), file_type, RepairOptions())
    assert reading.refused is None
    assert [mend.rule for mend in reading.mends] == ([] if header else ["rebuild-header"])
    assert reading.layout.era == file_type.column_sets[era].era
    assert (reading.layout.fields[0].name, reading.layout.fields[0].length) == (file_type.time.column, 26)
    assert reading.start_time == "2031-06-30T23:59:59.123456Z"
    assert reading.table.column("time_utc").to_pylist() == [
        START + timedelta(seconds=step) for step in range(5)
    ]
    for place, field in enumerate(reading.layout.fields[1:], 1):
        convert = {Kind.REAL: float, Kind.INTEGER: int, Kind.STATE: str}[field.kind]
        assert reading.table.column(field.name).to_pylist() == [convert(row[place]) for row in sheet.rows]


def test_its_names(invented):
    file_type = invented.types_by_name["pwr"]
    found = match_name(invented, file_type.names[0].example)
    assert found is not None
    assert found.type == "pwr"
