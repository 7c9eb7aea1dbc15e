from __future__ import annotations

from datetime import UTC, date, datetime

import drf_tests_reference as reference
import drf_tests_render as render
import pytest
from drf_tests_checking import check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drf_reprocess.drf.reader import read
from drf_reprocess.drf.timeform import time_picture
from drf_reprocess.model import RepairOptions
from drf_reprocess.profiles.model import TimeFormat


def with_times(file_type, *times):
    sheet = render.sheet(file_type, records=len(times))
    return sheet.but(rows=tuple((time, *row[1:]) for time, row in zip(times, sheet.rows, strict=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14/342-03:20:19.328", datetime(2014, 12, 8, 3, 20, 19, 328000, UTC)),
        ("16/366-23:59:59.999", datetime(2016, 12, 31, 23, 59, 59, 999000, UTC)),
        ("15/181-23:59:60.500", datetime(2015, 7, 1, 0, 0, 0, 500000, UTC)),
        ("16/366-23:59:60.999", datetime(2017, 1, 1, 0, 0, 0, 999000, UTC)),
        ("00/060-00:00:00.000", datetime(2000, 2, 29, tzinfo=UTC)),
        ("99/365-23:59:59.999", datetime(2099, 12, 31, 23, 59, 59, 999000, UTC)),
    ],
)
def test_times_are_exact_and_the_text_is_untouched(types, text, expected):
    reading = check(with_times(types["eps"], text, "14/342-03:20:19.328").render(), types["eps"])
    assert reading.table.column("time_utc")[0].as_py() == expected
    assert reading.table.column("SCET")[0].as_py() == text


@pytest.mark.parametrize(
    "text",
    ["14/000-12:00:00.000", "14/366-12:00:00.000", "16/367-12:00:00.000", "14/342-24:00:00.000", "14/342-12:60:00.000",
     "14/342-23:59:60.000", "15/181-23:58:60.000", "15/181-22:59:60.000", "14/342-12:00:61.000", "14-342-12:00:00.000",
     "1x/342-12:00:00.000", "14/342-12:00:00.00 ", "no time            "],
)  # fmt: skip
def test_an_impossible_time_is_a_damaged_record_with_its_place(types, text):
    raw = with_times(types["eps"], "14/342-03:20:19.328", text, "14/342-03:20:25.328").render()
    reading = read(raw, types["eps"], RepairOptions())
    assert reading.refused.code == "damaged-records"
    (finding,) = [finding for finding in reading.findings if finding.code == "damaged-record"]
    assert (finding.record, finding.field) == (2, "SCET")
    assert raw[finding.offset_bytes : finding.offset_bytes + 19] == text.encode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.from_regex(r"[0-9]{2}/[0-3][0-9]{2}-[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\.[0-9]{3}", fullmatch=True)
)
def test_times_are_those_of_the_reference(types, text):
    raw = with_times(types["eps"], "14/342-03:20:19.328", text).render()
    reading = read(raw, types["eps"], RepairOptions())
    try:
        expected = reference.read_time(text)
    except reference.Unfit:
        assert reading.refused.code == "damaged-records"
    else:
        assert reading.table.column("time_utc")[1].as_py() == expected


def test_start_and_stop_are_the_extremes_and_the_day_is_the_earliest_records(types):
    times = ("14/342-12:00:00.000", "14/343-01:00:00.125", "14/341-23:59:59.999", "14/342-12:00:00.000")
    reading = check(with_times(types["eps"], *times).render(), types["eps"])
    assert (reading.start_time, reading.stop_time) == ("2014-12-07T23:59:59.999Z", "2014-12-09T01:00:00.125Z")
    assert reading.day == date(2014, 12, 7)
    assert {finding.code for finding in reading.findings} == {"time-order", "duplicate-time"}
    assert reading.table.column("record_number").to_pylist() == [1, 2, 3, 4]


def test_a_record_without_time_is_kept_with_a_null(types):
    reading = check(with_times(types["eps"], "14/342-12:00:00.000", " " * 19).render(), types["eps"])
    assert reading.table.column("time_utc").to_pylist()[1] is None
    assert reading.table.column("SCET").to_pylist()[1] is None
    assert [finding.code for finding in reading.findings] == ["blank-time"]


def test_a_file_without_any_time_is_refused(types):
    assert (
        read(
            with_times(types["eps"], " " * 19, " " * 19).render(), types["eps"], RepairOptions()
        ).refused.code
        == "no-time"
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ("471484819.32800", datetime(2014, 12, 10, 12, 0, 19, 328000, UTC)),
        ("0.00001", datetime(2000, 1, 1, 12, 0, 0, 10, UTC)),
        ("-0.5", datetime(2000, 1, 1, 11, 59, 59, 500000, UTC)),
        ("999999999.99999", datetime(2031, 9, 9, 13, 46, 39, 999990, UTC)),
    ],
)
def test_seconds_since_the_epoch(types, seconds, expected):
    sheet = render.imu_sheet(types["imu"], records=3)
    rows = ((sheet.rows[0][0], seconds, *sheet.rows[0][2:]), *sheet.rows[1:])
    reading = check(sheet.but(rows=rows).render(), types["imu"])
    assert reading.table.column("time_utc")[0].as_py() == expected


def test_seconds_beyond_all_calendars_are_a_damaged_record(types):
    sheet = render.imu_sheet(types["imu"], records=3)
    rows = ((sheet.rows[0][0], "9e30", *sheet.rows[0][2:]), *sheet.rows[1:])
    reading = read(sheet.but(rows=rows).render(), types["imu"], RepairOptions())
    assert (reading.refused.code, reading.refused.field) == ("damaged-records", "IMU_TIME")


def test_another_missions_form_of_time():
    picture = time_picture(TimeFormat(column="T", form="yyyy-MM-ddThh:mm:ss"))
    assert picture.chars == 19
    assert picture.fraction_digits == 0
    assert picture.at_start.match(b"2021-02-03T04:05:06")
    assert picture.is_like(b"2021-02-03T04:05:xx ...")
    assert not picture.is_like(b"  CHANNEL TITLES OF 2021-02-03")
