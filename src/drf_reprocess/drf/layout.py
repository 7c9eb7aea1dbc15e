"""Where the columns stand in the records: positions from the header's names, reconciled with the bytes of all records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from drf_reprocess.drf.cells import Cells, parse_fields
from drf_reprocess.drf.header import Header, Match
from drf_reprocess.drf.lines import Mask
from drf_reprocess.drf.records import Records
from drf_reprocess.drf.timeform import time_picture
from drf_reprocess.model import Finding, Kind, Severity
from drf_reprocess.profiles.model import FileType

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """One reading of where columns stand: begin and end (from 0, end exclusive) of each in a record."""

    begins: Places
    ends: Places
    starts: Places
    """Where a name in the header has to begin to be read as this column."""
    misfit: Mask
    """Records that have something outside all columns."""
    shift: tuple[int, int] | None = None
    """The records are that many bytes (second) wider than the header after that column (first)."""


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Columns in their places, and what they hold there."""

    match: Match
    slots: Slots
    cells: Cells
    odd_columns: tuple[int, ...]
    """Columns whose values are all of another kind than the profile says."""
    bad: Mask
    """Records that do not fit, odd columns not counted."""

    @property
    def rank(self) -> tuple[bool, int, int]:
        """The smaller, the better the records fit."""
        bad = int(np.count_nonzero(self.bad))
        return 2 * bad > len(self.bad), len(self.odd_columns), bad


def place_columns(records: Records, header: Header, match: Match, file_type: FileType) -> Placement | Finding:
    """Find the places of a known column set's columns.

    In this order: where the header's names begin; the same with the records wider by one shift after one column (a value that
    overflows its column); columns of the usual width; runs of occupied bytes, if there are exactly as many as columns. What
    most records fit is taken; a tie between readings that differ in any cell is refused.
    """
    starts = np.array([column.start for column in header.columns], np.int64)
    text_chars = text_time_chars(file_type)
    pitch = file_type.header.column_chars + 1
    width = records.record_chars
    as_named = _slots(records, match, starts, text_chars)
    if as_named is not None and (header.text_chars == width or width - starts[-1] in (pitch - 1, pitch)):
        placement = _place(records, match, as_named)
        if not placement.rank[0]:
            return placement
    shifts = _possible({width - header.text_chars, width - int(starts[-1]) - pitch}, pitch)
    slots = [as_named, *_shifted(records, match, starts, shifts, text_chars)]
    slots += usual_slots(records, match, file_type)
    best = choose([_place(records, match, one) for one in _distinct(slots)])
    if best is not None:
        return best
    if (
        as_named is not None
        and not as_named.misfit.any()
        and (clear := _place(records, match, as_named)).rank[0]
    ):
        return clear  # the columns are clear, their contents are not
    return Finding(
        code="layout-unclear",
        severity=Severity.ERROR,
        message=(
            f"the places of the {len(match.columns)} columns are not clear: header names begin at bytes "
            f"{_tell(starts + 1)}, but the records ({width + 2} bytes with CR LF) do not fit that, nor any other known layout"
        ),
        remedy="compare header and records; a names row cut short or columns of another width are likely",
    )


def usual_slots(records: Records, match: Match, file_type: FileType) -> list[Slots | None]:
    """Return the readings that need no header: columns of the usual width, one of them wider; runs of occupied bytes."""
    text_chars = text_time_chars(file_type)
    found: list[Slots | None] = []
    if text_chars:
        pitch = file_type.header.column_chars + 1
        starts = text_chars + 1 + pitch * np.arange(len(match.columns), dtype=np.int64)
        shift = records.record_chars - int(starts[-1]) - pitch
        if shift == 0:
            found.append(_slots(records, match, starts, text_chars))
        found.extend(_shifted(records, match, starts, _possible({shift}, pitch), text_chars))
    found.append(_runs(records, match, text_chars))
    return found


def choose(placements: Sequence[Placement]) -> Placement | None:
    """Return the reading that most records fit; None if none fits the majority or two differ and fit equally."""
    best = min(placements, key=lambda placement: placement.rank, default=None)
    if best is None or best.rank[0]:
        return None
    rivals = [placement for placement in placements if placement.rank == best.rank]
    return best if all(rival.cells.equals(best.cells) for rival in rivals) else None


def place_all(records: Records, match: Match, slots: Sequence[Slots | None]) -> list[Placement]:
    """Read the records in each of several ways."""
    return [_place(records, match, one) for one in _distinct(slots)]


def text_time_chars(file_type: FileType) -> int:
    """Return how many bytes at the start of a record are its text time; 0 if it has none."""
    return time_picture(file_type.time).chars if file_type.time.is_text else 0


def _distinct(slots: Sequence[Slots | None]) -> list[Slots]:
    seen: dict[tuple[bytes, bytes], Slots] = {}
    for one in slots:
        if one is not None:
            seen.setdefault((one.begins.tobytes(), one.ends.tobytes()), one)
    return list(seen.values())


def _place(records: Records, match: Match, slots: Slots) -> Placement:
    cells = parse_fields(records.rows, slots.begins, slots.ends, kinds_of(match))
    if not cells.has_bad:
        return Placement(match, slots, cells, (), slots.misfit)
    odd = tuple(cells.odd_columns())
    return Placement(match, slots, cells, odd, slots.misfit | cells.bad_records(odd))


def kinds_of(match: Match) -> list[Kind]:
    """Return the kinds of a file's columns, in its order."""
    return [column.known.kind for column in match.columns]


def _possible(shifts: set[int], pitch: int) -> list[int]:
    """A value that overflows its column pushes the rest of the record by less than a column, else that could be one."""
    return sorted(shift for shift in shifts if 0 < shift < pitch)


def _shifted(
    records: Records, match: Match, starts: Places, shifts: Sequence[int], text_chars: int
) -> Iterator[Slots | None]:
    for shift in shifts:
        for column in range(len(starts) - 1, -1, -1):
            moved = starts.copy()
            moved[column + 1 :] += shift
            slots = _slots(records, match, moved, text_chars)
            yield slots and replace(slots, shift=(column, shift))


def _slots(records: Records, match: Match, starts: Places, text_chars: int) -> Slots | None:
    """Columns that begin at ``starts`` and reach to the blank before the next; None if the records are too short."""
    width = records.record_chars
    begins, ends = starts.copy(), np.append(starts[1:] - 1, width)
    if starts[0] < text_chars or (ends <= begins).any():
        return None
    if len(starts) > 1 and width - starts[-1] >= 2 * np.diff(starts).max():
        return None  # there is more in the records than the header names
    if ends[-1] - begins[-1] > 1 and not records.occupied[width - 1]:
        ends[-1] -= 1
    misfit = np.zeros(len(records), np.bool_)
    lead = slice(text_chars, max(text_chars, int(starts[0]) - 1))
    if records.occupied[lead].any():
        misfit |= _filled(records.rows[:, lead]).any(axis=1)
    for column, start in enumerate(starts):
        gap = int(start) - 1
        if gap >= text_chars and records.occupied[gap]:
            misfit |= _settle_gap(records, match, column, (begins, ends), gap, text_chars)
    return Slots(begins, ends, starts, misfit)


def _filled(rows: NDArray[np.uint8]) -> Mask:
    filled: Mask = (rows != 32) & (rows != 9)
    return filled


def _settle_gap(
    records: Records, match: Match, column: int, slots: tuple[Places, Places], gap: int, text_chars: int
) -> Mask:
    """Give the byte between two columns to the one whose values reach into it; return the records that contradict.

    A value one character wider than its column takes the blank before it, or, left-justified, the one after it. Where the
    values on both sides touch, the grammar of numbers decides, if it can.
    """
    begins, ends = slots
    rows = records.rows
    here, after = _filled(rows[:, gap]), _filled(rows[:, gap + 1])
    before = _filled(rows[:, gap - 1]) if gap > text_chars and column else np.zeros(len(rows), np.bool_)
    to_right, to_left, both = here & after & ~before, here & before & ~after, here & before & after
    stray = here & ~before & ~after
    right, left = int(np.count_nonzero(to_right)), int(np.count_nonzero(to_left))
    if right == left and both.any() and column:
        right, left = _ask_grammar(rows[both], match, column, slots, gap)
    if right > left:
        begins[column] = gap
        return to_left | stray
    if left > right:
        ends[column - 1] = gap + 1
        return to_right | stray
    return here


def _ask_grammar(
    rows: NDArray[np.uint8], match: Match, column: int, slots: tuple[Places, Places], gap: int
) -> tuple[int, int]:
    """Count the records whose two numbers can be read with the byte at ``gap`` given to the right, and to the left."""
    begins, ends = slots
    kinds = kinds_of(match)[column - 1 : column + 1]
    if Kind.STATE in kinds:
        return 0, 0
    grid = np.ascontiguousarray(rows)
    grid.flags.writeable = False
    counts = []
    for border in (gap, gap + 1):
        cells = parse_fields(
            grid,
            np.array([begins[column - 1], border], np.int64),
            np.array([border, ends[column]], np.int64),
            kinds,
        )
        counts.append(int(np.count_nonzero(~cells.bad_records())))
    # Only what one reading excludes is told by the grammar: if both can be read, nobody knows.
    return (counts[0], 0) if not counts[1] else (0, counts[1]) if not counts[0] else (0, 0)


def _runs(records: Records, match: Match, text_chars: int) -> Slots | None:
    """Columns as runs of bytes that are occupied in some record, if there are as many as columns.

    Not with several columns of states, whose texts may have blanks inside.
    """
    if kinds_of(match).count(Kind.STATE) > 1:
        return None
    occupied = np.concatenate(([False], records.occupied[text_chars:], [False]))
    edges = np.flatnonzero(occupied[1:] != occupied[:-1]) + text_chars
    begins, ends = edges[::2].astype(np.int64), edges[1::2].astype(np.int64)
    if len(begins) != len(match.columns) or (text_chars and begins[0] == text_chars):
        return None
    starts = np.append(text_chars + 1 if text_chars else 0, ends[:-1] + 1).astype(np.int64)
    return Slots(begins, ends, starts, np.zeros(len(records), np.bool_))


def _tell(places: Places) -> str:
    shown = ", ".join(str(place) for place in places[:8])
    return f"{shown} ..." if len(places) > 8 else shown
