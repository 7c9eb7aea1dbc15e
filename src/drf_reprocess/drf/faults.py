"""Findings about records: what is damaged, where exactly, and what is merely strange."""

from __future__ import annotations

import numpy as np

from drf_reprocess.drf import kernel
from drf_reprocess.drf.interpret import View
from drf_reprocess.drf.repair import odd_places
from drf_reprocess.model import Finding, Kind, Severity
from drf_reprocess.profiles.model import FileType

LISTED = 20
"""Findings of one kind are listed up to this many; the total is told with the refusal."""
TEXT_SHOWN = 40

_CELL_FAULTS = {
    kernel.BAD: "is no {kind}",
    kernel.INNER_BLANK: "has a blank inside and is no {kind}",
    kernel.OVERFLOW: "is too large for a 64-bit {kind}",
}
_KIND_NAMES = {Kind.REAL: "real number", Kind.INTEGER: "integer", Kind.STATE: "text"}


def damaged_records(view: View, file_type: FileType) -> tuple[Finding, ...]:
    """Return a finding for each damaged record, up to `LISTED`, in the order of the file."""
    places = np.flatnonzero(view.damaged)[:LISTED]
    row_of = np.cumsum(view.lengths.complete) - 1
    return tuple(
        _record_fault(view, int(row_of[place]), file_type)
        if view.lengths.complete[place]
        else _length_fault(view, int(place))
        for place in places
    )


def _length_fault(view: View, place: int) -> Finding:
    lines = view.lines
    chars, expected = int(lines.chars[place]), view.lengths.record_chars
    return _damage(
        view.lines.numbers[place],
        int(lines.offsets[place]),
        f"is {chars} bytes long without line end, expected {expected}",
    )


def _record_fault(view: View, row: int, file_type: FileType) -> Finding:
    records, slots = view.records, view.placement.slots
    number, offset = records.lines.numbers[row], int(records.lines.offsets[row])
    text = records.rows[row, : records.record_chars].tobytes()
    if records.odd[row]:
        place = odd_places(text)[0]
        return _damage(number, offset + place, f"has the byte 0x{text[place]:02x}, which is no 7-bit text")
    if view.times.status[row] >= kernel.BAD:
        return _time_fault(view, row, file_type, text)
    if view.repeats_header[row]:
        return _damage(number, offset, "is a line of a header")
    columns = view.placement.match.columns
    for field in np.flatnonzero(view.placement.cells.status[:, row] >= kernel.BAD):
        if field not in view.placement.odd_columns:
            name, kind = columns[field].known.name, columns[field].known.kind
            cell = text[slots.begins[field] : slots.ends[field]]
            fault = _CELL_FAULTS[int(view.placement.cells.status[field, row])].format(kind=_KIND_NAMES[kind])
            blanks = len(cell) - len(cell.lstrip())
            return _damage(
                number,
                offset + int(slots.begins[field]) + blanks,
                f"field {name}: {shown(cell)} {fault}",
                name,
            )
    return _damage(number, offset, "has something between its columns")


def _time_fault(view: View, row: int, file_type: FileType, text: bytes) -> Finding:
    time = file_type.time
    number, offset = view.records.lines.numbers[row], int(view.records.lines.offsets[row])
    if time.is_text:
        begin, cell = 0, text[: len(time.form)]
    else:
        names = [column.known.name for column in view.placement.match.columns]
        field = names.index(time.column)
        begin = int(view.placement.slots.begins[field])
        cell = text[begin : int(view.placement.slots.ends[field])]
    fault = (
        "is no possible time"
        if view.times.status[row] == kernel.IMPOSSIBLE
        else f"is no time of the form {time.form}"
    )
    return _damage(number, offset + begin, f"field {time.column}: {shown(cell)} {fault}", time.column)


def shown(text: bytes) -> str:
    """Return a text of the file as a message shows it."""
    stripped = text.strip(b" \t")
    cut = stripped[:TEXT_SHOWN].decode("latin-1")
    return ascii(cut) + ("..." if len(stripped) > TEXT_SHOWN else "")


def _damage(number: np.int64, offset: int, what: str, field: str | None = None) -> Finding:
    return Finding(
        code="damaged-record",
        severity=Severity.ERROR,
        message=f"record {number} (byte {offset}) {what}",
        remedy="have the file sent again, or allow damaged records to be dropped (repair.max_damaged)",
        record=int(number),
        offset_bytes=offset,
        field=field,
    )


def too_many_damaged(view: View, findings: tuple[Finding, ...], allowed: int) -> Finding:
    """Return the reason for which a file with damaged records is set aside."""
    count = int(np.count_nonzero(view.damaged))
    first = findings[0]
    return Finding(
        code="damaged-records",
        severity=Severity.ERROR,
        message=f"{count} of {len(view.lines)} records are damaged, {allowed} are allowed; first: {first.message}",
        remedy=first.remedy,
        record=first.record,
        offset_bytes=first.offset_bytes,
        field=first.field,
    )


def column_kind(view: View) -> Finding:
    """Return the reason for which a file is set aside whose columns are of other kinds than the profile says."""
    placement = view.placement
    told = []
    for field in placement.odd_columns:
        known = placement.match.columns[field].known
        row = int(np.flatnonzero(placement.cells.status[field] >= kernel.BAD)[0])
        cell = view.records.rows[row, placement.slots.begins[field] : placement.slots.ends[field]].tobytes()
        told.append(f"{known.name} should be {known.kind.value}, but holds {shown(cell)} and the like")
    return Finding(
        code="column-kind",
        severity=Severity.ERROR,
        message=f"most values of {len(told)} column(s) are of another kind than known: {'; '.join(told)}",
        remedy="check the channels; correct their kind in the profile if the file is right",
        field=placement.match.columns[placement.odd_columns[0]].known.name,
    )


def peculiarities(view: View, file_type: FileType) -> tuple[Finding, ...]:
    """Return what is strange about a file that is right as it is: header lines, blank, repeated or disordered times."""
    findings = list(view.placement.match.findings)
    expected, lines = file_type.header.lines, view.lines.header
    if len(lines) != expected:
        findings.append(_info("header-lines", f"the header has {len(lines)} lines, expected {expected}"))
    short = sum(len(line.text) != view.records.record_chars for line in lines)
    if short:
        findings.append(_info("header-length", f"{short} header line(s) are not as long as a record"))
    known = view.times.known
    if not known.all():
        findings.append(_info("blank-time", f"{np.count_nonzero(~known)} record(s) have no time"))
    micros = view.times.micros[known]
    steps = np.diff(micros)
    if (steps <= 0).any():
        backwards = int(np.count_nonzero(steps < 0))
        repeated = len(micros) - len(np.unique(micros))
        if backwards:
            findings.append(_info("time-order", f"{backwards} record(s) are earlier than the one before"))
        if repeated:
            findings.append(_info("duplicate-time", f"{repeated} record(s) have the time of another one"))
    return tuple(findings)


def _info(code: str, message: str) -> Finding:
    return Finding(code=code, severity=Severity.INFO, message=message)
