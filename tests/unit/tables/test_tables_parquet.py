from __future__ import annotations

import io
import math
import struct
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drf_reprocess.tables.parquet import parquet_path, to_parquet

KEYS = {"lid": "urn:nasa:pds:x:y:z", "source_md5": "a" * 32, "data_md5": "b" * 32, "schema_version": "1"}


@pytest.fixture
def table():
    schema = pa.schema(
        [
            pa.field("record_number", pa.int32()),
            pa.field("time_utc", pa.timestamp("us", tz="UTC")),
            pa.field("SCET", pa.string(), metadata={"kind": "time"}),
            pa.field("X", pa.float64(), metadata={"unit": "rad/s"}),
            pa.field("N_DN", pa.int64()),
            pa.field("S", pa.string()),
            pa.field("absent", pa.float64()),
        ],
        metadata={"file_type": "gnc"},
    )
    moment = datetime(2014, 12, 8, 3, 20, 19, 328000, UTC)
    columns = [
        [1, 2, 4],
        [moment, None, moment],
        ["14/342-03:20:19.328", None, "14/342-03:20:19.328"],
        [-0.0, None, 5e-324],
        [2**63 - 1, -(2**63), None],
        ["ON", "NOT SET", None],
        [None, None, None],
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def test_a_table_comes_back_bit_for_bit(table):
    back = pq.read_table(io.BytesIO(to_parquet(table, **KEYS)))
    assert back.to_pylist() == table.to_pylist()
    assert back.schema.remove_metadata() == table.schema.remove_metadata()
    assert math.copysign(1, back["X"][0].as_py()) == -1
    assert struct.pack("d", back["X"][2].as_py()) == struct.pack("d", 5e-324)


def test_equal_tables_give_equal_bytes(table):
    again = pa.Table.from_arrays(
        [pa.concat_arrays(column.chunks) for column in table.columns], schema=table.schema
    )
    assert to_parquet(again, **KEYS) == to_parquet(table, **KEYS)


def test_metadata_tell_product_and_columns_and_nothing_that_moves(table):
    schema = pq.read_schema(io.BytesIO(to_parquet(table, **KEYS)))
    assert {key.decode() for key in schema.metadata} == {*KEYS, "file_type"}
    assert schema.metadata[b"lid"] == KEYS["lid"].encode()
    assert schema.field("X").metadata[b"unit"] == b"rad/s"
    assert not {"type", "year"} & set(schema.names)


def test_floats_are_byte_stream_split_under_zstd_without_dictionary(table):
    group = pq.ParquetFile(io.BytesIO(to_parquet(table, **KEYS))).metadata.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert "BYTE_STREAM_SPLIT" in columns["X"].encodings
    assert not columns["X"].has_dictionary_page
    assert columns["S"].has_dictionary_page
    assert {column.compression for column in columns.values()} == {"ZSTD"}


def test_the_path_is_a_hive_partition_of_the_products_day():
    assert parquet_path("gnc", date(2014, 12, 31), "sci_anc_gnc14_365_001") == (
        "type=gnc/year=2014/sci_anc_gnc14_365_001.parquet"
    )
