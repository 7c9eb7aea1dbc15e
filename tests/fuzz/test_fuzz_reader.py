"""Data files spoilt in every way: a table that two slow readers agree with, or a refusal with a code; nothing else."""

from __future__ import annotations

import drf_fuzz_cases as cases
import drf_fuzz_hostile as hostile
import drf_fuzz_mutations as mutations
import drf_fuzz_readings as readings
import drf_fuzz_witness as witness
import drf_tests_reference as reference
import drf_tests_render as render
import pytest
from drf_fuzz_library import use_library
from hypothesis import given, settings
from hypothesis import strategies as st

from drf_reprocess.drf.reader import read
from drf_reprocess.model import Kind, RepairOptions
from drf_reprocess.profiles.model import Column, ColumnSet

MINIMAL = RepairOptions("minimal")
DROP_ONE = RepairOptions("minimal", max_damaged=1)


def run_mutations(types, kind, ways, count):
    """Spoil small files in some ways; return how often each outcome came."""
    outcomes = {}
    for number, rng in cases.generators(kind, count):
        name = rng.choice(readings.TYPES)
        known = readings.good(types, name, rng, records=rng.choice((1, 2, 3, 5, 9)))
        raw, told = mutations.mutate(rng, known.raw, ways)
        options = readings.any_options(rng)
        outcome = cases.run(
            kind,
            number,
            f"{name}, {options}: {told}",
            raw,
            lambda raw, name=name, options=options, known=known: readings.assert_sound(
                raw, types[name], options, known
            ),
        )
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcomes


@pytest.mark.parametrize(
    ("kind", "ways"),
    [
        ("reader-bytes", mutations.BYTES),
        ("reader-lines", mutations.LINES),
        ("reader-encodings", (mutations.encode_otherwise,)),
    ],
)
def test_spoilt_files_smoke(types, kind, ways):
    assert len(run_mutations(types, kind, ways, 60)) > 2 or cases.ONLY


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "ways", "expected"),
    [
        (
            "reader-bytes",
            mutations.BYTES,
            {"ok", "mended", "damaged-records", "unknown-columns", "truncated-tail"},
        ),
        ("reader-lines", mutations.LINES, {"ok", "mended", "header-only", "line-ends", "unknown-columns"}),
        ("reader-encodings", (mutations.encode_otherwise,), {"not-text", "mended", "damaged-records"}),
    ],
)
def test_spoilt_files(types, kind, ways, expected):
    outcomes = run_mutations(types, kind, ways, cases.SLOW_BUDGET[kind])
    assert expected <= set(outcomes) or cases.ONLY
    cases.require(kind, cases.SLOW_BUDGET[kind])


def spoil_cell(known, rng, texts, rows):
    """Put an odd text into one cell of the given records; return the bytes, the number of the column and the text."""
    lead = 1 if known.sheet.time_chars else 0
    column = rng.randrange(lead or 1, len(known.sheet.rows[0]))
    width = known.sheet.column_widths[column - lead]
    encodings = ("utf-8", "utf-8", "latin-1")
    fitting = [
        text
        for text in (text.encode(rng.choice(encodings), "replace") for text in texts)
        if len(text) <= width
    ]
    text = rng.choice(fitting)
    cells = [list(row) for row in known.sheet.rows]
    for row in rows:
        cells[row][column] = text.decode("latin-1")
    return known.sheet.but(rows=tuple(map(tuple, cells))).render(), column - lead, text


def value_of(text, kind):
    """What a text is as a cell; `Unfit` if it is none."""
    if (kind is Kind.STATE and not text.isascii()) or any(
        byte < 32 or byte == 127 for byte in text.strip(b" \t")
    ):
        raise reference.Unfit(text)
    if not text.isascii():
        raise reference.Unfit(text)
    return reference.read_cell(text.decode("ascii"), kind.value)


def assert_cell(raw, file_type, rows, place, text, known):
    """One odd cell is its value, or damages its record: then the file is refused, or this record alone dropped."""
    readings.assert_sound(raw, file_type, MINIMAL, known)
    readings.assert_sound(raw, file_type, DROP_ONE, known)
    strict, dropped = read(raw, file_type, MINIMAL), read(raw, file_type, DROP_ONE)
    fields = [
        field for field in read(known.raw, file_type, MINIMAL).layout.fields if field.kind is not Kind.TIME
    ]
    field = fields[place]
    try:
        expected = value_of(text, field.kind)
    except reference.Unfit:
        assert strict.refused is not None
        if len(rows) == 1:
            assert strict.refused.code in {"damaged-records", "header-not-ascii", "layout-unclear"}
            numbers = [record["record_number"] for record in dropped.table.to_pylist()]
            assert numbers == [
                number for number in range(1, len(known.sheet.rows) + 1) if number != rows[0] + 1
            ]
        return
    if strict.refused is None:
        for row in rows:
            found = strict.table.to_pylist()[row][field.name]
            assert witness.same(found, expected), (found, expected)
    else:  # a number that is no time
        assert field.name == file_type.time.column, strict.refused
        assert "no possible time" in strict.refused.message


def run_cells(types, count, texts=hostile.NUMBERS + hostile.LONG_NUMBERS, kind="reader-cells"):
    for number, rng in cases.generators(kind, count):
        name = rng.choice(("gnc", "eps", "usm1", "rs", "pte", "ngms", "imu", "sasm1"))
        known = readings.good(types, name, records=6).but(justify=rng.choice(("left", "right")))
        rows = list(range(6)) if rng.random() < 0.1 else [rng.randrange(6)]
        raw, place, text = spoil_cell(known, rng, texts, rows)
        cases.run(
            kind,
            number,
            f"{name}, {text!r} in rows {rows}, column {place}",
            raw,
            lambda raw, name=name, rows=rows, place=place, text=text, known=known: assert_cell(
                raw, types[name], rows, place, text, known
            ),
        )


def test_every_odd_number_in_every_kind_of_column(types):
    for text in hostile.NUMBERS:
        run_cells(types, 1, (text,), kind="reader-each-number")


@pytest.mark.slow
def test_odd_cells(types):
    run_cells(types, cases.SLOW_BUDGET["reader-cells"])
    cases.require("reader-cells", cases.SLOW_BUDGET["reader-cells"])


def assert_time(raw, file_type, row, text, known):
    """An odd time is the very time it tells, or damages its record; never another time."""
    for options in (MINIMAL, DROP_ONE, RepairOptions("archive-2020"), RepairOptions("never")):
        readings.assert_sound(raw, file_type, options, known)
    strict, dropped = read(raw, file_type, MINIMAL), read(raw, file_type, DROP_ONE)
    try:
        expected = reference.read_time(text.ljust(19).decode("ascii"))
    except (UnicodeDecodeError, reference.Unfit):
        assert strict.refused is not None
        if len(known.sheet.rows) > 1 and dropped.refused is None:
            assert row + 1 not in dropped.table.column("record_number").to_pylist()
        return
    if len(known.sheet.rows) == 1 and expected is None:
        assert strict.refused is not None  # no record has a time
        return
    assert strict.refused is None, strict.refused
    assert strict.table.column("time_utc").to_pylist()[row] == expected


def run_times(types, count, texts=None, kind="reader-times"):
    for number, rng in cases.generators(kind, count):
        name = rng.choice(("gnc", "eps", "rs", "ngms"))
        known = readings.good(types, name, records=rng.choice((1, 2, 5))).but(
            justify=rng.choice(("left", "right"))
        )
        text = rng.choice(texts or hostile.TIMES).encode()
        if not texts and rng.random() < 0.4:
            text = any_time(rng)
        text = text[:19]
        row = rng.randrange(len(known.sheet.rows))
        cells = [list(record) for record in known.sheet.rows]
        cells[row][0] = text.decode("latin-1")
        raw = known.sheet.but(rows=tuple(map(tuple, cells))).render()
        cases.run(
            kind,
            number,
            f"{name}, time {text!r} in row {row} of {len(cells)}",
            raw,
            lambda raw, name=name, row=row, text=text, known=known: assert_time(
                raw, types[name], row, text, known
            ),
        )


def any_time(rng):
    """A time of the right form, at the edges of years, days and minutes mostly."""
    year, day = (
        rng.choice((0, 4, 8, 12, 14, 15, 16, 96, 99, rng.randrange(100))),
        rng.choice((0, 1, 59, 60, 365, 366, 367, 181)),
    )
    hour, minute, second = (
        rng.choice((0, 12, 23, 24)),
        rng.choice((0, 30, 59, 60)),
        rng.choice((0, 30, 59, 60, 61)),
    )
    return f"{year:02d}/{day:03d}-{hour:02d}:{minute:02d}:{second:02d}.{rng.randrange(1000):03d}".encode()


def test_every_odd_time(types):
    for text in hostile.TIMES:
        run_times(types, 1, (text,), kind="reader-each-time")


@pytest.mark.slow
def test_odd_times(types):
    run_times(types, cases.SLOW_BUDGET["reader-times"])
    cases.require("reader-times", cases.SLOW_BUDGET["reader-times"])


@pytest.mark.parametrize("text", hostile.SECONDS)
def test_every_odd_time_in_seconds(types, text):
    known = readings.good(types, "imu", records=4)
    cells = [list(record) for record in known.sheet.rows]
    cells[1][1] = text
    raw = known.sheet.but(rows=tuple(map(tuple, cells))).render()
    for options in (MINIMAL, DROP_ONE, RepairOptions("archive-2020")):
        cases.run(
            "reader-seconds",
            0,
            text,
            raw,
            lambda raw, o=options: readings.assert_sound(raw, types["imu"], o, known),
        )


def run_truncations(types, kind, names, step):
    """Cut small files at every offset, under each policy."""
    number = 0
    for name in names:
        known = readings.good(types, name, records=3)
        for size in range(0, len(known.raw), step):
            options = RepairOptions(readings.POLICIES[number % 3], max_damaged=number % 2)
            if not cases.ONLY or f"{kind}:{number}" == cases.ONLY:
                cases.run(
                    kind,
                    number,
                    f"{name}, {options}: cut after {size} bytes",
                    known.raw[:size],
                    lambda raw, name=name, o=options, known=known: readings.assert_sound(
                        raw, types[name], o, known
                    ),
                )
            number += 1


def test_truncation_at_a_sample_of_offsets(types):
    run_truncations(types, "reader-some-truncated", ("eps", "imu", "rs"), 41)


@pytest.mark.slow
def test_truncation_at_every_offset(types):
    run_truncations(types, "reader-truncated", ("eps", "imu", "rs", "gnc", "ngms"), 1)
    cases.require("reader-truncated", cases.SLOW_BUDGET["reader-truncated"])


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"x" * 10_000_000, "no-records"),
        (b" " * 10_000_000, "no-records"),
        (b"5 " * 5_000_000, None),
        (b"14/342-03:20:19.328 " + b"1.5          " * 800_000, None),
        (b"\0" * 10_000_000, "not-text"),
        (b"\r" * 10_000_000, "no-records"),
        (b"\n" * 1_000_000, "no-records"),
        (("SA1pyISC " * 1_200_000).encode("utf-16"), "not-text"),
    ],
    ids=["letters", "blanks", "numbers", "record", "nulls", "carriage-returns", "line-feeds", "utf-16"],
)
@pytest.mark.parametrize("name", ["eps", "imu"])
def test_one_huge_line(types, raw, code, name):
    reading = read(raw, types[name], MINIMAL)
    witness.assert_refused_well(raw, reading)
    assert code is None or reading.refused.code == code
    assert len(reading.refused.message) < 1000


def test_a_huge_line_between_good_ones(types):
    known = readings.good(types, "eps")
    lines = known.raw.splitlines(keepends=True)
    for place in range(len(lines) + 1):
        raw = b"".join([*lines[:place], b"7" * 1_000_000 + b"\r\n", *lines[place:]])
        for options in (MINIMAL, DROP_ONE):
            cases.run(
                "reader-huge",
                place,
                "a line of 1 MB",
                raw,
                lambda raw, o=options: readings.assert_sound(raw, types["eps"], o, known),
            )


def wide_type(types, columns):
    """A type with a great many columns."""
    names = tuple(f"WIDE_{number:04d}" for number in range(columns))
    made = tuple(
        Column(name=name, kind=(Kind.REAL, Kind.INTEGER)[number % 2]) for number, name in enumerate(names)
    )
    return types["eps"].model_copy(
        update={"column_sets": (ColumnSet(era="wide", columns=made, ordered=columns),)}
    )


def test_two_thousand_columns_are_read_or_an_unknown_set(types):
    wide = wide_type(types, 2000)
    sheet = render.sheet(wide, records=3)
    known = readings.Good("wide", sheet, sheet.render())
    assert readings.assert_sound(known.raw, wide, MINIMAL, known) == "ok"
    assert read(known.raw, types["eps"], MINIMAL).refused.code == "unknown-columns"
    for number, rng in cases.generators("reader-wide", 3):
        raw, told = mutations.mutate(rng, known.raw, (*mutations.BYTES, *mutations.LINES))
        cases.run(
            "reader-wide", number, told, raw, lambda raw: readings.assert_sound(raw, wide, DROP_ONE, known)
        )


@pytest.mark.parametrize("widths", [(0,) * 6, (12, 0, 12, 0, 12, 0), (1,) * 6, (12, 12, 12, 12, 12, 0)])
@pytest.mark.parametrize("policy", readings.POLICIES)
def test_columns_of_no_width(types, widths, policy):
    known = readings.good(types, "eps")
    rows = tuple(
        (row[0], *(cell if width > 6 else "7" * width for cell, width in zip(row[1:], widths, strict=True)))
        for row in known.sheet.rows
    )
    for header_widths in (widths, (12,) * 6):
        sheet = known.sheet.but(rows=rows, widths=widths, header_widths=header_widths)
        raw = sheet.render()
        cases.run(
            "reader-zero-width",
            0,
            f"{widths}",
            raw,
            lambda raw: readings.assert_sound(raw, types["eps"], RepairOptions(policy)),
        )


def test_odd_cells_and_spoilt_files_without_numba(types, monkeypatch):
    use_library(monkeypatch)
    run_mutations(types, "reader-some-library", (*mutations.BYTES, *mutations.LINES), 10)
    run_cells(types, 10, kind="reader-some-library")
    run_times(types, 10, kind="reader-some-library")


@pytest.mark.slow
def test_many_odd_files_without_numba(types, monkeypatch):
    use_library(monkeypatch)
    count = cases.SLOW_BUDGET["reader-library"] // 3 + 1
    run_mutations(types, "reader-library", (*mutations.BYTES, *mutations.LINES), count)
    run_cells(types, count, kind="reader-library")
    run_times(types, count, kind="reader-library")
    cases.require("reader-library", cases.SLOW_BUDGET["reader-library"])


NUMBERS = (
    st.floats(width=64).map(repr)
    | st.integers(-(2**70), 2**70).map(str)
    | st.text("0123456789+-.eE", max_size=18)
)


@settings(max_examples=25, deadline=None)
@given(cells=st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=2, max_size=4))
def test_any_numbers_read_as_the_slow_reader_reads_them(types, cells):
    """Three wide columns of reals and integers with any texts that look like numbers."""
    columns = tuple(
        Column(name=f"X_{number}", kind=kind) for number, kind in enumerate(("real", "integer", "real"))
    )
    wide = types["eps"].model_copy(update={"column_sets": (ColumnSet(era="x", columns=columns, ordered=3),)})
    rows = tuple((render.scet(step), *row) for step, row in enumerate(cells))
    sheet = render.Sheet(("X_0", "X_1", "X_2"), rows, None, (26, 26, 26))
    known = readings.Good("wide", sheet, sheet.render())
    for options in (MINIMAL, RepairOptions("minimal", max_damaged=9)):
        cases.run(
            "reader-hypothesis",
            0,
            f"{cells}",
            known.raw,
            lambda raw, o=options: readings.assert_sound(raw, wide, o, known),
        )
