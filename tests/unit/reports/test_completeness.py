"""Every planted hole is shown with its one reason, and no other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from drf_reprocess.catalog.base import CoveredSpan
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import DeliveryState
from drf_reprocess.profiles.model import Cadence, MissionEvent
from drf_reprocess.reports.completeness import (
    Claim,
    Completeness,
    Level,
    Reason,
    assess_type,
    days_interval,
    find_range,
    to_iso,
    to_ms,
)
from drf_reprocess.reports.coverage import as_csv, as_dict, read_events
from drf_reprocess.reports.picture import draw

CADENCE = Cadence()
FIRST = date(2014, 12, 1)
DAYS = 20


def day(number: int) -> str:
    return (FIRST + timedelta(number)).isoformat()


def span(
    number: int,
    *,
    start_h: float = 0.0,
    hours: float = 23.99,
    type_: str = "gnc",
    standing: str = "current",
    delivery: DeliveryState | None = DeliveryState.ACCEPTED,
    pause: tuple[float, float] | None = None,
) -> CoveredSpan:
    """A product that covers ``hours`` from ``start_h`` o'clock of a day, but for a pause."""

    def at(hour: float) -> str:
        return to_iso(to_ms(day(number)) + int(hour * 3_600_000))

    stop_h = start_h + hours
    coverage = ((at(start_h), at(stop_h)),)
    if pause:
        coverage = ((at(start_h), at(pause[0])), (at(pause[1]), at(stop_h)))
    lidvid = Lidvid(Lid(f"urn:nasa:pds:x:data.{type_}:p{number}"), Vid(1, 0))
    return CoveredSpan(type_, f"p{number}", lidvid, standing, at(start_h), at(stop_h), coverage, delivery)


def claim(reason: Reason, first: int, last: int | None = None) -> Claim:
    """A file whose name tells these days; names often begin a day before the data."""
    interval = days_interval(FIRST + timedelta(first), FIRST + timedelta(first if last is None else last))
    return Claim("gnc", reason, interval, f"{reason} file of day {first}")


def assess(spans, claims=(), events=(), cadence=CADENCE):
    whole = to_ms(day(0)), to_ms(day(DAYS))
    return assess_type("gnc", cadence, spans, claims, events, whole)


def told(found):
    """Holes as day numbers (rounded down and up), reason and level."""
    zero = to_ms(day(0))
    return [
        (
            (to_ms(hole.start) - zero) // 86_400_000,
            -((zero - to_ms(hole.stop)) // 86_400_000),
            str(hole.reason),
            str(hole.level),
        )
        for hole in found.holes
    ]


def all_but(*absent: int, **changes):
    return [span(number, **changes) for number in range(DAYS) if number not in absent]


@pytest.mark.parametrize(
    "rhythm",
    [
        {"start_h": 0.0, "hours": 23.99},
        {"start_h": 3.339, "hours": 13.568},
        {"start_h": 10.0, "hours": 0.01},
    ],
    ids=["all day", "13.5 hours a day", "half a minute a day"],
)
def test_what_is_complete_has_no_hole(rhythm):
    found = assess(all_but(**rhythm))
    assert told(found) == []
    assert found.shares == dict.fromkeys(Level, 1.0)


def test_files_of_three_days_with_a_pause_between_have_no_hole():
    spans = [span(number, start_h=2.6, hours=50.3) for number in range(0, DAYS, 3)]
    assert told(assess(spans, cadence=Cadence(gap_s=259_200, edge_s=259_200))) == []


def test_a_file_that_never_came_is_a_hole():
    found = assess(all_but(7))
    assert told(found) == [(6, 8, "never-arrived", "received")]
    assert found.shares[Level.RECEIVED] == pytest.approx(0.95, abs=0.001)
    found = assess(all_but(7, start_h=3.339, hours=13.568))
    assert [(hole.start[:13], hole.stop[:13]) for hole in found.holes] == [("2014-12-07T16", "2014-12-09T03")]


def test_days_missing_at_the_ends_are_holes():
    assert told(assess(all_but(0, 1, 18, 19))) == [
        (0, 2, "never-arrived", "received"),
        (17, 20, "never-arrived", "received"),
    ]


@pytest.mark.parametrize(
    "reason", [Reason.QUARANTINED, Reason.FAILED, Reason.EXCLUDED, Reason.SUPERSEDED, Reason.WAITING]
)
@pytest.mark.parametrize("named_from", [0, -1], ids=["named by its day", "named from the day before"])
def test_what_arrived_and_makes_no_product_is_the_reason(reason, named_from):
    rhythm = {"start_h": 3.339, "hours": 13.568}
    found = assess(all_but(7, **rhythm), [claim(reason, 7 + named_from, 7)])
    (hole,) = found.holes
    assert (hole.reason, hole.level) == (reason, Level.PROCESSED)
    assert hole.words == f"{reason} file of day {7 + named_from}"
    assert found.shares[Level.RECEIVED] == 1.0
    assert found.shares[Level.PROCESSED] < 1.0


def test_a_file_that_was_set_aside_for_days_that_others_cover_is_no_hole():
    assert told(assess(all_but(), [claim(Reason.SUPERSEDED, 7), claim(Reason.QUARANTINED, 9, 10)])) == []


def test_each_day_of_a_long_hole_has_its_own_reason():
    found = assess(all_but(5, 6, 7, 8, 9), [claim(Reason.QUARANTINED, 5), claim(Reason.FAILED, 8)])
    assert told(found) == [
        (4, 6, "quarantined", "processed"),
        (6, 8, "never-arrived", "received"),
        (8, 9, "failed", "processed"),
        (9, 10, "never-arrived", "received"),
    ]


def test_a_held_product_is_a_hole_where_its_records_are():
    found = assess([*all_but(7), span(7, standing="held", delivery=None)])
    (hole,) = found.holes
    assert (hole.reason, hole.start, hole.words) == (
        Reason.HELD,
        f"{day(6)}T23:59:24.001Z",
        "p7 is held by the science gate",
    )


@pytest.mark.parametrize(
    ("changes", "level", "reason", "words"),
    [
        ({"standing": "staged", "delivery": None}, Level.DELIVERED, Reason.WAITING, "staged"),
        ({"delivery": None}, Level.DELIVERED, Reason.WAITING, "in no delivery yet"),
        ({"delivery": DeliveryState.REJECTED}, Level.DELIVERED, Reason.REJECTED, "rejected it"),
        ({"delivery": DeliveryState.SENT}, Level.ACCEPTED, Reason.WAITING, "its delivery is sent"),
    ],
    ids=["staged", "undelivered", "rejected", "sent"],
)
def test_what_has_not_come_all_the_way_waits(changes, level, reason, words):
    found = assess([*all_but(7, 8), span(7, **changes), span(8, **changes)])
    (hole,) = found.holes
    assert (hole.level, hole.reason) == (level, reason)
    assert words in hole.words
    assert hole.hours == pytest.approx(48, abs=0.1)
    assert found.shares[Level.PROCESSED] == 1.0
    assert found.shares[Level.ACCEPTED] == pytest.approx(0.9, abs=0.001)


def test_events_explain_what_never_arrived_and_nothing_else():
    safe = MissionEvent(
        start=datetime(2014, 12, 6, tzinfo=UTC),
        stop=datetime(2014, 12, 8, 12, tzinfo=UTC),
        kind="safe-hold",
        text="safe hold after a star tracker fault",
    )
    found = assess(all_but(5, 6, 7, 8), [claim(Reason.QUARANTINED, 5)], [safe])
    assert told(found) == [
        (4, 6, "quarantined", "processed"),
        (6, 8, "safe-hold", "received"),
        (7, 9, "never-arrived", "received"),
    ]
    assert found.holes[1].words == "safe hold after a star tracker fault"
    assert told(assess(all_but(), [], [safe])) == []


def test_a_pause_within_a_file_is_a_hole_however_short():
    found = assess([*all_but(7), span(7, pause=(6.0, 10.0))])
    (hole,) = found.holes
    assert (hole.start[11:16], hole.stop[11:16], hole.reason) == ("06:00", "10:00", Reason.NEVER_ARRIVED)
    masked = Claim("gnc", Reason.EXCLUDED, (to_ms(hole.start), to_ms(hole.stop)), "left out")
    (hole,) = assess([*all_but(7), span(7, pause=(6.0, 10.0))], [masked]).holes
    assert (hole.reason, hole.words) == (Reason.EXCLUDED, "left out")


def test_long_files_do_not_widen_the_range():
    spans = [*all_but(), span(15, hours=240, type_="imu")]
    assert find_range(spans) == (to_ms(day(0)), to_ms(day(DAYS)))
    assert find_range([]) == (0, 0)


def test_events_are_read_from_csv_and_faults_are_named():
    text = "start,stop,kind,text\n2014-12-06,2014-12-08T12:00:00Z,outage,ground station\n"
    (event,) = read_events(text, "events.csv")
    assert (event.start, event.kind) == (datetime(2014, 12, 6, tzinfo=UTC), "outage")
    with pytest.raises(ConfigurationError, match=r"events.csv: column text is missing"):
        read_events("start,stop,kind\n", "events.csv")
    with pytest.raises(ConfigurationError, match=r"events.csv, line 2: "):
        read_events("start,stop,kind,text\nsoon,later,outage,x\n", "events.csv")
    with pytest.raises(ConfigurationError, match=r"events.csv, line 2: "):
        read_events("start,stop,kind,text\n2014-12-06,2014-12-07,party,x\n", "events.csv")


def test_the_answer_is_a_table_a_csv_a_document_and_a_picture():
    one = assess(all_but(7), [claim(Reason.QUARANTINED, 7)])
    found = Completeness(to_iso(to_ms(day(0))), to_iso(to_ms(day(DAYS))), "pds", (one,), ("pf",))
    document = as_dict(found)
    assert document["types"][0]["processed"] == one.shares[Level.PROCESSED]
    assert (document["holes"][0]["reason"], document["absent_types"]) == ("quarantined", ["pf"])
    lines = as_csv(found.holes).splitlines()
    assert lines[0] == "type,start,stop,hours,level,reason,words"
    assert len(lines) == 2
    assert draw(found, "png").startswith(b"\x89PNG")
    assert draw(found, "svg") == draw(found, "svg")
    with pytest.raises(ConfigurationError, match=r"ends in .png or .svg"):
        draw(found, "gif")
