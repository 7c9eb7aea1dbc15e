from __future__ import annotations

from pathlib import Path

import pytest

from drf_reprocess.storage import Store, open_store
from drf_reprocess.storage.local_store import LocalStore
from drf_reprocess.testing.contracts import StoreContract


class TestLocalStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        (tmp_path / "root").mkdir()
        return open_store(str(tmp_path / "root"))

    @pytest.fixture
    def absent(self, tmp_path: Path) -> Store:
        return LocalStore(str(tmp_path / "none"))
