from __future__ import annotations

import hashlib
import tarfile

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import peers
from benchmarks.kernels import read_table
from benchmarks.peers import (
    differences,
    find_layout,
    measure_readers,
    measure_types,
    pack_as_incumbent,
    read_by_casts,
)
from benchmarks.samples import load_file, make_sample
from benchmarks.timing import WrongAnswer
from drf_reprocess.profiles.load import load_profile


@pytest.fixture
def file(scope):
    return load_file(make_sample(scope.disk / "source", 1, scope.scale).files[0])


def test_peers_read_the_same_values_or_are_passed_over_by_name(scope, file):
    measured = {one.name: one for one in measure_readers(scope, file, scope.disk)}
    assert measured["our reader"].seconds
    assert measured["pyarrow, casts of sliced columns"].figures["times_slower"] > 0
    for one in measured.values():
        assert one.seconds or "pip install 'drf-reprocess[bench]'" in one.note


def test_a_peer_that_is_not_installed_is_passed_over_by_name(scope, file, monkeypatch):
    monkeypatch.setattr(peers, "find_spec", lambda name: None)
    notes = [one.note for one in measure_readers(scope, file, scope.disk) if not one.seconds]
    assert [note.split()[0] for note in notes] == ["pandas", "pds4-tools"]


def test_a_last_bit_is_counted_and_another_value_is_refused(file):
    table = read_table(file)
    name = "ATT_QU_I2B_1"
    values = table[name].to_numpy()
    bit = values.copy()
    bit[3] = np.nextafter(bit[3], np.inf)
    assert differences(pa.table({name: values}), table) == 0
    assert differences(pa.table({name: bit}), table) == 1
    bit[3] *= 1.0001
    with pytest.raises(WrongAnswer, match="ATT_QU_I2B_1: other values"):
        differences(pa.table({name: bit}), table)
    with pytest.raises(WrongAnswer, match="records"):
        differences(pa.table({name: values[1:]}), table)


def test_casts_read_all_columns_of_the_file(file):
    found = read_by_casts(file.path, find_layout(file))
    assert found.num_columns > 20
    assert differences(found, read_table(file)) == 0


def test_the_incumbents_way_packs_every_file_and_lists_its_md5(file, tmp_path):
    manifest = pack_as_incumbent((file.path,), tmp_path / "package.tar.gz")
    digest = hashlib.md5(file.raw, usedforsecurity=False).hexdigest()
    assert manifest == f"{digest}  {file.path.name}"
    with tarfile.open(tmp_path / "package.tar.gz") as package:
        member = package.extractfile(file.path.name)
        assert member is not None
        assert member.read() == file.raw


def test_casts_read_the_same_values_of_every_type(scope):
    measured = list(measure_types(scope))
    assert {one.configuration["type"] for one in measured} == {
        kind.name for kind in load_profile("maven-anc").types
    }
    assert all(one.figures["other_values"] == 0 for one in measured if one.name.endswith("casts"))
