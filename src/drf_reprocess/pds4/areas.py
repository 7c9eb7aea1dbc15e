"""The areas that all labels share: identification with its history, context of the observation, the described file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date

from lxml import etree

from drf_reprocess.identifiers import Lidvid
from drf_reprocess.model import HistoryEntry
from drf_reprocess.pds4.dialect import find_dialect
from drf_reprocess.pds4.elements import Element, add, add_bytes
from drf_reprocess.pds4.times import limit_digits
from drf_reprocess.profiles.model import Bundle, ContextProduct, InformationModel, Profile


def add_identification(root: Element, lidvid: Lidvid, title: str, model: InformationModel) -> Element:
    """Append the Identification_Area, without citation and history, and return it."""
    area = add(root, "Identification_Area")
    add(area, "logical_identifier", lidvid.lid.text)
    add(area, "version_id", str(lidvid.vid))
    add(area, "title", title)
    add(area, "information_model_version", model.version)
    add(area, "product_class", etree.QName(root).localname)
    return area


def add_citation(
    area: Element, year: int, description: str, authors: str = "", keywords: Iterable[str] = ()
) -> None:
    """Append Citation_Information, which collections and bundles must have (Schematron of all releases)."""
    citation = add(area, "Citation_Information")
    if authors:
        add(citation, "author_list", authors)
    add(citation, "publication_year", year)
    for keyword in keywords:
        add(citation, "keyword", keyword)
    add(citation, "description", description)


def add_history(area: Element, lidvid: Lidvid, history: Sequence[HistoryEntry]) -> None:
    """Append the Modification_History, newest entry first (SIS 4.2).

    ``ValueError`` if the first entry is not for the version that the label is for.
    """
    if not history or history[0].vid != lidvid.vid:
        raise ValueError(f"the first history entry of {lidvid} must be for {lidvid.vid}: {list(history[:1])}")
    element = add(area, "Modification_History")
    for entry in history:
        detail = add(element, "Modification_Detail")
        add(detail, "modification_date", entry.date)
        add(detail, "version_id", str(entry.vid))
        add(detail, "description", entry.description)


def add_context(
    area: Element,
    level: str,
    times: tuple[str, str],
    profile: Profile,
    bundle: Bundle,
    instruments: Iterable[ContextProduct] = (),
) -> None:
    """Append what Observation_Area and Context_Area have in common.

    ``level`` is data, collection or bundle, as ``reference_type`` wants it. The purpose is always written: a Data
    collection without one counts as science data in 1.13.0.0 and later, and needs an instrument (Schematron).
    """
    dialect = find_dialect(bundle.model.version)
    time = add(area, "Time_Coordinates")
    add(time, "start_date_time", limit_digits(times[0], dialect.time_digits, up=False))
    add(time, "stop_date_time", limit_digits(times[1], dialect.time_digits, up=True))
    summary = add(area, "Primary_Result_Summary")
    add(summary, "purpose", bundle.purpose)
    add(summary, "processing_level", bundle.processing_level)
    context = profile.context
    _add_product(area, "Investigation_Area", context.investigation, f"{level}_to_investigation")
    system = add(area, "Observing_System")
    is_spacecraft = context.host.type == "Spacecraft"
    host_type = dialect.spacecraft_type if is_spacecraft else context.host.type
    _add_product(system, "Observing_System_Component", context.host, "is_instrument_host", host_type)
    for instrument in instruments:
        _add_product(system, "Observing_System_Component", instrument, "is_instrument", "Instrument")
    _add_product(area, "Target_Identification", context.target, f"{level}_to_target")


def _add_product(
    parent: Element, tag: str, product: ContextProduct, reference_type: str, component_type: str | None = None
) -> None:
    element = add(parent, tag)
    add(element, "name", product.name)
    add(element, "type", component_type or product.type)
    reference = add(element, "Internal_Reference")
    add(reference, "lid_reference", product.lid.text)
    add(reference, "reference_type", reference_type)


def add_phase(area: Element, day: date, profile: Profile, model: InformationModel) -> None:
    """Append a Mission_Area with the mission phase of ``day``; nothing where dictionary or calendar has none."""
    phase = profile.phase(day)
    if model.dictionary is None or phase is None or not model.dictionary.phase_path:
        return
    element = add(area, "Mission_Area")
    for tag in model.dictionary.phase_path:
        element = etree.SubElement(element, f"{{{model.dictionary.namespace}}}{tag}")
    element.text = phase


def add_file(area: Element, name: str, creation_time: str, size_bytes: int, md5: str) -> None:
    """Append the File element, always with size and checksum, which the model leaves optional."""
    file = add(area, "File")
    add(file, "file_name", name)
    add(file, "creation_date_time", creation_time)
    add_bytes(file, "file_size", size_bytes)
    add(file, "md5_checksum", md5)


def add_content_file(area: Element, name: str, creation_time: str, content: bytes) -> None:
    """Append the File element of a file that is small enough to be at hand."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    add_file(area, name, creation_time, len(content), md5)
