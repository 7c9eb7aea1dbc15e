"""The whole pure line: received bytes to mended bytes, table, Parquet and label, in one function.

No storage, catalog, clock or Dask: the caller passes the bytes, the former version and the time of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from drf_reprocess.digests import digest_bytes
from drf_reprocess.drf.reader import Reading, read
from drf_reprocess.identifiers import FIRST_VID, Lid, Lidvid, Vid
from drf_reprocess.model import (
    Campaign,
    Candidate,
    Decision,
    Finding,
    FormerProduct,
    HistoryEntry,
    RepairOptions,
    StoredObject,
)
from drf_reprocess.pds4.digest import label_digest
from drf_reprocess.pds4.elements import Element
from drf_reprocess.pds4.facts import ProductFacts
from drf_reprocess.pds4.label import product_label
from drf_reprocess.pds4.parsing import parse_pds4
from drf_reprocess.profiles.model import Profile
from drf_reprocess.tables.coverage import coverage
from drf_reprocess.tables.parquet import to_parquet
from drf_reprocess.versions.history import describe_product, extend_history
from drf_reprocess.versions.rule import decide_version, is_forced, next_vid

ENGINE_REVISION = "1"
"""Raised whenever the same input would give other data, Parquet or labels than before: it makes products be reprocessed,
which a mere release of this software does not."""

SCHEMA_VERSION = "1"
"""Version of the Parquet files' columns and metadata."""


@dataclass(frozen=True, slots=True)
class LineOptions:
    """What decides a product's content and version beside the received bytes."""

    profile: Profile
    repair: RepairOptions
    run_time: str
    """ISO 8601 UTC, to the second."""
    campaign: Campaign = Campaign()  # noqa: RUF009 - frozen
    releases: tuple[tuple[Lid, int], ...] = ()
    """Number of the release that the run makes of each bundle."""

    def release_number(self, file_type: str) -> int:
        """Return the number of the release that products of a type go into, 0 if there is none."""
        bundle, _ = self.profile.placement[file_type]
        return dict(self.releases).get(bundle.lid, 0)


class NewLabel(NamedTuple):
    """A label as it is written."""

    facts: ProductFacts
    content: bytes
    root: Element
    """What a reader makes of the content: parsed once for all who look at it."""
    digest: str
    """As `pds4.digest.label_digest` gives it."""


@dataclass(frozen=True, slots=True)
class Reprocessed:
    """What the line makes of one received file. With ``refused`` set there is no product."""

    reading: Reading
    refused: Finding | None = None
    data: StoredObject | None = None
    decision: Decision | None = None
    """Against the version that is used up; SAME also if the one that stands, in no delivery yet, is what is wanted."""
    label: NewLabel | None = None
    kept_label: bool = False
    """Whether an adopted label stays that differs from ``label``, which would be written."""
    forced: bool = False
    """Whether the campaign, not the content, decided."""
    coverage: tuple[tuple[str, str], ...] = ()
    parquet: bytes = b""

    def product(self) -> tuple[StoredObject, NewLabel]:
        """Return data and label; ``ValueError`` if there is no product."""
        if self.data is None or self.label is None:
            raise ValueError("a file that is refused has no data and no label")
        return self.data, self.label


def reprocess(
    raw: bytes,
    received: StoredObject,
    candidate: Candidate,
    file_type_name: str,
    file_name: str,
    options: LineOptions,
    *,
    rulings: Sequence[str] = (),
) -> Reprocessed:
    """Read, mend, version and label one received file.

    Parameters
    ----------
    raw
        The received bytes, or those that a person put in their place.
    received
        Their digests.
    candidate
        Its product: LID and former versions.
    file_name
        Name of the data file in the archive: the received base name (SIS 5.1.1).
    rulings
        Decisions of persons on this file, in words for the history.

    Returns
    -------
    Reprocessed
        With ``refused`` set where the file cannot be archived; its code is the reason.
    """
    file_type = options.profile.types_by_name[file_type_name]
    reading = read(raw, file_type, options.repair)
    if reading.refused is not None:
        return Reprocessed(reading, refused=reading.refused)
    data = received if reading.data is raw else digest_bytes(reading.data)
    work = _Versioning(reading, data.md5, candidate, file_type_name, file_name, options, rulings)
    parquet = to_parquet(
        reading.table,
        lid=str(candidate.lid),
        source_md5=received.md5,
        data_md5=data.md5,
        schema_version=SCHEMA_VERSION,
    )
    return replace(
        work.decide(),
        data=data,
        coverage=coverage(reading.table, file_type.cadence, _masked(options.repair)),
        parquet=parquet,
    )


def _masked(repair: RepairOptions) -> list[tuple[str, str]]:
    return [(mask.start_time, mask.stop_time) for mask in repair.masks]


@dataclass(frozen=True, slots=True)
class _Versioning:
    """Decides the version of one product, and writes the label that it gets."""

    reading: Reading
    data_md5: str
    candidate: Candidate
    file_type: str
    file_name: str
    options: LineOptions
    rulings: Sequence[str]

    def decide(self) -> Reprocessed:
        """Label the product as a former version would be labelled now, decide, and label anew where that differs."""
        base, standing = self.candidate.base, self.candidate.standing
        campaign = self.options.campaign
        unversioned = self._facts()
        decision, former = Decision.NEW, ""
        if base is not None:
            label = self._label_as(unversioned, base)
            decision, former = decide_version(base, self.data_md5, label.digest, campaign), label.digest
            if decision is Decision.SAME and not (base.current or base.listed) and standing is None:
                # It had left the archive: its receivers took it away, so it comes back as a new version.
                decision = Decision.LABEL_ONLY
            if decision is Decision.SAME:
                kept = label.digest != base.label_digest
                return Reprocessed(self.reading, decision=decision, label=label, kept_label=kept)
        forced = base is not None and is_forced(base, campaign)
        vid = next_vid(base.vid if base else None, decision, campaign.bump if forced else "none")
        if standing is not None and standing.vid == vid and standing.data_md5 == self.data_md5:
            label = self._label_as(unversioned, standing)
            if label.digest == standing.label_digest:
                return Reprocessed(self.reading, decision=Decision.SAME, label=label)
        is_forced_alone = (
            forced and base is not None and decision is Decision.LABEL_ONLY and former == base.label_digest
        )
        label = self._label(self._as_new(unversioned, decision, base, vid))
        return Reprocessed(self.reading, decision=decision, label=label, forced=is_forced_alone)

    def _facts(self) -> ProductFacts:
        """All facts of the label but those that the version decides."""
        reading, options = self.reading, self.options
        if reading.layout is None or reading.day is None:
            raise ValueError("a reading that is not refused has a layout and a day")
        return ProductFacts(
            lidvid=Lidvid(self.candidate.lid, FIRST_VID),
            type=self.file_type,
            day=reading.day,
            start_time=reading.start_time,
            stop_time=reading.stop_time,
            history=(HistoryEntry(options.run_time[:10], FIRST_VID, ""),),
            publication_year=int(options.run_time[:4]),
            file_name=self.file_name,
            creation_time=options.run_time,
            file_bytes=len(reading.data),
            md5=self.data_md5,
            layout=reading.layout,
        )

    def _label_as(self, facts: ProductFacts, former: FormerProduct) -> NewLabel:
        """Label the product as a version that exists."""
        return self._label(
            replace(
                facts,
                lidvid=Lidvid(facts.lidvid.lid, former.vid),
                history=former.history or facts.history,
                creation_time=former.creation_time or facts.creation_time,
            )
        )

    def _label(self, facts: ProductFacts) -> NewLabel:
        content = product_label(facts, self.options.profile)
        root = parse_pds4(content)
        return NewLabel(facts, content, root, label_digest(root))

    def _as_new(
        self, facts: ProductFacts, decision: Decision, base: FormerProduct | None, vid: Vid
    ) -> ProductFacts:
        options = self.options
        words = describe_product(
            decision,
            base.vid if base else None,
            options.campaign.reason,
            self.reading.mends,
            options.release_number(self.file_type),
            self.rulings,
        )
        # The creation time is that of the run which first archived these bytes: a new label does not change it.
        kept = base.creation_time if base and decision is Decision.LABEL_ONLY else ""
        return replace(
            facts,
            lidvid=Lidvid(facts.lidvid.lid, vid),
            history=extend_history(base.history if base else (), options.run_time[:10], vid, words),
            creation_time=kept or options.run_time,
        )
