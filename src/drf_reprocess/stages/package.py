"""Package: what the receiver does not have yet, as delivery packages with their manifests (SIS 4.3, 6.3, appendix F).

Workers have compressed the members into segments (`stages.segments`); a worker joins ranges of these and the trailer, which
the driver fixes. So no member's bytes pass through the driver, and the same members in the same order give the same package,
whoever compressed them.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, groupby

from drf_reprocess.archives import package_format
from drf_reprocess.archives.base import Entry
from drf_reprocess.archives.codec import Codec
from drf_reprocess.catalog.base import Catalog
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.suspects import run_all
from drf_reprocess.errors import PackageError
from drf_reprocess.identifiers import Lid, Lidvid
from drf_reprocess.model import (
    Deliverable,
    DeliveryMember,
    DeliveryRecord,
    DeliveryState,
    PackedMember,
)
from drf_reprocess.pds4.manifests import write_checksum_manifest, write_transfer_manifest
from drf_reprocess.profiles.model import Bundle, Calendar, Profile
from drf_reprocess.stages.contents import tell_contents
from drf_reprocess.stages.segments import SegmentContext, compress, entry_of, segments_key
from drf_reprocess.storage.base import Part, Store

HASH_BLOCK_BYTES = 8 * 2**20

MEMBERS_PER_WORKER = 1_250
"""Packages are joined several at once, until they have so many members for each worker; no more are proved at once..."""
MOST_MEMBERS = 12_000
"""... or so many in all: the driver remembers some kB of each while they are proved."""

DELIVERIES = "deliveries"


@dataclass(frozen=True, slots=True)
class PackageOptions:
    """How packages are cut and compressed (configuration section ``package``)."""

    by: str
    format: str
    max_bytes: int
    codec: str
    level: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that is packed but not yet proved."""

    record: DeliveryRecord
    contents: tuple[str, ...]
    """What its note tells of its content."""


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
) -> Iterator[tuple[Delivery, ...]]:
    """Pack everything that is in no live delivery to the receiver, bundle by bundle, and yield deliveries as packed.

    A delivery is a change set against what the receiver has accepted or has in flight, over the whole mission. As many
    packages as there are workers are joined at once. ``advance`` is told of files and bytes as they are compressed.
    """
    context = segment_context(output, options, shipment.run_id)
    planned = _plan_deliveries(catalog, executor, profile, options, shipment, context, advance)
    for batch in _batches(planned, executor):
        records = join_packages(executor, output, [(delivery.record, task) for delivery, task in batch])
        for record in records:
            catalog.complete_delivery(record)
        packed = tuple(
            replace(delivery, record=replace(record, state=DeliveryState.PACKED))
            for (delivery, _), record in zip(batch, records, strict=True)
        )
        batch.clear()  # how they were joined need not be remembered any more
        yield packed
    folders = {segment.rpartition("/")[0] for segment in catalog.packed_segments()} | {context.folder}
    catalog.forget_packed()
    for folder in sorted(folders):
        output.remove_tree(folder)


def _plan_deliveries(
    catalog: Catalog,
    executor: Executor,
    profile: Profile,
    options: PackageOptions,
    shipment: Shipment,
    context: SegmentContext,
    advance: Callable[[int, int], None],
) -> Iterator[tuple[Delivery, PackageTask]]:
    """Record delivery after delivery, write its manifests, and yield it with how its package is to be joined."""
    output, codec = context.output, context.require_codec()
    for bundle in profile.bundles:
        writer = PackageWriter(output, profile, bundle, options.format, codec, shipment)
        # What of a group is planned is forgotten: a planned delivery waits until others are joined and proved.
        for group in _groups(catalog, profile, bundle, shipment.receiver, options.by):
            packed = _compressed(catalog, executor, context, group, advance)
            while group:
                yield _plan_delivery(catalog, writer, *_take_part(group, packed, options))


def _plan_delivery(
    catalog: Catalog,
    writer: PackageWriter,
    part: Sequence[Deliverable],
    packed: Mapping[str, PackedMember],
) -> tuple[Delivery, PackageTask]:
    record, members = writer.plan(catalog.next_delivery_number(writer.bundle.lid), part)
    catalog.commit_delivery(record, members)
    # A folder of this number that is not in the catalog is the rest of a run that was cut off.
    writer.output.remove_tree(f"{DELIVERIES}/{record.delivery_id}")
    labels = [(item.lidvid, item.label_path) for item in part]
    task = writer.write_manifests(record, members, labels, packed)
    return Delivery(record, tell_contents(record, part)), task


def _batches(
    planned: Iterator[tuple[Delivery, PackageTask]], executor: Executor
) -> Iterator[list[tuple[Delivery, PackageTask]]]:
    """Yield deliveries so many at once as there are workers, and as the driver can well remember."""
    batch: list[tuple[Delivery, PackageTask]] = []
    for delivery, task in planned:
        batch.append((delivery, task))
        members, workers = sum(one.record.members for one, _ in batch), executor.workers
        if len(batch) >= workers or members >= most_members(workers):
            yield batch
            batch = []
    if batch:
        yield batch


def most_members(workers: float) -> float:
    """Return how many members the packages that are proved at once have at most, and those that are joined, about."""
    return min(MEMBERS_PER_WORKER * workers, MOST_MEMBERS)


def proved_together(deliveries: Iterable[Delivery], workers: float) -> Iterator[list[Delivery]]:
    """Yield packed deliveries in order, as many together as the driver can well remember while they are proved.

    Proving many members keeps all workers busy, joining only one package does not: large packages, which are joined
    together, are proved one by one.
    """
    together: list[Delivery] = []
    for delivery in deliveries:
        members = sum(one.record.members for one in together)
        if together and members + delivery.record.members > most_members(workers):
            yield together
            together = []
        together.append(delivery)
    if together:
        yield together


def segment_context(output: Store, options: PackageOptions, run_id: str) -> SegmentContext:
    """Return how a run compresses files for its packages."""
    codec = Codec(options.codec, options.level)
    return SegmentContext(
        output, options.format, codec.name, codec.level, codec.version, segments_key(run_id)
    )


def _compressed(
    catalog: Catalog,
    executor: Executor,
    context: SegmentContext,
    group: Iterable[Deliverable],
    advance: Callable[[int, int], None],
) -> dict[str, PackedMember]:
    """Return all files of a group, compressed, by path: when their products were made, else now."""
    files = dict(chain.from_iterable(item.members for item in group))
    wanted = [(path, stored.sha256) for path, stored in files.items()]
    found = catalog.packed_members(context.packing, wanted)
    there = {segment for segment in {member.segment for member in found} if context.output.exists(segment)}
    packed = {member.path: member for member in found if member.segment in there}
    advance(len(packed), sum(member.raw_bytes for member in packed.values()))
    rest = ((path, stored) for path, stored in files.items() if path not in packed)
    return packed | compress(executor, context, rest, advance)


@dataclass(frozen=True, slots=True)
class PackageTask:
    """A package to be joined: ranges of segments in order, then the trailer."""

    key: str
    parts: tuple[Part, ...]
    trailer: bytes

    @property
    def bytes(self) -> int:
        """Size of the package."""
        return sum(part.end - part.start for part in self.parts) + len(self.trailer)


def join_package(output: Store, task: PackageTask) -> str:
    """Write a package and return its SHA-256, read from where it was written; a task function.

    Raises
    ------
    PackageError
        If what was written has another size.
    """
    output.compose(task.key, [*task.parts, task.trailer])
    found = output.size(task.key)
    if found != task.bytes:
        raise PackageError(f"{output.uri(task.key)}: {found} bytes; expected {task.bytes}")
    return hash_object(output, task.key)


def join_packages(
    executor: Executor, output: Store, planned: Sequence[tuple[DeliveryRecord, PackageTask]]
) -> list[DeliveryRecord]:
    """Have packages joined by workers, and return their records, in order, with size and digest of each.

    A worker joins a package and reads it for its digest: no bytes of members come to the driver.
    """
    events = run_all(executor, join_package, output, [task for _, task in planned])
    digests = {event.item.key: event.value() for event in events}
    return [
        replace(record, package_bytes=task.bytes, package_sha256=digests[task.key])
        for record, task in planned
    ]


def hash_object(output: Store, key: str) -> str:
    """Return the SHA-256 of an object, read in blocks."""
    digest = hashlib.sha256()
    size = output.size(key)
    for start in range(0, size, HASH_BLOCK_BYTES):
        digest.update(output.read_range(key, start, min(start + HASH_BLOCK_BYTES, size)))
    return digest.hexdigest()


def _groups(
    catalog: Catalog, profile: Profile, bundle: Bundle, receiver: str, by: str
) -> Iterator[deque[Deliverable]]:
    """Yield undelivered products by delivery period; collections and bundle travel with the last, after all they list."""
    days = [date.fromisoformat(day) for day in catalog.undelivered_days(bundle.lid, receiver)]
    periods = [
        tuple(group) for _, group in groupby(days, key=lambda day: period_of(day, by, profile.calendar))
    ]
    aggregates = catalog.undelivered_aggregates(bundle.lid, receiver)
    for place, period in enumerate(periods, 1):
        products = _products(catalog, profile, bundle.lid, receiver, period)
        yield deque(chain(products, aggregates if place == len(periods) else ()))
    if aggregates and not periods:
        yield deque(aggregates)


def _products(
    catalog: Catalog, profile: Profile, bundle: Lid, receiver: str, period: Sequence[date]
) -> Iterator[Deliverable]:
    for product in catalog.undelivered_products(bundle, receiver, str(period[0]), str(period[-1])):
        if profile.package.label_only == "label":
            yield _without_known_file(catalog, receiver, product)
        else:
            yield product


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


def _take_part(
    group: deque[Deliverable], packed: dict[str, PackedMember], options: PackageOptions
) -> tuple[list[Deliverable], dict[str, PackedMember]]:
    """Take what goes into one package from the front of a group, and its files from all that are compressed.

    No package is larger than ``package.max_bytes``, unless by one product alone; a label stays with its file.
    """
    form = package_format(options.format)
    part: list[Deliverable] = []
    files: dict[str, PackedMember] = {}
    size = form.trailer_bytes([])
    while group:
        members = [packed[path] for path, _ in group[0].members]
        size += sum(member.end - member.start + form.entry_bytes(entry_of(member)) for member in members)
        if part and size > options.max_bytes:
            break
        part.append(group.popleft())
        files.update((member.path, packed.pop(member.path)) for member in members)
    return part, files


@dataclass(frozen=True, slots=True)
class PackageWriter:
    """Fixes what is in the packages of a bundle, and writes their manifests into the folders of the deliveries."""

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

    def write_manifests(
        self,
        record: DeliveryRecord,
        members: Sequence[DeliveryMember],
        labels: Sequence[tuple[Lidvid, str]],
        packed: Mapping[str, PackedMember],
    ) -> PackageTask:
        """Write the manifests of a package, and return how it is to be joined.

        ``labels`` are versions and paths of all labels in it.
        """
        transfer = write_transfer_manifest(labels, self.profile.package.transfer_separator)
        checksum = write_checksum_manifest((member.stored.md5, member.path) for member in members)
        self.output.write(record.transfer_key, transfer)
        self.output.write(record.checksum_key, checksum)
        return self.join(record.package_key, [packed[member.path] for member in members])

    def join(self, key: str, members: Sequence[PackedMember]) -> PackageTask:
        """Return the ranges of segments and the trailer that make the package."""
        parts: list[Part] = []
        placed: list[tuple[Entry, int]] = []
        offset = 0
        for member in members:
            last = parts[-1] if parts else None
            if last is not None and last.key == member.segment and last.end == member.start:
                parts[-1] = Part(last.key, last.start, member.end)
            else:
                parts.append(Part(member.segment, member.start, member.end))
            placed.append((entry_of(member), offset))
            offset += member.end - member.start
        return PackageTask(key, tuple(parts), package_format(self.format).trailer(placed))
