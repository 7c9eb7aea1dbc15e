"""The sample mission, as the command line asks for it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from drf_reprocess.errors import ConfigurationError
from drf_reprocess.testing.sample import write_sample


def write_sample_mission(
    destination: str,
    start: str,
    days: int,
    types: str,
    scale: float,
    seed: int,
    defects: str,
    variants: str,
) -> dict[str, object]:
    """Write a sample mission and return what was written, as plain values."""
    try:
        first = date.fromisoformat(start)
    except ValueError as error:
        raise ConfigurationError(f"--start is {start!r}; expected a day as 2014-11-15") from error
    chosen = None if types == "all" else tuple(name.strip() for name in types.split(","))
    report = write_sample(
        destination,
        start=first,
        days=days,
        types=chosen,
        scale=scale,
        seed=seed,
        defects=defects,
        variants=variants,
    )
    return asdict(report)
