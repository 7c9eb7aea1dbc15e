"""Memory that a stage has freed is the system's again."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

PROGRAM = """
from pathlib import Path
from drf_reprocess.compute.base import give_memory_back

def used_mib():
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("VmRSS:") + 1]) / 1024

blocks = [bytes(100_000) for _ in range(1000)]
kept = blocks[::50]
del blocks
before = used_mib()
give_memory_back()
print(before - used_mib())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc keeps what is freed")
def test_what_is_freed_between_what_is_kept_is_given_back():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 40
