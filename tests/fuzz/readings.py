"""Small files of each type to be spoilt, what their records hold, and the check of whatever the reader makes of a file."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property

import drf_fuzz_witness as witness
import drf_tests_reference as reference
import drf_tests_render as render
from drf_tests_checking import check

from drf_reprocess.drf.reader import ARCHIVE_2020, MINIMAL, NEVER, read
from drf_reprocess.model import Kind, RepairOptions

TYPES = ("gnc", "eps", "usm1", "imu", "rs", "pte", "ngms", "pf", "sasm1")
POLICIES = (NEVER, MINIMAL, ARCHIVE_2020)
NEVER_OPTIONS, MINIMAL_OPTIONS = RepairOptions(NEVER), RepairOptions(MINIMAL)


@dataclass(frozen=True)
class Good:
    """A good file."""

    type: str
    sheet: render.Sheet
    raw: bytes

    @cached_property
    def cells(self) -> dict[str, tuple[str, ...]]:
        """Cells by the text of a record."""
        return dict(zip(self.sheet.records(), self.sheet.rows, strict=True))

    def but(self, **changes) -> Good:
        """Return the file written in another way."""
        sheet = self.sheet.but(**changes)
        return Good(self.type, sheet, sheet.render())


def good(types, name: str, rng: random.Random | None = None, records: int = 5) -> Good:
    """Return a small file of a type; with a generator, in one of the ways in which such files are written."""
    made = (
        render.imu_sheet(types[name], records)
        if name == "imu"
        else render.sheet(types[name], records=records)
    )
    if rng is not None:
        made = made.but(
            justify=rng.choice(("left", "right")),
            ends=rng.choice(((b"\r\n",), (b"\r\n",), (b"\n",), (b"\r\n", b"\n"))),
            trimmed_header=rng.random() < 0.2,
        )
        if name != "imu":
            made = made.but(order=rng.choice(("t u m n", "t u m n", "u t n m", "t n m b", "t m n u", "m n")))
            if rng.random() < 0.3:
                made = made.but(rows=_with_blanks(made.rows, rng))
        if name == "gnc" and rng.random() < 0.4:
            made = made.but(header_widths=(12,) * len(made.names))
    return Good(name, made, made.render())


def _with_blanks(rows, rng: random.Random):
    """Leave cells blank, in the first records mostly, as real files do; never a time."""
    return tuple(
        (row[0], *("" if rng.random() < (0.4 if number < 2 else 0.05) else cell for cell in row[1:]))
        for number, row in enumerate(rows)
    )


def any_options(rng: random.Random) -> RepairOptions:
    return RepairOptions(
        rng.choice(POLICIES),
        rng.choice((0, 2, 100)),
        rng.choice((0, 0, 0, 2)),
        drop_damaged=rng.random() < 0.1,
    )


def assert_sound(raw: bytes, file_type, options: RepairOptions, known: Good | None = None) -> str:
    """Read bytes, check all that has to hold, and return what became of them: ``ok``, ``mended`` or a code."""
    reading = check(raw, file_type, options)
    if reading.refused is not None:
        witness.assert_refused_well(raw, reading)
        return reading.refused.code
    witness.assert_witnessed(raw, reading, file_type)
    if known is not None:
        _assert_known(reading, known)
    _assert_policy(raw, reading, file_type, options)
    return "mended" if reading.mends else "ok"


def _assert_policy(raw: bytes, reading, file_type, options: RepairOptions) -> None:
    """Nothing is mended that no rule tells of; what can stay as it is stays as it is under the default policy too."""
    if not reading.mends:
        assert reading.data is raw
    if options.policy == NEVER and not options.drop_damaged:
        assert reading.data is raw
        again = read(raw, file_type, MINIMAL_OPTIONS)
        assert again.data is raw
        assert again.table.equals(reading.table)


def _assert_known(reading, known: Good) -> None:
    """A record that was not touched holds what was written into it, under the very names of the good file."""
    fields = [field for field in reading.layout.fields if field.kind is not Kind.TIME]
    if tuple(field.source_name for field in fields) != known.sheet.names:
        return
    lead = 1 if known.sheet.time_chars else 0
    start, size = reading.layout.header_bytes, reading.layout.record_bytes
    for number, row in enumerate(reading.table.to_pylist()):
        begin = start + number * size
        cells = known.cells.get(reading.data[begin : begin + size - 2].decode("ascii"))
        for field, cell in zip(fields, cells[lead:] if cells else (), strict=cells is not None):
            expected = reference.read_cell(cell, field.kind.value)
            assert witness.same(row[field.name], expected), (field.name, row[field.name], expected)
