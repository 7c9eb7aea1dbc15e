"""Whether a decision can be made about files, and what can be decided instead."""

from __future__ import annotations

from collections.abc import Sequence

from drf_reprocess.catalog.base import SourceRow
from drf_reprocess.dispositions.selection import names_of
from drf_reprocess.drf.reader import read
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.mission import Mission
from drf_reprocess.model import Action
from drf_reprocess.versions.disposition_file import ACCEPTABLE
from drf_reprocess.versions.rulings import Rulings

DAMAGED = frozenset({"damaged-records", "truncated-tail"})
"""Codes of files that are set aside for their damaged records alone."""

CURES = {
    "unknown-columns": "take the new columns over (`columns cases`, then `columns accept`)",
    "product-conflict": "choose one of the files (`disposition choose`)",
    "damaged-records": "drop the damaged records (`disposition drop-records`) or mask their interval (`disposition mask`)",
    "truncated-tail": "drop the damaged records (`disposition drop-records`)",
    "column-kind": "correct the columns' kinds in the profile, or mask the interval (`disposition mask`)",
}
"""By reason code: what a person can decide instead of accepting the file as it is."""

OTHERWISE = (
    "replace it (`disposition replace --with FILE`), exclude it (`disposition exclude`) or have it sent again"
)


def check_read(rows: Sequence[SourceRow]) -> None:
    """Refuse files whose content nobody knows."""
    unread = [row for row in rows if not row.sha256]
    if unread:
        first = unread[0]
        raise ConfigurationError(
            f"{_count(unread)} never read, so that no decision can be tied to the content: {names_of(unread)}; "
            f"first: {first.code}: {first.message}; remedy: {first.remedy}"
        )


def check_action(
    mission: Mission, action: Action, rows: Sequence[SourceRow], replacement: bytes | None
) -> None:
    """Refuse a decision that could have no effect on these files."""
    if action is not Action.EXCLUDE:
        _check_not_excluded(mission, rows)
    if action is not Action.REPLACE and replacement is not None:
        raise ConfigurationError(f"--with belongs to replace; got it with {action}")
    if action is Action.ACCEPT:
        _check_acceptable(rows)
    elif action is Action.DROP_RECORDS:
        _check_damaged(rows)
    elif action is Action.REPLACE:
        _check_replacement(mission, rows, replacement)
    elif action is Action.CHOOSE:
        _check_choice(mission, rows)


def _check_not_excluded(mission: Mission, rows: Sequence[SourceRow]) -> None:
    contents = {(row.family, row.sha256) for row in rows}
    for disposition in mission.catalog.dispositions():
        content = (disposition.family, disposition.source_sha256)
        if disposition.action is Action.EXCLUDE and content in contents:
            raise ConfigurationError(
                f"{disposition.source_name} is excluded by decision of {disposition.who} ({disposition.reason}): no other "
                f"decision on it has an effect; first `disposition withdraw {disposition.disposition_id}`"
            )


def _check_acceptable(rows: Sequence[SourceRow]) -> None:
    refused = [row for row in rows if row.code not in ACCEPTABLE]
    if not refused:
        return
    first = refused[0]
    if not first.code:
        raise ConfigurationError(
            f"{_count(refused)} not set aside, so that there is nothing to accept: {names_of(refused)}; narrow the selection, "
            f"as by --code {sorted(ACCEPTABLE)[0]}"
        )
    raise ConfigurationError(
        f"{first.source.name} cannot be accepted as it is: {first.code}: {first.message}. Only {', '.join(sorted(ACCEPTABLE))} "
        f"can be accepted; {_offer(first)}{_more(refused)}"
    )


def _check_damaged(rows: Sequence[SourceRow]) -> None:
    others = [row for row in rows if row.code not in DAMAGED]
    if others:
        first = others[0]
        why = f"{first.code}: {first.message}" if first.code else "it was not set aside"
        raise ConfigurationError(
            f"{first.source.name} was not set aside for damaged records, so that none can be dropped: {why}; "
            f"{_offer(first) if first.code else 'mask an interval (`disposition mask`) to leave good records out'}{_more(others)}"
        )


def _offer(row: SourceRow) -> str:
    cure = CURES.get(row.code)
    return f"{cure}; or {OTHERWISE}" if cure else OTHERWISE


def _check_replacement(mission: Mission, rows: Sequence[SourceRow], replacement: bytes | None) -> None:
    if replacement is None:
        raise ConfigurationError("replace needs --with FILE: the file whose bytes stand for the received one")
    if len(rows) != 1:
        raise ConfigurationError(
            f"replace is for one file, {len(rows)} are selected: {names_of(rows)}; give one by --source PATH"
        )
    row = rows[0]
    file_type = mission.profile.types_by_name.get(row.type)
    if file_type is None:
        raise ConfigurationError(f"{row.source.name} is of no type of the profile; {row.remedy}")
    rulings = Rulings(mission.catalog.dispositions())
    reading = read(replacement, file_type, rulings.repair(row.sha256, mission.repair))
    if reading.refused is not None:
        raise ConfigurationError(
            f"the replacement of {row.source.name} could not be archived either: {reading.refused.code}: "
            f"{reading.refused.message}; {reading.refused.remedy}"
        )


def _check_choice(mission: Mission, rows: Sequence[SourceRow]) -> None:
    """Choosing needs something to choose from: another content received for the same data."""
    contents: dict[str, set[str]] = {}
    families = {row.family for row in rows}
    for row in mission.catalog.source_rows():
        if row.family in families and row.sha256:
            contents.setdefault(row.family, set()).add(row.sha256)
    for row in rows:
        if len(contents.get(row.family, ())) < 2:
            raise ConfigurationError(
                f"{row.source.name}: there is nothing to choose, no other content was received for the same data "
                f"(code {row.code or 'none'}); choose is for product-conflict and superseded files"
            )
        chosen = {other.sha256 for other in rows if other.family == row.family}
        if len(chosen) > 1:
            rivals = [other for other in rows if other.family == row.family]
            raise ConfigurationError(
                f"choose one of {names_of(rivals)}, which claim the same data; give it by --source PATH"
            )


def _count(rows: Sequence[SourceRow]) -> str:
    return f"{len(rows)} file was" if len(rows) == 1 else f"{len(rows)} files were"


def _more(rows: Sequence[SourceRow]) -> str:
    return f" (and {len(rows) - 1} more of the selection)" if len(rows) > 1 else ""
