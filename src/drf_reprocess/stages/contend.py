"""Which of the files received for the same data stands: decided by persons, then by the profile's precedence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.model import SourceOutcome, WorkItem
from drf_reprocess.profiles.model import Profile
from drf_reprocess.stages import reasons
from drf_reprocess.stages.reasons import Received
from drf_reprocess.versions.precedence import explain, rank_files
from drf_reprocess.versions.rulings import Rulings


@dataclass(frozen=True, slots=True)
class Contender:
    """One content received for the family's data: the file that stands for it, and its identical copies."""

    first: Received
    copies: tuple[Received, ...]

    @property
    def files(self) -> tuple[Received, ...]:
        """All files with this content."""
        return self.first, *self.copies


@dataclass(slots=True)
class Contest:
    """The contents of a family in the order in which they are to be tried, and the files that are out already."""

    ranked: list[Contender] = field(default_factory=list)
    """Best first: the first that makes a product stands."""
    outcomes: list[SourceOutcome] = field(default_factory=list)
    """Of files that a person excluded, or that claim the same data as another with equal right."""
    chosen_by: str = ""
    """Who chose, where a person did."""


def contend(item: WorkItem, received: Sequence[Received], profile: Profile, rulings: Rulings) -> Contest:
    """Put the received contents of a family in order: decisions of persons, then precedence.

    What no rule parts is in conflict, unless one of the contents is what the archive holds: that one stands.
    """
    contest = Contest()
    admitted: dict[str, list[Received]] = {}
    for one in received:
        exclusion = rulings.exclude(one.identity.sha256)
        if exclusion is not None:
            contest.outcomes.append(reasons.excluded(item, one, exclusion))
        else:
            admitted.setdefault(one.identity.sha256, []).append(one)
    contents = list(admitted.values())
    chosen = rulings.chosen(list(admitted))
    if chosen is not None:
        contest.chosen_by = "a person chose it"
        contents.sort(key=lambda same: same[0].identity.sha256 != chosen)
        contest.ranked = [_contender(same, profile) for same in contents]
        return contest
    for group in _rank(contents, profile):
        standing = [same for same in group if _is_archived(same)]
        if len(group) == 1 or standing:
            kept = standing[0] if standing else group[0]
            contest.ranked.append(_contender(kept, profile))
        else:
            kept = None
        for same in group:
            if same is not kept:
                rival = next(other for other in (kept, *group) if other and other is not same)[0]
                contest.outcomes += [reasons.product_conflict(item, one, rival.source) for one in same]
    return contest


def why_before(winner: Received, loser: Received, profile: Profile) -> str:
    """Say in words why one file goes before another."""
    return explain(
        (winner.source, _name(winner, profile).variant),
        (loser.source, _name(loser, profile).variant),
        profile.precedence,
    )


def _name(one: Received, profile: Profile) -> FileName:
    named = match_name(profile, PurePosixPath(one.source.name).name)
    if not isinstance(named, FileName):
        raise TypeError(f"{one.source.name}: a file that is worked on has a name that the profile knows")
    return named


def _is_archived(same: Sequence[Received]) -> bool:
    """Whether this content is what the archive was made from."""
    return any(
        one.candidate.current is not None and one.candidate.current.source_md5 == one.identity.md5
        for one in same
    )


def _contender(same: Sequence[Received], profile: Profile) -> Contender:
    """Of identical copies the one stands whose product is in the archive, else the one whose name goes first."""
    best = _order(same, profile)
    first = next((one for one in best if _is_archived([one])), best[0])
    return Contender(first, tuple(one for one in same if one is not first))


def _order(files: Sequence[Received], profile: Profile) -> list[Received]:
    pairs = [(one.source, _name(one, profile).variant) for one in files]
    return [files[index] for group in rank_files(pairs, profile.precedence) for index in group]


def _rank(contents: Sequence[list[Received]], profile: Profile) -> list[list[list[Received]]]:
    """Return groups of contents, best first; what stands in one group no rule parts."""
    firsts = [_order(same, profile)[0] for same in contents]
    pairs = [(one.source, _name(one, profile).variant) for one in firsts]
    return [[contents[index] for index in group] for group in rank_files(pairs, profile.precedence)]
