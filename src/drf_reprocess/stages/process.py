"""Process: read, mend, parse, label and store products; the stage whose tasks run on the workers.

A task takes one partition of work items and answers with small outcomes; it writes immutable objects only, named by
their SHA-256, so that doing it twice does no harm. The driver commits each task's outcomes in one transaction.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import PurePosixPath
from typing import Any

from drf_reprocess import md5_lanes
from drf_reprocess.catalog.base import STAGED
from drf_reprocess.compute.base import Executor, TaskEvent
from drf_reprocess.compute.suspects import Verdict, run_surely
from drf_reprocess.digests import digest_bytes, digest_without_md5
from drf_reprocess.drf import kernel
from drf_reprocess.errors import ConservationError, StorageError
from drf_reprocess.identifiers import Lid, Vid
from drf_reprocess.model import (
    Candidate,
    Decision,
    Event,
    Finding,
    FormerProduct,
    Outcome,
    PackedMember,
    ProductRecord,
    Severity,
    SourceOutcome,
    SourceState,
    WorkItem,
)
from drf_reprocess.pds4.check import check_label
from drf_reprocess.pds4.differences import label_differences
from drf_reprocess.pds4.schemas import schema_set
from drf_reprocess.pds4.structure import structure_digest
from drf_reprocess.profiles.model import Profile
from drf_reprocess.reprocess import LineOptions, Reprocessed, reprocess
from drf_reprocess.stages import reasons
from drf_reprocess.stages.conservation import add_file, check_product
from drf_reprocess.stages.contend import contend, why_before
from drf_reprocess.stages.plan import REHASH
from drf_reprocess.stages.receive import FamilyFiles, read_ahead
from drf_reprocess.stages.segments import SegmentContext, SegmentWriter
from drf_reprocess.storage.base import Store, object_key, put_object
from drf_reprocess.tables.gate import hold_reasons
from drf_reprocess.tables.parquet import parquet_path
from drf_reprocess.versions.rulings import Rulings

logger = logging.getLogger(__name__)

LOSSES = ("records-lost", "coverage-lost")
"""Objections of the science gate to there being less than before."""


@dataclass(frozen=True, slots=True)
class ProcessContext:
    """What every task of the stage needs; it reaches each worker once."""

    line: LineOptions
    source: Store
    output: Store
    xml_catalog: str | None
    staging: bool = False
    """Whether products are made for later: their versions are provisional."""
    segments: SegmentContext | None = None
    """How their files are compressed for the packages of the run; None if it makes none."""

    def warm_up(self) -> None:
        """Compile the parse kernel and the schemas of all labels to be written, once a process.

        Raises
        ------
        SchemaSetError
            If a schema that our labels name is not in the XML catalog: before any file is processed.
        """
        kernel.warm_up()
        md5_lanes.warm_up()
        if self.xml_catalog:
            schemas = schema_set(self.xml_catalog)
            for bundle in self.line.profile.bundles:
                schemas.prepare_model(bundle.model)


def process(
    executor: Executor, context: ProcessContext, partitions: Iterable[tuple[WorkItem, ...]]
) -> Iterator[tuple[TaskEvent[tuple[WorkItem, ...], tuple[Outcome, ...]], tuple[Outcome, ...]]]:
    """Run all partitions on the executor and yield each task's event with its outcomes, as they come.

    Whatever had a worker that is lost runs again, each file alone, so that no file is condemned for its neighbours or for
    a worker that somebody killed; see `compute.suspects`. Such an event has no items and no outcomes, until a file is given
    up. An error that is not one file's, such as a full disk, is raised.
    """
    for judged in run_surely(executor, process_partition, context, partitions, one_by_one):
        event = judged.event
        if judged.verdict is Verdict.DONE:
            yield event, event.value()
        elif judged.verdict is Verdict.AGAIN:
            yield replace(event, item=()), ()
        else:
            losses = [str(loss.error) for loss in judged.losses]
            yield event, tuple(reasons.worker_lost(item, judged.verdict, losses) for item in event.item)


def one_by_one(items: tuple[WorkItem, ...]) -> Iterator[tuple[WorkItem, ...]]:
    """Yield each item as a task of its own."""
    return ((item,) for item in items)


def process_partition(context: ProcessContext, items: tuple[WorkItem, ...]) -> tuple[Outcome, ...]:
    """Process the items one after another; the task function of the stage.

    Raises
    ------
    StorageError
        If the output cannot be written. What cannot be read from the source is an outcome instead.
    CodecMissing
        If the codec of the packages is not here in the version that the driver has.
    """
    writer = SegmentWriter(context.segments) if context.segments else None
    outcomes = [_process_item(context, files, writer) for files in read_ahead(context.source, items)]
    if writer is not None:
        writer.write()
    return tuple(_leave_later(outcome) if context.staging else outcome for outcome in outcomes)


def _leave_later(outcome: Outcome) -> Outcome:
    """Let what is to leave the archive stay until the next release, which tells its collections of it.

    Until then its files are worked on in every run: what was in force when they were looked at is not recorded.
    """
    if not outcome.left:
        return outcome
    sources = tuple(replace(source, rulings="", covered_by="") for source in outcome.sources)
    events = tuple(event for event in outcome.events if event.kind != "left")
    return replace(outcome, sources=sources, left=(), events=events)


def _process_item(context: ProcessContext, files: FamilyFiles, writer: SegmentWriter | None) -> Outcome:
    started = time.perf_counter()
    item = files.item
    try:
        if files.error is not None:
            raise files.error
        outcome = _choose_and_process(context, files, writer)
    except (StorageError, ConservationError):
        raise
    except Exception as error:  # no input may end a run: it is set aside with the traceback, the rest goes on
        logger.exception("%s: the program failed on it", item.family)
        outcome = reasons.failed(
            item,
            "internal-error",
            f"the program failed: {type(error).__name__}: {error}; {traceback.format_exc(limit=-3)}",
            "report it with the file; it is tried again in the next run",
        )
    return replace(outcome, elapsed_s=time.perf_counter() - started)


def _choose_and_process(context: ProcessContext, files: FamilyFiles, writer: SegmentWriter | None) -> Outcome:
    """Make the product of the file that stands for the family's data."""
    item, received, unread = files.item, files.received, files.unread
    read_bytes = sum(len(one.raw) for one in received)
    if item.reason == REHASH and (unchanged := _prove_unchanged(item, received)) is not None:
        return replace(unchanged, read_bytes=read_bytes)
    if item.gives_way:
        return replace(_give_way(context, item, received, unread), read_bytes=read_bytes)
    rulings = Rulings(item.dispositions)
    contest = contend(item, received, context.line.profile, rulings)
    outcomes = [*unread, *contest.outcomes]
    made: Outcome | None = None
    winner: reasons.Received | None = None
    for contender in contest.ranked:
        if made is None or winner is None:
            tried = _process_file(context, item, contender.first, rulings, writer)
            outcomes += tried.sources
            if tried.product is not None:
                made, winner = tried, contender.first
            outcomes += [reasons.identical_copy(item, copy, contender.first) for copy in contender.copies]
        else:
            for one in contender.files:
                why = contest.chosen_by or why_before(winner, one, context.line.profile)
                outcomes.append(reasons.superseded(item, one, winner, why))
    _keep_originals(context, received, winner)
    if made is None or winner is None:
        return _without_product(item, received, outcomes, rulings, read_bytes)
    return replace(made, sources=tuple(outcomes), read_bytes=read_bytes, **_leavers(item, made, winner))


def _without_product(
    item: WorkItem,
    received: list[reasons.Received],
    outcomes: list[SourceOutcome],
    rulings: Rulings,
    read_bytes: int,
) -> Outcome:
    """None of the files makes a product: what is archived stands, unless a person excluded what it was made from."""
    excluded = {one.identity.md5 for one in received if rulings.exclude(one.identity.sha256)}
    left = tuple(
        candidate.lid
        for candidate in item.candidates
        if candidate.current is not None and candidate.current.source_md5 in excluded
    )
    return Outcome(
        item.family,
        tuple(outcomes),
        expected=_expected(item),
        left=left,
        events=_tell_leaving(left, "by decision of a person, nothing"),
        read_bytes=read_bytes,
    )


def _give_way(
    context: ProcessContext,
    item: WorkItem,
    received: list[reasons.Received],
    unread: list[SourceOutcome],
) -> Outcome:
    """A wider file stands for these days alone: the originals are kept, and what stood in the archive leaves it."""
    _keep_originals(context, received, None)
    left = tuple(candidate.lid for candidate in item.candidates if candidate.current is not None)
    return Outcome(
        item.family,
        (*unread, *(reasons.covered_twice(item, one) for one in received)),
        expected=_expected(item),
        left=left,
        events=_tell_leaving(left, item.covered_by),
    )


def _leavers(item: WorkItem, made: Outcome, winner: reasons.Received) -> dict[str, Any]:
    """Tell which other products of the family leave the archive, and from which versions all this was decided."""
    others = [candidate for candidate in item.candidates if candidate is not winner.candidate]
    left = () if made.pending else tuple(other.lid for other in others if other.current is not None)
    told = _tell_leaving(left, winner.source.name)
    return {"left": left, "expected": _expected(item), "events": (*made.events, *told)}


def _tell_leaving(left: tuple[Lid, ...], stands: str) -> tuple[Event, ...]:
    return tuple(
        Event(
            "left",
            f"{lid} leaves the archive: {stands} stands for the same data",
            product_id=lid.last,
            lid=str(lid),
        )
        for lid in left
    )


def _expected(item: WorkItem) -> tuple[tuple[Lid, Vid | None, Vid | None], ...]:
    """Return the versions that the outcome is decided from."""
    return tuple(
        (
            candidate.lid,
            candidate.base.vid if candidate.base else None,
            candidate.current.vid if candidate.current else None,
        )
        for candidate in item.candidates
    )


def _prove_unchanged(item: WorkItem, received: list[reasons.Received]) -> Outcome | None:
    """Answer at once where the only file of a family still has the bytes that the archive was made from."""
    if len(received) != 1 or len(item.sources) != 1:
        return None
    (one,) = received
    current = one.candidate.current
    if current is None or current.source_md5 != one.identity.md5:
        return None
    same = reasons.tell(
        item, one.source, one.candidate.product_id, SourceState.UNCHANGED, identity=one.identity
    )
    return Outcome(item.family, (same,))


def _keep_originals(
    context: ProcessContext, received: list[reasons.Received], winner: reasons.Received | None
) -> None:
    """Keep what other files of the family brought: nothing that was received for a product is ever lost."""
    if len(received) > 1 or winner is None:
        for one in received:
            if winner is None or one.identity.sha256 != winner.identity.sha256:
                put_object(context.output, one.raw, one.identity)


def _process_file(
    context: ProcessContext,
    item: WorkItem,
    chosen: reasons.Received,
    rulings: Rulings,
    writer: SegmentWriter | None,
) -> Outcome:
    done = _reprocess(context, item, chosen, rulings)
    refused = done.refused or _check(context, done)
    findings = done.reading.findings
    if item.covered_by:
        findings = (*findings, _covered(item))
    if refused is not None:
        refusal = reasons.set_aside(
            item, chosen, SourceState.QUARANTINED, refused.code, refused.message, refused.remedy, findings
        )
        return Outcome(item.family, (refusal,))
    record = _store(context, item, chosen, done)
    objections = _object(context, item, chosen, done, rulings)
    told = _tell_decision(record, done)
    if objections:
        held = reasons.held(item, chosen, findings, objections)
        return Outcome(item.family, (held,), done.decision, record, pending="held", events=told)
    is_same = done.decision is Decision.SAME
    staged = context.staging and not is_same
    good = reasons.tell(
        item,
        chosen.source,
        chosen.candidate.product_id,
        SourceState.UNCHANGED if is_same else SourceState.PROCESSED,
        STAGED if staged else "",
        "its product waits for the next release" if staged else "",
        "none needed" if staged else "",
        chosen.identity,
        findings,
    )
    return Outcome(
        item.family,
        (good,),
        done.decision,
        record,
        pending="staged" if staged else "",
        events=() if is_same else told,
        differences=_differences(context, chosen.candidate, done),
        packed=() if is_same or writer is None else _pack(context, writer, record, done),
    )


def _reprocess(
    context: ProcessContext, item: WorkItem, chosen: reasons.Received, rulings: Rulings
) -> Reprocessed:
    """Take a file, or what a person put in its place, through the line, and see that nothing of it is lost."""
    sha256 = chosen.identity.sha256
    replacement = rulings.replacement(sha256)
    raw, identity = chosen.raw, chosen.identity
    if replacement is not None and replacement.replacement is not None:
        identity = replacement.replacement
        raw = context.output.read(object_key(identity.sha256))
    done: Reprocessed | None = None
    try:
        done = reprocess(
            raw,
            identity,
            chosen.candidate,
            item.type,
            PurePosixPath(chosen.source.name).name,
            replace(context.line, repair=rulings.repair(sha256, context.line.repair)),
            rulings=rulings.words(sha256),
        )
        check_product(raw, identity, done, replaced=replacement is not None)
    except ConservationError as violation:
        add_file(violation, item, chosen, done)
        raise
    return done


def _pack(
    context: ProcessContext, writer: SegmentWriter, record: ProductRecord, done: Reprocessed
) -> tuple[PackedMember, ...]:
    """Compress the files of a new version for the package that will hold it, while their bytes are at hand."""
    _, label = done.product()
    members = [
        (record.data_path, done.reading.data, record.data),
        (record.label_path, label.content, record.label),
    ]
    # A receiver that has the data file may get the label without it.
    if done.decision is Decision.LABEL_ONLY and context.line.profile.package.label_only == "label":
        del members[0]
    # In the order of the package: so it is joined from few long ranges.
    members.sort(key=itemgetter(0))
    return tuple(writer.add(path, data, stored.sha256) for path, data, stored in members)


def _covered(item: WorkItem) -> Finding:
    return Finding(
        "covered-twice",
        Severity.INFO,
        f"the days of its name are also covered by {item.covered_by}; by the profile's precedence both stand",
        "none needed; precedence.covered_twice of the profile decides this",
    )


def _object(
    context: ProcessContext,
    item: WorkItem,
    chosen: reasons.Received,
    done: Reprocessed,
    rulings: Rulings,
) -> tuple[Finding, ...]:
    """Compare changed data with what stands in the archive: the science gate, unless a person accepted it."""
    gate = context.line.profile.gate
    former = chosen.candidate.current or next(
        (candidate.current for candidate in item.candidates if candidate.current is not None), None
    )
    if not gate.enabled or former is None or former.parquet is None or done.data is None:
        return ()
    if former.data_md5 == done.data.md5:
        return ()
    found = hold_reasons(
        context.output.read(object_key(former.parquet.sha256)),
        former.coverage,
        done.parquet,
        done.coverage,
        gate,
    )
    repair = rulings.repair(chosen.identity.sha256, context.line.repair)
    if repair.masks or repair.drop_damaged:
        # What a person left out is no loss that a person has to look at.
        found = tuple(finding for finding in found if finding.code not in LOSSES)
    codes = ["science-gate", *(finding.code for finding in found)]
    return () if found and rulings.accepted(chosen.identity.sha256, codes) else found


def _differences(context: ProcessContext, candidate: Candidate, done: Reprocessed) -> tuple[str, ...]:
    """Tell in what an adopted label that stays differs from the one that would be written."""
    if not done.kept_label or candidate.base is None or candidate.base.label is None:
        return ()
    adopted = context.output.read(object_key(candidate.base.label.sha256))
    _, label = done.product()
    return label_differences(adopted, label.content)


def _tell_decision(record: ProductRecord, done: Reprocessed) -> tuple[Event, ...]:
    words = record.history[0].description if record.history else ""
    return (
        Event(
            "decided",
            f"{record.lidvid.vid}: {done.decision}: {words}",
            product_id=record.product_id,
            lid=str(record.lidvid.lid),
            source=record.source.uri,
        ),
    )


def _check(context: ProcessContext, done: Reprocessed) -> Finding | None:
    """Prove the new label right before anything is stored; the cells were proved when they were parsed."""
    data, label = done.product()
    findings = check_label(
        label.root,
        lambda path: done.reading.data if path == label.facts.file_name else None,
        context.line.profile.context.registered,
        values=False,
        md5_of=lambda _, __: data.md5,
    )
    if context.xml_catalog:
        findings += schema_set(context.xml_catalog).check(label.root)
    wrong = next((finding for finding in findings if finding.severity is Severity.ERROR), None)
    if wrong is None:
        return None
    return Finding(
        "label-invalid",
        Severity.ERROR,
        f"its label would be invalid: {wrong.code}: {wrong.message}",
        "the profile or the program is at fault, not the file: mend the profile or report it",
    )


def _store(
    context: ProcessContext, item: WorkItem, chosen: reasons.Received, done: Reprocessed
) -> ProductRecord:
    """Write what is new as immutable objects and return the product's catalog row."""
    data, new = done.product()
    facts = new.facts
    put_object(context.output, chosen.raw, chosen.identity)
    if data.sha256 != chosen.identity.sha256:
        put_object(context.output, done.reading.data, data)
    former = _version_that_stays(chosen.candidate, done)
    if former is not None and former.label is not None:
        label, digest = former.label, former.label_digest
    else:
        label, digest = put_object(context.output, new.content, digest_bytes(new.content)), new.digest
    parquet = put_object(context.output, done.parquet, digest_without_md5(done.parquet))
    folder = product_folder(context.line.profile, item.type, facts.day.year)
    stem = PurePosixPath(facts.file_name).stem
    return ProductRecord(
        lidvid=facts.lidvid,
        type=item.type,
        product_id=chosen.candidate.product_id,
        day=facts.day,
        start_time=facts.start_time,
        stop_time=facts.stop_time,
        records=facts.layout.records,
        source=chosen.source,
        source_object=chosen.identity,
        data=data,
        label=label,
        parquet=parquet,
        label_digest=digest,
        data_path=f"{folder}/{facts.file_name}",
        label_path=f"{folder}/{stem}.xml",
        parquet_path=parquet_path(item.type, facts.day, chosen.candidate.product_id),
        creation_time=facts.creation_time,
        history=facts.history,
        mends=done.reading.mends,
        family=item.family,
        structure=structure_digest(new.root),
        coverage=done.coverage,
        campaign=context.line.campaign.name,
    )


def _version_that_stays(candidate: Candidate, done: Reprocessed) -> FormerProduct | None:
    if done.decision is not Decision.SAME or done.label is None:
        return None
    versions, vid = (candidate.standing, candidate.base), done.label.facts.lidvid.vid
    return next((one for one in versions if one and one.vid == vid), None)


def product_folder(profile: Profile, file_type: str, year: int) -> str:
    """Return the folder of a product below its bundle's folder."""
    _, collection = profile.placement[file_type]
    return collection.product_folder.format(year=year)
