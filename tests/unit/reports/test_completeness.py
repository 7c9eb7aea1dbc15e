"""Every planted hole is shown with its one reason, and no other."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    days_interval,
    to_iso,
    to_ms,
)
from drf_reprocess.reports.coverage import as_csv, as_dict, read_events
from drf_reprocess.reports.holes import TypeInput, assess_type, find_range
from drf_reprocess.reports.picture import draw, picture_format

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


def assess(spans, claims=(), events=(), cadence=CADENCE, names=None):
    whole = to_ms(day(0)), to_ms(day(DAYS))
    return assess_type(TypeInput("gnc", cadence, spans, claims, names), events, whole)


def named(first: int, last: int):
    """Names of files that begin ``first`` and end ``last`` days from the day of their product's number."""
    return {
        f"p{number}": days_interval(FIRST + timedelta(number + first), FIRST + timedelta(number + last))
        for number in range(DAYS)
    }


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
    nowhere = assess(all_but(**changes)).shares
    assert nowhere[Level.ACCEPTED] == 0.0
    assert nowhere[Level.DELIVERED] == (0.0 if level is Level.DELIVERED else 1.0)


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
    types = [TypeInput(name, CADENCE, [one for one in spans if one.type == name]) for name in ("gnc", "imu")]
    assert find_range(types) == (to_ms(day(0)), to_ms(day(DAYS)))
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
    assert (picture_format("holes.PNG"), picture_format("a/holes.svg")) == ("png", "svg")
    with pytest.raises(ConfigurationError, match=r"holes.gif: .* ends in .png or .svg"):
        picture_format("holes.gif")


DAILY = {"start_h": 3.339, "hours": 13.568}
THREE_DAYS = Cadence(gap_s=259_200, edge_s=259_200)


def event(start: float, stop: float, kind: str = "safe-hold") -> MissionEvent:
    zero = datetime(2014, 12, 1, tzinfo=UTC)
    return MissionEvent(start=zero + timedelta(start), stop=zero + timedelta(stop), kind=kind, text=kind)


@pytest.mark.parametrize("rhythm", [DAILY, {}], ids=["13.5 hours a day", "all day"])
@pytest.mark.parametrize(("first", "last"), [(-1, 0), (0, 1), (0, 0)])
def test_a_file_explains_the_days_of_its_data_not_those_of_its_name(rhythm, first, last):
    names = named(first, last)
    spans = all_but(6, 7, 8, 12, 13, **rhythm)
    claims = [claim(Reason.QUARANTINED, 7 + first, 7 + last), claim(Reason.FAILED, 12 + first, 12 + last)]
    holes = assess(spans, claims, names=names).holes
    assert [str(hole.reason) for hole in holes] == [
        "never-arrived",
        "quarantined",
        "never-arrived",
        "failed",
        "never-arrived",
    ]
    lengths = [13.6, 24] if rhythm else [24, 24]  # the second has its usual pause with it
    assert [hole.hours for hole in (holes[1], holes[3])] == pytest.approx(lengths, abs=0.1)


@pytest.mark.parametrize("reason", [Reason.QUARANTINED, Reason.FAILED, Reason.EXCLUDED, Reason.WAITING])
def test_a_file_that_arrived_shows_a_hole_at_the_border_that_the_cadence_allows(reason):
    spans = [span(number, start_h=2.6, hours=50.3) for number in range(0, 18, 3)]
    found = assess(spans, [claim(reason, 18, 22)], cadence=THREE_DAYS, names=named(0, 4))
    (hole,) = found.holes
    assert (hole.reason, hole.stop) == (reason, f"{day(DAYS)}T00:00:00.000Z")
    superseded = assess(spans, [claim(Reason.SUPERSEDED, 18, 22)], cadence=THREE_DAYS, names=named(0, 4))
    assert superseded.holes == ()


def test_a_held_product_shows_a_hole_at_the_border():
    spans = [span(number, start_h=2.6, hours=50.3) for number in range(0, 18, 3)]
    held = span(18, start_h=2.6, hours=40, standing="held", delivery=None)
    (hole,) = assess([*spans, held], cadence=THREE_DAYS).holes
    assert hole.reason is Reason.HELD


def test_one_of_several_files_a_day_is_a_hole_if_it_arrived():
    quarters = [
        span(number, start_h=6 * quarter, hours=5.99) for number in range(DAYS) for quarter in range(4)
    ]
    lost = quarters.pop(30)
    held = span(7, start_h=12, hours=5.99, standing="held", delivery=None)
    assert (lost.start_time, lost.stop_time) == (held.start_time, held.stop_time)
    (hole,) = assess([*quarters, held]).holes
    assert (hole.reason, round(hole.hours)) == (Reason.HELD, 6)


def test_a_newer_version_that_is_held_or_staged_leaves_no_hole_where_the_former_stands():
    for standing in ("held", "staged"):
        assert told(assess([*all_but(), span(7, standing=standing, delivery=None)])) == []


@pytest.mark.parametrize("variant", [(7, 7), (6, 7), (6, 9)])
def test_a_stray_file_of_a_day_that_is_covered_is_no_hole(variant):
    for rhythm in (DAILY, {}):
        for reason in (Reason.QUARANTINED, Reason.WAITING, Reason.FAILED):
            assert told(assess(all_but(**rhythm), [claim(reason, *variant)], names=named(-1, 0))) == []


def test_a_hole_is_split_at_the_borders_of_an_event():
    (first, second) = assess(all_but(7), events=[event(7, 7.5)]).holes
    assert (first.reason, second.reason) == (Reason.SAFE_HOLD, Reason.NEVER_ARRIVED)
    assert first.stop == second.start == f"{day(7)}T12:00:00.000Z"
    spans = [span(number, start_h=2.6, hours=50.3) for number in range(0, DAYS, 3) if number != 6]
    holes = assess(spans, events=[event(7, 7.5, "outage")], cadence=THREE_DAYS).holes
    assert [str(hole.reason) for hole in holes] == ["never-arrived", "outage", "never-arrived"]


def test_a_usual_pause_beside_an_event_is_no_hole_of_its_own():
    (hole,) = assess(all_but(7, **DAILY), events=[event(7.125, 7.71)]).holes
    assert hole.reason is Reason.SAFE_HOLD


@pytest.mark.parametrize("rhythm", [DAILY, {}], ids=["13.5 hours a day", "all day"])
def test_the_usual_pause_beside_a_file_that_arrived_is_not_explained_by_an_event(rhythm):
    spans, claims = all_but(7, **rhythm), [claim(Reason.QUARANTINED, 7)]
    for events in ([event(8, 8.5)], [event(6.9, 7)], [event(6, 9)]):
        (hole,) = assess(spans, claims, events, names=named(0, 0)).holes
        assert hole.reason is Reason.QUARANTINED


def test_a_time_waits_for_one_thing_only_and_is_as_far_as_its_furthest_product():
    sent = span(7, hours=12, delivery=DeliveryState.SENT)
    holes = assess([*all_but(7), span(7, delivery=None), sent, span(7, standing="staged")]).holes
    assert [(hole.start[11:16], hole.stop[11:16], hole.level) for hole in holes] == [
        ("00:00", "12:00", Level.ACCEPTED),
        ("12:00", "23:59", Level.DELIVERED),
    ]


def test_a_pause_that_another_file_covers_in_part_is_a_hole_for_the_rest():
    spans = [*all_but(7), span(7, pause=(6.0, 12.0)), span(7, start_h=5, hours=3)]
    (hole,) = assess(spans).holes
    assert (hole.start[11:16], hole.stop[11:16]) == ("08:00", "12:00")
    assert hole.words == "p7 was received and has no records here"


def test_a_file_that_breaks_off_is_named_where_nothing_follows():
    spans = [*all_but(7, 8, **DAILY), span(7, start_h=3.339, hours=1.0)]
    tight = Cadence(gap_s=12 * 3600, edge_s=86_340)
    first, second = assess(spans, cadence=tight, names=named(-1, 0)).holes
    assert (first.words, first.reason) == ("p7 was received and has no records here", Reason.NEVER_ARRIVED)
    assert second.words == "no file that could hold it was ever received"


def test_files_that_arrived_day_by_day_widen_the_range_and_stray_ones_do_not():
    spans = [span(number, **DAILY) for number in range(2, 16)]

    def limits(*claims: Claim):
        return find_range([TypeInput("gnc", CADENCE, spans, claims, named(-1, 0))])

    assert limits() == (to_ms(day(2)), to_ms(day(16)))
    following = [claim(Reason.WAITING, number - 1, number) for number in (16, 17, 1)]
    assert limits(*following) == (to_ms(day(1)), to_ms(day(18)))
    assert limits(claim(Reason.QUARANTINED, 30, 31), claim(Reason.SUPERSEDED, 15, 16)) == limits()
    assert limits(claim(Reason.QUARANTINED, 16, 16)) == limits(), (
        "its name is of another form: it tells no time"
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["made", "held", "staged", "sent", "rejected", "quarantined", "waiting", "absent"]
            )
        ),
        min_size=DAYS,
        max_size=DAYS,
    ),
    st.sampled_from([{}, DAILY]),
)
def test_each_time_that_is_missing_has_one_reason(fates, rhythm):
    fates = [fate for (fate,) in fates]
    changes = {
        "made": {},
        "held": {"standing": "held", "delivery": None},
        "staged": {"standing": "staged", "delivery": None},
        "sent": {"delivery": DeliveryState.SENT},
        "rejected": {"delivery": DeliveryState.REJECTED},
    }
    spans = [span(number, **rhythm, **changes[fate]) for number, fate in enumerate(fates) if fate in changes]
    claims = [
        claim(Reason(fate), n - 1, n) for n, fate in enumerate(fates) if fate in ("quarantined", "waiting")
    ]
    found = assess(spans, claims, names=named(-1, 0))
    for before, after in pairwise(found.holes):
        assert before.stop <= after.start
    if "made" in fates or "sent" in fates or "rejected" in fates or "staged" in fates:
        expected = {
            "held": "held",
            "staged": "waiting",
            "sent": "waiting",
            "rejected": "rejected",
            "quarantined": "quarantined",
            "waiting": "waiting",
            "absent": "never-arrived",
        }
        for number, fate in enumerate(fates):
            noon = to_ms(day(number)) + 10 * 3_600_000
            reasons = [
                str(hole.reason) for hole in found.holes if to_ms(hole.start) <= noon < to_ms(hole.stop)
            ]
            assert reasons == ([expected[fate]] if fate in expected else []), (number, fate)


def test_a_mission_of_sixteen_years_is_assessed_in_a_moment():
    fates = Random(1)
    spans, claims = [], []
    for number in range(6_000):
        if fates.random() > 0.3:
            spans.append(
                span(number, delivery=fates.choice([None, DeliveryState.SENT, DeliveryState.ACCEPTED]))
            )
        elif fates.random() > 0.5:
            claims.append(claim(Reason.QUARANTINED, number))
    whole = to_ms(day(0)), to_ms(day(6_000))
    start = perf_counter()
    found = assess_type(TypeInput("gnc", CADENCE, spans, claims, {}), [], whole)
    assert perf_counter() - start < 5.0
    assert len(found.holes) > 1_000


def mask(start_h: float, stop_h: float) -> Claim:
    zero = to_ms(day(7))
    interval = zero + int(start_h * 3_600_000), zero + int(stop_h * 3_600_000)
    return Claim("gnc", Reason.EXCLUDED, interval, "left out", is_exact=True)


def test_an_interval_that_is_to_be_left_out_is_no_hole_before_it_is():
    assert told(assess(all_but(), [mask(6.0, 6.5)])) == []


@pytest.mark.parametrize("rhythm", [{}, DAILY], ids=["all day", "13.5 hours a day"])
def test_an_interval_that_was_left_out_at_the_end_of_a_file_is_a_hole(rhythm):
    spans = [*all_but(7, **rhythm), span(7, **(rhythm | {"hours": 10.0}))]
    stop_h = sum(rhythm.values()) or 23.99
    (hole,) = assess(spans, [mask(stop_h - 3, stop_h)]).holes
    assert (hole.reason, hole.start[:10]) == (Reason.EXCLUDED, day(7))


@pytest.mark.parametrize("rhythm", [{}, DAILY], ids=["all day", "13.5 hours a day"])
def test_an_interval_that_was_left_out_has_no_rests_beside_it(rhythm):
    paused = span(7, pause=(6.0, 10.0), **rhythm)
    (hole,) = assess([*all_but(7, **rhythm), paused], [mask(6.0005, 9.999)]).holes
    assert (hole.reason, round(hole.hours, 3)) == (Reason.EXCLUDED, 4.0)


@pytest.mark.parametrize("rhythm", [{}, DAILY], ids=["all day", "13.5 hours a day"])
def test_a_pause_in_a_file_is_split_at_the_border_of_an_event(rhythm):
    paused = span(7, pause=(6.0, 10.0), **rhythm)
    holes = assess([*all_but(7, **rhythm), paused], events=[event(7, 7 + 7 / 24)]).holes
    assert [(str(hole.reason), round(hole.hours)) for hole in holes] == [
        ("safe-hold", 1),
        ("never-arrived", 3),
    ]


def test_a_picture_without_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    found = Completeness(to_iso(to_ms(day(0))), to_iso(to_ms(day(DAYS))), "pds", (assess(all_but(7)),))
    with pytest.raises(ConfigurationError, match=r"pip install matplotlib"):
        draw(found, "png")
