"""A mission with every defect in it: each file is accounted for, by the right reason."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from drf_reprocess.testing.defects import EXTRA_DEFECTS, FILE_DEFECTS, STRAY_DEFECTS
from drf_reprocess.testing.sample import write_sample

REASONS = {
    "stray-empty": "empty",
    "stray-header-only": "header-only",
    "stray-binary": "not-text",
    "stray-gzip": "not-text",
    "stray-other-name": "name-unknown",
    "stray-ignored-name": "not-archived",
    "renamed-channel": "unknown-columns",
}
"""Reason code of each defect that forbids a product; damaged records have one code."""

MENDED = {
    "line-ends-lf": "line ends",
    "line-ends-mixed": "line ends",
    "truncated-tail": "truncated record at the end",
    "truncated-tail-7": "truncated record at the end (7 bytes)",
    "header-names-missing": "rebuilt the row of channel names",
    "byte-order-mark": "byte order mark",
}
"""Words of the mend that each defect needs under the policy `minimal`."""

AS_RECEIVED = {
    "duplicate-records",
    "records-out-of-order",
    "leading-blank-values",
    "header-line-short",
    "header-line-extra",
    "header-line-missing",
    "header-line-bad",
    "identical-copy",
}
"""Defects that do not forbid a label: the file stays byte for byte as received."""


@pytest.fixture(scope="module")
def damaged(tmp_path_factory, cli):
    folder = tmp_path_factory.mktemp("damaged")
    report = write_sample(str(folder / "source"), scale=0.02, defects="all")
    settings = [f"source.uri={folder}/source", f"output.uri={folder}/output", "compute.site=serial"]
    arguments = [word for setting in settings for word in ("--set", setting)]
    run = cli("run", *arguments, "--json")
    products = {row["source"]: row for row in cli("products", *arguments, "--json").json}
    quarantine = {row["source"]: row for row in cli("quarantine", *arguments, "--json").json}
    return folder, report, run, products, quarantine, arguments


def entries(report, *defects):
    return [entry for entry in report.entries if set(entry.defects) & set(defects)]


def test_the_sample_has_every_defect(damaged):
    seen = {defect for entry in damaged[1].entries for defect in entry.defects}
    assert seen == {*FILE_DEFECTS, *EXTRA_DEFECTS, *STRAY_DEFECTS}


def test_every_received_file_is_listed_once(damaged):
    folder, _, run, products, quarantine, _ = damaged
    received = {str(path) for path in (folder / "source").rglob("*") if path.is_file()}
    assert products.keys() | quarantine.keys() == received
    assert not products.keys() & quarantine.keys()
    assert run.returncode == 3
    counts = run.json["products"]
    assert counts["total"] == len(received)
    assert counts["processed"] == len(products)
    assert counts["superseded"] + counts["quarantined"] + counts["ignored"] == len(quarantine)
    assert all(
        row["message"] and row["remedy"] and row["code"] and row["since"] for row in quarantine.values()
    )


@pytest.mark.parametrize(("defect", "code"), REASONS.items())
def test_what_cannot_be_archived_is_set_aside_with_its_reason(damaged, defect, code):
    folder, report, _, _, quarantine, _ = damaged
    (entry,) = entries(report, defect)
    assert quarantine[f"{folder}/source/{entry.path}"]["code"] == code


def test_a_file_that_was_sent_again_stands_for_the_one_before(damaged):
    folder, report, _, products, quarantine, _ = damaged
    (entry,) = entries(report, "resent")
    assert f"{folder}/source/{entry.path}" in products
    first = f"{folder}/source/{entry.path.removeprefix('resent/')}"
    row = quarantine[first]
    assert (row["state"], row["code"]) == ("superseded", "superseded")
    original = Path(first).read_bytes()
    sha256 = hashlib.sha256(original).hexdigest()
    assert (folder / "output" / "store" / sha256[:2] / sha256).read_bytes() == original


def test_damaged_records_set_a_file_aside(damaged):
    folder, report, _, _, quarantine, _ = damaged
    defects = [defect for defect in FILE_DEFECTS if defect.startswith("damaged-")]
    assert len(defects) >= 6
    for entry in entries(report, *defects, "empty-lines"):
        row = quarantine[f"{folder}/source/{entry.path}"]
        assert row["code"] == "damaged-records"
        assert "record" in row["message"]


@pytest.mark.parametrize(("defect", "words"), MENDED.items())
def test_what_forbids_a_label_is_mended_and_told(damaged, defect, words):
    folder, report, _, products, _, _ = damaged
    (entry,) = entries(report, defect)
    row = products[f"{folder}/source/{entry.path}"]
    assert any(words in mend for mend in row["mended"])
    original = (folder / "source" / entry.path).read_bytes()
    assert Path(row["data"]).read_bytes() != original
    sha256 = hashlib.sha256(original).hexdigest()
    assert (folder / "output" / "store" / sha256[:2] / sha256).read_bytes() == original
    assert "Compared with the file as received" in Path(row["label"]).read_text()


@pytest.mark.parametrize("defect", sorted(AS_RECEIVED))
def test_what_can_be_labelled_stays_byte_for_byte(damaged, defect):
    folder, report, _, products, _, _ = damaged
    (entry,) = entries(report, defect)
    row = products[f"{folder}/source/{entry.path}"]
    assert row["mended"] == []
    assert Path(row["data"]).read_bytes() == (folder / "source" / entry.path).read_bytes()


def test_nothing_set_aside_is_delivered(damaged):
    _, _, run, products, quarantine, _ = damaged
    (delivery,) = run.json["deliveries"]
    assert delivery["products"] == len(products)
    checksums = Path(delivery["checksum_manifest"]).read_text()
    ids = {row["product_id"] for row in quarantine.values() if row["state"] == "quarantined"} - {""}
    assert ids
    for product_id in ids:
        assert f"/{product_id}." not in checksums


def test_a_second_run_looks_at_nothing_again(damaged, cli):
    _, _, run, _, _, arguments = damaged
    again = cli("run", *arguments, "--json")
    assert again.returncode == 0
    assert (again.json["bytes_in"], again.json["deliveries"]) == (0, [])
    assert again.json["products"]["quarantined"] == run.json["products"]["quarantined"]
    assert again.json["products"]["total"] == run.json["products"]["total"]


@pytest.mark.slow
def test_another_repair_policy_looks_at_all_again(damaged, cli):
    """The policy decides content, so it plans every file anew; only what then differs gets a version."""
    folder, report, _, products, _, arguments = damaged
    done = cli("run", *arguments, "--set", "repair.max_damaged=5", "--json")
    assert done.returncode == 3
    now = {row["source"]: row for row in cli("products", *arguments, "--json").json}
    (entry,) = entries(report, "damaged-stars")
    row = now[f"{folder}/source/{entry.path}"]
    assert row["vid"] == "1.0"
    assert any("damaged" in mend for mend in row["mended"])
    assert all(now[source]["vid"] == "1.0" for source in products)
