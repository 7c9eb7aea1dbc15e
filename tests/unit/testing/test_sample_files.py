from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from drf_reprocess.model import Kind
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.profiles.model import Profile
from drf_reprocess.testing.channels import make_channels
from drf_reprocess.testing.defects import with_defect
from drf_reprocess.testing.layout import make_layout
from drf_reprocess.testing.render import render_file
from drf_reprocess.testing.schedule import EPOCH, RHYTHMS, FileSpec, make_spec
from drf_reprocess.testing.values import Channel, Numbers
from drf_reprocess.testing.variants import USUAL, choose_variant, ways

REAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([Ee][+-]?[0-9]+)?")
INTEGER = re.compile(r"[+-]?[0-9]+")
TYPES = tuple(RHYTHMS)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile("maven-anc")


def spec_of(profile: Profile, name: str, day: date, **options: object) -> FileSpec:
    return make_spec(profile.types_by_name[name], day, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "day", "records", "size", "header"),
    [
        ("gnc", date(2014, 12, 8), 16_739, 5_441_475, 1300),
        ("ngms", date(2015, 1, 31), 17_784, 5_016_216, 1128),
        ("gnc", date(2014, 12, 4), 16_739, (16_739 + 4) * 230, 920),
        ("pf", date(2014, 12, 8), 7_900, (7_900 + 4) * 659, 4 * 659),
        ("eps", date(2014, 12, 8), 50, 54 * 100, 400),
        ("usm3", date(2014, 12, 8), 50, 54 * 620, 4 * 620),
        ("rs", date(2014, 12, 8), 50, 54 * 126, 4 * 126),
        ("sasm2", date(2014, 12, 8), 50, 54 * 334, 4 * 334),
        ("pte", date(2014, 12, 8), 50, 54 * 308, 4 * 308),
        ("imu", date(2018, 5, 19), 50_931, 102 + 50_931 * 102, 102),
    ],
)
def test_files_have_the_sizes_of_the_real_ones_to_the_byte(
    profile: Profile, name: str, day: date, records: int, size: int, header: int
) -> None:
    data = render_file(spec_of(profile, name, day, records=records))
    assert len(data) == size
    lines = data.split(b"\r\n")
    assert lines.pop() == b""
    record = len(lines[-1]) + 2
    assert {len(line) + 2 for line in lines} == {record}
    assert header % record == 0
    assert len(lines) == records + header // record
    assert b"\n" not in data.replace(b"\r\n", b"")


def test_imu_file_with_a_last_record_of_7_bytes_is_as_large_as_the_archived_one(profile: Profile) -> None:
    spec = with_defect(spec_of(profile, "imu", date(2018, 5, 19), records=50_931), "truncated-tail-7")
    assert len(render_file(spec)) == 5_194_969


def test_usual_header_begins_with_a_blank_and_names_the_columns_in_line_4(profile: Profile) -> None:
    for name in TYPES:
        if name == "imu":
            continue
        spec = spec_of(profile, name, date(2014, 12, 8), records=12)
        lines = render_file(spec).decode("ascii").split("\r\n")
        assert all(line.startswith(" " * 20) for line in lines[:4])
        assert not lines[4].startswith(" ")
        assert lines[3].split() == [c.source_name or c.name for c in spec.column_set.columns]
        assert len(lines[2].split()) == len(spec.column_set.columns)


def test_gnc_has_16_channels_until_4_december_2014_and_23_after(profile: Profile) -> None:
    for day, channels in ((date(2014, 12, 4), 16), (date(2014, 12, 5), 23)):
        text = render_file(spec_of(profile, "gnc", day, records=12)).decode("ascii")
        assert len(text.splitlines()[3].split()) == channels


def test_attitude_time_takes_16_characters_in_newer_gnc_files(profile: Profile) -> None:
    line = render_file(spec_of(profile, "gnc", date(2014, 12, 8), records=12)).decode("ascii").splitlines()[3]
    starts = [match.start() + 1 for match in re.finditer(r"\S+", line)]
    assert starts[:7] == [21, 34, 47, 60, 73, 90, 103]
    assert starts[-1] == 311


def test_imu_fields_stand_where_the_archived_label_says(profile: Profile) -> None:
    head, record, *_ = (
        render_file(spec_of(profile, "imu", date(2018, 5, 19), records=12)).decode().split("\r\n")
    )
    assert head.split()[:2] == ["IMU_TIME_@_TONE", "IMU_TIME"]
    assert re.fullmatch(r"[0-9]{9}\.[0-9]{5} [0-9]{9}\.[0-9]{5} ", record[:32])
    assert len(record.split()) == 12
    taken = datetime(2000, 1, 1, 12) + timedelta(seconds=float(record[16:31]))
    assert date(2018, 5, 14) <= taken.date() <= date(2018, 5, 24)


def cell_starts(spec: FileSpec, lines: list[str]) -> list[tuple[int, int]]:
    """Find the columns by the names in the header: an own way, not the renderer's."""
    names = {c.source_name or c.name for c in spec.column_set.columns} | {
        c.name for c in spec.column_set.columns
    }
    row = next(line for line in lines[:4] if set(line.split()) <= names and line.split())
    starts = [match.start() for match in re.finditer(r"\S+", row)]
    if spec.variant.wide == "overflow":
        at = row.index("ATT_QU_I2B_T")
        starts = [start + 4 * (start > at) for start in starts]
    ends = [*(start - 1 for start in starts[1:]), max(len(line) for line in lines[5:])]
    return list(zip(starts, ends, strict=True))


def expect_cell(channel: Channel, record: int, text: str, values: object) -> None:
    if channel.blank is not None and channel.blank[record]:
        assert text == ""
        return
    if not isinstance(channel.cells, Numbers):
        assert text == channel.cells.words[int(channel.cells.codes[record])]
        return
    grammar = INTEGER if channel.column.kind is Kind.INTEGER else REAL
    assert grammar.fullmatch(text), (channel.column.name, text)
    if record in channel.spelled:
        assert text == channel.spelled[record]
    else:
        assert float(text) == values[record], (channel.column.name, text)  # type: ignore[index]


def expect_file(spec: FileSpec) -> None:
    lines = render_file(spec).decode("ascii").replace("\r\n", "\n").split("\n")
    assert lines.pop() == ""
    heads = spec.file_type.header.lines
    assert len(lines) == heads + spec.records
    clock, channels = make_channels(spec, make_layout(spec))
    starts = cell_starts(spec, lines)
    assert len(starts) == len(channels)
    for (start, end), channel in zip(starts, channels, strict=True):
        values = channel.cells.values()
        for record in range(spec.records):
            expect_cell(channel, record, lines[heads + record][start:end].strip(), values)
    if spec.file_type.name == "imu":
        return
    for record, line in enumerate(lines[heads:]):
        taken = datetime.strptime(line[:15], "%y/%j-%H:%M:%S")
        ms = (taken - datetime(2000, 1, 1)) // timedelta(milliseconds=1) + int(line[16:19])
        assert line[15] == "."
        assert line[19] == " "
        assert ms == clock.ms[record]


def every_variant(profile: Profile) -> Iterator[FileSpec]:
    for name in TYPES:
        files = max(len(options) for options in ways(name).values())
        for k in range(files + 1):
            day = EPOCH + timedelta(days=RHYTHMS[name].days * (5500 // RHYTHMS[name].days + k))
            yield spec_of(profile, name, day, records=25, variants="all", seed=3)


def test_every_cell_of_every_variant_reads_back_as_the_number_it_was_made_of(profile: Profile) -> None:
    for spec in every_variant(profile):
        expect_file(spec)


@pytest.mark.parametrize("name", TYPES)
def test_every_cell_of_a_longer_usual_file_reads_back(profile: Profile, name: str) -> None:
    expect_file(spec_of(profile, name, date(2015, 3, 1), records=300))


def test_each_way_of_each_field_occurs_in_each_aligned_run_of_files() -> None:
    for name in TYPES:
        for field, options in ways(name).items():
            for block in (0, 7):
                run = range(block * len(options), (block + 1) * len(options))
                seen = {getattr(choose_variant(name, k, 0, "all"), field) for k in run}
                if field in ("marks", "blanks"):  # tied to other fields now and then
                    assert seen <= {*options, "leading"}
                else:
                    assert seen == set(options)


def test_variants_occur_in_the_bytes(profile: Profile) -> None:
    usual = spec_of(profile, "gnc", date(2015, 1, 5), records=40)

    def text(**fields: str) -> str:
        return render_file(replace(usual, variant=replace(USUAL, **fields))).decode("ascii")

    assert "ATT_QU_I2B_1" in text(rows="names3-marks4").splitlines()[2]
    assert set(text(rows="names3-marks4").splitlines()[3].split()) == {"EU"}
    assert set(text(rows="names3-marks2").splitlines()[1].split()) == {"EU"}
    assert text(marks="known").splitlines()[2].split() == ["EU"] * 8
    assert text(lines="blank+blank").splitlines()[0].strip() == ""
    assert "MAVEN GNC" in text(lines="title+units").splitlines()[0]
    assert text(justify="right").splitlines()[4][20:32].strip() == text().splitlines()[4][20:32].strip()
    assert text(justify="right").splitlines()[6] != text().splitlines()[6]
    assert "\r" not in text(ends="lf")
    mixed = text(ends="mixed")
    assert 0 < mixed.count("\r\n") < mixed.count("\n")
    assert len(text(wide="12").split("\r\n")[9]) == 325 - 4 - 2
    overflow = text(wide="overflow").split("\r\n")
    assert [len(line) for line in overflow[:5]] == [319, 319, 319, 319, 323]
    assert overflow[4:] == text().split("\r\n")[4:]
    assert re.search(r" -?[0-9]\.[0-9]+E[+-][0-9]{2} ", text(numbers="exponent"))
    assert re.search(r" -?[0-9]\.[0-9]*e-?[0-9] ", text(numbers="short-exponent"))
    assert re.search(r" -?\.[0-9]+ ", text(numbers="trimmed"))
    assert re.search(r" \+[0-9]", text(numbers="signed"))
    starts = [*range(20, 72, 13), 72, *range(89, 315, 13)]
    blank = text(blanks="channel").splitlines()[4:]
    empty = [start for start in starts if not any(line[start : start + 12].strip() for line in blank)]
    assert len(empty) == 1
    leading = text(blanks="leading").splitlines()[4:]
    assert leading[0][20:].count(" ") > leading[-1][20:].count(" ")
    assert all(leading[-1][start : start + 12].strip() for start in starts)


def test_orders_move_only_pairs(profile: Profile) -> None:
    def marks_and_names(name: str, order: str) -> list[str]:
        spec = replace(
            spec_of(profile, name, date(2015, 1, 5), records=12), variant=replace(USUAL, order=order)
        )
        lines = render_file(spec).decode("ascii").splitlines()
        return [f"{n}.{m}" for m, n in zip(lines[2].split(), lines[3].split(), strict=True)]

    usual = marks_and_names("rs", "profile")
    for order in ("eu-first", "grouped", "by-number"):
        assert sorted(marks_and_names("rs", order)) == sorted(usual)
    assert marks_and_names("rs", "eu-first")[:2] == ["RspInSrT1.EU", "RspInSrT1.DN"]
    assert [m[-2:] for m in marks_and_names("rs", "grouped")] == ["DN"] * 4 + ["EU"] * 4
    assert [m[-4] for m in marks_and_names("rs", "by-number")] == ["1"] * 4 + ["2"] * 4
    assert marks_and_names("eps", "eu-first")[0] == "SA1pyISC.EU"
    assert marks_and_names("ngms", "grouped")[:12] == marks_and_names("ngms", "profile")[:12]
    assert marks_and_names("ngms", "grouped") != marks_and_names("ngms", "profile")


@pytest.mark.parametrize("name", ["pf", "eps", "rs", "ngms", "sasm1"])
def test_engineering_units_are_a_linear_function_of_data_numbers(profile: Profile, name: str) -> None:
    spec = spec_of(profile, name, date(2015, 1, 5), records=2000)
    _, channels = make_channels(spec, make_layout(spec))
    pairs = {}
    for channel in channels:
        pairs.setdefault(re.sub(r"_T[dD][nN]$", "_T", channel.column.name), {})[channel.column.dn_eu] = (
            channel
        )
    checked = 0
    for pair in pairs.values():
        if set(pair) == {"DN", "EU"}:
            dn, eu = (np.asarray(pair[mark].cells.values()) for mark in ("DN", "EU"))
            slope, offset = np.polyfit(dn, eu, 1)
            assert np.abs(eu - (slope * dn + offset)).max() < 1e-6
            assert len(set(dn)) > 3
            checked += 1
    assert checked >= 2


def test_gnc_values_are_plausible(profile: Profile) -> None:
    spec = spec_of(profile, "gnc", date(2015, 1, 5), records=3000)
    _, channels = make_channels(spec, make_layout(spec))
    values = {c.column.name: np.asarray(c.cells.values()) for c in channels}
    norm = sum(values[f"ATT_QU_I2B_{k}"] ** 2 for k in range(1, 5))
    assert np.abs(norm - 1).max() < 1e-7
    assert (np.diff(values["ATT_QU_I2B_T"]) > 0).all()
    assert np.abs(values["RW1_SPD_DGTL"]).max() < 300


@pytest.mark.parametrize(
    ("day", "text"), [(date(2015, 6, 30), "15/181-23:59:60.500"), (date(2016, 12, 31), "16/366-23:59:60.500")]
)
def test_leap_seconds_have_a_record(profile: Profile, day: date, text: str) -> None:
    for name in ("eps", "pf", "usm1", "rs", "pte"):
        days = RHYTHMS[name].days
        first = EPOCH + timedelta(days=(day - EPOCH).days // days * days)
        lines = render_file(spec_of(profile, name, first, scale=0.05)).decode("ascii").splitlines()[4:]
        assert [line[:19] for line in lines].count(text) == 1
        assert [line[:19] for line in lines] == sorted(line[:19] for line in lines)


def test_year_wraps_in_times(profile: Profile) -> None:
    lines = render_file(spec_of(profile, "rs", date(2014, 12, 31), scale=0.01)).decode("ascii").splitlines()
    assert {line[:6] for line in lines[4:]} == {"14/365", "15/001"}


def test_numbers_that_need_care_occur(profile: Profile) -> None:
    spelled = set()
    for k in range(40):
        spec = spec_of(profile, "gnc", date(2015, 1, 5) + timedelta(k), records=50, variants="all")
        for channel in make_channels(spec, make_layout(spec))[1]:
            spelled |= set(channel.spelled.values())
    assert {"-0.0", "1.", ".5", "+3"} <= spelled
    spec = spec_of(profile, "pte", date(2015, 1, 5), records=500)
    digits = set()
    for k in range(20):
        wide = replace(spec, seed=k, variant=replace(USUAL, wide="20", numbers="trimmed"))
        for channel in make_channels(wide, make_layout(wide))[1]:
            digits |= {len(re.sub(r"^0*|[^0-9]|e.*", "", text)) for text in channel.spelled.values()}
    assert 17 in digits


def test_rendering_is_fast(profile: Profile) -> None:
    specs = [spec_of(profile, name, date(2015, 1, 5)) for name in ("gnc", "pf", "usm1", "imu")]
    for spec in specs:
        render_file(replace(spec, records=12))  # compiles
    start = time.perf_counter()
    size = sum(len(render_file(spec)) for spec in specs)
    assert size / 1e6 / (time.perf_counter() - start) > 10
