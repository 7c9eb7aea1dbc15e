"""The catalog made again from its journal, where it is lost, damaged or an old copy; then proved against the tree."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from drf_reprocess.catalog.checks import check_file
from drf_reprocess.catalog.engine import make_engine, sqlite_file
from drf_reprocess.catalog.sql import SqlCatalog, check_whole, open_catalog
from drf_reprocess.config.load import check_places
from drf_reprocess.config.model import Config
from drf_reprocess.errors import (
    CatalogError,
    CatalogVersionError,
    ConfigurationError,
    JournalDamaged,
)
from drf_reprocess.journal import (
    JOURNAL,
    SEGMENT_CHANGES,
    last_position,
    read_journal,
    render_segment,
    segment_key,
)
from drf_reprocess.lock import locked
from drf_reprocess.mission import catalog_url, open_mission
from drf_reprocess.observer import Observer
from drf_reprocess.recovery.books import compare_books
from drf_reprocess.recovery.check import mission_site
from drf_reprocess.recovery.difference import Findings, Row
from drf_reprocess.recovery.objects import compare_objects, prove_labels
from drf_reprocess.storage.base import Store, open_store

logger = logging.getLogger(__name__)

LOG_SUFFIXES = ("-wal", "-shm")
"""What SQLite keeps beside a database that is in use or was not closed in order."""

REBUILT = "rebuilt"


@dataclass(frozen=True, slots=True)
class Remade:
    """What became of the catalog's file."""

    status: str
    """``rebuilt``, or ``whole`` if the catalog was what its journal tells, and stays."""
    changes: int
    """Position of the last change."""
    saved: int = 0
    """Changes that stood in the old catalog alone."""
    kept_as: str = ""
    """Where the old file is."""
    warning: str = ""


def rebuild_catalog(config: Config, observer: Observer) -> Row:
    """Make the catalog again from its journal, and prove each of its rows against the tree; return what came of it.

    The new file takes the place of the old one in one rename when it is complete; the old one is kept beside it. A
    catalog that is whole and what its journal tells stays as it is.

    Raises
    ------
    OutputLocked
        If another driver is at work on the output.
    ConfigurationError
        If the catalog is in another database than SQLite.
    JournalDamaged
        If a segment of the journal is missing or damaged; then nothing is replaced.
    CatalogError
        If there is no journal, or it cannot be replayed.
    """
    check_places(config)
    output = open_store(config.output.uri, config.output.options)
    findings = Findings(observer)
    with locked(output, "catalog rebuild", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"):
        with findings.step("catalog") as step:
            remade = remake(config, output)
            step.files = remade.changes
        with open_mission(config, create=False) as mission, mission_site(mission) as executor:
            figures = compare_objects(mission.catalog, output, findings)
            prove_labels(mission.catalog, output, findings, executor)
    return {
        "status": remade.status,
        "tree": findings.status,
        "catalog": str(_file_of(catalog_url(config, output))),
        "changes": remade.changes,
        "saved_changes": remade.saved,
        "old_catalog": remade.kept_as,
        "warning": remade.warning,
        "objects": figures.objects,
        "differences": findings.difference_rows(),
        "steps": findings.step_rows(),
    }


def remake(config: Config, output: Store) -> Remade:
    """Put a catalog made from the journal in the place of the one that is there, unless that one is what it should be."""
    url = catalog_url(config, output)
    path = _file_of(url)
    fault = _fault_of(config, url)
    if fault is None:
        return Remade("whole", last_position(output))
    logger.info("the catalog is made again: %s", fault)
    saved, warning = _save_noted(path, url, output) if path.is_file() else (0, "")
    if not last_position(output):
        if isinstance(fault, CatalogVersionError):
            raise fault
        raise CatalogError(
            f"there is no journal {output.uri(JOURNAL)} from which the catalog {path} could be made; put the journal back from "
            "a copy, or begin a new output and take over this one's bundle/ with `drf-reprocess adopt`"
        )
    new = path.with_name(f"{path.name}.{REBUILT}")
    last = _replay(new, output)
    kept = _take_place(new, path)
    return Remade("rebuilt", last, saved, str(kept or ""), warning)


def _file_of(url: str) -> Path:
    """Return the file of a SQLite catalog; refuse other databases."""
    engine = make_engine(url, create=True)
    path = sqlite_file(engine)
    engine.dispose()
    if engine.dialect.name != "sqlite" or path is None:
        raise ConfigurationError(
            f"catalog.url names a {engine.dialect.name} database without a file of its own: `catalog rebuild` makes SQLite "
            "catalogs; restore another database by its own means, or set catalog.url to sqlite:////path/to/catalog.sqlite"
        )
    return path


def _fault_of(config: Config, url: str) -> CatalogError | None:
    """Return what is wrong with the catalog as it stands; None if it is whole and what its journal tells."""
    try:
        with open_mission(config, create=False) as mission:
            check_whole(url)
            difference = next(compare_books(mission.catalog, mission.output), None)
    except JournalDamaged:
        raise
    except CatalogError as error:
        return error
    if difference is None:
        return None
    if difference.kind == "journal":
        raise JournalDamaged(difference.got)
    return CatalogError(f"{difference.what}: expected {difference.expected}, got {difference.got}")


def _save_noted(path: Path, url: str, output: Store) -> tuple[int, str]:
    """Write what stands in the old catalog alone to the journal, all or nothing; return how many changes, and a warning.

    Raises
    ------
    JournalDamaged
        If the old catalog tells that the journal lacks its end.
    """
    engine = make_engine(url, create=False)
    shown = engine.url.render_as_string(hide_password=True)
    catalog = SqlCatalog(engine, shown)
    reached = last_position(output)
    try:
        check_file(path, shown)
        positions = [change.position for change in catalog.changes() if change.position > reached]
        last = max(catalog.last_change(), *positions, 0)
        if last > reached and positions != list(range(reached + 1, last + 1)):
            raise JournalDamaged(
                f"the journal {output.uri(JOURNAL)} ends with change {reached}, but the catalog {shown} had written changes up "
                f"to {(positions[0] - 1) if positions else last}: the segment whose name begins with {reached + 1:012d} is "
                "missing; put it back from a copy, or move that catalog away if it is another output's"
            )
        changes = (change for change in catalog.changes() if change.position > reached)
        while batch := list(islice(changes, SEGMENT_CHANGES)):
            output.write(segment_key(batch[0].position, batch[-1].position), render_segment(batch))
    except JournalDamaged:
        raise
    except (CatalogError, ValueError, TypeError) as error:
        return 0, (
            f"changes after {reached}, if there were any, cannot be read from the old catalog ({error}); what a run did in its "
            "last second is done again by `run`"
        )
    finally:
        engine.dispose()
    return len(positions), ""


def _replay(new: Path, output: Store) -> int:
    """Make a complete catalog of the journal in a file of its own, durable on return; on an error none is left."""
    _remove(new)
    try:
        with open_catalog(f"sqlite:///{new}", create=True) as catalog:
            last = catalog.replay(read_journal(output))
        with new.open("rb+") as file:
            os.fsync(file.fileno())
    except BaseException:
        _remove(new)
        raise
    return last


def _take_place(new: Path, path: Path) -> Path | None:
    """Rename the new catalog to the old one's name; return where the old one is kept, None if there was none.

    The old write-ahead log goes first: SQLite would write it into the new file.
    """
    kept = _free_name(path)
    is_there = path.exists()
    if is_there:
        _link(path, kept)
    for suffix in LOG_SUFFIXES:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{kept}{suffix}")
    _sync(path.parent)
    new.rename(path)
    _sync(path.parent)
    return kept if is_there else None


def _free_name(path: Path) -> Path:
    base = f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    return next(
        kept
        for kept in (path.with_name(f"{base}{more}") for more in _numbers())
        if not kept.exists() and not Path(f"{kept}-wal").exists()
    )


def _numbers() -> Iterator[str]:
    yield ""
    for number in range(2, 10_000):
        yield f"-{number}"


def _link(path: Path, kept: Path) -> None:
    """Give the old file a second name, so that its place is never empty; move it where there are no links."""
    try:
        os.link(path, kept)
    except OSError:
        path.rename(kept)


def _remove(new: Path) -> None:
    for suffix in ("", *LOG_SUFFIXES):
        Path(f"{new}{suffix}").unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
