"""Deliveries are planned, joined, and remembered no longer than they are needed."""

from __future__ import annotations

import gc
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate

import pytest

from drf_reprocess.catalog.sql import open_catalog
from drf_reprocess.compute.serial import SerialExecutor
from drf_reprocess.identifiers import Lidvid
from drf_reprocess.model import Deliverable, DeliveryState, PackedMember
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.stages.package import (
    MEMBERS_PER_WORKER,
    MOST_MEMBERS,
    Delivery,
    PackageOptions,
    Shipment,
    package,
    proved_together,
)
from drf_reprocess.storage import open_store
from drf_reprocess.storage.base import put_object
from drf_reprocess.testing.catalog_values import (
    FINGERPRINT,
    RUN,
    make_delivery,
    make_outcome,
    make_product,
)

PRODUCTS = 12
FIRST = date(2014, 12, 8)


@pytest.fixture
def profile():
    return load_profile("maven-anc")


@pytest.fixture
def output(tmp_path):
    return open_store(str(tmp_path / "output"))


@pytest.fixture
def catalog(tmp_path, profile, output):
    """Products of consecutive days in one quarter, with files that cannot be compressed much."""
    with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite", create=True) as catalog:
        catalog.start_run(RUN)
        _, collection = profile.placement["gnc"]
        for number in range(PRODUCTS):
            product = make_product(
                f"sci_anc_gnc14_{342 + number}_{342 + number}", day=FIRST + timedelta(number)
            )
            made = replace(
                product,
                lidvid=Lidvid(collection.lid.child(product.product_id), product.lidvid.vid),
                data=put_object(output, f"data {number}\n".encode() * 20),
                label=put_object(output, f"label {number}\n".encode() * 20),
                data_path=f"gnc/{product.product_id}.drf",
                label_path=f"gnc/{product.product_id}.xml",
            )
            catalog.commit_outcomes(RUN.run_id, RUN.run_time, {"gnc": FINGERPRINT}, [make_outcome(made)])
        yield catalog


def pack(catalog, profile, output, max_bytes):
    """Yield the deliveries with how many values of their products are still remembered."""
    options = PackageOptions("release", "zip", max_bytes, "libdeflate", 1)
    shipment = Shipment("pds", {}, RUN.run_id, RUN.run_time)
    advance = lambda files, bytes_: None  # noqa: E731
    for batch in package(catalog, SerialExecutor(), output, profile, options, shipment, advance):
        gc.collect()
        alive = sum(isinstance(one, Deliverable | PackedMember) for one in gc.get_objects())
        for delivery in batch:
            yield delivery, alive


def test_products_that_are_packed_are_forgotten_before_their_package_is_proved(catalog, profile, output):
    ((delivery, alive),) = pack(catalog, profile, output, 10**9)
    assert delivery.record.members == 2 * PRODUCTS
    assert alive == 0
    assert f"{PRODUCTS} products are new to the archive." in delivery.contents


def test_a_group_is_cut_into_packages_in_order_and_what_is_cut_off_forgotten(catalog, profile, output):
    ((whole, _),) = pack(catalog, profile, output, 10**9)
    members = catalog.delivery_members(whole.record.delivery_id)
    catalog.move_delivery(
        whole.record.delivery_id, (DeliveryState.PACKED,), DeliveryState.DISCARDED, RUN.run_time, "again"
    )
    limit = whole.record.package_bytes // 3
    parts = list(pack(catalog, profile, output, limit))
    assert len(parts) > 3
    assert all(output.size(delivery.record.package_key) <= limit for delivery, _ in parts)
    packed = list(accumulate(delivery.record.products for delivery, _ in parts))
    assert packed[-1] == PRODUCTS
    # A product and its two files; packages are joined one by one here.
    assert [alive for _, alive in parts] == [3 * (PRODUCTS - count) for count in packed]
    sent = [catalog.delivery_members(delivery.record.delivery_id) for delivery, _ in parts]
    assert sorted(member.path for part in sent for member in part) == [member.path for member in members]
    days = [delivery.record.first_day for delivery, _ in parts]
    assert days == sorted(days)


def test_a_product_larger_than_a_package_travels_alone(catalog, profile, output):
    parts = list(pack(catalog, profile, output, 1))
    assert [delivery.record.members for delivery, _ in parts] == [2] * PRODUCTS


@pytest.mark.parametrize(
    ("workers", "sizes", "expected"),
    [
        (2, [], []),
        (2, [10, 10, 10], [[10, 10, 10]]),
        (1, [MEMBERS_PER_WORKER, 1], [[MEMBERS_PER_WORKER], [1]]),
        (2, [MEMBERS_PER_WORKER, MEMBERS_PER_WORKER, 1], [[MEMBERS_PER_WORKER] * 2, [1]]),
        (1, [10 * MEMBERS_PER_WORKER, 1, 2], [[10 * MEMBERS_PER_WORKER], [1, 2]]),
        (1_000, [MOST_MEMBERS - 1, 1, 1], [[MOST_MEMBERS - 1, 1], [1]]),
    ],
)
def test_no_more_members_are_proved_at_once_than_can_be_remembered(workers, sizes, expected):
    deliveries = [
        Delivery(replace(make_delivery(number, DeliveryState.PACKED), members=members), ())
        for number, members in enumerate(sizes, 1)
    ]
    found = list(proved_together(deliveries, workers))
    assert [[one.record.members for one in together] for together in found] == expected
    assert [one for together in found for one in together] == deliveries
