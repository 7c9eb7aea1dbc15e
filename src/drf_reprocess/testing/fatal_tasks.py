"""What tasks do to their workers in tests of executors: they end them, hang, or eat memory.

They are here, and not beside the tests, because worker processes import them. An item is a tuple of numbers, as a
partition is one of files.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

EATEN_AT_ONCE = 8 * 2**20


def split(numbers: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return each number as an item of its own."""
    return [(number,) for number in numbers]


def square(pause_s: float, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Return the squares, after a pause for each."""
    time.sleep(pause_s * len(numbers))
    return tuple(number**2 for number in numbers)


def die_on(fatal: int, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """End the process on one number, as the kernel does when memory runs out."""
    if fatal in numbers:
        os.kill(os.getpid(), signal.SIGKILL)
    return numbers


def die_once_on(folder: str, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """End the process on 0 twice, in company and then alone; ``folder`` keeps the count."""
    if 0 in numbers:
        mark = Path(folder) / f"died-{len(list(Path(folder).iterdir()))}"
        if mark.name != "died-2":
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return numbers


def hold_the_lock_on(fatal: int, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Hang on one number: sleep in C, without giving the interpreter lock to others."""
    if fatal in numbers:
        ctypes.PyDLL(None).sleep(1000)
    return numbers


def eat_memory_on(fatal: int, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Take ever more memory on one number."""
    if fatal in numbers:
        eaten = []
        while True:
            eaten.append(os.urandom(EATEN_AT_ONCE))
            time.sleep(0.01)
    return numbers


def wait_for_file(folder: str, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Leave a mark of the number and the process, and go on once there is a file ``go``."""
    Path(folder, f"{numbers[0]}-{os.getpid()}").touch()
    while not Path(folder, "go").exists():
        time.sleep(0.01)
    return numbers
