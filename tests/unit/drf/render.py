"""Texts of data return files for the tests, written column by column; shares no code with the sample generator."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import cycle

CRLF, LF = b"\r\n", b"\n"


@dataclass(frozen=True)
class Sheet:
    """A file to be written. ``rows`` hold the texts of the cells, the time first where ``time_chars`` is set."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[str, ...] | None = None
    widths: tuple[int, ...] = ()
    header_widths: tuple[int, ...] = ()
    """Widths in the header, where they are not those of the records."""
    time_chars: int = 19
    order: str = "t u m n"
    """Header lines: n names, m marks, t a title, u units, b blank, s a line of two characters."""
    justify: str = "left"
    ends: tuple[bytes, ...] = (CRLF,)
    """Line ends, used in turn."""
    trailing_blank: bool = True
    trimmed_header: bool = False
    title: str = " MAVEN data return file"
    units: str = " none"
    extra: dict[str, str] = field(default_factory=dict)

    def but(self, **changes) -> Sheet:
        return replace(self, **changes)

    @property
    def column_widths(self) -> tuple[int, ...]:
        return self.widths or (12,) * len(self.names)

    @property
    def starts(self) -> tuple[int, ...]:
        """Where each column begins, from 0."""
        places, here = [], self.time_chars + 1 if self.time_chars else 0
        for width in self.column_widths:
            places.append(here)
            here += width + 1
        return tuple(places)

    @property
    def record_chars(self) -> int:
        return self.starts[-1] + self.column_widths[-1] + (1 if self.trailing_blank else 0)

    def header_line(self, kind: str) -> str:
        widths = self.header_widths or self.column_widths
        lead = " " * (self.time_chars + 1) if self.time_chars else ""
        full = len(lead) + sum(width + 1 for width in widths) - (0 if self.trailing_blank else 1)
        if kind in "nm":
            words = self.names if kind == "n" else (self.marks or ("",) * len(self.names))
            text = lead + " ".join(word.ljust(width) for word, width in zip(words, widths, strict=True))
        else:
            text = {"t": self.title, "u": self.units, "b": "", "s": " x"}[kind]
        text = text.ljust(full) if kind != "s" else text
        return text.rstrip() if self.trimmed_header else text

    def record(self, row: tuple[str, ...]) -> str:
        cells = row[1:] if self.time_chars else row
        text = row[0].ljust(self.time_chars) + " " if self.time_chars else ""
        for column, (cell, width) in enumerate(zip(cells, self.column_widths, strict=True)):
            if len(cell) == width + 1:  # takes the blank before it
                assert text.endswith(" ")
                text = text[:-1] + cell
            else:
                assert len(cell) <= width, cell
                text += cell.ljust(width) if self.justify == "left" else cell.rjust(width)
            if column < len(cells) - 1 or self.trailing_blank:
                text += " "
        return text

    def header(self) -> list[str]:
        return [self.header_line(kind) for kind in self.order.split()]

    def records(self) -> list[str]:
        return [self.record(row) for row in self.rows]

    def lines(self) -> list[str]:
        return self.header() + self.records()

    def render(self) -> bytes:
        return join(self.lines(), self.ends)


def join(lines: list[str], ends: tuple[bytes, ...] = (CRLF,)) -> bytes:
    return b"".join(line.encode("latin-1") + end for line, end in zip(lines, cycle(ends), strict=False))


def scet(step: int, day: int = 342, year: int = 14) -> str:
    """A time some seconds into a day."""
    seconds, thousandths = divmod(12_019_328 + step * 2_919, 1000)
    return f"{year:02d}/{day:03d}-{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{thousandths:03d}"


def value(kind: str, column: int, step: int) -> str:
    """A plain value of a kind, different in every cell."""
    if kind == "integer":
        return str((column * 37 + step * 11) % 4096)
    if kind == "state":
        return ("ON", "OFF", "TRIP 2", "UNKNOWN")[(column + step) % 4]
    return f"{'-' if (column + step) % 3 == 0 else ''}{column}.{(step * 7919 + column * 104729) % 10**6:06d}"


def sheet(file_type, era: int = -1, records: int = 8, **changes) -> Sheet:
    """A good file of a text-time type, as the profile describes it, all cells filled."""
    columns = file_type.column_sets[era].columns
    names = tuple(column.source_name or column.name for column in columns)
    widths = [12] * len(names)
    if "ATT_QU_I2B_T" in names and len(names) > 16:
        widths[names.index("ATT_QU_I2B_T")] = 16
    rows = []
    for step in range(records):
        cells = [value(column.kind.value, place, step) for place, column in enumerate(columns)]
        if "ATT_QU_I2B_T" in names:
            wide = widths[names.index("ATT_QU_I2B_T")] == 16
            cells[names.index("ATT_QU_I2B_T")] = f"{471280883 + step}.{'51200' if wide else '5'}"
        rows.append((scet(step), *cells))
    marks = tuple(column.dn_eu or "" for column in columns)
    made = Sheet(names, tuple(rows), marks if any(marks) else None, tuple(widths))
    return made.but(**changes)


IMU_WIDTHS = (15, 15, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6)


def imu_sheet(file_type, records: int = 8, **changes) -> Sheet:
    """A good IMU file: one header line, no text time, columns of several widths, no blank at the end."""
    names = tuple(column.source_name or column.name for column in file_type.column_sets[0].columns)
    rows = tuple(
        (
            f"{580000000 + step}.{step * 977 % 100000:05d}",
            f"{580000001 + step}.{step * 31 % 100000:05d}",
            str(step % 100),
            str(1000 + step),
            f"{step % 7:04X}H",
            *(str((-1) ** step * (step * 13 + column) % 9999) for column in range(6)),
            str(step % 2),
        )
        for step in range(records)
    )
    made = Sheet(names, rows, None, IMU_WIDTHS, time_chars=0, order="n", trailing_blank=False)
    return made.but(**changes)
