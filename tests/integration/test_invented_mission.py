"""A mission that is not MAVEN, from one profile file and no code: received files to a verified delivery."""

from __future__ import annotations

import csv
import hashlib
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from drf_integration_cli import settings
from drf_integration_trees import contents
from lxml import etree

import drf_reprocess
from drf_reprocess.pds4.schemas import schema_set

PROFILE = Path(__file__).resolve().parents[1] / "data" / "invented_mission.toml"
RUN_TIME = "2032-02-29T12:00:00Z"
NS = {"p": "http://pds.nasa.gov/pds4/pds/v1"}
CELL, TIME = 14, 26

LAUNCH = ("BUS_VOLT:DN", "BUS_VOLT:EU", "BATT_TEMP", "HTR_SWITCH")
ARRAY = (*LAUNCH, "ARRAY_CURR")
ORBIT = ("HORIZON_DEG", "STAR_COUNT", "MODE", "GYRO_RATE")
CELLS = {
    # Texts with the values that they stand for; the last is the empty one.
    "BUS_VOLT:DN": ["2871", "-12", "+7", "0", "99999999999999"],
    "BUS_VOLT:EU": ["28.125", "-0.0", "1.5E+01", "0.1", "4.9E-324"],
    "BATT_TEMP": ["21.50", "-3", "1e2", ".5", "7."],
    "HTR_SWITCH": ["ON", "OFF", "TRIP", "ON", "OFF"],
    "ARRAY_CURR": ["3.0000000001", "2", "-1.25E-3", "0.30", "1.79769313E308"],
    "HORIZON_DEG": ["0.00", "359.999", "180", "-0.5", "1.0"],
    "STAR_COUNT": ["12", "0", "7", "", "3"],
    "MODE": ["SAFE", "", "SCIENCE_2", "SLEW", "SAFE"],
    "GYRO_RATE": ["", "1.0E-6", "2.0E-6", "", "3.0E-6"],
}
KINDS = {"BUS_VOLT:DN": int, "STAR_COUNT": int, "HTR_SWITCH": str, "MODE": str}


@dataclass(frozen=True)
class Sent:
    """One file as the spacecraft's operators would send it, and what is in it."""

    name: str
    columns: tuple[str, ...]
    start: datetime
    title: str
    rows: int = 40
    times: list[datetime] = field(init=False)

    def __post_init__(self):
        times = [self.start + timedelta(seconds=617.000001 * row) for row in range(self.rows)]
        object.__setattr__(self, "times", times)

    @property
    def type(self):
        return self.name.split("-")[1]

    @property
    def product_id(self):
        return self.name.removesuffix(".asc")

    def texts(self, column):
        return [CELLS[column][row % 5] for row in range(self.rows)]

    def values(self, column):
        return [KINDS.get(column, float)(cell) if cell else None for cell in self.texts(column)]

    def render(self):
        """Header of three lines, each as long as a record; time, a blank, then cells of 14 with a blank after each."""
        width = TIME + 1 + (CELL + 1) * len(self.columns)
        names = [column.partition(":")[0] for column in self.columns]
        marks = [column.partition(":")[2] for column in self.columns]
        second = marks if any(marks) else ["counts" if name == "STAR_COUNT" else "-" for name in names]
        lines = [f"  Wisp {self.title}, sent from Venus", *(self.line("", row) for row in (second, names))]
        for row, time in enumerate(self.times):
            lines.append(
                self.line(f"{time:%Y-%m-%dT%H:%M:%S.%f}", [CELLS[column][row % 5] for column in self.columns])
            )
        return "".join(f"{line:<{width}}\r\n" for line in lines).encode("ascii")

    @staticmethod
    def line(time, cells):
        return f"{time:<{TIME}} " + "".join(f"{cell:<{CELL}} " for cell in cells)


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SENT = (
    Sent("wisp-pwr-2031-180_181.asc", LAUNCH, day("2031-06-29T10:00:00.000001"), "power"),
    Sent("wisp-pwr-2031-181_182.asc", LAUNCH, day("2031-06-30T23:59:59.123456"), "power"),
    Sent("wisp-pwr-2031-181_182-cal.asc", LAUNCH, day("2031-06-30T23:59:59.123456"), "power", 20),
    Sent("wisp-pwr-2031-365_001.asc", ARRAY, day("2031-12-31T22:00:00.5"), "power"),
    Sent("wisp-pwr-2032-060_060.asc", ARRAY, day("2032-02-29T01:02:03.040506"), "power"),
    Sent("wisp-orb-2031-200_200.asc", ORBIT, day("2031-07-19T00:00:00"), "orbit sensors"),
)
PRODUCTS = (SENT[0], *SENT[2:])
"""Of two files of the same days the one with a word in its name stands, by the precedence that all missions have."""
IN_FIRST_DELIVERY = PRODUCTS[:2]


@pytest.fixture(scope="module")
def mission(tmp_path_factory, cli, xml_catalog):
    folder = tmp_path_factory.mktemp("wisp")
    for sent in SENT:
        path = folder / "received" / sent.type / sent.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sent.render())
    (folder / "received" / "wisp-station-7.log").write_text("all well\n")
    (folder / "received" / "sci_anc_gnc14_341_342.drf").write_bytes(SENT[0].render())
    places = settings(
        source__uri=folder / "received",
        output__uri=folder / "output",
        mission__profile=PROFILE,
        validate__xml_catalog=xml_catalog,
        run__time=RUN_TIME,
        compute__site="serial",
    )
    done = cli("run", "--json", *places, check=3)
    rows = cli("products", "--json", *places, check=0).json
    return folder, places, done.json, {Path(row["source"]).name: row for row in rows}


def test_every_file_is_accounted_for(mission, cli):
    _, places, summary, rows = mission
    assert rows.keys() == {sent.name for sent in PRODUCTS}
    counts = summary["products"]
    assert (counts["total"], counts["processed"], counts["ignored"], counts["quarantined"]) == (8, 5, 1, 1)
    aside = {Path(row["source"]).name: row for row in cli("quarantine", "--json", *places, check=0).json}
    assert {name: (row["state"], row["code"]) for name, row in aside.items()} == {
        "wisp-station-7.log": ("ignored", "not-archived"),
        SENT[1].name: ("superseded", "superseded"),
        "sci_anc_gnc14_341_342.drf": ("quarantined", "name-unknown"),
    }
    assert "log of the receiving station" in aside["wisp-station-7.log"]["message"]


@pytest.mark.parametrize("sent", PRODUCTS, ids=lambda sent: sent.product_id)
def test_a_product_is_what_was_sent(mission, sent):
    folder, _, _, rows = mission
    row = rows[sent.name]
    assert row["lid"] == f"urn:nasa:pds:wisp_hk:data-{sent.type}:{sent.product_id}"
    assert Path(row["data"]) == (
        folder / "output" / "bundle" / f"data-{sent.type}" / f"y{sent.start.year}" / sent.name
    )
    assert Path(row["data"]).read_bytes() == sent.render()
    assert row["mended"] == []
    assert row["records"] == sent.rows
    assert row["start_time"] == f"{min(sent.times):%Y-%m-%dT%H:%M:%S.%fZ}"
    assert row["stop_time"] == f"{max(sent.times):%Y-%m-%dT%H:%M:%S.%fZ}"
    assert row["day"] == f"{sent.start:%Y-%m-%d}"


@pytest.mark.parametrize("sent", PRODUCTS, ids=lambda sent: sent.product_id)
def test_a_table_holds_the_values(mission, sent):
    table = pl.read_parquet(mission[3][sent.name]["parquet"], hive_partitioning=False)
    assert table["record_number"].to_list() == list(range(1, sent.rows + 1))
    assert table["time_utc"].to_list() == sent.times
    assert table["UTC"].to_list() == [f"{time:%Y-%m-%dT%H:%M:%S.%f}" for time in sent.times]
    for column in sent.columns:
        values = table[column.replace(":", "_")].to_list()
        assert values == sent.values(column)
        assert list(map(repr, values)) == list(map(repr, sent.values(column)))  # -0.0 is not 0.0
    if sent.columns == LAUNCH:
        assert table["ARRAY_CURR"].to_list() == [None] * sent.rows
        assert table.schema["ARRAY_CURR"] == pl.Float64


@pytest.mark.parametrize("sent", PRODUCTS, ids=lambda sent: sent.product_id)
def test_a_label_points_at_the_cells(mission, sent):
    data = sent.render()
    label = etree.parse(mission[3][sent.name]["label"])

    def value(name, root=label):
        return root.findtext(f".//p:{name}", namespaces=NS)

    assert value("md5_checksum") == hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert value("Header/p:object_length") == str(3 * len(data) // (3 + sent.rows))
    offset, length = int(value("Table_Character/p:offset")), int(value("record_length"))
    records = [data[start : start + length] for start in range(offset, len(data), length)]
    assert len(records) == sent.rows == int(value("Table_Character/p:records"))
    fields = label.findall(".//p:Field_Character", NS)
    assert [field.findtext("p:name", namespaces=NS) for field in fields] == [
        "UTC",
        *(column.replace(":", "_") for column in sent.columns),
    ]
    for column, element in zip(sent.columns, fields[1:], strict=True):
        start = int(value("field_location", element)) - 1
        stop = start + int(value("field_length", element))
        assert [record[start:stop].decode().strip() for record in records] == sent.texts(column)
        expected = {int: "ASCII_Integer", str: "ASCII_String"}.get(KINDS.get(column), "ASCII_Real")
        assert value("data_type", element) == expected
    units = {value("name", element): value("unit", element) for element in fields}
    if sent.type == "pwr":
        assert (units["BUS_VOLT_DN"], units["BUS_VOLT_EU"], units["BATT_TEMP"]) == (None, "V", "degC")
    assert f"{sent.start:%Y-%m-%d}" in value("title")
    assert ("horizon.wisp" in etree.tostring(label).decode()) == (sent.type == "orb")
    assert b"maven" not in etree.tostring(label).lower()


def test_every_label_is_valid_without_a_warning(mission, xml_catalog):
    schemas = schema_set(str(xml_catalog))
    paths = sorted((mission[0] / "output" / "bundle").rglob("*.xml"))
    assert len(paths) == len(PRODUCTS) + 2 + 1
    assert [(path.name, finding) for path in paths for finding in schemas.check(path.read_bytes())] == []


def test_deliveries_follow_the_calendar(mission, cli, xml_catalog):
    """What was measured to 2031-06-30, then half-years; collections and bundle travel with the last."""
    summary = mission[2]
    names = [Path(delivery["package"]).name for delivery in summary["deliveries"]]
    assert names == [
        "wisp_hk-20310629-20310630-0001.zip",
        "wisp_hk-20310719-20311231-0002.zip",
        "wisp_hk-20320229-20320229-0003.zip",
    ]
    members = []
    for delivery in summary["deliveries"]:
        with zipfile.ZipFile(delivery["package"]) as package:
            assert package.testzip() is None
            members.append(package.namelist())
    first = {
        f"data-pwr/y2031/{sent.product_id}{end}" for sent in IN_FIRST_DELIVERY for end in (".asc", ".xml")
    }
    assert set(members[0]) == first
    assert {
        "bundle_wisp_hk_1.0.xml",
        "readme_wisp_hk_1.0.txt",
        "data-orb/wisp_orb_1.0.xml",
        "data-pwr/wisp_pwr_1.0.xml",
        "data-pwr/wisp_pwr_inventory_1.0.csv",
    } <= set(members[2])
    assert sum(delivery["products"] for delivery in summary["deliveries"]) == len(PRODUCTS)
    last = summary["deliveries"][-1]["package"]
    verified = cli("verify", last, "--json", "--xml-catalog", xml_catalog, "--profile", PROFILE, check=0).json
    assert (verified["status"], verified["products"], verified["faults"]) == ("ok", 1, [])


def test_the_types_open_as_datasets(mission):
    output = mission[0] / "output"
    frame = drf_reprocess.open_type(output, "pwr", "2031-06-30", "2032-01-01").collect()
    times = [time for sent in PRODUCTS if sent.type == "pwr" for time in sent.times]
    assert sorted(frame["time_utc"]) == sorted(
        time for time in times if day("2031-06-30") <= time < day("2032-01-01")
    )
    ((found,),) = duckdb.sql(
        f"SELECT count(ARRAY_CURR) FROM '{output}/parquet/type=pwr/**/*.parquet' WHERE type = 'pwr'"
    ).fetchall()
    assert found == sum(sent.rows for sent in PRODUCTS if sent.columns == ARRAY)


def test_columns_are_told(mission, cli):
    _, places, _, _ = mission
    rows = {row["name"]: row for row in cli("columns", "pwr", "--json", *places, check=0).json}
    assert list(rows) == ["record_number", "time_utc", "UTC", *(name.replace(":", "_") for name in ARRAY)]
    assert (rows["BUS_VOLT_DN"]["kind"], rows["BUS_VOLT_DN"]["dn_eu"]) == ("integer", "DN")
    assert (rows["BUS_VOLT_EU"]["unit"], rows["BUS_VOLT_EU"]["eras"]) == ("V", "launch, array")
    assert rows["ARRAY_CURR"]["eras"] == "array"
    assert rows["HTR_SWITCH"]["description"] == "Battery heater: ON, OFF or TRIP."
    alone = cli("columns", "orb", "--json", "--set", f"mission.profile={PROFILE}", check=0).json
    assert {row["name"]: row["unit"] for row in alone}["GYRO_RATE"].startswith("not given")
    with (mission[0] / "output" / "parquet" / "_columns" / "orb.csv").open() as file:
        assert [row["name"] for row in csv.DictReader(file)] == [row["name"] for row in alone]


def test_one_file_can_be_inspected(mission, cli):
    sent = SENT[3]
    path = mission[0] / "received" / "pwr" / sent.name
    told = cli("inspect", path, "--json", "--set", f"mission.profile={PROFILE}", check=0).json
    assert (told["type"], told["era"], told["header_lines"], told["records"]) == (
        "pwr",
        "array",
        3,
        sent.rows,
    )
    assert (told["refused"], told["mends"], told["findings"]) == (None, [], [])
    assert told["columns"][0]["name"] == "UTC"
    assert f"<logical_identifier>urn:nasa:pds:wisp_hk:data-pwr:{sent.product_id}<" in told["label_preview"]
    other = cli("inspect", path, "--json", check=0).json  # by the profile of another mission
    assert (other["type"], other["refused"]["code"]) == (None, "name-unknown")


def test_a_second_run_makes_nothing(mission, cli):
    folder, places, _, _ = mission
    before = contents(folder / "output")
    again = cli("run", "--json", *places, check=0).json
    assert (again["deliveries"], again["products"]["unchanged"], again["bytes_in"]) == ([], len(PRODUCTS), 0)
    assert contents(folder / "output") == before
