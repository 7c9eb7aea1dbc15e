"""Labels of basic products: facts and profile in, the bytes of a Product_Observational out."""

from __future__ import annotations

from functools import lru_cache

from lxml import etree

from drf_reprocess.model import Field, Kind, TableLayout
from drf_reprocess.pds4.areas import (
    add_citation,
    add_context,
    add_file,
    add_history,
    add_identification,
    add_phase,
)
from drf_reprocess.pds4.dialect import find_dialect
from drf_reprocess.pds4.elements import PDS, Element, add, add_bytes, new_label, render, render_part
from drf_reprocess.pds4.facts import ProductFacts
from drf_reprocess.profiles.model import Bundle, FileType, InformationModel, Profile

DATA_TYPES = {
    Kind.TIME: "ASCII_String",
    Kind.STATE: "ASCII_String",
    Kind.REAL: "ASCII_Real",
    Kind.INTEGER: "ASCII_Integer",
}
"""PDS4 data type of each kind. The mission's ``yy/ddd-hh:mm:ss.fff`` fits no PDS4 time type."""

HEADER_STANDARD = "7-Bit ASCII Text"

_RECORD_LEVEL = 3
_RECORD_END = b"\n" + b"  " * _RECORD_LEVEL + b"</Record_Character>"


def product_label(facts: ProductFacts, profile: Profile) -> bytes:
    """Return the label of one data file: deterministic, UTF-8, pretty-printed.

    Header and table stand with offsets and lengths in bytes as ``facts.layout`` gives them; a file without header
    gets no Header object. `ProfileError` if the profile's information model is unknown or a text breaks its rules.
    """
    bundle, collection = profile.placement[facts.type]
    model = bundle.model
    root = new_label("Product_Observational", model)
    identification = add_identification(root, facts.lidvid, _fill(collection.product_title, facts), model)
    add_citation(identification, facts.publication_year, _fill(collection.product_citation, facts))
    add_history(identification, facts.lidvid, facts.history)
    observation = add(root, "Observation_Area")
    times = (facts.start_time, facts.stop_time)
    add_context(observation, "data", times, profile, bundle, collection.instruments)
    add_phase(observation, facts.day, profile, model)
    area = add(root, "File_Area_Observational")
    add_file(area, facts.file_name, facts.creation_time, facts.file_bytes, facts.md5)
    file_type = profile.types_by_name[facts.type]
    if facts.layout.header_bytes:
        _add_header(area, facts.layout.header_bytes, file_type)
    _add_table(area, facts.layout, file_type, bundle)
    before, _, after = render(root, model).rpartition(_RECORD_END)
    return before + _render_fields(facts.layout.fields, model) + after


def _fill(template: str, facts: ProductFacts) -> str:
    values = {"date": facts.day.isoformat(), "product_id": facts.lidvid.lid.last, "year": f"{facts.day:%Y}"}
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def _add_header(area: Element, length_bytes: int, file_type: FileType) -> None:
    header = add(area, "Header")
    add(header, "name", f"{file_type.acronym} file header")
    add_bytes(header, "offset", 0)
    add_bytes(header, "object_length", length_bytes)
    add(header, "parsing_standard_id", HEADER_STANDARD)
    add(header, "description", file_type.header_description)


def _add_table(area: Element, layout: TableLayout, file_type: FileType, bundle: Bundle) -> None:
    table = add(area, "Table_Character")
    add(table, "name", file_type.table_name)
    add_bytes(table, "offset", layout.header_bytes)
    add(table, "records", layout.records)
    add(table, "description", file_type.table_description)
    add(table, "record_delimiter", find_dialect(bundle.model.version).record_delimiter)
    record = add(table, "Record_Character")
    add(record, "fields", len(layout.fields))
    add(record, "groups", 0)
    add_bytes(record, "record_length", layout.record_bytes)


@lru_cache(maxsize=64)
def _render_fields(fields: tuple[Field, ...], model: InformationModel) -> bytes:
    """Return the fields of a record, and its end: half of a label, and alike in most files of a type."""
    record = etree.Element(f"{{{PDS}}}Record_Character", nsmap={None: PDS})  # type: ignore[dict-item]  # stubs lack None
    for number, field in enumerate(fields, 1):
        _add_field(record, number, field)
    return render_part(record, model, _RECORD_LEVEL).partition(b">")[2] or _RECORD_END


def _add_field(record: Element, number: int, field: Field) -> None:
    element = add(record, "Field_Character")
    add(element, "name", field.name)
    add(element, "field_number", number)
    add_bytes(element, "field_location", field.location)
    add(element, "data_type", DATA_TYPES[field.kind])
    add_bytes(element, "field_length", field.length)
    if field.unit is not None:
        add(element, "unit", field.unit)
    if field.scaling_factor is not None:
        add(element, "scaling_factor", repr(field.scaling_factor))
    if field.description is not None:
        add(element, "description", field.description)
