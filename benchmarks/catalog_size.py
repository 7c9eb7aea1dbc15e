"""What the number of products costs: a settled mission in which nothing changed, and the driver of a growing one.

The files of the settled mission are one byte long and its catalog is written without them: whoever opened one would find
that it cannot be archived.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from benchmarks.pipeline import call_program, run_once, settings_of
from benchmarks.results import Measurement, StageTime
from benchmarks.samples import START, make_sample
from benchmarks.scope import Scope
from benchmarks.timing import require
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
from drf_reprocess.profiles.model import Profile
from drf_reprocess.stages.plan import content_fingerprints
from drf_reprocess.storage.base import open_store
from drf_reprocess.testing.catalog_values import RUN, make_delivery, make_outcome, make_product
from drf_reprocess.testing.names import file_name, file_path
from drf_reprocess.testing.schedule import RHYTHMS

PART = "catalog size"
GROWTH = "driver growth"
BATCH = 500
SMALLEST = 1e-6
"""Scale of the smallest files there are: twelve records each."""
FILES_PER_DAY = sum(1 / rhythm.days for rhythm in RHYTHMS.values())


def measure_catalog_size(scope: Scope) -> Iterator[Measurement]:
    """Time a settled mission of each size: the catalog's commits, a run in which nothing changed, a plan."""
    for products in scope.products:
        with scope.folder() as folder:
            source, output = folder / "source", folder / "output"
            make_settled_files(source, products)
            output.mkdir()
            started = time.perf_counter()
            with open_catalog(f"sqlite:///{output}/catalog.sqlite", create=True) as catalog:
                fill_settled(catalog, source)
            yield _measured(products, "products recorded", time.perf_counter() - started)
            yield from _measure_runs(scope, products, source, output)


def _measure_runs(scope: Scope, products: int, source: Path, output: Path) -> Iterator[Measurement]:
    settings = {
        "source.uri": source,
        "output.uri": output,
        "output.views": "none",
        "run.time": RUN.run_time,
        "compute.site": scope.site,
        "compute.dashboard": "",
    }
    places = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    first, _ = call_program("run", "--json", *places)
    require(first["products"]["unchanged"] == products, "a product was made again")
    second, _ = call_program("run", "--json", *places)
    require((second["deliveries"], second["bytes_in"]) == ([], 0), "something was made or read")
    require(second["products"]["unchanged"] == second["products"]["total"] == products, "a product is lost")
    stages = tuple(
        StageTime(row["name"], row["elapsed_s"], driver_peak_bytes=row["driver_peak_bytes"])
        for row in second["stages"]
    )
    yield replace(
        _measured(
            products,
            "run, nothing changed",
            second["elapsed_s"] - second["site_start_s"] - second["site_end_s"],
            driver_peak_bytes=float(second["peak_memory_bytes"]["driver"]),
            site_start_s=second["site_start_s"],
        ),
        stages=stages,
    )
    started = time.perf_counter()
    plan, _ = call_program("plan", "--json", *places)
    require(
        (plan["products"], plan["settled"]) == ([], {"unchanged": products}), "the plan is to do something"
    )
    yield _measured(products, "plan, nothing changed", time.perf_counter() - started)


def _measured(products: int, what: str, seconds: float, **figures: float) -> Measurement:
    each = {"us_per_product": seconds / products * 1e6}
    return Measurement(
        PART,
        f"{what}, {products} products",
        (seconds,),
        0,
        {"what": what, "products": products},
        each | figures,
    )


def make_settled_files(folder: Path, products: int) -> None:
    """Lay as many files of one byte, named as data files of all types."""
    profile = load_profile("maven-anc")
    types = [file_type.name for file_type in profile.types]
    for number in range(products):
        file_type, day = types[number % len(types)], START + timedelta(number // len(types))
        path = folder / file_path(file_type, day, file_name(file_type, day, day))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def fill_settled(catalog: SqlCatalog, source: Path) -> None:
    """Record a mission whose files were all processed and delivered."""
    profile = load_profile("maven-anc")
    catalog.start_run(RUN)
    fingerprints = content_fingerprints(profile, RepairOptions())
    rest = _outcomes(profile, source)
    number = 0
    while batch := list(islice(rest, BATCH)):
        catalog.commit_outcomes(RUN.run_id, RUN.run_time, fingerprints, batch)
        number += 1
        members = [
            DeliveryMember(path, record.lidvid, stored)
            for record in (outcome.product for outcome in batch)
            if record is not None
            for path, stored in ((record.data_path, record.data), (record.label_path, record.label))
        ]
        catalog.commit_delivery(make_delivery(number, DeliveryState.ACCEPTED), members)
    catalog.finish_run(RUN.run_id, "success", RUN.run_time, {})


def _outcomes(profile: Profile, source: Path) -> Iterator[Outcome]:
    for file in open_store(str(source)).list():
        yield make_outcome(_product(profile, file))


def _product(profile: Profile, source: SourceFile) -> ProductRecord:
    file_type, year, name = source.name.split("/")
    product_id = name.rpartition(".")[0]
    first = product_id.rsplit("_", 2)[1]
    day = date(int(year), 1, 1) + timedelta(int(first) - 1)
    _, collection = profile.placement[file_type]
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


def measure_growth(scope: Scope) -> Iterator[Measurement]:
    """Run missions of few and of very many tiny files through the whole line: the driver's memory must hardly grow."""
    fewest = 0.0
    on = scope.places[0]
    for files in scope.growth_files:
        with scope.folder(on) as folder:
            days = max(1, round(files / FILES_PER_DAY))
            sample = make_sample(folder / "source", days, SMALLEST, types=None)
            run = run_once(scope, on, settings_of(scope, sample, max(scope.workers)))
        require(run.files == len(sample.files), "a file is not in the archive")
        fewest = fewest or float(run.driver_peak_bytes)
        yield Measurement(
            GROWTH,
            f"{run.files} files",
            (run.elapsed_s,),
            run.bytes,
            {"files": run.files, "workers": max(scope.workers)},
            {
                "files": float(run.files),
                "driver_peak_bytes": float(run.driver_peak_bytes),
                "driver_growth_bytes": run.driver_peak_bytes - fewest,
                "worker_peak_bytes": float(run.worker_peak_bytes),
                "ms_per_file": run.elapsed_s * 1e3 / run.files,
            },
            run.stages,
        )
