"""The cells of one sample file: values fitted to their columns, blank cells, numbers in unusual spelling."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from drf_reprocess.model import Kind
from drf_reprocess.profiles.model import Column
from drf_reprocess.testing import digits
from drf_reprocess.testing.layout import Layout, Place, is_drf
from drf_reprocess.testing.schedule import FileSpec, record_times
from drf_reprocess.testing.values import Channel, Clock, Mask, Numbers, Words, make_channel_cells, quantity

CARE_USUAL = ("-0.0", "1.", ".5", "+3", "-.25", "0", "-0.", "1.0E+00", "5e-1", "0.1234567891", "00.125")
CARE_ALL = (
    *CARE_USUAL,
    "4.9E-324",
    "1.797693E308",
    "2.2250739e-308",
    "123456789012",
    "9007199254740993",
    ".00000000001",
    "1E22",
    "1e23",
    "0.30000000000000004",
    "-12345678901.234567",
)
"""Reals that a careless reader gets wrong; each stands where the column is wide enough (17 digits in the widest only)."""

TIMES = r"IMU_TIME.*|ATT_QU_I2B_T"


def _text_bytes(numbers: Numbers, form: int) -> int:
    """Return the length of the longest text that the numbers may have."""
    largest = len(str(int(np.abs(numbers.mantissa).max(initial=0))))
    sign = 1 if form == digits.SIGNED or int(numbers.mantissa.min(initial=0)) < 0 else 0
    if form in (digits.SCIENTIFIC, digits.SHORT_SCIENTIFIC):
        return sign + largest + len(".E+00")
    point = 1 if numbers.decimals > 0 or form == digits.TRIMMED else 0
    return sign + max(largest, numbers.decimals + 1) + point


def fit_numbers(numbers: Numbers, form: int, width: int) -> Numbers:
    """Return the numbers with as many decimals as a column of ``width`` characters can show.

    ``ValueError`` if not even the digits before the point have room.
    """
    while _text_bytes(numbers, form) > width:
        if numbers.decimals <= 0 and form not in (digits.SCIENTIFIC, digits.SHORT_SCIENTIFIC):
            raise ValueError(f"numbers up to {np.abs(numbers.mantissa).max()} do not fit {width} characters")
        numbers = Numbers(numbers.mantissa // 10, numbers.decimals - 1, numbers.natural)
    return numbers


def number_form(spec: FileSpec, column: Column, numbers: Numbers) -> int:
    """Return how a column's numbers are spelled under the file's variant: integers have no point and no exponent."""
    is_time = re.fullmatch(TIMES, column.name) is not None
    if is_time and (spec.variant.wide == "overflow" or not is_drf(spec)):
        return digits.FIXED
    if spec.variant.numbers == "signed":
        return digits.SIGNED
    if column.kind is Kind.INTEGER or spec.variant.numbers == "usual":
        return digits.SCIENTIFIC if numbers.natural else digits.FIXED
    return {
        "exponent": digits.SCIENTIFIC,
        "short-exponent": digits.SHORT_SCIENTIFIC,
        "trimmed": digits.TRIMMED,
    }[spec.variant.numbers]


def _late_starts(random: np.random.Generator, spec: FileSpec, names: list[str]) -> dict[str, int]:
    """Return for each channel the record from which it has values; at least one record is complete, one is not."""
    longest = min(20, spec.records // 2)
    starts = {name: int(random.integers(0, longest + 1)) for name in names}
    starts[names[0]] = max(1, starts[names[0]])
    return starts


def _blank_masks(spec: FileSpec, layout: Layout) -> dict[str, Mask]:
    """Return which cells are blank, by quantity: DN and EU are blank together."""
    way = "leading" if "leading-blank-values" in spec.defects else spec.variant.blanks
    names = list(dict.fromkeys(quantity(place.column.name) for place in layout.places))
    if spec.variant.wide == "overflow" or not is_drf(spec):
        # A blank where 16 characters overflow a column of 12 would make a shorter record: that is a defect.
        names = [name for name in names if not re.fullmatch(TIMES, name)]
    if way == "none":
        return {}
    random = spec.generator("blanks")
    if way == "leading":
        starts = _late_starts(random, spec, names)
        return {name: np.arange(spec.records) < start for name, start in starts.items() if start}
    chosen = [str(name) for name in random.permutation(np.array(names))]
    if way == "channel":
        return {chosen[0]: np.ones(spec.records, np.bool_)}
    chosen = chosen[: 1 + len(chosen) // 4]
    masks = {name: random.integers(0, 50, spec.records) == 0 for name in chosen}
    masks[chosen[0]][int(random.integers(0, spec.records))] = True
    return masks


def _respelled(random: np.random.Generator, channel: Channel, width: int, record: int) -> str | None:
    """Return the same number in another spelling, None where there is no room."""
    cells = channel.cells
    assert isinstance(cells, Numbers)
    value = int(cells.mantissa[record])
    whole, decimals = divmod(abs(value), 10 ** max(cells.decimals, 0))
    text = str(whole) + (f".{decimals:0{cells.decimals}d}" if cells.decimals > 0 else "")
    sign = "-" if value < 0 else "+" if random.integers(0, 2) else ""
    text = sign + ("0" if sign != "+" else "") + text
    return text if cells.decimals >= 0 and len(text) <= width else None


def _spellings(
    spec: FileSpec, random: np.random.Generator, place: Place, channel: Channel, *, paired: bool
) -> dict[int, str]:
    """Return a few cells to be spelled otherwise; pairs and integers keep their numbers."""
    if isinstance(channel.cells, Words) or re.fullmatch(TIMES, place.column.name) or not is_drf(spec):
        return {}
    if random.integers(0, 3):
        return {}
    spelled: dict[int, str] = {}
    records = random.integers(0, spec.records, int(random.integers(1, 4))).tolist()
    care: tuple[str, ...] = CARE_USUAL if spec.variant.numbers == "usual" else CARE_ALL
    if place.width > 16:
        care = tuple(text for text in CARE_ALL if len(text) > 16)
    fitting = [text for text in care if len(text) <= place.width]
    keep = paired or place.column.kind is Kind.INTEGER
    for record in records:
        if channel.blank is not None and channel.blank[record]:
            continue
        text = _respelled(random, channel, place.width, record) if keep else fitting[record % len(fitting)]
        if text is not None:
            spelled[record] = text
    return spelled


def make_channels(spec: FileSpec, layout: Layout) -> tuple[Clock, tuple[Channel, ...]]:
    """Return the times of the records and the cells of each column, in the order of ``layout``, as they are written."""
    clock = record_times(spec)
    columns = spec.column_set.columns
    made = make_channel_cells(columns, clock, spec.generator("values"))
    cells_of = {(c.name, c.dn_eu): cells for c, cells in zip(columns, made, strict=True)}
    blanks = _blank_masks(spec, layout)
    random = spec.generator("spelling")
    quantities = [quantity(column.name) for column in columns]
    channels = []
    for place in layout.places:
        cells = cells_of[place.column.name, place.column.dn_eu]
        if isinstance(cells, Numbers):
            cells = fit_numbers(cells, number_form(spec, place.column, cells), place.width)
        name = quantity(place.column.name)
        channel = Channel(place.column, cells, blanks.get(name))
        paired = quantities.count(name) > 1
        channels.append(replace(channel, spelled=_spellings(spec, random, place, channel, paired=paired)))
    return clock, tuple(channels)
