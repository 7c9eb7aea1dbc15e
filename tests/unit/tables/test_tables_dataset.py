from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import duckdb
import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from drf_reprocess.dataset import open_type
from drf_reprocess.errors import ObjectNotFound
from drf_reprocess.tables.parquet import parquet_path, to_parquet

SCHEMA = pa.schema(
    [
        pa.field("record_number", pa.int32()),
        pa.field("time_utc", pa.timestamp("us", tz="UTC")),
        pa.field("SCET", pa.string(), metadata={"kind": "time"}),
        pa.field("OLD", pa.float64()),
        pa.field("NEW", pa.float64(), metadata={"eras": "since-2014-12"}),
        pa.field("STATE", pa.string()),
    ]
)
PRODUCTS = (
    ("old_14_340", datetime(2014, 12, 6, 22, tzinfo=UTC), False),
    ("new_14_341", datetime(2014, 12, 7, 22, tzinfo=UTC), True),
    ("new_14_365", datetime(2014, 12, 31, 22, tzinfo=UTC), True),  # reaches into 2015
)


def parquet(start, has_new):
    """Four records, one an hour; the old era has no column NEW, so it is null."""
    columns = [
        [1, 2, 3, 4],
        [start + timedelta(hours=hour) for hour in range(4)],
        [f"t{hour}" for hour in range(4)],
        [0.5, None, 1.5, 2.5],
        [9.5] * 4 if has_new else [None] * 4,
        ["ON", "OFF", None, "ON"],
    ]
    table = pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )
    return to_parquet(table, lid="urn:nasa:pds:a:b:c", source_md5="1", data_md5="2", schema_version="1")


def write_all(root):
    filesystem, base = fsspec.core.url_to_fs(root)
    for product_id, start, has_new in PRODUCTS:
        path = f"{base}/parquet/{parquet_path('gnc', start.date(), product_id)}"
        filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
        filesystem.pipe_file(path, parquet(start, has_new))
    return root


@pytest.fixture(params=["local", "uri", "memory"])
def output(request, tmp_path):
    if request.param == "memory":
        root = f"memory://{tmp_path.name}"
        yield write_all(root)
        fsspec.filesystem("memory").rm(f"/{tmp_path.name}", recursive=True)
    else:
        yield write_all(str(tmp_path) if request.param == "local" else f"file://{tmp_path}")


def test_all_records_of_a_type_across_eras(output):
    frame = open_type(output, "gnc").collect()
    assert frame.columns == SCHEMA.names
    assert frame.height == 12
    assert frame["NEW"].null_count() == 4
    assert frame["time_utc"].dtype == pl.Datetime("us", "UTC")


@pytest.mark.parametrize(
    ("start", "stop", "count"),
    [
        (None, None, 12),
        ("2014-12-07", None, 10),
        ("2014-12-07", "2014-12-08", 4),
        (date(2014, 12, 7), date(2014, 12, 8), 4),
        ("2015-01-01", None, 2),
        ("2014-12-07T22:00:00Z", "2014-12-07T23:00:00", 1),
        (datetime(2014, 12, 8, 0, tzinfo=timezone(timedelta(hours=2))), "2014-12-08", 2),
        ("2016-01-01", None, 0),
    ],
)
def test_start_is_in_and_stop_is_out(output, start, stop, count):
    assert open_type(output, "gnc", start, stop).collect().height == count


def test_a_type_without_data_is_told_with_those_that_have_some(output):
    with pytest.raises(ObjectNotFound, match=r"no Parquet files of type 'pf' below .*; there are: gnc"):
        open_type(output, "pf")


def test_what_is_no_time(tmp_path):
    with pytest.raises(ValueError, match="start: not a time: 'yesterday'"):
        open_type(str(tmp_path), "gnc", "yesterday")


def test_no_output_at_all(tmp_path):
    with pytest.raises(ObjectNotFound, match="no types at all"):
        open_type(str(tmp_path / "nowhere"), "gnc")


def test_the_same_dataset_in_pyarrow_and_duckdb(tmp_path):
    write_all(str(tmp_path))
    folder = tmp_path / "parquet"
    expected = (
        open_type(str(tmp_path), "gnc")
        .select("time_utc", "OLD", "NEW", "STATE")
        .sort("time_utc")
        .collect()
        .rows()
    )

    dataset = ds.dataset(folder, partitioning="hive")
    table = dataset.to_table(filter=(ds.field("type") == "gnc") & (ds.field("year") == 2014))
    assert table.num_rows == 12
    arrow = pl.from_arrow(table).select("time_utc", "OLD", "NEW", "STATE").sort("time_utc")
    assert arrow.rows() == expected

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.execute(
            "SELECT epoch_us(time_utc), OLD, NEW, STATE, type, year FROM "
            f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true) ORDER BY time_utc"
        ).fetchall()
    assert [row[4:] for row in rows] == [("gnc", 2014)] * 12
    micros = [int(moment.timestamp()) * 1_000_000 for moment, *_ in expected]
    assert [(micro, *row[1:4]) for micro, row in zip(micros, rows, strict=True)] == [
        (row[0], *others[1:]) for row, others in zip(rows, expected, strict=True)
    ]
    assert pl.scan_parquet(f"{folder}/**/*.parquet", hive_partitioning=True).collect().height == 12
