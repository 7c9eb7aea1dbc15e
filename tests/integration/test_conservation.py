"""A bug that loses, doubles or forgets something stops the run with a dump; without the bug the same run ends undisturbed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from drf_integration_trees import (
    assert_nothing_half_written,
    assert_same,
    catalog_rows,
    contents,
    run_states,
)

from drf_reprocess.archives import zip as zip_writer
from drf_reprocess.catalog import sql_sources
from drf_reprocess.config.load import load_config
from drf_reprocess.drf import reader, repair
from drf_reprocess.errors import ConservationError
from drf_reprocess.mission import open_mission
from drf_reprocess.observer import SilentObserver
from drf_reprocess.pipeline import run_mission
from drf_reprocess.stages import assemble, package, process
from drf_reprocess.testing.sample import write_sample

RUN_TIME = "2026-01-02T03:04:05Z"


def run(source: Path, output: Path, **more: str) -> Any:
    keys = {"source.uri": source, "output.uri": output, "run.time": RUN_TIME, "compute.site": "serial"}
    keys |= {key.replace("__", "."): value for key, value in more.items()}
    config = load_config(None, [f"{key}={value}" for key, value in keys.items()], {})
    with open_mission(config, create=True) as mission:
        return run_mission(mission, SilentObserver(), "", {})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days with a file that must be mended and one that is set aside by its name."""
    folder = tmp_path_factory.mktemp("conservation") / "source"
    write_sample(str(folder), scale=0.0001, days=2, types=("gnc", "eps"))
    first = min((folder / "gnc").rglob("*.drf"))
    first.write_bytes(first.read_bytes()[:-57])
    (folder / "notes.txt").write_text("not a data file")
    return folder


@pytest.fixture(scope="module")
def undisturbed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("undisturbed") / "output"
    run(source, output)
    return output


Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Bug:
    """A planted bug, and what is to be said of it."""

    id: str
    plant: Patch
    what: str
    match: str
    item: dict[str, object]
    """What the dump says of the item."""
    recorded: tuple[str, ...]
    """Relations of the catalog that have rows although the run was stopped."""


def instead(target: object, name: str, change: Callable[[Any], Any]) -> Patch:
    """Return a patch that has a function's result changed."""

    def plant(patched: pytest.MonkeyPatch) -> None:
        right = getattr(target, name)

        def wrong(*args: Any, **kwargs: Any) -> Any:
            return change(right(*args, **kwargs))

        patched.setattr(target, name, wrong)

    return plant


def lost_byte(data: bytes) -> bytes:
    return data[:-3] + data[-2:]


def changed_byte(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[-40] ^= 1
    return bytes(changed)


def forget_a_source(patched: pytest.MonkeyPatch) -> None:
    right = process.process_partition
    patched.setattr(
        process,
        "process_partition",
        lambda context, items: tuple(replace(one, sources=one.sources[1:]) for one in right(context, items)),
    )


def drop_a_source(patched: pytest.MonkeyPatch) -> None:
    right = sql_sources.write_sources
    patched.setattr(
        sql_sources,
        "write_sources",
        lambda *args: right(*args[:4], [one for one in args[4] if one.state != "processed"]),
    )


def drop_a_refused_source(patched: pytest.MonkeyPatch) -> None:
    right = sql_sources.write_sources
    patched.setattr(
        sql_sources, "write_sources", lambda *args: right(*args[:4], [one for one in args[4] if not one.code])
    )


def forget_a_member(patched: pytest.MonkeyPatch) -> None:
    right = assemble.write_inventory
    patched.setattr(
        assemble, "write_inventory", lambda members, others=(): right(sorted(members)[:-1], others)
    )


def forget_a_collection(patched: pytest.MonkeyPatch) -> None:
    right = assemble.bundle_label
    patched.setattr(
        assemble,
        "bundle_label",
        lambda facts, *rest: right(replace(facts, members=facts.members[:-1]), *rest),
    )


def compose(change: Callable[[list[Any]], list[Any]]) -> Patch:
    def plant(patched: pytest.MonkeyPatch) -> None:
        right = package.PackageWriter.join
        patched.setattr(
            package.PackageWriter,
            "join",
            lambda self, key, members: right(self, key, change(list(members))),
        )

    return plant


def pack_twice(patched: pytest.MonkeyPatch) -> None:
    compose(lambda members: [*members, members[-1]])(patched)
    # The writer of the directory would not have it; without its guard the package itself tells.
    patched.setattr(zip_writer, "require_distinct", lambda paths: list(paths))


def written_rows(name: str, change: Callable[[list[Any]], list[Any]]) -> Patch:
    def plant(patched: pytest.MonkeyPatch) -> None:
        right = getattr(package, name)
        patched.setattr(package, name, lambda rows, *rest: right(change(list(rows)), *rest))

    return plant


def plan_less(patched: pytest.MonkeyPatch) -> None:
    """A data file is left out everywhere: package, manifests and catalog agree, but its label names it."""
    right = package.PackageWriter.plan

    def plan(self: Any, number: int, part: Any) -> Any:
        record, members = right(self, number, part)
        first = next(one.path for one in members if one.path.endswith(".drf"))
        kept = tuple(one for one in members if one.path != first)
        return replace(record, members=len(kept)), kept

    patched.setattr(package.PackageWriter, "plan", plan)


PROCESSED = ("sources", "products")
ASSEMBLED = (*PROCESSED, "aggregates", "deliveries")
BUGS = [
    Bug(
        "a-rule-loses-a-byte",
        instead(repair, "assemble", lost_byte),
        "file",
        "bytes written",
        {"type": "gnc"},
        (),
    ),
    Bug(
        "a-rule-changes-a-record",
        instead(repair, "assemble", changed_byte),
        "file",
        "the text of a kept record is not the received one",
        {"type": "gnc"},
        (),
    ),
    Bug(
        "the-table-loses-a-record",
        instead(reader, "to_table", lambda table: table.slice(1)),
        "product",
        "rows of the table",
        {},
        (),
    ),
    Bug("a-task-forgets-a-file", forget_a_source, "task", "a task was given", {}, ()),
    Bug("a-commit-drops-a-source", drop_a_source, "run", "does not tell of 4 files", {}, ("products",)),
    Bug(
        "a-commit-drops-a-refused-one",
        drop_a_refused_source,
        "run",
        "does not tell of 1 files",
        {},
        PROCESSED,
    ),
    Bug("a-member-is-not-listed", forget_a_member, "inventory", "is missing, expected urn:", {}, PROCESSED),
    Bug(
        "a-collection-is-not-listed",
        forget_a_collection,
        "bundle",
        "is listed 0 times, expected 1",
        {},
        PROCESSED,
    ),
    Bug(
        "a-member-is-left-out",
        compose(lambda members: members[1:]),
        "package",
        "files in the package are not those of the catalog: .* 0 too many .* 1 missing",
        {"receiver": "pds"},
        ASSEMBLED,
    ),
    Bug(
        "a-member-is-packed-twice",
        pack_twice,
        "package",
        "files in the package are not those of the catalog: .* 1 too many .* 0 missing",
        {"receiver": "pds"},
        ASSEMBLED,
    ),
    Bug(
        "a-file-is-left-out-everywhere",
        plan_less,
        "package",
        "which is neither in the package nor",
        {"receiver": "pds"},
        ASSEMBLED,
    ),
    Bug(
        "a-checksum-row-too-many",
        written_rows("write_checksum_manifest", lambda rows: [*rows, ("0" * 32, "zzz/of_no_file.drf")]),
        "package",
        "rows of the checksum manifest .* 1 too many",
        {"receiver": "pds"},
        ASSEMBLED,
    ),
    Bug(
        "a-transfer-row-too-few",
        written_rows("write_transfer_manifest", lambda rows: rows[1:]),
        "package",
        "rows of the transfer manifest .* 1 missing",
        {"receiver": "pds"},
        ASSEMBLED,
    ),
]


OFTEN = ("a-rule-loses-a-byte", "a-commit-drops-a-source", "a-member-is-not-listed", "a-member-is-left-out")
"""One of each kind; the others are slow only because there are so many."""


@pytest.mark.parametrize(
    "bug",
    [pytest.param(bug, id=bug.id, marks=() if bug.id in OFTEN else pytest.mark.slow) for bug in BUGS],
)
def test_a_bug_stops_the_run_with_a_dump_and_without_it_the_run_ends_undisturbed(
    bug: Bug, source: Path, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "output"
    with monkeypatch.context() as patched:
        bug.plant(patched)
        with pytest.raises(ConservationError, match=bug.match) as violation:
            run(source, output)
    (dump,) = output.glob("runs/*/violations/*")
    assert dump.name == f"1-{bug.what}.json"
    assert str(dump) in str(violation.value)
    told = json.loads(dump.read_text())
    assert told["what"] == bug.what
    assert told["message"] in str(violation.value)
    assert told["item"].items() >= bug.item.items()
    assert run_states(output / "catalog.sqlite") == ["failed"]
    rows = catalog_rows(output / "catalog.sqlite")
    assert {name for name in ASSEMBLED if rows[name]} >= set(bug.recorded)
    assert not any(rows[name] for name in set(ASSEMBLED) - set(bug.recorded) - {"sources"})
    assert list(output.glob("deliveries/*/delivery.json")) == []
    assert_nothing_half_written(output)

    assert run(source, output).status == "success"
    assert_same(contents(output), contents(undisturbed))
    found, expected = catalog_rows(output / "catalog.sqlite"), catalog_rows(undisturbed / "catalog.sqlite")
    assert {name: found[name] for name in ASSEMBLED} == {name: expected[name] for name in ASSEMBLED}


def test_the_dump_names_file_bytes_and_mends(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "output"
    with monkeypatch.context() as patched:
        instead(repair, "assemble", lost_byte)(patched)
        with pytest.raises(ConservationError):
            run(source, output)
    (dump,) = output.glob("runs/*/violations/*")
    told = json.loads(dump.read_text())
    item = told["item"]
    raw = Path(item["source"]).read_bytes()
    assert item["received"]["bytes"] == len(raw)
    assert item["received_bytes_in"][0] == item["source"]
    assert item["lidvid"].endswith(item["product_id"])
    (mend,) = item["mends"]
    assert told["expected"] == len(raw) - mend["removed_bytes"] + mend["inserted_bytes"] == told["got"] + 1


@pytest.mark.slow
def test_it_reaches_the_driver_from_a_worker(source: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    """A worker process has the bug; the command ends with exit code 1 and names the dump."""
    output = tmp_path / "output"
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    (plugin / "sitecustomize.py").write_text(
        "import drf_reprocess.drf.repair as repair\n"
        "right = repair.assemble\n"
        "repair.assemble = lambda *words: right(*words)[:-1]\n"
    )
    words = [
        "--set",
        f"source.uri={source}",
        "--set",
        f"output.uri={output}",
        "--set",
        f"run.time={RUN_TIME}",
    ]
    words += ["--set", "compute.workers=1"]
    done = cli("run", "--json", *words, env={"PYTHONPATH": str(plugin)}, check=1)
    assert done.json["error"]["kind"] == "ConservationError"
    (dump,) = output.glob("runs/*/violations/1-file.json")
    assert str(dump) in done.json["error"]["message"]
    assert json.loads(dump.read_text())["item"]["type"] == "gnc"
