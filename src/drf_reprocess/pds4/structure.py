"""What a label says of its files: objects, offsets, records and fields, as far as it says it; nothing is judged here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from drf_reprocess.pds4.elements import PDS, Element
from drf_reprocess.pds4.parsing import (
    find,
    find_all,
    integer_of,
    iterate,
    line_of,
    local_name,
    parse_pds4,
    text_of,
    texts_of,
    to_integer,
)

FIXED_TABLES = frozenset({"Table_Character"})
DELIMITED_TABLES = frozenset({"Table_Delimited", "Inventory"})
FIELD_DELIMITERS = {"comma": b",", "horizontal tab": b"\t", "semicolon": b";", "vertical bar": b"|"}
"""By the small form of ``field_delimiter``, which is spelled with capitals since model 1.4."""

_TABLES = ("Table_Character", "Table_Delimited", "Table_Binary", "Inventory")
_DELIMITERS = ("record_delimiter", "field_delimiter")
_RECORDS = ("Record_Character", "Record_Delimited", "Record_Binary")
_PARTS = tuple(
    f"{{{PDS}}}{name}"
    for name in (
        *("record_length", "maximum_record_length"),
        *("Field_Character", "Field_Delimited", "Field_Binary", "name", "field_location", "field_length"),
        *("maximum_field_length", "data_type", "unit"),
        *("Group_Field_Character", "Group_Field_Delimited", "Group_Field_Binary"),
        *("repetitions", "group_location", "group_length"),
    )
)
"""What decides how the bytes of a record are read, and what they mean."""

_MAX_FIELDS = 100_000
"""Groups may repeat groups: a label of a few lines could ask for more fields than memory holds."""


@dataclass(frozen=True, slots=True)
class LabelField:
    """One field of a record. ``location`` counts bytes from 1; a delimited table has none, nor a certain ``length``."""

    name: str
    number: int | None
    location: int | None
    length: int | None
    """Bytes of the field; in a delimited table the most that it may have, None for any number."""
    data_type: str
    line: int


@dataclass(frozen=True, slots=True)
class LabelObject:
    """One object of a file: a header, table, text or inventory. All numbers are None where the label has none."""

    kind: str
    """Name of its element: Header, Table_Character, Table_Delimited, Inventory, Stream_Text and so on."""
    offset_bytes: int | None
    length_bytes: int | None
    """``object_length``, or for a fixed-width table ``records`` times ``record_length``."""
    records: int | None
    record_bytes: int | None
    """``record_length``; in a delimited table the most that a record may have."""
    delimiter: str | None
    """``field_delimiter``."""
    standard: str | None
    """``parsing_standard_id``."""
    declared_fields: int | None
    declared_groups: int | None
    groups: int
    own_fields: int
    """How many fields stand in the record itself, not in a group."""
    fields: tuple[LabelField, ...]
    """All fields, those of groups as often as they repeat, with locations in the record."""
    line: int


@dataclass(frozen=True, slots=True)
class LabelFile:
    """One file that a label describes."""

    name: str | None
    bytes: int | None
    md5: str | None
    creation_time: str | None
    objects: tuple[LabelObject, ...]
    line: int


def read_files(root: Element) -> tuple[LabelFile, ...]:
    """Return all files that the label describes, in its order. ``ValueError`` if groups repeat beyond measure."""
    return tuple(_read_file(element) for element in iterate(root, "File", "Document_File"))


def _read_file(element: Element) -> LabelFile:
    area = element.getparent()
    siblings = [] if area is None else [child for child in area if find(child, "offset") is not None]
    return LabelFile(
        name=text_of(element, "file_name"),
        bytes=integer_of(element, "file_size"),
        md5=text_of(element, "md5_checksum"),
        creation_time=text_of(element, "creation_date_time"),
        objects=tuple(_read_object(sibling) for sibling in siblings),
        line=line_of(element),
    )


def _read_object(element: Element) -> LabelObject:
    kind = local_name(element)
    delimited = kind in DELIMITED_TABLES
    record = find(element, "Record_Delimited" if delimited else "Record_Character")
    records = integer_of(element, "records")
    record_bytes = integer_of(record, "maximum_record_length" if delimited else "record_length")
    length = integer_of(element, "object_length")
    if kind in FIXED_TABLES and records is not None and record_bytes is not None:
        length = records * record_bytes
    suffix = "Delimited" if delimited else "Character"
    fields = [] if record is None else list(_read_fields(record, suffix, 0, [0]))
    return LabelObject(
        kind=kind,
        offset_bytes=integer_of(element, "offset"),
        length_bytes=length,
        records=records,
        record_bytes=record_bytes,
        delimiter=text_of(element, "field_delimiter"),
        standard=text_of(element, "parsing_standard_id"),
        declared_fields=integer_of(record, "fields"),
        declared_groups=integer_of(record, "groups"),
        groups=0 if record is None else len(find_all(record, f"Group_Field_{suffix}")),
        own_fields=0 if record is None else len(find_all(record, f"Field_{suffix}")),
        fields=tuple(fields),
        line=line_of(element),
    )


def _read_fields(parent: Element, suffix: str, base: int, count: list[int]) -> Iterator[LabelField]:
    """Yield the fields of a record or group that begins ``base`` bytes into its record."""
    for child in parent:
        name = local_name(child)
        if name == f"Field_{suffix}":
            _count(count)
            yield _read_field(child, base)
        elif name == f"Group_Field_{suffix}":
            repetitions = integer_of(child, "repetitions") or 1
            length = (integer_of(child, "group_length") or 0) // repetitions
            start = base + (integer_of(child, "group_location") or 1) - 1
            for repetition in range(repetitions):
                _count(count)
                yield from _read_fields(child, suffix, start + repetition * length, count)


def _count(count: list[int]) -> None:
    count[0] += 1
    if count[0] > _MAX_FIELDS:
        raise ValueError(f"a record of more than {_MAX_FIELDS} fields and groups is not read")


def _read_field(element: Element, base: int) -> LabelField:
    texts = texts_of(element).get
    location = to_integer(texts("field_location"))
    length = to_integer(texts("field_length"))
    return LabelField(
        name=texts("name") or "",
        number=to_integer(texts("field_number")),
        location=None if location is None else base + location,
        length=length if length is not None else to_integer(texts("maximum_field_length")),
        data_type=texts("data_type") or "",
        line=line_of(element),
    )


def structure_digest(label: bytes | Element) -> str:
    """Return the SHA-256 of the record structure that a label describes, in hexadecimal digits.

    Alike in all labels whose tables have the same class, delimiters, record length and fields (name, location, length,
    data type and unit, in their order) under the same information model: a product of another one needs a review before
    it is delivered (SIS 4.2). Records, offsets, sizes, checksums, names of files and tables, and descriptions do not count.
    `UnreadableLabel` if it is no PDS4 label.
    """
    root = parse_pds4(label)
    rows = [text_of(root, "Identification_Area", "information_model_version") or ""]
    for table in iterate(root, *_TABLES):
        rows.append(local_name(table))
        # Delimiters are spelled with capitals or without, by the model: the same bytes.
        rows += [f"{name}={(text_of(table, name) or '').lower()}" for name in _DELIMITERS]
        for record in (child for name in _RECORDS for child in find_all(table, name)):
            rows += [f"{local_name(part)}={(part.text or '').strip()}" for part in record.iter(*_PARTS)]
    return hashlib.sha256("\n".join(rows).encode("utf-8")).hexdigest()
