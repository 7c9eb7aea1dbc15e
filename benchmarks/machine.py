"""On what was measured: the processor, the memory, the versions. No name and no place of the machine."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import re
import subprocess
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pyarrow as pa

from drf_reprocess.runfolder import package_versions

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("isal", "pandas", "pds4-tools")

TRIM_BYTES = 512 * 2**20
MMAP_BYTES = 32 * 2**20
"""The most that glibc takes here."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


@dataclass(frozen=True, slots=True)
class Machine:
    """What of a machine decides how fast it is."""

    cpu: str
    cores: int
    """That this process may use."""
    memory_bytes: int
    system: str
    """Kernel and architecture."""


def describe_machine() -> Machine:
    """Return what this machine is."""
    return Machine(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
    )


def machine_values() -> dict[str, object]:
    """Return the machine as plain values."""
    return asdict(describe_machine())


def versions() -> dict[str, str]:
    """Return the versions of everything that is measured, the peers among it; without the platform, which names hosts."""
    found = package_versions()
    found.pop("platform", None)
    for package in PEERS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def revision() -> str:
    """Return the git revision of the sources, ``+`` behind it where they were changed since; empty outside of git."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        head = _git("rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    return ""


def settle_memory() -> None:
    """Let this process keep the memory that it frees, as our workers do: what it gets anew costs page faults.

    Otherwise the kernels would seem slower here than they are where the work is done.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_TRIM_THRESHOLD, TRIM_BYTES)
        libc.mallopt(_M_MMAP_THRESHOLD, MMAP_BYTES)
        libc.mallopt(_M_ARENA_MAX, 2)
    pa.set_memory_pool(pa.system_memory_pool())


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _cpu_model() -> str:
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return " ".join(found[1].split())
    return platform.processor() or platform.machine()
