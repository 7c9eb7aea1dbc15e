"""A small mission that is played through the command line, and what must hold after each of its steps.

Everything is judged from outside: by the answers of commands, by files and labels, by packages and their manifests, and by
what an archive (`receiver.Archive`) makes of them.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from drf_integration_cli import Completed, run_cli, settings
from drf_integration_receiver import (
    Archive,
    Label,
    inventory_rows,
    manifest_rows,
    md5_of,
    package_members,
    tree_of,
    vid_key,
)

from drf_reprocess.testing.sample import write_sample

TYPES = ("gnc", "eps", "pf")
SCALE = 0.0001
"""So small that every file has the least number of records."""
QUARTERS = tuple(
    date(year, month, 10)
    for year in (2014, 2015, 2016)
    for month in (3, 6, 9, 12)
    if (year, month) >= (2014, 12)
)
"""A day in each period of the delivery calendar."""
BUNDLE = "urn:nasa:pds:maven.anc"
VIEWS = ("bundle", "parquet", "deliveries", "staging")
"""What an output shows. ``store/`` may also hold objects that nothing came of."""
SHOWN = (*VIEWS, "store")
IN_FLIGHT = ("planned", "packed", "verified", "sent")
DEAD = ("rejected", "discarded")

Snapshot = dict[str, tuple[str, int]]


def snapshot(root: Path, *parts: str) -> Snapshot:
    """Return MD5 and time of change of every file below some folders of an output (default `SHOWN`)."""
    return {
        path.relative_to(root).as_posix(): (md5_of(path.read_bytes()), path.stat().st_mtime_ns)
        for part in parts or SHOWN
        for path in sorted((root / part).rglob("*"))
        if path.is_file()
    }


def differences(found: Mapping[str, object], expected: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the paths that are missing, too many and otherwise than expected; empty if nothing differs."""
    told = {
        "missing": sorted(expected.keys() - found.keys()),
        "unexpected": sorted(found.keys() - expected.keys()),
        "changed": sorted(path for path in found.keys() & expected.keys() if found[path] != expected[path]),
    }
    return {word: paths for word, paths in told.items() if paths}


def labels_of(bundle: Path) -> list[Label]:
    """Return all labels below the root of a bundle."""
    return [
        Label(path.relative_to(bundle).as_posix(), path.read_bytes())
        for path in sorted(bundle.rglob("*.xml"))
    ]


def current_of(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the rows of products that stand in the archive, by product id."""
    return {row["lid"].rpartition(":")[2]: row for row in rows if row["state"] == "current"}


@dataclass
class Package:
    """A delivery as its receiver gets it, and where it stands."""

    delivery_id: str
    receiver: str
    package: Path
    transfer_manifest: Path
    checksum_manifest: Path
    state: str = "verified"

    @cached_property
    def members(self) -> dict[str, bytes]:
        return package_members(self.package)

    @cached_property
    def labels(self) -> dict[str, Label]:
        """Labels by LIDVID."""
        labels = [Label(path, data) for path, data in self.members.items() if path.endswith(".xml")]
        return {label.lidvid: label for label in labels}

    @property
    def products(self) -> set[str]:
        """LIDVIDs of the basic products."""
        return {lidvid for lidvid, label in self.labels.items() if label.kind == "Product_Observational"}

    @property
    def aggregates(self) -> set[str]:
        """LIDVIDs of collections and bundles."""
        return self.labels.keys() - self.products

    @property
    def contents(self) -> dict[str, str]:
        """MD5 of each member."""
        return {path: md5_of(data) for path, data in self.members.items()}

    @property
    def files(self) -> tuple[Path, Path, Path]:
        return self.package, self.transfer_manifest, self.checksum_manifest


@dataclass
class Version:
    """One version of a product, collection or bundle as somebody saw it: its label, and the bytes of its files."""

    label: Label
    files: dict[str, bytes]

    @property
    def members(self) -> tuple[str, ...]:
        """What a collection or a bundle lists."""
        if self.label.kind == "Product_Bundle":
            return tuple(sorted(self.label.references))
        (inventory,) = self.files.values()
        return inventory_rows(inventory)


@dataclass
class Play:
    """A mission in a folder of its own, with the books that its operator and its receivers would keep."""

    root: Path
    cli: Callable[..., Completed]
    given: dict[str, str] = field(default_factory=dict)
    """Settings of every command, by key."""
    clock: datetime = datetime(2017, 1, 1, 12, tzinfo=UTC)
    thorough: bool = True
    receiver: str = "pds"
    """Of the last run; the others may lack what it made."""
    packages: dict[str, Package] = field(default_factory=dict)
    archives: dict[str, Archive] = field(default_factory=dict)
    adopted: dict[str, Version] = field(default_factory=dict)
    campaign_days: set[str] = field(default_factory=set)
    forced_days: dict[str, set[str]] = field(default_factory=lambda: {"products": set(), "aggregates": set()})
    """Days of campaigns that forced major versions, of products and of collections with their bundle."""

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def bundle(self) -> Path:
        return self.output / "bundle"

    # --- What an operator does ---------------------------------------------------------------------------------------

    def receive(self, start: date, days: int, *, types: Iterable[str] = TYPES, scale: float = SCALE) -> None:
        """Files of some days arrive."""
        write_sample(str(self.source), start=start, days=days, types=list(types), scale=scale)

    def file(self, file_type: str, day: int = 0) -> Path:
        """Return a received file of a type, by its place in the order of names."""
        return sorted((self.source / file_type).rglob("*.drf"))[day]

    def ask(self, *words: str, check: int | None = 0, **more: str) -> Any:
        """Give a command and return its answer."""
        return self.tell(*words, check=check, **more).json

    def tell(self, *words: str, check: int | None = 0, **more: str) -> Completed:
        """Give a command and return what it left behind."""
        keys = {"source.uri": self.source, "output.uri": self.output, "compute.site": "serial"}
        chosen = keys | self.given | {key.replace("__", "."): value for key, value in more.items()}
        return self.cli(*words, *settings(**chosen), "--json", check=check)

    def run(self, *words: str, check: int = 0, **more: str) -> dict[str, Any]:
        """Run on a new day and return the summary; its deliveries are in the books."""
        self.clock += timedelta(days=1)
        if more.get("run__mode") == "full":
            self.campaign_days.add(f"{self.clock:%Y-%m-%d}")
        for kind, key in (("products", "release__bump"), ("aggregates", "release__bump_collections")):
            if more.get(key) == "major":
                self.forced_days[kind].add(f"{self.clock:%Y-%m-%d}")
        self.receiver = more.get("release__receiver", "pds")
        moment = f"{self.clock:%Y-%m-%dT%H:%M:%SZ}"
        summary = self.ask("run", *words, check=check, run__time=moment, **more)
        for row in summary["deliveries"]:
            paths = (Path(row[key]) for key in ("package", "transfer_manifest", "checksum_manifest"))
            assert row["delivery_id"] not in self.packages, "a delivery number is given twice"
            assert row["state"] == "verified"
            self.packages[row["delivery_id"]] = Package(row["delivery_id"], row["receiver"], *paths)
        return summary

    def send(self, *deliveries: str) -> None:
        for delivery in deliveries:
            self.ask("delivery", "sent", delivery)
            self.packages[delivery].state = "sent"

    def accept(self, *deliveries: str) -> None:
        """The receiver takes deliveries into its archive."""
        for delivery in deliveries:
            self.ask("delivery", "accept", delivery)
            package = self.packages[delivery]
            package.state = "accepted"
            self.archive(package.receiver).apply(*package.files)

    def reject(self, delivery: str, reason: str = "the archive does not take it") -> None:
        self.ask("delivery", "reject", delivery, "--reason", reason)
        self.packages[delivery].state = "rejected"

    def discard(self, delivery: str, reason: str = "not to be sent") -> None:
        self.ask("delivery", "discard", delivery, "--reason", reason)
        self.packages[delivery].state = "discarded"

    def release(self, *, check: int = 0, **more: str) -> dict[str, Any]:
        """Run, send and have accepted whatever came of it; every invariant is checked, if thorough on the way, too."""
        summary = self.run(check=check, **more)
        made = [row["delivery_id"] for row in summary["deliveries"]]
        if self.thorough:
            self.check()
        self.send(*made)
        self.accept(*made)
        self.check()
        return summary

    def adopt(self, bundle: Path, *words: str) -> dict[str, Any]:
        """Take over a bundle that the receiver has in its archive already, whoever wrote it."""
        answer = self.ask("adopt", str(bundle), *words)
        self.archive().adopt(bundle)
        for label in labels_of(bundle):
            files = {path: (bundle / path).read_bytes() for path in label.files}
            self.adopted[label.lidvid] = Version(label, files)
        return answer

    def sent(self, summary: Mapping[str, Any]) -> list[Package]:
        """Return the packages that a run made."""
        return [self.packages[row["delivery_id"]] for row in summary["deliveries"]]

    def archive(self, receiver: str = "pds") -> Archive:
        if receiver not in self.archives:
            self.archives[receiver] = Archive(self.root / "archives" / receiver)
        return self.archives[receiver]

    def keep(self, folder: Path) -> Play:
        """Copy everything to a folder, and return the books as they are now."""
        shutil.copytree(self.root, folder)
        return copy.deepcopy(replace(self, cli=run_cli))

    def restored(self, folder: Path, cli: Callable[..., Completed]) -> Play:
        """Put everything back from the folder to which it was copied; return the books for another play."""
        shutil.rmtree(self.root)
        shutil.copytree(folder, self.root)
        return copy.deepcopy(replace(self, cli=cli))

    # --- What is there -----------------------------------------------------------------------------------------------

    def products(self) -> dict[str, dict[str, Any]]:
        """Return the current products by product id."""
        return current_of(self.ask("products"))

    def vids(self) -> dict[str, str]:
        """Return the VID of each current product by product id."""
        return {product_id: row["vid"] for product_id, row in self.products().items()}

    def aggregate_vids(self) -> dict[str, str]:
        """Return the VID of each current collection and bundle by LID, as the labels in ``bundle/`` have it."""
        return {label.lid: label.vid for label in self.labels() if label.kind != "Product_Observational"}

    def labels(self) -> list[Label]:
        """Return all labels of the bundle tree."""
        return labels_of(self.bundle)

    def label(self, product_id: str) -> Label:
        """Return the label of a product in the bundle tree."""
        (path,) = self.bundle.rglob(f"{product_id}.xml")
        return Label(path.relative_to(self.bundle).as_posix(), path.read_bytes())

    def live(self, receiver: str = "pds") -> list[Package]:
        return [
            package
            for package in self.packages.values()
            if package.receiver == receiver and package.state not in DEAD
        ]

    # --- What must hold ----------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Check everything that holds after each step."""
        rows = self.ask("products")
        self.check_tree(rows)
        self.check_versions()
        self.check_ledger()
        self.check_sources(rows)
        if not any(package.state in IN_FLIGHT for package in self.live(self.receiver)):
            self.check_archive(self.receiver)

    def check_tree(self, rows: list[dict[str, Any]] | None = None) -> None:
        """The bundle tree is what bundle label and inventories list, and every label tells the truth of its files."""
        labels = {label.lidvid: label for label in self.labels()}
        bundles = [label for label in labels.values() if label.kind == "Product_Bundle"]
        current = current_of(rows if rows is not None else self.ask("products"))
        products = {f"{row['lid']}::{row['vid']}" for row in current.values()}
        if not bundles:
            assert (labels, products) == ({}, set()), "products without a bundle"
            return
        (bundle,) = bundles
        collections = [label for label in labels.values() if label.kind == "Product_Collection"]
        assert sorted(bundle.references) == sorted(label.lidvid for label in collections)
        members: list[str] = []
        for label in collections:
            (inventory,) = label.files
            members += inventory_rows((self.bundle / inventory).read_bytes())
        assert [row for row in members if not row.startswith("P,")] == []
        assert Counter(row.removeprefix("P,") for row in members) == Counter(products)
        listed = {bundle.lidvid, *bundle.references, *products}
        assert labels.keys() == listed, sorted(labels.keys() ^ listed)
        described = [path for label in labels.values() for path in (label.path, *label.files)]
        assert Counter(described) == Counter(tree_of(self.bundle).keys()), (
            "a file without a label, or the reverse"
        )
        for row in current.values():
            for kind in ("data", "label"):
                path = Path(row[kind])
                assert (path.is_relative_to(self.bundle), md5_of(path.read_bytes())) == (
                    True,
                    row[f"{kind}_md5"],
                )
        for label in labels.values():
            for path, (size, checksum) in label.files.items():
                data = (self.bundle / path).read_bytes()
                assert (size, checksum) == (len(data), md5_of(data)), f"{label.path} is wrong about {path}"

    def seen_versions(self) -> dict[str, Version]:
        """Return every version that is used up or current, by LIDVID; no LIDVID has two contents."""
        seen: dict[str, Version] = dict(self.adopted)
        sources: list[tuple[str, Label, Mapping[str, bytes]]] = [
            (package.delivery_id, label, package.members)
            for package in self.packages.values()
            if package.state != "discarded"
            for label in package.labels.values()
        ]
        tree = {path: (self.bundle / path).read_bytes() for path in tree_of(self.bundle)}
        sources += [("bundle/", label, tree) for label in self.labels()]
        for where, label, members in sources:
            version = Version(label, {path: members[path] for path in label.files if path in members})
            former = seen.setdefault(label.lidvid, version)
            assert former.label.data == label.data, f"{label.lidvid} has another label in {where}"
            for path, data in version.files.items():
                assert former.files.setdefault(path, data) == data, (
                    f"{label.lidvid} has other bytes in {where}"
                )
        return seen

    def check_versions(self) -> None:
        """VIDs follow content one by one, and each history goes on from the one before it."""
        chains: dict[str, list[Version]] = {}
        seen, discarded = self.seen_versions(), {}
        for package in self.packages.values():
            if package.state == "discarded":
                discarded |= {
                    lidvid: Version(label, {path: package.members[path] for path in label.files})
                    for lidvid, label in package.labels.items()
                    if lidvid not in seen
                }
        for version in seen.values():
            chains.setdefault(version.label.lid, []).append(version)
        for lid, chain in chains.items():
            chain.sort(key=lambda version: vid_key(version.label.vid))
            first = chain[0].label
            if first.lidvid not in self.adopted:
                assert (first.vid, len(first.history)) == ("1.0", 1), first.lidvid
            for version in chain:
                _check_history(version.label)
            for before, version in pairwise(chain):
                entry, *earlier = version.label.history
                # What was packed on top of a version goes on from it, though that one is discarded later.
                former = discarded.get(f"{lid}::{earlier[0][1]}", before) if earlier else before
                assert entry[1] == version.label.vid
                assert tuple(earlier) == former.label.history, (
                    f"{version.label.lidvid}: its history is not kept"
                )
                self._check_step(lid, former, version, day=entry[0])
        for label in self.labels():
            assert label.vid == chains[label.lid][-1].label.vid, f"{label.lidvid} is not the newest"

    def _check_step(self, lid: str, former: Version, version: Version, *, day: str) -> None:
        old, new = vid_key(former.label.vid), vid_key(version.label.vid)
        minor, major = (old[0], old[1] + 1), (old[0] + 1, 0)
        if version.label.kind == "Product_Observational":
            same = list(former.label.files.values()) == list(version.label.files.values())
            expected = minor if same and day not in self.forced_days["products"] else major
        else:
            # A campaign may write the words of a collection's or a bundle's label anew.
            assert version.members != former.members or day in self.campaign_days, (
                f"{version.label.lidvid} lists what {former.label.vid} lists"
            )
            expected = major if day in self.forced_days["aggregates"] else minor
        assert new == expected, f"{lid}: {new} after {old}, expected {expected}"

    def check_ledger(self) -> None:
        """The ledger says what happened to each delivery, and no version is in two live deliveries of a receiver."""
        told = {row["delivery_id"]: row for row in self.ask("delivery", "list")}
        assert {key: one.state for key, one in self.packages.items()} == {
            key: told[key]["state"] for key in self.packages
        }
        for receiver in {package.receiver for package in self.packages.values()}:
            held: Counter[str] = Counter()
            for package in self.live(receiver):
                held.update(lidvid for lidvid, _ in manifest_rows(package.transfer_manifest))
            assert [lidvid for lidvid, count in held.items() if count > 1] == []

    def check_sources(self, rows: list[dict[str, Any]] | None = None) -> None:
        """Every received file is told once: by its product, or by why it has none."""
        files = [str(path) for path in self.source.rglob("*") if path.is_file()]
        products = rows if rows is not None else self.ask("products")
        told = [row["source"] for row in (*products, *self.ask("quarantine"))]
        doubled = [path for path, count in Counter(told).items() if count > 1]
        assert doubled == [], "told twice"
        assert sorted(set(files) - set(told)) == [], "not told"

    def check_archive(self, receiver: str = "pds") -> None:
        """What was accepted, applied in order, is the bundle tree byte for byte."""
        archive = self.archive(receiver)
        assert archive.missing() == []
        assert differences(archive.tree(), tree_of(self.bundle)) == {}

    def check_still(self, **more: str) -> None:
        """A run over unchanged input changes nothing, writes nothing again, and sends nothing."""
        before = snapshot(self.output)
        summary = self.run(**more)
        assert (summary["deliveries"], summary["decisions"]) == ([], {})
        assert differences(snapshot(self.output), before) == {}

    def check_packages(self, *deliveries: str) -> None:
        """Each package proves to be what it says, wherever it is."""
        for delivery in deliveries or self.packages:
            package = self.packages[delivery].package
            assert self.cli("verify", str(package), "--json", check=0).json["status"] == "ok"


def _check_history(label: Label) -> None:
    vids = [vid_key(vid) for _, vid, _ in label.history]
    assert vids == sorted(set(vids), reverse=True), f"{label.lidvid}: history {vids}"
    assert vids[0] == vid_key(label.vid), f"{label.lidvid}: its history begins with {vids[0]}"
    days = [day for day, _, _ in label.history]
    assert days == sorted(days, reverse=True), f"{label.lidvid}: history of {days}"


# --- What happens to received files ----------------------------------------------------------------------------------


def touch_byte(path: Path, record: int = -2, *, keep_stat: bool = False) -> None:
    """Change one digit after a decimal point in a record of a file; time of change and size stay with ``keep_stat``."""
    before = path.stat()
    lines = path.read_bytes().split(b"\n")
    place = re.search(rb"\.\d*?(\d)(?=\s)", lines[record][22:])
    assert place is not None, f"{path}: no number to change"
    at = 22 + place.start(1)
    digit = b"%d" % ((int(lines[record][at : at + 1]) + 1) % 10)
    lines[record] = lines[record][:at] + digit + lines[record][at + 1 :]
    path.write_bytes(b"\n".join(lines))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns if keep_stat else before.st_mtime_ns + 10**9))


def resend(path: Path, copy: Path, record: int = -2) -> None:
    """A file comes again as ``copy``, later and with other content."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, copy)
    touch_byte(copy, record)
