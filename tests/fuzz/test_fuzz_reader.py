"""Data files spoilt in every way: a table that two slow readers agree with, or a refusal with a code; nothing else."""

from __future__ import annotations

import drf_fuzz_cases as cases
import drf_fuzz_hostile as hostile
import drf_fuzz_mutations as mutations
import drf_fuzz_readings as readings
import drf_tests_reference as reference
import pytest

from drf_reprocess.drf.reader import read
from drf_reprocess.model import Kind, RepairOptions
from drf_reprocess.profiles.model import Column, ColumnSet

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
        ("reader-bytes", mutations.BYTES, {"ok", "mended", "damaged-records", "unknown-columns", "truncated-tail"}),
        ("reader-lines", mutations.LINES, {"ok", "mended", "header-only", "line-ends", "unknown-columns"}),
        ("reader-encodings", (mutations.encode_otherwise,), {"not-text", "mended", "damaged-records"}),
    ],
)
def test_spoilt_files(types, kind, ways, expected):
    outcomes = run_mutations(types, kind, ways, cases.SLOW_BUDGET[kind])
    assert expected <= set(outcomes) or cases.ONLY
    cases.require(kind, cases.SLOW_BUDGET[kind])


def spoil_cell(known, rng, texts, encoding):
    """Put a text into one numeric cell of one record; return the bytes, the place and what was put, or None if it is too long."""
    text = rng.choice(texts).encode(encoding, "replace")
    column = rng.randrange(1 if known.sheet.time_chars else 2, len(known.sheet.rows[0]))
    row = rng.randrange(len(known.sheet.rows))
    width = known.sheet.column_widths[column - (1 if known.sheet.time_chars else 0)]
    if len(text) > width:
        return None
    rows = [list(cells) for cells in known.sheet.rows]
    rows[row][column] = text.decode("latin-1")
    return known.sheet.but(rows=tuple(map(tuple, rows))).render(), row, column, text


def assert_cell(raw, file_type, row, column, text, known):
    """One odd cell is its value, or damages its record: then the file is refused, or this record alone dropped."""
    strict = read(raw, file_type, RepairOptions("minimal"))
    readings.assert_sound(raw, file_type, RepairOptions("minimal"), known)
    readings.assert_sound(raw, file_type, DROP_ONE, known)
    dropped = read(raw, file_type, DROP_ONE)
    place = column - (1 if known.sheet.time_chars else 0)
    whole = read(known.raw, file_type, RepairOptions("minimal"))
    field = [field for field in whole.layout.fields if field.kind is not Kind.TIME][place]
    try:
        expected = reference.read_cell(text.decode("ascii"), field.kind.value)
        if field.kind is Kind.STATE and not (text.decode("ascii").replace("\t", "").isprintable()):
            raise reference.Unfit(text)
    except (UnicodeDecodeError, reference.Unfit):
        assert strict.refused is not None
        assert strict.refused.code in {"damaged-records", "layout-unclear"}
        assert dropped.refused is None
        numbers = [record["record_number"] for record in dropped.table.to_pylist()]
        assert numbers == [number for number in range(1, len(known.sheet.rows) + 1) if number != row + 1]
        return
    if strict.refused is None:
        found = strict.table.to_pylist()[row][field.name]
        assert repr(found) == repr(expected)
        assert type(found) is type(expected)
    else:
        # A seconds column may hold a number that is no time.
        assert field.name == file_type.time.column, strict.refused
        assert "no possible time" in strict.refused.message


def run_cells(types, count):
    kind = "reader-cells"
    for number, rng in cases.generators(kind, count):
        name = rng.choice(("gnc", "eps", "usm1", "rs", "pte", "ngms", "imu"))
        known = readings.good(types, name, records=6)
        known = readings.Good(
            name, known.sheet.but(justify=rng.choice(("left", "right"))), known.raw, known.cells
        )
        known = readings.Good(
            name, known.sheet, known.sheet.render(), dict(zip(known.sheet.records(), known.sheet.rows, strict=True))
        )
        texts = hostile.NUMBERS + hostile.LONG_NUMBERS
        spoilt = spoil_cell(known, rng, texts, rng.choice(("utf-8", "utf-8", "latin-1")))
        if spoilt is None:
            cases.COUNTS[kind] += 0
            continue
        raw, row, column, text = spoilt
        cases.run(
            kind,
            number,
            f"{name}, {text!r} in row {row}, column {column}",
            raw,
            lambda raw, name=name, row=row, column=column, text=text, known=known: assert_cell(
                raw, types[name], row, column, text, known
            ),
        )
