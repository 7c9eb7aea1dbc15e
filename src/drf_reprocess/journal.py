"""The journal ``runs/journal/``: every change of the catalog, checksummed, so that a lost or damaged catalog can be made again.

Segments are immutable objects named by the positions of their first and last change, each with a header line that tells
the SHA-256 of the rest. Two processes may write the same changes twice; a reader takes each position once. A segment that
begins with everything anew is named so, and all before it is history that no reader needs.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence

from drf_reprocess.catalog.base import CLEAR, Catalog, Change
from drf_reprocess.errors import JournalDamaged
from drf_reprocess.storage.base import Store

JOURNAL = "runs/journal"
FORMAT = "drf-reprocess journal 1"
SEGMENT_CHANGES = 500
INTERVAL_S = 1.0
"""So often changes are written while a run works; until then they stand in the catalog alone."""

_SHA256 = re.compile(rb'"([0-9a-f]{64})"')
_NAME = re.compile(r"(\d{12})-(\d{12})(-anew)?\.jsonl")


class Journal:
    """The journal of one output, fed from its catalog."""

    def __init__(self, catalog: Catalog, output: Store) -> None:
        self._catalog = catalog
        self._output = output
        self._written_s = time.monotonic()

    def write(self) -> None:
        """Write all changes that do not stand in the journal yet; durable on return."""
        batch: list[Change] = []
        for change in self._catalog.changes():
            if len(batch) == SEGMENT_CHANGES or (batch and change.kind == CLEAR):
                self._write_segment(batch)
                batch = []
            batch.append(change)
        if batch:
            self._write_segment(batch)
        self._written_s = time.monotonic()

    def _write_segment(self, batch: Sequence[Change]) -> None:
        key = segment_key(batch[0].position, batch[-1].position, anew=batch[0].kind == CLEAR)
        self._output.write(key, render_segment(batch))
        self._catalog.forget_changes(batch[-1].position)

    def write_if_due(self) -> None:
        """Write if a second has gone by since the last time."""
        if time.monotonic() - self._written_s > INTERVAL_S:
            self.write()


def segment_key(first: int, last: int, *, anew: bool = False) -> str:
    """Return the key of the segment that holds the changes ``first`` to ``last``; ``anew`` if it begins with everything."""
    return f"{JOURNAL}/{first:012d}-{last:012d}{'-anew' if anew else ''}.jsonl"


def is_segment(key: str) -> bool:
    """Tell whether a key is that of a segment."""
    return key.startswith(f"{JOURNAL}/") and _NAME.fullmatch(key.removeprefix(f"{JOURNAL}/")) is not None


def last_position(output: Store) -> int:
    """Return the position of the last change that stands in the journal of an output; 0 if it has none."""
    return max((last for _, last, _ in _segments(output)), default=0)


def read_journal(output: Store) -> Iterator[Change]:
    """Yield all changes in order, each once.

    Raises
    ------
    JournalDamaged
        If a segment is missing, or is not what was written.
    """
    segments = sorted(_segments(output))
    # What stands before the last segment that begins with everything is not needed, and may be gone.
    reached = max((first - 1 for first, _, key in segments if "-anew." in key), default=0)
    for first, last, key in segments:
        if first > reached + 1:
            raise JournalDamaged(
                f"changes {reached + 1} to {first - 1} of the journal {output.uri(JOURNAL)} are missing: the next segment is "
                f"{key}; put the missing segments back from a copy"
            )
        if last > reached:
            for change in parse_segment(output.read(key), output.uri(key)):
                if change.position > reached:
                    yield change
            reached = last


def mentioned(output: Store, names: Collection[str]) -> set[str]:
    """Return those of some objects (their SHA-256) that the journal tells of anywhere: a row named them once."""
    wanted = {name.encode() for name in names}
    found: set[bytes] = set()
    for _, _, key in _segments(output):
        found.update(wanted.intersection(_SHA256.findall(output.read(key))))
    return {name.decode() for name in found}


def render_segment(changes: Iterable[Change]) -> bytes:
    """Return the bytes of a segment: a header line, then one line a change."""
    lines = [
        json.dumps([change.position, change.relation, change.kind, change.row], separators=(",", ":"))
        for change in changes
    ]
    body = "".join(f"{line}\n" for line in lines).encode()
    header = {"format": FORMAT, "changes": len(lines), "sha256": hashlib.sha256(body).hexdigest()}
    return json.dumps(header).encode() + b"\n" + body


def parse_segment(data: bytes, uri: str) -> Iterator[Change]:
    """Yield the changes of a segment; `JournalDamaged` if its bytes are not those that were written."""
    head, _, body = data.partition(b"\n")
    try:
        header = json.loads(head)
        expected = header["sha256"] if header["format"] == FORMAT else f"format {FORMAT}"
    except (ValueError, KeyError, TypeError):
        expected = "a header line"
    found = hashlib.sha256(body).hexdigest()
    if found != expected:
        raise JournalDamaged(
            f"segment {uri} of the journal is damaged: expected {expected}, got {found} (SHA-256 of its {len(body)} bytes "
            "after the header line); put it back from a copy"
        )
    for line in body.splitlines():
        yield Change(*json.loads(line))


def _segments(output: Store) -> Iterator[tuple[int, int, str]]:
    for file in output.list(JOURNAL):
        match = _NAME.fullmatch(file.name.rpartition("/")[2])
        if match is not None:
            yield int(match[1]), int(match[2]), file.name
