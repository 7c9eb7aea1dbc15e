"""A disk that fills up while a run writes: told at once, nothing looks finished, and the next run goes on."""

from __future__ import annotations

import subprocess

import pytest


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2M", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_ends_the_run_with_a_clear_error_and_nothing_is_lost(cli, small_sample, small_disk):
    output = small_disk / "output"
    arguments = [
        "--set",
        f"source.uri={small_sample}",
        "--set",
        f"output.uri={output}",
        "--set",
        "compute.site=serial",
    ]
    done = cli("run", *arguments, "--json")
    assert done.returncode == 1
    message = done.json["error"]["message"]
    assert "No space left on device" in message or "disk" in message
    assert "run again" in message or "disk space" in message
    assert not (output / "deliveries").exists()
    subprocess.run(["mount", "-o", "remount,size=64M", str(small_disk)], check=True)
    again = cli("run", *arguments, "--json")
    assert again.returncode == 0, again.stderr
    assert again.json["products"]["total"] == again.json["deliveries"][0]["products"]
    assert cli("verify", again.json["deliveries"][0]["package"]).returncode == 0
