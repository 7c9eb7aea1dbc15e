"""Decisions on received files: proposed, put in force, withdrawn, exported and imported.

A decision on one file, one product or a group becomes one `model.Disposition` a file, keyed by its content, and is
replayed at every later reprocessing.
"""

from __future__ import annotations

from collections.abc import Sequence

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.digests import digest_bytes
from drf_reprocess.dispositions.checks import check_action, check_read
from drf_reprocess.dispositions.selection import Selection, near_interval, select
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.mission import Mission
from drf_reprocess.model import Action, Disposition
from drf_reprocess.storage.base import object_key, put_object
from drf_reprocess.versions.disposition_file import export_text, find_problems, identify, parse, utc_time


def propose(
    mission: Mission,
    action: Action,
    selection: Selection,
    *,
    who: str,
    when: str,
    reason: str,
    start: str = "",
    stop: str = "",
    replacement: bytes | None = None,
) -> list[Disposition]:
    """Return the decision on each selected file; nothing is written.

    Parameters
    ----------
    when
        Time of the decision, ISO 8601 UTC to the second.
    start, stop
        Of a mask: the first time that is left out, and the first after it that is kept (ISO 8601; UTC).
    replacement
        Of a replacement: the bytes that stand for the file.

    Raises
    ------
    ConfigurationError
        If the decision cannot be made, with the reason and what can be decided instead.
    """
    interval = _interval(action, start, stop)
    rows = select(mission, selection)
    if interval is not None and selection.is_group:
        rows = near_interval(rows, interval, selection, mission.profile)
    check_read(rows)
    check_action(mission, action, rows, replacement)
    stored = digest_bytes(replacement) if replacement is not None else None
    found = [
        identify(
            Disposition(
                disposition_id="",
                action=action,
                type=row.type,
                product_id=row.product_id,
                source_sha256=row.sha256,
                source_name=row.source.name,
                who=" ".join(who.split()),
                when=when,
                reason=" ".join(reason.split()),
                code=row.code,
                start_time=interval[0] if interval else "",
                stop_time=interval[1] if interval else "",
                replacement=stored,
                family=row.family,
            )
        )
        for row in rows
    ]
    for disposition in found:
        if problems := find_problems(disposition):
            raise ConfigurationError(f"{disposition.source_name}: {'; '.join(map(str, problems))}")
    return found


def _interval(action: Action, start: str, stop: str) -> tuple[str, str] | None:
    if action is not Action.MASK:
        if start or stop:
            raise ConfigurationError(f"--from and --to belong to a mask; got them with {action}")
        return None
    if not start or not stop:
        raise ConfigurationError(
            "a mask needs --from TIME and --to TIME: the first time that is left out, and the first that is kept after it"
        )
    times = []
    for option, text in (("--from", start), ("--to", stop)):
        try:
            times.append(utc_time(text))
        except ValueError:
            raise ConfigurationError(
                f"{option} {text}: no time; expected UTC as 2014-12-08T03:20:19.328Z"
            ) from None
    return times[0], times[1]


def put_in_force(
    mission: Mission, dispositions: Sequence[Disposition], when: str, replacement: bytes | None = None
) -> int:
    """Commit decisions, after the bytes that they need are stored; return how many were not in force before."""
    if replacement is not None:
        put_object(mission.output, replacement)
    return mission.catalog.commit_dispositions(dispositions, when)


def withdraw(mission: Mission, disposition_id: str, *, who: str, when: str, reason: str) -> Disposition:
    """Take a decision back, named by its id or a beginning of it that no other has; return it.

    Raises
    ------
    ConfigurationError
        If no decision in force, or more than one, is named.
    """
    found = [one for one in mission.catalog.dispositions() if one.disposition_id.startswith(disposition_id)]
    if len(found) != 1 or not disposition_id:
        what = "names no decision in force" if not found else f"names {len(found)} decisions"
        raise ConfigurationError(f"{disposition_id!r} {what}; `disposition list` tells them all")
    if not who.strip() or not reason.strip():
        raise ConfigurationError("who withdraws the decision, and why? Expected --who and --reason")
    mission.catalog.withdraw_disposition(
        found[0].disposition_id, " ".join(who.split()), when, " ".join(reason.split())
    )
    return found[0]


def export(catalog: Catalog) -> bytes:
    """Return all decisions in force as a text file; see `versions.disposition_file`."""
    return export_text(catalog.dispositions())


def import_text(mission: Mission, text: bytes, when: str) -> tuple[int, int]:
    """Put the decisions of a text file in force; return how many were not before, and how many it has.

    Raises
    ------
    ConfigurationError
        If a line is wrong, names a type that the profile does not have, or a replacement whose bytes are not in
        ``store/``; then nothing is imported.
    """
    found = parse(text)
    faults = []
    for disposition in found:
        if disposition.type not in mission.profile.types_by_name:
            known = ", ".join(mission.profile.types_by_name)
            faults.append(
                f"{disposition.source_name}: type {disposition.type!r} is none of the profile; expected {known}"
            )
        stored = disposition.replacement
        if stored is not None and not mission.output.exists(object_key(stored.sha256)):
            faults.append(
                f"{disposition.source_name}: the bytes that replace it (SHA-256 {stored.sha256}) are not in store/; "
                f"copy that object to {mission.output.uri(object_key(stored.sha256))}, or replace the file anew with "
                "`disposition replace --with FILE`"
            )
    if faults:
        raise ConfigurationError("the dispositions cannot be imported:\n" + "\n".join(faults))
    return mission.catalog.commit_dispositions(found, when), len(found)
