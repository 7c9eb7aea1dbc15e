"""What a year costs: weekly staging, a release every three months, and full reprocesses, the present way and ours.

The scenarios are those of the abstract on the AWS pipeline of MAVEN IUVS, with its times: a release took a week or more on
its older in-house system and takes about ten hours on AWS; a full mission took many weeks or months and takes a week. It
tells no volumes, so those are of the archive that this program is for: 11 files a day and about 4 GB a release, by its
specification (SIS), and 190 GB in 65,000 files for the full mission.

The present way is tar, gzip level 9 and a line-wise MD5 in one process, at the rate measured in the same session. It makes no
Parquet, labels, versions or proof, so it is compared with less work than ours does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.scale import simulation
from benchmarks.scale.costs import Costs
from benchmarks.scale.extrapolation import GB, MISSION, duration, site_elsewhere
from benchmarks.scale.stages import Mission, Storage, make_stages

HOUR_S = 3600.0
FILES_A_DAY = 11
RELEASE_BYTES = 4 * GB
RELEASE_DAYS = 91
WEEK_DAYS = 7
PRESENT_RATIO = 0.3
"""Size of the present way's package for each byte, if it was not measured."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Assumptions, not measured: list prices of a cloud, about."""

    core_hour: float = 0.05
    """Of one core of a general machine, as long as it is held, idle or not."""
    gb: float = 0.023
    """For each GB (10^9 bytes) that a run leaves: a month of it in an object store."""
    currency: str = "$"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of run, and how often it comes in a year."""

    name: str
    mission: Mission
    times_a_year: float
    abstract: str
    """What the abstract says of it: older system, then AWS."""


@dataclass(frozen=True, slots=True)
class Bill:
    """One run, one way."""

    seconds: float
    cores: float
    kept_bytes: float
    """Received files and package; with ours Parquet and labels, too."""

    @property
    def core_hours(self) -> float:
        """Cores held, times hours."""
        return self.seconds * self.cores / HOUR_S

    def price(self, prices: Prices) -> float:
        """Return what it costs."""
        return self.core_hours * prices.core_hour + self.kept_bytes / GB * prices.gb


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario, both ways."""

    scenario: Scenario
    present: Bill
    ours: Bill


def scenarios(full_a_year: float) -> tuple[Scenario, ...]:
    """Return the scenarios of a year with so many full reprocesses."""
    day_bytes = RELEASE_BYTES / RELEASE_DAYS
    week = Mission("a week", WEEK_DAYS * FILES_A_DAY, round(WEEK_DAYS * day_bytes), mode="staging")
    quarter = Mission("three months", RELEASE_DAYS * FILES_A_DAY, RELEASE_BYTES)
    return (
        Scenario("weekly staging", week, 52, "not told"),
        Scenario("three-month release", quarter, 4, "a week or more; 10 hours"),
        Scenario("full mission", replace(MISSION, name="full"), full_a_year, "weeks to months; a week"),
    )


def bill_rows(costs: Costs, storage: Storage, workers: int, full_a_year: float) -> list[Row]:
    """Return each scenario both ways; our driver holds a core beside the workers."""
    found = []
    for scenario in scenarios(full_a_year):
        mission = scenario.mission
        site = site_elsewhere(costs, storage, workers)
        stages = make_stages(costs, mission, site)
        ours = Bill(simulation.play(stages, site).seconds, workers + 1, _kept_bytes(costs, mission))
        present_s = mission.bytes / costs.incumbent_rate + mission.bytes / storage.read_rate
        ratio = costs.others.get("incumbent_ratio", PRESENT_RATIO)
        found.append(Row(scenario, Bill(present_s, 1, (1 + ratio) * mission.bytes), ours))
    return found


def _kept_bytes(costs: Costs, mission: Mission) -> float:
    sizes = costs.sizes
    stored = sizes.store_per_byte * mission.bytes + sizes.store_per_file * mission.files
    packed = sizes.segment_per_byte * mission.bytes + sizes.segment_per_file * mission.files
    return stored if mission.mode == "staging" else stored + packed


def yearly(rows: Sequence[Row], prices: Prices, *, ours: bool) -> tuple[float, float, float]:
    """Return hours by the clock, core-hours and price of a year."""
    bills = [(row.scenario.times_a_year, row.ours if ours else row.present) for row in rows]
    return (
        sum(times * bill.seconds / HOUR_S for times, bill in bills),
        sum(times * bill.core_hours for times, bill in bills),
        sum(times * bill.price(prices) for times, bill in bills),
    )


def to_markdown(rows: Sequence[Row], prices: Prices, workers: int, storage: Storage) -> str:
    """Return the cost table with what it assumes."""
    sign = prices.currency
    lines = [
        f"| scenario | a year | GB | files | abstract: before; AWS | present way | {sign} | ours, {workers} workers | "
        f"core-hours | {sign} | times as fast |",
        "|---|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        mission, present, ours = row.scenario.mission, row.present, row.ours
        lines.append(
            f"| {row.scenario.name} | {row.scenario.times_a_year:g} | {mission.bytes / GB:.1f} | {mission.files:,} | "
            f"{row.scenario.abstract} | {duration(present.seconds)} | {present.price(prices):.2f} | "
            f"{duration(ours.seconds)} | {ours.core_hours:.2f} | {ours.price(prices):.2f} | "
            f"{present.seconds / ours.seconds:.0f} |"
        )
    before, now = (yearly(rows, prices, ours=ours) for ours in (False, True))
    lines.append(
        f"| **a year** | | | | | {before[0]:.1f} h | {before[2]:.2f} | {now[0]:.2f} h | {now[1]:.2f} | {now[2]:.2f} | "
        f"{before[0] / now[0]:.0f} |"
    )
    lines += [
        "",
        f"Assumed: {sign} {prices.core_hour:g} a core-hour held (workers and one for the driver), {sign} {prices.gb:g} for each "
        f"GB kept, data on {storage.name}. Volumes: {FILES_A_DAY} files a day and 4 GB a release (SIS), 190 GB in 65,000 "
        "files for the full mission. The present way packs only: no Parquet, labels, versions, or proof.",
    ]
    return "\n".join(lines) + "\n"
