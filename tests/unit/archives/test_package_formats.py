from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.archives import FORMATS, PackageFormat, package_format
from drf_reprocess.archives.base import Entry
from drf_reprocess.archives.codec import Codec
from drf_reprocess.archives.reading import ReadAhead
from drf_reprocess.archives.tar_reader import TarMember, iter_tar_members
from drf_reprocess.archives.zip_reader import list_members, read_member
from drf_reprocess.errors import PackageError

LONG = f"{'f' * 120}/{'n' * 140}.txt"
UNSPLITTABLE = f"{'folder-of-thirty-characters-aa/' * 9}name.txt"
FILES = {
    "data_drf_gnc/2014/sci_anc_gnc14_341_342.drf": b"14/342-03:20:19.328  0.123456\r\n" * 3000,
    "data_drf_gnc/2014/sci_anc_gnc14_341_342.xml": b"<Product_Observational/>",
    "empty.txt": b"",
    "block.bin": bytes(512),
    "random.bin": bytes((i * i * 7 + i // 3) % 251 for i in range(70_000)),
    LONG: b"long",
    UNSPLITTABLE: b"longer",
}

names = st.text("abcXYZ019-_. ", min_size=1, max_size=60).filter(
    lambda n: n not in {".", ".."} and n.strip() == n
)
paths = st.lists(names, min_size=1, max_size=6).map("/".join)
trees = st.dictionaries(paths, st.binary(max_size=2000), max_size=6).filter(
    lambda tree: len({path.casefold() for path in tree}) == len(tree)
)


def build(form: PackageFormat, files: dict[str, bytes], codec: Codec | None = None) -> bytes:
    package, placed = b"", []
    for path, data in files.items():
        member = form.member(path, data, codec or Codec())
        assert member.entry.blob_bytes == len(member.blob)
        placed.append((member.entry, len(package)))
        package += member.blob
    trailer = form.trailer(placed)
    assert len(trailer) <= form.trailer_bytes([entry for entry, _ in placed])
    assert len(trailer) <= form.trailer_bytes([]) + sum(form.entry_bytes(entry) for entry, _ in placed)
    return package + trailer


def read_back(form: PackageFormat, package: bytes) -> dict[str, bytes]:
    if form.name == "tar.gz":
        found = list(iter_tar_members(io.BytesIO(package)))
        assert all(isinstance(member, TarMember) for member in found)
        return {member.path: member.data for member in found if isinstance(member, TarMember)}

    def read_range(start: int, end: int) -> bytes:
        return package[start:end]

    read = ReadAhead(read_range, len(package), block_bytes=100)
    return {entry.path: read_member(read, entry) for entry in list_members(read_range, len(package))}


@pytest.fixture(params=sorted(FORMATS))
def form(request: pytest.FixtureRequest) -> PackageFormat:
    return package_format(request.param)


@pytest.mark.parametrize("codec", [Codec(), Codec("libdeflate", 12), Codec("zlib", 6)], ids=str)
def test_what_went_in_comes_out_in_order(form: PackageFormat, codec: Codec) -> None:
    assert list(read_back(form, build(form, FILES, codec)).items()) == list(FILES.items())


@given(tree=trees)
def test_any_tree_comes_back_by_our_reader_and_by_pythons(tree: dict[str, bytes]) -> None:
    package = build(package_format("zip"), tree)
    assert read_back(package_format("zip"), package) == tree
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert {info.filename: archive.read(info) for info in archive.infolist()} == tree
        assert archive.testzip() is None
    package = build(package_format("tar.gz"), tree)
    assert read_back(package_format("tar.gz"), package) == tree
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        assert {info.name: archive.extractfile(info).read() for info in archive} == tree


def test_times_modes_owners_are_fixed() -> None:
    with zipfile.ZipFile(io.BytesIO(build(package_format("zip"), FILES))) as archive:
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.external_attr >> 16 == 0o100644
            assert info.flag_bits == 0
            assert info.create_system == 3
    with tarfile.open(fileobj=io.BytesIO(build(package_format("tar.gz"), FILES))) as archive:
        for info in archive:
            assert (info.mtime, info.mode, info.uid, info.gid) == (0, 0o644, 0, 0)
            assert (info.uname, info.gname) == ("", "")
            assert info.isreg()


def test_blobs_do_not_depend_on_their_neighbours(form: PackageFormat) -> None:
    codec = Codec()
    blobs = {path: form.member(path, data, codec) for path, data in FILES.items()}
    for path, data in reversed(FILES.items()):
        assert form.member(path, memoryview(data), codec) == blobs[path]


def test_other_processes_make_the_same_bytes(form: PackageFormat, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(FILES["random.bin"])
    program = (
        "import sys; from drf_reprocess.archives import package_format; from drf_reprocess.archives.codec import Codec\n"
        f"data = open({str(tmp_path / 'in')!r}, 'rb').read(); junk = [bytes([7]) * 1000 for _ in range(int(sys.argv[1]))]\n"
        f"sys.stdout.buffer.write(package_format({form.name!r}).member('a/b', data, Codec()).blob)"
    )
    expected = form.member("a/b", FILES["random.bin"], Codec()).blob
    for amount in ("0", "5000"):
        ran = subprocess.run([sys.executable, "-c", program, amount], capture_output=True, check=True)
        assert ran.stdout == expected


TOOLS = [
    ("zip", ["unzip", "-t"]),
    ("zip", [sys.executable, "-m", "zipfile", "-t"]),
    ("zip", ["bsdtar", "-tvf"]),
    ("zip", ["7z", "t"]),
    ("tar.gz", ["tar", "-tvzf"]),
    ("tar.gz", ["gzip", "-t"]),
    ("tar.gz", ["bsdtar", "-tvf"]),
    ("tar.gz", ["7z", "t"]),
    ("tar.gz", [sys.executable, "-m", "tarfile", "-t"]),
]


@pytest.mark.parametrize(
    ("name", "command"), TOOLS, ids=lambda value: value if isinstance(value, str) else Path(value[0]).name
)
@pytest.mark.parametrize("files", [FILES, {}], ids=["full", "empty"])
def test_other_tools_open_it(tmp_path: Path, name: str, command: list[str], files: dict[str, bytes]) -> None:
    if which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    if not files and command[0] == "unzip":
        pytest.skip("unzip calls every empty zip file an error")
    package = tmp_path / f"package.{name}"
    package.write_bytes(build(package_format(name), files))
    ran = subprocess.run([*command, str(package)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "warning" not in (ran.stdout + ran.stderr).lower()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a//b",
        "./a",
        "a\\b",
        "C:evil",
        "a\nb",
        "a\x00b",
        "a/",
        "a\x7f",
    ],
)
def test_no_member_gets_a_dangerous_path(form: PackageFormat, path: str) -> None:
    with pytest.raises(PackageError, match="not a path for a member"):
        form.member(path, b"x", Codec())


@pytest.mark.parametrize("other", ["a/b", "a/B", "A/b"])
def test_no_two_members_differ_in_case_only(form: PackageFormat, other: str) -> None:
    entries = [(Entry(path, 0, 1, 40), offset) for offset, path in ((0, "a/b"), (40, other))]
    with pytest.raises(PackageError, match="two members of a package may not be called"):
        form.trailer(entries)


def test_an_unknown_format_is_an_error() -> None:
    with pytest.raises(PackageError, match=r"no package format 'rar'; expected one of zip, tar\.gz"):
        package_format("rar")


def test_a_tar_member_past_8_gib_has_a_pax_size() -> None:
    from drf_reprocess.archives.tar_gz import _headers

    size = 8**11 + 5
    headers = _headers("big.bin", size)
    assert tarfile.TarInfo.frombuf(headers[1024:1536], "utf-8", "strict").name == "big.bin"
    with tarfile.open(fileobj=io.BytesIO(headers + bytes(1024)), mode="r:") as archive:
        assert archive.firstmember is not None
        assert archive.firstmember.size == size
