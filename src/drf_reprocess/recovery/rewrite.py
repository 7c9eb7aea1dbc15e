"""The journal written anew from a catalog that is whole: where segments of it were lost for good, or to shorten it."""

from __future__ import annotations

from drf_reprocess.catalog.sql import check_whole
from drf_reprocess.config.model import Config
from drf_reprocess.journal import JOURNAL
from drf_reprocess.mission import catalog_url, open_mission


def rewrite_journal(config: Config) -> dict[str, object]:
    """Have the journal begin with the whole content of the catalog; older segments stay, and nothing reads them.

    Raises
    ------
    OutputLocked
        If another driver is at work on the output.
    CatalogDamaged
        If the catalog is not whole, or older than its journal: then the journal is all there is.
    """
    with open_mission(config, create=False, exclusive="catalog journal") as mission:
        check_whole(catalog_url(config, mission.output))
        before = mission.catalog.last_change()
        mission.catalog.note_everything()
        mission.journal.write()
        return {
            "journal": mission.output.uri(JOURNAL),
            "begins_with": before + 1,
            "changes": mission.catalog.last_change() - before,
        }
