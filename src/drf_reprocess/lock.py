"""The lock of an output: one driver at a time, and a message that tells who holds it.

The lock is the object ``lock.json`` of the output with owner, host, process and time. On one machine the kernel frees it
with its process, however that ends, so a run that was killed is followed by the next without more ado. What another
machine left behind is never taken over by itself: its driver may be at work still.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import getpass
import hashlib
import json
import logging
import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

from drf_reprocess.errors import ObjectNotFound, OutputLocked
from drf_reprocess.storage.base import Store
from drf_reprocess.storage.failures import attempt
from drf_reprocess.storage.local_files import is_alive

logger = logging.getLogger(__name__)

LOCK = "lock.json"
CANNOT_LOCK = {errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds an output's lock."""

    owner: str
    host: str
    process: int
    since: str
    """ISO 8601 UTC."""
    purpose: str
    """What the driver does, as ``run`` or ``adopt``."""

    def __str__(self) -> str:
        return f"{self.purpose} by {self.owner} on {self.host}, process {self.process}, since {self.since}"


@contextlib.contextmanager
def locked(output: Store, purpose: str, at: str) -> Iterator[None]:
    """Hold the lock of an output; ``at`` is the time that it tells.

    Raises
    ------
    OutputLocked
        If another driver holds it, or one of another host left it behind.
    """
    with _guarded(output) as guarded:
        me = Holder(_owner(), socket.gethostname(), os.getpid(), at, purpose)
        left = holder(output)
        if left is not None:
            _require_ended(output, left, me, guarded=guarded)
            logger.warning("taking over from %s, which ended without an end", left)
            output.remove(LOCK)
        if not output.create(LOCK, (json.dumps(asdict(me), indent=2) + "\n").encode()):
            raise OutputLocked(
                f"{output.uri(LOCK)} was taken this moment by {holder(output)}; try again later"
            )
        try:
            yield
        finally:
            output.remove(LOCK)
            output.tidy(0)


def holder(output: Store) -> Holder | None:
    """Return who holds the lock of an output, or left it behind; None if nobody does."""
    try:
        data = output.read(LOCK)
    except ObjectNotFound:
        return None
    try:
        found = json.loads(data)
        return Holder(**{name: found[name] for name in Holder.__dataclass_fields__})
    except (ValueError, KeyError, TypeError):
        return Holder("unknown", "unknown", 0, "unknown", "something that cannot be read")


def break_lock(output: Store) -> Holder | None:
    """Remove a lock that was left behind, and return who held it; None if there was none.

    Raises
    ------
    OutputLocked
        If its driver is alive on this host.
    """
    with _guarded(output):
        left = holder(output)
        output.remove(LOCK)
        return left


def _require_ended(output: Store, left: Holder, me: Holder, *, guarded: bool) -> None:
    """Refuse a lock whose holder may be at work: on this host the kernel knows, on another nobody does."""
    if left.host == me.host and (guarded or not is_alive(left.process)):
        return
    raise OutputLocked(
        f"{output.uri(LOCK)} is held: {left}; wait until it has ended; if that process or its host is gone for good, break "
        "the lock with `drf-reprocess unlock --reason ...`"
    )


@contextlib.contextmanager
def _guarded(output: Store) -> Iterator[bool]:
    """Hold what the kernel keeps for one process at a time and frees when it ends; tell whether it covers the output.

    That is the folder of a local output, for all processes that see it; of another output a file of this machine.
    """
    path = output.root if output.is_local else _guard_file(output)
    if output.is_local:
        attempt("make", path, partial(os.makedirs, path, exist_ok=True))
    flags = os.O_RDONLY | os.O_DIRECTORY if output.is_local else os.O_RDWR | os.O_CREAT
    descriptor = attempt("open", path, partial(os.open, path, flags | os.O_CLOEXEC, 0o666))
    guarded = output.is_local
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputLocked(
                f"another driver is at work on {output.root}: {holder(output) or 'it is just beginning'}; wait until it has "
                "ended, or stop it by Ctrl-C or SIGTERM: nothing that it finished is lost"
            ) from error
        except OSError as error:
            if error.errno not in CANNOT_LOCK:
                raise
            guarded = False  # some network file systems lock no folders
        yield guarded
    finally:
        os.close(descriptor)


def _guard_file(output: Store) -> str:
    name = hashlib.sha256(output.root.encode()).hexdigest()[:24]
    return os.path.join(tempfile.gettempdir(), f"drf-reprocess-{name}.lock")


def _owner() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"
