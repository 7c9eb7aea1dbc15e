"""Differences of labels in words: there are some exactly where the digests differ."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from drf_reprocess.errors import UnreadableLabel
from drf_reprocess.pds4.differences import label_differences
from drf_reprocess.pds4.digest import label_digest
from drf_reprocess.pds4.label import product_label

PDS = "http://pds.nasa.gov/pds4/pds/v1"


@pytest.fixture
def label(build_product, archive_profile):
    return product_label(build_product(archive_profile, "imu").facts, archive_profile)


def change(label, old, new):
    changed = re.sub(old.encode(), new.encode(), label, count=1, flags=re.DOTALL)
    assert changed != label
    return changed


CASES = [
    (
        "<name>Mars</name>",
        "<name>MARS</name>",
        "Observation_Area/Target_Identification/name: 'Mars' here, 'MARS' there",
    ),
    ("<title>[^<]*</title>", "", "Identification_Area/title: '[^']*' here, absent there"),
    ("<title>", "<title>A ", "Identification_Area/title: '[^']*' here, 'A [^']*' there"),
    (
        "<records>3<",
        "<records>4<",
        "File_Area_Observational/Table_Character/records: '3' here, '4' there",
    ),
    (
        '<file_size unit="byte">',
        "<file_size>",
        "File_Area_Observational/File/file_size/@unit: 'byte' here, absent there",
    ),
    (
        "<name>YANGLE</name>(.*?)<unit>[^<]*</unit>",
        "<name>YANGLE</name>\\1<unit>furlong</unit>",
        r".*/Record_Character/Field_Character\[YANGLE\]/unit: '[^']*' here, 'furlong' there",
    ),
    (
        "<name>YANGLE</name>",
        "<name>ZANGLES</name>",
        r".*/Record_Character/Field_Character\[YANGLE\]/name: 'YANGLE' here, 'ZANGLES' there",
    ),
    (
        "<Observing_System>",
        "<Observing_System><comment>odd</comment>",
        "Observation_Area/Observing_System/comment: absent here, 'odd' there",
    ),
    (
        ">Prime Mission<",
        ">Transition<",
        "Observation_Area/Mission_Area/mvn:MAVEN/mvn:mission_phase_name: 'Prime Mission' here, 'Transition' there",
    ),
    (
        "PDS4_PDS_1D00.sch",
        "PDS4_PDS_1E00.sch",
        "processing instruction: 'xml-model [^\n]*1D00.sch[^\n]*' here, absent there",
    ),
    (
        "PDS4_PDS_1D00.xsd",
        "PDS4_PDS_1E00.xsd",
        "Product_Observational/@xsi:schemaLocation: .*1D00.* here, .*1E00.* there",
    ),
]


@pytest.mark.parametrize(("old", "new", "told"), CASES, ids=[told[:50] for _, _, told in CASES])
def test_a_difference_is_told_with_its_path_and_both_values(label, old, new, told):
    found = label_differences(label, change(label, old, new))
    assert re.fullmatch(told, found[0]), found
    assert len(found) == (2 if "instruction" in told else 1), found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<version_id>2.1<", "<version_id>7.3<"),
        ("<publication_year>2026<", "<publication_year>2031<"),
        ("<creation_date_time>[^<]*<", "<creation_date_time>2031-01-01<"),
        ("<Modification_History>.*</Modification_History>", ""),
        ("<title>", "<title><!-- a comment -->\n   "),
        ("mvn", "q"),
    ],
)
def test_what_always_moves_is_no_difference(label, old, new):
    changed = (
        label.replace(b"mvn:", b"q:").replace(b"xmlns:mvn", b"xmlns:q")
        if old == "mvn"
        else change(label, old, new)
    )
    assert label_differences(label, changed) == ()
    assert label_digest(label) == label_digest(changed)


def test_fields_in_another_order_are_told_as_that(label):
    root = etree.fromstring(label)
    record = next(root.iter(f"{{{PDS}}}Record_Character"))
    fields = record.findall(f"{{{PDS}}}Field_Character")
    record.remove(fields[2])
    record.append(fields[2])
    assert label_differences(label, etree.tostring(root.getroottree())) == (
        "File_Area_Observational/Table_Character/Record_Character: its elements are in another order",
    )


def test_a_field_that_is_gone_is_told_alone(label):
    root = etree.fromstring(label)
    record = next(root.iter(f"{{{PDS}}}Record_Character"))
    record.remove(record.findall(f"{{{PDS}}}Field_Character")[1])
    (told,) = label_differences(label, etree.tostring(root.getroottree()))
    assert re.fullmatch(r".*/Field_Character\[IMU_TIME\]: 'IMU_TIME 2 .*' here, absent there", told), told


def test_other_namespace_is_a_difference(label):
    changed = label.replace(b'mission/mvn/v1"', b'mission/mvn/v2"')
    assert label_digest(changed) != label_digest(label)
    assert any("(namespace)" in told for told in label_differences(label, changed))


def test_long_texts_are_cut_to_where_they_differ(label):
    long = "word " * 200
    one = change(label, "<title>", f"<title>{long}one ")
    other = change(label, "<title>", f"<title>{long}two ")
    (told,) = label_differences(one, other)
    assert len(told) < 400
    assert "word one" in told
    assert "word two" in told


def test_more_differences_than_the_limit_are_counted(label):
    changed = re.sub(rb"<data_type>[^<]*<", b"<data_type>ASCII_Text<", label)
    found = label_differences(label, changed, limit=5)
    assert len(found) == 6
    assert found[-1] == f"... and {len(label_differences(label, changed)) - 5} more"


def test_other_class_and_what_is_no_label(label):
    (told,) = label_differences(label, label.replace(b"Product_Observational", b"Product_Ancillary"))[:1]
    assert "Product_Observational" in told
    with pytest.raises(UnreadableLabel, match="label"):
        label_differences(label, b"<a/>")


ELEMENTS = st.integers(0, 10_000)
TEXTS = st.text(alphabet=" \n\t\u00a0aB<&é", max_size=4)


def mutate(root, kind, number, text):
    """Change one thing of a tree: text, tail, attribute, order or presence of an element."""
    nodes = [node for node in root.iter(etree.Element) if node is not root]
    node = nodes[number % len(nodes)]
    parent = node.getparent()
    if kind == "text":
        node.text = text
    elif kind == "tail":
        node.tail = text
    elif kind == "attribute":
        node.set("unit", text)
    elif kind == "remove":
        parent.remove(node)
    elif kind == "twice":
        twin = etree.SubElement(parent, node.tag)
        twin.text = node.text
    elif kind == "move":
        parent.append(node)
    elif kind == "rename":
        node.tag = f"{{{PDS}}}other"
    elif kind == "comment":
        node.insert(0, etree.Comment(text.replace("-", "")))
    elif kind == "instruction":
        node.append(etree.ProcessingInstruction("style", text.strip() or "x"))
    elif kind == "history":
        for detail in root.iter(f"{{{PDS}}}Modification_Detail"):
            if len(detail) > 2:
                detail[2].text = text


KINDS = [
    "text",
    "tail",
    "attribute",
    "remove",
    "twice",
    "move",
    "rename",
    "comment",
    "instruction",
    "history",
]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KINDS), ELEMENTS, TEXTS), max_size=3))
def test_there_are_differences_exactly_where_the_digests_differ(label, changes):
    root = etree.fromstring(label)
    for kind, number, text in changes:
        mutate(root, kind, number, text)
    changed = etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)
    is_same = label_digest(changed) == label_digest(label)
    assert (label_differences(label, changed) == ()) == is_same
    assert (label_differences(changed, label) == ()) == is_same
