"""The members of a finished zip package, by byte ranges and without trust: every size and offset is checked."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from drf_reprocess.archives.base import clashes, path_fault
from drf_reprocess.archives.codec import MAX_RATIO, Data, crc32, inflate
from drf_reprocess.archives.reading import MemberFault, ReadAhead, ReadRange, require_size
from drf_reprocess.archives.zip import (
    CENTRAL,
    DEFLATED,
    END,
    END64,
    LIMIT16,
    LIMIT32,
    LOCAL,
    LOCATOR64,
    UNIX,
    UTF8,
)
from drf_reprocess.errors import PackageError

STORED = 0
ENCRYPTED = 1
DESCRIPTOR = 1 << 3
"""The sizes stand behind the data, the local header has zeros."""
MAX_COMMENT = 0xFFFF
ZIP64_FIELD = 1


@dataclass(frozen=True, slots=True)
class MemberEntry:
    """A member as the central directory tells of it."""

    path: str
    offset: int
    """Of its local header."""
    compressed_bytes: int
    raw_bytes: int
    crc32: int
    method: int
    """0 stored, 8 deflated."""
    flags: int = 0
    version_made_by: int = 0
    attributes: int = 0


def list_members(read_range: ReadRange, size: int) -> tuple[MemberEntry, ...]:
    """Return the files of a zip package of ``size`` bytes, in the order of its directory.

    Raises
    ------
    PackageError
        If the package is damaged, or a member is not safe to unpack; see `scan_members`.
    """
    members, faults = scan_members(read_range, size)
    for fault in faults:
        raise PackageError(f"{fault.path!r}: {fault.message}")
    return members


def scan_members(read_range: ReadRange, size: int) -> tuple[tuple[MemberEntry, ...], tuple[MemberFault, ...]]:
    """Return the files that can be read, and a fault for each of the others and for each doubtful name.

    Refused are absolute paths, ``..``, backslashes and control characters, links and special files, encrypted members,
    methods other than stored and deflated, a path that stands twice, and members that overlap. Of paths that differ in
    case only both are returned, with a fault. Folders are passed over.

    Raises
    ------
    PackageError
        If there is no intact directory: the package is cut off or damaged.
    """
    read = ReadAhead(read_range, size)
    start, directory = _read_directory(read, size)
    members: dict[str, MemberEntry] = {}
    faults: list[MemberFault] = []
    for entry in directory:
        fault = _fault(entry, start)
        if fault is None and entry.path in members:
            fault = MemberFault(entry.path, "refused: the path stands twice in the package")
        if fault is not None:
            faults.append(fault)
        elif not entry.path.endswith("/"):
            members[entry.path] = entry
    for overlap in _overlaps(list(members.values())):
        del members[overlap.path]
        faults.append(overlap)
    for path, earlier in clashes(members).items():
        faults.append(MemberFault(path, f"refused: it differs from {earlier!r} in letter case only"))
    return tuple(members.values()), tuple(faults)


def read_member(read: ReadAhead, entry: MemberEntry) -> bytes:
    """Return a file of the package, proved by the CRC-32 of the directory.

    Raises
    ------
    PackageError
        If it is damaged or too large, or its local header contradicts the directory.
    """
    require_size(entry.raw_bytes)
    header = LOCAL.unpack(read(entry.offset, entry.offset + LOCAL.size))
    signature, _, flags, method, _, _, checksum, packed_bytes, raw_bytes, name_bytes, extra_bytes = header
    start = entry.offset + LOCAL.size + name_bytes + extra_bytes
    name = bytes(read(entry.offset + LOCAL.size, entry.offset + LOCAL.size + name_bytes))
    if signature != b"PK\3\4" or _decode(name, flags) != entry.path or method != entry.method:
        raise PackageError("its local header is damaged, or is another member's")
    if not flags & DESCRIPTOR:
        told = (checksum, packed_bytes, raw_bytes)
        listed = (entry.crc32, entry.compressed_bytes, entry.raw_bytes)
        # A size that stands in a zip64 field is not compared: read as the directory says, it must fit the CRC-32.
        if checksum != entry.crc32 or any(a not in {b, LIMIT32} for a, b in zip(told, listed, strict=True)):
            raise PackageError(f"its local header says {told}, the directory {listed} (CRC-32 and sizes)")
    packed = read(start, start + entry.compressed_bytes)
    data = bytes(packed) if entry.method == STORED else inflate(packed, entry.raw_bytes)
    if crc32(data) != entry.crc32:
        raise PackageError(f"its CRC-32 is {crc32(data):08x}, the directory says {entry.crc32:08x}")
    return data


def _read_directory(read: ReadAhead, size: int) -> tuple[int, Iterator[MemberEntry]]:
    """Return where the directory starts and its entries."""
    base = max(0, size - MAX_COMMENT - END.size)
    tail = bytes(read(base, size))
    place = tail.rfind(b"PK\5\6")
    while place >= 0 and not _ends_at(tail, place):
        place = tail.rfind(b"PK\5\6", 0, place)
    if place < 0:
        raise PackageError("there is no end of central directory: the package is cut off, or is no zip file")
    _, disk, first_disk, here, count, length, start, _ = END.unpack_from(tail, place)
    end = base + place
    if LIMIT16 in {here, count} or LIMIT32 in {length, start}:
        disk, first_disk, here, count, length, start, end = _read_end64(read, end) or (
            *(disk, first_disk, here, count, length, start, end),
        )
    if disk or first_disk or here != count:
        raise PackageError("the package is one of several parts; join them first")
    if start + length != end:
        raise PackageError(
            f"the central directory of {length} bytes at {start} does not end at {end}: something was cut out, "
            "inserted or put in front"
        )
    return start, _parse_directory(bytes(read(start, end)), count)


def _ends_at(tail: bytes, place: int) -> bool:
    return len(tail) >= place + END.size and len(tail) == place + END.size + END.unpack_from(tail, place)[-1]


def _read_end64(read: ReadAhead, end: int) -> tuple[int, int, int, int, int, int, int] | None:
    """Return disk numbers, counts, length, start and own offset of a zip64 end record, None if there is none."""
    if end < LOCATOR64.size:
        return None
    signature, _, offset, _ = LOCATOR64.unpack(read(end - LOCATOR64.size, end))
    if signature != b"PK\6\7":
        return None
    signature, _, _, _, disk, first_disk, here, count, length, start = END64.unpack(
        read(offset, offset + END64.size)
    )
    if signature != b"PK\6\6":
        raise PackageError("the zip64 end of central directory is damaged")
    return disk, first_disk, here, count, length, start, offset


def _parse_directory(directory: bytes, count: int) -> Iterator[MemberEntry]:
    offset = 0
    for number in range(1, count + 1):
        if len(directory) < offset + CENTRAL.size or directory[offset : offset + 4] != b"PK\1\2":
            raise PackageError(f"the central directory is damaged at its member {number} of {count}")
        entry, extra, length = _parse_entry(directory, offset)
        offset += length
        if offset > len(directory):
            raise PackageError(f"the central directory is cut off in its member {number} of {count}")
        yield _with_zip64(entry, extra)
    if offset != len(directory):
        raise PackageError(
            f"the central directory has {len(directory) - offset} bytes after its {count} members"
        )


def _parse_entry(directory: bytes, offset: int) -> tuple[MemberEntry, bytes, int]:
    fields = CENTRAL.unpack_from(directory, offset)
    (
        _,
        made_by,
        _,
        flags,
        method,
        _,
        _,
        checksum,
        packed,
        raw,
        name,
        extra,
        comment,
        _,
        _,
        attributes,
        start,
    ) = fields
    place = offset + CENTRAL.size
    path = _decode(directory[place : place + name], flags)
    entry = MemberEntry(path, start, packed, raw, checksum, method, flags, made_by, attributes)
    return entry, directory[place + name : place + name + extra], CENTRAL.size + name + extra + comment


def _with_zip64(entry: MemberEntry, extra: bytes) -> MemberEntry:
    """Return the entry with the sizes that stand in its zip64 field (APPNOTE 4.5.3)."""
    values = [entry.raw_bytes, entry.compressed_bytes, entry.offset]
    if LIMIT32 not in values:
        return entry
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == ZIP64_FIELD:
            field = extra[4 : 4 + length]  # may be cut off, or hold half a number
            wide = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
            values = [next(wide, value) if value == LIMIT32 else value for value in values]
            break
        extra = extra[4 + length :]
    return replace(entry, raw_bytes=values[0], compressed_bytes=values[1], offset=values[2])


def _fault(entry: MemberEntry, directory_start: int) -> MemberFault | None:
    mode = entry.attributes >> 16 if entry.version_made_by >> 8 == UNIX else 0
    if fault := path_fault(entry.path.removesuffix("/")):
        return MemberFault(entry.path, f"refused: {fault}")
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return MemberFault(entry.path, "refused: it is a link or a special file")
    if entry.flags & ENCRYPTED:
        return MemberFault(entry.path, "it is encrypted", unreadable=True)
    if entry.method not in {STORED, DEFLATED}:
        return MemberFault(
            entry.path, f"its compression method {entry.method} is unknown here", unreadable=True
        )
    if entry.offset + LOCAL.size + entry.compressed_bytes > directory_start:
        return MemberFault(entry.path, "its place in the package is past the members", unreadable=True)
    too_many = entry.raw_bytes > MAX_RATIO * entry.compressed_bytes
    if too_many or (entry.method == STORED and entry.raw_bytes != entry.compressed_bytes):
        sizes = f"{entry.compressed_bytes} bytes cannot hold {entry.raw_bytes}"
        return MemberFault(entry.path, f"its sizes contradict one another: {sizes}", unreadable=True)
    return None


def _overlaps(members: Sequence[MemberEntry]) -> Iterator[MemberFault]:
    """Yield the members that begin before another one ends, as those of a zip bomb do."""
    end = 0
    for entry in sorted(members, key=lambda entry: entry.offset):
        if entry.offset < end:
            yield MemberFault(entry.path, "refused: it overlaps another member")
        end = max(
            end,
            entry.offset + LOCAL.size + len(entry.path.encode("utf-8", "replace")) + entry.compressed_bytes,
        )


def _decode(name: bytes, flags: int) -> str:
    return name.decode("utf-8" if flags & UTF8 or name.isascii() else "cp437", "backslashreplace")


__all__ = ["Data", "MemberEntry", "list_members", "read_member", "scan_members"]
