"""What has to hold for every reading, whatever was read."""

from __future__ import annotations

import struct

import drf_tests_reference as reference

from drf_reprocess.drf.reader import read
from drf_reprocess.model import Kind, RepairOptions

MINIMAL = RepairOptions("minimal")


def check(raw, file_type, options=MINIMAL):
    """Read, and hold against the reference reader and against a second reading of the result."""
    reading = read(raw, file_type, options)
    if reading.refused is not None:
        return reading
    expected = reference.read_by_layout(reading.data, reading.layout)
    rows = reading.table.to_pylist()
    assert len(rows) == len(expected) == reading.layout.records
    for row, record in zip(rows, expected, strict=True):
        for name, cell in record.items():
            assert row[name] == cell or repr(row[name]) == repr(cell), (name, row[name], cell)
            if isinstance(cell, float):
                assert struct.pack("d", row[name]) == struct.pack("d", cell)
    again = read(reading.data, file_type, options)
    assert (again.data, again.mends, again.layout) == (reading.data, (), reading.layout)
    removed = sum(mend.removed_bytes for mend in reading.mends)
    inserted = sum(mend.inserted_bytes for mend in reading.mends)
    assert len(raw) - removed + inserted == len(reading.data)
    return reading


def truth(sheet, layout):
    """What the cells of a sheet are, by final name, in the sheet's column order."""
    fields = [field for field in layout.fields if field.kind is not Kind.TIME]
    lead = 1 if sheet.time_chars else 0
    return [
        {
            field.name: reference.read_cell(cell, field.kind)
            for field, cell in zip(fields, row[lead:], strict=True)
        }
        for row in sheet.rows
    ]


def assert_reads_as(sheet, file_type, options=MINIMAL):
    reading = check(sheet.render(), file_type, options)
    assert reading.refused is None, reading.refused
    channels = [field for field in reading.layout.fields if field.kind is not Kind.TIME]
    assert tuple(field.source_name for field in channels) == sheet.names
    for row, expected in zip(reading.table.to_pylist(), truth(sheet, reading.layout), strict=True):
        assert {name: row[name] for name in expected} == expected
    return reading
