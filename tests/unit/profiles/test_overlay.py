"""Column sets that a person accepted: from a header to a text, from the text to a profile that reads the file."""

from __future__ import annotations

import pickle
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.drf.header import NAMED_COLUMNS, UNKNOWN_COLUMNS
from drf_reprocess.drf.reader import read
from drf_reprocess.errors import ProfileError
from drf_reprocess.model import Kind, RepairOptions
from drf_reprocess.profiles.columns import all_columns
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.profiles.model import Column, Profile
from drf_reprocess.profiles.overlay import (
    ColumnOverlay,
    case_id,
    columns_of_header,
    parse_overlay,
    with_overlays,
    write_overlay,
)

INVENTED = Path(__file__).resolve().parents[2] / "data" / "invented_mission.toml"
NAMES = ("BUS_VOLT/DN", "BUS_VOLT/EU", "BATT_TEMP/EU", "MODE_@_2")


@pytest.fixture(scope="module")
def wisp() -> Profile:
    return load_profile(str(INVENTED))


def accept(
    profile: Profile, names=NAMES, *, type_name="pwr", era="second-year", when="2026-11-21T12:00:00Z", **kinds
):
    return ColumnOverlay(
        id=case_id(type_name, names),
        type=type_name,
        era=era,
        columns=columns_of_header(profile.types_by_name[type_name], names, kinds),
        who="A. Operator",
        when=when,
        reason='new "boxes" since 2032',
    )


def test_a_column_has_what_is_known_of_its_channel(wisp: Profile):
    columns = columns_of_header(wisp.types_by_name["pwr"], NAMES)
    assert columns == (
        Column(name="BUS_VOLT", dn_eu="DN", kind=Kind.INTEGER, description="Main bus voltage."),
        Column(name="BUS_VOLT", dn_eu="EU", unit="V", description="Main bus voltage."),
        Column(name="BATT_TEMP", dn_eu="EU", unit="degC", description="Battery temperature."),
        Column(name="MODE_2", source_name="MODE_@_2"),
    )


def test_a_channel_that_was_single_and_is_a_pair_takes_over_its_words_alone(wisp: Profile):
    columns = columns_of_header(wisp.types_by_name["pwr"], ["BATT_TEMP", "BATT_TEMP"])
    assert columns == (
        Column(name="BATT_TEMP", dn_eu="DN", description="Battery temperature."),
        Column(name="BATT_TEMP", dn_eu="EU", description="Battery temperature."),
    )


@pytest.mark.parametrize(
    ("names", "marks"),
    [
        (("X", "X"), ["DN", "EU"]),
        (("X/EU", "X/DN"), ["EU", "DN"]),
        (("X/EU", "X"), ["EU", "DN"]),
        (("X", "X/DN"), ["EU", "DN"]),
        (("X", "Y/DN", "X/EU"), ["DN", "DN", "EU"]),
        (("X",), [None]),
    ],
)
def test_a_pair_gets_both_marks(wisp: Profile, names, marks):
    assert [c.dn_eu for c in columns_of_header(wisp.types_by_name["pwr"], names)] == marks


@pytest.mark.parametrize(
    ("names", "kinds", "told"),
    [
        ((), {}, "no names"),
        (("X", "X/DN", "X/EU"), {}, "more than twice: X"),
        (("X/DN", "X/DN"), {}, r"twice with one mark, expected DN and EU: X \(both DN\)"),
        (("X", "T\\xb5"), {}, r"not a name of 7-bit text: T\\xb5"),
        (("X", "T\u00b5"), {}, "not a name of 7-bit text: T\u00b5"),
        (("@",), {}, "not a name of 7-bit text"),
        (("X",), {"Y": Kind.STATE}, "given a kind but not named by the header: Y"),
    ],
)
def test_a_header_of_which_no_set_can_be_made_is_refused(wisp: Profile, names, kinds, told):
    with pytest.raises(ProfileError, match=f"{told}.*; have the file sent again"):
        columns_of_header(wisp.types_by_name["pwr"], names, kinds)


def test_files_with_the_same_columns_are_one_case():
    assert case_id("pwr", NAMES) == case_id("pwr", ["BUS_VOLT", "BUS_VOLT", "BATT_TEMP", "MODE_2"])
    others = [
        ("orb", NAMES),
        ("pwr", NAMES[:3]),
        ("pwr", NAMES[::-1]),
        ("pwr", ("BUS_VOLTBUS_VOLT", *NAMES[2:])),
    ]
    assert len({case_id(*other) for other in others} | {case_id("pwr", NAMES)}) == 5
    assert (
        case_id("gnc", ["A", "B"]) == "c95dc271780d5"
    )  # kept in catalogs and file names: it must never change


def test_the_text_is_one_line_a_column(wisp: Profile):
    text = write_overlay(accept(wisp, MODE_2=Kind.STATE)).decode()
    assert text == (
        f'id = "{case_id("pwr", NAMES)}"\n'
        'type = "pwr"\n'
        'era = "second-year"\n'
        'who = "A. Operator"\n'
        'when = "2026-11-21T12:00:00Z"\n'
        'reason = "new \\"boxes\\" since 2032"\n'
        "columns = [\n"
        '  { name = "BUS_VOLT", dn_eu = "DN", kind = "integer", description = "Main bus voltage." },\n'
        '  { name = "BUS_VOLT", dn_eu = "EU", kind = "real", unit = "V", description = "Main bus voltage." },\n'
        '  { name = "BATT_TEMP", dn_eu = "EU", kind = "real", unit = "degC", description = "Battery temperature." },\n'
        '  { name = "MODE_2", source_name = "MODE_@_2", kind = "state" },\n'
        "]\n"
    )


LINES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=20).filter(
    str.strip
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(
    who=LINES,
    reason=LINES,
    names=st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,11}", fullmatch=True), min_size=1, unique=True),
    description=TEXTS,
    scale=st.floats(allow_nan=False),
)
def test_what_is_written_is_read_again(who, reason, names, description, scale):
    overlay = ColumnOverlay(
        id=case_id("gnc", names),
        type="gnc",
        era="x.1",
        columns=tuple(Column(name=name, scaling_factor=scale, description=description) for name in names),
        who=who,
        when="2026-11-21T12:00:00Z",
        reason=reason,
    )
    text = write_overlay(overlay)
    assert parse_overlay(text) == overlay
    assert write_overlay(parse_overlay(text.decode())) == text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('type = "pwr"', "type = pwr", "o.toml: not a TOML file"),
        ('era = "second-year"', 'era = "two years"', "o.toml: era = 'two years': String should match"),
        ('era = "second-year"\n', "", "o.toml: era: a value; the key is missing"),
        ('who = "A. Operator"', 'who = " "', "o.toml: who = ' ': String should match"),
        ('who = "A. Operator"', 'who = "A\\nB"', "o.toml: who = 'A\\nB': String should match"),
        ("12:00:00Z", "noon", "o.toml: when = '2026-11-21Tnoon': String should match"),
        ('kind = "integer"', 'kind = "int"', "o.toml: columns[0].kind = 'int': Input should be"),
        ('unit = "V"', 'units = "V"', "o.toml: columns[1].units = 'V': unknown key; expected one of name,"),
        (
            "reason =",
            "because =",
            "o.toml: because = 'new \"boxes\" since 2032': unknown key; expected one of id,",
        ),
        ('name = "BATT_TEMP"', 'name = "BAT_TEMP"', "the id of these columns of type pwr"),
        ("id = ", "id = 7 # ", "o.toml: id = 7: Input should be a valid string"),
    ],
)
def test_a_text_that_is_wrong_is_told(wisp: Profile, old, new, told):
    text = write_overlay(accept(wisp)).decode()
    assert old in text
    with pytest.raises(ProfileError) as caught:
        parse_overlay(text.replace(old, new, 1), "o.toml")
    assert told in str(caught.value)


def test_bytes_that_are_no_text_are_told():
    with pytest.raises(ProfileError, match=r"o\.toml: not a TOML file in UTF-8: .*; write it again"):
        parse_overlay(b"\xff\xfe", "o.toml")


def test_an_overlay_adds_a_column_set_to_its_type_alone(wisp: Profile):
    assert wisp.types_by_name["pwr"].column_sets[-1].era == "array"  # what it caches is not taken over
    profile = with_overlays(wisp, [accept(wisp)])
    assert [s.era for s in profile.types_by_name["pwr"].column_sets] == ["launch", "array", "second-year"]
    assert profile.types_by_name["pwr"].column_sets[-1].is_complete
    assert profile.types_by_name["orb"] == wisp.types_by_name["orb"]
    assert [s.era for s in wisp.types_by_name["pwr"].column_sets] == ["launch", "array"]
    assert profile.placement == wisp.placement
    assert pickle.loads(pickle.dumps(profile)) == profile
    assert with_overlays(wisp, []) is wisp


def test_columns_stand_in_the_order_of_the_decisions(wisp: Profile):
    first = accept(wisp, ("P", "Q"), era="b", when="2026-01-01T00:00:00Z")
    second = accept(wisp, ("R", "P"), era="a", when="2026-02-01T00:00:00Z")
    one, other = with_overlays(wisp, [first, second]), with_overlays(wisp, [second, first])
    assert one == other
    names = [column.name for column in all_columns(one.types_by_name["pwr"])]
    assert names[-3:] == ["P", "Q", "R"]
    before = [column.name for column in all_columns(wisp.types_by_name["pwr"])]
    assert names[: len(before)] == before


def change(overlay: ColumnOverlay, **values) -> ColumnOverlay:
    return ColumnOverlay(**{**dict(overlay), **values})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"type": "gnc"}, r"type = 'gnc': a type of the profile: pwr, orb; remove the overlay"),
        ({"era": "launch"}, r"era = 'launch': a name that no column set of type pwr has: not launch, array"),
        (
            {"columns": (Column(name="BATT_TEMP", unit="K"),)},
            r"types\.pwr\.column_sets: column BATT_TEMP is real degC .* but real K in era second-year.*; change the "
            "overlay's columns, or remove it",
        ),
        ({"columns": (Column(name="UTC"),)}, r"columns = 'UTC': no column UTC: it is the time column"),
        (
            {"columns": (Column(name="T", kind=Kind.TIME),)},
            r"columns\[0\]\.kind = 'time': real, integer or state",
        ),
        ({"columns": (Column(name="A B"),)}, r"columns\[0\]\.name = 'A B': a name without blanks"),
    ],
)
def test_an_overlay_that_does_not_fit_is_told(wisp: Profile, changes, told):
    overlay = change(accept(wisp), **changes)
    with pytest.raises(ProfileError, match=f"^column overlay {overlay.id}: {told}"):
        with_overlays(wisp, [overlay])


def test_a_set_that_the_profile_has_by_now_is_told(wisp: Profile):
    overlay = change(accept(wisp), columns=wisp.types_by_name["pwr"].column_sets[0].columns)
    with pytest.raises(ProfileError, match=r"era = 'second-year': other columns than era 'launch' has"):
        with_overlays(wisp, [overlay])


# --- With the reader ---------------------------------------------------------------------------------------------------


def gnc_file(names: tuple[str, ...], cells: tuple[str, ...], marks: tuple[str, ...]) -> bytes:
    def row(lead: str, words: tuple[str, ...]) -> bytes:
        return (lead.ljust(20) + "".join(word.ljust(13) for word in words)).encode() + b"\r\n"

    header = [row(" title", ("",) * len(names)), row("", ("",) * len(names))]
    header += [row("", marks or ("",) * len(names)), row("", names)]
    return b"".join([*header, *(row(f"14/342-03:20:{second:02d}.328", cells) for second in range(20, 40))])


@pytest.mark.parametrize(
    ("names", "cells", "marks", "kinds", "values"),
    [
        (("ATT_QU_I2B_1", "NEW_1", "NEW_2"), ("0.5", "7.25", "-1"), (), {}, ("0.5", "7.25", "-1.0")),
        (
            ("NEW_1", "NEW_1", "RW1_SPD_DGTL"),
            ("0.5", "7", "3"),
            ("EU", "DN", "EU"),
            {},
            ("0.5", "7.0", "3.0"),
        ),
        (("NEW_1", "NEW_1", "NEW_2"), ("0.5", "7", "ON"), (), {"NEW_2": Kind.STATE}, ("0.5", "7.0", "ON")),
    ],
)
def test_a_file_with_unknown_columns_can_be_read_when_they_are_accepted(names, cells, marks, kinds, values):
    profile = load_profile("maven-anc")
    raw = gnc_file(names, cells, marks)
    refused = read(raw, profile.types_by_name["gnc"], RepairOptions())
    assert refused.refused is not None
    assert refused.refused.code == UNKNOWN_COLUMNS
    (told,) = [finding for finding in refused.findings if finding.code == NAMED_COLUMNS]
    header_names = told.message.split()
    overlay = accept(profile, header_names, type_name="gnc", **kinds)
    overlaid = with_overlays(profile, [parse_overlay(write_overlay(overlay))])
    reading = read(raw, overlaid.types_by_name["gnc"], RepairOptions())
    assert reading.refused is None, reading.refused
    assert reading.layout is not None
    assert (reading.layout.era, reading.layout.records, reading.day) == ("second-year", 20, date(2014, 12, 8))
    assert len(reading.layout.fields) == len(names) + 1
    assert reading.data == raw
    row = reading.table.to_pylist()[-1]
    assert [str(row[field.name]) for field in reading.layout.fields[1:]] == list(values)
