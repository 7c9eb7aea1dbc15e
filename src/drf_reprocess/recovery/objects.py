"""The objects of ``store/`` against the rows that name them, and the labels among them against their rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.catalog.noting import JOURNALED
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.suspects import run_all
from drf_reprocess.errors import ObjectNotFound, UnreadableLabel
from drf_reprocess.journal import mentioned
from drf_reprocess.model import StoredObject
from drf_reprocess.pds4.read import read_label
from drf_reprocess.recovery.books import row_name
from drf_reprocess.recovery.difference import Difference, Findings
from drf_reprocess.stages.package import hash_object
from drf_reprocess.storage.base import STORE, Store, object_key

SHA256 = re.compile("[0-9a-f]{64}")

BATCH_FILES = 500
BATCH_BYTES = 64 * 2**20

LABELS_PER_TASK = 200

PUT_BACK = "put it back from a copy of the output"
REMAKE = f"{PUT_BACK}; a Parquet file is also made again by `drill DEST`, in DEST/{STORE}"
UNWANTED = "if a run was cut off, `run` again removes it at its end; else it may be removed: nothing needs it"


def _object_columns() -> dict[str, tuple[str, ...]]:
    """Return, by table, the prefixes of the columns that name an object: those with size and both digests."""
    found = {}
    for table in JOURNALED:
        names = set(table.columns.keys())
        found[table.name] = tuple(
            name.removesuffix("sha256")
            for name in (column.name for column in table.columns)
            if name.endswith("sha256")
            and {name.replace("sha256", "md5"), name.replace("sha256", "bytes")} <= names
        )
    return found


OBJECT_COLUMNS = _object_columns()


@dataclass(slots=True)
class StoreFigures:
    """How ``store/`` is made up."""

    objects: int = 0
    bytes: int = 0
    orphans: int = 0
    """Objects that no row names, nor ever named."""
    orphan_bytes: int = 0
    kept: int = 0
    """Objects that a row named once: earlier content, kept on purpose."""
    kept_bytes: int = 0


def _named_sizes(catalog: Catalog) -> dict[bytes, int]:
    """Return the size of every object that a row names, by SHA-256."""
    sizes: dict[bytes, int] = {}
    for _, _, sha256, size in _named(catalog):
        sizes.setdefault(bytes.fromhex(sha256), size)
    return sizes


def _named(catalog: Catalog) -> Iterator[tuple[str, str, str, int]]:
    """Yield row, column, SHA-256 and size of every object that a row names."""
    for relation, row in catalog.content():
        for prefix in OBJECT_COLUMNS[relation]:
            sha256 = row[f"{prefix}sha256"]
            # Of a file that was never here (an adopted label tells of it) there is no SHA-256.
            if SHA256.fullmatch(sha256):
                yield relation, row_name(relation, row), sha256, row[f"{prefix}bytes"]


def compare_objects(
    catalog: Catalog, output: Store, findings: Findings, executor: Executor | None = None
) -> StoreFigures:
    """Hold ``store/`` against the rows; with an executor each object's bytes are read, too, and hashed on its workers."""
    with findings.step("rows") as step:
        sizes = _named_sizes(catalog)
        step.files = len(sizes)
    named = len(sizes), sum(sizes.values())
    comparison = _Comparison(output, sizes)
    with findings.step("hash" if executor else "objects", *named) as step:
        if executor is None:
            for file in comparison.sound():
                findings.advance(step, 1, file.bytes)
        else:
            for event in run_all(executor, hash_objects, output, _batches(comparison.sound())):
                for sha256, got in event.value():
                    comparison.wrong[bytes.fromhex(sha256)] = f"SHA-256 {got}"
                findings.advance(step, len(event.item), sum(one.bytes for one in event.item))
    comparison.wrong |= dict.fromkeys(comparison.missing, "no such object")
    findings.add(comparison.strange)
    findings.add(_tell_wrong(catalog, comparison.wrong))
    return _tell_orphans(catalog, output, findings, comparison)


@dataclass(slots=True)
class _Comparison:
    """Lists ``store/`` once; what is seen goes from ``missing``."""

    output: Store
    missing: dict[bytes, int]
    wrong: dict[bytes, str] = field(default_factory=dict)
    strange: list[Difference] = field(default_factory=list)
    unnamed: dict[str, int] = field(default_factory=dict)
    figures: StoreFigures = field(default_factory=StoreFigures)

    def sound(self) -> Iterator[StoredObject]:
        """Yield the objects that rows name and that have the right size."""
        for file in self.output.list(STORE):
            name = file.name.rpartition("/")[2]
            self.figures.objects += 1
            self.figures.bytes += file.bytes
            if not SHA256.fullmatch(name) or file.name != object_key(name):
                what = "only objects, named by their SHA-256"
                self.strange.append(Difference("object", file.name, what, "another file", "move it away"))
                continue
            digest = bytes.fromhex(name)
            size = self.missing.pop(digest, None)
            if size is None:
                self.unnamed[name] = file.bytes
            elif size != file.bytes:
                self.wrong[digest] = f"{file.bytes} bytes"
            else:
                yield StoredObject(name, "", file.bytes)


def _tell_wrong(catalog: Catalog, wrong: dict[bytes, str]) -> Iterator[Difference]:
    """Yield what is wrong with objects, each with the first row that names it."""
    left = dict(wrong)
    if not left:
        return
    for relation, row, sha256, size in _named(catalog):
        got = left.pop(bytes.fromhex(sha256), None)
        if got is not None:
            remedy = REMAKE if relation in ("products", "pending") else PUT_BACK
            yield Difference(
                "object", object_key(sha256), f"{size} bytes of that SHA-256, for {row}", got, remedy
            )
        if not left:
            return


def _tell_orphans(
    catalog: Catalog, output: Store, findings: Findings, comparison: _Comparison
) -> StoreFigures:
    """Tell apart what no row ever named and what is kept though its row is gone."""
    figures, unnamed = comparison.figures, comparison.unnamed
    kept = _ever_named(catalog, output, unnamed.keys()) if unnamed else set()
    for name, size in sorted(unnamed.items()):
        if name in kept:
            figures.kept += 1
            figures.kept_bytes += size
        else:
            figures.orphans += 1
            figures.orphan_bytes += size
            findings.add(
                [
                    Difference(
                        "orphan", object_key(name), "a row that names it", f"none; {size} bytes", UNWANTED
                    )
                ]
            )
    return figures


def _ever_named(catalog: Catalog, output: Store, names: Collection[str]) -> set[str]:
    found = mentioned(output, names)
    for change in catalog.changes():
        found.update(value for value in change.row.values() if isinstance(value, str) and value in names)
    return found


def _batches(objects: Iterable[StoredObject]) -> Iterator[tuple[StoredObject, ...]]:
    batch: list[StoredObject] = []
    size = 0
    for one in objects:
        if batch and (len(batch) >= BATCH_FILES or size + one.bytes > BATCH_BYTES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(one)
        size += one.bytes
    if batch:
        yield tuple(batch)


def hash_objects(output: Store, objects: tuple[StoredObject, ...]) -> tuple[tuple[str, str], ...]:
    """Return the names of those objects whose bytes have another SHA-256, each with that; a task function."""
    wrong = []
    for one in objects:
        try:
            got = hash_object(output, object_key(one.sha256))
        except ObjectNotFound:
            got = "none: it is gone"
        if got != one.sha256:
            wrong.append((one.sha256, got))
    return tuple(wrong)


@dataclass(frozen=True, slots=True)
class LabelClaim:
    """What a row says of a label."""

    lidvid: str
    label: StoredObject
    file_md5: str
    """MD5 of the file that it describes; empty if that is not known."""


def label_claims(catalog: Catalog) -> Iterator[LabelClaim]:
    """Yield what the rows of current products, collections and bundles say of their labels."""
    for row in catalog.products():
        yield LabelClaim(str(row.record.lidvid), row.record.label, row.record.data.md5)
    for record in catalog.current_aggregates().values():
        yield LabelClaim(str(record.lidvid), record.label, record.companion.md5)


def prove_labels(catalog: Catalog, output: Store, findings: Findings, executor: Executor) -> None:
    """Read the label of each current product, collection and bundle, and hold it against its row."""
    labels = sum(catalog.count_products().values()) + len(catalog.current_aggregates())
    with findings.step("labels", labels) as step:
        for event in run_all(executor, read_labels, output, _grouped(label_claims(catalog))):
            findings.add(event.value())
            findings.advance(step, len(event.item), sum(claim.label.bytes for claim in event.item))


def _grouped(claims: Iterable[LabelClaim]) -> Iterator[tuple[LabelClaim, ...]]:
    group: list[LabelClaim] = []
    for claim in claims:
        group.append(claim)
        if len(group) == LABELS_PER_TASK:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def read_labels(output: Store, claims: tuple[LabelClaim, ...]) -> tuple[Difference, ...]:
    """Return in what labels are not what their rows say; a task function. One that is not there is told elsewhere."""
    return tuple(difference for claim in claims for difference in _read_label(output, claim))


def _read_label(output: Store, claim: LabelClaim) -> Iterator[Difference]:
    key = object_key(claim.label.sha256)
    try:
        found = read_label(output.read(key))
    except ObjectNotFound:
        return
    except UnreadableLabel as error:
        yield Difference("label", key, f"the label of {claim.lidvid}", str(error), PUT_BACK)
        return
    if str(found.lidvid) != claim.lidvid:
        yield Difference("label", key, claim.lidvid, str(found.lidvid), PUT_BACK)
    named = [file.md5 for file in found.files if file.md5]
    if claim.file_md5 and named and claim.file_md5 not in named:
        yield Difference(
            "label", key, f"MD5 {claim.file_md5} of the file of {claim.lidvid}", ", ".join(named), PUT_BACK
        )
