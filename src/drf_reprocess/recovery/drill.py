"""The drill: a copy of the output loses its catalog and all Parquet files, and gets both again; with what that took.

The output itself is read, never changed, but for its lock while it is copied. The copy stays, to be looked at.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from drf_reprocess.config.model import Config
from drf_reprocess.errors import ConfigurationError, ObjectNotFound
from drf_reprocess.journal import JOURNAL
from drf_reprocess.mission import OVERLAYS, Mission, open_mission
from drf_reprocess.model import SourceFile
from drf_reprocess.observer import Observer
from drf_reprocess.recovery.books import content_digests
from drf_reprocess.recovery.check import check_mission, mission_site
from drf_reprocess.recovery.difference import Difference, Findings, Row
from drf_reprocess.recovery.objects import StoreFigures
from drf_reprocess.recovery.parquet import (
    ParquetContext,
    ParquetItem,
    RemadeParquet,
    parquet_items,
    parquet_objects,
    remake_parquet,
)
from drf_reprocess.recovery.rebuild import remake
from drf_reprocess.reprocess import LineOptions
from drf_reprocess.runfolder import RUNS
from drf_reprocess.stages.package import DELIVERIES
from drf_reprocess.stages.plan import content_fingerprints
from drf_reprocess.storage.base import STORE, Store, object_key, open_store

COPIED = (JOURNAL, STORE, DELIVERIES, RUNS, OVERLAYS)
"""Folders of the output that are no views; the journal first, so that it tells of nothing that is not copied yet."""

COPY = "copy"
BLOCK_BYTES = 8 * 2**20
MISSION_GB = 190
RUN_TIME = "2000-01-01T00:00:00Z"
"""Of labels that are made on the way and thrown away."""


@dataclass(slots=True)
class Drill:
    """What a drill has found so far."""

    findings: Findings
    originals_bytes: int = 0
    parquet_files: int = 0
    told: list[Row] = field(default_factory=list)
    """Parquet files that came out otherwise for a reason; they are taken from the output."""
    figures: StoreFigures = field(default_factory=StoreFigures)

    def document(self, destination: str) -> Row:
        """Return the report."""
        findings = self.findings
        elapsed_s = sum(step.elapsed_s for step in findings.steps if step.name != COPY)
        gigabytes = self.originals_bytes / 1e9
        per_gb = elapsed_s / gigabytes if gigabytes else 0.0
        return {
            "status": findings.status,
            "copy": destination,
            "originals_bytes": self.originals_bytes,
            "parquet_files": self.parquet_files,
            "steps": findings.step_rows(),
            "elapsed_s": round(elapsed_s, 3),
            "seconds_per_gb": round(per_gb, 1),
            "hours_per_tb": round(per_gb * 1000 / 3600, 2),
            "mission_gb": MISSION_GB,
            "mission_hours": round(per_gb * MISSION_GB / 3600, 2),
            "told": self.told,
            "store": asdict(self.figures),
            "differences": findings.difference_rows(),
        }


def drill(config: Config, destination: str, observer: Observer) -> Row:
    """Copy the output without its catalog, make catalog and Parquet again there, prove everything; return the report.

    Times are of everything but the copying, each GB one of originals.

    Raises
    ------
    OutputLocked
        If a driver is at work on the output.
    ConfigurationError
        If the destination is no empty folder outside the output.
    CatalogError
        If the catalog cannot be made again.
    """
    work = Drill(Findings(observer))
    root = Path(destination).expanduser().absolute()
    with open_mission(config, create=False, exclusive="drill") as mission:
        _check_destination(root, mission.output)
        mission.journal.write()
        _copy(mission.output, root, work.findings)
        content = content_digests(mission.catalog)
        output = mission.output
    there = _config_of_copy(config, root)
    with work.findings.step("catalog") as step:
        remade = remake(there, open_store(str(root)))
        step.files = remade.changes
    with open_mission(there, create=False) as copied:
        work.findings.add(_compare_content(content_digests(copied.catalog), content))
        with work.findings.step("parquet") as step:
            for remade_files in _remake_parquet(copied):
                _take(work, remade_files, output, root)
                work.findings.advance(step, len(remade_files), _originals(remade_files))
        with work.findings.step("publish") as step:
            step.files = _show(copied, work.findings)
        work.figures = check_mission(copied, work.findings, deep=True)
    return work.document(str(root))


def _check_destination(root: Path, output: Store) -> None:
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ConfigurationError(
            f"{root} is no empty folder; expected one, or none, for the copy of the drill"
        )
    inside = output.is_local and root.resolve().is_relative_to(Path(output.root).resolve())
    if inside:
        raise ConfigurationError(f"{root} is inside the output {output.root}; name a folder outside of it")


def _copy(output: Store, root: Path, findings: Findings) -> None:
    """Copy everything that is no view and no catalog: by hard link where that is possible."""
    with findings.step(COPY) as step:
        for folder in COPIED:
            for file in output.list(folder):
                if folder == RUNS and file.name.startswith(f"{JOURNAL}/"):
                    continue
                _place(output, file, root / file.name)
                findings.advance(step, 1, file.bytes)


def _place(output: Store, file: SourceFile, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if output.is_local:
        with contextlib.suppress(OSError):
            os.link(output.uri(file.name), target)
            return
        shutil.copyfile(output.uri(file.name), target)
        return
    with target.open("wb") as copy:
        for start in range(0, file.bytes, BLOCK_BYTES):
            copy.write(output.read_range(file.name, start, min(start + BLOCK_BYTES, file.bytes)))


def _config_of_copy(config: Config, root: Path) -> Config:
    return config.model_copy(
        update={
            "output": config.output.model_copy(update={"uri": str(root), "options": {}}),
            "catalog": config.catalog.model_copy(update={"url": None}),
        }
    )


def _compare_content(
    found: dict[str, tuple[int, str]], expected: dict[str, tuple[int, str]]
) -> Iterator[Difference]:
    for name, (rows, digest) in expected.items():
        if found[name] != (rows, digest):
            yield Difference(
                "catalog",
                f"table {name}",
                f"{rows} rows, digest {digest}",
                f"{found[name][0]} rows, digest {found[name][1]}",
                "compare catalog and journal of the output by `drf-reprocess catalog check`",
            )


def _remake_parquet(copied: Mission) -> Iterator[tuple[RemadeParquet, ...]]:
    """Remove all Parquet objects of the copy and make them again."""
    for sha256 in parquet_objects(copied.catalog, copied.profile):
        copied.output.remove(object_key(sha256))
    context = ParquetContext(LineOptions(copied.profile, copied.repair, RUN_TIME), copied.output)
    fingerprints = content_fingerprints(copied.profile, copied.repair)
    with mission_site(copied) as executor:
        yield from remake_parquet(
            executor, context, parquet_items(copied.catalog, copied.profile, fingerprints)
        )


def _originals(remade: Sequence[RemadeParquet]) -> int:
    return sum(one.item.original.bytes for one in remade)


def _take(work: Drill, remade: Sequence[RemadeParquet], output: Store, root: Path) -> None:
    """Count what was made; what was not comes from the output, so that the rest can be proved."""
    work.originals_bytes += _originals(remade)
    work.parquet_files += len(remade)
    for one in remade:
        if not one.fault:
            continue
        key = object_key(one.item.parquet.sha256)
        with contextlib.suppress(ObjectNotFound):
            _place(output, output.info(key), root / key)
        if one.item.excuse:
            work.told.append({"lidvid": one.item.lidvid, "what": one.fault, "reason": one.item.excuse})
        else:
            work.findings.add([_fault(one.item, one.fault)])


def _fault(item: ParquetItem, fault: str) -> Difference:
    return Difference(
        "parquet",
        item.lidvid,
        f"the Parquet file {item.parquet.sha256} again",
        fault,
        "if Python packages are others than when it was made (runs/<run id>/versions.json), install those; else report it",
    )


def _show(copied: Mission, findings: Findings) -> int:
    """Make the views of the copy; return how many files they hold."""
    try:
        return copied.views.rebuild(copied.catalog) + copied.views.show_staged(copied.catalog)
    except ObjectNotFound as error:
        findings.add([Difference("view", "bundle/, parquet/", "every object", str(error), "see there")])
        return 0
