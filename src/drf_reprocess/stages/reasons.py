"""Why a received file makes no product: reason codes, messages and remedies, as outcomes."""

from __future__ import annotations

from dataclasses import dataclass

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

ATTEMPTS = 2
"""How often a file may be at work on a worker that dies: in company first, then alone."""


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


def changed_while_read(item: WorkItem, source: SourceFile, product_id: str, read_bytes: int) -> SourceOutcome:
    """The file grew or shrank between plan and reading."""
    return tell(
        item,
        source,
        product_id,
        SourceState.FAILED,
        "changed-while-read",
        f"{source.bytes} bytes when the run was planned, {read_bytes} when it was read",
        "wait until the file has arrived (source.settle_s), then run again",
    )


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


def worker_died(item: WorkItem) -> Outcome:
    """The worker process ended each time that it had the item."""
    return failed(
        item,
        "worker-died",
        f"its worker process ended {ATTEMPTS} times while it was at work, the second time with this file alone",
        "give the workers more memory (compute.memory_limit) or look at the file with `inspect`; it is tried again in "
        "the next run",
    )
