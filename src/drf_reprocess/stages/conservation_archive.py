"""Conservation of what is listed and delivered: inventories, bundle labels and packages are what the catalog says.

An inventory lists the catalog's current members, a bundle label its current collections, and a package, its manifests and
the catalog have the same files, each once, in both directions. Everything is read again from where it was written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import zip_longest

from drf_reprocess.catalog.base import Catalog, CollectionMember
from drf_reprocess.errors import ConservationError
from drf_reprocess.identifiers import Lid
from drf_reprocess.model import AggregateRecord, DeliveryMember, DeliveryRecord
from drf_reprocess.pds4.inventory import InventoryRow, read_inventory
from drf_reprocess.pds4.read import read_label
from drf_reprocess.profiles.model import Profile
from drf_reprocess.stages.assemble import Assembly
from drf_reprocess.stages.verify import Examined
from drf_reprocess.stages.verify_members import is_label
from drf_reprocess.storage.base import Store, object_key

BLOCK_BYTES = 1 << 18
"""So much of an inventory is in memory at once."""

MAX_TOLD = 10
"""So many of the things that differ are named."""


def check_assembly(catalog: Catalog, output: Store, profile: Profile, assembly: Assembly) -> None:
    """Check all collections and bundles as they stand with what was assembled, before it is recorded.

    Raises
    ------
    ConservationError
        If an inventory does not list the catalog's current members, or a bundle label not its current collections.
    """
    standing = {lid: one for lid, one in catalog.current_aggregates().items() if lid not in assembly.left}
    standing |= {record.lidvid.lid: record for record in assembly.records}
    for bundle in profile.bundles:
        present = {}
        for collection in bundle.collections:
            record = standing.get(collection.lid)
            if record is not None:
                present[collection.lid] = record
            check_inventory(output, collection.lid, record, catalog.members(collection.lid))
        ours = {collection.lid for collection in bundle.collections}
        check_bundle(output, bundle.lid, standing.get(bundle.lid), present, ours)


def check_inventory(
    output: Store, lid: Lid, record: AggregateRecord | None, members: Iterable[CollectionMember]
) -> None:
    """Check that the inventory of a collection, read again, lists exactly these members (sorted by LID) as primary ones.

    Both are read side by side: a mission's members are never in memory at once.

    Raises
    ------
    ConservationError
        If a member is missing, has another version, or is listed too often; or if the inventory has a fault.
    """
    if record is not None and not record.companion.sha256:
        return  # adopted without its inventory, which nobody here has read
    rows = _inventory_rows(output, record) if record is not None else iter(())
    for number, (row, member) in enumerate(zip_longest(rows, members), 1):
        listed = row and row.lidvid
        wanted = member and member.lidvid
        if listed != wanted:
            raise ConservationError(
                f"the inventory of {lid} does not list the catalog's current members: row {number} is "
                f"{listed or 'missing'}, expected {wanted or 'none'}",
                what="inventory",
                expected=str(wanted) if wanted else None,
                got=str(listed) if listed else None,
                first={"row": number},
                item=_aggregate(lid, record),
            )


def _inventory_rows(output: Store, record: AggregateRecord) -> Iterator[InventoryRow]:
    """Yield the primary members of an inventory, read again from the store block by block."""
    key, size, offset, rest = object_key(record.companion.sha256), record.companion.bytes, 0, b""
    while offset < size or rest:
        block = rest + output.read_range(key, offset, min(offset + BLOCK_BYTES, size))
        offset = min(offset + BLOCK_BYTES, size)
        end = block.rfind(b"\n") + 1 if offset < size else len(block)
        block, rest = block[:end], block[end:]
        rows, findings = read_inventory(block)
        if findings:
            raise ConservationError(
                f"the inventory {record.companion_path} was written with a fault: {findings[0].message}",
                what="inventory",
                expected="no fault",
                got=findings[0].message,
                item=_aggregate(record.lidvid.lid, record),
            )
        yield from (row for row in rows if row.primary)


def check_bundle(
    output: Store,
    lid: Lid,
    record: AggregateRecord | None,
    collections: Mapping[Lid, AggregateRecord],
    ours: Collection[Lid],
) -> None:
    """Check that a bundle label, read again, lists its current collections, each once.

    ``ours`` are all collections of the bundle that are made here; what else an adopted bundle lists stays in it.

    Raises
    ------
    ConservationError
        If a collection is missing, has another version, or is listed twice, or though it has no members.
    """
    wanted = sorted(str(one.lidvid) for one in collections.values())
    listed: list[str] = []
    if record is not None:
        for member in read_label(output.read(object_key(record.label.sha256))).members:
            if member.lid in ours:
                # A bundle that was adopted may list its collections without versions.
                present = collections.get(member.lid)
                vid = member.vid or (present.lidvid.vid if present else None)
                listed.append(f"{member.lid}::{vid}")
    if sorted(listed) != wanted:
        odd = sorted((Counter(listed) - Counter(wanted)) + (Counter(wanted) - Counter(listed)))
        raise ConservationError(
            f"the label of {lid} does not list its current collections, once each: {odd[0]} is listed {listed.count(odd[0])} "
            f"times, expected {wanted.count(odd[0])}",
            what="bundle",
            expected=wanted,
            got=sorted(listed),
            first=odd[0],
            item=_aggregate(lid, record),
        )


def _aggregate(lid: Lid, record: AggregateRecord | None) -> dict[str, object]:
    if record is None:
        return {"lid": str(lid)}
    return {
        "lidvid": str(record.lidvid),
        "label": asdict(record.label) | {"path": record.label_path},
        "companion": asdict(record.companion) | {"path": record.companion_path},
    }


def check_delivery(
    catalog: Catalog, output: Store, record: DeliveryRecord, examined: Examined | None
) -> None:
    """Check a package that was opened again, and its manifests, against the catalog's list of its files.

    Parameters
    ----------
    examined
        What was found in the package; None if it is too damaged to be opened, which is a verdict of its own.

    Raises
    ------
    ConservationError
        If manifests, package and catalog do not have the same files and labels, each once; or if a file that a label names
        is neither in the package nor, with the same MD5, in another delivery that the receiver has or will get.
    """
    try:
        members = catalog.delivery_members(record.delivery_id)
        if len(members) != record.members:
            raise ConservationError(
                f"the catalog has {len(members)} files of a delivery of {record.members}",
                what="package",
                expected=record.members,
                got=len(members),
            )
        _check_manifests(output, record, members)
        if examined is not None:
            _check_members(examined, members)
            _check_files(catalog, record, examined, members)
    except ConservationError as violation:
        violation.item |= {
            "delivery": record.delivery_id,
            "receiver": record.receiver,
            "package": output.uri(record.package_key),
            "package_sha256": record.package_sha256,
            "checksum_manifest": output.uri(record.checksum_key),
            "transfer_manifest": output.uri(record.transfer_key),
        }
        raise


def _check_manifests(output: Store, record: DeliveryRecord, members: Sequence[DeliveryMember]) -> None:
    """Both manifests have a row for each file, or label, of the catalog's list, and no other."""
    checksums = _manifest_rows(output.read(record.checksum_key))
    _compare(checksums, ((one.stored.md5, one.path) for one in members), "rows of the checksum manifest")
    labels = [(str(one.lidvid), one.path) for one in members if is_label(one.path)]
    _compare(_manifest_rows(output.read(record.transfer_key)), labels, "rows of the transfer manifest")
    lidvids = [lidvid for lidvid, _ in labels]
    _compare(lidvids, set(lidvids), "LIDVIDs of labels, each once,")


def _manifest_rows(data: bytes) -> Iterator[tuple[str, str]]:
    for line in data.decode("ascii").splitlines():
        first, _, rest = line.partition(" ")
        yield first, rest.lstrip()


def _check_members(examined: Examined, members: Sequence[DeliveryMember]) -> None:
    _compare(examined.members, (one.path for one in members), "files in the package")
    labels = {one.path: str(one.lidvid) for one in members if is_label(one.path)}
    found = ((label.path, str(label.lidvid)) for label in examined.labels if label.lidvid is not None)
    readable = {label.path for label in examined.labels if label.lidvid is not None}
    wanted = ((path, lidvid) for path, lidvid in labels.items() if path in readable)
    _compare(found, wanted, "labels in the package and their LIDVIDs")


def _check_files(
    catalog: Catalog, record: DeliveryRecord, examined: Examined, members: Sequence[DeliveryMember]
) -> None:
    """Every file that a label names travels with it, or is where the receiver gets it from."""
    here = {one.path for one in members}
    elsewhere: dict[str, tuple[Lid, str]] | None = None
    for label in examined.labels:
        for path in label.files:
            if path in here:
                continue
            if elsewhere is None:
                alone = catalog.labels_alone(record.delivery_id)
                elsewhere = {data_path: (lid, md5) for lid, md5, data_path in alone}
            lid, md5 = elsewhere.get(path, (None, ""))
            if lid is None or not catalog.has_file(record.receiver, lid, md5, but=record.delivery_id):
                raise ConservationError(
                    f"{label.path} names {path}, which is neither in the package nor, with the MD5 {md5 or 'of its label'}, in "
                    f"another delivery that {record.receiver} has or will get",
                    what="package",
                    expected=md5 or None,
                    got=None,
                    first=path,
                    item={"lidvid": str(label.lidvid), "label": label.path, "file": path},
                )


def _compare(found: Iterable[Hashable], wanted: Iterable[Hashable], what: str) -> None:
    """Compare two lists in any order, whatever stands in them more than once included."""
    got, expected = Counter(found), Counter(wanted)
    if got == expected:
        return
    surplus, missing = list((got - expected).elements()), list((expected - got).elements())
    raise ConservationError(
        f"{what} are not those of the catalog: {got.total()}, expected {expected.total()}; "
        f"{len(surplus)} too many ({_first(surplus)}), {len(missing)} missing ({_first(missing)})",
        what="package",
        expected=expected.total(),
        got=got.total(),
        first={"too_many": surplus[:MAX_TOLD], "missing": missing[:MAX_TOLD]},
    )


def _first(things: Sequence[object]) -> object:
    return things[0] if things else "none"
