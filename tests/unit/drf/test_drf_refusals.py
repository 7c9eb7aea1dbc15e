"""Every reason for which a file is set aside."""

from __future__ import annotations

import random

import drf_tests_render as render
import pytest
from drf_tests_checking import check

from drf_reprocess.drf.reader import read
from drf_reprocess.model import Kind, RepairOptions, Severity

MINIMAL = RepairOptions("minimal")
NEVER = RepairOptions("never")


def refusal(raw, file_type, options=MINIMAL):
    reading = read(raw, file_type, options)
    assert reading.refused is not None
    assert reading.refused.severity is Severity.ERROR
    assert reading.refused.message
    assert reading.refused.remedy
    assert (reading.layout, reading.table, reading.mends, reading.day) == (None, None, (), None)
    assert reading.data is raw
    assert reading.refused in reading.findings
    return reading


def with_cell(sheet, row, column, text):
    rows = [list(cells) for cells in sheet.rows]
    rows[row][column] = text
    return sheet.but(rows=tuple(map(tuple, rows)))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b"\x1f\x8b\x08\x00junk", "not-text"),
        (b"PK\x03\x04junk", "not-text"),
        (random.Random(0).randbytes(5000), "not-text"),
        (bytes(9000), "not-text"),
        (b"<html><body>404 Not Found</body></html>\n", "no-records"),
        (b"Please find the new files in this folder.\n" * 9, "no-records"),
        (b"\n" * 5000, "no-records"),
        (b"A" * 10_000_000, "no-records"),
    ],
    ids=["empty", "gzip", "zip", "random", "zeros", "html", "prose", "newlines", "one-line"],
)
@pytest.mark.parametrize("name", ["gnc", "imu"])
def test_what_is_no_data_return_file(types, name, raw, code):
    assert refusal(raw, types[name]).refused.code == code


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_not_text(types, encoding):
    raw = render.sheet(types["gnc"]).render().decode().encode(encoding)
    assert refusal(raw, types["gnc"]).refused.code == "not-text"


@pytest.mark.parametrize("name", ["gnc", "imu"])
def test_header_only(types, name):
    sheet = render.imu_sheet(types[name]) if name == "imu" else render.sheet(types[name])
    assert refusal(render.join(sheet.header()), types[name]).refused.code == "header-only"


def test_a_new_channel_is_one_case_with_its_difference(types):
    sheet = render.sheet(types["gnc"], marks=None)
    names = tuple("NEW_CHANNEL" if name == "APIG_ANGLE" else name for name in sheet.names)
    found = refusal(sheet.but(names=names).render(), types["gnc"])
    assert found.refused.code == "unknown-columns"
    assert "missing: APIG_ANGLE" in found.refused.message
    assert "not known: NEW_CHANNEL" in found.refused.message
    assert "'since-2014-12'" in found.refused.message
    assert [finding.code for finding in found.findings] == ["header-columns", "unknown-columns"]
    assert found.findings[0].message.split() == list(names)


@pytest.mark.parametrize("width", [16 + 1, 22, 24])
def test_another_number_of_columns_is_unknown(types, width):
    sheet = render.sheet(types["gnc"], marks=None)
    names = (*sheet.names, "EXTRA_1")[:width]
    rows = tuple((*row, "1.5")[: width + 1] for row in sheet.rows)
    raw = sheet.but(names=names, rows=rows, widths=(*sheet.widths, 12)[:width]).render()
    assert refusal(raw, types["gnc"]).refused.code == "unknown-columns"


def test_known_columns_in_another_order_are_unknown(types):
    sheet = render.sheet(types["gnc"], marks=None)
    names = (sheet.names[1], sheet.names[0], *sheet.names[2:])
    found = refusal(sheet.but(names=names).render(), types["gnc"])
    assert found.refused.code == "unknown-columns"
    assert "another order; column 1 is ATT_QU_I2B_2, expected ATT_QU_I2B_1" in found.refused.message


def test_a_pair_with_the_same_mark_twice_is_unknown(types):
    sheet = render.sheet(types["eps"])
    found = refusal(sheet.but(marks=("DN", "DN", *sheet.marks[2:])).render(), types["eps"])
    assert found.refused.code == "unknown-columns"
    assert "SA1pyISC stands twice" in found.refused.message
    named = found.findings[0].message.split()
    assert named[:2] == [f"{sheet.names[0]}/DN", f"{sheet.names[1]}/DN"]
    assert [name.partition("/")[0] for name in named] == list(sheet.names)


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [("gnc", Kind.REAL, "ON"), ("eps", Kind.INTEGER, "1.5"), ("pf", Kind.REAL, "OFF")],
)
def test_a_column_of_another_kind_is_one_case(types, name, kind, text):
    sheet = render.sheet(types[name])
    columns = types[name].column_sets[-1].columns
    place = next(place for place, column in enumerate(columns) if column.kind is kind)
    rows = tuple((*row[: place + 1], text, *row[place + 2 :]) for row in sheet.rows)
    found = refusal(sheet.but(rows=rows).render(), types[name])
    assert found.refused.code == "column-kind"
    assert repr(text) in found.refused.message
    assert len(found.findings) == 1


@pytest.mark.parametrize("policy", [RepairOptions(), RepairOptions(max_damaged=1000)])
def test_a_kind_that_most_values_contradict_is_one_case_though_some_fit(types, policy):
    sheet = render.sheet(types["eps"])
    column = next(
        n for n, known in enumerate(types["eps"].column_sets[-1].columns) if known.kind is Kind.INTEGER
    )
    rows = tuple(
        (*row[: column + 1], "12" if number % 3 == 0 else "1.5", *row[column + 2 :])
        for number, row in enumerate(sheet.rows)
    )
    found = read(sheet.but(rows=rows).render(), types["eps"], policy)
    assert found.refused.code == "column-kind"
    assert "'1.5'" in found.refused.message


def test_a_few_values_of_another_kind_are_damaged_records(types):
    sheet = render.sheet(types["eps"])
    column = next(
        n for n, known in enumerate(types["eps"].column_sets[-1].columns) if known.kind is Kind.INTEGER
    )
    rows = (
        *((*row[: column + 1], "1.5", *row[column + 2 :]) for row in sheet.rows[:2]),
        *sheet.rows[2:],
    )
    assert len(rows) > 4
    assert (
        read(sheet.but(rows=rows).render(), types["eps"], RepairOptions()).refused.code == "damaged-records"
    )


def test_integers_in_a_real_column_and_numbers_as_states_are_fine(types):
    sheet = render.sheet(types["sasm1"])
    rows = tuple((row[0], *("1" for _ in row[1:])) for row in sheet.rows)
    assert check(sheet.but(rows=rows).render(), types["sasm1"]).refused is None


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Inf",
        "***",
        "0x1F",
        "1,5",
        "1.5D3",
        "-",
        ".",
        "1 5",
        "--5",
        "1_0",
        "1e",
        "1e999",
        "\u00e9",
        "1\x002",
        "1\x0b",
    ],
)
def test_a_bad_cell_is_a_damaged_record_with_its_place(types, text):
    sheet = with_cell(render.sheet(types["gnc"]), 3, 2, text)
    raw = sheet.render()
    found = refusal(raw, types["gnc"])
    assert found.refused.code == "damaged-records"
    assert "1 of 8 records" in found.refused.message
    (finding,) = found.findings[:-1]
    assert (finding.code, finding.record) == ("damaged-record", 4)
    begin = raw.index(text.encode("latin-1"), 1300 + 3 * 325 + 33)
    assert begin <= finding.offset_bytes < begin + len(text)
    assert finding.field in ("ATT_QU_I2B_2", None)


def test_the_list_of_damaged_records_is_bounded(types):
    sheet = render.sheet(types["gnc"], records=100)
    rows = tuple((*row[:2], "NaN" if step % 2 else "1.5", *row[3:]) for step, row in enumerate(sheet.rows))
    found = refusal(sheet.but(rows=rows).render(), types["gnc"])
    assert "50 of 100" in found.refused.message
    assert len(found.findings) == 21


def test_records_of_another_length_are_damaged(types):
    lines = render.sheet(types["gnc"]).lines()
    lines[6] = " " + lines[6]
    lines[8] = lines[8][:-14]
    found = refusal(render.join(lines), types["gnc"])
    assert found.refused.code == "damaged-records"
    assert [finding.record for finding in found.findings[:-1]] == [3, 5]
    assert "324 bytes long without line end, expected 323" in found.findings[0].message


@pytest.mark.parametrize(
    "spoil", [lambda t: "X" + t[1:], lambda t: " " * 5 + t[5:], lambda t: " " + t[:-1], lambda t: t[:18]]
)
def test_a_damaged_first_record_is_not_taken_for_a_header_line(types, spoil):
    lines = render.sheet(types["gnc"]).lines()
    lines[4] = spoil(lines[4])
    found = refusal(render.join(lines), types["gnc"])
    assert found.refused.code == "damaged-records"
    assert found.refused.record == 1


def test_a_first_record_whose_line_end_before_it_is_lost_does_not_vanish_in_the_header(types):
    lines = render.sheet(types["gnc"]).lines()
    lines[3:5] = [lines[3] + lines[4]]
    assert refusal(render.join(lines), types["gnc"]).refused.code == "layout-unclear"


def test_a_names_row_among_records_of_states_is_no_record(types):
    """Found by mutation: below a record, a names row would read as states without time."""
    lines = render.sheet(types["usm1"]).lines()
    lines.insert(3, lines[8])
    assert "is a line of a header" in refusal(render.join(lines), types["usm1"]).refused.message


@pytest.mark.parametrize("name", ["gnc", "usm1"])
def test_two_files_in_one_are_damaged_not_states(types, name):
    raw = render.sheet(types[name], order="b b m n").render()
    found = refusal(raw + raw, types[name])
    assert found.refused.code == "damaged-records"
    assert "line of a header" in found.refused.message or "is no" in found.refused.message


def test_the_only_record_cut_is_no_record(types):
    raw = render.sheet(types["gnc"], records=1).render()
    assert refusal(raw[:-20], types["gnc"]).refused.code == "no-records"
    assert check(raw[:-2], types["gnc"]).layout.records == 1


def test_columns_elsewhere_than_the_header_says_are_refused(types):
    sheet = render.sheet(types["gnc"])
    sheet = sheet.but(rows=tuple((*row[:5], row[5][:11], *row[6:]) for row in sheet.rows))
    raw = sheet.but(widths=(14,) * 22 + (12,), header_widths=(12,) * 23, justify="right").render()
    rows = sheet.but(
        widths=(14,) * 22 + (12,), rows=tuple((row[0], *(["1.5", ""] * 12)[:23]) for row in sheet.rows)
    )
    assert (
        check(raw, types["gnc"]).layout.fields[1].location > 20
    )  # as many runs of bytes as columns: clear all the same
    assert refusal(rows.but(header_widths=(12,) * 23).render(), types["gnc"]).refused.code == "layout-unclear"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda raw: raw[:-57], "truncated-tail"),
        (lambda raw: raw.replace(b"\r\n", b"\n"), "line-ends"),
        (lambda raw: raw[:-2], "line-ends"),
        (lambda raw: b"\xef\xbb\xbf" + raw, "header-not-ascii"),
        (lambda raw: raw.replace(b" none", b" \xb0C  ", 1), "header-not-ascii"),
        (lambda raw: raw[1300:], "no-names"),
        (lambda raw: raw[:-40] + b"NaN" + raw[-37:], "damaged-records"),
    ],
)
def test_never_refuses_what_forbids_a_label(types, spoil, code):
    raw = spoil(render.sheet(types["gnc"]).render())
    assert refusal(raw, types["gnc"], RepairOptions("never", max_damaged=9)).refused.code == code


@pytest.mark.parametrize("name", ["rs", "sasm2", "ngms"])
def test_a_header_is_not_made_up_where_names_or_order_are_not_known(types, name):
    raw = render.sheet(types[name], order="t u b").render()
    assert refusal(raw, types[name]).refused.code == "no-names"


def test_an_unknown_policy_is_the_callers_fault(types):
    with pytest.raises(ValueError, match="unknown repair policy 'always'"):
        read(b"", types["gnc"], RepairOptions("always"))
