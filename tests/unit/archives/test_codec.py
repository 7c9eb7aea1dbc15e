from __future__ import annotations

import pickle
import zlib
from functools import partial

import deflate
import isal
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.archives import codec as codecs
from drf_reprocess.archives.codec import Codec, crc32, inflate
from drf_reprocess.errors import CodecMissing, PackageError

TEXT = b"14/342-03:20:19.328  0.123456  7\r\n" * 5000


@given(data=st.binary(max_size=5000), level=st.integers(1, 9), name=st.sampled_from(list(codecs.LEVELS)))
def test_what_was_deflated_is_inflated(data: bytes, level: int, name: str) -> None:
    packed = Codec(name, min(level, codecs.LEVELS[name][-1])).deflate(data)
    assert inflate(packed, len(data)) == data
    assert zlib.decompress(packed, -15) == data
    assert crc32(data) == zlib.crc32(data)


def test_the_same_bytes_at_every_repetition() -> None:
    for codec in (Codec(), Codec("zlib", 6)):
        first = codec.deflate(TEXT)
        noise = [bytes([n]) * 1000 for n in range(256)]
        assert all(codec.deflate(bytes(bytearray(TEXT))) == first for _ in range(20))
        assert noise
        assert pickle.loads(pickle.dumps(codec)).deflate(TEXT) == first


@pytest.mark.skipif(deflate.__version__ != "0.9.0", reason="the bytes are those of deflate 0.9.0")
def test_these_are_the_bytes_of_libdeflate_1() -> None:
    packed = Codec().deflate(b"14/342-03:20:19.328  0.123456\r\n" * 4)
    assert packed.hex() == "3334d1373631d23530b63232b032b4d43336b2505030d0333432363135e3e532a4a53400"


def test_the_version_is_that_of_the_library() -> None:
    assert Codec().version == deflate.__version__
    assert Codec("zlib", 6).version == zlib.ZLIB_RUNTIME_VERSION
    assert Codec() == Codec("libdeflate", 1)
    assert Codec("isal", 2).words == f"isal {isal.__version__} level 2"
    assert [Codec(name).is_reproducible for name in codecs.LEVELS] == [True, True, False]


@pytest.mark.parametrize(
    ("name", "level", "message"),
    [
        ("lz4", 1, "no codec 'lz4'; expected one of libdeflate, zlib, isal"),
        ("isal", 4, "no level 4 of isal; expected 1 to 3"),
        ("libdeflate", 0, "no level 0 of libdeflate; expected 1 to 12"),
        ("libdeflate", 13, "no level 13"),
        ("zlib", 10, "no level 10 of zlib; expected 1 to 9"),
    ],
)
def test_an_unknown_codec_is_an_error(name: str, level: int, message: str) -> None:
    with pytest.raises(PackageError, match=message):
        Codec(name, level)


def test_a_missing_library_is_told_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = Codec().deflate(TEXT)
    monkeypatch.setattr(codecs, "libdeflate", None)
    monkeypatch.setattr(codecs, "isal", None)
    for codec, package in ((Codec(), "deflate"), (Codec("isal"), "isal")):
        for use in (partial(codec.deflate, TEXT), lambda codec=codec: codec.version):
            with pytest.raises(CodecMissing, match=f"install the package '{package}'"):
                use()
    assert inflate(packed, len(TEXT)) == TEXT
    assert crc32(TEXT) == zlib.crc32(TEXT)


@pytest.mark.parametrize("library", [True, False], ids=["libdeflate", "zlib"])
def test_damage_is_an_error(monkeypatch: pytest.MonkeyPatch, library: bool) -> None:
    packed = Codec().deflate(TEXT)
    if not library:
        monkeypatch.setattr(codecs, "libdeflate", None)
    for data, size in (
        (packed[:-5], len(TEXT)),
        (b"\xff" + packed[1:], len(TEXT)),
        (packed, len(TEXT) - 1),
        (packed, len(TEXT) + 1),
        (b"", 5),
        (packed, 0),
    ):
        with pytest.raises(PackageError, match="compressed"):
            inflate(data, size)


def test_a_bomb_is_not_even_tried() -> None:
    with pytest.raises(PackageError, match="cannot hold 1000000000000"):
        inflate(b"\x03\x00", 10**12)
