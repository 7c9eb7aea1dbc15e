"""What lies in the output beside ``store/`` against the catalog: views, deliveries, inventories, run folders."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any

from drf_reprocess.errors import ObjectNotFound
from drf_reprocess.identifiers import Lid, Lidvid
from drf_reprocess.journal import JOURNAL, is_segment
from drf_reprocess.mission import Mission
from drf_reprocess.model import DeliveryRecord, DeliveryState, SourceFile, StoredObject
from drf_reprocess.pds4.inventory import read_inventory
from drf_reprocess.recovery.difference import Difference
from drf_reprocess.runfolder import RUNS
from drf_reprocess.stages.note import delivery_json_key
from drf_reprocess.stages.package import DELIVERIES, hash_object
from drf_reprocess.stages.publish import BUNDLE_VIEW, PARQUET_VIEW, STAGING_VIEW, columns_key
from drf_reprocess.storage.base import Store, object_key

PUBLISH = "`drf-reprocess publish` makes the views anew"
REPACK = "put it back from a copy, or make it again by `delivery rebuild {} --to DIR`"
RUN_AGAIN = (
    "a run that was cut off leaves that: `run` again brings it to its end; else put it back from a copy"
)
MOVE_AWAY = "move it away: nothing needs it"

HAS_DELIVERY_JSON = {
    DeliveryState.VERIFIED,
    DeliveryState.SENT,
    DeliveryState.ACCEPTED,
    DeliveryState.REJECTED,
}
ADOPTED = "adopted"

SIZE_BYTES = 8

Shown = tuple[str, StoredObject]


# --- Views -----------------------------------------------------------------------------------------------------------


def compare_views(mission: Mission, *, deep: bool) -> Iterator[Difference]:
    """Yield what is missing from the views, too much in them, or not the object that the row names.

    A hard link is known by its inode. Of a copy the size is compared, and its bytes if ``deep``, or where a link was
    expected. Without views (``output.views = "none"``) nothing is compared.
    """
    if mission.config.output.views == "none":
        return
    columns = {columns_key(file_type.name) for file_type in mission.profile.types}
    needed = [
        columns_key(file_type.name)
        for file_type in mission.profile.types
        if mission.catalog.has_products(file_type.name)
    ]
    for key in needed:
        if not mission.output.exists(key):
            yield Difference("view", key, "the columns of the type", "no such file", PUBLISH)
    same = _sameness(mission, deep=deep)
    yield from _compare_view(
        mission.output, (BUNDLE_VIEW, PARQUET_VIEW), lambda: _current(mission), same, columns
    )
    yield from _compare_view(mission.output, (STAGING_VIEW,), lambda: _staged(mission), same, ())


def _current(mission: Mission) -> Iterator[Shown]:
    views = mission.views
    for row in mission.catalog.products():
        yield from views.product_files(row.record)
    for record in mission.catalog.current_aggregates().values():
        yield from views.aggregate_files(record)


def _staged(mission: Mission) -> Iterator[Shown]:
    for waiting in mission.catalog.pending("staged"):
        for key, stored in mission.views.product_files(waiting.record):
            yield f"{STAGING_VIEW}/{key}", stored


def _compare_view(
    output: Store,
    folders: Iterable[str],
    expected: Callable[[], Iterator[Shown]],
    same: Callable[[SourceFile, StoredObject], str],
    passed_over: Collection[str],
) -> Iterator[Difference]:
    """Compare folders with what should be seen in them; of each file only two digests are kept meanwhile."""
    wanted = {
        _short(key): bytes.fromhex(stored.sha256) + stored.bytes.to_bytes(SIZE_BYTES)
        for key, stored in expected()
    }
    for file in chain.from_iterable(output.list(folder) for folder in folders):
        if file.name in passed_over:
            continue
        packed = wanted.pop(_short(file.name), None)
        if packed is None:
            yield Difference("view", file.name, "nothing of that name", f"{file.bytes} bytes", PUBLISH)
            continue
        stored = StoredObject(packed[:-SIZE_BYTES].hex(), "", int.from_bytes(packed[-SIZE_BYTES:]))
        if got := same(file, stored):
            yield Difference("view", file.name, object_key(stored.sha256), got, PUBLISH)
    if wanted:
        for key, stored in expected():
            if _short(key) in wanted:
                yield Difference("view", key, object_key(stored.sha256), "no such file", PUBLISH)


def _short(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=16).digest()


def _sameness(mission: Mission, *, deep: bool) -> Callable[[SourceFile, StoredObject], str]:
    """Return what tells in words how a file of a view differs from an object; empty if it does not."""
    output = mission.output
    linked = output.is_local and mission.config.output.views == "link"

    def differs(file: SourceFile, stored: StoredObject) -> str:
        if output.is_local:
            with contextlib.suppress(FileNotFoundError):  # an object that is missing is told as such
                if os.path.samefile(output.uri(object_key(stored.sha256)), output.uri(file.name)):
                    return ""
        if file.bytes == stored.bytes and not (linked or deep):
            return ""
        got = hash_object(output, file.name)
        return "" if got == stored.sha256 else f"another file, {file.bytes} bytes, SHA-256 {got}"

    return differs


# --- Deliveries ------------------------------------------------------------------------------------------------------


def compare_deliveries(mission: Mission, *, deep: bool) -> Iterator[Difference]:
    """Yield in what the folders of deliveries are not what their rows and their ``delivery.json`` say.

    Of a delivery that is planned, or was given up before it was packed, nothing is expected.
    """
    records = {
        record.delivery_id: record for record in mission.catalog.deliveries() if record.format != ADOPTED
    }
    seen = set()
    listed = groupby(mission.output.list(DELIVERIES), key=lambda file: file.name.split("/")[1])
    for folder, files in listed:
        found = {file.name: file.bytes for file in files}
        record = records.get(folder)
        if record is None:
            got = f"{len(found)} files, {sum(found.values())} bytes"
            yield Difference("delivery", f"{DELIVERIES}/{folder}", "a row of that delivery", got, RUN_AGAIN)
            continue
        seen.add(folder)
        yield from _Folder(mission.output, record, found).compare(deep=deep)
    for delivery_id in sorted(records.keys() - seen):
        yield from _Folder(mission.output, records[delivery_id], {}).compare(deep=deep)


@dataclass(slots=True)
class _Folder:
    output: Store
    record: DeliveryRecord
    found: Mapping[str, int]
    """Size by key."""
    remedy: str = field(init=False)

    def __post_init__(self) -> None:
        self.remedy = REPACK.format(self.record.delivery_id)

    def compare(self, *, deep: bool) -> Iterator[Difference]:
        record = self.record
        if record.state is DeliveryState.PLANNED or not record.package_sha256:
            return
        named = [record.package_key, record.transfer_key, record.checksum_key]
        allowed = {*named, record.note_key}
        if record.state in HAS_DELIVERY_JSON:
            named += [record.note_key, delivery_json_key(record)]
            allowed.update(named)
        for key in named:
            if key not in self.found:
                yield self._differs(key, f"a file of the {record.state} delivery", "no such file")
        for key in sorted(self.found.keys() - allowed):
            what = "no such file" if key == delivery_json_key(record) else "only the delivery's files"
            yield Difference(
                "delivery", key, f"{what}: it is {record.state}", f"{self.found[key]} bytes", MOVE_AWAY
            )
        yield from self._compare_bytes(deep=deep)

    def _compare_bytes(self, *, deep: bool) -> Iterator[Difference]:
        record = self.record
        package = {"bytes": record.package_bytes, "sha256": record.package_sha256}
        files: dict[str, Mapping[str, Any]] = {record.package_key: package}
        json_key = delivery_json_key(record)
        if record.state in HAS_DELIVERY_JSON and json_key in self.found:
            told = _read_delivery_json(self.output.read(json_key))
            folder = json_key.rpartition("/")[0]
            if told.get(record.package_key.removeprefix(f"{folder}/")) != package:
                yield self._differs(
                    json_key, f"size and SHA-256 of the package: {package}", "others, or none"
                )
            files = {f"{folder}/{name}": facts for name, facts in told.items()} | files
        for key, facts in files.items():
            if key not in self.found:
                continue
            if self.found[key] != facts.get("bytes"):
                yield self._differs(key, f"{facts.get('bytes')} bytes", f"{self.found[key]} bytes")
            elif deep and (got := hash_object(self.output, key)) != facts.get("sha256"):
                yield self._differs(key, f"SHA-256 {facts.get('sha256')}", got)

    def _differs(self, key: str, expected: str, got: str) -> Difference:
        return Difference("delivery", key, expected, got, self.remedy)


def _read_delivery_json(data: bytes) -> dict[str, Mapping[str, Any]]:
    """Return what a ``delivery.json`` says of each file, nothing if it cannot be read."""
    try:
        files = json.loads(data)["files"]
        return {str(name): dict(facts) for name, facts in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


# --- Inventories -----------------------------------------------------------------------------------------------------


def compare_inventories(mission: Mission) -> Iterator[Difference]:
    """Yield the products in which the current inventory of a collection is not the catalog's list of its members."""
    catalog = mission.catalog
    current = {
        lid: record for lid, record in catalog.current_aggregates().items() if record.kind == "collection"
    }
    collections = [collection.lid for bundle in mission.profile.bundles for collection in bundle.collections]
    for lid in sorted({*current, *collections}):
        members = {member.lidvid for member in catalog.members(lid)}
        record = current.get(lid)
        listed = _listed(mission.output, record.companion) if record else set()
        if listed is None:
            continue  # the missing object is told as such
        name = object_key(record.companion.sha256) if record else "no inventory"
        yield from _compare_members(lid, name, members, listed)


def _listed(output: Store, inventory: StoredObject) -> set[Lidvid] | None:
    if not inventory.sha256:
        return None
    try:
        rows = read_inventory(output.read(object_key(inventory.sha256))).rows
    except ObjectNotFound:
        return None
    return {row.lidvid for row in rows if row.primary and row.lidvid is not None}


def _compare_members(
    lid: Lid, inventory: str, members: Collection[Lidvid], listed: Collection[Lidvid]
) -> Iterator[Difference]:
    for lidvid in sorted(set(members) - set(listed)):
        yield Difference(
            "inventory", f"{lidvid}", f"a row in the inventory of {lid}", f"none in {inventory}", RUN_AGAIN
        )
    for lidvid in sorted(set(listed) - set(members)):
        yield Difference(
            "inventory", f"{lidvid}", f"no row in the inventory of {lid}", f"a row in {inventory}", RUN_AGAIN
        )


# --- Run folders -----------------------------------------------------------------------------------------------------


def compare_runs(mission: Mission) -> Iterator[Difference]:
    """Yield the folders of runs that have no row, and files in the journal's folder that are no segments."""
    known = {run.run_id for run in mission.catalog.runs()}
    for file in mission.output.list(JOURNAL):
        if not is_segment(file.name):
            yield Difference("journal", file.name, "only segments", f"{file.bytes} bytes", MOVE_AWAY)
    listed = groupby(mission.output.list(RUNS), key=lambda file: file.name.split("/")[1])
    for folder, files in listed:
        size = sum(file.bytes for file in files)
        if folder not in known and f"{RUNS}/{folder}" != JOURNAL:
            yield Difference("run", f"{RUNS}/{folder}", "a row of that run", f"none; {size} bytes", MOVE_AWAY)
