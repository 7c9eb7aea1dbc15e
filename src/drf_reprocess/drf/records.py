"""Record lines of one length, as a grid of bytes: which are complete, which are cut, which are of another length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drf_reprocess.drf.kernel import Bytes, scan_bytes
from drf_reprocess.drf.lines import Lines, Mask

MAX_RECORD_CHARS = 1 << 16
STRIPPED_SHARE = 10
"""One in so many records is shorter than the longest where trailing blanks were stripped; fewer are damaged ones."""
FILLER = b" \t\r\n\0\x1a"
"""Bytes that mean nothing at the end of a file."""


@dataclass(frozen=True, slots=True, eq=False)
class Lengths:
    """Record lines sorted by their length."""

    record_chars: int
    """Length of a record's text, without line end: that of most lines."""
    complete: Mask
    tail: Mask
    """The cut record, empty lines or end-of-file mark at the end of the file."""

    @property
    def damaged(self) -> Mask:
        """Lines of another length elsewhere."""
        return ~(self.complete | self.tail)


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Complete records as a grid of bytes."""

    lines: Lines
    """Of these records alone."""
    rows: Bytes
    """One record a row, perhaps with its line end."""
    record_chars: int
    occupied: Mask
    """Which byte columns hold something other than blank or tab in some record."""
    odd: Mask
    """Which records hold control or non-ASCII bytes."""

    def __len__(self) -> int:
        return len(self.rows)


def sort_lengths(lines: Lines, names_chars: int) -> Lengths | None:
    """Tell complete record lines from others; None if none is known to be complete.

    ``names_chars``, the length of the header's names row, is asked only where a single line without line end has to be
    judged.
    """
    count = len(lines)
    weights = 2 * np.ones(count)
    if count:
        weights[-1] -= lines.ends[-1] == 0  # may be cut
    candidates = (lines.chars > 0) & (lines.chars <= MAX_RECORD_CHARS)
    if not candidates.any():
        return None
    votes = np.bincount(lines.chars[candidates], weights[candidates])
    record_chars = int(np.flatnonzero(votes == votes.max())[-1])
    if votes.max() == 1 and record_chars != names_chars:
        return None
    complete = lines.chars == record_chars
    return Lengths(record_chars, complete, _tail(lines, record_chars))


def _tail(lines: Lines, record_chars: int) -> Mask:
    tail = np.zeros(len(lines), np.bool_)
    last = len(lines) - 1
    while last >= 0 and lines.chars[last] != record_chars and not _text(lines, last).strip(FILLER):
        tail[last] = True
        last -= 1
    if last >= 0 and lines.chars[last] < record_chars:
        tail[last] = True
    return tail


def padded(lines: Lines, names_chars: int) -> Records | None:
    """Return the records filled up with blanks, if they seem to have lost theirs at the end; else None.

    They have if their lengths vary, no record ends with a blank, and a tenth of them, two at least, are shorter than the
    longest. ``names_chars`` is the length that the header gives them at least, 0 if it does not tell.
    """
    if len(lines) < 3 or (lines.chars == lines.chars[0]).all() or lines.chars.max() > MAX_RECORD_CHARS:
        return None
    longest = int(lines.chars.max())
    kept = lines.select(~_tail(lines, longest))
    if np.count_nonzero(kept.chars < longest) < max(2, len(kept) / STRIPPED_SHARE):
        return None
    data = np.frombuffer(lines.raw, np.uint8)
    if np.isin(data[(kept.offsets + kept.chars - 1)[kept.chars > 0]], (9, 32)).any():
        return None
    width = max(longest, names_chars)
    filled = np.concatenate((data, np.full(width, 32, np.uint8)))
    rows = np.lib.stride_tricks.sliding_window_view(filled, width)[kept.offsets]
    rows[np.arange(width) >= kept.chars[:, None]] = 32
    rows.flags.writeable = False
    return _as_records(kept, rows, width)


def _text(lines: Lines, index: int) -> bytes:
    start = int(lines.offsets[index])
    return lines.raw[start : start + int(lines.chars[index])]


def grid(lines: Lines, record_chars: int) -> Records:
    """Return record lines of one length as a grid: a view of the received bytes where they are regular, else a copy."""
    return _as_records(lines, _rows(lines, record_chars), record_chars)


def _as_records(lines: Lines, rows: Bytes, record_chars: int) -> Records:
    occupied = np.zeros(record_chars, np.uint8)
    odd = np.zeros(len(rows), np.uint8)
    scan_bytes(rows, record_chars, occupied, odd)
    return Records(lines, rows, record_chars, occupied.astype(np.bool_), odd.astype(np.bool_))


def _rows(lines: Lines, record_chars: int) -> Bytes:
    stride = record_chars + 2
    first = int(lines.offsets[0])
    if (lines.ends == 2).all() and lines.offsets[-1] - first == stride * (len(lines) - 1):
        return np.frombuffer(lines.raw, np.uint8, len(lines) * stride, first).reshape(-1, stride)
    rows = record_texts(lines, record_chars)
    rows.flags.writeable = False  # as the view: the kernel is then compiled for one kind of array
    return rows


def record_texts(lines: Lines, record_chars: int) -> Bytes:
    """Return a copy of the texts of record lines of one length, as received."""
    data = np.frombuffer(lines.raw, np.uint8)
    windows: NDArray[np.uint8] = np.lib.stride_tricks.sliding_window_view(data, record_chars)
    return windows[lines.offsets]
