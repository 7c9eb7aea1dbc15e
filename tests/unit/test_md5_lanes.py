"""The lanes give what hashlib gives, whatever the lengths and kinds of the buffers."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import threading

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drf_reprocess import md5_lanes
from drf_reprocess.digests import digest_bytes
from drf_reprocess.md5_lanes import LANES, _hash_in_lanes, _worthwhile, md5_many, warm_up

BORDERS = [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 121, 127, 128, 129, 183, 184, 191, 192, 255, 256, 257, 320]
BYTES = random.Random(5).randbytes(1 << 20)

needs_numba = pytest.mark.skipif(md5_lanes.NUMBA is None, reason="without numba there are no lanes")


def by_hashlib(buffers):
    return [hashlib.md5(buffer).hexdigest() for buffer in buffers]


def pieces(lengths, seed=0):
    """Parts of some random bytes, each from another place."""
    places = random.Random(seed)
    return [BYTES[(at := places.randrange(len(BYTES) - length)) : at + length] for length in lengths]


@needs_numba
@pytest.mark.parametrize("length", BORDERS)
@pytest.mark.parametrize("count", [1, 2, LANES, LANES + 1])
def test_equal_lengths_at_block_borders(length, count):
    buffers = pieces([length] * count, seed=length)
    assert _hash_in_lanes(buffers) == by_hashlib(buffers)


@needs_numba
@given(st.lists(st.sampled_from(BORDERS) | st.integers(0, 3000), max_size=3 * LANES), st.integers(0, 99))
@example([], 0)
@example(BORDERS * 3, 1)
@settings(max_examples=150, deadline=None)
def test_unequal_lengths(lengths, seed):
    buffers = pieces(lengths, seed)
    assert _hash_in_lanes(buffers) == by_hashlib(buffers)


@needs_numba
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_any_bytes(buffers):
    assert _hash_in_lanes(buffers) == by_hashlib(buffers)


@needs_numba
@pytest.mark.parametrize("fill", [b"\x00", b"\xff", b"\x80"])
def test_extreme_bytes(fill):
    buffers = [fill * length for length in BORDERS]
    assert _hash_in_lanes(buffers) == by_hashlib(buffers)


@needs_numba
def test_kinds_of_buffers_and_odd_addresses():
    data = BYTES[:5000]
    buffers = [
        data,
        bytearray(data),
        memoryview(data),
        memoryview(bytearray(data)),
        memoryview(data)[:4992].cast("d"),
        memoryview(data)[:4800].cast("B", (60, 80)),
        *(memoryview(data)[begin:] for begin in range(1, 9)),
        memoryview(bytearray(data))[3:777],
    ]
    before = [bytes(buffer) for buffer in buffers]
    assert _hash_in_lanes(buffers) == by_hashlib(before)
    assert [bytes(buffer) for buffer in buffers] == before


@needs_numba
def test_a_buffer_can_be_resized_afterwards():
    buffer = bytearray(BYTES[:1000])
    _hash_in_lanes([buffer])
    buffer.append(0)  # a BufferError, were an array of it still held
    assert len(buffer) == 1001


@pytest.mark.parametrize(
    "lengths",
    [
        [],
        [0],
        [300_000],
        [300_000] * 8,
        [300_001 + 977 * i for i in range(10)],
        [200_000] * 40,
        [1_000_000, *[200_000] * 8, 0, 64, 5000],
        [200_000, 900_000, 0, 180_000, 210_000, 64, 190_000, 205_000, 200_001, 199_999],
    ],
    ids=str,
)
def test_many_in_their_order(lengths, monkeypatch):
    if md5_lanes.NUMBA is not None:
        monkeypatch.setattr(md5_lanes, "_lanes_that_pay", lambda: 5)
    buffers = pieces(lengths)
    assert md5_many(buffers) == by_hashlib(buffers)


def test_many_refuses_what_is_not_contiguous():
    with pytest.raises(BufferError):
        md5_many([memoryview(BYTES)[::2]])


def test_lanes_take_long_buffers_of_like_lengths(monkeypatch):
    monkeypatch.setattr(md5_lanes, "_lanes_that_pay", lambda: 5)
    assert _worthwhile([5_000_000] * 8) == list(range(8))
    assert _worthwhile([5_000_000, 0, 5_000_001, 300, *[4_900_000] * 6]) == [2, 0, 4, 5, 6, 7, 8, 9]
    assert _worthwhile([5_000_000] * 3) == []
    assert _worthwhile([1000] * 100) == []
    assert _worthwhile([90_000_000, *[5_000_000] * 8]) == list(range(1, 9))
    assert _worthwhile([]) == []


def test_the_rest_and_all_without_numba_are_hashlibs(monkeypatch):
    monkeypatch.setattr(md5_lanes, "NUMBA", None)
    md5_lanes._lanes_that_pay.cache_clear()
    monkeypatch.setattr(md5_lanes, "_hash_in_lanes", lambda buffers: [1 / 0 for _ in buffers])
    buffers = pieces([300_000] * 8)
    assert _worthwhile([300_000] * 8) == []
    assert md5_many(buffers) == by_hashlib(buffers)
    md5_lanes._lanes_that_pay.cache_clear()


@needs_numba
@pytest.mark.parametrize(
    ("features", "lanes"),
    [
        ({"avx2": True, "avx512f": True}, 5),
        ({"avx2": True, "avx512f": False}, 8),
        ({"sse2": True}, None),
        ({"neon": True}, None),
    ],
    ids=str,
)
def test_short_registers_need_more_lanes(features, lanes, monkeypatch):
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", lambda: features)
    assert md5_lanes._lanes_that_pay.__wrapped__() == lanes


def test_it_imports_and_hashes_where_there_is_no_numba():
    code = (
        "import importlib.util as u, hashlib; real = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'numba' else real(name, *more)\n"
        "from drf_reprocess import md5_lanes as m; assert m.NUMBA is None; m.warm_up()\n"
        "data = [bytes([i]) * 300_000 for i in range(8)]\n"
        "assert m.md5_many(data) == [hashlib.md5(d).hexdigest() for d in data]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@needs_numba
def test_threads_do_not_disturb_each_other():
    warm_up()
    sets = [pieces([200_000 + 1000 * i] * 8, seed=i) for i in range(4)]
    found = [None] * len(sets)

    def work(i):
        found[i] = md5_many(sets[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(sets))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [by_hashlib(buffers) for buffers in sets]


@needs_numba
def test_lanes_that_are_wrong_are_never_used(monkeypatch, caplog):
    monkeypatch.setattr(md5_lanes, "_hash_in_lanes", lambda buffers: ["0" * 32] * len(buffers))
    md5_lanes._lanes_that_pay.cache_clear()
    try:
        buffers = pieces([200_000] * LANES)
        assert md5_many(buffers) == by_hashlib(buffers)
    finally:
        md5_lanes._lanes_that_pay.cache_clear()
    if "avx2" in str(md5_lanes.import_module("llvmlite.binding").get_host_cpu_features().flatten()):
        assert "wrong digests" in caplog.text


@given(st.lists(st.integers(0, 300_000), max_size=12))
@settings(max_examples=20, deadline=None)
def test_all_digests_of_many_are_those_of_each(lengths):
    buffers = pieces(lengths)
    assert md5_lanes.digest_many(buffers) == [digest_bytes(one) for one in buffers]
