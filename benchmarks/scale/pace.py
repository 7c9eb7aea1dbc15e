"""How fast this machine is at a moment: processor seconds of a fixed piece of work, which others on the same cores lengthen."""

from __future__ import annotations

import hashlib
import statistics
import time
from functools import lru_cache

from drf_reprocess.archives.codec import Codec

ROUNDS = 9


def pace_s() -> float:
    """Return the processor seconds in which some numbers are compressed, digested and copied: the median of some rounds."""
    data, codec, took = _numbers(), Codec(), []
    for _ in range(ROUNDS):
        began_s = time.process_time()
        codec.deflate(data)
        hashlib.sha256(data).digest()
        for _copy in range(4):
            bytearray(data)
        took.append(time.process_time() - began_s)
    return statistics.median(took)


@lru_cache(1)
def _numbers() -> bytes:
    return b"".join(b"%12.6f" % (number * 0.7310585 % 97) for number in range(400_000))
