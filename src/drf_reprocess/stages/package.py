"""Package: what the receiver does not have yet, as delivery packages with their manifests (SIS 4.3, 6.3, appendix F).

Workers compress members into segments, runs of finished package bytes; the driver only joins ranges of segments and adds
the trailer. So no member's bytes pass through it, and the same members in the same order give the same package, whoever
compressed them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, groupby

from drf_reprocess.archives import package_format
from drf_reprocess.archives.base import Entry
from drf_reprocess.archives.codec import Codec
from drf_reprocess.catalog.base import Catalog
from drf_reprocess.compute.base import Executor
from drf_reprocess.errors import CodecMissing, PackageError
from drf_reprocess.identifiers import Lid, Lidvid
from drf_reprocess.model import (
    Deliverable,
    DeliveryMember,
    DeliveryRecord,
    DeliveryState,
    StoredObject,
)
from drf_reprocess.pds4.manifests import write_checksum_manifest, write_transfer_manifest
from drf_reprocess.profiles.model import Bundle, Calendar, Profile
from drf_reprocess.storage.base import Part, Store, object_key

SEGMENT_BYTES = 48 * 2**20
"""Uncompressed bytes of a segment, about: one task of the stage."""

HASH_BLOCK_BYTES = 8 * 2**20

DELIVERIES = "deliveries"


def segments_key(run_id: str) -> str:
    """Return the folder of what a run compresses, before it is joined to packages."""
    return f"runs/{run_id}/segments"


@dataclass(frozen=True, slots=True)
class PackageOptions:
    """How packages are cut and compressed (configuration section ``package``)."""

    by: str
    format: str
    max_bytes: int
    codec: str
    level: int


@dataclass(frozen=True, slots=True)
class SegmentContext:
    """What every segment task needs."""

    output: Store
    format: str
    codec: str
    level: int
    codec_version: str
    """That of the driver: a worker with another version would write other bytes."""
    segments: Store | None = None
    """Where segments are written, if that is not the output."""


@dataclass(frozen=True, slots=True)
class SegmentTask:
    """Members to be compressed, one after another, into one object."""

    key: str
    members: tuple[tuple[str, StoredObject], ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """A member of a package, compressed: where its bytes stand in a segment, and what the trailer says of it."""

    segment: str
    start: int
    end: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that is packed but not yet proved, with what its note tells."""

    record: DeliveryRecord
    deliverables: tuple[Deliverable, ...]


@dataclass(frozen=True, slots=True)
class Shipment:
    """For whom and in what a run's deliveries go."""

    receiver: str
    releases: Mapping[Lid, str]
    """Release id of each bundle."""
    run_id: str
    run_time: str


def package(
    catalog: Catalog,
    executor: Executor,
    output: Store,
    profile: Profile,
    options: PackageOptions,
    shipment: Shipment,
    advance: Callable[[int, int], None],
) -> Iterator[Delivery]:
    """Pack everything that is in no live delivery to the receiver, bundle by bundle, and yield each delivery as packed.

    A delivery is a change set against what the receiver has accepted or has in flight, over the whole mission.
    ``advance`` is told of files and bytes as they are compressed.
    """
    codec = Codec(options.codec, options.level)
    segments = segments_key(shipment.run_id)
    context = SegmentContext(output, options.format, codec.name, codec.level, codec.version)
    for bundle in profile.bundles:
        for group in _groups(catalog, profile, bundle, shipment.receiver, options.by):
            try:
                files = chain.from_iterable(item.members for item in group)
                packed = compress(executor, context, segments, files, advance)
                for part in _split(group, packed, options):
                    number = catalog.next_delivery_number(bundle.lid)
                    writer = PackageWriter(output, profile, bundle, options.format, codec, shipment)
                    record, members = writer.plan(number, part)
                    catalog.commit_delivery(record, members)
                    # A folder of this number that is not in the catalog is the rest of a run that was cut off.
                    output.remove_tree(f"{DELIVERIES}/{record.delivery_id}")
                    labels = [(item.lidvid, item.label_path) for item in part]
                    record = writer.write(record, members, labels, packed)
                    catalog.complete_delivery(record)
                    yield Delivery(replace(record, state=DeliveryState.PACKED), part)
            finally:
                output.remove_tree(segments)


def write_segment(context: SegmentContext, task: SegmentTask) -> tuple[Packed, ...]:
    """Compress members into one segment object and tell where each stands; the task function of the stage.

    Raises
    ------
    CodecMissing
        If the codec is not here in the version that the driver has.
    """
    codec = Codec(context.codec, context.level)
    if codec.version != context.codec_version:
        raise CodecMissing(
            f"this worker has {codec.name} {codec.version}, the driver {context.codec_version}: packages would not be "
            "reproducible; install the same version everywhere"
        )
    form = package_format(context.format)
    packed, blobs, offset = [], [], 0
    for path, stored in task.members:
        member = form.member(path, context.output.read(object_key(stored.sha256)), codec)
        packed.append(Packed(task.key, offset, offset + len(member.blob), member.entry))
        blobs.append(member.blob)
        offset += len(member.blob)
    (context.segments or context.output).write(task.key, b"".join(blobs))
    return tuple(packed)


def hash_object(output: Store, key: str) -> str:
    """Return the SHA-256 of an object, read in blocks; a task function."""
    digest = hashlib.sha256()
    size = output.size(key)
    for start in range(0, size, HASH_BLOCK_BYTES):
        digest.update(output.read_range(key, start, min(start + HASH_BLOCK_BYTES, size)))
    return digest.hexdigest()


def _groups(
    catalog: Catalog, profile: Profile, bundle: Bundle, receiver: str, by: str
) -> Iterator[tuple[Deliverable, ...]]:
    """Yield undelivered products by delivery period; collections and bundle travel with the last, after all they list."""
    days = [date.fromisoformat(day) for day in catalog.undelivered_days(bundle.lid, receiver)]
    periods = [
        tuple(group) for _, group in groupby(days, key=lambda day: period_of(day, by, profile.calendar))
    ]
    aggregates = catalog.undelivered_aggregates(bundle.lid, receiver)
    for place, period in enumerate(periods, 1):
        products = catalog.undelivered_products(bundle.lid, receiver, str(period[0]), str(period[-1]))
        if profile.package.label_only == "label":
            products = [_without_known_file(catalog, receiver, product) for product in products]
        yield (*products, *(aggregates if place == len(periods) else ()))
    if aggregates and not periods:
        yield tuple(aggregates)


def _without_known_file(catalog: Catalog, receiver: str, product: Deliverable) -> Deliverable:
    """Leave out the data file of a label-only change, where the receiver has it or will get it."""
    lidvid = product.lidvid
    alone = lidvid.vid.minor > 0 and catalog.has_file(receiver, lidvid.lid, product.file.md5)
    return replace(product, label_alone=alone)


def period_of(day: date, by: str, calendar: Calendar) -> tuple[int, int, int]:
    """Return what the days of one delivery period have in common."""
    if by == "run":
        return 0, 0, 0
    if by == "month":
        return day.year, day.month, 1
    _, last = calendar.period(day)
    return last.year, last.month, last.day


def compress(
    executor: Executor,
    context: SegmentContext,
    folder: str,
    files: Iterable[tuple[str, StoredObject]],
    advance: Callable[[int, int], None],
) -> dict[str, Packed]:
    """Compress files, each given by its path in the package, on the workers; return them by path."""
    packed: dict[str, Packed] = {}
    tasks = _segment_tasks(folder, files)
    for event in executor.run(write_segment, context, tasks):
        done = event.value()
        packed.update((member.entry.path, member) for member in done)
        advance(len(done), sum(stored.bytes for _, stored in event.item.members))
    return packed


def _segment_tasks(folder: str, members: Iterable[tuple[str, StoredObject]]) -> Iterator[SegmentTask]:
    batch: list[tuple[str, StoredObject]] = []
    size = number = 0
    for path, stored in members:
        if batch and size + stored.bytes > SEGMENT_BYTES:
            yield SegmentTask(f"{folder}/{number:06d}", tuple(batch))
            batch, size, number = [], 0, number + 1
        batch.append((path, stored))
        size += stored.bytes
    if batch:
        yield SegmentTask(f"{folder}/{number:06d}", tuple(batch))


def _split(
    group: Sequence[Deliverable], packed: dict[str, Packed], options: PackageOptions
) -> Iterator[tuple[Deliverable, ...]]:
    """Cut a group so that no package is larger than ``package.max_bytes``; a label stays with its file."""
    form = package_format(options.format)
    part: list[Deliverable] = []
    size = form.trailer_bytes([])
    for deliverable in group:
        members = [packed[path] for path, _ in deliverable.members]
        grown = sum(member.end - member.start + form.entry_bytes(member.entry) for member in members)
        if part and size + grown > options.max_bytes:
            yield tuple(part)
            part, size = [], form.trailer_bytes([])
        part.append(deliverable)
        size += grown
    if part:
        yield tuple(part)


@dataclass(frozen=True, slots=True)
class PackageWriter:
    """Writes one package and its manifests into the delivery's folder."""

    output: Store
    profile: Profile
    bundle: Bundle
    format: str
    codec: Codec
    shipment: Shipment

    def plan(
        self, number: int, part: Sequence[Deliverable]
    ) -> tuple[DeliveryRecord, tuple[DeliveryMember, ...]]:
        """Fix content, number and names of a delivery; nothing is written."""
        run_day = date.fromisoformat(self.shipment.run_time[:10])
        days = [item.day for item in part if item.day is not None] or [run_day]
        name = self.profile.package.name.format(
            stem=self.bundle.stem, first=f"{min(days):%Y%m%d}", last=f"{max(days):%Y%m%d}", number=number
        )
        delivery_id = f"{self.bundle.stem}_d{number:03d}"
        base = f"{DELIVERIES}/{delivery_id}/{name}"
        members = tuple(
            sorted(
                (DeliveryMember(path, item.lidvid, stored) for item in part for path, stored in item.members),
                key=lambda member: member.path,
            )
        )
        record = DeliveryRecord(
            delivery_id=delivery_id,
            bundle_lid=self.bundle.lid,
            number=number,
            state=DeliveryState.PLANNED,
            receiver=self.shipment.receiver,
            release_id=self.shipment.releases.get(self.bundle.lid, ""),
            first_day=min(days),
            last_day=max(days),
            package_key=f"{base}.{self.format}",
            transfer_key=f"{base}_transfer_manifest.txt",
            checksum_key=f"{base}_checksum_manifest.txt",
            note_key=f"{base}_delivery_note.txt",
            format=self.format,
            codec=self.codec.words,
            package_bytes=0,
            package_sha256="",
            products=sum(item.day is not None for item in part),
            members=len(members),
            run_id=self.shipment.run_id,
            run_time=self.shipment.run_time,
        )
        return record, members

    def write(
        self,
        record: DeliveryRecord,
        members: Sequence[DeliveryMember],
        labels: Sequence[tuple[Lidvid, str]],
        packed: Mapping[str, Packed],
    ) -> DeliveryRecord:
        """Write package and manifests, and return the record with the package's size and digest.

        ``labels`` are versions and paths of all labels in it.
        """
        self._compose(record.package_key, [packed[member.path] for member in members])
        transfer = write_transfer_manifest(labels, self.profile.package.transfer_separator)
        checksum = write_checksum_manifest((member.stored.md5, member.path) for member in members)
        self.output.write(record.transfer_key, transfer)
        self.output.write(record.checksum_key, checksum)
        return replace(
            record,
            package_bytes=self.output.size(record.package_key),
            package_sha256=hash_object(self.output, record.package_key),
        )

    def _compose(self, key: str, members: Sequence[Packed]) -> None:
        """Join the members' ranges of their segments and the trailer into the package."""
        parts: list[Part] = []
        placed: list[tuple[Entry, int]] = []
        offset = 0
        for member in members:
            last = parts[-1] if parts else None
            if last is not None and last.key == member.segment and last.end == member.start:
                parts[-1] = Part(last.key, last.start, member.end)
            else:
                parts.append(Part(member.segment, member.start, member.end))
            placed.append((member.entry, offset))
            offset += member.end - member.start
        trailer = package_format(self.format).trailer(placed)
        self.output.compose(key, [*parts, trailer])
        if self.output.size(key) != offset + len(trailer):
            raise PackageError(
                f"{self.output.uri(key)}: {self.output.size(key)} bytes; expected {offset + len(trailer)}"
            )
