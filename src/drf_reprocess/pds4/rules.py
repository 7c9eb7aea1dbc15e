"""Rules on a label alone that XML Schema and Schematron leave out: identifiers, versions, history, times, references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator

from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import Finding, Severity
from drf_reprocess.pds4.elements import XSI, Element
from drf_reprocess.pds4.faults import label_fault
from drf_reprocess.pds4.names import find_file_name_fault
from drf_reprocess.pds4.parsing import find, find_all, iterate, line_of, local_name, text_of
from drf_reprocess.pds4.structure import LabelFile
from drf_reprocess.pds4.times import parse_instant

CONTEXT_PREFIX = "urn:nasa:pds:context:"
_CONTEXT_AREAS = ("Investigation_Area", "Observing_System_Component", "Target_Identification")
_COMPONENTS = {"Product_Bundle": 4, "Product_Collection": 5}
_BASIC_COMPONENTS = 6
_NAMED_AFTER_FILE = frozenset({"Product_Observational", "Product_Ancillary"})
_MD5 = re.compile(r"[0-9a-f]{32}")


def check_rules(
    root: Element, files: tuple[LabelFile, ...], registered: Collection[str]
) -> Iterator[Finding]:
    """Yield every breach of a rule that the label alone shows, layout of the files apart."""
    yield from _check_identity(root)
    yield from _check_history(root)
    yield from _check_times(root)
    yield from _check_references(root, registered)
    yield from _check_members(root)
    yield from _check_files(root, files)


def _check_identity(root: Element) -> Iterator[Finding]:
    area = find(root, "Identification_Area")
    lid = text_of(area, "logical_identifier")
    version = text_of(area, "version_id")
    line = line_of(root if area is None else area)
    try:
        Lid(lid or "")
    except ValueError as error:
        yield label_fault("lid", str(error), line)
    expected = _COMPONENTS.get(local_name(root), _BASIC_COMPONENTS)
    if lid is not None and len(lid.split(":")) != expected:
        text = f"the LID {lid} has {len(lid.split(':'))} components, a {local_name(root)} has {expected}"
        yield label_fault("lid-components", text, line)
    try:
        if Vid.from_text(version or "").major == 0:
            yield label_fault("vid-major", f"version {version} is for material not yet archived", line)
    except ValueError as error:
        yield label_fault("vid", str(error), line)


def _check_history(root: Element) -> Iterator[Finding]:
    """Check the history: there, one entry a version, one for the current and none for a later, newest first (SIS 4.2)."""
    history = find(root, "Identification_Area", "Modification_History")
    if history is None:
        yield label_fault("history-missing", "there is no Modification_History", line_of(root))
        return
    line = line_of(history)
    current = text_of(root, "Identification_Area", "version_id")
    texts = [text_of(detail, "version_id") or "" for detail in find_all(history, "Modification_Detail")]
    if current not in texts:
        yield label_fault("history-current", f"no history entry is for the current version {current}", line)
    for text in sorted(text for text, times in Counter(texts).items() if times > 1):
        yield label_fault("history-duplicate", f"two history entries are for version {text}", line)
    try:
        versions = [Vid.from_text(text) for text in texts]
        if versions and max(versions) > Vid.from_text(current or ""):
            yield label_fault("history-later", f"an entry is for {max(versions)}, later than {current}", line)
    except ValueError as error:
        yield label_fault("history-vid", str(error), line)
    else:
        if versions != sorted(versions, reverse=True):
            text = "the history does not begin with the newest entry"
            yield label_fault("history-order", text, line, Severity.WARNING)


def _check_times(root: Element) -> Iterator[Finding]:
    for coordinates in iterate(root, "Time_Coordinates"):
        instants = []
        for name in ("start_date_time", "stop_date_time"):
            element = find(coordinates, name)
            if element is None or element.get(f"{{{XSI}}}nil") in ("true", "1"):
                continue
            try:
                instants.append(parse_instant(text_of(element) or ""))
            except ValueError as error:
                yield label_fault("time", f"{name}: {error}", line_of(element))
        if len(instants) == 2 and instants[1] < instants[0]:
            yield label_fault("time-order", "stop_date_time is before start_date_time", line_of(coordinates))


def _check_references(root: Element, registered: Collection[str]) -> Iterator[Finding]:
    """Check that context products are registered. Nothing is known, and checked, without ``registered``."""
    if not registered:
        return
    contextual = {
        reference
        for area in iterate(root, *_CONTEXT_AREAS)
        for reference in iterate(area, "lid_reference", "lidvid_reference")
    }
    for reference in iterate(root, "lid_reference", "lidvid_reference"):
        lid = (text_of(reference) or "").partition("::")[0]
        if (lid.startswith(CONTEXT_PREFIX) or reference in contextual) and lid not in registered:
            yield label_fault("context-lid", f"no context product {lid} is registered", line_of(reference))


def _check_members(root: Element) -> Iterator[Finding]:
    """Check the collections of a bundle: none twice, and those that are primary have its LID as stem (SIS 5.1.1)."""
    bundle = text_of(root, "Identification_Area", "logical_identifier")
    seen: set[str] = set()
    for entry in find_all(root, "Bundle_Member_Entry"):
        line = line_of(entry)
        text = text_of(entry, "lidvid_reference") or text_of(entry, "lid_reference") or ""
        try:
            lid = Lidvid.from_text(text).lid if "::" in text else Lid(text)
        except ValueError as error:
            yield label_fault("member-lid", str(error), line)
            continue
        if lid.text in seen:
            yield label_fault("member-duplicate", f"collection {lid} is listed twice", line)
        seen.add(lid.text)
        if text_of(entry, "member_status") == "Primary" and lid.text.rpartition(":")[0] != bundle:
            yield label_fault("member-stem", f"primary member {lid} is not of bundle {bundle}", line)


def _check_files(root: Element, files: tuple[LabelFile, ...]) -> Iterator[Finding]:
    names: set[str] = set()
    for file in files:
        if file.name is None:
            yield label_fault("file-name", "a file has no file_name", file.line)
            continue
        if fault := find_file_name_fault(file.name):
            yield label_fault("file-name", f"file name {file.name!r}: {fault}", file.line)
        if file.name.lower() in names:
            yield label_fault("file-duplicate", f"file {file.name!r} is described twice", file.line)
        names.add(file.name.lower())
        if file.bytes is None:
            yield label_fault("file-size-missing", f"file {file.name!r} has no file_size", file.line)
        if file.md5 is None:
            yield label_fault("md5-missing", f"file {file.name!r} has no md5_checksum", file.line)
        elif _MD5.fullmatch(file.md5) is None:
            text = f"md5_checksum {file.md5!r}: expected 32 hexadecimal digits in small letters"
            yield label_fault("md5-form", text, file.line)
    last = (
        (text_of(root, "Identification_Area", "logical_identifier") or "")
        .partition("::")[0]
        .rpartition(":")[2]
    )
    bases = {name.rpartition(".")[0] for name in names}
    if local_name(root) in _NAMED_AFTER_FILE and bases and last not in bases:
        text = f"the LID ends in {last!r}, the file's base name is {sorted(bases)[0]!r}; expected the same"
        yield label_fault("lid-file-name", text, files[0].line)
