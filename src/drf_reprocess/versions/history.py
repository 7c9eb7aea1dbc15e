"""What Modification_History says of a version, in words an archivist can use (SIS 4.2).

Every former entry is kept; the newest comes first. Texts are 7-bit ASCII, as information model 1.1.0.1 demands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drf_reprocess.identifiers import Vid
from drf_reprocess.model import Decision, HistoryEntry, Mend


def extend_history(
    former: tuple[HistoryEntry, ...], date: str, vid: Vid, description: str
) -> tuple[HistoryEntry, ...]:
    """Return the history with an entry for ``vid`` put first; ``date`` is YYYY-MM-DD."""
    return (HistoryEntry(date, vid, _to_ascii(description)), *former)


def describe_product(
    decision: Decision,
    former: Vid | None,
    reason: str,
    mends: Sequence[Mend],
    release: int = 0,
    rulings: Sequence[str] = (),
) -> str:
    """Say why a product has a new version, and how its data file differs from the one received.

    ``release`` is the number of the bundle's release, 0 if there is none; ``rulings`` are decisions of persons, in words.
    """
    words = f"Release {release}. " if release else ""
    if decision is Decision.NEW:
        words += "First release of this product."
    elif decision is Decision.DATA_CHANGED:
        words += f"The data file replaces that of version {former}."
    else:
        words += f"Label only: the data file is that of version {former}."
    if reason:
        words += f" Reason: {reason.rstrip('.')}."
    if mends and decision is not Decision.LABEL_ONLY:
        words += f" Compared with the file as received: {'; '.join(mend.words for mend in mends)}."
    if rulings and decision is not Decision.LABEL_ONLY:
        words += f" Decided by persons: {'; '.join(rulings)}."
    return words


@dataclass(frozen=True, slots=True)
class MemberChanges:
    """How the members of a collection or a bundle differ from those of its former version, in counts."""

    added: int
    changed: int
    dropped: int

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.dropped)

    def __add__(self, other: MemberChanges) -> MemberChanges:
        return MemberChanges(
            self.added + other.added, self.changed + other.changed, self.dropped + other.dropped
        )


NO_CHANGES = MemberChanges(0, 0, 0)


def describe_aggregate(
    former: Vid | None,
    changes: MemberChanges,
    members: str,
    coverage: tuple[str, str],
    reason: str,
    release: int = 0,
) -> str:
    """Say what changed in a collection or bundle.

    ``members`` names what it holds, such as ``product`` or ``collection``; ``coverage`` is the first and last day of
    its data, YYYY-MM-DD; ``release`` the number of the bundle's release, 0 if there is none.
    """
    span = f"data from {coverage[0]} to {coverage[1]}"
    number = f"Release {release}: " if release else ""
    if former is None:
        words = f"{number or 'First release: '}{_count(changes.added, members)}, {span}."
    else:
        parts = [
            f"{_count(number, members)} {verb}"
            for number, verb in (
                (changes.added, "added"),
                (changes.changed, "changed"),
                (changes.dropped, "dropped"),
            )
            if number
        ]
        words = f"{number}{', '.join(parts) or 'revised'}; {span}."
    if reason:
        words += f" Reason: {reason.rstrip('.')}."
    return words


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _to_ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii")
