"""Byte ranges of a finished package: what both readers share."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from drf_reprocess.archives.codec import Data
from drf_reprocess.errors import PackageError

ReadRange = Callable[[int, int], bytes]
"""Returns the bytes of the package from a first offset to before a second one."""

BLOCK_BYTES = 4 * 1024 * 1024

MAX_MEMBER_BYTES = 2 * 1024**3
"""Largest member that is unpacked: a file is in memory as a whole, and a package of megabytes can claim to hold terabytes."""


@dataclass(frozen=True, slots=True)
class MemberFault:
    """Why a member is refused, or cannot be read; it is not unpacked."""

    path: str
    message: str
    unreadable: bool = False
    """Whether the package is damaged there; else the member is whole, but unsafe or of a kind that no package has."""


def require_size(size: int) -> None:
    """Raise `PackageError` for a member that is too large to be unpacked."""
    if size > MAX_MEMBER_BYTES:
        raise PackageError(f"it has {size} bytes unpacked, at most {MAX_MEMBER_BYTES} are read")


class ReadAhead:
    """Byte ranges in blocks, so that many small neighbouring reads make few requests."""

    def __init__(self, read_range: ReadRange, size: int, block_bytes: int = BLOCK_BYTES) -> None:
        self._read_range = read_range
        self._size = size
        self._block_bytes = block_bytes
        self._start = 0
        self._block = b""

    def __call__(self, start: int, end: int) -> Data:
        """Return exactly the bytes from ``start`` to before ``end``; `PackageError` if the package ends earlier."""
        if not 0 <= start <= end <= self._size:
            raise PackageError(
                f"bytes {start} to {end} are outside the package, which has {self._size}: it is cut off"
            )
        if start < self._start or end > self._start + len(self._block):
            stop = min(self._size, max(end, start + self._block_bytes))
            self._start, self._block = start, self._read_range(start, stop)
            if len(self._block) != stop - start:
                raise PackageError(
                    f"the package changed while it was read: it ends at {start + len(self._block)} now"
                )
        return memoryview(self._block)[start - self._start : end - self._start]


class RangeFile(io.RawIOBase):
    """A package as a binary stream, read forwards by ranges."""

    def __init__(self, read_range: ReadRange, size: int) -> None:
        super().__init__()
        self._read = ReadAhead(read_range, size)
        self._size = size
        self._offset = 0

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer comes as a view
        """Fill ``buffer`` with the next bytes and return how many there were."""
        count = min(len(buffer), self._size - self._offset)
        buffer[:count] = self._read(self._offset, self._offset + count)
        self._offset += count
        return count
