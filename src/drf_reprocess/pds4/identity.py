"""Which product a label is of, and nothing else of it: for finding one's way among thousands of labels."""

from __future__ import annotations

from typing import NamedTuple

from drf_reprocess.errors import UnreadableLabel
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.pds4.parsing import local_name, parse_archived, text_of


class LabelIdentity(NamedTuple):
    """Class and versioned identifier of the product that a label describes."""

    product_class: str
    lidvid: Lidvid


def read_identity(label: bytes) -> LabelIdentity:
    """Return class and LIDVID of a label; `UnreadableLabel` if it is no PDS4 label, or has no valid LID or VID."""
    root = parse_archived(label)
    lid = text_of(root, "Identification_Area", "logical_identifier")
    vid = text_of(root, "Identification_Area", "version_id")
    try:
        return LabelIdentity(local_name(root), Lidvid(Lid(lid or ""), Vid.from_text(vid or "")))
    except ValueError as error:
        raise UnreadableLabel(f"the label cannot be used: {error}") from error
