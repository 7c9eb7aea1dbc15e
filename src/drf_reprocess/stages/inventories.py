"""What the inventories say that receivers have, or will get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.identifiers import Lid, Lidvid
from drf_reprocess.pds4.inventory import read_inventory
from drf_reprocess.pds4.read import read_label
from drf_reprocess.storage.base import Store, object_key


class CurrentInventories(Mapping[str, bytes]):
    """The inventories of a bundle's current collections by LID, each read when it is asked for: together they are large."""

    def __init__(self, catalog: Catalog, output: Store, bundle: Lid) -> None:
        self._output = output
        self._keys = {
            str(lid): object_key(record.companion.sha256)
            for lid, record in catalog.current_aggregates().items()
            if record.kind == "collection" and record.bundle_lid == bundle
        }

    def __getitem__(self, collection: str) -> bytes:
        return self._output.read(self._keys[collection])

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


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
