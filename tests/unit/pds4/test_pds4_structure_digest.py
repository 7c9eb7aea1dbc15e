"""The digest of a record structure: what a reader of the file must know, and nothing else."""

from __future__ import annotations

import re
import time

import pytest
from lxml import etree

from drf_reprocess.errors import UnreadableLabel
from drf_reprocess.pds4.label import product_label
from drf_reprocess.pds4.structure import structure_digest


@pytest.fixture
def label(build_product, archive_profile):
    return product_label(build_product(archive_profile, "gnc").facts, archive_profile)


def change(label, old, new):
    changed = re.sub(old.encode(), new.encode(), label, count=1, flags=re.DOTALL)
    assert changed != label
    return changed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<version_id>2.1<", "<version_id>3.0<"),
        ("<records>3<", "<records>4000<"),
        ('<offset unit="byte">[1-9][0-9]*<', '<offset unit="byte">26<'),
        ("<Header>.*</Header>", ""),
        ("<file_name>[^<]*<", "<file_name>other.drf<"),
        ("<md5_checksum>..", "<md5_checksum>00"),
        ("<description>[^<]*<", "<description>Other words.<"),
        ("<title>", "<title>A "),
        ("(<Table_Character>\\s*)<name>[^<]*<", "\\1<name>Other name of the table<"),
        ("Carriage-Return Line-Feed", "carriage-return line-feed"),
        ("<data_type>", "<data_type>\n   "),
        ("\n  <", "\n\t<"),
    ],
)
def test_what_does_not_change_the_records_does_not_count(label, old, new):
    assert structure_digest(change(label, old, new)) == structure_digest(label)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<information_model_version>1.13", "<information_model_version>1.14"),
        ("Carriage-Return Line-Feed", "Line-Feed"),
        ('<record_length unit="byte">[0-9]*<', '<record_length unit="byte">9999<'),
        ("<name>SCET<", "<name>SCLK<"),
        ('<field_location unit="byte">21<', '<field_location unit="byte">20<'),
        ('<field_length unit="byte">12<', '<field_length unit="byte">11<'),
        ("<data_type>ASCII_Real<", "<data_type>ASCII_Integer<"),
        ("<unit>rad/s<", "<unit>deg/s<"),
        ("<unit>rad/s</unit>", ""),
        ("<Field_Character>.*?</Field_Character>", ""),
        ("(<Field_Character>.*?</Field_Character>)\\s*(<Field_Character>.*?</Field_Character>)", "\\2\\1"),
        ("</Table_Character>", "</Table_Character><Table_Character/>"),
    ],
)
def test_what_changes_the_records_counts(label, old, new):
    assert structure_digest(change(label, old, new)) != structure_digest(label)


def test_classes_of_tables_count(label):
    delimited = label.replace(b"_Character", b"_Delimited")
    assert structure_digest(delimited) != structure_digest(label)


def test_an_archived_label_of_the_same_layout_has_the_same_digest_as_its_revision(examples):
    first = (examples / "valid/archive_1d00/data_drf_gnc/sci_anc_gnc14_340_341.xml").read_bytes()
    second = (examples / "valid/archive_1d00/data_drf_gnc/sci_anc_gnc14_342_343.xml").read_bytes()
    old_model = (examples / "valid/sis_1101/gnc/sci_anc_gnc14_341_342.xml").read_bytes()
    assert structure_digest(first) == structure_digest(second)
    assert structure_digest(first) != structure_digest(old_model)
    assert re.fullmatch("[0-9a-f]{64}", structure_digest(first))


def test_a_parsed_label_gives_the_same_digest_quickly(label):
    root = etree.fromstring(label)
    assert structure_digest(root) == structure_digest(label)
    best = min(_timed(root) for _ in range(20))
    assert best < 0.003, f"{best * 1e3:.3f} ms for a label of 24 fields"


def _timed(root):
    started = time.perf_counter()
    structure_digest(root)
    return time.perf_counter() - started


def test_what_is_no_label_is_refused():
    with pytest.raises(UnreadableLabel, match="label"):
        structure_digest(b"<a/>")
