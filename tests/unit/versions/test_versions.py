from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.identifiers import FIRST_VID, Lid, Vid
from drf_reprocess.model import Campaign, Decision, FormerProduct, HistoryEntry, Mend
from drf_reprocess.versions.cascade import compare_members, next_aggregate_vid
from drf_reprocess.versions.history import describe_aggregate, describe_product, extend_history
from drf_reprocess.versions.rule import decide_version, is_forced, next_vid


def former(**changes) -> FormerProduct:
    values = {
        "vid": Vid(2, 9),
        "data_md5": "d" * 32,
        "label_digest": "l" * 64,
        "creation_time": "2020-01-01T00:00:00Z",
        "history": (),
        "source_md5": "s" * 32,
    }
    return FormerProduct(**(values | changes))


@pytest.mark.parametrize(
    ("data", "label", "decision", "vid"),
    [
        ("d", "l", Decision.SAME, Vid(2, 9)),
        ("d", "x", Decision.LABEL_ONLY, Vid(2, 10)),
        ("x", "l", Decision.DATA_CHANGED, Vid(3, 0)),
        ("x", "x", Decision.DATA_CHANGED, Vid(3, 0)),
    ],
)
def test_content_decides_the_version(data, label, decision, vid):
    assert decide_version(former(), data * 32, label * 64) is decision
    assert next_vid(Vid(2, 9), decision) == vid


@pytest.mark.parametrize(
    ("bump", "name", "label", "decision", "vid"),
    [
        ("none", "c", "l", Decision.SAME, Vid(2, 9)),
        ("minor", "c", "l", Decision.LABEL_ONLY, Vid(2, 10)),
        ("minor", "earlier", "l", Decision.SAME, Vid(2, 9)),
        ("major", "c", "l", Decision.LABEL_ONLY, Vid(3, 0)),
        ("major", "c", "x", Decision.LABEL_ONLY, Vid(3, 0)),
    ],
)
def test_a_campaign_forces_a_version_once(bump, name, label, decision, vid):
    campaign = Campaign(name, "why", bump)
    old = former(campaign="earlier")
    assert decide_version(old, "d" * 32, label * 64, campaign) is decision
    assert next_vid(old.vid, decision, bump if is_forced(old, campaign) else "none") == vid


def test_a_foreign_label_stays_unless_a_campaign_says_otherwise():
    old = former(adopted=True)
    assert decide_version(old, "d" * 32, "x" * 64) is Decision.SAME
    assert decide_version(old, "d" * 32, "x" * 64, Campaign(reason="quarterly release")) is Decision.SAME
    assert decide_version(old, "d" * 32, "x" * 64, Campaign("c", "c")) is Decision.LABEL_ONLY
    assert decide_version(old, "x" * 32, "x" * 64) is Decision.DATA_CHANGED


def test_a_product_without_former_version_is_new_and_gets_1_0():
    assert decide_version(None, "d", "l") is Decision.NEW
    assert next_vid(None, Decision.NEW) == FIRST_VID == Vid(1, 0)


@given(st.tuples(st.integers(0, 99), st.integers(0, 99)), st.tuples(st.integers(0, 99), st.integers(0, 99)))
def test_vids_compare_as_numbers(one, other):
    assert (Vid(*one) < Vid(*other)) == (one < other)
    assert Vid.from_text(str(Vid(*one))) == Vid(*one)


def test_history_keeps_every_former_entry_and_puts_the_new_one_first():
    old = (HistoryEntry("2020-08-18", Vid(2, 0), "b"), HistoryEntry("2015-05-01", Vid(1, 0), "a"))
    assert extend_history(old, "2026-11-21", Vid(2, 1), "caf\u00e9") == (
        HistoryEntry("2026-11-21", Vid(2, 1), "caf?"),
        *old,
    )


def test_a_mended_file_is_told_in_words():
    mend = Mend(
        "drop-truncated-tail", 1, 57, 0, 1000, 1000, "removed a truncated record at the end (57 bytes)"
    )
    words = describe_product(Decision.NEW, None, "", [mend])
    assert words == (
        "First release of this product. Compared with the file as received: "
        "removed a truncated record at the end (57 bytes)."
    )
    assert describe_product(Decision.DATA_CHANGED, Vid(1, 0), "", [], 3, ["x masked by A"]) == (
        "Release 3. The data file replaces that of version 1.0. Decided by persons: x masked by A."
    )
    assert describe_product(Decision.LABEL_ONLY, Vid(1, 0), "units mended", [mend]) == (
        "Label only: the data file is that of version 1.0. Reason: units mended."
    )


def test_members_cascade():
    a, b, c = (Lid(f"urn:nasa:pds:x:data:{name}") for name in "abc")
    changes = compare_members({a: Vid(1, 0), b: Vid(1, 0)}, {b: Vid(1, 1), c: Vid(1, 0)})
    assert (changes.added, changes.changed, changes.dropped) == (1, 1, 1)
    assert not compare_members({a: Vid(1, 0)}, {a: Vid(1, 0)})
    assert next_aggregate_vid(Vid(1, 9)) == Vid(1, 10)
    assert next_aggregate_vid(Vid(1, 9), "major") == Vid(2, 0)
    assert next_aggregate_vid(None, "major") == Vid(1, 0)
    span = ("2014-11-15", "2014-11-17")
    assert describe_aggregate(Vid(1, 9), changes, "product", span, "") == (
        "1 product added, 1 product changed, 1 product dropped; data from 2014-11-15 to 2014-11-17."
    )
    assert describe_aggregate(Vid(1, 9), changes, "product", span, "r", 7) == (
        "Release 7: 1 product added, 1 product changed, 1 product dropped; data from 2014-11-15 to 2014-11-17. Reason: r."
    )
    assert describe_aggregate(None, changes, "product", span, "campaign.") == (
        "First release: 1 product, data from 2014-11-15 to 2014-11-17. Reason: campaign."
    )
