"""Helpers of the integration tests: the command line, sample missions, what an output holds."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from drf_reprocess.testing.sample import write_sample

# Plain modules beside the tests, which tests import as `drf_integration_<name>`.
for _name in ("cli",):
    _full = f"drf_integration_{_name}"
    if _full not in sys.modules:
        _spec = importlib.util.spec_from_file_location(_full, Path(__file__).with_name(f"{_name}.py"))
        sys.modules[_full] = importlib.util.module_from_spec(_spec)
        _spec.loader.exec_module(sys.modules[_full])

from drf_integration_cli import Completed, run_cli  # noqa: E402 - made importable just above


@pytest.fixture(scope="session")
def cli() -> Callable[..., Completed]:
    """Run a command of the program in a process of its own: `run_cli`."""
    return run_cli


@pytest.fixture(scope="session")
def small_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sample of all types: three days, two hundredths of the real size. Not to be changed."""
    folder = tmp_path_factory.mktemp("small") / "source"
    write_sample(str(folder), scale=0.02, days=3)
    return folder
