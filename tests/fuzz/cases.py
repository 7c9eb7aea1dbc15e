"""The cases of a fuzzing test: each has a generator of its own, so that it can be run again alone; all are counted.

``DRF_FUZZ_SEED`` (a whole number) gives the seed of a run. ``DRF_FUZZ_CASE`` (``kind:number``) runs one case of one kind
alone; a test that fails tells both, and writes the bytes of the case to ``DRF_FUZZ_FOLDER``, or to the folder for temporary
files.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

SEED_VARIABLE = "DRF_FUZZ_SEED"
SEED = int(os.environ.get(SEED_VARIABLE, "20261121"))
ONLY = os.environ.get("DRF_FUZZ_CASE", "")
FOLDER = os.environ.get("DRF_FUZZ_FOLDER", "") or tempfile.gettempdir()

COUNTS: Counter[str] = Counter()
"""How many cases of each kind were run."""

SLOW_BUDGET = {
    "reader-bytes": 7000,
    "reader-lines": 5000,
    "reader-cells": 2500,
    "reader-times": 1500,
    "reader-encodings": 900,
    "reader-truncated": 4500,
    "reader-library": 900,
    "label-bytes": 4000,
    "label-elements": 2500,
    "label-written": 700,
    "manifest": 6000,
    "inventory": 4000,
    "dispositions": 4000,
    "package": 9000,
    "package-truncated": 4000,
    "names": 6000,
}
"""Cases that the slow tests run at least, by kind."""


class Found(AssertionError):
    """A case that does not hold: how to run it again, and where its bytes are."""


def generators(kind: str, count: int) -> Iterator[tuple[int, random.Random]]:
    """Yield number and generator of ``count`` cases; of the one that is asked for alone, if there is one."""
    only_kind, _, only_number = ONLY.partition(":")
    for number in range(count):
        if not ONLY or (kind, str(number)) == (only_kind, only_number):
            yield number, random.Random(f"{SEED}:{kind}:{number}")


def run(kind: str, number: int, told: str, raw: bytes, check: Callable[[bytes], object]) -> object:
    """Run one case and count it; what it raises comes as `Found`, with all that is needed to run it again."""
    COUNTS[kind] += 1
    try:
        return check(raw)
    except Exception as error:
        path = Path(FOLDER) / f"drf-fuzz-{kind}-{SEED}-{number}.bin"
        path.write_bytes(raw)
        raise Found(
            f"{type(error).__name__}: {error}\n"
            f"  case {kind}:{number} of seed {SEED}: {told}\n"
            f"  bytes: {path} ({len(raw)} bytes)\n"
            f"  again: {SEED_VARIABLE}={SEED} DRF_FUZZ_CASE={kind}:{number} pytest -m '' tests/fuzz"
        ) from error


def require(kind: str, count: int) -> None:
    """Check that so many cases were run at least, unless one was asked for alone."""
    assert ONLY or COUNTS[kind] >= count, f"{COUNTS[kind]} cases of {kind}, expected {count}"
