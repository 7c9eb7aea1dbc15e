"""The members of a finished tar.gz package, as a stream and without trust."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Self

from drf_reprocess.archives.base import path_fault
from drf_reprocess.archives.reading import MAX_MEMBER_BYTES, MemberFault, RangeFile, ReadRange
from drf_reprocess.errors import PackageError

BUFFER_BYTES = 1024 * 1024
MAX_HEADER_BYTES = 1024 * 1024
"""Longest extended header: it holds a name or two, and `tarfile` has the whole of it in memory."""
HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


@dataclass(frozen=True, slots=True)
class TarMember:
    """A file of the package with its bytes."""

    path: str
    data: bytes


def iter_tar_members(stream: BinaryIO) -> Iterator[TarMember | MemberFault]:
    """Yield each file of a tar.gz package, or why it is refused, in order; one file is in memory at a time.

    Refused are absolute paths, ``..``, backslashes and control characters, links, special and sparse files, a path that
    stands twice. Of paths that differ in case only the later one comes with a fault, and is yielded. Folders are passed over.

    Raises
    ------
    PackageError
        Where the package is damaged or cut off, or claims a file too large to be unpacked; what was yielded before was read without fault.
    """
    seen: dict[str, str] = {}
    try:
        with (
            gzip.GzipFile(fileobj=stream, mode="rb") as unzipped,
            tarfile.open(fileobj=unzipped, mode="r|", bufsize=BUFFER_BYTES, tarinfo=_StrictInfo) as tar,
        ):
            while (info := tar.next()) is not None:
                if not info.isdir():
                    yield from _read(tar, info, seen)
                tar.members.clear()  # type: ignore[attr-defined]  # else each header read stays in memory
            _require_zeros(tar)
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, ValueError, OverflowError) as error:
        # tarfile lets the ValueError of a number that is none pass.
        raise PackageError(f"the package cannot be read on: {error}") from error
    except RecursionError as error:  # tarfile calls itself for each of several extended headers
        raise PackageError("the package cannot be read on: extended headers without end") from error


def open_ranges(read_range: ReadRange, size: int) -> BinaryIO:
    """Return a stream over a package that is read by byte ranges."""
    return io.BufferedReader(RangeFile(read_range, size), BUFFER_BYTES)


class _StrictInfo(tarfile.TarInfo):
    """Headers of which a damaged or missing one is an error; tarfile itself takes it for the end."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            info = super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ == "EOFHeaderError":  # the closing zero blocks
                raise
            raise tarfile.ReadError(f"{error or 'a header is missing'} at byte {archive.offset}") from error
        # What is too large cannot be passed over either: `tarfile` would go on to the last byte that the header claims.
        if not 0 <= info.size <= MAX_MEMBER_BYTES:
            raise tarfile.ReadError(
                f"{info.name!r} has {info.size} bytes, at most {MAX_MEMBER_BYTES} are read"
            )
        return info

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        """Refuse sizes that `tarfile` itself takes as they come: below zero it goes round in circles."""
        if self.size < 0 or (self.type in HEADERS and self.size > MAX_HEADER_BYTES):
            raise tarfile.ReadError(f"a header of {self.size} bytes, at most {MAX_HEADER_BYTES} are read")
        return super()._proc_member(archive)  # type: ignore[misc,no-any-return]


def _read(
    tar: tarfile.TarFile, info: tarfile.TarInfo, seen: dict[str, str]
) -> Iterator[TarMember | MemberFault]:
    path = info.name
    if fault := path_fault(path):
        yield MemberFault(path, f"refused: {fault}")
        return
    if info.issparse():
        yield MemberFault(path, "refused: it is a sparse file, which can be far larger than the package")
        return
    file = tar.extractfile(info) if info.type in {tarfile.REGTYPE, tarfile.AREGTYPE} else None
    if file is None:
        yield MemberFault(path, "refused: it is a link or a special file")
        return
    earlier = seen.get(path.casefold())
    if earlier is None:
        seen[path.casefold()] = path
    else:
        same = earlier == path
        message = (
            "the path stands twice in the package"
            if same
            else f"it differs from {earlier!r} in letter case only"
        )
        yield MemberFault(path, f"refused: {message}")
        if same:
            return
    data = file.read()
    if len(data) != info.size:
        raise tarfile.ReadError(f"{path!r} has {len(data)} bytes, its header says {info.size}")
    yield TarMember(path, data)


def _require_zeros(tar: tarfile.TarFile) -> None:
    """Read on to the end, so that the last checksum is compared too, and nothing may stand behind the closing blocks."""
    stream = tar.fileobj
    while stream is not None and (block := stream.read(BUFFER_BYTES)):
        if block.strip(b"\0"):
            raise tarfile.ReadError("there are data after its closing blocks")
