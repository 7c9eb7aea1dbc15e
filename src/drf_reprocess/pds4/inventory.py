"""Inventories of collections: one row a member, status and identifier, each row ended by CR LF."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from drf_reprocess.identifiers import LID_MAX_LENGTH, Lid, Lidvid, Vid
from drf_reprocess.model import Finding, Severity

LIDVID_MAX_LENGTH = LID_MAX_LENGTH
"""Longest identifier of a row, in bytes (Schematron rule for Inventory)."""
ROW_MAX_BYTES = 1 + 1 + LIDVID_MAX_LENGTH + 2
"""Longest row: status, comma, identifier, CR LF."""

_REMEDY = "rebuild the inventory from the members of the collection"


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """One member. A primary member always has a version."""

    primary: bool
    lid: Lid
    vid: Vid | None

    @property
    def lidvid(self) -> Lidvid | None:
        """The versioned identifier, None where the row gives the LID alone."""
        return None if self.vid is None else Lidvid(self.lid, self.vid)


class InventoryContents(NamedTuple):
    """What an inventory holds: the rows that can be read, and the faults of all others."""

    rows: tuple[InventoryRow, ...]
    findings: tuple[Finding, ...]


def write_inventory(members: Iterable[Lidvid], others: Iterable[InventoryRow] = ()) -> bytes:
    """Return the inventory of these primary members, sorted by LID and version number.

    ``others`` are rows of secondary members, which stand after them in the same order.
    """
    primary = b"".join(b"P,%b\r\n" % str(member).encode("ascii") for member in sorted(members))
    secondary = b"".join(
        b"S,%b\r\n" % str(row.lidvid or row.lid).encode("ascii")
        for row in sorted(others, key=lambda row: (row.lid, row.vid or Vid(0, 0)))
    )
    return primary + secondary


def read_inventory(data: bytes) -> InventoryContents:
    """Return the rows that can be read, and a finding (severity ERROR) for everything else.

    Strict: two fields without blanks or quotes, status ``P`` or ``S``, CR LF after each row and none empty, a version
    for each primary member, no member twice in any version (Schematron of Inventory; NASA's validate).
    """
    rows: list[InventoryRow] = []
    findings: list[Finding] = []
    seen: dict[str, int] = {}
    offset = 0
    lines = data.split(b"\n")
    for record, line in enumerate(lines[:-1], 1):
        if not line.endswith(b"\r"):
            findings.append(_fault("line-end", "ends in LF alone, expected CR LF", record, offset))
        row = _read_row(line.removesuffix(b"\r"))
        if isinstance(row, InventoryRow):
            rows.append(row)
            first = seen.setdefault(row.lid.text, record)
            if first != record:
                message = f"lists {row.lid} again, which is in record {first}"
                findings.append(_fault("duplicate", message, record, offset))
        else:
            findings.append(_fault(*row, record, offset))
        offset += len(line) + 1
    if lines[-1]:
        findings.append(_fault("line-end", "has no CR LF at its end", len(lines), offset))
    return InventoryContents(tuple(rows), tuple(findings))


def count_rows(data: bytes) -> int:
    """Return the number of rows, an unfinished last one included."""
    return data.count(b"\n") + (not data.endswith(b"\n") if data else 0)


def _read_row(line: bytes) -> InventoryRow | tuple[str, str]:
    """Return the row, or the code and the message of its first fault."""
    shown = repr(line[:300].decode("ascii", "backslashreplace"))
    fields = line.split(b",")
    if len(fields) != 2:
        return "fields", f"is {shown}, expected two fields: status,LIDVID"
    if fields[0] not in (b"P", b"S"):
        return "status", f"has the status {fields[0].decode('ascii', 'backslashreplace')!r}, expected P or S"
    primary = fields[0] == b"P"
    text = fields[1].decode("ascii", "replace")
    if primary and "::" not in text:
        return "no-version", f"lists the primary member {text!r} without version, expected LID::M.n"
    try:
        if "::" not in text:
            return InventoryRow(primary, Lid(text), None)
        lidvid = Lidvid.from_text(text)
    except ValueError as error:
        return "lidvid", f"has no valid identifier: {error}"
    return InventoryRow(primary, lidvid.lid, lidvid.vid)


def _fault(code: str, message: str, record: int, offset: int) -> Finding:
    return Finding(
        code=f"inventory-{code}",
        severity=Severity.ERROR,
        message=f"record {record} of the inventory {message}",
        remedy=_REMEDY,
        record=record,
        offset_bytes=offset,
    )
