"""Products, collections and bundles of the built-in profiles, made up from what the profiles say."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from drf_reprocess.identifiers import Lidvid, Vid
from drf_reprocess.model import Field, HistoryEntry, Kind, TableLayout
from drf_reprocess.pds4.bundle import readme_text
from drf_reprocess.pds4.facts import BundleFacts, CollectionFacts, ProductFacts
from drf_reprocess.pds4.inventory import write_inventory
from drf_reprocess.pds4.read import BundleMember
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.profiles.model import Bundle, Collection, Profile

HISTORY = (
    HistoryEntry("2026-11-21", Vid(2, 1), "Label corrected: units added."),
    HistoryEntry("2020-08-18", Vid(2, 0), "Data file replaced."),
    HistoryEntry("2015-05-01", Vid(1, 0), "First release of this product."),
)
CELLS = {Kind.REAL: "-1.25E+3", Kind.INTEGER: "42", Kind.STATE: "ENABLED", Kind.TIME: "14/342-03:20:19.328"}


@dataclass(frozen=True)
class Product:
    facts: ProductFacts
    data: bytes


def _fields(profile: Profile, type_name: str) -> tuple[Field, ...]:
    file_type = profile.types_by_name[type_name]
    fields = []
    location = 1
    if file_type.time.is_text:
        fields.append(Field("SCET", "SCET", None, Kind.TIME, 1, 19, description=file_type.time.description))
        location = 21
    for column in file_type.column_sets[-1].columns:
        name = f"{column.name}_{column.dn_eu}" if column.dn_eu else column.name
        fields.append(
            Field(
                name,
                column.name,
                column.dn_eu,
                column.kind,
                location,
                12,
                column.unit,
                column.scaling_factor,
                column.description,
            )
        )
        location += 13
    return tuple(fields)


def _build_product(
    profile: Profile, type_name: str = "gnc", records: int = 3, header_lines: int = 4
) -> Product:
    fields = _fields(profile, type_name)
    record_bytes = fields[-1].location + fields[-1].length + 2
    cells = bytearray(b" " * (record_bytes - 2) + b"\r\n")
    for field in fields:
        text = CELLS[field.kind].encode()
        cells[field.location - 1 : field.location - 1 + len(text)] = text
    header = (b" " * (record_bytes - 2) + b"\r\n") * header_lines
    data = header + bytes(cells) * records
    _, collection = profile.placement[type_name]
    lid = collection.lid.child(f"sci_anc_{type_name}14_341_342")
    layout = TableLayout("all", len(header), header_lines, record_bytes, records, fields)
    facts = ProductFacts(
        lidvid=Lidvid(lid, Vid(2, 1)),
        type=type_name,
        day=date(2014, 12, 8),
        start_time="2014-12-08T03:20:19.328Z",
        stop_time="2014-12-08T16:54:25.480Z",
        history=HISTORY,
        publication_year=2026,
        file_name=f"{lid.last}.drf",
        creation_time="2026-11-21T00:00:00Z",
        file_bytes=len(data),
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        layout=layout,
    )
    return Product(facts, data)


def _build_collection(collection: Collection) -> CollectionFacts:
    members = [
        Lidvid(collection.lid.child(f"sci_anc_{collection.type}14_34{n}_342"), Vid(1, n)) for n in range(3)
    ]
    return CollectionFacts(
        lidvid=Lidvid(collection.lid, Vid(2, 1)),
        type=collection.type,
        start_time="2014-12-08T03:20:19.328Z",
        stop_time="2014-12-09T16:54:25.480Z",
        history=HISTORY,
        publication_year=2026,
        creation_time="2026-11-21T00:00:00Z",
        inventory_name=f"{collection.stem}_inventory_2.1.csv",
        inventory=write_inventory(members),
    )


def _build_bundle(bundle: Bundle) -> BundleFacts:
    return BundleFacts(
        lidvid=Lidvid(bundle.lid, Vid(2, 1)),
        start_time="2014-12-08T03:20:19.328Z",
        stop_time="2014-12-09T16:54:25.480Z",
        history=HISTORY,
        publication_year=2026,
        creation_time="2026-11-21T00:00:00Z",
        readme_name=f"readme_{bundle.stem}_2.1.txt",
        readme=readme_text(bundle, HISTORY),
        members=tuple(BundleMember(collection.lid, Vid(1, 0), True) for collection in bundle.collections),
    )


@pytest.fixture(params=["maven-anc", "maven-anc-sis"])
def profile(request: pytest.FixtureRequest) -> Profile:
    return load_profile(request.param)


@pytest.fixture
def archive_profile() -> Profile:
    return load_profile("maven-anc")


@pytest.fixture
def build_product() -> Callable[..., Product]:
    return _build_product


@pytest.fixture
def build_collection() -> Callable[[Collection], CollectionFacts]:
    return _build_collection


@pytest.fixture
def build_bundle() -> Callable[[Bundle], BundleFacts]:
    return _build_bundle


@pytest.fixture
def examples(shared: Path) -> Path:
    return shared / "pds4" / "examples"


@pytest.fixture
def gnc(examples: Path) -> Path:
    """The label of a real layout: 24 fields, records of 325 bytes."""
    return examples / "valid" / "archive_1d00" / "data_drf_gnc" / "sci_anc_gnc14_341_342.xml"
