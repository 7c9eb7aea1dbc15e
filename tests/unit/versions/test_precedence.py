from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.model import SourceFile
from drf_reprocess.profiles.model import Precedence
from drf_reprocess.versions.precedence import covers, explain, rank_files

NOON_NS = 1_418_040_000_000_000_000  # 2014-12-08T12:00:00Z
HOUR_NS = 3_600_000_000_000


def received(name: str = "a.drf", mtime_ns: int = NOON_NS, size: int = 100, variant: str = ""):
    return SourceFile(uri=f"/in/{name}", name=name, bytes=size, mtime_ns=mtime_ns), variant


PLAIN = received("gnc/sci_anc_gnc14_341_342.drf")
NEWER = received("gnc/sci_anc_gnc_14_341_342.drf", mtime_ns=NOON_NS + HOUR_NS)
MANUAL = received("gnc/sci_anc_gnc14_341_342_manual.drf", mtime_ns=NOON_NS - HOUR_NS, variant="manual")
OTHER = received("gnc/sci_anc_gnc14_341_342_late.drf", mtime_ns=NOON_NS - HOUR_NS, variant="late")


def test_by_default_a_hand_made_file_goes_first_then_the_newest():
    assert rank_files([PLAIN, NEWER, MANUAL, OTHER], Precedence()) == [[2], [3], [1], [0]]


def test_what_no_rule_parts_stands_in_one_group_in_the_order_given():
    twin = received("again/sci_anc_gnc14_341_342.drf")
    assert rank_files([PLAIN, MANUAL, twin], Precedence()) == [[1], [0, 2]]
    assert rank_files([twin, PLAIN, NEWER], Precedence(rules=())) == [[0, 1, 2]]


def test_no_file_no_group():
    assert rank_files([], Precedence()) == []


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        (("", "manual", "*"), [[0], [1], [2]]),
        (("*", ""), [[1, 2], [0]]),
        (("late",), [[2], [0, 1]]),
        (("manual",), [[1], [0, 2]]),
        ((), [[0, 1, 2]]),
    ],
)
def test_variant_words_rank_as_the_profile_lists_them(variants, expected):
    files = [received(variant=variant) for variant in ("", "manual", "late")]
    assert rank_files(files, Precedence(rules=("variant",), variants=variants)) == expected


def test_rules_hold_in_turn():
    old_large = received("b.drf", NOON_NS, 900)
    new_small = received("a.drf", NOON_NS + 1, 800)
    assert rank_files([old_large, new_small], Precedence(rules=("newest", "largest"))) == [[1], [0]]
    assert rank_files([old_large, new_small], Precedence(rules=("largest", "newest"))) == [[0], [1]]
    assert rank_files([old_large, new_small], Precedence(rules=("name",))) == [[0], [1]]


def test_the_later_name_goes_first_without_its_folder():
    names = ["z/a.drf", "b.drf", "m/b.drf", "a.drf2"]
    ranked = rank_files([received(name) for name in names], Precedence(rules=("name",)))
    assert [[names[index] for index in group] for group in ranked] == [
        ["b.drf", "m/b.drf"],
        ["a.drf2"],
        ["z/a.drf"],
    ]


RULES = st.lists(st.sampled_from(["variant", "newest", "largest", "name"]), unique=True, max_size=4)
FILES = st.lists(
    st.builds(
        received,
        st.sampled_from(["a.drf", "b.drf", "x/a.drf", "ab.drf"]),
        st.integers(NOON_NS, NOON_NS + 2),
        st.integers(1, 3),
        st.sampled_from(["", "manual", "late", "new"]),
    ),
    max_size=8,
)


@given(files=FILES, rules=RULES, data=st.data())
def test_the_ranking_does_not_depend_on_the_order_of_the_listing(files, rules, data):
    precedence = Precedence(rules=tuple(rules))
    ranked = rank_files(files, precedence)
    assert sorted(index for group in ranked for index in group) == list(range(len(files)))
    shuffled = data.draw(st.permutations(range(len(files))))
    again = rank_files([files[index] for index in shuffled], precedence)
    assert [{shuffled[index] for index in group} for group in again] == [set(group) for group in ranked]


@given(files=FILES, rules=RULES)
def test_words_agree_with_the_ranking(files, rules):
    precedence = Precedence(rules=tuple(rules))
    ranked = rank_files(files, precedence)
    place = {index: number for number, group in enumerate(ranked) for index in group}
    for first in place:
        for second in place:
            told = explain(files[first], files[second], precedence)
            assert told.startswith("no rule of precedence parts them") == (place[first] == place[second])
            assert told.startswith("not by the rules") == (place[first] > place[second])


@pytest.mark.parametrize(
    ("winner", "loser", "rules", "told"),
    [
        (MANUAL, PLAIN, ("variant", "newest"), "variant manual goes before no variant"),
        (MANUAL, OTHER, ("variant",), "variant manual goes before variant late"),
        (NEWER, PLAIN, ("variant", "newest"), "newer: 2014-12-08T13:00:00Z against 2014-12-08T12:00:00Z"),
        (
            received(mtime_ns=NOON_NS + 7),
            PLAIN,
            ("newest",),
            "newer: 2014-12-08T12:00:00.000000007Z against 2014-12-08T12:00:00.000000000Z",
        ),
        (received(size=101), PLAIN, ("newest", "largest"), "larger: 101 bytes against 100"),
        (received("x/b.drf"), received("y/a.drf"), ("name",), "its name comes later: b.drf against a.drf"),
        (PLAIN, PLAIN, ("variant", "newest"), "no rule of precedence parts them (rules: variant, newest)"),
        (PLAIN, NEWER, (), "no rule of precedence parts them (rules: none)"),
        (
            PLAIN,
            NEWER,
            ("newest",),
            "not by the rules of precedence: newer: 2014-12-08T13:00:00Z against 2014-12-08T12:00:00Z is for the other "
            "one",
        ),
    ],
)
def test_it_is_said_which_rule_decided_and_by_what(winner, loser, rules, told):
    assert explain(winner, loser, Precedence(rules=rules)) == told


def test_a_time_before_1970_is_told_too():
    early = (replace(PLAIN[0], mtime_ns=-1), "")
    assert explain(PLAIN, early, Precedence()) == "newer: 2014-12-08T12:00:00Z against 1969-12-31T23:59:59Z"


def test_covering_is_holding_all_days_and_more():
    def span(first: int, last: int):
        return date(2014, 12, first), date(2014, 12, last)

    assert covers(span(1, 5), span(2, 3))
    assert covers(span(1, 5), span(1, 4))
    assert covers(span(1, 5), span(2, 5))
    assert not covers(span(1, 5), span(1, 5))
    assert not covers(span(2, 3), span(1, 5))
    assert not covers(span(1, 4), span(2, 5))
    assert not covers(span(1, 2), span(3, 4))
