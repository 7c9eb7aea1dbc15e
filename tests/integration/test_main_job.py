"""The main job through the command line, judged from outside: by hashes, zip, Parquet and plain text."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.dataset as ds
import pytest
from lxml import etree

NS = {"p": "http://pds.nasa.gov/pds4/pds/v1"}
RUN_TIME = "2026-01-02T03:04:05Z"


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def snapshot(root: Path, *parts: str) -> dict[str, tuple[str, int]]:
    """Hash and modification time of every file below some folders."""
    return {
        str(path.relative_to(root)): (md5(path), path.stat().st_mtime_ns)
        for part in parts
        for path in sorted((root / part).rglob("*"))
        if path.is_file()
    }


def places(source: Path, output: Path, *more: str) -> list[str]:
    settings = [f"source.uri={source}", f"output.uri={output}", f"run.time={RUN_TIME}", *more]
    return [word for setting in settings for word in ("--set", setting)]


@pytest.fixture(scope="session")
def mission(tmp_path_factory, small_sample, cli):
    """A sample mission, reprocessed on a local cluster of two workers."""
    output = tmp_path_factory.mktemp("mission") / "output"
    arguments = places(small_sample, output, "compute.workers=2")
    done = cli("run", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return small_sample, output, arguments, done.json


def test_the_summary_tells_what_was_done(mission):
    source, output, _, summary = mission
    files = [path for path in source.rglob("*") if path.is_file()]
    products = summary["products"]
    assert products["total"] == products["processed"] == len(files)
    assert products["quarantined"] == products["unchanged"] == 0
    assert summary["status"] == "success"
    assert summary["bytes_in"] == sum(path.stat().st_size for path in files)
    assert summary["throughput_mb_s"] == pytest.approx(
        summary["bytes_in"] / 1e6 / summary["elapsed_s"], rel=0.01
    )
    assert [stage["name"] for stage in summary["stages"]] == [
        "discover",
        "plan",
        "process",
        "assemble",
        "publish",
        "package",
        "verify",
    ]
    (delivery,) = summary["deliveries"]
    assert delivery["products"] == len(files)
    for key in ("package", "transfer_manifest", "checksum_manifest"):
        assert Path(delivery[key]).is_file()
    run = output / "runs" / summary["run_id"]
    assert json.loads((run / "summary.json").read_text())["status"] == "success"
    assert {path.name for path in run.iterdir()} == {
        "config-given.toml",
        "config-resolved.json",
        "events.jsonl",
        "summary.json",
        "versions.json",
    }


def test_products_tell_the_truth_about_files(mission, cli):
    source, _, arguments, _ = mission
    rows = cli("products", *arguments, "--json").json
    assert {row["source"] for row in rows} == {str(path) for path in source.rglob("*") if path.is_file()}
    assert [row["lid"] for row in rows] == sorted(row["lid"] for row in rows)
    for row in rows:
        assert row["vid"] == "1.0"
        assert md5(Path(row["data"])) == row["data_md5"] == md5(Path(row["source"]))
        assert md5(Path(row["label"])) == row["label_md5"]
        assert len(pl.read_parquet(row["parquet"], hive_partitioning=False)) == row["records"]
    only = cli("products", *arguments, "--type", "gnc", "--json").json
    assert [row for row in rows if row["type"] == "gnc"] == only
    assert only


def test_labels_tell_the_truth_about_data(mission, cli):
    for row in cli("products", *mission[2], "--json").json:
        label = etree.parse(row["label"])
        data = Path(row["data"]).read_bytes()

        def value(path: str, label=label) -> str:
            return label.findtext(f".//p:{path}", namespaces=NS)

        assert f"{value('logical_identifier')}::{value('version_id')}" == f"{row['lid']}::{row['vid']}"
        assert value("file_name") == Path(row["data"]).name
        assert int(value("File/p:file_size")) == len(data)
        assert value("md5_checksum") == row["data_md5"]
        assert value("creation_date_time") == RUN_TIME
        offset, records, length = (
            int(value(f"Table_Character/{name}"))
            for name in ("p:offset", "p:records", "p:Record_Character/p:record_length")
        )
        assert offset + records * length == len(data)
        assert (value("start_date_time"), value("stop_date_time")) == (row["start_time"], row["stop_time"])


def test_parquet_holds_the_values_of_the_text(mission, cli):
    """Cut each cell out of the data file where the label says it stands, and compare."""
    _, _, arguments, _ = mission
    for row in cli("products", *arguments, "--json").json:
        label = etree.parse(row["label"])
        data = Path(row["data"]).read_bytes()
        offset = int(label.findtext(".//p:Table_Character/p:offset", namespaces=NS))
        length = int(label.findtext(".//p:record_length", namespaces=NS))
        records = [data[start : start + length] for start in range(offset, len(data), length)]
        table = pl.read_parquet(row["parquet"], hive_partitioning=False)
        assert table["record_number"].to_list() == list(range(1, len(records) + 1))
        for field in label.iterfind(".//p:Field_Character", NS):
            start = int(field.findtext("p:field_location", namespaces=NS)) - 1
            stop = start + int(field.findtext("p:field_length", namespaces=NS))
            texts = [record[start:stop].decode("ascii").strip() for record in records]
            kind = {"ASCII_Real": float, "ASCII_Integer": int, "ASCII_String": str}[
                field.findtext("p:data_type", namespaces=NS)
            ]
            expected = [kind(text) if text else None for text in texts]
            assert table[field.findtext("p:name", namespaces=NS)].to_list() == expected


def test_every_type_is_one_dataset_in_three_readers(mission):
    _, output, _, _ = mission
    root = output / "parquet"
    whole = ds.dataset(root, format="parquet", partitioning="hive")
    assert {"type", "year"} <= set(whole.schema.names)
    for folder in sorted(root.glob("type=*")):
        files = sorted(folder.rglob("*.parquet"))
        count = sum(len(pl.read_parquet(file, hive_partitioning=False)) for file in files)
        assert ds.dataset(folder, format="parquet").count_rows() == count
        assert pl.scan_parquet(folder / "**/*.parquet").select(pl.len()).collect().item() == count
        assert duckdb.sql(f"SELECT count(*) FROM '{folder}/**/*.parquet'").fetchall() == [(count,)]
        assert len({str(ds.dataset(file).schema.with_metadata(None)) for file in files}) == 1
        described = list(
            csv.DictReader((root / "_columns" / f"{folder.name[5:]}.csv").read_text().splitlines())
        )
        assert [row["name"] for row in described] == ds.dataset(files[0]).schema.names


def test_the_bundle_tree_holds_what_its_inventories_list(mission):
    _, output, _, _ = mission
    tree = output / "bundle"
    (bundle,) = tree.glob("bundle_maven_anc_1.0.xml")
    assert (tree / "readme_maven_anc_1.0.txt").is_file()
    listed = [reference.text for reference in etree.parse(bundle).iterfind(".//p:lidvid_reference", NS)]
    products = []
    for label in tree.rglob("collection_*.xml"):
        root = etree.parse(label)
        lidvid = (
            f"{root.findtext('.//p:logical_identifier', namespaces=NS)}::"
            f"{root.findtext('.//p:version_id', namespaces=NS)}"
        )
        listed.remove(lidvid)
        inventory = label.parent / root.findtext(".//p:file_name", namespaces=NS)
        rows = inventory.read_bytes().decode().split("\r\n")
        assert rows.pop() == ""
        products += [row.removeprefix("P,") for row in rows]
    assert listed == []
    labels = [path for path in tree.rglob("*.xml") if not path.name.startswith(("bundle_", "collection_"))]
    assert sorted(products) == sorted(
        "{}::{}".format(
            root.findtext(".//p:logical_identifier", namespaces=NS),
            root.findtext(".//p:version_id", namespaces=NS),
        )
        for root in map(etree.parse, labels)
    )
    described = {path.with_suffix("") for path in tree.rglob("*.xml")}
    for path in tree.rglob("*"):
        if path.is_file() and path.suffix != ".xml":
            assert path.with_suffix("") in described or path.name.startswith(("readme_", "collection_"))


def test_the_package_is_what_its_manifests_say(mission, tmp_path):
    _, output, _, summary = mission
    (delivery,) = summary["deliveries"]
    with zipfile.ZipFile(delivery["package"]) as package:
        assert package.testzip() is None
        names = package.namelist()
        assert names == sorted(names)
        package.extractall(tmp_path)
    rows = [line.split("  ", 1) for line in Path(delivery["checksum_manifest"]).read_text().splitlines()]
    assert [path for _, path in rows] == names
    for checksum, path in rows:
        assert md5(tmp_path / path) == checksum == md5(output / "bundle" / path)
    lines = Path(delivery["transfer_manifest"]).read_text().splitlines()
    transfers = [line.split() for line in lines]
    width = max(len(lidvid) for lidvid, _ in transfers)
    assert all(
        line == f"{lidvid:<{width}}  {path}" for line, (lidvid, path) in zip(lines, transfers, strict=True)
    )
    assert [path for _, path in transfers] == [name for name in names if name.endswith(".xml")]
    for lidvid, path in transfers:
        root = etree.parse(tmp_path / path)
        assert lidvid == (
            f"{root.findtext('.//p:logical_identifier', namespaces=NS)}::"
            f"{root.findtext('.//p:version_id', namespaces=NS)}"
        )
    folder = Path(delivery["package"]).parent
    record = json.loads((folder / "delivery.json").read_text())
    for name, facts in record["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == facts["sha256"]
    assert "Faults found: 0." in Path(delivery["delivery_note"]).read_text()


def test_verify_needs_nothing_but_the_package(mission, cli, tmp_path):
    (delivery,) = mission[3]["deliveries"]
    for key in ("package", "transfer_manifest", "checksum_manifest"):
        shutil.copy(delivery[key], tmp_path)
    package = tmp_path / Path(delivery["package"]).name
    done = cli("verify", str(package), "--json")
    assert (done.returncode, done.json["status"], done.json["faults"]) == (0, "ok", [])
    assert done.json["products"] == delivery["products"]
    data = bytearray(package.read_bytes())
    data[len(data) // 2] ^= 0x10
    package.write_bytes(data)
    done = cli("verify", str(package), "--json")
    assert (done.returncode, done.json["status"]) == (4, "failed")
    assert done.json["faults"]


def test_a_second_run_over_unchanged_input_writes_nothing(mission, cli):
    _, output, arguments, summary = mission
    parts = ("bundle", "parquet", "deliveries", "store")
    before = snapshot(output, *parts)
    done = cli("run", *arguments, "--json")
    assert done.returncode == 0
    assert done.json["products"]["unchanged"] == summary["products"]["total"]
    assert done.json["products"]["processed"] == 0
    assert (done.json["deliveries"], done.json["bytes_in"]) == ([], 0)
    assert snapshot(output, *parts) == before


def test_views_can_be_made_again(mission, cli):
    _, output, arguments, _ = mission
    before = {name: value[0] for name, value in snapshot(output, "bundle", "parquet").items()}
    shutil.rmtree(output / "bundle")
    shutil.rmtree(output / "parquet" / "type=gnc")
    (output / "parquet" / "type=eps" / "stranger.parquet").write_bytes(b"x")
    assert cli("publish", *arguments, "--json").returncode == 0
    assert {name: value[0] for name, value in snapshot(output, "bundle", "parquet").items()} == before


def test_status_counts_as_the_run_did(mission, cli):
    status = cli("status", *mission[2], "--json").json
    total = mission[3]["products"]["total"]
    assert status["sources"]["processed"] == status["sources"]["total"] == total
    assert sum(status["products"].values()) == total
    assert status["deliveries"][0]["state"] == "verified"
    assert status["collections_and_bundles"]["urn:nasa:pds:maven.anc"] == "1.0"


def test_a_plan_tells_the_work_and_writes_nothing(small_sample, cli, tmp_path):
    output = tmp_path / "output"
    done = cli("plan", *places(small_sample, output), "--json")
    files = [path for path in small_sample.rglob("*") if path.is_file()]
    assert done.returncode == 0
    assert done.json["to_process"] == {
        "products": len(files),
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
    }
    assert done.json["reasons"] == {"new file": len(files)}
    assert not output.exists()


def test_what_comes_later_is_delivered_alone(small_sample, cli, tmp_path):
    """A new day, then a file that changes in place: only what changed gets a version and travels."""
    source, output = tmp_path / "source", tmp_path / "output"
    shutil.copytree(small_sample / "gnc", source / "gnc")
    days = sorted((source / "gnc").rglob("*.drf"))
    later = tmp_path / days[-1].name
    shutil.move(days[-1], later)
    arguments = places(source, output, "compute.site=serial")
    first = cli("run", *arguments, "--json").json
    assert first["deliveries"][0]["products"] == len(days) - 1
    shutil.move(later, days[-1])
    second = cli("run", *arguments, "--json").json
    (delivery,) = second["deliveries"]
    assert delivery["delivery_id"].endswith("d002")
    with zipfile.ZipFile(delivery["package"]) as package:
        assert sorted(Path(name).name for name in package.namelist()) == sorted(
            [
                "bundle_maven_anc_1.1.xml",
                "readme_maven_anc_1.1.txt",
                "collection_data_drf_gnc_1.1.xml",
                "collection_data_drf_gnc_inventory_1.1.csv",
                days[-1].name,
                days[-1].with_suffix(".xml").name,
            ]
        )
    assert not (output / "bundle" / "bundle_maven_anc_1.0.xml").exists()
    text = days[0].read_bytes()
    days[0].write_bytes(text[: text.rindex(b"\r\n", 0, -2) + 2])
    third = cli("run", *arguments, "--json").json
    assert third["products"]["processed"] == 1
    versions = {row["data"]: row["vid"] for row in cli("products", *arguments, "--json").json}
    changed = next(path for path in versions if path.endswith(days[0].name))
    assert versions.pop(changed) == "2.0"
    assert set(versions.values()) == {"1.0"}
    history = etree.parse(str(Path(changed).with_suffix(".xml"))).findall(".//p:Modification_Detail", NS)
    assert [entry.findtext("p:version_id", namespaces=NS) for entry in history] == ["2.0", "1.0"]
    assert cli("run", *arguments, "--json").json["deliveries"] == []


@pytest.mark.slow
def test_a_source_that_moved_is_known_by_its_content(small_sample, cli, tmp_path):
    """The same files under another root: no new version, and every file is listed by its new place."""
    source, moved, output = tmp_path / "source", tmp_path / "moved", tmp_path / "output"
    shutil.copytree(small_sample / "eps", source / "eps")
    first = cli("run", *places(source, output, "compute.site=serial"), "--json").json
    shutil.move(source, moved)
    arguments = places(moved, output, "compute.site=serial")
    second = cli("run", *arguments, "--json")
    assert second.returncode == 0
    assert second.json["products"]["unchanged"] == first["products"]["processed"]
    assert second.json["deliveries"] == []
    listed = {row["source"]: row["vid"] for row in cli("products", *arguments, "--json").json}
    assert listed == {str(path): "1.0" for path in moved.rglob("*.drf")}


def test_files_that_are_still_arriving_are_left_alone(small_sample, cli, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(small_sample / "eps", source, copy_function=shutil.copyfile)
    arguments = places(source, tmp_path / "output", "compute.site=serial")
    done = cli("run", *arguments, "--set", "source.settle_s=3600", "--json").json
    assert (done["products"]["arriving"], done["products"]["total"]) == (3, 0)
    assert done["deliveries"] == []
    assert cli("run", *arguments, "--json").json["products"]["processed"] == 3


def test_what_cannot_be_read_is_listed_and_troubles_no_later_run(small_sample, cli, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(small_sample / "eps", source)
    (source / "sci_anc_eps14_100_101.drf").symlink_to(tmp_path / "gone")
    os.mkfifo(source / "sci_anc_eps14_101_102.drf")
    (source / "sci_anc_eps14_102_103.drf").symlink_to(source, target_is_directory=True)
    arguments = places(source, tmp_path / "output", "compute.site=serial")
    assert cli("run", *arguments, "--json").returncode == 3
    rows = cli("quarantine", *arguments, "--json").json
    assert {(Path(row["source"]).name, row["state"], row["code"]) for row in rows} == {
        (f"sci_anc_eps14_{days}.drf", "failed", "unreadable") for days in ("100_101", "101_102", "102_103")
    }
    again = cli("run", *arguments, "--json")
    assert (again.returncode, again.json["products"]["failed"]) == (0, 3)


def test_one_output_holds_the_archive_of_one_profile(mission, cli):
    _, _, arguments, _ = mission
    for command in ("run", "products"):
        done = cli(command, *arguments, "--set", "mission.profile=maven-anc-sis", "--json")
        assert done.returncode == 2
        assert "this output was made with maven-anc" in done.json["error"]["message"]


def test_a_package_that_cannot_be_made_small_enough_is_told(small_sample, cli, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(small_sample / "gnc", source)
    settings = places(source, tmp_path / "output", "compute.site=serial", "package.max_bytes=20KiB")
    done = cli("run", *settings, "--json")
    assert done.returncode == 0
    sizes = [delivery["bytes"] for delivery in done.json["deliveries"]]
    assert len(sizes) > 1
    large = sum(size > 20 * 1024 for size in sizes)
    assert large == sum("more than package.max_bytes" in warning for warning in done.json["warnings"]) > 0
