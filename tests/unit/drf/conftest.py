from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from drf_reprocess.profiles.load import load_profile

# Plain modules beside the tests; each imports only those before it.
for name in ("render", "reference", "checking"):
    full = f"drf_tests_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)


@pytest.fixture(scope="session")
def profile():
    return load_profile("maven-anc")


@pytest.fixture(scope="session")
def types(profile):
    return profile.types_by_name
