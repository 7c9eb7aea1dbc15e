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
from pathlib import PurePosixPath

from drf_reprocess.compute.base import Executor, TaskEvent
from drf_reprocess.digests import digest_bytes
from drf_reprocess.drf import kernel
from drf_reprocess.errors import ConservationError, StorageError
from drf_reprocess.model import (
    Decision,
    Finding,
    Outcome,
    ProductRecord,
    Severity,
    SourceFile,
    SourceOutcome,
    SourceState,
    WorkItem,
)
from drf_reprocess.pds4.check import check_label
from drf_reprocess.pds4.schemas import schema_set
from drf_reprocess.profiles.model import Profile
from drf_reprocess.reprocess import LineOptions, Reprocessed, reprocess
from drf_reprocess.stages import reasons
from drf_reprocess.storage.base import Store, put_object
from drf_reprocess.tables.parquet import parquet_path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProcessContext:
    """What every task of the stage needs; it reaches each worker once."""

    line: LineOptions
    source: Store
    output: Store
    xml_catalog: str | None

    def warm_up(self) -> None:
        """Compile the parse kernel and the schemas of all labels to be written, once a process.

        Raises
        ------
        SchemaSetError
            If a schema that our labels name is not in the XML catalog: before any file is processed.
        """
        kernel.warm_up()
        if self.xml_catalog:
            schemas = schema_set(self.xml_catalog)
            for bundle in self.line.profile.bundles:
                schemas.prepare_model(bundle.model)


def process(
    executor: Executor, context: ProcessContext, partitions: Iterable[tuple[WorkItem, ...]]
) -> Iterator[tuple[TaskEvent[tuple[WorkItem, ...], tuple[Outcome, ...]], tuple[Outcome, ...]]]:
    """Run all partitions on the executor and yield each task's event with its outcomes, as they come.

    A file whose worker dies runs once more, alone, so that it never condemns its neighbours; if its worker dies again it
    is set aside. An error that is not one file's, such as a full disk, is raised.
    """
    suspects: list[WorkItem] = []
    for event in executor.run(process_partition, context, partitions):
        if event.worker_lost:
            logger.warning("%s: its %d files run once more, each alone", event.error, len(event.item))
            suspects.extend(event.item)
        else:
            yield event, event.value()
    alone: list[tuple[WorkItem, ...]] = [(item,) for item in suspects]
    for event in executor.run(process_partition, context, alone):
        if event.worker_lost:
            yield event, tuple(reasons.worker_died(item) for item in event.item)
        else:
            yield event, event.value()


def process_partition(context: ProcessContext, items: tuple[WorkItem, ...]) -> tuple[Outcome, ...]:
    """Process the items one after another; the task function of the stage.

    Raises
    ------
    StorageError
        If the output cannot be written. What cannot be read from the source is an outcome instead.
    """
    return tuple(_process_item(context, item) for item in items)


def _process_item(context: ProcessContext, item: WorkItem) -> Outcome:
    started = time.perf_counter()
    try:
        outcome = _choose_and_process(context, item)
    except (StorageError, ConservationError):
        raise
    except Exception as error:  # no input may end a run: it is set aside with the traceback, the rest goes on
        logger.exception("%s: the program failed on it", item.product_id)
        outcome = reasons.failed(
            item,
            "internal-error",
            f"the program failed: {type(error).__name__}: {error}; {traceback.format_exc(limit=-3)}",
            "report it with the file; it is tried again in the next run",
        )
    return replace(outcome, elapsed_s=time.perf_counter() - started)


def _choose_and_process(context: ProcessContext, item: WorkItem) -> Outcome:
    """Read all files received for the product; process the content that stands for it."""
    unread: list[SourceOutcome] = []
    by_content: dict[str, list[reasons.Received]] = {}
    for source in item.sources:
        received = _read_source(context, item, source)
        if isinstance(received, SourceOutcome):
            unread.append(received)
        else:
            by_content.setdefault(received.identity.sha256, []).append(received)
    read_bytes = sum(len(one.raw) for same in by_content.values() for one in same)
    standing = _choose(item, by_content)
    disputed = [same for same in by_content.values() if same is not standing]
    if not standing:
        outcome = Outcome(item.product_id, tuple(_conflicts(item, disputed, disputed)))
    else:
        first, *copies = standing
        outcome = _process_file(context, item, first)
        others = (
            *(reasons.identical_copy(item, copy, first.source) for copy in copies),
            *_conflicts(item, disputed, [standing]),
        )
        outcome = replace(outcome, sources=(*outcome.sources, *others))
    return replace(outcome, sources=(*outcome.sources, *unread), read_bytes=read_bytes)


def _read_source(
    context: ProcessContext, item: WorkItem, source: SourceFile
) -> reasons.Received | SourceOutcome:
    try:
        raw = context.source.read(source.name)
    except StorageError as error:
        return reasons.unreadable(item, source, error)
    if len(raw) != source.bytes:
        return reasons.changed_while_read(item, source, len(raw))
    return reasons.Received(source, raw, digest_bytes(raw))


def _choose(item: WorkItem, by_content: dict[str, list[reasons.Received]]) -> list[reasons.Received]:
    """Return the files whose content stands for the product: the archived content, else the only one, else none."""
    for same in by_content.values():
        if len(by_content) == 1 or (item.former and same[0].identity.md5 == item.former.source_md5):
            return same
    return []


def _conflicts(
    item: WorkItem, disputed: list[list[reasons.Received]], against: list[list[reasons.Received]]
) -> Iterator[SourceOutcome]:
    for same in disputed:
        other = next((rival[0].source for rival in against if rival is not same), None)
        for one in same:
            if other is not None:
                yield reasons.product_conflict(item, one, other)


def _process_file(context: ProcessContext, item: WorkItem, chosen: reasons.Received) -> Outcome:
    source, received = chosen.source, chosen.identity
    file_name = PurePosixPath(source.name).name
    done = reprocess(chosen.raw, received, item, file_name, context.line)
    refused = done.refused or _check(context, done)
    if refused is not None:
        refusal = reasons.set_aside(
            item,
            source,
            SourceState.QUARANTINED,
            refused.code,
            refused.message,
            refused.remedy,
            received,
            done.reading.findings,
        )
        return Outcome(item.product_id, (refusal,))
    state = SourceState.UNCHANGED if done.decision is Decision.SAME else SourceState.PROCESSED
    record = _store(context, item, chosen, done)
    good = SourceOutcome(
        source,
        state,
        received.md5,
        received.sha256,
        item.product_id,
        item.type,
        findings=done.reading.findings,
    )
    former = item.former.vid if item.former else None
    return Outcome(item.product_id, (good,), done.decision, record, former)


def _check(context: ProcessContext, done: Reprocessed) -> Finding | None:
    """Prove the new label right before anything is stored; the cells were proved when they were parsed."""
    if done.facts is None:
        raise ValueError("a file that is not refused has label facts")
    name = done.facts.file_name
    findings = check_label(
        done.label,
        lambda path: done.reading.data if path == name else None,
        context.line.profile.context.registered,
        values=False,
    )
    if context.xml_catalog:
        findings += schema_set(context.xml_catalog).check(done.label)
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
    facts, data = done.facts, done.data
    if facts is None or data is None:
        raise ValueError("a file that is not refused has label facts and data")
    put_object(context.output, chosen.raw, chosen.identity)
    if data is not chosen.identity:
        put_object(context.output, done.reading.data, data)
    label = put_object(context.output, done.label, digest_bytes(done.label))
    parquet = put_object(context.output, done.parquet, digest_bytes(done.parquet))
    folder = product_folder(context.line.profile, item.type, facts.day.year)
    stem = PurePosixPath(facts.file_name).stem
    return ProductRecord(
        lidvid=facts.lidvid,
        type=item.type,
        product_id=item.product_id,
        day=facts.day,
        start_time=facts.start_time,
        stop_time=facts.stop_time,
        records=facts.layout.records,
        source=chosen.source,
        source_object=chosen.identity,
        data=data,
        label=label,
        parquet=parquet,
        label_digest=done.label_digest,
        data_path=f"{folder}/{facts.file_name}",
        label_path=f"{folder}/{stem}.xml",
        parquet_path=parquet_path(item.type, facts.day, item.product_id),
        creation_time=facts.creation_time,
        history=facts.history,
        mends=done.reading.mends,
    )


def product_folder(profile: Profile, file_type: str, year: int) -> str:
    """Return the folder of a product below its bundle's folder."""
    _, collection = profile.placement[file_type]
    return collection.product_folder.format(year=year)
