"""Helpers of the fuzzing tests; the seed and the number of cases are told at the end of a run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from drf_reprocess.profiles.load import load_profile

_HERE = Path(__file__).parent
_READER_TESTS = _HERE.parent / "unit" / "drf"

# Plain modules; each imports only those before it. Renderer and slow reader are those of the reader's own tests.
_MODULES = (
    *((f"drf_tests_{name}", _READER_TESTS / f"{name}.py") for name in ("render", "reference", "checking")),
    *(
        (f"drf_fuzz_{name}", _HERE / f"{name}.py")
        for name in ("cases", "mutations", "witness", "hostile", "readings", "library")
    ),
)
for _full, _path in _MODULES:
    if _full not in sys.modules:
        _spec = importlib.util.spec_from_file_location(_full, _path)
        sys.modules[_full] = importlib.util.module_from_spec(_spec)
        _spec.loader.exec_module(sys.modules[_full])

import drf_fuzz_cases as cases  # noqa: E402 - made importable just above


@pytest.fixture(scope="session")
def profile():
    return load_profile("maven-anc")


@pytest.fixture(scope="session")
def types(profile):
    return profile.types_by_name


def pytest_terminal_summary(terminalreporter):
    if cases.COUNTS:
        terminalreporter.section("fuzzing")
        for kind, count in sorted(cases.COUNTS.items()):
            terminalreporter.write_line(f"{count:7d} cases of {kind}")
        terminalreporter.write_line(
            f"{sum(cases.COUNTS.values()):7d} cases in all, {cases.SEED_VARIABLE}={cases.SEED}"
        )
