"""Under which conditions a plan was made: configuration, profile, engine, catalog. Other ones make it outdated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from drf_reprocess.archives.codec import Codec
from drf_reprocess.catalog.base import Catalog, RunRecord
from drf_reprocess.config.load import public_dict
from drf_reprocess.config.model import Config
from drf_reprocess.mission import Mission
from drf_reprocess.model import Campaign, DeliveryState
from drf_reprocess.profiles.load import profile_digest
from drf_reprocess.reprocess import ENGINE_REVISION
from drf_reprocess.stages.plan import PlanOptions
from drf_reprocess.stages.release import release_numbers

NOT_DECIDING = {
    "compute": None,
    "output": {"views"},
    "run": {"time", "partition_bytes"},
    "source": {"options", "settle_s"},
}
"""Keys of the configuration that decide how a run works, not what it makes; None for a whole section."""

STANDINGS = {
    DeliveryState.PLANNED: "not complete",
    DeliveryState.PACKED: "with its receiver, or on its way",
    DeliveryState.VERIFIED: "with its receiver, or on its way",
    DeliveryState.SENT: "with its receiver, or on its way",
    DeliveryState.ACCEPTED: "with its receiver, or on its way",
    DeliveryState.REJECTED: "rejected",
    DeliveryState.DISCARDED: "discarded",
}
"""What the state of a delivery means for the next run: it is all the same whether it is sent or accepted."""

FILE_TYPES = "fingerprints of file types"
"""Section of what decides the products of each type; see `stages.plan.content_fingerprints`."""

LEAVING = ("running", "failed", "interrupted", "refused")
"""States of runs that did not come to their end: objects of theirs may have no row."""

Conditions = Mapping[str, Mapping[str, Any]]


def plan_options(config: Config, workers: int, resumed: Sequence[str] = ()) -> PlanOptions:
    """Return what decides a plan, out of the configuration; ``resumed`` names runs that were cut off."""
    run = config.run
    return PlanOptions(
        run.mode, config.source.trust, run.max_file_bytes, run.partition_bytes, workers, tuple(resumed)
    )


def unfinished_runs(catalog: Catalog, but: str = "") -> list[RunRecord]:
    """Return the runs, oldest first, that the next one brings to their end; ``but`` names the run that asks.

    A run that was refused because its plan is outdated has left nothing to be brought to an end.
    """
    return [run for run in catalog.unfinished_runs(but) if not (run.summary or {}).get("refused")]


def runs_cut_off(catalog: Catalog, but: str) -> list[RunRecord]:
    """Return the runs, adoptions among them, that may have left objects without rows since one ended well, oldest first."""
    found = []
    for run in reversed([run for run in catalog.runs() if run.run_id != but]):
        if run.state in LEAVING:
            found.append(run)
        elif run.mode != "adopt":
            break
    return found[::-1]


def campaign_of(config: Config) -> Campaign:
    """Return the campaign that a run is: only a run of mode full is one."""
    reason = config.run.reason
    if config.run.mode != "full":
        return Campaign(reason=reason)
    return Campaign(config.release.campaign or reason, reason, config.release.bump)


def conditions_of(mission: Mission, fingerprints: Mapping[str, str]) -> Conditions:
    """Return all conditions as plain JSON values: sections of keys.

    ``fingerprints`` are those of the file types, as `stages.plan.content_fingerprints` gives them.
    """
    profile, catalog = mission.profile, mission.catalog
    return {
        "configuration": _deciding(mission.config),
        "engine": {"revision": ENGINE_REVISION, "codec": _codec(mission.config)},
        "profile": {"name": profile.name, "digest": profile_digest(profile)},
        FILE_TYPES: dict(sorted(fingerprints.items())),
        "release of": {str(lid): number for lid, number in release_numbers(catalog, profile).items()},
        "delivery": {record.delivery_id: STANDINGS[record.state] for record in catalog.deliveries()},
        "collection or bundle": _aggregates(catalog),
        "disposition": {
            one.disposition_id: f"{one.action} {one.source_name}" for one in catalog.dispositions()
        },
    }


def _codec(config: Config) -> str:
    """Return codec, version and level of the packages: another version would give other bytes."""
    return "" if config.run.mode == "staging" else Codec(config.package.codec, config.package.level).words


def conditions_digest(conditions: Conditions, sections: Collection[str] = ()) -> str:
    """Return the SHA-256 of conditions, or of some sections of them."""
    chosen = {name: values for name, values in conditions.items() if not sections or name in sections}
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()


def different_conditions(planned: Conditions, found: Conditions) -> Iterator[str]:
    """Tell in words which conditions are not those of the plan."""
    for section in dict.fromkeys((*planned, *found)):
        before, now = planned.get(section, {}), found.get(section, {})
        keys = [key for key in dict.fromkeys((*before, *now)) if before.get(key) != now.get(key)]
        if section == FILE_TYPES and keys:
            yield f"profile, repair options or engine are not those of the plan for {', '.join(keys)}"
            continue
        for key in keys:
            yield f"{section} {key}: {_show(before.get(key))} when planned, {_show(now.get(key))} now"


def _show(value: object) -> str:
    if value is None:
        return "none"
    text = str(value) if isinstance(value, str | int) and value != "" else repr(value)
    return f"{text[:12]}..." if len(text) == hashlib.sha256().digest_size * 2 else text


def _deciding(config: Config) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for section, values in public_dict(config).items():
        left_out = NOT_DECIDING.get(section, set())
        if left_out is None:
            continue
        found |= {f"{section}.{key}": value for key, value in values.items() if key not in left_out}
    return found


def _aggregates(catalog: Catalog) -> dict[str, str]:
    """Return the current and the used-up version of each collection and bundle."""
    current, bases = catalog.current_aggregates(), catalog.aggregate_bases()
    return {
        str(lid): f"{current[lid].lidvid.vid if lid in current else 'none'} "
        f"(delivered: {bases[lid].lidvid.vid if lid in bases else 'none'})"
        for lid in sorted({*current, *bases})
    }
