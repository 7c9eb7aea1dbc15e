"""An output or a catalog that cannot be written, or is no folder: told at once, and nothing is lost by it."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest
from drf_integration_cli import settings
from drf_integration_trees import assert_nothing_half_written, assert_same, catalog_rows, contents, run_states

from drf_reprocess.catalog import engine
from drf_reprocess.catalog.sql import SqlCatalog
from drf_reprocess.config.load import load_config
from drf_reprocess.mission import open_mission
from drf_reprocess.observer import SilentObserver
from drf_reprocess.pipeline import run_mission
from drf_reprocess.storage.local_store import LocalStore
from drf_reprocess.testing.sample import write_sample

RUN_TIME = "2026-01-02T03:04:05Z"


def words(source, output, **more):
    return settings(
        source__uri=source, output__uri=output, run__time=RUN_TIME, compute__site="serial", **more
    )


def assert_as_if_undisturbed(output, undisturbed):
    assert_same(contents(output), contents(undisturbed))
    found = catalog_rows(output / "catalog.sqlite")
    expected = catalog_rows(undisturbed / "catalog.sqlite")
    assert [name for name in expected if found[name] != expected[name]] == []


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "source"
    write_sample(str(folder), scale=0.0001, days=1, types=("gnc", "eps"))
    return folder


@pytest.fixture(scope="module")
def undisturbed(tiny, tmp_path_factory):
    output = tmp_path_factory.mktemp("undisturbed") / "output"
    with open_mission(load_config(None, words(tiny, output)[1::2], {}), create=True) as mission:
        run_mission(mission, SilentObserver(), "", {})
    return output


@pytest.fixture
def disk(tmp_path):
    """A file system of its own, and a way to make it read-only or writable; modes alone would not stop root."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        return subprocess.run(command, capture_output=True, check=False)

    if mount("size=64M").returncode:
        pytest.skip("file systems cannot be mounted here")

    def remount(mode):
        done = mount(f"remount,{mode}")
        assert done.returncode == 0, done.stderr

    yield folder, remount
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_read_only_output_is_refused_before_anything_is_begun(tiny, undisturbed, disk, cli_here):
    folder, remount = disk
    output = folder / "output"
    remount("ro")
    done = cli_here("run", "--json", *words(tiny, output), check=2)
    assert done.json["error"]["kind"] == "configuration"
    assert "output.uri" in done.json["error"]["message"]
    assert "may not be written" in done.json["error"]["message"]
    remount("rw")
    cli_here("run", "--json", *words(tiny, output), check=0)
    assert_as_if_undisturbed(output, undisturbed)


@pytest.mark.slow
def test_a_finished_output_on_a_read_only_disk_loses_nothing(tiny, undisturbed, disk, cli_here):
    folder, remount = disk
    output = folder / "output"
    cli_here("run", "--json", *words(tiny, output), check=0)
    before = contents(output)
    remount("ro")
    done = cli_here("run", "--json", *words(tiny, output), check=2)
    assert "may not be written" in done.json["error"]["message"]
    assert contents(output) == before
    remount("rw")
    again = cli_here("run", "--json", *words(tiny, output), check=0)
    assert again.json["deliveries"] == []
    assert_as_if_undisturbed(output, undisturbed)


@pytest.mark.parametrize(
    "moment",
    [
        "commit_outcomes",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("start_run", "commit_delivery")),
    ],
)
def test_a_disk_that_becomes_read_only_stops_the_run(
    tiny, undisturbed, tmp_path, cli_here, monkeypatch, moment
):
    """As a file system does that its kernel finds damaged; no command can make one so while its files are written."""
    output = tmp_path / "output"
    with monkeypatch.context() as patched:
        right = getattr(SqlCatalog, moment)

        def then_read_only(self, *args):
            right(self, *args)
            for name in ("_place_once", "_create", "_link"):
                patched.setattr(LocalStore, name, refuse)

        patched.setattr(SqlCatalog, moment, then_read_only)
        done = cli_here("run", "--json", *words(tiny, output), check=1)
    error = done.json["error"]
    assert error["kind"] == "StorageDenied"
    assert os.strerror(errno.EROFS) in error["message"]
    assert "mount options" in error["message"]
    assert_nothing_half_written(output)
    assert list(output.glob("deliveries/*/delivery.json")) == []
    cli_here("run", "--json", *words(tiny, output), check=0)
    assert_as_if_undisturbed(output, undisturbed)


def refuse(self, *arguments):
    target = next(one for one in reversed(arguments[:2]) if isinstance(one, str))
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), target)


def test_a_catalog_that_may_not_be_written_stops_the_run(tiny, undisturbed, tmp_path, cli_here, monkeypatch):
    output = tmp_path / "output"
    set_up = engine._set_up_sqlite

    def read_only(connection, record):
        set_up(connection, record)
        connection.execute("PRAGMA query_only = ON")

    cli_here("run", "--json", *words(tiny, output), check=0)
    before = contents(output)
    with monkeypatch.context() as patched:
        patched.setattr(engine, "_set_up_sqlite", read_only)
        done = cli_here("run", "--json", *words(tiny, output), check=1)
    assert done.json["error"]["kind"] == "CatalogError"
    assert "readonly database" in done.json["error"]["message"]
    assert "writable" in done.json["error"]["message"]
    assert contents(output) == before
    assert run_states(output / "catalog.sqlite") == ["success"]
    cli_here("run", "--json", *words(tiny, output), check=0)
    assert_as_if_undisturbed(output, undisturbed)


def test_a_catalog_on_a_read_only_disk_stops_the_run(tiny, disk, tmp_path, cli_here):
    """The catalog alone, on a disk of its own: `catalog.url` names it."""
    folder, remount = disk
    output, more = tmp_path / "output", {"catalog__url": f"sqlite:///{folder}/catalog.sqlite"}
    remount("ro")
    done = cli_here("run", "--json", *words(tiny, output, **more), check=1)
    assert done.json["error"]["kind"] == "CatalogError"
    assert str(folder) in done.json["error"]["message"]
    assert list(output.glob("store/*")) == []
    remount("rw")
    cli_here("run", "--json", *words(tiny, output, **more), check=0)
    before = contents(output)
    remount("ro")
    done = cli_here("run", "--json", *words(tiny, output, **more), check=1)
    assert done.json["error"]["kind"].startswith("Catalog")
    assert contents(output) == before
    remount("rw")
    again = cli_here("run", "--json", *words(tiny, output, **more), check=0)
    assert again.json["deliveries"] == []
    assert contents(output) == before


@pytest.mark.parametrize("place", ["file", "file/below/it"])
def test_an_output_that_is_no_folder_is_refused(tiny, tmp_path, cli_here, place):
    (tmp_path / "file").write_text("not to be touched")
    done = cli_here("run", "--json", *words(tiny, tmp_path / place), check=2)
    error = done.json["error"]
    assert (error["kind"], error["exit_code"]) == ("configuration", 2)
    assert f"{tmp_path / 'file'} is no folder" in error["message"]
    assert (tmp_path / "file").read_text() == "not to be touched"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
def test_an_output_below_folders_that_are_not_there_is_made(tiny, undisturbed, tmp_path, cli_here):
    output = tmp_path / "not" / "yet" / "there"
    cli_here("run", "--json", *words(tiny, output), check=0)
    assert_as_if_undisturbed(output, undisturbed)


@pytest.mark.parametrize(
    "folder",
    [
        "store",
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in ("bundle", "deliveries", "runs", "runs/journal")
        ),
    ],
)
def test_a_file_where_a_folder_of_the_output_should_be_stops_the_run(
    tiny, undisturbed, tmp_path, cli_here, folder
):
    output = tmp_path / "output"
    in_the_way = output / folder
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("in the way")
    done = cli_here("run", "--json", *words(tiny, output), check=1)
    assert done.json["error"]["kind"].startswith("Storage"), done.json["error"]
    assert folder in done.json["error"]["message"]
    assert in_the_way.read_text() == "in the way"
    in_the_way.unlink()
    cli_here("run", "--json", *words(tiny, output), check=0)
    assert_as_if_undisturbed(output, undisturbed)
