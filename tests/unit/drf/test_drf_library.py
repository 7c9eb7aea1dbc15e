"""Without numba the same results: each function of `library` against its namesake in the compiled kernel."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import drf_reprocess
from drf_reprocess.drf import kernel, library
from drf_reprocess.drf.cells import parse_fields
from drf_reprocess.drf.timeform import time_picture
from drf_reprocess.model import Kind
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.testing.sample import write_sample

WIDTH = 24
KINDS = (Kind.REAL, Kind.INTEGER, Kind.STATE)

cells = st.one_of(
    st.just(b""),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: repr(value).encode()),
    st.decimals(allow_nan=False, allow_infinity=False, places=6).map(lambda value: f"{value:f}".encode()),
    st.integers(-(2**64), 2**64).map(lambda value: b"%d" % value),
    st.sampled_from(
        [b"%d" % edge for edge in (2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**18, 10**18 - 1)]
    ),
    st.text("+-.eE0123456789 \tx\x01\xff", max_size=12).map(lambda text: text.encode("latin-1")),
    st.sampled_from(
        [
            b"1e999",
            b"-1e999",
            b"--5",
            b"0x1F",
            b"NaN",
            b"inf",
            b"1_0",
            b"1,5",
            b"+5",
            b"5.",
            b".5",
            b".",
            b"1e",
        ]
    ),
)


def cell(draw):
    text = draw(cells)[:WIDTH]
    left = draw(st.integers(0, WIDTH - len(text)))
    return (
        b" " * left + text + b"\t" * min(1, WIDTH - len(text) - left) + b" " * (WIDTH - len(text) - left - 1)
    )


@st.composite
def records(draw):
    count = draw(st.integers(1, 12))
    return b"".join(cell(draw)[:WIDTH] for _ in range(count * len(KINDS))), count


@settings(max_examples=150, deadline=None)
@given(data=records())
def test_cells(data):
    raw, count = data
    rows = np.frombuffer(raw, np.uint8).reshape(count, WIDTH * len(KINDS))
    begins = np.arange(len(KINDS), dtype=np.int64) * WIDTH
    compiled = parse_fields(rows, begins, begins + WIDTH, KINDS)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kernel, "parse_cells", library.parse_cells)
        plain = parse_fields(rows, begins, begins + WIDTH, KINDS)
    assert plain.equals(compiled)
    assert np.array_equal(plain.tally, compiled.tally)
    marks = [(np.zeros(rows.shape[1], np.uint8), np.zeros(count, np.uint8)) for _ in range(2)]
    kernel.scan_bytes(rows, rows.shape[1], *marks[0])
    library.scan_bytes(rows, rows.shape[1], *marks[1])
    assert all(np.array_equal(one, other) for one, other in zip(*marks, strict=True))


TEXT_TIMES = [
    "14/342-03:20:19.328",
    "00/366-00:00:00.000",
    "99/001-23:59:59.999",
    "14/000-00:00:00.000",
    "14/366-01:02:03.004",
    "16/366-23:59:60.500",
    "15/181-23:59:60.000",
    "15/182-23:59:60.000",
    "14/342-24:00:00.000",
    "14/342-00:60:00.000",
    "14/342-00:00:61.000",
    "14/342-03:20:19.32x",
    "14-342-03:20:19.328",
    "99/365-00:00:00.000",
    "00/001-00:00:00.001",
]


@pytest.mark.parametrize("time", [file_type.time for file_type in load_profile("maven-anc").types][:3])
def test_times(time):
    picture = time_picture(time)
    rows = np.frombuffer(
        b"".join(text.encode().ljust(19)[:19] + b" " for text in [*TEXT_TIMES, " " * 19]), np.uint8
    ).reshape(-1, 20)
    if picture.codes.size > rows.shape[1]:
        pytest.skip("a longer time than these")
    found = []
    for reader in (kernel, library):
        micros, status = np.empty(len(rows), np.int64), np.empty(len(rows), np.uint8)
        reader.parse_times(
            rows, picture.codes, picture.literals, picture.century, kernel.LEAP_SECOND_DAYS, micros, status
        )
        found.append((micros.tolist(), status.tolist()))
    assert found[0] == found[1]
    assert {kernel.VALID, kernel.NULL, kernel.BAD, kernel.IMPOSSIBLE} <= set(found[0][1])


@given(texts=st.lists(st.binary(max_size=9), min_size=1, max_size=20))
def test_texts(texts):
    data = np.frombuffer(b"<" + b"|".join(texts) + b">", np.uint8)
    chars = np.array([len(text) for text in texts], np.int32)
    begins = 1 + np.concatenate(([0], np.cumsum(chars[:-1] + 1))).astype(np.int64)
    offsets = np.concatenate(([0], np.cumsum(chars))).astype(np.int32)
    outs = [np.zeros(int(offsets[-1]), np.uint8) for _ in range(2)]
    kernel.gather_texts(data, begins, chars, offsets, outs[0])
    library.gather_texts(data, begins, chars, offsets, outs[1])
    assert outs[0].tobytes() == outs[1].tobytes() == b"".join(texts)


WITHOUT_NUMBA = """
import importlib.util as util, sys
known = util.find_spec
util.find_spec = lambda name, *more: None if name == "numba" else known(name, *more)
import drf_reprocess
table = drf_reprocess.read_drf(sys.argv[1])
assert "numba" not in sys.modules
import pyarrow.parquet as parquet
parquet.write_table(table, sys.argv[2])
"""


def test_a_machine_without_numba_reads_the_same(tmp_path):
    small_sample = tmp_path / "source"
    write_sample(str(small_sample), scale=0.05, days=1, types=("gnc", "eps"))
    for name in ("gnc", "eps"):
        file = next((small_sample / name).rglob("*.drf"))
        there = tmp_path / f"{name}.parquet"
        subprocess.run([sys.executable, "-c", WITHOUT_NUMBA, str(file), str(there)], check=True)
        expected = drf_reprocess.read_drf(file)
        assert parquet.read_table(there, schema=expected.schema).equals(expected)
