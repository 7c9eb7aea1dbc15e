"""Verify: what is in a package against its two manifests, its labels and its inventories; pure functions.

Everything is compared in both directions: what a manifest promises must be there, what is there must be in a manifest.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from drf_reprocess.identifiers import Lidvid
from drf_reprocess.model import Finding, Severity, Verdict, VerificationEntry
from drf_reprocess.pds4.inventory import read_inventory
from drf_reprocess.pds4.manifests import read_checksum_manifest, read_transfer_manifest
from drf_reprocess.stages.verify_members import LabelFacts

TRANSFER_END = "transfer_manifest.txt"
CHECKSUM_END = "checksum_manifest.txt"

_PRIMARY_MEMBER = re.compile(rb"^P,([^\r\n]+)\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Manifests:
    """Both manifests as rows; an absent one has None."""

    checksums: Mapping[str, str] | None
    """MD5 by path."""
    transfers: Sequence[tuple[Lidvid, str]] | None
    entries: tuple[VerificationEntry, ...] = ()
    """What is wrong with the manifests themselves."""


@dataclass(frozen=True, slots=True)
class PackageContents:
    """What was found in a package."""

    paths: frozenset[str]
    """All members that could be read, and those that could not."""
    damaged: frozenset[str] = frozenset()
    unlisted: Mapping[str, str] = field(default_factory=dict)
    """MD5 by path of the members that the checksum manifest does not name."""
    labels: tuple[LabelFacts, ...] = ()


def read_manifests(transfer: tuple[str, bytes] | None, checksum: tuple[str, bytes] | None) -> Manifests:
    """Return the rows of both manifests, each given as name and bytes, and what is wrong with them."""
    entries: list[VerificationEntry] = []
    transfers = checksums = None
    if transfer is not None:
        transfers, findings = read_transfer_manifest(transfer[1])
        entries += _faults(transfer[0], findings)
    if checksum is not None:
        rows, findings = read_checksum_manifest(checksum[1])
        entries += _faults(checksum[0], findings)
        checksums = {path: md5 for md5, path in rows}
    return Manifests(checksums, transfers, tuple(entries))


def is_manifest(path: str) -> bool:
    """Tell whether a member is one of the manifests that some senders put into the package (SIS 4.3)."""
    return path.endswith((TRANSFER_END, CHECKSUM_END))


def compare_checksums(rows: Mapping[str, str], contents: PackageContents) -> Iterator[VerificationEntry]:
    """Yield missing and unexpected members; a renamed one is both, and each message names the other."""
    missing = {path: md5 for path, md5 in rows.items() if path not in contents.paths}
    unlisted = {path: md5 for path, md5 in contents.unlisted.items() if not is_manifest(path)}
    old_names = {md5: path for path, md5 in missing.items()}
    new_names = {md5: path for path, md5 in unlisted.items()}
    for path, md5 in missing.items():
        renamed = f"; the same bytes are in the package as {new_names[md5]}" if md5 in new_names else ""
        yield VerificationEntry(path, Verdict.MISSING, f"the checksum manifest names it{renamed}")
    for path, md5 in unlisted.items():
        renamed = f", which names the same bytes {old_names[md5]}" if md5 in old_names else ""
        yield VerificationEntry(path, Verdict.UNEXPECTED, f"it has no row in the checksum manifest{renamed}")


def compare_transfers(
    rows: Sequence[tuple[Lidvid, str]], contents: PackageContents
) -> Iterator[VerificationEntry]:
    """Yield labels without a row, rows without a label, and rows whose LIDVID is not that of the label."""
    labels = {label.path: label for label in contents.labels}
    base = _base([path for _, path in rows], contents)
    named = set()
    for lidvid, row_path in rows:
        path = base + row_path
        named.add(path)
        label = labels.get(path)
        if label is not None:
            if label.lidvid is not None and label.lidvid != lidvid:
                message = f"the transfer manifest says {lidvid}, the label itself {label.lidvid}"
                yield VerificationEntry(path, Verdict.WRONG_LIDVID, message)
        elif path not in contents.paths:
            elsewhere = [other.path for other in contents.labels if other.lidvid == lidvid]
            renamed = f"; that product's label is in the package as {elsewhere[0]}" if elsewhere else ""
            yield VerificationEntry(
                path, Verdict.MISSING, f"the transfer manifest names it for {lidvid}{renamed}"
            )
        elif path not in contents.damaged:
            message = f"the transfer manifest names it as the label of {lidvid}, and it is no label"
            yield VerificationEntry(path, Verdict.MISMATCH, message)
    for path in labels.keys() - named:
        message = f"the label of {labels[path].lidvid or 'an unreadable product'} has no row in the transfer manifest"
        yield VerificationEntry(path, Verdict.UNEXPECTED, message)


def find_unlabelled(contents: PackageContents) -> Iterator[VerificationEntry]:
    """Yield the files that no label describes; manifests and readme files need none."""
    described = {path for label in contents.labels for path in (label.path, *label.files)}
    unreadable = {_folder(label.path) for label in contents.labels if label.lidvid is None}
    unreadable |= {_folder(path) for path in contents.damaged}
    for path in contents.paths - described - contents.damaged:
        allowed = is_manifest(path) or path.rpartition("/")[2].lower().startswith("readme")
        if not allowed and _folder(path) not in unreadable:
            yield VerificationEntry(path, Verdict.UNEXPECTED, "no label in the package describes it")


def find_repeated(labels: Iterable[LabelFacts]) -> Iterator[VerificationEntry]:
    """Yield labels of one LIDVID, and files that more than one label describes."""
    by_lidvid: dict[Lidvid, str] = {}
    by_file: dict[str, str] = {}
    for label in sorted(labels, key=lambda label: label.path):
        if (
            label.lidvid is not None
            and (first := by_lidvid.setdefault(label.lidvid, label.path)) != label.path
        ):
            yield VerificationEntry(
                label.path, Verdict.INVALID, f"{label.lidvid} is the product of {first} already"
            )
        for path in label.files:
            if (first := by_file.setdefault(path, label.path)) != label.path:
                message = f"both {first} and {label.path} describe it"
                yield VerificationEntry(path, Verdict.INVALID, message)


def compare_bundles(labels: Sequence[LabelFacts]) -> Iterator[VerificationEntry]:
    """Yield what a bundle label says otherwise of the collections that are in the package with it.

    Collections that it lists and that are not in the package are those that did not change.
    """
    collections = [label for label in labels if label.lidvid and label.product_class == "Product_Collection"]
    for bundle in labels:
        if bundle.product_class != "Product_Bundle" or bundle.lidvid is None:
            continue
        listed = dict(bundle.members)
        for collection in collections:
            if collection.lidvid is None or collection.lidvid.lid.parent != bundle.lidvid.lid:
                continue
            vid = listed.get(str(collection.lidvid.lid))
            if vid is None:
                message = f"{collection.lidvid} is in the package, and is none of the bundle's members"
                yield VerificationEntry(bundle.path, Verdict.INVALID, message)
            elif vid and vid != str(collection.lidvid.vid):
                message = f"it lists {collection.lidvid.lid}::{vid}, the package has {collection.lidvid}"
                yield VerificationEntry(bundle.path, Verdict.INVALID, message)


def tell_uncompared(labels: Sequence[LabelFacts]) -> Iterator[str]:
    """Yield, by collection, how many products were not held against their data by a profile."""
    counts = Counter(
        str(label.lidvid.lid.parent)
        for label in labels
        if label.lidvid is not None and label.is_basic and not label.data_compared
    )
    for collection, count in sorted(counts.items()):
        yield (
            f"times and field names of {count} products in {collection}: no profile was given, or it does not have the "
            "collection"
        )


def compare_inventories(
    labels: Sequence[LabelFacts], given: Mapping[str, bytes], *, proved: bool = False
) -> tuple[tuple[VerificationEntry, ...], tuple[str, ...]]:
    """Return the products that are no member of their collection, and the memberships that could not be checked.

    ``given`` holds inventories by LID of the collection; one in the package takes precedence. Where they are ``proved``, they
    have no faults of their own.
    """
    inside = {
        str(label.lidvid.lid): label.deflated_inventory
        for label in labels
        if label.lidvid and label.deflated_inventory is not None
    }
    products: dict[str, list[LabelFacts]] = defaultdict(list)
    for label in labels:
        if label.lidvid is not None and label.is_basic:
            products[str(label.lidvid.lid.parent)].append(label)
    entries: list[VerificationEntry] = []
    not_checked = []
    for collection, members in sorted(products.items()):
        inventory = zlib.decompress(inside[collection]) if collection in inside else given.get(collection)
        if inventory is None:
            count = Counter(label.path for label in members).total()
            not_checked.append(
                f"membership of {count} products in {collection}: its inventory is not in the package, nor was it given"
            )
            continue
        # Faults of one that is inside are told of its own label.
        if (proved or collection in inside) and _lists_all(inventory, members):
            continue
        entries += _compare_inventory(collection, inventory, members, inside=collection in inside)
    return tuple(entries), tuple(not_checked)


def _lists_all(inventory: bytes, products: Iterable[LabelFacts]) -> bool:
    """Tell whether all products are primary members: read row by row, for an inventory is much larger than a package's part."""
    missing = {str(label.lidvid).encode() for label in products}
    for row in _PRIMARY_MEMBER.finditer(inventory):
        missing.discard(row[1])
    return not missing


def _compare_inventory(
    collection: str, inventory: bytes, products: Iterable[LabelFacts], *, inside: bool
) -> Iterator[VerificationEntry]:
    rows, findings = read_inventory(inventory)
    if not inside:  # else these are findings on the collection's own label
        yield from _faults(f"inventory of {collection}", findings)
    listed = {row.lid: row for row in rows}
    members = {row.lidvid for row in rows if row.primary}
    for label in products:
        if label.lidvid is None or label.lidvid in members:
            continue
        row = listed.get(label.lidvid.lid)
        if row is not None and not row.primary:
            instead = " as a primary member; it lists it as a secondary one"
        else:
            instead = f"; it lists {row.lidvid}" if row is not None else ""
        message = f"{label.lidvid} is not in the inventory of {collection}{instead}"
        yield VerificationEntry(label.path, Verdict.NOT_IN_INVENTORY, message)


def _base(rows: Sequence[str], contents: PackageContents) -> str:
    """Return what the manifest's paths are relative to: the folder of the bundle label (SIS appendix F).

    Where the bundle label is not in the package, it is the folder under which most of the rows are found.
    """
    bundles = [label.path for label in contents.labels if label.product_class == "Product_Bundle"]
    candidates: Collection[str] = dict.fromkeys([*(_folder(path) for path in bundles), ""])
    if not bundles:
        starts = (
            path.removesuffix(row) for row in rows[:5] for path in contents.paths if path.endswith(f"/{row}")
        )
        candidates = dict.fromkeys(["", *sorted(starts)])
    return max(candidates, key=lambda start: sum(start + row in contents.paths for row in rows))


def _folder(path: str) -> str:
    """Return the folder of a path with its closing '/', or an empty text."""
    return path[: path.rfind("/") + 1]


def _faults(name: str, findings: Iterable[Finding]) -> list[VerificationEntry]:
    errors = (finding for finding in findings if finding.severity is Severity.ERROR)
    return [VerificationEntry(name, Verdict.INVALID, f"{error.code}: {error.message}") for error in errors]
