"""Ways to spoil bytes: each takes a generator and the bytes, and returns other bytes and what was done."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Mutation = Callable[[random.Random, bytes], tuple[bytes, str]]

ODD_BYTES = b" 0123456789.-+eE\r\n\t\0\x1aAZ/:,;\"'<>&\x7f\x80\xa0\xc3\xff"


def flip_bit(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    place, bit = rng.randrange(len(raw)), rng.randrange(8)
    return raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[
        place + 1 :
    ], f"bit {bit} of byte {place} flipped"


def truncate(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    size = rng.randrange(len(raw))
    return raw[:size], f"cut after {size} bytes"


def cut_front(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    size = rng.randrange(1, min(len(raw), 2000) + 1)
    return raw[size:], f"first {size} bytes cut"


def insert_bytes(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    place = rng.randrange(len(raw) + 1)
    new = bytes(rng.choices(ODD_BYTES, k=rng.choice((1, 1, 1, 2, 13))))
    return raw[:place] + new + raw[place:], f"{new!r} inserted at byte {place}"


def delete_bytes(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    place, count = rng.randrange(len(raw)), rng.choice((1, 1, 1, 2, 13, 100, 400))
    return raw[:place] + raw[place + count :], f"{count} bytes deleted at byte {place}"


def replace_byte(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    place, new = rng.randrange(len(raw)), rng.choice(ODD_BYTES)
    return raw[:place] + bytes([new]) + raw[place + 1 :], f"byte {place} replaced by 0x{new:02x}"


def fill_nulls(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    place, count = rng.randrange(len(raw)), rng.choice((1, 2, 20, 200, 512))
    end = min(len(raw), place + count)
    return raw[:place] + bytes(end - place) + raw[end:], f"bytes {place} to {end} replaced by NUL"


def copy_bytes(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    source, place, count = rng.randrange(len(raw)), rng.randrange(len(raw) + 1), rng.choice((1, 5, 50, 400))
    return raw[:place] + raw[source : source + count] + raw[
        place:
    ], f"bytes {source} to {source + count} again at {place}"


BYTES: Sequence[Mutation] = (
    *(flip_bit, flip_bit, truncate, cut_front, insert_bytes, insert_bytes),
    *(delete_bytes, delete_bytes, replace_byte, replace_byte, fill_nulls, copy_bytes),
)


def _lines(raw: bytes) -> list[bytes]:
    """Lines by line feed alone, with their ends."""
    parts = raw.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def swap_lines(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    lines = _lines(raw)
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines), f"lines {one} and {other} swapped"


def repeat_line(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    lines = _lines(raw)
    source, place = rng.randrange(len(lines)), rng.randrange(len(lines) + 1)
    lines.insert(place, lines[source])
    return b"".join(lines), f"line {source} again before line {place}"


def delete_lines(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    lines = _lines(raw)
    place, count = rng.randrange(len(lines)), rng.choice((1, 1, 2, 3))
    del lines[place : place + count]
    return b"".join(lines), f"{count} lines deleted from line {place}"


def repeat_block(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    lines = _lines(raw)
    first = rng.randrange(len(lines))
    block = lines[first : first + rng.randrange(1, len(lines) + 1)]
    place = rng.randrange(len(lines) + 1)
    return b"".join(
        [*lines[:place], *block, *lines[place:]]
    ), f"{len(block)} lines from {first} again before {place}"


def repeat_all(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    return raw + raw, "the whole file twice"


def shuffle_lines(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    lines = _lines(raw)
    rng.shuffle(lines)
    return b"".join(lines), "lines shuffled"


def join_lines(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    lines = _lines(raw)
    place = rng.randrange(len(lines))
    lines[place] = lines[place].rstrip(b"\r\n") + rng.choice((b"", b" ", b"\r", b"\0"))
    return b"".join(lines), f"line end of line {place} lost"


def split_line(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    place = rng.randrange(len(raw))
    end = rng.choice((b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\n"))
    return raw[:place] + end + raw[place:], f"{end!r} at byte {place}"


def mix_line_ends(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    ends = rng.choice(
        (
            (b"\n",),
            (b"\r",),
            (b"\r\r\n",),
            (b"\r\n", b"\n"),
            (b"\r\n", b"\r"),
            (b"\n", b"\r"),
            (b"\r\n", b"\n", b"\r"),
        )
    )
    made = b"".join(line.rstrip(b"\r\n") + rng.choice(ends) for line in _lines(raw))
    return made, f"line ends out of {ends}"


def strip_blanks(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    some = rng.random()
    made = [line.rstrip() + b"\r\n" if rng.random() < some else line for line in _lines(raw)]
    return b"".join(made), "blanks at line ends stripped"


def shift_line(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    lines = _lines(raw)
    place = rng.randrange(len(lines))
    lines[place] = b" " + lines[place] if rng.random() < 0.5 else lines[place][1:]
    return b"".join(lines), f"line {place} shifted by one byte"


def damage_header(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    """Spoil one of the first five lines, where names and marks stand."""
    lines = _lines(raw)
    place = rng.randrange(min(5, len(lines)))
    line = lines[place]
    words = line.split()
    way = rng.randrange(8)
    if way == 0:
        lines[place] = b"\r\n"
    elif way == 1:
        lines[place] = line[: rng.randrange(len(line) + 1)]
    elif way == 2:
        lines[place] = line.rstrip(b"\r\n")[: rng.randrange(len(line) + 1)] + b"\r\n"
    elif way == 3 and words:
        lines[place] = line.replace(rng.choice(words), rng.choice(words), 1)
    elif way == 4 and words:
        lines[place] = line.replace(rng.choice(words), rng.choice((b"", b"X", b"NAME_99", b"DN", b"EU")), 1)
    elif way == 5:
        lines[place] = line.lower() if rng.random() < 0.5 else line.replace(b" ", b"\t")
    elif way == 6:
        lines[place] = line.replace(b" ", b"", rng.choice((1, 2, 13)))
    else:
        lines.insert(
            place, rng.choice((b"\r\n", b" " * 40 + b"\r\n", b" TITLE 2014\r\n", b"DN EU\r\n", b"1 2 3\r\n"))
        )
    return b"".join(lines), f"header line {place} spoilt (way {way})"


LINES: Sequence[Mutation] = (
    *(swap_lines, repeat_line, delete_lines, repeat_block, repeat_all, shuffle_lines, join_lines, split_line),
    *(
        mix_line_ends,
        mix_line_ends,
        strip_blanks,
        shift_line,
        damage_header,
        damage_header,
        damage_header,
        damage_header,
    ),
)


def encode_otherwise(rng: random.Random, raw: bytes) -> tuple[bytes, str]:
    """Write a text in another encoding, with or without a mark of the byte order; or put other letters into it."""
    text = raw.decode("latin-1")
    encoding = rng.choice(
        ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp500", "utf-7")
    )
    if rng.random() < 0.6:
        letter = rng.choice("\u0663\uff15\u00b2\u00a0\u2009\u2028\ufeff\u00e9\u2212\u0085\u200b\U0001d7d9")
        place = rng.randrange(len(text) + 1)
        replaced = rng.randrange(3)
        text = text[:place] + letter + text[place + replaced :]
        return text.encode(encoding, "replace"), f"{letter!a} at {place}, {replaced} replaced, {encoding}"
    if rng.random() < 0.2:
        return raw.decode("latin-1").encode("utf-16-le")[
            : rng.randrange(len(raw))
        ] + raw, "a UTF-16 part in front"
    return text.encode(encoding), encoding


def mutate(rng: random.Random, raw: bytes, ways: Sequence[Mutation]) -> tuple[bytes, str]:
    """Spoil bytes in one to four of the ways given."""
    told = []
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if not raw:
            break
        raw, what = rng.choice(ways)(rng, raw)
        told.append(what)
    return raw, "; ".join(told)
