"""The catalog against its journal, row by row: both must tell the same.

The journal is folded to one digest a row, so that a mission's rows are never in memory; the rows that differ are read
once more to be named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from drf_reprocess.catalog.base import CLEAR, PUT, Catalog, Change
from drf_reprocess.catalog.noting import JOURNALED
from drf_reprocess.errors import JournalDamaged
from drf_reprocess.journal import JOURNAL, read_journal
from drf_reprocess.recovery.difference import Difference
from drf_reprocess.storage.base import Store

KEYS = {table.name: tuple(column.name for column in table.primary_key.columns) for table in JOURNALED}
"""Columns of the key of each table."""

DETAILED = 1000
"""Of so many differing rows the columns are told; of more, only that they differ."""

DIGEST_BYTES = 12

REBUILD = "find out who wrote it; `drf-reprocess catalog rebuild` makes the catalog what the journal tells"


def all_changes(catalog: Catalog, output: Store) -> Iterator[Change]:
    """Yield the changes of the journal, then those that stand in the catalog alone yet.

    Raises
    ------
    JournalDamaged
        If a segment is missing or damaged, or the journal ends before what the catalog has let go of.
    """
    reached = 0
    for change in read_journal(output):
        reached = change.position
        yield change
    for change in catalog.changes():
        if change.position <= reached:
            continue
        if change.position > reached + 1:
            raise _lost_end(output, reached, change.position - 1)
        reached = change.position
        yield change
    if reached < catalog.last_change():
        raise _lost_end(output, reached, catalog.last_change())


def _lost_end(output: Store, reached: int, last: int) -> JournalDamaged:
    return JournalDamaged(
        f"changes {reached + 1} to {last} are missing at the end of the journal {output.uri(JOURNAL)}: a segment whose name "
        f"begins with {reached + 1:012d} is not there; put it back from a copy"
    )


def compare_books(catalog: Catalog, output: Store) -> Iterator[Difference]:
    """Yield each row in which the catalog is not what its journal tells, and whatever is wrong with the journal."""
    try:
        told = _fold(all_changes(catalog, output))
    except JournalDamaged as error:
        yield Difference("journal", output.uri(JOURNAL), "every change once", str(error), "see there")
        return
    except KeyError as error:
        yield Difference(
            "journal",
            output.uri(JOURNAL),
            "rows of tables that this software knows",
            f"a change without {error}",
            "use the software that wrote it",
        )
        return
    others: dict[bytes, Mapping[str, Any]] = {}
    for relation, row in catalog.content():
        key = row_key(relation, row)
        digest = told.pop(key, None)
        if digest is None:
            yield Difference("row", row_name(relation, row), "no such row", "a row", REBUILD)
        elif digest != row_digest(row):
            if len(others) < DETAILED:
                others[key] = row
            else:
                yield Difference("row", row_name(relation, row), "as the journal tells", "otherwise", REBUILD)
    if others or told:
        yield from _name(all_changes(catalog, output), others, told.keys())


def _fold(changes: Iterator[Change]) -> dict[bytes, bytes]:
    """Return, by digest of its key, the digest of each row that stands at the end."""
    folded: dict[bytes, bytes] = {}
    for change in changes:
        if change.kind == CLEAR:
            folded.clear()
            continue
        key = row_key(change.relation, change.row)
        if change.kind == PUT:
            folded[key] = row_digest(change.row)
        else:
            folded.pop(key, None)
    return folded


def _name(
    changes: Iterator[Change], others: Mapping[bytes, Mapping[str, Any]], missing: Collection[bytes]
) -> Iterator[Difference]:
    """Yield the differences of rows that are otherwise or missing, from what the journal says of them last."""
    wanted: dict[bytes, Change] = {}
    for change in changes:
        if (change.kind == PUT and (key := row_key(change.relation, change.row)) and key in missing) or (
            change.kind == PUT and key in others
        ):
            wanted[key] = change
    for key, change in wanted.items():
        name = row_name(change.relation, change.row)
        if key not in others:
            yield Difference("row", name, "a row", "no such row", REBUILD)
            continue
        found, told = _plain(others[key]), _plain(change.row)
        columns = [column for column in told if told[column] != found.get(column)]
        yield Difference(
            "row",
            name,
            "; ".join(f"{column} = {told[column]!r}" for column in columns),
            "; ".join(f"{column} = {found.get(column)!r}" for column in columns),
            REBUILD,
        )


def content_digests(catalog: Catalog) -> dict[str, tuple[int, str]]:
    """Return, by table, the number of rows and a digest of all of them: equal content, equal digests."""
    counts = dict.fromkeys(KEYS, 0)
    digests = {name: hashlib.sha256() for name in KEYS}
    for relation, row in catalog.content():
        counts[relation] += 1
        digests[relation].update(row_digest(row))
    return {name: (counts[name], digests[name].hexdigest()) for name in KEYS}


def row_key(relation: str, row: Mapping[str, Any]) -> bytes:
    """Return the digest of a row's table and key."""
    return _digest([relation, *(row[column] for column in KEYS[relation])])


def row_digest(row: Mapping[str, Any]) -> bytes:
    """Return the digest of a whole row."""
    return _digest(_plain(row))


def row_name(relation: str, row: Mapping[str, Any]) -> str:
    """Return how a row is told to people: table and key."""
    return f"{relation} {' '.join(str(row[column]) for column in KEYS[relation])}"


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    # The journal's triggers write what SQLite has for truth: 0 and 1.
    return {name: int(value) if isinstance(value, bool) else value for name, value in row.items()}


def _digest(value: object) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()
