"""Sweep: what a run that was cut off wrote, and no row ever named, is removed. What was ever recorded stays.

A killed worker leaves objects whose rows were never committed, a killed driver a delivery's folder without its row. The run
that goes on does their work again and gives the same bytes, or none, if the source has changed since.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.profiles.model import Profile
from drf_reprocess.stages.package import DELIVERIES
from drf_reprocess.storage.base import STORE, Store, object_key

logger = logging.getLogger(__name__)

SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed."""

    objects: int = 0
    bytes: int = 0
    delivery_folders: int = 0


def sweep(
    catalog: Catalog,
    output: Store,
    profile: Profile,
    since_ns: int,
    mentioned: Callable[[Collection[str]], set[str]],
) -> Swept:
    """Remove objects written since a moment that no row names or ever named, and folders of deliveries without a row.

    Parameters
    ----------
    since_ns
        When the run that was cut off began: nanoseconds since 1970 by the clock of the store.
    mentioned
        Tells which of some objects (their SHA-256) the journal of the catalog tells of anywhere.
    """
    fresh = {
        name: file.bytes
        for file in output.list(STORE)
        if file.mtime_ns >= since_ns and SHA256.fullmatch(name := file.name.rpartition("/")[2])
    }
    for name in catalog.named_objects():
        fresh.pop(name, None)
        if not fresh:
            break
    orphans = fresh.keys() - (mentioned(fresh.keys()) if fresh else set())
    for name in sorted(orphans):
        output.remove(object_key(name))
    folders = _unknown_deliveries(catalog, output, profile)
    for folder in sorted(folders):
        output.remove_tree(f"{DELIVERIES}/{folder}")
    swept = Swept(len(orphans), sum(fresh[name] for name in orphans), len(folders))
    if orphans or folders:
        logger.info("removed what no row names: %s", swept)
    return swept


def _unknown_deliveries(catalog: Catalog, output: Store, profile: Profile) -> set[str]:
    """Return the folders that are named like deliveries, and are in no row."""
    stems = "|".join(re.escape(bundle.stem) for bundle in profile.bundles)
    ours = re.compile(rf"(?:{stems})_d\d{{3,}}")
    found = {file.name.split("/")[1] for file in output.list(DELIVERIES)}
    known = {record.delivery_id for record in catalog.deliveries()}
    return {folder for folder in found - known if ours.fullmatch(folder)}
