"""The bytes of a fixed-width table against its label: record ends, gaps between fields, cells of each data type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drf_reprocess.model import Finding
from drf_reprocess.pds4.cells import BLANK, CLASSES, UNPRINTABLE, Bytes, judge_cells
from drf_reprocess.pds4.faults import data_fault
from drf_reprocess.pds4.structure import LabelField, LabelObject
from drf_reprocess.pds4.values import NUMBERS, value_test

_BLOCK_BYTES = 1 << 19
"""Records are judged in blocks of this size, which the processor's cache holds, so memory is bounded too."""

_DELIMITER_BYTES = 2


@dataclass(slots=True)
class _Tally:
    """How often something was seen, and where first."""

    count: int = 0
    record: int = 0
    """Counted from 1."""
    offset_bytes: int = 0
    shown: str = ""


@dataclass(frozen=True, slots=True)
class _Cell:
    """A field that can be judged: ``start`` is counted from 0 in the record."""

    name: str
    start: int
    length: int
    data_type: str


@dataclass(slots=True)
class _Table:
    """One table while it is being judged."""

    data: bytes
    offset: int
    record_bytes: int
    records: int
    cells: tuple[_Cell, ...]
    gaps: NDArray[np.intp]
    """Places in the record that belong to no field."""
    strict: NDArray[np.intp] | slice
    """Places that must hold printable ASCII."""
    tallies: dict[tuple[str, str, str], _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    """By code, name of the field and data type."""


def check_fixed(data: bytes, table: LabelObject, *, values: bool) -> Iterator[Finding]:
    """Yield what is wrong with the records of a Table_Character.

    Every record must end in CR LF (record_delimiter). With ``values`` bytes outside all fields must be blank, all others
    printable ASCII, and each cell blank or a value of its data type, padded with blanks or tabs on either side. Numbers of records too large for the file are judged as far as the file goes.
    """
    if table.offset_bytes is None or table.records is None or table.record_bytes is None:
        return
    if table.record_bytes <= _DELIMITER_BYTES or table.offset_bytes > len(data):
        return
    records = min(table.records, (len(data) - table.offset_bytes) // table.record_bytes)
    if not records:
        return
    ends = list(_check_ends(data, table.offset_bytes, table.record_bytes, records))
    if ends:  # the fields of records that do not begin where they should would all be wrong too
        yield from ends
        return
    if not values:
        return
    judged = _prepare(data, table, records)
    block = max(1, _BLOCK_BYTES // judged.record_bytes)
    for first in range(0, judged.records, block):
        _judge_block(judged, first, min(block, judged.records - first))
    yield from _report(judged)


def _prepare(data: bytes, table: LabelObject, records: int) -> _Table:
    record_bytes = table.record_bytes or 0
    body = record_bytes - _DELIMITER_BYTES
    covered = np.zeros(record_bytes, dtype=bool)
    strict = np.ones(record_bytes, dtype=bool)
    covered[body:] = True
    strict[body:] = False
    cells = []
    for column in table.fields:
        cell = _find_cell(column, body)
        if cell is None:
            continue
        covered[cell.start : cell.start + cell.length] = True
        if cell.data_type.startswith("UTF8"):
            strict[cell.start : cell.start + cell.length] = False
        cells.append(cell)
    return _Table(
        data=data,
        offset=table.offset_bytes or 0,
        record_bytes=record_bytes,
        records=records,
        cells=tuple(cells),
        gaps=np.flatnonzero(~covered),
        strict=slice(0, body) if strict[:body].all() else np.flatnonzero(strict),
    )


def _find_cell(column: LabelField, body: int) -> _Cell | None:
    """Return where a field stands, cut at the end of the record; None for one that stands nowhere."""
    if column.location is None or column.length is None or not 1 <= column.location <= body:
        return None
    start = column.location - 1
    return _Cell(column.name, start, min(column.length, body - start), column.data_type)


def _check_ends(data: bytes, offset: int, record_bytes: int, records: int) -> Iterator[Finding]:
    size = records * record_bytes
    bytes_ = np.frombuffer(data, np.uint8, size, offset).reshape(records, record_bytes)
    right = (bytes_[:, -2] == 13) & (bytes_[:, -1] == 10)
    if not right.all():
        wrong = np.flatnonzero(~right)
        first = int(wrong[0])
        end = offset + (first + 1) * record_bytes - _DELIMITER_BYTES
        yield data_fault(
            "record-end",
            f"{len(wrong)} of {records} records do not end in CR LF at byte {record_bytes - 1} of the "
            f"record; first record {first + 1} has {data[end : end + 2]!r} there",
            record=first + 1,
            offset_bytes=end,
        )


def _judge_block(table: _Table, first: int, count: int) -> None:
    start = table.offset + first * table.record_bytes
    raw = table.data[start : start + count * table.record_bytes]
    by_record = np.frombuffer(raw.translate(CLASSES), np.uint8).reshape(count, table.record_bytes)
    classes: Bytes = np.ascontiguousarray(by_record.T)
    if len(table.gaps):
        _note_places(table, first, "gap", table.gaps, classes[table.gaps] != BLANK)
    if classes[table.strict].max(initial=0) == UNPRINTABLE:
        places = np.arange(table.record_bytes)[table.strict]
        _note_places(table, first, "ascii", places, classes[table.strict] == UNPRINTABLE)
    groups: dict[tuple[int, str], list[_Cell]] = defaultdict(list)
    for cell in table.cells:
        if cell.data_type in NUMBERS:
            groups[cell.length, cell.data_type].append(cell)
        else:
            _judge_texts(table, first, raw, cell)
    for (length, data_type), cells in groups.items():
        wrong, doubtful = judge_cells(classes, [cell.start for cell in cells], length, data_type)
        if doubtful.any():
            wrong = wrong | _judge_doubtful(table, first, doubtful, cells)
        if wrong.any():
            for number, cell in enumerate(cells):
                _note_cells(table, first, cell, np.flatnonzero(wrong[number]))


def _note_places(
    table: _Table, first: int, code: str, places: NDArray[np.intp], wrong: NDArray[np.bool_]
) -> None:
    """Note the records in which any of the places is wrong; ``wrong`` has the shape (places, records)."""
    records = np.flatnonzero(wrong.any(axis=0))
    if not len(records):
        return
    tally = table.tallies[code, "", ""]
    if not tally.count:
        record = first + int(records[0])
        place = int(places[np.flatnonzero(wrong[:, records[0]])[0]])
        tally.record = record + 1
        tally.offset_bytes = table.offset + record * table.record_bytes + place
        tally.shown = f"byte {place + 1} holds {table.data[tally.offset_bytes : tally.offset_bytes + 1]!r}"
    tally.count += len(records)


def _note_cells(table: _Table, first: int, cell: _Cell, records: NDArray[np.intp]) -> None:
    if not len(records):
        return
    tally = table.tallies["value", cell.name, cell.data_type]
    if not tally.count:
        record = first + int(records[0])
        tally.record = record + 1
        tally.offset_bytes = table.offset + record * table.record_bytes + cell.start
        tally.shown = repr(_read_cell(table, record, cell))
    tally.count += len(records)


def _read_cell(table: _Table, record: int, cell: _Cell) -> str:
    start = table.offset + record * table.record_bytes + cell.start
    return table.data[start : start + cell.length].decode("ascii", "backslashreplace").strip(" \t")


def _judge_doubtful(table: _Table, first: int, doubtful: Bytes, cells: list[_Cell]) -> Bytes:
    """Return which of the doubtful cells are wrong after all: beyond a double, or beyond 64 bit."""
    wrong = np.zeros_like(doubtful)
    for number, record in zip(*np.nonzero(doubtful), strict=True):
        cell = cells[number]
        text = _read_cell(table, first + int(record), cell)
        test = value_test(cell.data_type)
        wrong[number, record] = bool(text) and test is not None and not test(text)
    return wrong


def _judge_texts(table: _Table, first: int, raw: bytes, cell: _Cell) -> None:
    """Judge cells of a type that is no number: each different text once."""
    test = value_test(cell.data_type)
    if test is None:
        return
    starts = range(cell.start, len(raw), table.record_bytes)
    texts = [raw[start : start + cell.length] for start in starts]
    wrong = set()
    for text in set(texts):
        value = text.decode("ascii", "replace").strip(" \t")
        if value and not test(value):
            wrong.add(text)
    if wrong:
        _note_cells(table, first, cell, np.flatnonzero([text in wrong for text in texts]))


def _report(table: _Table) -> Iterator[Finding]:
    total = table.records
    for (code, name, data_type), tally in table.tallies.items():
        if code == "value":
            message = (
                f"field {name}: {tally.count} of {total} cells are no {data_type}; first in record {tally.record}: "
                f"{tally.shown}"
            )
        elif code == "gap":
            message = (
                f"{tally.count} of {total} records hold something between the fields; first record {tally.record}: "
                f"{tally.shown}, expected a blank"
            )
        else:
            message = (
                f"{tally.count} of {total} records hold bytes that are no printable ASCII; first record "
                f"{tally.record}: {tally.shown}"
            )
        yield data_fault(
            code, message, record=tally.record, offset_bytes=tally.offset_bytes, field=name or None
        )
