"""Parquet files made again from the originals in ``store/``, through the normal line, and held against their rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.suspects import run_all
from drf_reprocess.digests import digest_without_md5
from drf_reprocess.drf import kernel
from drf_reprocess.errors import ObjectNotFound
from drf_reprocess.model import Candidate, Disposition, ProductRecord, StoredObject
from drf_reprocess.profiles.model import Profile
from drf_reprocess.reprocess import LineOptions, Reprocessed, reprocess
from drf_reprocess.storage.base import Store, object_key, put_object
from drf_reprocess.versions.rulings import Rulings

TASK_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True)
class ParquetItem:
    """A version of a product whose Parquet file is to be made again."""

    lidvid: str
    product: Candidate
    type: str
    file_name: str
    original: StoredObject
    data: StoredObject
    parquet: StoredObject
    excuse: str
    """Why it may come out otherwise than the row says; empty: it may not."""
    dispositions: tuple[Disposition, ...] = ()


@dataclass(frozen=True, slots=True)
class ParquetContext:
    """What every task needs."""

    line: LineOptions
    output: Store

    def warm_up(self) -> None:
        """Compile the parse kernel."""
        kernel.warm_up()


@dataclass(frozen=True, slots=True)
class RemadeParquet:
    """What became of one Parquet file."""

    item: ParquetItem
    fault: str = ""
    """Why it is not there again; empty: it is, with the SHA-256 of its row."""


def parquet_items(
    catalog: Catalog, profile: Profile, fingerprints: Mapping[str, str]
) -> Iterator[ParquetItem]:
    """Yield every version that has a Parquet file, each file once; first those that stand in the archive, then others.

    ``fingerprints`` are those of today, by type: what was made under others may come out otherwise.
    """
    ruled = catalog.ruled_families()
    seen: set[bytes] = set()
    for record, excuse in _records(catalog, profile, fingerprints):
        digest = bytes.fromhex(record.parquet.sha256)
        # An adopted product whose file was never received has neither.
        if digest in seen or not record.source_object.sha256:
            continue
        seen.add(digest)
        dispositions = ruled.get(record.family, ())
        if dispositions and not excuse:
            excuse = "persons decided about it, perhaps since"
        yield ParquetItem(
            str(record.lidvid),
            Candidate(record.product_id, record.lidvid.lid, ()),
            record.type,
            PurePosixPath(record.data_path).name,
            record.source_object,
            record.data,
            record.parquet,
            excuse,
            dispositions,
        )


def _records(
    catalog: Catalog, profile: Profile, fingerprints: Mapping[str, str]
) -> Iterator[tuple[ProductRecord, str]]:
    for row in catalog.products():
        known = catalog.known_source(row.record.source.uri)
        same = known is not None and known.fingerprint == fingerprints.get(row.record.type)
        yield row.record, "" if same else "it was made by another engine, profile or policy"
    for waiting in catalog.pending():
        yield waiting.record, "it waits for a release or a person"
    for bundle in profile.bundles:
        for collection in bundle.collections:
            for row in catalog.collection_versions(collection.lid):
                yield row.record, "it is an earlier version"


def remake_parquet(
    executor: Executor, context: ParquetContext, items: Iterable[ParquetItem]
) -> Iterator[tuple[RemadeParquet, ...]]:
    """Make Parquet files again on the workers, and yield what became of them, a task at a time."""
    for event in run_all(executor, remake_partition, context, _partitions(items)):
        yield event.value()


def _partitions(items: Iterable[ParquetItem]) -> Iterator[tuple[ParquetItem, ...]]:
    batch: list[ParquetItem] = []
    size = 0
    for item in items:
        if batch and size + item.original.bytes > TASK_BYTES:
            yield tuple(batch)
            batch, size = [], 0
        batch.append(item)
        size += item.original.bytes
    if batch:
        yield tuple(batch)


def remake_partition(context: ParquetContext, items: tuple[ParquetItem, ...]) -> tuple[RemadeParquet, ...]:
    """Make Parquet files again, one after another; the task function."""
    return tuple(RemadeParquet(item, _remake(context, item)) for item in items)


def _remake(context: ParquetContext, item: ParquetItem) -> str:
    """Make one file again and store it; return in what it is not what its row says, empty if it is."""
    try:
        done = _reprocess(context, item)
    except ObjectNotFound as error:
        return str(error)
    if done.refused is not None:
        return f"its original makes no product: {done.refused.code}: {done.refused.message}"
    if done.data is None or done.data.sha256 != item.data.sha256:
        return (
            f"its data have SHA-256 {done.data.sha256 if done.data else 'none'}, expected {item.data.sha256}"
        )
    made = digest_without_md5(done.parquet)
    if made.sha256 != item.parquet.sha256:
        return f"its Parquet file has SHA-256 {made.sha256}, expected {item.parquet.sha256}"
    put_object(context.output, done.parquet, made)
    return ""


def _reprocess(context: ParquetContext, item: ParquetItem) -> Reprocessed:
    rulings = Rulings(item.dispositions)
    sha256 = item.original.sha256
    replaced = rulings.replacement(sha256)
    identity = replaced.replacement if replaced and replaced.replacement else item.original
    raw = context.output.read(object_key(identity.sha256))
    line = replace(context.line, repair=rulings.repair(sha256, context.line.repair))
    return reprocess(raw, identity, item.product, item.type, item.file_name, line)


def parquet_objects(catalog: Catalog, profile: Profile) -> Collection[str]:
    """Return the SHA-256 of every Parquet file that a row names."""
    return {record.parquet.sha256 for record, _ in _records(catalog, profile, {}) if record.parquet.sha256}
