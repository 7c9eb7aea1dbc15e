"""Plausible telemetry: for each channel of a file, the numbers or words that its records hold.

Everything is made of whole numbers, sums, products, quotients and square roots, which every processor rounds alike,
so that a seed gives the same mission everywhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from drf_reprocess.model import Kind
from drf_reprocess.profiles.model import Column

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MS_PER_DAY = 86_400_000
SCLK_OFFSET_S = 21
"""Seconds by which the spacecraft's clock leads UTC in the sample (it drifts; files were seen about 20 s off)."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The cells of a numeric channel: ``mantissa / 10**decimals``; ``natural`` is small and best told by powers of ten."""

    mantissa: Int64
    decimals: int
    natural: bool = False

    def values(self) -> Float64:
        """Return the numbers, each the float nearest to its decimal text."""
        if self.decimals < 0:
            return self.mantissa.astype(np.float64) * 10.0**-self.decimals
        if self.decimals > 22:  # beyond, a power of ten is no exact float
            return np.array([float(f"{m}e{-self.decimals}") for m in self.mantissa.tolist()])
        return self.mantissa / 10.0**self.decimals

    def reduced(self, largest: int) -> Numbers:
        """Return these numbers rounded so that no mantissa is larger than ``largest``."""
        top = int(np.abs(self.mantissa).max(initial=0))
        drop = 0
        while top // 10**drop > largest:
            drop += 1
        if drop == 0:
            return self
        return Numbers(self.mantissa // 10**drop, self.decimals - drop, self.natural)


@dataclass(frozen=True, slots=True)
class Words:
    """The cells of a state channel: cell i holds ``words[codes[i]]``."""

    codes: Int64
    words: tuple[str, ...]

    def values(self) -> list[str]:
        """Return the words."""
        return [self.words[code] for code in self.codes.tolist()]


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of one file: its cells, which of them are blank, and those spelled in an unusual way."""

    column: Column
    cells: Numbers | Words
    blank: Mask | None = None
    spelled: Mapping[int, str] = field(default_factory=dict)
    """Record number from 0 to the text that stands there instead of the number of ``cells``."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When the records of one file were taken."""

    day: Int64
    """Days since 2000-01-01."""
    ms_of_day: Int64
    """0 to 86,400,999: the last thousand are a leap second."""

    @property
    def ms(self) -> Int64:
        """Milliseconds since 2000-01-01T00:00, leap seconds not counted."""
        return self.day * MS_PER_DAY + self.ms_of_day


def stable_seed(*parts: object) -> int:
    """Return 128 bits that depend on the parts' text alone: the same in every process."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


def stable_generator(*parts: object) -> np.random.Generator:
    """Return random numbers that depend on the parts' text alone."""
    return np.random.Generator(np.random.PCG64(stable_seed(*parts)))


def wave(clock: Clock, period_s: float, phase: float) -> Float64:
    """Return a smooth swing between -1 and 1: parabolas, hardly to be told from a sine."""
    turn = (clock.ms / (1000.0 * period_s) + phase) % 1.0 * 2.0 - 1.0
    return 4.0 * turn * (1.0 - np.abs(turn))


def held_walk(random: np.random.Generator, n: int, low: int, high: int, hold: int) -> Int64:
    """Return a random walk of steps -1, 0, 1 within ``low..high``, a new sample each ``hold`` records."""
    samples = -(-n // hold)
    width = high - low
    walk = np.cumsum(random.integers(-1, 2, samples)) + int(random.integers(0, 2 * width))
    folded = np.abs(walk % (2 * width) - width)
    return np.repeat(low + folded, hold)[:n].astype(np.int64)


def held_states(random: np.random.Generator, n: int, words: Sequence[str]) -> Words:
    """Return states that seldom change: the first word mostly, up to seven changes a file."""
    changes = np.sort(random.integers(0, n, int(random.integers(0, 8))))
    codes = np.zeros(n, np.int64)
    for start in changes.tolist():
        codes[start:] = int(random.integers(0, len(words)))
    return Words(codes, tuple(words))


def _quaternion(element: int, clock: Clock) -> Numbers:
    parts = [1.0 + 0.2 * wave(clock, 16_200, 0.1)]
    parts += [
        0.6 * wave(clock, period, phase) for period, phase in ((5_400, 0.3), (16_200, 0.7), (43_000, 0.2))
    ]
    length = np.sqrt(parts[0] * parts[0] + parts[1] * parts[1] + parts[2] * parts[2] + parts[3] * parts[3])
    return Numbers(np.rint(parts[element] / length * 1e9).astype(np.int64), 9)


def _swing(
    random: np.random.Generator,
    clock: Clock,
    size: float,
    decimals: int,
    *,
    middle: float = 0.0,
    natural: bool = False,
) -> Numbers:
    """Slow swing of ``size`` about ``middle`` with a noise of a thousandth."""
    period_s = float(random.integers(3_000, 30_000))
    noise = random.integers(-1000, 1001, clock.day.size) * 1e-6
    value = middle + size * (wave(clock, period_s, float(random.integers(0, 1000)) / 1000.0) + noise)
    return Numbers(np.rint(value * 10.0**decimals).astype(np.int64), decimals, natural)


def _sclk(random: np.random.Generator, clock: Clock) -> Numbers:
    micro = random.integers(0, 1000, clock.day.size)
    return Numbers((clock.ms - MS_PER_DAY // 2 + SCLK_OFFSET_S * 1000) * 1000 + micro, 6)


def _periapsis(clock: Clock, orbit: int) -> Numbers:
    period_ms = 16_200_000
    passed = clock.ms // period_ms + orbit
    return Numbers((passed * period_ms - MS_PER_DAY // 2) * 1000 + passed * 7919 % 1_000_000, 6)


def _imu_time(random: np.random.Generator, clock: Clock, *, tone: bool) -> Numbers:
    fine = random.integers(0, 100, clock.day.size)
    count = (clock.ms - MS_PER_DAY // 2) * 100 + fine
    return Numbers(count // 100_000 * 100_000 + 217 if tone else count, 5)


def _counts(random: np.random.Generator, clock: Clock, largest: int) -> Numbers:
    """Accumulate counts that run over at ``largest`` on either side."""
    steps = random.integers(-40, 61, clock.day.size) + int(random.integers(-15, 16))
    return Numbers((np.cumsum(steps) + largest) % (2 * largest + 1) - largest, 0)


def _frames(clock: Clock, limit: int) -> Numbers:
    return Numbers((clock.ms // 100) % limit, 0)


Make = Callable[[np.random.Generator, Clock], Numbers | Words]


def _states(*words: str) -> Make:
    return lambda random, clock: held_states(random, clock.day.size, words)


def _swings(size: float, decimals: int, middle: float = 0.0, *, natural: bool = False) -> Make:
    return lambda random, clock: _swing(random, clock, size, decimals, middle=middle, natural=natural)


CHANNELS: tuple[tuple[str, Make], ...] = (
    (r"ATT_QU_I2B_1", lambda _, clock: _quaternion(1, clock)),
    (r"ATT_QU_I2B_2", lambda _, clock: _quaternion(2, clock)),
    (r"ATT_QU_I2B_3", lambda _, clock: _quaternion(3, clock)),
    (r"ATT_QU_I2B_4", lambda _, clock: _quaternion(0, clock)),
    (r"ATT_QU_I2B_T", _sclk),
    (r"ATT_RAT_BF_.", _swings(1.2e-3, 11, natural=True)),
    (r"AP[IO]G_ANGLE", _swings(95.0, 6, 20.0)),
    (r"AP[IO]G_APP_RAT", _swings(2e-4, 9, natural=True)),
    (r"RW._SPD_(DGTL|PTE)", _swings(210.0, 4)),
    (r"ACC_BOD_VEC.", _swings(4e-3, 10, natural=True)),
    (r"SP_PF_PFull", _swings(48.0, 2, 50.0)),
    (r"GV_PteLstPTi", lambda _, clock: _periapsis(clock, -1)),
    (r"(GV_PteCurPTi|PTE_START_T)", lambda _, clock: _periapsis(clock, 0)),
    (r"GV_PteNxtPTi", lambda _, clock: _periapsis(clock, 1)),
    (r"(GV_PteCurPer|PTE_CUR_PER|PTE_NEXT_PER)", _swings(40.0, 4, 16_200.0)),
    (r"PTE_Mx..Dens", _swings(2e-9, 16, 3e-9, natural=True)),
    (r"(GV_PteMxHtRt|PTE_CUM_ACCL|PTE_ACCUM_DV|PTE_PER_RDUC)", _swings(0.4, 6, 0.5)),
    (r"(GV_PteCumPDT|PTE_P_T_CORR|PTE_RAW_CORR)", _swings(30.0, 3)),
    (r"GV042_SPARE", lambda _, clock: Numbers(np.zeros(clock.day.size, np.int64), 1)),
    (r"GV_PteAbmCmd", _states("NO", "YES")),
    (r"PTE_STATUS", _states("STANDBY", "ACTIVE", "NOT VALID", "IN DRAGPASS")),
    (r"PTE_RwAxis", _states("X", "Y", "Z", "NONE")),
    (r"PTE_PTTindex", lambda random, clock: Numbers(held_walk(random, clock.day.size, 0, 40, 500), 0)),
    (r"PTE_VAL_DATA", lambda _, clock: _frames(clock, 72_000)),
    (r"IMU_TIME_@?_?TONE", lambda random, clock: _imu_time(random, clock, tone=True)),
    (r"IMU_TIME", lambda random, clock: _imu_time(random, clock, tone=False)),
    (r"GIFCT", lambda _, clock: _frames(clock, 10_000)),
    (r"FRMCNT", lambda _, clock: _frames(clock, 4_096)),
    (r"STATWD", _states("4A0F", "4A1F", "C00F", "RESET")),
    (r"MUX", lambda random, clock: Numbers(np.arange(clock.day.size, dtype=np.int64) % 64, 0)),
    (r"[XYZ](ANGLE|ACCEL)", lambda random, clock: _counts(random, clock, 32_767)),
    (r"USM.us.._POS", _states("5A3F", "5A37", "0000", "FFFF", "REG ERR")),
    (r"POS_WTS.pos.", _states("POS A", "POS B", "IN TRANSIT")),
    (r"POS_.*", _states("OFF", "ON", "TRIPPED")),
    (r"SASM_SA_SW..", _states("CLOSED", "OPEN", "NOT KNOWN")),
)
"""Name of a channel (the whole of it matches) and how its values come about; the first that fits counts."""

PAIRS: tuple[tuple[str, int, int, int, tuple[int, int]], ...] = (
    (r"Bus28V.*", 0, 8_011, 6, (3_440, 3_560)),
    (r".*HtrMonV", 0, 8_011, 6, (0, 3_600)),
    (r".*(ISC|TotalC)", -125_000, 5_003, 6, (30, 2_400)),
    (r".*VOC", 0, 21_007, 6, (1_500, 2_600)),
    (r".*", -2_730_000, 1_461, 4, (1_300, 2_300)),
)
"""Name, offset and slope of EU over DN as mantissas, decimals, and the range of DN; the last is a temperature."""


def _pair(name: str) -> tuple[int, int, int, tuple[int, int]]:
    return next(row[1:] for row in PAIRS if re.fullmatch(row[0], name))


def _calibrated(name: str, dn: Int64) -> Numbers:
    """Return engineering units, a linear function of the data numbers."""
    offset, slope, decimals, _ = _pair(name)
    return Numbers(offset + slope * dn, decimals)


def quantity(name: str) -> str:
    """Return the name that a channel shares with its partner: NGM_AGC_TdN and NGM_AGC_T measure one thing."""
    return re.sub(r"_T[dD][nN]$", "_T", name)


def make_channel_cells(
    columns: Sequence[Column], clock: Clock, random: np.random.Generator
) -> tuple[Numbers | Words, ...]:
    """Return the cells of each column: DN and EU of one quantity agree, other channels are as `CHANNELS` says."""
    n = clock.day.size
    data_numbers: dict[str, Int64] = {}
    made: list[Numbers | Words] = []
    paired = {quantity(c.name) for c in columns if c.dn_eu == "DN"}
    for column in columns:
        name = quantity(column.name)
        make = next((make for pattern, make in CHANNELS if re.fullmatch(pattern, column.name)), None)
        if make is not None:
            made.append(make(random, clock))
        elif column.dn_eu == "DN" or (column.dn_eu == "EU" and name in paired):
            if name not in data_numbers:
                low, high = _pair(name)[3]
                data_numbers[name] = held_walk(random, n, low, high, int(random.integers(1, 5)))
            dn = data_numbers[name]
            made.append(Numbers(dn, 0) if column.dn_eu == "DN" else _calibrated(name, dn))
        elif column.kind is Kind.STATE:
            made.append(held_states(random, n, ("OFF", "ON")))
        elif column.kind is Kind.INTEGER:
            made.append(_counts(random, clock, 99_999))
        else:
            made.append(_swing(random, clock, 40.0, 3))
    return tuple(made)
