"""Which version a product gets: decided by content, never by name, date or count of runs (SIS 5.1.2)."""

from __future__ import annotations

from drf_reprocess.identifiers import FIRST_VID, Vid
from drf_reprocess.model import Decision, FormerProduct


def decide_version(former: FormerProduct | None, data_md5: str, label_digest: str) -> Decision:
    """Compare a product's new bytes and label with its former version.

    Parameters
    ----------
    former
        The current version in the archive, None if there is none.
    data_md5
        MD5 of the data file as it would be archived now.
    label_digest
        Digest of the label as it would be written now, without what always moves (VID, history, dates).
    """
    if former is None:
        return Decision.NEW
    if former.data_md5 != data_md5:
        return Decision.DATA_CHANGED
    if former.label_digest != label_digest:
        return Decision.LABEL_ONLY
    return Decision.SAME


def next_vid(former: Vid | None, decision: Decision) -> Vid:
    """Return the VID after a decision: data changed M + 1 and n = 0, label alone n + 1, same or new as they are."""
    if former is None:
        return FIRST_VID
    if decision is Decision.DATA_CHANGED:
        return former.next_major()
    if decision is Decision.LABEL_ONLY:
        return former.next_minor()
    return former
