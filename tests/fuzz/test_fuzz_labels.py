"""Labels: what we write tells the table to whoever reads by it; spoilt labels are refused or found wrong, and never crash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO

import drf_fuzz_cases as cases
import drf_fuzz_hostile as hostile
import drf_fuzz_mutations as mutations
import drf_fuzz_readings as readings
import drf_fuzz_witness as witness
import drf_tests_reference as reference
import pyarrow.parquet as pq
import pytest
from lxml import etree

from drf_reprocess.drf.reader import read
from drf_reprocess.errors import UnreadableLabel
from drf_reprocess.identifiers import Lidvid, Vid
from drf_reprocess.model import HistoryEntry, RepairOptions, Severity
from drf_reprocess.pds4.check import check_label
from drf_reprocess.pds4.differences import label_differences
from drf_reprocess.pds4.digest import label_digest
from drf_reprocess.pds4.facts import ProductFacts
from drf_reprocess.pds4.identity import read_identity
from drf_reprocess.pds4.label import product_label
from drf_reprocess.pds4.read import read_label
from drf_reprocess.pds4.structure import structure_digest
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.tables.parquet import to_parquet

PDS = "{http://pds.nasa.gov/pds4/pds/v1}"
NAMES = {"imu": "mvn_imu18_139_143.txt"}
KINDS = {"ASCII_Real": "real", "ASCII_Integer": "integer"}
READERS: tuple[Callable[[bytes], object], ...] = (read_label, read_identity, label_digest, structure_digest)


def label_of(profile, name, reading):
    """Write the label of a reading."""
    lid = profile.placement[name][1].lid.child(f"sci_anc_{name}14_341_342")
    file_name = NAMES.get(name, f"{lid.last}.drf")
    lid = lid.parent.child(file_name.rpartition(".")[0])
    facts = ProductFacts(
        lidvid=Lidvid(lid, Vid(1, 0)),
        type=name,
        day=reading.day,
        start_time=reading.start_time,
        stop_time=reading.stop_time,
        history=(HistoryEntry("2026-11-21", Vid(1, 0), "First version."),),
        publication_year=2026,
        file_name=file_name,
        creation_time="2026-11-21T00:00:00Z",
        file_bytes=len(reading.data),
        md5=hashlib.md5(reading.data, usedforsecurity=False).hexdigest(),
        layout=reading.layout,
    )
    return facts, product_label(facts, profile)


def rows_by_label(label: bytes, data: bytes) -> list[dict]:
    """Read a file by its label with an XML parser and slices: as its user would, who knows nothing of us."""
    root = etree.fromstring(label)
    table = next(root.iter(f"{PDS}Table_Character"))
    offset, records = int(table.findtext(f"{PDS}offset")), int(table.findtext(f"{PDS}records"))
    record = table.find(f"{PDS}Record_Character")
    size = int(record.findtext(f"{PDS}record_length"))
    assert offset + records * size == len(data)
    rows = []
    for number in range(records):
        text = data[offset + number * size : offset + (number + 1) * size].decode("ascii")
        assert text.endswith("\r\n")
        row = {}
        for field in record.iter(f"{PDS}Field_Character"):
            start = int(field.findtext(f"{PDS}field_location")) - 1
            cell = text[start : start + int(field.findtext(f"{PDS}field_length"))]
            row[field.findtext(f"{PDS}name")] = reference.read_cell(
                cell, KINDS.get(field.findtext(f"{PDS}data_type"), "state")
            )
        rows.append(row)
    return rows


def assert_written(raw, profile, name, options):
    """Where a file is accepted, its label is without fault, reads as it was written and tells the very table; so does Parquet."""
    reading = read(raw, profile.types_by_name[name], options)
    if reading.refused is not None:
        return
    facts, label = label_of(profile, name, reading)
    found = check_label(label, {facts.file_name: reading.data}.get, profile.context.registered)
    assert found == ()
    contents = read_label(label)
    assert (contents.lidvid, contents.start_time, contents.stop_time) == (
        facts.lidvid,
        facts.start_time,
        facts.stop_time,
    )
    assert read_identity(label).lidvid == facts.lidvid
    assert contents.history == facts.history
    table = reading.table.to_pylist()
    for row, told in zip(table, rows_by_label(label, reading.data), strict=True):
        for field, cell in told.items():
            assert witness.same(row[field], cell), (field, row[field], cell)
    parquet = to_parquet(
        reading.table, lid=str(facts.lidvid.lid), source_md5="", data_md5="", schema_version="1"
    )
    again = pq.read_table(BytesIO(parquet)).to_pylist()
    assert all(witness.same(a[key], b[key]) for a, b in zip(table, again, strict=True) for key in a)


def run_written(profile, count):
    kind = "label-written"
    for number, rng in cases.generators(kind, count):
        name = rng.choice(readings.TYPES)
        known = readings.good(profile.types_by_name, name, rng)
        raw, told = (
            mutations.mutate(rng, known.raw, (*mutations.BYTES, *mutations.LINES))
            if number % 4
            else (known.raw, "")
        )
        options = RepairOptions(rng.choice(readings.POLICIES), 100, 3)
        cases.run(
            kind,
            number,
            f"{name}: {told}",
            raw,
            lambda raw, name=name, o=options: assert_written(raw, profile, name, o),
        )


def test_labels_of_readings_tell_the_table(profile):
    run_written(profile, 6)


@pytest.mark.slow
def test_many_labels_of_readings_tell_the_table(profile):
    run_written(profile, cases.SLOW_BUDGET["label-written"])
    cases.require("label-written", cases.SLOW_BUDGET["label-written"])


@lru_cache
def written(profile_name, name):
    """A profile, the name of a data file, its bytes and its label."""
    profile = load_profile(profile_name)
    reading = read(
        readings.good(profile.types_by_name, name).raw, profile.types_by_name[name], RepairOptions()
    )
    facts, label = label_of(profile, name, reading)
    return profile, facts.file_name, reading.data, label


def _is_plain(root) -> bool:
    """Whether one table has fields, none in another, each with all that the slow reader needs."""
    fields = list(root.iter(f"{PDS}Field_Character"))
    direct = root.findall(
        f"{PDS}File_Area_Observational/{PDS}Table_Character/{PDS}Record_Character/{PDS}Field_Character"
    )
    needed = ("name", "field_location", "field_length", "data_type")
    return (
        fields == direct
        and len(list(root.iter(f"{PDS}Table_Character", f"{PDS}Record_Character"))) == 2
        and all(field.findtext(f"{PDS}{name}") for field in fields for name in needed)
        and all((field.findtext(f"{PDS}{name}") or "").isdigit() for field in fields for name in needed[1:3])
    )


def assert_sound_label(label: bytes, name: str, data: bytes, good: bytes, registered) -> str:
    """Each reader reads or refuses; the checker tells findings; a label without finding tells all cells of its file."""
    readable = 0
    for reader in READERS:
        try:
            reader(label)
            readable += 1
        except UnreadableLabel:
            continue
    try:
        differences = label_differences(good, label)
        assert (differences == ()) == (label_digest(good) == label_digest(label))
    except UnreadableLabel:
        assert readable < len(READERS)
    findings = check_label(label, {name: data}.get, registered)
    for finding in findings:
        assert witness.CODE.fullmatch(finding.code)
        assert finding.message
        assert len(finding.message) < 20_000
    if any(finding.severity is Severity.ERROR for finding in findings):
        return "found"
    root = etree.fromstring(label)
    tables = root.findall(f"{PDS}File_Area_Observational/{PDS}Table_Character")
    if len(tables) != 1 or not _is_plain(root):
        return "of another schema"  # XML Schema tells of that
    rows_by_label(label, data)
    return "right"


def run_labels(kind, ways, count):
    outcomes = {}
    for number, rng in cases.generators(kind, count):
        profile, name, data, good = written(
            rng.choice(("maven-anc", "maven-anc-sis")), rng.choice(("eps", "imu", "rs"))
        )
        label, told = mutations.mutate(rng, good, ways)
        outcome = cases.run(
            kind,
            number,
            told,
            label,
            lambda label, name=name, data=data, good=good, profile=profile: assert_sound_label(
                label, name, data, good, profile.context.registered
            ),
        )
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcomes


def _elements(root):
    return [element for element in root.iter() if isinstance(element.tag, str)]


def put_text(rng, raw):
    """Give an element another text, written as XML needs it."""
    try:
        root = etree.fromstring(raw)
    except (etree.XMLSyntaxError, ValueError):
        return raw, "no XML any more"
    leaves = [element for element in _elements(root) if len(element) == 0]
    element, text = rng.choice(leaves), rng.choice(hostile.TEXTS + hostile.NUMBERS)
    element.text = text
    return etree.tostring(
        root.getroottree(), xml_declaration=True, encoding="UTF-8"
    ), f"{element.tag}: {text[:40]!a}"


def change_tree(rng, raw):
    """Delete, repeat, move, rename or wrap an element, or put a comment or instruction into it."""
    try:
        root = etree.fromstring(raw)
    except (etree.XMLSyntaxError, ValueError):
        return raw, "no XML any more"
    elements = _elements(root)
    element, other = rng.choice(elements), rng.choice(elements)
    way, parent = rng.randrange(9), element.getparent()
    if way == 0 and parent is not None:
        parent.remove(element)
    elif way == 1 and parent is not None:
        for _ in range(rng.choice((1, 1, 3, 50))):
            parent.insert(
                rng.randrange(len(parent) + 1), etree.fromstring(etree.tostring(element, with_tail=False))
            )
    elif (
        way == 2
        and parent is not None
        and element not in list(other.iterancestors())
        and other is not element
    ):
        if element not in list(other.iterancestors()):
            other.append(element)
    elif way == 3:
        element.tag = rng.choice(elements).tag
    elif way == 4:
        element.tag = rng.choice(
            (
                "x",
                "{urn:other}x",
                PDS + "x",
                "{http://pds.nasa.gov/pds4/pds/v0}" + etree.QName(element).localname,
            )
        )
    elif way == 5:
        element.insert(0, rng.choice((etree.Comment("a"), etree.ProcessingInstruction("p", 'a="1" b'))))
    elif way == 6:
        element.set(
            rng.choice(("unit", "{urn:x}y", "{http://www.w3.org/XML/1998/namespace}lang", "id")),
            rng.choice(("", "byte", "1e999")),
        )
    elif way == 7:
        for _ in range(rng.choice((3, 100, 300))):
            inner = etree.SubElement(element, element.tag)
            element = inner
    else:
        element[:] = sorted(element, key=lambda child: rng.random())
    return etree.tostring(
        root.getroottree(), xml_declaration=True, encoding="UTF-8"
    ), f"tree changed (way {way})"


def put_outside(rng, raw):
    """Entities, document types, declarations, other encodings: what stands around the elements, or in their text."""
    head, _, body = raw.partition(b"?>")
    way = rng.randrange(9)
    if way == 0:
        entity = rng.choice(
            (
                b'<!DOCTYPE x [<!ENTITY a "b">]>',
                b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
                b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
                b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>',
                b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
            )
        )
        return head + b"?>" + entity + body.replace(b"<title>", b"<title>&a;", 1), "document type"
    if way == 1:
        return raw.replace(
            b"<title>", rng.choice((b"<title>&a;", b"<title>&#0;", b"<title>&#x1F;", b"<title>&amp;lt;")), 1
        ), "entity"
    if way == 2:
        encoding = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp500"))
        return raw.decode("utf-8", "replace").encode(encoding, "replace"), encoding
    if way == 3:
        told = rng.choice((b"UTF-16", b"latin-1", b"ISO-8859-1", b"x-unknown", b"UTF-7", b""))
        return raw.replace(b"UTF-8", told, 1).replace(b"utf-8", told, 1), f"says {told!r}"
    if way == 4:
        return raw.replace(b"<title>", b"<title><![CDATA[", 1).replace(
            b"</title>", b"]]></title>", 1
        ), "CDATA"
    if way == 5:
        return raw + rng.choice((b"\0", b"<x/>", b"text", b"<!-- a -->", b"<?p?>", raw)), "more at the end"
    if way == 6:
        return rng.choice(
            (b"\0", b"\n", b" ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf")
        ) + raw, "more at the beginning"
    if way == 7:
        return raw.replace(
            b"<title>", b"<title>" + b"x" * rng.choice((300, 100_000, 5_000_000)), 1
        ), "a long title"
    return raw.replace(
        b"http://pds.nasa.gov/pds4/pds/v1",
        rng.choice((b"", b"http://example.org", b"urn:x y", b"//pds")),
        rng.choice((1, 9)),
    ), "namespace"


ELEMENTS = (put_text, put_text, put_text, change_tree, change_tree, put_outside)


@pytest.mark.parametrize(("kind", "ways"), [("label-bytes", mutations.BYTES), ("label-elements", ELEMENTS)])
def test_spoilt_labels_smoke(kind, ways):
    assert "found" in run_labels(kind, ways, 30) or cases.ONLY


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "ways"),
    [("label-bytes", (*mutations.BYTES, mutations.encode_otherwise)), ("label-elements", ELEMENTS)],
)
def test_spoilt_labels(kind, ways):
    assert {"found", "right"} <= set(run_labels(kind, ways, cases.SLOW_BUDGET[kind])) or cases.ONLY
    cases.require(kind, cases.SLOW_BUDGET[kind])
