"""Dispositions as a text file fit for version control, and what makes one valid.

The file is CSV: a decision is one line, so that a change shows as that line alone and two branches merge; a thousand
alike stay readable in columns, in any editor or spreadsheet; and nothing but the standard library is needed to write
it. Lines are sorted by type, family and time of the decision.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from drf_reprocess.errors import ConfigurationError
from drf_reprocess.model import Action, Disposition, StoredObject
from drf_reprocess.versions.rulings import in_order

COLUMNS = (
    "type",
    "family",
    "source_name",
    "product_id",
    "action",
    "code",
    "start_time",
    "stop_time",
    "who",
    "when",
    "reason",
    "source_sha256",
    "replacement_sha256",
    "replacement_md5",
    "replacement_bytes",
    "disposition_id",
)

ACCEPTABLE = frozenset({"science-gate"})
"""Codes of objections that a person may overrule: the file has a valid label, it is only unlike its former version."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field of a disposition, and how to mend it."""

    field: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}; {self.remedy}"


def identify(disposition: Disposition) -> Disposition:
    """Return a disposition with the id that follows from what it says.

    The family is left out of it: where a decision came without, the catalog finds it.
    """
    told = asdict(replace(disposition, disposition_id="", family=""))
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return replace(disposition, disposition_id=f"d{digest[:_ID_DIGITS]}")


def utc_time(text: str) -> str:
    """Return a time in ISO 8601 as ``YYYY-MM-DDThh:mm:ss[.ffffff]Z``; a day is its midnight, without zone it is UTC.

    ``ValueError`` if it is none.
    """
    moment = datetime.fromisoformat(text)
    try:
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is before the year 1 or after the year 9999 in UTC") from error
    whole = aware.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return whole + (f".{aware.microsecond:06d}".rstrip("0") if aware.microsecond else "") + "Z"


def find_problems(disposition: Disposition) -> list[Problem]:
    """Return all that is wrong with a disposition, whatever the catalog says of its file."""
    return [
        *_text_problems(disposition),
        *_interval_problems(disposition),
        *_replacement_problems(disposition),
        *_code_problems(disposition),
    ]


def _text_problems(disposition: Disposition) -> Iterator[Problem]:
    for field in ("type", "product_id", "source_name", "who", "reason"):
        if not getattr(disposition, field).strip():
            yield Problem(field, "is empty", "every decision says whose file, by whom and why")
    for field in ("type", "product_id", "source_name", "family", "who", "reason", "code"):
        value = getattr(disposition, field)
        if _CONTROL.search(value):
            yield Problem(
                field, f"{value!r} has line ends or control characters", "write it as one line of plain text"
            )
    if not _SHA256.fullmatch(disposition.source_sha256):
        yield Problem(
            "source_sha256", f"{disposition.source_sha256!r} is no SHA-256", "expected 64 digits 0-9, a-f"
        )
    if _as_utc(disposition.when) != disposition.when or "." in disposition.when:
        yield Problem(
            "when",
            f"{disposition.when!r} is no time to the second",
            "expected UTC as 2026-11-21T12:00:00Z",
        )


def _as_utc(text: str) -> str | None:
    try:
        return utc_time(text)
    except ValueError:
        return None


def _interval_problems(disposition: Disposition) -> Iterator[Problem]:
    times = {"start_time": disposition.start_time, "stop_time": disposition.stop_time}
    if disposition.action is not Action.MASK:
        for field, text in times.items():
            if text:
                yield Problem(
                    field, f"{text!r} with action {disposition.action}", "only a mask has an interval"
                )
        return
    wrong = [field for field, text in times.items() if _as_utc(text) != text]
    for field in wrong:
        yield Problem(field, f"{times[field]!r} is no time", "expected UTC as 2014-12-08T03:20:19.328Z")
    if not wrong and datetime.fromisoformat(times["start_time"]) >= datetime.fromisoformat(
        times["stop_time"]
    ):
        yield Problem(
            "stop_time",
            f"{times['stop_time']} is not after {times['start_time']}",
            "the interval ends before its stop time",
        )


def _replacement_problems(disposition: Disposition) -> Iterator[Problem]:
    stored = disposition.replacement
    if disposition.action is not Action.REPLACE:
        if stored is not None:
            yield Problem("replacement", f"given with action {disposition.action}", "only replace has one")
    elif stored is None or not (_SHA256.fullmatch(stored.sha256) and _MD5.fullmatch(stored.md5)):
        yield Problem(
            "replacement",
            "SHA-256 or MD5 of the bytes that stand for the file is missing or none",
            "make the decision with `disposition replace --with FILE`",
        )
    elif stored.sha256 == disposition.source_sha256:
        yield Problem("replacement", "has the same bytes as the file", "give another file")


def _code_problems(disposition: Disposition) -> Iterator[Problem]:
    if disposition.action is Action.ACCEPT and disposition.code not in ACCEPTABLE:
        yield Problem(
            "code",
            f"{disposition.code!r} is nothing that can be accepted: no valid label can be made of the file",
            f"expected {' or '.join(sorted(ACCEPTABLE))}",
        )


def export_text(dispositions: Sequence[Disposition]) -> bytes:
    """Return dispositions as a CSV file in UTF-8: the same for the same decisions.

    ``dispositions`` come oldest first, as from the catalog: those of one family and second stay in that order, since the
    later one counts.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    ordered = sorted(in_order(dispositions), key=lambda one: (one.type, one.family))
    writer.writerows(_to_row(disposition) for disposition in ordered)
    return text.getvalue().encode()


def _to_row(disposition: Disposition) -> dict[str, object]:
    row = asdict(disposition) | {"action": str(disposition.action)}
    stored = row.pop("replacement") or dict.fromkeys(("sha256", "md5", "bytes"), "")
    return row | {f"replacement_{field}": value for field, value in stored.items()}


def parse(text: bytes | str) -> list[Disposition]:
    """Read what `export_text` wrote, or what was written by hand; an empty ``disposition_id`` is filled in.

    Raises
    ------
    ConfigurationError
        Telling line, field and remedy of every fault.
    """
    try:
        plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"the dispositions are no UTF-8 text: {error}; save the file as UTF-8"
        ) from None
    reader = csv.DictReader(io.StringIO(plain, newline=""), strict=True)
    faults: list[str] = []
    found: list[Disposition] = []
    try:
        _check_columns(reader.fieldnames or ())
        for row in reader:
            problems, disposition = _read_row(row)
            faults += [f"line {reader.line_num}: {problem}" for problem in problems]
            if disposition is not None:
                found.append(disposition)
    except csv.Error as error:
        # The reader counts a line when it has understood it.
        faults.append(f"line {reader.line_num + 1}: {error}; mend the quotes of that line")
    if faults:
        raise ConfigurationError("the dispositions cannot be imported:\n" + "\n".join(faults))
    return found


def _check_columns(given: Sequence[str]) -> None:
    missing = [column for column in COLUMNS if column not in given]
    unknown = [column for column in given if column not in COLUMNS]
    doubled = sorted({column for column in given if list(given).count(column) > 1})
    told = [
        f"{what} {', '.join(columns)}"
        for what, columns in (("missing", missing), ("unknown", unknown), ("doubled", doubled))
        if columns
    ]
    if told:
        raise ConfigurationError(
            f"line 1: columns of the dispositions: {'; '.join(told)}; expected {','.join(COLUMNS)}"
        )


def _read_row(row: Mapping[str | None, str | None]) -> tuple[list[Problem], Disposition | None]:
    if None in row or None in row.values():
        return [Problem("line", f"has not {len(COLUMNS)} fields", "quote fields that have commas")], None
    values = {str(name): value or "" for name, value in row.items()}
    try:
        action = Action(values["action"])
    except ValueError:
        known = ", ".join(Action)
        return [Problem("action", f"{values['action']!r} is none", f"expected one of {known}")], None
    given = [values.pop(f"replacement_{part}") for part in ("sha256", "md5", "bytes")]
    if given[2] and not _NUMBER.fullmatch(given[2]):
        return [Problem("replacement_bytes", f"{given[2]!r} is no size", "expected a number of bytes")], None
    stored = StoredObject(given[0], given[1], int(given[2] or 0)) if any(given) else None
    disposition = Disposition(**values | {"action": action, "replacement": stored})  # type: ignore[arg-type]
    problems = find_problems(disposition)
    named = identify(disposition)
    if disposition.disposition_id not in ("", named.disposition_id):
        problems.append(
            Problem(
                "disposition_id",
                f"{disposition.disposition_id} is not that of what the line says",
                "leave it empty where a line was written or changed by hand; withdraw the former decision",
            )
        )
    return problems, named
