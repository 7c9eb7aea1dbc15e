from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import pytest

from benchmarks import kernels
from benchmarks.allocator import SETTINGS, measure_allocator
from benchmarks.kernels import measure_codecs, measure_kernels, parse_table, read_table, understand
from benchmarks.samples import load_file, make_sample
from benchmarks.timing import WrongAnswer


def test_every_kernel_gives_the_right_answer_once(scope):
    measured = {one.name: one for one in measure_kernels(scope)}
    assert {"md5", "sha256", "crc32", "parse to Arrow", "whole read", "label: write"} <= measured.keys()
    absent = {name for name, one in measured.items() if not one.seconds}
    assert absent == {"label: XML schema", "label: Schematron"}, "no XML catalog was given"
    assert all(len(one.seconds) == 1 for name, one in measured.items() if name not in absent)


@pytest.mark.slow
def test_labels_are_held_against_schemas_where_their_catalog_is_given(scope, xml_catalog):
    measured = {one.name: one for one in measure_kernels(replace(scope, xml_catalog=xml_catalog))}
    assert measured["label: XML schema"].seconds
    assert measured["label: Schematron"].seconds


def test_every_codec_that_is_installed_gives_back_what_it_got(scope):
    found = list(measure_codecs(replace(scope, levels={"libdeflate": (1, 12), "zlib": (1, 9), "isal": (1,)})))
    ways = {(one.configuration["name"], one.configuration["way"]) for one in found if one.seconds}
    installed = {"libdeflate", "zlib"} | ({"isal"} if find_spec("isal") else set())
    assert ways == {(name, way) for name in installed for way in ("deflate", "inflate")} | {
        ("gzip", "deflate")
    }
    sizes = {one.name: one.figures["ratio"] for one in found if "ratio" in one.figures}
    assert sizes["libdeflate 12"] < sizes["libdeflate 1"] < 1


def test_a_kernel_that_is_wrong_is_no_fast_kernel(scope, monkeypatch):
    monkeypatch.setattr(kernels, "md5", lambda data: "0" * 32)
    with pytest.raises(WrongAnswer, match="md5: wrong answer"):
        list(measure_kernels(scope))


def test_what_is_timed_as_parsing_gives_the_table_of_the_line(scope):
    file = load_file(make_sample(scope.disk / "source", 1, scope.scale, ("eps",)).files[0])
    assert parse_table(understand(file), file).equals(read_table(file))


@pytest.mark.slow
def test_the_line_makes_the_same_with_every_allocator(scope):
    measured = list(measure_allocator(scope))
    assert [one.name for one in measured] == list(SETTINGS)
    assert all(one.bytes > 0 and one.seconds for one in measured)
