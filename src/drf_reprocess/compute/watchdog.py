"""Time limits of tasks, kept by the worker process itself.

A task that hangs in C or holds the interpreter lock cannot be stopped from Python. Python's own `faulthandler` has a
thread in C that needs no lock: it tells on standard error where every thread stood and ends the process. It is one timer
a process, so with several threads a worker it is set to the earliest deadline of the tasks at work.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import itertools
import os
import sys
import threading
import time
from collections.abc import Iterator

LEAST_S = 0.001
"""A timer cannot be set to a moment that is past."""

_lock = threading.Lock()
_numbers = itertools.count()
_deadlines: dict[int, float] = {}
"""The tasks at work in this process, and when each is over its limit (monotonic seconds; infinite for none)."""


def tasks_at_work() -> int:
    """Return how many tasks this process has at work."""
    return len(_deadlines)


@contextlib.contextmanager
def time_limit(limit_s: float) -> Iterator[None]:
    """End this process if what is done inside takes longer than ``limit_s`` seconds; 0 for no limit."""
    number = next(_numbers)
    with _lock:
        _deadlines[number] = time.monotonic() + limit_s if limit_s else float("inf")
        _arm()
    try:
        yield
    finally:
        with _lock:
            del _deadlines[number]
            _arm()


def _arm() -> None:
    """Set the one timer to the earliest deadline, or to none."""
    earliest = min(_deadlines.values(), default=float("inf"))
    if earliest == float("inf"):
        faulthandler.cancel_dump_traceback_later()
    else:
        left_s = max(earliest - time.monotonic(), LEAST_S)
        faulthandler.dump_traceback_later(left_s, exit=True, file=_stderr())


@functools.cache
def _stderr() -> int:
    """Return where to tell: not sys.stderr, for whoever replaced it may have given it no file."""
    return os.open(os.devnull, os.O_WRONLY) if sys.__stderr__ is None else sys.__stderr__.fileno()
