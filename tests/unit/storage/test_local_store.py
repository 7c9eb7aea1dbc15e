from __future__ import annotations

import errno
import logging
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drf_reprocess.errors import (
    ConfigurationError,
    ObjectNotFound,
    StorageDenied,
    StorageError,
    StorageFull,
    TransientStorageError,
)
from drf_reprocess.storage import Part, failures, local_files, open_store
from drf_reprocess.storage.base import TEMPORARY
from drf_reprocess.storage.fsspec_store import FsspecStore
from drf_reprocess.storage.local_store import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures._RETRYING, "sleep", lambda _: None)


def fail_with(number: int):
    def fail(*_args: object, **_named: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def unfinished(store: LocalStore) -> list[str]:
    folder = Path(store.root, TEMPORARY)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_paths_are_plain_and_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    expected = LocalStore(str(tmp_path / "out"))
    for uri in ("out", "./out/", f"{tmp_path}/x/../out", f"file://{tmp_path}/out", f"local://{tmp_path}/out"):
        assert open_store(uri) == expected
    assert expected.uri("a/b") == f"{tmp_path}/out/a/b"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store("~/out") == expected


def test_the_scheme_picks_the_store() -> None:
    assert open_store("memory://x/") == FsspecStore("memory://x")
    assert open_store("s3://bucket/x", {"anon": True}) == FsspecStore("s3://bucket/x", {"anon": True})
    assert FsspecStore("memory://").uri("a") == "memory://a"
    with pytest.raises(ConfigurationError, match=r"cannot use gopher://x: .*expected a local path"):
        open_store("gopher://x")


@pytest.mark.parametrize("failing", ["os.replace", "os.fsync", "os.write"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_nothing_behind(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, failing: str, number: int
) -> None:
    store.write("name", b"before")
    store.write("part", b"0123456789")
    monkeypatch.setattr(failing, fail_with(number))
    for write in (
        lambda: store.write("name", b"after"),
        lambda: store.write_once("new", b"after"),
        lambda: store.compose("new", [b"x", Part("part", 0, 10)]),
    ):
        with pytest.raises(StorageFull, match=r"cannot (write|compose) .*free space"):
            write()
    monkeypatch.undo()
    assert unfinished(store) == []
    assert [(found.name, found.bytes) for found in store.list()] == [("name", 6), ("part", 10)]
    assert store.read("name") == b"before"


def test_a_killed_writer_leaves_nothing_visible(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    # As after SIGKILL: the temporary file is not even removed.
    monkeypatch.setattr(os, "replace", kill)
    monkeypatch.setattr(os, "unlink", kill)
    with pytest.raises(Killed):
        store.write("folder/name", b"half")
    monkeypatch.undo()
    assert len(unfinished(store)) == 1
    assert list(store.list()) == []
    assert not store.exists("folder/name")
    store.remove_tree(TEMPORARY)
    assert os.listdir(store.root) == []


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_read_only_place_is_denied(store: LocalStore, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "open", fail_with(number))
    with pytest.raises(StorageDenied, match=r"cannot write .*/name: .*check owner, permissions"):
        store.write("name", b"x")


def test_a_passing_failure_is_tried_again(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures_left = os.fsync, [errno.EAGAIN, errno.ESTALE]

    def sometimes(descriptor: int) -> None:
        if failures_left:
            fail_with(failures_left.pop())()
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sometimes)
    store.write("name", b"x")
    assert store.read("name") == b"x"
    assert unfinished(store) == []
    monkeypatch.setattr(os, "fsync", fail_with(errno.ESTALE))
    with pytest.raises(TransientStorageError, match="cannot write"):
        store.write("name", b"y")


def test_file_and_folder_are_synced_before_it_returns(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []

    def fsync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(os, "fsync", fsync)
    store.write("a/b/name", b"x")
    root = store.root
    assert synced[0].startswith(f"{root}/{TEMPORARY}/")
    assert synced[1:] == [root, f"{root}/a", f"{root}/a/b"]


def test_an_immutable_object_is_dropped_from_the_cache_when_it_is_on_the_disk(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def fadvise(descriptor: int, start: int, size: int, advice: int) -> None:
        assert (start, size, advice) == (0, 0, os.POSIX_FADV_DONTNEED)
        done.append("dropped")
        raise OSError(errno.ESPIPE, "it was only advice")

    monkeypatch.setattr(os, "fsync", lambda _: done.append("synced"))
    monkeypatch.setattr(os, "posix_fadvise", fadvise)
    store.write_once("store/object", b"x")
    assert done[:2] == ["synced", "dropped"]
    assert store.read("store/object") == b"x"
    done.clear()
    store.write("read again soon", b"x")
    assert "dropped" not in done


def test_immutable_objects_are_read_only_and_links_share_them(store: LocalStore) -> None:
    store.write_once("store/x", b"content")
    store.link("store/x", "view/x")
    status = os.stat(store.uri("view/x"))
    assert stat.S_IMODE(status.st_mode) == 0o444
    assert status.st_ino == os.stat(store.uri("store/x")).st_ino
    assert unfinished(store) == []


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_a_copy_stands_in_where_no_link_is_possible(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store.write_once("store/x", b"content")
    monkeypatch.setattr(os, "link", fail_with(number))
    store.link("store/x", "view/x")
    assert store.read("view/x") == b"content"
    assert stat.S_IMODE(os.stat(store.uri("view/x")).st_mode) == 0o444
    monkeypatch.setattr(os, "link", fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull, match="cannot link"):
        store.link("store/x", "view/y")


def test_a_root_over_two_file_systems_is_named(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "replace", fail_with(errno.EXDEV))
    with pytest.raises(StorageError, match="put the whole root on one file system"):
        store.write("name", b"x")


def test_ranges_are_copied_by_hand_where_the_kernel_cannot(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_files, "CHUNK_BYTES", 3)
    monkeypatch.setattr(os, "copy_file_range", fail_with(errno.EXDEV))
    store.write("x", b"0123456789")
    store.compose("whole", [Part("x", 1, 9), b"-", Part("x", 0, 10)])
    assert store.read("whole") == b"12345678-0123456789"
    monkeypatch.setattr(os, "copy_file_range", fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull, match="cannot compose"):
        store.compose("other", [Part("x", 1, 9)])


def test_folders_go_when_they_are_empty(store: LocalStore, tmp_path: Path) -> None:
    store.write("a/b/c", b"x")
    store.write("a/d", b"x")
    store.remove("a/b/c")
    assert not (tmp_path / "a/b").exists()
    store.remove("a/d")
    assert not (tmp_path / "a").exists()
    assert tmp_path.exists()


def test_a_folder_that_vanishes_meanwhile_is_made_again(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    real = os.replace

    def remove_first(source: str, target: str) -> None:
        if (tmp_path / "a").exists() and not list((tmp_path / "a").iterdir()):
            (tmp_path / "a").rmdir()
            monkeypatch.setattr(os, "replace", real)
        real(source, target)

    monkeypatch.setattr(os, "replace", remove_first)
    store.write("a/name", b"x")
    assert store.read("a/name") == b"x"


def test_links_in_a_listing(store: LocalStore, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"outside")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "real").write_bytes(b"1")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "dangling").symlink_to(tmp_path / "none")
    (tmp_path / "linked").symlink_to(outside / "file")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "s"))
        with caplog.at_level(logging.WARNING):
            found = list(store.list())
    # What is no file is listed as well, so that somebody hears of it; it cannot be read.
    names = [entry.name for entry in found]
    assert names == ["circle", "dangling", "linked", "pipe", "s", "sub/loop", "sub/real"]
    assert {entry.name: entry.bytes for entry in found}["linked"] == 7
    for name in ("circle", "dangling", "pipe", "s", "sub/loop"):
        with pytest.raises(StorageError):
            store.read(name)
    assert len(caplog.records) == 2
    for name in ("circle", "dangling"):
        assert name in caplog.text
    assert store.read("linked") == b"outside"


def test_names_that_cannot_be_written_down_are_listed_as_text(store: LocalStore, tmp_path: Path) -> None:
    for name in (b"bad\xff.drf", b"line\nbreak", b"back\\slash"):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_bytes(b"x")
    names = [found.name for found in store.list()]
    assert names == ["back\\slash", "bad\\xff.drf", "line\nbreak"]
    "".join(names).encode("utf-8")
    with pytest.raises(ObjectNotFound, match="bad"):
        store.read("bad\\xff.drf")
    with pytest.raises(StorageDenied, match="refused the name"):
        store.read("line\nbreak")


def test_two_names_that_are_written_alike_stay_two(store: LocalStore, tmp_path: Path) -> None:
    for folder in (b"bad\xff", rb"bad\xff", b"bad\xff\\"):
        path = os.path.join(os.fsencode(tmp_path), folder)
        os.mkdir(path)
        with open(os.path.join(path, b"x.drf"), "wb") as file:
            file.write(folder)
    names = [found.name for found in store.list()]
    assert len(set(names)) == 3
    readable = [name for name in names if (tmp_path / name).exists()]
    assert [store.read(name) for name in readable] == [rb"bad\xff"]


@pytest.mark.parametrize("seconds", [-(2**40), 2**40])
def test_a_time_of_change_has_room_in_a_database(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    store.write("x", b"x")
    real = os.stat

    def stat_far_away(path: str, **named: bool) -> os.stat_result:
        found = real(path, **named)
        times = {"st_atime_ns": 0, "st_mtime_ns": seconds * 10**9, "st_ctime_ns": 0}
        return os.stat_result(tuple(found), times)

    monkeypatch.setattr(os, "stat", stat_far_away)
    assert abs(store.info("x").mtime_ns) == 2**63 - 1


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(store: LocalStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for read in (lambda: store.read("pipe"), lambda: store.read_range("pipe", 0, 10)):
        with pytest.raises(StorageError, match="neither a file nor a folder"):
            read()


def test_a_link_that_leads_nowhere_is_no_absent_file(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "none")
    with pytest.raises(StorageError, match="leads nowhere") as caught:
        store.read("link")
    assert not isinstance(caught.value, ObjectNotFound)


def test_an_unreadable_folder_is_named(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shut").mkdir()
    store.write("open", b"x")
    real = os.scandir

    def scandir(path: str):
        if str(path).endswith("shut"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(StorageDenied, match=f"cannot list {tmp_path}/shut"):
        list(store.list())


def test_a_file_that_vanishes_during_the_listing_is_left_out(store: LocalStore) -> None:
    for name in ("a", "b", "c"):
        store.write(name, b"x")
    store.write("d/e", b"x")
    listing = store.list()
    assert next(listing).name == "a"
    store.remove("b")
    store.remove("d/e")
    assert [found.name for found in listing] == ["c"]


def test_a_huge_range_reads_what_is_there(store: LocalStore) -> None:
    store.write("name", b"0123456789")
    assert store.read_range("name", 5, 10**15) == b"56789"


def test_a_file_in_place_of_a_folder_is_an_error(store: LocalStore) -> None:
    store.write("a", b"x")
    with pytest.raises(StorageError, match="cannot write"):
        store.write("a/b", b"x")
    assert unfinished(store) == []
    with pytest.raises(StorageError, match="cannot list"):
        list(LocalStore(store.uri("a")).list())


def test_temporary_files_of_ended_processes_are_tidied_away_and_those_of_others_stay(tmp_path):
    store = open_store(str(tmp_path))
    folder = tmp_path / TEMPORARY
    folder.mkdir()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = socket.gethostname()
    names = {
        f"{host}-{ended.pid}-abc": False,
        f"{host}-{os.getpid()}-abc": True,
        f"another-host-{ended.pid}-abc": True,
        "something-else": True,
    }
    for name in names:
        (folder / name).write_bytes(b"half")
    store.tidy(0)
    assert {path.name for path in folder.iterdir()} == {name for name, stays in names.items() if stays}
    store.tidy(time.time_ns() + 10**9)
    assert not folder.exists()
