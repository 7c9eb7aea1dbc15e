"""Manifests, inventories and dispositions: what is written is read again; of a spoilt one no row is lost, made up or changed."""

from __future__ import annotations

import random
import re
import string
from dataclasses import replace

import drf_fuzz_cases as cases
import drf_fuzz_hostile as hostile
import drf_fuzz_mutations as mutations
import drf_fuzz_witness as witness
import pytest

from drf_reprocess.errors import ConfigurationError
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import Action, Disposition, Severity, StoredObject
from drf_reprocess.pds4.inventory import InventoryRow, count_rows, read_inventory, write_inventory
from drf_reprocess.pds4.manifests import (
    read_checksum_manifest,
    read_transfer_manifest,
    write_checksum_manifest,
    write_transfer_manifest,
)
from drf_reprocess.versions.disposition_file import export_text, identify, parse

PATHS = (
    "../x",
    "/x",
    "a//b",
    "a/./b",
    "a\\b",
    "C:x",
    "a/../../b",
    "",
    "a b",
    " a",
    "a ",
    "\u00e9",
    "a\x00b",
    "a\x7f",
    "A/X",
    "a/x",
)
LIDS = tuple(
    f"urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_{day:03d}_{day + 1:03d}" for day in range(1, 30)
)


def hostile_row(rng, raw):
    """Put an odd word in place of one that stands in a line, or a whole odd line."""
    lines = raw.split(b"\n")
    place = rng.randrange(len(lines))
    words = re.findall(rb"[^ ,\r]+", lines[place])
    odd = rng.choice(PATHS + hostile.TEXTS + hostile.NUMBERS).encode()
    if words and rng.random() < 0.7:
        lines[place] = lines[place].replace(rng.choice(words), odd, 1)
    else:
        lines.insert(place, odd + rng.choice((b"", b"  x", b",x", b"\r")))
    return b"\n".join(lines), f"{odd[:40]!r} in line {place}"


WAYS = (*mutations.BYTES, *mutations.LINES, mutations.encode_otherwise, *[hostile_row] * 8)


def any_paths(rng, count):
    letters = string.ascii_letters + string.digits + "_-."
    return sorted(
        {
            "/".join(
                "".join(rng.choices(letters, k=rng.randrange(1, 9))) + "x" for _ in range(rng.randrange(1, 4))
            )
            for _ in range(count)
        }
    )


def is_safe(path):
    """Whether a path may be unpacked, told otherwise than by the reader: every component of printable ASCII, none special."""
    return (
        all(" " <= character <= "~" and character != "\\" for character in path)
        and all(part not in ("", ".", "..") for part in path.split("/"))
        and not (path[1:2] == ":" and path[0].isalpha())
    )


def slow_rows(data, is_key):
    """The rows of a manifest as a person reads them: key, blanks, path to the end of the line."""
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if lines and all(line.endswith(b"\r") for line in lines):
        lines = [line[:-1] for line in lines]
    found = []
    for line in lines:
        try:
            text = line.decode("ascii")
        except UnicodeDecodeError:
            continue
        end = next((place for place, character in enumerate(text) if character in " \t"), len(text))
        key, path = text[:end], text[end:].lstrip(" \t")
        if key and path and is_safe(path) and is_key(key):
            found.append((key, path))
    return found, len(lines)


def assert_manifest(data, read, is_key):
    rows, findings = read(data)
    for finding in findings:
        assert witness.CODE.fullmatch(finding.code)
        assert finding.message
    expected, lines = slow_rows(data, is_key)
    assert [(str(key), path) for key, path in rows] == expected
    lost = [
        one
        for one in findings
        if one.code in ("manifest-row", "manifest-path", "manifest-md5", "manifest-lidvid")
    ]
    assert len(rows) + len(lost) == lines
    paths = [path for _, path in rows]
    if not any(finding.severity is Severity.ERROR for finding in findings):
        assert len({path.lower() for path in paths}) == len(paths)
        assert len(rows) == lines
    return rows, findings


def is_lidvid(text):
    """Whether a text is a LIDVID, told by parts."""
    lid, _, vid = text.partition("::")
    parts = lid.split(":")
    plain = all(part and set(part) <= set(string.ascii_lowercase + string.digits + "._-") for part in parts)
    numbers = vid.split(".")
    is_vid = len(numbers) == 2 and all(
        n.isascii() and n.isdigit() and (n == "0" or n[0] != "0") for n in numbers
    )
    letters = all(part.isalpha() and part.isascii() for part in parts[1:3])
    return (
        len(parts) in (4, 5, 6)
        and parts[0] == "urn"
        and letters
        and plain
        and len(lid) <= 255
        and is_vid
        and len(vid) < 4000
    )


def is_md5(text):
    return len(text) == 32 and set(text) <= set("0123456789abcdef")


def run_manifests(count, kind="manifest"):
    for number, rng in cases.generators(kind, count):
        paths = any_paths(rng, rng.randrange(1, 8))
        if number % 2:
            rows = [("".join(rng.choices("0123456789abcdef", k=32)), path) for path in paths]
            good, read, is_key = write_checksum_manifest(rows), read_checksum_manifest, is_md5
        else:
            rows = [
                (f"{LIDS[place]}::{rng.randrange(1, 12)}.{rng.randrange(12)}", path)
                for place, path in enumerate(paths)
            ]
            good = write_transfer_manifest([(Lidvid.from_text(key), path) for key, path in rows])
            read, is_key = read_transfer_manifest, is_lidvid
        found = read(good)
        assert [(str(key), path) for key, path in found.rows] == sorted(rows, key=lambda row: row[1])
        assert len({path.lower() for path in paths}) < len(paths) or not [
            f for f in found.findings if f.code != "manifest-case-clash"
        ]
        raw, told = mutations.mutate(rng, good, WAYS)
        cases.run(
            kind, number, told, raw, lambda raw, read=read, is_key=is_key: assert_manifest(raw, read, is_key)
        )


def assert_inventory(data):
    """Every line is a row or a finding; a row is just what its line says; without findings the file is the one we write."""
    rows, findings = read_inventory(data)
    assert count_rows(data) == len(data.split(b"\n")) - (data.endswith(b"\n") or not data)
    expected = []
    for line in data.split(b"\n")[:-1]:
        text = line.decode("latin-1").removesuffix("\r")
        status, _, member = text.partition(",")
        if status in ("P", "S") and (is_lidvid(member) or (status == "S" and is_lidvid(f"{member}::1.0"))):
            expected.append((status, member))
    assert [("P" if row.primary else "S", str(row.lidvid or row.lid)) for row in rows] == expected
    for finding in findings:
        assert witness.CODE.fullmatch(finding.code)
        assert finding.message
        assert finding.remedy
    if not findings:
        assert len(rows) == count_rows(data)
        members = [row.lidvid for row in rows if row.primary]
        again = write_inventory(members, [row for row in rows if not row.primary])
        assert sorted(again.splitlines()) == sorted(data.splitlines())


def run_inventories(count, kind="inventory"):
    for number, rng in cases.generators(kind, count):
        lids = rng.sample(LIDS, rng.randrange(1, 8))
        rows = [
            InventoryRow(rng.random() < 0.7, Lid(lid), Vid(rng.randrange(1, 12), rng.randrange(12)))
            for lid in lids
        ]
        rows = [row if row.primary or rng.random() < 0.5 else replace(row, vid=None) for row in rows]
        good = write_inventory(
            [row.lidvid for row in rows if row.primary], [row for row in rows if not row.primary]
        )
        found = read_inventory(good)
        assert not found.findings
        assert set(found.rows) == set(rows)
        raw, told = mutations.mutate(rng, good, WAYS)
        cases.run(kind, number, told, raw, assert_inventory)


def any_disposition(rng):
    """A valid decision of any kind, with texts that CSV has to quote."""
    text = (
        "".join(rng.choices(string.ascii_letters + " ,;\"'\u00e9\u4e2d=@+-", k=rng.randrange(1, 20))).strip()
        + "x"
    )
    action = rng.choice(tuple(Action))
    start = stop = ""
    if action is Action.MASK:
        start, stop = (
            "2014-12-08T03:20:19.328Z",
            rng.choice(("2014-12-08T03:20:20Z", "2015-01-01T00:00:00.000001Z")),
        )
    digest = "".join(rng.choices("0123456789abcdef", k=64))
    stored = StoredObject("0f" * 32, digest[:32], rng.randrange(10**9)) if action is Action.REPLACE else None
    return identify(
        Disposition(
            disposition_id="",
            action=action,
            type="gnc",
            product_id="sci_anc_gnc14_341_342",
            source_sha256=digest,
            source_name="2014/sci_anc_gnc14_341_342.drf",
            who=text,
            when=f"2026-11-{rng.randrange(1, 29):02d}T12:00:{rng.randrange(60):02d}Z",
            reason=text[::-1].strip() + "y",
            code="science-gate" if action is Action.ACCEPT else "",
            start_time=start,
            stop_time=stop,
            replacement=stored,
            family="gnc:2014:341-342",
        )
    )


def assert_dispositions(data, good):
    """The id of a decision is that of all it says: a changed decision is refused, unless it came without its id."""
    try:
        found = parse(data)
    except ConfigurationError:
        return
    for one in found:
        assert identify(one) == one
        known = replace(one, family="") in good
        assert known or one.disposition_id.encode() not in data, one
    again = parse(export_text(found))
    assert sorted(map(repr, again)) == sorted(map(repr, found))


def run_dispositions(count, kind="dispositions"):
    for number, rng in cases.generators(kind, count):
        made = [any_disposition(rng) for _ in range(rng.randrange(1, 6))]
        good = export_text(made)
        assert sorted(map(repr, parse(good))) == sorted(map(repr, made))
        raw, told = mutations.mutate(rng, good, (*WAYS, odd_field, odd_field, odd_field))
        known = {replace(one, family="") for one in made}
        cases.run(kind, number, told, raw, lambda raw, known=known: assert_dispositions(raw, known))


def odd_field(rng, raw):
    """Put an odd text in place of a whole field, and leave the id away or not."""
    lines = raw.split(b"\n")
    place = rng.randrange(len(lines))
    fields = lines[place].split(b",")
    odd = rng.choice((*hostile.TEXTS, *hostile.NUMBERS, *ODD_TIMES)).encode()
    which = rng.randrange(len(fields))
    fields[which] = odd
    if rng.random() < 0.5:
        fields[-1] = b""
    lines[place] = b",".join(fields)
    return b"\n".join(lines), f"{odd[:40]!r} as field {which} of line {place}"


ODD_TIMES = (
    *(
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:59:59-10:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
    ),
    *(
        "2014-12-08",
        "20141208T032019Z",
        "2014-W50-1",
        "2014-12-08T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2014-12-08T03:20:19,5Z",
    ),
    *(
        "2014-12-08T03:20:19.1234567Z",
        "2014-12-08T03:20:19+25:00",
        "2014-12-08T03:20:19+00:00:01",
        "\u0662014-12-08",
    ),
)


def test_lists_smoke():
    run_manifests(60)
    run_inventories(40)
    run_dispositions(60)


@pytest.mark.parametrize("field", ["when", "start_time", "stop_time"])
@pytest.mark.parametrize("text", ODD_TIMES)
def test_every_odd_time_of_a_disposition(field, text):
    masked = next(
        one
        for one in map(any_disposition, (random.Random(n) for n in range(100)))
        if one.action is Action.MASK
    )
    data = export_text([replace(masked, disposition_id="", **{field: text})])
    cases.run("disposition-times", 0, f"{field}: {text}", data, lambda raw: assert_dispositions(raw, set()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "run"),
    [("manifest", run_manifests), ("inventory", run_inventories), ("dispositions", run_dispositions)],
)
def test_many_lists(kind, run):
    run(cases.SLOW_BUDGET[kind])
    cases.require(kind, cases.SLOW_BUDGET[kind])
