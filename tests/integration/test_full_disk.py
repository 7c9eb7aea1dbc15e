"""A disk, a quota or a catalog that fills up while a run writes: told at once, nothing looks finished, the next run goes on."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest
from drf_integration_cli import settings
from drf_integration_trees import assert_nothing_half_written, assert_same, catalog_rows, contents

from drf_reprocess.catalog import engine
from drf_reprocess.config.load import load_config
from drf_reprocess.errors import (
    CatalogConflict,
    CatalogDamaged,
    CatalogError,
    DrfReprocessError,
    StorageFull,
)
from drf_reprocess.mission import open_mission
from drf_reprocess.observer import SilentObserver
from drf_reprocess.pipeline import run_mission
from drf_reprocess.storage.local_store import LocalStore
from drf_reprocess.testing.sample import write_sample

RUN_TIME = "2026-01-02T03:04:05Z"
PAGE_BYTES = 4096
START = b" " * 20
"""How data files of the sample begin."""


def words(source, output, **more):
    return settings(
        source__uri=source, output__uri=output, run__time=RUN_TIME, compute__site="serial", **more
    )


def assert_as_if_undisturbed(output, undisturbed):
    assert_same(contents(output), contents(undisturbed))
    found = catalog_rows(output / "catalog.sqlite")
    expected = catalog_rows(undisturbed / "catalog.sqlite")
    assert [name for name in expected if found[name] != expected[name]] == []
    assert list(output.glob(".drf-reprocess-tmp/*")) == []
    assert list(output.glob("runs/*/segments")) == []
    assert not (output / "lock.json").exists()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "source"
    write_sample(str(folder), scale=0.0001, days=1, types=("gnc", "eps"))
    first = min((folder / "gnc").rglob("*.drf"))
    first.write_bytes(first.read_bytes()[:-57])  # is mended, so that its original is kept, too
    return folder


@pytest.fixture(scope="module")
def undisturbed(tiny, tmp_path_factory):
    output = tmp_path_factory.mktemp("undisturbed") / "output"
    assert run_here(tiny, output) == ("", None)
    return output


@dataclass(frozen=True)
class Write:
    """A write of a run, known by where it goes or how it begins."""

    id: str
    place: str = ""
    start: bytes = b""

    def is_this(self, target, data):
        return re.search(self.place, target) is not None and bytes(data[: len(self.start)]) == self.start


WRITES = [
    Write("configuration", "/config-given.toml$"),
    Write("original", "/store/", START),
    Write("parquet", "/store/", b"PAR1"),
    Write("label", "/store/", b"<?xml"),
    Write("inventory", "/store/", b"P,urn:"),
    Write("columns", "/parquet/_columns/"),
    Write("view", "/bundle/"),
    Write("segment", "/segments/"),
    Write("package", r"/deliveries/.*\.zip$"),
    Write("transfer-manifest", "_transfer_manifest.txt$"),
    Write("checksum-manifest", "_checksum_manifest.txt$"),
    Write("delivery-note", "_delivery_note.txt$"),
    Write("delivery-json", "/delivery.json$"),
    Write("journal", "/runs/journal/"),
    Write("events", "/events.jsonl$"),
    Write("summary", "/summary.json$"),
    Write("lock", "/lock.json$"),
]


def fail_at(monkeypatch, write, number):
    """Have the file system refuse one write with an error number; return the list of the places where it did."""
    refused = []

    def guarded(method, data_of):
        def call(self, *arguments):
            target = next(one for one in reversed(arguments[:2]) if isinstance(one, str))
            if write.is_this(target, data_of(arguments)):
                refused.append(target)
                raise OSError(number, os.strerror(number), target)
            return method(self, *arguments)

        return call

    def filled(arguments):
        return getattr(arguments[1], "keywords", {}).get("data", b"")

    for name, data_of in (
        ("_place_once", filled),
        ("_create", lambda arguments: arguments[1]),
        ("_link", lambda arguments: b""),
    ):
        monkeypatch.setattr(LocalStore, name, guarded(getattr(LocalStore, name), data_of))
    return refused


FAST = ("parquet", "package", "journal")
"""One of each kind; the others are slow only because there are so many."""

CASES = [
    pytest.param(
        write, errno.EDQUOT, id=f"{write.id}-quota", marks=() if write.id in FAST else pytest.mark.slow
    )
    for write in WRITES
] + [
    pytest.param(write, errno.ENOSPC, id=f"{write.id}-disk", marks=pytest.mark.slow)
    for write in WRITES
    if write.id in FAST
]


@pytest.mark.parametrize(("write", "number"), CASES)
def test_a_write_that_finds_no_room_stops_the_run(
    tiny, undisturbed, tmp_path, cli_here, monkeypatch, write, number
):
    output = tmp_path / "output"
    with monkeypatch.context() as patched:
        refused = fail_at(patched, write, number)
        done = cli_here("run", "--json", *words(tiny, output), check=1)
    assert refused
    error = done.json["error"]
    assert (done.json["status"], error["kind"]) == ("failed", "StorageFull")
    assert os.strerror(number) in error["message"]
    assert "free space or raise the quota there, then run again" in error["message"]
    assert_nothing_half_written(output)
    if write.id not in ("events", "summary", "journal"):
        assert list(output.glob("deliveries/*/delivery.json")) == []
    again = cli_here("run", "--json", *words(tiny, output), check=0)
    assert again.json["status"] == "success"
    assert_as_if_undisturbed(output, undisturbed)


def limit_catalog(monkeypatch, pages):
    """Have every connection refuse to let the database grow beyond a number of pages."""
    set_up = engine._set_up_sqlite

    def limited(connection, record):
        set_up(connection, record)
        connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    monkeypatch.setattr(engine, "_set_up_sqlite", limited)


def catalog_pages(output):
    return (output / "catalog.sqlite").stat().st_size // PAGE_BYTES


@pytest.mark.parametrize(
    "missing", [3, *(pytest.param(pages, marks=pytest.mark.slow) for pages in (1, 2, 5, 8, 15, 20, 30))]
)
def test_a_catalog_that_cannot_grow_stops_the_run(
    tiny, undisturbed, tmp_path, cli_here, monkeypatch, missing
):
    output = tmp_path / "output"
    with monkeypatch.context() as patched:
        limit_catalog(patched, catalog_pages(undisturbed) - missing)
        done = cli_here("run", "--json", *words(tiny, output), check=1)
    error = done.json["error"]
    assert error["kind"].startswith("Catalog")
    assert "database or disk is full" in error["message"]
    assert re.search("disk space|make space", error["message"])
    assert_nothing_half_written(output)
    cli_here("run", "--json", *words(tiny, output), check=0)
    assert_as_if_undisturbed(output, undisturbed)


@pytest.fixture
def disk(tmp_path):
    """Mount a file system of its own of so many KiB, or let one grow to that size."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(kibibytes):
        is_there = os.path.ismount(folder)
        options = f"{'remount,' if is_there else ''}size={kibibytes}k"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
        )
        if done.returncode and not is_there:
            pytest.skip("file systems cannot be mounted here")
        assert done.returncode == 0, done.stderr
        return folder

    yield mount
    if os.path.ismount(folder):
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def used_kibibytes(folder):
    return int(subprocess.run(["du", "-sk", str(folder)], capture_output=True, check=True).stdout.split()[0])


def test_a_full_disk_ends_the_run_with_a_clear_error_and_nothing_is_lost(cli_here, tiny, undisturbed, disk):
    output = disk(used_kibibytes(undisturbed) // 2) / "output"
    done = cli_here("run", *words(tiny, output), "--json", check=1)
    message = done.json["error"]["message"]
    assert "No space left on device" in message or "disk" in message
    assert "run again" in message or "disk space" in message
    assert not (output / "deliveries").exists()
    disk(65536)
    again = cli_here("run", *words(tiny, output), "--json", check=0)
    assert again.json["products"]["total"] == again.json["deliveries"][0]["products"]
    assert cli_here("verify", again.json["deliveries"][0]["package"]).returncode == 0


class Watcher(SilentObserver):
    """Knows which stage a run has come to."""

    stage = "open"

    def stage_started(self, stage, files, bytes_):
        self.stage = stage


def run_here(source, output):
    """Run in this process; return the stage in which the run failed, if it did, and the error."""
    watcher = Watcher()
    config = load_config(None, words(source, output)[1::2], {})
    try:
        with open_mission(config, create=True, exclusive="run") as mission:
            run_mission(mission, watcher, "", {})
    except DrfReprocessError as error:
        return watcher.stage, error
    return "", None


@pytest.mark.slow
def test_disks_of_many_sizes(tiny, undisturbed, disk):
    """Wherever the disk fills up, the same command ends as if it never had, once there is room."""
    whole = used_kibibytes(undisturbed)
    stages = set()
    for percent in (20, 50, *range(74, 160, 3)):
        output = disk(whole * percent // 100) / "output"
        stage, error = run_here(tiny, output)
        if error is not None:
            assert isinstance(error, (StorageFull, CatalogError)), error
            assert not isinstance(error, (CatalogDamaged, CatalogConflict)), error
            assert re.search("No space left on device|database or disk is full|disk I/O error", str(error))
            stages.add(stage)
        assert_nothing_half_written(output)
        disk(65536)
        assert run_here(tiny, output) == ("", None)
        assert_as_if_undisturbed(output, undisturbed)
        shutil.rmtree(output)
    assert stages >= {"open", "assemble", "package"}
    assert len(stages) > 4
