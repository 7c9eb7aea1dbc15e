"""Where everything stands in a sample file, and its header lines.

A DRF record is SCET in bytes 1 to 19, a blank, and for each column its width and a blank; each header line has the
record's length and begins with a blank. An IMU record is twelve fields with one blank between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drf_reprocess.model import Kind
from drf_reprocess.profiles.model import Column
from drf_reprocess.testing.schedule import FileSpec

SCET_BYTES = 19
COLUMN_CHARS = 12
IMU_WIDTHS = (15, 15, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6)
IMU_ANGLES7 = (15, 15, 5, 6, 6, 7, 7, 7, 6, 6, 6, 3)
SCLK_COLUMNS = r"ATT_QU_I2B_T"
PTE_SCLK_COLUMNS = r"GV_Pte(Cur|Lst|Nxt)PTi|PTE_START_T"
UNITS = ((r"Bus28V.*|.*HtrMonV|.*VOC", "V"), (r".*(ISC|TotalC)", "A"), (r".*", "degC"))
"""Units of engineering units in a header line, by name of the channel: words, as the SIS gives no spelling."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one column stands: in the records (``start``, ``width``) and in the header lines (``head_start``)."""

    column: Column
    start: int
    width: int
    head_start: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands in one file; offsets count from 0."""

    places: tuple[Place, ...]
    record_bytes: int
    """With CR LF."""
    head_bytes: int
    """Length of a header line without its end."""


def is_drf(spec: FileSpec) -> bool:
    """Return whether the records begin with SCET (all types but IMU)."""
    return spec.file_type.time.is_text


def source_name(column: Column) -> str:
    """Return the name as the file's header spells it."""
    return column.source_name or column.name


def column_order(columns: tuple[Column, ...], order: str) -> tuple[int, ...]:
    """Return the columns' numbers in another order: only DN/EU pairs move, only among themselves."""
    names = [column.name for column in columns]
    paired = [k for k, name in enumerate(names) if names.count(name) == 2]
    keys = {
        "profile": lambda k: (k,),
        "eu-first": lambda k: (names.index(names[k]), columns[k].dn_eu == "DN"),
        "grouped": lambda k: (columns[k].dn_eu != "DN", k),
        "by-number": lambda k: (re.sub(r"[^0-9]", "", names[k]), k),
    }
    moved = dict(zip(paired, sorted(paired, key=keys[order]), strict=True))
    return tuple(moved.get(k, k) for k in range(len(columns)))


def column_widths(spec: FileSpec, columns: tuple[Column, ...]) -> tuple[int, ...]:
    """Return the width of each column in the records."""
    wide = spec.variant.wide
    if not is_drf(spec):
        return IMU_ANGLES7 if wide == "angles7" else IMU_WIDTHS
    if spec.file_type.name == "pte" and wide in ("16", "20"):
        return tuple(int(wide) if re.fullmatch(PTE_SCLK_COLUMNS, c.name) else COLUMN_CHARS for c in columns)
    newer_gnc = spec.file_type.name == "gnc" and len(columns) > 16 and wide != "12"
    return tuple(16 if newer_gnc and re.fullmatch(SCLK_COLUMNS, c.name) else COLUMN_CHARS for c in columns)


def make_layout(spec: FileSpec) -> Layout:
    """Return where the columns of a file stand, in the order of its variant."""
    columns = spec.column_set.columns
    columns = tuple(columns[k] for k in column_order(columns, spec.variant.order))
    widths = column_widths(spec, columns)
    head_widths = [min(w, COLUMN_CHARS) for w in widths] if spec.variant.wide == "overflow" else list(widths)
    start = head_start = SCET_BYTES + 1 if is_drf(spec) else 0
    places = []
    for column, width, head_width in zip(columns, widths, head_widths, strict=True):
        places.append(Place(column, start, width, head_start))
        start += width + 1
        head_start += head_width + 1
    last_blank = 0 if is_drf(spec) else 1
    return Layout(tuple(places), start - last_blank + 2, head_start - last_blank)


def _row(layout: Layout, words: list[str]) -> bytes:
    row = bytearray(b" " * layout.head_bytes)
    for place, word in zip(layout.places, words, strict=True):
        row[place.head_start : place.head_start + len(word)] = word.encode("ascii")
    return bytes(row)


def _mark(column: Column, marks: str) -> str:
    return column.dn_eu or ("EU" if marks == "all" else "")


def _unit(column: Column) -> str:
    if column.unit is not None or column.dn_eu != "EU" or column.kind is not Kind.REAL:
        return column.unit or ""
    return next(unit for pattern, unit in UNITS if re.fullmatch(pattern, column.name))


def make_header(spec: FileSpec, layout: Layout) -> list[bytes]:
    """Return the header lines without line ends, all of one length."""
    columns = [place.column for place in layout.places]
    if not is_drf(spec):
        plain = spec.variant.lines == "plain-tone"
        return [_row(layout, [c.name if plain else source_name(c) for c in columns])]
    title = f" MAVEN {spec.file_type.name.upper()} DATA RETURN FILE {spec.day:%Y}/{spec.day:%j}".encode(
        "ascii"
    )
    first_number = 100 + sum(spec.file_type.name.encode("ascii")) % 400
    rows = {
        "names": _row(layout, [source_name(c) for c in columns]),
        "marks": _row(layout, [_mark(c, spec.variant.marks) for c in columns]),
        "units": _row(layout, [_unit(c) for c in columns]),
        "numbers": _row(layout, [f"C-{first_number + k:04d}" for k in range(len(columns))]),
        "title": title[: layout.head_bytes].ljust(layout.head_bytes),
        "blank": b" " * layout.head_bytes,
    }
    one, two = spec.variant.lines.split("+")
    lines = {
        "names4-marks3": [one, two, "marks", "names"],
        "names3-marks4": [one, two, "names", "marks"],
        "names3-marks2": [one, "marks", "names", "numbers"],
    }[spec.variant.rows]
    return [rows[line] for line in lines]
