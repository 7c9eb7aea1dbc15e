"""What the science gate holds, and what it lets pass."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drf_reprocess.profiles.model import Gate
from drf_reprocess.tables.gate import hold_reasons, read_statistics
from drf_reprocess.tables.parquet import to_parquet

N = 1000
FORMER = {
    "record_number": list(range(1, N + 1)),
    "WHEEL": [float(n) for n in range(N)],
    "STEADY": [5.0] * N,
    "COUNT": list(range(N)),
    "STATE": ["ON"] * N,
    "SILENT": [None] * N,
}
SCHEMA = pa.schema(
    [
        ("record_number", pa.int32()),
        ("WHEEL", pa.float64()),
        ("STEADY", pa.float64()),
        ("COUNT", pa.int64()),
        ("STATE", pa.string()),
        ("SILENT", pa.float64()),
    ]
)
DAY = (("2014-12-08T00:00:00.000Z", "2014-12-09T00:00:00.000Z"),)


def parquet(columns: dict[str, list]) -> bytes:
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    table = pa.table(columns, schema=schema)
    return to_parquet(table, lid="x", source_md5="s", data_md5="d", schema_version="1")


def objections(changes: dict[str, list] | None = None, *, coverage=DAY, records=N, gate=Gate()):  # noqa: B008
    new = {name: values[:records] for name, values in (FORMER | (changes or {})).items()}
    found = hold_reasons(parquet(FORMER), DAY, parquet(new), coverage, gate)
    return {(one.code, one.field): one.message for one in found}


def test_statistics_come_from_the_footer_and_are_exact():
    found = read_statistics(parquet(FORMER))
    assert found.records == N
    assert (found.channels["WHEEL"].least, found.channels["WHEEL"].greatest) == (0.0, 999.0)
    assert (found.channels["COUNT"].least, found.channels["COUNT"].greatest) == (0, 999)
    assert found.channels["SILENT"].nulls == N
    assert found.channels["STATE"].least is None


def test_the_same_data_pass():
    assert objections() == {}


def test_a_loss_of_records_is_held_and_told():
    found = objections(records=900)
    assert found[("records-lost", None)].startswith("900 records, 1000 in the former version: 10.0% fewer")
    assert objections(records=960) == {}


def test_a_loss_of_one_channels_values_is_held_and_named():
    thinned = [None if n % 10 == 0 else float(n) for n in range(N)]
    found = objections({"WHEEL": thinned})
    assert list(found) == [("nulls-risen", "WHEEL")]
    assert "blank in 10.0% of the records, in 0.0%" in found["nulls-risen", "WHEEL"]
    assert "it lost 10.0% of its values" in found["nulls-risen", "WHEEL"]


@pytest.mark.parametrize("name", ["WHEEL", "COUNT", "STATE"])
def test_a_channel_that_falls_silent_is_held(name):
    assert ("nulls-risen", name) in objections({name: [None] * N})


def test_a_channel_that_is_not_there_any_more_is_held_and_a_new_one_is_not():
    columns = {name: values for name, values in FORMER.items() if name != "COUNT"}
    found = hold_reasons(parquet(FORMER), DAY, parquet(columns), DAY, Gate())
    assert [(one.code, one.field) for one in found] == [("nulls-risen", "COUNT")]
    assert hold_reasons(parquet(columns), DAY, parquet(FORMER), DAY, Gate()) == ()


def test_a_range_that_explodes_is_held():
    found = objections({"WHEEL": [*FORMER["WHEEL"][:-1], 1e6]})
    assert "beyond by 1000.0 times its former span or size" in found["range-grown", "WHEEL"]
    assert objections({"WHEEL": [*FORMER["WHEEL"][:-1], 5000.0]}) == {}
    assert objections({"STEADY": [6.0] * N}) == {}, "a channel that never moved may begin to"
    assert ("range-grown", "STEADY") in objections({"STEADY": [5e3] * N})


def test_a_loss_of_time_is_held():
    half = (("2014-12-08T00:00:00.000Z", "2014-12-08T12:00:00.000Z"),)
    found = objections(coverage=half)
    assert "12.00 h, 24.00 h in the former version: 50.0% less" in found["coverage-lost", None]


def test_blanks_that_come_and_go_by_chance_hold_nothing():
    half = [None if n % 2 else 1.0 for n in range(30)]
    more = [None if n % 2 or n % 6 == 0 else 1.0 for n in range(30)]
    few, other = parquet({"STEADY": half}), parquet({"STEADY": more})
    assert hold_reasons(few, DAY, other, DAY, Gate()) == ()
    assert (
        hold_reasons(parquet({"STEADY": half * 40}), DAY, parquet({"STEADY": more * 40}), DAY, Gate()) != ()
    )


def sampled(present: np.ndarray) -> bytes:
    """A file with a time in each record and a value of one channel where it is present."""
    times = pa.array(np.arange(len(present)) * 3_000_000, pa.timestamp("us", tz="UTC"))
    values = pa.array(np.ones(len(present)), pa.float64(), mask=~present)
    table = pa.table({"time_utc": times, "CHANNEL": values})
    return to_parquet(table, lid="x", source_md5="s", data_md5="d", schema_version="1")


@pytest.mark.parametrize("records", [500, 16_739])
@pytest.mark.parametrize("each", [1, 2, 4, 10, 40])
def test_a_loss_of_values_is_held_however_rarely_the_channel_is_sampled(records, each):
    present = np.arange(records) % each == 0
    places = np.flatnonzero(present)
    thinned = present.copy()
    thinned[np.random.default_rng(1).choice(places, math.ceil(len(places) / 10), replace=False)] = False
    found = hold_reasons(sampled(present), DAY, sampled(thinned), DAY, Gate())
    assert [(one.code, one.field) for one in found] == [("nulls-risen", "CHANNEL")]
    assert hold_reasons(sampled(thinned), DAY, sampled(present), DAY, Gate()) == ()


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_blanks_at_other_times_are_no_loss(share):
    for seed in range(20):
        former, new = np.random.default_rng(seed).random((2, 800)) < share
        assert hold_reasons(sampled(former), DAY, sampled(new), DAY, Gate()) == ()


def test_a_loss_at_times_that_cannot_be_compared_is_chance_if_it_is_small():
    present = np.arange(1000) % 10 == 0
    shifted = np.concatenate((np.zeros(1000, np.bool_), present[:900], np.zeros(100, np.bool_)))
    table = pq.read_table(pa.BufferReader(sampled(shifted))).slice(1000)
    later = to_parquet(table, lid="x", source_md5="s", data_md5="d", schema_version="1")
    assert hold_reasons(sampled(present), DAY, later, DAY, Gate()) == ()


def test_thresholds_are_the_profiles():
    assert objections(records=900, gate=Gate(records_lost=0.2)) == {}
    assert objections(records=990, gate=Gate(records_lost=0.0)) != {}
