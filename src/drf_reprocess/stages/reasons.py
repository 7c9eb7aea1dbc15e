"""Why a received file makes no product: reason codes, messages and remedies, as outcomes."""

from __future__ import annotations

from dataclasses import dataclass

from drf_reprocess.errors import StorageError
from drf_reprocess.model import (
    Finding,
    Outcome,
    SourceFile,
    SourceOutcome,
    SourceState,
    StoredObject,
    WorkItem,
)

ATTEMPTS = 2
"""How often a file may be at work on a worker that dies: in company first, then alone."""


@dataclass(frozen=True, slots=True)
class Received:
    """A received file, read."""

    source: SourceFile
    raw: bytes
    identity: StoredObject


def set_aside(
    item: WorkItem,
    source: SourceFile,
    state: SourceState,
    code: str,
    message: str,
    remedy: str,
    received: StoredObject | None = None,
    findings: tuple[Finding, ...] = (),
) -> SourceOutcome:
    """Return the outcome of a file that makes no product."""
    return SourceOutcome(
        source,
        state,
        received.md5 if received else "",
        received.sha256 if received else "",
        item.product_id,
        item.type,
        code,
        f"{source.name}: {message}",
        remedy,
        findings,
    )


def identical_copy(item: WorkItem, copy: Received, chosen: SourceFile) -> SourceOutcome:
    """The same bytes as another file, which stands for the product."""
    return set_aside(
        item,
        copy.source,
        SourceState.SUPERSEDED,
        "identical-copy",
        f"the same bytes as {chosen.name}, which stands for the product {item.product_id}",
        "none needed",
        copy.identity,
    )


def product_conflict(item: WorkItem, one: Received, other: SourceFile) -> SourceOutcome:
    """Another file claims the same product and differs."""
    return set_aside(
        item,
        one.source,
        SourceState.QUARANTINED,
        "product-conflict",
        f"it and {other.name} differ, and both claim the product {item.product_id}",
        "leave only the right one of them in the source",
        one.identity,
    )


def unreadable(item: WorkItem, source: SourceFile, error: StorageError) -> SourceOutcome:
    """The store could not give the file."""
    return set_aside(
        item,
        source,
        SourceState.FAILED,
        "unreadable",
        f"cannot be read: {error}",
        "see that the file exists and may be read; it is tried again in the next run",
    )


def changed_while_read(item: WorkItem, source: SourceFile, read_bytes: int) -> SourceOutcome:
    """The file grew or shrank between plan and reading."""
    return set_aside(
        item,
        source,
        SourceState.FAILED,
        "changed-while-read",
        f"{source.bytes} bytes when the run was planned, {read_bytes} when it was read",
        "wait until the file has arrived (source.settle_s), then run again",
    )


def failed(item: WorkItem, code: str, message: str, remedy: str) -> Outcome:
    """The program or its surroundings failed on all files of an item."""
    return Outcome(
        item.product_id,
        tuple(set_aside(item, source, SourceState.FAILED, code, message, remedy) for source in item.sources),
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
