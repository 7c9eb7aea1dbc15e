"""The whole pure line: received bytes to mended bytes, table, Parquet and label, in one function.

No storage, catalog, clock or Dask: the caller passes the bytes, the former version and the time of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drf_reprocess.digests import digest_bytes
from drf_reprocess.drf.reader import Reading, read
from drf_reprocess.identifiers import Lidvid
from drf_reprocess.model import (
    Decision,
    Finding,
    FormerProduct,
    HistoryEntry,
    RepairOptions,
    StoredObject,
    WorkItem,
)
from drf_reprocess.pds4.digest import label_digest
from drf_reprocess.pds4.facts import ProductFacts
from drf_reprocess.pds4.label import product_label
from drf_reprocess.profiles.model import Profile
from drf_reprocess.tables.parquet import to_parquet
from drf_reprocess.versions.history import describe_product, extend_history
from drf_reprocess.versions.rule import decide_version, next_vid

ENGINE_REVISION = "1"
"""Raised whenever the same input would give other data, Parquet or labels than before: it makes products be reprocessed,
which a mere release of this software does not."""

SCHEMA_VERSION = "1"
"""Version of the Parquet files' columns and metadata."""


@dataclass(frozen=True, slots=True)
class LineOptions:
    """What decides a product's content beside the received bytes."""

    profile: Profile
    repair: RepairOptions
    run_time: str
    """ISO 8601 UTC, to the second."""
    reason: str = ""
    """Of the run, for the history."""


@dataclass(frozen=True, slots=True)
class Reprocessed:
    """What the line makes of one received file. With ``refused`` set there is no product."""

    reading: Reading
    refused: Finding | None = None
    data: StoredObject | None = None
    decision: Decision | None = None
    facts: ProductFacts | None = None
    label: bytes = b""
    label_digest: str = ""
    parquet: bytes = b""


def reprocess(
    raw: bytes, received: StoredObject, item: WorkItem, file_name: str, options: LineOptions
) -> Reprocessed:
    """Read, mend, version and label one received file.

    Parameters
    ----------
    raw
        The received bytes.
    received
        Their digests.
    item
        What is planned for the product: its type, LID and former version.
    file_name
        Name of the data file in the archive: the received base name (SIS 5.1.1).

    Returns
    -------
    Reprocessed
        With ``refused`` set where the file cannot be archived; its code is the reason.
    """
    file_type = options.profile.types_by_name[item.type]
    reading = read(raw, file_type, options.repair)
    if reading.refused is not None:
        return Reprocessed(reading, refused=reading.refused)
    data = received if reading.data is raw else digest_bytes(reading.data)
    decision, facts, label = _version_and_label(reading, data.md5, item, file_name, options)
    parquet = to_parquet(
        reading.table,
        lid=str(item.lid),
        source_md5=received.md5,
        data_md5=data.md5,
        schema_version=SCHEMA_VERSION,
    )
    return Reprocessed(reading, None, data, decision, facts, label, label_digest(label), parquet)


def _version_and_label(
    reading: Reading, data_md5: str, item: WorkItem, file_name: str, options: LineOptions
) -> tuple[Decision, ProductFacts, bytes]:
    """Label the product as its former version would be labelled now, decide, and label anew where that differs."""
    former = item.former
    unversioned = _facts(reading, data_md5, item, file_name, options)
    if former is None or former.data_md5 != data_md5:
        decision = decide_version(former, data_md5, "")
    else:
        kept = _as_former(unversioned, former)
        label = product_label(kept, options.profile)
        decision = decide_version(former, data_md5, label_digest(label))
        if decision is Decision.SAME:
            return decision, kept, label
    facts = _as_new(unversioned, decision, former, reading, options)
    return decision, facts, product_label(facts, options.profile)


def _facts(
    reading: Reading, data_md5: str, item: WorkItem, file_name: str, options: LineOptions
) -> ProductFacts:
    """All facts of the label but those that the version decides."""
    if reading.layout is None or reading.day is None:
        raise ValueError("a reading that is not refused has a layout and a day")
    vid = next_vid(None, Decision.NEW)
    return ProductFacts(
        lidvid=Lidvid(item.lid, vid),
        type=item.type,
        day=reading.day,
        start_time=reading.start_time,
        stop_time=reading.stop_time,
        history=(HistoryEntry(options.run_time[:10], vid, ""),),
        publication_year=int(options.run_time[:4]),
        file_name=file_name,
        creation_time=options.run_time,
        file_bytes=len(reading.data),
        md5=data_md5,
        layout=reading.layout,
    )


def _as_former(facts: ProductFacts, former: FormerProduct) -> ProductFacts:
    return replace(
        facts,
        lidvid=Lidvid(facts.lidvid.lid, former.vid),
        history=former.history,
        creation_time=former.creation_time,
    )


def _as_new(
    facts: ProductFacts,
    decision: Decision,
    former: FormerProduct | None,
    reading: Reading,
    options: LineOptions,
) -> ProductFacts:
    former_vid = former.vid if former else None
    vid = next_vid(former_vid, decision)
    words = describe_product(decision, former_vid, options.reason, reading.mends)
    # The creation time is that of the run which first archived these bytes: a new label does not change it.
    creation_time = former.creation_time if former and decision is Decision.LABEL_ONLY else options.run_time
    return replace(
        facts,
        lidvid=Lidvid(facts.lidvid.lid, vid),
        history=extend_history(former.history if former else (), options.run_time[:10], vid, words),
        creation_time=creation_time,
    )
