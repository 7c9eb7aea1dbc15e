"""MD5 of many buffers at once, one in each lane of the processor's vector registers.

The steps of an MD5 depend on one another, so a digest takes as long as its chain of steps while most of the processor
stands idle: 0.85 GB/s a core with hashlib. Buffers do not depend on one another. Sixteen of them advance here in step,
a block of 64 bytes each at a time, in little more than the time of three blocks in hashlib. A lane whose buffer ends takes
up the next. Only long buffers of like lengths gain by this; hashlib takes the others, and all where there is
no numba or the registers are short.
"""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from drf_reprocess.compiled import NUMBA, compiled
from drf_reprocess.model import StoredObject

logger = logging.getLogger(__name__)

Buffer = bytes | bytearray | memoryview
Words = NDArray[np.uint32]

LANES = 16
"""The 32-bit numbers of one AVX-512 register; where registers are shorter, several take turns."""

_BLOCK_BYTES, _BLOCK_WORDS = 64, 16
_TURN_BLOCKS = 4  # read from each input at a time: more falls out of the processor's nearest cache

_WORTHWHILE_LANES = {"avx512f": 5, "avx2": 8}
"""How many must be at work on average, by the registers there are. With shorter ones, hashlib wins or nearly so."""

_WORTHWHILE_BYTES = 128 << 10
"""Of a buffer: Python's part takes as long as 50 kB in hashlib."""

_START = np.array([0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476], np.uint32)
_SINES = np.floor(np.abs(np.sin(np.arange(1.0, 65.0))) * 2.0**32).astype(np.uint32)  # RFC 1321, 3.4


def md5_many(buffers: Sequence[Buffer]) -> list[str]:
    """Return the MD5 of each buffer in hexadecimal digits, in the order given.

    Buffers may have any lengths, and must be contiguous, as hashlib wants them. None is copied or changed.
    """
    lengths = [memoryview(buffer).nbytes for buffer in buffers]
    chosen = _worthwhile(lengths)
    digests = _hash_in_lanes([buffers[i] for i in chosen])
    found = dict(zip(chosen, digests, strict=True))
    return [
        found[i] if i in found else hashlib.md5(buffer, usedforsecurity=False).hexdigest()
        for i, buffer in enumerate(buffers)
    ]


def digest_many(buffers: Sequence[Buffer]) -> list[StoredObject]:
    """Return SHA-256, MD5 and size of each buffer, in the order given; see `digests.digest_bytes`."""
    return [
        StoredObject(hashlib.sha256(buffer).hexdigest(), md5, memoryview(buffer).nbytes)
        for buffer, md5 in zip(buffers, md5_many(buffers), strict=True)
    ]


def _worthwhile(lengths: Sequence[int]) -> list[int]:
    """Places of the buffers that are faster in lanes than one after another, longest first."""
    long = [i for i, length in enumerate(lengths) if length >= _WORTHWHILE_BYTES]
    lanes = _lanes_that_pay() if len(long) >= min(_WORTHWHILE_LANES.values()) else None
    if lanes is None:
        return []
    places = deque(sorted(long, key=lambda i: -lengths[i]))
    total = sum(lengths[i] for i in places)
    while places and total < lanes * lengths[places[0]]:
        total -= lengths[places.popleft()]  # most lanes would wait for this one
    return list(places)


@cache
def _lanes_that_pay() -> int | None:
    """The least number of lanes that pays on this processor; None where none does, or where they are not right."""
    if NUMBA is None:
        return None
    try:
        features = import_module("llvmlite.binding").get_host_cpu_features()
    except RuntimeError:  # LLVM cannot tell
        return None
    lanes = next((lanes for name, lanes in _WORTHWHILE_LANES.items() if features.get(name)), None)
    return lanes if lanes is not None and _are_right() else None


def _are_right() -> bool:
    """Compile, or load from the cache, what is here, and prove it: a digest must never be wrong, whatever the processor."""
    trials = [bytes(range(length % 256)) * (length // 64) for length in range(37, 4000, 101)]
    if _hash_in_lanes(trials) == [hashlib.md5(one, usedforsecurity=False).hexdigest() for one in trials]:
        return True
    logger.warning("MD5 in lanes gives wrong digests on this processor: hashlib takes its place")
    return False


@dataclass
class _Job:
    """A buffer in a lane: its whole blocks, then ``tail``, its last bytes with the padding."""

    place: int
    words: Words
    tail: Words | None
    begin: int = 0

    @property
    def blocks(self) -> int:
        return (self.words.size - self.begin) // _BLOCK_WORDS


def _job(place: int, buffer: Buffer) -> _Job:
    view = memoryview(buffer).cast("B")
    whole = view.nbytes // _BLOCK_BYTES * _BLOCK_BYTES
    rest = bytes(view[whole:]) + b"\x80"
    rest += bytes(-(len(rest) + 8) % _BLOCK_BYTES) + (8 * view.nbytes % 2**64).to_bytes(8, "little")
    return _Job(place, _as_words(view[:whole]), _as_words(rest))


def _as_words(data: Buffer) -> Words:
    words = np.frombuffer(data, np.uint32)
    words.setflags(write=False, align=False)  # one type for the kernel, whatever the bytes come from
    return words


def _hash_in_lanes(buffers: Sequence[Buffer]) -> list[str]:
    digests = [""] * len(buffers)
    waiting = deque(enumerate(buffers))
    state = np.empty((4, LANES), np.uint32)
    flat = state.reshape(-1)
    jobs: dict[int, _Job] = {}
    while waiting or jobs:
        for lane in range(LANES):
            if lane not in jobs and waiting:
                jobs[lane] = _job(*waiting.popleft())
                state[:, lane] = _START
        spare = next(iter(jobs.values()))  # idle lanes repeat the work of a busy one
        inputs = [jobs.get(lane, spare) for lane in range(LANES)]
        blocks = min(job.blocks for job in inputs)
        begins = np.array([job.begin for job in inputs], np.int64)
        _advance(flat, tuple(job.words for job in inputs), begins, blocks)
        for lane, job in list(jobs.items()):
            job.begin += blocks * _BLOCK_WORDS
            if job.blocks:
                continue
            if job.tail is not None:
                job.words, job.tail, job.begin = job.tail, None, 0
            else:
                digests[job.place] = state[:, lane].tobytes().hex()
                del jobs[lane]
    return digests


@compiled
def _step(
    a: np.uint32, b: np.uint32, mixed: np.uint32, word: np.uint32, sine: np.uint32, turn: int
) -> np.uint32:
    """One step of RFC 1321. Each np.uint32 counts: numba adds in 64 bits, which halves the lanes of a register."""
    total = np.uint32(np.uint32(a + np.uint32(mixed)) + np.uint32(word + sine))
    left, right = np.uint32(total << np.uint32(turn)), np.uint32(total >> np.uint32(32 - turn))
    return np.uint32(b + np.uint32(left | right))


@compiled
def _mix_block(state: Words, words: Words) -> None:
    """Advance all lanes by a block. Number i of lane l stands at ``16 * i + l`` of both, a, b, c, d in ``state``.

    It is written for one lane. The compiler unrolls the inner loops and makes one pass for all lanes of the outer one,
    if both arrays are flat: with rows it does not see that they are apart.
    """
    for lane in range(LANES):
        a, b, c, d = state[lane], state[16 + lane], state[32 + lane], state[48 + lane]
        for i in range(0, 16, 4):
            a = _step(a, b, d ^ (b & (c ^ d)), words[16 * i + lane], _SINES[i], 7)
            d = _step(d, a, c ^ (a & (b ^ c)), words[16 * (i + 1) + lane], _SINES[i + 1], 12)
            c = _step(c, d, b ^ (d & (a ^ b)), words[16 * (i + 2) + lane], _SINES[i + 2], 17)
            b = _step(b, c, a ^ (c & (d ^ a)), words[16 * (i + 3) + lane], _SINES[i + 3], 22)
        for i in range(16, 32, 4):
            a = _step(a, b, c ^ (d & (b ^ c)), words[16 * ((5 * i + 1) & 15) + lane], _SINES[i], 5)
            d = _step(d, a, b ^ (c & (a ^ b)), words[16 * ((5 * i + 6) & 15) + lane], _SINES[i + 1], 9)
            c = _step(c, d, a ^ (b & (d ^ a)), words[16 * ((5 * i + 11) & 15) + lane], _SINES[i + 2], 14)
            b = _step(b, c, d ^ (a & (c ^ d)), words[16 * ((5 * i + 16) & 15) + lane], _SINES[i + 3], 20)
        for i in range(32, 48, 4):
            a = _step(a, b, b ^ c ^ d, words[16 * ((3 * i + 5) & 15) + lane], _SINES[i], 4)
            d = _step(d, a, a ^ b ^ c, words[16 * ((3 * i + 8) & 15) + lane], _SINES[i + 1], 11)
            c = _step(c, d, d ^ a ^ b, words[16 * ((3 * i + 11) & 15) + lane], _SINES[i + 2], 16)
            b = _step(b, c, c ^ d ^ a, words[16 * ((3 * i + 14) & 15) + lane], _SINES[i + 3], 23)
        for i in range(48, 64, 4):
            a = _step(a, b, c ^ (b | ~d), words[16 * (7 * i & 15) + lane], _SINES[i], 6)
            d = _step(d, a, b ^ (a | ~c), words[16 * ((7 * i + 7) & 15) + lane], _SINES[i + 1], 10)
            c = _step(c, d, a ^ (d | ~b), words[16 * ((7 * i + 14) & 15) + lane], _SINES[i + 2], 15)
            b = _step(b, c, d ^ (c | ~a), words[16 * ((7 * i + 21) & 15) + lane], _SINES[i + 3], 21)
        state[lane] += a
        state[16 + lane] += b
        state[32 + lane] += c
        state[48 + lane] += d


@compiled
def _interleave(source: Words, out: Words, half: int) -> None:
    for j in range(half):
        out[2 * j] = source[j]
        out[2 * j + 1] = source[half + j]


@compiled
def _advance(state: Words, inputs: tuple[Words, ...], begins: NDArray[np.int64], blocks: int) -> None:
    """Advance lane l by ``blocks`` blocks from word ``begins[l]`` of ``inputs[l]`` on.

    What is read stands in 16 rows, one a lane. To interleave the halves four times, which takes vector shuffles, is to
    transpose them.
    """
    one = np.empty(_TURN_BLOCKS * _BLOCK_WORDS * LANES, np.uint32)
    other = np.empty_like(one)
    for block in range(0, blocks, _TURN_BLOCKS):
        turn = min(_TURN_BLOCKS, blocks - block)
        row = turn * _BLOCK_WORDS
        for lane in range(LANES):
            source = inputs[lane]
            # Unsigned: numba does not ask whether they count from the end.
            begin, out = np.uintp(begins[lane] + _BLOCK_WORDS * block), np.uintp(lane * row)
            for j in range(row):
                one[out + np.uintp(j)] = source[begin + np.uintp(j)]
        half = row * LANES // 2
        _interleave(one, other, half)
        _interleave(other, one, half)
        _interleave(one, other, half)
        _interleave(other, one, half)
        for begin_words in range(0, row * LANES, _BLOCK_WORDS * LANES):
            _mix_block(state, one[begin_words : begin_words + _BLOCK_WORDS * LANES])


def warm_up() -> None:
    """Compile, or load from the cache, what is here: 2 s or 0.15 s that a worker spends before its first file."""
    _lanes_that_pay()
