"""Unknown column sets: one case a set, taken over once, with what its files tell."""

from __future__ import annotations

from types import SimpleNamespace

import drf_tests_render as render
import pytest
from desk_fakes import PROFILE, FakeStore, make_mission, make_row

from drf_reprocess.dispositions.columns import accept_columns, case_rows, column_cases, overlay_key
from drf_reprocess.drf.reader import read
from drf_reprocess.errors import ConfigurationError, ObjectNotFound
from drf_reprocess.model import Kind, RepairOptions, SourceState
from drf_reprocess.profiles.overlay import parse_overlay, with_overlays

GNC = PROFILE.types_by_name["gnc"]
EPS = PROFILE.types_by_name["eps"]
WHO = {"who": "Ada", "when": "2026-11-21T12:00:00Z", "reason": "new  flight software"}


class FakeSource(FakeStore):
    def read(self, key):
        try:
            return super().read(key)
        except KeyError:
            raise ObjectNotFound(key) from None


def renamed(file_type, new="NEW_CHANNEL", words=False, **changes):
    """A file of which one channel has a name that nobody knows."""
    sheet = render.sheet(file_type, **changes)
    place = sheet.names.index("APIG_ANGLE") if "APIG_ANGLE" in sheet.names else len(sheet.names) - 1
    names = (*sheet.names[:place], new, *sheet.names[place + 1 :])
    rows = sheet.rows
    if words:
        rows = tuple(
            (*row[: place + 1], ("ON", "OFF")[step % 2], *row[place + 2 :]) for step, row in enumerate(rows)
        )
    return sheet.but(names=names, rows=rows).render()


def receive(files):
    """A mission that has refused these files in a run."""
    mission = make_mission()
    mission.source = FakeSource()
    mission.events = []
    mission.catalog.add_events = lambda events, at: mission.events.extend(events)
    for name, raw in files.items():
        reading = read(raw, PROFILE.types_by_name[name[8:11]], RepairOptions())
        row = make_row(name, reading.refused.code if reading.refused else "")
        if reading.refused:
            row = make_row(name, reading.refused.code, message=f"{name}: {reading.refused.message}")
        mission.catalog.rows.append(row)
        mission.catalog.found[row.source.uri] = list(reading.findings)
        mission.source.objects[name] = raw
    return mission


@pytest.fixture
def mission():
    return receive(
        {
            "sci_anc_gnc15_035_036.drf": renamed(GNC),
            "sci_anc_gnc15_036_037.drf": renamed(GNC, records=20),
            "sci_anc_gnc15_038_039.drf": renamed(GNC, "OTHER_CHANNEL"),
            "sci_anc_gnc15_039_040.drf": render.sheet(GNC).render(),
            "sci_anc_eps15_035_036.drf": renamed(EPS),
        }
    )


def test_a_column_set_is_one_case_with_its_files_and_difference(mission):
    rows = case_rows(mission)
    assert [(row["type"], row["files"]) for row in rows] == [("gnc", 2), ("eps", 1), ("gnc", 1)]
    first = rows[0]
    assert first["columns"] == len(GNC.column_sets[-1].columns)
    assert "missing: APIG_ANGLE" in first["difference"]
    assert "not known: NEW_CHANNEL" in first["difference"]
    assert (first["first"], first["last"], first["accepted"]) == ("2015-02-04", "2015-02-06", "")
    assert "NEW_CHANNEL" in [name.partition("/")[0] for name in first["names"]]
    assert len({row["case_id"] for row in rows}) == 3
    refused = read(renamed(GNC), GNC, RepairOptions()).refused
    assert refused.field == first["case_id"]
    assert f"columns accept {first['case_id']}" in refused.remedy


def test_headers_with_and_without_marks_are_one_case():
    mission = receive(
        {
            "sci_anc_eps15_035_036.drf": renamed(EPS, order="t u n"),
            "sci_anc_eps15_036_037.drf": renamed(EPS),
        }
    )
    (case,) = column_cases(mission)
    assert len(case.files) == 2
    assert any(name.endswith("/DN") for name in case.names)


def accepted_reading(mission, case, name):
    overlay = parse_overlay(mission.output.objects[overlay_key(case.case_id)])
    extended = with_overlays(PROFILE, [overlay]).types_by_name[case.type]
    return overlay, read(mission.source.objects[name], extended, RepairOptions())


def test_an_accepted_set_makes_its_files_readable(mission):
    case = column_cases(mission)[0]
    document = accept_columns(mission, case.case_id[:7], **WHO)
    assert document["era"] == "since-2015-02-04"
    assert document["new"] == ["NEW_CHANNEL (real)"]
    assert set(document["tried"].values()) == {"can be archived"}
    for row in case.files:
        overlay, reading = accepted_reading(mission, case, row.source.name)
        assert reading.refused is None
        assert reading.layout.era == "since-2015-02-04"
        assert "NEW_CHANNEL" in reading.table.column_names
    assert (overlay.who, overlay.when, overlay.reason) == ("Ada", WHO["when"], "new flight software")
    assert [event.product_id for event in mission.events] == [row.product_id for row in case.files]
    assert case_rows(mission)[0]["accepted"] == "Ada on 2026-11-21T12:00:00Z"


def test_a_new_channel_of_words_becomes_a_state():
    name = "sci_anc_gnc15_035_036.drf"
    mission = receive({name: renamed(GNC, words=True)})
    (case,) = column_cases(mission)
    assert accept_columns(mission, case.case_id, **WHO)["new"] == ["NEW_CHANNEL (state)"]
    _, reading = accepted_reading(mission, case, name)
    assert reading.refused is None
    assert reading.table.column("NEW_CHANNEL").to_pylist()[:2] == ["ON", "OFF"]


def test_a_person_knows_the_kind_better():
    mission = receive({"sci_anc_gnc15_035_036.drf": renamed(GNC)})
    (case,) = column_cases(mission)
    document = accept_columns(mission, case.case_id, era="v2", kinds={"NEW_CHANNEL": Kind.STATE}, **WHO)
    assert (document["era"], document["new"]) == ("v2", ["NEW_CHANNEL (state)"])


def test_what_hinders_a_file_beside_its_columns_is_told():
    raw = bytearray(renamed(GNC))
    raw[1400] = 1
    mission = receive({"sci_anc_gnc15_035_036.drf": bytes(raw)})
    (case,) = column_cases(mission)
    (told,) = accept_columns(mission, case.case_id, **WHO)["tried"].values()
    assert told.startswith("damaged-records: ")


def test_files_that_have_left_the_source_are_not_needed(mission):
    mission.source.objects.clear()
    case = column_cases(mission)[0]
    assert accept_columns(mission, case.case_id, **WHO)["tried"] == {}


@pytest.mark.parametrize(
    ("named", "more", "message"),
    [
        ("c", {}, "'c' names 3 cases of unknown columns"),
        ("", {}, "'' names no case"),
        ("x1", {}, "'x1' names no case of unknown columns; `columns cases` lists them"),
        (None, {"reason": " "}, "--reason"),
        (None, {"who": ""}, "--who"),
        (None, {"era": "with blank"}, "no column set can be made of case c"),
        (None, {"era": "since-2014-12"}, "a name that no column set of type gnc has"),
        (None, {"kinds": {"NO_SUCH": Kind.REAL}}, "not named by the header: NO_SUCH"),
        (None, {"kinds": {"ATT_QU_I2B_1": Kind.STATE}}, "ATT_QU_I2B_1"),
    ],
)
def test_what_cannot_be_accepted_is_told_and_nothing_is_written(mission, named, more, message):
    case = column_cases(mission)[0]
    with pytest.raises(ConfigurationError, match=message):
        accept_columns(mission, case.case_id if named is None else named, **(WHO | more))
    assert mission.output.objects == {}
    assert mission.events == []


def test_a_case_is_accepted_once(mission):
    case = column_cases(mission)[0]
    accept_columns(mission, case.case_id, **WHO)
    before = dict(mission.output.objects)
    with pytest.raises(
        ConfigurationError, match=r"accepted by Ada on .*; to decide anew remove /out/profile/columns-c"
    ):
        accept_columns(mission, case.case_id, **(WHO | {"who": "Bo"}))
    assert mission.output.objects == before


def test_a_file_known_without_its_header_is_no_case():
    mission = make_mission(make_row(code="unknown-columns"), make_row(state=SourceState.PROCESSED))
    assert column_cases(mission) == []
    assert isinstance(mission, SimpleNamespace)
