"""The numeric cells of a fixed-width table, all judged at once by one automaton.

Bytes are put into eight classes, then all cells of the same width step from state to state together, one byte a step. Both
steps are table look-ups by ``bytes.translate``, which costs a nanosecond a byte and, unlike compiled code, nothing at start.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drf_reprocess.pds4.values import INTEGER, NON_NEGATIVE, REAL

Bytes = NDArray[np.uint8]

BLANK, DIGIT, PLUS, MINUS, POINT, EXPONENT, PRINTABLE, UNPRINTABLE = range(8)
"""Classes of bytes. A tab counts as a blank: it may pad a value. Unprintable: control characters and above 127."""


def _class_table() -> bytes:
    table = bytearray([UNPRINTABLE] * 256)
    table[32:127] = bytes([PRINTABLE] * 95)
    for characters, number in ((b" \t", BLANK), (b"0123456789", DIGIT), (b"+", PLUS), (b"-", MINUS)):
        for character in characters:
            table[character] = number
    table[ord(".")] = POINT
    table[ord("E")] = table[ord("e")] = EXPONENT
    return bytes(table)


CLASSES = _class_table()
"""Class of each byte, for ``bytes.translate``."""

# Transitions by state, then by class; a class that is not listed leads to "wrong". A number with an exponent of three
# digits or more ends in "huge": only ``float`` can say whether it is finite.
_GRAMMAR: dict[str, dict[int, str]] = {
    "wrong": {},
    "real": {BLANK: "real", DIGIT: "whole", PLUS: "sign", MINUS: "sign", POINT: "bare point"},
    "sign": {DIGIT: "whole", POINT: "bare point"},
    "whole": {BLANK: "end", DIGIT: "whole", POINT: "fraction", EXPONENT: "exponent"},
    "bare point": {DIGIT: "fraction"},
    "fraction": {BLANK: "end", DIGIT: "fraction", EXPONENT: "exponent"},
    "exponent": {DIGIT: "one digit", PLUS: "exponent sign", MINUS: "exponent sign"},
    "exponent sign": {DIGIT: "one digit"},
    "one digit": {BLANK: "end", DIGIT: "two digits"},
    "two digits": {BLANK: "end", DIGIT: "huge"},
    "huge": {BLANK: "huge end", DIGIT: "huge"},
    "integer": {BLANK: "integer", DIGIT: "integer digits", PLUS: "integer sign", MINUS: "integer sign"},
    "non-negative": {BLANK: "non-negative", DIGIT: "integer digits", PLUS: "integer sign"},
    "integer sign": {DIGIT: "integer digits"},
    "integer digits": {BLANK: "end", DIGIT: "integer digits"},
    "end": {BLANK: "end"},
    "huge end": {BLANK: "huge end"},
}
_STATES = {name: 8 * number for number, name in enumerate(_GRAMMAR)}
"""States are multiples of 8, so that state plus class is the index of a transition."""
_NEXT = bytearray(256)
for _name, _row in _GRAMMAR.items():
    for _class, _target in _row.items():
        _NEXT[_STATES[_name] + _class] = _STATES[_target]
_TRANSITIONS = bytes(_NEXT)

_START = {REAL: _STATES["real"], INTEGER: _STATES["integer"], NON_NEGATIVE: _STATES["non-negative"]}
_RIGHT, _DOUBTFUL, _WRONG = 0, 1, 2
_VERDICTS = bytearray([_WRONG] * 256)
for _name in (
    "real",
    "whole",
    "fraction",
    "one digit",
    "two digits",
    "integer",
    "non-negative",
    "integer digits",
    "end",
):
    _VERDICTS[_STATES[_name]] = _RIGHT
for _name in ("huge", "huge end"):
    _VERDICTS[_STATES[_name]] = _DOUBTFUL
_VERDICT_OF_STATE = bytes(_VERDICTS)


def judge_cells(classes: Bytes, locations: Sequence[int], length: int, data_type: str) -> tuple[Bytes, Bytes]:
    """Return which cells of some numeric fields are wrong, and which only ``float`` or ``int`` can judge.

    ``classes`` holds the class of each byte, shape (bytes of a record, records); the fields are ``length`` bytes long and
    begin at ``locations``, counted from 0. Both results are 0 or 1, shape (fields, records). Blank cells are right.
    """
    records = classes.shape[1]
    rows = np.asarray(locations)
    state = np.full(len(rows) * records, _START[data_type], dtype=np.uint8)
    for position in range(length):
        step = state + classes[rows + position].reshape(-1)
        state = np.frombuffer(step.tobytes().translate(_TRANSITIONS), dtype=np.uint8)
    verdict = np.frombuffer(state.tobytes().translate(_VERDICT_OF_STATE), dtype=np.uint8)
    verdict = verdict.reshape(len(rows), records)
    wrong = (verdict == _WRONG).view(np.uint8)
    doubtful = (verdict == _DOUBTFUL).view(np.uint8)
    if length > 18 and data_type != REAL:
        doubtful = (verdict == _RIGHT).view(np.uint8)
    if length > 308:
        doubtful = np.ones_like(doubtful) - wrong
    return wrong, doubtful
