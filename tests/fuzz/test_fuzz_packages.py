"""Packages cut and spoilt: a file that is handed out is one that was packed, whole; all else is an error or a refusal."""

from __future__ import annotations

import io
import random
import struct
import tarfile
import warnings
import zipfile
from functools import lru_cache

import drf_fuzz_cases as cases
import drf_fuzz_hostile as hostile
import drf_fuzz_mutations as mutations
import pytest

from drf_reprocess.archives import package_format
from drf_reprocess.archives.base import path_fault
from drf_reprocess.archives.codec import Codec
from drf_reprocess.archives.reading import MemberFault, ReadAhead
from drf_reprocess.archives.tar_reader import iter_tar_members, open_ranges
from drf_reprocess.archives.zip_reader import read_member, scan_members
from drf_reprocess.errors import PackageError

FILES = {
    "a/one.txt": b"one, and more of it\r\n" * 6,
    "a/two.txt": b"",
    "b/three.bin": bytes(range(256)),
    "b/" + "long/" * 24 + "four.xml": b"<x/>" * 9,
}


@lru_cache
def package(name: str) -> bytes:
    """One of our packages, or one that another program wrote of the same files."""
    buffer = io.BytesIO()
    if name == "foreign zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in FILES.items():
                with archive.open(zipfile.ZipInfo(path), "w", force_zip64=path.startswith("b/")) as file:
                    file.write(data)
        return buffer.getvalue()
    if name == "foreign tar.gz":
        with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
            for path, data in FILES.items():
                info = tarfile.TarInfo(path)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return buffer.getvalue()
    form, made, placed = package_format(name), b"", []
    for path, data in FILES.items():
        member = form.member(path, data, Codec())
        placed.append((member.entry, len(made)))
        made += member.blob
    return made + form.trailer(placed)


NAMES = ("zip", "tar.gz", "foreign zip", "foreign tar.gz")


def read_package(name: str, raw: bytes) -> tuple[dict[str, bytes], list[MemberFault], str]:
    """All files of a package, what was refused, and why it could not be read on."""
    files: dict[str, bytes] = {}
    faults: list[MemberFault] = []

    def ranges(start: int, end: int) -> bytes:
        return raw[start:end]

    try:
        if name.endswith("zip"):
            members, found = scan_members(ranges, len(raw))
            faults += found
            read = ReadAhead(ranges, len(raw))
            for entry in members:
                try:
                    files[entry.path] = read_member(read, entry)
                except PackageError as error:
                    faults.append(MemberFault(entry.path, str(error), unreadable=True))
        else:
            for member in iter_tar_members(open_ranges(ranges, len(raw))):
                if isinstance(member, MemberFault):
                    faults.append(member)
                else:
                    files[member.path] = member.data
    except PackageError as error:
        return files, faults, str(error)
    return files, faults, ""


def assert_package(name: str, raw: bytes, *, renamed: bool) -> str:
    """Nothing is handed out that was not packed; a package without fault has all files."""
    files, faults, error = read_package(name, raw)
    for path in files:
        assert path_fault(path) == ""
    for fault in faults:
        assert fault.message
    if error and name.endswith("tar.gz"):
        return "damaged"  # the last checksum comes after the bytes that it is of: who reads on is told
    for path, data in files.items():
        assert data in FILES.values() if renamed else data == FILES[path], path
    if not error and not faults and raw != package(name) and not renamed:
        assert set(files) == set(FILES)
    return "damaged" if error else "refused" if faults else "whole"


def put_word(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    """Put a number that is an edge where a size, an offset or a count may stand: near a signature mostly."""
    marks = [
        place
        for mark in (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7")
        for place in _places(raw, mark)
    ]
    start = rng.choice(marks) + rng.randrange(4, 60) if marks else rng.randrange(len(raw))
    form, values = rng.choice(
        (
            ("<H", (0, 1, 0xFFFF, 0xFFFE, 8, 20)),
            ("<I", (0, 1, 0xFFFFFFFF, 0xFFFFFFFE, len(raw), 0x7FFFFFFF)),
            ("<Q", (0, 1, 2**64 - 1, 2**63, len(raw))),
        )
    )
    word = struct.pack(form, rng.choice(values))
    return raw[:start] + word + raw[start + len(word) :], f"{word!r} at byte {start}"


def _places(raw: bytes, mark: bytes) -> list[int]:
    found, place = [], raw.find(mark)
    while place >= 0:
        found.append(place)
        place = raw.find(mark, place + 1)
    return found


def put_extra(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    """Give the last member of a zip's directory a zip64 field of any length, cut or not, and sizes that ask for it."""
    start, end = raw.rfind(b"PK\1\2"), raw.rfind(b"PK\5\6")
    if start < 0 or end < start or end + 22 > len(raw):
        return raw, "no zip"
    length = rng.choice((0, 1, 4, 7, 8, 9, 12, 16, 20, 24, 28, 40, 0xFFFF))
    extra = struct.pack("<2H", 1, length) + bytes(
        rng.choices(b"\0\1\xff", k=rng.choice((0, 1, 4, 7, 8, 12, 24, 28)))
    )
    entry = bytearray(raw[start:end])
    if len(entry) < 46:
        return raw, "no zip"
    struct.pack_into("<2I", entry, 20, *rng.choice(((0xFFFFFFFF,) * 2, (0xFFFFFFFF, 5), (5, 0xFFFFFFFF))))
    name, _ = struct.unpack_from("<2H", entry, 28)
    struct.pack_into("<H", entry, 30, len(extra))
    entry[46 + name :] = extra
    size = struct.unpack_from("<I", raw, end + 12)[0] + len(entry) - (end - start)
    if not 0 <= size < 2**32:
        return raw, "no zip"
    tail = raw[end : end + 12] + struct.pack("<I", size) + raw[end + 16 :]
    return raw[:start] + bytes(entry) + tail, f"zip64 field of {length} bytes told, {len(extra) - 4} given"


def rename(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    """Give a member of a zip another name of the same length in all places; a tar's names are compressed."""
    old = rng.choice([path for path in FILES if len(path) < 20]).encode()
    new = (
        rng.choice([*hostile.TEXTS, "../../../x", "/abs/path/x", "b/THREE.bin", "a/one.TXT"])
        .encode()[: len(old)]
        .ljust(len(old), b"_")
    )
    return raw.replace(old, new), f"{old!r} is {new!r}"


ZIP_WAYS = (*mutations.BYTES, *[put_word] * 8, *[put_extra] * 4, rename, mutations.repeat_all)


def tar_of(rng: random.Random) -> tuple[bytes, str]:
    """A tar of ours or of another, spoilt before it is compressed: the checksum of gzip does not help then."""
    form = rng.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for path, data in FILES.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    raw, told = mutations.mutate(rng, buffer.getvalue(), (*mutations.BYTES, put_octal, put_octal, put_pax))
    import gzip

    return gzip.compress(raw, mtime=0), told


def put_octal(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    """Change a field of a tar header and make its checksum right again."""
    heads = [
        place - 257 for place in _places(raw, b"ustar") if place >= 257 and place - 257 + 512 <= len(raw)
    ]
    if not heads:
        return raw, "no header"
    head = rng.choice(heads)
    block = bytearray(raw[head : head + 512])
    place, width = rng.choice(
        ((0, 100), (100, 8), (108, 8), (124, 12), (136, 12), (156, 1), (157, 100), (329, 8), (345, 155))
    )
    value = rng.choice(
        (b"", b"7" * width, b"\x80" + b"\xff" * (width - 1), b"\xff" * width, b"-1", b"9", b"\x80" + b"\0" * (width - 2) + b"\1",
         b"1", b"2", b"3", b"5", b"x", b"g", b"L", b"K", b"S", b"../x", b"/x", b"\xc3\xa9", b"1e9", b"0x1F")
    )[:width]  # fmt: skip
    block[place : place + width] = value.ljust(width, b"\0")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return raw[:head] + bytes(block) + raw[
        head + 512 :
    ], f"{value[:20]!r} in the header at {head}, field at {place}"


def put_pax(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    """Put an odd pax record in place of one, of the same length."""
    place = raw.find(b" path=")
    if place < 0:
        return raw, "no pax record"
    odd = rng.choice(
        (
            b" size=",
            b" size=-1\n",
            b" size=9e9\n",
            b" path=\n",
            b" mtime=nan\n",
            b" GNU.sparse.map=1\n",
            b" hdrcharset=BINARY\n",
        )
    )
    return raw[:place] + odd + raw[place + len(odd) :], f"{odd!r} at byte {place}"


def assert_tar(raw: bytes) -> str:
    """What a spoilt tar holds is anything; but no unsafe path comes out of it, and no exception but the one that is told."""
    files, faults, error = read_package("tar.gz", raw)
    for path in files:
        assert path_fault(path) == ""
    return "damaged" if error else "refused" if faults else "whole"


def run_packages(count, kind="package"):
    outcomes = set()
    for number, rng in cases.generators(kind, count):
        if number % 3 == 0:
            raw, told = tar_of(rng)
            outcomes.add(cases.run(kind, number, f"tar: {told}", raw, assert_tar))
            continue
        name = NAMES[number % 4]
        ways = ZIP_WAYS if name.endswith("zip") else mutations.BYTES
        raw, told = mutations.mutate(rng, package(name), ways)
        renamed = name.endswith("zip")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            outcomes.add(
                cases.run(
                    kind,
                    number,
                    f"{name}: {told}",
                    raw,
                    lambda raw, n=name, r=renamed: assert_package(n, raw, renamed=r),
                )
            )
    return outcomes


def run_truncations(step, kind):
    number = 0
    for name in NAMES:
        whole = package(name)
        assert assert_package(name, whole, renamed=False) == "whole"
        for size in range(0, len(whole), step):
            if not cases.ONLY or f"{kind}:{number}" == cases.ONLY:
                outcome = cases.run(
                    kind,
                    number,
                    f"{name} cut after {size}",
                    whole[:size],
                    lambda raw, n=name: assert_package(n, raw, renamed=False),
                )
                assert outcome == "damaged", (name, size)
            number += 1


def test_packages_smoke():
    run_packages(150)
    run_truncations(29, "package-some-truncated")


@pytest.mark.slow
def test_spoilt_packages():
    assert run_packages(cases.SLOW_BUDGET["package"]) == {"damaged", "refused", "whole"} or cases.ONLY
    cases.require("package", cases.SLOW_BUDGET["package"])


@pytest.mark.slow
def test_packages_cut_at_every_offset():
    run_truncations(1, "package-truncated")
    cases.require("package-truncated", cases.SLOW_BUDGET["package-truncated"])
