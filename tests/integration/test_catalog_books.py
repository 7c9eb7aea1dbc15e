"""The catalog as a database: lost or damaged it is made again to equal content, and every difference is named."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from drf_integration_play import QUARTERS, TYPES, Play, differences, snapshot, touch_byte

from drf_reprocess.catalog.sql import open_catalog
from drf_reprocess.journal import read_journal
from drf_reprocess.storage.base import open_store

LOG = ("", "-wal", "-shm")


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> tuple[Path, list[Play]]:
    """A folder for the mission that all tests begin with, and its books as soon as it was played."""
    return tmp_path_factory.mktemp("kept"), []


@pytest.fixture
def play(kept, cli_here):
    """Two days delivered and accepted, a changed file in flight, one file excluded, one staged."""
    folder, books = kept
    if books:
        return books[0].restored(folder / "copy", cli_here)
    play = Play(folder / "mission", cli_here, thorough=False)
    play.receive(QUARTERS[0], 2)
    play.release()
    touch_byte(play.file("pf"))
    play.ask("disposition", "exclude", "--source", str(play.file("eps")), "--reason", "a test")
    play.run(check=0)
    play.receive(QUARTERS[1], 1, types=["gnc"])
    play.run(run__mode="staging")
    books.append(play.keep(folder / "copy"))
    return play


def catalog_of(play: Play) -> Path:
    return play.output / "catalog.sqlite"


def content(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return every row of a catalog."""
    with open_catalog(f"sqlite:///{path}", create=False) as catalog:
        return [(name, dict(row)) for name, row in catalog.content()]


def check(play: Play, *words: str, code: int = 0, **more: str) -> list[dict[str, str]]:
    """Compare catalog and tree; return the differences."""
    answer = play.ask("catalog", "check", *words, check=code, **more)
    assert answer["status"] == ("different" if answer["differences"] else "equal")
    return answer["differences"]


def named(found: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["kind"], row["what"]) for row in found]


# --- Rebuild ---------------------------------------------------------------------------------------------------------


def remove(path: Path, _play: Play) -> None:
    path.unlink()


def truncate(path: Path, _play: Play) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path, _play: Play) -> None:
    path.write_bytes(b"")


def flip_header(path: Path, _play: Play) -> None:
    data = bytearray(path.read_bytes())
    data[3] ^= 0xFF
    path.write_bytes(data)


def flip_pages(path: Path, _play: Play) -> None:
    data = bytearray(path.read_bytes())
    for place in range(4096, len(data), 4096):
        data[place] ^= 0xFF
    path.write_bytes(data)


def other_file(path: Path, _play: Play) -> None:
    path.write_bytes(b"no database at all\n" * 500)


def old_copy(path: Path, play: Play) -> None:
    old = path.read_bytes()
    play.ask("delivery", "sent", "maven_anc_d002")
    path.write_bytes(old)


def change_row(path: Path, _play: Play) -> None:
    """A row is otherwise than what was ever committed: as a flipped bit in a text makes it, which no page shows."""
    with closing(sqlite3.connect(path)) as connection, connection:
        (text,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'note_update_products'"
        ).fetchone()
        connection.execute("DROP TRIGGER note_update_products")
        connection.execute("UPDATE products SET label_md5 = '0' || substr(label_md5, 2)")
        connection.execute(text)


FEW = (remove, flip_pages)
KILLS = (remove, truncate, empty, flip_header, flip_pages, other_file, old_copy, change_row)


@pytest.mark.parametrize(
    "kill",
    [pytest.param(kill, marks=[] if kill in FEW else [pytest.mark.slow]) for kill in KILLS],
    ids=lambda kill: kill.__name__,
)
def test_a_killed_catalog_is_made_again_to_equal_content(play, tmp_path, kill: Callable[[Path, Play], None]):
    catalog = catalog_of(play)
    # What the last command of `old_copy` wrote is part of what must come back.
    if kill is old_copy:
        kill(catalog, play)
        expected = None
    else:
        expected = content(catalog)
        kill(catalog, play)
    damaged = catalog.read_bytes() if catalog.exists() else None
    tree = snapshot(play.output)
    answer = play.ask("catalog", "rebuild")
    assert (answer["status"], answer["tree"], answer["differences"]) == ("rebuilt", "equal", [])
    found = content(catalog)
    if expected is None:
        assert play.ask("delivery", "show", "maven_anc_d002")["state"] == "sent"
    else:
        assert found == expected
    if damaged is not None:
        assert Path(answer["old_catalog"]).read_bytes() == damaged
    assert sorted(path.name for path in play.output.glob("catalog.sqlite*")) == sorted(
        ["catalog.sqlite", *([Path(answer["old_catalog"]).name] if damaged is not None else [])]
    )
    assert differences(snapshot(play.output), tree) == {}
    assert check(play, "--deep") == []


def test_work_goes_on_after_a_rebuild_where_it_stood(play):
    """Nothing is done again, deliveries keep their states, and a changed file gets the next version."""
    expected = content(catalog_of(play))
    catalog_of(play).unlink()
    refused = play.ask("run", check=1)["error"]
    assert "catalog rebuild" in refused["message"]
    play.ask("catalog", "rebuild")
    play.check_ledger()
    play.send("maven_anc_d002")
    play.accept("maven_anc_d002")
    touch_byte(play.file("gnc"))
    summary = play.release()
    assert summary["decisions"]["data-changed"] == 1
    assert play.vids()[play.file("gnc").stem] == "2.0"
    assert play.vids()[play.file("pf").stem] == "2.0"
    now = content(catalog_of(play))
    assert [row for row in expected if row[0] == "events"] == [row for row in now if row[0] == "events"][
        : sum(name == "events" for name, _ in expected)
    ]
    play.check_still()
    assert check(play) == []


def test_a_whole_catalog_stays_as_it_is(play):
    before = catalog_of(play).read_bytes()
    answer = play.ask("catalog", "rebuild")
    assert (answer["status"], answer["old_catalog"]) == ("whole", "")
    assert catalog_of(play).read_bytes() == before
    assert [path.name for path in play.output.glob("catalog.sqlite?*")] == []


def test_what_stands_in_the_old_catalog_alone_is_saved(play):
    """A driver was killed before it wrote its last changes to the journal; then the file was damaged, too."""
    catalog = catalog_of(play)
    with closing(sqlite3.connect(catalog)) as connection, connection:
        connection.execute("UPDATE deliveries SET state = 'sent' WHERE delivery_id = 'maven_anc_d002'")
    expected = content(catalog)
    with closing(sqlite3.connect(catalog)) as connection, connection:
        # The schema is not what it was: the catalog is refused, but its changes can be read.
        connection.execute("DROP INDEX one_current_version_a_product")
    answer = play.ask("catalog", "rebuild")
    assert (answer["status"], answer["saved_changes"]) == ("rebuilt", 1)
    assert content(catalog) == expected
    assert check(play) == []


@pytest.mark.slow
def test_a_write_ahead_log_of_the_old_catalog_does_not_reach_the_new_one(play):
    """The old catalog's log is kept beside it, under its new name."""
    catalog = catalog_of(play)
    expected = content(catalog)
    play.output.joinpath("catalog.sqlite-wal").write_bytes(b"\x37\x7f\x06\x82" + bytes(8000))
    truncate(catalog, play)
    answer = play.ask("catalog", "rebuild")
    assert content(catalog) == expected
    names = {path.name for path in play.output.glob("catalog.sqlite*")}
    assert names <= {"catalog.sqlite", *(f"{Path(answer['old_catalog']).name}{suffix}" for suffix in LOG)}


@pytest.mark.slow
@pytest.mark.parametrize("call", [1, 2])
def test_a_rebuild_that_is_cut_off_is_made_again(play, monkeypatch, call):
    """Right before and right after the new file gets the old one's name."""
    expected = content(catalog_of(play))
    flip_pages(catalog_of(play), play)
    calls = []

    def cut_off(folder: Path) -> None:
        calls.append(folder)
        if len(calls) == call:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("drf_reprocess.recovery.rebuild._sync", cut_off)
        play.ask("catalog", "rebuild", check=130)
    answer = play.ask("catalog", "rebuild")
    assert answer["status"] == ("rebuilt" if call == 1 else "whole")
    assert content(catalog_of(play)) == expected
    assert list(play.output.glob("catalog.sqlite.rebuilt*")) == []
    assert not (play.output / "lock.json").exists()


def segments(play: Play) -> list[Path]:
    return sorted((play.output / "runs" / "journal").glob("*.jsonl"))


@pytest.mark.parametrize(
    "damage",
    ["missing", *(pytest.param(damage, marks=pytest.mark.slow) for damage in ("flipped", "cut"))],
)
def test_a_damaged_journal_replaces_nothing(play, damage):
    catalog_of(play).write_bytes(b"damaged")
    segment = segments(play)[1]
    data = segment.read_bytes()
    segment.unlink()
    if damage == "flipped":
        place = len(data) * 2 // 3
        segment.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    elif damage == "cut":
        segment.write_bytes(data[:-20])
    error = play.ask("catalog", "rebuild", check=1)["error"]
    first = segment.name if damage != "missing" else segments(play)[1].name
    assert (error["kind"], first in error["message"]) == ("JournalDamaged", True)
    assert catalog_of(play).read_bytes() == b"damaged"
    assert [path.name for path in play.output.glob("catalog.sqlite?*")] == []
    assert not (play.output / "lock.json").exists()


@pytest.mark.slow
def test_a_journal_without_its_end_is_refused_while_the_catalog_tells_of_it(play):
    last = segments(play)[-1]
    last.unlink()
    with closing(sqlite3.connect(catalog_of(play))) as connection, connection:
        connection.execute("DROP INDEX one_current_version_a_product")
    error = play.ask("catalog", "rebuild", check=1)["error"]
    assert (error["kind"], last.name.partition("-")[0] in error["message"]) == ("JournalDamaged", True)


def test_without_a_journal_the_way_out_is_told(play):
    catalog_of(play).unlink()
    shutil.rmtree(play.output / "runs" / "journal")
    error = play.ask("catalog", "rebuild", check=1)["error"]
    assert "adopt" in error["message"]
    assert not catalog_of(play).exists()


@pytest.mark.slow
def test_a_catalog_elsewhere_is_made_again_there(play, tmp_path):
    path = tmp_path / "books" / "mission.sqlite"
    path.parent.mkdir()
    shutil.move(catalog_of(play), path)
    expected = content(path)
    truncate(path, play)
    answer = play.ask("catalog", "rebuild", catalog__url=f"sqlite:///{path}")
    assert answer["status"] == "rebuilt"
    assert content(path) == expected
    assert not catalog_of(play).exists()


@pytest.mark.slow
def test_rows_that_the_tree_does_not_bear_out_are_listed(play):
    """The catalog is there again, but an object is gone, and a label is another's."""
    expected = content(catalog_of(play))
    products = {row["product_id"]: row for name, row in expected if name == "products" and row["current"]}
    first, second, third = (products[play.file(file_type, 1).stem] for file_type in TYPES)
    store = play.output / "store"
    gone = store / first["data_sha256"][:2] / first["data_sha256"]
    gone.unlink()
    label = store / second["label_sha256"][:2] / second["label_sha256"]
    other = store / third["label_sha256"][:2] / third["label_sha256"]
    label.unlink()
    shutil.copy(other, label)
    catalog_of(play).unlink()
    answer = play.ask("catalog", "rebuild", check=4)
    assert content(catalog_of(play)) == expected
    assert (answer["status"], answer["tree"]) == ("rebuilt", "different")
    keys = {path.relative_to(play.output).as_posix() for path in (gone, label)}
    assert {row["what"] for row in answer["differences"]} == keys
    told = [row for row in answer["differences"] if row["kind"] == "label"]
    assert [row["got"].startswith(third["lid"]) for row in told][:1] == [True]
    assert all(row["remedy"] for row in answer["differences"])


# --- Check -----------------------------------------------------------------------------------------------------------


def test_a_check_writes_nothing(play):
    before = snapshot(play.output, ".")
    assert check(play, "--deep") == []
    assert differences(snapshot(play.output, "."), before) == {}


def current(play: Play, file_type: str) -> dict[str, Any]:
    """Return the row of the current product of a type's second day."""
    stem = play.file(file_type, 1).stem
    rows = (row for name, row in content(catalog_of(play)) if name == "products")
    (found,) = (row for row in rows if row["product_id"] == stem and row["current"])
    return found


def object_of(play: Play, sha256: str) -> Path:
    return play.output / "store" / sha256[:2] / sha256


def rewrite(path: Path, data: bytes) -> None:
    """Put other bytes in the place of a file without touching other names of it."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def key(play: Play, path: Path) -> str:
    return path.relative_to(play.output).as_posix()


def plant(play: Play, what: str) -> tuple[str, str]:
    """Plant one difference, and return its kind and its name."""
    row = current(play, "gnc")
    delivery = play.packages["maven_anc_d001"]
    bundle, parquet = play.bundle / row["label_path"], play.output / "parquet" / row["parquet_path"]
    stored = object_of(play, row["parquet_sha256"])
    if what == "an object is missing":
        stored.unlink()
        return "object", key(play, stored)
    if what == "an object has another size":
        # Other names of it keep its bytes.
        rewrite(stored, stored.read_bytes() + b"x")
        return "object", key(play, stored)
    if what == "the object of a superseded original is missing":
        rows = (one for name, one in content(catalog_of(play)) if name == "products" and not one["current"])
        path = object_of(play, next(rows)["source_sha256"])
        path.unlink()
        return "object", key(play, path)
    if what == "an object that no row names":
        path = object_of(play, "ab" * 32)
        rewrite(path, b"1234")
        return "orphan", key(play, path)
    if what == "a strange file in store":
        path = play.output / "store" / "note.txt"
        rewrite(path, b"1234")
        return "object", key(play, path)
    if what == "a file of the bundle is missing":
        bundle.unlink()
        return "view", key(play, bundle)
    if what == "a file too many in the bundle":
        path = bundle.with_name("extra.xml")
        rewrite(path, b"x")
        return "view", key(play, path)
    if what == "a file of the bundle has other bytes":
        data = bundle.read_bytes()
        rewrite(bundle, data[:-1] + bytes([data[-1] ^ 1]))
        return "view", key(play, bundle)
    if what == "a file of parquet has another size":
        rewrite(parquet, b"x")
        return "view", key(play, parquet)
    if what == "the columns of a type are missing":
        path = play.output / "parquet" / "_columns" / "gnc.csv"
        path.unlink()
        return "view", key(play, path)
    if what == "a staged file is missing":
        path = next(path for path in (play.output / "staging").rglob("*.xml"))
        path.unlink()
        return "view", key(play, path)
    if what == "a package is missing":
        delivery.package.unlink()
        return "delivery", key(play, delivery.package)
    if what == "a manifest has another size":
        rewrite(delivery.transfer_manifest, b"x")
        return "delivery", key(play, delivery.transfer_manifest)
    if what == "delivery.json is missing":
        path = delivery.package.with_name("delivery.json")
        path.unlink()
        return "delivery", key(play, path)
    if what == "delivery.json tells another package":
        path = delivery.package.with_name("delivery.json")
        document = json.loads(path.read_bytes())
        document["files"][delivery.package.name]["sha256"] = "0" * 64
        rewrite(path, json.dumps(document).encode())
        return "delivery", key(play, path)
    if what == "a file too many in a delivery":
        path = delivery.package.with_name("notes.txt")
        rewrite(path, b"x")
        return "delivery", key(play, path)
    if what == "the folder of a delivery without a row":
        path = play.output / "deliveries" / "maven_anc_d009"
        rewrite(path / "maven_anc_d009.zip", b"x")
        return "delivery", key(play, path)
    if what == "delivery.json of what was discarded":
        play.discard("maven_anc_d002")
        path = play.packages["maven_anc_d002"].package.with_name("delivery.json")
        rewrite(path, b"{}")
        return "delivery", key(play, path)
    if what == "the folder of a run without a row":
        path = play.output / "runs" / "20140101T000000Z-000000"
        rewrite(path / "summary.json", b"{}")
        return "run", key(play, path)
    if what == "a strange file in the journal's folder":
        path = play.output / "runs" / "journal" / "notes.txt"
        rewrite(path, b"x")
        return "journal", key(play, path)
    if what == "the last segment of the journal is missing":
        segments(play)[-1].unlink()
        return "journal", str(play.output / "runs" / "journal")
    if what == "a segment of the journal is damaged":
        path = segments(play)[0]
        rewrite(path, path.read_bytes()[:-5])
        return "journal", str(play.output / "runs" / "journal")
    raise AssertionError(what)


PLANTED = (
    "an object is missing",
    "an object has another size",
    "the object of a superseded original is missing",
    "an object that no row names",
    "a strange file in store",
    "a file of the bundle is missing",
    "a file too many in the bundle",
    "a file of the bundle has other bytes",
    "a file of parquet has another size",
    "the columns of a type are missing",
    "a staged file is missing",
    "a package is missing",
    "a manifest has another size",
    "delivery.json is missing",
    "delivery.json tells another package",
    "a file too many in a delivery",
    "the folder of a delivery without a row",
    "delivery.json of what was discarded",
    "the folder of a run without a row",
    "a strange file in the journal's folder",
    "the last segment of the journal is missing",
    "a segment of the journal is damaged",
)


@pytest.mark.slow
@pytest.mark.parametrize("what", PLANTED)
def test_each_difference_is_named_once_and_alone(play, what):
    expected = plant(play, what)
    found = check(play, code=4)
    assert named(found) == [expected]
    assert all(found[0].values()), "what was expected, what was found, and what to do"


APART = (
    "an object is missing",
    "an object has another size",
    "a file of the bundle has other bytes",
    "delivery.json is missing",
    "delivery.json tells another package",
    "delivery.json of what was discarded",
    "the last segment of the journal is missing",
    "a segment of the journal is damaged",
)
"""What cannot be planted together with all others: on the same file, or hiding it."""


def test_all_differences_are_named_together(play):
    expected = [plant(play, what) for what in PLANTED if what not in APART]
    assert sorted(named(check(play, code=4))) == sorted(expected)


@pytest.mark.parametrize("what", ["an object has another size", "a segment of the journal is damaged"])
def test_a_difference_is_named_alone(play, what):
    expected = plant(play, what)
    assert named(check(play, code=4)) == [expected]


SILENT = {
    "an object": lambda play: object_of(play, current(play, "gnc")["data_sha256"]),
    "a package": lambda play: play.packages["maven_anc_d001"].package,
    "a manifest": lambda play: play.packages["maven_anc_d001"].checksum_manifest,
}


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=[] if what == "an object" else [pytest.mark.slow]) for what in SILENT]
)
def test_a_flipped_bit_is_found_by_reading_every_byte(play, what):
    path = SILENT[what](play)
    data = path.read_bytes()
    rewrite(path, data[:100] + bytes([data[100] ^ 1]) + data[101:])
    assert check(play) == []
    kind = "object" if what == "an object" else "delivery"
    assert named(check(play, "--deep", code=4)) == [(kind, key(play, path))]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "expected", "names"),
    [
        (
            "UPDATE deliveries SET state = 'accepted' WHERE delivery_id = 'maven_anc_d002'",
            "state = 'verified'",
            "deliveries maven_anc_d002",
        ),
        ("DELETE FROM events WHERE position = 3", "a row", "events 3"),
        (
            "INSERT INTO events SELECT 9999, at, run_id, kind, message, product_id, lid, source, delivery_id FROM events "
            "WHERE position = 3",
            "no such row",
            "events 9999",
        ),
    ],
    ids=["changed", "removed", "added"],
)
def test_a_row_that_the_journal_tells_otherwise_is_named(play, sql, expected, names):
    """Somebody wrote the database by hand, past the triggers."""
    with closing(sqlite3.connect(catalog_of(play))) as connection, connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(sql)
        for _, definition in triggers:
            connection.execute(definition)
    found = check(play, code=4)
    assert named(found) == [("row", names)]
    assert found[0]["expected"] == expected


@pytest.mark.slow
def test_what_a_row_named_once_is_kept_and_no_fault(play):
    """A version that no delivery holds is replaced: its objects stay, and are told apart from orphans."""
    before = play.ask("catalog", "check")["store"]
    play.run(run__mode="staging")
    touch_byte(play.file("gnc", 2))
    play.run(run__mode="staging")
    answer = play.ask("catalog", "check")
    assert answer["differences"] == []
    assert (answer["store"]["orphans"], answer["store"]["kept"] > before["kept"]) == (0, True)
    assert answer["store"]["kept_bytes"] > before["kept_bytes"]


@pytest.mark.slow
def test_inventories_are_held_against_the_catalogs_members(play):
    """A product left the archive behind the program's back: the inventory still lists it."""
    row = current(play, "eps")
    with closing(sqlite3.connect(catalog_of(play))) as connection, connection:
        connection.execute("UPDATE products SET current = 0 WHERE lid = ?", (row["lid"],))
    found = check(play, code=4)
    inventory = [one for one in found if one["kind"] == "inventory"]
    assert [one["what"] for one in inventory] == [f"{row['lid']}::{row['major']}.{row['minor']}"]
    assert {one["kind"] for one in found} == {"inventory", "view"}


def test_a_damaged_catalog_is_told_as_such(play):
    truncate(catalog_of(play), play)
    (found,) = check(play, code=4)
    assert (found["kind"], "catalog rebuild" in found["remedy"]) == ("catalog", True)


# --- Drill -----------------------------------------------------------------------------------------------------------


def test_a_drill_makes_catalog_and_parquet_of_a_copy_again(play, tmp_path):
    before, expected = snapshot(play.output, "."), content(catalog_of(play))
    answer = play.ask("drill", str(tmp_path / "copy"))
    assert (answer["status"], answer["differences"], answer["told"]) == ("equal", [], [])
    copy = tmp_path / "copy"
    assert content(copy / "catalog.sqlite") == expected
    for part in ("bundle", "parquet", "staging", "deliveries", "store"):
        found = {path: md5 for path, (md5, _) in snapshot(copy, part).items()}
        assert found == {path: md5 for path, (md5, _) in snapshot(play.output, part).items()}
    assert answer["parquet_files"] > len(TYPES)
    assert answer["originals_bytes"] > 0
    assert [step["name"] for step in answer["steps"]][:4] == ["copy", "catalog", "parquet", "publish"]
    assert differences(snapshot(play.output, "."), before) == {}


@pytest.mark.slow
def test_a_drill_tells_an_original_that_is_lost(play, tmp_path):
    lost = object_of(play, current(play, "gnc")["source_sha256"])
    lost.unlink()
    answer = play.ask("drill", str(tmp_path / "copy"), check=4)
    assert {"parquet", "object"} <= {row["kind"] for row in answer["differences"]}
    assert any(lost.name in row["got"] or lost.name in row["what"] for row in answer["differences"])


def test_a_drill_takes_no_folder_that_is_in_use(play, tmp_path):
    (tmp_path / "mine").write_text("keep")
    for folder in (tmp_path, play.output / "copy"):
        assert str(folder) in play.ask("drill", str(folder), check=2)["error"]["message"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_journal_of_the_play_has_several_segments(play):
    """What the tests above remove is not the only one."""
    assert len(segments(play)) > 2
    positions = [change.position for change in read_journal(open_store(str(play.output)))]
    assert positions == list(range(1, len(positions) + 1))


def test_a_journal_that_lost_a_segment_is_written_anew_from_a_whole_catalog(play):
    segments(play)[0].unlink()
    assert [row["kind"] for row in check(play, code=4)] == ["journal"]
    play.ask("catalog", "rebuild", check=1)
    assert play.ask("catalog", "journal")["changes"] > 0
    assert check(play) == []
    before = content(catalog_of(play))
    catalog_of(play).unlink()
    assert play.ask("catalog", "rebuild")["status"] == "rebuilt"
    assert content(catalog_of(play)) == before
    play.run()
    assert check(play) == []
