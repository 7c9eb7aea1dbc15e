"""Dispositions as a text file: what is written is read again, and what is wrong is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.errors import ConfigurationError
from drf_reprocess.model import Action, Disposition, StoredObject
from drf_reprocess.versions.disposition_file import (
    COLUMNS,
    export_text,
    find_problems,
    identify,
    parse,
    utc_time,
)

EXCLUDED = identify(
    Disposition(
        "",
        Action.EXCLUDE,
        "gnc",
        "sci_anc_gnc15_035_035_16feb15",
        "a" * 64,
        "2015/sci_anc_gnc15_035_035_16Feb15.drf",
        "Ada",
        "2026-11-21T12:00:00Z",
        'the "test" file, again',
        "damaged-records",
        family="gnc/2015-035-035",
    )
)
MASKED = identify(
    replace(
        EXCLUDED,
        action=Action.MASK,
        start_time="2015-02-04T00:00:00Z",
        stop_time="2015-02-04T00:00:00.5Z",
        code="",
    )
)
REPLACED = identify(replace(EXCLUDED, action=Action.REPLACE, replacement=StoredObject("b" * 64, "b" * 32, 7)))
ACCEPTED = identify(replace(EXCLUDED, action=Action.ACCEPT, code="science-gate"))

line = st.text(
    st.characters(blacklist_categories=("Cc", "Cs"), blacklist_characters="\u2028\u2029"), max_size=30
)
word = line.filter(str.strip)
digits = st.text("0123456789abcdef", min_size=64, max_size=64)
times = st.datetimes().map(lambda moment: utc_time(moment.isoformat()))
seconds = st.datetimes().map(lambda moment: utc_time(moment.replace(microsecond=0).isoformat()))


@st.composite
def dispositions(draw):
    action = draw(st.sampled_from(Action))
    start = stop = ""
    if action is Action.MASK:
        start, stop = draw(
            st.lists(st.datetimes(), min_size=2, max_size=2, unique=True).map(
                lambda pair: [utc_time(moment.isoformat()) for moment in sorted(pair)]
            )
        )
    stored = None
    if action is Action.REPLACE:
        stored = StoredObject("0f" * 32, draw(digits)[:32], draw(st.integers(0, 10**12)))
    return identify(
        Disposition(
            "",
            action,
            draw(word),
            draw(word),
            draw(digits),
            draw(word),
            draw(word),
            draw(seconds),
            draw(word),
            "science-gate" if action is Action.ACCEPT else draw(line),
            start,
            stop,
            stored,
            draw(st.sampled_from(["", "one", "two"])),
        )
    )


@given(st.lists(dispositions(), max_size=6))
def test_what_is_exported_is_read_again_exactly(given_ones):
    assert all(not find_problems(one) for one in given_ones)
    text = export_text(given_ones)
    found = parse(text)
    assert sorted(found, key=repr) == sorted(given_ones, key=repr)
    assert export_text(found) == text
    assert len(text.splitlines()) >= len(given_ones) + 1


@given(st.lists(dispositions(), min_size=2, max_size=2, unique_by=lambda one: one.disposition_id))
def test_the_later_of_two_decisions_of_one_second_stays_the_later(pair):
    alike = [identify(replace(one, type="gnc", family="f", when="2026-01-01T00:00:00Z")) for one in pair]
    assert parse(export_text(alike)) == alike


def test_a_decision_is_one_line_of_the_file():
    text = export_text([MASKED, REPLACED, EXCLUDED]).decode()
    assert text.count("\n") == 4
    assert "\r" not in text
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert '"the ""test"" file, again"' in text


def test_an_id_left_empty_is_filled_in():
    text = export_text([EXCLUDED]).decode().replace(EXCLUDED.disposition_id, "")
    assert parse(text) == [EXCLUDED]


def test_a_file_saved_by_a_spreadsheet_is_read():
    text = b"\xef\xbb\xbf" + export_text([EXCLUDED]).replace(b"\n", b"\r\n")
    assert parse(text) == [EXCLUDED]


def test_the_id_follows_from_what_is_said_but_not_from_the_family():
    assert (
        identify(replace(EXCLUDED, disposition_id="x", family="")).disposition_id == EXCLUDED.disposition_id
    )
    others = {
        identify(replace(EXCLUDED, **change)).disposition_id
        for change in (
            {"reason": "r"},
            {"who": "w"},
            {"when": "2026-11-21T12:00:01Z"},
            {"source_sha256": "b" * 64},
            {"action": Action.CHOOSE},
            {"source_name": "n"},
        )
    }
    assert len(others | {EXCLUDED.disposition_id}) == 7


def changed(disposition, **changes):
    return export_text([EXCLUDED, identify(replace(disposition, **changes))])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(ACCEPTED, code="damaged-records"), "line 3: code: 'damaged-records' is nothing that can be"),
        (changed(MASKED, stop_time="2015-02-03T00:00:00Z"), "line 3: stop_time: 2015-02-03T00:00:00Z is not after"),
        (changed(MASKED, start_time="yesterday"), "line 3: start_time: 'yesterday' is no time; expected UTC"),
        (changed(MASKED, start_time=""), "line 3: start_time: '' is no time"),
        (changed(MASKED, start_time="2015-02-04"), "line 3: start_time: '2015-02-04' is no time; expected UTC"),
        (changed(EXCLUDED, start_time="2015-02-04T00:00:00Z"), "only a mask has an interval"),
        (changed(REPLACED, replacement=None), "line 3: replacement: SHA-256 or MD5 .* is missing"),
        (changed(REPLACED, replacement=StoredObject("a" * 64, "b" * 32, 1)), "the same bytes as the file"),
        (changed(EXCLUDED, replacement=StoredObject("c" * 64, "b" * 32, 1)), "only replace has one"),
        (changed(EXCLUDED, who=" "), "line 3: who: is empty"),
        (changed(EXCLUDED, reason=""), "line 3: reason: is empty"),
        (changed(EXCLUDED, reason="two\nlines"), "reason: 'two.nlines' has line ends or control characters"),
        (changed(EXCLUDED, when="2026-11-21"), "line [23]: when: '2026-11-21' is no time to the second"),
        (changed(EXCLUDED, when="2026-11-21T12:00:00.5Z"), "is no time to the second"),
        (changed(EXCLUDED, source_sha256="A" * 64), "source_sha256: 'A+' is no SHA-256"),
        (export_text([EXCLUDED]).replace(b"exclude", b"forget"), "line 2: action: 'forget' is none; expected one"),
        (export_text([EXCLUDED]).replace(b"Ada", b"Eve"), "line 2: disposition_id: .* leave it empty"),
        (export_text([EXCLUDED]).replace(b"Ada", b"Ada,Eve"), "line 2: line: has not 16 fields"),
        (export_text([EXCLUDED]).replace(b"Ada", b'"Ada'), "line 2: "),
        (export_text([EXCLUDED]).replace(b"who", b"whom"), "line 1: .*missing who; unknown whom; expected type,"),
        (b"", "line 1: .*missing type"),
        (b"\xff\xfe", "no UTF-8 text"),
    ],
)  # fmt: skip
def test_a_faulty_line_is_told_with_field_and_remedy(text, message):
    with pytest.raises(ConfigurationError, match=message):
        parse(text)


def test_all_faults_are_told_at_once():
    text = changed(MASKED, who="", start_time="x")
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    assert str(caught.value).count("line 3: ") == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2015-02-04", "2015-02-04T00:00:00Z"),
        ("2015-02-04T01:02:03", "2015-02-04T01:02:03Z"),
        ("2015-02-04T01:02:03.250Z", "2015-02-04T01:02:03.25Z"),
        ("2015-02-04T01:02:03+01:00", "2015-02-04T00:02:03Z"),
        ("0900-02-04T01:02:03Z", "0900-02-04T01:02:03Z"),
    ],
)
def test_times_are_told_in_one_form(text, told):
    assert utc_time(text) == told
    assert utc_time(told) == told
