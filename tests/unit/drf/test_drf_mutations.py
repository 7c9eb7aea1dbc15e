"""Files spoilt in every way: never an exception, never a value in another place, every byte accounted for."""

from __future__ import annotations

import random

import drf_tests_render as render
import pytest
from drf_tests_checking import check

from drf_reprocess.model import RepairOptions

BYTES = b" 0123456789.-+eE\r\n\t\0\x1aAZ/:\xff"
TYPES = ("gnc", "eps", "usm1", "imu", "rs", "pte", "ngms")


def small(types, name, justify="left", ends=(b"\r\n",)):
    if name == "imu":
        return render.imu_sheet(types[name], 5, justify=justify, ends=ends)
    return render.sheet(types[name], records=5, justify=justify, ends=ends)


def rows_by_text(sheet, file_type):
    table = check(sheet.render(), file_type).table.drop_columns(["record_number"])
    return {text.encode("latin-1"): row for text, row in zip(sheet.records(), table.to_pylist(), strict=True)}


def assert_sound(raw, file_type, options, truth):
    """Check a reading, and that every record whose text is untouched reads as it did in the good file."""
    reading = check(raw, file_type, options)
    if reading.refused is not None:
        assert reading.refused.code
        return reading.refused.code
    layout = reading.layout
    header = reading.data[: layout.header_bytes]
    assert not any(text in header for text in truth)
    for number, row in enumerate(reading.table.drop_columns(["record_number"]).to_pylist()):
        start = layout.header_bytes + number * layout.record_bytes
        text = reading.data[start : start + layout.record_bytes - 2]
        if text in truth:
            assert repr(row) == repr(truth[text])
    return "ok"


def mutate(raw, rng):
    spoilt = bytearray(raw)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        way, place = rng.randrange(8), rng.randrange(len(spoilt) or 1)
        if not spoilt:
            break
        if way == 0:
            spoilt[place] ^= 1 << rng.randrange(8)
        elif way == 1:
            del spoilt[place:]
        elif way == 2:
            spoilt[place:place] = bytes([rng.choice(BYTES)])
        elif way == 3:
            del spoilt[place : place + rng.choice((1, 1, 2, 13, 100))]
        elif way == 4:
            spoilt[place] = rng.choice(BYTES)
        elif way == 5:
            source = rng.randrange(len(spoilt))
            spoilt[place:place] = spoilt[source : source + rng.choice((1, 5, 50, 400))]
        elif way == 6:
            del spoilt[: rng.randrange(1, 400)]
        else:
            lines = bytes(spoilt).splitlines(keepends=True)
            if rng.random() < 0.2:
                rng.shuffle(lines)
            else:
                lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
            spoilt = bytearray(b"".join(lines))
    return bytes(spoilt)


def run_mutations(types, seed, cases):
    rng = random.Random(seed)
    files = []
    for name in TYPES:
        for justify in ("left", "right"):
            sheet = small(types, name, justify, rng.choice([(b"\r\n",), (b"\n",), (b"\r\n", b"\n")]))
            if name == "gnc" and justify == "right":
                sheet = sheet.but(header_widths=(12,) * 23)
            files.append((types[name], sheet.render(), rows_by_text(sheet, types[name])))
    outcomes = set()
    for _ in range(cases):
        file_type, raw, truth = rng.choice(files)
        options = RepairOptions(rng.choice(("minimal", "archive-2020", "never")), 100, rng.choice((0, 0, 2)))
        outcomes.add(assert_sound(mutate(raw, rng), file_type, options, truth))
    return outcomes


def test_mutated_files_smoke(types):
    assert {"ok", "damaged-records", "unknown-columns"} <= run_mutations(types, seed=11, cases=400)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_mutated_files(types, seed):
    run_mutations(types, seed, cases=6000)


@pytest.mark.parametrize("name", ["eps", "imu"])
def test_truncation_at_every_offset(types, name):
    sheet = small(types, name).but(rows=small(types, name).rows[:3])
    truth, raw = rows_by_text(sheet, types[name]), sheet.render()
    for size in range(0, len(raw), 1):
        assert_sound(raw[:size], types[name], RepairOptions(), truth)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["eps", "imu"])
@pytest.mark.parametrize("byte", [0, 10, 13, 32, 48, 65, 255])
def test_every_byte_replaced_inserted_and_deleted(types, name, byte):
    sheet = small(types, name).but(rows=small(types, name).rows[:3])
    truth, raw = rows_by_text(sheet, types[name]), sheet.render()
    for place in range(len(raw)):
        for after in (place, place + 1):
            assert_sound(raw[:place] + bytes([byte]) + raw[after:], types[name], RepairOptions(), truth)
        assert_sound(raw[:place] + raw[place + 1 :], types[name], RepairOptions(), truth)


def test_a_cut_line_in_the_header_region_is_a_record_when_padded_too(types):
    """Found by mutation: a record cut within its time must not become a header line."""
    lines = small(types, "rs").lines()
    lines.insert(4, lines[5][:18])
    reading = check(render.join(lines), types["rs"], RepairOptions("archive-2020"))
    assert reading.refused.code == "damaged-records"


def test_a_marks_row_that_cannot_be_widened_leaves_the_header_alone(types):
    """Found by mutation: marks must not move against their names."""
    sheet = small(types, "gnc").but(header_widths=(12,) * 23)
    lines = sheet.lines()
    lines[2] = " " + lines[2]
    reading = check(render.join(lines), types["gnc"], RepairOptions("archive-2020"))
    assert reading.refused is None
    assert reading.mends == ()


def test_two_carriage_returns_at_the_end_are_no_line_end(types):
    """Found by mutation: two bytes, but not CR LF."""
    raw = small(types, "eps").render()
    assert check(raw[:-1] + b"\r", types["eps"]).refused.code == "damaged-records"


def test_an_imu_record_joined_to_the_header_is_not_lost(types):
    """Found by mutation: a blank in place of the header's line feed."""
    raw = small(types, "imu").render()
    assert check(raw.replace(b"\n", b" ", 1), types["imu"]).refused.code in (
        "layout-unclear",
        "unknown-columns",
    )
