"""Both built-in profiles over all sixteen types: every label in the archive tree holds against the official schemas."""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from drf_integration_cli import settings
from lxml import etree

from drf_reprocess.pds4.schemas import schema_set

NS = {"p": "http://pds.nasa.gov/pds4/pds/v1"}
TYPES = (
    *("eps", "gnc", "ngms", "pf", "rs", "pte", "imu"),
    *(f"usm{n}" for n in range(1, 7)),
    *(f"sasm{n}" for n in range(1, 4)),
)


@dataclass(frozen=True)
class Archive:
    """What a profile promises of its archive."""

    profile: str
    model: str
    schema: str
    bundle: str
    collections: dict[str, str]
    """LID by file type."""
    root: str
    """Folder of the bundle label below `bundle/`."""


SIS = Archive(
    "maven-anc-sis",
    "1.1.0.1",
    "PDS4_PDS_1101",
    "urn:nasa:pds:maven.anc.drf",
    {type_: f"urn:nasa:pds:maven.anc.drf:{type_}" for type_ in TYPES},
    "maven_anc_drf",
)
AS_ARCHIVED = Archive(
    "maven-anc",
    "1.13.0.0",
    "PDS4_PDS_1D00",
    "urn:nasa:pds:maven.anc",
    {
        type_: f"urn:nasa:pds:maven.anc:{'data.imu' if type_ == 'imu' else f'data.drf.{type_}'}"
        for type_ in TYPES
    },
    ".",
)


@pytest.fixture(scope="module", params=[SIS, AS_ARCHIVED], ids=lambda archive: archive.profile)
def made(request, small_sample, tmp_path_factory, cli, xml_catalog):
    """A mission of all types, reprocessed by one of the profiles, every label held against the schemas on the way."""
    archive = request.param
    output = tmp_path_factory.mktemp(archive.profile) / "output"
    places = settings(
        source__uri=small_sample,
        output__uri=output,
        mission__profile=archive.profile,
        validate__xml_catalog=xml_catalog,
        compute__site="serial",
    )
    done = cli("run", "--json", *places, check=0)
    return archive, output, done.json, cli("products", "--json", *places, check=0).json


def labels_below(folder: Path) -> dict[Path, etree._Element]:
    return {path: etree.parse(path).getroot() for path in sorted(folder.rglob("*.xml"))}


def text(label, name):
    return label.findtext(f".//p:{name}", namespaces=NS)


def lidvid(label):
    return f"{text(label, 'logical_identifier')}::{text(label, 'version_id')}"


def test_every_label_is_valid_without_a_warning(made, xml_catalog):
    archive, output, summary, rows = made
    assert summary["validation"] == "checked"
    schemas = schema_set(str(xml_catalog))
    paths = sorted((output / "bundle").rglob("*.xml"))
    assert len(paths) == len(rows) + len(TYPES) + 1
    findings = [(path.name, finding) for path in paths for finding in schemas.check(path.read_bytes())]
    assert findings == []
    broken = paths[0].read_bytes().replace(b"<start_date_time>", b"<start_date_time>yesterday", 1)
    assert schemas.check(broken) != ()
    for path in paths:
        label = path.read_text()
        assert archive.schema in label
        assert f"<information_model_version>{archive.model}</information_model_version>" in label


def test_identifiers_are_those_of_the_profile(made):
    archive, output, summary, rows = made
    assert {row["type"] for row in rows} == set(TYPES)
    assert summary["products"]["processed"] == len(rows) == summary["products"]["total"]
    for row in rows:
        product_id = Path(row["source"]).name.rpartition(".")[0].lower()
        assert row["lid"] == f"{archive.collections[row['type']]}:{product_id}"
        # Rule 5.1.1: small letters, digits, dash, underscore, period; four, five or six components.
        assert re.fullmatch(r"urn:nasa:pds(:[a-z0-9._-]+){3}", row["lid"])
    root = output / "bundle" / archive.root
    (bundle,) = root.glob("bundle_*.xml")
    label = etree.parse(bundle).getroot()
    assert lidvid(label) == f"{archive.bundle}::1.0"
    members = {node.text for node in label.iterfind(".//p:Bundle_Member_Entry/p:lidvid_reference", NS)}
    assert members == {f"{lid}::1.0" for lid in archive.collections.values()}


def test_the_tree_holds_one_bundle_complete(made):
    """Every collection lists its products, every product lies beside its label, and nothing else is there."""
    archive, output, _, rows = made
    tree = output / "bundle"
    labels = labels_below(tree)
    listed = set()
    known = set(labels)
    for path, label in labels.items():
        named = path.parent / text(label, "file_name")
        assert named.is_file()
        known.add(named)
        data = named.read_bytes()
        assert text(label, "md5_checksum") == hashlib.md5(data, usedforsecurity=False).hexdigest()
        if text(label, "product_class") == "Product_Collection":
            lines = data.decode("ascii").split("\r\n")
            assert lines.pop() == ""
            assert all(line.startswith("P,") for line in lines)
            listed |= {line[2:] for line in lines}
    assert set(tree.rglob("*")) - known == {path for path in tree.rglob("*") if path.is_dir()}
    assert listed == {f"{row['lid']}::{row['vid']}" for row in rows}
    if archive.root != ".":
        assert [path.name for path in tree.iterdir()] == [archive.root]


def test_the_delivery_is_of_that_bundle_and_verifies(made, cli, xml_catalog):
    archive, _, summary, rows = made
    (delivery,) = summary["deliveries"]
    assert delivery["products"] == len(rows)
    done = cli(
        "verify",
        delivery["package"],
        "--json",
        "--xml-catalog",
        xml_catalog,
        "--profile",
        archive.profile,
        check=0,
    ).json
    assert (done["status"], done["products"], done["faults"], done["not_checked"]) == (
        "ok",
        len(rows),
        [],
        [],
    )
    assert done["labels_checked"] == len(rows) + len(TYPES) + 1
    with zipfile.ZipFile(delivery["package"]) as package:
        names = set(package.namelist())
        (bundle,) = [name for name in names if Path(name).name.startswith("bundle_")]
        root = bundle.rpartition("/")[0]
        lines = Path(delivery["transfer_manifest"]).read_text().splitlines()
        for line in lines:
            identifier, path = line.split()
            label = etree.fromstring(package.read(f"{root}/{path}" if root else path))
            assert identifier == lidvid(label)
            assert identifier.startswith(f"{archive.bundle}:")
    assert len(lines) == len(rows) + len(TYPES) + 1


def test_a_second_run_delivers_nothing(made, small_sample, cli, xml_catalog):
    archive, output, _, rows = made
    again = cli(
        "run",
        "--json",
        *settings(
            source__uri=small_sample,
            output__uri=output,
            mission__profile=archive.profile,
            validate__xml_catalog=xml_catalog,
            compute__site="serial",
        ),
        check=0,
    ).json
    assert (again["deliveries"], again["products"]["unchanged"]) == ([], len(rows))
