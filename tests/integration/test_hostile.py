"""Input that somebody made to do harm: refused with a reason, the rest goes on, and nothing is written outside the output."""

from __future__ import annotations

import gzip
import hashlib
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

    def run(
        self, *words: object, check: int | None = 0, **keys: object
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command, with its answer as bytes; files that it makes carelessly would lie below the root, too."""
        fixed = {"source__uri": self.source, "output__uri": self.output, "compute__site": "serial"}
        done = subprocess.run(
            command(*map(os.fspath, words), *settings(**(fixed | keys))),
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
    import json

    return json.loads(place.run("quarantine", "--json").stdout)


class TestNames:
    """Names that nobody would give."""

    def test_nothing_around_the_output_is_touched(self, named):
        place, before, _ = named
        assert snapshot(place.root, place.output) == before

    def test_every_file_is_listed_with_a_reason_and_the_good_ones_are_processed(self, named):
        import json

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
        assert (row["state"], row["code"]) == ("quarantined", "not-text") or row["code"]

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
    def test_no_control_character_reaches_the_terminal(self, named, words):
        place, _, _ = named
        if words[0] == "verify":
            done = subprocess.run(
                command(*words), env=clean_environment(), capture_output=True, check=False, timeout=60
            )
        else:
            done = place.run(*words, check=None)
        assert done.stdout or done.stderr
        assert CONTROL.findall(done.stdout) == []
        assert CONTROL.findall(done.stderr) == []

    def test_a_row_stays_a_line(self, named):
        place, _, _ = named
        lines = place.run("quarantine").stdout.decode().splitlines()
        assert sum(r"line\nbreak.drf" in line for line in lines) == 1
        assert sum(r"\x1b[31mred\x1b[0m.drf" in line for line in lines) == 1
        assert sum("[/red][bold]markup[/nonsense].drf" in line for line in lines) == 1

    def test_a_real_terminal_shows_them_written_out(self, named):
        place, _, _ = named
        ours, theirs = pty.openpty()
        arguments = settings(source__uri=place.source, output__uri=place.output)
        process = subprocess.Popen(
            command("quarantine", *arguments),
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
