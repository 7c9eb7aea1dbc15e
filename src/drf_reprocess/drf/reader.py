"""The reader: received bytes to mended bytes, layout, table and findings; it never guesses and never raises on data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa

from drf_reprocess.drf import faults, kernel, masks, repair
from drf_reprocess.drf.cells import Times
from drf_reprocess.drf.conservation import check_conservation
from drf_reprocess.drf.interpret import NewHeader, Unreadable, View, interpret, not_text
from drf_reprocess.drf.layout import text_time_chars
from drf_reprocess.drf.lines import Lines, Mask, split_lines
from drf_reprocess.drf.table import to_table
from drf_reprocess.drf.timespan import time_span
from drf_reprocess.model import (
    Field,
    Finding,
    Kind,
    MaskedInterval,
    Mend,
    RepairOptions,
    Severity,
    TableLayout,
)
from drf_reprocess.profiles.model import FileType

NEVER, MINIMAL, ARCHIVE_2020 = "never", "minimal", "archive-2020"
POLICIES = (NEVER, MINIMAL, ARCHIVE_2020)

_BINARY = {
    b"\x1f\x8b": "the file is packed with gzip",
    b"PK\x03\x04": "the file is a zip archive",
    b"BZh": "the file is packed with bzip2",
    b"\xfd7zXZ": "the file is packed with xz",
    b"\x28\xb5\x2f\xfd": "the file is packed with zstd",
    b"\xff\xfe": "the file is UTF-16 text",
    b"\xfe\xff": "the file is UTF-16 text",
}
_SAMPLE_BYTES = 4096
_LINES_SAMPLE_BYTES = 1 << 16
_ODD_SHARE = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """All that the bytes of one received file tell. With ``refused`` set, the file is to be set aside."""

    data: bytes
    """The mended file; the very object that was read where nothing was mended."""
    layout: TableLayout | None = None
    table: pa.Table | None = None
    start_time: str = ""
    """Earliest time of all records, ISO 8601 UTC with as many digits as the file has, at most six."""
    stop_time: str = ""
    day: date | None = None
    """UTC day of the earliest kept record."""
    findings: tuple[Finding, ...] = ()
    mends: tuple[Mend, ...] = ()
    refused: Finding | None = None


class _Refusal(Exception):
    """The file is to be set aside."""

    def __init__(self, reason: Finding, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(reason, findings)
        self.reason = reason
        self.findings = findings


def read(raw: bytes, file_type: FileType, options: RepairOptions) -> Reading:
    """Read one file of a known type, mending what the repair policy allows.

    Layout and columns come from the file's own header and records and are checked against the profile's column sets. Numbers
    are what PDS4 calls ASCII_Real and ASCII_Integer, with exactly the value that ``float()`` and ``int()`` give; blank cells
    are null; anything else makes the record a damaged one.

    Parameters
    ----------
    raw
        The received bytes, whatever they are.
    file_type
        What the profile says of the type.
    options
        Repair policy. ``never``: what forbids a valid label refuses the file. ``minimal``: only that is mended. ``archive-2020``:
        header and line ends are made regular as well, and leading records with blank values go. Decisions of persons hold
        with each: ``masks`` leaves out the records of intervals, damaged ones too where their time can be read;
        ``drop_damaged`` drops damaged records, however many.

    Raises
    ------
    ConservationError
        If a mended file does not account for every received byte: a bug of this program, never of the data.
    ValueError
        If the policy is unknown or a masked interval is none.
    """
    if options.policy not in POLICIES:
        raise ValueError(f"unknown repair policy {options.policy!r}; expected one of {', '.join(POLICIES)}")
    try:
        return _read(raw, file_type, options)
    except _Refusal as refusal:
        return Reading(raw, findings=(*refusal.findings, refusal.reason), refused=refusal.reason)


def _read(raw: bytes, file_type: FileType, options: RepairOptions) -> Reading:
    _check_text(raw)
    received = split_lines(raw, file_type)
    view, mends, unmasked = _without_masked(received, file_type, options)
    if odd_columns := faults.odd_columns(view):
        raise _Refusal(faults.column_kind(view, odd_columns))
    view, dropped, damage = _without_damage(view, file_type, options)
    mends += dropped
    if not view.times.known.any():
        raise _Refusal(_no_time(file_type), damage)
    leading: tuple[Finding, ...] = ()
    if options.policy == ARCHIVE_2020:
        view, dropped, leading = _without_leading(view, file_type, options)
        mends += dropped
    peculiarities = leading + faults.peculiarities(view, file_type)
    lines, mended = _regular_lines(view, options)
    mends += mended
    data = raw
    if mends:
        data = repair.assemble(lines, view.records.record_chars)
        check_conservation(received, lines, data, mends, view.records.record_chars)
        _check_header_again(data, lines, file_type)
    start, stop, day = time_span(view, file_type)
    return Reading(
        data=data,
        layout=_layout(replace(view, lines=lines), file_type),
        table=to_table(view, file_type),
        start_time=start,
        stop_time=stop,
        day=day,
        findings=(*(_mended(mend) for mend in mends), *unmasked, *damage, *peculiarities),
        mends=mends,
    )


def _check_text(raw: bytes) -> None:
    if not raw:
        raise _Refusal(_refusal("empty", "the file is empty", "have it sent again, or exclude it"))
    for magic, what in _BINARY.items():
        if raw.startswith(magic):
            raise _Refusal(not_text(what))
    sample = np.frombuffer(raw[:_SAMPLE_BYTES], np.uint8)
    odd = (sample > 126) | ((sample < 32) & ((sample < 9) | (sample > 13)))
    if np.count_nonzero(odd) > _ODD_SHARE * len(sample):
        raise _Refusal(not_text("the file is binary"))
    if raw.isspace():
        raise _Refusal(
            _refusal(
                "no-records",
                f"the file holds blanks and line ends only ({len(raw)} bytes)",
                "have it sent again, or exclude it",
            )
        )
    start = raw[:_LINES_SAMPLE_BYTES]
    returns, feeds = start.count(b"\r"), start.count(b"\n")
    if returns > feeds:
        returns -= start.count(b"\r\n") + start.count(b"\r\r\n")
    if returns > max(1, feeds):
        raise _Refusal(
            _refusal(
                "line-ends",
                "lines end with carriage return alone, expected carriage return and line feed",
                "have the file sent again, or give its lines the right ends by hand",
            )
        )


def _without_masked(
    lines: Lines, file_type: FileType, options: RepairOptions
) -> tuple[View, tuple[Mend, ...], tuple[Finding, ...]]:
    """Understand the file without the records that persons left out; tell of intervals that hold none.

    Text times are read before anything else, so that nothing in an interval, however damaged, has a say in what the rest
    means. Where times are numbers, their column has to be found first.
    """
    if not options.masks:
        return *_with_usable_header(lines, file_type, options), ()
    if file_type.time.is_text:
        times = masks.text_line_times(lines, file_type.time)
        lines, masked, findings = _mask(lines, times, options.masks)
        view, mends = _with_usable_header(lines, file_type, options)
        return view, masked + mends, findings
    view, mends = _with_usable_header(lines, file_type, options)
    times = masks.numeric_line_times(view, file_type)
    lines, masked, findings = _mask(view.lines, times, options.masks)
    if not masked:
        return view, mends, findings
    again = interpret(lines, file_type)
    if isinstance(again, Unreadable):
        raise _Refusal(again.finding, again.details)
    return again, mends + masked, findings


def _mask(
    lines: Lines, times: Times, intervals: tuple[MaskedInterval, ...]
) -> tuple[Lines, tuple[Mend, ...], tuple[Finding, ...]]:
    """Drop the records of each interval in turn."""
    mends: list[Mend] = []
    findings: list[Finding] = []
    for interval in intervals:
        masked = masks.inside(times, interval)
        lines, mended = repair.drop_masked_records(lines, masked, interval)
        times = times.select(~masked)
        mends.extend(mended)
        if not mended:
            findings.append(_nothing_masked(interval))
    if mends and not masks.has_text(lines):
        raise _Refusal(
            _refusal(
                "mask-leaves-nothing",
                f"all its records are left out, the last {mends[-1].words}",
                "exclude the file (`disposition exclude`), or take a mask back (`disposition withdraw`)",
            )
        )
    return lines, tuple(mends), tuple(findings)


def _nothing_masked(interval: MaskedInterval) -> Finding:
    return Finding(
        "mask-empty",
        Severity.INFO,
        f"no record whose time can be read lies between {interval.start_time} and {interval.stop_time}, which is to be "
        f"left out {interval.words}".rstrip(),
        "check the interval of the mask",
    )


def _with_usable_header(
    lines: Lines, file_type: FileType, options: RepairOptions
) -> tuple[View, tuple[Mend, ...]]:
    """Understand the file; write its header anew where that is needed and can be done."""
    mends: tuple[Mend, ...] = ()
    view = interpret(lines, file_type)
    if isinstance(view, Unreadable):
        if view.new_header is None or options.policy == NEVER:
            raise _Refusal(view.finding, view.details)
        lines, mends = _rebuild(lines, view.new_header, file_type)
        view = interpret(lines, file_type)
        if isinstance(view, Unreadable):
            raise _Refusal(view.finding, view.details)
    cleaned, mended = repair.clean_header(lines)
    if not mended:
        return view, mends
    if options.policy == NEVER:
        raise _Refusal(
            _refusal(
                "header-not-ascii",
                f"the header has bytes that are no 7-bit text, the first at byte {mended[0].offset_bytes}",
                "allow repairs (repair.policy), or have the file sent again",
            )
        )
    again = interpret(cleaned, file_type)
    if isinstance(again, Unreadable):
        raise _Refusal(again.finding, again.details)
    return again, mends + mended


def _rebuild(lines: Lines, new: NewHeader, file_type: FileType) -> repair.Repaired:
    return repair.rebuild_header(lines, new.rows, new.names_line, file_type.header.lines)


def _without_damage(
    view: View, file_type: FileType, options: RepairOptions
) -> tuple[View, tuple[Mend, ...], tuple[Finding, ...]]:
    """Drop a cut end and, as far as allowed, damaged records."""
    if view.lengths.complete.all() and not view.bad.any():
        return view, (), ()
    tail = view.lengths.tail
    damaged = view.damaged
    findings = faults.damaged_records(view, file_type)
    allowed = 0 if options.policy == NEVER else options.max_damaged
    if np.count_nonzero(damaged) > allowed and not options.drop_damaged:
        raise _Refusal(faults.too_many_damaged(view, findings, allowed), findings)
    if tail.any() and options.policy == NEVER and not options.drop_damaged:
        raise _Refusal(_truncated(view))
    if (tail | damaged).all():
        raise _Refusal(
            _refusal("no-records", "all records are damaged", "have the file sent again, or exclude it"),
            findings,
        )
    _, ended = repair.drop_truncated_tail(view.lines, tail)
    if not damaged.any():
        kept = view.lengths.complete
        lengths = replace(view.lengths, complete=kept[kept], tail=tail[kept])
        return replace(view, lines=view.records.lines, lengths=lengths), ended, ()
    _, dropped = repair.drop_damaged_records(view.lines, damaged)
    softened = tuple(replace(finding, severity=Severity.WARNING) for finding in findings)
    return _again(view, ~(tail | damaged), file_type), ended + dropped, softened


def _without_leading(
    view: View, file_type: FileType, options: RepairOptions
) -> tuple[View, tuple[Mend, ...], tuple[Finding, ...]]:
    """Drop the leading run of records that lack a value which the file has somewhere; tell if it is too long for that."""
    status = np.vstack([view.placement.cells.status, view.times.status])
    blank = status == kernel.NULL
    used = ~blank.all(axis=1)
    complete = ~blank[used].any(axis=0)
    first = int(np.argmax(complete))
    if not first:  # as well if no record is complete
        return view, (), ()
    if first > options.max_leading:
        return view, (), (faults.leading_run(view, first, options.max_leading),)
    leading = np.arange(len(view.lines)) < first
    _, dropped = repair.drop_leading_records(view.lines, leading)
    return _again(view, ~leading, file_type), dropped, ()


def _again(view: View, kept: Mask, file_type: FileType) -> View:
    """Understand the file anew from the records that stay, as whoever reads the mended file will."""
    again = interpret(view.lines.select(kept), file_type)
    if isinstance(again, Unreadable):
        raise _Refusal(again.finding, again.details)
    if again.bad.any() or again.placement.odd_columns or not again.lengths.complete.all():
        raise _Refusal(
            _refusal(
                "layout-unclear",
                "without its damaged records the file reads otherwise than with them",
                "have the file sent again",
            )
        )
    return again


def _regular_lines(view: View, options: RepairOptions) -> repair.Repaired:
    """Pad the header and normalise line ends, where policy and label ask for it."""
    lines = view.lines
    mends: tuple[Mend, ...] = ()
    if options.policy == ARCHIVE_2020:
        rows = (view.header.names_line, view.header.marks_line)
        lines, mends = repair.pad_header(lines, view.records.record_chars, _header_shift(view), rows)
    elif lines.has_crlf.all():
        return lines, ()
    elif options.policy == NEVER:
        count = int(np.count_nonzero(~lines.has_crlf))
        raise _Refusal(
            _refusal(
                "line-ends",
                f"{count} of {len(lines)} records do not end with carriage return and line feed",
                "allow repairs (repair.policy), or have the file sent again",
            )
        )
    lines, ends = repair.normalise_line_ends(lines)
    return lines, mends + ends


def _check_header_again(data: bytes, lines: Lines, file_type: FileType) -> None:
    """Refuse a mended file whose header would end elsewhere for whoever reads it next.

    A byte made blank can make a line of numbers out of a header line, and of a record without time that has come to stand
    below the header nobody knows which it is.
    """
    expected = len(lines.header)
    found = split_lines(data, file_type)
    if len(found.header) != expected:
        raise _Refusal(
            _refusal(
                "layout-unclear",
                f"mended, the file would seem to have {len(found.header)} header lines, expected {expected}: header and "
                "records are not clearly parted",
                "have the file sent again, or mend its header by hand",
            )
        )


def _header_shift(view: View) -> tuple[int, int] | None:
    """Where, from 0, the names row lacks bytes that the records have, and how many."""
    shift = view.placement.slots.shift
    columns = view.header.columns
    if shift is None or shift[0] + 1 >= len(columns):
        return None
    return columns[shift[0] + 1].start, shift[1]


def _layout(view: View, file_type: FileType) -> TableLayout:
    match, slots = view.placement.match, view.placement.slots
    time_chars = text_time_chars(file_type)
    fields = [
        Field(
            name=column.known.name,
            source_name=column.source_name,
            dn_eu=column.dn_eu,
            kind=column.known.kind,
            location=int(begin) + 1,
            length=int(end - begin),
            unit=column.known.unit,
            scaling_factor=column.known.scaling_factor,
            description=column.known.description,
        )
        for column, begin, end in zip(match.columns, slots.begins, slots.ends, strict=True)
    ]
    if time_chars:
        time = file_type.time
        fields.insert(
            0, Field(time.column, time.column, None, Kind.TIME, 1, time_chars, description=time.description)
        )
    header = view.lines.header
    return TableLayout(
        era=match.column_set.era,
        header_bytes=sum(line.length_bytes for line in header),
        header_lines=len(header),
        record_bytes=view.records.record_chars + 2,
        records=len(view.records),
        fields=tuple(fields),
    )


def _truncated(view: View) -> Finding:
    place = int(np.flatnonzero(view.lengths.tail)[0])
    size = int(view.lines.record_lines_bytes[view.lengths.tail].sum())
    offset = int(view.lines.offsets[place])
    return replace(
        _refusal(
            "truncated-tail",
            f"the file ends with a truncated record ({size} bytes at byte {offset})",
            "allow repairs (repair.policy), or have the file sent again",
        ),
        record=int(view.lines.numbers[place]),
        offset_bytes=offset,
    )


def _no_time(file_type: FileType) -> Finding:
    return _refusal(
        "no-time",
        f"no record has a time in {file_type.time.column}, and a label needs start and stop times",
        "have the file sent again, or exclude it",
    )


def _mended(mend: Mend) -> Finding:
    return Finding(mend.rule, Severity.WARNING, mend.words, offset_bytes=mend.offset_bytes)


def _refusal(code: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, message=message, remedy=remedy)
