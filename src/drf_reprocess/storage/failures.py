"""Foreign storage errors, translated once and here; those that may pass are tried again.

Every access of a store goes through `attempt`. A message tells the operation, the URI, what the storage said and what
to do; no option of a store (which may hold a key) is ever part of it.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from drf_reprocess.errors import (
    ObjectNotFound,
    StorageDenied,
    StorageError,
    StorageFull,
    TransientStorageError,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

FULL = {errno.ENOSPC, errno.EDQUOT}
DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
TRANSIENT = {
    errno.EAGAIN,
    errno.EBUSY,
    errno.ECONNABORTED,
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EHOSTUNREACH,
    errno.EINTR,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EPIPE,
    errno.ESTALE,
    errno.ETIMEDOUT,
}
CLIENT_LIBRARIES = (
    "botocore",
    "aiobotocore",
    "aiohttp",
    "boto3",
    "urllib3",
    "fsspec",
    "s3fs",
    "gcsfs",
    "adlfs",
)
PASSING_NAMES = ("timeout", "connect", "connection", "disconnected", "incompleteread", "payload")

REMEDIES: dict[type[StorageError], str] = {
    ObjectNotFound: "check the name, and whether it was removed or renamed meanwhile",
    StorageFull: "free space or raise the quota there, then run again: what was finished is kept",
    StorageDenied: "check owner, permissions, mount options and credentials",
    TransientStorageError: "the storage was tried several times; run again when it answers",
    StorageError: "check the storage itself; trying again unchanged will not help",
}


def attempt(operation: str, uri: str, action: Callable[[], T]) -> T:
    """Return what ``action`` returns, tried again for some seconds while it fails in a way that may pass.

    Raises
    ------
    StorageError
        Or one of its classes, with ``operation`` and ``uri`` in the message. Errors that are not storage's pass through.
    """
    result: T
    try:
        result = _RETRYING(_translated, operation, uri, action)
    except StorageError as error:
        # Who tries again keeps the error, and its tracebacks keep whatever all callers have in memory: until some later
        # collection of garbage these would be the files of a whole task.
        cause = error.__cause__
        raise error.with_traceback(None) from cause and cause.with_traceback(None)
    return result


def translate(error: BaseException, operation: str, uri: str) -> StorageError | None:
    """Return our error for a foreign one, None where it does not come from storage (a bug, an interrupt)."""
    if isinstance(error, StorageError):
        return error
    if not isinstance(error, (OSError, EOFError)) and not type(error).__module__.startswith(CLIENT_LIBRARIES):
        return None
    kind = _kind(error)
    reason = " ".join(str(error).split()) or type(error).__name__
    return kind(f"cannot {operation} {uri}: {reason}; {REMEDIES[kind]}")


def error_code(error: BaseException) -> str:
    """Return the code of the S3 response behind an error, such as ``InvalidRange``; empty where there is none."""
    return str(_response(error).get("Error", {}).get("Code", ""))


def _translated(operation: str, uri: str, action: Callable[[], T]) -> T:
    try:
        return action()
    except Exception as error:  # each file system raises errors of its own library
        ours = translate(error, operation, uri)
        if ours is None or ours is error:
            raise
        raise ours from error


def _kind(error: BaseException) -> type[StorageError]:
    status = _response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    number = getattr(error, "errno", None)
    if isinstance(error, FileNotFoundError):
        return ObjectNotFound
    if (
        isinstance(error, PermissionError)
        or number in DENIED
        or "credentials" in type(error).__name__.lower()
    ):
        return StorageDenied
    if number in FULL:
        return StorageFull
    if status in {408, 429} or status >= 500:
        return StorageError if status == 501 else TransientStorageError
    if isinstance(error, (TimeoutError, ConnectionError)) or number in TRANSIENT:
        return TransientStorageError
    if any(part in type(error).__name__.lower() for part in PASSING_NAMES):
        return TransientStorageError
    return StorageError


def _response(error: BaseException | None) -> dict[str, dict[str, int]]:
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, dict):
            return response
        error = error.__cause__
    return {}


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning("storage failed, attempt %d follows: %s", state.attempt_number + 1, error)


_RETRYING = Retrying(
    retry=retry_if_exception_type(TransientStorageError),
    wait=wait_random_exponential(multiplier=0.2, max=3),
    stop=stop_after_attempt(6) | stop_after_delay(15),
    before_sleep=_say,
    reraise=True,
)
