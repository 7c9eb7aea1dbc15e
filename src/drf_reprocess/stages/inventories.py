"""What the inventories say that receivers have, or will get."""

from __future__ import annotations

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.identifiers import Lid, Lidvid
from drf_reprocess.pds4.inventory import read_inventory
from drf_reprocess.pds4.read import read_label
from drf_reprocess.storage.base import Store, object_key


class Inventories:
    """The inventories that the latest bundle labels list, as far as they are used up; read when first asked for."""

    def __init__(self, catalog: Catalog, output: Store) -> None:
        self._catalog = catalog
        self._output = output
        self._listed: dict[Lid, frozenset[Lidvid]] = {}

    def lists(self, lidvid: Lidvid) -> bool:
        """Tell whether a version of a product stands in the latest inventory of its collection."""
        collection = lidvid.lid.parent
        if collection not in self._listed:
            self._listed[collection] = self._read(collection)
        return lidvid in self._listed[collection]

    def _read(self, collection: Lid) -> frozenset[Lidvid]:
        bundle = self._catalog.aggregate_bases().get(collection.parent)
        if bundle is None:
            return frozenset()
        listed = read_label(self._output.read(object_key(bundle.label.sha256))).members
        vid = next((member.vid for member in listed if member.lid == collection), None)
        record = self._catalog.aggregate(Lidvid(collection, vid)) if vid else None
        if record is None or not record.companion.sha256:
            return frozenset()
        rows = read_inventory(self._output.read(object_key(record.companion.sha256))).rows
        return frozenset(row.lidvid for row in rows if row.lidvid is not None)
