"""Each received file is read once in a run, and what is made of it is not read again to be packed."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from drf_integration_cli import settings

from drf_reprocess.storage import local_store
from drf_reprocess.storage.base import object_key


@pytest.fixture
def reads(monkeypatch):
    """Count by path how often a file is read as a whole, and how many bytes of it are read in all."""
    whole: Counter[str] = Counter()
    total: Counter[str] = Counter()
    plain = local_store.read_bytes

    def counted(path, start=0, end=None):
        data = plain(path, start, end)
        whole[path] += 1
        total[path] += len(data)
        return data

    monkeypatch.setattr(local_store, "read_bytes", counted)
    return whole, total


def test_a_run_reads_each_received_file_once(cli_here, small_sample, tmp_path, reads):
    whole, total = reads
    output = tmp_path / "output"
    words = settings(source__uri=small_sample, output__uri=output, compute__site="serial")
    cli_here("run", *words, check=0)
    received = sorted(str(path) for path in small_sample.rglob("*") if path.is_file())
    assert {path: (whole[path], total[path]) for path in received} == {
        path: (1, Path(path).stat().st_size) for path in received
    }
    products = cli_here("products", "--json", *words, check=0).json
    assert len(products) == len(received)
    shown = [path for row in products for path in (row["data"], row["label"])]
    made = [str(output / object_key(hashlib.sha256(Path(path).read_bytes()).hexdigest())) for path in shown]
    assert len(made) == 2 * len(products)
    assert [path for path in made if whole[path]] == []
    read_of_store = [path for path in whole if f"{output}/store/" in path]
    collections = 1 + len({row["lid"].rpartition(":")[0] for row in products})
    assert len(read_of_store) <= 4 * collections, (
        "inventories and labels of collections alone are read from the store"
    )
    (package,) = output.glob("deliveries/*/*.zip")
    assert total[str(package)] <= 2.2 * package.stat().st_size + 200_000, (
        "one pass for its digest, one to prove it"
    )


def test_products_of_earlier_runs_are_read_once_from_the_store(cli_here, small_sample, tmp_path, reads):
    """A delivery that was rejected comes again: its files are read from the store, the source is not."""
    whole, _ = reads
    output = tmp_path / "output"
    words = settings(source__uri=small_sample, output__uri=output, compute__site="serial")
    (first,) = cli_here("run", "--json", *words, check=0).json["deliveries"]
    cli_here("delivery", "reject", first["delivery_id"], "--reason", "lost on the way", *words, check=0)
    whole.clear()
    again = cli_here("run", "--json", *words, check=0).json
    assert again["deliveries"][0]["products"] == first["products"]
    assert [path for path in whole if str(small_sample) in path] == []
    objects = Counter({path: count for path, count in whole.items() if f"{output}/store/" in path})
    assert len(objects) > 2 * first["products"]
    assert sum(count > 1 for count in objects.values()) <= 40, "only inventories are looked into again"
