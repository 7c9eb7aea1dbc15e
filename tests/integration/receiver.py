"""What an archive does with a delivery: check it by its manifests, and put its products in the place of older ones.

Nothing of the program is used here: a package is right if this reader, which knows only labels, inventories and the
two manifests, makes of all deliveries the tree that the sender shows.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from lxml import etree

NS = {"p": "http://pds.nasa.gov/pds4/pds/v1"}


class Refused(Exception):
    """The archive does not take a delivery."""


def md5_of(data: bytes) -> str:
    """Return the MD5 of some bytes in small hexadecimal digits."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def tree_of(folder: Path) -> dict[str, str]:
    """Return the MD5 of every file below a folder by its path in it."""
    return {
        path.relative_to(folder).as_posix(): md5_of(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def vid_key(vid: str) -> tuple[int, int]:
    """Return a VID as the two numbers that it is compared by."""
    major, minor = vid.split(".")
    return int(major), int(minor)


@dataclass(frozen=True)
class Label:
    """A label as its receiver reads it."""

    path: str
    """Path of the label below the root of the bundle."""
    data: bytes

    @cached_property
    def root(self) -> etree._Element:
        return etree.fromstring(self.data)

    def text(self, path: str) -> str:
        found = self.root.findtext(f".//p:{path}", namespaces=NS)
        assert found is not None, f"{self.path}: no {path}"
        return found.strip()

    @property
    def kind(self) -> str:
        """Name of the root element, such as ``Product_Collection``."""
        return etree.QName(self.root).localname

    @property
    def lid(self) -> str:
        return self.text("logical_identifier")

    @property
    def vid(self) -> str:
        return self.text("version_id")

    @property
    def lidvid(self) -> str:
        return f"{self.lid}::{self.vid}"

    @cached_property
    def files(self) -> dict[str, tuple[int | None, str | None]]:
        """Size and MD5, as far as the label tells them, of each file that it describes, by path."""
        folder = PurePosixPath(self.path).parent
        found = {}
        for file in self.root.iterfind(".//p:File", NS):
            size = file.findtext("p:file_size", namespaces=NS)
            name = file.findtext("p:file_name", namespaces=NS)
            found[str(folder / name)] = (
                int(size) if size else None,
                file.findtext("p:md5_checksum", namespaces=NS),
            )
        return found

    @property
    def history(self) -> tuple[tuple[str, str, str], ...]:
        """Date, VID and description of each Modification_Detail, in the order of the label."""
        return tuple(
            tuple(
                entry.findtext(f"p:{name}", namespaces=NS)
                for name in ("modification_date", "version_id", "description")
            )
            for entry in self.root.iterfind(".//p:Modification_Detail", NS)
        )

    @property
    def references(self) -> tuple[str, ...]:
        """LIDVIDs of the collections that a bundle's label lists."""
        return tuple(
            entry.findtext("p:lidvid_reference", namespaces=NS)
            for entry in self.root.iterfind("p:Bundle_Member_Entry", NS)
        )


def inventory_rows(data: bytes) -> tuple[str, ...]:
    """Return the rows of an inventory; each must be ended by CR LF."""
    *rows, rest = data.decode("ascii").split("\r\n")
    assert rest == "", f"an inventory row without its end: {rest!r}"
    return tuple(rows)


def package_members(package: Path) -> dict[str, bytes]:
    """Return the files of a zip or tar.gz package by path; a path that stands twice or leaves the package is refused."""
    if package.name.endswith(".zip"):
        with zipfile.ZipFile(package) as archive:
            pairs = [(name, archive.read(name)) for name in archive.namelist()]
    else:
        with tarfile.open(package, "r:gz") as archive:
            pairs = [(member.name, archive.extractfile(member).read()) for member in archive]
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused(f"{package.name}: a path stands twice")
    for path in members:
        if path.startswith("/") or ".." in PurePosixPath(path).parts:
            raise Refused(f"{package.name}: {path} leads out of the package")
    return members


def manifest_rows(manifest: Path) -> list[tuple[str, str]]:
    """Return the rows of a manifest: what stands first (LIDVID or MD5), and the path."""
    text = manifest.read_bytes().decode("ascii")
    assert text.endswith("\n") or not text, f"{manifest.name}: the last row has no end"
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines()]


@dataclass(frozen=True)
class Standing:
    """The version of a product, collection or bundle that the archive shows."""

    vid: str
    label_path: str
    files: tuple[str, ...]


class Archive:
    """The archive of one receiver: a folder with the newest version of all that was delivered to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.applied: dict[str, dict[str, str]] = {}
        """MD5 by path of every LIDVID that was ever applied."""
        self.standing: dict[str, Standing] = {}

    def adopt(self, bundle: Path) -> None:
        """Start with a bundle that stands in the archive already."""
        shutil.copytree(bundle, self.folder, dirs_exist_ok=True)
        for path in sorted(self.folder.rglob("*.xml")):
            label = Label(path.relative_to(self.folder).as_posix(), path.read_bytes())
            held = {name: md5_of((self.folder / name).read_bytes()) for name in label.files}
            self.applied[label.lidvid] = {label.path: md5_of(label.data), **held}
            self.standing[label.lid] = Standing(label.vid, label.path, tuple(label.files))

    def apply(self, package: Path, transfer_manifest: Path, checksum_manifest: Path) -> None:
        """Take a delivery, or refuse it (`Refused`) and stay as it was."""
        members = package_members(package)
        self._check_checksums(members, manifest_rows(checksum_manifest))
        labels = self._check_transfer(members, manifest_rows(transfer_manifest))
        self._check_described(members, labels)
        for label in labels:
            self._check_version(members, label)
        for label in labels:
            self._replace(members, label)
        # The bundle's label comes last, after the inventories of all collections that it lists.
        if any(label.kind == "Product_Bundle" for label in labels):
            self._drop_unlisted()

    def tree(self) -> dict[str, str]:
        """Return the MD5 of every file of the archive by path."""
        return tree_of(self.folder)

    def missing(self) -> list[str]:
        """Return the LIDVIDs that bundle or inventories list and that the archive does not show."""
        shown = {f"{lid}::{one.vid}" for lid, one in self.standing.items()}
        return sorted(self._listed() - shown)

    def _check_checksums(self, members: dict[str, bytes], rows: list[tuple[str, str]]) -> None:
        paths = [path for _, path in rows]
        if len(set(paths)) != len(paths) or set(paths) != members.keys():
            raise Refused(f"checksum manifest and package differ in {sorted(set(paths) ^ members.keys())}")
        for checksum, path in rows:
            if md5_of(members[path]) != checksum:
                raise Refused(f"{path}: MD5 {md5_of(members[path])}, the manifest says {checksum}")

    def _check_transfer(self, members: dict[str, bytes], rows: list[tuple[str, str]]) -> list[Label]:
        labels = {path: Label(path, data) for path, data in members.items() if path.endswith(".xml")}
        paths = [path for _, path in rows]
        if len(set(paths)) != len(paths) or set(paths) != labels.keys():
            raise Refused(f"transfer manifest and labels differ in {sorted(set(paths) ^ labels.keys())}")
        if len({lidvid for lidvid, _ in rows}) != len(rows):
            raise Refused("a LIDVID stands twice in the transfer manifest")
        for lidvid, path in rows:
            if labels[path].lidvid != lidvid:
                raise Refused(f"{path}: label of {labels[path].lidvid}, the manifest says {lidvid}")
        if len({label.lid for label in labels.values()}) != len(labels):
            raise Refused("two versions of one product in one package")
        return list(labels.values())

    def _check_described(self, members: dict[str, bytes], labels: list[Label]) -> None:
        described = [path for label in labels for path in label.files]
        if len(set(described)) != len(described):
            raise Refused("a file is described by two labels")
        others = {path for path in members if not path.endswith(".xml")}
        if others - set(described):
            raise Refused(f"no label describes {sorted(others - set(described))}")
        for label in labels:
            for path, (size, checksum) in label.files.items():
                data = members.get(path)
                if data is None:
                    # A label alone: its file must be here already.
                    held = self.folder / path
                    if not held.is_file() or path not in self._files_of(label.lid):
                        raise Refused(f"{label.path} describes {path}, which is in no delivery")
                    data = held.read_bytes()
                if size is not None and len(data) != size:
                    raise Refused(f"{path}: {len(data)} bytes, its label says {size}")
                if checksum is not None and md5_of(data) != checksum:
                    raise Refused(f"{path}: MD5 {md5_of(data)}, its label says {checksum}")

    def _check_version(self, members: dict[str, bytes], label: Label) -> None:
        brought = self._bytes_of(members, label)
        known = self.applied.get(label.lidvid)
        if known is not None and any(known.get(path, md5) != md5 for path, md5 in brought.items()):
            raise Refused(f"{label.lidvid} was delivered before with other bytes")
        standing = self.standing.get(label.lid)
        if standing is not None and vid_key(standing.vid) > vid_key(label.vid):
            raise Refused(f"{label.lidvid} is older than {standing.vid}, which the archive has")
        for path in (label.path, *label.files):
            owner = next(
                (lid for lid in self.standing if lid != label.lid and path in self._files_of(lid)), None
            )
            if owner is not None:
                raise Refused(f"{path} of {label.lidvid} is a file of {owner}")

    def _replace(self, members: dict[str, bytes], label: Label) -> None:
        for path in self._files_of(label.lid) - {label.path, *label.files}:
            (self.folder / path).unlink()
        for path in (label.path, *label.files):
            if path in members:
                target = self.folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(members[path])
        self.applied.setdefault(label.lidvid, {}).update(self._bytes_of(members, label))
        self.standing[label.lid] = Standing(label.vid, label.path, tuple(label.files))

    @staticmethod
    def _bytes_of(members: dict[str, bytes], label: Label) -> dict[str, str]:
        return {path: md5_of(members[path]) for path in (label.path, *label.files) if path in members}

    def _files_of(self, lid: str) -> set[str]:
        one = self.standing.get(lid)
        return {one.label_path, *one.files} if one is not None else set()

    def _labels(self, kind: str) -> Iterator[Label]:
        for one in list(self.standing.values()):
            label = Label(one.label_path, (self.folder / one.label_path).read_bytes())
            if label.kind == kind:
                yield label

    def _listed(self) -> set[str]:
        """LIDVIDs that the bundle, and the inventories of its collections, list; those of the bundles themselves too."""
        listed: set[str] = set()
        for bundle in self._labels("Product_Bundle"):
            listed |= {bundle.lidvid, *bundle.references}
        for collection in self._labels("Product_Collection"):
            if collection.lid in {lidvid.partition("::")[0] for lidvid in listed}:
                (inventory,) = collection.files
                rows = inventory_rows((self.folder / inventory).read_bytes())
                listed |= {row.removeprefix("P,") for row in rows}
        return listed

    def _drop_unlisted(self) -> None:
        """Take away what neither bundle nor inventories list any more, in whatever version."""
        kept = {lidvid.partition("::")[0] for lidvid in self._listed()}
        for lid in [lid for lid in self.standing if lid not in kept]:
            for path in self._files_of(lid):
                (self.folder / path).unlink()
            del self.standing[lid]
