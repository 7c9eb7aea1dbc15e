"""Our checker: each defect that schemas, and NASA's validate, say nothing of; and no crash on any bytes."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drf_reprocess.model import Severity
from drf_reprocess.pds4.check import check_label
from drf_reprocess.pds4.collection import collection_label
from drf_reprocess.pds4.delimited import split_row
from drf_reprocess.pds4.times import limit_digits, parse_instant
from drf_reprocess.pds4.values import value_test

RECORD_BYTES = 325
HEADER_BYTES = 1300


class Case:
    """A label and its file, to be changed and checked; size and checksum follow the file unless they are changed."""

    def __init__(self, path, name):
        self.label = path.read_bytes()
        self.name = name
        self.data = (path.parent / name).read_bytes()

    def edit(self, old, new, count=1):
        label = re.sub(old.encode(), new.encode(), self.label, count=count, flags=re.DOTALL)
        assert label != self.label
        self.label = label
        return self

    def put(self, data):
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        label = re.sub(rb'(<file_size unit="byte">)[0-9]+', rb"\g<1>%d" % len(data), self.label)
        self.label = re.sub(rb"(<md5_checksum>)\w+", rb"\g<1>" + md5.encode(), label)
        self.data = data
        return self

    def put_cell(self, record, location, text):
        start = HEADER_BYTES + (record - 1) * RECORD_BYTES + location - 1
        return self.put(self.data[:start] + text + self.data[start + len(text) :])

    def check(self, registered=(), **options):
        return check_label(self.label, {self.name: self.data}.get, registered, **options)

    def codes(self, registered=(), **options):
        return {finding.code for finding in self.check(registered, **options)}


@pytest.fixture
def case(gnc):
    return Case(gnc, "sci_anc_gnc14_341_342.drf")


@pytest.fixture
def events(examples):
    name = "mvn_anc_events_20141201_20141231"
    return Case(examples / "valid" / "archive_1d00" / "data_events" / f"{name}.xml", f"{name}.tab")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<Modification_Detail>.*?<version_id>2.0.*?</Modification_Detail>", "", "label-history-current"),
        ("(<modification_date>2015.*?<version_id>)1.0", r"\g<1>2.0", "label-history-duplicate"),
        ("(<modification_date>2015.*?<version_id>)1.0", r"\g<1>3.0", "label-history-later"),
        ("(<modification_date>2015.*?<version_id>)1.0", r"\g<1>01.0", "label-history-vid"),
        ("<version_id>2.0", "<version_id>02.0", "label-vid"),
        ("<version_id>2.0", "<version_id>2.00", "label-vid"),
        ("sci_anc_gnc14_341_342</log", "sci_anc_gnc14_341_343</log", "label-lid-file-name"),
        ("data.drf.gnc:sci", "data.drf+gnc:sci", "label-lid"),
        ("data.drf.gnc:sci", "data drf.gnc:sci", "label-lid"),
        ("maven.anc:data.drf.gnc:sci", "maven.anc:sci", "label-lid-components"),
        ("2014-12-08T16:54", "2014-12-07T16:54", "label-time-order"),
        ("2014-12-08T16:54", "2014-342T01:00", "label-time-order"),
        ("2014-12-08T16:54", "2014-13-08T16:54", "label-time"),
        ("<file_name>sci", "<file_name>../sci", "label-file-name"),
        ("<records>12<", "<records>11<", "label-extent"),
        ("<records>12<", "<records>0<", "label-object-incomplete"),
        ("<records>12<", "<records>999999999999999999<", "label-extent"),
        ('<record_length unit="byte">325', '<record_length unit="byte">999999999999999999', "label-extent"),
        ('<object_length unit="byte">1300', '<object_length unit="byte">1299', "label-gap"),
        ('<object_length unit="byte">1300', '<object_length unit="byte">1301', "label-overlap"),
        ("<fields>24", "<fields>25", "label-field-count"),
        ("<groups>0", "<groups>1", "label-group-count"),
        ("<field_number>7<", "<field_number>8<", "label-field-number"),
        (">47</field_location>", ">45</field_location>", "label-field-overlap"),
        (">47</field_location>", ">33</field_location>", "label-field-order"),
        (">311</field_location>", ">313</field_location>", "label-field-end"),
        ("<records>12</records>", "", "label-object-incomplete"),
        ("<object_length[^/]*/object_length>", "", "label-object-incomplete"),
        ("<md5_checksum>1f3a7b", "<md5_checksum>1F3A7B", "label-md5-form"),
        ("<md5_checksum>1f3a7b", "<md5_checksum>2f3a7b", "data-md5"),
        ('<file_size unit="byte">5200', '<file_size unit="byte">5201', "data-size"),
        ("<data_type>ASCII_Real", "<data_type>ASCII_NonNegative_Integer", "data-value"),
        ("<data_type>ASCII_String", "<data_type>ASCII_Date_Time_YMD", "data-value"),
        (">12</field_length>", ">11</field_length>", "data-gap"),
    ],
)
def test_defect_of_a_label_is_found(case, old, new, code):
    assert code in case.edit(old, new).codes()


def test_history_in_another_order_is_a_warning(case):
    case.edit(
        "(<Modification_Detail>.*?</Modification_Detail>)(.*)(<Modification_Detail>.*?</Modification_Detail>)",
        r"\3\2\1",
    )
    findings = case.check()
    assert [(finding.code, finding.severity) for finding in findings] == [
        ("label-history-order", Severity.WARNING)
    ]


def test_context_products_are_looked_up_in_any_form(case):
    known = {
        "urn:nasa:pds:context:investigation:mission.maven",
        "urn:nasa:pds:context:instrument_host:spacecraft.maven",
        "urn:nasa:pds:context:target:planet.mars",
    }
    assert case.codes(known) == set()
    assert case.codes(known - {"urn:nasa:pds:context:target:planet.mars"}) == {"label-context-lid"}
    versioned = "<lidvid_reference>urn:nasa:pds:context:target:planet.pluto::1.0</lidvid_reference>"
    case.edit("<lid_reference>urn:nasa:pds:context:target:planet.mars</lid_reference>", versioned)
    assert case.codes(known) == {"label-context-lid"}


@pytest.mark.parametrize(
    "text", [b"1.5", b"1.", b".5", b"+1e5", b"-1.E-05", b"\t1.5\t", b"   1", b"1E308", b" "]
)
def test_real_that_fits_is_no_finding(case, text):
    assert case.put_cell(3, 34, text.ljust(12)).codes() == set()
    assert case.put_cell(3, 34, text.rjust(12)).codes() == set()


@pytest.mark.parametrize(
    "text",
    [
        b"NaN",
        b"Inf",
        b"1.5D3",
        b"***",
        b"-",
        b"0x1F",
        b"1 5",
        b"1,5",
        b".",
        b"+-1",
        b"1e",
        b"1e+",
        b"1E309",
        b"-1e99999",
        b"ON",
    ],
)
def test_real_that_does_not_fit_is_found_with_its_place(case, text):
    finding = case.put_cell(3, 34, text.ljust(12)).check()
    assert [(found.code, found.field, found.record) for found in finding] == [
        ("data-value", "ATT_QU_I2B_2", 3)
    ]
    assert finding[0].offset_bytes == HEADER_BYTES + 2 * RECORD_BYTES + 33
    assert text.decode() in finding[0].message
    assert case.codes(values=False) == set()


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (b"9223372036854775807", True),
        (b"9223372036854775808", False),
        (b"-9223372036854775808", True),
        (b"-9223372036854775809", False),
        (b"00000000000000000000001", True),
        (b"1.0", False),
        (b"", True),
    ],
)
def test_integer_is_of_64_bit(case, text, good):
    case.edit('(<field_location unit="byte">21<.*?)ASCII_Real(.*?)>12<', r"\g<1>ASCII_Integer\g<2>>25<")
    case.edit("<Field_Character>\\s*<name>ATT_QU_I2B_2</name>.*?</Field_Character>", "")
    for record in range(1, 13):
        case.put_cell(record, 21, text.ljust(25))
    assert ("data-value" in case.codes()) is not good


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data + b"extra", "label-extent"),
        (lambda data: data + data[-RECORD_BYTES:], "label-extent"),
        (lambda data: data[:-7], "label-extent"),
        (lambda data: data[:-2] + b"\n\n", "data-record-end"),
        (lambda data: data.replace(b"\r\n", b" \n"), "data-record-end"),
        (lambda data: b"\xe4" + data[1:], "data-ascii"),
        (lambda data: b"\0" + data[1:], "data-ascii"),
        (lambda data: data[:-10] + b"\xe4" + data[-9:], "data-ascii"),
        (lambda data: data[:-3] + b"x" + data[-2:], "data-gap"),
        (lambda data: data[:1325] + b"\n" + data[1326:], "data-ascii"),
    ],
)
def test_defect_of_the_data_is_found(case, change, code):
    assert code in case.put(change(case.data)).codes()


def test_size_and_checksum_are_compared_with_the_file(case):
    case.data += b"\r\n"
    assert case.codes() == {"data-size", "data-extent", "data-md5"}


def test_missing_file_is_found(case):
    case.name = "other.drf"
    assert case.codes() == {"data-file-missing"}


@pytest.mark.parametrize("name", ["/etc/passwd", "../x.drf", "a/b.drf"])
def test_dangerous_file_name_is_not_followed(case, name):
    case.edit("<file_name>[^<]*", f"<file_name>{name}")
    asked = []
    assert "label-file-name" in {finding.code for finding in check_label(case.label, asked.append, ())}
    assert asked == []


def test_groups_are_unfolded(case):
    group = (
        "<Group_Field_Character><repetitions>2</repetitions><fields>1</fields><groups>0</groups>"
        '<group_location unit="byte">21</group_location><group_length unit="byte">26</group_length>'
        '<Field_Character><name>G</name><field_location unit="byte">1</field_location>'
        '<data_type>ASCII_Integer</data_type><field_length unit="byte">12</field_length></Field_Character>'
        "</Group_Field_Character>"
    )
    case.edit("<Field_Character>\\s*<name>ATT_QU_I2B_1<.*?</Field_Character>", "")
    case.edit("<Field_Character>\\s*<name>ATT_QU_I2B_2<.*?</Field_Character>", group)
    case.edit("<fields>24", "<fields>22").edit("<groups>0", "<groups>1")
    assert case.codes() == {"data-value"}
    assert case.edit("ASCII_Integer", "ASCII_Real").codes() == set()
    assert case.edit("<repetitions>2", "<repetitions>999999999999").codes() == {"label-unreadable"}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<records>4<", "<records>3<", "data-records"),
        ("<records>4<", "<records>5<", "data-records"),
        ('<object_length unit="byte">496', '<object_length unit="byte">490', "data-object-length"),
        ('<object_length unit="byte">496', '<object_length unit="byte">497', "label-extent"),
        ("<field_delimiter>Horizontal Tab", "<field_delimiter>Comma", "data-fields"),
        ("<field_delimiter>Horizontal Tab", "<field_delimiter>Colon", "label-field-delimiter"),
        (
            '<maximum_record_length unit="byte">151',
            '<maximum_record_length unit="byte">50',
            "data-record-length",
        ),
        ('<maximum_field_length unit="byte">24', '<maximum_field_length unit="byte">5', "data-field-length"),
        ("<fields>9", "<fields>8", "label-field-count"),
    ],
)
def test_defect_of_a_delimited_label_is_found(events, old, new, code):
    assert code in events.edit(old, new).codes()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"\r\n", b"\n\n", "data-record-end"),
        (b"Z\t", b"+\t", "data-value"),
        (b"T", b" ", "data-value"),
        (b"\t", b"x", "data-fields"),
    ],
)
def test_defect_of_delimited_data_is_found(events, old, new, code):
    head, body = events.data[:99], events.data[99:]
    assert old in body
    assert code in events.put(head + body.replace(old, new)).codes()


def test_rows_of_a_delimited_table_without_length_are_counted_to_the_end(events):
    events.edit('<object_length unit="byte">496</object_length>', "")
    assert events.codes() == set()
    assert events.put(events.data + events.data[-60:]).codes() != set()


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (b"a,b,", [b"a", b"b", b""]),
        (b'"a,b",c', [b"a,b", b"c"]),
        (b'a,""', [b"a", b""]),
        (b'"a"b,c', None),
        (b'"a,c', None),
        (b'a"b,c', None),
        (b'"a",', [b"a", b""]),
    ],
)
def test_quotes_of_a_row(row, cells):
    assert split_row(row, b",") == cells


@pytest.mark.parametrize(
    ("data_type", "text", "good"),
    [
        ("ASCII_Date_Time_YMD_UTC", "2014-12-01T00:00:00Z", True),
        ("ASCII_Date_Time_YMD_UTC", "2014-12-01T00:00:00", False),
        ("ASCII_Date_Time_YMD_UTC", "2014-12-01T00:00:00+00:00", False),
        ("ASCII_Date_Time_YMD_UTC", "2014-12-01T24:00:00Z", False),
        ("ASCII_Date_Time_YMD_UTC", "2014-12-01T00:00:60Z", False),
        ("ASCII_Date_Time_YMD_UTC", "2014-335T00:00:00Z", False),
        ("ASCII_Date_Time_YMD_UTC", "2014-02-29T00:00:00Z", False),
        ("ASCII_Date_Time_DOY", "2014-335T00:00:00.5", True),
        ("ASCII_Date_DOY", "2014-366", False),
        ("ASCII_Time", "23:59:59.9Z", True),
        ("ASCII_Time", "23:60", False),
        ("ASCII_Numeric_Base16", "0F", True),
        ("ASCII_Numeric_Base16", "0x0F", False),
        ("ASCII_LIDVID", "urn:nasa:pds:a:b:c::1.0", True),
        ("ASCII_LIDVID", "urn:nasa:pds:a:b:c", False),
        ("ASCII_VID", "01.0", False),
        ("ASCII_Boolean", "true", True),
        ("ASCII_Boolean", "yes", False),
        ("ASCII_NonNegative_Integer", "-1", False),
    ],
)
def test_values_of_types(data_type, text, good):
    test = value_test(data_type)
    assert test is not None
    assert test(text) is good


def test_inventory_is_compared_with_its_label(archive_profile, build_collection):
    facts = build_collection(archive_profile.placement["gnc"][1])
    label = collection_label(facts, archive_profile)

    def codes(inventory):
        return {found.code for found in check_label(label, {facts.inventory_name: inventory}.get, ())}

    assert codes(facts.inventory) == set()
    assert "data-inventory-records" in codes(facts.inventory + facts.inventory[:70])
    assert "data-inventory-duplicate" in codes(facts.inventory + facts.inventory[:70])
    assert "data-inventory-status" in codes(b"X" + facts.inventory[1:])
    assert "data-inventory-line-end" in codes(facts.inventory.replace(b"\r\n", b"\n"))


def test_bundle_members_are_of_the_bundle_and_listed_once(examples):
    label = (examples / "valid" / "archive_1d00" / "bundle_maven_anc.xml").read_bytes()
    readme = (examples / "valid" / "archive_1d00" / "readme_maven_anc.txt").read_bytes()

    def codes(label, readme=readme):
        return {found.code for found in check_label(label, lambda _: readme, ())}

    assert codes(label) == set()
    assert codes(label.replace(b"maven.anc:data.drf.gnc", b"maven.mag:data.drf.gnc")) == {"label-member-stem"}
    assert codes(label.replace(b"data.drf.gnc", b"data.drf.eps")) == {"label-member-duplicate"}
    assert "data-record-end" in codes(label, readme.replace(b"\r\n", b" \n"))


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_change_of_a_label_makes_the_checker_crash(gnc, data):
    label = bytearray(gnc.read_bytes())
    contents = (gnc.parent / "sci_anc_gnc14_341_342.drf").read_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(label) - 1))
        label[start : start + data.draw(st.integers(0, 12))] = data.draw(
            st.sampled_from([b"", b"0", b"9", b"-1", b"999999999999", b"<a/>", b"byte", b"\xff", b"A"])
        )
    cut = data.draw(st.integers(0, len(contents)))
    check_label(bytes(label), lambda _: contents[:cut], ("urn:nasa:pds:context:target:planet.mars",))


@given(st.text(alphabet="+-.0123456789eEdD \tx", max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_automaton_and_grammar_agree(gnc, text):
    case = Case(gnc, "sci_anc_gnc14_341_342.drf").put_cell(1, 34, text.ljust(12).encode())
    stripped = text.strip(" \t")
    test = value_test("ASCII_Real")
    assert test is not None
    assert (case.codes() == set()) is (not stripped or test(stripped))


def test_order_of_instants():
    texts = [
        "2014",
        "2014-001T00:00:00.001Z",
        "2014-01-01T12:00Z",
        "2014-002",
        "2016-12-31T23:59:59.9Z",
        "2016-12-31T23:59:60.5Z",
    ]
    instants = [parse_instant(text) for text in texts]
    assert instants == sorted(instants)
    assert parse_instant("2014-342T01:02:03Z") == parse_instant("2014-12-08T01:02:03")
    for text in [
        "",
        "2014-1-1",
        "2014-02-30",
        "2014-366",
        "2014-01-01T25:00Z",
        "2014-01-01T24:00:01Z",
        "2014T12",
    ]:
        with pytest.raises(ValueError, match=r"time|day"):
            parse_instant(text)


@given(
    st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "Z"),
    st.integers(1, 6),
)
def test_limited_digits_enclose_the_time(text, digits):
    down = limit_digits(text, digits, up=False)
    assert parse_instant(down) <= parse_instant(text)
    assert len(down) == len(text) - 6 + digits
    if not text.startswith("9999-12-31"):
        assert parse_instant(limit_digits(text, digits, up=True)) >= parse_instant(text)
