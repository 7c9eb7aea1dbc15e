"""The folder ``runs/<run id>/``: what was asked, with what, what happened, and the result."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from drf_reprocess.compute.base import TaskEvent
from drf_reprocess.errors import ConservationError
from drf_reprocess.storage.base import Store

PACKAGES = (
    "drf-reprocess",
    "dask",
    "deflate",
    "distributed",
    "fsspec",
    "lxml",
    "numba",
    "numpy",
    "polars",
    "pyarrow",
    "pydantic",
    "s3fs",
    "saxonche",
    "sqlalchemy",
)


RUNS = "runs"


class RunFolder:
    """Writes a run's records; nothing in it decides anything later."""

    def __init__(self, output: Store, run_id: str) -> None:
        self._output = output
        self._key = f"{RUNS}/{run_id}"
        self._events: list[str] = []

    def write_start(self, given: str, resolved: Mapping[str, object]) -> None:
        """Keep the configuration as given and as resolved, and the versions of what runs."""
        self._output.write(f"{self._key}/config-given.toml", given.encode())
        self._write_json("config-resolved.json", resolved)
        self._write_json("versions.json", package_versions())

    def add_event(self, stage: str, event: TaskEvent[Any, Any], files: int, bytes_: int) -> None:
        """Remember a task's event for ``events.jsonl``."""
        row = {
            "stage": stage,
            "worker": event.worker,
            "created": event.created,
            "started": event.started,
            "ended": event.ended,
            "peak_rss_bytes": event.peak_rss_bytes,
            "files": files,
            "bytes": bytes_,
            "cause": event.cause,
            "error": None if event.error is None else str(event.error),
        }
        self._events.append(json.dumps(row))

    def write_violation(self, violation: ConservationError) -> str:
        """Keep all that is known of a violation in ``violations/`` and return the place of that file."""
        number = sum(1 for _ in self._output.list(f"{self._key}/violations")) + 1
        name = f"violations/{number}-{violation.what or 'unknown'}.json"
        self._write_json(name, violation.as_dict())
        return self._output.uri(f"{self._key}/{name}")

    def write_end(self, summary: Mapping[str, object]) -> None:
        """Write the events and the summary."""
        self._output.write(f"{self._key}/events.jsonl", "".join(f"{row}\n" for row in self._events).encode())
        self._write_json("summary.json", summary)

    def _write_json(self, name: str, value: object) -> None:
        self._output.write(f"{self._key}/{name}", (json.dumps(value, indent=2, default=str) + "\n").encode())


def package_versions() -> dict[str, str]:
    """Return the versions of Python, the platform and the packages that decide results."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
