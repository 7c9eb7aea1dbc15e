"""No interrupt is lost."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import gc, os, signal, sys, time
from drf_reprocess.cli.interrupts import heed_interrupts

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may have it ignored
heed_interrupts()

def collected(phase, info):
    gc.callbacks.remove(collected)
    os.kill(os.getpid(), signal.{signal})

class Deleted:
    def __del__(self):
        os.kill(os.getpid(), signal.{signal})
        sum(range(100))

try:
    {moment}
    reached = True
    time.sleep(20)
except KeyboardInterrupt:
    sys.exit(130 if reached else 1)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("moment", ["gc.callbacks.append(collected); gc.collect()", "Deleted()"])
def test_an_interrupt_where_python_cannot_raise_it_is_raised_again(name, moment):
    program = PROGRAM.format(signal=name, moment=moment)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=15)
    assert done.returncode == 130, done.stderr
    assert done.stderr == ""


def test_what_else_cannot_be_raised_is_told_as_always():
    program = PROGRAM.format(signal="SIGINT", moment="pass").replace("time.sleep(20)", "Broken()")
    program = program.replace(
        "class Deleted", "class Broken:\n    def __del__(self):\n        1 / 0\n\nclass Deleted"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=15)
    assert done.returncode == 0
    assert "ZeroDivisionError" in done.stderr
