"""The plan as a document: a JSON file to be kept, read and run, and a CSV of its products.

The JSON document has, in this order: ``version`` (of this form, 1); ``run_time``, with which the run that executes the
plan is dated unless ``run.time`` is set; ``mode``, ``reason``, ``quick`` (whether nothing was read for it); ``resumes``
(runs that were cut off); ``conditions`` and their digests ``config_digest`` and ``profile_digest``; ``catalog`` (its last
run and its count of deliveries); counts of files (``files``, ``files_bytes``, ``arriving``, ``to_process``, ``reasons``,
``settled``, ``disk_bytes``); ``to_set_aside``, the files that are set aside unread; ``products``, a row each; and what
follows from them: ``decisions``, ``collections``, ``deliveries``, ``disk``, ``time``.

A row of ``products`` has ``family``, ``type``, ``product_id``, ``lid``, ``reason``, ``decision`` and ``expected_vid``
(joined by " or " where that is not known), ``code`` and ``message`` where it makes no product, ``exact`` (whether it was
found by doing the work), ``present_vid`` (that stands now), ``base_vid`` (the last one used up), ``bytes`` and
``sources`` (uri, bytes, mtime_ns, version), ``dispositions`` and ``covered_by``, and ``differences`` (elements in which an
adopted label that stays differs from the one that would be written).

Each key of the document and each row stand on a line of their own, so that a mission's plan is written and read in little
memory; a document that somebody laid out anew is read all the same.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO

from drf_reprocess.catalog.base import NEW_FILE
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.model import Candidate, SourceOutcome, WorkItem
from drf_reprocess.planning.expectation import Expectation

VERSION = 1

Row = dict[str, Any]

ROWS = "products"

RESENT = "sent again: another file for the same data"

COLUMNS = (
    "family",
    "type",
    "product_id",
    "lid",
    "reason",
    "decision",
    "code",
    "exact",
    "present_vid",
    "expected_vid",
    "bytes",
    "files",
    "sources",
    "message",
    "differences",
)


def work_row(item: WorkItem, candidate: Candidate) -> Row:
    """Return what a plan says of a product's work, without what is expected to come of it.

    Two plans are the same work if they have the same of these rows.
    """
    present = candidate.current
    return {
        "family": item.family,
        "type": item.type,
        "product_id": candidate.product_id,
        "lid": str(candidate.lid),
        "present_vid": str(present.vid) if present else None,
        "base_vid": str(candidate.base.vid) if candidate.base else None,
        "bytes": sum(source.bytes for source in candidate.sources),
        "sources": [
            {"uri": one.uri, "bytes": one.bytes, "mtime_ns": one.mtime_ns, "version": one.version}
            for one in candidate.sources
        ],
        "dispositions": [one.disposition_id for one in item.dispositions],
        "covered_by": item.covered_by,
    }


def set_aside_row(outcome: SourceOutcome) -> Row:
    """Return the row of a file that is set aside by its listing alone."""
    source = outcome.source
    return {
        "source": source.uri,
        "code": outcome.code,
        "message": outcome.message,
        "state": str(outcome.state),
        "bytes": source.bytes,
        "mtime_ns": source.mtime_ns,
        "version": source.version,
    }


def product_row(item: WorkItem, expectation: Expectation) -> Row:
    """Return the row of a product: its work, why it is done, and what is expected to come of it."""
    return work_row(item, expectation.candidate) | {
        "reason": _reason(item),
        "decision": expectation.decision,
        "code": expectation.code,
        "message": expectation.message,
        "exact": expectation.is_exact,
        "expected_vid": expectation.expected_vid,
        "differences": list(expectation.differences),
    }


def _reason(item: WorkItem) -> str:
    """Return why a family is worked on; a new file for what is known already was sent again."""
    is_known = any(candidate.base or candidate.standing for candidate in item.candidates)
    return RESENT if item.reason == NEW_FILE and (is_known or len(item.sources) > 1) else item.reason


class Sink(Protocol):
    """Takes a plan as it is made."""

    def start(self, head: Mapping[str, object]) -> None:
        """Take what is known before any product."""

    def add(self, row: Row) -> None:
        """Take a product."""

    def finish(self, tail: Mapping[str, object]) -> None:
        """Take what follows from all products."""


class JsonSink:
    """Writes the plan as a JSON document, a line each key and each row."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._separator = "\n"

    def start(self, head: Mapping[str, object]) -> None:
        """Write the first keys."""
        self._file.write("{\n")
        for key, value in head.items():
            self._file.write(f"{json.dumps(key)}: {_dump(value)},\n")
        self._file.write(f'"{ROWS}": [')

    def add(self, row: Row) -> None:
        """Write a row."""
        self._file.write(self._separator + _dump(row))
        self._separator = ",\n"

    def finish(self, tail: Mapping[str, object]) -> None:
        """Write the last keys."""
        self._file.write("\n],\n")
        self._file.write(",\n".join(f"{json.dumps(key)}: {_dump(value)}" for key, value in tail.items()))
        self._file.write("\n}\n")


class CsvSink:
    """Writes the products of the plan as CSV with a header line; several files or texts of a cell stand on lines."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)

    def start(self, head: Mapping[str, object]) -> None:
        """Write the header line."""
        self._writer.writerow(COLUMNS)

    def add(self, row: Row) -> None:
        """Write a row."""
        told = row | {
            "files": len(row["sources"]),
            "sources": "\n".join(source["uri"] for source in row["sources"]),
            "differences": "\n".join(row["differences"]),
        }
        self._writer.writerow([told[column] for column in COLUMNS])

    def finish(self, tail: Mapping[str, object]) -> None:
        """Write nothing: it is a table of products alone."""


@dataclass(slots=True)
class ShortSink:
    """Keeps the plan without its products, and the first of these, to be shown."""

    most: int
    document: dict[str, object] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    count: int = 0

    def start(self, head: Mapping[str, object]) -> None:
        """Keep the first keys."""
        self.document |= head

    def add(self, row: Row) -> None:
        """Keep a row, if it is one of the first."""
        self.count += 1
        if len(self.rows) < self.most:
            self.rows.append(row)

    def finish(self, tail: Mapping[str, object]) -> None:
        """Keep the last keys."""
        self.document |= tail


def _dump(value: object) -> str:
    return json.dumps(value, default=str)


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """A plan that was written to a file."""

    path: Path
    facts: Mapping[str, Any]
    """Everything but the products."""

    @property
    def run_time(self) -> str:
        """Time with which the run that executes the plan is dated."""
        return str(self.facts["run_time"])

    def rows(self) -> Iterator[Row]:
        """Read the products from the file, one at a time."""
        for key, value in _parts(self.path):
            if key is None:
                yield value


def open_plan(path: Path) -> PlanDocument:
    """Return the plan that a file holds.

    Raises
    ------
    ConfigurationError
        If it cannot be read, or is no plan, or one of another form.
    """
    try:
        facts = {key: value for key, value in _parts(path) if key is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the plan {path} cannot be read: {error}; `plan --to FILE` writes one"
        ) from error
    if facts.get("version") != VERSION or not facts.keys() >= NEEDED:
        raise ConfigurationError(
            f"{path} is no plan of this version: its version is {facts.get('version')!r}, expected {VERSION}; make it "
            "again with `plan --to FILE`"
        )
    if fault := _facts_fault(facts):
        raise ConfigurationError(f"{path} is no plan: {fault}; `plan --to FILE` writes one")
    return PlanDocument(path, facts)


NEEDED = {"run_time", "mode", "quick", "conditions", "to_set_aside", "settled"}
"""Keys without which a document is no plan."""

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def _facts_fault(facts: Mapping[str, Any]) -> str:
    """Return what of a document cannot be held against the mission, an empty text if all can."""
    if not isinstance(facts["run_time"], str) or not _TIME.fullmatch(facts["run_time"]):
        return f"run_time is {str(facts['run_time'])[:80]!r}, expected UTC to the second"
    for key in ("conditions", "settled"):
        if not isinstance(facts[key], dict):
            return f"{key} is no object"
    if not all(isinstance(section, dict) for section in facts["conditions"].values()):
        return "a section of conditions is no object"
    rows = facts["to_set_aside"]
    if not isinstance(rows, list) or not all(_has_texts(row, "source", "code") for row in rows):
        return "to_set_aside is no list of files with source and code"
    return ""


def find_row_fault(row: object) -> str:
    """Return what of a product's row cannot be held against the mission, an empty text if all can."""
    if not _has_texts(row, "lid") or not isinstance(row, dict):
        return "has no lid"
    sources = row.get("sources")
    if not isinstance(sources, list) or not all(_has_texts(source, "uri") for source in sources):
        return f"({row['lid'][:255]!r}) has no list of sources, each with its uri"
    return ""


def _has_texts(row: object, *keys: str) -> bool:
    return isinstance(row, dict) and all(isinstance(row.get(key), str) for key in keys)


def _parts(path: Path) -> Iterator[tuple[str | None, Any]]:
    """Yield keys with their values, and the rows of the products with None for a key."""
    with path.open(encoding="utf-8") as file:
        lines = map(str.rstrip, file)
        if next(lines, "") == "{" and next(lines, "").startswith('"version": '):
            file.seek(0)
            yield from _parts_of_lines(path, map(str.rstrip, file))
            return
    yield from _parts_of_document(path)


def _parts_of_lines(path: Path, lines: Iterator[str]) -> Iterator[tuple[str | None, Any]]:
    within = False
    for number, line in enumerate(lines, 1):
        try:
            if line == f'"{ROWS}": [':
                within = True
            elif within and line in ("]", "],"):
                within = False
            elif within and line:
                yield None, json.loads(line.removesuffix(","))
            elif line not in ("{", "}", ""):
                yield from json.loads(f"{{{line.removesuffix(',')}}}").items()
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{path}, line {number}: no plan: {error}") from error


def _parts_of_document(path: Path) -> Iterator[tuple[str | None, Any]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no plan: {error}; `plan --to FILE` writes one") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path} is no plan: expected a JSON object; `plan --to FILE` writes one")
    for key, value in document.items():
        if key == ROWS and isinstance(value, list):
            yield from ((None, row) for row in value)
        else:
            yield key, value
