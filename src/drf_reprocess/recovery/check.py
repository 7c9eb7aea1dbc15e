"""The catalog against the tree: every difference is named, and nothing is written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict

from drf_reprocess.catalog.sql import check_whole
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.sites import SiteOptions, open_site
from drf_reprocess.config.load import hide_password
from drf_reprocess.config.model import Config
from drf_reprocess.errors import CatalogDamaged
from drf_reprocess.lock import holder
from drf_reprocess.mission import Mission, catalog_url, open_mission
from drf_reprocess.observer import Observer
from drf_reprocess.recovery.books import compare_books
from drf_reprocess.recovery.difference import Difference, Findings, Row
from drf_reprocess.recovery.objects import StoreFigures, compare_objects, prove_labels
from drf_reprocess.recovery.tree import (
    compare_deliveries,
    compare_inventories,
    compare_runs,
    compare_views,
)
from drf_reprocess.storage.base import open_store

REBUILD = "`drf-reprocess catalog rebuild` makes it again from its journal"


def check_catalog(config: Config, observer: Observer, *, deep: bool = False) -> Row:
    """Return all differences between catalog, journal and tree; with ``deep`` every byte of ``store/`` is read.

    The document has ``status`` (``equal`` or ``different``), ``differences`` (kind, what, expected, got, remedy),
    ``store`` with the figures of its objects, and ``steps``. ``locked_by`` names a driver that is at work, or was killed:
    what it has not finished yet may be told as a difference.

    Raises
    ------
    CatalogError
        If there is no catalog, or it is of another version.
    """
    findings = Findings(observer)
    figures = StoreFigures()
    output = open_store(config.output.uri, config.output.options)
    at_work = holder(output)
    try:
        with open_mission(config, create=False) as mission:
            figures = check_mission(mission, findings, deep=deep)
    except CatalogDamaged as error:
        # What cannot be read cannot be compared with anything.
        url = hide_password(catalog_url(config, output))
        findings.add([Difference("catalog", url, "a database as it was written", str(error), REBUILD)])
    return {
        "status": findings.status,
        "deep": deep,
        "locked_by": str(at_work or ""),
        "differences": findings.difference_rows(),
        "store": asdict(figures),
        "steps": findings.step_rows(),
    }


def check_mission(mission: Mission, findings: Findings, *, deep: bool) -> StoreFigures:
    """Compare the catalog of an opened mission with its journal and its tree.

    Raises
    ------
    CatalogDamaged
        If the database is not whole.
    """
    with findings.step("database"):
        check_whole(catalog_url(mission.config, mission.output))
    catalog, output = mission.catalog, mission.output
    parts: Iterable[tuple[str, Callable[[], Iterator[Difference]]]] = (
        ("journal", lambda: compare_books(catalog, output)),
        ("views", lambda: compare_views(mission, deep=deep)),
        ("deliveries", lambda: compare_deliveries(mission, deep=deep)),
        ("inventories", lambda: compare_inventories(mission)),
        ("runs", lambda: compare_runs(mission)),
    )
    for name, compare in parts:
        with findings.step(name):
            findings.add(compare())
    if not deep:
        return compare_objects(catalog, output, findings)
    with mission_site(mission) as executor:
        figures = compare_objects(catalog, output, findings, executor)
        prove_labels(catalog, output, findings, executor)
    return figures


def mission_site(mission: Mission) -> contextlib.AbstractContextManager[Executor]:
    """Give the configured workers."""
    return open_site(SiteOptions(**mission.config.compute.model_dump() | {"dashboard": ""}))
