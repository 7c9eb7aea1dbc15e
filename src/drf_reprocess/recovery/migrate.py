"""A catalog of an older version of this software, brought to this one's."""

from __future__ import annotations

from drf_reprocess.catalog.engine import catalog_exists
from drf_reprocess.catalog.tables import SCHEMA_VERSION
from drf_reprocess.config.load import hide_password
from drf_reprocess.config.model import Config
from drf_reprocess.errors import CatalogError
from drf_reprocess.mission import catalog_url, open_mission
from drf_reprocess.storage.base import open_store


def migrate_output(config: Config) -> dict[str, object]:
    """Bring the catalog of the configured output to the schema of today; one that is of it already stays as it is.

    Raises
    ------
    OutputLocked
        If another driver is at work on the output.
    CatalogError
        If there is no catalog, or none that this software can bring there.
    """
    url = catalog_url(config, open_store(config.output.uri, config.output.options))
    if not catalog_exists(url):
        raise CatalogError("there is no catalog to be migrated: nothing has been run on this output yet")
    # Whoever may write brings it there on opening, and the journal gets its content at the end.
    with open_mission(config, create=True, exclusive="catalog migrate") as mission:
        changes = mission.catalog.last_change()
    return {"catalog": hide_password(url), "schema_version": SCHEMA_VERSION, "changes": changes}
