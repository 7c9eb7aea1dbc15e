"""All Parquet files of one type as one lazy table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import fsspec
import polars as pl
import pyarrow.dataset as ds
import pyarrow.fs as pafs
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from drf_reprocess.errors import ObjectNotFound

Moment = str | date | datetime | None


def open_type(
    output: str | Path,
    type: str,
    start: Moment = None,
    stop: Moment = None,
) -> pl.LazyFrame:
    """Return a lazy polars frame over all records of one file type.

    Parameters
    ----------
    output
        Root of the output: a folder or an fsspec URI.
    type
        Name of the file type, such as ``gnc``.
    start, stop
        Only records with ``start <= time_utc < stop``: an ISO 8601 text, a day or a moment; UTC where no zone is told.

    Raises
    ------
    ObjectNotFound
        If there is no Parquet file of that type.
    ValueError
        If ``start`` or ``stop`` is no time.
    """
    moments = (_moment(start, "start"), _moment(stop, "stop"))
    filesystem, root = fsspec.core.url_to_fs(str(output))
    folder = f"{root.rstrip('/')}/parquet/type={type}"
    files = sorted(filesystem.glob(f"{folder}/year=*/*.parquet"))
    if not files:
        raise ObjectNotFound(
            f"no Parquet files of type {type!r} below {output}: expected {folder}/year=*/*.parquet; "
            f"{_types_there(filesystem, root)}"
        )
    frame = _scan(filesystem, files)
    time = pl.col("time_utc")
    for moment, kept in zip(moments, (time.__ge__, time.__lt__), strict=True):
        if moment is not None:
            frame = frame.filter(kept(moment))
    return frame


def _scan(filesystem: AbstractFileSystem, files: list[str]) -> pl.LazyFrame:
    if isinstance(filesystem, LocalFileSystem):
        return pl.scan_parquet(files, hive_partitioning=False, glob=False)
    # Through fsspec, whose configuration (endpoint, credentials) is the one that wrote the files.
    handler = pafs.PyFileSystem(pafs.FSSpecHandler(filesystem))
    return pl.scan_pyarrow_dataset(ds.dataset(files, format="parquet", filesystem=handler))


def _types_there(filesystem: AbstractFileSystem, root: str) -> str:
    folders = filesystem.glob(f"{root.rstrip('/')}/parquet/type=*")
    types = sorted(folder.rstrip("/").rpartition("type=")[2] for folder in folders)
    return f"there are: {', '.join(types)}" if types else "there are no types at all"


def _moment(value: Moment, name: str) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as fault:
            raise ValueError(f"{name}: not a time: {value!r}; expected ISO 8601, as 2014-12-08") from fault
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
