"""Profile files: the invented mission, extending, digests, and what is said of a file that is wrong."""

from __future__ import annotations

import pickle
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drf_reprocess.errors import ProfileError
from drf_reprocess.model import Kind
from drf_reprocess.profiles.columns import all_columns
from drf_reprocess.profiles.documents import merge_trees
from drf_reprocess.profiles.load import load_profile, parse_profile, profile_digest
from drf_reprocess.profiles.resolve import Resolver

INVENTED = Path(__file__).resolve().parents[2] / "data" / "invented_mission.toml"


@pytest.fixture(scope="module")
def text() -> str:
    return INVENTED.read_text("utf-8")


def test_a_mission_is_one_file_and_no_code():
    profile = load_profile(str(INVENTED))
    assert [file_type.name for file_type in profile.types] == ["pwr", "orb"]
    pwr = profile.types_by_name["pwr"]
    assert (pwr.header.lines, pwr.header.dn_eu_row, pwr.header.column_chars) == (3, True, 14)
    assert profile.types_by_name["orb"].header.dn_eu_row is False
    assert (pwr.time.form, pwr.time.is_text) == ("yyyy-MM-ddThh:mm:ss.ffffff", True)
    assert [(s.era, len(s.columns)) for s in pwr.column_sets] == [("launch", 4), ("array", 5)]
    bundle, collection = profile.placement["orb"]
    assert str(collection.lid) == "urn:nasa:pds:wisp_hk:data-orb"
    assert (collection.folder, collection.product_folder) == ("data-orb", "data-orb/y{year}")
    assert [instrument.name for instrument in collection.instruments] == ["Wisp Horizon Sensor"]
    assert collection.product_title == "Wisp orbit sensors, {date}"
    assert (bundle.model.version, bundle.model.dictionary) == ("1.13.0.0", None)
    assert profile.phase(date(2031, 7, 1)) is None
    assert profile.calendar.period(date(2031, 7, 1)) == (date(2031, 7, 1), date(2031, 12, 31))
    assert "urn:nasa:pds:context:instrument:horizon.wisp" in profile.context.registered


def test_columns_of_the_invented_mission():
    columns = all_columns(load_profile(str(INVENTED)).types_by_name["pwr"])
    assert [(column.name, column.kind, column.unit) for column in columns] == [
        ("BUS_VOLT_DN", Kind.INTEGER, None),
        ("BUS_VOLT_EU", Kind.REAL, "V"),
        ("BATT_TEMP", Kind.REAL, "degC"),
        ("HTR_SWITCH", Kind.STATE, None),
        ("ARRAY_CURR", Kind.REAL, "A"),
    ]
    assert columns[0].eras == ("launch", "array")
    assert columns[-1].eras == ("array",)


def test_a_profile_from_a_file_travels_by_pickle():
    profile = load_profile(str(INVENTED))
    assert pickle.loads(pickle.dumps(profile)) == profile


def test_extending_changes_what_it_names_and_no_more():
    profile = parse_profile(
        """
        name = "maven-late"
        extends = "maven-anc"
        [calendar]
        months = 6
        [types.gnc]
        title = "Attitude"
        [bundles.anc.collections.gnc]
        folder = "data_gnc"
        """,
        "late.toml",
    )
    base = load_profile("maven-anc")
    assert profile.name == "maven-late"
    assert (profile.calendar.months, profile.calendar.first_end) == (6, base.calendar.first_end)
    assert profile.placement["gnc"][1].product_title == "Attitude DRF {date}"
    assert profile.placement["gnc"][1].folder == "data_gnc"
    assert profile.types_by_name["gnc"].column_sets == base.types_by_name["gnc"].column_sets
    for name in set(base.types_by_name) - {"gnc"}:
        assert profile.types_by_name[name] == base.types_by_name[name]
        assert profile.placement[name][1] == base.placement[name][1]


def test_types_can_be_dropped_and_column_sets_replaced():
    profile = parse_profile(
        """
        name = "two"
        extends = "maven-anc"
        drop = ["types.imu", "bundles.anc.collections.imu"]
        [types.sasm2.column_sets.all]
        columns = ["SASM_SA_SW00", { name = "SA2myISC", unit = "A" }]
        [bundles.anc]
        readme = "short"
        """,
        "two.toml",
    )
    assert "imu" not in profile.types_by_name
    column_set = profile.types_by_name["sasm2"].column_sets[0]
    assert [column.name for column in column_set.columns] == ["SASM_SA_SW00", "SA2myISC"]
    assert column_set.is_complete


def test_an_era_can_be_added():
    profile = parse_profile(
        """
        extends = "maven-anc"
        [types.rs.column_sets.four]
        columns = ["RspInSrT1", "RspInSrT2", "IuvsInST1", "IuvsInST2"]
        """,
        "eras.toml",
    )
    assert [s.era for s in profile.types_by_name["rs"].column_sets] == ["all", "four"]
    names = [column.name for column in all_columns(profile.types_by_name["rs"])]
    assert names[:2] == ["RspInSrT1_DN", "RspInSrT1_EU"]
    assert names[8:] == ["RspInSrT1", "RspInSrT2", "IuvsInST1", "IuvsInST2"]


def test_files_beside_the_profile_are_found(tmp_path: Path, text: str):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "wisp.toml").write_text('columns = "more.csv"\n' + text)
    (tmp_path / "base" / "more.csv").write_text(
        "type,era,name,kind,description\norb,late,MODE,state,\norb,late,DRIFT,,Drift of the gyro.\n"
    )
    child = tmp_path / "child.toml"
    child.write_text('extends = "base/wisp.toml"\nname = "wisp-2"\n')
    profile = load_profile(str(child))
    assert profile.name == "wisp-2"
    late = next(s for s in profile.types_by_name["orb"].column_sets if s.era == "late")
    assert [(column.name, column.kind) for column in late.columns] == [
        ("MODE", Kind.STATE),
        ("DRIFT", Kind.REAL),
    ]
    assert late.ordered == 2


def test_the_digest_is_that_of_the_values_not_of_the_layout(text: str):
    lines = text.splitlines()
    spread = "\n\n".join(line for line in lines if not line.startswith("#")).replace(
        'name = "wisp"', "'name' = 'wisp' # the name"
    )
    assert spread != text
    plain = profile_digest(parse_profile(text, "a.toml"))
    assert profile_digest(parse_profile(spread, "/elsewhere/b.toml")) == plain
    assert re.fullmatch("[0-9a-f]{64}", plain)
    assert profile_digest(parse_profile(text.replace("months = 6", "months = 5"), "a.toml")) != plain


@dataclass(frozen=True)
class Wrong:
    """A change to the invented mission's file, and what the message must tell."""

    id: str
    old: str
    new: str
    key: str
    told: str


WRONG = [
    Wrong(
        "unknown key",
        "months = 6",
        "months = 6\nweeks = 2",
        "calendar.weeks",
        "unknown key; expected one of first_end",
    ),
    Wrong(
        "unknown top key",
        'name = "wisp"',
        'name = "wisp"\nnaem = 1',
        "naem",
        "unknown key; expected one of name",
    ),
    Wrong(
        "unknown default",
        "[defaults.type]",
        "[defaults.tpye]",
        "defaults.tpye",
        "unknown key; expected one of type",
    ),
    Wrong(
        "unknown key of all types",
        'table_name = "{title}"',
        'tabel = "x"\ntable_name = "{title}"',
        "defaults.type.tabel",
        "unknown key",
    ),
    Wrong(
        "unknown key of a column",
        'unit = "V"',
        'units = "V"',
        "types.pwr.column_sets.launch.columns[1].units",
        "unknown key; expected one of name",
    ),
    Wrong(
        "missing key", 'title = "{mission} Housekeeping Bundle"', "", "bundles.hk.title", "the key is missing"
    ),
    Wrong(
        "wrong kind",
        'kind = "state", description',
        'kind = "text", description',
        "types.pwr.column_sets.launch.columns[3].kind = 'text'",
        "'real', 'integer'",
    ),
    Wrong(
        "time as a channel",
        'kind = "state" }',
        'kind = "time" }',
        "types.orb.column_sets.all.columns[2].kind = 'time'",
        "real, integer or state",
    ),
    Wrong("wrong type", "months = 6", 'months = "six"', "calendar.months = 'six'", "valid integer"),
    Wrong("no months", "months = 6", "months = 0", "calendar.months = 0", "greater than 0"),
    Wrong(
        "bad regex",
        "(?P<year>[0-9]{4})-",
        "(?P<year>[0-9]{4}-",
        "defaults.type.names[0].regex",
        "a regular expression; missing )",
    ),
    Wrong(
        "bad ignored regex",
        r"'wisp-.*\.log'",
        "'wisp-(.log'",
        "ignored[0].regex = 'wisp-(.log'",
        "a regular expression",
    ),
    Wrong(
        "no year",
        "(?P<year>[0-9]{4})",
        "(?P<Year>[0-9]{4})",
        "defaults.type.names[0].regex",
        "named groups year, first, last",
    ),
    Wrong(
        "example of no name",
        'example = "wisp-{type}-2031-181_182.asc"',
        'example = "wisp.asc"',
        "defaults.type.names[0].example = 'wisp.asc'",
        "its own regex",
    ),
    Wrong(
        "example of two types",
        "'wisp-{type}-(?P<year>",
        "'wisp-[a-z]+-(?P<year>",
        "defaults.type.names[0].example",
        "alone; type orb matches it, too",
    ),
    Wrong(
        "example ignored",
        r"'wisp-.*\.log'",
        r"'wisp-.*\.(log|asc)'",
        "defaults.type.names[0].example",
        "'ignored' does not match",
    ),
    Wrong(
        "capitals in a name",
        "wisp-{type}-",
        "WISP-{type}-",
        "defaults.type.names[0].example",
        "product identifier",
    ),
    Wrong(
        "unknown placeholder",
        "{mission} {title}, {date}",
        "{mission} {titel}, {date}",
        "bundles.hk.collection.product_title",
        "unknown placeholder {titel}; expected one of {acronym}",
    ),
    Wrong(
        "placeholder out of place",
        'readme = "Housekeeping',
        'readme = "{date} Housekeeping',
        "bundles.hk.readme",
        "unknown placeholder {date}",
    ),
    Wrong(
        "stray brace",
        'readme = "Housekeeping',
        'readme = "{Housekeeping',
        "bundles.hk.readme",
        "a brace that belongs to no placeholder",
    ),
    Wrong(
        "format out of place",
        "data-{type}/y{year}",
        "data-{type}/y{year:04d}",
        "bundles.hk.collection.product_folder",
        "expected {year}",
    ),
    Wrong(
        "bundle LID",
        '"urn:nasa:pds:wisp_hk"',
        '"urn:nasa:pds:Wisp"',
        "bundles.hk.lid = 'urn:nasa:pds:Wisp'",
        "not a logical identifier",
    ),
    Wrong("LID no text", '"urn:nasa:pds:wisp_hk"', "7", "bundles.hk.lid = 7", "Lid"),
    Wrong(
        "bundle LID of five",
        '"urn:nasa:pds:wisp_hk"',
        '"urn:nasa:pds:wisp_hk:x"',
        "bundles.hk.lid",
        "four components",
    ),
    Wrong(
        "collection LID",
        "wisp_hk:data-{type}",
        "wisp_hk.data-{type}",
        "bundles.hk.collection.lid = 'urn:nasa:pds:wisp_hk.data-pwr'",
        "five components",
    ),
    Wrong(
        "collection elsewhere",
        "wisp_hk:data-{type}",
        "other:data-{type}",
        "bundles.hk.collection.lid",
        "the bundle's identifier urn:nasa:pds:wisp_hk",
    ),
    Wrong(
        "one LID for two",
        "wisp_hk:data-{type}",
        "wisp_hk:data",
        "bundles.hk.collection.lid",
        "another one than type pwr has",
    ),
    Wrong(
        "one folder for two",
        'folder = "data-{type}"',
        'folder = "data"',
        "bundles.hk.collection.folder = 'data'",
        "another one than type pwr has",
    ),
    Wrong(
        "folder name",
        'folder = "data-{type}"',
        'folder = "pds/{type}"',
        "bundles.hk.collection.folder = 'pds/pwr'",
        "beginning with one of browse",
    ),
    Wrong(
        "folder upwards",
        "data-{type}/y{year}",
        "data-{type}/../{year}",
        "bundles.hk.collection.product_folder",
        "folders of letters",
    ),
    Wrong(
        "context LID",
        "context:target:planet.venus",
        "context:target:planet venus",
        "context.target.lid",
        "not a logical identifier",
    ),
    Wrong(
        "unknown instrument",
        '["horizon"]',
        '["ngims"]',
        "bundles.hk.collections.orb.instruments = 'ngims'",
        "expected keys of context.instruments: horizon",
    ),
    Wrong(
        "unknown type",
        'stem = "wisp_hk"',
        'stem = "wisp_hk"\ntypes = ["pwr", "orb", "gnc"]',
        "bundles.hk.types = 'gnc'",
        "unknown type; expected one of pwr, orb",
    ),
    Wrong(
        "unknown type of a collection",
        "[bundles.hk.collections.orb]",
        "[bundles.hk.collections.gnc]",
        "bundles.hk.collections.gnc",
        "unknown type gnc",
    ),
    Wrong(
        "type twice",
        'stem = "wisp_hk"',
        'stem = "wisp_hk"\ntypes = ["pwr", "orb", "pwr"]',
        "bundles.hk.types = 'pwr'",
        "each type in one collection",
    ),
    Wrong(
        "type in none",
        'stem = "wisp_hk"',
        'stem = "wisp_hk"\ntypes = ["orb"]',
        "types.pwr",
        "no collection takes it",
    ),
    Wrong(
        "level",
        '"Partially Processed"',
        '"Reduced"',
        "bundles.hk.processing_level = 'Reduced'",
        "one of Calibrated, Derived",
    ),
    Wrong(
        "purpose",
        '"Engineering"',
        '"Housekeeping"',
        "bundles.hk.purpose = 'Housekeeping'",
        "one of Calibration, Checkout",
    ),
    Wrong("not ASCII", '"{mission} Operations Team"', '"Équipe Wisp"', "bundles.hk.authors", "7-bit ASCII"),
    Wrong(
        "time picture",
        "yyyy-MM-ddThh:mm:ss.ffffff",
        "yyyy-MM-ddThh:mm",
        "defaults.type.time.form = 'yyyy-MM-ddThh:mm'",
        "'seconds', or a picture",
    ),
    Wrong(
        "no epoch",
        'form = "yyyy-MM-ddThh:mm:ss.ffffff"',
        'form = "seconds"',
        "epoch",
        "a date and time as 2000-01-01T12:00:00",
    ),
    Wrong(
        "time among channels",
        '"GYRO_RATE"',
        '"UTC"',
        "types.orb.column_sets.all.columns = 'UTC'",
        "it is the time column",
    ),
    Wrong(
        "name thrice",
        '"GYRO_RATE"',
        '"STAR_COUNT"',
        "types.orb.column_sets.all.columns",
        "STAR_COUNT; expected each name once",
    ),
    Wrong(
        "at sign",
        '"GYRO_RATE"',
        '"GYRO_@_RATE"',
        "types.orb.column_sets.all.columns[3].name = 'GYRO_@_RATE'",
        "without blanks and '@'",
    ),
    Wrong(
        "other spelling",
        '"GYRO_RATE"',
        '{ name = "GYRO", source_name = "GIRO" }',
        "columns[3].source_name = 'GIRO'",
        "a spelling of GYRO",
    ),
    Wrong(
        "eras alike",
        '  { name = "ARRAY_CURR", unit = "A", description = "Current from the solar array." },\n',
        "",
        "types.pwr.column_sets.array = 'array'",
        "other columns than era 'launch' has",
    ),
    Wrong(
        "too many ordered",
        "[types.orb.column_sets.all]",
        "[types.orb.column_sets.all]\nordered = 9",
        "types.orb.column_sets.all.ordered = 9",
        "0 to 4",
    ),
    Wrong("package name", "-{number:04d}", "", "package.name", "that has {number}"),
    Wrong(
        "package placeholder", "-{number:04d}", "-{nummer}", "package.name", "unknown placeholder {nummer}"
    ),
    Wrong(
        "not a table", "[calendar]\nfirst_end = 2031-06-30\nmonths = 6", "", "calendar", "the key is missing"
    ),
    Wrong(
        "own word of the engine",
        "[defaults.type]",
        '[words]\ndate = "x"\n[defaults.type]',
        "words.date = 'x'",
        "does not use itself",
    ),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.id)
def test_a_message_tells_file_key_value_and_expected(text: str, wrong: Wrong):
    assert wrong.old in text
    with pytest.raises(ProfileError) as caught:
        parse_profile(text.replace(wrong.old, wrong.new), "wisp.toml")
    lines = str(caught.value).splitlines()
    assert all(line.startswith(("wisp.toml: ", "... and ")) for line in lines)
    assert [line for line in lines if wrong.key in line and wrong.told in line], str(caught.value)


def test_other_kind_in_another_era_is_refused(text: str):
    first, mark, later = text.partition("[types.pwr.column_sets.array]")
    changed = later.replace('unit = "degC"', 'unit = "K"')
    with pytest.raises(ProfileError, match="BATT_TEMP is real degC in era launch but real K in era array"):
        parse_profile(first + mark + changed, "wisp.toml")


def test_several_faults_are_told_at_once(text: str):
    wrong = text.replace("months = 6", "months = -6").replace('kind = "state" }', 'kind = "stat" }')
    with pytest.raises(ProfileError) as caught:
        parse_profile(wrong, "wisp.toml")
    assert sorted(line.split(": ")[1].split(" = ")[0] for line in str(caught.value).splitlines()) == [
        "calendar.months",
        "types.orb.column_sets.all.columns[2].kind",
    ]


def test_the_file_that_is_wrong_is_named_when_one_extends_another(tmp_path: Path, text: str):
    (tmp_path / "wisp.toml").write_text(text.replace("lines = 3", "lines = 'three'"))
    child = tmp_path / "child.toml"
    child.write_text('extends = "wisp.toml"\nname = "child"\n[calendar]\nmonths = "x"\n')
    with pytest.raises(ProfileError) as caught:
        load_profile(str(child))
    first, second = sorted(str(caught.value).splitlines())
    assert first.startswith(f"{child}: calendar.months = 'x'")
    assert second.startswith(f"{tmp_path / 'wisp.toml'}: defaults.type.header.lines = 'three'")


def test_the_table_of_columns_is_named_when_it_is_wrong(tmp_path: Path, text: str):
    (tmp_path / "wisp.toml").write_text('columns = "c.csv"\n' + text)
    table = tmp_path / "c.csv"
    table.write_text("type,era,name,kind\norb,late,MODE,word\n")
    with pytest.raises(
        ProfileError, match=r"c\.csv: types\.orb\.column_sets\.late\.columns\[0\]\.kind = 'word'"
    ):
        load_profile(str(tmp_path / "wisp.toml"))
    table.write_text("type,era,name,knid\norb,late,MODE,state\n")
    with pytest.raises(ProfileError, match=r"c\.csv: line 1: unknown knid; expected type, era, position"):
        load_profile(str(tmp_path / "wisp.toml"))
    table.write_text("type,era,name\norb,late\n")
    with pytest.raises(ProfileError, match=r"c\.csv: line 2: 2 cells; expected 3"):
        load_profile(str(tmp_path / "wisp.toml"))
    table.write_text("type,position,name\norb,1,A\norb,3,B\n")
    with pytest.raises(ProfileError, match=r"c\.csv: line 3: position = '3': expected 2"):
        load_profile(str(tmp_path / "wisp.toml"))
    table.write_text("type,position,name\norb,,A\norb,2,B\n")
    with pytest.raises(ProfileError, match=r"c\.csv: line 3: position = '2'"):
        load_profile(str(tmp_path / "wisp.toml"))


def test_a_name_that_is_no_profile():
    with pytest.raises(
        ProfileError, match=r"mission\.profile: 'maven': cannot read maven: .*maven-anc, maven-anc-sis"
    ):
        load_profile("maven")


def test_files_that_cannot_be_read(tmp_path: Path):
    path = tmp_path / "p.toml"
    path.write_text("name = \n")
    with pytest.raises(ProfileError, match=r"p\.toml: not a TOML file: .*line 1"):
        load_profile(str(path))
    path.write_bytes(b"name = '\xff'\n")
    with pytest.raises(ProfileError, match="cannot read"):
        load_profile(str(path))
    path.write_text('extends = "gone.toml"\n')
    with pytest.raises(ProfileError, match=r"p\.toml: 'gone\.toml': cannot read"):
        load_profile(str(path))
    path.write_text('extends = "p.toml"\n')
    with pytest.raises(ProfileError, match="expected a profile that does not extend this one"):
        load_profile(str(path))
    with pytest.raises(ProfileError, match="cannot read"):
        load_profile(str(tmp_path))


def test_dropping_what_is_not_there():
    with pytest.raises(
        ProfileError, match=r"x\.toml: drop: 'bundles\.drf': expected a key that built-in maven-anc"
    ):
        parse_profile('extends = "maven-anc"\ndrop = ["bundles.drf"]\n', "x.toml")
    with pytest.raises(ProfileError, match="expected only beside 'extends'"):
        parse_profile('drop = ["phases"]\n', "x.toml")
    with pytest.raises(ProfileError, match="expected a list of keys"):
        parse_profile('extends = "maven-anc"\ndrop = "phases"\n', "x.toml")


def test_phases_must_follow_one_another():
    phases = '[[phases]]\nname = "A"\nstart = 2014-01-01\nstop = 2015-01-01\n[[phases]]\nname = "B"\nstart = 2014-06-01\n'
    with pytest.raises(
        ProfileError, match=r"phases\[1\]\.start = '2014-06-01': the day on which phase A ends"
    ):
        parse_profile('extends = "maven-anc"\n' + phases, "x.toml")
    with pytest.raises(ProfileError, match=r"phases\[0\]\.stop = '2013-01-01': a day after its start"):
        parse_profile('extends = "maven-anc"\n' + phases.replace("2015-01-01", "2013-01-01"), "x.toml")


def test_two_bundles_need_folders_of_their_own():
    with pytest.raises(ProfileError, match=r"bundles\.events\.folder = 'maven_anc_drf': one of its own"):
        parse_profile('extends = "maven-anc-sis"\n[bundles.events]\nfolder = "maven_anc_drf"\n', "x.toml")


def paths_of(tree: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path] * bool(path) + [found for key, value in items for found in paths_of(value, (*path, key))]


TREE = tomllib.loads(INVENTED.read_text("utf-8"))
STRANGE = [
    None,
    0,
    -1,
    2.5,
    True,
    "",
    "x",
    "{x}",
    "{",
    "(",
    [],
    [1],
    ["x"],
    [[]],
    [{}],
    {},
    {"x": 1},
    {"x": {}},
]


@settings(max_examples=400, deadline=None)
@given(path=st.sampled_from(paths_of(TREE)), value=st.sampled_from(STRANGE))
def test_whatever_stands_at_a_key_is_taken_or_told(path, value):
    text = dump_toml(replaced(TREE, path, value))
    assert merge_trees(tomllib.loads(text), {}) == replaced(TREE, path, value)
    try:
        profile = parse_profile(text, "strange.toml")
    except ProfileError as error:
        assert str(error).startswith("strange.toml: ")  # noqa: PT017 - both ends are right, a third is not
    else:
        assert parse_profile(text, "again.toml") == profile
    assert Resolver(tomllib.loads(text)).resolve()


def replaced(tree, path, value):
    key, *rest = path
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    if rest:
        copy[key] = replaced(tree[key], rest, value)
    elif value is None:
        del copy[key]
    else:
        copy[key] = value
    return copy


def dump_toml(tree: dict) -> str:
    return "".join(f"{quote(key)} = {inline(value)}\n" for key, value in tree.items())


def inline(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{quote(key)} = {inline(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(inline(item) for item in value) + "]"
        case bool():
            return str(value).lower()
        case str():
            return quote(value)
    return str(value)


def quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
