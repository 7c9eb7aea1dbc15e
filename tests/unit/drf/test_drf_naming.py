from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.profiles.model import IgnoredName


@pytest.mark.parametrize(
    ("name", "family", "days", "variant"),
    [
        ("sci_anc_gnc14_341_342.drf", "gnc:2014:341-342", ("2014-12-07", "2014-12-08"), ""),
        ("sci_anc_usm113_365_001.drf", "usm1:2013:365-001", ("2013-12-31", "2014-01-01"), ""),
        ("sci_anc_sasm114_193_195.drf", "sasm1:2014:193-195", ("2014-07-12", "2014-07-14"), ""),
        ("sci_anc_ngms_2013_325_326.drf", "ngms:2013:325-326", ("2013-11-21", "2013-11-22"), ""),
        ("sci_anc_eps_14_061_062.drf", "eps:2014:061-062", ("2014-03-02", "2014-03-03"), ""),
        ("sci_anc_eps14_061_062_manual.drf", "eps:2014:061-062", ("2014-03-02", "2014-03-03"), "manual"),
        ("mvn_pte15_046_047.drf", "pte:2015:046-047", ("2015-02-15", "2015-02-16"), ""),
        ("mvn_imu18_139_143.txt", "imu:2018:139-143", ("2018-05-19", "2018-05-23"), ""),
        ("mvn_imu18_139_143.dat", "imu:2018:139-143", ("2018-05-19", "2018-05-23"), ""),
        ("sci_anc_gnc16_366_001.drf", "gnc:2016:366-001", ("2016-12-31", "2017-01-01"), ""),
        ("sci_anc_gnc16_060_060.drf", "gnc:2016:060-060", ("2016-02-29", "2016-02-29"), ""),
    ],
)
def test_names_tell_type_and_days(profile, name, family, days, variant):
    found = match_name(profile, name)
    assert isinstance(found, FileName)
    assert (found.family, found.variant) == (family, variant)
    assert found.span == tuple(map(date.fromisoformat, days))
    assert f"{found.product_id}.{found.extension}" == name


@given(first=st.dates(date(2013, 1, 1), date(2099, 12, 30)), length=st.integers(0, 300))
def test_families_of_a_type_sort_by_their_first_day(profile, first, length):
    def named(day: date):
        last = day + timedelta(days=length)
        name = f"sci_anc_gnc{day:%y}_{day:%j}_{last:%j}.drf"
        found = match_name(profile, name)
        assert isinstance(found, FileName)
        assert found.span == (day, last)
        return found

    assert named(first).family < named(first + timedelta(days=1)).family


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
