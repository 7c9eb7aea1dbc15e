"""Which labels of a bundle are those of the versions that stand in the archive: bundle label and inventories decide."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from drf_reprocess.errors import ConfigurationError, StorageError, UnreadableLabel
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import AggregateRecord, Severity, StoredObject
from drf_reprocess.pds4.inventory import read_inventory, write_inventory
from drf_reprocess.pds4.names import find_path_fault
from drf_reprocess.pds4.read import BundleMember, LabelContents, read_label
from drf_reprocess.profiles.model import Bundle, Collection
from drf_reprocess.stages.adopt_labels import AdoptContext, Remark, Sighting, order_history, to_calendar
from drf_reprocess.storage.base import put_object

_BUNDLE, _COLLECTION, _PRODUCT = "Product_Bundle", "Product_Collection", "Product_Observational"
_LOOK = "compare the bundle with the archive's own copy"


@dataclass(slots=True)
class Survey:
    """All labels of a bundle, by LID; a few hundred bytes a label."""

    labels: dict[Lid, list[Sighting]] = field(default_factory=lambda: defaultdict(list))
    remarks: list[Remark] = field(default_factory=list)
    files: int = 0


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of a bundle that stand in the archive."""

    bundle: Bundle
    bundle_record: AggregateRecord
    collections: tuple[AggregateRecord, ...]
    """Without times where their labels have none."""
    products: tuple[Sighting, ...]
    """Labels of the current versions of basic products, sorted by path."""
    remarks: tuple[Remark, ...]


def choose_versions(context: AdoptContext, found: Survey) -> Versions:
    """Decide which labels are those of the current versions, and keep the labels and inventories of the collections.

    The bundle label of the highest version decides which collections are current, their inventories which products.

    Raises
    ------
    ConfigurationError
        If there is no bundle label in the bundle's root folder, or none of the profile's bundles.
    """
    return _Chooser(context, found).choose()


class _Chooser:
    """Decides by bundle label and inventories what is current, and says of everything else why it is not."""

    def __init__(self, context: AdoptContext, found: Survey) -> None:
        self.context = context
        self.labels = found.labels
        self.unreadable = found.remarks
        self.remarks: list[Remark] = []
        self.products: list[Sighting] = []
        self.told: set[Lid] = set()
        """LIDs of which it is clear what becomes of them."""
        self.folders: dict[str, Lid] = {}
        """Folders of the collections taken, but for the bundle's own."""
        self.secondary: set[Lid] = set()
        self.members: dict[Lid, list[Lid]] = defaultdict(list)
        """LIDs of labels by that of their collection."""
        for lid in sorted(found.labels):
            if lid.text.count(":") > 3:
                self.members[lid.parent].append(lid)

    def choose(self) -> Versions:
        bundle, sighting = self._find_bundle()
        try:
            label, contents = self._read(sighting)
        except UnreadableLabel as error:
            raise UnreadableLabel(f"{sighting.path}: {error}") from error
        known = {collection.lid: collection for collection in bundle.collections}
        listed = sorted(contents.members, key=lambda member: member.lid)
        records = {}
        for member in listed:
            if member.lid in known:
                record = self._take_collection(bundle, known[member.lid], member, sighting)
                if record is not None:
                    records[member.lid] = record
        self._tell_not_listed(known, {member.lid for member in listed}, sighting)
        self._tell_foreign(listed, known)
        record = self._bundle_record(bundle, sighting, label, contents, records)
        self.products.sort(key=lambda one: one.path)
        return Versions(bundle, record, tuple(records.values()), tuple(self.products), tuple(self.remarks))

    def _remark(
        self,
        code: str,
        severity: Severity,
        message: str,
        remedy: str = _LOOK,
        *,
        path: str = "",
        of: Lid | Lidvid | str = "",
        count: int = 1,
        left_out: bool = True,
    ) -> None:
        self.remarks.append(Remark(code, severity, message, remedy, path, str(of), left_out, count))

    # The bundle

    def _find_bundle(self) -> tuple[Bundle, Sighting]:
        roots = [
            one
            for sightings in self.labels.values()
            for one in sightings
            if one.product_class == _BUNDLE and "/" not in one.path
        ]
        root = self.context.bundle.root
        if not roots:
            broken = "; ".join(remark.message for remark in self.unreadable if "/" not in remark.path)
            raise ConfigurationError(
                f"no bundle label in {root}: expected a label of class {_BUNDLE}, usually bundle*.xml, in that folder itself"
                + (f"; {broken}" if broken else "")
            )
        bundles = {bundle.lid: bundle for bundle in self.context.profile.bundles}
        lids = sorted({one.lidvid.lid for one in roots})
        ours = [lid for lid in lids if lid in bundles]
        if len(ours) != 1:
            raise ConfigurationError(
                f"the bundle labels in {root} are of {', '.join(map(str, lids))}; expected one bundle of the profile "
                f"{self.context.profile.name}: {' or '.join(map(str, bundles))}; set mission.profile to that of the bundle"
            )
        (lid,) = ours
        self.told.add(lid)
        chosen = self._select(lid, None, [one for one in roots if one.lidvid.lid == lid], root)
        if chosen is None:
            raise ConfigurationError(self.remarks[-1].message)
        return bundles[lid], chosen

    def _bundle_record(
        self,
        bundle: Bundle,
        sighting: Sighting,
        label: bytes,
        contents: LabelContents,
        records: dict[Lid, AggregateRecord],
    ) -> AggregateRecord:
        path, companion = "", StoredObject("", "", 0)
        if contents.files:
            path, content = self._read_companion(sighting, contents, "readme")
            if content is not None:
                companion = put_object(self.context.output, content)
        members = {
            member.lid: records[member.lid].lidvid.vid if member.lid in records else member.vid
            for member in contents.members
        }
        listing = "\n".join(f"{lid}::{vid}" for lid, vid in sorted(members.items()))
        return self._record(bundle, "bundle", sighting, label, contents, (path, companion), listing.encode())

    # Collections

    def _take_collection(
        self, bundle: Bundle, collection: Collection, member: BundleMember, listed_in: Sighting
    ) -> AggregateRecord | None:
        """Return the row of a collection and note its current products; None if it cannot be adopted."""
        lid = collection.lid
        self.told.add(lid)
        present = [one for one in self.labels.get(lid, ()) if one.product_class == _COLLECTION]
        if not present:
            message = f"{listed_in.path} lists {lid}, of which there is no label here"
            self._remark("collection-missing", Severity.ERROR, message, of=lid)
        sighting = self._select(lid, member.vid, present, listed_in.path) if present else None
        record = self._read_collection(bundle, collection, sighting) if sighting is not None else None
        if record is None:
            self._tell_orphans(collection)
        return record

    def _read_collection(
        self, bundle: Bundle, collection: Collection, sighting: Sighting
    ) -> AggregateRecord | None:
        try:
            label, contents = self._read(sighting)
        except (UnreadableLabel, StorageError) as error:
            message = f"{sighting.path}: {error}"
            self._remark("label-unreadable", Severity.ERROR, message, path=sighting.path, of=sighting.lidvid)
            return None
        path, inventory = self._read_companion(sighting, contents, "inventory")
        if inventory is None:
            return None
        rows = self._read_inventory(collection, path, inventory)
        self._choose_products(collection, sighting, path, rows)
        companion = path, put_object(self.context.output, inventory)
        listed = write_inventory(Lidvid(lid, vid) for lid, vid in rows.items())
        return self._record(bundle, "collection", sighting, label, contents, companion, listed)

    def _read_inventory(self, collection: Collection, path: str, inventory: bytes) -> dict[Lid, Vid]:
        """Return the primary members."""
        contents = read_inventory(inventory)
        for finding in contents.findings:
            message = f"{path}: {finding.message}"
            self._remark(finding.code, finding.severity, message, path=path, left_out=False)
        rows: dict[Lid, Vid] = {}
        for row in contents.rows:
            if row.primary and row.vid is not None:
                rows[row.lid] = max(row.vid, rows.get(row.lid, row.vid))
        secondary = {row.lid for row in contents.rows if not row.primary}
        self.secondary |= secondary
        if secondary:
            message = f"{path} lists {len(secondary)} secondary members, which are not of this collection"
            self._remark(
                "secondary-members",
                Severity.INFO,
                message,
                "none needed for the products of this collection",
                path=path,
                of=collection.lid,
                count=len(secondary),
            )
        return rows

    def _read_companion(
        self, sighting: Sighting, contents: LabelContents, what: str
    ) -> tuple[str, bytes | None]:
        """Return path and content of the file that the label of a collection or bundle describes."""
        name = contents.files[0].name if contents.files else ""
        fault = "it is no plain name" if "/" in name else find_path_fault(name)
        if fault:
            message = f"{sighting.path}: its {what} is called {name[:200]!r}: {fault}"
            self._remark("unsafe-path", Severity.ERROR, message, path=sighting.path, of=sighting.lidvid)
            return "", None
        path = str(PurePosixPath(sighting.path).with_name(name))
        try:
            content = self.context.bundle.read(path)
        except StorageError as error:
            message = f"{sighting.path}: its {what} {path} cannot be read: {error}"
            self._remark(f"{what}-missing", Severity.ERROR, message, path=path, of=sighting.lidvid)
            return path, None
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if contents.files[0].md5 and contents.files[0].md5.lower() != md5:
            message = f"{path} has the MD5 checksum {md5}, its label says {contents.files[0].md5}"
            self._remark(
                f"{what}-md5", Severity.ERROR, message, path=path, of=sighting.lidvid, left_out=False
            )
        return path, content

    def _record(
        self,
        bundle: Bundle,
        kind: str,
        sighting: Sighting,
        label: bytes,
        contents: LabelContents,
        companion: tuple[str, StoredObject],
        members: bytes,
    ) -> AggregateRecord:
        start, stop = self._times(sighting, contents)
        history, fault = order_history(contents.history, contents.vid, contents.publication_year, start)
        if fault:
            self._remark(
                "history-incomplete",
                Severity.WARNING,
                f"{sighting.path}: {fault}",
                "an entry was added that says so; the next label will have it",
                path=sighting.path,
                of=sighting.lidvid,
                left_out=False,
            )
        return AggregateRecord(
            lidvid=contents.lidvid,
            kind=kind,
            bundle_lid=bundle.lid,
            label=put_object(self.context.output, label),
            label_path=sighting.path,
            companion=companion[1],
            companion_path=companion[0],
            start_time=start,
            stop_time=stop,
            history=history,
            members_digest=hashlib.sha256(members).hexdigest(),
        )

    def _times(self, sighting: Sighting, contents: LabelContents) -> tuple[str, str]:
        if contents.start_time is None or contents.stop_time is None:
            return "", ""
        try:
            return to_calendar(contents.start_time), to_calendar(contents.stop_time)
        except ValueError as error:
            message = f"{sighting.path}: {error}"
            self._remark(
                "no-times", Severity.WARNING, message, path=sighting.path, of=sighting.lidvid, left_out=False
            )
            return "", ""

    def _read(self, sighting: Sighting) -> tuple[bytes, LabelContents]:
        label = self.context.bundle.read(sighting.path)
        return label, read_label(label)

    # Products

    def _choose_products(
        self, collection: Collection, sighting: Sighting, inventory: str, rows: dict[Lid, Vid]
    ) -> None:
        folder = str(PurePosixPath(sighting.path).parent)
        if folder != ".":
            self.folders[folder] = collection.lid
        for lid, vid in rows.items():
            self.told.add(lid)
            present = self.labels.get(lid, [])
            if lid.text.count(":") <= 4 or lid.parent != collection.lid:
                message = f"{inventory} lists {lid}::{vid}, which is not below {collection.lid}"
                self._remark("foreign-member", Severity.ERROR, message, path=inventory, of=Lidvid(lid, vid))
            elif not present:
                message = f"{inventory} lists {lid}::{vid}, of which there is no readable label here"
                self._remark(
                    "member-without-label", Severity.ERROR, message, path=inventory, of=Lidvid(lid, vid)
                )
            elif (chosen := self._select(lid, vid, present, inventory)) is not None:
                self._choose_product(chosen, collection, folder)
        for lid in self.members.get(collection.lid, ()):
            if lid not in rows:
                self._tell_unlisted(lid, inventory)

    def _choose_product(self, chosen: Sighting, collection: Collection, folder: str) -> None:
        if chosen.product_class != _PRODUCT:
            message = f"{chosen.path} is a {chosen.product_class}, expected a {_PRODUCT}"
            self._remark(
                "other-class",
                Severity.ERROR,
                message,
                "products of another class are not made here",
                path=chosen.path,
                of=chosen.lidvid,
            )
            return
        if folder != "." and not chosen.path.startswith(f"{folder}/"):
            message = f"{chosen.path}: its product {chosen.lidvid} is of {collection.lid}, which has the folder {folder}"
            self._remark(
                "other-folder",
                Severity.WARNING,
                message,
                "none needed: it was adopted by its identifier",
                path=chosen.path,
                of=chosen.lidvid,
                left_out=False,
            )
        self.products.append(chosen)

    def _select(
        self, lid: Lid, vid: Vid | None, present: Sequence[Sighting], listed_in: str
    ) -> Sighting | None:
        """Return the label of a version (None: the latest); say of the others why they are not current."""
        wanted = vid or max(one.lidvid.vid for one in present)
        matching = [one for one in present if one.lidvid.vid == wanted]
        for other in present:
            if other.lidvid.vid != wanted:
                self._tell_other_version(other, Lidvid(lid, wanted), listed_in, is_here=bool(matching))
        if not matching:
            return None
        if len({one.md5 for one in matching}) > 1:
            paths = ", ".join(one.path for one in matching)
            self._remark(
                "lidvid-twice",
                Severity.ERROR,
                f"{len(matching)} labels that differ claim to be {lid}::{wanted}: {paths}",
                "find out which of them the archive holds, and remove the others",
                path=matching[0].path,
                of=Lidvid(lid, wanted),
            )
            return None
        for copy in matching[1:]:
            self._remark(
                "label-copy",
                Severity.WARNING,
                f"{copy.path} is a copy of {matching[0].path}",
                "remove one of them: a LIDVID has one label",
                path=copy.path,
                of=copy.lidvid,
            )
        return matching[0]

    def _tell_other_version(self, other: Sighting, wanted: Lidvid, listed_in: str, *, is_here: bool) -> None:
        if is_here and other.lidvid.vid < wanted.vid:
            message = f"{other.path}: {other.lidvid} is superseded by {wanted.vid}"
            self._remark(
                "version-superseded",
                Severity.INFO,
                message,
                "none needed: its history is in the newer label",
                path=other.path,
                of=other.lidvid,
            )
        else:
            message = f"{other.path} is of version {other.lidvid.vid}, but {listed_in} lists {wanted}"
            self._remark("version-not-listed", Severity.ERROR, message, path=other.path, of=other.lidvid)

    # What is left

    def _tell_unlisted(self, lid: Lid, inventory: str) -> None:
        self.told.add(lid)
        for one in self.labels[lid]:
            message = f"{one.path}: {one.lidvid} is not listed in {inventory}"
            self._remark("not-in-inventory", Severity.ERROR, message, path=one.path, of=one.lidvid)

    def _tell_orphans(self, collection: Collection) -> None:
        lids = self.members.get(collection.lid, [])
        self.told.update(lids)
        if lids:
            count = sum(len(self.labels[lid]) for lid in lids)
            message = f"{count} labels of {collection.lid}, which could not be adopted, such as {self.labels[lids[0]][0].path}"
            self._remark("collection-not-adopted", Severity.ERROR, message, of=collection.lid, count=count)

    def _tell_not_listed(self, known: dict[Lid, Collection], listed: set[Lid], bundle: Sighting) -> None:
        for lid, collection in known.items():
            if lid in listed:
                continue
            self.told.add(lid)
            for one in self.labels.get(lid, ()):
                message = f"{one.path}: {one.lidvid} is not listed in {bundle.path}"
                self._remark("not-in-bundle", Severity.ERROR, message, path=one.path, of=one.lidvid)
            self._tell_orphans(collection)

    def _tell_foreign(self, listed: Iterable[BundleMember], known: dict[Lid, Collection]) -> None:
        """Count what is of no collection of the profile: documents, schemas, context, other missions."""
        groups: Counter[Lid] = Counter()
        for lid, sightings in self.labels.items():
            if lid in self.told:
                continue
            strays = (
                [] if lid in self.secondary else [one for one in sightings if self._folder_owner(one.path)]
            )
            for one in strays:
                self._tell_stray(one)
            if len(sightings) > len(strays):
                groups[lid if lid.text.count(":") <= 4 else lid.parent] += len(sightings) - len(strays)
        for member in listed:
            if member.lid not in known:
                groups[member.lid] += 0
        for lid, count in sorted(groups.items()):
            self._remark(
                "other-collection",
                Severity.INFO,
                f"{lid}: not a collection of this profile ({count} labels here)",
                "none needed: the bundle goes on listing it as before",
                of=lid,
                count=count,
            )

    def _tell_stray(self, one: Sighting) -> None:
        owner = self._folder_owner(one.path)
        message = f"{one.path}: {one.lidvid} lies in the folder of {owner}, but is not below that identifier"
        self._remark(
            "lid-outside-collection",
            Severity.ERROR,
            message,
            "find out which of folder and identifier is wrong",
            path=one.path,
            of=one.lidvid,
        )

    def _folder_owner(self, path: str) -> Lid | None:
        """Return the collection in whose folder a label lies."""
        return next(
            (
                self.folders[str(folder)]
                for folder in PurePosixPath(path).parents
                if str(folder) in self.folders
            ),
            None,
        )
