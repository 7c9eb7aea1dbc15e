"""What follows from the expected products: collections and bundles, deliveries, disk space and time."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from drf_reprocess.catalog.base import Catalog, CollectionMember
from drf_reprocess.identifiers import Lid, Lidvid
from drf_reprocess.mission import Mission
from drf_reprocess.model import AggregateRecord, Decision, WorkItem
from drf_reprocess.planning.expectation import Expectation
from drf_reprocess.planning.rates import Rates
from drf_reprocess.profiles.model import Bundle

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Share:
    """What one product, collection or bundle adds to a delivery. Sizes are bytes."""

    day: date | None
    file_bytes: int
    label_bytes: int

    @property
    def bytes(self) -> int:
        """Bytes of its members before compression."""
        return self.file_bytes + self.label_bytes


@dataclass(slots=True)
class Parcel:
    """The products of one delivery period. Sizes are bytes."""

    products: int = 0
    bytes: int = 0
    first_day: date = date.max
    last_day: date = date.min

    def add(self, share: Share) -> None:
        """Add a product, or a collection or bundle."""
        self.bytes += share.bytes
        if share.day is not None:
            self.products += 1
            self.first_day, self.last_day = min(self.first_day, share.day), max(self.last_day, share.day)


class ExpectedMembers:
    """The catalog as `stages.assemble` asks it, with the expected products in place of those that they replace."""

    def __init__(
        self, catalog: Catalog, changed: Mapping[Lid, Mapping[Lid, CollectionMember | None]]
    ) -> None:
        self._catalog = catalog
        self._changed = changed

    def current_aggregates(self) -> dict[Lid, AggregateRecord]:
        """Return those of the catalog."""
        return self._catalog.current_aggregates()

    def aggregate_bases(self) -> dict[Lid, AggregateRecord]:
        """Return those of the catalog."""
        return self._catalog.aggregate_bases()

    def members(self, collection_lid: Lid) -> Iterator[CollectionMember]:
        """Yield the members that a collection is expected to have, sorted by LID."""
        changed = self._changed.get(collection_lid, {})
        kept = (one for one in self._catalog.members(collection_lid) if one.lidvid.lid not in changed)
        fresh = sorted((one for one in changed.values() if one), key=lambda one: one.lidvid)
        return heapq.merge(kept, fresh, key=lambda one: one.lidvid)


class Forecast:
    """Adds up what is expected of each product and tells what follows.

    It keeps identifiers, times and sizes of products that change, as the driver of a run does of a collection's members.
    """

    def __init__(self, mission: Mission, run_time: str, *, staging: bool) -> None:
        self.mission = mission
        self.run_time = run_time
        self.staging = staging
        self.rates = Rates.of(mission)
        self.decisions: Counter[str] = Counter()
        self.stored_bytes = 0
        self._sure: dict[Lid, dict[Lid, CollectionMember | None]] = {}
        """By collection: the products that change, None for those that leave."""
        self._possible: dict[Lid, dict[Lid, CollectionMember | None]] = {}
        self._waiting: dict[Lid, dict[Lid, Share]] = {}
        """By bundle: what its receiver lacks."""
        if not staging:
            for bundle in mission.profile.bundles:
                self._waiting[bundle.lid] = dict(self._undelivered(bundle))

    def _undelivered(self, bundle: Bundle) -> Iterator[tuple[Lid, Share]]:
        """Yield the products of a bundle that its receiver lacks already, month by month."""
        catalog, receiver = self.mission.catalog, self.mission.config.release.receiver
        days = catalog.undelivered_days(bundle.lid, receiver)
        for _, month in groupby(days, key=lambda day: day[:7]):
            span = list(month)
            for one in catalog.undelivered_products(bundle.lid, receiver, span[0], span[-1]):
                yield one.lidvid.lid, Share(one.day, one.file.bytes, one.label.bytes)

    def add(self, item: WorkItem, expectation: Expectation) -> None:
        """Count one product."""
        self.decisions[expectation.decision] += 1
        lid, extent = expectation.lid, expectation.extent
        bundle, collection = self.mission.profile.placement[item.type]
        if extent is not None:
            label_bytes = extent.label_bytes or self.rates.label_bytes
            guess = extent.file_bytes + int(extent.file_bytes * self.rates.parquet_ratio) + label_bytes
            self.stored_bytes += extent.stored_bytes if extent.stored_bytes is not None else guess
        if self.staging or expectation.vids == (expectation.present,):
            return
        self._waiting[bundle.lid].pop(lid, None)
        members = [
            CollectionMember(
                Lidvid(lid, vid), extent.start_time if extent else "", extent.stop_time if extent else ""
            )
            for vid in expectation.vids
            if vid
        ]
        returns = not extent and bool(members)
        if not returns:
            self._possible.setdefault(collection.lid, {})[lid] = members[0] if members else None
        if len(expectation.vids) == 1 and not returns:
            self._sure.setdefault(collection.lid, {})[lid] = members[0] if members else None
        if extent is not None:
            label_alone = (
                expectation.decisions == (str(Decision.LABEL_ONLY),)
                and self.mission.profile.package.label_only == "label"
            )
            share = Share(
                extent.day,
                0 if label_alone else extent.file_bytes,
                extent.label_bytes or self.rates.label_bytes,
            )
            self._waiting[bundle.lid][lid] = share
