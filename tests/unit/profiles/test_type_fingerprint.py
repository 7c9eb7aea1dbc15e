"""The fingerprint of a type changes with what its products are made of, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from drf_reprocess.profiles.load import load_profile, parse_profile, profile_digest, type_fingerprint
from drf_reprocess.profiles.model import Column
from drf_reprocess.profiles.overlay import ColumnOverlay, case_id, with_overlays

INVENTED = Path(__file__).resolve().parents[2] / "data" / "invented_mission.toml"
TEXT = INVENTED.read_text("utf-8")
BASE = parse_profile(TEXT, "wisp.toml")

CHANGES = {
    # Neither type's products.
    "mission text of the bundle": ('title = "{mission} Housekeeping Bundle"', 'title = "Housekeeping"', ""),
    "readme": ('readme = "Housekeeping', 'readme = "All housekeeping', ""),
    "authors": ("Operations Team", "Team", ""),
    "collection title": ('title = "{mission} {title} tables"', 'title = "{title} tables"', ""),
    "collection stem": ('stem = "wisp_{type}"', 'stem = "{type}"', ""),
    "bundle version": ("[bundles.hk.model]", 'new_version = "release"\n[bundles.hk.model]', ""),
    "calendar": ("months = 6", "months = 3", ""),
    "package": ("-{number:04d}", "-{number:03d}", ""),
    "label alone": ("[package]", '[package]\nlabel_only = "label"', ""),
    "ignored": ("wisp-.*\\.log", "wisp-.*\\.txt", ""),
    "name of the profile": ('name = "wisp"', 'name = "wisp-2"', ""),
    "names of files": ("-2031-181_182.asc", "-2031-182_183.asc", ""),
    "cadence": ("[defaults.type.time]", "[defaults.type.cadence]\ngap_s = 5\n[defaults.type.time]", ""),
    "gate": ("[calendar]", "[gate]\nenabled = false\n[calendar]", ""),
    "precedence": ("[calendar]", '[precedence]\nrules = ["name"]\n[calendar]', ""),
    "events": (
        "[calendar]",
        '[[events]]\nstart = 2031-01-01T00:00:00Z\nstop = 2031-01-02T00:00:00Z\nkind = "outage"\ntext = "x"\n[calendar]',
        "",
    ),
    # One type's.
    "title of a type": ('title = "orbit sensors"', 'title = "orbit"', "orb"),
    "channel": ('name = "STAR_COUNT", kind = "integer"', 'name = "STAR_COUNT"', "orb"),
    "unit": ('"ARRAY_CURR", unit = "A"', '"ARRAY_CURR", unit = "mA"', "pwr"),
    "instruments": ('[bundles.hk.collections.orb]\ninstruments = ["horizon"]', "", "orb"),
    "header of a type": ("header = { dn_eu_row = false }", "header = { lines = 2 }", "orb"),
    # Both types'.
    "product title": ("{mission} {title}, {date}", "{title}, {date}", "pwr orb"),
    "product folder": ("data-{type}/y{year}", "data-{type}/{year}", "pwr orb"),
    "collection LID": ("wisp_hk:data-{type}", "wisp_hk:{type}", "pwr orb"),
    "model": ('version = "1.13.0.0"', 'version = "1.14.0.0"', "pwr orb"),
    "level": ('"Partially Processed"', '"Raw"', "pwr orb"),
    "time": ('description = "Time of the sample in UTC."', "", "pwr orb"),
    "target": ('name = "Venus"', 'name = "VENUS"', "pwr orb"),
    "phase": ("[calendar]", '[[phases]]\nname = "Cruise"\nstart = 2031-01-01\n[calendar]', "pwr orb"),
}


@pytest.mark.parametrize(("old", "new", "changed"), CHANGES.values(), ids=CHANGES)
def test_a_change_shows_in_the_types_whose_products_it_changes(old: str, new: str, changed: str):
    assert old in TEXT
    profile = parse_profile(TEXT.replace(old, new), "wisp.toml")
    assert profile_digest(profile) != profile_digest(BASE)
    differing = [
        name for name in ("pwr", "orb") if type_fingerprint(profile, name) != type_fingerprint(BASE, name)
    ]
    assert differing == changed.split()


def test_types_have_fingerprints_of_their_own_and_equal_profiles_equal_ones():
    maven, again = load_profile("maven-anc"), load_profile("maven-anc")
    found = {file_type.name: type_fingerprint(maven, file_type.name) for file_type in maven.types}
    assert len(set(found.values())) == len(maven.types)
    assert found == {name: type_fingerprint(again, name) for name in found}


def test_an_overlay_changes_the_fingerprint_of_its_type_alone():
    overlay = ColumnOverlay(
        id=case_id("orb", ["DRIFT"]),
        type="orb",
        era="drift",
        columns=(Column(name="DRIFT"),),
        who="A. Operator",
        when="2026-11-21T12:00:00Z",
        reason="announced",
    )
    profile = with_overlays(BASE, [overlay])
    assert type_fingerprint(profile, "orb") != type_fingerprint(BASE, "orb")
    assert type_fingerprint(profile, "pwr") == type_fingerprint(BASE, "pwr")
    worded = with_overlays(BASE, [ColumnOverlay(**{**dict(overlay), "reason": "announced by mail"})])
    assert type_fingerprint(worded, "orb") == type_fingerprint(profile, "orb")
