"""What a profile may say of cadence, precedence, gate, events and new versions; and what is said where it is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from drf_reprocess.errors import ProfileError
from drf_reprocess.profiles.load import load_profile, parse_profile
from drf_reprocess.profiles.model import Cadence, Gate, MissionEvent, Precedence
from drf_reprocess.testing.schedule import EPOCH, iterate_specs, record_times

INVENTED = Path(__file__).resolve().parents[2] / "data" / "invented_mission.toml"

RULES = """
[precedence]
rules = ["newest", "variant", "name"]
variants = ["", "late"]
covered_twice = "wider"

[gate]
enabled = false
records_lost = 0.5
coverage_lost = 1
null_rise = 0
range_growth = 2.5

[[events]]
start = 2031-07-01T02:00:00+02:00
stop = 2031-07-02T06:30:00.5Z
kind = "safe-hold"
text = "Safe hold {after} a reset"
"""


@pytest.fixture(scope="module")
def text() -> str:
    return INVENTED.read_text("utf-8")


def test_a_profile_needs_to_say_none_of_it(text: str):
    profile = parse_profile(text, "wisp.toml")
    assert (profile.gate, profile.precedence, profile.events) == (Gate(), Precedence(), ())
    assert {file_type.cadence for file_type in profile.types} == {Cadence()}
    assert profile.bundles[0].new_version == "changes"
    assert profile.package.label_only == "product"


def test_all_of_it_can_be_said(text: str):
    said = (
        (text + RULES)
        .replace("[defaults.type.time]", "[defaults.type.cadence]\ngap_s = 600\n[defaults.type.time]")
        .replace('title = "orbit sensors"', 'title = "orbit sensors"\ncadence.edge_s = 60.5')
        .replace("[bundles.hk.model]", 'new_version = "release"\n[bundles.hk.model]')
        .replace("[package]", '[package]\nlabel_only = "label"')
    )
    profile = parse_profile(said, "wisp.toml")
    assert profile.types_by_name["pwr"].cadence == Cadence(gap_s=600.0)
    assert profile.types_by_name["orb"].cadence == Cadence(gap_s=600.0, edge_s=60.5)
    assert profile.precedence == Precedence(
        rules=("newest", "variant", "name"), variants=("", "late"), covered_twice="wider"
    )
    assert profile.gate == Gate(
        enabled=False, records_lost=0.5, coverage_lost=1.0, null_rise=0.0, range_growth=2.5
    )
    assert profile.events == (
        MissionEvent(
            start=datetime(2031, 7, 1, tzinfo=UTC),
            stop=datetime(2031, 7, 2, 6, 30, 0, 500_000, tzinfo=UTC),
            kind="safe-hold",
            text="Safe hold {after} a reset",
        ),
    )
    assert profile.events[0].start.tzinfo is UTC
    assert profile.bundles[0].new_version == "release"
    assert profile.package.label_only == "label"


WRONG = {
    "gap": (
        'title = "orbit sensors"\n',
        'title = "o"\ncadence = { gap_s = 0 }\n',
        "types.orb.cadence.gap_s = 0: ",
        "greater than 0",
    ),
    "gap without end": (
        'title = "orbit sensors"\n',
        'title = "o"\ncadence = { gap_s = inf }\n',
        "types.orb.cadence.gap_s = inf: ",
        "finite",
    ),
    "edge": (
        "[defaults.type.time]",
        "[defaults.type.cadence]\nedge_s = -1\n[defaults.type.time]",
        "defaults.type.cadence.edge_s = -1: ",
        "greater than or equal to 0",
    ),
    "no such limit": (
        "[defaults.type.time]",
        "[defaults.type.cadence]\ngap = 1\n[defaults.type.time]",
        "defaults.type.cadence.gap = 1: ",
        "unknown key; expected one of gap_s, edge_s",
    ),
    "percent": (
        "records_lost = 0.5",
        "records_lost = 5",
        "gate.records_lost = 5: ",
        "less than or equal to 1",
    ),
    "no number": ("records_lost = 0.5", "records_lost = nan", "gate.records_lost = nan: ", "Input should be"),
    "no rule": (
        '"newest", ',
        '"latest", ',
        "precedence.rules[0] = 'latest': ",
        "'variant', 'newest', 'largest' or 'name'",
    ),
    "rule twice": ('"newest", ', '"name", ', "precedence.rules[2] = 'name': ", "each only once"),
    "word twice": ('["", "late"]', '["", "late", ""]', "precedence.variants[2] = '': ", "each only once"),
    "word in capitals": (
        '["", "late"]',
        '["", "Late"]',
        "precedence.variants[1] = 'Late': ",
        "in small letters",
    ),
    "no such choice": (
        '"wider"',
        '"narrower"',
        "precedence.covered_twice = 'narrower': ",
        "'both' or 'wider'",
    ),
    "unknown key": (
        "enabled = false",
        "on = false",
        "gate.on = False: ",
        "unknown key; expected one of enabled, records_lost",
    ),
    "no zone": ("06:30:00.5Z", "06:30:00", "events[0].stop = ", "timezone"),
    "event backwards": (
        "2031-07-02T06:30:00.5Z",
        "2031-07-01T00:00:00Z",
        "events[0].stop = '2031-07-01T00:00:00+00:00': ",
        "a time after its start 2031-07-01T00:00:00+00:00",
    ),
    "no such event": (
        '"safe-hold"',
        '"flare"',
        "events[0].kind = 'flare': ",
        "'outage', 'safe-hold' or 'conjunction'",
    ),
    "event without words": (
        '"Safe hold {after} a reset"',
        '" "',
        "events[0].text = ' ': ",
        "one line that says what happened",
    ),
    "no such time": (
        "[bundles.hk.model]",
        'new_version = "never"\n[bundles.hk.model]',
        "bundles.hk.new_version = 'never': ",
        "'changes' or 'release'",
    ),
    "no such shipment": (
        "[package]",
        '[package]\nlabel_only = "data"',
        "package.label_only = 'data': ",
        "'product' or 'label'",
    ),
}


@pytest.mark.parametrize(("old", "new", "told", "expected"), WRONG.values(), ids=WRONG)
def test_a_message_tells_key_value_and_expected(text: str, old: str, new: str, told: str, expected: str):
    assert old in text + RULES
    with pytest.raises(ProfileError) as caught:
        parse_profile((text + RULES).replace(old, new), "wisp.toml")
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"wisp.toml: {told}"), line
    assert expected in line.removeprefix(f"wisp.toml: {told}"), line


# --- The built-in cadences -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [file_type.name for file_type in load_profile("maven-anc").types])
@pytest.mark.parametrize("scale", [0.0001, 0.001, 0.02, 0.2])
def test_no_pause_is_a_hole_and_every_missing_file_is_one(name: str, scale: float):
    profile = load_profile("maven-anc")
    cadence = profile.types_by_name[name].cadence
    days = 20 if scale > 0.1 else 60
    specs = list(
        iterate_specs(profile, date(2015, 6, 1), days, [name], scale=scale, seed=5, variants="usual")
    )
    times_s = [to_seconds(record_times(spec)) for spec in specs]
    assert np.diff(np.concatenate(times_s)).max() < cadence.gap_s
    for before, after in zip(times_s, times_s[2:], strict=False):
        assert after[0] - before[-1] > cadence.gap_s
    start_s = (specs[0].day - EPOCH).days * 86400.0
    stop_s = (specs[-1].day + timedelta(days=specs[-1].rhythm.days) - EPOCH).days * 86400.0
    assert max(times_s[0][0] - start_s, stop_s - times_s[-1][-1]) < cadence.edge_s
    assert min(times_s[1][0] - start_s, stop_s - times_s[-2][-1]) > cadence.edge_s


def to_seconds(clock) -> np.ndarray:
    return clock.ms / 1000


@pytest.mark.parametrize("name", ["maven-anc", "maven-anc-sis"])
def test_the_built_in_profiles_say_what_they_leave_to_the_operator(name: str):
    profile = load_profile(name)
    assert (profile.gate, profile.precedence) == (Gate(), Precedence())
    assert profile.events == ()  # the mission's documents give no dates
    assert {t.name for t in profile.types if t.cadence != Cadence()} == {"ngms", "imu"}
    assert {bundle.new_version for bundle in profile.bundles} == {"changes"}
    assert profile.package.label_only == "product"
