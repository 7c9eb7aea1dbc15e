"""How fast this mission's runs were, and how well its packages compressed: measured where it can be, else said to be a guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.model import DeliveryMember, DeliveryRecord

GUESSED_BYTES_PER_S = {"process": 20e6, "package": 100e6, "verify": 100e6}
"""Of a run whose speed is not known: process in received bytes, the others in bytes of packages."""
GUESSED_OVERHEAD_S = 10.0
"""Of workers that start and stages that take no longer for more bytes."""
GUESSED_COMPRESSION = 0.2
"""Bytes of a package for each byte of its members."""
GUESSED_PARQUET = 0.25
"""Bytes of a Parquet file for each byte of its data file."""
GUESSED_LABEL_BYTES = 17_000

MEASURED_RUNS = 5
"""So many of the last runs, and of the last deliveries, are looked at."""


class Rates:
    """What the catalog knows of earlier runs and deliveries; each asked for once, and only if it is needed."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    parquet_ratio = GUESSED_PARQUET

    @cached_property
    def _stages(self) -> Sequence[Mapping[str, Any]]:
        """The stages of the last runs that came to their end and read something."""
        runs = [run for run in self._catalog.runs() if run.state in ("success", "set-aside") and run.summary]
        worked = [run.summary for run in runs if run.summary and run.summary.get("bytes_in")]
        return [stage for summary in worked[-MEASURED_RUNS:] for stage in summary.get("stages", ())]

    @cached_property
    def overhead_s(self) -> tuple[float, bool]:
        """Seconds of a run that do not depend on bytes, and whether they were measured."""
        constant = [stage for stage in self._stages if stage["name"] not in GUESSED_BYTES_PER_S]
        runs = sum(stage["name"] == "plan" for stage in constant)
        if not runs:
            return GUESSED_OVERHEAD_S, False
        return sum(stage["elapsed_s"] for stage in constant) / runs, True

    def bytes_per_s(self, stage: str) -> tuple[float, bool]:
        """Return how fast a stage is, and whether that was measured."""
        rows = [row for row in self._stages if row["name"] == stage and row.get("bytes")]
        elapsed_s = sum(row["elapsed_s"] for row in rows)
        if not rows or elapsed_s <= 0:
            return GUESSED_BYTES_PER_S[stage], False
        return sum(row["bytes"] for row in rows) / elapsed_s, True

    @cached_property
    def _delivery(self) -> tuple[DeliveryRecord, list[DeliveryMember]] | None:
        """The largest of the last deliveries: in small ones headers count for much."""
        packed = [one for one in self._catalog.deliveries() if one.package_bytes and one.products]
        if not packed:
            return None
        packed.sort(key=lambda one: (one.run_time, one.number))
        largest = max(packed[-MEASURED_RUNS:], key=lambda one: one.package_bytes)
        return largest, self._catalog.delivery_members(largest.delivery_id)

    @cached_property
    def compression(self) -> tuple[float, str]:
        """Bytes of a package for each byte of its members, and how that is known."""
        if self._delivery is None:
            return GUESSED_COMPRESSION, f"a guess: {GUESSED_COMPRESSION}, no delivery has been packed yet"
        record, members = self._delivery
        ratio = record.package_bytes / max(1, sum(member.stored.bytes for member in members))
        return ratio, f"measured: {ratio:.3f} in delivery {record.delivery_id}"

    @cached_property
    def label_bytes(self) -> int:
        """Size of a label, as in an earlier delivery, or a guess."""
        members = self._delivery[1] if self._delivery else []
        labels = [member.stored.bytes for member in members if member.path.endswith(".xml")]
        return sum(labels) // len(labels) if labels else GUESSED_LABEL_BYTES
