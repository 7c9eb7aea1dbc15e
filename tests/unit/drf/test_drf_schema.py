from __future__ import annotations

import pyarrow as pa
import pytest

from drf_reprocess.drf.schema import table_schema


def test_gnc_has_one_schema_for_both_eras(types):
    schema = table_schema(types["gnc"])
    assert schema.names[:4] == ["record_number", "time_utc", "SCET", "ATT_QU_I2B_1"]
    assert len(schema) == 3 + 23
    assert schema.field("time_utc").type == pa.timestamp("us", tz="UTC")
    wheel = schema.field("RW1_SPD_PTE")
    assert wheel.type == pa.float64()
    assert wheel.metadata[b"unit"] == b"rad/s"
    assert wheel.metadata[b"dn_eu"] == b"EU"
    assert wheel.metadata[b"eras"] == b"since-2014-12"
    assert schema.field("RW1_SPD_DGTL").metadata[b"eras"] == b"to-2014-12,since-2014-12"


def test_pairs_are_told_apart_and_the_at_sign_is_dropped(types):
    assert {"PfpBpT1_DN", "PfpBpT1_EU", "Mag1InT"} <= set(table_schema(types["pf"]).names)
    imu = table_schema(types["imu"])
    assert imu.names[:4] == ["record_number", "time_utc", "IMU_TIME_TONE", "IMU_TIME"]
    assert imu.field("IMU_TIME_TONE").metadata[b"source_column"] == b"IMU_TIME_@_TONE"
    assert imu.field("XANGLE").type == pa.int64()
    assert imu.field("XANGLE").metadata[b"scaling_factor"] == b"1e-06"


@pytest.mark.parametrize("name", ["eps", "usm3", "sasm2", "rs", "pte"])
def test_every_type_has_a_schema_of_the_profiles_kinds(types, name):
    schema = table_schema(types[name])
    assert schema.metadata[b"file_type"] == name.encode()
    kinds = {field.metadata.get(b"kind") for field in schema} - {None}
    assert kinds <= {b"real", b"integer", b"state", b"time"}
