"""What lies beside a package for people and programs: the delivery note, and ``delivery.json``, written last."""

from __future__ import annotations

import json
from collections.abc import Iterator

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.digests import digest_bytes
from drf_reprocess.model import DeliveryRecord, DeliveryState, VerificationReport
from drf_reprocess.profiles.model import Profile
from drf_reprocess.stages.contents import MAX_LISTED, section
from drf_reprocess.stages.package import DELIVERIES, Delivery
from drf_reprocess.storage.base import Store

FILES_ELSEWHERE = "files_elsewhere"
"""Key of the data files that do not travel again with their new labels: the receiver has them."""


def write_note(output: Store, profile: Profile, delivery: Delivery, report: VerificationReport) -> None:
    """Write the delivery note for the archivist: coverage, what is new and why, repairs, checks made and not made."""
    text = "\n".join(_note(profile, delivery, report)) + "\n"
    output.write(delivery.record.note_key, text.encode("ascii", "replace"))


def settle_deliveries(catalog: Catalog, output: Store) -> None:
    """Settle what a run that was cut off left of its deliveries.

    One that was packed but not proved is forgotten, so that it is packed anew, under the same number; one that was
    proved gets the ``delivery.json`` that it lacks.
    """
    for record in catalog.deliveries():
        if record.state in (DeliveryState.PLANNED, DeliveryState.PACKED):
            output.remove_tree(f"{DELIVERIES}/{record.delivery_id}")
            catalog.forget_delivery(record.delivery_id)
        elif record.state is DeliveryState.VERIFIED and not output.exists(delivery_json_key(record)):
            write_delivery_json(catalog, output, record)


def write_delivery_json(catalog: Catalog, output: Store, record: DeliveryRecord) -> None:
    """Write names, sizes and SHA-256 of the delivery's files; a folder without this file is no delivery."""
    files = {}
    for key in (record.transfer_key, record.checksum_key, record.note_key):
        stored = digest_bytes(output.read(key))
        files[key.rpartition("/")[2]] = {"bytes": stored.bytes, "sha256": stored.sha256}
    files[record.package_key.rpartition("/")[2]] = {
        "bytes": record.package_bytes,
        "sha256": record.package_sha256,
    }
    document = {
        "delivery": record.delivery_id,
        "bundle": str(record.bundle_lid),
        "release": record.release_id,
        "receiver": record.receiver,
        "run_time": record.run_time,
        "products": record.products,
        "codec": record.codec,
        FILES_ELSEWHERE: sorted(path for _, _, path in catalog.labels_alone(record.delivery_id)),
        "files": dict(sorted(files.items())),
    }
    output.write(delivery_json_key(record), (json.dumps(document, indent=2) + "\n").encode())


def delivery_json_key(record: DeliveryRecord) -> str:
    """Return the key of the file that makes a folder a delivery."""
    return f"{DELIVERIES}/{record.delivery_id}/delivery.json"


def _note(profile: Profile, delivery: Delivery, report: VerificationReport) -> Iterator[str]:
    record = delivery.record
    package = record.package_key.rpartition("/")[2]
    yield f"Delivery {record.delivery_id} of {profile.mission}"
    yield ""
    yield f"Package    {package}"
    yield f"           {record.package_bytes} bytes, SHA-256 {record.package_sha256}"
    yield f"Bundle     {record.bundle_lid}"
    yield f"Release    {record.release_id}, for {record.receiver}"
    yield f"Coverage   {record.first_day} to {record.last_day} (days of the products in this package)"
    yield f"Prepared   {record.run_time}"
    yield f"Compressed {record.format}, {record.codec}"
    yield ""
    yield from delivery.contents
    yield from section("Checks", _checks(report))


def _checks(report: VerificationReport) -> Iterator[str]:
    yield (
        f"After writing, the package was opened again and all {report.members} members were read: both manifests in "
        f"both directions, MD5 and size of every file against manifest and label, {report.labels_checked} labels against "
        "their data, and every product against its collection's inventory."
    )
    yield f"Faults found: {len(report.entries)}."
    for entry in report.entries[:MAX_LISTED]:
        yield f"{entry.path}: {entry.verdict}: {entry.message}"
    for reason in report.not_checked:
        yield f"Not checked: {reason}"
