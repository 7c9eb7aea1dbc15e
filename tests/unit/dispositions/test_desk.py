"""The desk: what can be decided about which files, and what the refusals say."""

from __future__ import annotations

import drf_tests_render as render
import pytest
from desk_fakes import PROFILE, make_mission, make_row

from drf_reprocess.digests import digest_bytes
from drf_reprocess.dispositions.desk import export, import_text, propose, put_in_force, withdraw
from drf_reprocess.dispositions.selection import Selection, days_of, month_of, select
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.model import Action, SourceState
from drf_reprocess.storage.base import object_key
from drf_reprocess.versions.rulings import Rulings

WHO = {"who": "Ada  Lovelace", "when": "2026-11-21T12:00:00Z", "reason": " the \n reason"}
DAMAGED = make_row("2015/sci_anc_gnc15_035_035.drf", "damaged-records")
DAMAGED_2 = make_row("2015/sci_anc_gnc15_070_070.drf", "damaged-records")
HELD = make_row("sci_anc_eps15_036_036.drf", "science-gate", state=SourceState.HELD)
GOOD = make_row("sci_anc_gnc15_036_036.drf")
TOO_LARGE = make_row("sci_anc_gnc15_037_037.drf", "too-large", sha256="")
NO_NAME = make_row("notes.txt", "name-unknown", sha256="", type="", product_id="", family="")
RIVALS = [
    make_row(f"sci_anc_pte15_040_040_{word}.drf", "product-conflict", family="pte/2015")
    for word in ("manual", "again")
]
ROWS = [DAMAGED, DAMAGED_2, HELD, GOOD, TOO_LARGE, NO_NAME, *RIVALS]


@pytest.fixture
def mission():
    return make_mission(*ROWS)


def decide(mission, action, *, at=WHO["when"], **selection):
    more = {name: selection.pop(name) for name in ("start", "stop", "replacement") if name in selection}
    return propose(mission, action, Selection(**selection), **(WHO | {"when": at}), **more)


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        ({"source": DAMAGED.source.uri}, [DAMAGED]),
        ({"source": DAMAGED.source.name}, [DAMAGED]),
        ({"source": "sci_anc_gnc15_035_035.drf"}, [DAMAGED]),
        ({"product": "sci_anc_gnc15_036_036"}, [GOOD]),
        ({"code": "damaged-records"}, [DAMAGED, DAMAGED_2]),
        ({"code": "damaged-records", "month": "2015-02"}, [DAMAGED]),
        ({"type": "gnc", "month": "2015-02"}, [DAMAGED, GOOD, TOO_LARGE]),
        ({"month": "2015-03"}, [DAMAGED_2]),
        ({"code": "name-unknown"}, [NO_NAME]),
    ],
)
def test_files_are_selected_one_way(mission, selection, found):
    assert select(mission, Selection(**selection)) == found


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({}, "which files are meant"),
        ({"source": "a", "product": "b"}, "which files are meant"),
        ({"product": "b", "code": "c"}, "which files are meant"),
        ({"source": "gone.drf"}, "no received file is selected by --source gone.drf"),
        ({"source": "15.drf"}, "no received file is selected"),
        ({"code": "c", "month": "2015-02"}, "no received file is selected by --code c --month 2015-02"),
        ({"month": "2015-13"}, "--month 2015-13: no month; expected YYYY-MM"),
        ({"type": "xyz"}, "--type xyz: no type of the profile; expected one of .*gnc"),
    ],
)
def test_a_selection_that_selects_nothing_is_told(mission, selection, message):
    with pytest.raises(ConfigurationError, match=message):
        select(mission, Selection(**selection))


def test_a_name_that_two_folders_have_has_to_be_given_in_full():
    rows = [make_row(f"{folder}/sci_anc_gnc15_035_035.drf") for folder in "ab"]
    mission = make_mission(*rows)
    with pytest.raises(ConfigurationError, match=r"several files end so: a/.*, b/.*; give one in full"):
        select(mission, Selection(source="sci_anc_gnc15_035_035.drf"))
    assert select(mission, Selection(source=rows[1].source.name)) == [rows[1]]


def test_the_days_of_a_name():
    assert month_of(PROFILE, "x/sci_anc_gnc14_334_335.drf") == "2014-11"
    assert [str(day) for day in days_of(PROFILE, "sci_anc_gnc14_365_001.drf")] == [
        "2014-12-31",
        "2015-01-01",
    ]
    assert days_of(PROFILE, "notes.txt") is None
    assert month_of(PROFILE, "notes.txt") == ""


def test_a_group_becomes_one_disposition_a_file(mission):
    found = decide(mission, Action.DROP_RECORDS, code="damaged-records")
    assert [one.source_name for one in found] == [DAMAGED.source.name, DAMAGED_2.source.name]
    first = found[0]
    assert (first.source_sha256, first.product_id, first.family, first.type) == (
        DAMAGED.sha256,
        DAMAGED.product_id,
        DAMAGED.family,
        "gnc",
    )
    assert (first.who, first.when, first.reason, first.code) == (
        "Ada Lovelace",
        WHO["when"],
        "the reason",
        "damaged-records",
    )
    assert len({one.disposition_id for one in found}) == 2
    assert found == decide(mission, Action.DROP_RECORDS, code="damaged-records")
    assert mission.catalog.in_force == []


def test_a_later_decision_has_another_id(mission):
    ids = {
        decide(mission, Action.EXCLUDE, source=GOOD.source.name, at=at)[0].disposition_id
        for at in ("2026-11-21T12:00:00Z", "2026-11-21T12:00:01Z")
    }
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("action", "selection", "message"),
    [
        (Action.EXCLUDE, {"code": "too-large"}, "1 file was never read.*too-large: .*; remedy: a remedy"),
        (Action.EXCLUDE, {"code": "name-unknown"}, r"never read.*notes.txt"),
        (Action.EXCLUDE, {"type": "gnc", "month": "2015-02"}, "1 file was never read"),
        (Action.ACCEPT, {"source": DAMAGED.source.uri}, "cannot be accepted .* damaged-records: .* drop-records"),
        (Action.ACCEPT, {"code": "damaged-records"}, r"and 1 more of the selection"),
        (Action.ACCEPT, {"code": "product-conflict"}, "Only science-gate can be accepted; choose one of the files"),
        (Action.ACCEPT, {"source": GOOD.source.uri}, "there is nothing to accept: .*--code science-gate"),
        (Action.DROP_RECORDS, {"source": GOOD.source.uri}, "not set aside for damaged records"),
        (Action.DROP_RECORDS, {"code": "product-conflict"}, "none can be dropped: product-conflict: .* choose one"),
        (Action.MASK, {"source": GOOD.source.uri}, "a mask needs --from TIME and --to TIME"),
        (Action.MASK, {"source": GOOD.source.uri, "start": "2015-02-05"}, "a mask needs --from"),
        (Action.MASK, {"source": GOOD.source.uri, "start": "noon", "stop": "2015-02-05"}, "--from noon: no time"),
        (
            Action.MASK,
            {"source": GOOD.source.uri, "start": "2015-02-06", "stop": "2015-02-05"},
            "stop_time: 2015-02-05T00:00:00Z is not after",
        ),
        (
            Action.MASK,
            {"type": "eps", "start": "2016-02-06", "stop": "2016-02-07"},
            "none of the 1 files selected by --type eps holds days between",
        ),
        (Action.EXCLUDE, {"source": GOOD.source.uri, "start": "2015-02-05"}, "--from and --to belong to a mask"),
        (Action.EXCLUDE, {"source": GOOD.source.uri, "replacement": b"x"}, "--with belongs to replace"),
        (Action.REPLACE, {"source": GOOD.source.uri}, "replace needs --with FILE"),
        (Action.REPLACE, {"code": "damaged-records", "replacement": b"x"}, "replace is for one file, 2 are selected"),
        (Action.REPLACE, {"source": GOOD.source.uri, "replacement": b""}, "could not be archived either: empty"),
        (Action.CHOOSE, {"source": GOOD.source.uri}, r"nothing to choose.*\(code none\)"),
        (Action.CHOOSE, {"code": "product-conflict"}, "choose one of .*manual.drf, .*again.drf"),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_is_refused_with_what_can(mission, action, selection, message):
    with pytest.raises(ConfigurationError, match=message):
        decide(mission, action, **selection)


@pytest.mark.parametrize(("field", "value"), [("who", " "), ("reason", "\n")])
def test_who_and_why_are_needed(mission, field, value):
    with pytest.raises(ConfigurationError, match=f"{field}: is empty"):
        propose(mission, Action.EXCLUDE, Selection(code="damaged-records"), **(WHO | {field: value}))


def test_the_science_gates_objection_can_be_accepted(mission):
    (found,) = decide(mission, Action.ACCEPT, code="science-gate")
    assert found.source_sha256 == HELD.sha256
    assert Rulings([found]).accepted(HELD.sha256, ["science-gate"]) == found


def test_a_mask_of_a_group_is_of_the_files_near_its_interval(mission):
    found = decide(
        mission, Action.MASK, code="damaged-records", start="2015-02-04T23:00:00", stop="2015-02-05"
    )
    assert [one.source_name for one in found] == [DAMAGED.source.name]
    assert (found[0].start_time, found[0].stop_time) == ("2015-02-04T23:00:00Z", "2015-02-05T00:00:00Z")


def test_one_of_two_rivals_can_be_chosen(mission):
    (found,) = decide(mission, Action.CHOOSE, source=RIVALS[1].source.name)
    put_in_force(mission, [found], WHO["when"])
    assert Rulings(mission.catalog.dispositions()).chosen([row.sha256 for row in RIVALS]) == RIVALS[1].sha256


def test_identical_copies_are_nothing_to_choose_from():
    mission = make_mission(
        *(make_row(f"{n}.drf", "identical-copy", family="f", sha256="a" * 64) for n in "ab")
    )
    with pytest.raises(ConfigurationError, match="no other content was received"):
        decide(mission, Action.CHOOSE, source="a.drf")


def test_a_replacement_is_stored_when_it_is_put_in_force(mission):
    raw = render.sheet(PROFILE.types_by_name["gnc"]).render()
    found = decide(mission, Action.REPLACE, source=DAMAGED.source.uri, replacement=raw)
    assert found[0].replacement == digest_bytes(raw)
    assert mission.output.objects == {}
    assert put_in_force(mission, found, WHO["when"], raw) == 1
    assert mission.output.objects == {object_key(digest_bytes(raw).sha256): raw}


def test_a_replacement_that_would_be_set_aside_is_refused(mission):
    raw = render.sheet(PROFILE.types_by_name["gnc"]).render()
    spoiled = raw[:1400] + b"\x01" + raw[1401:]
    with pytest.raises(ConfigurationError, match="could not be archived either: damaged-records"):
        decide(mission, Action.REPLACE, source=DAMAGED.source.uri, replacement=spoiled)
    put_in_force(mission, decide(mission, Action.DROP_RECORDS, source=DAMAGED.source.uri), WHO["when"])
    assert decide(mission, Action.REPLACE, source=DAMAGED.source.uri, replacement=spoiled)


def test_an_excluded_file_is_decided_about_only_after_withdrawal(mission):
    (excluded,) = decide(mission, Action.EXCLUDE, source=DAMAGED.source.uri)
    put_in_force(mission, [excluded], WHO["when"])
    with pytest.raises(ConfigurationError, match=f"first `disposition withdraw {excluded.disposition_id}`"):
        decide(mission, Action.DROP_RECORDS, code="damaged-records")
    taken = withdraw(
        mission, excluded.disposition_id[:6], who="Bo", when="2026-11-22T00:00:00Z", reason="good"
    )
    assert taken == excluded
    assert mission.catalog.withdrawn == [(excluded.disposition_id, "Bo", "2026-11-22T00:00:00Z", "good")]
    assert decide(mission, Action.DROP_RECORDS, code="damaged-records")


@pytest.mark.parametrize(
    ("named", "reason", "message"),
    [
        ("d", "r", "names 2 decisions"),
        ("", "r", "names 2 decisions"),
        ("x", "r", "names no decision in force; `disposition list`"),
        (None, " ", "--reason"),
    ],
)
def test_a_withdrawal_names_one_decision_and_says_why(mission, named, reason, message):
    put_in_force(mission, decide(mission, Action.EXCLUDE, code="damaged-records"), WHO["when"])
    named = mission.catalog.in_force[0].disposition_id if named is None else named
    with pytest.raises(ConfigurationError, match=message):
        withdraw(mission, named, who="Bo", when=WHO["when"], reason=reason)


def test_what_is_exported_is_imported_once(mission):
    raw = render.sheet(PROFILE.types_by_name["gnc"]).render()
    for found in (
        decide(mission, Action.EXCLUDE, source=GOOD.source.uri),
        decide(mission, Action.MASK, code="damaged-records", start="2015-01-01", stop="2016-01-01"),
    ):
        put_in_force(mission, found, WHO["when"])
    put_in_force(
        mission, decide(mission, Action.REPLACE, source=DAMAGED.source.uri, replacement=raw), WHO["when"], raw
    )
    text = export(mission.catalog)
    other = make_mission()
    with pytest.raises(
        ConfigurationError, match=r"the bytes that replace it .* are not in store/; copy that"
    ):
        import_text(other, text, WHO["when"])
    assert other.catalog.in_force == []
    other.output.objects.update(mission.output.objects)
    assert import_text(other, text, WHO["when"]) == (4, 4)
    assert import_text(other, text, "2026-12-01T00:00:00Z") == (0, 4)
    assert export(other.catalog) == text


def test_a_type_that_the_profile_does_not_have_is_not_imported(mission):
    put_in_force(mission, decide(mission, Action.EXCLUDE, source=GOOD.source.uri), WHO["when"])
    text = export(mission.catalog).decode().replace("\ngnc,", "\nxyz,")
    text = text.replace(mission.catalog.in_force[0].disposition_id, "")
    with pytest.raises(ConfigurationError, match="type 'xyz' is none of the profile; expected"):
        import_text(mission, text.encode(), WHO["when"])
