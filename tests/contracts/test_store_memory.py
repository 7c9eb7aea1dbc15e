from __future__ import annotations

import uuid

import pytest

from drf_reprocess.storage import Store, open_store
from drf_reprocess.testing.contracts import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return open_store(f"memory://{uuid.uuid4().hex}/root")

    @pytest.fixture
    def absent(self) -> Store:
        return open_store(f"memory://{uuid.uuid4().hex}")
