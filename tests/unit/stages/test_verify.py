from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import stat
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from drf_reprocess.archives import package_format
from drf_reprocess.archives.codec import Codec
from drf_reprocess.compute.serial import SerialExecutor
from drf_reprocess.errors import ObjectNotFound, PackageError, StorageDenied
from drf_reprocess.identifiers import Lidvid
from drf_reprocess.model import Verdict, VerificationReport
from drf_reprocess.pds4.manifests import write_checksum_manifest, write_transfer_manifest
from drf_reprocess.pds4.read import read_label
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.stages import verify, verify_members
from drf_reprocess.stages.verify import verify_package
from drf_reprocess.storage import Store, open_store

GNC = "data_drf_gnc/sci_anc_gnc14_341_342"
OTHER = "data_drf_gnc/sci_anc_gnc14_340_341"
INVENTORY = "data_drf_gnc/collection_data_drf_gnc_inventory.csv"
COLLECTION = "data_drf_gnc/collection_data_drf_gnc.xml"
GNC_LID = "urn:nasa:pds:maven.anc:data.drf.gnc"
REGISTERED = (
    "urn:nasa:pds:context:investigation:mission.maven",
    "urn:nasa:pds:context:instrument_host:spacecraft.maven",
    "urn:nasa:pds:context:target:planet.mars",
)


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


@dataclass
class Delivery:
    """A package and its manifests, to be spoiled and written."""

    files: dict[str, bytes]
    form: str = "zip"
    base: str = ""
    transfers: list[tuple[Lidvid, str]] = field(default_factory=list)
    checksums: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.manifest()

    def manifest(self) -> Delivery:
        """Make both manifests anew from the files."""
        labels = {path: data for path, data in self.files.items() if path.endswith(".xml")}
        self.transfers = [(read_label(data).lidvid, path) for path, data in sorted(labels.items())]
        self.checksums = [(md5(data), path) for path, data in sorted(self.files.items())]
        return self

    def replace(self, path: str, old: str, new: str) -> None:
        assert old.encode() in self.files[path]
        self.files[path] = self.files[path].replace(old.encode(), new.encode())

    def package(self) -> bytes:
        form, package, placed = package_format(self.form), b"", []
        for path, data in sorted(self.files.items()):
            member = form.member(path, data, Codec())
            placed.append((member.entry, len(package)))
            package += member.blob
        return package + form.trailer(placed)

    def write(self, store: Store, package: bytes | None = None) -> str:
        key = f"deliveries/d001/package_d001.{self.form}"
        store.write(key, self.package() if package is None else package)
        rows = [(lidvid, path.removeprefix(self.base)) for lidvid, path in self.transfers]
        store.write("deliveries/d001/package_d001_transfer_manifest.txt", write_transfer_manifest(rows))
        store.write(
            "deliveries/d001/package_d001_checksum_manifest.txt", write_checksum_manifest(self.checksums)
        )
        return key


PROFILE = load_profile("maven-anc")


@pytest.fixture(params=["zip", "tar.gz"])
def delivery(request: pytest.FixtureRequest, shared: Path) -> Delivery:
    root = shared / "pds4" / "examples" / "valid" / "archive_1d00"
    paths = [path for path in root.rglob("*") if path.is_file() and path.parent.name != "data_events"]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    assert len(files) == 10
    return Delivery(files, request.param)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


def found(report: VerificationReport) -> list[tuple[str, str]]:
    return [(entry.path, str(entry.verdict)) for entry in report.entries]


def check(
    store: Store, delivery: Delivery, package: bytes | None = None, **named: object
) -> VerificationReport:
    named = {"registered": REGISTERED, "profile": PROFILE} | named
    return verify_package(store, delivery.write(store, package), **named)  # type: ignore[arg-type]


def test_nothing_is_wrong_with_a_clean_package(store: Store, delivery: Delivery) -> None:
    report = check(store, delivery)
    assert report.entries == ()
    assert report.ok
    assert (report.members, report.products, report.labels_checked) == (10, 3, 5)
    assert report.package == store.uri(f"deliveries/d001/package_d001.{delivery.form}")
    assert report.not_checked == (
        "XML Schema and Schematron: no XML catalog was given (validate.xml_catalog)",
    )


def test_schemas_are_checked_where_there_is_a_catalog(
    store: Store, delivery: Delivery, xml_catalog: Path
) -> None:
    report = check(store, delivery, xml_catalog=str(xml_catalog))
    assert (report.entries, report.not_checked) == ((), ())
    delivery.replace(f"{GNC}.xml", "<purpose>Engineering</purpose>", "<purpose>Amusement</purpose>")
    report = check(store, delivery.manifest(), xml_catalog=str(xml_catalog))
    assert set(found(report)) == {(f"{GNC}.xml", "invalid")}


@pytest.mark.parametrize("small", [False, True], ids=["one-task", "many-tasks"])
def test_executors_find_the_same(
    store: Store, delivery: Delivery, monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    if small:
        monkeypatch.setattr(verify, "TASK_BYTES", 1)
        monkeypatch.setattr(verify_members, "KEPT_BYTES", 1)
    assert check(store, delivery, executor=SerialExecutor()).ok
    delivery.files[f"{GNC}.drf"] = delivery.files[f"{GNC}.drf"][:-1] + b"x"
    report = check(store, delivery)
    assert check(store, delivery, executor=SerialExecutor()) == report
    assert found(report).count((f"{GNC}.drf", "mismatch")) == 2


def test_tasks_are_small_and_keep_labels_with_their_files(
    store: Store, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    if delivery.form != "zip":
        pytest.skip("a tar file is one stream")
    monkeypatch.setattr(verify, "TASK_BYTES", 1)
    tasks = []

    class Recording(SerialExecutor):
        def run(self, function, context, items):
            for item in items:
                tasks.append(item)
                assert len(pickle.dumps(item)) < 3000  # the context travels once a worker
                yield from super().run(function, context, [item])

    assert check(store, delivery, executor=Recording()).ok
    grouped = [tuple(entry.path for entry, _ in task.members) for task in tasks if not task.deferred]
    assert (f"{GNC}.drf", f"{GNC}.xml") in grouped
    again = [tuple(entry.path for entry, _ in task.members) for task in tasks if task.deferred]
    assert again == [("bundle_maven_anc.xml", "readme_maven_anc.txt"), (COLLECTION, INVENTORY)]


def test_the_bundle_label_may_lie_in_a_folder(store: Store, delivery: Delivery) -> None:
    files = {f"maven_anc/{path}": data for path, data in delivery.files.items()}
    assert check(store, Delivery(files, delivery.form, base="maven_anc/")).ok
    # An increment without the bundle label: the folder is that under which the rows are found.
    del files["maven_anc/bundle_maven_anc.xml"], files["maven_anc/readme_maven_anc.txt"]
    assert check(store, Delivery(files, delivery.form, base="maven_anc/")).ok


def test_manifests_are_found_in_the_package_too(store: Store, delivery: Delivery) -> None:
    transfer = write_transfer_manifest(delivery.transfers)
    checksum = write_checksum_manifest(delivery.checksums)
    delivery.files |= {"x_transfer_manifest.txt": transfer, "x_checksum_manifest.txt": checksum}
    store.write("alone.zip", delivery.package())
    report = verify_package(store, "alone.zip")
    assert report.entries == ()
    assert "context products: no list of those that are registered was given" in report.not_checked
    bad = checksum.replace(md5(delivery.files[f"{GNC}.drf"]).encode(), b"0" * 32)
    delivery.files["x_checksum_manifest.txt"] = bad
    store.write("alone.zip", delivery.package())
    assert found(verify_package(store, "alone.zip")) == [(f"{GNC}.drf", "mismatch")]


def test_manifests_can_be_given(store: Store, delivery: Delivery) -> None:
    store.write("alone.zip", delivery.package())
    transfer, checksum = (
        write_transfer_manifest(delivery.transfers),
        write_checksum_manifest(delivery.checksums),
    )
    report = verify_package(store, "alone.zip", transfer_manifest=transfer, checksum_manifest=checksum)
    assert report.entries == ()
    report = verify_package(store, "alone.zip", transfer_manifest=transfer)
    assert found(report) == [("checksum_manifest.txt", "missing")]
    report = verify_package(store, "alone.zip", checksum_manifest=checksum)
    assert found(report) == [("transfer_manifest.txt", "missing")]


Spoil = Callable[[Delivery], None]


def drop(path: str) -> Spoil:
    return lambda delivery: delivery.files.pop(path) and None


def rename(old: str, new: str) -> Spoil:
    return lambda delivery: delivery.files.update({new: delivery.files.pop(old)})


def add(path: str, data: bytes) -> Spoil:
    return lambda delivery: delivery.files.update({path: data})


def spoil_bytes(path: str) -> Spoil:
    def spoil(delivery: Delivery) -> None:
        data = bytearray(delivery.files[path])
        data[2000] = data[2000] ^ 1
        delivery.files[path] = bytes(data)

    return spoil


def cut(path: str) -> Spoil:
    return lambda delivery: delivery.files.update({path: delivery.files[path][:-325]})


def change(path: str, old: str, new: str) -> Spoil:
    def spoil(delivery: Delivery) -> None:
        delivery.replace(path, old, new)
        delivery.checksums = [(md5(data), name) for name, data in sorted(delivery.files.items())]

    return spoil


def drop_row(kind: str, path: str) -> Spoil:
    def spoil(delivery: Delivery) -> None:
        rows = [row for row in getattr(delivery, kind) if row[1] != path]
        assert len(rows) == len(getattr(delivery, kind)) - 1
        setattr(delivery, kind, rows)

    return spoil


def add_row(kind: str, key: object, path: str) -> Spoil:
    return lambda delivery: getattr(delivery, kind).append((key, path))


def swap_md5(delivery: Delivery) -> None:
    delivery.checksums = [
        ("0" * 32 if path == f"{GNC}.drf" else sum_, path) for sum_, path in delivery.checksums
    ]


def swap_lidvids(delivery: Delivery) -> None:
    by_path = {path: lidvid for lidvid, path in delivery.transfers}
    by_path[f"{GNC}.xml"], by_path[f"{OTHER}.xml"] = by_path[f"{OTHER}.xml"], by_path[f"{GNC}.xml"]
    delivery.transfers = [(lidvid, path) for path, lidvid in by_path.items()]


def raise_vid(delivery: Delivery) -> None:
    delivery.transfers = [
        (replace(lidvid, vid=lidvid.vid.next_minor()) if path == f"{GNC}.xml" else lidvid, path)
        for lidvid, path in delivery.transfers
    ]


def drop_inventory_row(delivery: Delivery) -> None:
    before = delivery.files[INVENTORY]
    after = b"".join(row for row in before.splitlines(keepends=True) if b"gnc14_341_342" not in row)
    delivery.files[INVENTORY] = after
    delivery.replace(COLLECTION, md5(before), md5(after))
    delivery.replace(COLLECTION, f">{len(before)}<", f">{len(after)}<")
    delivery.replace(COLLECTION, "<records>3</records>", "<records>2</records>")
    delivery.manifest()


def change_inventory_vid(delivery: Delivery) -> None:
    before = delivery.files[INVENTORY]
    after = before.replace(b"gnc14_341_342::2.0", b"gnc14_341_342::3.0")
    delivery.files[INVENTORY] = after
    delivery.replace(COLLECTION, md5(before), md5(after))
    delivery.manifest()


def second_product(delivery: Delivery) -> None:
    delivery.files["data_drf_gnc/copy.xml"] = delivery.files[f"{GNC}.xml"]
    delivery.manifest()
    delivery.transfers = [row for row in delivery.transfers if row[1] != "data_drf_gnc/copy.xml"]


NEW = Lidvid.from_text(f"{GNC_LID}:sci_anc_gnc14_343_344::1.0")
ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
FAULTS: dict[str, tuple[Spoil, set[tuple[str, str]]]] = {
    "data file missing": (drop(f"{GNC}.drf"), {(f"{GNC}.drf", "missing")}),
    "label missing": (drop(f"{GNC}.xml"), {(f"{GNC}.xml", "missing"), (f"{GNC}.drf", "unexpected")}),
    "inventory missing": (drop(INVENTORY), {(INVENTORY, "missing")}),
    "extra file": (add("data_drf_gnc/extra.txt", b"x"), {("data_drf_gnc/extra.txt", "unexpected")}),
    "data file renamed": (
        rename(f"{GNC}.drf", "data_drf_gnc/new.drf"),
        {(f"{GNC}.drf", "missing"), ("data_drf_gnc/new.drf", "unexpected")},
    ),
    "label renamed": (
        rename(f"{GNC}.xml", "data_drf_gnc/new.xml"),
        {(f"{GNC}.xml", "missing"), ("data_drf_gnc/new.xml", "unexpected")},
    ),
    "bit flipped before packing": (spoil_bytes(f"{GNC}.drf"), {(f"{GNC}.drf", "mismatch")}),
    "file truncated": (cut(f"{GNC}.drf"), {(f"{GNC}.drf", "mismatch"), (f"{GNC}.xml", "invalid")}),
    "checksum wrong": (swap_md5, {(f"{GNC}.drf", "mismatch")}),
    "checksum row removed": (drop_row("checksums", f"{GNC}.drf"), {(f"{GNC}.drf", "unexpected")}),
    "checksum row added": (add_row("checksums", "0" * 32, "none.txt"), {("none.txt", "missing")}),
    "transfer row removed": (drop_row("transfers", f"{GNC}.xml"), {(f"{GNC}.xml", "unexpected")}),
    "transfer row added": (add_row("transfers", NEW, "none.xml"), {("none.xml", "missing")}),
    "transfer row of no label": (add_row("transfers", NEW, f"{GNC}.drf"), {(f"{GNC}.drf", "mismatch")}),
    "LIDVIDs exchanged": (swap_lidvids, {(f"{GNC}.xml", "wrong-lidvid"), (f"{OTHER}.xml", "wrong-lidvid")}),
    "VID of the transfer manifest wrong": (raise_vid, {(f"{GNC}.xml", "wrong-lidvid")}),
    "LID of the label changed": (
        change(f"{GNC}.xml", "gnc:sci_anc_gnc14_341_342<", "gnc:sci_anc_gnc14_341_999<"),
        {(f"{GNC}.xml", "wrong-lidvid"), (f"{GNC}.xml", "invalid"), (f"{GNC}.xml", "not-in-inventory")},
    ),
    "VID of the label changed": (
        change(
            f"{GNC}.xml",
            "<version_id>2.0</version_id>\n    <title>",
            "<version_id>2.1</version_id>\n    <title>",
        ),
        {(f"{GNC}.xml", "wrong-lidvid"), (f"{GNC}.xml", "invalid"), (f"{GNC}.xml", "not-in-inventory")},
    ),
    "MD5 of the label wrong": (
        change(f"{GNC}.xml", "<md5_checksum>", "<md5_checksum>0"),
        {(f"{GNC}.drf", "mismatch"), (f"{GNC}.xml", "invalid")},
    ),
    "records of the label wrong": (
        change(f"{GNC}.xml", "<records>12<", "<records>11<"),
        {(f"{GNC}.xml", "invalid")},
    ),
    "label not well-formed": (
        change(f"{GNC}.xml", "</Product_Observational>", ""),
        {(f"{GNC}.xml", "invalid")},
    ),
    "label with an entity": (
        lambda delivery: delivery.files.update({f"{GNC}.xml": ENTITY}),
        {(f"{GNC}.xml", "invalid"), (f"{GNC}.xml", "mismatch")},
    ),
    "inventory row removed": (drop_inventory_row, {(f"{GNC}.xml", "not-in-inventory")}),
    "inventory names another version": (change_inventory_vid, {(f"{GNC}.xml", "not-in-inventory")}),
    "one product twice": (
        second_product,
        {
            ("data_drf_gnc/copy.xml", "unexpected"),
            (f"{GNC}.drf", "invalid"),
            (f"{GNC}.xml", "invalid"),
        },
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_has_its_verdict_and_no_other(store: Store, delivery: Delivery, name: str) -> None:
    spoil, expected = FAULTS[name]
    spoil(delivery)
    report = check(store, delivery)
    assert set(found(report)) == expected
    assert not report.ok
    assert all(entry.message for entry in report.entries)


def test_a_renamed_file_is_told_by_its_old_and_its_new_name(store: Store, delivery: Delivery) -> None:
    rename(f"{GNC}.drf", "data_drf_gnc/new.drf")(delivery)
    messages = {
        (e.path, e.verdict): e.message for e in check(store, delivery).entries if "manifest" in e.message
    }
    assert messages == {
        (f"{GNC}.drf", Verdict.MISSING): (
            "the checksum manifest names it; the same bytes are in the package as data_drf_gnc/new.drf"
        ),
        ("data_drf_gnc/new.drf", Verdict.UNEXPECTED): (
            f"it has no row in the checksum manifest, which names the same bytes {GNC}.drf"
        ),
    }


@pytest.mark.parametrize("part", ["front", "half", "end", "all"])
def test_a_truncated_package_is_damaged(store: Store, delivery: Delivery, part: str) -> None:
    package = delivery.package()
    size = {"front": 1, "half": len(package) // 2, "end": len(package) - 1, "all": 0}[part]
    report = check(store, delivery, package[:size])
    assert (f"package_d001.{delivery.form}", "damaged") in found(report)
    assert "missing" not in {verdict for _, verdict in found(report)}


def test_a_bit_flipped_in_the_package_is_found_wherever_it_is(store: Store, delivery: Delivery) -> None:
    package = delivery.package()
    for position in range(7, len(package), 997):
        broken = bytearray(package)
        broken[position] ^= 4
        report = check(store, delivery, bytes(broken))
        if report.ok:  # a bit that no reader looks at: the members are as they should be
            continue
        assert all(entry.message for entry in report.entries)
    start = package.index(GNC.encode()) + 3000 if delivery.form == "zip" else len(package) // 2
    broken = bytearray(package)
    broken[start] ^= 4
    assert "damaged" in {verdict for _, verdict in found(check(store, delivery, bytes(broken)))}


def test_one_damaged_member_leaves_the_others_checked(store: Store, delivery: Delivery) -> None:
    if delivery.form != "zip":
        pytest.skip("a tar file cannot be read past its damage")
    package = bytearray(delivery.package())
    start = package.index(f"{GNC}.drf".encode())
    package[start + 500] ^= 0xFF
    report = check(store, delivery, bytes(package))
    assert found(report) == [(f"{GNC}.drf", "damaged")]
    assert (report.members, report.labels_checked) == (10, 5)


def test_a_broken_central_directory_is_damage(store: Store, delivery: Delivery) -> None:
    if delivery.form != "zip":
        pytest.skip("a tar file has none")
    package = delivery.package()
    start = package.index(b"PK\1\2")
    report = check(store, delivery, package[:start] + b"XXXX" + package[start + 4 :])
    assert found(report) == [("package_d001.zip", "damaged")]
    assert "central directory is damaged" in report.entries[0].message


def test_hostile_members_are_verdicts(store: Store, delivery: Delivery, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    if delivery.form == "zip":
        link = zipfile.ZipInfo("data_drf_gnc/link.drf")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in delivery.files.items():
                archive.writestr(path, data)
            archive.writestr("../outside.txt", b"x")
            archive.writestr(link, "/etc/passwd")
            archive.writestr(f"{GNC}.DRF", b"x")
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for path, data in [*delivery.files.items(), ("../outside.txt", b"x"), (f"{GNC}.DRF", b"x")]:
                info = tarfile.TarInfo(path)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            info = tarfile.TarInfo("data_drf_gnc/link.drf")
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    report = check(store, delivery, buffer.getvalue())
    verdicts = {(entry.path, str(entry.verdict)): entry.message for entry in report.entries}
    assert "leaves its folder" in verdicts.pop(("../outside.txt", "invalid"))
    assert "link or a special file" in verdicts.pop(("data_drf_gnc/link.drf", "invalid"))
    assert "letter case only" in verdicts.pop((f"{GNC}.DRF", "invalid"))
    assert set(verdicts) == {(f"{GNC}.DRF", "unexpected")}
    assert not (tmp_path.parent / "outside.txt").exists()


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (f"{'0' * 32}  ../x\n", "dangerous path"),
        (f"{'0' * 32}  /etc/passwd\n", "dangerous path"),
        (f"{'0' * 32}  a\\b\n", "dangerous path"),
        (f"{'0' * 31}  x.txt\n", "no MD5"),
        ("junk\n", "two columns"),
    ],
)
def test_hostile_rows_are_verdicts(store: Store, delivery: Delivery, row: str, word: str) -> None:
    key = delivery.write(store)
    manifest = f"{key.removesuffix(f'.{delivery.form}')}_checksum_manifest.txt"
    store.write(manifest, store.read(manifest) + row.encode())
    report = verify_package(store, key, registered=REGISTERED)
    assert found(report) == [("package_d001_checksum_manifest.txt", "invalid")]
    assert word in report.entries[0].message


def test_inventories_of_other_deliveries_can_be_given(store: Store, delivery: Delivery) -> None:
    inventory = delivery.files.pop(INVENTORY)
    del delivery.files[COLLECTION]
    delivery.manifest()
    report = check(store, delivery)
    assert report.entries == ()
    assert report.not_checked[-1] == (
        f"membership of 3 products in {GNC_LID}: its inventory is not in the package, nor was it given"
    )
    assert len(check(store, delivery, inventories={GNC_LID: inventory}).not_checked) == 1
    short = b"".join(inventory.splitlines(keepends=True)[1:])
    report = check(store, delivery, inventories={GNC_LID: short})
    assert found(report) == [(f"{OTHER}.xml", "not-in-inventory")]
    report = check(store, delivery, inventories={GNC_LID: inventory + b"junk\r\n"})
    assert found(report) == [(f"inventory of {GNC_LID}", "invalid")]


def test_unregistered_context_products_are_found(store: Store, delivery: Delivery) -> None:
    key = delivery.write(store)
    report = verify_package(store, key, registered=REGISTERED[1:])
    assert (f"{GNC}.xml", "invalid") in found(report)
    assert "mission.maven" in report.entries[0].message


def test_a_package_of_another_zip_program_is_read(store: Store, delivery: Delivery) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("data_drf_gnc")
        for path, data in reversed(delivery.files.items()):
            archive.writestr(path, data)
    assert check(store, delivery, buffer.getvalue()).entries == ()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.GNU_FORMAT) as archive:
        folder = tarfile.TarInfo("data_drf_gnc")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for path, data in reversed(delivery.files.items()):  # labels before their files
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert check(store, delivery, buffer.getvalue()).entries == ()


def test_a_package_in_memory_is_verified(delivery: Delivery, tmp_path: Path) -> None:
    assert check(open_store(f"memory://{tmp_path.name}-verify"), delivery).ok


def test_no_package_is_no_verdict(store: Store) -> None:
    store.write("x", b"")
    with pytest.raises(ObjectNotFound, match=r"none\.zip"):
        verify_package(store, "none.zip")
    with pytest.raises(StorageDenied, match="refused the name"):
        verify_package(store, "../none.zip")


def test_what_is_no_package_is_damaged(store: Store) -> None:
    for name, data in (
        ("a.zip", b"text"),
        ("a.tar.gz", b"text"),
        ("a.tgz", b""),
        ("b.zip", gzip.compress(b"text" * 999)),
    ):
        store.write(name, data)
        report = verify_package(store, name, transfer_manifest=b"", checksum_manifest=b"")
        assert found(report) == [(name, "damaged")]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "<start_date_time>2014-12-08T03:20:19.328Z",
            "<start_date_time>2014-12-08T03:20:19.327Z",
            "start_date_time",
        ),
        (
            "<stop_date_time>2014-12-08T16:54:25.480Z",
            "<stop_date_time>2014-12-09T16:54:25.480Z",
            "stop_date_time",
        ),
        ("<name>ATT_QU_I2B_1</name>", "<name>ATT_QU_I2B_X</name>", "field 2 is ATT_QU_I2B_X"),
    ],
)
def test_a_label_that_says_otherwise_than_its_data_is_invalid(store, delivery, old, new, words):
    label = f"{GNC}.xml"
    delivery.replace(label, old, new)
    delivery.manifest()
    (entry,) = check(store, delivery).entries
    assert (entry.path, entry.verdict) == (label, Verdict.INVALID)
    assert words in entry.message
    unread = check(store, delivery, profile=None)
    assert unread.ok
    assert any("times and field names of 3 products" in reason for reason in unread.not_checked)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("maven.anc:data.drf.gnc::2.1", "maven.anc:data.drf.gnc::2.0"),
        ("maven.anc:data.drf.gnc::2.1", "maven.anc:data.drf.gncx::2.1"),
    ],
)
def test_a_bundle_that_does_not_list_the_collections_beside_it_is_invalid(store, delivery, old, new):
    delivery.replace("bundle_maven_anc.xml", old, new)
    delivery.manifest()
    assert found(check(store, delivery)) == [("bundle_maven_anc.xml", "invalid")]


def test_a_product_that_its_own_collection_lists_as_secondary_is_no_member(store, delivery):
    inventory = "data_drf_gnc/collection_data_drf_gnc_inventory.csv"
    lid = f"{GNC_LID}:sci_anc_gnc14_341_342"
    delivery.replace(inventory, f"P,{lid}", f"S,{lid}")
    delivery.manifest()
    verdicts = found(check(store, delivery))
    assert (f"{GNC}.xml", "not-in-inventory") in verdicts


class TestLabelsAlone:
    """A new label of a data file that the receiver has, without that file."""

    @pytest.fixture
    def alone(self, delivery: Delivery) -> Delivery:
        """A delivery of one label, of a version that is not the first of its data."""
        label = f"{GNC}.xml"
        vid = str(read_label(delivery.files[label]).vid)
        major = vid.partition(".")[0]
        text = delivery.files[label].replace(
            f"<version_id>{vid}<".encode(), f"<version_id>{major}.7<".encode()
        )
        assert str(read_label(text).vid) == f"{major}.7"
        return Delivery({label: text}, delivery.form)

    @pytest.fixture
    def by_label(self) -> object:
        package = PROFILE.package.model_copy(update={"label_only": "label"})
        return PROFILE.model_copy(update={"package": package})

    def test_it_is_told_as_not_checked(self, store: Store, alone: Delivery, by_label: object) -> None:
        report = check(store, alone, profile=by_label)
        assert report.entries == ()
        (told,) = (reason for reason in report.not_checked if "without their data files" in reason)
        assert told.startswith("1 labels came ")

    def test_where_the_profile_sends_products_the_file_is_missing(
        self, store: Store, alone: Delivery
    ) -> None:
        report = check(store, alone)
        assert (f"{GNC}.drf", "missing") in found(report)
        assert not any("without their data files" in reason for reason in report.not_checked)

    def test_the_first_label_of_its_data_cannot_come_alone(
        self, store: Store, alone: Delivery, by_label: object
    ) -> None:
        alone.replace(f"{GNC}.xml", ".7</version_id>", ".0</version_id>")
        assert (f"{GNC}.drf", "missing") in found(check(store, alone.manifest(), profile=by_label))

    def test_a_file_that_a_manifest_promises_is_missing(
        self, store: Store, alone: Delivery, by_label: object
    ) -> None:
        alone.checksums.append(("0" * 32, f"{GNC}.drf"))
        assert (f"{GNC}.drf", "missing") in found(check(store, alone, profile=by_label))

    def test_the_delivery_itself_may_tell_it(self, store: Store, alone: Delivery) -> None:
        """Whoever verifies a package need not know the profile that it was made with."""
        store.write("deliveries/d001/delivery.json", b'{"files_elsewhere": ["%b.drf"]}' % GNC.encode())
        assert check(store, alone).entries == ()
        store.write("deliveries/d001/delivery.json", b'{"files_elsewhere": ["another.drf"]}')
        assert (f"{GNC}.drf", "missing") in found(check(store, alone))
        store.write("deliveries/d001/delivery.json", b"no JSON")
        assert (f"{GNC}.drf", "missing") in found(check(store, alone))

    def test_a_file_that_came_is_held_against_its_label(
        self, store: Store, delivery: Delivery, alone: Delivery, by_label: object
    ) -> None:
        alone.files[f"{GNC}.drf"] = delivery.files[f"{GNC}.drf"][:-3] + b"9\r\n"
        assert (f"{GNC}.drf", "mismatch") in found(check(store, alone.manifest(), profile=by_label))


def test_what_waits_for_its_label_does_not_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_members, "KEPT_BYTES", 10)
    with ExitStack() as stack:
        shelf = verify_members._Shelf(stack, 100)
        for path in ("in memory", "on disk"):
            shelf.put(path, path.encode())
        assert shelf.get("on disk") == b"on disk"
        with pytest.raises(PackageError, match="more than 100 bytes"):
            shelf.put("bomb", bytes(94))
