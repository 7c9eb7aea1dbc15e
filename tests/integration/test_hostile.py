"""Input that somebody made to do harm: refused with a reason, the rest goes on, and nothing is written outside the output."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import pty
import re
import shutil
import socket
import stat
import struct
import subprocess
import tarfile
import time
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from drf_integration_cli import clean_environment, command, settings

from drf_reprocess.errors import ProfileError
from drf_reprocess.pds4.manifests import write_checksum_manifest, write_transfer_manifest
from drf_reprocess.pds4.read import read_label
from drf_reprocess.profiles.overlay import parse_overlay
from drf_reprocess.testing.sample import write_sample

CONTROL = re.compile(
    rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]"
)
"""Every control character but LF, and the marks that turn the direction of writing, as UTF-8."""


def cases(table, *quick: str):
    """Return the names of a table as parameters: those named here run always, the others with the slow tests."""
    assert set(quick) <= set(table)
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in table]


MOST_SECONDS = 90
MOST_MEMORY = 700 * 2**20


@dataclass
class Place:
    """A folder of its own: a source, an output, and what lies around them and is nobody's to touch."""

    root: Path

    def __post_init__(self) -> None:
        for name in ("source", "outside", "tmp", "home", "cwd"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "outside" / "precious.txt").write_text("not to be touched\n")

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def output(self) -> Path:
        return self.root / "output"

    def settings(self, **keys: object) -> list[str]:
        fixed = {"source__uri": self.source, "output__uri": self.output, "compute__site": "serial"}
        return settings(**(fixed | keys))

    def run(
        self, *words: object, check: int | None = 0, **keys: object
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command, with its answer as bytes; files that it makes carelessly would lie below the root, too."""
        done = subprocess.run(
            command(*map(os.fspath, words), *self.settings(**keys)),
            cwd=self.root / "cwd",
            env=clean_environment(
                {"HOME": str(self.root / "home"), "TMPDIR": str(self.root / "tmp"), "COLUMNS": "200"}
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=240,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
        assert check is None or done.returncode == check, done.stderr.decode(errors="replace")
        return done


def snapshot(root: Path, but: Path) -> dict[bytes, tuple[object, ...]]:
    """Return kind, size, time and content of everything below a folder, without what is below ``but``."""
    found = {}
    for folder, names, files in os.walk(os.fsencode(root)):
        names[:] = [name for name in names if os.path.join(folder, name) != os.fsencode(but)]
        for name in [*names, *files]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            content: object = None
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode) and status.st_size < 1 << 24:
                with open(path, "rb") as file:
                    content = hashlib.sha256(file.read()).hexdigest()
            found[path] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_nlink, content)
    return found


def put(folder: Path, name: bytes, data: bytes = b"x") -> None:
    path = os.path.join(os.fsencode(folder), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


# Received files

GOOD = 3
HOSTILE_NAMES = [
    b"line\nbreak.drf",
    b"\x1b[31mred\x1b[0m.drf",
    b"\x1b]0;title\x07.drf",
    b"return\rover.drf",
    b"tab\there.drf",
    b"delete\x7f.drf",
    "c1\u009b31m.drf".encode(),
    "turned\u202efrd.txt".encode(),
    "separator\u2028.drf".encode(),
    b"bad\xff.drf",
    rb"bad\xff.drf",
    b"n" * 251 + b".drf",
    b"-rf",
    b"--set",
    b"[/red][bold]markup[/nonsense].drf",
    b":skull:.drf",
    b"$(touch pwned);`id`.drf",
    b"..drf",
    b" ",
]
UNSAFE_FOLDERS = [b"line\nbreak", b"esc\x1b[2J", b"bad\xff", rb"back\slash", b"c:"]


def fill_names(place: Place) -> None:
    write_sample(str(place.source), scale=0.01, days=GOOD, types=["eps"])
    good = sorted(place.source.rglob("*.drf"))
    assert len(good) == GOOD
    for name in HOSTILE_NAMES:
        put(place.source, name)
    for number, folder in enumerate(UNSAFE_FOLDERS):
        put(place.source, folder + b"/sci_anc_eps14_%03d_%03d.drf" % (100 + number, 101 + number))
    put(place.source, b".drf-reprocess-tmp/sci_anc_eps14_200_201.drf", b"not data")
    put(place.source, good[0].name.upper().encode() + b".part", b"not data")
    put(place.source, b"upper/" + good[0].name.upper().encode(), good[0].read_bytes())
    deep = place.source.joinpath(*[f"d{level:02d}" for level in range(100)])
    deep.mkdir(parents=True)
    good[1].rename(deep / good[1].name)
    os.utime(good[2], ns=(2**62, 2**62))


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("named"))
    fill_names(place)
    before = snapshot(place.root, place.output)
    done = place.run("run", "--json", check=3)
    return place, before, done, rows(place)


def rows(place: Place) -> list[dict[str, str]]:
    return json.loads(place.run("quarantine", "--json").stdout)


class TestNames:
    """Names that nobody would give."""

    def test_nothing_around_the_output_is_touched(self, named):
        place, before, _, _ = named
        assert snapshot(place.root, place.output) == before

    def test_every_file_is_listed_with_a_reason_and_the_good_ones_are_processed(self, named):
        place, _, done, found = named
        counts = json.loads(done.stdout)["products"]
        assert len({row["source"] for row in found}) == len(found)
        assert all(row["code"] and row["remedy"] for row in found)
        assert counts["processed"] == GOOD
        received = sum(len(files) for _, _, files in os.walk(os.fsencode(place.source)))
        assert counts["total"] == received == GOOD + len(found)

    def test_names_of_no_type_are_unknown_and_folders_of_such_names_unsafe(self, named):
        codes = {}
        for row in named[-1]:
            codes.setdefault(row["code"], []).append(row)
        assert len(codes["name-unsafe"]) == len(UNSAFE_FOLDERS)
        assert len(codes["name-unknown"]) == len(HOSTILE_NAMES) + 1
        assert {row["state"] for row in codes["name-unsafe"]} == {"quarantined"}

    def test_a_folder_that_is_called_like_our_temporary_one_is_no_hiding_place(self, named):
        (row,) = [row for row in named[-1] if ".drf-reprocess-tmp" in row["source"]]
        assert (row["state"], row["code"]) == ("quarantined", "no-records")

    @pytest.mark.slow
    def test_a_second_run_finds_nothing_new(self, named):
        place, before, _, _ = named
        place.run("run", "--json", check=0)
        assert snapshot(place.root, place.output) == before

    @pytest.mark.parametrize(
        "words",
        [
            ["quarantine"],
            ["quarantine", "--json"],
            ["--verbose", "plan"],
            ["inspect", "\x1b[31mred\x1b[0m.drf"],
            *(
                pytest.param(words, marks=pytest.mark.slow)
                for words in (
                    ["quarantine", "--group", "code"],
                    ["status"],
                    ["status", "--json"],
                    ["products"],
                    ["plan", "--json"],
                    ["--verbose", "run"],
                    ["completeness"],
                    ["why", "line\nbreak.drf"],
                    ["verify", "\x1b[31mred\x1b[0m.zip"],
                    ["disposition", "exclude", "--source", "\x1b[31mred", "--reason", "\x1b[31mred"],
                )
            ),
        ],
        ids=" ".join,
    )
    def test_no_control_character_reaches_the_terminal(self, named, cli_here, words):
        place, _, _, _ = named
        where = [] if words[0] == "verify" else place.settings()
        done = cli_here(*words, *where)
        assert done.stdout or done.stderr
        assert "Traceback" not in done.stderr
        assert CONTROL.findall(done.stdout.encode()) == []
        assert CONTROL.findall(done.stderr.encode()) == []

    def test_a_row_stays_a_line(self, named, cli_here):
        place, _, _, _ = named
        lines = cli_here("quarantine", *place.settings(), check=0).stdout.splitlines()
        assert sum(r"line\nbreak.drf" in line for line in lines) == 1
        assert sum(r"\x1b[31mred\x1b[0m.drf" in line for line in lines) == 1
        assert sum("[/red][bold]markup[/nonsense].drf" in line for line in lines) == 1

    @pytest.mark.slow
    def test_a_real_terminal_shows_them_written_out(self, named):
        place, _, _, _ = named
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            command("quarantine", *place.settings()),
            env=clean_environment({"TERM": "dumb"}),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        while block := read_terminal(ours):
            shown += block
        os.close(ours)
        assert process.wait(timeout=60) == 0
        assert rb"\x1b[31m" in shown.replace(b"\r\n", b"")
        assert CONTROL.findall(shown.replace(b"\r\n", b"\n")) == []


def read_terminal(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other end was closed
        return b""


# Files that are none, or of the wrong kind

HUGE_BYTES = 1 << 30


def day(number: int) -> str:
    """Return the name of a file of its own days."""
    return f"sci_anc_eps14_{number:03d}_{number + 1:03d}.drf"


def fill_kinds(place: Place) -> dict[str, tuple[str, str]]:
    """Lay out a source of all kinds; return state and code by name, as they must come out."""
    source, outside = place.source, place.root / "outside"
    write_sample(str(source), scale=0.01, days=1, types=["eps"])
    (good,) = source.rglob("*.drf")
    expected = {}

    def expect(number: int, state: str, code: str) -> Path:
        expected[day(number)] = (state, code)
        return source / day(number)

    with expect(100, "quarantined", "too-large").open("wb") as file:
        file.truncate(HUGE_BYTES)
    expect(102, "quarantined", "not-text").write_bytes(gzip.compress(good.read_bytes()))
    with zipfile.ZipFile(expect(104, "quarantined", "not-text"), "w") as archive:
        archive.writestr("../../pwned.drf", good.read_bytes())
    expect(106, "quarantined", "not-text").write_bytes(good.read_bytes().decode("ascii").encode("utf-16"))
    expect(108, "quarantined", "empty").write_bytes(b"")
    folder = source / day(110)
    folder.mkdir()
    (folder / day(112)).write_bytes(b"")
    expected[day(112)] = ("quarantined", "empty")
    expect(114, "failed", "unreadable").symlink_to(source / day(114))
    expect(116, "failed", "unreadable").symlink_to(source, target_is_directory=True)
    expect(118, "failed", "unreadable").symlink_to(outside / "gone")
    expect(120, "failed", "unreadable").symlink_to("/dev/zero")
    os.mkfifo(expect(122, "failed", "unreadable"))
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(source)  # the path of a socket is short
        bound.bind(day(124))
        os.chdir(here)
    expected[day(124)] = ("failed", "unreadable")
    (source / "loop").mkdir()
    for number in range(3):
        (source / "loop" / f"again{number}").symlink_to(source / "loop", target_is_directory=True)
        expected[f"again{number}"] = ("quarantined", "name-unknown")
    (outside / "secret.txt").write_text("x" * 100)
    expect(126, "quarantined", "no-records").symlink_to(outside / "secret.txt")
    return expected


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("kinds"))
    expected = fill_kinds(place)
    before = snapshot(place.root, place.output)
    started = time.monotonic()
    done = json.loads(place.run("run", "--json", check=3).stdout)
    return place, expected, before, done, time.monotonic() - started


class TestKinds:
    """Links, pipes, devices, bombs: nothing is followed in circles, waited for, or read without bound."""

    def test_each_has_its_reason_and_the_good_file_is_processed(self, kinds):
        place, expected, _, done, _ = kinds
        found = {Path(row["source"]).name: (row["state"], row["code"]) for row in rows(place)}
        assert found == expected
        assert done["products"]["processed"] == 1

    def test_nothing_outside_the_output_is_touched(self, kinds):
        place, _, before, _, _ = kinds
        assert snapshot(place.root, place.output) == before

    def test_time_and_memory_are_bounded(self, kinds):
        place, _, _, done, elapsed_s = kinds
        assert elapsed_s < MOST_SECONDS
        assert max(done["peak_memory_bytes"].values()) < MOST_MEMORY
        written = sum(path.stat().st_size for path in (place.output / "store").rglob("*") if path.is_file())
        assert written < HUGE_BYTES // 100, "the sparse file was copied"


# A source that moves while it is read


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more\r\n")


def replace_by_same_size(path: Path) -> None:
    status = path.stat()
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns + 1))


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 100)


@pytest.mark.parametrize(
    ("move", "code", "when"),
    [
        (grow, "changed-while-read", "before"),
        (Path.unlink, "vanished", "before"),
        *(
            pytest.param(move, code, when, marks=pytest.mark.slow)
            for move, code, when in (
                (shrink, "changed-while-read", "before"),
                (replace_by_same_size, "changed-while-read", "before"),
                (grow, "changed-while-read", "after"),
                (shrink, "changed-while-read", "after"),
                (replace_by_same_size, "changed-while-read", "after"),
                (Path.unlink, "vanished", "after"),
            )
        ),
    ],
)
def test_a_file_that_moves_between_plan_and_reading_comes_right_in_the_next_run(
    tmp_path, monkeypatch, cli_here, move, code, when
):
    from drf_reprocess.storage.local_store import LocalStore

    place = Place(tmp_path)
    write_sample(str(place.source), scale=0.01, days=2, types=["eps"])
    first, _ = sorted(place.source.rglob("*.drf"))
    data = first.read_bytes()
    read_range = LocalStore.read_range

    def read(store, key, *args):
        mine = store.uri(key) == str(first)
        if mine and when == "before":
            move(first)
        raw = read_range(store, key, *args)
        if mine and when == "after":
            move(first)
        return raw

    monkeypatch.setattr(LocalStore, "read_range", read)
    done = cli_here("run", *place.settings(), "--json", check=3).json
    assert (done["products"]["processed"], done["products"]["failed"]) == (1, 1)
    (row,) = cli_here("quarantine", *place.settings(), "--json", check=0).json
    assert (row["source"], row["state"], row["code"]) == (str(first), "failed", code)
    assert row["remedy"]
    monkeypatch.undo()
    first.write_bytes(data)
    done = cli_here("run", *place.settings(), "--json", check=0).json
    assert (done["products"]["processed"], done["products"]["failed"]) == (1, 0)
    assert cli_here("quarantine", *place.settings(), "--json", check=0).json == []


# Labels of somebody else

BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def with_dtd(subset: str, text: str, system: str = ""):
    """Return a change that gives a label a document type, and a text to its title."""

    def change(label: str) -> str:
        doctype = f"<!DOCTYPE Product_Observational {system}[{subset}]>"
        changed = label.replace("<Product_Observational", f"{doctype}<Product_Observational", 1)
        return changed.replace("<title>", f"<title>{text}", 1)

    return change


def with_title(text: str):
    return lambda label: label.replace("<title>", f"<title>{text}", 1)


def with_text(old: str, new: str):
    def change(label: str) -> str:
        changed = re.sub(old, lambda _: new, label, count=1, flags=re.DOTALL)
        assert changed != label
        return changed

    return change


def encoded(encoding: str):
    return lambda label: label.replace("UTF-8", encoding, 1).encode(encoding)


LABELS = {
    "external file": (with_dtd('<!ENTITY e SYSTEM "file:///etc/passwd">', "&e;"), "label-unreadable"),
    "external http": (with_dtd('<!ENTITY e SYSTEM "http://HOST/e">', "&e;"), "label-unreadable"),
    "external beside": (with_dtd('<!ENTITY e SYSTEM "secret.txt">', "&e;"), "label-unreadable"),
    "parameter entity": (
        with_dtd('<!ENTITY % p SYSTEM "http://HOST/p.dtd"> %p;', ""),
        "label-unreadable",
    ),
    "external dtd": (with_dtd("", "", 'SYSTEM "http://HOST/x.dtd" '), "label-unreadable"),
    "public dtd": (with_dtd("", "", 'PUBLIC "-//x//y" "http://HOST/x.dtd" '), "label-unreadable"),
    "harmless dtd": (with_dtd("", ""), "label-unreadable"),
    "billion laughs": (with_dtd(f'<!ENTITY l0 "lol">{BOMB}', "&l11;"), "label-unreadable"),
    "quadratic": (with_dtd(f'<!ENTITY a "{"a" * 60_000}">', "&a;" * 60_000), "label-unreadable"),
    "attribute bomb": (with_dtd('<!ATTLIST title x CDATA "y">', ""), "label-unreadable"),
    "deep": (with_title("<a>" * 100_000 + "</a>" * 100_000), "label-unreadable"),
    "huge text": (with_title("a" * (5 << 20)), "label-unreadable"),
    "huge attribute": (with_text("<title>", f'<title x="{"a" * (5 << 20)}">'), "label-unreadable"),
    "xinclude": (
        with_text(
            "<title>[^<]*",
            '<title><i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>',
        ),
        "label-unreadable",
    ),
    "utf-16": (encoded("UTF-16"), "label-unreadable"),
    "utf-32": (encoded("UTF-32"), "label-unreadable"),
    "utf-7": (encoded("UTF-7"), "label-unreadable"),
    "latin-1": (encoded("ISO-8859-1"), "label-unreadable"),
    "nul": (with_title("\0"), "label-unreadable"),
    "escape": (with_title("\x1b[31m"), "label-unreadable"),
    "escape reference": (with_title("&#27;[31m"), "label-unreadable"),
    "lid leaves": (with_text("(?<=<logical_identifier>)[^<]*", "urn:nasa:pds:../../x"), "label-unreadable"),
    "lid parts": (with_text("(?<=<logical_identifier>)[^<]*", "urn:nasa:pds:a:..:x"), "member-without-label"),
    "lid slash": (with_text("(?<=<logical_identifier>urn:nasa:pds:)", "/etc/"), "label-unreadable"),
    "lid line": (with_text("(?<=<logical_identifier>urn:nasa:pds:)", "a\nb"), "label-unreadable"),
    "lid long": (with_text("(?<=<logical_identifier>urn:nasa:pds:)", "a" * 300), "label-unreadable"),
    "vid huge": (with_text("(?<=<version_id>)[^<]*", "9" * 5000 + ".0"), "label-unreadable"),
    "file leaves": (with_text("(?<=<file_name>)[^<]*", "../../outside/precious.txt"), "unsafe-path"),
    "file absolute": (with_text("(?<=<file_name>)[^<]*", "/etc/passwd"), "unsafe-path"),
    "file backslash": (with_text("(?<=<file_name>)[^<]*", "..\\..\\x.drf"), "unsafe-path"),
    "file drive": (with_text("(?<=<file_name>)[^<]*", "C:x.drf"), "unsafe-path"),
    "file dots": (with_text("(?<=<file_name>)[^<]*", ".."), "unsafe-path"),
    "file line": (with_text("(?<=<file_name>)[^<]*", "a\nb.drf"), "unsafe-path"),
    "file delete": (with_text("(?<=<file_name>)[^<]*", "a\x7fb.drf"), "unsafe-path"),
    "file huge": (with_text("(?<=<file_name>)[^<]*", "x" * 300 + ".drf"), "data-unreadable"),
    "stylesheet": (
        with_text("<Product_Obs", '<?xml-stylesheet type="text/xsl" href="http://HOST/x.xsl"?><Product_Obs'),
        "",
    ),
    "records": (with_text("(?<=<records>)[^<]*", "9" * 5000), ""),
    "bytes": (with_text('(?<=<file_size unit="byte">)[^<]*', "9" * 18), "data-size"),
    "time": (with_text("(?<=<start_date_time>)[^<]*", "9" * 5000 + "-01-01T00:00:00Z"), "no-times"),
}


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """A bundle as this program makes it: of one collection with two products."""
    place = Place(tmp_path_factory.mktemp("bundled"))
    write_sample(str(place.source), scale=0.01, days=2, types=["eps"])
    place.run("run", "--json", check=0)
    return place


@pytest.fixture
def listener():
    """A server that hears whether anybody calls."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server
        with pytest.raises(BlockingIOError):
            server.accept()


def spoil(path: Path, change, listener: socket.socket) -> None:
    changed = change(path.read_text())
    data = changed if isinstance(changed, bytes) else changed.encode()
    path.unlink()
    path.write_bytes(data.replace(b"HOST", b"127.0.0.1:%d" % listener.getsockname()[1]))


@pytest.mark.parametrize("name", cases(LABELS, "external http", "billion laughs", "utf-16", "file leaves"))
def test_a_hostile_label_is_not_adopted_and_the_rest_is(bundled, tmp_path, cli_here, listener, name):
    change, code = LABELS[name]
    place = Place(tmp_path)
    shutil.copytree(bundled.output / "bundle", place.root / "bundle")
    labels = sorted((place.root / "bundle").rglob("sci_anc*.xml"))
    (labels[0].parent / "secret.txt").write_text("secret")
    spoil(labels[0], change, listener)
    before = snapshot(place.root, place.output)
    is_refused = code not in ("", "data-size", "data-unreadable")
    where = place.settings()
    done = cli_here("adopt", str(place.root / "bundle"), *where, "--json", check=3 if code else 0)
    assert done.json["products"] == 1 + (not is_refused)
    told = done.json["not_adopted"] + done.json["findings"]
    assert {row["code"] for row in told if isinstance(row, dict)} >= ({code} if code else set())
    assert "Traceback" not in done.stderr
    assert "root:x" not in done.stdout
    assert snapshot(place.root, place.output) == before
    shown = cli_here("adopt", str(place.root / "bundle"), *where, check=None)
    assert CONTROL.findall((shown.stdout + shown.stderr).encode()) == []


# Packages of somebody else

EVIL = b"written by a package\n"


@dataclass
class Parcel:
    """The files of a good delivery, to be packed by hand with something evil among them."""

    files: dict[str, bytes]

    @property
    def data(self) -> str:
        return next(path for path in self.files if path.endswith(".drf"))

    @property
    def label(self) -> str:
        return next(path for path in self.files if "sci_anc" in path and path.endswith(".xml"))

    def manifests(self) -> dict[str, bytes]:
        labels = {path: data for path, data in self.files.items() if path.endswith(".xml")}
        transfer = write_transfer_manifest((read_label(data).lidvid, path) for path, data in labels.items())
        sums = [(hashlib.md5(data, usedforsecurity=False).hexdigest(), p) for p, data in self.files.items()]
        return {"transfer": transfer, "checksum": write_checksum_manifest(sums)}


@pytest.fixture(scope="module")
def good_files(bundled):
    root = bundled.output / "bundle"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def parcel(good_files):
    return Parcel(dict(good_files))


def judge(place: Place, cli_here, parcel: Parcel, package: bytes, form: str, *words: str):
    """Lay out a package with its manifests, verify it, and return paths, verdicts and messages of its faults."""
    folder = place.root / "received"
    folder.mkdir()
    for name, data in parcel.manifests().items():
        (folder / f"p_{name}_manifest.txt").write_bytes(data)
    (folder / f"p.{form}").write_bytes(package)
    before = snapshot(place.root, place.output)
    here = Path.cwd()
    os.chdir(place.root / "cwd")
    try:
        done = cli_here("verify", str(folder / f"p.{form}"), *words, "--json", check=None)
        people = cli_here("verify", str(folder / f"p.{form}"), *words, check=None)
    finally:
        os.chdir(here)
    assert snapshot(place.root, place.output) == before
    assert "Traceback" not in done.stderr
    assert CONTROL.findall((people.stdout + people.stderr).encode()) == []
    assert done.returncode == people.returncode == (4 if done.json["faults"] else 0), done.stderr
    return [(fault["path"], fault["verdict"], fault["message"]) for fault in done.json["faults"]]


def pack_zip(parcel: Parcel, *more: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of names that stand twice, which is the point
        for path, data in [*parcel.files.items(), *more]:
            archive.writestr(path, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def renamed(parcel: Parcel, name: bytes) -> bytes:
    """Pack a member under a name that no zip program would write."""
    placeholder = "Q" * len(name)
    return pack_zip(parcel, (placeholder, EVIL)).replace(placeholder.encode(), name)


def linked(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info, target.encode()


def patched(package: bytes, name: str, central: dict[int, bytes], local: dict[int, bytes]) -> bytes:
    """Change bytes of a member's headers, by their offset in each."""
    changed = bytearray(package)
    for signature, skip, patches in ((b"PK\1\2", 46, central), (b"PK\3\4", 30, local)):
        start = -1
        while True:
            start = package.index(signature, start + 1)
            if package[start + skip :].startswith(name.encode()):
                break
        for offset, new in patches.items():
            changed[start + offset : start + offset + len(new)] = new
    return bytes(changed)


def bombed(parcel: Parcel, told: int | None) -> bytes:
    """Pack 300 MB of zeros, with another size told in both headers."""
    package = pack_zip(parcel, ("bomb.txt", bytes(300 * 10**6)))
    if told is None:
        return package
    size = struct.pack("<I", told)
    return patched(package, "bomb.txt", {24: size}, {22: size})


def zip64(parcel: Parcel, offset: int) -> bytes:
    """Pack with a locator of a zip64 directory that lies somewhere else."""
    package = pack_zip(parcel)
    end = package.rindex(b"PK\5\6")
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, offset, 1)
    tail = bytearray(package[end:])
    tail[16:20] = b"\xff" * 4
    return package[:end] + locator + bytes(tail)


def end_changed(parcel: Parcel, place: int, new: bytes) -> bytes:
    package = bytearray(pack_zip(parcel))
    end = package.rindex(b"PK\5\6")
    package[end + place : end + place + len(new)] = new
    return bytes(package)


def pointed_at(parcel: Parcel, name: str, other: str) -> bytes:
    """Let the directory's entry of one member point at the bytes of another one."""
    package = pack_zip(parcel)
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        offset = archive.getinfo(other).header_offset
    return patched(package, name, {42: struct.pack("<I", offset)}, {})


ZIPS = {
    "parent": (lambda p: pack_zip(p, ("../outside/pwned.txt", EVIL)), "invalid", "leaves its folder by"),
    "parent within": (lambda p: pack_zip(p, ("a/../../pwned.txt", EVIL)), "invalid", "leaves its folder by"),
    "absolute": (lambda p: pack_zip(p, ("/tmp/pwned-by-a-package", EVIL)), "invalid", "absolute"),
    "drive": (lambda p: renamed(p, b"C:/pwned.txt"), "invalid", "absolute"),
    "backslash": (lambda p: renamed(p, b"..\\..\\pwned.txt"), "invalid", "backslash"),
    "nul": (lambda p: renamed(p, b"good.txt\0/../../pwned"), "invalid", "control character"),
    "newline": (lambda p: renamed(p, b"a\nb.txt"), "invalid", "control character"),
    "escape": (lambda p: renamed(p, b"\x1b[2Jb.txt"), "invalid", "control character"),
    "empty part": (lambda p: renamed(p, b"a//b.txt"), "invalid", "empty component"),
    "no name": (lambda p: patched(pack_zip(p, ("Q", b"")), "Q", {28: b"\0\0"}, {26: b"\0\0"}), "damaged", ""),
    "symlink": (lambda p: pack_zip(p, linked("l.txt", "/etc/passwd")), "invalid", "a link or a special file"),
    "through a symlink": (
        lambda p: pack_zip(p, linked("out", "../outside"), ("out/pwned.txt", EVIL)),
        "invalid",
        "a link or a special file",
    ),
    "case": (lambda p: pack_zip(p, (p.data.upper(), EVIL)), "invalid", "letter case only"),
    "twice": (lambda p: pack_zip(p, (p.data, EVIL)), "invalid", "stands twice"),
    "label twice": (lambda p: pack_zip(p, (p.label, EVIL)), "invalid", "stands twice"),
    "bomb that lies": (lambda p: bombed(p, 1000), "damaged", ""),
    "bomb that boasts": (lambda p: bombed(p, 4 * 10**9), "damaged", "contradict"),
    "encrypted": (
        lambda p: patched(pack_zip(p), p.data, {8: b"\1\0"}, {6: b"\1\0"}),
        "damaged",
        "encrypted",
    ),
    "encrypted by its own word": (
        lambda p: patched(pack_zip(p), p.data, {}, {8: b"\x63\0"}),
        "damaged",
        "local",
    ),
    "other local name": (
        lambda p: patched(pack_zip(p), p.data, {}, {30: b"../"}),
        "damaged",
        "local header is damaged, or is another",
    ),
    "other local size": (lambda p: patched(pack_zip(p), p.data, {}, {22: b"\1\0\0\0"}), "damaged", "says"),
    "other method": (lambda p: patched(pack_zip(p), p.data, {10: b"\x0c\0"}, {}), "damaged", "method 12"),
    "overlap": (lambda p: pointed_at(p, p.label, p.data), "invalid", "overlaps"),
    "zip64 nowhere": (lambda p: zip64(p, 2**63), "damaged", "outside the package"),
    "zip64 wrong": (lambda p: zip64(p, 0), "damaged", "zip64"),
    "count": (lambda p: end_changed(p, 8, b"\xfe\xff\xfe\xff"), "damaged", "member"),
    "directory before": (lambda p: end_changed(p, 16, bytes(4)), "damaged", "does not end"),
    "directory size": (lambda p: end_changed(p, 12, b"\xfe\xff\xff\xff"), "damaged", "does not end"),
}


@pytest.mark.parametrize(
    "name", cases(ZIPS, "parent", "symlink", "case", "nul", "bomb that lies", "overlap", "zip64 nowhere")
)
def test_a_hostile_zip_is_a_verdict(tmp_path, cli_here, parcel, name):
    make, verdict, words = ZIPS[name]
    faults = judge(Place(tmp_path), cli_here, parcel, make(parcel), "zip")
    assert [fault for fault in faults if fault[1] == verdict and words in fault[2]]
    assert not Path("/tmp/pwned-by-a-package").exists()


def pack_tar(parcel: Parcel, *more: tuple[tarfile.TarInfo, bytes], **options) -> bytes:
    buffer = io.BytesIO()
    infos = [(tarfile.TarInfo(path), data) for path, data in parcel.files.items()]
    with tarfile.open(fileobj=buffer, mode="w:gz", **options) as archive:
        for info, data in (*infos, *more):
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def tar_entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", data: bytes = b"", **pax: str):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.pax_headers = kind, link, dict(pax)
    return info, data


def raw_tar(parcel: Parcel, *blocks: bytes) -> bytes:
    """Pack with blocks of a tar file, made by hand, before its end."""
    plain = gzip.decompress(pack_tar(parcel)).rstrip(b"\0")
    plain += bytes(-len(plain) % 512)
    return gzip.compress(plain + b"".join(blocks) + bytes(1024))


def header(name: bytes, size: bytes, kind: bytes) -> bytes:
    block = bytearray(
        name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size + b"00000000000\0" + b" " * 8 + kind
    )
    block += bytes(100) + b"ustar\00000" + bytes(247)
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def octal(size: int) -> bytes:
    return b"%011o\0" % size


TARS = {
    "parent": (lambda p: pack_tar(p, tar_entry("../pwned.txt", data=EVIL)), "invalid", "leaves its folder"),
    "absolute": (
        lambda p: pack_tar(p, tar_entry("/tmp/pwned-by-a-package", data=EVIL)),
        "invalid",
        "absolute",
    ),
    "drive": (lambda p: pack_tar(p, tar_entry("C:\\pwned.txt", data=EVIL)), "invalid", "absolute"),
    "symlink": (
        lambda p: pack_tar(
            p, tar_entry("out", tarfile.SYMTYPE, "../outside"), tar_entry("out/pwned.txt", data=EVIL)
        ),
        "invalid",
        "a link or a special file",
    ),
    "hard link": (
        lambda p: pack_tar(p, tar_entry("h.txt", tarfile.LNKTYPE, "../outside/precious.txt")),
        "invalid",
        "a link or a special file",
    ),
    "device": (lambda p: pack_tar(p, tar_entry("d", tarfile.CHRTYPE)), "invalid", "a link or a special file"),
    "block device": (lambda p: pack_tar(p, tar_entry("d", tarfile.BLKTYPE)), "invalid", "special file"),
    "pipe": (lambda p: pack_tar(p, tar_entry("d", tarfile.FIFOTYPE)), "invalid", "special file"),
    "case": (lambda p: pack_tar(p, tar_entry(p.data.upper(), data=EVIL)), "invalid", "letter case only"),
    "twice": (lambda p: pack_tar(p, tar_entry(p.data, data=EVIL)), "invalid", "stands twice"),
    "gnu long name": (
        lambda p: pack_tar(p, tar_entry("../" + "a/" * 80 + "x.txt", data=EVIL), format=tarfile.GNU_FORMAT),
        "invalid",
        "leaves its folder",
    ),
    "pax path": (
        lambda p: pack_tar(p, tar_entry("fine.txt", data=EVIL, path="../../outside/pwned.txt")),
        "invalid",
        "leaves its folder",
    ),
    "pax path of another": (
        lambda p: pack_tar(p, tar_entry("fine.txt", data=EVIL, path=p.data)),
        "invalid",
        "stands twice",
    ),
    "pax link": (
        lambda p: pack_tar(p, tar_entry("l", tarfile.SYMTYPE, "x", linkpath="/etc/passwd")),
        "invalid",
        "a link or a special file",
    ),
    "pax for all": (
        lambda p: pack_tar(p, format=tarfile.PAX_FORMAT, pax_headers={"path": "../../outside/pwned.txt"}),
        "invalid",
        "leaves its folder",
    ),
    "pax control": (
        lambda p: pack_tar(p, tar_entry("fine.txt", data=EVIL, path="a\nb\x1b[2J")),
        "invalid",
        "control character",
    ),
    "sparse of a terabyte": (
        lambda p: pack_tar(
            p,
            tar_entry(
                "bomb.txt",
                data=b"x",
                **{
                    "GNU.sparse.major": "0",
                    "GNU.sparse.minor": "1",
                    "GNU.sparse.name": "bomb.txt",
                    "GNU.sparse.size": str(1 << 40),
                    "GNU.sparse.numblocks": "1",
                    "GNU.sparse.map": "0,1",
                },
            ),
        ),
        "damaged",
        "",
    ),
    "sparse": (
        lambda p: pack_tar(
            p,
            tar_entry(
                "bomb.txt",
                data=b"x",
                **{"GNU.sparse.size": str(1 << 30), "GNU.sparse.map": "0,1"},
            ),
        ),
        "invalid",
        "sparse",
    ),
    "size of a terabyte": (
        lambda p: raw_tar(p, header(b"bomb.txt", b"\x80" + (1 << 40).to_bytes(11, "big"), b"0")),
        "damaged",
        "",
    ),
    "size of exabytes": (
        lambda p: raw_tar(p, header(b"bomb.txt", b"\x80" + (1 << 80).to_bytes(11, "big"), b"0")),
        "damaged",
        f"has {1 << 80} bytes",
    ),
    "size of exabytes in pax": (
        lambda p: raw_tar(
            p,
            header(b"x", octal(30), b"x") + b"30 size=123456789123456789123\n".ljust(512, b"\0"),
            header(b"bomb.txt", octal(0), b"0"),
        ),
        "damaged",
        "has 123456789123456789123 bytes",
    ),
    "size below zero": (
        lambda p: raw_tar(p, header(b"bomb.txt", b"\xff" + (2**88 - 512).to_bytes(11, "big"), b"0")),
        "damaged",
        "",
    ),
    "header of a gigabyte": (
        lambda p: raw_tar(p, header(b"././@LongLink", octal(1 << 30), b"L"), bytes(1 << 25)),
        "damaged",
        "header of 1073741824 bytes",
    ),
    "headers without end": (
        lambda p: raw_tar(p, (header(b"././@LongLink", octal(2), b"L") + b"a".ljust(512, b"\0")) * 20_000),
        "damaged",
        "without end",
    ),
    "two ends": (lambda p: pack_tar(p)[:-8] + bytes(8), "damaged", "CRC"),
    "more behind": (lambda p: pack_tar(p) + b"#!/bin/sh\n", "damaged", ""),
}


@pytest.mark.parametrize(
    "name", cases(TARS, "pax path", "hard link", "sparse", "size of exabytes", "headers without end")
)
def test_a_hostile_tar_is_a_verdict(tmp_path, cli_here, parcel, name):
    make, verdict, words = TARS[name]
    faults = judge(Place(tmp_path), cli_here, parcel, make(parcel), "tar.gz")
    assert [fault for fault in faults if fault[1] == verdict and words in fault[2]]
    assert not Path("/tmp/pwned-by-a-package").exists()


def test_the_parcel_itself_is_good(tmp_path, cli_here, parcel):
    place = Place(tmp_path)
    assert judge(place, cli_here, parcel, pack_zip(parcel), "zip") == []
    shutil.rmtree(place.root / "received")
    assert judge(place, cli_here, parcel, pack_tar(parcel), "tar.gz") == []


@pytest.mark.parametrize(
    "name",
    cases({name: LABELS[name] for name in LABELS if name != "stylesheet"}, "external file", "file absolute"),
)
def test_a_hostile_label_in_a_package_is_a_verdict(tmp_path, cli_here, parcel, listener, name):
    manifests = parcel.manifests()
    changed = LABELS[name][0](parcel.files[parcel.label].decode())
    data = changed if isinstance(changed, bytes) else changed.encode()
    host = b"127.0.0.1:%d" % listener.getsockname()[1]
    parcel.files[parcel.label] = data.replace(b"HOST", host)
    parcel.manifests = lambda: manifests
    faults = judge(Place(tmp_path), cli_here, parcel, pack_zip(parcel), "zip")
    assert (parcel.label, "mismatch") in [fault[:2] for fault in faults]
    assert [fault for fault in faults if fault[1] != "mismatch"]
    assert "root:x" not in str(faults)
    assert "secret" not in str(faults)


ROWS = {
    "parent": b"../../etc/passwd",
    "absolute": b"/etc/passwd",
    "backslash": b"..\\x",
    "drive": b"C:/x",
    "escape": b"a\x1b[2Jb",
    "return": b"a\rb",
    "not text": b"\xff\xfe",
    "twice": b"",
}


@pytest.mark.parametrize("name", cases(ROWS, "parent", "escape"))
@pytest.mark.parametrize("manifest", ["checksum", "transfer"])
def test_a_hostile_row_is_a_verdict(tmp_path, cli_here, parcel, manifest, name):
    manifests = parcel.manifests()
    again = parcel.data if manifest == "checksum" else parcel.label
    key = b"0" * 32 if manifest == "checksum" else b"urn:nasa:pds:a:b:c::1.0"
    manifests[manifest] += key + b"  " + (ROWS[name] or again.encode()) + b"\n"
    parcel.manifests = lambda: manifests
    faults = judge(Place(tmp_path), cli_here, parcel, pack_zip(parcel), "zip")
    assert (f"p_{manifest}_manifest.txt", "invalid") in [fault[:2] for fault in faults]


# Files that an operator is given: plans, decisions, column sets, profiles, configurations

DEEP_JSON = "[" * 200_000
DEEP_TOML = "a = " + "[" * 200_000 + "\n"
DOTTED_TOML = "a" + ".a" * 5_000 + " = 1\n"
PLAN_HEAD = '{\n"version": 1,\n'

PLANS = {
    "empty": "",
    "no JSON": "no plan\n",
    "another value": "[]\n",
    "deep": DEEP_JSON,
    "deep on a line": PLAN_HEAD + f'"mode": {DEEP_JSON}\n}}\n',
    "deep row": PLAN_HEAD + f'"products": [\n{DEEP_JSON}\n]\n}}\n',
    "huge number": PLAN_HEAD + f'"mode": {"9" * 100_000}\n}}\n',
    "cut off": PLAN_HEAD + '"products": [\n{"lid": "urn',
    "not text": b"\xff\xfe\x00",
    "another version": '{\n"version": 2,\n"mode": "release"\n}\n',
}


@pytest.fixture(scope="module")
def planned(bundled, tmp_path_factory):
    """A mission with one more file to be worked on, and its plan as text."""
    place = Place(tmp_path_factory.mktemp("planned"))
    write_sample(str(place.source), scale=0.01, days=1, types=["eps"])
    path = place.root / "plan.json"
    place.run("plan", "--to", path)
    return place, path.read_text()


def refuse(place: Place, cli_here, *words: str, kind: str = "configuration") -> str:
    """Run a command that must be refused for what a file says, and return the message."""
    before = snapshot(place.root, place.output)
    done = cli_here(*words, *place.settings(), "--json", check=2 if kind == "configuration" else 1)
    assert done.json["error"]["kind"] == kind
    assert "Traceback" not in done.stderr
    assert CONTROL.findall(done.stderr.encode()) == []
    assert snapshot(place.root, place.output) == before
    return done.json["error"]["message"]


@pytest.mark.parametrize("name", cases(PLANS))
def test_what_is_no_plan_is_not_run(planned, tmp_path, cli_here, name):
    place, _ = planned
    text = PLANS[name]
    path = tmp_path / "plan.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    message = refuse(place, cli_here, "run", "--plan", str(path))
    assert "plan.json" in message
    assert len(message) < 1000


CHANGES = {
    "uri leaves": ('"uri": "[^"]*"', '"uri": "/source/../../../etc/passwd"', "PlanOutdated"),
    "lid leaves": ('"lid": "[^"]*"', '"lid": "../../etc/passwd"', "PlanOutdated"),
    "lid is none": ('"lid": "[^"]*"', '"lid": null', "configuration"),
    "lid is a list": ('"lid": "[^"]*"', '"lid": []', "configuration"),
    "no lid": ('"lid": "[^"]*", ', "", "configuration"),
    "escape": ('"family": "[^"]*"', '"family": "\\\\u001b[2J"', "PlanOutdated"),
    "sources are none": ('"sources": \\[[^]]*\\]', '"sources": 7', "configuration"),
    "conditions are none": ('(?m)^"conditions": .*,$', '"conditions": [1],', "configuration"),
    "settled is none": ('(?m)^"settled": .*,$', '"settled": 7,', "configuration"),
    "set aside is none": ('(?m)^"to_set_aside": .*,$', '"to_set_aside": [7],', "configuration"),
    "time is none": ('(?m)^"run_time": .*,$', '"run_time": "../../x",', "configuration"),
    "row is none": ('"products": \\[\\n\\{[^\\n]*', '"products": [\\n7', "configuration"),
}


@pytest.mark.parametrize("name", cases(CHANGES))
def test_a_plan_that_was_changed_by_hand_is_not_run(planned, tmp_path, cli_here, name):
    place, text = planned
    pattern, replacement, kind = CHANGES[name]
    changed = re.sub(pattern, replacement, text, count=1)
    assert changed != text
    path = tmp_path / "plan.json"
    path.write_text(changed)
    refuse(place, cli_here, "run", "--plan", str(path), kind=kind)


DECISION = {
    "type": "eps",
    "family": "eps:2014:320-321",
    "source_name": "eps/x.drf",
    "product_id": "x",
    "action": "exclude",
    "code": "",
    "start_time": "",
    "stop_time": "",
    "who": "somebody",
    "when": "2026-01-02T03:04:05Z",
    "reason": "why not",
    "source_sha256": "0" * 64,
    "replacement_sha256": "",
    "replacement_md5": "",
    "replacement_bytes": "",
    "disposition_id": "",
}
DECISIONS = {
    "no table": b"\0" * 100,
    "a long line": b"a" * (10 << 20),
    "a long cell": {"reason": "x" * (1 << 20)},
    "not text": b"\xff\xfe",
    "quotes": b'"' * 999,
    "no columns": b"a,b\n1,2\n",
    "a line too many": {"reason": "a\nb"},
    "escape": {"who": "\x1b[31mred"},
    "turned": {"reason": "\u2028"},
    "action": {"action": "rm -rf"},
    "digest leaves": {"source_sha256": "../../" + "0" * 58},
    "replacement leaves": {
        "action": "replace",
        "replacement_sha256": "../../../etc/passwd",
        "replacement_md5": "0" * 32,
        "replacement_bytes": "1",
    },
    "size": {
        "action": "replace",
        "replacement_sha256": "0" * 64,
        "replacement_md5": "0" * 32,
        "replacement_bytes": "9" * 100,
    },
    "time": {"when": "9" * 5000},
    "id": {"disposition_id": "../../x"},
}


@pytest.mark.parametrize("name", cases(DECISIONS))
def test_hostile_decisions_are_not_imported(planned, tmp_path, cli_here, name):
    place, _ = planned
    given = DECISIONS[name]
    path = tmp_path / "decisions.csv"
    if isinstance(given, dict):
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(DECISION))
            writer.writeheader()
            writer.writerow(DECISION | given)
    else:
        path.write_bytes(given)
    message = refuse(place, cli_here, "disposition", "import", str(path))
    assert "dispositions" in message


@pytest.mark.slow
@pytest.mark.parametrize("text", [DEEP_TOML, DOTTED_TOML], ids=["deep", "dotted"])
def test_a_bomb_for_a_configuration_or_a_profile_is_told(planned, tmp_path, cli_here, text):
    place, _ = planned
    bomb = tmp_path / "bomb.toml"
    bomb.write_text(text)
    assert "bomb.toml" in refuse(place, cli_here, "status", "--config", str(bomb))
    assert "bomb.toml" in refuse(place, cli_here, "status", "--set", f"mission.profile={bomb}")
    assert refuse(place, cli_here, "status", "--set", f"run.reason={'[' * 100_000}", "--set", "run.mode=[[")


@pytest.mark.parametrize(
    "text",
    [DEEP_TOML, "a = 1\n" * 2, "id = [", 'id = "c1"\n', b"\xff", DOTTED_TOML],
    ids=["deep", "twice", "cut off", "almost empty", "not text", "dotted"],
)
def test_a_hostile_column_set_is_a_matter_of_the_profile(text):
    with pytest.raises(ProfileError, match="evil"):
        parse_overlay(text, "evil")


# Labels that name schemas

SCHEMAS = {
    "no schema": ("PDS4_PDS_[0-9A-Z]*[.]xsd", "PDS4_EVIL.xsd", "no local copy"),
    "a schema in the network": ("https?://pds[^ ]*[.]xsd", "http://HOST/evil.xsd", "no local copy"),
    "a file": ("https?://pds[^ ]*[.]xsd", "file:///etc/passwd", "no local copy"),
    "rules for a schema": ("PDS4_PDS_1D00[.]xsd", "PDS4_PDS_1D00.sch", "no XML schemas"),
    "a schema for rules": ('[.]sch"', '.xsd"', "no Schematron rules"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHEMAS)
def test_a_label_that_names_strange_schemas_is_a_verdict(
    tmp_path, cli_here, parcel, listener, xml_catalog, name
):
    pattern, replacement, words = SCHEMAS[name]
    text = parcel.files[parcel.label].decode()
    changed = re.sub(pattern, replacement, text, count=1)
    assert changed != text
    host = b"127.0.0.1:%d" % listener.getsockname()[1]
    parcel.files[parcel.label] = changed.encode().replace(b"HOST", host)
    package = pack_zip(parcel)
    faults = judge(Place(tmp_path), cli_here, parcel, package, "zip", "--xml-catalog", str(xml_catalog))
    assert {path for path, verdict, _ in faults if verdict == "invalid"} == {parcel.label}
    assert words in str(faults)
