"""The command line as a user meets it: a process of its own, judged by exit code, standard output and error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

TIMEOUT_S = 240
CLEARED = ("DRF_", "SOURCE_DATE_EPOCH", "COLUMNS", "FORCE_COLOR", "DASK_")
"""Starts of names of variables that would change what a command does."""


@dataclass(frozen=True)
class Completed:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str

    @cached_property
    def json(self) -> Any:
        """Standard output as one JSON document; a ValueError if it is anything else."""
        return json.loads(self.stdout)


def command(*args: str) -> list[str]:
    """Return the words that start a command of the program under test."""
    return [sys.executable, "-m", "drf_reprocess", *args]


def clean_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without what would configure the program, and with ``env``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(CLEARED)}
    return kept | dict(env or {})


def run_cli(*args: str, env: Mapping[str, str] | None = None, check: int | None = None) -> Completed:
    """Run a command to its end; ``check`` is the exit code that it must have, ``env`` what it finds besides."""
    done = subprocess.run(
        command(*map(str, args)),
        env=clean_environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    completed = Completed(done.returncode, done.stdout, done.stderr)
    if check is not None:
        assert completed.returncode == check, (
            f"exit code {completed.returncode}, expected {check}\n{completed.stderr}\n{completed.stdout[:2000]}"
        )
    return completed


def settings(**keys: object) -> list[str]:
    """Return ``--set`` arguments: ``source__uri=x`` becomes ``--set source.uri=x``."""
    return [word for key, value in keys.items() for word in ("--set", f"{key.replace('__', '.', 1)}={value}")]
