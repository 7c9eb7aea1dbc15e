"""A slow, independent reader: a data file by its layout, line by line with str methods, as a label's user would."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

REAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d+)?", re.ASCII)
INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
SCET = re.compile(r"(\d\d)/(\d\d\d)-(\d\d):(\d\d):(\d\d)\.(\d\d\d)", re.ASCII)
LEAP_DAYS = (date(2015, 6, 30), date(2016, 12, 31))


class Unfit(Exception):
    """The file is not what its layout says."""


def read_time(text: str) -> datetime | None:
    if not text.strip():
        return None
    match = SCET.fullmatch(text)
    if not match:
        raise Unfit(f"time {text!r}")
    yy, doy, hour, minute, second, thousandths = (int(part) for part in match.groups())
    year = 2000 + yy
    day = date(year, 1, 1) + timedelta(days=doy - 1)
    if doy < 1 or day.year != year or hour > 23 or minute > 59:
        raise Unfit(f"time {text!r}")
    if second > 59 and not (second == 60 and (hour, minute) == (23, 59) and day in LEAP_DAYS):
        raise Unfit(f"time {text!r}")
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(
        hours=hour, minutes=minute, seconds=second, milliseconds=thousandths
    )


def read_cell(text: str, kind: str):
    text = text.strip(" \t")
    if not text:
        return None
    if kind == "state":
        return text
    if not (REAL if kind == "real" else INTEGER).fullmatch(text):
        raise Unfit(f"{kind} {text!r}")
    number = float(text) if kind == "real" else int(text)
    if kind == "real" and abs(number) == float("inf"):
        raise Unfit(text)
    if kind == "integer" and not -(2**63) <= number < 2**63:
        raise Unfit(text)
    return number


def read_by_layout(data: bytes, layout) -> list[dict]:
    """Return the records of a file that is exactly what ``layout`` says, else raise `Unfit`."""
    if len(data) != layout.header_bytes + layout.records * layout.record_bytes:
        raise Unfit("size")
    if not data.isascii():
        raise Unfit("not ASCII")
    text = data.decode("ascii")
    header = text[: layout.header_bytes]
    if header.count("\n") != layout.header_lines or not header.endswith("\n"):
        raise Unfit("header")
    records = []
    for number in range(layout.records):
        start = layout.header_bytes + number * layout.record_bytes
        line = text[start : start + layout.record_bytes]
        if not line.endswith("\r\n"):
            raise Unfit("line end")
        line = line[:-2]
        if any(ord(character) < 32 and character != "\t" for character in line):
            raise Unfit("control character")
        record, here = {}, 0
        for field in layout.fields:
            begin, end = field.location - 1, field.location - 1 + field.length
            if begin < here or end > len(line):
                raise Unfit(f"field {field.name} overlaps or leaves the record")
            if line[here:begin].strip(" \t"):
                raise Unfit(f"something before field {field.name}: {line[here:begin]!r}")
            cell = line[begin:end]
            if field.kind == "time":
                record[field.name] = cell if cell.strip() else None
                record["time_utc"] = read_time(cell)
            else:
                record[field.name] = read_cell(cell, field.kind)
            here = end
        if line[here:].strip(" \t"):
            raise Unfit("something after the last field")
        records.append(record)
    return records
