"""Identities between the numbers of a label that no schema checks: offsets, lengths, records and fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drf_reprocess.model import Finding, Severity
from drf_reprocess.pds4.faults import label_fault
from drf_reprocess.pds4.structure import (
    DELIMITED_TABLES,
    FIELD_DELIMITERS,
    FIXED_TABLES,
    LabelField,
    LabelFile,
    LabelObject,
)

_OFFSET = {"offset": "offset_bytes"}
_LENGTH = {"object_length": "length_bytes"}
_RECORDS = {"records": "records"}
_NEEDED = {
    "Header": _OFFSET | _LENGTH,
    "Stream_Text": _OFFSET,
    "Table_Character": _OFFSET | _RECORDS | {"record_length": "record_bytes"},
    "Table_Delimited": _OFFSET | _RECORDS,
    "Inventory": _OFFSET | _RECORDS,
}
"""Elements, with the attributes that hold them, without which the bytes of an object are not accounted for."""


def check_layout(file: LabelFile) -> Iterator[Finding]:
    """Yield where the objects of a file, or the fields of a record, contradict each other or the size of the file."""
    if file.bytes is not None:
        yield from check_extents(file, file.bytes, lambda code, text, line: label_fault(code, text, line))
    for part in file.objects:
        yield from _check_complete(part)
        yield from _check_fields(part)


def _check_complete(part: LabelObject) -> Iterator[Finding]:
    """Check that the label says enough of an object to account for its bytes."""
    if part.kind not in _NEEDED:
        text = f"the contents of a {part.kind} are not checked here"
        yield label_fault("object-unchecked", text, part.line, Severity.INFO)
        return
    for name, attribute in _NEEDED[part.kind].items():
        if getattr(part, attribute) is None:
            yield label_fault("object-incomplete", f"{part.kind} has no number {name}", part.line)
    if part.kind in FIXED_TABLES and not (part.records and part.record_bytes):
        yield label_fault("object-incomplete", f"{part.kind} has no records, or they no length", part.line)
    if part.kind in DELIMITED_TABLES and (part.delimiter or "").lower() not in FIELD_DELIMITERS:
        text = (
            f"{part.kind} has the field_delimiter {part.delimiter!r}, expected {', '.join(FIELD_DELIMITERS)}"
        )
        yield label_fault("field-delimiter", text, part.line)


def check_extents(
    file: LabelFile, size_bytes: int, fault: Callable[[str, str, int], Finding]
) -> Iterator[Finding]:
    """Yield gaps and overlaps of a file's objects, and bytes after the last one: every byte belongs to one object.

    A delimited table whose label does not say its length goes as far as the next object, or the end of the file.
    """
    if any(part.offset_bytes is None for part in file.objects) or not file.objects:
        return
    parts = sorted(file.objects, key=lambda part: part.offset_bytes or 0)
    position: int | None = 0
    for part in parts:
        offset = part.offset_bytes or 0
        if position is not None and offset > position:
            text = f"{offset - position} bytes before {part.kind} at byte {offset} belong to no object"
            yield fault("gap", text, part.line)
        elif position is not None and offset < position:
            text = f"{part.kind} begins at byte {offset}, but the object before it ends at byte {position}"
            yield fault("overlap", text, part.line)
        position = None if part.length_bytes is None else offset + part.length_bytes
    if position is not None and position != size_bytes:
        yield fault("extent", _describe_end(parts[-1], position, size_bytes), parts[-1].line)


def _describe_end(last: LabelObject, end: int, size_bytes: int) -> str:
    if last.kind in FIXED_TABLES:
        sum_ = f"offset {last.offset_bytes} + {last.records} records x {last.record_bytes} bytes = {end}"
    else:
        sum_ = f"offset {last.offset_bytes} + length {last.length_bytes} = {end}"
    return f"{last.kind} does not end with the file: {sum_}, but the file has {size_bytes} bytes"


def _check_fields(table: LabelObject) -> Iterator[Finding]:
    if table.declared_fields is not None and table.declared_fields != table.own_fields:
        text = f"fields says {table.declared_fields}, the record lists {table.own_fields}"
        yield label_fault("field-count", text, table.line)
    if table.declared_groups is not None and table.declared_groups != table.groups:
        text = f"groups says {table.declared_groups}, the record lists {table.groups}"
        yield label_fault("group-count", text, table.line)
    if not table.groups:
        yield from _check_numbers(table)
    if table.kind in FIXED_TABLES:
        yield from _check_places(table)


def _check_numbers(table: LabelObject) -> Iterator[Finding]:
    """Check that the fields are numbered 1, 2, ... as far as they are numbered at all."""
    for expected, column in enumerate(table.fields, 1):
        if column.number is not None and column.number != expected:
            text = f"field {column.name} has the number {column.number}, expected {expected}"
            yield label_fault("field-number", text, column.line)
            return


def _check_places(table: LabelObject) -> Iterator[Finding]:
    previous: LabelField | None = None
    located = [column for column in table.fields if column.location is not None and column.length is not None]
    if table.groups:  # the members of repeated groups are listed group by group
        located.sort(key=lambda column: column.location or 0)
    for column in located:
        location, length = column.location or 0, column.length or 0
        if previous is not None:
            before = previous.location or 0
            if location < before:
                text = (
                    f"field {column.name} at byte {location} is listed after {previous.name} at byte {before}"
                )
                yield label_fault("field-order", text, column.line)
            elif location < before + (previous.length or 0):
                text = f"field {column.name} at byte {location} overlaps {previous.name}"
                yield label_fault("field-overlap", text, column.line)
        last = location + length - 1
        if table.record_bytes is not None and last > table.record_bytes - 2:
            text = f"field {column.name} ends at byte {last}, after the record's last byte {table.record_bytes - 2}"
            yield label_fault("field-end", text, column.line)
        previous = column
