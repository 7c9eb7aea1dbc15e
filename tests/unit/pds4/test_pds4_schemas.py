"""Schemas and rules through a catalog: refused where they are missing, from any thread, never from the network."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

from drf_reprocess.errors import SchemaSetError
from drf_reprocess.model import Severity
from drf_reprocess.pds4.schemas import SchemaSet, schema_set

PDS = "http://pds.nasa.gov/pds4/pds/v1"
XSD = "https://pds.nasa.gov/pds4/pds/v1/PDS4_PDS_1D00.xsd"
SCH = "https://pds.nasa.gov/pds4/pds/v1/PDS4_PDS_1D00.sch"
MVN = "http://pds.nasa.gov/pds4/mission/mvn/v1"
MVN_XSD = "https://pds.nasa.gov/pds4/mission/mvn/v1/PDS4_MVN_1D00_1110.xsd"


def write_catalog(folder, entries):
    path = folder / "catalog.xml"
    path.write_text(f'<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">{entries}</catalog>')
    return path


@pytest.fixture
def label(gnc):
    return gnc.read_bytes()


def codes(findings):
    return [(finding.code, finding.severity) for finding in findings]


def test_one_set_a_process_and_catalog(xml_catalog):
    assert schema_set(str(xml_catalog)) is schema_set(str(xml_catalog))


def test_official_models_are_prepared(xml_catalog):
    SchemaSet(xml_catalog).prepare([(PDS, XSD), (MVN, MVN_XSD)], [SCH])


def test_models_of_the_profiles_are_prepared(profile, xml_catalog):
    for bundle in profile.bundles:
        SchemaSet(xml_catalog).prepare_model(bundle.model)


def test_missing_schema_is_an_error_when_prepared(xml_catalog):
    with pytest.raises(SchemaSetError, match=r"no local copy of .*9Z00\.xsd.*install"):
        SchemaSet(xml_catalog).prepare([(PDS, XSD.replace("1D00", "9Z00"))], [])


def test_schemas_that_do_not_fit_are_an_error_when_prepared(xml_catalog):
    with pytest.raises(SchemaSetError, match="do not fit together"):
        SchemaSet(xml_catalog).prepare([(PDS, XSD.replace("1D00", "1101")), (MVN, MVN_XSD)], [])


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("xsi:schemaLocation=", "xsi:other=", "xsd"),
        ("PDS4_PDS_1D00.xsd", "PDS4_PDS_9Z00.xsd", "xsd"),
        ("v1/PDS4_PDS_1D00.xsd", "v1/../../../../../etc/passwd", "xsd"),
        ("<?xml-model", "<?xml-mode", "schematron"),
        ("PDS4_PDS_1D00.sch", "PDS4_PDS_9Z00.sch", "schematron"),
        (' schematypens="http://purl.oclc.org/dsdl/schematron"', "", "schematron"),
        ("<?xml version", "<!-- --><?xml version", "xml"),
    ],
)
def test_label_that_would_pass_unchecked_is_refused(label, xml_catalog, old, new, code):
    changed = label.replace(old.encode(), new.encode())
    found = codes(schema_set(str(xml_catalog)).check(changed))
    assert (code, Severity.ERROR) in found


def test_document_type_is_refused(label, xml_catalog):
    changed = label.replace(b"<Product_Obs", b'<!DOCTYPE x [<!ENTITY a "b">]><Product_Obs', 1)
    assert codes(schema_set(str(xml_catalog)).check(changed)) == [("xml", Severity.ERROR)]


def test_finding_tells_the_line(label, xml_catalog):
    line = label[: label.index(b"<purpose>")].count(b"\n") + 1
    findings = schema_set(str(xml_catalog)).check(label.replace(b"<purpose>Engineering", b"<purpose>Nothing"))
    assert [finding.message.partition(":")[0] for finding in findings] == [f"line {line}"]
    assert "'Engineering'" in findings[0].message


def test_catalog_that_is_missing_or_none_is_refused(tmp_path):
    with pytest.raises(SchemaSetError, match="cannot be read"):
        SchemaSet(tmp_path / "absent.xml")
    (tmp_path / "other.xml").write_text("<a/>")
    with pytest.raises(SchemaSetError, match="no OASIS XML catalog"):
        SchemaSet(tmp_path / "other.xml")
    with pytest.raises(SchemaSetError, match="maps no address"):
        SchemaSet(write_catalog(tmp_path, ""))


def test_unusable_local_copies_are_an_error(tmp_path, label):
    entry = '<rewriteURI uriStartString="https://pds.nasa.gov/pds4/" rewritePrefix="pds4/"/>'
    folder = tmp_path / "pds4" / "pds" / "v1"
    folder.mkdir(parents=True)
    schemas = SchemaSet(write_catalog(tmp_path, entry))
    (folder / "PDS4_PDS_1D00.xsd").write_text("<broken")
    with pytest.raises(SchemaSetError, match="cannot be read"):
        schemas.prepare([(PDS, XSD)], [])
    (folder / "PDS4_PDS_1D00.xsd").write_text("<nothing/>")
    with pytest.raises(SchemaSetError, match=r"XML schema .*1D00\.xsd"):
        schemas.prepare([(PDS, XSD)], [])
    rules = folder / "PDS4_PDS_1D00.sch"
    for text, message in [
        ("<broken", "cannot be read"),
        ("<a/>", "no Schematron file"),
        (
            '<schema xmlns="http://purl.oclc.org/dsdl/schematron"><include href="x"/></schema>',
            "not supported",
        ),
        ('<schema xmlns="http://purl.oclc.org/dsdl/schematron"><pattern/></schema>', "0 rules"),
    ]:
        rules.write_text(text)
        with pytest.raises(SchemaSetError, match=message):
            schemas.prepare([], [SCH])
    rules.write_text(
        '<schema xmlns="http://purl.oclc.org/dsdl/schematron"><pattern><rule context="]"><assert test="1">x'
        "</assert></rule></pattern></schema>"
    )
    with pytest.raises(SchemaSetError, match="cannot be compiled"):
        schemas.prepare([], [SCH])


def test_rules_with_variables_reports_and_roles(tmp_path):
    (tmp_path / "own.sch").write_text(
        '<s:schema xmlns:s="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">'
        f'<s:ns prefix="pds" uri="{PDS}"/><s:let name="all" value="count(//pds:a)"/>'
        '<s:pattern><s:rule context="pds:a"><s:let name="own" value="string(.)"/>'
        '<s:assert test="$own != \'bad\'">found <s:value-of select="$own"/> of <s:value-of select="$all"/>'
        "</s:assert></s:rule></s:pattern>"
        '<s:pattern><s:rule context="pds:a" role="warning"><s:report test=". = \'odd\'"><s:name/> is odd'
        "</s:report></s:rule></s:pattern></s:schema>"
    )
    catalog = write_catalog(tmp_path, '<uri name="urn:own" uri="own.sch"/>')
    label = (
        '<?xml-model href="urn:own" schematypens="http://purl.oclc.org/dsdl/schematron"?>\n'
        f'<Product xmlns="{PDS}">\n<a>good</a>\n<a>bad</a>\n<a>odd</a></Product>'
    )
    findings = [
        finding for finding in SchemaSet(catalog).check(label.encode()) if finding.code == "schematron"
    ]
    assert [(finding.severity, finding.message) for finding in findings] == [
        (Severity.ERROR, "line 4: found bad of 3"),
        (Severity.WARNING, "line 5: a is odd"),
    ]


def test_next_catalog_is_read(tmp_path, xml_catalog, label):
    catalog = write_catalog(
        tmp_path, f'<nextCatalog catalog="{xml_catalog.as_uri()}"/><nextCatalog catalog="catalog.xml"/>'
    )
    assert SchemaSet(catalog).check(label) == ()


def test_many_threads_share_one_set(examples, xml_catalog):
    schemas = SchemaSet(xml_catalog)
    good = (examples / "valid" / "sis_1101" / "gnc" / "sci_anc_gnc14_341_342.xml").read_bytes()
    bad = (examples / "invalid" / "purpose_unknown.xml").read_bytes()
    worse = (examples / "invalid" / "records_zero.xml").read_bytes()
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(schemas.check, [good, bad, worse] * 30))
    assert [codes(result) for result in results[:3]] == [
        [],
        [("schematron", Severity.ERROR)],
        [("xsd", Severity.ERROR)],
    ]
    assert results == results[:3] * 30


def test_process_ends_well_after_use_in_another_thread(gnc, xml_catalog):
    program = f"""
        import threading
        from pathlib import Path
        from drf_reprocess.pds4.schemas import schema_set

        label = Path({str(gnc)!r}).read_bytes()
        found = []
        threads = [threading.Thread(target=lambda: found.append(schema_set({str(xml_catalog)!r}).check(label)))
                   for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(found)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[(), (), (), ()]"), done.stderr
