"""A lock that the driver of another host left behind: broken by a person, who says why."""

from __future__ import annotations

from drf_reprocess.catalog.engine import catalog_exists
from drf_reprocess.config.model import Config
from drf_reprocess.lock import LOCK, break_lock
from drf_reprocess.mission import catalog_url, open_mission
from drf_reprocess.model import Event
from drf_reprocess.storage.base import open_store


def unlock_output(config: Config, who: str, at: str, reason: str) -> dict[str, object]:
    """Break the lock of the configured output and return who held it; the ledger keeps who broke it and why.

    Raises
    ------
    OutputLocked
        If its driver is alive on this host.
    """
    output = open_store(config.output.uri, config.output.options)
    held = break_lock(output)
    if held is None:
        return {"lock": output.uri(LOCK), "was_held_by": None}
    if catalog_exists(catalog_url(config, output)):
        words = f"lock of {held} broken by {who}: {reason}"
        with open_mission(config, create=False) as mission:
            mission.catalog.add_events([Event("unlocked", words)], at)
    return {"lock": output.uri(LOCK), "was_held_by": str(held)}
