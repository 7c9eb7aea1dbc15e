"""Words that the two ways to read cells share: the compiled `kernel` and, without numba, `library`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NULL, VALID, SLOW, BAD, INNER_BLANK, OVERFLOW, IMPOSSIBLE = range(7)
"""What became of a cell: blank, read, left to ``float()``, against the grammar, blank inside, too large, no such time."""

REAL, INTEGER, STATE = range(3)
"""Kinds of cells."""

Bytes = NDArray[np.uint8]
Indices = NDArray[np.int64]
