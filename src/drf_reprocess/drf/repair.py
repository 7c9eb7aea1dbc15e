"""The repair rules: each makes a new file of a file and says what it did. No rule edits a value.

=========================  =====================================================================================
clean-header               a byte order mark is removed, bytes that are no 7-bit text become blanks
rebuild-header             a names row that is missing or unusable is written from the known columns
pad-header                 short header lines are filled up with blanks to the length of a record
drop-truncated-tail        what is cut off at the end of the file goes
drop-leading-blank-records the leading records that are not yet complete go
drop-damaged-records       records that cannot be labelled go
drop-masked-records        the records of an interval go that a person left out
normalise-line-ends        every line ends with CR LF
=========================  =====================================================================================

`assemble` writes the mended file; `conservation.check_conservation` proves that it is the received one less what was removed
plus what was inserted, each kept line as received.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from drf_reprocess.drf.lines import HeaderLine, Lines, Mask
from drf_reprocess.drf.records import FILLER, record_texts
from drf_reprocess.model import MaskedInterval, Mend

CRLF = b"\r\n"

Repaired = tuple[Lines, tuple[Mend, ...]]
"""The file after a rule, and what the rule did; nothing if there was nothing to do."""


def clean_header(lines: Lines) -> Repaired:
    """Take off a byte order mark; put a blank in place of each control or non-ASCII byte of the header."""
    offsets: list[int] = [0] if lines.mark_bytes else []
    header: list[HeaderLine] = []
    replaced = 0
    for line in lines.header:
        places = odd_places(line.text)
        header.append(replace(line, text=_blanked(line.text, places)) if places else line)
        replaced += len(places)
        offsets.extend(line.offset_bytes + place for place in places)
    if not offsets:
        return lines, ()
    words = [f"removed a byte order mark ({lines.mark_bytes} bytes)"] if lines.mark_bytes else []
    if replaced:
        words.append(f"replaced {_count(replaced, 'byte')} of the header that are no 7-bit text by blanks")
    mend = Mend(
        "clean-header",
        replaced + (lines.mark_bytes > 0),
        lines.mark_bytes + replaced,
        replaced,
        min(offsets),
        max(offsets),
        " and ".join(words),
    )
    return replace(lines, header=tuple(header), mark_bytes=0), (mend,)


def odd_places(text: bytes) -> list[int]:
    """Return where control characters (tab apart) and non-ASCII bytes stand in a text."""
    if text.isascii() and text.replace(b"\t", b" ").decode("ascii").isprintable():
        return []
    return [place for place, byte in enumerate(text) if (byte < 32 and byte != 9) or byte > 126]


def _blanked(text: bytes, places: Sequence[int]) -> bytes:
    changed = bytearray(text)
    for place in places:
        changed[place] = 32
    return bytes(changed)


def rebuild_header(
    lines: Lines, rows: Sequence[bytes], names_line: int | None, expected_lines: int
) -> Repaired:
    """Write header rows (of names, of marks) anew.

    The last takes the place of the unusable line ``names_line``, or all take those of blank lines where the header would
    become longer than expected, or they are added below. A file without any header gets blank lines above them.
    """
    header = list(lines.header)
    end = header[-1].offset_bytes + header[-1].length_bytes if header else lines.mark_bytes
    new = [HeaderLine(row, CRLF, -1) for row in rows]
    if not header:
        blank = HeaderLine(b" " * len(rows[-1]), CRLF, -1)
        new = [blank] * (expected_lines - len(rows)) + new
    if names_line is not None:
        gone = [names_line]
    else:
        blanks = [index for index, line in enumerate(header) if not line.text.strip()]
        surplus = max(0, len(header) + len(rows) - expected_lines)
        gone = blanks[-min(surplus, len(rows)) :] if surplus else []
    below = names_line if names_line is not None else max(gone) if len(gone) == len(rows) else len(header)
    removed = [header[place] for place in gone]
    kept = [line for place, line in enumerate(header) if place not in gone]
    above = sum(place not in gone for place in range(below))
    inserted = sum(line.length_bytes for line in new)
    touched = [line.offset_bytes for line in removed] or [end]
    words = f"rebuilt the row of channel names in the header ({inserted} bytes) from the mission's list of channels"
    mend = Mend(
        "rebuild-header",
        len(new),
        sum(line.length_bytes for line in removed),
        inserted,
        min(touched),
        max(touched),
        words,
    )
    return replace(lines, header=(*kept[:above], *new, *kept[above:])), (mend,)


def pad_header(
    lines: Lines, record_chars: int, shift: tuple[int, int] | None, aligned: Sequence[int | None]
) -> Repaired:
    """Fill short header lines up with blanks to the length of a record.

    ``shift`` gives a place (from 0) and a number of blanks by which the records are wider there: they go in there, so that
    names stand over their columns, wherever a line has a blank before that place. If one of the ``aligned`` lines (names,
    marks) does not allow it, the header stays as it is.
    """
    rows = [lines.header[place].text for place in aligned if place is not None]
    if shift and not all(_can_widen(row, record_chars, shift) for row in rows):
        return lines, ()
    header: list[HeaderLine] = []
    offsets: list[int] = []
    inserted = 0
    for line in lines.header:
        text = line.text
        missing = record_chars - len(text)
        if missing > 0:
            if shift and _can_widen(text, record_chars, shift):
                text = text[: shift[0]] + b" " * shift[1] + text[shift[0] :]
            text = text.ljust(record_chars)
            inserted += missing
            offsets.append(max(line.offset_bytes, 0))
        header.append(replace(line, text=text))
    if not offsets:
        return lines, ()
    words = f"filled {_count(len(offsets), 'short header line')} up with blanks ({_count(inserted, 'byte')})"
    mend = Mend("pad-header", len(offsets), 0, inserted, min(offsets), max(offsets), words)
    return replace(lines, header=tuple(header)), (mend,)


def _can_widen(text: bytes, record_chars: int, shift: tuple[int, int]) -> bool:
    place, blanks = shift
    fits = len(text) + blanks <= record_chars
    return len(text) <= place or (fits and text[place - 1 : place] == b" ")


def drop_truncated_tail(lines: Lines, tail: Mask) -> Repaired:
    """Drop the cut record, empty lines or end-of-file mark at the end."""
    count, size = _size(lines, tail)
    what = "a truncated record" if count == 1 else f"{count} truncated or empty lines"
    start = int(lines.offsets[tail].min(initial=len(lines.raw)))
    if not lines.raw[start:].strip(FILLER):
        what = "empty lines or fill bytes"
    return _drop(lines, tail, "drop-truncated-tail", f"removed {what} at the end ({_count(size, 'byte')})")


def drop_leading_records(lines: Lines, leading: Mask) -> Repaired:
    """Drop the records at the start that do not yet have a value in every channel that has values."""
    count, size = _size(lines, leading)
    records = _count(count, "record")
    words = f"removed {records} at the beginning that contained blank values ({_count(size, 'byte')})"
    return _drop(lines, leading, "drop-leading-blank-records", words)


def drop_damaged_records(lines: Lines, damaged: Mask) -> Repaired:
    """Drop the records that cannot be labelled."""
    count, size = _size(lines, damaged)
    words = f"removed {_count(count, 'damaged record')} ({_count(size, 'byte')})"
    return _drop(lines, damaged, "drop-damaged-records", words)


def drop_masked_records(lines: Lines, masked: Mask, interval: MaskedInterval) -> Repaired:
    """Drop the records of an interval that a person left out."""
    count, size = _size(lines, masked)
    span = f"from {interval.start_time} to {interval.stop_time}"
    words = f"removed {_count(count, 'record')} {span} ({_count(size, 'byte')}) {interval.words}"
    return _drop(lines, masked, "drop-masked-records", words.rstrip())


def _size(lines: Lines, mask: Mask) -> tuple[int, int]:
    return int(np.count_nonzero(mask)), int(lines.record_lines_bytes[mask].sum())


def _drop(lines: Lines, mask: Mask, rule: str, words: str) -> Repaired:
    if not mask.any():
        return lines, ()
    count, size = _size(lines, mask)
    offsets = lines.offsets[mask]
    return lines.select(~mask), (Mend(rule, count, size, 0, int(offsets[0]), int(offsets[-1]), words),)


def normalise_line_ends(lines: Lines) -> Repaired:
    """End every line with CR LF."""
    header = [line for line in lines.header if line.end != CRLF]
    records = ~lines.has_crlf
    ends = np.concatenate(([len(line.end) for line in header], lines.ends[records])).astype(np.int64)
    offsets = np.concatenate(([line.offset_bytes for line in header], lines.offsets[records]))
    if not len(ends):
        return lines, ()
    # Every received end but CR CR LF is a part of CR LF.
    removed, inserted = int((ends == 3).sum()), int((2 - ends[ends < 2]).sum())
    words = f"changed {_count(len(ends), 'line end')} to carriage return and line feed"
    mend = Mend(
        "normalise-line-ends", len(ends), removed, inserted, int(offsets.min()), int(offsets.max()), words
    )
    mended = tuple(replace(line, end=CRLF) for line in lines.header)
    return replace(lines, header=mended, has_crlf=np.ones(len(lines), np.bool_)), (mend,)


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def assemble(lines: Lines, record_chars: int) -> bytes:
    """Return the mended file; all its records have one length and end with CR LF."""
    header = b"".join(line.text + line.end for line in lines.header)
    stride = record_chars + 2
    start, count = int(lines.offsets[0]), len(lines)
    if (lines.ends == 2).all() and int(lines.offsets[-1]) - start == stride * (count - 1):
        return header + lines.raw[start : start + stride * count]
    rows = np.empty((count, stride), np.uint8)
    rows[:, :record_chars] = record_texts(lines, record_chars)
    rows[:, record_chars] = 13
    rows[:, record_chars + 1] = 10
    return header + rows.tobytes()
