"""Files that are wrong as a whole in one way: one case with its reason, not many damaged records."""

from __future__ import annotations

import drf_tests_render as render
import pytest
from drf_tests_checking import check

from drf_reprocess.drf.reader import read
from drf_reprocess.model import Kind, RepairOptions, Severity

LENIENT = RepairOptions(max_damaged=1000)
ARCHIVE = RepairOptions("archive-2020", max_leading=5)


def place_of(file_type, kind):
    columns = file_type.column_sets[-1].columns
    return next(place for place, column in enumerate(columns, 1) if column.kind is kind)


def with_column(sheet, place, texts):
    rows = zip(sheet.rows, texts, strict=True)
    return sheet.but(rows=tuple((*row[:place], text, *row[place + 1 :]) for row, text in rows))


def blanked(row):
    return (row[0], *("" for _ in row[1:]))


def told(reading, code):
    return [finding for finding in reading.findings if finding.code == code]


@pytest.mark.parametrize("options", [RepairOptions(), LENIENT, RepairOptions("never")])
@pytest.mark.parametrize("text", ["1.5", "0x1F05", "IDLE", "NaN", "TRIP 2", "ON STANDBY"])
def test_a_contradicted_kind_tells_how_many_values_contradict_it(types, text, options):
    place = place_of(types["eps"], Kind.INTEGER)
    texts = [("0", "", text, text)[step % 4] for step in range(40)]
    sheet = with_column(render.sheet(types["eps"], records=40), place, texts)
    found = read(sheet.render(), types["eps"], options)
    assert found.refused.code == "column-kind"
    assert "should be integer, but 20 of 30 values are not" in found.refused.message
    assert repr(text) in found.refused.message
    assert "kind in the profile" in found.refused.remedy
    assert found.findings == (found.refused,)


def test_a_contradicted_kind_shows_different_examples(types):
    texts = ["1.5", "1.5", "2.5", "IDLE", "NaN", "7", "8", "9"]
    sheet = with_column(render.sheet(types["eps"]), place_of(types["eps"], Kind.INTEGER), texts)
    assert "(such as '1.5', '2.5', 'IDLE')" in read(sheet.render(), types["eps"], LENIENT).refused.message


@pytest.mark.parametrize("texts", [["1.5"], ["1.5", "7"], ["1.5", "", ""], ["1.5", "2.5", "7", "8"]])
def test_few_values_of_another_kind_do_not_contradict_it(types, texts):
    sheet = render.sheet(types["eps"], records=len(texts))
    raw = with_column(sheet, place_of(types["eps"], Kind.INTEGER), texts).render()
    assert read(raw, types["eps"], RepairOptions()).refused.code == "damaged-records"


@pytest.mark.parametrize("name", ["gnc", "imu"])
def test_carriage_returns_alone_are_named(types, name):
    sheet = render.imu_sheet(types[name]) if name == "imu" else render.sheet(types[name])
    found = read(sheet.but(ends=(b"\r",)).render(), types[name], RepairOptions())
    assert found.refused.code == "line-ends"
    assert "carriage return alone" in found.refused.message


@pytest.mark.parametrize("raw", [b"\n" * 50, b"\r\n" * 50, b"\r" * 50, b"   \r\n \t \r\n"])
def test_a_file_of_empty_lines_is_named(types, raw):
    found = read(raw, types["gnc"], RepairOptions())
    assert found.refused.code == "no-records"
    assert f"blanks and line ends only ({len(raw)} bytes)" in found.refused.message


@pytest.mark.parametrize("options", [RepairOptions(), LENIENT])
@pytest.mark.parametrize("name", ["gnc", "eps", "usm1"])
@pytest.mark.parametrize("trimmed_header", [True, False])
def test_lost_trailing_blanks_are_one_case(types, name, trimmed_header, options):
    sheet = render.sheet(types[name], records=40, trimmed_header=trimmed_header)
    last = ["1" * (1 + step % 3) for step in range(40)]
    sheet = with_column(sheet, len(sheet.names), last)
    assert check(sheet.render(), types[name]).refused is None
    lines = sheet.header() + [line.rstrip() for line in sheet.records()]
    found = read(render.join(lines), types[name], options)
    assert found.refused.code == "layout-unclear"
    assert "have lost their trailing blanks" in found.refused.message
    assert found.findings == (found.refused,)


def test_some_records_cut_in_the_middle_have_not_lost_trailing_blanks(types):
    sheet = render.sheet(types["gnc"], records=40)
    lines = sheet.lines()
    for place in (10, 15, 20, 25, 30):
        lines[place] = lines[place][:-30].rstrip()
    found = read(render.join(lines), types["gnc"], RepairOptions())
    assert found.refused.code == "damaged-records"
    assert "5 of 40" in found.refused.message


def test_a_blank_record_is_told_with_its_place(types):
    sheet = render.sheet(types["gnc"])
    lines = sheet.lines()
    lines[7] = lines[9] = " " * len(lines[7])
    reading = check(render.join(lines), types["gnc"])
    (finding,) = told(reading, "blank-record")
    assert (finding.severity, finding.record) == (Severity.WARNING, 4)
    assert "2 record(s) are blank" in finding.message
    (finding,) = told(reading, "blank-time")
    assert "2 record(s) have no time, the first is record 4" in finding.message


def test_a_record_that_lacks_only_its_time_is_no_blank_record(types):
    lines = render.sheet(types["gnc"]).lines()
    lines[7] = " " * 19 + lines[7][19:]
    reading = check(render.join(lines), types["gnc"])
    assert told(reading, "blank-record") == []
    assert told(reading, "blank-time")[0].record == 4


@pytest.mark.parametrize(("run", "kept"), [(5, 35), (6, 40)])
def test_a_leading_run_beyond_the_limit_is_kept_and_told(types, run, kept):
    sheet = render.sheet(types["gnc"], records=40)
    sheet = sheet.but(rows=(*map(blanked, sheet.rows[:run]), *sheet.rows[run:]))
    reading = check(sheet.render(), types["gnc"], ARCHIVE)
    assert reading.layout.records == kept
    findings = told(reading, "leading-run-too-long")
    assert len(findings) == (run > 5)
    for finding in findings:
        assert finding.severity is Severity.WARNING
        assert "the first 6 records" in finding.message
        assert "up to 5" in finding.message
        assert "repair.max_leading" in finding.remedy
    assert told(check(sheet.render(), types["gnc"]), "leading-run-too-long") == []


def without_columns(sheet, gone):
    kept = [place for place in range(len(sheet.names)) if place not in gone]
    return sheet.but(
        names=tuple(sheet.names[place] for place in kept),
        marks=tuple(sheet.marks[place] for place in kept),
        widths=tuple(sheet.column_widths[place] for place in kept),
        rows=tuple((row[0], *(row[place + 1] for place in kept)) for row in sheet.rows),
    )


@pytest.mark.parametrize(
    ("gone", "marked", "expected"),
    [("DN", True, "DN"), ("EU", True, "EU"), ("DN", False, "DN or EU")],
)
def test_one_column_of_each_pair_is_told_as_the_other_missing(types, gone, marked, expected):
    sheet = render.sheet(types["rs"])
    half = without_columns(sheet, [place for place, mark in enumerate(sheet.marks) if mark == gone])
    if not marked:
        half = half.but(marks=None)
    found = read(half.render(), types["rs"], RepairOptions())
    assert found.refused.code == "unknown-columns"
    assert f"missing: RspInSrT1 ({expected}), RspInSrT2 ({expected})" in found.refused.message


def test_a_whole_pair_missing_and_a_column_too_often_are_told(types):
    sheet = render.sheet(types["rs"])
    names = tuple("IuvsInST1" if name == "RspInSrT1" else name for name in sheet.names)
    found = read(sheet.but(names=names).render(), types["rs"], RepairOptions())
    assert (
        "missing: RspInSrT1 (DN and EU); too often: IuvsInST1 (4 times, expected 2)" in found.refused.message
    )
