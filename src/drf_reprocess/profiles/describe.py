"""The columns of a file type, for scientists: what `drf-reprocess columns` prints and the CSV beside the dataset holds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from drf_reprocess.errors import ConfigurationError
from drf_reprocess.profiles.columns import all_columns
from drf_reprocess.profiles.model import FileType, Profile

NOT_GIVEN = "not given by the SIS"

Row = dict[str, object]


def column_rows(profile: Profile, type_name: str) -> list[Row]:
    """Return one row a column of the type's Parquet files: name, kind, unit, DN or EU, description, eras, caveat.

    Raises
    ------
    ConfigurationError
        If the profile has no such type.
    """
    if type_name not in profile.types_by_name:
        raise ConfigurationError(
            f"no file type {type_name!r} in the profile {profile.name}; expected one of "
            f"{', '.join(sorted(profile.types_by_name))}"
        )
    file_type = profile.types_by_name[type_name]
    return [*_common_rows(file_type), *_channel_rows(file_type)]


def _common_rows(file_type: FileType) -> Iterable[Row]:
    eras = ", ".join(columns.era for columns in file_type.column_sets)
    yield _row("record_number", "integer", "Place of the record in the received file, from 1.", eras)
    yield _row("time_utc", "timestamp", f"Time of the record in UTC, from {file_type.time.column}.", eras)
    if file_type.time.is_text:
        description = file_type.time.description or f"Time of the record as {file_type.time.form}."
        yield _row(file_type.time.column, "time", description, eras)


def _row(name: str, kind: str, description: str, eras: str) -> Row:
    return {
        "name": name,
        "kind": kind,
        "unit": "",
        "dn_eu": "",
        "description": description,
        "eras": eras,
        "caveat": "",
        "source_name": name,
    }


def _channel_rows(file_type: FileType) -> Iterable[Row]:
    for column in all_columns(file_type):
        yield {
            "name": column.name,
            "kind": str(column.kind),
            "unit": column.unit or NOT_GIVEN,
            "dn_eu": column.dn_eu or "",
            "description": column.description or NOT_GIVEN,
            "eras": ", ".join(column.eras),
            "caveat": column.caveat or "",
            "source_name": column.source_name,
        }


def columns_csv(profile: Profile, type_name: str) -> bytes:
    """Return the rows as a CSV file."""
    rows = column_rows(profile, type_name)
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
