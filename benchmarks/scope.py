"""How much is measured: sizes and repetitions of a quick run, of a full one, and of the tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.timing import Timer

MEMORY = Path("/dev/shm")
"""A file system in memory, where Linux has one."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Sizes of everything. ``disk`` and ``memory`` are folders to work in; everything made there is removed again."""

    timer: Timer
    disk: Path
    memory: Path | None
    """None where there is no file system in memory: what asks for it is passed over."""
    xml_catalog: Path | None
    site: str = "local"
    """``serial`` in tests: no worker processes."""
    days: int = 60
    """Of GNC files, in the whole line; each is some 4 to 5 MB at ``scale`` 1."""
    scale: float = 1.0
    rounds: int = 3
    """How often a whole line is run."""
    workers: tuple[int, ...] = (1, 2)
    sweep_days: int = 30
    """Of the runs in which one setting is varied."""
    sweep_rounds: int = 1
    partition_mib: tuple[int, ...] = (4, 16, 96)
    levels: Mapping[str, tuple[int, ...]] | None = None
    """Codecs with the levels to be tried, each alone."""
    sweep_levels: Mapping[str, tuple[int, ...]] | None = None
    """Those to be tried in the whole line."""
    slow_bytes: int = 2_000_000
    """So much is given to what works at a few MB a second."""
    peer_bytes: int = 20_000_000
    """So much of the mission is packed in the incumbent's way."""
    peer_files: int = 1
    """Of which peers make tables."""
    delays_ms: tuple[float, ...] = (0, 5, 20, 50)
    delay_files: int = 24
    products: tuple[int, ...] = (1_000, 10_000)
    growth_files: tuple[int, ...] = (100, 65_000)
    """About so many; whole days of all types."""

    def values(self) -> dict[str, object]:
        """Return the sizes as plain values, without any place of this machine."""
        found = asdict(self)
        for place in ("disk", "memory", "xml_catalog"):
            found[place] = found[place] is not None
        return found

    @contextmanager
    def folder(self, on: str = "disk") -> Iterator[Path]:
        """Give a folder of its own ``on`` disk or in memory, and remove it in the end."""
        parent = self.memory if on == "memory" else self.disk
        if parent is None:
            raise LookupError("no file system in memory")
        made = Path(tempfile.mkdtemp(prefix="drf-benchmark-", dir=parent))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    @property
    def places(self) -> tuple[str, ...]:
        """Where outputs can be."""
        return ("memory", "disk") if self.memory is not None else ("disk",)


QUICK_LEVELS = {"libdeflate": (1, 6), "zlib": (1, 6), "isal": (1,)}
FULL_LEVELS = {
    "libdeflate": (1, 2, 3, 4, 6, 9, 12),
    "zlib": (1, 3, 6, 9),
    "isal": (1, 2, 3),
}


def full_scope(disk: Path, memory: Path | None, xml_catalog: Path | None) -> Scope:
    """Return the sizes whose figures are worth telling."""
    return Scope(
        timer=Timer(repeats=7, seconds=2.0),
        disk=disk,
        memory=memory,
        xml_catalog=xml_catalog,
        days=180,
        rounds=5,
        workers=(1, 2),
        sweep_days=60,
        sweep_rounds=3,
        levels=FULL_LEVELS,
        sweep_levels={"libdeflate": (2, 6), "zlib": (1, 6), "isal": (1,)},
        peer_bytes=60_000_000,
        peer_files=3,
        products=(1_000, 10_000, 100_000),
        delay_files=60,
    )


def quick_scope(disk: Path, memory: Path | None, xml_catalog: Path | None) -> Scope:
    """Return sizes for two minutes: to see that all is well, not to tell anybody."""
    return replace(
        full_scope(disk, memory, xml_catalog),
        timer=Timer(repeats=3, seconds=0.1),
        days=20,
        rounds=1,
        sweep_days=3,
        sweep_rounds=1,
        partition_mib=(),
        levels=QUICK_LEVELS,
        sweep_levels={"isal": (1,)},
        slow_bytes=1_000_000,
        peer_bytes=10_000_000,
        peer_files=1,
        delays_ms=(0, 10),
        delay_files=6,
        products=(1_000,),
    )


def tiny_scope(folder: Path, xml_catalog: Path | None) -> Scope:
    """Return sizes for tests: everything once and as small as it can be, in one process."""
    return Scope(
        timer=Timer.off(),
        disk=folder,
        memory=folder,
        xml_catalog=xml_catalog,
        site="serial",
        days=2,
        scale=0.02,
        rounds=1,
        workers=(1,),
        sweep_days=1,
        partition_mib=(1,),
        levels={"libdeflate": (1,), "zlib": (6,)},
        sweep_levels={"libdeflate": (1,), "zlib": (6,)},
        slow_bytes=50_000,
        peer_bytes=100_000,
        delays_ms=(0, 1),
        delay_files=1,
        products=(20,),
        growth_files=(10, 40),
    )
