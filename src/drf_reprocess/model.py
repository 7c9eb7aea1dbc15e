"""Frozen values that travel between the stages of the pipeline.

Nothing here opens a file, asks a clock or knows a library; every value pickles, and all are small: a task takes
one `WorkItem` or a tuple of them and returns `Outcome` values, while tables and file contents stay on the worker.

Times are ISO 8601 texts in UTC as PDS4 writes them (``2014-12-08T03:20:19.328Z``); days are `datetime.date`.
Offsets and sizes are bytes; offsets count from 0, field locations and record numbers from 1 (PDS4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from drf_reprocess.identifiers import Lid, Lidvid, Vid


class Kind(StrEnum):
    """What the cells of a column hold."""

    TIME = "time"
    """A time as text, in the form that the profile gives; PDS4 ``ASCII_String``."""
    REAL = "real"
    """PDS4 ``ASCII_Real``; the value is exactly what ``float()`` makes of the text."""
    INTEGER = "integer"
    """PDS4 ``ASCII_Integer``, 64 bit; the value is exactly what ``int()`` makes of the text."""
    STATE = "state"
    """A word such as a switch position; PDS4 ``ASCII_String``."""


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    """Worth knowing; nothing was done about it."""
    WARNING = "warning"
    """Strange, yet the product is right as it is; or mended by a rule."""
    ERROR = "error"
    """The file, or the record, cannot be archived as it is."""


class SourceState(StrEnum):
    """The one state in which every received file ends."""

    PROCESSED = "processed"
    """A product was made from it in this run."""
    UNCHANGED = "unchanged"
    """Its product stands in the archive already, and nothing about it has changed."""
    SUPERSEDED = "superseded"
    """Another file for the same product stands for it: an identical copy, or a newer one."""
    HELD = "held"
    """A product was made, but waits for a person before it may be delivered."""
    QUARANTINED = "quarantined"
    """It cannot be archived as it is; the reason code says why."""
    EXCLUDED = "excluded"
    """A person decided that it is not to be archived."""
    IGNORED = "ignored"
    """The profile says that files of this name are not part of the archive."""
    FAILED = "failed"
    """The program or its surroundings failed on it; it is tried again in the next run."""


SET_ASIDE = (SourceState.HELD, SourceState.QUARANTINED, SourceState.FAILED)
"""States that want a person's attention: a run that puts a file into one of them ends with exit code 3."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A defect or a peculiarity of the data: a value, never an exception.

    ``message`` tells what, where, expected and got; ``remedy`` what the operator can do.
    """

    code: str
    severity: Severity
    message: str
    remedy: str = ""
    record: int | None = None
    offset_bytes: int | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Mend:
    """What one repair rule did to one file, in bytes and in words.

    ``offset_bytes`` and ``last_offset_bytes`` are the first and last place in the received file that it touched.
    """

    rule: str
    count: int
    removed_bytes: int
    inserted_bytes: int
    offset_bytes: int
    last_offset_bytes: int
    words: str


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a fixed-width table, as it stands in the file and as the profile describes it."""

    name: str
    """Name in label and Parquet: ``X``, or ``X_DN`` and ``X_EU`` where the file has ``X`` twice; never with ``@``."""
    source_name: str
    """Name as the file's header spells it."""
    dn_eu: str | None
    kind: Kind
    location: int
    """First byte of the field in its record, from 1."""
    length: int
    unit: str | None = None
    scaling_factor: float | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class TableLayout:
    """Where everything stands in a fixed-width data file: header, then records of one length."""

    era: str
    """Name of the profile's column set that the header matches."""
    header_bytes: int
    header_lines: int
    record_bytes: int
    """Length of a record with its delimiter CR LF."""
    records: int
    fields: tuple[Field, ...]
    """In the order of the record; a time column of kind TIME included."""

    @property
    def file_bytes(self) -> int:
        """Size of the whole file: header and records, nothing else."""
        return self.header_bytes + self.records * self.record_bytes


@dataclass(frozen=True, slots=True)
class MaskedInterval:
    """A stretch of time whose records a person left out."""

    start_time: str
    """First time that is left out, ISO 8601 UTC."""
    stop_time: str
    """First time after it that is kept."""
    words: str
    """Who decided it and why, 7-bit ASCII: ``by decision of NAME on DAY: REASON``."""


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """How far damaged files may be mended (configuration section ``repair``), and what persons decided of one file."""

    policy: str = "minimal"
    """``never``, ``minimal`` or ``archive-2020``."""
    max_leading: int = 100
    max_damaged: int = 0
    masks: tuple[MaskedInterval, ...] = ()
    """Whatever the policy is."""
    drop_damaged: bool = False
    """Damaged records go, however many, whatever the policy is; never all records."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A received file as the listing of the source tells of it."""

    uri: str
    name: str
    bytes: int
    mtime_ns: int
    version: str = ""
    """Entity tag or version id where the store has one, else empty."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An immutable object of the output's ``store/``, named by its SHA-256."""

    sha256: str
    md5: str
    bytes: int


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One Modification_Detail of a label."""

    date: str
    vid: Vid
    description: str


class Action(StrEnum):
    """What a person decided about a received file."""

    ACCEPT = "accept"
    """Take it as it is: the objection is not to stop it. It cannot make a file labelled that has no valid label."""
    DROP_RECORDS = "drop-records"
    """Leave out its damaged records, however many."""
    EXCLUDE = "exclude"
    """Do not archive it."""
    MASK = "mask"
    """Leave out the records of an interval."""
    REPLACE = "replace"
    """Archive another file's bytes in its place, under its name."""
    CHOOSE = "choose"
    """Of all files that claim the same data, this one stands."""


@dataclass(frozen=True, slots=True)
class Disposition:
    """One decision on one received content: data, replayed from the original at every later reprocessing."""

    disposition_id: str
    action: Action
    type: str
    product_id: str
    source_sha256: str
    """The content that it speaks of: another file of the same name is another case."""
    source_name: str
    who: str
    when: str
    """ISO 8601 UTC, to the second."""
    reason: str
    code: str = ""
    """Reason code of the case that it settles."""
    start_time: str = ""
    """Of a mask: the first time that is left out, ISO 8601 UTC."""
    stop_time: str = ""
    """Of a mask: the first time after it that is kept."""
    replacement: StoredObject | None = None
    """Of a replacement: the bytes in ``store/`` that stand for it."""
    family: str = ""
    """Key of all files of its type and day span."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """Why a run may give new versions to products whose content did not change."""

    name: str = ""
    """Names it: a version that it forced is not forced again when it is repeated. Empty: the run is no campaign."""
    reason: str = ""
    """For the modification history of everything that gets a new version."""
    bump: str = "none"
    """``none``, ``minor`` or ``major``: how far every product's version rises at least."""


@dataclass(frozen=True, slots=True)
class FormerProduct:
    """What the catalog knows of one version of a product when a run is planned."""

    vid: Vid
    data_md5: str
    label_digest: str
    creation_time: str
    history: tuple[HistoryEntry, ...]
    source_md5: str
    """MD5 of the received file that it was made from."""
    current: bool = True
    """Whether it stands in the archive now."""
    listed: bool = False
    """Whether it stands there no longer, but receivers have not been told: the latest inventory lists it."""
    adopted: bool = False
    """Whether its label was written by somebody else."""
    campaign: str = ""
    """Name of the campaign in which it got its version."""
    structure: str = ""
    """Digest of its record structure, as `pds4.structure.structure_digest` gives it."""
    label: StoredObject | None = None
    parquet: StoredObject | None = None
    """None where no Parquet file was made of it."""
    records: int = 0
    coverage: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One product id of a family with the files received under it, and the versions to decide from."""

    product_id: str
    lid: Lid
    sources: tuple[SourceFile, ...]
    base: FormerProduct | None = None
    """Its latest version that is used up: one that a delivery holds, or held, or that was adopted."""
    standing: FormerProduct | None = None
    """A later version that no delivery holds yet: it can still be replaced, and its VID given anew."""

    @property
    def current(self) -> FormerProduct | None:
        """The version that stands in the archive now."""
        if self.standing is not None:
            return self.standing
        return self.base if self.base is not None and self.base.current else None


@dataclass(frozen=True, slots=True)
class WorkItem:
    """The work on one family: all files received of one type and day span, of which one is to be delivered."""

    family: str
    type: str
    candidates: tuple[Candidate, ...]
    """By product id; also those of which only a version in the archive is left, without files."""
    reason: str
    dispositions: tuple[Disposition, ...] = ()
    """What persons decided about files of the family, oldest first."""
    covered_by: str = ""
    """Name of a file of the same type whose name covers these days and more; empty if there is none."""
    gives_way: bool = False
    """Whether that file stands for these days alone: it makes a product, and the profile has the wider one go before."""

    @property
    def sources(self) -> tuple[SourceFile, ...]:
        """All received files."""
        return tuple(source for candidate in self.candidates for source in candidate.sources)

    @property
    def bytes(self) -> int:
        """Bytes to read."""
        return sum(source.bytes for source in self.sources)


class Decision(StrEnum):
    """What the version rule said of a product."""

    NEW = "new"
    DATA_CHANGED = "data-changed"
    LABEL_ONLY = "label-only"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """One version of one basic product: a row of the catalog."""

    lidvid: Lidvid
    type: str
    product_id: str
    day: date
    """UTC day of the earliest kept record: it decides year folder and delivery."""
    start_time: str
    stop_time: str
    records: int
    source: SourceFile
    source_object: StoredObject
    """The received bytes; the same as ``data`` where nothing was mended."""
    data: StoredObject
    label: StoredObject
    parquet: StoredObject
    label_digest: str
    data_path: str
    """Path below the bundle's folder, as ``label_path``."""
    label_path: str
    parquet_path: str
    """Path below ``parquet/``."""
    creation_time: str
    """The run that first archived these bytes (File.creation_date_time)."""
    history: tuple[HistoryEntry, ...]
    mends: tuple[Mend, ...] = ()
    family: str = ""
    """Key of all files of its type and day span."""
    structure: str = ""
    """Digest of the record structure that its label describes."""
    coverage: tuple[tuple[str, str], ...] = ()
    """Intervals (first and last time) in which its records follow one another at the type's cadence, in order."""
    campaign: str = ""
    adopted: bool = False
    """Read from a bundle that somebody else wrote; data, Parquet and source may be unknown here (empty digests)."""


@dataclass(frozen=True, slots=True)
class AggregateRecord:
    """One version of a collection or a bundle: a row of the catalog.

    The companion is the file that the label describes: a collection's inventory, a bundle's readme. Paths are below
    the bundle's folder.
    """

    lidvid: Lidvid
    kind: str
    """``collection`` or ``bundle``."""
    bundle_lid: Lid
    label: StoredObject
    label_path: str
    companion: StoredObject
    companion_path: str
    start_time: str
    stop_time: str
    history: tuple[HistoryEntry, ...]
    members_digest: str
    """SHA-256 of the list of members: equal members, equal digest."""


@dataclass(frozen=True, slots=True)
class Deliverable:
    """A current version that is in no live delivery: a product, a collection or a bundle, each of two files."""

    lidvid: Lidvid
    day: date | None
    """UTC day of a basic product; None for a collection or bundle."""
    file_path: str
    file: StoredObject
    label_path: str
    label: StoredObject
    words: str
    """Description of its newest history entry."""
    mends: tuple[Mend, ...] = ()
    label_alone: bool = False
    """Whether the receiver has the file already, and gets the label without it."""

    @property
    def members(self) -> tuple[tuple[str, StoredObject], ...]:
        """Path below the bundle's folder and identity of the files to be packed."""
        label = (self.label_path, self.label)
        return (label,) if self.label_alone else ((self.file_path, self.file), label)


@dataclass(frozen=True, slots=True)
class DeliveryMember:
    """One file of a delivery package."""

    path: str
    lidvid: Lidvid
    stored: StoredObject


class DeliveryState(StrEnum):
    """Where a delivery stands with its receiver."""

    PLANNED = "planned"
    """Its content and its number are fixed; the package is not complete."""
    PACKED = "packed"
    """The package is written. From here on the VIDs in it are used up."""
    VERIFIED = "verified"
    """The package was opened again and proved."""
    SENT = "sent"
    """It is on its way."""
    ACCEPTED = "accepted"
    """The receiver has it in the archive."""
    REJECTED = "rejected"
    """The receiver does not take it: what it holds comes again in the next delivery."""
    DISCARDED = "discarded"
    """It was never sent and never will be: its VIDs are free again."""


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """One release of one bundle: content and VIDs, fixed once, shipped as one or more deliveries."""

    release_id: str
    bundle_lid: Lid
    number: int
    run_id: str
    run_time: str
    mode: str
    reason: str
    bundle: Lidvid
    """The version of the bundle that lists everything in it."""
    bundle_md5: str
    """MD5 of that version's label: while no delivery held it, its VID could be given to another."""
    review: tuple[str, ...] = ()
    """Why the archive wants to review it before it is sent (SIS 4.2); empty: it need not."""
    acknowledged: str = ""
    """Who acknowledged the review, when and why."""

    @property
    def requires_review(self) -> bool:
        """Whether it must not be sent before the review is acknowledged."""
        return bool(self.review) and not self.acknowledged


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a product, a file or a delivery, told in order: the ledger that `why` reads."""

    kind: str
    """``received``, ``set-aside``, ``decided``, ``superseded``, ``left``, ``held``, ``staged``, ``disposed``, ``adopted``,
    ``delivery``, ``review`` ..."""
    message: str
    product_id: str = ""
    lid: str = ""
    source: str = ""
    delivery_id: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One delivery package and its two manifests: a row of the catalog. Keys are below the output root."""

    delivery_id: str
    bundle_lid: Lid
    number: int
    state: DeliveryState
    receiver: str
    release_id: str
    first_day: date
    last_day: date
    package_key: str
    transfer_key: str
    checksum_key: str
    note_key: str
    format: str
    codec: str
    """Name, version and level of the codec: the same codec gives the same bytes again."""
    package_bytes: int
    package_sha256: str
    products: int
    """Basic products in the package, without collections and bundles."""
    members: int
    run_id: str
    run_time: str


@dataclass(frozen=True, slots=True)
class SourceOutcome:
    """What became of one received file."""

    source: SourceFile
    state: SourceState
    md5: str = ""
    sha256: str = ""
    product_id: str = ""
    type: str = ""
    family: str = ""
    rulings: str = ""
    """Digest of the dispositions that were in force; other ones make it be worked on again."""
    covered_by: str = ""
    """Name of a file that covers its days and more; another one makes it be worked on again."""
    code: str = ""
    message: str = ""
    remedy: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class PackedMember:
    """A file as a member of packages to come: compressed, in an object that holds several of them."""

    path: str
    """In the package."""
    sha256: str
    """Of the file."""
    packing: str
    """Format, codec, its version and level: only with the same ones it fits a package."""
    segment: str
    """Key of the object in the output that holds it."""
    start: int
    """Offset of its first byte in the segment."""
    end: int
    """Offset after its last byte."""
    crc32: int
    """Of the file."""
    raw_bytes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one work item: the worker's whole answer, a few kilobytes."""

    family: str
    sources: tuple[SourceOutcome, ...]
    decision: Decision | None = None
    product: ProductRecord | None = None
    expected: tuple[tuple[Lid, Vid | None, Vid | None], ...] = ()
    """Of each candidate: its used-up and its current version when the work was planned. The catalog takes the outcome
    only if they still are."""
    pending: str = ""
    """``held`` or ``staged`` if the product is made but is not to stand in the archive yet."""
    left: tuple[Lid, ...] = ()
    """Products of the family that stood in the archive and leave it."""
    events: tuple[Event, ...] = ()
    differences: tuple[str, ...] = ()
    """Elements in which an adopted label that stays differs from the one that would be written."""
    packed: tuple[PackedMember, ...] = ()
    """Its files, compressed for the packages of this run."""
    elapsed_s: float = 0.0
    read_bytes: int = 0


class Verdict(StrEnum):
    """What verification says of one thing in a package (after bagit: three ways to be wrong, and more)."""

    OK = "ok"
    MISSING = "missing"
    """A manifest names it; the package does not have it."""
    UNEXPECTED = "unexpected"
    """The package has it; no manifest names it."""
    MISMATCH = "mismatch"
    """Its bytes are not those that the manifest or its label promises."""
    WRONG_LIDVID = "wrong-lidvid"
    """The transfer manifest gives it another identifier than its label does."""
    INVALID = "invalid"
    """Its label breaks a schema, a Schematron rule or an identity of label and data."""
    NOT_IN_INVENTORY = "not-in-inventory"
    """It is no member of its collection by the inventory."""
    DAMAGED = "damaged"
    """It, or the package around it, cannot be read."""


@dataclass(frozen=True, slots=True)
class VerificationEntry:
    """One verdict on one path of a package; only what is not OK is listed."""

    path: str
    verdict: Verdict
    message: str


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What verification found in one package. ``not_checked`` names the checks that could not be made, and why."""

    package: str
    members: int
    products: int
    labels_checked: int
    entries: tuple[VerificationEntry, ...] = ()
    not_checked: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.entries
