"""A sample file before it is bytes: header lines and a matrix of records, to be damaged and joined."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drf_reprocess.testing import digits
from drf_reprocess.testing.channels import make_channels, number_form
from drf_reprocess.testing.layout import SCET_BYTES, Layout, is_drf, make_header, make_layout
from drf_reprocess.testing.schedule import EPOCH, FileSpec
from drf_reprocess.testing.values import Channel, Clock, Mask, Words

NO_BLANKS: Mask = np.zeros(0, np.bool_)


@dataclass(slots=True)
class Draft:
    """A file that is not yet joined: defects change it before it becomes bytes."""

    layout: Layout
    header: list[bytes]
    """Header lines without line ends."""
    body: digits.Bytes
    """Shape (records, record length): the records with CR LF."""
    ends: str = "crlf"
    patches: dict[int, list[bytes]] = field(default_factory=dict)
    """Record number from 0 to the lines (without ends) that stand in its place: none, one or more."""
    first: bytes = b""
    """Bytes before the first header line."""
    cut_bytes: int = 0
    """How many bytes are missing at the end."""
    last: bytes = b""
    """Bytes after the last record."""

    @property
    def records(self) -> int:
        """Number of whole records with their line ends, damaged and repeated ones included."""
        extra = sum(len([line for line in lines if line.strip()]) - 1 for lines in self.patches.values())
        return len(self.body) + extra - (self.cut_bytes > 0)

    def line(self, record: int) -> bytes:
        """Return a record without its line end."""
        return self.body[record, :-2].tobytes()


def _write_cells(spec: FileSpec, body: digits.Bytes, layout: Layout, channels: tuple[Channel, ...]) -> None:
    right = spec.variant.justify == "right"
    for place, channel in zip(layout.places, channels, strict=True):
        cells = body[:, place.start : place.start + place.width]
        blank = NO_BLANKS if channel.blank is None else channel.blank
        if isinstance(channel.cells, Words):
            texts = [w.rjust(place.width) if right else w.ljust(place.width) for w in channel.cells.words]
            table = np.frombuffer("".join(texts).encode("ascii"), np.uint8).reshape(len(texts), -1)
            digits.write_words(cells, channel.cells.codes, table[:, : place.width], blank)
            continue
        form = number_form(spec, place.column, channel.cells)
        misfits = digits.write_numbers(
            cells, channel.cells.mantissa, channel.cells.decimals, form, right, blank
        )
        if misfits:
            raise ValueError(f"{misfits} numbers of {place.column.name} do not fit {place.width} characters")
        for record, text in channel.spelled.items():
            cell = text.rjust(place.width) if right else text.ljust(place.width)
            cells[record] = np.frombuffer(cell.encode("ascii"), np.uint8)


def _write_times(body: digits.Bytes, clock: Clock) -> None:
    days = np.datetime64(EPOCH, "D") + clock.day
    years = days.astype("datetime64[Y]")
    day_of_year = (days - years.astype("datetime64[D]")).astype(np.int64) + 1
    digits.write_scets(body[:, :SCET_BYTES], years.astype(np.int64) + 1970, day_of_year, clock.ms_of_day)


def draft_file(spec: FileSpec) -> Draft:
    """Return a file without the defects that concern lines and bytes."""
    layout = make_layout(spec)
    clock, channels = make_channels(spec, layout)
    body = np.full((spec.records, layout.record_bytes), ord(" "), np.uint8)
    body[:, -2] = ord("\r")
    body[:, -1] = ord("\n")
    if is_drf(spec):
        _write_times(body, clock)
    _write_cells(spec, body, layout, channels)
    return Draft(layout, make_header(spec, layout), body, spec.variant.ends)


def _records_as_bytes(body: digits.Bytes, ends: str, lf_only: Mask) -> bytes:
    if ends == "crlf" or not len(body):
        return body.tobytes()
    if ends == "lf":
        return np.delete(body, -2, axis=1).tobytes()
    keep = np.ones(body.shape, np.bool_)
    keep[lf_only, -2] = False
    return body[keep].tobytes()


def join_draft(draft: Draft, random: np.random.Generator) -> bytes:
    """Return the draft as bytes; where line ends are mixed, each is drawn."""
    lf_only = random.integers(0, 2, len(draft.body)) == 1
    lf_only[:2] = (True, False)  # so that even a short file has both

    def end(k: int) -> bytes:
        return b"\n" if draft.ends == "lf" or (draft.ends == "mixed" and k % 2) else b"\r\n"

    pieces = [draft.first, *(line + end(k) for k, line in enumerate(draft.header))]
    done = 0
    for record in sorted(draft.patches):
        pieces.append(_records_as_bytes(draft.body[done:record], draft.ends, lf_only[done:record]))
        pieces += [line + end(k) for k, line in enumerate(draft.patches[record])]
        done = record + 1
    pieces.append(_records_as_bytes(draft.body[done:], draft.ends, lf_only[done:]))
    if draft.cut_bytes:
        pieces[-1] = pieces[-1][: -draft.cut_bytes]
    return b"".join([*pieces, draft.last])
