"""Which version a product gets: decided by content, never by name, date or count of runs (SIS 5.1.2)."""

from __future__ import annotations

from drf_reprocess.identifiers import FIRST_VID, Vid
from drf_reprocess.model import Campaign, Decision, FormerProduct

NO_CAMPAIGN = Campaign()


def decide_version(
    former: FormerProduct | None, data_md5: str, label_digest: str, campaign: Campaign = NO_CAMPAIGN
) -> Decision:
    """Compare a product's new bytes and label with its latest version that is used up.

    Parameters
    ----------
    former
        That version, None if there is none.
    data_md5
        MD5 of the data file as it would be archived now.
    label_digest
        Digest of the label as it would be written now, without what always moves (VID, history, dates).
    campaign
        A label that somebody else wrote stays as it is unless the run is a campaign. A campaign that forces versions
        does so once: what it forced before is not forced again.
    """
    if former is None:
        return Decision.NEW
    if former.data_md5 != data_md5:
        return Decision.DATA_CHANGED
    if former.label_digest != label_digest and (campaign.name or not former.adopted):
        return Decision.LABEL_ONLY
    return Decision.LABEL_ONLY if is_forced(former, campaign) else Decision.SAME


def is_forced(former: FormerProduct, campaign: Campaign) -> bool:
    """Tell whether a campaign gives a product a new version whatever its content."""
    return campaign.bump != "none" and former.campaign != campaign.name


def next_vid(former: Vid | None, decision: Decision, bump: str = "none") -> Vid:
    """Return the VID after a decision: data changed M + 1 and n = 0, label alone n + 1, same or new as they are.

    ``bump`` is what a campaign forces at least: ``major`` makes a new label a new major version.
    """
    if former is None:
        return FIRST_VID
    if decision is Decision.DATA_CHANGED or (decision is Decision.LABEL_ONLY and bump == "major"):
        return former.next_major()
    if decision is Decision.LABEL_ONLY:
        return former.next_minor()
    return former
