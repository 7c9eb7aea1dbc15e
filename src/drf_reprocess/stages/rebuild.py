"""Rebuild: an earlier delivery again, from the immutable objects of ``store/`` and the catalog's list of its members."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drf_reprocess.archives.codec import Codec
from drf_reprocess.compute.base import Executor
from drf_reprocess.errors import PackageError
from drf_reprocess.identifiers import Lidvid
from drf_reprocess.model import DeliveryMember, DeliveryRecord
from drf_reprocess.profiles.model import Profile
from drf_reprocess.stages.package import PackageWriter, SegmentContext, Shipment, compress
from drf_reprocess.storage.base import Store

SEGMENTS = "segments"
LABEL_SUFFIX = ".xml"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A delivery made again, compared with what was recorded when it was made first."""

    delivery_id: str
    package: str
    package_sha256: str
    recorded_sha256: str
    members: int
    codec: str
    recorded_codec: str
    manifests_identical: bool | None
    """None if the manifests of the first time are not there any more."""

    @property
    def identical(self) -> bool:
        """Whether the package has the very bytes of the first time."""
        return self.package_sha256 == self.recorded_sha256

    @property
    def note(self) -> str:
        """What the comparison means, in words."""
        if self.identical:
            return "the package has the same bytes as when it was made first"
        if self.codec != self.recorded_codec:
            return (
                f"the package was compressed by {self.recorded_codec}, here is {self.codec}: its members are the same, its "
                "compressed bytes are not; install the recorded version for the same bytes"
            )
        return "the package differs although the codec is the same: report this"


def rebuild(
    executor: Executor,
    output: Store,
    profile: Profile,
    record: DeliveryRecord,
    members: list[DeliveryMember],
    destination: Store,
) -> Rebuilt:
    """Write package and manifests of a delivery again into another place.

    Every member is read from ``store/``, by its SHA-256, and has the MD5 that the checksum manifest told then.

    Raises
    ------
    PackageError
        If the delivery never had a package: an adopted bundle.
    """
    if record.format == "adopted":
        raise PackageError(f"{record.delivery_id} is an adopted bundle: it never was a package of ours")
    name, _, rest = record.codec.partition(" ")
    codec = Codec(name, int(rest.rpartition(" ")[2]))
    context = SegmentContext(output, record.format, codec.name, codec.level, codec.version, destination)
    bundle = next(one for one in profile.bundles if one.lid == record.bundle_lid)
    shipment = Shipment(record.receiver, {}, record.run_id, record.run_time)
    writer = PackageWriter(destination, profile, bundle, record.format, codec, shipment)
    labels = [(member.lidvid, member.path) for member in members if member.path.endswith(LABEL_SUFFIX)]
    try:
        files = ((member.path, member.stored) for member in members)
        packed = compress(executor, context, SEGMENTS, files, lambda _files, _bytes: None)
        made = writer.write(_beside(record), members, sorted(labels, key=_by_path), packed)
    finally:
        destination.remove_tree(SEGMENTS)
    return Rebuilt(
        record.delivery_id,
        destination.uri(made.package_key),
        made.package_sha256,
        record.package_sha256,
        len(members),
        f"{codec.name} {codec.version} level {codec.level}",
        record.codec,
        _compare_manifests(output, record, destination, made),
    )


def _by_path(label: tuple[Lidvid, str]) -> str:
    return label[1]


def _beside(record: DeliveryRecord) -> DeliveryRecord:
    """Return the record with keys that have no folder."""
    return replace(
        record,
        package_key=_name(record.package_key),
        transfer_key=_name(record.transfer_key),
        checksum_key=_name(record.checksum_key),
        note_key=_name(record.note_key),
    )


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _compare_manifests(
    output: Store, record: DeliveryRecord, destination: Store, made: DeliveryRecord
) -> bool | None:
    pairs = ((record.transfer_key, made.transfer_key), (record.checksum_key, made.checksum_key))
    if not all(output.exists(first) for first, _ in pairs):
        return None
    return all(output.read(first) == destination.read(again) for first, again in pairs)
