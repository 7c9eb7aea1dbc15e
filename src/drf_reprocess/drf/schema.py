"""The one table schema of a file type, the same for every file and era of it."""

from __future__ import annotations

from functools import lru_cache

import pyarrow as pa

from drf_reprocess.model import Kind
from drf_reprocess.profiles.columns import ResolvedColumn, all_columns
from drf_reprocess.profiles.model import FileType

RECORD_NUMBER = "record_number"
TIME_UTC = "time_utc"

ARROW_TYPES = {
    Kind.REAL: pa.float64(),
    Kind.INTEGER: pa.int64(),
    Kind.STATE: pa.string(),
    Kind.TIME: pa.string(),
}


@lru_cache(maxsize=256)
def table_schema(file_type: FileType) -> pa.Schema:
    """Return the Arrow schema of a type's tables: a file that lacks a channel has a column of nulls for it.

    ``record_number`` (place of the record in the received file, from 1), ``time_utc`` (microseconds, UTC), the time as
    the file spells it where that is text, then the channels of all eras under their final names. Field metadata, as
    far as known: ``kind``, ``unit``, ``scaling_factor``, ``description``, ``dn_eu``, ``source_column`` (the name as the
    header spells it), ``eras`` and ``caveat``.
    """
    time = file_type.time
    fields = [
        _field(RECORD_NUMBER, pa.int32(), description="Place of the record in the received file, from 1."),
        _field(
            TIME_UTC,
            pa.timestamp("us", tz="UTC"),
            description=f"Time of the record (UTC), computed from {time.column}.",
            source_column=time.column,
        ),
    ]
    if time.is_text:
        fields.append(
            _field(
                time.column,
                pa.string(),
                kind=Kind.TIME.value,
                description=time.description,
                source_column=time.column,
            )
        )
    fields.extend(_channel(column) for column in all_columns(file_type))
    return pa.schema(fields, metadata={"file_type": file_type.name, "title": file_type.title})


def _channel(column: ResolvedColumn) -> pa.Field:
    scale = None if column.scaling_factor is None else f"{column.scaling_factor:g}"
    return _field(
        column.name,
        ARROW_TYPES[column.kind],
        kind=column.kind.value,
        unit=column.unit,
        scaling_factor=scale,
        description=column.description,
        dn_eu=column.dn_eu,
        source_column=column.source_name,
        eras=",".join(column.eras),
        caveat=column.caveat,
    )


def _field(name: str, type_: pa.DataType, **about: str | None) -> pa.Field:
    return pa.field(name, type_, metadata={key: value for key, value in about.items() if value})
