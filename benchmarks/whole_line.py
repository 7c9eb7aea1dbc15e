#!/usr/bin/env python
"""Time the whole line on a sample mission, and set it against the incumbent's way in the same run.

    .venv/bin/python benchmarks/whole_line.py [--days 18] [--workers 2] [--xml-catalog FILE] [--folder DIR]

Prints one row of a Markdown table: the mission through `drf-reprocess run` (from discovery to verified packages), and the
way that such archives are packed today, tar with gzip level 9 and a line-wise MD5 in one process, timed on a part of the
same files. The answer is asserted as well: every file must become a product in a verified delivery.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

INCUMBENT_BYTES = 20_000_000
"""So much of the mission is packed in the incumbent's way: at some 5 MB/s more would take minutes."""


def run_cli(*arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "drf_reprocess", *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def time_incumbent(files: list[Path]) -> tuple[int, float]:
    """Return bytes and seconds of gzip level 9 and a line-wise MD5 of files picked evenly from all."""
    total, started = 0, time.perf_counter()
    every = max(1, sum(file.stat().st_size for file in files) // INCUMBENT_BYTES)
    for file in files[::every]:
        digest = hashlib.md5(usedforsecurity=False)
        with file.open("rb") as lines:
            for line in lines:
                digest.update(line)
        data = file.read_bytes()
        gzip.compress(data, 9)
        total += len(data)
    return total, time.perf_counter() - started


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--days", type=int, default=18)
    options.add_argument("--workers", type=int, default=os.cpu_count())
    options.add_argument("--xml-catalog")
    options.add_argument("--folder", help="where to work; a folder in memory (/dev/shm) leaves the disk out")
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="whole-line-", dir=given.folder))
    try:
        source = folder / "source"
        run_cli("sample", str(source), "--days", str(given.days), "--start", "2014-11-25")
        settings = [
            f"source.uri={source}",
            f"output.uri={folder / 'output'}",
            f"compute.workers={given.workers}",
            *([f"validate.xml_catalog={given.xml_catalog}"] if given.xml_catalog else []),
        ]
        summary = run_cli("run", *(word for setting in settings for word in ("--set", setting)))
        files = sorted(path for path in source.rglob("*") if path.is_file())
        assert summary["status"] == "success"
        assert sum(delivery["products"] for delivery in summary["deliveries"]) == len(files)
        packed_bytes, packed_s = time_incumbent(files)
    finally:
        shutil.rmtree(folder)
    incumbent = packed_bytes / 1e6 / packed_s
    worker_s = summary["elapsed_s"] - summary["site_start_s"]
    ours = summary["bytes_in"] / 1e6 / worker_s
    peaks = summary["peak_memory_bytes"]
    driver = peaks.pop("driver")
    print("| files | MB | workers | s | MB/s | incumbent MB/s | ratio | worker MiB | driver MiB | schemas |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    print(
        f"| {len(files)} | {summary['bytes_in'] / 1e6:.0f} | {given.workers} | {worker_s:.1f} | {ours:.1f} | "
        f"{incumbent:.1f} | {ours / incumbent:.1f} | {max(peaks.values()) / 2**20:.0f} | {driver / 2**20:.0f} | "
        f"{summary['validation']} |"
    )


if __name__ == "__main__":
    main()
