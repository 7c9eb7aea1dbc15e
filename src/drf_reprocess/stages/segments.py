"""Segments: files compressed as members of packages to come, many in one immutable object.

The task that makes a product compresses its files from the bytes that it has in memory. What a delivery needs of earlier
runs is read from the store and compressed by tasks of its own. A package is then joined from ranges of segments.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from drf_reprocess.archives import package_format
from drf_reprocess.archives.base import Entry
from drf_reprocess.archives.codec import Codec, Data
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.suspects import run_all
from drf_reprocess.errors import CodecMissing
from drf_reprocess.model import PackedMember, StoredObject
from drf_reprocess.storage.base import Store, object_key

SEGMENT_BYTES = 48 * 2**20
"""Uncompressed bytes of a segment that has a task of its own, about."""


def segments_key(run_id: str) -> str:
    """Return the folder of what a run compresses, before it is joined to packages."""
    return f"runs/{run_id}/segments"


def entry_of(member: PackedMember) -> Entry:
    """Return what the trailer of a package says of a member."""
    return Entry(member.path, member.crc32, member.raw_bytes, member.end - member.start)


@dataclass(frozen=True, slots=True)
class SegmentContext:
    """How and where segments are written: what every task needs."""

    output: Store
    format: str
    codec: str
    level: int
    codec_version: str
    """That of the driver: a worker with another version would write other bytes."""
    folder: str
    segments: Store | None = None
    """Where segments are written, if that is not the output."""

    @property
    def packing(self) -> str:
        """What must be the same for a compressed file to fit a package."""
        return f"{self.format} {self.codec} {self.codec_version} level {self.level}"

    def require_codec(self) -> Codec:
        """Return the codec; `CodecMissing` if it is not here in the version that the driver has."""
        codec = Codec(self.codec, self.level)
        if codec.version != self.codec_version:
            raise CodecMissing(
                f"this worker has {codec.name} {codec.version}, the driver {self.codec_version}: packages would not be "
                "reproducible; install the same version everywhere"
            )
        return codec


class SegmentWriter:
    """Collects compressed files of one task, and writes them as one segment."""

    def __init__(self, context: SegmentContext) -> None:
        self._context = context
        self._codec = context.require_codec()
        self._format = package_format(context.format)
        self._key = f"{context.folder}/{uuid.uuid4().hex}"
        self._blobs: list[Data] = []
        self._bytes = 0

    def add(self, path: str, data: Data, sha256: str) -> PackedMember:
        """Compress a file and tell where it will stand when the segment is written."""
        made = self._format.member(path, data, self._codec)
        start, self._bytes = self._bytes, self._bytes + len(made.blob)
        self._blobs.append(made.blob)
        return PackedMember(
            path,
            sha256,
            self._context.packing,
            self._key,
            start,
            self._bytes,
            made.entry.crc32,
            made.entry.raw_bytes,
        )

    def write(self) -> None:
        """Write the segment, if there is anything in it; durable on return."""
        if self._blobs:
            (self._context.segments or self._context.output).compose(self._key, self._blobs)


@dataclass(frozen=True, slots=True)
class SegmentTask:
    """Files of the store to be compressed, one after another, into one segment."""

    members: tuple[tuple[str, StoredObject], ...]


def write_segment(context: SegmentContext, task: SegmentTask) -> tuple[PackedMember, ...]:
    """Compress files of the store into one segment and tell where each stands; a task function.

    Raises
    ------
    CodecMissing
        If the codec is not here in the version that the driver has.
    """
    writer = SegmentWriter(context)
    packed = tuple(
        writer.add(path, context.output.read(object_key(stored.sha256)), stored.sha256)
        for path, stored in task.members
    )
    writer.write()
    return packed


def compress(
    executor: Executor,
    context: SegmentContext,
    files: Iterable[tuple[str, StoredObject]],
    advance: Callable[[int, int], None],
) -> dict[str, PackedMember]:
    """Compress files of the store, each given by its path in the package, on the workers; return them by path.

    ``advance`` is told of files and bytes as they are compressed.
    """
    packed: dict[str, PackedMember] = {}
    for event in run_all(executor, write_segment, context, _tasks(files)):
        done = event.value()
        packed.update((member.path, member) for member in done)
        advance(len(done), sum(stored.bytes for _, stored in event.item.members))
    return packed


def _tasks(members: Iterable[tuple[str, StoredObject]]) -> Iterator[SegmentTask]:
    batch: list[tuple[str, StoredObject]] = []
    size = 0
    for path, stored in members:
        if batch and size + stored.bytes > SEGMENT_BYTES:
            yield SegmentTask(tuple(batch))
            batch, size = [], 0
        batch.append((path, stored))
        size += stored.bytes
    if batch:
        yield SegmentTask(tuple(batch))
