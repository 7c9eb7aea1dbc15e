"""Run the program with moments marked at which a process of it kills itself with ``kill -9``.

    KILL_AT="worker drf_reprocess.stages.process:reprocess before 3" KILL_MARKER=FILE python kill_at.py run ...

The third call of that function by a worker is never begun. ``half`` writes half of the bytes of a file first. The marker
file makes it happen once, however often processes are started again. Dask's workers import this file, too, as processes that
are spawned import the main module of their parent.

``KILL_HOW=stop`` freezes the process there instead (SIGSTOP; the marker then holds its process id), ``KILL_HOW=tell`` does
no harm, and adds a line to the marker for every call. Several moments are parted by ``;``.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import os
import signal
import sys

ROLES = {"__main__": "driver", "__mp_main__": "worker"}
HOW = os.environ.get("KILL_HOW", "kill")


def is_mine() -> bool:
    """Tell whether it is this process that is to be struck: none was before."""
    try:
        marker = os.open(os.environ["KILL_MARKER"], os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return False
    os.write(marker, f"{os.getpid()}\n".encode())
    os.close(marker)
    return True


def die() -> None:
    """End this process at once, or freeze it."""
    os.kill(os.getpid(), signal.SIGSTOP if HOW == "stop" else signal.SIGKILL)


def tell(role: str, target: str) -> None:
    """Add a line to the marker."""
    marker = os.open(os.environ["KILL_MARKER"], os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(marker, f"{role} {target}\n".encode())
    os.close(marker)


def mark(role: str, target: str, when: str, on: int) -> None:
    """Put the death of this process before, after, or in the middle of a call."""
    module_name, _, path = target.partition(":")
    holder = importlib.import_module(module_name)
    *parents, name = path.split(".")
    for parent in parents:
        holder = getattr(holder, parent)
    function = getattr(holder, name)
    calls = itertools.count(1)

    @functools.wraps(function)
    def marked(*args, **kwargs):
        if HOW == "tell":
            tell(role, target)
            return function(*args, **kwargs)
        if next(calls) != on:
            return function(*args, **kwargs)
        if when == "after":
            result = function(*args, **kwargs)
            if is_mine():
                die()
            return result
        if is_mine():
            if when == "half":  # write_all(descriptor, data); a process that is not struck writes no half
                descriptor, data = args[0], kwargs.get("data", args[1] if len(args) > 1 else b"")
                half = memoryview(data).cast("B")[: memoryview(data).nbytes // 2]
                os.write(descriptor, half)
            die()
        return function(*args, **kwargs)

    setattr(holder, name, marked)


for words in filter(None, os.environ.get("KILL_AT", "").split(";")):
    wanted, target, when, on = words.split()
    if ROLES.get(__name__) == wanted:
        mark(wanted, target, when, int(on))

if __name__ == "__main__":
    from drf_reprocess.cli.app import main

    sys.exit(main())
