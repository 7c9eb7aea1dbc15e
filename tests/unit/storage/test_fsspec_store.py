from __future__ import annotations

import errno
import uuid
from collections.abc import Iterator
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from drf_reprocess.errors import StorageDenied, StorageError, StorageFull, TransientStorageError
from drf_reprocess.storage import failures, open_store
from drf_reprocess.storage.base import Store


class FaultyFileSystem(MemoryFileSystem):
    """Memory that fails as told: the next errors of each operation."""

    protocol = "faulty"
    faults: ClassVar[dict[str, list[Exception]]] = {}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(MemoryFileSystem._strip_protocol(path.replace("faulty://", "memory://")))

    def _fail(self, operation: str) -> None:
        if self.faults.get(operation):
            raise self.faults[operation].pop(0)

    def cat_file(self, path: str, **named: Any) -> bytes:
        self._fail("read")
        return bytes(super().cat_file(path, **named))

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **named: Any) -> None:
        self._fail(mode)
        super().pipe_file(path, value, mode=mode, **named)

    def find(self, path: str, **named: Any) -> Any:
        self._fail("list")
        return super().find(path, **named)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(failures._RETRYING, "sleep", lambda _: None)
    fsspec.register_implementation("faulty", FaultyFileSystem, clobber=True)
    FaultyFileSystem.faults = {}
    yield open_store(f"faulty://{uuid.uuid4().hex}")
    FaultyFileSystem.faults = {}


def test_passing_failures_of_every_operation_are_tried_again(store: Store) -> None:
    for operation in ("overwrite", "create", "read", "list"):
        FaultyFileSystem.faults[operation] = [TimeoutError(), OSError(errno.EBUSY, "slow down")]
    store.write("a", b"x")
    store.write_once("b", b"y")
    assert store.read("a") == b"x"
    assert [found.name for found in store.list()] == ["a", "b"]
    assert not any(FaultyFileSystem.faults.values())


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (PermissionError("403 Forbidden"), StorageDenied),
        (OSError(errno.EDQUOT, "quota"), StorageFull),
        (OSError(errno.EIO, "broken"), StorageError),
    ],
    ids=repr,
)
def test_permanent_failures_are_not_tried_again(
    store: Store, fault: OSError, expected: type[StorageError]
) -> None:
    FaultyFileSystem.faults["overwrite"] = [fault, TimeoutError()]
    with pytest.raises(expected, match=r"cannot write faulty://\w+/a: "):
        store.write("a", b"x")
    assert len(FaultyFileSystem.faults["overwrite"]) == 1


def test_a_storage_that_stays_away_is_given_up(store: Store) -> None:
    FaultyFileSystem.faults["read"] = [TimeoutError() for _ in range(50)]
    with pytest.raises(TransientStorageError, match="run again when it answers"):
        store.read("a")


def test_a_writer_that_was_first_is_no_error(store: Store) -> None:
    real = FaultyFileSystem.pipe_file

    def overtaken(self: FaultyFileSystem, path: str, value: bytes, mode: str = "overwrite") -> None:
        real(self, path, b"1234")
        real(self, path, value, mode=mode)

    FaultyFileSystem.pipe_file = overtaken  # type: ignore[method-assign]
    try:
        store.write_once("a", b"5678")
        assert store.read("a") == b"1234"
        store.remove("a")
        with pytest.raises(StorageError, match="never overwritten"):
            store.write_once("a", b"longer")
    finally:
        FaultyFileSystem.pipe_file = real  # type: ignore[method-assign]


def test_options_are_not_shown() -> None:
    store = open_store("s3://bucket", {"secret": "PLANTED"})
    assert "PLANTED" not in repr(store)
