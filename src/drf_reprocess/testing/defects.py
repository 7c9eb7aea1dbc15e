"""Defects as really seen, and worse: what they do to a file before its lines are joined.

The archive's labels tell of header errors, leading records with blank values and truncated records at the end; the
others are what transfers and telemetry do to text files.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from drf_reprocess.model import Kind
from drf_reprocess.profiles.model import ColumnSet
from drf_reprocess.testing.draft import Draft
from drf_reprocess.testing.layout import SCET_BYTES, is_drf, source_name
from drf_reprocess.testing.schedule import FileSpec

Apply = Callable[[Draft, np.random.Generator], None]


def _middle(draft: Draft, random: np.random.Generator) -> int:
    """Return a record that is neither among the first three nor among the last three."""
    return int(random.integers(3, len(draft.body) - 3))


def _header_line_bad(draft: Draft, random: np.random.Generator) -> None:
    """Spoil one line: names cut in mid-word, a first byte that is not blank, or text of a log in its place."""
    k = int(random.integers(0, len(draft.header)))
    length = draft.layout.head_bytes
    way = int(random.integers(0, 3))
    if way == 0:
        draft.header[-1] = draft.header[-1][: length * 2 // 3]
    elif way == 1:
        draft.header[k] = b"SCET" + draft.header[k][4:]
    else:
        draft.header[k] = b"***ERROR channel table not found***"


def _header_line_short(draft: Draft, random: np.random.Generator) -> None:
    draft.header = [line.rstrip() or b" " for line in draft.header]


def _header_line_missing(draft: Draft, random: np.random.Generator) -> None:
    del draft.header[0]


def _names_missing(draft: Draft, random: np.random.Generator) -> None:
    names = [source_name(place.column).encode("ascii") for place in draft.layout.places]
    draft.header = [line for line in draft.header if not all(name in line for name in names)]


def _header_line_extra(draft: Draft, random: np.random.Generator) -> None:
    draft.header.insert(0, b" " * draft.layout.head_bytes)


def _truncated_tail(draft: Draft, random: np.random.Generator) -> None:
    draft.cut_bytes = int(random.integers(16, draft.layout.record_bytes - 1))


def _truncated_to_7(draft: Draft, random: np.random.Generator) -> None:
    # The archive's IMU label leaves room for 7 bytes of a last record.
    draft.cut_bytes = draft.layout.record_bytes - 7


def _duplicate_records(draft: Draft, random: np.random.Generator) -> None:
    record = _middle(draft, random)
    draft.patches[record] = [draft.line(record)] * 2


def _records_out_of_order(draft: Draft, random: np.random.Generator) -> None:
    record = _middle(draft, random)
    draft.body[[record, record + 1]] = draft.body[[record + 1, record]]


def _cell(*texts: bytes) -> Apply:
    """Return a defect that puts one of ``texts`` into a numeric cell in mid-file.

    A type of states alone is damaged in its time, for any word may be a state.
    """

    def apply(draft: Draft, random: np.random.Generator) -> None:
        numeric = [place for place in draft.layout.places if place.column.kind in (Kind.REAL, Kind.INTEGER)]
        start, width = 0, SCET_BYTES
        if numeric:
            place = numeric[int(random.integers(0, len(numeric)))]
            start, width = place.start, place.width
        text = texts[int(random.integers(0, len(texts)))]
        cell = np.frombuffer(text[:width].ljust(width), np.uint8)
        draft.body[_middle(draft, random), start : start + width] = cell

    return apply


def _short_record(draft: Draft, random: np.random.Generator) -> None:
    record = _middle(draft, random)
    length = draft.layout.record_bytes - 2
    draft.patches[record] = [draft.line(record)[: int(random.integers(length // 3, length - 14))]]


def _long_record(draft: Draft, random: np.random.Generator) -> None:
    record = _middle(draft, random)
    line = draft.line(record)
    draft.patches[record] = [line[:30] + b"  " + line[30:]]


def _non_ascii(draft: Draft, random: np.random.Generator) -> None:
    record = _middle(draft, random)
    at = int(random.integers(0, draft.layout.record_bytes - 4))
    draft.body[record, at] = int(random.integers(0x80, 0x100))


def _null_bytes(draft: Draft, random: np.random.Generator) -> None:
    record = _middle(draft, random)
    draft.body[record, 21:41] = 0


def _impossible_time(draft: Draft, random: np.random.Generator) -> None:
    texts = (
        b"14/000-12:00:00.000",
        b"14/366-12:00:00.000",
        b"14/300-24:00:00.000",
        b"14/300-12:61:00.000",
        b"no time",
    )
    text = texts[int(random.integers(0, len(texts)))].ljust(SCET_BYTES)
    draft.body[_middle(draft, random), :SCET_BYTES] = np.frombuffer(text, np.uint8)


def _empty_lines(draft: Draft, random: np.random.Generator) -> None:
    record = _middle(draft, random)
    draft.patches[record] = [draft.line(record), b"", b""]


def _control_z(draft: Draft, random: np.random.Generator) -> None:
    draft.last = b"\x1a"


def _byte_order_mark(draft: Draft, random: np.random.Generator) -> None:
    draft.first = b"\xef\xbb\xbf"


def _ends(ends: str) -> Apply:
    def apply(draft: Draft, random: np.random.Generator) -> None:
        draft.ends = ends

    return apply


def _done_before(draft: Draft, random: np.random.Generator) -> None:
    """Leave the draft as it is: the cells or the columns have the defect already."""


FILE_DEFECTS: Mapping[str, Apply] = MappingProxyType(
    {
        "leading-blank-values": _done_before,
        "truncated-tail": _truncated_tail,
        "header-line-bad": _header_line_bad,
        "line-ends-lf": _ends("lf"),
        "header-line-missing": _header_line_missing,
        "line-ends-mixed": _ends("mixed"),
        "duplicate-records": _duplicate_records,
        "records-out-of-order": _records_out_of_order,
        "truncated-tail-7": _truncated_to_7,
        "damaged-stars": _cell(b"*" * 20),
        "damaged-nan": _cell(b"NaN", b"-nan", b"Inf"),
        "damaged-cell": _cell(b"0x1F", b"1,5", b"-", b"1.5D3", b"1 5", b"--5", b"1_0", b"bad cell"),
        "damaged-short-record": _short_record,
        "damaged-long-record": _long_record,
        "damaged-non-ascii": _non_ascii,
        "damaged-null-bytes": _null_bytes,
        "damaged-time": _impossible_time,
        "header-line-short": _header_line_short,
        "header-names-missing": _names_missing,
        "header-line-extra": _header_line_extra,
        "empty-lines": _empty_lines,
        "control-z-tail": _control_z,
        "byte-order-mark": _byte_order_mark,
        "renamed-channel": _done_before,
    }
)
"""Defects inside a file, the most usual first."""

EXTRA_DEFECTS = ("resent", "identical-copy")
"""Another file of the same name in another folder, with newer content or with the same."""

STRAY_DEFECTS = (
    "stray-text",
    "stray-empty",
    "stray-binary",
    "stray-gzip",
    "stray-header-only",
    "stray-other-name",
    "stray-ignored-name",
)
"""Files beside a good one that are no DRF."""

TYPICAL = (
    "leading-blank-values",
    "truncated-tail",
    "header-line-bad",
    "line-ends-lf",
    "resent",
    "header-line-missing",
    "line-ends-mixed",
    "duplicate-records",
    "identical-copy",
    "records-out-of-order",
    "damaged-stars",
    "stray-text",
    "damaged-short-record",
    "stray-empty",
)
"""What a real feed is likely to hold."""

ALL = (*FILE_DEFECTS, *EXTRA_DEFECTS, *STRAY_DEFECTS)

_ONLY_DRF = frozenset({"leading-blank-values", "header-line-missing", "header-line-extra", "damaged-time"})


def applies(defect: str, spec: FileSpec) -> bool:
    """Return whether a file of this type can have a defect: IMU files have one header line and no SCET."""
    return is_drf(spec) or defect not in _ONLY_DRF


def with_defect(spec: FileSpec, defect: str) -> FileSpec:
    """Return the file with one defect more."""
    spec = replace(spec, defects=(*spec.defects, defect))
    if defect != "renamed-channel":
        return spec
    columns = list(spec.column_set.columns)
    k = len(columns) - 1 if is_drf(spec) else 5  # the last IMU column may be three characters wide
    columns[k] = columns[k].model_copy(update={"name": "NEW_CH", "source_name": None, "dn_eu": None})
    return replace(spec, column_set=ColumnSet(era="renamed", columns=tuple(columns), ordered=0))


def apply_defects(spec: FileSpec, draft: Draft) -> None:
    """Damage a draft as its spec says, each defect in a place of its own by the file's random numbers."""
    for defect in spec.defects:
        if defect in FILE_DEFECTS:
            FILE_DEFECTS[defect](draft, spec.generator("defect", defect))


def stray_file(defect: str, spec: FileSpec, header: bytes) -> tuple[str, bytes]:
    """Return name and bytes of a stray file beside the file of ``spec``; ``header`` is that file's header.

    Its days are those of no real file of the type (first and last alike), so that it takes no product's place.
    """
    day = f"{spec.day:%j}"
    name = f"sci_anc_{spec.file_type.name}{spec.day:%y}_{day}_{day}.drf"
    random = spec.generator("stray", defect)
    junk = random.integers(0, 256, 4096).astype(np.uint8).tobytes()
    note = (
        b"Please find the new files for today in this folder. No data on day " + day.encode("ascii") + b".\n"
    )
    return {
        "stray-text": (name, note * 3),
        "stray-empty": (name, b""),
        "stray-binary": (name, b"\x00\x01" + junk),
        "stray-gzip": (name, gzip.compress(header + junk, mtime=0)),
        "stray-header-only": (name, header),
        "stray-other-name": (f"notes_{spec.day:%Y%m%d}.txt", note),
        "stray-ignored-name": (f"anc_sci_svt_{spec.day:%Y}_{day}.drf", note),
    }[defect]
