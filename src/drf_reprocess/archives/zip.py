"""Zip packages (PKWARE APPNOTE): local headers with all fields known, deflated data, a central directory, zip64 at need."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from drf_reprocess.archives.base import MODE, Entry, Member, require_distinct, require_path
from drf_reprocess.archives.codec import Codec, Data, crc32

LOCAL = struct.Struct("<4s5H3I2H")
"""Local file header (APPNOTE 4.3.7)."""
CENTRAL = struct.Struct("<4s6H3I5H2I")
"""Central directory header (APPNOTE 4.3.12)."""
END = struct.Struct("<4s4H2IH")
"""End of central directory record (APPNOTE 4.3.16)."""
END64 = struct.Struct("<4sQ2H2I4Q")
"""Zip64 end of central directory record (APPNOTE 4.3.14)."""
LOCATOR64 = struct.Struct("<4sIQI")
"""Zip64 end of central directory locator (APPNOTE 4.3.15)."""

DEFLATED = 8
UTF8 = 1 << 11
TIME, DATE = 0, (1980 - 1980) << 9 | 1 << 5 | 1
"""Midnight of 1980-01-01, the earliest that zip can tell."""
UNIX = 3
LIMIT32 = 0xFFFFFFFF
"""From here on a size or offset stands in a zip64 field, and this value in its place."""
LIMIT16 = 0xFFFF
ZIP64_SIZES = 4 + 2 * 8
"""A local header's zip64 field: always both sizes (APPNOTE 4.5.3)."""


class ZipFormat:
    """A zip file of deflated members."""

    name = "zip"

    def member(self, path: str, data: Data, codec: Codec) -> Member:
        """Return local file header and raw deflate data; see `PackageFormat.member`."""
        text = require_path(path).encode("utf-8")
        raw_bytes, checksum = memoryview(data).nbytes, crc32(data)
        packed = codec.deflate(data)
        big = _is_big(raw_bytes, len(packed))
        extra = struct.pack("<2H2Q", 1, 16, raw_bytes, len(packed)) if big else b""
        sizes = (LIMIT32, LIMIT32) if big else (len(packed), raw_bytes)
        header = LOCAL.pack(
            b"PK\3\4",
            45 if big else 20,
            _flags(path),
            DEFLATED,
            TIME,
            DATE,
            checksum,
            *sizes,
            len(text),
            len(extra),
        )
        blob = b"".join((header, text, extra, packed))
        return Member(Entry(path, checksum, raw_bytes, len(blob)), blob)

    def trailer(self, placed: Sequence[tuple[Entry, int]]) -> bytes:
        """Return central directory and end record; see `PackageFormat.trailer`."""
        require_distinct(entry.path for entry, _ in placed)
        start = max((offset + entry.blob_bytes for entry, offset in placed), default=0)
        directory = b"".join(_central_header(entry, offset) for entry, offset in placed)
        count, size = len(placed), len(directory)
        end = b""
        if count >= LIMIT16 or size >= LIMIT32 or start >= LIMIT32:
            end = END64.pack(b"PK\6\6", END64.size - 12, UNIX << 8 | 45, 45, 0, 0, count, count, size, start)
            end += LOCATOR64.pack(b"PK\6\7", 0, start + size, 1)
        shown = min(count, LIMIT16)
        end += END.pack(b"PK\5\6", 0, 0, shown, shown, min(size, LIMIT32), min(start, LIMIT32), 0)
        return directory + end

    def trailer_bytes(self, entries: Sequence[Entry]) -> int:
        """Return how long central directory and end record are at most."""
        return sum(map(self.entry_bytes, entries)) + END64.size + LOCATOR64.size + END.size

    def entry_bytes(self, entry: Entry) -> int:
        """Return the size of a central directory header with all zip64 fields."""
        return CENTRAL.size + len(entry.path.encode("utf-8")) + 4 + 3 * 8


def _central_header(entry: Entry, offset: int) -> bytes:
    text = entry.path.encode("utf-8")
    packed = entry.blob_bytes - LOCAL.size - len(text)
    if _is_big(entry.raw_bytes, packed - ZIP64_SIZES):
        packed -= ZIP64_SIZES
    values = (entry.raw_bytes, packed, offset)
    big = [value for value in values if value >= LIMIT32]
    extra = struct.pack(f"<2H{len(big)}Q", 1, 8 * len(big), *big) if big else b""
    raw, packed, offset = (min(value, LIMIT32) for value in values)
    version = 45 if big else 20
    return (
        CENTRAL.pack(
            *(b"PK\1\2", UNIX << 8 | version, version, _flags(entry.path), DEFLATED, TIME, DATE, entry.crc32),
            *(packed, raw, len(text), len(extra), 0, 0, 0, MODE << 16, offset),
        )
        + text
        + extra
    )


def _is_big(raw_bytes: int, packed_bytes: int) -> bool:
    return raw_bytes >= LIMIT32 or packed_bytes >= LIMIT32


def _flags(path: str) -> int:
    return 0 if path.isascii() else UTF8
