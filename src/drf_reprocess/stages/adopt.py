"""Adopt: read the labels and inventories of a bundle that stands in the archive already, whoever wrote it.

`survey` sees all labels, `adopt_versions.choose_versions` decides by the bundle label and the inventories which of them are
the archive's current versions, `take` turns those into rows. Labels are read by the workers, some hundred a task; nothing of
the bundle is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from drf_reprocess.compute.base import Executor, TaskEvent
from drf_reprocess.compute.suspects import run_all
from drf_reprocess.errors import ConfigurationError, ObjectNotFound
from drf_reprocess.model import SourceFile
from drf_reprocess.stages.adopt_labels import (
    AdoptContext,
    Sighted,
    Sighting,
    Taken,
    sight_labels,
    take_products,
)
from drf_reprocess.stages.adopt_versions import Survey

LABELS_PER_TASK = 250
LABEL_SUFFIXES = (".xml", ".lblx")

T = TypeVar("T")

SurveyEvent = TaskEvent[tuple[SourceFile, ...], Sighted]
TakeEvent = TaskEvent[tuple[Sighting, ...], Taken]


def survey(executor: Executor, context: AdoptContext, found: Survey) -> Iterator[SurveyEvent]:
    """Read the identity of every label below the bundle's root into ``found``; yield the event of each task.

    Raises
    ------
    ConfigurationError
        If there is no such place.
    """
    try:
        for event in run_all(
            executor, sight_labels, context, batches(_list_labels(context), LABELS_PER_TASK)
        ):
            seen = event.value()
            found.files += len(event.item)
            found.remarks += seen.remarks
            for sighting in seen.labels:
                found.labels[sighting.lidvid.lid].append(sighting)
            yield event
    except ObjectNotFound as error:
        raise ConfigurationError(f"there is no bundle at {context.bundle.root}: {error}") from error
    # Tasks end in any order; what is decided must not depend on it.
    for sightings in found.labels.values():
        sightings.sort(key=lambda one: (one.lidvid.vid, one.path))
    found.remarks.sort(key=lambda remark: remark.path)


def _list_labels(context: AdoptContext) -> Iterator[SourceFile]:
    return (file for file in context.bundle.list() if file.name.lower().endswith(LABEL_SUFFIXES))


def take(executor: Executor, context: AdoptContext, products: Sequence[Sighting]) -> Iterator[TakeEvent]:
    """Turn labels of basic products into rows and keep them in ``store/``; yield the event of each task."""
    for event in run_all(executor, take_products, context, batches(products, LABELS_PER_TASK)):
        event.value()
        yield event


def batches(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield the items in groups of ``size``, the last one shorter."""
    rest = iter(items)
    while group := tuple(islice(rest, size)):
        yield group
