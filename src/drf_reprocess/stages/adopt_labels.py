"""What the workers do of an adoption: look at labels, and turn those of basic products into rows of the catalog."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath
from typing import NamedTuple

from drf_reprocess.digests import digest_bytes
from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.errors import ObjectNotFound, StorageError, UnreadableLabel
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import HistoryEntry, ProductRecord, Severity, SourceFile, StoredObject
from drf_reprocess.pds4.digest import label_digest
from drf_reprocess.pds4.identity import read_identity
from drf_reprocess.pds4.names import find_path_fault
from drf_reprocess.pds4.parsing import MAX_LABEL_BYTES
from drf_reprocess.pds4.read import DescribedFile, LabelContents, read_label
from drf_reprocess.pds4.structure import structure_digest
from drf_reprocess.pds4.times import parse_instant
from drf_reprocess.profiles.model import Profile
from drf_reprocess.storage.base import Store, put_object
from drf_reprocess.tables.parquet import parquet_path

NO_OBJECT = StoredObject("", "", 0)

_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a bundle that an operator must know: a fault, or what was not adopted and why."""

    code: str
    severity: Severity
    message: str
    remedy: str = ""
    path: str = ""
    """Below the bundle's root."""
    lidvid: str = ""
    """LIDVID, or LID, of what it speaks of."""
    left_out: bool = False
    """Whether something was not adopted."""
    count: int = 1
    """How many labels or rows it speaks of."""


@dataclass(frozen=True, slots=True)
class AdoptContext:
    """What every task of an adoption needs."""

    bundle: Store
    """Its root is that of the bundle to be adopted."""
    output: Store
    profile: Profile
    take_data: bool = False
    """Whether data files are read, proved by their labels, and kept."""
    max_file_bytes: int = 1 << 30
    """Larger data files are not read."""


class Sighting(NamedTuple):
    """One label of the bundle, as far as finding one's way needs it."""

    path: str
    product_class: str
    lidvid: Lidvid
    md5: str


@dataclass(frozen=True, slots=True)
class Sighted:
    """What one task saw."""

    labels: tuple[Sighting, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one task turned into rows."""

    products: tuple[ProductRecord, ...]
    remarks: tuple[Remark, ...]
    absent: int
    """Data files that are not beside their labels, and were not asked for."""
    read_bytes: int


class _NotAdoptable(Exception):
    """Carries why a label cannot be adopted, from where it is seen to where it is told."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(code, message, remedy)
        self.code, self.message, self.remedy = code, message, remedy


def sight_labels(context: AdoptContext, files: tuple[SourceFile, ...]) -> Sighted:
    """Read the identity of each label; the task function of the first pass."""
    labels, remarks = [], []
    for file in files:
        try:
            label = _read_label_bytes(context, file)
            identity = read_identity(label)
        except (UnreadableLabel, StorageError) as error:
            remarks.append(_unreadable(file.name, str(error)))
            continue
        labels.append(Sighting(file.name, identity.product_class, identity.lidvid, digest_bytes(label).md5))
    return Sighted(tuple(labels), tuple(remarks))


def _read_label_bytes(context: AdoptContext, file: SourceFile) -> bytes:
    if fault := find_path_fault(file.name):
        raise UnreadableLabel(f"its path is not safe: {fault}")
    if file.bytes > MAX_LABEL_BYTES:
        raise UnreadableLabel(f"the label has {file.bytes} bytes, at most {MAX_LABEL_BYTES} are read")
    return context.bundle.read(file.name)


def _unreadable(path: str, why: str) -> Remark:
    return Remark(
        "label-unreadable",
        Severity.ERROR,
        f"{path}: {why}",
        "compare it with the archive's copy; the product that it is of was not adopted",
        path,
        left_out=True,
    )


def take_products(context: AdoptContext, sightings: tuple[Sighting, ...]) -> Taken:
    """Read the labels of basic products and keep them; the task function of the second pass.

    Raises
    ------
    StorageError
        If the output cannot be written. What cannot be read from the bundle is a remark instead.
    """
    products, remarks = [], []
    absent = read_bytes = 0
    for sighting in sightings:
        taker = _Taker(context, sighting)
        try:
            products.append(taker.take())
        except _NotAdoptable as fault:
            taker.remark(fault.code, Severity.ERROR, fault.message, fault.remedy, left_out=True)
        remarks += taker.remarks
        absent += taker.absent
        read_bytes += taker.read_bytes
    return Taken(tuple(products), tuple(remarks), absent, read_bytes)


class _Taker:
    """Turns one label into a row."""

    def __init__(self, context: AdoptContext, sighting: Sighting) -> None:
        self.context = context
        self.sighting = sighting
        self.remarks: list[Remark] = []
        self.absent = 0
        self.read_bytes = 0

    def remark(
        self, code: str, severity: Severity, message: str, remedy: str, *, left_out: bool = False
    ) -> None:
        path, lidvid = self.sighting.path, str(self.sighting.lidvid)
        self.remarks.append(
            Remark(code, severity, f"{path}: {message}", remedy, path, lidvid, left_out=left_out)
        )

    def take(self) -> ProductRecord:
        label, contents = self._read()
        start_time, stop_time = self._times(contents)
        described = self._file(contents)
        data_path = str(PurePosixPath(self.sighting.path).with_name(described.name))
        source, data = self._data(described, data_path)
        history = self._history(contents, start_time)
        type_name = type_of(self.context.profile, contents.lidvid.lid)
        named = match_name(self.context.profile, described.name)
        tables = [part for part in contents.objects[0] if part.records is not None]
        day = date.fromordinal(parse_instant(start_time)[0])
        stored = put_object(self.context.output, label, digest_bytes(label))
        return ProductRecord(
            lidvid=contents.lidvid,
            type=type_name,
            product_id=contents.lid.last,
            day=day,
            start_time=start_time,
            stop_time=stop_time,
            records=tables[0].records or 0 if tables else 0,
            source=source,
            source_object=data,
            data=data,
            label=stored,
            parquet=NO_OBJECT,
            label_digest=label_digest(label),
            data_path=data_path,
            label_path=self.sighting.path,
            parquet_path=parquet_path(type_name, day, contents.lid.last),
            creation_time=described.creation_time or "",
            history=history,
            family=named.family if isinstance(named, FileName) and named.type == type_name else "",
            structure=structure_digest(label),
            coverage=((start_time, stop_time),),
            adopted=True,
        )

    def _read(self) -> tuple[bytes, LabelContents]:
        try:
            label = self.context.bundle.read(self.sighting.path)
            contents = read_label(label)
        except (UnreadableLabel, StorageError) as error:
            unreadable = _unreadable(self.sighting.path, "")
            raise _NotAdoptable(unreadable.code, str(error), unreadable.remedy) from error
        if digest_bytes(label).md5 != self.sighting.md5:
            raise _NotAdoptable(
                "label-changed", "the label changed while the bundle was read", "adopt the bundle again"
            )
        return label, contents

    def _times(self, contents: LabelContents) -> tuple[str, str]:
        if contents.start_time is None:
            raise _NotAdoptable(
                "no-times", "the label has no start_date_time: expected that of the data", "correct the label"
            )
        try:
            start, stop = (
                to_calendar(contents.start_time),
                to_calendar(contents.stop_time or contents.start_time),
            )
        except ValueError as error:
            raise _NotAdoptable("no-times", str(error), "correct the label") from error
        if contents.stop_time is None or parse_instant(stop) < parse_instant(start):
            message = f"stop_date_time is {contents.stop_time or 'absent'}, start_date_time {start}"
            self.remark("stop-time", Severity.WARNING, message, "correct the label in the next version")
            stop = start
        return start, stop

    def _file(self, contents: LabelContents) -> DescribedFile:
        if len(contents.files) != 1:
            names = ", ".join(file.name for file in contents.files[:5]) or "none"
            raise _NotAdoptable(
                "not-one-file",
                f"the label describes {len(contents.files)} files ({names}), expected one",
                "products of several files are not made here: keep them apart from this mission",
            )
        (described,) = contents.files
        if "/" in described.name or (fault := find_path_fault(described.name)):
            why = "it is no plain name" if "/" in described.name else fault
            raise _NotAdoptable(
                "unsafe-path",
                f"its data file is called {described.name[:200]!r}: {why}; expected the name of a file beside the label",
                "find out who wrote the label; such a path is not followed",
            )
        return described

    def _data(self, described: DescribedFile, path: str) -> tuple[SourceFile, StoredObject]:
        """Return the data file as it lies there, and its identity as far as it is known."""
        context = self.context
        md5 = (described.md5 or "").lower()
        known = StoredObject("", md5 if _MD5.fullmatch(md5) else "", described.bytes or 0)
        try:
            source = context.bundle.info(path)
        except StorageError as error:
            self._tell_missing(path, error)
            source, data = SourceFile(context.bundle.uri(path), path, known.bytes, 0), known
        else:
            data = self._compare(path, source, known, is_sized=described.bytes is not None)
        if not data.md5:
            raise _NotAdoptable(
                "md5-unknown",
                f"neither does the label give an md5_checksum of {path}, nor can it be computed from the file",
                "put the data file beside its label",
            )
        return source, data

    def _compare(self, path: str, source: SourceFile, known: StoredObject, *, is_sized: bool) -> StoredObject:
        if not is_sized:
            known = replace(known, bytes=source.bytes)
        if source.bytes != known.bytes:
            message = f"the data file {path} has {source.bytes} bytes, its label says {known.bytes}"
            self._tell_damaged("data-size", message)
            return known
        return self._read_data(path, source, known) if self.context.take_data or not known.md5 else known

    def _tell_missing(self, path: str, error: StorageError) -> None:
        if not isinstance(error, ObjectNotFound):
            self._tell_damaged("data-unreadable", str(error))
        elif self.context.take_data:
            self._tell_damaged("data-missing", f"there is no data file {path} beside the label")
        else:
            self.absent = 1

    def _read_data(self, path: str, source: SourceFile, known: StoredObject) -> StoredObject:
        context = self.context
        if source.bytes > context.max_file_bytes:
            self._tell_damaged(
                "data-too-large",
                f"the data file {path} has {source.bytes} bytes, at most {context.max_file_bytes} are read",
            )
            return known
        try:
            data = context.bundle.read(path)
        except StorageError as error:
            self._tell_damaged("data-unreadable", str(error))
            return known
        self.read_bytes += len(data)
        found = digest_bytes(data)
        if known.md5 and found.md5 != known.md5:
            self._tell_damaged(
                "data-md5",
                f"the data file {path} has the MD5 checksum {found.md5}, its label says {known.md5}",
            )
            return known
        return put_object(context.output, data, found) if context.take_data else replace(found, sha256="")

    def _tell_damaged(self, code: str, message: str) -> None:
        remedy = "fetch the file from the archive again; the product is adopted as its label tells, without its data"
        self.remark(code, Severity.ERROR, message, remedy)

    def _history(self, contents: LabelContents, start_time: str) -> tuple[HistoryEntry, ...]:
        history, fault = order_history(contents.history, contents.vid, contents.publication_year, start_time)
        if history[0].vid > contents.vid:
            raise _NotAdoptable(
                "history-contradicts", fault, "find out which version it is, and correct the label"
            )
        if fault:
            self.remark(
                "history-incomplete",
                Severity.WARNING,
                fault,
                "an entry was added that says so; the next label will have it",
            )
        return history


def type_of(profile: Profile, lid: Lid) -> str:
    """Return the file type of a product's collection; ``ValueError`` if it is in none of the profile's."""
    for name, (_, collection) in profile.placement.items():
        if collection.lid == lid.parent:
            return name
    raise ValueError(f"{lid} is of no collection of the profile {profile.name}")


def order_history(
    entries: Sequence[HistoryEntry], vid: Vid, year: int | None, start_time: str
) -> tuple[tuple[HistoryEntry, ...], str]:
    """Return a history newest first, whatever the label's order, and what is wrong with it.

    Every entry is kept as it is. A version without an entry gets one that says so, dated with the year of publication: the
    next version's history goes on from it.
    """
    ordered = tuple(sorted(entries, key=lambda entry: (entry.vid, entry.date), reverse=True))
    if ordered and ordered[0].vid == vid:
        return ordered, ""
    told = ", ".join(str(entry.vid) for entry in ordered) or "no version"
    fault = f"the history tells of {told}; expected an entry for version {vid}, and none beyond it"
    if ordered and ordered[0].vid > vid:
        return ordered, fault
    entry = HistoryEntry(
        f"{year or start_time[:4]}", vid, f"Version {vid} was archived without an entry in its history."
    )
    return (entry, *ordered), fault


def to_calendar(text: str) -> str:
    """Return a PDS4 time as YYYY-MM-DDThh:mm:ss.fffZ, with the digits that it has; ``ValueError`` if it is none."""
    day, _ = parse_instant(text)
    clock = [part for part in text.removesuffix("Z").partition("T")[2].split(":") if part]
    clock += ["00"] * (3 - len(clock))
    return f"{date.fromordinal(day).isoformat()}T{':'.join(clock)}Z"
