"""Final names of columns, and their union over eras."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.model import Kind
from drf_reprocess.profiles.columns import all_columns, final_names
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.profiles.model import Column, ColumnSet, canonical_name


def type_with(*column_sets: ColumnSet):
    return load_profile("maven-anc").types_by_name["eps"].model_copy(update={"column_sets": column_sets})


def era(name: str, *columns: Column) -> ColumnSet:
    return ColumnSet(era=name, columns=columns, ordered=len(columns))


@pytest.mark.parametrize(
    ("source", "name"),
    [("IMU_TIME_@_TONE", "IMU_TIME_TONE"), ("IMU_TIME_TONE", "IMU_TIME_TONE"), ("A@B", "AB"), ("A_@", "A_")],
)
def test_canonical_names(source, name):
    assert canonical_name(source) == name


@given(st.text(alphabet="AB_@", max_size=12))
def test_a_canonical_name_stays(text):
    assert canonical_name(canonical_name(text)) == canonical_name(text)
    assert "@" not in canonical_name(text)


def test_only_names_that_stand_twice_get_their_mark():
    columns = [("A", "DN"), ("A", "EU"), ("B", "DN"), ("C", None), ("T_@_U", None)]
    assert final_names(columns) == ("A_DN", "A_EU", "B", "C", "T_U")


@pytest.mark.parametrize(
    "columns",
    [
        [("A", None), ("A", None)],
        [("A", "DN"), ("A", "DN")],
        [("A", "DN"), ("A", "EU"), ("A_EU", None)],
        [("A_@_B", None), ("A_B", None)],
    ],
)
def test_names_that_would_fall_together_are_refused(columns):
    with pytest.raises(ValueError, match="stand more than once: A"):
        final_names(columns)


def test_the_union_is_stable_when_an_era_is_added():
    first = era("first", Column(name="B"), Column(name="A", description="old"))
    second = era("second", Column(name="C"), Column(name="A", description="new"), Column(name="D"))
    before, after = all_columns(type_with(first)), all_columns(type_with(first, second))
    assert [column.name for column in before] == ["B", "A"]
    assert [column.name for column in after] == ["B", "A", "C", "D"]
    assert after[1].description == "new"
    assert after[1].eras == ("first", "second")


def test_a_name_once_in_one_era_and_twice_in_another_is_three_columns():
    single = era("single", Column(name="A"))
    pair = era("pair", Column(name="A", dn_eu="DN", kind=Kind.INTEGER), Column(name="A", dn_eu="EU"))
    assert [column.name for column in all_columns(type_with(single, pair))] == ["A", "A_DN", "A_EU"]


def test_one_column_has_one_kind():
    with pytest.raises(ValueError, match="A is real in era one but integer in era two"):
        all_columns(type_with(era("one", Column(name="A")), era("two", Column(name="A", kind=Kind.INTEGER))))
