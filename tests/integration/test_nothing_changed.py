"""A mission of 65,000 products in which nothing has changed: a run over it is short, and opens no received file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import pytest
from drf_integration_cli import settings

from drf_reprocess.catalog.sql import SqlCatalog, open_catalog
from drf_reprocess.identifiers import Lidvid, Vid
from drf_reprocess.model import (
    DeliveryMember,
    DeliveryState,
    Outcome,
    ProductRecord,
    RepairOptions,
    SourceFile,
    StoredObject,
)
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.stages.plan import content_fingerprints
from drf_reprocess.storage.base import open_store
from drf_reprocess.testing.catalog_values import RUN, make_delivery, make_outcome, make_product

PROFILE = load_profile("maven-anc")
PRODUCTS = 65_000
FIRST = date(2014, 11, 15)
LIMIT_S = 20
BATCH = 500


def name_of(file_type: str, day: date) -> str:
    stem = f"mvn_imu{day:%y_%j_%j}.txt" if file_type == "imu" else f"sci_anc_{file_type}{day:%y_%j_%j}.drf"
    return f"{file_type}/{day.year}/{stem}"


def lay_files(folder: Path) -> None:
    """Lay files that are no data files: whoever opens one finds that it cannot be archived."""
    types = [file_type.name for file_type in PROFILE.types]
    for number in range(PRODUCTS):
        file_type, day = types[number % len(types)], FIRST + timedelta(number // len(types))
        path = folder / name_of(file_type, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def product_of(source: SourceFile) -> ProductRecord:
    file_type, year, name = source.name.split("/")
    product_id = name.rpartition(".")[0]
    _, first, _ = product_id.rsplit("_", 2)
    day = date(int(year), 1, 1) + timedelta(int(first) - 1)
    _, collection = PROFILE.placement[file_type]
    folder = collection.product_folder.format(year=year)
    return replace(
        make_product(product_id, day=day),
        lidvid=Lidvid(collection.lid.child(product_id), Vid(1, 0)),
        type=file_type,
        source=source,
        source_object=StoredObject("s" * 64, "m" * 32, source.bytes),
        data_path=f"{folder}/{name}",
        label_path=f"{folder}/{product_id}.xml",
        family=f"{file_type}:{year}:{first}-{first}",
    )


def outcomes(source: Path) -> Iterator[Outcome]:
    for file in open_store(str(source)).list():
        yield make_outcome(product_of(file))


def fill(catalog: SqlCatalog, source: Path) -> None:
    """Record a mission that was processed and delivered."""
    catalog.start_run(RUN)
    fingerprints = content_fingerprints(PROFILE, RepairOptions())
    rest = outcomes(source)
    number = 0
    while batch := list(islice(rest, BATCH)):
        catalog.commit_outcomes(RUN.run_id, RUN.run_time, fingerprints, batch)
        records = [outcome.product for outcome in batch if outcome.product]
        number += 1
        delivery = make_delivery(number, DeliveryState.ACCEPTED)
        members = [
            DeliveryMember(path, record.lidvid, stored)
            for record in records
            for path, stored in ((record.data_path, record.data), (record.label_path, record.label))
        ]
        catalog.commit_delivery(delivery, members)
    catalog.finish_run(RUN.run_id, "success", RUN.run_time, {})


@pytest.mark.slow
def test_a_settled_mission_of_65000_products_is_passed_in_seconds(tmp_path, cli):
    source, output = tmp_path / "source", tmp_path / "output"
    lay_files(source)
    output.mkdir()
    with open_catalog(f"sqlite:///{output}/catalog.sqlite", create=True) as catalog:
        fill(catalog, source)
    places = settings(
        source__uri=source,
        output__uri=output,
        output__views="none",
        compute__workers=2,
        run__time=RUN.run_time,
    )
    first = cli("run", "--json", *places, check=0).json
    assert first["products"]["unchanged"] == PRODUCTS
    assert [delivery["products"] for delivery in first["deliveries"]] == [0], "collections and bundle alone"
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*.zip")}
    second = cli("run", "--json", *places, check=0).json
    assert (second["deliveries"], second["decisions"], second["bytes_in"]) == ([], {}, 0)
    assert second["products"]["unchanged"] == second["products"]["total"] == PRODUCTS
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*.zip")} == before
    assert second["elapsed_s"] < LIMIT_S
    started = time.perf_counter()
    plan = cli("plan", "--json", *places, check=0).json
    assert (plan["products"], plan["settled"]) == ([], {"unchanged": PRODUCTS})
    assert time.perf_counter() - started < LIMIT_S
    print(f"{second['elapsed_s']} s, driver {second['peak_memory_bytes']['driver'] / 2**20:.0f} MiB")
