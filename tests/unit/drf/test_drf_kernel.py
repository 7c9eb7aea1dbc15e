from __future__ import annotations

import math
import re
import struct
import subprocess
import sys

import drf_tests_reference as reference
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drf_reprocess.drf import kernel
from drf_reprocess.drf.cells import parse_fields
from drf_reprocess.model import Kind

BESIDE = b"|7.E- \t" + b"|" * 16
"""What stands before and behind a cell, record by record: nothing of it is the cell's."""


def cell(text: bytes, kind: Kind):
    """Read one cell, the same whatever stands beside it; a name of its status where it has no value."""
    lines = [bytes([byte]) + text + bytes([byte]) for byte in BESIDE]
    rows = np.frombuffer(b"".join(lines), np.uint8).reshape(len(lines), -1)
    cells = parse_fields(rows, np.array([1]), np.array([1 + len(text)]), [kind])
    status = cells.status[0, 0]
    assert cells.tally[0, status] == cells.tally[0].sum() == len(lines)
    assert len(set(cells.reals.view(np.int64).ravel())) <= 1
    assert len(set(cells.integers.ravel())) <= 1
    if status == kernel.VALID:
        if kind is Kind.STATE:
            begin = cells.text_begins[0, 0]
            return rows.ravel()[begin : begin + cells.text_chars[0, 0]].tobytes().decode()
        return (cells.reals if kind is Kind.REAL else cells.integers)[0, 0].item()
    return {kernel.NULL: None, kernel.BAD: "bad", kernel.INNER_BLANK: "inner", kernel.OVERFLOW: "overflow"}[
        status
    ]


def bits(number: float) -> bytes:
    return struct.pack("<d", number)


EXACT = re.compile(r"[+-]?([0-9]{1,22}(\.[0-9]{0,22})?|\.[0-9]{1,22})([Ee][+-]?[0-9]{1,3})?", re.ASCII)
USUAL = re.compile(r"[+-]?([0-9]{1,17}\.[0-9]{0,17}|\.[0-9]{1,17})([Ee][+-]?[0-9]{2})?", re.ASCII)
IN_A_CELL = st.sampled_from(["{}", "{} ", "{}          ", "  {}\t"])


@settings(max_examples=1000, deadline=None)
@given(
    st.one_of(
        st.from_regex(EXACT, fullmatch=True),
        st.from_regex(USUAL, fullmatch=True),
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
    ),
    IN_A_CELL,
)
def test_reals_are_bit_equal_to_float(text, form):
    value = cell(form.format(text).encode(), Kind.REAL)
    if math.isinf(float(text)):
        assert value == "overflow"
    else:
        assert bits(value) == bits(float(text))


@pytest.mark.parametrize(
    "text",
    ["0", "-0", "-0.0", "1.", ".5", "+.5", "1e22", "1e23", "9007199254740993", "9007199254740992e22", "1e-400", "4.9e-324",
     "2.2250738585072011e-308", "0e99999999999", "123456789012345678", "1234567890123456789", "0.1e-21", "1.7976931348623157e308"],
)  # fmt: skip
def test_reals_at_the_edges_of_the_fast_path(text):
    assert bits(cell(text.encode(), Kind.REAL)) == bits(float(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("NaN", "bad"), ("inf", "bad"), ("***", "bad"), ("0x1F", "bad"), ("1,5", "bad"), ("1.5D3", "bad"), ("-", "bad"),
     (".", "bad"), ("-.", "bad"), ("1e", "bad"), ("1e+", "bad"), ("e5", "bad"), ("--5", "bad"), ("+-5", "bad"),
     ("1_0", "bad"), ("1.2.3", "bad"), ("1 5", "inner"), ("- 5", "inner"), ("1\t5", "inner"), ("1e999", "overflow"),
     ("-1e999", "overflow"), ("   ", None), ("\t ", None), ("", None)],
)  # fmt: skip
def test_what_is_no_real_is_neither_null_nor_guessed(text, expected):
    assert cell(text.encode(), Kind.REAL) == expected


def test_bytes_beyond_ascii_are_no_digits():
    for byte in range(128, 256):
        assert cell(b"1" + bytes([byte]), Kind.REAL) == "bad"
        assert cell(bytes([byte]) + b"1", Kind.INTEGER) == "bad"
        assert cell(bytes([byte]), Kind.STATE) == "bad"


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.integers(-(2**65), 2**65), st.integers(-(10**9), 10**9)),
    st.sampled_from(["{}", "{:+}", "{:025}", "{}  ", "{:+}         "]),
)
def test_integers_are_those_of_int_or_too_large(number, form):
    value = cell(form.format(number).encode(), Kind.INTEGER)
    assert value == (number if -(2**63) <= number < 2**63 else "overflow")


@pytest.mark.parametrize("text", ["1.0", "1e3", "0x10", "-", "+", "ON", "1_0", "--1"])
def test_what_is_no_integer(text):
    assert cell(text.encode(), Kind.INTEGER) == "bad"


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_the_largest_integers(number):
    assert cell(str(number).encode(), Kind.INTEGER) == number


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=14),
    st.sampled_from(["real", "integer"]),
)
def test_any_bytes_read_as_the_reference_reads_them(text, kind):
    try:
        expected = reference.read_cell(text, kind)
    except reference.Unfit:
        expected = "unfit"
    found = cell(text.encode("latin-1"), Kind(kind))
    assert ("unfit" if found in ("bad", "inner", "overflow") else found) == expected


def test_states_keep_blanks_inside():
    assert cell(b"  NOT SET ", Kind.STATE) == "NOT SET"


def test_read_only_installation_without_cache_folder_still_compiles(tmp_path):
    code = (
        "import numba.core.caching as c\n"
        "c.CacheImpl._locator_classes = []\n"
        "from drf_reprocess.compiled import compiled\n"
        "@compiled\n"
        "def twice(x: int) -> int:\n    return 2 * x\n"
        "assert twice(21) == 42\n"
    )
    file = tmp_path / "alone.py"
    file.write_text(code)
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_warm_up_compiles_everything():
    kernel.warm_up()
    for function in (kernel.scan_bytes, kernel.parse_cells, kernel.parse_times, kernel.gather_texts):
        assert function.signatures
