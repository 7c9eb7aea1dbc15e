"""The ledger of deliveries: how each stands with its receiver, and which moves are allowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from drf_reprocess.compute.sites import SiteOptions, open_site
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.mission import Mission
from drf_reprocess.model import DeliveryRecord, DeliveryState, ReleaseRecord
from drf_reprocess.stages.note import delivery_json_key
from drf_reprocess.stages.rebuild import rebuild
from drf_reprocess.storage.base import open_store

Row = dict[str, Any]

LIST_COLUMNS = (
    "delivery_id",
    "release_id",
    "receiver",
    "state",
    "first_day",
    "last_day",
    "products",
    "bytes",
    "package",
    "review",
)

NEVER_SENT = (DeliveryState.PLANNED, DeliveryState.PACKED, DeliveryState.VERIFIED)
ANSWERABLE = (DeliveryState.VERIFIED, DeliveryState.SENT)
"""A receiver's answer proves that it was sent, whether anybody noted that or not."""
LIVE = (*NEVER_SENT, DeliveryState.SENT, DeliveryState.ACCEPTED)

REMEDIES = {
    DeliveryState.PLANNED: "its run was cut off: `run` packs it anew, `delivery discard` gives it up",
    DeliveryState.PACKED: "its run was cut off: `run` packs it anew and proves it, `delivery discard` gives it up",
    DeliveryState.VERIFIED: "it can be sent, accepted, rejected or discarded",
    DeliveryState.SENT: "note the receiver's answer by `delivery accept` or `delivery reject`",
    DeliveryState.ACCEPTED: "the receiver has it: what is wrong with it is put right by a later delivery",
    DeliveryState.REJECTED: "what it holds comes again in the next delivery that `run` makes",
    DeliveryState.DISCARDED: "what it held comes again in the next delivery that `run` makes",
}
"""What can be done with a delivery that is in another state than needed."""


def delivery_rows(
    mission: Mission, *, receiver: str = "", bundle: str = "", state: str = ""
) -> Iterator[Row]:
    """Yield the deliveries in the order of their making; those of one receiver, bundle or state, or all.

    ``ConfigurationError`` if there is no such state.
    """
    if state and state not in {str(one) for one in DeliveryState}:
        raise ConfigurationError(f"no state {state!r} of a delivery; expected {', '.join(DeliveryState)}")
    releases = {release.release_id: release for release in mission.catalog.releases()}
    for record in mission.catalog.deliveries():
        if (
            receiver not in ("", record.receiver)
            or bundle not in ("", str(record.bundle_lid))
            or state not in ("", str(record.state))
        ):
            continue
        yield _row(mission, record, releases.get(record.release_id))


def _row(mission: Mission, record: DeliveryRecord, release: ReleaseRecord | None) -> Row:
    return {
        "delivery_id": record.delivery_id,
        "release_id": record.release_id,
        "bundle": str(record.bundle_lid),
        "receiver": record.receiver,
        "state": str(record.state),
        "first_day": str(record.first_day),
        "last_day": str(record.last_day),
        "products": record.products,
        "members": record.members,
        "bytes": record.package_bytes,
        "package": mission.output.uri(record.package_key) if record.package_key else "",
        "sha256": record.package_sha256,
        "codec": record.codec,
        "run_id": record.run_id,
        "run_time": record.run_time,
        "review": _review(release),
    }


def _review(release: ReleaseRecord | None) -> str:
    if release is None or not release.review:
        return ""
    return release.acknowledged or f"required: {'; '.join(release.review)}"


def show_delivery(mission: Mission, delivery_id: str) -> Row:
    """Return one delivery with its files and what happened to it."""
    record = find_delivery(mission, delivery_id)
    releases = {release.release_id: release for release in mission.catalog.releases()}
    return _row(mission, record, releases.get(record.release_id)) | {
        "files": [
            {"path": member.path, "lidvid": str(member.lidvid), "md5": member.stored.md5}
            for member in mission.catalog.delivery_members(delivery_id)
        ],
        "events": [
            {"at": row.at, "message": row.event.message}
            for row in mission.catalog.events(delivery_id=delivery_id)
        ],
    }


def find_delivery(mission: Mission, delivery_id: str) -> DeliveryRecord:
    """Return a delivery by its id.

    Raises
    ------
    ConfigurationError
        If there is none; the message names those that there are.
    """
    records = {record.delivery_id: record for record in mission.catalog.deliveries()}
    if delivery_id not in records:
        raise ConfigurationError(
            f"there is no delivery {delivery_id!r}; there are {', '.join(records) or 'none yet'}"
        )
    return records[delivery_id]


def send(mission: Mission, delivery_id: str, at: str, words: str = "") -> Row:
    """Note that a verified delivery is on its way.

    Raises
    ------
    ConfigurationError
        If it is in another state, or its release must be reviewed first (SIS 4.2).
    """
    record = find_delivery(mission, delivery_id)
    _require(record, (DeliveryState.VERIFIED,), "sent")
    _require_review(mission, record)
    return _move(mission, record, (DeliveryState.VERIFIED,), DeliveryState.SENT, at, words)


def accept(mission: Mission, delivery_id: str, at: str, words: str = "") -> Row:
    """Note that the receiver has a delivery in its archive; `ConfigurationError` if it is in no state for that."""
    record = find_delivery(mission, delivery_id)
    _require(record, ANSWERABLE, "accepted")
    _require_review(mission, record)
    return _move(mission, record, ANSWERABLE, DeliveryState.ACCEPTED, at, words)


def reject(mission: Mission, delivery_id: str, at: str, words: str) -> Row:
    """Note that the receiver does not take a delivery: what it holds comes again in the next one.

    Raises
    ------
    ConfigurationError
        If it is in no state for that, or a later delivery sends a label alone whose data file is in this one.
    """
    record = find_delivery(mission, delivery_id)
    _require(record, ANSWERABLE, "rejected")
    _refuse_needed(mission, record, "rejected")
    row = _move(mission, record, ANSWERABLE, DeliveryState.REJECTED, at, words)
    return row | {"note": _tell_listing(mission, record)}


def discard(mission: Mission, delivery_id: str, at: str, words: str) -> Row:
    """Give up a delivery that was never sent: its VIDs are free again.

    The files of its folder stay, without the ``delivery.json`` that makes them a delivery.

    Raises
    ------
    ConfigurationError
        If it was sent, or a later delivery sends a label alone whose data file is in this one.
    """
    record = find_delivery(mission, delivery_id)
    _require(record, NEVER_SENT, "discarded")
    _refuse_needed(mission, record, "discarded")
    row = _move(mission, record, NEVER_SENT, DeliveryState.DISCARDED, at, words)
    mission.output.remove(delivery_json_key(record))
    return row | {"note": _tell_listing(mission, record)}


def acknowledge(mission: Mission, release_id: str, at: str, who: str, reason: str) -> Row:
    """Note that a release was reviewed, so that its deliveries may be sent.

    Raises
    ------
    ConfigurationError
        If there is no such release, or it needs no review.
    """
    releases = {release.release_id: release for release in mission.catalog.releases()}
    if release_id not in releases:
        raise ConfigurationError(
            f"there is no release {release_id!r}; there are {', '.join(releases) or 'none yet'}"
        )
    release = releases[release_id]
    if not release.requires_review:
        state = f"acknowledged already: {release.acknowledged}" if release.review else "in need of no review"
        raise ConfigurationError(f"release {release_id} is {state}")
    words = f"acknowledged by {who} on {at[:10]}: {reason}"
    mission.catalog.acknowledge_review(release_id, at, words)
    return {"release_id": release_id, "review": list(release.review), "acknowledged": words}


def rebuild_delivery(mission: Mission, delivery_id: str, destination: str) -> Row:
    """Make an earlier delivery again in another place and compare it with the first time.

    Raises
    ------
    ConfigurationError
        If there is no such delivery.
    PackageError
        If it never had a package, or the destination is where it stands.
    """
    record = find_delivery(mission, delivery_id)
    with open_site(SiteOptions(**mission.config.compute.model_dump() | {"dashboard": ""})) as executor:
        made = rebuild(
            executor,
            mission.output,
            mission.profile,
            record,
            mission.catalog.delivery_members(delivery_id),
            open_store(destination),
        )
    facts = {name: getattr(made, name) for name in ("identical", "members_identical", "is_right", "note")}
    return asdict(made) | facts


def _require(record: DeliveryRecord, states: tuple[DeliveryState, ...], new: str) -> None:
    if record.format == "adopted":
        raise ConfigurationError(
            f"{record.delivery_id} is an adopted bundle, which the archive holds: it cannot be {new}"
        )
    if record.state not in states:
        raise ConfigurationError(
            f"delivery {record.delivery_id} is {record.state}; it can be {new} only when it is {' or '.join(states)}; "
            f"{REMEDIES[record.state]}"
        )


def _require_review(mission: Mission, record: DeliveryRecord) -> None:
    for release in mission.catalog.releases():
        if release.release_id == record.release_id and release.requires_review:
            raise ConfigurationError(
                f"delivery {record.delivery_id} must not be sent: release {release.release_id} requires review (SIS 4.2): "
                f"{'; '.join(release.review)}; `delivery acknowledge {release.release_id}` when that is done"
            )


def _refuse_needed(mission: Mission, record: DeliveryRecord, new: str) -> None:
    """Refuse where another live delivery sends a label without the file that only this one holds."""
    catalog = mission.catalog
    for other in _others_in_flight(mission, record, LIVE):
        for lid, md5, _ in catalog.labels_alone(other.delivery_id):
            if not catalog.has_file(record.receiver, lid, md5, but=record.delivery_id):
                first = "discard" if other.state in NEVER_SENT else "reject"
                raise ConfigurationError(
                    f"delivery {record.delivery_id} cannot be {new} alone: {other.delivery_id} sends a new label of {lid} "
                    f"whose data file is in {record.delivery_id} only; {first} {other.delivery_id} first"
                )


def _others_in_flight(
    mission: Mission, record: DeliveryRecord, states: tuple[DeliveryState, ...]
) -> Iterator[DeliveryRecord]:
    """Yield the other deliveries of the bundle to the same receiver in these states."""
    for other in mission.catalog.deliveries():
        if (
            (other.receiver, other.bundle_lid) == (record.receiver, record.bundle_lid)
            and other.delivery_id != record.delivery_id
            and other.state in states
        ):
            yield other


def _tell_listing(mission: Mission, record: DeliveryRecord) -> str:
    """Name the deliveries in flight whose inventories list what the receiver will not get with this one."""
    holding = {one.delivery.delivery_id for one in mission.catalog.delivered_files(record.bundle_lid)}
    found = [
        other.delivery_id
        for other in _others_in_flight(mission, record, (*NEVER_SENT, DeliveryState.SENT))
        if other.delivery_id in holding and other.number > record.number
    ]
    if not found or not record.products:
        return ""
    return (
        f"the inventories in {', '.join(found)} may list products of {record.delivery_id}: the next run delivers them; the "
        "receiver's archive is complete only when it has that delivery, too"
    )


def _move(
    mission: Mission,
    record: DeliveryRecord,
    expected: tuple[DeliveryState, ...],
    new: DeliveryState,
    at: str,
    words: str,
) -> Row:
    mission.catalog.move_delivery(record.delivery_id, expected, new, at, words)
    return {"delivery_id": record.delivery_id, "state": str(new), "at": at, "words": words}
