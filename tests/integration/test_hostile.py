"""Input that somebody made to do harm: refused with a reason, the rest goes on, and nothing is written outside the output."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pty
import re
import shutil
import socket
import stat
import subprocess
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from drf_integration_cli import clean_environment, command, settings

from drf_reprocess.testing.sample import write_sample

CONTROL = re.compile(
    rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]"
)
"""Every control character but LF, and the marks that turn the direction of writing, as UTF-8."""

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
    return place, before, done


def rows(place: Place) -> list[dict[str, str]]:
    return json.loads(place.run("quarantine", "--json").stdout)


class TestNames:
    """Names that nobody would give."""

    def test_nothing_around_the_output_is_touched(self, named):
        place, before, _ = named
        assert snapshot(place.root, place.output) == before

    def test_every_file_is_listed_with_a_reason_and_the_good_ones_are_processed(self, named):
        place, _, done = named
        counts = json.loads(done.stdout)["products"]
        found = rows(place)
        assert len({row["source"] for row in found}) == len(found)
        assert all(row["code"] and row["remedy"] for row in found)
        assert counts["processed"] == GOOD
        received = sum(len(files) for _, _, files in os.walk(os.fsencode(place.source)))
        assert counts["total"] == received == GOOD + len(found)

    def test_names_of_no_type_are_unknown_and_folders_of_such_names_unsafe(self, named):
        place, _, _ = named
        codes = {}
        for row in rows(place):
            codes.setdefault(row["code"], []).append(row)
        assert len(codes["name-unsafe"]) == len(UNSAFE_FOLDERS)
        assert len(codes["name-unknown"]) == len(HOSTILE_NAMES) + 1
        assert {row["state"] for row in codes["name-unsafe"]} == {"quarantined"}

    def test_a_folder_that_is_called_like_our_temporary_one_is_no_hiding_place(self, named):
        place, _, _ = named
        (row,) = [row for row in rows(place) if ".drf-reprocess-tmp" in row["source"]]
        assert (row["state"], row["code"]) == ("quarantined", "no-records")

    def test_a_second_run_finds_nothing_new(self, named):
        place, before, _ = named
        place.run("run", "--json", check=0)
        assert snapshot(place.root, place.output) == before

    @pytest.mark.parametrize(
        "words",
        [
            ["quarantine"],
            ["quarantine", "--group", "code"],
            ["quarantine", "--json"],
            ["status"],
            ["status", "--json"],
            ["products"],
            ["plan"],
            ["plan", "--json"],
            ["--verbose", "run"],
            ["completeness"],
            ["why", "line\nbreak.drf"],
            ["inspect", "\x1b[31mred\x1b[0m.drf"],
            ["verify", "\x1b[31mred\x1b[0m.zip"],
            ["disposition", "exclude", "--source", "\x1b[31mred", "--reason", "\x1b[31mred"],
        ],
        ids=" ".join,
    )
    def test_no_control_character_reaches_the_terminal(self, named, cli_here, words):
        place, _, _ = named
        where = [] if words[0] == "verify" else place.settings()
        done = cli_here(*words, *where)
        assert done.stdout or done.stderr
        assert "Traceback" not in done.stderr
        assert CONTROL.findall(done.stdout.encode()) == []
        assert CONTROL.findall(done.stderr.encode()) == []

    def test_a_row_stays_a_line(self, named):
        place, _, _ = named
        lines = place.run("quarantine").stdout.decode().splitlines()
        assert sum(r"line\nbreak.drf" in line for line in lines) == 1
        assert sum(r"\x1b[31mred\x1b[0m.drf" in line for line in lines) == 1
        assert sum("[/red][bold]markup[/nonsense].drf" in line for line in lines) == 1

    def test_a_real_terminal_shows_them_written_out(self, named):
        place, _, _ = named
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
    expect(126, "quarantined", "header-only").symlink_to(outside / "secret.txt")
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
    ("move", "code"),
    [
        (grow, "changed-while-read"),
        (shrink, "changed-while-read"),
        (replace_by_same_size, "changed-while-read"),
        (Path.unlink, "vanished"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
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


@pytest.mark.parametrize("name", LABELS)
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
