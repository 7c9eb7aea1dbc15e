"""Good files of all forms that the documents leave open, and the examples with their labels."""

from __future__ import annotations

import re

import drf_tests_render as render
import pytest
from drf_tests_checking import assert_reads_as, check, truth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drf_reprocess.drf.reader import read
from drf_reprocess.model import Kind, RepairOptions

MINIMAL = RepairOptions("minimal")
NEVER = RepairOptions("never")
ALL_TYPES = [
    "eps",
    "gnc",
    "ngms",
    "pf",
    "rs",
    "usm1",
    "usm2",
    "usm3",
    "usm4",
    "usm5",
    "usm6",
    "sasm1",
    "sasm2",
    "sasm3",
    "pte",
    "imu",
]


def sheet_of(file_type, era=-1, **changes):
    make = render.imu_sheet if file_type.name == "imu" else lambda t, **c: render.sheet(t, era, **c)
    return make(file_type, **changes)


@pytest.mark.parametrize("justify", ["left", "right"])
@pytest.mark.parametrize("ends", [(b"\r\n",), (b"\n",), (b"\r\n", b"\n")], ids=["crlf", "lf", "mixed"])
@pytest.mark.parametrize("name", ALL_TYPES)
def test_every_type_reads_with_its_columns_where_they_are(types, name, ends, justify):
    sheet = sheet_of(types[name], justify=justify, ends=ends)
    reading = assert_reads_as(sheet, types[name])
    channels = [field for field in reading.layout.fields if field.kind is not Kind.TIME]
    assert [field.location - 1 for field in channels] == list(sheet.starts)
    assert [field.length for field in channels[:-1]] == list(sheet.column_widths[:-1])


@pytest.mark.parametrize("order", ["t u m n", "t u n m", "t m n u", "t n m b", "m n", "b t u m n", "s s m n"])
@pytest.mark.parametrize("name", ["gnc", "pf", "ngms"])
def test_names_and_marks_are_found_in_any_header_line(types, name, order):
    sheet = sheet_of(types[name], order=order)
    reading = assert_reads_as(sheet, types[name], NEVER)
    assert reading.layout.header_lines == len(order.split())
    codes = {finding.code for finding in reading.findings}
    assert ("header-lines" in codes) == (len(order.split()) != 4)


def test_old_gnc_has_16_columns_and_nulls_for_the_later_ones(types):
    reading = assert_reads_as(sheet_of(types["gnc"], era=0), types["gnc"], NEVER)
    assert (reading.layout.era, reading.layout.record_bytes) == ("to-2014-12", 230)
    assert reading.table.column("ACC_BOD_VECX").null_count == reading.table.num_rows


def test_clean_gnc_has_the_archives_byte_map(types):
    sheet = sheet_of(types["gnc"])
    reading = check(sheet.render(), types["gnc"], NEVER)
    places = [(field.location, field.length) for field in reading.layout.fields]
    starts = [
        21,
        34,
        47,
        60,
        73,
        90,
        103,
        116,
        129,
        142,
        155,
        168,
        181,
        194,
        207,
        220,
        233,
        246,
        259,
        272,
        285,
        298,
        311,
    ]
    assert places == [(1, 19), *((start, 16 if start == 73 else 12) for start in starts)]
    assert (reading.layout.header_bytes, reading.layout.record_bytes) == (1300, 325)
    assert reading.data is not None
    assert reading.findings == ()


def test_a_file_that_needs_no_mend_is_the_very_same_object(types):
    raw = sheet_of(types["gnc"]).render()
    assert read(raw, types["gnc"], MINIMAL).data is raw


@pytest.mark.parametrize("trimmed", [False, True])
@pytest.mark.parametrize("justify", ["left", "right"])
def test_a_value_that_overflows_its_column_shifts_the_records_but_not_the_header(types, justify, trimmed):
    sheet = sheet_of(types["gnc"], justify=justify, header_widths=(12,) * 23, trimmed_header=trimmed)
    reading = assert_reads_as(sheet, types["gnc"], NEVER)
    field = reading.layout.fields[5]
    assert (field.name, field.location, field.length) == ("ATT_QU_I2B_T", 73, 16)


def test_gnc_with_a_12_wide_time_stamp(types):
    sheet = sheet_of(types["gnc"])
    rows = tuple((*row[:5], row[5][:11], *row[6:]) for row in sheet.rows)
    reading = assert_reads_as(sheet.but(widths=(12,) * 23, rows=rows), types["gnc"], NEVER)
    assert reading.layout.record_bytes == 321


def test_a_value_one_wider_than_its_column_takes_the_blank_before_it(types):
    sheet = sheet_of(types["gnc"], justify="right")
    rows = list(sheet.rows)
    rows[3] = (*rows[3][:3], "-1234.5678901", *rows[3][4:])
    reading = assert_reads_as(sheet.but(rows=tuple(rows)), types["gnc"], NEVER)
    assert [(f.location, f.length) for f in reading.layout.fields[2:5]] == [(34, 12), (46, 13), (60, 12)]
    assert reading.table.column("ATT_QU_I2B_3")[3].as_py() == -1234.5678901


def test_touching_values_are_split_by_the_grammar_of_numbers(types):
    sheet = sheet_of(types["gnc"], justify="right")
    rows = tuple(
        (*row[:2], "0.1234567890", f"-1234.567890{step}", *row[4:]) for step, row in enumerate(sheet.rows)
    )
    reading = assert_reads_as(sheet.but(rows=rows), types["gnc"], NEVER)
    assert reading.table.column("ATT_QU_I2B_3")[5].as_py() == -1234.5678905


def test_touching_values_that_can_be_split_in_two_ways_are_refused(types):
    sheet = sheet_of(types["gnc"], justify="right")
    rows = tuple((*row[:2], "0.1234567890", "1234.56789012", *row[4:]) for row in sheet.rows)
    reading = check(sheet.but(rows=rows).render(), types["gnc"])
    assert reading.refused.code == "layout-unclear"


def test_pairs_without_marks_are_dn_first(types):
    sheet = sheet_of(types["eps"], order="t u b n", marks=None)
    reading = assert_reads_as(sheet, types["eps"])
    assert [field.name for field in reading.layout.fields][1:3] == ["SA1pyISC_DN", "SA1pyISC_EU"]
    (told,) = [finding for finding in reading.findings if finding.code == "marks-missing"]
    assert "SA1pyISC, SASM_TotalC, SA2myISC" in told.message


def test_marks_decide_the_order_of_a_pair(types):
    sheet = sheet_of(types["eps"])
    marks = ("EU", "DN", *sheet.marks[2:])
    rows = tuple((row[0], row[2], row[1], *row[3:]) for row in sheet.rows)
    names = [
        field.name for field in assert_reads_as(sheet.but(marks=marks, rows=rows), types["eps"]).layout.fields
    ]
    assert names[1:3] == ["SA1pyISC_EU", "SA1pyISC_DN"]


def test_columns_whose_order_nobody_knows_may_stand_in_any(types):
    sheet = sheet_of(types["rs"])
    order = [6, 7, 0, 1, 4, 5, 2, 3]
    other = sheet.but(
        names=tuple(sheet.names[i] for i in order),
        marks=tuple(sheet.marks[i] for i in order),
        rows=tuple((row[0], *(row[1 + i] for i in order)) for row in sheet.rows),
    )
    assert_reads_as(other, types["rs"], NEVER)


def test_a_mark_against_the_profile_is_a_warning(types):
    sheet = sheet_of(types["gnc"])
    marks = tuple(
        "DN" if name == "RW1_SPD_PTE" else mark for name, mark in zip(sheet.names, sheet.marks, strict=True)
    )
    reading = assert_reads_as(sheet.but(marks=marks), types["gnc"])
    assert [(finding.code, finding.field) for finding in reading.findings] == [
        ("mark-differs", "RW1_SPD_PTE")
    ]


def test_imu_has_its_two_times_where_the_archives_label_says(types):
    reading = assert_reads_as(render.imu_sheet(types["imu"]), types["imu"], NEVER)
    first, second = reading.layout.fields[:2]
    assert (first.name, first.location, first.length) == ("IMU_TIME_TONE", 1, 15)
    assert (second.name, second.location, second.length) == ("IMU_TIME", 17, 15)
    assert reading.layout.record_bytes == 102
    assert reading.start_time == "2018-05-19T11:06:41.00000Z"


def test_imu_header_that_does_not_stand_over_its_columns(types):
    sheet = render.imu_sheet(types["imu"])
    lines = sheet.lines()
    lines[0] = " ".join(sheet.names)
    reading = check(render.join(lines), types["imu"], NEVER)
    assert reading.refused is None
    for row, expected in zip(reading.table.to_pylist(), truth(sheet, reading.layout), strict=True):
        assert {name: row[name] for name in expected} == expected


def test_blank_cells_are_null_and_a_blank_channel_is_null_throughout(types):
    sheet = sheet_of(types["gnc"])
    rows = tuple(
        tuple(
            "" if column == 7 or (column > 1 and (column + step) % 5 == 0) else cell
            for column, cell in enumerate(row)
        )
        for step, row in enumerate(sheet.rows)
    )
    reading = assert_reads_as(sheet.but(rows=rows), types["gnc"], NEVER)
    assert reading.table.column("ATT_RAT_BF_Y").null_count == len(rows)


def test_the_examples_read_to_what_their_labels_say(types, shared):
    files = sorted((shared / "pds4" / "examples" / "valid").glob("*/**/*.drf"))
    assert files
    for file in files:
        reading = check(file.read_bytes(), types["gnc"], NEVER)
        label = file.with_suffix(".xml").read_text()

        def numbers(element, text=label):
            return [int(found) for found in re.findall(rf"<{element}[^>]*>(\d+)</{element}>", text)]

        layout = reading.layout
        assert [field.location for field in layout.fields] == numbers("field_location")
        assert [field.length for field in layout.fields] == numbers("field_length")
        assert [field.name for field in layout.fields] == re.findall(
            r"<Field_Character>\s*<name>([^<]+)", label
        )
        assert [layout.header_bytes] == numbers("object_length")
        assert ([layout.records], [layout.record_bytes]) == (numbers("records"), numbers("record_length"))
        assert f"<start_date_time>{reading.start_time}<" in label
        assert f"<stop_date_time>{reading.stop_time}<" in label


REALS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1e6, 1e6).map(lambda number: f"{number:.6f}"),
    st.floats(-1e6, 1e6).map(lambda number: f"{number:+.4E}"),
    st.from_regex(
        re.compile(r"[+-]?([0-9]{1,25}(\.[0-9]{0,25})?|\.[0-9]{1,25})([Ee][+-]?[0-9]{1,3})?", re.ASCII),
        fullmatch=True,
    ),
    st.just(""),
).filter(lambda text: not text or abs(float(text)) != float("inf"))
INTEGERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str), st.integers(0, 4095).map("{:05d}".format), st.just("")
)
STATES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12) | st.sampled_from(
    ["NOT SET", "A  B"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_rendered_is_read(types, data):
    file_type = types[data.draw(st.sampled_from(["gnc", "eps", "sasm1", "pte", "usm2"]))]
    columns = file_type.column_sets[0].columns
    strategies = {Kind.REAL: REALS, Kind.INTEGER: INTEGERS, Kind.STATE: STATES}
    count = data.draw(st.integers(1, 6))
    widths = [data.draw(st.integers(12, 24)) for _ in columns]
    rows = []
    for step in range(count):
        cells = [data.draw(strategies[column.kind]) for column in columns]
        widths = [max(width, len(cell)) for width, cell in zip(widths, cells, strict=True)]
        rows.append((render.scet(step), *cells))
    sheet = render.sheet(file_type, 0).but(
        rows=tuple(rows),
        widths=tuple(widths),
        justify=data.draw(st.sampled_from(["left", "right"])),
        order=data.draw(st.sampled_from(["t u m n", "t u n m", "n m", "b b t m n"])),
        ends=data.draw(st.sampled_from([(b"\r\n",), (b"\n",), (b"\n", b"\r\n")])),
    )
    assert_reads_as(sheet, file_type)
