from __future__ import annotations

import pytest

from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.profiles.model import IgnoredName


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sci_anc_gnc14_341_342.drf", ("gnc", 2014, 341, 342, "")),
        ("sci_anc_usm113_365_001.drf", ("usm1", 2013, 365, 1, "")),
        ("sci_anc_sasm114_193_195.drf", ("sasm1", 2014, 193, 195, "")),
        ("sci_anc_ngms_2013_325_326.drf", ("ngms", 2013, 325, 326, "")),
        ("sci_anc_eps_14_061_062.drf", ("eps", 2014, 61, 62, "")),
        ("sci_anc_eps14_061_062_manual.drf", ("eps", 2014, 61, 62, "manual")),
        ("mvn_pte15_046_047.drf", ("pte", 2015, 46, 47, "")),
        ("mvn_imu18_139_143.txt", ("imu", 2018, 139, 143, "")),
        ("mvn_imu18_139_143.dat", ("imu", 2018, 139, 143, "")),
        ("sci_anc_gnc16_366_001.drf", ("gnc", 2016, 366, 1, "")),
    ],
)
def test_names_tell_type_and_days(profile, name, expected):
    found = match_name(profile, name)
    assert isinstance(found, FileName)
    assert (*found.family, found.variant) == expected
    assert f"{found.product_id}.{found.extension}" == name


@pytest.mark.parametrize(
    "name",
    [
        "sci_anc_gnc14_000_001.drf",
        "sci_anc_gnc14_341_367.drf",
        "sci_anc_gnc14_366_001.drf",  # 2014 has 365 days
        "sci_anc_gnc14_341_342.drf.gz",
        "sci_anc_gnc14_341.drf",
        "sci_anc_xyz14_341_342.drf",
        "sci_anc_gnc14_341_342.drf\n",
        "SCI_ANC_GNC14_341_342.DRF",
        "",
    ],
)
def test_foreign_names_and_impossible_days_match_nothing(profile, name):
    assert match_name(profile, name) is None


def test_names_that_the_archive_does_not_hold_are_ignored_with_a_reason(profile):
    found = match_name(profile, "anc_sci_svt_2014_120.drf")
    assert isinstance(found, IgnoredName)
    assert "SVT" in found.reason


def test_the_identifier_is_in_small_letters_and_ends_before_the_last_dot(profile):
    found = match_name(profile, "sci_anc_eps14_061_062_Manual.drf")
    assert isinstance(found, FileName)
    assert (found.product_id, found.variant) == ("sci_anc_eps14_061_062_manual", "manual")
