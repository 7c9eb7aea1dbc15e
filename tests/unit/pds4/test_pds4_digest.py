"""The digest of a label: blind for version, history, dates and layout, and for nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from drf_reprocess.errors import UnreadableLabel
from drf_reprocess.identifiers import Lidvid, Vid
from drf_reprocess.pds4.canonical import canonical_text
from drf_reprocess.pds4.digest import label_digest
from drf_reprocess.pds4.label import product_label
from drf_reprocess.pds4.parsing import parse_pds4, try_parse
from drf_reprocess.pds4.read import read_label

HEAD = '<Product_Observational xmlns="http://pds.nasa.gov/pds4/pds/v1">'


@pytest.fixture
def label(gnc):
    return gnc.read_bytes()


def change(label, old, new):
    changed = re.sub(old.encode(), new.encode(), label, count=1, flags=re.DOTALL)
    assert changed != label
    return changed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<version_id>2.0<", "<version_id>7.3<"),
        ("<publication_year>2020<", "<publication_year>2026<"),
        ("<creation_date_time>[^<]*<", "<creation_date_time>2026-01-01T00:00:00Z<"),
        ("<Modification_History>.*</Modification_History>", ""),
        ("Data file replaced", "Something else"),
        ("<Observation_Area>", "<!-- a comment -->\n\n<Observation_Area>"),
        ("of the table", "of <!-- a comment -->the table"),
        ('href="([^"]*)" schematypens="([^"]*)"', "schematypens='\\2'\n   href='\\1'"),
        ("\n  <", "\n\t\t<"),
        ("<title>", "<title>\n      "),
        ('xsi:schemaLocation="[^h]*', 'xsi:schemaLocation="'),
        ('<file_size unit="byte">', "<file_size  unit = 'byte' >"),
        ("Four lines", "&#70;our\n   lines"),
        ('<\\?xml version="1.0" encoding="UTF-8"\\?>', "<?xml version='1.0'?>"),
    ],
)
def test_what_always_moves_does_not_count(label, old, new):
    assert label_digest(change(label, old, new)) == label_digest(label)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sci_anc_gnc14_341_342</log", "sci_anc_gnc14_341_343</log"),
        ("<title>Guidance", "<title>guidance"),
        ("<information_model_version>1.13", "<information_model_version>1.14"),
        ("GNC\\) DRF file", "GNC) file"),
        ("03:20:19.328Z", "03:20:19.329Z"),
        ("<purpose>Engineering", "<purpose>Science"),
        ("Prime Mission", "Transition"),
        ("<md5_checksum>1f", "<md5_checksum>2f"),
        ('<file_size unit="byte">', "<file_size>"),
        ("<unit>rad/s</unit>", ""),
        ("<unit>rad/s</unit>", "<unit>deg/s</unit>"),
        ("PDS4_PDS_1D00.sch", "PDS4_PDS_1E00.sch"),
        ("PDS4_PDS_1D00.xsd", "PDS4_PDS_1E00.xsd"),
        ('mission/mvn/v1"', 'mission/mvn/v2"'),
        (
            "<name>SCET</name>\\s*<field_number>1</field_number>",
            "<field_number>1</field_number><name>SCET</name>",
        ),
        ("<Citation_Information>", "<Citation_Information><doi>10.1/x</doi>"),
    ],
)
def test_everything_else_counts(label, old, new):
    assert label_digest(change(label, old, new)) != label_digest(label)


def test_prefixes_and_indentation_do_not_count(label):
    text = label.decode()
    renamed = text.replace("mvn:", "q:").replace("xmlns:mvn", "xmlns:q")
    assert label_digest(renamed.encode()) == label_digest(label)
    prefixed = re.sub(r"<(/?)(?=[A-Za-z])(?!mvn:)", r"<\1p:", text).replace("xmlns=", "xmlns:p=")
    assert label_digest(prefixed.encode()) == label_digest(label)
    root = etree.fromstring(label)
    for element in root.iter(etree.Element):
        element.tail = None
        if len(element):
            element.text = None
    flat = etree.tostring(root.getroottree(), encoding="UTF-16")
    assert label_digest(flat) == label_digest(label)


@pytest.mark.parametrize(("vid", "year"), [(Vid(1, 0), 2015), (Vid(2, 10), 2026), (Vid(31, 0), 2100)])
def test_new_version_of_the_same_facts_has_the_same_digest(vid, year, build_product, archive_profile):
    facts = build_product(archive_profile).facts
    entry = replace(facts.history[0], vid=vid, description=f"Release of {year}.")
    newer = replace(
        facts,
        lidvid=Lidvid(facts.lidvid.lid, vid),
        history=(entry, *facts.history),
        publication_year=year,
        creation_time=f"{year}-01-01T00:00:00Z",
    )
    ours = product_label(facts, archive_profile)
    assert label_digest(product_label(newer, archive_profile)) == label_digest(ours)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"]), min_size=1))
def test_every_change_of_a_text_counts_but_for_white_space(text):
    def digest(value):
        escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return label_digest(f"{HEAD}<title>{escaped}</title></Product_Observational>".encode())

    assert digest(f"  {text}\n") == digest(text)
    assert digest(f"{text}x") != digest(text)
    assert digest(f"{text}\u00a0") != digest(text)


def test_digest_of_what_is_no_label_is_refused():
    for data in (b"", b"<a/>", b"<!DOCTYPE a><a/>", b"junk"):
        with pytest.raises(UnreadableLabel, match="label"):
            label_digest(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<a",
        "<a/>",
        f"{HEAD}</Product_Observational>",
        f'<!DOCTYPE x [<!ENTITY e "e">]>{HEAD}&e;</Product_Observational>',
        "<" * 1000,
        "<a>" * 400,
    ],
)
def test_unreadable_label_is_refused(text):
    with pytest.raises(UnreadableLabel, match="label"):
        read_label(text.encode())


def test_label_that_is_too_long_is_refused():
    with pytest.raises(UnreadableLabel, match="at most"):
        read_label(b" " * (5 << 20))


_NAMESPACES = ("", "http://pds.nasa.gov/pds4/pds/v1", "urn:a", "http://www.w3.org/XML/1998/namespace")
_TEXTS = st.text(alphabet=st.sampled_from("ab<>&\"'é\u00a0\u2003"), min_size=1, max_size=4)
_NAMES = st.builds(
    lambda uri, name: f"{{{uri}}}{name}" if uri else name,
    st.sampled_from(_NAMESPACES),
    st.sampled_from("abc"),
)


@st.composite
def trees(draw, depth=3):
    node = etree.Element(draw(_NAMES), draw(st.dictionaries(_NAMES, _TEXTS, max_size=2)))
    node.text = draw(st.none() | _TEXTS)
    for _ in range(draw(st.integers(0, 3 if depth else 0))):
        kind = draw(st.integers(0, 5))
        if kind == 0:
            child = etree.ProcessingInstruction("p", draw(st.none() | st.sampled_from(["x  y", "a<&>"])))
        else:
            child = draw(trees(depth=depth - 1))
        child.tail = draw(st.none() | _TEXTS)
        node.append(child)
    return node


@given(trees())
def test_canonical_form_is_that_of_the_standard(tree):
    assert canonical_text(tree, {}) == etree.canonicalize(tree, with_comments=False, rewrite_prefixes=True)


def test_label_that_is_parsed_already_is_left_as_it_is(label):
    root = parse_pds4(label)
    before = etree.tostring(root.getroottree())
    assert label_digest(root) == label_digest(label)
    assert etree.tostring(root.getroottree()) == before


def test_what_is_no_label_stays_as_it_is_for_its_readers(label):
    assert label_digest(try_parse(label)) == label_digest(label)
    assert try_parse(label[:100]) == label[:100]
