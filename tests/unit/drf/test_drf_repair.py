"""Each repair rule, each policy, and the account of bytes."""

from __future__ import annotations

from dataclasses import replace

import drf_tests_render as render
import pytest
from drf_tests_checking import check

from drf_reprocess.drf import repair
from drf_reprocess.drf.conservation import check_conservation
from drf_reprocess.drf.lines import HeaderLine, split_lines
from drf_reprocess.errors import ConservationError
from drf_reprocess.model import Mend, RepairOptions

MINIMAL = RepairOptions("minimal")
ARCHIVE = RepairOptions("archive-2020")


def rules(reading):
    assert reading.refused is None, reading.refused
    return [mend.rule for mend in reading.mends]


def test_a_truncated_tail_goes_and_the_rest_stays(types):
    raw = render.sheet(types["gnc"]).render()
    reading = check(raw[:-57], types["gnc"])
    assert rules(reading) == ["drop-truncated-tail"]
    assert reading.data == raw[:-325]
    (mend,) = reading.mends
    assert mend.words == "removed a truncated record at the end (268 bytes)"
    assert (mend.removed_bytes, mend.offset_bytes) == (268, 1300 + 7 * 325)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r", b""])
def test_a_tail_is_one_with_or_without_line_end(types, end):
    raw = render.sheet(types["gnc"]).render()
    assert check(raw[:-57] + end, types["gnc"]).data == raw[:-325]


@pytest.mark.parametrize("filler", [b"\x1a", b"\r\n", b"\n\n", bytes(1000), b" \r\n"])
def test_filler_at_the_end_goes(types, filler):
    raw = render.sheet(types["gnc"]).render()
    reading = check(raw + filler, types["gnc"])
    assert rules(reading) == ["drop-truncated-tail"]
    assert reading.data == raw
    assert "empty lines or fill bytes" in reading.mends[0].words


def test_the_imu_file_of_the_archive_that_ends_7_bytes_into_a_record(types):
    raw = render.imu_sheet(types["imu"]).render()
    reading = check(raw[:-95], types["imu"])
    assert (reading.data, reading.mends[0].removed_bytes) == (raw[:-102], 7)


@pytest.mark.parametrize("cut", [b"\r\n", b"\n"])
def test_a_complete_last_record_gets_its_line_end(types, cut):
    raw = render.sheet(types["gnc"]).render()
    reading = check(raw.removesuffix(cut), types["gnc"])
    assert rules(reading) == ["normalise-line-ends"]
    assert reading.data == raw


@pytest.mark.parametrize("ends", [(b"\n",), (b"\r\n", b"\n"), (b"\r\r\n",), (b"\n", b"\r\r\n", b"\r\n")])
def test_line_ends_of_records_are_normalised(types, ends):
    sheet = render.sheet(types["gnc"])
    reading = check(sheet.but(ends=ends).render(), types["gnc"])
    assert rules(reading) == ["normalise-line-ends"]
    assert reading.data == sheet.render()


def test_line_feeds_in_the_header_alone_do_not_forbid_a_label(types):
    raw = render.sheet(types["gnc"]).render()
    mixed = raw[:1300].replace(b"\r\n", b"\n") + raw[1300:]
    reading = check(mixed, types["gnc"])
    assert reading.data is mixed
    assert reading.layout.header_bytes == 1296
    assert check(mixed, types["gnc"], ARCHIVE).data == raw


def test_short_header_lines_are_padded_by_archive_2020_alone(types):
    sheet = render.sheet(types["gnc"])
    short = sheet.but(trimmed_header=True).render()
    assert check(short, types["gnc"]).data is short
    reading = check(short, types["gnc"], ARCHIVE)
    assert rules(reading) == ["pad-header"]
    assert reading.data == sheet.render()


def test_padding_puts_names_over_their_columns(types):
    sheet = render.sheet(types["gnc"])
    short = sheet.but(header_widths=(12,) * 23).render()
    reading = check(short, types["gnc"], ARCHIVE)
    assert rules(reading) == ["pad-header"]
    assert reading.data == sheet.render()


@pytest.mark.parametrize("era", [0, 1])
@pytest.mark.parametrize("order", ["", "t", "t u", "t u m", "t u m b", "b b b b", "m"])
def test_a_missing_names_row_is_rebuilt_from_the_one_set_that_fits(types, order, era):
    sheet = render.sheet(types["gnc"], era)
    reading = check(sheet.but(order=order).render(), types["gnc"])
    assert rules(reading) == ["rebuild-header"]
    assert reading.layout.era == ("to-2014-12", "since-2014-12")[era]
    assert reading.data.endswith(render.join(sheet.records()))
    assert sheet.header_line("n").encode() in reading.data
    assert [field.location for field in reading.layout.fields][1:] == [start + 1 for start in sheet.starts]


@pytest.mark.parametrize("name", ["eps", "pf", "usm1", "sasm1", "pte"])
def test_a_missing_header_is_rebuilt_with_its_marks(types, name):
    sheet = render.sheet(types[name], order="b b m n" if name not in ("usm1", "pte") else "b b b n")
    reading = check(sheet.but(order="").render(), types[name])
    assert rules(reading) == ["rebuild-header"]
    assert reading.data == sheet.render()


@pytest.mark.parametrize("justify", ["left", "right"])
def test_a_missing_imu_header_is_rebuilt_over_its_columns(types, justify):
    sheet = render.imu_sheet(types["imu"], justify=justify)
    reading = check(sheet.but(order="").render(), types["imu"])
    assert rules(reading) == ["rebuild-header"]
    assert [field.source_name for field in reading.layout.fields] == list(sheet.names)
    assert reading.table.column("XANGLE").to_pylist() == [int(row[5]) for row in sheet.rows]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda names: names[:230],
        lambda names: names[:230].ljust(323),
        lambda names: names[:150],
        lambda names: names.replace("APIG_ANGLE", "AP#G\x7fANGLE"),
        lambda names: "***ERROR channel table not found***",
    ],
    ids=["16-words", "16-words-padded", "mid-word", "garbage", "message"],
)
def test_an_unusable_names_row_is_rebuilt(types, spoil):
    sheet = render.sheet(types["gnc"])
    lines = sheet.lines()
    lines[3] = spoil(lines[3])
    reading = check(render.join(lines), types["gnc"])
    assert "rebuild-header" in rules(reading)
    assert [field.source_name for field in reading.layout.fields[1:]] == list(sheet.names)
    assert reading.table.num_rows == 8


def test_a_time_column_named_in_the_header_is_no_harm(types):
    sheet = render.sheet(types["eps"])
    for line in range(4):
        lines = sheet.lines()
        lines[line] = "SCET" + lines[line][4:]
        reading = check(render.join(lines), types["eps"], RepairOptions("never"))
        assert [field.name for field in reading.layout.fields[:3]] == ["SCET", "SA1pyISC_DN", "SA1pyISC_EU"]


def test_a_byte_order_mark_and_bytes_beyond_ascii_are_taken_out_of_the_header(types):
    raw = render.sheet(types["gnc"]).render()
    reading = check(b"\xef\xbb\xbf" + raw.replace(b" none", b" \xb0C\x00 ", 1), types["gnc"])
    assert rules(reading) == ["clean-header"]
    assert reading.data == raw.replace(b" none", b"  C  ", 1)
    (mend,) = reading.mends
    assert (mend.removed_bytes, mend.inserted_bytes, mend.offset_bytes) == (5, 2, 0)


def leading(types, blank=3):
    """A file whose first records lack the second half of the channels; one channel has no value at all."""
    sheet = render.sheet(types["gnc"])
    rows = tuple(
        (*row[:9], *(["" if step < blank else cell for cell in row[9:23]]), "")
        for step, row in enumerate(sheet.rows)
    )
    return sheet.but(rows=rows)


def test_leading_records_with_blank_values_go_with_archive_2020_alone(types):
    sheet = leading(types)
    raw = sheet.render()
    assert check(raw, types["gnc"]).data is raw
    reading = check(raw, types["gnc"], ARCHIVE)
    assert rules(reading) == ["drop-leading-blank-records"]
    assert reading.data == sheet.but(rows=sheet.rows[3:]).render()
    assert reading.table.column("record_number").to_pylist() == [4, 5, 6, 7, 8]
    assert (
        reading.mends[0].words == "removed 3 records at the beginning that contained blank values (975 bytes)"
    )


@pytest.mark.parametrize(("blank", "limit"), [(3, 2), (8, 100)])
def test_leading_records_stay_beyond_the_limit_or_where_nothing_is_complete(types, blank, limit):
    sheet = leading(types, blank)
    if blank == 8:  # every channel has a value somewhere, no record has all
        rows = tuple(
            (row[0], *("" if (c + s) % 8 else "1.5" for c, _ in enumerate(row[1:])))
            for s, row in enumerate(sheet.rows)
        )
        sheet = sheet.but(rows=rows)
    reading = check(sheet.render(), types["gnc"], RepairOptions("archive-2020", max_leading=limit))
    assert rules(reading) == []


def test_damaged_records_go_where_that_is_allowed(types):
    lines = render.sheet(types["gnc"]).lines()
    lines[6] = lines[6][:150]
    lines[8] = lines[8].replace("14/", "14x", 1)
    raw = render.join(lines)
    assert check(raw, types["gnc"], RepairOptions("minimal", max_damaged=1)).refused.code == "damaged-records"
    reading = check(raw, types["gnc"], RepairOptions("minimal", max_damaged=2))
    assert rules(reading) == ["drop-damaged-records"]
    assert reading.data == render.join(lines[:6] + lines[7:8] + lines[9:])
    assert reading.table.column("record_number").to_pylist() == [1, 2, 4, 6, 7, 8]
    assert reading.mends[0].removed_bytes == 152 + 325
    assert [finding.record for finding in reading.findings if finding.code == "damaged-record"] == [3, 5]


def test_all_rules_together(types):
    sheet = leading(types).but(ends=(b"\n",), trimmed_header=True)
    lines = sheet.lines()
    lines[8] = lines[8].replace("14/", "14x", 1)
    raw = b"\xef\xbb\xbf" + render.join(lines, (b"\n",))[:-40]
    reading = check(raw, types["gnc"], RepairOptions("archive-2020", max_damaged=1))
    assert rules(reading) == [
        "clean-header",
        "drop-truncated-tail",
        "drop-damaged-records",
        "drop-leading-blank-records",
        "pad-header",
        "normalise-line-ends",
    ]
    assert reading.table.column("record_number").to_pylist() == [4, 6, 7]


def test_the_account_of_bytes_is_enforced(types):
    raw = render.sheet(types["gnc"]).render()
    lines = split_lines(raw, types["gnc"])
    check_conservation(lines, lines, raw, (), 323)
    cut = check(raw[:-57], types["gnc"]).mends
    with pytest.raises(ConservationError, match="is not 3900 bytes written") as violation:
        check_conservation(lines, lines, raw, cut, 323)
    assert (violation.value.what, violation.value.got) == ("file", 3900)
    assert violation.value.item["mends"][0]["rule"] == "drop-truncated-tail"
    changed = bytearray(raw)
    changed[-40] ^= 1
    with pytest.raises(ConservationError, match="not the received one: record 8") as violation:
        check_conservation(lines, lines, bytes(changed), (), 323)
    assert violation.value.first == {"record": 8, "offset_bytes": 1300 + 7 * 325}


@pytest.mark.parametrize(
    ("name", "match"),
    [("offsets", "offsets of record 1"), ("numbers", "stay in order"), ("ends", "ends of record")],
)
def test_kept_records_are_the_received_ones(types, name, match):
    raw = render.sheet(types["gnc"]).render()
    lines = split_lines(raw, types["gnc"])
    values = getattr(lines, name)
    planted = replace(lines, **{name: values[::-1] if name != "ends" else values - 1})
    with pytest.raises(ConservationError, match=match):
        check_conservation(lines, planted, raw, (), 323)


def test_a_record_that_no_rule_dropped_is_missed(types):
    raw = render.sheet(types["gnc"]).render()
    lines = split_lines(raw, types["gnc"])
    fewer = lines.select(lines.numbers != 3)
    short = repair.assemble(fewer, 323)
    told = Mend("pad-header", 1, 325, 0, 0, 0, "a rule that tells of bytes, but not of the record")
    with pytest.raises(ConservationError, match="record lines that went are those that rules dropped"):
        check_conservation(lines, fewer, short, (told,), 323)


@pytest.mark.parametrize(
    ("rule", "change", "match"),
    [
        ("pad-header", lambda text: text.replace(b"VECX", b"VECQ"), "is the received one"),
        ("clean-header", lambda text: text.replace(b"VECX", b"VE  "), "is the received one"),
        ("", lambda text: text.replace(b" ", b"_", 1), "is the received one"),
    ],
)
def test_header_lines_that_stay_are_the_received_ones(types, rule, change, match):
    raw = render.sheet(types["gnc"]).render()
    lines = split_lines(raw, types["gnc"])
    header = tuple(replace(line, text=change(line.text)) for line in lines.header)
    assert header != lines.header
    planted = replace(lines, header=header)
    mends = (Mend(rule, 1, 0, 0, 0, 0, "planted"),)
    with pytest.raises(ConservationError, match=match):
        check_conservation(lines, planted, repair.assemble(planted, 323), mends, 323)


def test_a_header_line_that_no_rule_added_is_noticed(types):
    raw = render.sheet(types["gnc"]).render()
    lines = split_lines(raw, types["gnc"])
    planted = replace(lines, header=(*lines.header, HeaderLine(b"x", b"\r\n", -1)))
    mends = (Mend("pad-header", 1, 0, 3, 0, 0, "planted"),)
    with pytest.raises(ConservationError, match="no header line is added without a rule"):
        check_conservation(lines, planted, repair.assemble(planted, 323), mends, 323)
