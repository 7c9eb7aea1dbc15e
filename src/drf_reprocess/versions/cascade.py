"""How a change of members changes the version of the collection or bundle that lists them."""

from __future__ import annotations

from collections.abc import Mapping

from drf_reprocess.identifiers import FIRST_VID, Lid, Vid
from drf_reprocess.versions.history import MemberChanges


def compare_members(former: Mapping[Lid, Vid], current: Mapping[Lid, Vid]) -> MemberChanges:
    """Count the members that are new, those with another version, and those that are gone."""
    return MemberChanges(
        added=sum(lid not in former for lid in current),
        changed=sum(lid in former and former[lid] != vid for lid, vid in current.items()),
        dropped=sum(lid not in current for lid in former),
    )


def next_aggregate_vid(former: Vid | None, bump: str = "minor") -> Vid:
    """Return the VID of a collection or bundle that changed: n + 1, or M + 1 where a campaign says so; 1.0 at first."""
    if former is None:
        return FIRST_VID
    return former.next_major() if bump == "major" else former.next_minor()
