"""Rebuild: an earlier delivery again, from the immutable objects of ``store/`` and the catalog's list of its members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from drf_reprocess.archives.codec import Codec
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.suspects import run_all
from drf_reprocess.digests import digest_bytes
from drf_reprocess.errors import ObjectNotFound, PackageError
from drf_reprocess.identifiers import Lidvid
from drf_reprocess.model import DeliveryMember, DeliveryRecord
from drf_reprocess.profiles.model import Profile
from drf_reprocess.stages.package import PackageWriter, Shipment, join_packages
from drf_reprocess.stages.segments import SegmentContext, compress
from drf_reprocess.storage.base import TEMPORARY, Store, object_key

LABEL_SUFFIX = ".xml"
MEMBERS_PER_TASK = 200
MAX_TOLD = 5


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
    reproducible: bool = True
    """Whether the codec gives the same bytes again at all."""
    damaged: tuple[str, ...] = ()
    """Members that ``store/`` does not hold as they were; looked for only where the package differs."""

    @property
    def identical(self) -> bool:
        """Whether the package has the very bytes of the first time."""
        return self.package_sha256 == self.recorded_sha256

    @property
    def members_identical(self) -> bool:
        """Whether every member has the MD5 of the first time."""
        return not self.damaged

    @property
    def is_right(self) -> bool:
        """Whether it is what it can be here: the same bytes, or the same members by another codec."""
        may_differ = self.codec != self.recorded_codec or not self.reproducible
        as_expected = self.identical or (may_differ and self.members_identical)
        return as_expected and self.manifests_identical is not False

    @property
    def note(self) -> str:
        """What the comparison means, in words."""
        if self.damaged:
            told = ", ".join(self.damaged[:MAX_TOLD])
            return (
                f"{len(self.damaged)} members are not in store/ as they were: {told}; mend store/ from a copy"
            )
        if self.manifests_identical is False:
            return (
                "the manifests differ from those beside the first package: they were changed since, or the profile writes "
                "them otherwise now"
            )
        if self.identical:
            return "the package has the same bytes as when it was made first"
        if self.codec != self.recorded_codec:
            return (
                f"the package was compressed by {self.recorded_codec}, here is {self.codec}: its members are the same, its "
                "compressed bytes are not; install the recorded version for the same bytes"
            )
        if not self.reproducible:
            return f"the members are the same; {self.codec} gives other compressed bytes on another processor"
        return "the package differs although its members and the codec are the same: report this"


def rebuild(
    executor: Executor,
    output: Store,
    profile: Profile,
    record: DeliveryRecord,
    members: Sequence[DeliveryMember],
    destination: Store,
) -> Rebuilt:
    """Write package and manifests of a delivery again into another place.

    Every member is read from ``store/``; where the package is not the same, each is held against its MD5 of then.

    Raises
    ------
    PackageError
        If the delivery never had a package, or the destination is where it stands.
    ObjectNotFound
        If a member is not in ``store/`` any more.
    """
    if not record.package_sha256:
        what = "an adopted bundle" if record.format == "adopted" else record.state
        raise PackageError(f"{record.delivery_id} is {what}: it never was a package of ours")
    bundle = next((one for one in profile.bundles if one.lid == record.bundle_lid), None)
    if bundle is None:
        raise PackageError(
            f"{record.delivery_id} is of {record.bundle_lid}, which is no bundle of the profile"
        )
    beside = _beside(record)
    if destination.uri(beside.package_key) == output.uri(record.package_key) and destination.exists(
        beside.package_key
    ):
        raise PackageError(
            f"{output.uri(record.package_key)} is the delivery itself, which is never written over: name another folder"
        )
    name, _, rest = record.codec.partition(" ")
    codec = Codec(name, int(rest.rpartition(" ")[2]))
    segments = f"{TEMPORARY}/{record.delivery_id}"
    context = SegmentContext(
        output, record.format, codec.name, codec.level, codec.version, segments, destination
    )
    shipment = Shipment(record.receiver, {}, record.run_id, record.run_time)
    writer = PackageWriter(destination, profile, bundle, record.format, codec, shipment)
    labels = [(member.lidvid, member.path) for member in members if member.path.endswith(LABEL_SUFFIX)]
    try:
        files = ((member.path, member.stored) for member in members)
        packed = compress(executor, context, files, lambda _files, _bytes: None)
        task = writer.write_manifests(beside, members, sorted(labels, key=_by_path), packed)
        (made,) = join_packages(executor, destination, [(beside, task)])
    finally:
        destination.remove_tree(segments)
    is_same = made.package_sha256 == record.package_sha256
    return Rebuilt(
        record.delivery_id,
        destination.uri(made.package_key),
        made.package_sha256,
        record.package_sha256,
        len(members),
        codec.words,
        record.codec,
        _compare_manifests(output, record, destination, made),
        codec.is_reproducible,
        () if is_same else tuple(_find_damaged(executor, output, members)),
    )


def _find_damaged(executor: Executor, output: Store, members: Sequence[DeliveryMember]) -> Iterator[str]:
    batches = (
        tuple(members[start : start + MEMBERS_PER_TASK]) for start in range(0, len(members), MEMBERS_PER_TASK)
    )
    for event in run_all(executor, find_damaged, output, batches):
        yield from event.value()


def find_damaged(output: Store, members: tuple[DeliveryMember, ...]) -> tuple[str, ...]:
    """Return the paths of members whose objects are gone or have another MD5; a task function."""
    return tuple(member.path for member in members if not _is_whole(output, member))


def _is_whole(output: Store, member: DeliveryMember) -> bool:
    try:
        return digest_bytes(output.read(object_key(member.stored.sha256))).md5 == member.stored.md5
    except ObjectNotFound:
        return False


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
