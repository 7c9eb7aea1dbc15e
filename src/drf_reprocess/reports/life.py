"""What the life of a product is told in: events with their times, and their place among those of the same time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from drf_reprocess.catalog.base import DeliveredFile, EventRow, PendingProduct, RunRecord
from drf_reprocess.identifiers import Vid
from drf_reprocess.model import DeliveryRecord, ProductRecord, ReleaseRecord

DECIDED = "decided"
ADOPTED = "adopted"
STAGING = "staging"
RUN, MADE, RELEASED, PACKED = -4, -3, -2, -1
"""Order of what comes before the first event that the ledger tells of it."""
LAST = float("inf")
"""Place of what the ledger does not tell: after all that it tells of the same time."""


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """One thing that happened: when (ISO 8601 UTC; a day alone where no more is known), what, and in which run."""

    at: str
    kind: str
    what: str
    run_id: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    """What else a program wants to know: identifiers, checksums, sizes; no empty values."""
    order: tuple[float, int] = (LAST, 0)
    """Place among events of the same time: that in the ledger, then before (-) or after (+) it."""

    def as_dict(self) -> dict[str, object]:
        """Return the event as plain values."""
        return {"at": self.at, "kind": self.kind, "what": self.what, "run_id": self.run_id, **self.details}


@dataclass(frozen=True, slots=True)
class Life:
    """What there is now, and all that happened to it, in order."""

    lid: str
    product_id: str
    kind: str
    """``product``, ``collection``, ``bundle`` or ``file``."""
    current_vid: str
    """Empty if it does not stand in the archive."""
    state: str
    """``current``, ``left`` the archive, ``staged`` or ``held`` for the first time, or that of its received file."""
    waiting: str
    """Version and standing of a later content that waits beside the current one; empty if there is none."""
    events: tuple[LifeEvent, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the life as plain values."""
        return {
            "lid": self.lid,
            "product_id": self.product_id,
            "kind": self.kind,
            "current_vid": self.current_vid,
            "state": self.state,
            "waiting": self.waiting,
            "events": [event.as_dict() for event in self.events],
        }


def told_versions(
    ledger: Iterable[EventRow],
    versions: Iterable[ProductRecord],
    waiting: Iterable[PendingProduct],
    runs: Mapping[str, RunRecord],
    product_id: str,
) -> dict[int, tuple[Vid, ProductRecord | None]]:
    """Return, by place in the ledger, the version of each decision, and its row if that decision's outcome is there."""
    decisions = {
        row.position: (Vid.from_text(row.event.message.partition(":")[0]), row)
        for row in ledger
        if row.event.kind == DECIDED and row.event.product_id == product_id
    }
    taken: dict[int, ProductRecord] = {}
    for one in waiting:
        for position in reversed(decisions):
            if decisions[position][1].run_id == one.run_id:
                taken[position] = one.record
                break
    for record in versions:
        words = f": {record.history[0].description}" if record.history else ""
        for position in reversed(decisions):
            vid, row = decisions[position]
            run = runs.get(row.run_id)
            if (
                vid == record.lidvid.vid
                and row.event.message.endswith(words)
                and position not in taken
                and not (run is not None and run.mode == STAGING)
            ):
                taken[position] = record
                break
    return {position: (vid, taken.get(position)) for position, (vid, _) in decisions.items()}


def packed(delivery: DeliveryRecord, members: list[DeliveredFile], place: float) -> LifeEvent:
    """Return that a version was packed; ``members`` are its files in the delivery."""
    vid = members[0].member.lidvid.vid
    alone = " (the label alone)" if len(members) == 1 else ""
    return LifeEvent(
        delivery.run_time,
        "packed",
        f"{vid}{alone} packed in {delivery.delivery_id} for {delivery.receiver}",
        delivery.run_id,
        facts(
            vid=str(vid),
            delivery_id=delivery.delivery_id,
            release_id=delivery.release_id,
            receiver=delivery.receiver,
            delivery_state=str(delivery.state),
            files={one.member.path: one.member.stored.md5 for one in members},
        ),
        (place, PACKED),
    )


def released(release: ReleaseRecord, place: float) -> LifeEvent:
    """Return that a release was made."""
    reason = f", {release.reason}" if release.reason else ""
    review = f"; requires review: {'; '.join(release.review)}" if release.review else ""
    return LifeEvent(
        release.run_time,
        "released",
        f"release {release.release_id} ({release.mode}{reason}) of {release.bundle}{review}",
        release.run_id,
        facts(release_id=release.release_id, bundle=str(release.bundle)),
        (place, RELEASED),
    )


def version_details(record: ProductRecord) -> dict[str, object]:
    """Return what identifies a version's content and its source."""
    return facts(
        vid=str(record.lidvid.vid),
        data_md5=record.data.md5,
        data_bytes=record.data.bytes,
        label_md5=record.label.md5,
        source=record.source.uri,
        source_md5=record.source_object.md5,
        campaign=record.campaign,
    )


def facts(**values: object) -> dict[str, object]:
    """Return the values that are not empty."""
    return {name: value for name, value in values.items() if value}


def is_adopted(delivery: DeliveryRecord) -> bool:
    """Tell whether a delivery stands for a bundle that was adopted."""
    return delivery.format == "adopted"
