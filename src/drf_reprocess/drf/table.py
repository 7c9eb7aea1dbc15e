"""Cells and times as an Arrow table of the type's schema."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from drf_reprocess.drf import kernel
from drf_reprocess.drf.cells import Cells
from drf_reprocess.drf.interpret import View
from drf_reprocess.drf.lines import Mask
from drf_reprocess.drf.schema import RECORD_NUMBER, TIME_UTC, table_schema
from drf_reprocess.drf.timeform import time_picture
from drf_reprocess.model import Kind
from drf_reprocess.profiles.model import FileType


def to_table(view: View, file_type: FileType) -> pa.Table:
    """Return all records of a view as a table, in the order of the file; all of them have to be readable."""
    schema = table_schema(file_type)
    count = len(view.records)
    times = view.times
    arrays = {
        RECORD_NUMBER: _fixed(pa.int32(), view.records.lines.numbers.astype(np.int32), None),
        TIME_UTC: _fixed(pa.timestamp("us", tz="UTC"), times.micros, times.known),
    }
    if file_type.time.is_text:
        arrays[file_type.time.column] = _time_texts(view, file_type)
    cells = view.placement.cells
    data = view.records.rows.reshape(-1)
    for field, column in enumerate(view.placement.match.columns):
        arrays[column.known.name] = _column(cells, field, data)
    return pa.Table.from_arrays(
        [
            arrays[name] if name in arrays else pa.nulls(count, schema.field(name).type)
            for name in schema.names
        ],
        schema=schema,
    )


def _column(cells: Cells, field: int, data: kernel.Bytes) -> pa.Array:
    valid = None if not cells.tally[field, kernel.NULL] else cells.status[field] == kernel.VALID
    kind, place = cells.kinds[field], cells.places[field]
    if kind is Kind.REAL:
        return _fixed(pa.float64(), cells.reals[place], valid)
    if kind is Kind.INTEGER:
        return _fixed(pa.int64(), cells.integers[place], valid)
    return _texts(data, cells.text_begins[place], cells.text_chars[place], valid)


def _time_texts(view: View, file_type: FileType) -> pa.Array:
    known, width = view.times.known, time_picture(file_type.time).chars
    rows, count = view.records.rows, len(view.records)
    if known.all():
        offsets = width * np.arange(count + 1, dtype=np.int32)
        texts = np.ascontiguousarray(rows[:, :width])
        return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(texts)])
    chars = np.where(known, width, 0).astype(np.int32)
    return _texts(rows.reshape(-1), rows.shape[1] * np.arange(count), chars, known)


def _fixed(type_: pa.DataType, values: NDArray[np.generic], valid: Mask | None) -> pa.Array:
    return pa.Array.from_buffers(type_, len(values), [_bitmap(valid), pa.py_buffer(values)])


def _texts(
    data: kernel.Bytes, begins: NDArray[np.int64], chars: NDArray[np.int32], valid: Mask | None
) -> pa.Array:
    offsets = np.zeros(len(chars) + 1, np.int32)
    np.cumsum(chars, out=offsets[1:])
    out = np.empty(int(offsets[-1]), np.uint8)
    kernel.gather_texts(data, begins, chars, offsets, out)
    return pa.Array.from_buffers(
        pa.string(), len(chars), [_bitmap(valid), pa.py_buffer(offsets), pa.py_buffer(out)]
    )


def _bitmap(valid: Mask | None) -> pa.Buffer | None:
    return None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
