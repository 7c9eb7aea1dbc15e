"""Receive: the files of a task are read, once, and digested several at once.

MD5 is a tenth of the whole line for one file after another, and a third of that for many files together; see `md5_lanes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from drf_reprocess.errors import ObjectNotFound, StorageError
from drf_reprocess.md5_lanes import digest_many
from drf_reprocess.model import Candidate, SourceFile, SourceOutcome, WorkItem
from drf_reprocess.stages import reasons
from drf_reprocess.storage.base import Store

AHEAD_BYTES = 64 * 2**20
"""So much is read before the first of it is processed, about: enough to digest it together, and no more in memory."""


@dataclass(slots=True)
class FamilyFiles:
    """The files of a family as they were read."""

    item: WorkItem
    received: list[reasons.Received] = field(default_factory=list)
    unread: list[SourceOutcome] = field(default_factory=list)
    error: Exception | None = None
    """What the program failed with."""


Read = tuple[FamilyFiles, SourceFile, Candidate, bytes]


def read_ahead(source: Store, items: Sequence[WorkItem]) -> Iterator[FamilyFiles]:
    """Yield the files of each family, in order; some families are read and digested before the first is yielded."""
    batch: list[WorkItem] = []
    size = 0
    for item in items:
        if batch and size + item.bytes > AHEAD_BYTES:
            yield from _read_together(source, batch)
            batch, size = [], 0
        batch.append(item)
        size += item.bytes
    yield from _read_together(source, batch)


def _read_together(source: Store, items: Sequence[WorkItem]) -> Iterator[FamilyFiles]:
    read: list[Read] = []
    families = [_read_family(source, item, read) for item in items]
    identities = digest_many([raw for *_, raw in read])
    for (family, file, candidate, raw), identity in zip(read, identities, strict=True):
        family.received.append(reasons.Received(file, raw, identity, candidate))
    # All bytes are given back together: the next files fit into their place, whatever sizes they have.
    yield from families


def _read_family(source: Store, item: WorkItem, read: list[Read]) -> FamilyFiles:
    family = FamilyFiles(item)
    try:
        for candidate in item.candidates:
            for file in candidate.sources:
                found = _read_file(source, item, file, candidate)
                if isinstance(found, bytes):
                    read.append((family, file, candidate, found))
                else:
                    family.unread.append(found)
    except Exception as error:  # no input may end a run: the family is set aside, the others go on
        family.error = error
    return family


def _read_file(
    source: Store, item: WorkItem, file: SourceFile, candidate: Candidate
) -> bytes | SourceOutcome:
    """Return the bytes of a file, only if it is the one that was planned, before the reading and after it."""
    product_id = candidate.product_id
    try:
        # One byte more than there should be tells of a file that grows, however large it is by now.
        raw = source.read_range(file.name, 0, file.bytes + 1)
        found = source.info(file.name)
    except ObjectNotFound as error:
        return reasons.vanished(item, file, product_id, error)
    except StorageError as error:
        return reasons.unreadable(item, file, product_id, error)
    if changes := reasons.changes_of(file, found, len(raw)):
        return reasons.changed_while_read(item, file, product_id, changes)
    return raw
