"""The bytes of delimited tables and inventories against their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from drf_reprocess.model import Finding
from drf_reprocess.pds4.faults import data_fault
from drf_reprocess.pds4.inventory import count_rows, read_inventory
from drf_reprocess.pds4.structure import FIELD_DELIMITERS, LabelField, LabelObject
from drf_reprocess.pds4.values import value_test

_PRINTABLE = bytes([9, *range(32, 127)])


def check_delimited(data: bytes, table: LabelObject, end: int) -> Iterator[Finding]:
    """Yield what is wrong with the rows of a Table_Delimited that ends, at the latest, at byte ``end`` of the file.

    Each row must end in CR LF and have as many fields as the label lists, of their types and not longer than it says;
    a value with quotes or the delimiter stands in double quotes and has none inside (parsing standard PDS DSV 1).
    """
    delimiter = FIELD_DELIMITERS.get((table.delimiter or "").lower())
    if table.offset_bytes is None or delimiter is None:
        return
    body = data[table.offset_bytes : end]
    if table.length_bytes is not None:
        body = body[: table.length_bytes]
    rows, faults = _split_rows(body, table)
    yield from faults
    if not faults:
        yield from _check_rows(rows, table, delimiter)


def _split_rows(body: bytes, table: LabelObject) -> tuple[list[bytes], list[Finding]]:
    offset = table.offset_bytes or 0
    rows = body.split(b"\r\n")
    unfinished = rows.pop()
    faults = []
    for record, row in enumerate(rows + ([unfinished] if unfinished else []), 1):
        if b"\n" in row or b"\r" in row:
            message = f"record {record} has CR or LF inside, expected CR LF at its end only"
            faults.append(data_fault("record-end", message, record=record, offset_bytes=offset))
            break
        offset += len(row) + 2
    if unfinished and not faults:
        code = "record-end" if table.length_bytes is None else "object-length"
        message = f"the table does not end with a record: after record {len(rows)} come {unfinished[:60]!r}"
        faults.append(
            data_fault(code, message, record=len(rows) + 1, offset_bytes=offset - len(unfinished) - 2)
        )
    if table.records is not None and not faults and len(rows) != table.records:
        faults.append(
            data_fault("records", f"the table has {len(rows)} records, its label says {table.records}")
        )
    return rows, faults


def _check_rows(rows: list[bytes], table: LabelObject, delimiter: bytes) -> Iterator[Finding]:
    offset = table.offset_bytes or 0
    reported: set[tuple[str, str]] = set()
    for record, row in enumerate(rows, 1):
        for fault in _check_row(row, table, delimiter):
            key = (fault.code, fault.field or "")
            if key not in reported:  # the first of each kind stands for all
                reported.add(key)
                message = f"record {record}: {fault.message}"
                yield replace(fault, message=message, record=record, offset_bytes=offset)
        offset += len(row) + 2


def _check_row(row: bytes, table: LabelObject, delimiter: bytes) -> Iterator[Finding]:
    if table.record_bytes is not None and len(row) + 2 > table.record_bytes:
        yield data_fault("record-length", f"has {len(row) + 2} bytes, at most {table.record_bytes} are said")
    cells = split_row(row, delimiter)
    if cells is None:
        yield data_fault("quotes", "has double quotes inside a value, or one that is not closed")
    elif len(cells) != len(table.fields):
        yield data_fault("fields", f"has {len(cells)} fields, expected {len(table.fields)}")
    else:
        for cell, column in zip(cells, table.fields, strict=True):
            yield from _check_cell(cell, column)


def _check_cell(cell: bytes, column: LabelField) -> Iterator[Finding]:
    name = column.name
    if column.length is not None and len(cell) > column.length:
        message = f"field {name} has {len(cell)} bytes, at most {column.length} are said"
        yield data_fault("field-length", message, field=name)
    if not column.data_type.startswith("UTF8") and cell.translate(None, _PRINTABLE):
        yield data_fault(
            "ascii", f"field {name} has bytes that are no printable ASCII: {cell[:60]!r}", field=name
        )
    test = value_test(column.data_type)
    text = cell.decode("ascii", "replace").strip(" ")
    if test is not None and text and not test(text):
        yield data_fault("value", f"field {name} holds {text[:60]!r}, no {column.data_type}", field=name)


def split_row(row: bytes, delimiter: bytes) -> list[bytes] | None:
    """Return the values of a row without the quotes around them; None if its quotes are misplaced."""
    if b'"' not in row:
        return row.split(delimiter)
    cells = []
    position = 0
    while True:
        if row[position : position + 1] == b'"':
            closing = row.find(b'"', position + 1)
            if closing < 0:
                return None
            cell, position = row[position + 1 : closing], closing + 1
            if position < len(row) and not row.startswith(delimiter, position):
                return None
        else:
            stop = row.find(delimiter, position)
            stop = len(row) if stop < 0 else stop
            cell, position = row[position:stop], stop
            if b'"' in cell:
                return None
        cells.append(cell)
        if position >= len(row):
            return cells
        position += len(delimiter)


def check_inventory(data: bytes, table: LabelObject, end: int, collection_lid: str) -> Iterator[Finding]:
    """Yield what is wrong with the rows of an inventory: form, number, and stem of the primary members.

    The LID of a primary member begins with that of its collection (SIS 5.1.1; NASA's validate).
    """
    if table.offset_bytes is None:
        return
    body = data[table.offset_bytes : end]
    rows, findings = read_inventory(body)
    counts = Counter(finding.code for finding in findings)
    for finding in {finding.code: finding for finding in reversed(findings)}.values():
        more = counts[finding.code] - 1
        message = finding.message + (f" ({more} more like it)" if more else "")
        yield replace(finding, code=f"data-{finding.code}", message=message)
    count = count_rows(body)
    if table.records is not None and count != table.records:
        yield data_fault(
            "inventory-records", f"the inventory has {count} records, its label says {table.records}"
        )
    longest = max(map(len, body.split(b"\r\n")), default=0) + 2
    if table.record_bytes is not None and longest > table.record_bytes:
        message = (
            f"a record of the inventory has {longest} bytes, its label says at most {table.record_bytes}"
        )
        yield data_fault("record-length", message)
    foreign = [row.lid for row in rows if row.primary and row.lid.text.rpartition(":")[0] != collection_lid]
    if foreign:
        message = (
            f"{len(foreign)} primary members are not of collection {collection_lid}; first {foreign[0]}: its LID "
            "must be that of the collection, a colon and the product id"
        )
        yield data_fault("inventory-stem", message)
