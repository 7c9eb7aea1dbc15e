"""Labels read back: the identity of the product, its times, files, history and members."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from drf_reprocess.errors import UnreadableLabel
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import HistoryEntry
from drf_reprocess.pds4.elements import Element
from drf_reprocess.pds4.parsing import (
    find_all,
    integer_of,
    iterate,
    local_name,
    parse_archived,
    text_of,
)
from drf_reprocess.pds4.structure import LabelObject, read_files

_WHITE_SPACE = re.compile(r"[ \t\r\n]+")
"""White space of XML, which is less than that of Unicode: a text is laid out with it, nothing else of it is changed."""


class DescribedFile(NamedTuple):
    """One file that a label describes. Size, checksum and creation time are optional in the model."""

    name: str
    bytes: int | None
    md5: str | None
    creation_time: str | None


class BundleMember(NamedTuple):
    """One collection that a bundle lists, with a version or without."""

    lid: Lid
    vid: Vid | None
    primary: bool
    reference_type: str = "bundle_has_data_collection"


@dataclass(frozen=True, slots=True)
class LabelContents:
    """What a label of any class says of its product."""

    product_class: str
    lid: Lid
    vid: Vid
    title: str
    model_version: str
    publication_year: int | None
    start_time: str | None
    """None where the label has no times, or says that there is none."""
    stop_time: str | None
    files: tuple[DescribedFile, ...]
    history: tuple[HistoryEntry, ...]
    """In the order of the label; newest first in ours, but not in everybody's."""
    members: tuple[BundleMember, ...]
    """Of a bundle; the members of a collection stand in its inventory."""
    objects: tuple[tuple[LabelObject, ...], ...]
    """The objects of each file: headers, tables and so on."""

    @property
    def lidvid(self) -> Lidvid:
        """The versioned identifier of the product."""
        return Lidvid(self.lid, self.vid)


def read_label(label: bytes | Element) -> LabelContents:
    """Return what a label says, ours or another's.

    `UnreadableLabel` (a ``ValueError``) if it is not well-formed, not in UTF-8, has a document type, is of no PDS4 class, or
    has no valid LID, VID, history entry or reference.
    """
    root = parse_archived(label)
    try:
        return _read(root)
    except ValueError as error:
        raise UnreadableLabel(f"the label cannot be used: {error}") from error


def _read(root: Element) -> LabelContents:
    files = read_files(root)
    times = next(iterate(root, "Time_Coordinates"), None)
    identification = next(iter(find_all(root, "Identification_Area")), None)
    return LabelContents(
        product_class=local_name(root),
        lid=Lid(_require(identification, "logical_identifier")),
        vid=Vid.from_text(_require(identification, "version_id")),
        title=_require(identification, "title"),
        model_version=_require(identification, "information_model_version"),
        publication_year=integer_of(identification, "Citation_Information", "publication_year"),
        start_time=text_of(times, "start_date_time"),
        stop_time=text_of(times, "stop_date_time"),
        files=tuple(
            DescribedFile(file.name or "", file.bytes, file.md5, file.creation_time) for file in files
        ),
        history=tuple(_read_entry(detail) for detail in iterate(root, "Modification_Detail")),
        members=tuple(_read_member(entry) for entry in find_all(root, "Bundle_Member_Entry")),
        objects=tuple(file.objects for file in files),
    )


def _require(parent: Element | None, *path: str) -> str:
    text = text_of(parent, *path)
    if text is None:
        raise ValueError(f"{'/'.join(path)} is absent or empty")
    return text


def _read_entry(detail: Element) -> HistoryEntry:
    return HistoryEntry(
        date=_require(detail, "modification_date"),
        vid=Vid.from_text(_require(detail, "version_id")),
        description=_WHITE_SPACE.sub(" ", _require(detail, "description")),
    )


def _read_member(entry: Element) -> BundleMember:
    primary = text_of(entry, "member_status") == "Primary"
    kind = text_of(entry, "reference_type") or ""
    reference = text_of(entry, "lidvid_reference")
    if reference is None:
        return BundleMember(Lid(_require(entry, "lid_reference")), None, primary, kind)
    lidvid = Lidvid.from_text(reference)
    return BundleMember(lidvid.lid, lidvid.vid, primary, kind)
