"""Findings about records: what is damaged, where exactly, and what is merely strange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from drf_reprocess.drf import kernel
from drf_reprocess.drf.cells import ODD_AT_LEAST
from drf_reprocess.drf.interpret import View
from drf_reprocess.drf.lines import NUMBER
from drf_reprocess.drf.repair import odd_places
from drf_reprocess.model import Finding, Kind, Severity
from drf_reprocess.profiles.model import FileType

LISTED = 20
"""Findings of one kind are listed up to this many; the total is told with the refusal."""
TEXT_SHOWN = 40
EXAMPLES = 3
"""So many different values are shown of a column."""

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
        remedy="have the file sent again, or have damaged records dropped: of this file by `disposition drop-records`, of all "
        "by repair.max_damaged",
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


def odd_columns(view: View) -> list[int]:
    """Return the columns most of whose values are of another kind than the profile says, texts with blanks included."""
    tally = view.placement.cells.tally
    other, values = tally[:, kernel.BAD :].sum(axis=1), tally[:, kernel.VALID :].sum(axis=1)
    most = np.flatnonzero((2 * other > values) & (other >= ODD_AT_LEAST))
    return [
        int(field) for field in most if field in view.placement.odd_columns or _has_words(view, int(field))
    ]


def _has_words(view: View, field: int) -> bool:
    """Tell whether most unreadable values of a column are no numbers: two numbers in one cell are no matter of kind."""
    slots, cells = view.placement.slots, view.placement.cells
    rows = np.flatnonzero(cells.status[field] >= kernel.BAD)
    texts = (view.records.rows[row, slots.begins[field] : slots.ends[field]].tobytes() for row in rows)
    return 2 * sum(not all(NUMBER.fullmatch(word) for word in text.split()) for text in texts) > len(rows)


def column_kind(view: View, odd_columns: Sequence[int]) -> Finding:
    """Return the reason for which a file is set aside whose columns are of other kinds than the profile says."""
    placement = view.placement
    told = []
    for field in odd_columns:
        known = placement.match.columns[field].known
        tally = placement.cells.tally[field]
        other, values = int(tally[kernel.BAD :].sum()), int(tally[kernel.VALID :].sum())
        examples = ", ".join(_examples(view, field))
        told.append(
            f"{known.name} should be {known.kind.value}, but {other} of {values} values are not (such as {examples})"
        )
    return Finding(
        code="column-kind",
        severity=Severity.ERROR,
        message=f"most values of {len(told)} column(s) are of another kind than known: {'; '.join(told)}",
        remedy="check the channels; correct the column's kind in the profile if the file is right",
        field=placement.match.columns[odd_columns[0]].known.name,
    )


def _examples(view: View, field: int) -> list[str]:
    """Return the first different values of a column that are not of its kind, as a message shows them."""
    slots = view.placement.slots
    found: dict[str, None] = {}
    for row in np.flatnonzero(view.placement.cells.status[field] >= kernel.BAD):
        found[shown(view.records.rows[row, slots.begins[field] : slots.ends[field]].tobytes())] = None
        if len(found) == EXAMPLES:
            break
    return list(found)


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
        findings.append(_blank_time(view))
        findings.extend(_blank_records(view))
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


def _blank_time(view: View) -> Finding:
    places = np.flatnonzero(~view.times.known)
    first = int(view.records.lines.numbers[places[0]])
    words = f"{len(places)} record(s) have no time, the first is record {first}"
    return replace(_info("blank-time", words), record=first)


def _blank_records(view: View) -> tuple[Finding, ...]:
    """Tell of records that hold blanks and nothing else."""
    places = np.flatnonzero(~view.times.known)
    empty = places[(view.placement.cells.status[:, places] == kernel.NULL).all(axis=0)]
    if not len(empty):
        return ()
    first = int(view.records.lines.numbers[empty[0]])
    return (
        Finding(
            code="blank-record",
            severity=Severity.WARNING,
            message=f"{len(empty)} record(s) are blank from end to end, the first is record {first}",
            remedy="have the file sent again if values should stand there; it is archived as it is otherwise",
            record=first,
            offset_bytes=int(view.records.lines.offsets[empty[0]]),
        ),
    )


def leading_run(view: View, run: int, limit: int) -> Finding:
    """Return the finding for a leading run of incomplete records that is longer than may be removed."""
    first = int(view.records.lines.numbers[0])
    return Finding(
        code="leading-run-too-long",
        severity=Severity.WARNING,
        message=f"the first {run} records lack values that the file has later; only up to {limit} such records are removed, "
        "so all were kept",
        remedy="raise repair.max_leading if these records are to go",
        record=first,
    )


def _info(code: str, message: str) -> Finding:
    return Finding(code=code, severity=Severity.INFO, message=message)
