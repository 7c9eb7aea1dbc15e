"""Conservation: what must add up at every run, or the run stops; a violation is a bug of this program, never of the data.

A product has as many bytes and records as its file, its Parquet file and its label say; a task tells of every file that it
was given, once; a run of every file that was discovered.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from drf_reprocess.catalog.base import Listing
from drf_reprocess.digests import digest_bytes
from drf_reprocess.errors import ConservationError
from drf_reprocess.model import Outcome, SourceFile, SourceState, StoredObject, WorkItem
from drf_reprocess.reprocess import Reprocessed
from drf_reprocess.stages.reasons import Received
from drf_reprocess.storage.base import object_key

MAX_TOLD = 10
"""So many of the things that differ are named."""

_RECORDS = re.compile(rb"<records>\s*(\d+)\s*</records>")
_FILE_BYTES = re.compile(rb"<file_size [^>]*>\s*(\d+)\s*</file_size>")


def check_product(raw: bytes, identity: StoredObject, done: Reprocessed, *, replaced: bool = False) -> None:
    """Check that what was made of a file tells of the same bytes and records everywhere.

    That the mended file is the received one less what was removed plus what was inserted was checked when it was mended.

    Parameters
    ----------
    raw, identity
        The received bytes and their digests, or those that a person put in their place (``replaced``).

    Raises
    ------
    ConservationError
        If layout, table, Parquet file, label and data file do not agree.
    """
    if replaced:
        _require(
            digest_bytes(raw), identity, "product", "bytes that a person put in place of the received ones"
        )
    _require(len(raw), identity.bytes, "product", "bytes received")
    reading = done.reading
    if done.refused is not None:
        return
    if reading.layout is None or reading.table is None or done.data is None or done.label is None:
        raise ConservationError(
            "a file that is not refused has no table, no data or no label", what="product"
        )
    records = reading.layout.records
    _require(len(reading.data), reading.layout.file_bytes, "product", "bytes of header and records")
    _require(done.data.bytes, len(reading.data), "product", "bytes written")
    _require(
        reading.data is raw or bool(reading.mends),
        True,
        "product",
        "other bytes only where something was mended",
    )
    _require(reading.table.num_rows, records, "product", "rows of the table")
    parquet_rows = pq.read_metadata(pa.BufferReader(done.parquet)).num_rows
    _require(parquet_rows, records, "product", "rows of the Parquet file")
    _require(_numbers(_RECORDS, done.label.content), [records], "product", "records by the label")
    _require(
        _numbers(_FILE_BYTES, done.label.content),
        [len(reading.data)],
        "product",
        "bytes of the file by the label",
    )


def _numbers(pattern: re.Pattern[bytes], label: bytes) -> list[int]:
    return [int(found) for found in pattern.findall(label)]


def add_file(
    violation: ConservationError, item: WorkItem, chosen: Received, done: Reprocessed | None
) -> None:
    """Add to a violation which file it was found on, and where its received bytes are."""
    source = chosen.source
    lidvid = done.label.facts.lidvid if done is not None and done.label is not None else None
    violation.item |= {
        "family": item.family,
        "type": item.type,
        "reason": item.reason,
        "product_id": chosen.candidate.product_id,
        "lidvid": str(lidvid or chosen.candidate.lid),
        "source": source.uri,
        "source_name": source.name,
        "source_mtime_ns": source.mtime_ns,
        "received": asdict(chosen.identity),
        "received_bytes_in": [source.uri, object_key(chosen.identity.sha256)],
    }
    if done is not None:
        violation.item |= {
            "mends": [asdict(mend) for mend in done.reading.mends],
            "data": asdict(done.data) if done.data else None,
        }


def check_task(items: Sequence[WorkItem], outcomes: Sequence[Outcome]) -> None:
    """Check that a task tells once of every file that it was given, before anything of it is recorded.

    Raises
    ------
    ConservationError
        If a file is forgotten, told of twice, or was not given.
    """
    given = Counter(source.uri for item in items for source in item.sources)
    told = Counter(source.source.uri for outcome in outcomes for source in outcome.sources)
    if given == told:
        return
    odd = sorted((given - told) + (told - given))
    families = {item.family: item for item in items}
    item = next(
        (one for one in families.values() if {source.uri for source in one.sources} & set(odd)), items[0]
    )
    raise ConservationError(
        f"a task was given {given.total()} files and told what became of {told.total()}; the first that differs: {odd[0]}",
        what="task",
        expected=given.total(),
        got=told.total(),
        first={"source": odd[0], "given": given[odd[0]], "told": told[odd[0]]},
        item={
            "family": item.family,
            "type": item.type,
            "product_ids": [candidate.product_id for candidate in item.candidates],
            "lids": [str(candidate.lid) for candidate in item.candidates],
            "sources": [asdict(source) for source in item.sources],
            "outcomes": [
                {"source": one.source.uri, "state": str(one.state), "md5": one.md5, "sha256": one.sha256}
                for outcome in outcomes
                if outcome.family == item.family
                for one in outcome.sources
            ],
        },
    )


def check_run(
    listing: Listing, refused: Iterable[SourceFile], counts: Mapping[str, int], discovered: int
) -> None:
    """Check that every file that was discovered ended in one state, by this run's count and by the catalog.

    Parameters
    ----------
    refused
        Files that were set aside by their listing alone, and so are not in ``listing``.
    counts
        Of this run, by state.

    Raises
    ------
    ConservationError
        If the counts do not add up, or the catalog has no row of a file as it was listed.
    """
    by_state = {str(state): counts.get(str(state), 0) for state in SourceState}
    if sum(by_state.values()) != discovered:
        raise ConservationError(
            f"{discovered} files were discovered, {sum(by_state.values())} have an end state: {by_state}",
            what="run",
            expected=discovered,
            got=by_state,
        )
    count, uris = listing.unaccounted(refused, limit=MAX_TOLD)
    if count:
        raise ConservationError(
            f"the catalog does not tell of {count} files as they were listed; the first: {uris[0]}",
            what="run",
            expected=0,
            got=count,
            first=uris[0],
            item={"sources": uris},
        )


def _require(got: object, expected: object, what: str, words: str) -> None:
    if got != expected:
        _fail(got, expected, what, words)


def _fail(got: object, expected: object, what: str, words: str) -> NoReturn:
    raise ConservationError(
        f"{words}: {got}, expected {expected}",
        what=what,
        expected=expected if isinstance(expected, (int, str, list, bool)) else str(expected),
        got=got if isinstance(got, (int, str, list, bool)) else str(got),
        first=words,
    )
