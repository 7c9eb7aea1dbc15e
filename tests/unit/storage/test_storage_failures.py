from __future__ import annotations

import errno
import gc
import logging
import pickle
import weakref
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError

from drf_reprocess.errors import (
    ObjectNotFound,
    StorageDenied,
    StorageError,
    StorageFull,
    TransientStorageError,
)
from drf_reprocess.storage import failures
from drf_reprocess.storage.failures import attempt, error_code, translate


def response(status: int, code: str) -> ClientError:
    metadata = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": metadata}, "PutObject")


def caused(error: OSError, cause: BaseException) -> OSError:
    error.__cause__ = cause
    return error


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures._RETRYING, "sleep", lambda _: None)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FileNotFoundError(errno.ENOENT, "no"), ObjectNotFound),
        (PermissionError(errno.EACCES, "no"), StorageDenied),
        (OSError(errno.EPERM, "no"), StorageDenied),
        (OSError(errno.EROFS, "no"), StorageDenied),
        (PermissionError("403"), StorageDenied),
        (NoCredentialsError(), StorageDenied),
        (OSError(errno.ENOSPC, "no"), StorageFull),
        (OSError(errno.EDQUOT, "no"), StorageFull),
        (TimeoutError(), TransientStorageError),
        (ConnectionResetError(), TransientStorageError),
        (OSError(errno.EBUSY, "slow down"), TransientStorageError),
        (OSError(errno.ESTALE, "no"), TransientStorageError),
        (ConnectTimeoutError(endpoint_url="x"), TransientStorageError),
        (EndpointConnectionError(endpoint_url="x"), TransientStorageError),
        (response(503, "SlowDown"), TransientStorageError),
        (response(429, "TooMany"), TransientStorageError),
        (caused(OSError(errno.EIO, "no"), response(502, "BadGateway")), TransientStorageError),
        (caused(OSError(errno.EINVAL, "no"), response(416, "InvalidRange")), StorageError),
        (caused(OSError(errno.ENOSYS, "no"), response(501, "NotImplemented")), StorageError),
        (OSError(errno.EIO, "no"), StorageError),
        (OSError(errno.ENAMETOOLONG, "no"), StorageError),
        (IsADirectoryError(errno.EISDIR, "no"), StorageError),
        (EOFError(), StorageError),
    ],
    ids=repr,
)
def test_a_foreign_error_has_one_class_of_ours(error: Exception, expected: type[StorageError]) -> None:
    ours = translate(error, "write", "s3://bucket/key")
    assert type(ours) is expected
    assert str(ours).startswith("cannot write s3://bucket/key: ")
    assert str(ours).endswith(failures.REMEDIES[expected])
    assert str(pickle.loads(pickle.dumps(ours))) == str(ours)


@pytest.mark.parametrize(
    "error", [ValueError("x"), TypeError("x"), KeyboardInterrupt(), MemoryError()], ids=repr
)
def test_what_is_not_storage_is_not_translated(error: BaseException) -> None:
    assert translate(error, "write", "key") is None

    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        attempt("write", "key", fail)


def test_a_passing_failure_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    errors = [OSError(errno.EBUSY, "slow down"), TimeoutError(), ConnectionResetError()]

    def fail_three_times() -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    with caplog.at_level(logging.WARNING):
        assert attempt("read", "key", fail_three_times) == "done"
    assert len(caplog.records) == 3
    assert "attempt 2 follows: cannot read key: [Errno 16] slow down" in caplog.text


@pytest.mark.parametrize(
    ("error", "expected", "calls"),
    [(TimeoutError(), TransientStorageError, 6), (OSError(errno.ENOSPC, "full"), StorageFull, 1)],
)
def test_only_passing_failures_are_tried_again_and_not_for_ever(
    error: OSError, expected: type[StorageError], calls: int
) -> None:
    called = 0

    def fail() -> None:
        nonlocal called
        called += 1
        raise error

    with pytest.raises(expected, match="cannot read key"):
        attempt("read", "key", fail)
    assert called == calls


def test_the_code_of_a_response_is_found_behind_its_error() -> None:
    assert error_code(caused(OSError(errno.EINVAL, "no"), response(416, "InvalidRange"))) == "InvalidRange"
    assert error_code(ValueError()) == ""


def test_an_error_keeps_nothing_of_its_callers_alive():
    def fail():
        raise FileNotFoundError(errno.ENOENT, "none", "x")

    def call():
        held = Held()
        with suppress(ObjectNotFound):
            attempt("read", "x", fail)
        return weakref.ref(held)

    gc.collect()
    gc.disable()
    try:
        assert call()() is None
    finally:
        gc.enable()


class Held:
    """Something that a caller has in memory."""
