"""An output that older software made: the next run goes on with it, and makes nothing anew without need.

``tests/data/catalog_schema_*.sql`` are what the software of these schemas had in its catalog after two runs over this sample:
the first day's files came twice, the second time with other content. ``catalog_schema_objects.json`` holds the texts of their
collections and bundles by SHA-256.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from drf_integration_cli import settings

from drf_reprocess.catalog.sql import open_catalog
from drf_reprocess.digests import digest_bytes
from drf_reprocess.journal import read_journal
from drf_reprocess.storage.base import object_key, open_store
from drf_reprocess.testing.sample import write_sample

DATA = Path(__file__).resolve().parents[1] / "data"
MTIME_NS = 1_420_000_000_000_000_000
VERSIONS = "SELECT lid, major, minor, data_md5, label_md5, current FROM products ORDER BY 1, 2, 3"
AGGREGATES = "SELECT lid, major, minor, label_md5, current FROM aggregates ORDER BY 1, 2, 3"
DELIVERIES = "SELECT delivery_id, number, state, package_sha256 FROM deliveries ORDER BY number"
MEMBERS = "SELECT * FROM delivery_members ORDER BY delivery_id, path"


def lay(root: Path, version: int) -> Path:
    """Lay the received files, and the catalog that stood when they had been delivered; return the catalog's path."""
    source, output = root / "source", root / "output"
    write_sample(str(source), start=date(2014, 11, 15), days=2, types=["gnc", "pf"], scale=0.0001)
    write_sample(
        str(source), start=date(2014, 11, 15), days=2, types=["eps"], scale=0.0001, defects="typical"
    )
    (source / "gnc" / "2014" / "sci_anc_gnc14_321_322.drf").write_bytes(b"")
    (source / "junk.bin").write_bytes(b"junk")
    for path in source.rglob("*"):
        if path.is_file():
            os.utime(path, ns=(MTIME_NS, MTIME_NS))
    for sha256, content in json.loads((DATA / "catalog_schema_objects.json").read_text()).items():
        assert digest_bytes(content.encode()).sha256 == sha256
        stored = output / object_key(sha256)
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_bytes(content.encode())
    text = (DATA / f"catalog_schema_{version}.sql").read_text().replace("@ROOT@", str(root))
    with closing(sqlite3.connect(output / "catalog.sqlite")) as connection:
        connection.executescript(text)
    return output / "catalog.sqlite"


def rows(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def places(root: Path, when: str) -> list[str]:
    return settings(
        source__uri=root / "source",
        output__uri=root / "output",
        output__views="none",  # the labels of products are not laid
        compute__site="serial",
        run__time=when,
    )


@pytest.mark.parametrize("version", [1, 2])
def test_a_mission_of_older_software_goes_on(tmp_path, cli_here, version):
    path = lay(tmp_path, version)
    before = {query: rows(path, query) for query in (VERSIONS, AGGREGATES, DELIVERIES, MEMBERS)}
    asked = cli_here("status", "--json", *places(tmp_path, "2015-07-10T00:00:00Z"))
    assert asked.returncode == 1
    assert "`drf-reprocess catalog migrate`" in asked.json["error"]["message"]

    first = cli_here("run", "--json", *places(tmp_path, "2015-07-10T00:00:00Z"))
    assert first.returncode in (0, 3)
    assert (first.json["products"]["unchanged"], first.json["products"]["quarantined"]) == (6, 2)
    assert set(first.json["decisions"]) <= {"same"}
    assert first.json["deliveries"] == []
    assert {query: rows(path, query) for query in before} == before
    assert path.with_name(f"catalog.sqlite.schema-{version}").is_file()
    assert (first.json["bytes_in"] > 0) is (version == 1), (
        "only fingerprints of schema 1 say nothing any more"
    )

    second = cli_here("run", "--json", *places(tmp_path, "2015-08-10T00:00:00Z"), check=0)
    assert second.json["bytes_in"] == 0
    assert {query: rows(path, query) for query in before} == before
    known = rows(path, "SELECT structure, coverage, family FROM products WHERE current")
    assert all(structure and coverage != "[]" and family for structure, coverage, family in known)

    with (
        open_catalog(f"sqlite:///{path}", create=False) as catalog,
        open_catalog("sqlite://", create=True) as again,
    ):
        again.replay(read_journal(open_store(str(tmp_path / "output"))))
        assert list(again.content()) == list(catalog.content())


def test_a_damaged_catalog_ends_a_command_with_the_remedy_and_no_traceback(tmp_path, cli_here):
    path = lay(tmp_path, 2)
    path.write_bytes(path.read_bytes()[:20_000])
    for command in ("run", "status", "products"):
        done = cli_here(command, *places(tmp_path, "2015-07-10T00:00:00Z"))
        told = " ".join(done.stderr.split())
        assert done.returncode == 1
        assert "drf-reprocess catalog rebuild" in told
        assert "Traceback" not in told
