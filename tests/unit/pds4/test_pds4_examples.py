"""The example labels: all valid ones pass, all invalid ones are caught in the layer that their table names."""

from __future__ import annotations

import csv

import pytest

from drf_reprocess.model import Severity
from drf_reprocess.pds4.check import check_label
from drf_reprocess.pds4.read import read_label
from drf_reprocess.pds4.schemas import schema_set
from drf_reprocess.profiles.load import load_profile

REGISTERED = load_profile("maven-anc").context.registered
BY_SCHEMAS = {
    "xml": {("xml", Severity.ERROR)},
    "xsd": {("xsd", Severity.ERROR)},
    "xsd+sch": {("xsd", Severity.ERROR), ("schematron", Severity.ERROR)},
    "sch": {("schematron", Severity.ERROR)},
    "warn": {("schematron", Severity.WARNING)},
    "label": set(),
    "data": set(),
}


def check_file(path):
    def read_file(name):
        file = path.parent / name
        return file.read_bytes() if file.is_file() else None

    return check_label(path.read_bytes(), read_file, REGISTERED)


def test_valid_examples_are_clean(examples, xml_catalog):
    paths = sorted(examples.glob("valid/**/*.xml"))
    assert len(paths) >= 10
    for path in paths:
        assert schema_set(str(xml_catalog)).check(path.read_bytes()) == (), path
        assert check_file(path) == (), path
        assert read_label(path.read_bytes()).lidvid.vid.major >= 1


def test_invalid_examples_are_caught_in_their_layer(examples, xml_catalog):
    with (examples / "invalid" / "expected.tsv").open(newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    assert len(rows) >= 60
    for row in rows:
        path = examples / "invalid" / row["label"]
        found = schema_set(str(xml_catalog)).check(path.read_bytes())
        assert {(finding.code, finding.severity) for finding in found} == BY_SCHEMAS[row["layer"]], row
        codes = {finding.code.partition("-")[0] for finding in check_file(path)}
        if row["layer"] == "label":
            assert "label" in codes, row
        if row["layer"] == "data":
            assert codes == {"data"}, row


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("lid_illegal_character", "label-lid"),
        ("vid_major_zero", "label-vid-major"),
        ("history_missing", "label-history-missing"),
        ("stop_before_start", "label-time-order"),
        ("record_length_wrong", "label-extent"),
        ("records_wrong", "label-extent"),
        ("field_past_record_end", "label-field-end"),
        ("field_number_repeated", "label-field-number"),
        ("fields_count_wrong_1101", "label-field-count"),
        ("context_lid_unregistered", "label-context-lid"),
        ("field_too_short", "data-gap"),
        ("data_type_integer", "data-value"),
        ("inventory_status_lowercase", "data-inventory-status"),
        ("inventory_records_wrong", "data-inventory-records"),
        ("inventory_member_of_other_collection", "data-inventory-stem"),
        ("record_length_missing", "label-object-incomplete"),
    ],
)
def test_code_names_the_defect(name, code, examples):
    assert code in {finding.code for finding in check_file(examples / "invalid" / f"{name}.xml")}
