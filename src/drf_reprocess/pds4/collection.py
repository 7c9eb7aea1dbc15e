"""Labels of collections: facts, inventory and profile in, the bytes of a Product_Collection out."""

from __future__ import annotations

from drf_reprocess.pds4.areas import (
    add_citation,
    add_content_file,
    add_context,
    add_history,
    add_identification,
)
from drf_reprocess.pds4.dialect import Dialect, find_dialect
from drf_reprocess.pds4.elements import Element, add, add_bytes, new_label, render
from drf_reprocess.pds4.facts import CollectionFacts
from drf_reprocess.pds4.inventory import LIDVID_MAX_LENGTH, ROW_MAX_BYTES
from drf_reprocess.profiles.model import Profile


def collection_label(facts: CollectionFacts, profile: Profile) -> bytes:
    """Return the label of one collection of Data products: deterministic, UTF-8, pretty-printed.

    `ProfileError` if the profile's information model is unknown or a text breaks its rules; ``ValueError`` if the
    inventory is empty, for a table of no records cannot be labelled.
    """
    bundle, collection = profile.placement[facts.type]
    model = bundle.model
    root = new_label("Product_Collection", model)
    identification = add_identification(root, facts.lidvid, collection.title, model)
    add_citation(identification, facts.publication_year, collection.citation, keywords=collection.keywords)
    add_history(identification, facts.lidvid, facts.history)
    times = (facts.start_time, facts.stop_time)
    add_context(add(root, "Context_Area"), "collection", times, profile, bundle, collection.instruments)
    about = add(root, "Collection")
    add(about, "collection_type", "Data")
    add(about, "description", collection.description)
    area = add(root, "File_Area_Inventory")
    add_content_file(area, facts.inventory_name, facts.creation_time, facts.inventory)
    _add_inventory(area, facts.inventory.count(b"\r\n"), find_dialect(model.version))
    return render(root, model)


def _add_inventory(area: Element, records: int, dialect: Dialect) -> None:
    if not records:
        raise ValueError("an inventory without members cannot be labelled: write no collection")
    inventory = add(area, "Inventory")
    add_bytes(inventory, "offset", 0)
    add(inventory, "parsing_standard_id", "PDS DSV 1")
    add(inventory, "description", "Members of the collection, one per record.")
    add(inventory, "records", records)
    add(inventory, "record_delimiter", dialect.record_delimiter)
    add(inventory, "field_delimiter", dialect.comma)
    record = add(inventory, "Record_Delimited")
    add(record, "fields", 2)
    add(record, "groups", 0)
    add_bytes(record, "maximum_record_length", ROW_MAX_BYTES)
    _add_field(
        record,
        1,
        (dialect.member_status, "ASCII_String", 1),
        "P: primary member. S: secondary member, which is a primary member of another collection.",
    )
    _add_field(
        record,
        2,
        ("LIDVID_LID", "ASCII_LIDVID_LID", LIDVID_MAX_LENGTH),
        "Versioned identifier of a primary member; identifier, versioned or not, of a secondary member.",
    )
    add(inventory, "reference_type", "inventory_has_member_product")


def _add_field(record: Element, number: int, form: tuple[str, str, int], description: str) -> None:
    name, data_type, length_bytes = form
    field = add(record, "Field_Delimited")
    add(field, "name", name)
    add(field, "field_number", number)
    add(field, "data_type", data_type)
    add_bytes(field, "maximum_field_length", length_bytes)
    add(field, "description", description)
