"""What persons decided, as the work on a file asks for it."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.model import Action, Disposition, RepairOptions, StoredObject
from drf_reprocess.versions.rulings import Rulings, digest, to_ascii

A, B, C = "a" * 64, "b" * 64, "c" * 64
NEW = StoredObject("d" * 64, "d" * 32, 10)


def decided(action, sha256=A, when="2026-01-01T00:00:00Z", **more):
    return Disposition(
        more.pop("disposition_id", f"{action}-{when}"),
        action,
        "gnc",
        "p",
        sha256,
        "p.drf",
        more.pop("who", "Ada"),
        when,
        more.pop("reason", "a test."),
        **more,
    )


def test_without_decisions_nothing_is_ruled():
    rulings = Rulings(())
    options = RepairOptions("never", 3, 4)
    assert rulings.exclude(A) is None
    assert rulings.replacement(A) is None
    assert rulings.chosen([A, B]) is None
    assert rulings.choice([A, B]) is None
    assert rulings.repair(A, options) == options
    assert rulings.accepted(A, ["science-gate"]) is None
    assert rulings.words(A) == ()


@pytest.mark.parametrize("order", [1, -1])
def test_the_latest_of_one_action_on_one_content_counts(order):
    old = decided(
        Action.REPLACE, when="2026-01-01T00:00:00Z", replacement=StoredObject("e" * 64, "e" * 32, 1)
    )
    new = decided(Action.REPLACE, when="2026-02-01T00:00:00Z", replacement=NEW)
    other = decided(Action.REPLACE, B, when="2026-03-01T00:00:00Z", replacement=NEW)
    assert Rulings([old, new, other][::order]).replacement(A) is new


def test_of_one_second_the_later_given_counts():
    first, second = decided(Action.EXCLUDE, reason="one"), decided(Action.EXCLUDE, reason="two")
    assert Rulings([first, second]).exclude(A) is second
    assert Rulings([second, first]).exclude(A) is first


def test_a_decision_speaks_of_its_content_alone():
    rulings = Rulings([decided(action) for action in Action])
    assert rulings.exclude(B) is None
    assert rulings.replacement(B) is None
    assert rulings.repair(B, RepairOptions()) == RepairOptions()
    assert rulings.accepted(B, [""]) is None
    assert rulings.words(B) == ()
    assert rulings.chosen([B, C]) is None


def test_the_latest_choice_among_those_received_counts():
    choices = [
        decided(Action.CHOOSE, A, "2026-01-01T00:00:00Z"),
        decided(Action.CHOOSE, B, "2026-01-02T00:00:00Z"),
        decided(Action.CHOOSE, C, "2026-01-03T00:00:00Z"),
    ]
    rulings = Rulings(choices)
    assert rulings.chosen([A, B]) == B
    assert rulings.choice([A, B]) is choices[1]
    assert rulings.chosen([A, B, C]) == C
    again = Rulings([*choices, decided(Action.CHOOSE, A, "2026-01-04T00:00:00Z")])
    assert again.chosen([A, B, C]) == A


def test_masks_add_up_oldest_first_and_tell_who_and_why():
    masks = [
        decided(Action.MASK, when="2026-01-02T00:00:00Z", start_time="s2", stop_time="t2"),
        decided(
            Action.MASK, start_time="s1", stop_time="t1", who="Zo\u00eb", reason="r\u00e9sum\u00e9\n \u2713."
        ),
    ]
    options = Rulings(masks).repair(A, RepairOptions("never"))
    assert options.policy == "never"
    assert not options.drop_damaged
    assert [(mask.start_time, mask.stop_time) for mask in options.masks] == [("s1", "t1"), ("s2", "t2")]
    assert options.masks[0].words == "by decision of Zoe on 2026-01-01: resume ?"
    assert Rulings(masks).words(A) == ()


def test_damaged_records_are_dropped_by_decision():
    assert Rulings([decided(Action.DROP_RECORDS)]).repair(A, RepairOptions()).drop_damaged


@pytest.mark.parametrize(
    ("code", "asked", "is_accepted"),
    [
        ("science-gate", ["science-gate", "records-fewer"], True),
        ("science-gate", ["other"], False),
        ("", ["science-gate"], True),
        ("science-gate", [], False),
    ],
)
def test_an_acceptance_is_of_one_objection(code, asked, is_accepted):
    accepted = decided(Action.ACCEPT, code=code)
    assert Rulings([accepted]).accepted(A, asked) == (accepted if is_accepted else None)


def test_the_history_is_told_each_decision_in_ascii():
    words = Rulings(
        [
            decided(Action.ACCEPT, code="science-gate"),
            decided(Action.REPLACE, replacement=NEW),
            decided(Action.DROP_RECORDS, reason="no\u00ebl"),
            decided(Action.CHOOSE),
        ]
    ).words(A)
    assert words == (
        "p.drf chosen among the files received for the same data by decision of Ada on 2026-01-01: a test",
        "the content of p.drf replaced by that of another file by decision of Ada on 2026-01-01: a test",
        "damaged records left out by decision of Ada on 2026-01-01: noel",
        "accepted as it is (science-gate) by decision of Ada on 2026-01-01: a test",
    )


@given(st.text())
def test_words_are_one_line_of_ascii(text):
    told = to_ascii(text)
    assert told.isascii()
    assert told.isprintable()
    assert told == told.strip()


MASK = decided(
    Action.MASK, start_time="s", stop_time="t", code="c", family="f", replacement=NEW, disposition_id="d"
)


@pytest.mark.parametrize("field", [field.name for field in fields(Disposition)])
def test_the_digest_changes_with_every_field(field):
    changed = {"action": Action.EXCLUDE, "replacement": None}.get(field, "changed")
    assert digest([replace(MASK, **{field: changed})]) != digest([MASK])


def test_the_digest_is_of_the_set_in_its_order():
    later = replace(MASK, when="2027-01-01T00:00:00Z")
    assert digest([]) == ""
    assert digest([MASK, later]) == digest([later, MASK])
    assert len({digest([MASK]), digest([later]), digest([MASK, later]), digest([MASK, MASK])}) == 4
