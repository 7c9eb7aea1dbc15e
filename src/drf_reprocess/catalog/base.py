"""What a catalog promises: what was received, made, versioned and delivered.

Only the driver writes it, each task's outcomes in one transaction. Rows come and go as the values of `model`; iterators
stream, so that no caller needs a mission's rows in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import (
    AggregateRecord,
    Deliverable,
    DeliveryMember,
    DeliveryRecord,
    DeliveryState,
    Disposition,
    Event,
    Finding,
    FormerProduct,
    Outcome,
    PackedMember,
    ProductRecord,
    ReleaseRecord,
    SourceFile,
    SourceOutcome,
    SourceState,
)

FAILED_BEFORE = "failed before"
"""Why a file that failed in an earlier run is worked on again."""


NEW_FILE = "new file"
"""Why a file that was never seen is worked on."""

COVERED = "another file covers its days, or does so no longer"
"""Why a file that did not change is worked on when a wider one comes or goes."""

STAGED = "staged"
"""Code of a file whose product is made, and waits for the next release."""

STAGED_BEFORE = "staged, not released yet"
"""Why a file whose product was staged is worked on."""

FINGERPRINT_PARTS = (
    (32, "label template or profile changed"),
    (16, "repair options changed"),
    (16, "engine changed"),
)
"""Parts of a fingerprint: characters of each, and why a file is worked on if that part is another. The first is told."""


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
    family: str
    md5: str
    sha256: str
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
class PendingProduct:
    """A product that is made but does not stand in the archive: ``staged`` or ``held``."""

    record: ProductRecord
    standing: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Head:
    """The versions of one product that decide its next one."""

    lid: Lid
    product_id: str
    family: str
    base: FormerProduct | None
    """The latest that is used up."""
    standing: FormerProduct | None
    """A later one that stands in the archive and that no delivery holds yet."""


@dataclass(frozen=True, slots=True)
class CollectionMember:
    """A current product of a collection, as far as an inventory and a collection label tell of it."""

    lidvid: Lidvid
    start_time: str
    stop_time: str


@dataclass(frozen=True, slots=True)
class CoveredSpan:
    """How much time one product covers, and how far it has come."""

    type: str
    product_id: str
    lidvid: Lidvid
    standing: str
    """``current``, ``staged`` or ``held``."""
    start_time: str
    stop_time: str
    coverage: tuple[tuple[str, str], ...]
    delivery: DeliveryState | None
    """Furthest state of a delivery to the receiver that holds it; None if none ever did."""


@dataclass(frozen=True, slots=True)
class AggregateRow:
    """A version of a collection or bundle with the run that last wrote its row."""

    record: AggregateRecord
    current: bool
    run_id: str


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A file of a delivery, with that delivery."""

    delivery: DeliveryRecord
    member: DeliveryMember


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event with its place in the ledger."""

    position: int
    at: str
    run_id: str
    event: Event


PUT, DEL, CLEAR = "put", "del", "clear"
"""Kinds of changes: a row stands as given, new or not; the row of a key is gone; all rows are gone, everything follows."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row, as the journal keeps it: all changes in order make the catalog again."""

    position: int
    """From 1, without gaps."""
    relation: str
    """Name of the table."""
    kind: str
    """`PUT`, `DEL` or `CLEAR`."""
    row: Mapping[str, Any]
    """Plain values by column: all of them, or those of the key."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A received file whose name tells type, family and product; ``reason`` says, after comparison, why it needs work."""

    file: SourceFile
    type: str
    product_id: str
    family: str
    reason: str = ""
    span: tuple[int, int] = (0, 0)
    """First and last day of its name, as ordinals of the proleptic Gregorian calendar; (0, 0): it covers no others."""
    covered_by: str = ""
    """After comparison: the name of a file of the type whose days are these and more."""
    covering_family: str = ""
    """The family of that file."""


@dataclass(frozen=True, slots=True)
class Question:
    """By what a listing is compared with the catalog."""

    fingerprints: Mapping[str, str]
    """By file type: digest of all that decides its products' content beside the received bytes."""
    unread_codes: Collection[str] = ()
    """Reasons for which files were set aside unread; these are looked at anew."""
    rulings: Mapping[str, str] = field(default_factory=dict)
    """By family: digest of the dispositions in force; families not named have none."""
    arrivals_only: bool = False
    """Whether only what arrived counts, not what changed in profile or program, nor what waits for a release."""
    otherwise: str = ""
    """Reason for which all other files need work, too; empty: they do not."""
    done_in: Collection[str] = ()
    """Runs, cut off, that go on now: what they worked on needs no work for that last reason."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the comparison of a listing with the catalog found."""

    products: int
    """Families that need work: each makes one product."""
    files: int
    bytes: int
    reasons: Mapping[str, int]
    settled: Mapping[SourceState, int]


class Listing(Protocol):
    """A scratch table of received files beside the catalog: a mission's listing takes no memory of the driver."""

    def add(self, files: Iterable[ListedFile]) -> None:
        """Add files, drawn from the iterable in batches."""
        ...

    def compare(self, question: Question) -> Comparison:
        """Find the files that need work: new, changed, failed or set aside unread before, waiting for a release, of
        another fingerprint or other dispositions, and those whose family had another file that is in the source no
        longer.

        All files of a family need work as soon as one does, because they must be compared with each other.
        """
        ...

    def groups(self, *, covered: bool = False) -> Iterator[tuple[ListedFile, ...]]:
        """Yield the files that need work, a family at a time, by type and family, files by URI.

        Those whose days another file of the type covers by its name, and more days, come apart, if ``covered`` is set.
        """
        ...

    def unaccounted(self, others: Iterable[SourceFile], *, limit: int) -> tuple[int, list[str]]:
        """Count the files, of the listing and others, of which the catalog has no row as they were listed, and name some.

        A row tells of a file if it has the same URI, size, time and version, and does not say that it left the source.
        Asked once, at the end.
        """
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
        self, run_id: str, run_time: str, fingerprints: Mapping[str, str], outcomes: Sequence[SourceOutcome]
    ) -> None:
        """Record what became of files that no worker read, in one transaction."""
        ...

    def commit_outcomes(
        self, run_id: str, run_time: str, fingerprints: Mapping[str, str], outcomes: Sequence[Outcome]
    ) -> None:
        """Record a task's outcomes in one transaction: sources, findings, versions of products, events.

        A new version takes the place of the current one; one that no delivery holds yet is forgotten. Of a product whose
        version stays, the file that it stands for, its Parquet file and its coverage are taken over. Files known for a
        family that its outcome does not speak of have left the source: they become superseded.

        Raises
        ------
        CatalogConflict
            If a product's versions are not those that its outcome was decided from, or a LIDVID that is used up exists
            with other bytes; then nothing is written.
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

    def current_products(self, lids: Collection[Lid]) -> list[ProductRecord]:
        """Return the current versions of these products."""
        ...

    def versions(self, lid: Lid) -> list[ProductRow]:
        """Return all versions of a product, oldest first."""
        ...

    def count_products(self) -> dict[str, int]:
        """Count current products by type."""
        ...

    def collection_versions(self, collection_lid: Lid) -> Iterator[ProductRow]:
        """Yield all versions of all products of a collection, sorted by LID, oldest first."""
        ...

    def sources_of(self, product_id: str) -> list[SourceRow]:
        """Return the received files of a product id."""
        ...

    def heads(self, families: Collection[str], lids: Collection[Lid]) -> list[Head]:
        """Return the versions that decide the next ones, of all products of these families and of these LIDs."""
        ...

    def pending(self, standing: str | None = None) -> Iterator[PendingProduct]:
        """Yield the products that do not stand in the archive yet, sorted by LID: ``staged``, ``held`` or all."""
        ...

    def covered_spans(self, receiver: str) -> Iterator[CoveredSpan]:
        """Yield the time that each current or pending product covers, sorted by type and start."""
        ...

    def members(self, collection_lid: Lid) -> Iterator[CollectionMember]:
        """Yield the current products of a collection, sorted by LID."""
        ...

    def current_aggregates(self) -> dict[Lid, AggregateRecord]:
        """Return the current versions of collections and bundles."""
        ...

    def aggregates_of_run(self, run_id: str) -> list[AggregateRecord]:
        """Return the current collections and bundles that a run made."""
        ...

    def aggregate_bases(self) -> dict[Lid, AggregateRecord]:
        """Return the latest versions of collections and bundles that are used up."""
        ...

    def aggregate(self, lidvid: Lidvid) -> AggregateRecord | None:
        """Return a version of a collection or bundle."""
        ...

    def superseded_aggregates(self) -> list[AggregateRecord]:
        """Return the versions of collections and bundles that do not stand in the archive any more."""
        ...

    def commit_aggregates(
        self,
        run_id: str,
        records: Sequence[AggregateRecord],
        expected: Mapping[Lid, Vid | None],
        left: Collection[Lid] = (),
    ) -> None:
        """Record new versions of collections and bundles in one transaction, in place of the current ones.

        A used-up version among them stands again; those in ``left`` stand no longer.

        Raises
        ------
        CatalogConflict
            If a current version is not the expected one, or a LIDVID is used up; then nothing is written.
        """
        ...

    def commit_adoption(
        self,
        run_id: str,
        run_time: str,
        products: Iterable[ProductRecord],
        aggregates: Sequence[AggregateRecord],
        delivery: DeliveryRecord,
    ) -> None:
        """Take over versions that stand in the archive already, as held by an accepted delivery.

        What is here already with the same label stays. ``CatalogConflict`` naming both if a LIDVID is here with another
        label or other data; then nothing is written.
        """
        ...

    def commit_release(self, record: ReleaseRecord) -> None:
        """Record a release; that of the same number, if it was cut off, is replaced."""
        ...

    def releases(self) -> list[ReleaseRecord]:
        """Return all releases by bundle and number."""
        ...

    def next_release_number(self, bundle_lid: Lid) -> int:
        """Return the number of the release after the last one that has deliveries."""
        ...

    def acknowledge_review(self, release_id: str, at: str, words: str) -> None:
        """Record that a release was reviewed; ``words`` tell who, when and why."""
        ...

    def released_structures(self, collection_lid: Lid) -> set[str]:
        """Return the record structures of all products of a collection whose versions are used up."""
        ...

    def unreleased_structures(self, collection_lid: Lid) -> dict[str, Lid]:
        """Return the record structures of current products whose versions are not used up, each with one product."""
        ...

    def undelivered_days(self, bundle_lid: Lid, receiver: str) -> list[str]:
        """Return the days (YYYY-MM-DD, sorted) of current products that are in no live delivery to the receiver."""
        ...

    def undelivered_products(
        self, bundle_lid: Lid, receiver: str, first: str, last: str
    ) -> list[Deliverable]:
        """Return current products of these days that are in no live delivery to the receiver, sorted by path."""
        ...

    def undelivered_aggregates(self, bundle_lid: Lid, receiver: str) -> list[Deliverable]:
        """Return current collections and the bundle that are in no live delivery to the receiver."""
        ...

    def has_file(self, receiver: str, lid: Lid, md5: str, *, but: str = "") -> bool:
        """Tell whether a live delivery to the receiver, other than ``but``, holds a file of a product with this MD5."""
        ...

    def packed_members(self, packing: str, files: Collection[tuple[str, str]]) -> list[PackedMember]:
        """Return those of some files, given by path and SHA-256, that are compressed already in this way."""
        ...

    def packed_segments(self) -> set[str]:
        """Return the keys of the objects that hold compressed files."""
        ...

    def forget_packed(self) -> None:
        """Forget all compressed files: the packages for which they were made are made."""
        ...

    def next_delivery_number(self, bundle_lid: Lid) -> int:
        """Return a number that no delivery of the bundle had yet."""
        ...

    def commit_delivery(self, record: DeliveryRecord, members: Sequence[DeliveryMember]) -> None:
        """Record a delivery and its files in one transaction; ``CatalogConflict`` if a LIDVID in it is in another live
        delivery to the same receiver.
        """
        ...

    def complete_delivery(self, record: DeliveryRecord) -> None:
        """Record that a planned delivery is packed, with the size and digest of its package."""
        ...

    def move_delivery(
        self, delivery_id: str, expected: Collection[DeliveryState], new: DeliveryState, at: str, words: str
    ) -> None:
        """Move a delivery to another state, with an event that tells why; ``CatalogConflict`` if it is in none of those
        expected.
        """
        ...

    def forget_delivery(self, delivery_id: str) -> None:
        """Forget a delivery that was planned or packed but never proved, so that what it held can be delivered.

        Its number may be given again. ``CatalogConflict`` if it is in another state.
        """
        ...

    def deliveries(self, *, run_id: str | None = None) -> list[DeliveryRecord]:
        """Return deliveries in the order of their making, adoptions among them."""
        ...

    def delivery_members(self, delivery_id: str) -> list[DeliveryMember]:
        """Return the files of a delivery, sorted by path."""
        ...

    def labels_alone(self, delivery_id: str) -> list[tuple[Lid, str, str]]:
        """Return the products of which a delivery holds the label without its data file: LID, MD5 and path of the file."""
        ...

    def delivered_in(self, lid: Lid) -> list[tuple[DeliveryRecord, Vid]]:
        """Return the deliveries that hold or held a product, each with the version in it."""
        ...

    def dispositions(self) -> list[Disposition]:
        """Return the dispositions in force, oldest first."""
        ...

    def dispositions_of(self, families: Collection[str]) -> dict[str, tuple[Disposition, ...]]:
        """Return the dispositions in force on files of these families, oldest first."""
        ...

    def ruled_families(self) -> dict[str, tuple[Disposition, ...]]:
        """Return all families with dispositions in force, and these."""
        ...

    def commit_dispositions(self, dispositions: Sequence[Disposition], at: str) -> int:
        """Put dispositions in force and return how many were not before; each leaves an event."""
        ...

    def withdraw_disposition(self, disposition_id: str, who: str, at: str, reason: str) -> None:
        """Take a disposition out of force; the event of its withdrawal stays. ``CatalogError`` if there is none."""
        ...

    def add_events(self, events: Sequence[Event], at: str, run_id: str = "") -> None:
        """Append to the ledger."""
        ...

    def lids_of(self, product_id: str) -> list[Lid]:
        """Return the LIDs under which a product id was ever made, sorted."""
        ...

    def waiting(self, lid: Lid) -> PendingProduct | None:
        """Return the product of a LID that is made but does not stand in the archive yet."""
        ...

    def files_named(self, name: str) -> list[SourceRow]:
        """Return the received files of this URI, path or base name, sorted by URI."""
        ...

    def files_of(self, families: Collection[str], product_id: str) -> list[SourceRow]:
        """Return the received files of these families and of a product id, sorted by URI."""
        ...

    def names_like(self, text: str, limit: int) -> list[str]:
        """Return product ids, and LIDs of collections and bundles, that begin like a text: as much of it as any does."""
        ...

    def aggregate_versions(self, lid: Lid) -> list[AggregateRow]:
        """Return all versions of a collection or bundle, oldest first."""
        ...

    def delivered_files(self, lid: Lid) -> list[DeliveredFile]:
        """Return the files of a product, collection or bundle in all deliveries, by number of the delivery and path."""
        ...

    def life_events(
        self,
        *,
        lids: Collection[Lid] = (),
        product_ids: Collection[str] = (),
        sources: Collection[str] = (),
        deliveries: Collection[str] = (),
        releases: Collection[str] = (),
    ) -> list[EventRow]:
        """Return what the ledger tells of any of these, in order."""
        ...

    def events(
        self, *, lid: Lid | None = None, product_id: str | None = None, delivery_id: str | None = None
    ) -> list[EventRow]:
        """Return what the ledger tells of a product or a delivery, in order."""
        ...

    def named_objects(self) -> Iterator[str]:
        """Yield the SHA-256 of every object that a row names, some more than once."""
        ...

    def changes(self) -> Iterator[Change]:
        """Yield the changes that do not stand in the journal yet, in order."""
        ...

    def note_everything(self) -> None:
        """Note all rows anew, as what takes the place of every change before."""
        ...

    def forget_changes(self, last: int) -> None:
        """Let go of the changes up to this position: they stand in the journal, durably."""
        ...

    def last_change(self) -> int:
        """Return the position of the last change that was ever made; 0 if there is none."""
        ...

    def replay(self, changes: Iterable[Change]) -> int:
        """Fill an empty catalog with what its journal tells, in one transaction; return the last position.

        ``CatalogError`` if the catalog is not empty, or if a change is of no table or column that it has.
        """
        ...

    def content(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield every row with the name of its table, in the order of tables and keys, as plain values."""
        ...
