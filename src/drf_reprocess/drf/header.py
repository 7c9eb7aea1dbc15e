"""The header of a file: which line names the columns, which marks them DN or EU, and which known column set they are."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from drf_reprocess.drf.lines import HeaderLine, known_names
from drf_reprocess.model import Finding, Severity
from drf_reprocess.profiles.columns import ResolvedColumn, resolve_columns
from drf_reprocess.profiles.model import ColumnSet, FileType, canonical_name
from drf_reprocess.profiles.overlay import case_id

MARKS = (b"DN", b"EU")
NAMES_SHOWN = 12

UNKNOWN_COLUMNS = "unknown-columns"
"""Code of the refusal of a header that names no known column set: its field is the id of the case, which all files with
this set share, and another finding, `NAMED_COLUMNS`, tells the names."""
NAMED_COLUMNS = "header-columns"

_NAME_LIKE = re.compile(rb"[A-Za-z][A-Za-z0-9]*(?:[0-9][A-Za-z0-9]*|[_@][A-Za-z0-9_@]*)")
"""A word that is more likely a channel than part of a title: it has a digit or an underscore."""
_PLAIN = re.compile(rb"[A-Za-z0-9_@.-]+")


@dataclass(frozen=True, slots=True)
class HeaderColumn:
    """One column as the header names it."""

    source_name: str
    name: str
    """In canonical form (see `canonical_name`)."""
    start: int
    """Where the name begins in its line, from 0."""
    mark: str | None
    """``DN`` or ``EU`` where a row of marks gives it."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the header lines say."""

    columns: tuple[HeaderColumn, ...]
    names_line: int | None
    """Index of the line with the names."""
    marks_line: int | None
    text_chars: int
    """Length of the names row without its line end."""


@dataclass(frozen=True, slots=True)
class FileColumn:
    """One column of one file: as its header names it and as the profile knows it."""

    source_name: str
    dn_eu: str | None
    known: ResolvedColumn


@dataclass(frozen=True, slots=True)
class Match:
    """A header's columns recognised as a known column set; ``columns`` in the header's order."""

    column_set: ColumnSet
    columns: tuple[FileColumn, ...]
    findings: tuple[Finding, ...] = ()


def read_header(lines: Sequence[HeaderLine], file_type: FileType) -> Header:
    """Find by content the row of names and the row of marks; no line may be a names row, then there are no columns."""
    known = known_names(file_type)
    # Some headers name the time as well, over its own column.
    skipped = file_type.time.column.encode("latin-1") if file_type.time.is_text else None
    tokens = [_without_time(line.tokens(), skipped) for line in lines]
    names_line = _names_line(tokens, known)
    marks_line = _marks_line(tokens, names_line)
    if names_line is None:
        return Header((), None, marks_line, 0)
    words = [(canonical_name(word.decode("latin-1")), word, start) for word, start in tokens[names_line]]
    marks = _marks_by_column(tokens[marks_line] if marks_line is not None else (), [w[2] for w in words])
    columns = tuple(
        HeaderColumn(word.decode("latin-1"), name, start, mark)
        for (name, word, start), mark in zip(words, marks, strict=True)
    )
    return Header(columns, names_line, marks_line, len(lines[names_line].text))


def _without_time(
    tokens: tuple[tuple[bytes, int], ...], time_column: bytes | None
) -> tuple[tuple[bytes, int], ...]:
    return tokens[1:] if tokens and tokens[0][0] == time_column else tokens


def _names_line(tokens: list[tuple[tuple[bytes, int], ...]], known: frozenset[str]) -> int | None:
    best, found = (0, 0), None
    for index, line in enumerate(tokens):
        words = [word for word, _ in line]
        sure = sum(canonical_name(word.decode("latin-1")) in known for word in words)
        likely = sum(_NAME_LIKE.fullmatch(word) is not None for word in words)
        enough = 2 * sure >= len(words) or (len(words) > 1 and 10 * max(sure, likely) >= 6 * len(words))
        if words and enough and (sure, likely) >= best and (sure or likely):
            best, found = (sure, likely), index
    return found


def _marks_line(tokens: list[tuple[tuple[bytes, int], ...]], names_line: int | None) -> int | None:
    counts = {
        index: len(line)
        for index, line in enumerate(tokens)
        if line and index != names_line and all(word in MARKS for word, _ in line)
    }
    return max(counts, key=lambda index: (counts[index], index)) if counts else None


def _marks_by_column(marks: Sequence[tuple[bytes, int]], starts: list[int]) -> list[str | None]:
    """Give each mark to the column over or under which it stands."""
    if len(marks) == len(starts):
        return [word.decode() for word, _ in marks]
    found: list[str | None] = [None] * len(starts)
    for word, place in marks:
        column = bisect_right(starts, place) - 1
        if column >= 0:
            found[column] = word.decode()
    return found


def match_columns(header: Header, file_type: FileType) -> Match | Finding:
    """Return the known column set that the header names, or a finding that tells how it differs from the nearest."""
    differences: list[tuple[int, str]] = []
    for column_set in file_type.column_sets:
        match = _match_set(header.columns, column_set)
        if isinstance(match, Match):
            return match
        differences.append(match)
    _, nearest = min(differences, key=lambda difference: difference[0])
    case = case_id(file_type.name, _spelled(header))
    return Finding(
        code=UNKNOWN_COLUMNS,
        severity=Severity.ERROR,
        message=f"the header names {len(header.columns)} columns that are no known set of type {file_type.name}; {nearest}",
        remedy=f"check the file; if the mission has changed its columns, `columns accept {case}` takes them over for all files "
        "that have them (`columns cases` lists such sets)",
        field=case,
    )


def named_columns(header: Header) -> Finding:
    """Return a finding whose message is the names of all columns as the header spells them, in its order.

    A blank parts them; a name with a mark over it is written ``NAME/DN`` or ``NAME/EU``.
    """
    return Finding(code=NAMED_COLUMNS, severity=Severity.INFO, message=" ".join(_spelled(header)))


def _spelled(header: Header) -> list[str]:
    return [
        ascii(column.source_name)[1:-1] + (f"/{column.mark}" if column.mark else "")
        for column in header.columns
    ]


def _match_set(columns: Sequence[HeaderColumn], column_set: ColumnSet) -> Match | tuple[int, str]:
    """Compare with one set: the leading names in order, the rest as a set, a pair in either order."""
    names = [column.name for column in columns]
    known = [column.name for column in column_set.columns]
    missing = Counter(known) - Counter(names)
    foreign = Counter(names) - Counter(known)
    size = missing.total() + foreign.total()
    told = f"nearest is era {column_set.era!r} ({len(known)} columns)"
    if size:
        return size, f"{told}: {_difference(columns, column_set, missing, foreign)}"
    for place, (name, expected) in enumerate(zip(names, known, strict=True)):
        if place < column_set.ordered and name != expected:
            return (
                1,
                f"{told}: the same names in another order; column {place + 1} is {name}, expected {expected}",
            )
    return _assign(columns, column_set)


def _difference(
    columns: Sequence[HeaderColumn], column_set: ColumnSet, missing: Counter[str], foreign: Counter[str]
) -> str:
    """Tell what is missing, with DN or EU, what stands too often, and what no one knows."""
    marks: dict[str, list[str | None]] = {}
    for known in column_set.columns:
        marks.setdefault(known.name, []).append(known.dn_eu)
    absent = [f"{name}{_missing_marks(marks[name], columns, name, count)}" for name, count in missing.items()]
    repeated = [
        f"{name} ({len(marks[name]) + count} times, expected {len(marks[name])})"
        for name, count in foreign.items()
        if name in marks
    ]
    strange = [
        f"{ascii(name)[1:-1]}{f' ({count} times)' if count > 1 else ''}"
        for name, count in foreign.items()
        if name not in marks
    ]
    told = {"missing": absent, "too often": repeated, "not known": strange}
    return "; ".join(f"{what}: {_shorten(names)}" for what, names in told.items() if names)


def _missing_marks(
    expected: Sequence[str | None], columns: Sequence[HeaderColumn], name: str, missing: int
) -> str:
    """Return which of a name's columns the header does not have, in brackets; nothing if it is one without mark."""
    given = [column.mark for column in columns if column.name == name]
    lacking = [mark for mark in expected if mark and mark not in given]
    return f" ({(' and ' if len(lacking) == missing else ' or ').join(lacking)})" if lacking else ""


def _assign(columns: Sequence[HeaderColumn], column_set: ColumnSet) -> Match | tuple[int, str]:
    """Give each column of the file its place in the set; of a pair, the marks decide, without marks DN is first."""
    resolved: dict[str, list[ResolvedColumn]] = {}
    for raw, final in zip(column_set.columns, resolve_columns(column_set), strict=True):
        resolved.setdefault(raw.name, []).append(final)
    marks: dict[str, list[str | None]] = {}
    for column in columns:
        marks.setdefault(column.name, []).append(column.mark)
    unmarked = [name for name, given in marks.items() if len(given) > 1 and not any(given)]
    chosen: list[FileColumn] = []
    findings = [_marks_missing(unmarked)] if unmarked else []
    for column in columns:
        candidates = resolved[column.name]
        if len(candidates) == 1:
            known, mark = candidates[0], column.mark or candidates[0].dn_eu
            if mark != known.dn_eu and known.dn_eu is not None:
                findings.append(_mark_differs(column, known))
        else:
            mark = _mark_of_pair(marks[column.name])
            if mark is None:
                return 1, f"{column.name} stands twice, both times marked {column.mark}; expected DN and EU"
            marks[column.name] = [*marks[column.name][1:], mark]
            known = next(candidate for candidate in candidates if candidate.dn_eu == mark)
        chosen.append(FileColumn(column.source_name, mark, known))
    return Match(column_set, tuple(chosen), tuple(findings))


def _mark_of_pair(marks: list[str | None]) -> str | None:
    """Return the mark of the first of a pair; the list then goes on as (second's mark, first's mark)."""
    first, second = marks
    if first is None and second is None:
        return "DN"
    if first is None:
        return "EU" if second == "DN" else "DN"
    return None if first == second else first


def _marks_missing(names: Sequence[str]) -> Finding:
    return Finding(
        code="marks-missing",
        severity=Severity.WARNING,
        message=f"the header marks neither of two columns DN or EU: {_shorten(names)}; the first is taken as DN, the second "
        "as EU",
        remedy="compare the values with a file that has the marks; set the file aside if they are the other way round",
        field=names[0],
    )


def _shorten(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return f"{', '.join(names[:NAMES_SHOWN])}{more}"


def _mark_differs(column: HeaderColumn, known: ResolvedColumn) -> Finding:
    return Finding(
        code="mark-differs",
        severity=Severity.WARNING,
        message=f"the header marks column {column.name} {column.mark}; the profile says {known.dn_eu}",
        remedy="check the channel's units; correct the profile if the header is right",
        field=known.name,
    )


def is_defective(header: Header, column_set: ColumnSet) -> bool:
    """Tell whether the header can be a damaged one of a known set: its names are missing, cut or mixed with garbage.

    A plain name that the set does not have at that place is no damage but another column.
    """
    if not column_set.is_complete:
        return False
    words = [column for column in header.columns if _PLAIN.fullmatch(column.source_name.encode("latin-1"))]
    if len(words) == len(header.columns) >= len(column_set.columns):
        return False
    rest = iter([column.name for column in column_set.columns])
    for place, column in enumerate(words):
        cut = place == len(words) - 1
        if not any(name == column.name or (cut and name.startswith(column.name)) for name in rest):
            return False
    return True


def complete_match(column_set: ColumnSet) -> Match:
    """Return a known column set as if a header had named it in full."""
    columns = zip(column_set.columns, resolve_columns(column_set), strict=True)
    return Match(
        column_set,
        tuple(FileColumn(raw.source_name or raw.name, raw.dn_eu, known) for raw, known in columns),
    )
