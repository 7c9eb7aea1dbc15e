"""Raw deflate (RFC 1951), and back.

libdeflate gives the same bytes on every processor and at every repetition, and at level 1 some eight times as fast as
zlib at level 6. Its version and level are recorded with each package, for another version may give other bytes. ISA-L is
faster still, and gives other bytes on other processors.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from drf_reprocess.errors import CodecMissing, PackageError

libdeflate: Any = import_module("deflate") if find_spec("deflate") else None
"""None where it is not installed: told by `CodecMissing` when it is asked for."""

isal: Any = import_module("isal.isal_zlib") if find_spec("isal") else None
"""Likewise."""

Data = bytes | bytearray | memoryview

LEVELS = {"libdeflate": range(1, 13), "zlib": range(1, 10), "isal": range(1, 4)}
PACKAGES = {"libdeflate": "deflate", "isal": "isal"}
"""Package of the Python index that brings a codec; zlib comes with Python."""

MAX_RATIO = 1032
"""Deflate makes data at most so many times smaller (258 bytes of a match in two bits)."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A compressor and its level (1-12 of libdeflate, 1-9 of zlib, 1-3 of isal).

    Raises
    ------
    PackageError
        If there is no such codec or level.
    CodecMissing
        When it is used, if the library is not installed.
    """

    name: str = "libdeflate"
    level: int = 1

    def __post_init__(self) -> None:
        levels = LEVELS.get(self.name)
        if levels is None:
            raise PackageError(f"no codec {self.name!r}; expected one of {', '.join(LEVELS)}")
        if self.level not in levels:
            raise PackageError(f"no level {self.level} of {self.name}; expected {levels[0]} to {levels[-1]}")

    @property
    def version(self) -> str:
        """The version on which the bytes depend: that of the package which brings the codec, or of zlib."""
        if self.name == "zlib":
            return zlib.ZLIB_RUNTIME_VERSION
        self._require_library()
        return version(PACKAGES[self.name])

    @property
    def is_reproducible(self) -> bool:
        """Whether the same version gives the same bytes again, wherever it runs."""
        return self.name != "isal"

    @property
    def words(self) -> str:
        """Name, version and level, as they are recorded with a package."""
        return f"{self.name} {self.version} level {self.level}"

    def deflate(self, data: Data) -> bytes:
        """Return ``data`` compressed, without any header."""
        if self.name == "zlib":
            compressor = zlib.compressobj(self.level, zlib.DEFLATED, -zlib.MAX_WBITS)
            return compressor.compress(data) + compressor.flush()
        library = self._require_library()
        if self.name == "isal":
            return bytes(library.compress(data, self.level, -zlib.MAX_WBITS))
        return bytes(library.deflate_compress(data, self.level))

    def _require_library(self) -> Any:  # noqa: ANN401 - a module without type information
        library = isal if self.name == "isal" else libdeflate
        if library is None:
            raise CodecMissing(
                f"the codec {self.name} is not installed here; install the package {PACKAGES[self.name]!r}"
            )
        return library


def inflate(data: Data, raw_bytes: int) -> bytes:
    """Return what was compressed, which must be exactly ``raw_bytes`` long.

    Raises
    ------
    PackageError
        If ``data`` is no deflate stream, is cut off, or holds another number of bytes.
    """
    if raw_bytes > MAX_RATIO * memoryview(data).nbytes:
        raise PackageError(
            f"{memoryview(data).nbytes} compressed bytes cannot hold {raw_bytes}: the sizes are wrong"
        )
    found = _inflate(data, raw_bytes)
    if len(found) != raw_bytes:
        raise PackageError(f"the compressed data hold {len(found)} bytes, expected {raw_bytes}")
    return found


def crc32(data: Data) -> int:
    """Return the CRC-32 checksum of zip and gzip."""
    if libdeflate is None:
        return zlib.crc32(data)
    return int(libdeflate.crc32(data, 0))


def _inflate(data: Data, raw_bytes: int) -> bytes:
    if libdeflate is None or not raw_bytes:
        return _inflate_zlib(data, raw_bytes)
    try:
        return bytes(libdeflate.deflate_decompress(data, raw_bytes))
    except libdeflate.DeflateError as error:
        raise PackageError(f"the compressed data cannot be read: {error}") from error


def _inflate_zlib(data: Data, raw_bytes: int) -> bytes:
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = decompressor.decompress(data, raw_bytes + 1)
    except zlib.error as error:
        raise PackageError(f"the compressed data cannot be read: {error}") from error
    if len(found) <= raw_bytes and not decompressor.eof:
        raise PackageError("the compressed data are cut off")
    return found
