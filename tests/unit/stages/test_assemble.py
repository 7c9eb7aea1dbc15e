"""Collections and bundles are drafted, and proved one by one."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest

from drf_reprocess.catalog.sql import open_catalog
from drf_reprocess.compute.serial import SerialExecutor
from drf_reprocess.identifiers import Lidvid
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.stages import assemble as stage
from drf_reprocess.stages.assemble import AssembleContext, assemble
from drf_reprocess.storage import open_store
from drf_reprocess.testing.catalog_values import FINGERPRINT, RUN, make_outcome, make_product

TYPES = ("eps", "gnc", "imu", "rs")


@pytest.fixture
def profile():
    return load_profile("maven-anc")


@pytest.fixture
def catalog(tmp_path, profile):
    with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite", create=True) as catalog:
        catalog.start_run(RUN)
        for name in TYPES:
            _, collection = profile.placement[name]
            product = make_product(f"sci_anc_{name}14_342_342")
            lid = collection.lid.child(product.product_id)
            made = replace(
                product, lidvid=Lidvid(lid, product.lidvid.vid), type=name, family=f"{name}:2014:342"
            )
            catalog.commit_outcomes(
                RUN.run_id, RUN.run_time, dict.fromkeys(TYPES, FINGERPRINT), [make_outcome(made)]
            )
        yield catalog


def test_each_is_proved_before_the_next_is_drafted(tmp_path, profile, catalog, monkeypatch):
    proved = []

    def prove(context, draft):
        alive = [one for one in gc.get_objects() if isinstance(one, stage._Draft)]
        proved.append((draft.record.lidvid.lid, len(alive)))

    monkeypatch.setattr(stage, "prove_label", prove)
    context = AssembleContext(profile, open_store(str(tmp_path / "output")), RUN.run_time, "test", None, {})
    assembly = assemble(catalog, context, SerialExecutor())
    assert [record.kind for record in assembly.records] == ["collection"] * len(TYPES) + ["bundle"]
    assert [lid for lid, _ in proved] == [record.lidvid.lid for record in assembly.records]
    assert max(alive for _, alive in proved) <= 2  # the last one may not be forgotten yet
    assert assembly.left == ()
