"""The science gate: a product's new data against those of its former version, by what their Parquet files tell.

Numbers of records, nulls, least and greatest values stand in the footers. Only a channel with many blanks that has fewer
values than before, but not more so than chance could explain, is decoded, to see whether it lost them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from drf_reprocess.model import Finding, Severity
from drf_reprocess.profiles.model import Gate
from drf_reprocess.tables.coverage import TIME_UTC, micros

REMEDY = (
    "look at both versions; `disposition accept` releases the new one, `disposition exclude` keeps the former"
)

CHANCE = 3.0
"""Standard deviations by which the share of blanks may rise by chance, where blanks are common and records few."""


Intervals = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ChannelStatistics:
    """What a footer tells of one channel; no values, no least and greatest."""

    nulls: int
    least: float | None = None
    greatest: float | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a footer tells of a table."""

    records: int
    channels: dict[str, ChannelStatistics]


def read_statistics(parquet: bytes) -> Statistics:
    """Return the statistics of one of our Parquet files: of all columns, least and greatest of numeric ones."""
    footer = pq.ParquetFile(pa.BufferReader(parquet)).metadata
    channels: dict[str, ChannelStatistics] = {}
    for group in range(footer.num_row_groups):
        for place in range(footer.num_columns):
            column = footer.row_group(group).column(place)
            before = channels.get(column.path_in_schema, ChannelStatistics(0))
            channels[column.path_in_schema] = _add(before, column)
    return Statistics(footer.num_rows, channels)


def _add(before: ChannelStatistics, column: pq.ColumnChunkMetaData) -> ChannelStatistics:
    found = column.statistics
    if found is None:
        return before
    nulls = before.nulls + (found.null_count if found.has_null_count else 0)
    numeric = found.has_min_max and isinstance(found.min, int | float)
    if not numeric:
        return ChannelStatistics(nulls, before.least, before.greatest)
    least = found.min if before.least is None else min(before.least, found.min)
    greatest = found.max if before.greatest is None else max(before.greatest, found.max)
    return ChannelStatistics(nulls, least, greatest)


def hold_reasons(
    former: bytes, former_coverage: Intervals, new: bytes, new_coverage: Intervals, gate: Gate
) -> tuple[Finding, ...]:
    """Return the objections to new data: what they lost, or changed, beyond the thresholds; none if there are none.

    Parameters
    ----------
    former, new
        Parquet files of the version in the archive and of the new one.
    former_coverage, new_coverage
        Intervals that their records cover, as `tables.coverage.coverage` gives them.
    """
    before, after = read_statistics(former), read_statistics(new)
    return (
        *_compare_records(before.records, after.records, gate),
        *_compare_coverage(_seconds(former_coverage), _seconds(new_coverage), gate),
        *_compare_channels(before, after, gate, lambda name: _has_lost(former, new, name, gate)),
    )


def _compare_records(before: int, after: int, gate: Gate) -> Iterator[Finding]:
    lost = 1 - after / before if before else 0.0
    if lost > gate.records_lost:
        yield _objection(
            "records-lost",
            f"{after} records, {before} in the former version: {lost:.1%} fewer, more than the {gate.records_lost:.1%} of "
            "gate.records_lost",
        )


def _compare_coverage(before_s: float, after_s: float, gate: Gate) -> Iterator[Finding]:
    lost = 1 - after_s / before_s if before_s else 0.0
    if lost > gate.coverage_lost:
        yield _objection(
            "coverage-lost",
            f"the records cover {after_s / 3600:.2f} h, {before_s / 3600:.2f} h in the former version: {lost:.1%} less, "
            f"more than the {gate.coverage_lost:.1%} of gate.coverage_lost",
        )


def _compare_channels(
    before: Statistics, after: Statistics, gate: Gate, has_lost: Callable[[str], bool]
) -> Iterator[Finding]:
    for name, old in before.channels.items():
        # A channel without a value before has nothing to lose; one that is not there any more has lost all.
        if before.records == 0 or after.records == 0 or old.nulls == before.records:
            continue
        new = after.channels.get(name, ChannelStatistics(after.records))
        was, now = old.nulls / before.records, new.nulls / after.records
        lost = (now - was) / (1 - was)
        chance = CHANCE * math.sqrt(was * (1 - was) * (1 / before.records + 1 / after.records))
        # Less than a few in a hundred of all records may be most of the values of a channel that is sampled rarely.
        if lost > gate.null_rise and (now - was > chance or has_lost(name)):
            yield _objection(
                "nulls-risen",
                f"channel {name} is blank in {now:.1%} of the records, in {was:.1%} of the former version's: it lost "
                f"{lost:.1%} of its values, more than the {gate.null_rise:.1%} of gate.null_rise",
                name,
            )
        yield from _compare_range(name, old, new, gate)


def _has_lost(former: bytes, new: bytes, name: str, gate: Gate) -> bool:
    """Tell whether a channel is blank now at so many times at which it had a value, and not the other way round.

    Blanks that come and go alike are chance; False also if the records of both have no times in common.
    """
    (old_times, old), (new_times, fresh) = _read_values(former, name), _read_values(new, name)
    had = old & np.isin(old_times, new_times)
    lost = int(np.count_nonzero(had & ~np.isin(old_times, new_times[fresh])))
    gained = int(
        np.count_nonzero(fresh & np.isin(new_times, old_times) & ~np.isin(new_times, old_times[old]))
    )
    net, values = lost - gained, int(np.count_nonzero(had))
    return values > 0 and net / values > gate.null_rise and net > CHANCE * math.sqrt(2 * gained)


def _read_values(parquet: bytes, name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the times of the records that have one, and where of these the channel has a value."""
    file = pq.ParquetFile(pa.BufferReader(parquet))
    if not {TIME_UTC, name} <= set(file.schema_arrow.names):
        return np.empty(0, np.int64), np.empty(0, np.bool_)
    table = file.read(columns=[TIME_UTC, name])
    timed = table.filter(pc.is_valid(table.column(TIME_UTC)))
    return micros(timed.column(TIME_UTC)), timed.column(name).is_valid().to_numpy()


def _compare_range(
    name: str, old: ChannelStatistics, new: ChannelStatistics, gate: Gate
) -> Iterator[Finding]:
    if old.least is None or old.greatest is None or new.least is None or new.greatest is None:
        return
    # A channel that hardly moved is measured by how large its values are.
    span = max(old.greatest - old.least, abs(old.least), abs(old.greatest))
    beyond = max(old.least - new.least, new.greatest - old.greatest)
    if span > 0 and beyond > gate.range_growth * span:
        yield _objection(
            "range-grown",
            f"channel {name} goes from {new.least:g} to {new.greatest:g}, in the former version from {old.least:g} to "
            f"{old.greatest:g}: beyond by {beyond / span:.1f} times its former span or size, more than the "
            f"{gate.range_growth:g} of gate.range_growth",
            name,
        )


def _objection(code: str, message: str, channel: str | None = None) -> Finding:
    return Finding(code, Severity.ERROR, message, REMEDY, field=channel)


def _seconds(intervals: Intervals) -> float:
    return sum(
        (datetime.fromisoformat(stop) - datetime.fromisoformat(start)).total_seconds()
        for start, stop in intervals
    )
