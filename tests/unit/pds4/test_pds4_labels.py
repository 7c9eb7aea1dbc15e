"""Labels that we write: valid by schema, rules and our own checker, and of the structure of the archive's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from lxml import etree

from drf_reprocess.errors import ProfileError
from drf_reprocess.identifiers import Vid
from drf_reprocess.model import HistoryEntry, Kind
from drf_reprocess.pds4.bundle import bundle_label, readme_text
from drf_reprocess.pds4.check import check_label
from drf_reprocess.pds4.collection import collection_label
from drf_reprocess.pds4.label import product_label
from drf_reprocess.pds4.read import read_label
from drf_reprocess.pds4.schemas import schema_set
from drf_reprocess.profiles.load import load_profile

HISTORY = (HistoryEntry("2015-05-01", Vid(1, 0), "First release."),)
PDS = "{http://pds.nasa.gov/pds4/pds/v1}"


def outline(label):
    root = etree.fromstring(label)
    return [
        (len(list(node.iterancestors())), node.tag, sorted(node.attrib)) for node in root.iter(etree.Element)
    ]


def values(label, name):
    return [node.text for node in etree.fromstring(label).iter(PDS + name)]


def with_model(profile, **changes):
    bundle = profile.bundles[0]
    changed = bundle.model_copy(update={"model": bundle.model.model_copy(update=changes)})
    kept = {name: getattr(profile, name) for name in type(profile).model_fields}
    return type(profile)(**kept | {"bundles": (changed, *profile.bundles[1:])})


def test_every_product_label_is_valid(profile, build_product, xml_catalog):
    schemas = schema_set(str(xml_catalog))
    for file_type in profile.types:
        product = build_product(profile, file_type.name)
        label = product_label(product.facts, profile)
        assert schemas.check(label) == ()
        assert (
            check_label(label, {product.facts.file_name: product.data}.get, profile.context.registered) == ()
        )


def test_every_collection_and_bundle_label_is_valid(profile, build_collection, build_bundle, xml_catalog):
    schemas = schema_set(str(xml_catalog))
    registered = profile.context.registered
    for bundle in profile.bundles:
        for collection in bundle.collections:
            facts = build_collection(collection)
            label = collection_label(facts, profile)
            assert schemas.check(label) == ()
            assert check_label(label, {facts.inventory_name: facts.inventory}.get, registered) == ()
        if bundle.collections:
            facts = build_bundle(bundle)
            label = bundle_label(facts, profile, bundle)
            assert schemas.check(label) == ()
            assert check_label(label, {facts.readme_name: facts.readme}.get, registered) == ()


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("maven-anc", "archive_1d00/data_drf_gnc/sci_anc_gnc14_341_342.xml"),
        ("maven-anc-sis", "sis_1101/gnc/sci_anc_gnc14_341_342.xml"),
    ],
)
def test_product_label_has_the_structure_of_the_archives(name, example, examples, build_product):
    profile = load_profile(name)
    expected = (examples / "valid" / example).read_bytes()
    product = build_product(profile, "gnc", records=12)
    wanted = read_label(expected)
    fields = tuple(
        replace(field, name=there.name, location=there.location, length=there.length, description="text")
        for field, there in zip(product.facts.layout.fields, wanted.objects[0][1].fields, strict=True)
    )
    layout = replace(product.facts.layout, header_bytes=1300, record_bytes=325, fields=fields)
    facts = replace(product.facts, history=wanted.history, lidvid=wanted.lidvid, layout=layout)
    label = product_label(facts, profile)
    assert outline(label) == outline(expected)
    for element in ("name", "field_location", "field_length", "data_type", "field_number", "unit", "offset"):
        ours = values(label, element)
        theirs = values(expected, element)
        start = 3 if element == "name" else 0  # the archive's spacecraft has no registered name
        skipped = {"DRF header", "GNC file header", "Mars Atmosphere and Volatile EvolutioN Mission"}
        assert [text for text in ours[start:] if text not in skipped] == [
            text for text in theirs[start:] if text not in skipped
        ]


@pytest.mark.parametrize(
    ("name", "folder"), [("maven-anc", "archive_1d00/data_drf_gnc"), ("maven-anc-sis", "sis_1101/gnc")]
)
def test_collection_label_has_the_structure_of_the_archives(name, folder, examples, build_collection):
    profile = load_profile(name)
    expected = next((examples / "valid" / folder).glob("collection_*.xml")).read_bytes()
    wanted = read_label(expected)
    facts = build_collection(profile.placement["gnc"][1])
    label = collection_label(replace(facts, history=wanted.history, lidvid=wanted.lidvid), profile)
    assert outline(label) == outline(expected)
    for element in ("record_delimiter", "field_delimiter", "data_type", "maximum_record_length", "purpose"):
        assert values(label, element) == values(expected, element)


def test_bundle_label_has_the_structure_of_the_archives(archive_profile, examples, build_bundle):
    expected = (examples / "valid" / "archive_1d00" / "bundle_maven_anc.xml").read_bytes()
    bundle = archive_profile.bundles[0]
    ours = outline(bundle_label(build_bundle(bundle), archive_profile, bundle))
    theirs = outline(expected)
    member = next(row for row in theirs if row[1] == PDS + "Bundle_Member_Entry")
    assert ours[: ours.index(member) + 4] == theirs[: theirs.index(member) + 4]


def test_label_without_header_has_no_header_object(profile, build_product, xml_catalog):
    product = build_product(profile, "gnc", header_lines=0)
    label = product_label(product.facts, profile)
    assert values(label, "parsing_standard_id") == []
    assert values(label, "offset") == ["0"]
    assert schema_set(str(xml_catalog)).check(label) == ()
    assert check_label(label, lambda _: product.data, profile.context.registered) == ()


def test_fields_carry_unit_factor_and_type(archive_profile, build_product):
    product = build_product(archive_profile, "gnc")
    first, second, third, fourth, *rest = product.facts.layout.fields
    fields = (
        replace(first, kind=Kind.STATE),
        replace(second, unit="rad", scaling_factor=1e-06),
        replace(third, kind=Kind.INTEGER, description=None),
        replace(fourth, unit="m/s", scaling_factor=7.53e-05),
        *rest,
    )
    facts = replace(product.facts, layout=replace(product.facts.layout, fields=fields))
    label = product_label(facts, archive_profile)
    assert values(label, "data_type")[:3] == ["ASCII_String", "ASCII_Real", "ASCII_Integer"]
    assert values(label, "scaling_factor")[:2] == ["1e-06", "7.53e-05"]
    assert values(label, "unit")[:2] == ["rad", "m/s"]


def test_mission_phase_stands_only_where_the_calendar_has_one(archive_profile, build_product, xml_catalog):
    product = build_product(archive_profile)
    inside = product_label(product.facts, archive_profile)
    outside = product_label(replace(product.facts, day=date(1999, 1, 1)), archive_profile)
    assert b"<mvn:mission_phase_name>Prime Mission</mvn:mission_phase_name>" in inside
    assert b"Mission_Area" not in outside
    assert schema_set(str(xml_catalog)).check(outside) == ()


def test_label_of_a_recent_model_has_neither_error_nor_warning(archive_profile, build_product, xml_catalog):
    profile = with_model(
        archive_profile,
        version="1.24.0.0",
        xsd="https://pds.nasa.gov/pds4/pds/v1/PDS4_PDS_1O00.xsd",
        sch="https://pds.nasa.gov/pds4/pds/v1/PDS4_PDS_1O00.sch",
        dictionary=None,
    )
    label = product_label(build_product(profile).facts, profile)
    assert schema_set(str(xml_catalog)).check(label) == ()


def test_times_are_cut_outwards_to_the_digits_of_the_model(build_product, xml_catalog):
    profile = load_profile("maven-anc-sis")
    facts = replace(
        build_product(profile).facts,
        start_time="2014-12-08T03:20:19.123456Z",
        stop_time="2014-12-31T23:59:59.999999Z",
    )
    label = product_label(facts, profile)
    assert values(label, "start_date_time") == ["2014-12-08T03:20:19.1234Z"]
    assert values(label, "stop_date_time") == ["2015-01-01T00:00:00.0000Z"]
    assert schema_set(str(xml_catalog)).check(label) == ()


def test_unknown_model_is_refused(archive_profile, build_product):
    profile = with_model(archive_profile, version="9.9.9.9")
    with pytest.raises(ProfileError, match=r"'9\.9\.9\.9'.*1\.13\.0\.0"):
        product_label(build_product(profile).facts, profile)


def test_text_outside_ascii_is_refused_where_the_model_refuses_it(profile, build_product, xml_catalog):
    product = build_product(profile)
    history = (replace(product.facts.history[0], description="Größe berichtigt."), *product.facts.history[1:])
    facts = replace(product.facts, history=history)
    if profile.name == "maven-anc-sis":
        with pytest.raises(ProfileError, match="7-bit ASCII"):
            product_label(facts, profile)
    else:
        assert schema_set(str(xml_catalog)).check(product_label(facts, profile)) == ()


def test_markup_in_texts_is_escaped(archive_profile, build_product):
    product = build_product(archive_profile)
    history = (replace(product.facts.history[0], description='<b> & "c" ]]>'), *product.facts.history[1:])
    label = product_label(replace(product.facts, history=history), archive_profile)
    assert read_label(label).history == history


def test_history_must_begin_with_the_version_of_the_label(archive_profile, build_product):
    facts = replace(build_product(archive_profile).facts, history=())
    with pytest.raises(ValueError, match="first history entry"):
        product_label(facts, archive_profile)


def test_label_is_read_back(profile, build_product):
    facts = build_product(profile).facts
    contents = read_label(product_label(facts, profile))
    assert contents.lidvid == facts.lidvid
    assert contents.history == facts.history
    assert contents.files == ((facts.file_name, facts.file_bytes, facts.md5, facts.creation_time),)
    assert (contents.start_time, contents.stop_time) == (facts.start_time, facts.stop_time)
    assert [part.kind for part in contents.objects[0]] == ["Header", "Table_Character"]


def test_bundle_label_is_read_back(archive_profile, build_bundle):
    bundle = archive_profile.bundles[0]
    facts = build_bundle(bundle)
    contents = read_label(bundle_label(facts, archive_profile, bundle))
    assert [(member.lid, member.vid) for member in contents.members] == sorted(
        (member.lid, member.vid) for member in facts.members
    )
    assert all(member.primary for member in contents.members)


def test_same_facts_give_same_bytes(profile, build_product):
    facts = build_product(profile).facts
    assert product_label(facts, profile) == product_label(facts, profile)
    assert product_label(facts, profile).endswith(b">\n")


def test_readme_lines_are_short_ascii_and_end_in_crlf(profile):
    bundle = profile.bundles[0]
    history = [
        HistoryEntry("2026-11-21", Vid(12, 10), "word " * 60),
        HistoryEntry("2026-11-21", Vid(12, 9), "x" * 200),
        HistoryEntry("2026-11-21", Vid(1234, 56789), "long version"),
    ]
    readme = readme_text(bundle, history)
    lines = readme.split(b"\r\n")
    assert lines.pop() == b""
    assert max(map(len, lines)) <= 78
    assert b"\n" not in b"".join(lines)
    assert f"LID {bundle.lid}".encode() in lines
    assert any(line.startswith(b"12.10    2026-11-21  word word") for line in lines)
    assert any(line.startswith(b"1234.56789 2026-11-21") for line in lines)


def test_readme_paragraph_with_a_long_line_is_set_anew(archive_profile):
    text = "short lines\n  stay as they are\n\n" + "word " * 20 + "\nnext line\n"
    bundle = archive_profile.bundles[0].model_copy(update={"readme": text})
    lines = readme_text(bundle, HISTORY).decode().split("\r\n")
    assert lines[:3] == ["short lines", "  stay as they are", ""]
    assert lines[3] == " ".join(["word"] * 15)
    assert lines[4] == " ".join(["word"] * 5) + " next line"


def test_readme_outside_ascii_is_refused(archive_profile):
    bundle = archive_profile.bundles[0].model_copy(update={"readme": "Größe"})
    with pytest.raises(ProfileError, match="7-bit ASCII"):
        readme_text(bundle, ())
