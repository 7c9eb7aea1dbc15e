"""A second witness of what a reading says: from the received and the written bytes alone, without the reader's layout.

The records' places in the columns are taken from the words of the written header and of each record, as whoever reads such
a file with a program that splits at blanks. Where words alone do not tell (a value that touches the next, a header that is
shifted against its records), the slow reader by layout in the reader's own tests is the only one.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import drf_tests_reference as reference

from drf_reprocess.model import Kind

CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WORD = re.compile(r"[^ \t]+")
_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


def same(one: object, other: object) -> bool:
    """Tell whether two cells are alike, floats to the last bit; no value is a value of another type."""
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack("<d", one) == struct.pack("<d", other)
    return type(one) is type(other) and one == other


def assert_refused_well(raw: bytes, reading) -> None:
    """A refusal has a code, words and a remedy, leaves the bytes alone and gives no table."""
    refused = reading.refused
    assert CODE.fullmatch(refused.code), refused.code
    assert refused.message
    assert refused.remedy
    assert refused in reading.findings
    assert (reading.data, reading.table, reading.layout, reading.mends) == (raw, None, None, ())


def assert_witnessed(raw: bytes, reading, file_type) -> int:
    """Check an accepted reading against the bytes; return in how many records each word was compared."""
    layout, rows = reading.layout, reading.table.to_pylist()
    texts = _records(reading.data, layout)
    _assert_kept(raw, texts, rows)
    _assert_times(reading, rows, texts, file_type)
    names, starts, row_chars = _names(reading.data[: layout.header_bytes], layout)
    fields = [field for field in layout.fields if field.kind is not Kind.TIME]
    assert [field.source_name for field in fields] == names
    lead = 19 if file_type.time.is_text else 0
    by_place = (
        starts if row_chars == layout.record_bytes - 2 and _is_as_received(raw, names, row_chars) else None
    )
    if by_place and (by_place[0] < lead or not all(_fits(text, lead, by_place, fields) for text in texts)):
        by_place = None
    return sum(
        _assert_words(row, text[lead:], lead, fields, by_place) for row, text in zip(rows, texts, strict=True)
    )


def _records(data: bytes, layout) -> list[str]:
    """The texts of all written records, by line feed."""
    lines = data.decode("ascii").split("\n")
    assert lines.pop() == ""
    records = lines[layout.header_lines :]
    assert sum(len(line) + 1 for line in lines[: layout.header_lines]) == layout.header_bytes
    assert all(line.endswith("\r") and len(line) == layout.record_bytes - 1 for line in records)
    return [line[:-1] for line in records]


def _assert_kept(raw: bytes, texts: list[str], rows: list[dict]) -> None:
    """Every written record is a received line, and its number tells which: none is moved, edited or made up."""
    received = [line.removesuffix("\r").removesuffix("\r") for line in raw.decode("latin-1").split("\n")]
    numbers = [row["record_number"] for row in rows]
    assert numbers == sorted(set(numbers))
    assert numbers[0] >= 1
    behind = [header for header in range(len(received)) if _stand_at(received, header, numbers, texts)]
    assert behind, "the records are not the lines of the received file that their numbers tell"


def _stand_at(received: list[str], header: int, numbers: list[int], texts: list[str]) -> bool:
    if header + numbers[-1] > len(received):
        return False
    return all(received[header + number - 1] == text for number, text in zip(numbers, texts, strict=True))


def _names(header: bytes, layout) -> tuple[list[str], list[int], int]:
    """The written header's words in the line that names the columns, where each begins, and that line's length."""
    wanted = [field.source_name for field in layout.fields if field.kind is not Kind.TIME]
    for line in header.decode("latin-1").split("\r\n"):
        words = list(_WORD.finditer(line))
        if words and words[0][0] == layout.fields[0].source_name and len(words) == len(wanted) + 1:
            words = words[1:]
        if [word[0] for word in words] == wanted:
            return wanted, [word.start() for word in words], len(line)
    # A header with lines that end otherwise than in CR LF was left as it is.
    for line in re.split(r"\r*\n", header.decode("latin-1")):
        found = _WORD.findall(line)
        if found[-len(wanted) :] == wanted:
            return wanted, [], 0
    raise AssertionError("no header line names the columns of the layout in its order")


def _is_as_received(raw: bytes, names: list[str], row_chars: int) -> bool:
    """Whether the names row has had its length from the start: one that was filled up need not stand over its columns."""
    rows = (line.rstrip("\r") for line in raw.decode("latin-1").split("\n"))
    return any(len(row) == row_chars and _WORD.findall(row)[-len(names) :] == names for row in rows)


def _fits(text: str, lead: int, starts: list[int], fields) -> bool:
    """Whether each word of a record stands over a column of the header, one byte to the left allowed; numbers alone."""
    ends = [*starts[1:], len(text) + 1]
    taken = set()
    for word in _WORD.finditer(text, lead):
        column = bisect_right(starts, word.end() - 1) - 1
        if column < 0 or word.start() < starts[column] - 1 or word.end() > ends[column]:
            return False
        if column in taken and fields[column].kind is not Kind.STATE:
            return False
        taken.add(column)
    return True


def _assert_words(row: dict, text: str, lead: int, fields, starts: list[int] | None) -> bool:
    """Compare a record's words with its cells; tell whether the words could be given to columns.

    As many words as columns are their values in turn, unless texts may have blanks inside; else the header's places tell.
    """
    words = list(_WORD.finditer(text))
    given: dict[int, list[str]] = {}
    if len(words) == len(fields) and not any(field.kind is Kind.STATE for field in fields):
        given = {place: [word[0]] for place, word in enumerate(words)}
    elif starts is None:
        return False
    else:
        for word in words:
            given.setdefault(bisect_right(starts, lead + word.end() - 1) - 1, []).append(word[0])
    for place, field in enumerate(fields):
        cell, found = row[field.name], given.get(place, [])
        if field.kind is Kind.STATE:
            assert (cell.split() if cell is not None else []) == found, (field.name, cell, found)
        else:
            assert len(found) <= 1, (field.name, found)
            expected = reference.read_cell(found[0], field.kind.value) if found else None
            assert same(cell, expected), (field.name, cell, expected)
    return True


def _assert_times(reading, rows: list[dict], texts: list[str], file_type) -> None:
    """Compare each time, and those of the whole file, with the text of the record."""
    expected = []
    for row, text in zip(rows, texts, strict=True):
        if file_type.time.is_text:
            time = reference.read_time(text[:19])
            assert row[file_type.time.column] == (text[:19] if time is not None else None)
            assert row["time_utc"] == time
        else:
            time = _assert_numeric_time(row, text, file_type, reading.layout)
        expected.append(time)
    known = [time for time in expected if time is not None]
    assert known
    first, last = min(known), max(known)
    assert reading.day == first.date()
    assert abs(datetime.fromisoformat(reading.start_time) - first) < timedelta(milliseconds=1)
    assert abs(datetime.fromisoformat(reading.stop_time) - last) < timedelta(milliseconds=1)


def _assert_numeric_time(row: dict, text: str, file_type, layout) -> datetime | None:
    """A time in seconds, by decimal arithmetic: exact for six decimals or fewer in this century."""
    (field,) = (field for field in layout.fields if field.name == file_type.time.column)
    cell = text[field.location - 1 : field.location - 1 + field.length].strip(" \t")
    time = row["time_utc"]
    if not cell:
        assert time is None
        return None
    seconds = Decimal(cell)
    micros = (seconds * 1_000_000).to_integral_value()
    exact = _J2000 + int(micros) * _MICRO
    tolerance = (
        0 if abs(seconds) < 4_000_000_000 and seconds * 1_000_000 == micros else 1 + abs(int(micros)) // 2**51
    )
    assert abs(time - exact) <= tolerance * _MICRO, (cell, time, exact)
    return time
