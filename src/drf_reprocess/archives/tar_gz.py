"""Tar packages (POSIX ustar, pax headers at need), each member compressed by itself as one gzip member (RFC 1952)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from drf_reprocess.archives.base import MODE, Entry, Member, require_distinct, require_path
from drf_reprocess.archives.codec import Codec, Data, crc32

BLOCK_BYTES = 512
MAX_OCTAL = 8**11 - 1
GZIP_HEADER = struct.pack("<4BI2B", 0x1F, 0x8B, 8, 0, 0, 0, 255)
"""Deflate, no name, no time, unknown system: the same for everybody."""
PAX_NAME = "././@PaxHeader"


class TarGzFormat:
    """A tar file in gzip members."""

    name = "tar.gz"

    def member(self, path: str, data: Data, codec: Codec) -> Member:
        """Return tar header, file and padding in one gzip member; see `PackageFormat.member`."""
        raw_bytes = memoryview(data).nbytes
        raw = b"".join((_headers(require_path(path), raw_bytes), data, _padding(raw_bytes)))
        blob = b"".join((GZIP_HEADER, codec.deflate(raw), _gzip_end(raw)))
        return Member(Entry(path, crc32(data), raw_bytes, len(blob)), blob)

    def trailer(self, placed: Sequence[tuple[Entry, int]]) -> bytes:
        """Return the two zero blocks that end a tar file, in a gzip member; see `PackageFormat.trailer`."""
        require_distinct(entry.path for entry, _ in placed)
        zeros = bytes(2 * BLOCK_BYTES)
        # A stored block, so that it depends on no codec.
        stored = b"\1" + struct.pack("<2H", len(zeros), len(zeros) ^ 0xFFFF) + zeros
        return GZIP_HEADER + stored + _gzip_end(zeros)

    def trailer_bytes(self, entries: Sequence[Entry]) -> int:
        """Return the size of the trailer, which is the same for any members."""
        return len(self.trailer(()))

    def entry_bytes(self, entry: Entry) -> int:
        """Return 0: a tar file has no directory."""
        return 0


def _headers(path: str, size: int) -> bytes:
    """Return the ustar header, after a pax header where the path or the size does not fit into it."""
    split = _split(path.encode("utf-8"))
    records = b""
    if split is None or not path.isascii():
        records += _pax_record("path", path)
    if size > MAX_OCTAL:
        records += _pax_record("size", str(size))
    prefix, name = split or (b"", path.encode("utf-8")[:100])
    header = _ustar(prefix, name, min(size, MAX_OCTAL), b"0")
    if not records:
        return header
    return _ustar(b"", PAX_NAME.encode(), len(records), b"x") + records + _padding(len(records)) + header


def _split(path: bytes) -> tuple[bytes, bytes] | None:
    """Return prefix and name of ustar, at most 155 and 100 bytes parted at a '/', None where no place fits."""
    if len(path) <= 100:
        return b"", path
    place = path.find(b"/", len(path) - 101)
    if not 0 < place <= 155 or place == len(path) - 1:
        return None
    return path[:place], path[place + 1 :]


def _ustar(prefix: bytes, name: bytes, size: int, kind: bytes) -> bytes:
    """Return a header block (POSIX.1-1988): owner 0 without name, time 0."""
    fields = (
        name.ljust(100, b"\0"),
        b"%07o\0" % (MODE & 0o7777),
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        b"%011o\0" % size,
        b"%011o\0" % 0,
        b" " * 8,
        kind,
        bytes(100),
        b"ustar\00000",
        bytes(32),
        bytes(32),
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        prefix.ljust(155, b"\0"),
        bytes(12),
    )
    block = bytearray(b"".join(fields))
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _pax_record(key: str, value: str) -> bytes:
    """Return ``length key=value`` with LF, whose length counts its own digits."""
    rest = f" {key}={value}\n".encode()
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK_BYTES)


def _gzip_end(raw: bytes) -> bytes:
    return struct.pack("<2I", crc32(raw), len(raw) & 0xFFFFFFFF)
