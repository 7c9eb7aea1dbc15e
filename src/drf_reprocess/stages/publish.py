"""Publish: the views ``bundle/`` and ``parquet/``, made from the catalog's current rows and nothing else.

A view is a folder of hard links to the immutable objects of ``store/`` (copies where links are not possible, or by
``output.views``). It holds nothing of its own, so it can be removed and made again at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.model import AggregateRecord, ProductRecord, StoredObject
from drf_reprocess.profiles.describe import columns_csv
from drf_reprocess.profiles.model import Bundle, Profile
from drf_reprocess.storage.base import Store, object_key

BUNDLE_VIEW = "bundle"
PARQUET_VIEW = "parquet"
STAGING_VIEW = "staging"


def columns_key(type_name: str) -> str:
    """Return the key of the CSV that tells the columns of a type; readers of datasets pass over names with ``_``."""
    return f"{PARQUET_VIEW}/_columns/{type_name}.csv"


def bundle_key(bundle: Bundle, path: str) -> str:
    """Return the key in the output of a file of a bundle, given its path below the bundle's folder."""
    folder = BUNDLE_VIEW if bundle.folder == "." else f"{BUNDLE_VIEW}/{bundle.folder}"
    return f"{folder}/{path}"


class Views:
    """The views of one output."""

    def __init__(self, output: Store, profile: Profile, mode: str) -> None:
        self.output = output
        self.profile = profile
        self.mode = mode
        self._bundles = {bundle.lid: bundle for bundle in profile.bundles}

    def product_files(self, record: ProductRecord) -> Iterator[tuple[str, StoredObject]]:
        """Yield key and object of each file by which a product is seen, as far as its bytes are here."""
        bundle, _ = self.profile.placement[record.type]
        files = (
            (bundle_key(bundle, record.data_path), record.data),
            (bundle_key(bundle, record.label_path), record.label),
            (f"{PARQUET_VIEW}/{record.parquet_path}", record.parquet),
        )
        # Of an adopted product whose data file was never seen there is a label alone, and a label needs its file.
        if record.data.sha256:
            yield from ((key, stored) for key, stored in files if stored.sha256)

    def aggregate_files(self, record: AggregateRecord) -> Iterator[tuple[str, StoredObject]]:
        """Yield key and object of each file by which a collection or bundle is seen."""
        bundle = self._bundles[record.bundle_lid]
        yield bundle_key(bundle, record.label_path), record.label
        if record.companion.sha256:
            yield bundle_key(bundle, record.companion_path), record.companion

    def update(self, catalog: Catalog, run_id: str, stale: Collection[str]) -> int:
        """Show what one run made, and take away the ``stale`` keys; return how many files are shown."""
        if self.mode == "none":
            return 0
        shown = 0
        left = set(stale)
        for key, stored in chain(
            chain.from_iterable(self.product_files(row.record) for row in catalog.products(run_id=run_id)),
            chain.from_iterable(self.aggregate_files(one) for one in catalog.aggregates_of_run(run_id)),
        ):
            self._show(key, stored)
            left.discard(key)
            shown += 1
        for key in sorted(left):
            self.output.remove(key)
        return shown

    def show_staged(self, catalog: Catalog) -> int:
        """Show what waits for the next release, and nothing else, in a tree of its own: its labels are provisional."""
        if self.mode == "none":
            return 0
        wanted = {
            f"{STAGING_VIEW}/{key}": stored
            for waiting in catalog.pending("staged")
            for key, stored in self.product_files(waiting.record)
        }
        for key, stored in wanted.items():
            self._show(key, stored)
        for file in list(self.output.list(STAGING_VIEW)):
            if file.name not in wanted:
                self.output.remove(file.name)
        return len(wanted)

    def _show(self, key: str, stored: StoredObject) -> None:
        if self.mode == "link":
            self.output.link(object_key(stored.sha256), key)
        else:
            self.output.copy(object_key(stored.sha256), key)

    def describe_columns(self, catalog: Catalog) -> None:
        """Write the columns of each type that has products as CSV beside the dataset, where they differ."""
        if self.mode == "none":
            return
        for file_type in self.profile.types:
            if not catalog.has_products(file_type.name):
                continue
            key, text = columns_key(file_type.name), columns_csv(self.profile, file_type.name)
            if not (self.output.exists(key) and self.output.read(key) == text):
                self.output.write(key, text)

    def rebuild(self, catalog: Catalog) -> int:
        """Make the views anew from the catalog and return how many files they hold."""
        if self.mode == "none":
            return 0
        self.describe_columns(catalog)
        shown = 0
        wanted = {columns_key(file_type.name) for file_type in self.profile.types}
        for key, stored in self._current(catalog):
            self._show(key, stored)
            wanted.add(key)
            shown += 1
        for view in (BUNDLE_VIEW, PARQUET_VIEW):
            for file in list(self.output.list(view)):
                if file.name not in wanted:
                    self.output.remove(file.name)
        return shown

    def _current(self, catalog: Catalog) -> Iterator[tuple[str, StoredObject]]:
        for row in catalog.products():
            yield from self.product_files(row.record)
        for record in catalog.current_aggregates().values():
            yield from self.aggregate_files(record)
