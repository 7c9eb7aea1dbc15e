"""Adoption of a bundle that somebody else wrote: what is taken over, what is not and why."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.compute.serial import SerialExecutor
from drf_reprocess.digests import digest_bytes
from drf_reprocess.errors import ConfigurationError, StorageError, UnreadableLabel
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import Field, HistoryEntry, Kind, ProductRecord, Severity, StoredObject, TableLayout
from drf_reprocess.pds4.bundle import bundle_label
from drf_reprocess.pds4.collection import collection_label
from drf_reprocess.pds4.digest import label_digest
from drf_reprocess.pds4.facts import BundleFacts, CollectionFacts, ProductFacts
from drf_reprocess.pds4.inventory import write_inventory
from drf_reprocess.pds4.label import product_label
from drf_reprocess.pds4.read import BundleMember
from drf_reprocess.pds4.structure import structure_digest
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.stages.adopt import survey, take
from drf_reprocess.stages.adopt_labels import AdoptContext, Remark, order_history, to_calendar
from drf_reprocess.stages.adopt_versions import Survey, Versions, choose_versions
from drf_reprocess.storage.base import object_key, open_store, put_object
from drf_reprocess.testing.faults import FailOnCall

PROFILE = load_profile("maven-anc")
BUNDLE = PROFILE.bundles[0]
GNC = PROFILE.placement["gnc"][1]
TIMES = ("2014-12-08T03:20:19.328Z", "2014-12-08T16:54:25.480Z")
HISTORY = (
    HistoryEntry("2020-08-18", Vid(2, 0), "Data file replaced; see <a> & b."),
    HistoryEntry("2015-05-01", Vid(1, 0), "First release of this product."),
)
DATA = b"header 0\r\n" + b"14/342-03:20:19.328\r\n" * 3
COLLECTION_VID = Vid(3, 4)
FIELDS = (Field("SCET", "SCET", None, Kind.TIME, 1, 19),)
STEM = "sci_anc_gnc14_341_342"


def write_product(
    folder: Path, stem: str, vid: Vid = HISTORY[0].vid, history=HISTORY, data: bytes = DATA
) -> Path:
    """Write a product as an archive has it, and return the path of its label."""
    facts = ProductFacts(
        lidvid=Lidvid(GNC.lid.child(stem), vid),
        type="gnc",
        day=date(2014, 12, 8),
        start_time=TIMES[0],
        stop_time=TIMES[1],
        history=history,
        publication_year=2020,
        file_name=f"{stem}.drf",
        creation_time="2020-08-18T00:00:00Z",
        file_bytes=len(data),
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        layout=TableLayout("all", 10, 1, 21, 3, FIELDS),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / facts.file_name).write_bytes(data)
    label = folder / f"{stem}.xml"
    label.write_bytes(product_label(facts, PROFILE))
    return label


@dataclass
class Archive:
    """A bundle of one collection in a folder."""

    root: Path
    stems: list[str] = field(default_factory=lambda: ["sci_anc_gnc14_340_341", STEM])
    vid: Vid = COLLECTION_VID
    members: list[BundleMember] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.root / "data_drf_gnc"

    @property
    def label(self) -> Path:
        return self.folder / f"{STEM}.xml"

    @property
    def data(self) -> Path:
        return self.folder / f"{STEM}.drf"

    @property
    def inventory(self) -> Path:
        return self.folder / "collection_data_drf_gnc_inventory.csv"

    @property
    def collection(self) -> Path:
        return self.folder / "collection_data_drf_gnc.xml"

    @property
    def bundle(self) -> Path:
        return self.root / "bundle_maven_anc.xml"

    def write(self, rows: list[Lidvid] | None = None) -> Archive:
        for stem in self.stems:
            write_product(self.folder, stem)
        self.list_members(
            write_inventory(rows or [Lidvid(GNC.lid.child(stem), Vid(2, 0)) for stem in self.stems])
        )
        self.list_collections()
        return self

    def list_members(self, inventory: bytes) -> None:
        self.inventory.write_bytes(inventory)
        facts = CollectionFacts(
            lidvid=Lidvid(GNC.lid, self.vid),
            type="gnc",
            start_time=TIMES[0],
            stop_time=TIMES[1],
            history=(HistoryEntry("2020-09-02", self.vid, "One more."), *HISTORY),
            publication_year=2020,
            creation_time="2020-09-02T00:00:00Z",
            inventory_name=self.inventory.name,
            inventory=inventory,
        )
        self.collection.write_bytes(collection_label(facts, PROFILE))

    def list_collections(self) -> None:
        readme = b"About it.\r\n"
        (self.root / "readme.txt").write_bytes(readme)
        facts = BundleFacts(
            lidvid=Lidvid(BUNDLE.lid, Vid(2, 25)),
            start_time=TIMES[0],
            stop_time=TIMES[1],
            history=(HistoryEntry("2020-09-02", Vid(2, 25), "One more."), *HISTORY),
            publication_year=2020,
            creation_time="2020-09-02T00:00:00Z",
            readme_name="readme.txt",
            readme=readme,
            members=(BundleMember(GNC.lid, self.vid, True), *self.members),
        )
        self.bundle.write_bytes(bundle_label(facts, PROFILE, BUNDLE))


@dataclass
class Adopted:
    versions: Versions
    products: list[ProductRecord]
    remarks: list[Remark]
    absent: int

    @property
    def stems(self) -> list[str]:
        return [record.product_id for record in self.products]

    @property
    def told(self) -> dict[str, bool]:
        """Codes, each with whether something was left out."""
        return {remark.code: remark.left_out for remark in self.remarks}

    def remark(self, code: str) -> Remark:
        (found,) = [remark for remark in self.remarks if remark.code == code]
        return found


def adopt(root: Path, *, profile=PROFILE, take_data: bool = False, output=None, **limits) -> Adopted:
    output = output or open_store(str(root.parent / "output"))
    context = AdoptContext(open_store(str(root)), output, profile, take_data, **limits)
    found = Survey()
    for _ in survey(SerialExecutor(), context, found):
        pass
    versions = choose_versions(context, found)
    taken = [event.value() for event in take(SerialExecutor(), context, versions.products)]
    return Adopted(
        versions,
        [record for part in taken for record in part.products],
        [*found.remarks, *versions.remarks, *(remark for part in taken for remark in part.remarks)],
        sum(part.absent for part in taken),
    )


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "bundle").write()


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    changed = re.sub(old, new, text, count=1, flags=re.DOTALL)
    assert changed != text
    path.write_text(changed)


def test_labels_become_rows_that_say_what_the_labels_say(archive, tmp_path):
    done = adopt(archive.root)
    assert done.remarks == []
    assert done.stems == ["sci_anc_gnc14_340_341", STEM]
    record, label = done.products[1], archive.label.read_bytes()
    assert record.lidvid == Lidvid(GNC.lid.child(STEM), Vid(2, 0))
    assert (record.type, record.day, record.records) == ("gnc", date(2014, 12, 8), 3)
    assert (record.start_time, record.stop_time) == TIMES
    assert record.data == StoredObject("", hashlib.md5(DATA).hexdigest(), len(DATA))
    assert record.data == record.source_object
    assert (record.source.uri, record.source.bytes) == (str(archive.data), len(DATA))
    assert record.source.mtime_ns == archive.data.stat().st_mtime_ns
    assert record.label == digest_bytes(label)
    assert (tmp_path / "output" / object_key(record.label.sha256)).read_bytes() == label
    assert record.label_digest == label_digest(label)
    assert record.structure == structure_digest(label)
    assert (record.data_path, record.label_path) == (f"data_drf_gnc/{STEM}.drf", f"data_drf_gnc/{STEM}.xml")
    assert record.creation_time == "2020-08-18T00:00:00Z"
    assert record.history == HISTORY
    assert record.adopted
    assert record.family
    assert record.parquet == StoredObject("", "", 0)
    assert record.coverage == (TIMES,)


def test_collections_and_bundle_become_rows(archive, tmp_path):
    versions = adopt(archive.root).versions
    (collection,) = versions.collections
    assert (collection.lidvid, collection.kind) == (Lidvid(GNC.lid, Vid(3, 4)), "collection")
    assert collection.companion == digest_bytes(archive.inventory.read_bytes())
    assert collection.companion_path == "data_drf_gnc/collection_data_drf_gnc_inventory.csv"
    assert collection.members_digest == hashlib.sha256(archive.inventory.read_bytes()).hexdigest()
    assert [entry.vid for entry in collection.history] == [Vid(3, 4), Vid(2, 0), Vid(1, 0)]
    bundle = versions.bundle_record
    assert (bundle.lidvid, bundle.kind) == (Lidvid(BUNDLE.lid, Vid(2, 25)), "bundle")
    assert (bundle.label_path, bundle.companion_path) == ("bundle_maven_anc.xml", "readme.txt")
    for stored in (collection.label, collection.companion, bundle.label, bundle.companion):
        assert (tmp_path / "output" / object_key(stored.sha256)).stat().st_size == stored.bytes


def test_data_files_are_taken_on_request(archive, tmp_path):
    done = adopt(archive.root, take_data=True)
    assert done.remarks == []
    assert done.products[0].data == digest_bytes(DATA)
    assert (tmp_path / "output" / object_key(done.products[0].data.sha256)).read_bytes() == DATA


def test_labels_alone_are_enough(archive):
    for path in archive.root.rglob("*.drf"):
        path.unlink()
    done = adopt(archive.root)
    assert (done.remarks, done.absent, len(done.products)) == ([], 2, 2)
    assert (done.products[0].source.mtime_ns, done.products[0].source.bytes) == (0, len(DATA))


def test_the_archives_example_is_adopted(shared, tmp_path):
    done = adopt(
        shared / "pds4" / "examples" / "valid" / "archive_1d00",
        take_data=True,
        output=open_store(str(tmp_path)),
    )
    assert {record.product_id: str(record.lidvid.vid) for record in done.products} == {
        "sci_anc_gnc14_340_341": "2.0",
        "sci_anc_gnc14_341_342": "2.0",
        "sci_anc_gnc14_342_343": "1.0",
    }
    assert all(record.data.sha256 for record in done.products)
    assert str(done.versions.bundle_record.lidvid) == "urn:nasa:pds:maven.anc::2.1"
    assert done.told == {"collection-missing": True, "other-collection": True}
    others = {remark.lidvid: remark.count for remark in done.remarks if remark.code == "other-collection"}
    assert others == {"urn:nasa:pds:maven.anc:data.events": 1, "urn:nasa:pds:maven.anc:document": 0}


def test_the_first_deliverys_example_is_adopted_with_its_own_profile(shared, tmp_path):
    root = shared / "pds4" / "examples" / "valid" / "sis_1101"
    done = adopt(root, profile=load_profile("maven-anc-sis"), output=open_store(str(tmp_path)))
    assert [str(record.lidvid) for record in done.products] == [
        "urn:nasa:pds:maven.anc.drf:gnc:sci_anc_gnc14_341_342::1.0"
    ]


# Products


def remove_inventory_row(archive: Archive) -> None:
    archive.list_members(write_inventory([Lidvid(GNC.lid.child("sci_anc_gnc14_340_341"), Vid(2, 0))]))


def list_other_version(archive: Archive) -> None:
    rows = [Lidvid(GNC.lid.child(archive.stems[0]), Vid(2, 0)), Lidvid(GNC.lid.child(STEM), Vid(2, 1))]
    archive.list_members(write_inventory(rows))


def add_second_label(archive: Archive) -> None:
    other = archive.folder / "again"
    write_product(other, STEM, history=(replace(HISTORY[0], description="Another."), HISTORY[1]))


def move_out(archive: Archive) -> None:
    change(archive.label, f"gnc:{STEM}<", f"other:{STEM}<")


LABEL_FAULTS = {
    "label-unreadable": [
        lambda archive: archive.label.write_bytes(b"<a"),
        lambda archive: change(archive.label, "<Product_Obs", '<!DOCTYPE x [<!ENTITY e "e">]><Product_Obs'),
        lambda archive: change(archive.label, "<title>", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><title>'),
        lambda archive: archive.label.write_bytes(archive.label.read_bytes() + b" " * (5 << 20)),
        lambda archive: change(archive.label, "<version_id>2.0<", "<version_id>two<"),
        lambda archive: change(archive.label, "(<modification_date>2020.*?<version_id>)2.0<", "\\1x<"),
        lambda archive: change(archive.label, 'pds/v1"', 'pds/v9"'),
    ],
    "lidvid-twice": [add_second_label],
    "not-in-inventory": [remove_inventory_row],
    "version-not-listed": [list_other_version],
    "unsafe-path": [
        lambda archive: change(archive.label, f"<file_name>{STEM}", f"<file_name>../{STEM}"),
        lambda archive: change(archive.label, f"<file_name>{STEM}", "<file_name>/etc/passwd"),
        lambda archive: change(archive.label, f"<file_name>{STEM}.drf", "<file_name>.."),
        lambda archive: change(archive.label, f"<file_name>{STEM}", "<file_name>sub/x"),
    ],
    "no-times": [
        lambda archive: change(archive.label, "<Time_Coordinates>.*</Time_Coordinates>", ""),
        lambda archive: change(archive.label, "<start_date_time>2014-12-08", "<start_date_time>2014-13-08"),
    ],
    "not-one-file": [
        lambda archive: change(archive.label, "<File>.*</File>", ""),
        lambda archive: change(archive.label, "(<File>.*</File>)", "\\1\\1"),
    ],
    "history-contradicts": [lambda archive: change(archive.label, "<version_id>1.0<", "<version_id>3.0<")],
    "member-without-label": [lambda archive: archive.label.unlink()],
    "lid-outside-collection": [move_out],
    "other-class": [
        lambda archive: archive.label.write_text(
            archive.label.read_text().replace("Product_Observational", "Product_Ancillary")
        )
    ],
}


@pytest.mark.parametrize(
    ("code", "damage"),
    [(code, damage) for code, damages in LABEL_FAULTS.items() for damage in damages],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_label_that_cannot_be_adopted_is_told_and_the_rest_goes_on(archive, code, damage):
    damage(archive)
    done = adopt(archive.root)
    assert done.stems == ["sci_anc_gnc14_340_341"]
    remark = done.remark(code)
    assert remark.left_out
    assert remark.severity is Severity.ERROR
    assert STEM in remark.message
    assert remark.remedy


def test_a_label_whose_md5_nobody_knows_is_not_adopted(archive):
    change(archive.label, "<md5_checksum>[^<]*</md5_checksum>", "")
    archive.data.unlink()
    done = adopt(archive.root)
    assert done.stems == ["sci_anc_gnc14_340_341"]
    assert done.remark("md5-unknown").left_out


@pytest.mark.parametrize("md5", ["", "<md5_checksum>none</md5_checksum>"])
def test_the_md5_is_that_of_the_file_where_the_label_has_none(archive, md5):
    change(archive.label, "<md5_checksum>[^<]*</md5_checksum>", md5)
    change(archive.label, '<file_size unit="byte">[^<]*</file_size>', "")
    done = adopt(archive.root)
    assert done.products[1].data == StoredObject("", hashlib.md5(DATA).hexdigest(), len(DATA))


def test_md5_in_capitals_counts(archive):
    md5 = hashlib.md5(DATA).hexdigest()
    change(archive.label, md5, md5.upper())
    assert adopt(archive.root, take_data=True).products[1].data == digest_bytes(DATA)


@pytest.mark.parametrize(
    ("code", "damage"),
    [
        ("data-missing", lambda archive: archive.data.unlink()),
        ("data-md5", lambda archive: archive.data.write_bytes(DATA.replace(b"14/342", b"14/343"))),
        ("data-size", lambda archive: archive.data.write_bytes(DATA + b"\r\n")),
        ("data-too-large", lambda archive: None),
    ],
)
def test_damaged_data_leaves_the_product_adopted_as_its_label_tells(archive, code, damage):
    damage(archive)
    limits = {"max_file_bytes": 10} if code == "data-too-large" else {}
    done = adopt(archive.root, take_data=True, **limits)
    assert len(done.products) == 2
    assert done.products[1].data == StoredObject("", hashlib.md5(DATA).hexdigest(), len(DATA))
    remark = next(remark for remark in done.remarks if remark.path.endswith(f"{STEM}.xml"))
    assert (remark.code, remark.severity, remark.left_out) == (code, Severity.ERROR, False)


def test_a_wrong_size_is_seen_without_reading_the_data(archive):
    archive.data.write_bytes(DATA[:-1])
    assert adopt(archive.root).remark("data-size").path.endswith(f"{STEM}.xml")


def test_superseded_versions_beside_the_current_ones_are_passed_over(archive):
    write_product(archive.folder / "SUPERSEDED", STEM, Vid(1, 0), HISTORY[1:])
    done = adopt(archive.root)
    assert [str(record.lidvid.vid) for record in done.products] == ["2.0", "2.0"]
    remark = done.remark("version-superseded")
    assert (remark.severity, remark.left_out) == (Severity.INFO, True)


def test_versions_compare_by_number(archive):
    history = tuple(HistoryEntry("2020-01-01", Vid(1, minor), "x") for minor in range(10, 8, -1))
    write_product(archive.folder, STEM, Vid(1, 10), history)
    write_product(archive.folder / "SUPERSEDED", STEM, Vid(1, 9), history[1:])
    rows = [Lidvid(GNC.lid.child(archive.stems[0]), Vid(2, 0)), Lidvid(GNC.lid.child(STEM), Vid(1, 10))]
    archive.list_members(write_inventory(rows))
    done = adopt(archive.root)
    assert done.products[1].lidvid.vid == Vid(1, 10)
    assert done.told == {"version-superseded": True}


def test_a_copy_of_a_label_does_no_harm(archive):
    copy = archive.folder / "z" / archive.label.name
    copy.parent.mkdir()
    copy.write_bytes(archive.label.read_bytes())
    done = adopt(archive.root)
    assert done.products[1].label_path == f"data_drf_gnc/{STEM}.xml"
    assert done.told == {"label-copy": True}


def test_a_member_in_another_folder_is_adopted_by_its_identifier(archive):
    archive.label.rename(archive.root / archive.label.name)
    archive.data.rename(archive.root / archive.data.name)
    done = adopt(archive.root, take_data=True)
    assert done.told == {"other-folder": False}
    assert done.products[1].data_path == f"{STEM}.drf"


def test_label_that_names_a_day_of_the_year(archive):
    change(archive.label, "<start_date_time>2014-12-08", "<start_date_time>2014-342")
    assert adopt(archive.root).products[1].start_time == TIMES[0]


def test_stop_time_that_is_nil_is_told(archive):
    change(archive.label, "<stop_date_time>[^<]*</stop_date_time>", "<stop_date_time/>")
    done = adopt(archive.root)
    assert (done.products[1].start_time, done.products[1].stop_time) == (TIMES[0], TIMES[0])
    assert done.told == {"stop-time": False}


def test_history_without_the_labels_version_gets_an_entry_that_says_so(archive):
    change(archive.label, "<Modification_Detail>.*?</Modification_Detail>", "")
    done = adopt(archive.root)
    first, *rest = done.products[1].history
    assert tuple(rest) == HISTORY[1:]
    assert (first.vid, first.date) == (Vid(2, 0), "2020")
    assert done.told == {"history-incomplete": False}
    change(archive.label, "<Modification_History>.*</Modification_History>", "")
    assert [entry.vid for entry in adopt(archive.root).products[1].history] == [Vid(2, 0)]


ENTRIES = st.lists(
    st.builds(
        HistoryEntry,
        st.sampled_from(["2015", "2015-05", "2015-05-01", "2020-08-18"]),
        st.builds(Vid, st.integers(1, 12), st.integers(0, 12)),
        st.text(max_size=20),
    ),
    max_size=6,
)


@given(ENTRIES, st.builds(Vid, st.integers(1, 12), st.integers(0, 12)))
def test_every_entry_of_a_history_is_kept_and_the_newest_comes_first(entries, vid):
    ordered, fault = order_history(entries, vid, 2020, TIMES[0])
    added = [entry for entry in ordered if entry not in entries]
    assert sorted(map(repr, [*entries, *added])) == sorted(map(repr, ordered))
    assert [entry.vid for entry in ordered] == sorted((entry.vid for entry in ordered), reverse=True)
    assert max([vid, *(entry.vid for entry in entries)]) == ordered[0].vid
    assert bool(fault) == (max([entry.vid for entry in entries], default=None) != vid)
    assert order_history(tuple(reversed(ordered)), ordered[0].vid, 2020, TIMES[0])[1] == ""


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=8
).filter(lambda text: text.strip(" ") == text and "  " not in text)


@given(st.lists(WORDS, min_size=1, max_size=5), st.randoms())
def test_texts_of_a_history_are_kept_from_a_label_in_any_order(tmp_path_factory, words, random):
    entries = [HistoryEntry("2020-01-01", Vid(1, number), word) for number, word in enumerate(words)]
    root = tmp_path_factory.mktemp("history") / "bundle"
    archive = Archive(root).write()
    shuffled = random.sample(entries, len(entries))
    write_product(archive.folder, STEM, entries[-1].vid, (entries[-1],))
    details = "".join(
        f"<Modification_Detail><modification_date>{one.date}</modification_date><version_id>{one.vid}</version_id>"
        f"<description>\n  {one.description.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}\n"
        "</description></Modification_Detail>"
        for one in shuffled
    )
    text = archive.label.read_text()
    head, _, rest = text.partition("<Modification_History>")
    archive.label.write_text(
        f"{head}<Modification_History>{details}</Modification_History>{rest.partition('</Modification_History>')[2]}"
    )
    rows = [Lidvid(GNC.lid.child(archive.stems[0]), Vid(2, 0)), Lidvid(GNC.lid.child(STEM), entries[-1].vid)]
    archive.list_members(write_inventory(rows))
    done = adopt(root)
    assert done.products[1].history == tuple(reversed(entries))


def test_times_of_any_form():
    assert to_calendar("2014-342T03:20:19.3Z") == "2014-12-08T03:20:19.3Z"
    assert to_calendar("2014-12-08T03:20:19") == "2014-12-08T03:20:19Z"
    assert to_calendar("2014-12Z") == "2014-12-01T00:00:00Z"
    assert to_calendar("2014-342T03:20Z") == "2014-12-08T03:20:00Z"
    with pytest.raises(ValueError, match="no such day"):
        to_calendar("2014-366T00:00:00Z")


# Collections and bundle


def lose_collection(archive: Archive) -> None:
    archive.collection.unlink()


def other_collection_version(archive: Archive) -> None:
    archive.vid = Vid(3, 5)
    archive.list_collections()


@pytest.mark.parametrize(
    ("code", "damage"),
    [
        ("collection-missing", lose_collection),
        ("version-not-listed", other_collection_version),
        ("label-unreadable", lambda archive: archive.collection.write_bytes(b"<a")),
        ("inventory-missing", lambda archive: archive.inventory.unlink()),
        ("unsafe-path", lambda archive: change(archive.collection, "<file_name>", "<file_name>../")),
        ("not-in-bundle", lambda archive: change(archive.bundle, "data.drf.gnc::", "data.drf.usm1::")),
    ],
)
def test_a_collection_that_cannot_be_adopted_is_told_with_its_products(archive, code, damage):
    damage(archive)
    done = adopt(archive.root)
    assert (done.products, done.versions.collections) == ([], ())
    assert done.told[code]
    assert done.remark("collection-not-adopted").count == 2


def test_an_inventory_that_is_not_what_its_label_says_is_told(archive):
    archive.inventory.write_bytes(archive.inventory.read_bytes().replace(b"\r\n", b"\n"))
    done = adopt(archive.root)
    assert len(done.products) == 2
    assert {"inventory-md5", "inventory-line-end"} <= set(done.told)


def test_a_member_of_another_collection_is_not_adopted(archive):
    archive.list_members(write_inventory([Lidvid(Lid(f"{BUNDLE.lid}:other:{STEM}"), Vid(2, 0))]))
    assert adopt(archive.root).told["foreign-member"]


def test_secondary_members_are_counted(archive):
    rows = archive.inventory.read_bytes() + b"S,urn:nasa:pds:maven.anc:document:sis::1.0\r\n"
    archive.list_members(rows)
    done = adopt(archive.root)
    assert len(done.products) == 2
    assert (done.remark("secondary-members").severity, done.remark("secondary-members").count) == (
        Severity.INFO,
        1,
    )


def test_the_bundle_label_of_the_highest_version_counts(archive):
    newest = archive.bundle.read_bytes()
    archive.bundle.write_bytes(newest.replace(b"2.25", b"2.9"))
    (archive.root / "bundle_maven_anc_2.25.xml").write_bytes(newest)
    done = adopt(archive.root)
    assert done.versions.bundle_record.label_path == "bundle_maven_anc_2.25.xml"
    assert done.told == {"version-superseded": True}


def test_the_bundle_label_may_have_any_name(archive):
    archive.bundle.rename(archive.root / "anc.xml")
    assert adopt(archive.root).remarks == []


def test_collections_of_others_are_counted_and_stay_listed(archive):
    archive.members = [
        BundleMember(Lid(f"{BUNDLE.lid}:document"), Vid(1, 1), True, "bundle_has_document_collection"),
        BundleMember(Lid("urn:nasa:pds:other:context"), None, False, "bundle_has_context_collection"),
    ]
    archive.list_collections()
    done = adopt(archive.root)
    assert [remark.lidvid for remark in done.remarks] == [
        "urn:nasa:pds:maven.anc:document",
        "urn:nasa:pds:other:context",
    ]
    assert done.told == {"other-collection": True}
    listing = f"{GNC.lid}::3.4\n{BUNDLE.lid}:document::1.1\nurn:nasa:pds:other:context::None"
    assert done.versions.bundle_record.members_digest == hashlib.sha256(listing.encode()).hexdigest()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda archive: archive.bundle.unlink(), "no bundle label in"),
        (lambda archive: archive.bundle.write_bytes(b"<a"), "no bundle label in .*not well-formed"),
        (
            lambda archive: change(archive.bundle, "pds:maven.anc<", "pds:cassini<"),
            r"are of urn:nasa:pds:cassini; expected",
        ),
        (
            lambda archive: (archive.root / "b.xml").write_bytes(
                archive.bundle.read_bytes() + b"<!-- other -->"
            ),
            "2 labels that differ claim to be",
        ),
    ],
)
def test_without_a_bundle_of_the_profile_nothing_is_adopted(archive, damage, message):
    damage(archive)
    with pytest.raises(ConfigurationError, match=message):
        adopt(archive.root)


def test_a_bundle_label_that_contradicts_pds4_is_refused(archive):
    change(archive.bundle, "<lidvid_reference>urn", "<lidvid_reference>URN")
    with pytest.raises(UnreadableLabel, match=r"bundle_maven_anc\.xml: .*URN"):
        adopt(archive.root)


def test_a_place_that_is_not_there_is_a_matter_of_configuration(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no bundle at"):
        adopt(tmp_path / "nowhere")


def test_an_output_that_cannot_be_written_ends_the_adoption(archive, monkeypatch):
    full = FailOnCall(put_object, StorageError("full"), 2)
    monkeypatch.setattr("drf_reprocess.stages.adopt_labels.put_object", full)
    with pytest.raises(StorageError, match="full"):
        adopt(archive.root)


def test_thousands_of_labels_take_seconds(tmp_path):
    archive = Archive(tmp_path / "bundle", stems=[f"sci_anc_gnc{n:05d}" for n in range(2000)]).write()
    started = time.perf_counter()
    done = adopt(archive.root, output=open_store("memory://adopted"))
    elapsed_s = time.perf_counter() - started
    assert (len(done.products), done.remarks) == (2000, [])
    assert elapsed_s < 20, f"{elapsed_s:.1f} s for 2000 labels on one core"
