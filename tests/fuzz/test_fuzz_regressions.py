"""What fuzzing has found, kept: each case was once an exception, or a file that read otherwise after it was mended."""

from __future__ import annotations

import struct
from pathlib import Path

import drf_fuzz_cases as cases
import drf_fuzz_readings as readings
import drf_tests_render as render
import pytest
from drf_fuzz_library import use_library

from drf_reprocess.archives import package_format
from drf_reprocess.archives.codec import Codec
from drf_reprocess.archives.zip_reader import scan_members
from drf_reprocess.drf.reader import read
from drf_reprocess.model import RepairOptions
from drf_reprocess.pds4.differences import label_differences
from drf_reprocess.pds4.digest import label_digest
from drf_reprocess.profiles.model import Column, ColumnSet
from drf_reprocess.versions.disposition_file import utc_time

FILES = sorted((Path(__file__).parent / "regressions").iterdir())
LABEL = b'<Product_Observational xmlns="http://pds.nasa.gov/pds4/pds/v1">%b</Product_Observational>'


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("policy", readings.POLICIES)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_found_files_are_sound(types, path, policy, drop):
    file_type = types[path.name.partition("-")[0]]
    for allowed in (0, 2):
        options = RepairOptions(policy, max_damaged=allowed, drop_damaged=drop)
        cases.run(
            "regressions",
            0,
            path.name,
            path.read_bytes(),
            lambda raw, o=options: readings.assert_sound(raw, file_type, o),
        )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("pte-odd-bytes-in-header-hide-numbers.drf", RepairOptions("archive-2020")),
        ("sasm1-nulls-join-header-and-record.drf", RepairOptions("minimal")),
        ("eps-part-of-a-record-in-the-header.drf", RepairOptions("archive-2020", max_leading=100)),
        ("sasm1-header-lines-among-records.drf", RepairOptions("minimal", drop_damaged=True)),
    ],
)
def test_a_mended_file_whose_header_would_read_as_records_is_set_aside(types, name, options):
    raw = (Path(__file__).parent / "regressions" / name).read_bytes()
    refused = read(raw, types[name.partition("-")[0]], options).refused
    assert refused is not None
    assert refused.code == "layout-unclear"
    assert "header" in refused.message


def test_a_number_of_seconds_beyond_all_time_is_a_damaged_record(types):
    """`1e305` seconds were an overflow in microseconds, which numpy warns of."""
    known = readings.good(types, "imu")
    rows = [list(row) for row in known.sheet.rows]
    rows[2][1] = "1e305"
    reading = read(known.but(rows=tuple(map(tuple, rows))).raw, types["imu"], RepairOptions())
    assert reading.refused is not None
    assert (reading.refused.code, reading.refused.record) == ("damaged-records", 3)
    assert "no possible time" in reading.refused.message


def test_a_processing_instruction_inside_a_label_is_compared_as_text():
    """lxml shows its parts as attributes, but lets nobody set them."""
    one, other, none = (
        LABEL % part
        for part in (b'<?p a="1 2"?><title>x</title>', b'<?p a="2"?><title>x</title>', b"<title>x</title>")
    )
    assert len({label_digest(label) for label in (one, other, none)}) == 3
    assert label_differences(one, one) == ()
    assert label_differences(one, none)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"])
def test_a_time_before_or_after_all_years_in_utc_is_no_time(text):
    with pytest.raises(ValueError, match="year 1 or after the year 9999"):
        utc_time(text)


@pytest.mark.parametrize(("told", "given"), [(8, 7), (28, 1), (40, 28), (9, 9), (0, 0), (0xFFFF, 3)])
def test_a_zip64_field_that_is_cut_off_is_a_fault_of_its_member(told, given):
    """The numbers were unpacked from fewer bytes than they need."""
    member = package_format("zip").member("a/x.txt", b"x" * 9, Codec())
    good = member.blob + package_format("zip").trailer([(member.entry, 0)])
    start, end = good.rfind(b"PK\1\2"), good.rfind(b"PK\5\6")
    entry = bytearray(good[start:end])
    extra = struct.pack("<2H", 1, told) + b"\1" * given
    struct.pack_into("<2I", entry, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", entry, 30, len(extra))
    entry += extra
    raw = (
        good[:start] + bytes(entry) + good[end : end + 12] + struct.pack("<I", len(entry)) + good[end + 16 :]
    )
    members, faults = scan_members(lambda first, last: raw[first:last], len(raw))
    assert members == ()
    assert [fault.path for fault in faults] == ["a/x.txt"]


@pytest.mark.parametrize("text", ["9" * 5000, "-" + "9" * 5000, "0" * 4999 + "7"])
@pytest.mark.parametrize("library", [False, True])
def test_an_integer_of_thousands_of_digits(types, text, library, monkeypatch):
    """Without numba, `int` refused to read so many digits at all."""
    if library:
        use_library(monkeypatch)
    columns = tuple(Column(name=f"X_{n}", kind="integer") for n in range(2))
    wide = types["eps"].model_copy(update={"column_sets": (ColumnSet(era="x", columns=columns, ordered=2),)})
    rows = tuple((render.scet(step), "1", text if step == 1 else "2") for step in range(4))
    sheet = render.Sheet(("X_0", "X_1"), rows, None, (12, 5001))
    reading = read(sheet.render(), wide, RepairOptions())
    if text.endswith("7"):
        assert reading.table.column("X_1").to_pylist() == [2, 7, 2, 2]
    else:
        assert (reading.refused.code, reading.refused.record) == ("damaged-records", 2)


def test_the_slow_tests_run_enough_cases():
    """Each of them requires its own share."""
    assert sum(cases.SLOW_BUDGET.values()) >= 20_000
