"""Run the program with one moment marked at which a process of it kills itself with ``kill -9``.

    KILL_AT="worker drf_reprocess.stages.process:reprocess before 3" KILL_MARKER=FILE python kill_at.py run ...

The third call of that function by a worker is never begun. ``half`` writes half of the bytes of a file first. The marker
file makes it happen once, however often processes are started again. Dask's workers import this file, too, as processes that
are spawned import the main module of their parent.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import os
import signal
import sys

ROLES = {"__main__": "driver", "__mp_main__": "worker"}


def die() -> None:
    """End this process at once, unless a process was ended so before."""
    try:
        os.close(os.open(os.environ["KILL_MARKER"], os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def mark(target: str, when: str, on: int) -> None:
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
        if next(calls) != on:
            return function(*args, **kwargs)
        if when == "before":
            die()
        if when == "half":  # write_all(descriptor, data)
            descriptor, data = args[0], kwargs.get("data", args[1] if len(args) > 1 else b"")
            os.write(descriptor, bytes(memoryview(data).cast("B")[: memoryview(data).nbytes // 2]))
            die()
        result = function(*args, **kwargs)
        die()
        return result

    setattr(holder, name, marked)


if os.environ.get("KILL_AT"):
    role, target, when, on = os.environ["KILL_AT"].split()
    if ROLES.get(__name__) == role:
        mark(target, when, int(on))

if __name__ == "__main__":
    from drf_reprocess.cli.app import main

    sys.exit(main())
