"""What an output holds, read without the program: files by hash, catalog rows as plain values."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import fsspec

MADE = ("bundle", "parquet", "deliveries", "store")
"""Folders whose content depends on input, configuration and `run.time` alone."""

NOT_COMPARED = {"run_id", "position"}
"""Columns that differ between two runs that do the same."""


def contents(root: Path | str, *parts: str, options: Mapping[str, object] | None = None) -> dict[str, str]:
    """Return the SHA-256 of every file below some folders of an output (default `MADE`) by its path."""
    fs, base = fsspec.core.url_to_fs(str(root), use_listings_cache=False, **(options or {}))
    fs.invalidate_cache()
    found = {}
    for part in parts or MADE:
        paths = fs.find(f"{base}/{part}") if fs.exists(f"{base}/{part}") else []
        data = fs.cat(paths) if len(paths) > 1 else {path: fs.cat_file(path) for path in paths}
        found |= {path[len(base) + 1 :]: hashlib.sha256(data[path]).hexdigest() for path in paths}
    return found


def assert_same(found: Mapping[str, object], expected: Mapping[str, object]) -> None:
    """Compare two outputs; a failure names the paths that differ and not two hashes of thousands."""
    assert expected, "nothing to compare with"
    assert sorted(expected.keys() - found.keys()) == []
    assert sorted(found.keys() - expected.keys()) == []
    assert sorted(path for path in found if found[path] != expected[path]) == []


def assert_nothing_half_written(output: Path) -> None:
    """Whatever stands in an output is whole: objects are what they are called, views show only objects."""
    objects = contents(output, "store")
    assert all(path == f"store/{sha256[:2]}/{sha256}" for path, sha256 in objects.items())
    shown = contents(output, "bundle", "parquet")
    known = set(objects.values())
    assert [path for path, sha256 in shown.items() if sha256 not in known and "/_columns/" not in path] == []
    for folder in (output / "deliveries").glob("*"):
        if (folder / "delivery.json").exists():
            assert len(list(folder.iterdir())) == 5


def catalog_rows(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of every table of the mission's own, sorted, without what names the run."""
    tables = {}
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        for name in names:
            if name in ("runs", "meta", "changes"):
                continue
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            kept = ", ".join(f'"{column}"' for column in columns if column not in NOT_COMPARED)
            rows = connection.execute(f"SELECT {kept} FROM {name}").fetchall()
            tables[name] = sorted(rows, key=repr)
    finally:
        connection.close()
    return tables


def run_states(database: Path) -> list[str]:
    """Return the states of all runs in the order of their start."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT state FROM runs ORDER BY started_at, rowid").fetchall()
    finally:
        connection.close()
    return [state for (state,) in rows]
