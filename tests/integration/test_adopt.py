"""Adoption through the command line: the versions of an archive go on where somebody else left off."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from drf_integration_cli import settings
from drf_integration_trees import assert_same, catalog_rows, contents

from drf_reprocess.pds4.read import read_label
from drf_reprocess.testing.sample import write_sample

TYPES = "gnc,imu"


@dataclass
class Place:
    """A source, the bundle that somebody made of it, and an output that knows nothing of it."""

    source: Path
    bundle: Path
    output: Path

    def arguments(self, **keys: object) -> list[str]:
        fixed = {"source__uri": self.source, "output__uri": self.output, "compute__site": "serial"}
        return [*settings(**(fixed | keys)), "--json"]

    def labels(self) -> dict[str, tuple[str, list[str]]]:
        """VID and texts of the history by LID, of everything that the output shows."""
        found = {}
        for path in sorted((self.output / "bundle").rglob("*.xml")):
            label = read_label(path.read_bytes())
            found[str(label.lid)] = str(label.vid), [entry.description for entry in label.history]
        return found


@pytest.fixture(scope="module")
def archived(tmp_path_factory, cli):
    """A small mission and its bundle as a first program made them."""
    root = tmp_path_factory.mktemp("archived")
    write_sample(str(root / "source"), scale=0.01, days=2, types=TYPES.split(","))
    place = Place(root / "source", root / "first" / "bundle", root / "first")
    cli("run", *place.arguments(run__time="2020-08-18T00:00:00Z"), check=0)
    return place


@pytest.fixture
def place(archived, tmp_path):
    shutil.copytree(archived.source, tmp_path / "source")
    shutil.copytree(archived.bundle, tmp_path / "bundle")
    return Place(tmp_path / "source", tmp_path / "bundle", tmp_path / "output")


def product_labels(place: Place) -> list[Path]:
    names = ("bundle", "collection")
    labels = [path for path in place.bundle.rglob("*.xml") if not path.name.startswith(names)]
    assert len(labels) > 2
    return sorted(labels)


def data_file(label: Path) -> Path:
    return label.with_name(read_label(label.read_bytes()).files[0].name)


def reissue(place: Place, old: bytes, new: bytes) -> int:
    """Change every product label as another program would have written it; return how many there are."""
    labels = product_labels(place)
    for path in labels:
        text = path.read_bytes()
        assert old in text
        path.chmod(0o644)
        path.unlink()
        path.write_bytes(text.replace(old, new))
    return len(labels)


def touch(place: Place) -> Path:
    """Change the last digit of the last number of a file, and return its path."""
    changed = sorted(place.source.rglob("*gnc*.drf"))[0]
    head, point, tail = changed.read_bytes().rpartition(b".")
    digits = re.match(rb"[0-9]+", tail)
    assert digits
    last = digits.end() - 1
    other = b"7" if tail[last : last + 1] != b"7" else b"8"
    changed.write_bytes(head + point + tail[:last] + other + tail[last + 1 :])
    return changed


def test_a_run_after_the_adoption_finds_nothing_to_do(place, cli_here):
    done = cli_here("adopt", place.bundle, *place.arguments(), check=0).json
    labels = len(product_labels(place))
    assert (done["status"], done["bundle"], done["vid"]) == ("success", "urn:nasa:pds:maven.anc", "1.0")
    assert (done["collections"], done["products"]) == (2, labels)
    assert (done["not_adopted"], done["findings"]) == ([], [])
    run = cli_here("run", *place.arguments(), check=0).json
    assert run["decisions"] == {"same": labels}
    assert (run["deliveries"], run["resumed"]) == ([], [])
    assert_same(contents(place.output, "bundle"), contents(place.bundle.parent, "bundle"))


def test_versions_and_histories_go_on_from_the_archives(place, cli_here):
    cli_here("adopt", place.bundle, *place.arguments(), check=0)
    changed = touch(place)
    run = cli_here("run", *place.arguments(), check=0).json
    assert run["decisions"] == {"same": len(product_labels(place)) - 1, "data-changed": 1}
    (delivery,) = run["deliveries"]
    assert delivery["products"] == 1
    labels = place.labels()
    lid = next(lid for lid in labels if lid.endswith(f":{changed.stem.lower()}"))
    vid, (newest, oldest) = labels[lid]
    assert vid == "2.0"
    assert "1.0" in newest
    assert "First release" in oldest
    others = {vid for other, (vid, _) in labels.items() if other.count(":") == 5 and other != lid}
    assert others == {"1.0"}
    assert labels["urn:nasa:pds:maven.anc:data.drf.gnc"][0] == "1.1"
    assert labels["urn:nasa:pds:maven.anc:data.imu"][0] == "1.0"
    assert labels["urn:nasa:pds:maven.anc"][0] == "1.1"


def test_a_label_that_we_would_write_otherwise_stays_until_a_campaign_has_a_reason(place, cli_here):
    count = reissue(place, b"<name>Mars</name>", b"<name>NAIF ID 499</name>")
    cli_here("adopt", place.bundle, *place.arguments(), check=0)
    run = cli_here("run", *place.arguments(), check=0).json
    assert (run["decisions"], run["deliveries"]) == ({"same": count}, [])
    campaign = place.arguments(run__mode="full", run__reason="Names as registered")
    run = cli_here("run", *campaign, check=0).json
    assert run["decisions"] == {"label-only": count}
    vids = {vid for lid, (vid, _) in place.labels().items() if lid.count(":") == 5}
    assert vids == {"1.1"}


def test_adopting_again_changes_nothing(place, cli_here):
    first = cli_here("adopt", place.bundle, *place.arguments(), check=0).json
    rows, files = catalog_rows(place.output / "catalog.sqlite"), contents(place.output, "bundle", "store")
    again = cli_here("adopt", place.bundle, *place.arguments(), check=0).json
    assert first["delivery_id"] == "maven_anc_adopted_001"
    assert again["delivery_id"] == ""
    assert catalog_rows(place.output / "catalog.sqlite") == rows
    assert_same(contents(place.output, "bundle", "store"), files)


def test_a_newer_state_of_the_archive_is_adopted_on_top_of_an_older_one(place, archived, cli_here, tmp_path):
    cli_here("adopt", place.bundle, *place.arguments(), "--data", check=0)
    touch(place)
    newer = Place(place.source, tmp_path / "newer" / "bundle", tmp_path / "newer")
    shutil.copytree(archived.output, newer.output)
    cli_here("run", *newer.arguments(), check=0)
    done = cli_here("adopt", newer.bundle, *place.arguments(), "--data", check=0).json
    assert (done["vid"], done["delivery_id"]) == ("1.1", "maven_anc_adopted_002")
    assert_same(contents(place.output, "bundle"), contents(newer.output, "bundle"))
    rows = catalog_rows(place.output / "catalog.sqlite")
    older = cli_here("adopt", place.bundle, *place.arguments(), check=0).json
    assert older["delivery_id"] == "", "all of it is here already, and the newer versions stay"
    assert catalog_rows(place.output / "catalog.sqlite") == rows
    add_product(place)
    refused = cli_here("adopt", place.bundle, *place.arguments(), check=1)
    assert "::1.0 is older than 1.1" in refused.json["error"]["message"].replace("maven.anc", "")
    assert catalog_rows(place.output / "catalog.sqlite") == rows


def add_product(place: Place) -> None:
    """Add a member under another name to the older bundle."""
    label = product_labels(place)[0]
    old = label.stem.encode()
    new = old.replace(b"14_", b"13_")
    added = label.with_name(f"{new.decode()}.xml")
    added.write_bytes(label.read_bytes().replace(old, new))
    (inventory,) = label.parent.parent.glob("*inventory*.csv")
    rows = inventory.read_bytes()
    inventory.chmod(0o644)
    inventory.unlink()
    inventory.write_bytes(rows + rows.partition(b"\n")[0].replace(old, new) + b"\n")


def test_data_files_are_proved_and_shown(place, cli_here):
    done = cli_here("adopt", place.bundle, *place.arguments(), "--data", check=0).json
    assert done["data_files"] == len(product_labels(place))
    assert_same(contents(place.output, "bundle"), contents(place.bundle.parent, "bundle"))
    place.output = place.output.with_name("other")
    label = product_labels(place)[0]
    data = data_file(label)
    damaged = data.read_bytes().replace(b"\r\n", b"\n\r")
    data.unlink()
    data.write_bytes(damaged)
    done = cli_here("adopt", place.bundle, *place.arguments(), "--data", check=3).json
    (finding,) = done["findings"]
    assert finding["code"] == "data-md5"
    assert data.name in finding["message"]
    assert done["products"] == len(product_labels(place))


def test_one_version_has_one_content(place, cli_here):
    cli_here("adopt", place.bundle, *place.arguments(), check=0)
    rows = catalog_rows(place.output / "catalog.sqlite")
    reissue(place, b"<name>Mars</name>", b"<name>NAIF ID 499</name>")
    refused = cli_here("adopt", place.bundle, *place.arguments(), check=1)
    error = refused.json["error"]
    assert error["kind"] == "CatalogConflict"
    assert re.search(
        r"::1\.0 is in this catalog with label_md5 [0-9a-f]{32}.* with [0-9a-f]{32}", error["message"]
    )
    assert catalog_rows(place.output / "catalog.sqlite") == rows
    run = cli_here("run", *place.arguments(), check=0).json
    assert run["resumed"] == [], "an adoption that was refused is nothing to go on with"


def test_what_cannot_be_adopted_is_told_and_the_rest_goes_on(place, cli_here):
    first, second, *rest = product_labels(place)
    first.unlink()
    first.write_text('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')
    second.unlink()
    done = cli_here("adopt", place.bundle, *place.arguments(), check=3).json
    assert done["status"] == "set-aside"
    assert done["products"] == len(rest)
    told = {(row["code"], bool(row["remedy"])) for row in done["not_adopted"]}
    assert told == {("label-unreadable", True), ("member-without-label", True)}
    people = cli_here("adopt", place.bundle, *place.arguments()[:-1], check=3)
    assert "label-unreadable" in people.stdout


def test_the_archives_example(shared, tmp_path, cli):
    (tmp_path / "source").mkdir()
    bundle = shared / "pds4" / "examples" / "valid" / "archive_1d00"
    place = Place(tmp_path / "source", bundle, tmp_path / "output")
    arguments = place.arguments(compute__site="local", compute__workers=2)
    done = cli("adopt", str(bundle), *arguments, check=3).json
    assert (done["vid"], done["collections"], done["products"]) == ("2.1", 1, 3)
    assert {row["code"] for row in done["not_adopted"]} == {"collection-missing", "other-collection"}
    products = cli("products", *arguments, check=0).json
    assert [row["vid"] for row in products] == ["2.0", "2.0", "1.0"]


def test_the_same_bundle_below_an_object_store(place, cli_here):
    import fsspec

    memory = fsspec.filesystem("memory")
    for path in place.bundle.rglob("*"):
        if path.is_file():
            memory.pipe(f"/adopted/{path.relative_to(place.bundle)}", path.read_bytes())
    done = cli_here("adopt", "memory://adopted", *place.arguments(), "--data", check=0).json
    assert done["data_files"] == len(product_labels(place))


@pytest.mark.parametrize("where", ["", "nowhere", "data_imu"])
def test_a_place_without_a_bundle_is_a_matter_of_configuration(place, cli_here, where, tmp_path):
    bundle = place.bundle / where if where else tmp_path / "source"
    failed = cli_here("adopt", bundle, *place.arguments(), check=2)
    assert failed.json["error"]["kind"] == "configuration"
    assert not (place.output / "store").exists()
