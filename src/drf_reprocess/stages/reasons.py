"""Why a received file makes no product: reason codes, messages and remedies, as outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from drf_reprocess.compute.suspects import Verdict
from drf_reprocess.errors import StorageError
from drf_reprocess.model import (
    Candidate,
    Disposition,
    Finding,
    Outcome,
    SourceFile,
    SourceOutcome,
    SourceState,
    StoredObject,
    WorkItem,
)
from drf_reprocess.versions import rulings


@dataclass(frozen=True, slots=True)
class Received:
    """A received file, read, and the product that its name claims."""

    source: SourceFile
    raw: bytes
    identity: StoredObject
    candidate: Candidate


def tell(
    item: WorkItem,
    source: SourceFile,
    product_id: str,
    state: SourceState,
    code: str = "",
    message: str = "",
    remedy: str = "",
    identity: StoredObject | None = None,
    findings: tuple[Finding, ...] = (),
) -> SourceOutcome:
    """Return what became of a file of the item."""
    return SourceOutcome(
        source=source,
        state=state,
        md5=identity.md5 if identity else "",
        sha256=identity.sha256 if identity else "",
        product_id=product_id,
        type=item.type,
        family=item.family,
        rulings=rulings.digest(item.dispositions),
        covered_by=item.covered_by,
        code=code,
        message=f"{source.name}: {message}" if message else "",
        remedy=remedy,
        findings=findings,
    )


def set_aside(
    item: WorkItem,
    one: Received,
    state: SourceState,
    code: str,
    message: str,
    remedy: str,
    findings: tuple[Finding, ...] = (),
) -> SourceOutcome:
    """Return the outcome of a file that was read and makes no product, or none that stands."""
    product_id = one.candidate.product_id
    return tell(item, one.source, product_id, state, code, message, remedy, one.identity, findings)


def held(
    item: WorkItem, one: Received, findings: tuple[Finding, ...], objections: tuple[Finding, ...]
) -> SourceOutcome:
    """The science gate objects to the product: a person has to look at it."""
    return set_aside(
        item,
        one,
        SourceState.HELD,
        "science-gate",
        f"compared with its former version: {'; '.join(objection.message for objection in objections)}",
        "look at it (`inspect`, the Parquet file in store/), then `disposition accept` or `disposition exclude`",
        (*findings, *objections),
    )


def identical_copy(item: WorkItem, copy: Received, chosen: Received) -> SourceOutcome:
    """The same bytes as another file, which stands for the product."""
    return set_aside(
        item,
        copy,
        SourceState.SUPERSEDED,
        "identical-copy",
        f"the same bytes as {chosen.source.name}, which stands for the product {chosen.candidate.product_id}",
        "none needed",
    )


def superseded(item: WorkItem, one: Received, chosen: Received, why: str) -> SourceOutcome:
    """Another file of the family is the one to deliver."""
    return set_aside(
        item,
        one,
        SourceState.SUPERSEDED,
        "superseded",
        f"{chosen.source.name} stands for the same data ({why}); the original is kept in store/",
        "none needed; `disposition choose` makes this one stand instead",
    )


def covered_twice(item: WorkItem, one: Received) -> SourceOutcome:
    """A file of the same type covers its days and more, and the profile has the wider one go before."""
    return set_aside(
        item,
        one,
        SourceState.SUPERSEDED,
        "covered-twice",
        f"{item.covered_by} covers these days and more, and the profile's precedence has the wider file stand alone; the "
        "original is kept in store/",
        "none needed; precedence.covered_twice of the profile decides this",
    )


def product_conflict(item: WorkItem, one: Received, other: SourceFile) -> SourceOutcome:
    """Another file claims the same data and differs, and no rule puts one before the other."""
    return set_aside(
        item,
        one,
        SourceState.QUARANTINED,
        "product-conflict",
        f"it and {other.name} differ, both claim the data of {item.family}, and no rule of precedence parts them",
        "choose one with `disposition choose`, or leave only the right one in the source",
    )


def excluded(item: WorkItem, one: Received, disposition: Disposition) -> SourceOutcome:
    """A person decided that it is not to be archived."""
    return set_aside(
        item,
        one,
        SourceState.EXCLUDED,
        "excluded",
        f"excluded by {disposition.who} on {disposition.when[:10]}: {disposition.reason}",
        f"none needed; `disposition withdraw {disposition.disposition_id}` takes the decision back",
    )


def unreadable(item: WorkItem, source: SourceFile, product_id: str, error: StorageError) -> SourceOutcome:
    """The store could not give the file."""
    return tell(
        item,
        source,
        product_id,
        SourceState.FAILED,
        "unreadable",
        f"cannot be read: {error}",
        "see that the file exists and may be read; it is tried again in the next run",
    )


def vanished(item: WorkItem, source: SourceFile, product_id: str, error: StorageError) -> SourceOutcome:
    """The file was there when the run was planned, and was not when it was to be read."""
    return tell(
        item,
        source,
        product_id,
        SourceState.FAILED,
        "vanished",
        f"it was there when the run was planned, with {source.bytes} bytes of {_utc(source.mtime_ns)}, and is gone: {error}",
        "put it back, or leave it away for good; if it is there again, the next run reads it",
    )


def changes_of(planned: SourceFile, found: SourceFile, read_bytes: int) -> str:
    """Return in words how a file that was just read differs from the planned one, an empty text if it does not.

    ``found`` is what its store tells of it after the reading. Of two files with entity tags these tell, not the times: a
    store may give the same time to the second in one answer and to the millisecond in another.
    """
    if read_bytes > planned.bytes:
        return f"{planned.bytes} bytes when the run was planned, more when it was read: {found.bytes} by now"
    if read_bytes < planned.bytes:
        return f"{planned.bytes} bytes when the run was planned, {read_bytes} when it was read"
    if found.bytes != planned.bytes:
        return f"{planned.bytes} bytes when the run was planned, {found.bytes} after it was read"
    if planned.version and found.version:
        if planned.version != found.version:
            return f"entity tag {planned.version} when the run was planned, {found.version} after it was read"
    elif planned.mtime_ns != found.mtime_ns:
        return f"last changed {_utc(planned.mtime_ns)} when the run was planned, {_utc(found.mtime_ns)} after it was read"
    return ""


def changed_while_read(item: WorkItem, source: SourceFile, product_id: str, changes: str) -> SourceOutcome:
    """The file grew, shrank or was replaced between plan and reading, or during it; ``changes`` says how."""
    return tell(
        item,
        source,
        product_id,
        SourceState.FAILED,
        "changed-while-read",
        changes,
        "wait until the file has arrived (source.settle_s), then run again",
    )


def _utc(time_ns: int) -> str:
    """Return nanoseconds since 1970 as ISO 8601 UTC with all digits; as they are where no calendar has such a time."""
    try:
        moment = datetime.fromtimestamp(time_ns // 10**9, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{time_ns} ns"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns % 10**9:09d}Z"


def failed(item: WorkItem, code: str, message: str, remedy: str) -> Outcome:
    """The program or its surroundings failed on all files of an item."""
    return Outcome(
        item.family,
        tuple(
            tell(item, source, candidate.product_id, SourceState.FAILED, code, message, remedy)
            for candidate in item.candidates
            for source in candidate.sources
        ),
    )


WORKER_REMEDIES = {
    Verdict.WORKER_DIED: "give the workers more memory (compute.memory_limit) or look at the file with `inspect`; it is "
    "tried again in the next run",
    Verdict.TIME_LIMIT: "give the tasks more time (compute.task_limit_s) or look at the file with `inspect`; it is tried "
    "again in the next run",
    Verdict.WORKER_LOST: "see why hosts and workers went away, in their logs; it is tried again in the next run",
}


def worker_lost(item: WorkItem, verdict: Verdict, losses: Sequence[str]) -> Outcome:
    """Workers were lost while they had the item alone; ``losses`` tells of each in words."""
    told = "; ".join(f"({number}) {words}" for number, words in enumerate(losses, 1))
    return failed(
        item,
        verdict.value,
        f"its worker was lost {len(losses)} times while it had this file alone: {told}",
        WORKER_REMEDIES[verdict],
    )
