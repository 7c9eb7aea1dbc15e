"""A sample mission, written where one likes: what the ``sample`` command does."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date

import fsspec
from fsspec.spec import AbstractFileSystem

from drf_reprocess.errors import ConfigurationError
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.profiles.model import Profile
from drf_reprocess.testing.defects import (
    ALL,
    FILE_DEFECTS,
    STRAY_DEFECTS,
    TYPICAL,
    applies,
    stray_file,
    with_defect,
)
from drf_reprocess.testing.layout import make_header, make_layout
from drf_reprocess.testing.names import file_path
from drf_reprocess.testing.render import render
from drf_reprocess.testing.schedule import EPOCH, RHYTHMS, FileSpec, iterate_specs
from drf_reprocess.testing.values import stable_generator

logger = logging.getLogger(__name__)

TYPICAL_STEP = 6
"""With typical defects, one of as many consecutive files of a type has one."""
FOLDERS = "<type>/<year>/<name>; re-sent files and copies below resent/ and copies/ in the same folders"


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One file of a sample. ``defects`` of a stray, a copy or a re-sent file name what it is."""

    path: str
    """Below the destination, with ``/``."""
    type: str
    bytes: int
    records: int
    """Whole records, damaged and repeated ones included; 0 for a stray file."""
    variant: tuple[str, ...]
    """``field:way`` where the file is not as usual (see `variants.Variant`)."""
    defects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What `write_sample` wrote."""

    destination: str
    folders: str
    entries: tuple[SampleFile, ...]

    @property
    def files(self) -> int:
        """Number of files."""
        return len(self.entries)

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(entry.bytes for entry in self.entries)

    def to_json(self) -> dict[str, object]:
        """Return the report as JSON values."""
        return {
            "destination": self.destination,
            "folders": self.folders,
            "files": self.files,
            "bytes": self.bytes,
            "entries": [asdict(entry) for entry in self.entries],
        }


def _typical_defect(spec: FileSpec) -> str | None:
    """Return the defect of a file, None for most; it depends on type, place in sequence and seed alone."""
    name = spec.file_type.name
    index = (spec.day - EPOCH).days // RHYTHMS[name].days
    block, place = divmod(index, TYPICAL_STEP)
    random = stable_generator("typical", spec.seed, name, block)
    if place != int(random.integers(0, TYPICAL_STEP)):
        return None
    usable = [defect for defect in TYPICAL if applies(defect, spec)]
    return usable[int(random.integers(0, len(usable)))]


def _assign_all(specs: Sequence[FileSpec], seed: int) -> dict[int, str]:
    """Return number of the file -> defect: each defect once, the most usual first, and at least every third file."""
    free = stable_generator("all", seed, len(specs)).permutation(len(specs)).tolist()
    assigned: dict[int, str] = {}
    for turn in range(max(min(len(ALL), len(specs)), len(specs) // 3)):
        defect = ALL[turn % len(ALL)]
        fit = next((k for k in free if applies(defect, specs[k])), None)
        if fit is not None:
            assigned[fit] = defect
            free.remove(fit)
    return assigned


def assign_defects(specs: Sequence[FileSpec], mode: str, seed: int) -> list[tuple[FileSpec, str | None]]:
    """Return each file with its defect, None for good files; ``mode`` is none, typical or all."""
    if mode == "none":
        return [(spec, None) for spec in specs]
    if mode == "typical":
        return [(spec, _typical_defect(spec)) for spec in specs]
    assigned = _assign_all(specs, seed)
    return [(spec, assigned.get(k)) for k, spec in enumerate(specs)]


def _extra_file(spec: FileSpec, defect: str, data: bytes) -> tuple[str, bytes, int]:
    """Return path, bytes and records of the file that comes beside the good file of ``spec``."""
    if defect == "identical-copy":
        return f"copies/{spec.path}", data, spec.records
    if defect == "resent":
        again = render(replace(spec, issue=1))
        return f"resent/{spec.path}", again.data, again.records
    header = b"".join(line + b"\r\n" for line in make_header(spec, make_layout(spec)))
    name, stray = stray_file(defect, spec, header)
    return file_path(spec.file_type.name, spec.day, name), stray, 0


def iterate_files(plan: Iterable[tuple[FileSpec, str | None]]) -> Iterator[tuple[SampleFile, bytes]]:
    """Yield each file of a sample with its bytes, one at a time; an extra file follows the good one it belongs to."""
    for spec, defect in plan:
        inside = defect in FILE_DEFECTS
        damaged = with_defect(spec, defect) if defect is not None and inside else spec
        rendered = render(damaged)
        name, variant = spec.file_type.name, spec.variant.differences()
        size = len(rendered.data)
        yield SampleFile(spec.path, name, size, rendered.records, variant, damaged.defects), rendered.data
        if defect is not None and not inside:
            path, data, records = _extra_file(spec, defect, rendered.data)
            stray = defect in STRAY_DEFECTS
            yield SampleFile(path, name, len(data), records, () if stray else variant, (defect,)), data


def _file_system(destination: str) -> tuple[AbstractFileSystem, str]:
    if "://" in destination:
        system, root = fsspec.core.url_to_fs(destination)
        return system, root.rstrip("/")
    return fsspec.filesystem("file"), os.path.abspath(destination)


def write_sample(
    destination: str,
    *,
    start: date = date(2014, 11, 15),
    days: int = 3,
    types: Sequence[str] | None = None,
    scale: float = 1.0,
    seed: int = 0,
    defects: str = "none",
    variants: str = "usual",
    profile: Profile | None = None,
) -> SampleReport:
    """Write the files of a sample mission below a folder or fsspec URI and return what was written.

    The files are those that cover any of ``days`` days from ``start``; one of several days may begin before and end
    after. ``types`` are names of file types, None for all of the profile (default ``maven-anc``). ``scale`` shrinks
    the number of records (at least 12 a file), not the time that a file covers. ``defects`` is ``none``, ``typical``
    or ``all``; ``variants`` is ``usual`` or ``all`` (see `variants.Variant`). A file is the same, byte for byte,
    whatever other days and types are asked for, but which files get defects under ``all`` depends on the whole sample.
    Files that are there already are written over; nothing is removed.

    Raises
    ------
    ConfigurationError
        An option has another value than those above.
    """
    _check_choice("defects", defects, ("none", "typical", "all"))
    _check_choice("variants", variants, ("usual", "all"))
    if days < 1 or not scale > 0:
        raise ConfigurationError(
            f"a sample needs at least one day and a scale above 0; got {days} days, scale {scale}"
        )
    profile = profile or load_profile("maven-anc")
    specs = list(iterate_specs(profile, start, days, types, scale=scale, seed=seed, variants=variants))
    system, root = _file_system(destination)
    entries = []
    for entry, data in iterate_files(assign_defects(specs, defects, seed)):
        path = f"{root}/{entry.path}"
        system.makedirs(path.rpartition("/")[0], exist_ok=True)
        system.pipe_file(path, data)
        entries.append(entry)
    logger.info("sample of %d files written to %s", len(entries), destination)
    return SampleReport(destination, FOLDERS, tuple(entries))


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigurationError(f"{name} of a sample is {value!r}; expected one of {', '.join(choices)}")
