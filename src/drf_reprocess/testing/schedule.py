"""Which files a mission of some days has, and what each of them covers.

A file's place in the sequence of its type is counted from 2000-01-01, so that it is the same file, byte for byte,
whatever days and types are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from drf_reprocess.errors import ConfigurationError
from drf_reprocess.profiles.model import ColumnSet, FileType, Profile
from drf_reprocess.testing.names import file_name, file_path
from drf_reprocess.testing.values import MS_PER_DAY, Clock, Int64, stable_generator
from drf_reprocess.testing.variants import USUAL, Variant, choose_variant

EPOCH = date(2000, 1, 1)
GNC_CHANGE = date(2014, 12, 5)
"""First day of the newer GNC files in a sample; the real day is unknown (between 2014-12-04 and 2014-12-08)."""
LEAP_DAYS = (date(2015, 6, 30), date(2016, 12, 31))
"""Days that ended with 23:59:60 UTC."""
LEAST_RECORDS = 12


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a type's files follow one another and how large they are."""

    days: int
    """Days from one file to the next."""
    name_from: int
    """First and last day in the name, counted from the first day of the data."""
    name_to: int
    records: int
    """At scale 1."""
    start_h: float = 0.0
    """Hours from midnight to the first record; 0 means that the file covers its days from end to end."""
    span_h: float = 0.0


_USM = Rhythm(1, -1, 0, 6_500)
_SASM = Rhythm(1, 0, 1, 9_500)
RHYTHMS = {
    "eps": Rhythm(1, 0, 1, 38_000),
    "gnc": Rhythm(1, -1, 0, 16_739, 3.339, 13.568),
    "ngms": Rhythm(3, 0, 4, 17_784, 2.593, 50.340),
    "pf": Rhythm(1, -1, 0, 7_600),
    "rs": Rhythm(2, 0, 1, 34_000),
    **{f"usm{box}": _USM for box in range(1, 7)},
    **{f"sasm{box}": _SASM for box in range(1, 4)},
    "pte": Rhythm(2, 0, 1, 8_000),
    "imu": Rhythm(5, 0, 4, 50_930),
}
"""Records, hours and days in names of GNC, NGMS and IMU are those of the archive's labels; the others are near 5 MB."""


@dataclass(frozen=True, slots=True)
class FileSpec:
    """All that decides the bytes of one sample file."""

    file_type: FileType
    column_set: ColumnSet
    day: date
    """First day of the data."""
    records: int
    seed: int = 0
    variant: Variant = USUAL
    defects: tuple[str, ...] = ()
    issue: int = 0
    """0 for the file as first sent; a re-sent file has other content."""

    @property
    def rhythm(self) -> Rhythm:
        """How files of this type follow one another."""
        return RHYTHMS[self.file_type.name]

    @property
    def name(self) -> str:
        """The file's name."""
        first, last = (self.day + timedelta(days) for days in (self.rhythm.name_from, self.rhythm.name_to))
        return file_name(self.file_type.name, first, last, self.variant.name)

    @property
    def path(self) -> str:
        """The file's path below the sample's root."""
        return file_path(self.file_type.name, self.day, self.name)

    def generator(self, *purpose: object) -> np.random.Generator:
        """Return random numbers for one purpose in this file."""
        return stable_generator(self.seed, self.file_type.name, self.day, self.issue, *purpose)


def column_set_of(file_type: FileType, day: date) -> ColumnSet:
    """Return the column set in force on a day: GNC has fewer channels before `GNC_CHANGE`."""
    by_size = sorted(file_type.column_sets, key=lambda column_set: len(column_set.columns))
    return by_size[0] if file_type.name == "gnc" and day < GNC_CHANGE else by_size[-1]


def make_spec(
    file_type: FileType,
    day: date,
    *,
    scale: float = 1.0,
    seed: int = 0,
    variants: str = "usual",
    records: int = 0,
) -> FileSpec:
    """Return the file of a type whose data begin on ``day``, with ``records`` records or as many as is usual."""
    rhythm = RHYTHMS[file_type.name]
    index = (day - EPOCH).days // rhythm.days
    if not records:
        few = float(stable_generator("records", seed, file_type.name, day).integers(-400, 401)) * 1e-4
        records = max(LEAST_RECORDS, round(rhythm.records * scale * (1 + few)))
    column_set = column_set_of(file_type, day)
    variant = choose_variant(file_type.name, index, seed, variants)
    if file_type.name == "gnc" and len(column_set.columns) < 17:
        variant = replace(variant, wide=USUAL.wide)  # all of the older columns are 12 wide
    return FileSpec(file_type, column_set, day, records, seed, variant)


def iterate_specs(
    profile: Profile,
    start: date,
    days: int,
    types: Sequence[str] | None,
    *,
    scale: float,
    seed: int,
    variants: str,
) -> Iterator[FileSpec]:
    """Yield the files that cover any of the days, day by day; files of several days may begin before ``start``.

    ``ConfigurationError`` for a type that the profile does not have or that has no rhythm here.
    """
    names = list(dict.fromkeys(types)) if types else [t.name for t in profile.types]
    unknown = [name for name in names if name not in profile.types_by_name or name not in RHYTHMS]
    if unknown:
        raise ConfigurationError(
            f"no sample files of type {', '.join(unknown)}: expected of {', '.join(RHYTHMS)}; profile {profile.name}"
        )
    begun: set[tuple[str, int]] = set()
    for ordinal in range((start - EPOCH).days, (start - EPOCH).days + days):
        for name in names:
            index = ordinal // RHYTHMS[name].days
            if (name, index) in begun:
                continue
            begun.add((name, index))
            day = EPOCH + timedelta(index * RHYTHMS[name].days)
            yield make_spec(profile.types_by_name[name], day, scale=scale, seed=seed, variants=variants)


def _day_lengths_ms(day: date, days: int) -> Int64:
    lengths = [MS_PER_DAY + 1000 * (day + timedelta(k) in LEAP_DAYS) for k in range(days)]
    return np.array(lengths, np.int64)


def record_times(spec: FileSpec) -> Clock:
    """Return the times of a file's records, rising; a leap second within them has a record at 23:59:60.5."""
    random = spec.generator("times")
    rhythm = spec.rhythm
    lengths = _day_lengths_ms(spec.day, rhythm.days)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    start_ms, span_ms = 0, int(starts[-1])
    if rhythm.start_h:
        start_ms = int(rhythm.start_h * 3_600_000) + int(random.integers(-600_000, 600_001))
        span_ms = min(int(rhythm.span_h * 3_600_000), span_ms - start_ms)
    step_ms = max(2, span_ms // spec.records)
    elapsed = start_ms + np.arange(spec.records, dtype=np.int64) * span_ms // spec.records
    elapsed += random.integers(0, max(1, step_ms // 2), spec.records)
    for k in np.flatnonzero(lengths > MS_PER_DAY).tolist():
        leap_ms = int(starts[k]) + MS_PER_DAY + 500
        place = int(np.searchsorted(elapsed, leap_ms))
        if 0 < place < spec.records:
            elapsed[place] = leap_ms
        elif place == spec.records and elapsed[-1] > leap_ms - 2 * step_ms:
            elapsed[-1] = leap_ms
    index = np.searchsorted(starts, elapsed, side="right") - 1
    return Clock(index + (spec.day - EPOCH).days, elapsed - starts[index])
