"""A label against itself and against the files that it describes: what XML Schema and Schematron do not see.

Codes tell the layer: ``label-...`` for what the label alone shows, ``data-...`` for what only the files show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator

from drf_reprocess.model import Finding
from drf_reprocess.pds4.delimited import check_delimited, check_inventory
from drf_reprocess.pds4.elements import Element
from drf_reprocess.pds4.faults import data_fault, label_fault
from drf_reprocess.pds4.fixed import check_fixed
from drf_reprocess.pds4.layout import check_extents, check_layout
from drf_reprocess.pds4.names import find_path_fault
from drf_reprocess.pds4.parsing import parse_pds4, text_of
from drf_reprocess.pds4.rules import check_rules
from drf_reprocess.pds4.structure import LabelFile, LabelObject, read_files

_TEXT_CONTROLS = b"\t\n\v\f\r"
_TEXT = _TEXT_CONTROLS + bytes(range(32, 127))
_TEXT_OBJECTS = frozenset({"Header", "Stream_Text"})


def check_label(
    label: bytes | Element,
    read_file: Callable[[str], bytes | None],
    registered: Collection[str],
    *,
    values: bool = True,
    md5_of: Callable[[str, bytes], str] | None = None,
) -> tuple[Finding, ...]:
    """Return everything that is wrong with a label and its files, nothing if all is well.

    ``read_file`` returns the bytes of a file that the label names, None if there is none; what it raises is passed
    on. ``registered`` holds the LIDs of all registered context products (empty: references are not checked). Without
    ``values`` of the records of fixed-width tables only the ends are looked at. ``md5_of`` spares the hashing
    where the caller knows the MD5 of a file, given by name and bytes. Any bytes may be given: what is not even a label is a
    finding too.
    """
    try:
        root = parse_pds4(label)
        files = read_files(root)
    except ValueError as error:
        return (label_fault("unreadable", str(error)),)
    findings = list(check_rules(root, files, registered))
    for file in files:
        findings += check_layout(file)
        findings += _check_file(root, file, read_file, md5_of or _md5, values=values)
    return tuple(findings)


def _md5(_: str, data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _check_file(
    root: Element,
    file: LabelFile,
    read_file: Callable[[str], bytes | None],
    md5_of: Callable[[str, bytes], str],
    *,
    values: bool,
) -> Iterator[Finding]:
    if file.name is None or "/" in file.name or find_path_fault(file.name):
        return  # a finding on the label already; such a path is not followed
    data = read_file(file.name)
    if data is None:
        yield data_fault("file-missing", f"there is no file {file.name!r} beside the label")
        return
    if file.bytes is not None and file.bytes != len(data):
        yield data_fault("size", f"file {file.name!r} has {len(data)} bytes, its label says {file.bytes}")
    if file.bytes != len(data):
        yield from check_extents(file, len(data), lambda code, text, _line: data_fault(code, text))
    md5 = md5_of(file.name, data)
    if file.md5 is not None and file.md5.lower() != md5:
        yield data_fault("md5", f"file {file.name!r} has the MD5 checksum {md5}, its label says {file.md5}")
    for part in file.objects:
        yield from _check_object(root, file, part, data, values=values)


def _check_object(
    root: Element, file: LabelFile, part: LabelObject, data: bytes, *, values: bool
) -> Iterator[Finding]:
    if part.kind == "Table_Character":
        yield from check_fixed(data, part, values=values)
    elif part.kind == "Table_Delimited":
        yield from check_delimited(data, part, _find_end(file, part, len(data)))
    elif part.kind == "Inventory":
        lid = text_of(root, "Identification_Area", "logical_identifier") or ""
        yield from check_inventory(data, part, _find_end(file, part, len(data)), lid)
    elif part.kind in _TEXT_OBJECTS:
        yield from _check_text(part, data)


def _find_end(file: LabelFile, part: LabelObject, size_bytes: int) -> int:
    """Return where the next object begins, or the file ends."""
    offsets = [other.offset_bytes for other in file.objects if other.offset_bytes is not None]
    return min([offset for offset in offsets if offset > (part.offset_bytes or 0)], default=size_bytes)


def _check_text(part: LabelObject, data: bytes) -> Iterator[Finding]:
    start = part.offset_bytes or 0
    text = data[start:] if part.length_bytes is None else data[start : start + part.length_bytes]
    if part.standard == "7-Bit ASCII Text":
        strange = text.translate(None, _TEXT)
        if strange:
            place = start + text.index(strange[:1])
            message = f"{part.kind} holds the byte {strange[:1]!r}, which is no 7-bit ASCII text"
            yield data_fault("ascii", message, offset_bytes=place)
    if part.kind == "Stream_Text":
        rest = text.replace(b"\r\n", b"")
        if b"\r" in rest or b"\n" in rest or not text.endswith(b"\r\n"):
            yield data_fault("record-end", "a line of the text does not end in CR LF", offset_bytes=start)
