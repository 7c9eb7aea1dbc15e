"""What a file's lines mean: header, records, columns in their places, times; no rule is applied yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drf_reprocess.drf import kernel
from drf_reprocess.drf.cells import Times, read_text_times, times_from_seconds
from drf_reprocess.drf.header import (
    MARKS,
    UNKNOWN_COLUMNS,
    Header,
    Match,
    complete_match,
    is_defective,
    match_columns,
    named_columns,
    read_header,
)
from drf_reprocess.drf.layout import Placement, choose, place_all, place_columns, usual_slots
from drf_reprocess.drf.lines import NUMBER, Lines, Mask, known_names
from drf_reprocess.drf.records import Lengths, Records, grid, padded, sort_lengths
from drf_reprocess.drf.timeform import time_picture
from drf_reprocess.model import Finding, Severity
from drf_reprocess.profiles.model import FileType, canonical_name

JOINED_NUMBERS = 3
"""A header line longer than a record with so many numbers is a header line and a record."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A file understood."""

    lines: Lines
    header: Header
    lengths: Lengths
    records: Records
    """The complete records."""
    placement: Placement
    times: Times
    repeats_header: Mask
    """Complete records without time that are lines of a header."""

    @property
    def bad(self) -> Mask:
        """Complete records that cannot be labelled as they are."""
        bad: Mask = (
            self.records.odd | self.placement.bad | self.repeats_header | (self.times.status >= kernel.BAD)
        )
        return bad

    @property
    def damaged(self) -> Mask:
        """All record lines that cannot be labelled as they are, the tail not counted."""
        damaged = self.lengths.damaged.copy()
        damaged[self.lengths.complete] |= self.bad
        return damaged


@dataclass(frozen=True, slots=True)
class NewHeader:
    """A names row, and a row of marks where there is none, that make an unusable header readable."""

    rows: tuple[bytes, ...]
    """Marks, if there are none yet, then names."""
    names_line: int | None
    """The unusable line that the names replace."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a file cannot be understood, and the header that would mend it, if there is just one."""

    finding: Finding
    new_header: NewHeader | None = None
    details: tuple[Finding, ...] = ()
    """What whoever mends it has to know."""


def interpret(lines: Lines, file_type: FileType) -> View | Unreadable:
    """Understand a file's lines, or tell why they cannot be understood."""
    header = read_header(lines.header, file_type)
    if not len(lines):
        return Unreadable(_no_records(lines, header, file_type))
    if stripped := _stripped(lines, header, file_type):
        return Unreadable(stripped)
    lengths = sort_lengths(lines, header.text_chars)
    if lengths is None:
        return Unreadable(
            _error(
                "no-records",
                "the only record is cut off, or longer than any record can be",
                "have the file sent again",
            )
        )
    records = grid(lines.select(lengths.complete), lengths.record_chars)
    if 2 * np.count_nonzero(records.odd) > len(records):
        return Unreadable(not_text("most records hold bytes that are no 7-bit text"))
    if joined := _joined_line(lines, records, file_type):
        return Unreadable(joined)
    match = match_columns(header, file_type) if header.columns else no_names(file_type)
    placement = place_columns(records, header, match, file_type) if isinstance(match, Match) else match
    if isinstance(placement, Finding) or placement.rank[0]:
        new_header = _new_header(records, header, file_type)
        if isinstance(placement, Finding) or new_header is not None:
            finding = placement if isinstance(placement, Finding) else no_names(file_type)
            unknown = finding.code == UNKNOWN_COLUMNS
            return Unreadable(finding, new_header, (named_columns(header),) if unknown else ())
    return _view(lines, header, lengths, records, placement, file_type)


def _view(
    lines: Lines,
    header: Header,
    lengths: Lengths,
    records: Records,
    placement: Placement,
    file_type: FileType,
) -> View:
    time = file_type.time
    if time.is_text:
        times = read_text_times(records.rows, time)
    else:
        names = [column.known.name for column in placement.match.columns]
        times = times_from_seconds(placement.cells, names.index(time.column), time.epoch)
    repeats = np.zeros(len(records), np.bool_)
    if time.is_text:
        texts = {line.text.rstrip() for line in lines.header}
        known = known_names(file_type)
        for record in np.flatnonzero(times.status == kernel.NULL):
            text = records.rows[record, : records.record_chars].tobytes().rstrip()
            repeats[record] = bool(text) and (text in texts or _is_header_row(text, known))
    return View(lines, header, lengths, records, placement, times, repeats)


def _is_header_row(text: bytes, known: frozenset[str]) -> bool:
    """Tell a row of names or marks from a record: of states alone, it could be one."""
    words = text.split()
    names = sum(canonical_name(word.decode("latin-1")) in known for word in words)
    return 2 * names >= len(words) or all(word in MARKS for word in words)


def _new_header(records: Records, header: Header, file_type: FileType) -> NewHeader | None:
    """Return the header of the one known column set that all records fit, if the received one can be a damaged one of it."""
    fits: list[Placement] = []
    for column_set in file_type.column_sets:
        if is_defective(header, column_set):
            match = complete_match(column_set)
            best = choose(place_all(records, match, usual_slots(records, match, file_type)))
            if best is not None and not best.bad.any() and not best.odd_columns:
                fits.append(best)
    if len(fits) != 1:
        return None
    slots, columns = fits[0].slots, fits[0].match.columns
    names = [column.source_name for column in columns]
    starts = _name_places(names, slots.starts.tolist(), slots.begins.tolist())
    if starts is None or starts[-1] + len(names[-1]) > records.record_chars:
        return None
    rows = [_row(names, starts, records.record_chars)]
    if file_type.header.dn_eu_row and header.marks_line is None:
        rows.insert(0, _row([column.dn_eu or "" for column in columns], starts, records.record_chars))
    return NewHeader(tuple(rows), header.names_line)


def _name_places(names: list[str], earliest: list[int], latest: list[int]) -> list[int] | None:
    """Return where each name can begin, with a blank before the next; None if they do not fit."""
    places: list[int] = []
    free = 0
    for name, first, last in zip(names, earliest, latest, strict=True):
        place = max(first, free)
        if place > max(first, last):
            return None
        places.append(place)
        free = place + len(name) + 1
    return places


def _row(words: list[str], starts: list[int], chars: int) -> bytes:
    row = ""
    for word, start in zip(words, starts, strict=True):
        row = row.ljust(start) + word if word else row
    return row.ljust(chars).encode("ascii")


def _joined_line(lines: Lines, records: Records, file_type: FileType) -> Finding | None:
    """A header line with a record behind it, the line end between them lost."""
    for index, line in enumerate(lines.header, 1):
        if len(line.text) <= records.record_chars:
            continue
        if file_type.time.is_text:
            joined = time_picture(file_type.time).at_start.search(line.text) is not None
        else:
            joined = sum(NUMBER.fullmatch(word) is not None for word, _ in line.tokens()) >= JOINED_NUMBERS
        if joined:
            return _error(
                "layout-unclear",
                f"header line {index} is longer than a record: the first record seems to be joined to it",
                "have the file sent again, or put the lost line end back by hand",
            )
    return None


def _stripped(lines: Lines, header: Header, file_type: FileType) -> Finding | None:
    """Records that have lost their blanks at the end: with these put back, they fit the header."""
    if not header.columns:
        return None
    last, pitch = header.columns[-1].start, file_type.header.column_chars + 1
    records = padded(lines, header.text_chars if header.text_chars - last <= pitch else 0)
    match = match_columns(header, file_type) if records is not None else None
    if records is None or not isinstance(match, Match):
        return None
    placement = place_columns(records, header, match, file_type)
    if isinstance(placement, Finding) or placement.rank[0]:
        return None
    shortest, longest = int(records.lines.chars.min()), int(records.lines.chars.max())
    return _error(
        "layout-unclear",
        f"the records have lost their trailing blanks: they are {shortest} to {longest} bytes long without line end, "
        "and with blanks put back at their ends they fit the header",
        "have the file sent again in a way that keeps blanks at the end of lines",
    )


def no_names(file_type: FileType) -> Finding:
    """Return the finding for a header without usable names."""
    return _error(
        "no-names",
        f"no line of the header names the channels of type {file_type.name}, "
        "and it is not certain which known column set the records are",
        "have the file sent again, or restore its header by hand",
    )


def not_text(what: str) -> Finding:
    """Return the finding for a file that is no text."""
    return _error(
        "not-text",
        f"{what}; expected lines of 7-bit text",
        "check what the file is; unpack it if it is packed",
    )


def _no_records(lines: Lines, header: Header, file_type: FileType) -> Finding:
    form = f"a time of the form {file_type.time.form}" if file_type.time.is_text else "numbers"
    indented = all(line.text[:1] in (b"", b" ", b"\t") for line in lines.header)
    if header.columns or (indented and len(lines.header) <= file_type.header.lines + 1):
        return _error(
            "header-only",
            f"the file ends after {len(lines.header)} header lines: no line begins with {form}",
            "have the file sent again, or exclude it",
        )
    return _error(
        "no-records",
        f"no line of the file begins with {form}",
        "check whether the file is of this type at all",
    )


def _error(code: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, message=message, remedy=remedy)
