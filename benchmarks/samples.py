"""The files that are measured: a sample mission's GNC files, whose numbers are as hard to compress as real ones.

Switch positions of other types repeat so often that deflate makes a tenth of them: whatever compresses them seems fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.timing import require
from drf_reprocess.api import make_label
from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.profiles.model import FileType, Profile
from drf_reprocess.testing.sample import write_sample

START = date(2014, 12, 8)
"""Begin of the samples: from here on GNC files have all their columns."""
CREATED = "2026-11-21T00:00:00Z"
GNC = ("gnc",)


@dataclass(frozen=True, slots=True)
class Sample:
    """Files of a sample mission below a folder."""

    folder: Path
    files: tuple[Path, ...]
    bytes: int

    def some(self, total_bytes: int) -> tuple[Path, ...]:
        """Return files picked evenly from all, of about so many bytes together, at least one."""
        every = max(1, round(self.bytes / total_bytes))
        return self.files[::every]


@dataclass(frozen=True, slots=True)
class DataFile:
    """One data file in memory, with what the profile says of it."""

    path: Path
    raw: bytes
    file_type: FileType
    product_id: str
    profile: Profile

    @property
    def label(self) -> bytes:
        """The label that our line gives it."""
        return make_label(self.path, created=CREATED)


def make_sample(
    folder: Path, days: int, scale: float = 1.0, types: tuple[str, ...] | None = GNC, start: date = START
) -> Sample:
    """Write a sample mission of good files."""
    report = write_sample(str(folder), start=start, days=days, types=types, scale=scale)
    files = tuple(sorted(folder / entry.path for entry in report.entries))
    require(files, "the sample has no files")
    return Sample(folder, files, report.bytes)


def load_file(path: Path) -> DataFile:
    """Read a data file of the mission."""
    profile = load_profile("maven-anc")
    named = match_name(profile, path.name)
    require(isinstance(named, FileName), f"{path.name} is no name of a data file")
    assert isinstance(named, FileName)
    return DataFile(path, path.read_bytes(), profile.types_by_name[named.type], named.product_id, profile)
