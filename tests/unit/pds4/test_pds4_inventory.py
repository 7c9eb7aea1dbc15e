"""Inventories and manifests: written, read back, and refused where they are not as the standards say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import Severity
from drf_reprocess.pds4.inventory import read_inventory, write_inventory
from drf_reprocess.pds4.manifests import (
    read_checksum_manifest,
    read_transfer_manifest,
    write_checksum_manifest,
    write_transfer_manifest,
)
from drf_reprocess.pds4.names import find_file_name_fault, find_folder_name_fault, find_path_fault

WORDS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}[a-z0-9]", fullmatch=True)
VIDS = st.builds(Vid, st.integers(1, 20), st.integers(0, 20))
LIDVIDS = st.builds(
    lambda word, vid: Lidvid(Lid(f"urn:nasa:pds:maven.anc:data.drf.gnc:{word}"), vid), WORDS, VIDS
)
PATHS = st.lists(WORDS, min_size=1, max_size=3).map("/".join)
MD5S = st.from_regex(r"[0-9a-f]{32}", fullmatch=True)
LID = "urn:nasa:pds:maven.anc:data.drf.gnc:"


def codes(findings):
    return [finding.code for finding in findings]


@given(st.lists(LIDVIDS, unique_by=lambda lidvid: lidvid.lid))
def test_inventory_round_trip(members):
    rows, findings = read_inventory(write_inventory(members))
    assert findings == ()
    assert [row.lidvid for row in rows] == sorted(members)
    assert all(row.primary for row in rows)


def test_inventory_bytes():
    members = [Lidvid.from_text(f"{LID}b::1.10"), Lidvid.from_text(f"{LID}a::2.0")]
    assert write_inventory(members) == f"P,{LID}a::2.0\r\nP,{LID}b::1.10\r\n".encode()


def test_secondary_member_may_be_a_lid():
    rows, findings = read_inventory(f"S,{LID}a\r\nS,{LID}b::1.0\r\n".encode())
    assert findings == ()
    assert [(row.primary, row.vid) for row in rows] == [(False, None), (False, Vid(1, 0))]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"{LID}a::1.0\r\n", "inventory-fields"),
        (f"p,{LID}a::1.0\r\n", "inventory-status"),
        (f"X,{LID}a::1.0\r\n", "inventory-status"),
        (f"P, {LID}a::1.0\r\n", "inventory-lidvid"),
        (f'"P",{LID}a::1.0\r\n', "inventory-status"),
        (f"P,{LID}a\r\n", "inventory-no-version"),
        (f"P,{LID}a::01.0\r\n", "inventory-lidvid"),
        (f"P,{LID}A::1.0\r\n", "inventory-lidvid"),
        (f"P,{LID}a+b::1.0\r\n", "inventory-lidvid"),
        (f"P,{LID}\u00e4::1.0\r\n", "inventory-lidvid"),
        (f"P,{LID}a::1.0\n", "inventory-line-end"),
        (f"P,{LID}a::1.0", "inventory-line-end"),
        ("\r\n", "inventory-fields"),
        ("Member Status,LIDVID_LID\r\n", "inventory-status"),
        (f"P,{LID}ok::1.0\r\n", "inventory-duplicate"),
        (f"P,{LID}ok::1.1\r\n", "inventory-duplicate"),
    ],
)
def test_faulty_inventory_row_is_found(line, code):
    rows, findings = read_inventory(f"P,{LID}ok::1.0\r\n{line}".encode())
    assert codes(findings) == [code]
    assert findings[0].severity is Severity.ERROR
    assert findings[0].record == 2
    assert rows[0].lid.last == "ok"


@given(st.lists(st.tuples(LIDVIDS, PATHS), unique_by=(lambda row: row[0], lambda row: row[1])))
def test_transfer_manifest_round_trip(rows):
    read, findings = read_transfer_manifest(write_transfer_manifest(rows))
    assert [f for f in findings if f.severity is Severity.ERROR] == []
    assert findings == ()
    assert list(read) == sorted(rows, key=lambda row: row[1])


@given(st.lists(st.tuples(MD5S, PATHS), unique_by=lambda row: row[1]))
def test_checksum_manifest_round_trip(rows):
    read, findings = read_checksum_manifest(write_checksum_manifest(rows))
    assert findings == ()
    assert list(read) == sorted(rows, key=lambda row: row[1])


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_a_crash(data):
    for read in (read_inventory, read_transfer_manifest, read_checksum_manifest):
        rows, findings = read(data)
        assert bool(rows) or bool(findings) or not data


def test_manifest_bytes():
    rows = [
        (Lidvid.from_text(f"{LID}longer::1.0"), "b/y.xml"),
        (Lidvid.from_text(f"{LID}a::2.10"), "a/x.xml"),
    ]
    assert write_transfer_manifest(rows) == (
        f"{LID}a::2.10      a/x.xml\n{LID}longer::1.0  b/y.xml\n".encode()
    )
    assert write_checksum_manifest([("0" * 32, "b"), ("1" * 32, "a")]) == (
        b"1" * 32 + b"  a\n" + b"0" * 32 + b"  b\n"
    )


DANGEROUS = [
    "/etc/passwd",
    "../x",
    "a/../../x",
    "a\\b",
    "a\tb",
    "C:/x",
    "a//b",
    "./a",
    "\u00e4.xml",
    "a\x7f",
    "a/",
]


@pytest.mark.parametrize("path", DANGEROUS)
def test_dangerous_path_is_left_out_and_found(path):
    rows, findings = read_checksum_manifest(f"{'0' * 32}  {path}\n".encode())
    assert rows == ()
    assert codes(findings) == ["manifest-path"]
    assert find_path_fault(path)
    rows, findings = read_transfer_manifest(f"{LID}a::1.0  {path}\n".encode())
    assert rows == ()
    assert codes(findings) == ["manifest-path"]


@pytest.mark.parametrize("path", DANGEROUS)
def test_dangerous_path_is_not_written(path):
    with pytest.raises(ValueError, match="not a path for a manifest"):
        write_checksum_manifest([("0" * 32, path)])


def test_repeated_rows_are_not_written():
    lidvid = Lidvid.from_text(f"{LID}a::1.0")
    with pytest.raises(ValueError, match="twice"):
        write_transfer_manifest([(lidvid, "a"), (lidvid, "b")])
    with pytest.raises(ValueError, match="twice"):
        write_checksum_manifest([("0" * 32, "a"), ("1" * 32, "a")])
    with pytest.raises(ValueError, match="MD5"):
        write_checksum_manifest([("A" * 32, "a")])


@pytest.mark.parametrize(
    ("text", "code", "severity"),
    [
        (f"{'0' * 32}  a\n{'0' * 32}  a\n", "manifest-duplicate", Severity.ERROR),
        (f"{'0' * 32}  A/x\n{'0' * 32}  a/x\n", "manifest-case-clash", Severity.ERROR),
        (f"{'0' * 32}  A/x\n{'0' * 32}  a/y\n", "manifest-case-clash", Severity.ERROR),
        (f"{'A' * 32}  a\n", "manifest-md5", Severity.ERROR),
        (f"{'0' * 31}  a\n", "manifest-md5", Severity.ERROR),
        (f"{'0' * 32}\n", "manifest-row", Severity.ERROR),
        (f"{'0' * 32}  a\n\n", "manifest-row", Severity.ERROR),
        (f"{'0' * 32}  b\n{'0' * 32}  a\n", "manifest-order", Severity.WARNING),
        (f"{'0' * 32}\ta\n", "manifest-separator", Severity.WARNING),
        (f"{'0' * 32}  a\r\n", "manifest-line-end", Severity.WARNING),
        (f"{'0' * 32}  a", "manifest-line-end", Severity.WARNING),
    ],
)
def test_faulty_checksum_manifest_is_found(text, code, severity):
    _, findings = read_checksum_manifest(text.encode())
    assert [(finding.code, finding.severity) for finding in findings] == [(code, severity)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{LID}a  a.xml\n", "manifest-lidvid"),
        (f"{LID}a::1  a.xml\n", "manifest-lidvid"),
        (f"{LID}a::1.0  a.xml\n{LID}a::1.0  b.xml\n", "manifest-duplicate"),
        (f"{LID}a::1.0 a.xml\n{LID}b::1.0  b.xml\n", "manifest-column"),
    ],
)
def test_faulty_transfer_manifest_is_found(text, code):
    _, findings = read_transfer_manifest(text.encode())
    assert codes(findings) == [code]


@pytest.mark.parametrize("name", ["sci_anc_gnc14_341_342.drf", "a.b", "readme_maven_anc_2.18.txt", "A-1_b.x"])
def test_good_file_name(name):
    assert find_file_name_fault(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "a b.drf",
        "_a.drf",
        "a.drf_",
        ".a",
        "a.",
        "aux",
        "COM1.txt",
        "nul.xml",
        "a.out",
        "x" * 252 + ".drf",
    ],
)
def test_bad_file_name(name):
    assert find_file_name_fault(name)


@pytest.mark.parametrize(
    ("name", "good"), [("data_drf_gnc", True), ("data.drf", False), ("con", False), ("a b", False)]
)
def test_folder_name(name, good):
    assert (find_folder_name_fault(name) == "") is good
