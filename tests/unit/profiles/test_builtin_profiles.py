"""The two MAVEN profiles say what the SIS and the archive say."""

from __future__ import annotations

import csv
import pickle
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from drf_reprocess.identifiers import Lid
from drf_reprocess.profiles.columns import all_columns
from drf_reprocess.profiles.load import built_in_profiles, load_profile, profile_digest
from drf_reprocess.profiles.model import Calendar, Profile

TYPES = [
    "eps",
    "gnc",
    "ngms",
    "pf",
    "rs",
    "usm1",
    "usm2",
    "usm3",
    "usm4",
    "usm5",
    "usm6",
    "sasm1",
    "sasm2",
    "sasm3",
    "pte",
    "imu",
]
REGISTERED = [
    "investigation:mission.maven",
    "instrument_host:spacecraft.maven",
    "target:planet.mars",
    "target:star.sun",
    "instrument:ngims.maven",
    "instrument:acc.maven",
    "instrument:euv.maven",
    "instrument:iuvs.maven",
    "instrument:lpw.maven",
    "instrument:mag.maven",
    "instrument:rss.maven",
    "instrument:sep.maven",
    "instrument:static.maven",
    "instrument:swea.maven",
    "instrument:swia.maven",
]


@pytest.fixture(scope="module")
def maven() -> Profile:
    return load_profile("maven-anc")


@pytest.fixture(scope="module")
def sis() -> Profile:
    return load_profile("maven-anc-sis")


@pytest.fixture(scope="module", params=["maven-anc", "maven-anc-sis"])
def profile(request) -> Profile:
    return load_profile(request.param)


def types_of(profile: Profile, name: str) -> list[str]:
    return [
        file_type.name
        for file_type in profile.types
        if any(pattern.compiled.fullmatch(name) for pattern in file_type.names)
    ]


def test_both_are_built_in():
    assert built_in_profiles() == ("maven-anc", "maven-anc-sis")


def test_there_are_sixteen_types_and_a_collection_for_each(profile):
    assert [file_type.name for file_type in profile.types] == TYPES
    assert sorted(profile.placement) == sorted(TYPES)


def test_columns_are_those_of_the_documents(profile, shared: Path):
    with (shared / "drf" / "columns.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    expected = Counter((row["type"], row["era"]) for row in rows)
    sets = {(t.name, s.era): s for t in profile.types for s in t.column_sets}
    assert {key: len(column_set.columns) for key, column_set in sets.items()} == dict(expected)
    for (name, era), column_set in sets.items():
        own = [row for row in rows if (row["type"], row["era"]) == (name, era)]
        for column, row in zip(column_set.columns, own, strict=True):
            assert (column.source_name or column.name) == row["name"]
            assert (column.dn_eu or "") == row["dn_eu"]
            assert column.kind == row["kind"]
            assert (column.unit or "") == row["unit"]
            assert bool(column.description) == bool(row["description"])
        positions = [row["position"] for row in own]
        assert column_set.ordered == len([position for position in positions if position])


@pytest.mark.parametrize(("name", "ordered"), [("ngms", 12), ("rs", 0), ("pf", 49), ("imu", 12)])
def test_order_is_known_as_far_as_documents_tell(maven, name, ordered):
    assert maven.types_by_name[name].column_sets[0].ordered == ordered


def test_only_sets_known_by_name_and_order_may_rebuild_a_header(maven):
    incomplete = [t.name for t in maven.types if not all(s.is_complete for s in t.column_sets)]
    assert incomplete == ["ngms", "rs", "sasm2", "sasm3"]


def test_gnc_has_two_eras(maven):
    sets = maven.types_by_name["gnc"].column_sets
    assert [(s.era, len(s.columns)) for s in sets] == [("to-2014-12", 16), ("since-2014-12", 23)]
    assert sets[1].columns[:16] == tuple(
        column.model_copy(update={"caveat": mate.caveat})
        for column, mate in zip(sets[0].columns, sets[1].columns, strict=False)
    )


def test_union_of_gnc_keeps_the_first_era_in_front(maven):
    columns = all_columns(maven.types_by_name["gnc"])
    assert len(columns) == 23
    assert [column.name for column in columns[:5]] == [f"ATT_QU_I2B_{n}" for n in (*"1234", "T")]
    assert columns[0].eras == ("to-2014-12", "since-2014-12")
    assert columns[-1].name == "RW4_SPD_PTE"
    assert columns[-1].eras == ("since-2014-12",)


def test_every_type_has_distinct_final_names(maven):
    for file_type in maven.types:
        names = [column.name for column in all_columns(file_type)]
        assert len(set(names)) == len(names)
        assert not [name for name in names if "@" in name]


def test_pairs_are_named_dn_and_eu_and_single_marks_are_not(maven):
    names = [column.name for column in all_columns(maven.types_by_name["pf"])]
    assert names[:3] == ["SP_PF_PFull", "PfpBpT1_DN", "PfpBpT1_EU"]
    assert "Mag1InT" in names


def test_imu_counts_have_their_scale_and_times_lose_the_at_sign(maven):
    columns = {column.name: column for column in all_columns(maven.types_by_name["imu"])}
    assert (columns["XANGLE"].unit, columns["XANGLE"].scaling_factor) == ("rad", 1e-6)
    assert (columns["ZACCEL"].unit, columns["ZACCEL"].scaling_factor) == ("m/s", 7.53e-5)
    assert columns["IMU_TIME_TONE"].source_name == "IMU_TIME_@_TONE"


@pytest.mark.parametrize("name", ["Mag1InT", "Mag2InT"])
def test_magnetometer_counts_are_not_called_engineering_units(maven, name):
    column = next(column for column in all_columns(maven.types_by_name["pf"]) if column.name == name)
    assert column.dn_eu == "DN"
    assert column.description.endswith("internal temperature.")
    assert " EU" not in column.description


def test_units_are_those_the_model_spells(maven):
    units = {column.unit for file_type in maven.types for column in all_columns(file_type)}
    assert units == {None, "rad/s", "rad", "m/s"}


def test_every_column_says_how_surely_it_is_known(maven):
    assert not [column for t in maven.types for column in all_columns(t) if not column.caveat]


@pytest.mark.parametrize(
    ("name", "file_type"),
    [
        ("sci_anc_gnc14_341_342.drf", "gnc"),
        ("sci_anc_ngms15_031_035.drf", "ngms"),
        ("sci_anc_usm113_365_001.drf", "usm1"),
        ("sci_anc_sasm114_193_195.drf", "sasm1"),
        ("sci_anc_sasm314_193_195.drf", "sasm3"),
        ("sci_anc_usm6_14_001_002.drf", "usm6"),
        ("sci_anc_usm1_2013_365_001.drf", "usm1"),
        ("sci_anc_ngms_2013_325_326.drf", "ngms"),
        ("sci_anc_eps14_061_062_manual.drf", "eps"),
        ("sci_anc_eps_2014_061_062_redo.drf", "eps"),
        ("sci_anc_pte14_061_062.drf", "pte"),
        ("mvn_pte15_046_047.drf", "pte"),
        ("mvn_imu18_139_143.txt", "imu"),
        ("mvn_imu18_139_143.dat", "imu"),
        ("mvn_imu18_139_143.drf", "imu"),
        ("sci_anc_imu18_139_143.drf", "imu"),
    ],
)
def test_names_of_the_mission_map_to_one_type(profile, name, file_type):
    assert types_of(profile, name) == [file_type]
    assert not [ignored for ignored in profile.ignored if ignored.compiled.fullmatch(name)]


@pytest.mark.parametrize(
    "pattern", ["sci_anc_{}14_341_342", "sci_anc_{}_14_341_342", "sci_anc_{}_2014_341_342"]
)
@pytest.mark.parametrize("word", ["", "_manual"])
def test_every_type_has_every_form_of_the_common_name(profile, pattern, word):
    for name in TYPES:
        assert types_of(profile, f"{pattern.format(name)}{word}.drf") == [name]


def test_the_digits_of_a_type_are_not_taken_for_a_year(maven):
    pattern = maven.types_by_name["usm1"].names[0]
    match = pattern.compiled.fullmatch("sci_anc_usm113_365_001.drf")
    assert match.groupdict() == {"year": "13", "first": "365", "last": "001", "variant": None}


@pytest.mark.parametrize(
    "name",
    [
        "README.txt",
        "sci_anc_gnc14_341.drf",
        "sci_anc_xyz14_341_342.drf",
        "notes.drf",
        "core",
        "sci_anc_usm714_001_002.drf",
    ],
)
def test_a_stray_file_is_neither_a_type_nor_ignored(profile, name):
    assert types_of(profile, name) == []
    assert not [ignored for ignored in profile.ignored if ignored.compiled.fullmatch(name)]


@pytest.mark.parametrize(
    "name",
    [
        "anc_sci_svt.drf",
        "anc_sci_svt_2013_123.drf",
        "mvn_rec_141208_1.sff",
        "sci_anc_trk14_001_002.drf",
        ".DS_Store",
        "sci_anc_gnc14_341_342.drf.md5",
        "md5sums.txt",
    ],
)
def test_names_that_are_known_but_not_archived_are_ignored(profile, name):
    assert types_of(profile, name) == []
    assert [ignored.reason for ignored in profile.ignored if ignored.compiled.fullmatch(name)]


def test_the_archive_has_one_bundle(maven):
    (bundle,) = maven.bundles
    assert bundle.lid == Lid("urn:nasa:pds:maven.anc")
    assert (bundle.model.version, bundle.model.dictionary.prefix) == ("1.13.0.0", "mvn")
    assert (bundle.purpose, bundle.processing_level) == ("Engineering", "Raw")
    lids = {c.type: str(c.lid) for c in bundle.collections}
    assert lids["gnc"] == "urn:nasa:pds:maven.anc:data.drf.gnc"
    assert lids["imu"] == "urn:nasa:pds:maven.anc:data.imu"
    gnc = maven.placement["gnc"][1]
    assert (gnc.folder, gnc.product_folder) == ("data_drf_gnc", "data_drf_gnc/{year}")
    assert gnc.product_title == "Guidance Navigation and Control DRF {date}"
    assert gnc.product_citation == "This is the Guidance Navigation and Control (GNC) DRF file for {date}."


def test_the_sis_has_two_bundles(sis):
    drf, events = sis.bundles
    assert [str(bundle.lid) for bundle in sis.bundles] == [
        "urn:nasa:pds:maven.anc.drf",
        "urn:nasa:pds:maven.anc.events",
    ]
    assert events.collections == ()
    assert {str(c.lid) for c in drf.collections} == {f"urn:nasa:pds:maven.anc.drf:{name}" for name in TYPES}
    assert {(b.model.version, b.model.dictionary, b.processing_level) for b in sis.bundles} == {
        ("1.1.0.1", None, "Calibrated")
    }
    assert sis.phases == ()


def test_information_models_are_those_of_the_example_labels(profile, shared: Path):
    example = {"1.13.0.0": "archive_1d00/data_drf_gnc", "1.1.0.1": "sis_1101/gnc"}
    model = profile.bundles[0].model
    folder = shared / "pds4" / "examples" / "valid" / example[model.version]
    label = (folder / "sci_anc_gnc14_341_342.xml").read_text()
    urls = [model.xsd, model.sch]
    if model.dictionary:
        urls += [model.dictionary.namespace, model.dictionary.xsd, model.dictionary.sch]
    assert [url for url in urls if url not in label] == []


def test_context_products_are_the_registered_ones(profile):
    expected = {f"urn:nasa:pds:context:{name}" for name in REGISTERED}
    assert set(profile.context.registered) == expected
    assert profile.context.host.name == "Mars Atmosphere and Volatile EvolutioN"


def test_only_ngms_names_an_instrument(profile):
    named = {
        c.type: [str(i.lid) for i in c.instruments] for _, c in profile.placement.values() if c.instruments
    }
    assert named == {"ngms": ["urn:nasa:pds:context:instrument:ngims.maven"]}


@pytest.mark.parametrize(
    ("day", "phase"),
    [
        (date(2013, 11, 17), None),
        (date(2013, 11, 18), "Cruise"),
        (date(2014, 9, 21), "Cruise"),
        (date(2014, 9, 22), "Mars Orbital Insertion"),
        (date(2014, 9, 23), "Transition"),
        (date(2014, 11, 14), "Transition"),
        (date(2014, 11, 15), "Prime Mission"),
        (date(2015, 11, 16), "Prime Mission"),
        (date(2015, 11, 17), "EM-1"),
        (date(2016, 10, 1), "EM-2"),
        (date(2018, 10, 1), "EM-3"),
        (date(2019, 10, 1), "EM-4"),
        (date(2021, 10, 1), "EM-5"),
        (date(2026, 11, 21), "EM-5"),
    ],
)
def test_mission_phases(maven, day, phase):
    assert maven.phase(day) == phase


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2013, 12, 1), None, date(2015, 2, 15)),
        (date(2015, 2, 15), None, date(2015, 2, 15)),
        (date(2015, 2, 16), date(2015, 2, 16), date(2015, 5, 15)),
        (date(2015, 5, 15), date(2015, 2, 16), date(2015, 5, 15)),
        (date(2015, 5, 16), date(2015, 5, 16), date(2015, 8, 15)),
        (date(2015, 11, 15), date(2015, 8, 16), date(2015, 11, 15)),
        (date(2015, 11, 16), date(2015, 11, 16), date(2016, 2, 15)),
        (date(2026, 11, 21), date(2026, 11, 16), date(2027, 2, 15)),
    ],
)
def test_delivery_periods_of_the_sis(profile, day, first, last):
    assert profile.calendar.period(day) == (first, last)


def test_periods_follow_one_another_without_gap_or_overlap(maven):
    day = date(2014, 11, 15)
    _, last = maven.calendar.period(day)
    for _ in range(60):
        first, end = maven.calendar.period(date.fromordinal(last.toordinal() + 1))
        assert first == date.fromordinal(last.toordinal() + 1)
        assert first < end
        last = end


def test_package_names(maven):
    name = maven.package.name.format(stem=maven.bundles[0].stem, first="20141115", last="20150215", number=1)
    assert name == "maven_anc_20141115_20150215_d001"


def test_a_profile_travels_by_pickle(profile):
    profile.types_by_name["gnc"].names[0].compiled.fullmatch("x")
    copy = pickle.loads(pickle.dumps(profile))
    assert copy == profile
    assert profile_digest(copy) == profile_digest(profile)
    assert copy.types_by_name["gnc"].names[0].compiled.fullmatch("sci_anc_gnc14_341_342.drf")


def test_the_two_profiles_have_digests_of_their_own(maven, sis):
    assert profile_digest(maven) != profile_digest(sis)


def test_loading_is_cheap():
    """The best of several: a single one may meet a garbage collection of the whole test process."""

    def load() -> float:
        start = time.process_time()
        load_profile("maven-anc-sis")
        return time.process_time() - start

    assert min(load() for _ in range(7)) < 0.1


def test_periods_of_a_calendar_that_ends_with_a_month():
    half_years = Calendar(first_end=date(2015, 6, 30), months=6)
    assert half_years.period(date(2015, 12, 31)) == (date(2015, 7, 1), date(2015, 12, 31))
    assert half_years.period(date(2016, 1, 1)) == (date(2016, 1, 1), date(2016, 6, 30))


def test_descriptions_are_the_words_of_the_sis_but_for_slips_of_typing(maven, shared: Path):
    with (shared / "drf" / "columns.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [column for t in maven.types for s in t.column_sets for column in s.columns]
    mended = {
        column.name
        for column, row in zip(columns, rows, strict=True)
        if (column.description or "") not in (row["description"], f"{row['description']}.")
    }
    assert mended == {
        "SP_PF_PFull",
        "Mag1InT",
        "Mag2InT",
        "GV_PteAbmCmd",
        "PTE_VAL_DATA",
        "PTE_PTTindex",
        "PTE_RwAxis",
    }
