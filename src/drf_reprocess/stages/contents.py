"""What a delivery brings and why, in the words of its delivery note; pure functions."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from drf_reprocess.identifiers import FIRST_VID
from drf_reprocess.model import Deliverable, DeliveryRecord

MAX_LISTED = 200
"""More mended products than these are summed up, not listed: the labels tell each."""


def tell_contents(record: DeliveryRecord, deliverables: Sequence[Deliverable]) -> tuple[str, ...]:
    """Return the lines of the note that tell what is in a delivery, what is new and why, and what was mended."""
    return (
        *section("Content", _content(record, deliverables)),
        *section("What is new or changed, and why", _changes(deliverables)),
        *section("Data files that differ from the files received", _mends(deliverables)),
    )


def section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a section of a delivery note: its title, its lines wrapped, an empty line."""
    yield title
    yield "-" * len(title)
    for line in lines:
        yield from textwrap.wrap(line, 100, subsequent_indent="  ", break_long_words=False) or [""]
    yield ""


def _content(record: DeliveryRecord, deliverables: Sequence[Deliverable]) -> Iterator[str]:
    aggregates = len(deliverables) - record.products
    yield f"{record.products} products and {aggregates} collections and bundles, {record.members} files."
    by_collection = Counter(str(item.lidvid.lid.parent) for item in deliverables if item.day)
    for collection, count in sorted(by_collection.items()):
        yield f"{collection}: {count} products"
    for item in deliverables:
        if item.day is None:
            yield f"{item.lidvid}: {item.words}"


def _changes(deliverables: Sequence[Deliverable]) -> Iterator[str]:
    vids = [item.lidvid.vid for item in deliverables if item.day]
    new = vids.count(FIRST_VID)
    labels = sum(vid.minor > 0 for vid in vids)
    yield f"{new} products are new to the archive."
    yield f"{len(vids) - new - labels} products replace an earlier version because their data changed."
    yield f"{labels} products have a new label for the same data."
    reasons = Counter(
        item.words for item in deliverables if item.day and item.lidvid.vid != FIRST_VID and not item.mends
    )
    for words, count in reasons.most_common(MAX_LISTED):
        yield f"{count} x {words}"


def _mends(deliverables: Sequence[Deliverable]) -> Iterator[str]:
    mended = [item for item in deliverables if item.mends]
    if not mended:
        yield "None: every data file is byte for byte as received."
        return
    yield f"{len(mended)} data files were mended; the originals are kept by the sender."
    for item in mended[:MAX_LISTED]:
        yield f"{item.lidvid.lid.last}: {'; '.join(mend.words for mend in item.mends)}"
    if len(mended) > MAX_LISTED:
        yield f"... and {len(mended) - MAX_LISTED} more; the Modification_History of each label tells."
