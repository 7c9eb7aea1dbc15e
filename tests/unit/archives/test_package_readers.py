from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drf_reprocess.archives import package_format
from drf_reprocess.archives.base import Entry
from drf_reprocess.archives.codec import Codec
from drf_reprocess.archives.reading import MemberFault, ReadAhead
from drf_reprocess.archives.tar_reader import iter_tar_members, open_ranges
from drf_reprocess.archives.zip import END, LOCAL
from drf_reprocess.archives.zip_reader import MemberEntry, list_members, read_member, scan_members
from drf_reprocess.errors import PackageError

FILES = {"a/one.txt": b"one, and more of it\r\n" * 40, "a/two.txt": b"", "b/three.bin": bytes(range(256)) * 9}


def ranges(package: bytes) -> Callable[[int, int], bytes]:
    return lambda start, end: package[start:end]


def read_zip(package: bytes) -> dict[str, bytes]:
    read = ReadAhead(ranges(package), len(package))
    return {entry.path: read_member(read, entry) for entry in list_members(ranges(package), len(package))}


def read_tar(package: bytes) -> tuple[dict[str, bytes], list[MemberFault]]:
    files, faults = {}, []
    for member in iter_tar_members(io.BytesIO(package)):
        if isinstance(member, MemberFault):
            faults.append(member)
        else:
            files[member.path] = member.data
    return files, faults


def build(name: str, files: dict[str, bytes] = FILES) -> bytes:
    form, package, placed = package_format(name), b"", []
    for path, data in files.items():
        member = form.member(path, data, Codec())
        placed.append((member.entry, len(package)))
        package += member.blob
    return package + form.trailer(placed)


def foreign_zip(*infos: tuple[zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of names that stand twice, which is the point
        for info, data in infos:
            info.compress_type = method
            archive.writestr(info, data)
    return buffer.getvalue()


def foreign_tar(*infos: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for info, data in infos:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


class Unseekable(io.RawIOBase):
    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        self.data += bytes(data)
        return len(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zip_files_of_others_are_read(method: int) -> None:
    infos = [(zipfile.ZipInfo(path), data) for path, data in FILES.items()]
    assert read_zip(foreign_zip(*infos, method=method)) == FILES
    with_folder = foreign_zip((zipfile.ZipInfo("a/"), b""), *infos, method=method)
    assert read_zip(with_folder) == FILES


def test_zip_files_with_data_descriptors_comments_and_extra_fields_are_read() -> None:
    sink = Unseekable()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in FILES.items():
            info = zipfile.ZipInfo(path)
            info.extra = struct.pack("<2H4s", 0x7777, 4, b"PK\5\6")
            info.comment = b"comment"
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
        archive.comment = b"a comment with PK\5\6 in it, and more"
    assert read_zip(sink.data) == FILES


def test_unicode_names_are_read() -> None:
    assert list(read_zip(foreign_zip((zipfile.ZipInfo("ä/ö.txt"), b"x")))) == ["ä/ö.txt"]


HOSTILE = ["../x", "/etc/x", "a/../../x", "a\\b", "C:x", "a\nb", "./a", "a//b"]


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_names_in_zip_are_refused(path: str) -> None:
    info = zipfile.ZipInfo("placeholder-of-path"[: len(path)])
    good = foreign_zip((zipfile.ZipInfo("good.txt"), b"good"), (info, b"bad"))
    package = good.replace("placeholder-of-path"[: len(path)].encode(), path.encode())
    members, faults = scan_members(ranges(package), len(package))
    assert [entry.path for entry in members] == ["good.txt"]
    assert [fault.path for fault in faults] == [path]
    assert not faults[0].unreadable
    with pytest.raises(PackageError, match="refused: it"):
        list_members(ranges(package), len(package))


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_names_in_tar_are_refused(path: str) -> None:
    package = foreign_tar((tarfile.TarInfo(path), b"bad"), (tarfile.TarInfo("good.txt"), b"good"))
    files, faults = read_tar(package)
    assert files == {"good.txt": b"good"}
    assert [(fault.path, fault.message.split(":")[0]) for fault in faults] == [(path, "refused")]


def test_links_and_special_files_are_refused() -> None:
    link = zipfile.ZipInfo("link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    package = foreign_zip((link, b"/etc/passwd"), (zipfile.ZipInfo("good.txt"), b"good"))
    members, faults = scan_members(ranges(package), len(package))
    assert [entry.path for entry in members] == ["good.txt"]
    assert "link or a special file" in faults[0].message

    kinds = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.CONTTYPE]
    infos = []
    for kind in kinds:
        info = tarfile.TarInfo(f"strange{kind.decode()}")
        info.type, info.linkname = kind, "/etc/passwd"
        infos.append((info, b""))
    files, found = read_tar(foreign_tar(*infos, (tarfile.TarInfo("good.txt"), b"good")))
    assert files == {"good.txt": b"good"}
    assert len(found) == len(kinds)
    assert all("link or a special file" in fault.message for fault in found)


def test_doubles_and_case_clashes_are_faults() -> None:
    names = ("a/x", "a/X", "b", "b")
    package = foreign_zip(*((zipfile.ZipInfo(name), name.encode()) for name in names))
    members, faults = scan_members(ranges(package), len(package))
    assert [entry.path for entry in members] == ["a/x", "a/X", "b"]
    assert {(fault.path, fault.message) for fault in faults} == {
        ("b", "refused: the path stands twice in the package"),
        ("a/X", "refused: it differs from 'a/x' in letter case only"),
    }
    files, found = read_tar(foreign_tar(*((tarfile.TarInfo(name), name.encode()) for name in names)))
    assert list(files) == ["a/x", "a/X", "b"]
    assert set(found) == set(faults)


def test_what_cannot_be_read_is_a_fault() -> None:
    package = bytearray(foreign_zip((zipfile.ZipInfo("secret"), b"x" * 100), method=zipfile.ZIP_STORED))
    central = package.rfind(b"PK\1\2")
    package[central + 8] |= 1
    _, faults = scan_members(ranges(bytes(package)), len(package))
    assert faults == (MemberFault("secret", "it is encrypted", unreadable=True),)
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        other = foreign_zip((zipfile.ZipInfo("other"), b"x" * 100), method=method)
        _, faults = scan_members(ranges(other), len(other))
        assert faults == (
            MemberFault("other", f"its compression method {method} is unknown here", unreadable=True),
        )


def test_overlapping_members_are_refused() -> None:
    form = package_format("zip")
    member = form.member("a", bytes(100_000), Codec())
    twin = Entry("b", member.entry.crc32, member.entry.raw_bytes, member.entry.blob_bytes)
    package = member.blob + form.trailer([(member.entry, 0), (twin, 0)])
    members, faults = scan_members(ranges(package), len(package))
    assert [entry.path for entry in members] == ["a"]
    assert faults == (MemberFault("b", "refused: it overlaps another member"),)


def test_sizes_that_no_deflate_can_have_are_a_fault() -> None:
    form = package_format("zip")
    member = form.member("a", b"x" * 1000, Codec())
    liar = Entry("a", member.entry.crc32, 10**9, member.entry.blob_bytes)
    package = member.blob + form.trailer([(liar, 0)])
    _, faults = scan_members(ranges(package), len(package))
    assert "contradict one another" in faults[0].message
    assert faults[0].unreadable


@pytest.mark.parametrize("cut", [1, 10, 21, 22, 60, 200, 400])
def test_a_truncated_zip_is_damaged(cut: int) -> None:
    package = build("zip")[:-cut]
    with pytest.raises(PackageError, match="no end of central directory"):
        list_members(ranges(package), len(package))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: b"junk" + p, "does not end at"),
        (lambda p: p + b"junk", "no end of central directory"),
        (lambda p: p[: p.index(b"PK\1\2")] + b"junk" + p[p.index(b"PK\1\2") :], "does not end at"),
        (lambda p: p.replace(b"PK\1\2", b"PK\1\3", 1), "damaged at its member 1 of 3"),
        (lambda p: b"", "no end of central directory"),
        (lambda p: b"not a package at all" * 100, "no end of central directory"),
    ],
    ids=["front", "behind", "between", "signature", "empty", "text"],
)
def test_a_damaged_directory_is_an_error(change: Callable[[bytes], bytes], message: str) -> None:
    package = change(build("zip"))
    with pytest.raises(PackageError, match=message):
        list_members(ranges(package), len(package))


def test_wrong_counts_and_parts_are_errors() -> None:
    package = build("zip")
    for offset, value, message in (
        (10, 2, "several parts"),
        (4, 1, "several parts"),
        (8, 4, "several parts"),
    ):
        broken = bytearray(package)
        struct.pack_into("<H", broken, len(package) - END.size + offset, value)
        with pytest.raises(PackageError, match=message):
            list_members(ranges(bytes(broken)), len(broken))
    for count, message in ((2, "bytes after its 2 members"), (4, "damaged at its member 4 of 4")):
        broken = bytearray(package)
        struct.pack_into("<2H", broken, len(package) - END.size + 8, count, count)
        with pytest.raises(PackageError, match=message):
            list_members(ranges(bytes(broken)), len(broken))


def test_a_flipped_bit_in_any_member_is_found() -> None:
    package = build("zip")
    end = package.index(b"PK\1\2")
    for position in range(end):
        broken = bytearray(package)
        broken[position] ^= 0x10
        try:
            found = read_zip(bytes(broken))
        except PackageError:
            continue
        assert found == FILES, (
            position
        )  # bits that nobody uses: version and time of headers, padding of deflate


@pytest.mark.parametrize("cut", [1, 8, 9, 20, 1000, 1046, 1100])
def test_a_truncated_tar_is_damaged(cut: int) -> None:
    package = build("tar.gz")
    with pytest.raises(PackageError, match="cannot be read on"):
        read_tar(package[:-cut])


def test_a_tar_cut_between_members_is_damaged() -> None:
    first = package_format("tar.gz").member("a", b"x", Codec()).blob
    with pytest.raises(PackageError, match=r"cannot be read on: (a header is missing|empty header)"):
        read_tar(first)


def test_a_flipped_bit_in_a_tar_is_found() -> None:
    package = build("tar.gz")
    for position in range(len(package)):
        broken = bytearray(package)
        broken[position] ^= 0x10
        try:
            found, faults = read_tar(bytes(broken))
        except PackageError:
            continue
        assert not faults
        assert found == FILES, position  # bits that nobody uses: time and system of gzip, padding of deflate


def test_damaged_tar_headers_are_not_taken_for_the_end() -> None:
    raw = bytearray(gzip.decompress(build("tar.gz")))
    second = raw.index(b"a/two.txt")
    for position in (second, second + 130, second + 150):
        broken = bytearray(raw)
        broken[position] ^= 0x21
        with pytest.raises(PackageError, match=r"cannot be read on: (bad checksum|.*header)"):
            read_tar(gzip.compress(bytes(broken)))


def test_data_after_the_end_of_a_tar_are_found() -> None:
    with pytest.raises(PackageError, match="data after its closing blocks"):
        read_tar(build("tar.gz") + gzip.compress(b"hidden" * 100))


@settings(max_examples=200)
@given(data=st.data())
def test_no_damage_is_more_than_an_error(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["zip", "tar.gz"]))
    package = bytearray(build(name))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(package) - 1))
        kind = data.draw(st.sampled_from(["set", "cut", "insert", "fill"]))
        if kind == "set":
            package[place] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del package[place : place + data.draw(st.integers(1, 50))]
        elif kind == "insert":
            package[place:place] = data.draw(st.binary(min_size=1, max_size=20))
        else:
            package[place : place + 8] = b"\xff" * 8
        if not package:
            package = bytearray(b"x")
    if name == "tar.gz" and data.draw(st.booleans()):
        raw = bytearray(gzip.decompress(build(name)))
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        package = bytearray(gzip.compress(bytes(raw)))
    with suppress(PackageError):
        read_zip(bytes(package)) if name == "zip" else read_tar(bytes(package))


class Sparse:
    """A package of many gigabytes of which only some ranges have bytes."""

    def __init__(self, size: int, pieces: dict[int, bytes]) -> None:
        self.size = size
        self.pieces = pieces

    def read(self, start: int, end: int) -> bytes:
        block = bytearray(end - start)
        for offset, piece in self.pieces.items():
            for position in range(max(start, offset), min(end, offset + len(piece))):
                block[position - start] = piece[position - offset]
        return bytes(block)


def test_members_past_4_gib_are_found_by_zip64() -> None:
    form = package_format("zip")
    far = 5 * 2**30
    first, last = form.member("first", b"first data", Codec()), form.member("last", b"last data" * 9, Codec())
    trailer = form.trailer([(first.entry, 0), (last.entry, far)])
    start = far + last.entry.blob_bytes
    package = Sparse(start + len(trailer), {0: first.blob, far: last.blob, start: trailer})
    members = list_members(package.read, package.size)
    assert [(entry.path, entry.offset) for entry in members] == [("first", 0), ("last", far)]
    read = ReadAhead(package.read, package.size, block_bytes=1000)
    assert [read_member(read, entry) for entry in members] == [b"first data", b"last data" * 9]


class SparseFile(io.RawIOBase):
    """The same as a seekable stream for Python's zipfile."""

    def __init__(self, package: Sparse) -> None:
        self.package = package
        self.position = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = offset + (0, self.position, self.package.size)[whence]
        return self.position

    def readinto(self, buffer) -> int:
        end = min(self.position + len(buffer), self.package.size)
        data = self.package.read(self.position, max(end, self.position))
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)


@pytest.mark.parametrize(
    ("raw", "packed"),
    [(5 * 2**30, 200 * 2**20), (5 * 2**30, 2**32 + 7), (2**32 - 1, 2**30), (2**32 - 2, 2**32 - 2)],
)
def test_sizes_past_4_gib_stand_in_zip64_fields(raw: int, packed: int) -> None:
    form = package_format("zip")
    # As `member` would write it, with sizes that no test can hold in memory.
    from drf_reprocess.archives.zip import ZIP64_SIZES, _is_big

    blob = LOCAL.size + len("big.bin") + packed + (ZIP64_SIZES if _is_big(raw, packed) else 0)
    entry = Entry("big.bin", 0x12345678, raw, blob)
    trailer = form.trailer([(entry, 0)])
    package = Sparse(blob + len(trailer), {blob: trailer})
    found = list_members(package.read, package.size)
    assert [(e.path, e.offset, e.compressed_bytes, e.raw_bytes, e.crc32) for e in found] == [
        ("big.bin", 0, packed, raw, 0x12345678)
    ]
    with zipfile.ZipFile(SparseFile(package)) as archive:
        (info,) = archive.infolist()
        assert (info.file_size, info.compress_size, info.header_offset) == (raw, packed, 0)


def test_a_member_with_zip64_sizes_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drf_reprocess.archives.zip._is_big", lambda *_: True)
    package = build("zip")
    assert package[18:26] == b"\xff" * 8
    monkeypatch.undo()
    assert read_zip(package) == FILES
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert {info.filename: archive.read(info) for info in archive.infolist()} == FILES


@pytest.mark.parametrize("count", [65_534, 65_535, 65_536, 70_001])
def test_more_members_than_16_bits_count(count: int) -> None:
    form = package_format("zip")
    member = form.member("x00000", b"x", Codec())
    size = member.entry.blob_bytes
    placed = [(Entry(f"x{n:05d}", member.entry.crc32, 1, size), n * size) for n in range(count)]
    trailer = form.trailer(placed)
    base = count * size
    total = base + len(trailer)

    def read_range(start: int, end: int) -> bytes:
        assert start >= base - 66_000
        return (bytes(base - start) if start < base else b"") + trailer[max(0, start - base) : end - base]

    found = list_members(read_range, total)
    assert len(found) == count
    assert found[-1] == MemberEntry(
        f"x{count - 1:05d}",
        (count - 1) * size,
        found[-1].compressed_bytes,
        1,
        member.entry.crc32,
        8,
        0,
        0x314,
        0o100644 << 16,
    )
    with zipfile.ZipFile(io.BytesIO(bytes(base) + trailer)) as archive:
        assert len(archive.infolist()) == count


def test_reading_ahead_makes_few_requests() -> None:
    calls: list[tuple[int, int]] = []

    def read_range(start: int, end: int) -> bytes:
        calls.append((start, end))
        return bytes(range(100))[start:end]

    read = ReadAhead(read_range, 100, block_bytes=40)
    assert [bytes(read(n, n + 10)) for n in (0, 10, 30)] == [bytes(range(n, n + 10)) for n in (0, 10, 30)]
    assert bytes(read(35, 95)) == bytes(range(35, 95))
    assert bytes(read(90, 100)) == bytes(range(90, 100))
    assert calls == [(0, 40), (35, 95), (90, 100)]
    with pytest.raises(PackageError, match="outside the package, which has 100"):
        read(90, 101)
    with pytest.raises(PackageError, match="changed while it was read"):
        ReadAhead(lambda start, _end: bytes(start), 100)(0, 10)


def test_a_stream_over_ranges_reads_everything() -> None:
    data = bytes(range(256)) * 100
    with open_ranges(ranges(data), len(data)) as stream:
        assert stream.read(7) == data[:7]
        assert stream.read() == data[7:]


def test_a_member_too_large_for_memory_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    package = build("zip")
    (entry, *_), _ = scan_members(ranges(package), len(package))
    read = ReadAhead(ranges(package), len(package))
    monkeypatch.setattr("drf_reprocess.archives.reading.MAX_MEMBER_BYTES", entry.raw_bytes)
    assert len(read_member(read, entry)) == entry.raw_bytes
    monkeypatch.setattr("drf_reprocess.archives.reading.MAX_MEMBER_BYTES", entry.raw_bytes - 1)
    with pytest.raises(PackageError, match=f"has {entry.raw_bytes} bytes unpacked"):
        read_member(read, entry)
