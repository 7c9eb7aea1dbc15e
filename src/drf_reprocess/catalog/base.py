"""What a catalog promises: what was received, made, versioned and delivered.

Only the driver writes it, each task's outcomes in one transaction. Rows come and go as the values of `model`; iterators
stream, so that no caller needs a mission's rows in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import (
    AggregateRecord,
    Deliverable,
    DeliveryMember,
    DeliveryRecord,
    Finding,
    Outcome,
    ProductRecord,
    SourceFile,
    SourceOutcome,
    SourceState,
)

FAILED_BEFORE = "failed before"
"""Why a file that failed in an earlier run is worked on again."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of the engine."""

    run_id: str
    run_time: str
    mode: str
    state: str
    """``running``, ``success``, ``set-aside``, ``failed``, ``interrupted`` or ``verification-failed``."""
    started_at: str
    profile: str
    profile_digest: str
    config: Mapping[str, Any]
    ended_at: str | None = None
    summary: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class KnownSource:
    """What the catalog knows of one received file, as far as planning needs it."""

    bytes: int
    mtime_ns: int
    version: str
    state: SourceState
    code: str
    fingerprint: str

    def is_same(self, file: SourceFile) -> bool:
        """Tell whether the file looks untouched since: same size, time and version."""
        return (self.bytes, self.mtime_ns, self.version) == (file.bytes, file.mtime_ns, file.version)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One received file with what became of it."""

    source: SourceFile
    state: SourceState
    type: str
    product_id: str
    md5: str
    code: str
    message: str
    remedy: str
    since: str
    """Time of the run in which it came into this state for this reason."""
    run_id: str


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A version of a product with the run that last wrote its row: that made it, or renewed its Parquet file."""

    record: ProductRecord
    run_id: str


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A received file whose name tells type and product; ``reason`` says, after comparison, why it needs work."""

    file: SourceFile
    type: str
    product_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the comparison of a listing with the catalog found."""

    products: int
    files: int
    bytes: int
    reasons: Mapping[str, int]
    settled: Mapping[SourceState, int]


class Listing(Protocol):
    """A scratch table of received files beside the catalog: a mission's listing takes no memory of the driver."""

    def add(self, files: Iterable[ListedFile]) -> None:
        """Add files, drawn from the iterable in batches."""
        ...

    def compare(self, fingerprint: str, unread_codes: Iterable[str]) -> Comparison:
        """Find the files that need work: new, changed, failed or set aside unread before, or of another fingerprint,
        and those whose product had another file that is in the source no longer.

        All files of a product need work as soon as one does, because they must be compared with each other.
        """
        ...

    def groups(self) -> Iterator[tuple[ListedFile, ...]]:
        """Yield the files that need work, a product at a time, by type and product id, files by URI."""
        ...


class Catalog(Protocol):
    """The catalog; `testing.catalog_contract` tests what is promised here."""

    def start_run(self, run: RunRecord) -> None:
        """Record that a run has begun."""
        ...

    def finish_run(self, run_id: str, state: str, ended_at: str, summary: Mapping[str, Any]) -> None:
        """Record how a run ended."""
        ...

    def runs(self) -> list[RunRecord]:
        """Return all runs, oldest first, without their configuration."""
        ...

    def unfinished_runs(self, but: str) -> list[RunRecord]:
        """Return the runs, oldest first, that were cut off or failed since the last one that came to its end.

        ``but`` names the run that asks.
        """
        ...

    def profiles(self) -> set[str]:
        """Return the names of the profiles of all runs."""
        ...

    def count_set_aside(self, run_ids: Collection[str]) -> int:
        """Count the received files that these runs set aside, and that are so still."""
        ...

    def listing(self) -> AbstractContextManager[Listing]:
        """Give an empty listing; it is gone at the end."""
        ...

    def known_source(self, uri: str) -> KnownSource | None:
        """Return what is known of one received file."""
        ...

    def commit_states(
        self, run_id: str, run_time: str, fingerprint: str, outcomes: Sequence[SourceOutcome]
    ) -> None:
        """Record what became of files that no worker read, in one transaction."""
        ...

    def commit_outcomes(
        self, run_id: str, run_time: str, fingerprint: str, outcomes: Sequence[Outcome]
    ) -> None:
        """Record a task's outcomes in one transaction: sources, findings, new versions of products.

        Of a product whose version stays, only the Parquet file is taken over where it is another. Files known for a
        product that its outcome does not speak of have left the source: they become superseded.

        Raises
        ------
        CatalogConflict
            If a product's current version is not the one that its outcome was decided from, or a LIDVID exists with
            other bytes; then nothing is written.
        """
        ...

    def source_rows(self, *, states: Iterable[SourceState] | None = None) -> Iterator[SourceRow]:
        """Yield received files, sorted by name, of these states or all."""
        ...

    def state_counts(self) -> dict[SourceState, int]:
        """Count received files by state."""
        ...

    def findings(self, source_uri: str) -> list[Finding]:
        """Return the findings of one received file."""
        ...

    def products(
        self,
        *,
        type: str | None = None,
        lid: str | None = None,
        start: str | None = None,
        stop: str | None = None,
        run_id: str | None = None,
    ) -> Iterator[ProductRow]:
        """Yield current products sorted by LID; ``start`` and ``stop`` select those that overlap a time range."""
        ...

    def has_products(self, type: str) -> bool:
        """Tell whether there is any product of a file type."""
        ...

    def product(self, lid: Lid) -> ProductRecord | None:
        """Return the current version of a product."""
        ...

    def former_product(self, lidvid: Lidvid) -> ProductRecord | None:
        """Return the version before this one."""
        ...

    def members(self, collection_lid: Lid) -> Iterator[ProductRecord]:
        """Yield the current products of a collection, sorted by LID."""
        ...

    def current_aggregates(self) -> dict[Lid, AggregateRecord]:
        """Return the current versions of collections and bundles."""
        ...

    def aggregates_of_run(self, run_id: str) -> list[AggregateRecord]:
        """Return the current collections and bundles that a run made."""
        ...

    def former_aggregate(self, lidvid: Lidvid) -> AggregateRecord | None:
        """Return the version before this one."""
        ...

    def commit_aggregates(
        self, run_id: str, records: Sequence[AggregateRecord], expected: Mapping[Lid, Vid | None]
    ) -> None:
        """Record new versions of collections and bundles in one transaction.

        Raises
        ------
        CatalogConflict
            If a current version is not the expected one; then nothing is written.
        """
        ...

    def undelivered_days(self, bundle_lid: Lid) -> list[str]:
        """Return the days (YYYY-MM-DD, sorted) of current products that are in no live delivery."""
        ...

    def undelivered_products(self, bundle_lid: Lid, first: str, last: str) -> list[Deliverable]:
        """Return current products of these days that are in no live delivery, sorted by path."""
        ...

    def undelivered_aggregates(self, bundle_lid: Lid) -> list[Deliverable]:
        """Return current collections and the bundle that are in no live delivery."""
        ...

    def next_delivery_number(self, bundle_lid: Lid) -> int:
        """Return a number that no delivery of the bundle had yet."""
        ...

    def commit_delivery(self, record: DeliveryRecord, members: Sequence[DeliveryMember]) -> None:
        """Record a packed delivery and its files in one transaction; ``CatalogConflict`` if a LIDVID in it is in another
        live delivery.
        """
        ...

    def set_delivery_state(self, delivery_id: str, expected: str, new: str) -> None:
        """Move a delivery from one state to another; ``CatalogConflict`` if it is in a third."""
        ...

    def forget_delivery(self, delivery_id: str) -> None:
        """Forget a delivery that was packed but never proved, so that what it held can be delivered.

        Its number may be given again. ``CatalogConflict`` if it is in another state.
        """
        ...

    def deliveries(self, *, run_id: str | None = None) -> list[DeliveryRecord]:
        """Return deliveries in the order of their making."""
        ...
