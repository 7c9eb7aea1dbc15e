"""What is expected to become of each product of a family, before the run; or what became of it, after.

The same function answers both, from the outcome of the work: that of a preview, or that of the run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from drf_reprocess.catalog.base import NEW_FILE, STAGED_BEFORE
from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.identifiers import FIRST_VID, Lid, Vid
from drf_reprocess.model import (
    Campaign,
    Candidate,
    Decision,
    Outcome,
    ProductRecord,
    SourceFile,
    SourceOutcome,
    SourceState,
    WorkItem,
)
from drf_reprocess.profiles.model import Profile
from drf_reprocess.versions.precedence import rank_files
from drf_reprocess.versions.rule import is_forced, next_vid

KEPT = "kept"
"""Nothing was received of it now, and its version stays."""
LEFT = "left"
"""Nothing was received of it now, and it leaves the archive, because another product stands for its data."""

TELLING = (
    SourceState.QUARANTINED,
    SourceState.HELD,
    SourceState.EXCLUDED,
    SourceState.FAILED,
    SourceState.SUPERSEDED,
)
"""States of files that make no product, in the order in which one of them is told for all."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Time and size of a product. Sizes are bytes; None where nobody has made it yet."""

    day: date
    start_time: str
    stop_time: str
    file_bytes: int
    label_bytes: int | None = None
    stored_bytes: int | None = None
    """What the run adds to ``store/`` for it."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What becomes of one product, or may become of it where that is not known."""

    candidate: Candidate
    decisions: tuple[str, ...]
    """What may be decided, most far-reaching first: a `model.Decision`, ``held``, ``quarantined``, ``excluded``,
    ``failed``, ``superseded``, `KEPT` or `LEFT`. One where it is known."""
    vids: tuple[Vid | None, ...]
    """The version that then stands in the archive, for each decision that makes another; None for none."""
    is_exact: bool
    """Whether it was found by doing the work, not by looking at names."""
    code: str = ""
    """Reason code where it makes no product."""
    message: str = ""
    differences: tuple[str, ...] = ()
    """Elements in which an adopted label that stays differs from the one that would be written."""
    extent: Extent | None = None
    """Of a product that is made, or may be."""

    @property
    def lid(self) -> Lid:
        """LID of the product."""
        return self.candidate.lid

    @property
    def present(self) -> Vid | None:
        """The version that stands in the archive now."""
        current = self.candidate.current
        return current.vid if current else None

    @property
    def decision(self) -> str:
        """The decisions in words."""
        return " or ".join(self.decisions)

    @property
    def expected_vid(self) -> str | None:
        """The versions in words; None if none will stand."""
        return " or ".join(str(vid) for vid in self.vids if vid) or None


def must_be_read(item: WorkItem, covering: Collection[str] = ()) -> bool:
    """Tell whether only the files' content says what becomes of a family.

    Of a new file alone nothing is known but that it is new: it need not be read before the run. It must be if there are
    former versions, several files, decisions of persons, or a former reading that made no product. ``covering`` are
    families whose product decides about others.
    """
    versions = any(candidate.base or candidate.standing for candidate in item.candidates)
    is_fresh = item.reason in (NEW_FILE, STAGED_BEFORE)
    return (
        versions
        or bool(item.dispositions)
        or len(item.sources) > 1
        or not is_fresh
        or item.family in covering
    )


def expect(item: WorkItem, outcome: Outcome) -> tuple[Expectation, ...]:
    """Return what the outcome of a family's work means for each of its products."""
    found = []
    for candidate in item.candidates:
        stays = candidate.current.vid if candidate.current else None
        if candidate.lid in outcome.left:
            stays = None
        record = outcome.product
        told = [one for one in outcome.sources if one.product_id == candidate.product_id]
        if record is not None and record.lidvid.lid == candidate.lid and outcome.pending != "held":
            vid = record.lidvid.vid
            found.append(
                Expectation(
                    candidate,
                    (str(outcome.decision),),
                    (vid,),
                    True,
                    differences=outcome.differences,
                    extent=_extent(record, outcome),
                )
            )
        else:
            decision, why = _told(told, is_left=candidate.lid in outcome.left)
            code, message = (why.code, why.message) if why else ("", "")
            found.append(Expectation(candidate, (decision,), (stays,), True, code, message))
    return tuple(found)


def _told(outcomes: Collection[SourceOutcome], *, is_left: bool) -> tuple[str, SourceOutcome | None]:
    """Return what became of the files of a product that is not made."""
    for state in TELLING:
        for one in outcomes:
            if one.state is state:
                return str(state), one
    if outcomes:
        return str(Decision.SAME), None
    return (LEFT if is_left else KEPT), None


def _extent(record: ProductRecord, outcome: Outcome) -> Extent:
    stored = 0
    if outcome.decision in (Decision.NEW, Decision.DATA_CHANGED):
        stored = record.source_object.bytes
        stored += record.data.bytes if record.data.sha256 != record.source_object.sha256 else 0
    if outcome.decision is not Decision.SAME:
        stored += record.label.bytes + record.parquet.bytes
    return Extent(
        record.day,
        record.start_time,
        record.stop_time,
        record.data.bytes,
        record.label.bytes,
        stored,
    )


def stands_after(item: WorkItem, outcome: Outcome) -> bool:
    """Tell whether a product of the family stands in the archive after its outcome is recorded."""
    if outcome.product is not None and not outcome.pending:
        return True
    return any(
        candidate.current is not None and candidate.lid not in outcome.left for candidate in item.candidates
    )


def expect_unread(item: WorkItem, profile: Profile, campaign: Campaign) -> tuple[Expectation, ...]:
    """Return what may become of each product of a family, from names, times and former versions alone."""
    first = None if item.gives_way else _first(item, profile)
    return tuple(_guess(item, candidate, first, profile, campaign) for candidate in item.candidates)


def _guess(
    item: WorkItem, candidate: Candidate, first: SourceFile | None, profile: Profile, campaign: Campaign
) -> Expectation:
    current = candidate.current
    if not candidate.sources:
        return Expectation(candidate, (LEFT,) if current else (KEPT,), (None,), False)
    if first not in candidate.sources or first is None:
        code = "covered-twice" if item.gives_way else "superseded"
        stands = item.covered_by if item.gives_way else (first.name if first else "")
        message = f"{stands} goes before it"
        return Expectation(candidate, (str(SourceState.SUPERSEDED),), (None,), False, code, message)
    possible = _possible(candidate, campaign)
    vids = tuple(dict.fromkeys(possible.values()))
    return Expectation(
        candidate,
        tuple(str(decision) for decision in possible),
        vids,
        False,
        extent=_extent_by_name(first, profile) if vids != (current.vid if current else None,) else None,
    )


def _possible(candidate: Candidate, campaign: Campaign) -> Mapping[Decision, Vid]:
    """Return the decisions that the version rule may take, each with the version that it gives."""
    base = candidate.base
    if base is None:
        return {Decision.NEW: FIRST_VID}
    forced = is_forced(base, campaign)
    found = {Decision.DATA_CHANGED: next_vid(base.vid, Decision.DATA_CHANGED)}
    returns = candidate.current is None
    if forced or returns or campaign.name or not base.adopted:
        bump = campaign.bump if forced else "none"
        found[Decision.LABEL_ONLY] = next_vid(base.vid, Decision.LABEL_ONLY, bump)
    if not forced and not returns:
        found[Decision.SAME] = base.vid
    return found


def _extent_by_name(file: SourceFile, profile: Profile) -> Extent | None:
    named = match_name(profile, PurePosixPath(file.name).name)
    if not isinstance(named, FileName):
        return None
    first, last = named.span
    return Extent(first, f"{first}T00:00:00.000Z", f"{last}T23:59:59.999Z", file.bytes)


def _first(item: WorkItem, profile: Profile) -> SourceFile | None:
    """Return the file that precedence puts first, as far as names and times tell."""
    sources = item.sources
    if len(sources) < 2:
        return sources[0] if sources else None
    names = [match_name(profile, PurePosixPath(source.name).name) for source in sources]
    pairs = [
        (source, named.variant if isinstance(named, FileName) else "")
        for source, named in zip(sources, names, strict=True)
    ]
    return sources[rank_files(pairs, profile.precedence)[0][0]]
