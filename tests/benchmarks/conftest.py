"""The benchmarks as tests: sizes as small as can be, each thing done once, the answers proved and no time looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.scope import Scope, tiny_scope


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    """Sizes of the tests, without schemas."""
    folder = tmp_path / "work"
    folder.mkdir()
    return tiny_scope(folder, None)
