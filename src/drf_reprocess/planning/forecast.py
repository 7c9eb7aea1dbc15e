"""What follows from the expected products: collections and bundles, deliveries, disk space and time."""

from __future__ import annotations

import heapq
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from math import ceil
from pathlib import Path
from typing import Any, cast

from drf_reprocess.catalog.base import Catalog, CollectionMember
from drf_reprocess.compute.serial import SerialExecutor
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.mission import Mission
from drf_reprocess.model import AggregateRecord, Decision, WorkItem
from drf_reprocess.planning.expectation import Expectation, Extent
from drf_reprocess.planning.rates import Rates
from drf_reprocess.profiles.model import Bundle
from drf_reprocess.stages.assemble import AssembleContext, assemble
from drf_reprocess.stages.package import period_of
from drf_reprocess.stages.preview import DryStore
from drf_reprocess.stages.release import release_numbers
from drf_reprocess.storage.base import Store

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
        self.rates = Rates(mission.catalog)
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
        extent, vids = expectation.extent, expectation.vids
        if extent is not None:
            guess = int(extent.file_bytes * (1 + self.rates.parquet_ratio)) + self.rates.label_bytes
            self.stored_bytes += guess if extent.stored_bytes is None else extent.stored_bytes
        if self.staging or vids == (expectation.present,):
            return
        bundle, collection = self.mission.profile.placement[item.type]
        member = _member(expectation)
        self._possible.setdefault(collection.lid, {})[expectation.lid] = member
        if len(vids) == 1:
            self._sure.setdefault(collection.lid, {})[expectation.lid] = member
        waiting = self._waiting[bundle.lid]
        waiting.pop(expectation.lid, None)
        # What returns to its delivered version need not be delivered again.
        if extent is not None and expectation.decisions != (str(Decision.SAME),):
            waiting[expectation.lid] = self._share(expectation, extent)

    def _share(self, expectation: Expectation, extent: Extent) -> Share:
        label_alone = self.mission.profile.package.label_only == "label" and expectation.decisions == (
            str(Decision.LABEL_ONLY),
        )
        label_bytes = extent.label_bytes or self.rates.label_bytes
        return Share(extent.day, 0 if label_alone else extent.file_bytes, label_bytes)

    def summary(self, to_read_bytes: int) -> Row:
        """Return what follows, as plain values; ``to_read_bytes`` is what the run will read."""
        collections, aggregates = ([], {}) if self.staging else self._aggregates()
        deliveries = [] if self.staging else list(self._deliveries(aggregates))
        packed = [size for delivery in deliveries for size in delivery["package_bytes"]]
        return {
            "decisions": dict(sorted(self.decisions.items())),
            "collections": collections,
            "deliveries": deliveries,
            "compression": self.rates.compression[1] if deliveries else "",
            "disk": self._disk(packed),
            "time": self._time(to_read_bytes, sum(packed)),
        }

    def _aggregates(self) -> tuple[list[Row], dict[Lid, list[Share]]]:
        """Return the collections and bundles that get another version, and what of them is to be delivered."""
        catalog, receiver = self.mission.catalog, self.mission.config.release.receiver
        current, bases = catalog.current_aggregates(), catalog.aggregate_bases()
        waiting = {
            bundle.lid: {
                one.lidvid.lid: Share(None, one.file.bytes, one.label.bytes)
                for one in catalog.undelivered_aggregates(bundle.lid, receiver)
            }
            for bundle in self.mission.profile.bundles
        }
        due = {lid for lid, shares in waiting.items() if shares or self._waiting[lid]}
        most = self._assemble(self._possible, due)
        least = most if self._sure == self._possible else self._assemble(self._sure, due)
        rows: list[Row] = []
        for lid in sorted({*current, *most.records, *most.left, *least.records}):
            present = current[lid].lidvid.vid if lid in current else None
            vids = [found.vid_of(lid, present) for found in (most, least)]
            if vids != [present, present]:
                words = " or ".join(dict.fromkeys(str(vid) for vid in vids if vid))
                kind = most.records[lid].kind if lid in most.records else current[lid].kind
                rows.append(
                    {
                        "lid": str(lid),
                        "kind": kind,
                        "present_vid": _text(present),
                        "expected_vid": words or None,
                    }
                )
        for lid, record in most.records.items():
            shares = waiting[record.bundle_lid]
            shares.pop(lid, None)
            if lid not in bases or bases[lid].lidvid != record.lidvid:
                shares[lid] = Share(None, record.companion.bytes, record.label.bytes)
        return rows, {lid: list(shares.values()) for lid, shares in waiting.items()}

    def _assemble(
        self, changed: Mapping[Lid, Mapping[Lid, CollectionMember | None]], due: Collection[Lid]
    ) -> _Assembled:
        """Let the stage itself say which versions follow from the expected members; nothing is stored."""
        mission, run = self.mission, self.mission.config.run
        context = AssembleContext(
            profile=mission.profile,
            output=DryStore(mission.output),
            run_time=self.run_time,
            reason=run.reason,
            xml_catalog=None,
            releases=release_numbers(mission.catalog, mission.profile),
            bump=mission.config.release.bump_collections,
            campaign=run.mode == "full",
            outdated=frozenset(
                bundle.lid
                for bundle in mission.profile.bundles
                if bundle.new_version == "release" and bundle.lid in due
            ),
        )
        expected = cast("Catalog", ExpectedMembers(mission.catalog, changed))
        made = assemble(expected, context, SerialExecutor())
        return _Assembled({record.lidvid.lid: record for record in made.records}, frozenset(made.left))

    def _deliveries(self, aggregates: Mapping[Lid, Sequence[Share]]) -> Iterator[dict[str, Any]]:
        """Yield the deliveries of each bundle, a row for each period, with the sizes of its packages."""
        config, profile = self.mission.config, self.mission.profile
        ratio, _ = self.rates.compression
        for bundle in profile.bundles:
            parcels: dict[tuple[int, int, int], Parcel] = {}
            for share in self._waiting[bundle.lid].values():
                if share.day is not None:
                    period = period_of(share.day, config.package.by, profile.calendar)
                    parcels.setdefault(period, Parcel()).add(share)
            ordered = [parcels[period] for period in sorted(parcels)]
            if aggregates[bundle.lid]:
                ordered = ordered or [Parcel()]
                for share in aggregates[bundle.lid]:
                    ordered[-1].add(share)
            number = self.mission.catalog.next_delivery_number(bundle.lid)
            for parcel in ordered:
                sizes = split_package(ceil(parcel.bytes * ratio), config.package.max_bytes)
                yield {
                    "bundle": str(bundle.lid),
                    "delivery_ids": [f"{bundle.stem}_d{number + place:03d}" for place in range(len(sizes))],
                    "first_day": str(parcel.first_day) if parcel.products else None,
                    "last_day": str(parcel.last_day) if parcel.products else None,
                    "products": parcel.products,
                    "bytes": parcel.bytes,
                    "package_bytes": sizes,
                }
                number += len(sizes)

    def _disk(self, packed: Sequence[int]) -> Row:
        """Return the disk space that the output needs, and what is free where it is local."""
        views = 2 if self.mission.config.output.views == "copy" else 1
        # While a delivery is packed, its compressed members are there twice.
        needed = self.stored_bytes * views + sum(packed) + max(packed, default=0)
        free = _free_bytes(self.mission.output)
        return {
            "needed_bytes": needed,
            "free_bytes": free,
            "is_enough": None if free is None else needed <= free,
        }

    def _time(self, to_read_bytes: int, packed_bytes: int) -> Row:
        """Return how long the run will take, and what of that is a guess."""
        overhead_s, is_measured = self.rates.overhead_s
        guessed = [] if is_measured else ["what does not depend on bytes"]
        total_s = overhead_s
        for stage, bytes_ in (
            ("process", to_read_bytes),
            ("package", packed_bytes),
            ("verify", packed_bytes),
        ):
            rate, is_measured = self.rates.bytes_per_s(stage)
            total_s += bytes_ / rate
            if bytes_ and not is_measured:
                guessed.append(stage)
        basis = (
            f"a guess, no run has been measured: {', '.join(guessed)}"
            if guessed
            else "measured in earlier runs"
        )
        return {"estimated_s": round(total_s, 1), "basis": basis}


@dataclass(frozen=True, slots=True)
class _Assembled:
    """Collections and bundles as the stage would make them."""

    records: Mapping[Lid, AggregateRecord]
    left: frozenset[Lid]

    def vid_of(self, lid: Lid, present: Vid | None) -> Vid | None:
        """Return the version that then stands."""
        if lid in self.left:
            return None
        return self.records[lid].lidvid.vid if lid in self.records else present


def _member(expectation: Expectation) -> CollectionMember | None:
    """Return the most far-reaching version that a product may get as a member of its collection, None if it leaves."""
    vid, extent = expectation.vids[0], expectation.extent
    if vid is None:
        return None
    start_time, stop_time = (extent.start_time, extent.stop_time) if extent else ("", "")
    return CollectionMember(Lidvid(expectation.lid, vid), start_time, stop_time)


def split_package(package_bytes: int, most: int) -> list[int]:
    """Return the sizes of the packages into which so many bytes are cut."""
    whole, rest = divmod(package_bytes, most)
    return [most] * whole + [rest] * bool(rest or not whole)


def _free_bytes(output: Store) -> int | None:
    """Return the free space where a local output is, or will be."""
    if not output.is_local:
        return None
    place = Path(output.root)
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def _text(vid: Vid | None) -> str | None:
    return None if vid is None else str(vid)
