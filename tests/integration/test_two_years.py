"""Releases of a small mission, one after the other, with all that befalls them; every invariant after every step."""

from __future__ import annotations

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from drf_integration_play import (
    BUNDLE,
    QUARTERS,
    TYPES,
    Package,
    Play,
    differences,
    resend,
    snapshot,
    touch_byte,
)
from drf_integration_receiver import Label, md5_of, tree_of, vid_key

DAYS = 4
PROFILE = """
extends = "maven-anc"

[types.gnc]
table_description = "One record per sample time of the guidance computer."
"""


@pytest.fixture
def play(tmp_path, cli_here):
    return Play(tmp_path, cli_here)


def raised(vids: dict[str, str], *chosen: str) -> dict[str, str]:
    """Return VIDs of which the chosen ones, or all, are one minor version later."""
    found = dict(vids)
    for product_id in chosen or tuple(vids):
        major, minor = vid_key(vids[product_id])
        found[product_id] = f"{major}.{minor + 1}"
    return found


def product_ids(packages: list[Package]) -> set[str]:
    """Return the ids of the basic products in some packages."""
    return {lidvid.split(":")[-3] for package in packages for lidvid in package.products}


def blank_first_cell(path: Path) -> None:
    """Blank the last cell of the first record: the channel has no sample yet."""
    lines = path.read_bytes().split(b"\r\n")
    first = next(number for number, line in enumerate(lines) if line[2:3] == b"/")
    line = lines[first]
    cell = line.rstrip().rpartition(b" ")[2]
    lines[first] = line.rstrip()[: -len(cell)].ljust(len(line))
    path.write_bytes(b"\r\n".join(lines))


# --- Steps -----------------------------------------------------------------------------------------------------------


def first_release(play: Play) -> None:
    """All days of cruise and transition, one file of them with a leading record that is not complete."""
    play.receive(QUARTERS[0], DAYS)
    play.receive(QUARTERS[0] + timedelta(DAYS), 1, types=["pf"], scale=0.01)
    blank_first_cell(play.file("pf", DAYS))
    summary = play.release()
    files = DAYS * len(TYPES) + 1
    assert summary["products"]["processed"] == files
    assert summary["decisions"] == {"new": files}
    (delivery,) = summary["deliveries"]
    assert (delivery["delivery_id"], delivery["release_id"]) == ("maven_anc_d001", "maven_anc_r001")
    assert set(play.vids().values()) == set(play.aggregate_vids().values()) == {"1.0"}
    play.check_still()


def quarter(play: Play, number: int, *, staged: bool = False) -> dict[str, object]:
    """The next three months: what is new travels, and nothing else does."""
    before = play.vids()
    play.receive(QUARTERS[number], DAYS)
    if staged:
        stage(play)
    summary = play.release()
    after = play.vids()
    new = {product_id: vid for product_id, vid in after.items() if product_id not in before}
    assert new == dict.fromkeys(new, "1.0")
    assert len(new) == DAYS * len(TYPES)
    assert summary["decisions"] == {"new": len(new)}
    assert {product_id: after[product_id] for product_id in before} == before
    (package,) = play.sent(summary)
    assert product_ids([package]) == set(new)
    assert len(package.aggregates) == len(TYPES) + 1
    return summary


def stage(play: Play) -> None:
    """A staging run shows what arrived in a tree of its own and changes nothing else."""
    before = snapshot(play.output, "bundle", "parquet", "deliveries")
    vids, aggregates = play.vids(), play.aggregate_vids()
    summary = play.run(run__mode="staging")
    assert summary["deliveries"] == []
    assert differences(snapshot(play.output, "bundle", "parquet", "deliveries"), before) == {}
    assert (play.vids(), play.aggregate_vids()) == (vids, aggregates)
    staged = tree_of(play.output / "staging")
    arrived = DAYS * len(TYPES)
    for suffix in (".drf", ".xml", ".parquet"):
        assert sum(path.endswith(suffix) for path in staged) == arrived
    play.check()


def one_byte(play: Play) -> None:
    """One byte of one file: one product, one collection, one bundle get new versions."""
    before, vids, aggregates = tree_of(play.bundle), play.vids(), play.aggregate_vids()
    path = play.file("eps", 1)
    touch_byte(path)
    summary = play.release()
    assert summary["decisions"] == {"data-changed": 1}
    (package,) = play.sent(summary)
    collection = f"{BUNDLE}:data.drf.eps"
    changed = raised(aggregates, BUNDLE, collection)
    major = vid_key(vids[path.stem])[0] + 1
    assert play.vids() == vids | {path.stem: f"{major}.0"}
    assert play.aggregate_vids() == changed
    assert package.labels.keys() == {
        f"{collection}:{path.stem}::{major}.0",
        f"{collection}::{changed[collection]}",
        f"{BUNDLE}::{changed[BUNDLE]}",
    }
    after = tree_of(play.bundle)
    folder = f"data_drf_eps/{path.parent.name}"
    assert differences(after, before) == {
        "missing": sorted(
            [
                f"bundle_maven_anc_{aggregates[BUNDLE]}.xml",
                f"readme_maven_anc_{aggregates[BUNDLE]}.txt",
                f"data_drf_eps/collection_data_drf_eps_{aggregates[collection]}.xml",
                f"data_drf_eps/collection_data_drf_eps_inventory_{aggregates[collection]}.csv",
            ]
        ),
        "unexpected": sorted(
            [
                f"bundle_maven_anc_{changed[BUNDLE]}.xml",
                f"readme_maven_anc_{changed[BUNDLE]}.txt",
                f"data_drf_eps/collection_data_drf_eps_{changed[collection]}.xml",
                f"data_drf_eps/collection_data_drf_eps_inventory_{changed[collection]}.csv",
            ]
        ),
        "changed": [f"{folder}/{path.name}", f"{folder}/{path.stem}.xml"],
    }
    assert after[f"{folder}/{path.name}"] == md5_of(path.read_bytes())


def resent_elsewhere(play: Play) -> None:
    """A day comes again in another folder, newer: it stands, and the older one is told and kept."""
    first = play.file("gnc", 1)
    vids, data = play.vids(), first.read_bytes()
    again = play.source / "resent" / "gnc" / first.name
    resend(first, again)
    summary = play.release()
    assert summary["decisions"] == {"data-changed": 1}
    product = play.products()[first.stem]
    assert product["source"] == str(again)
    assert product["data_md5"] == md5_of(again.read_bytes())
    assert vid_key(product["vid"]) == (vid_key(vids[first.stem])[0] + 1, 0)
    (told,) = [row for row in play.ask("quarantine") if row["source"] == str(first)]
    assert told["state"] == "superseded"
    kept = hashlib.sha256(data).hexdigest()
    assert (play.output / "store" / kept[:2] / kept).read_bytes() == data
    play.check_still()


def manual_variant(play: Play) -> None:
    """A hand-made file for a delivered day goes before it, under its own name; the delivered product leaves."""
    first = play.file("pf", 2)
    manual = first.with_name(f"{first.stem}_manual.drf")
    vids = play.vids()
    resend(first, manual)
    summary = play.release()
    assert summary["decisions"] == {"new": 1}
    assert play.vids() == {
        product_id: vid for product_id, vid in vids.items() if product_id != first.stem
    } | {manual.stem: "1.0"}
    assert list(play.archive().folder.rglob(f"{first.stem}.*")) == []
    (told,) = [row for row in play.ask("quarantine") if row["source"] == str(first)]
    assert told["state"] == "superseded"
    assert manual.name in told["message"]


def label_campaign(play: Play) -> None:
    """A text of the profile changes: labels of that type alone get new minor versions."""
    profile = play.root / "profile.toml"
    profile.write_text(PROFILE)
    play.given["mission.profile"] = str(profile)
    before, files = play.products(), snapshot(play.bundle, ".")
    summary = play.release(
        run__mode="full", run__reason="table description of the guidance type", release__campaign="texts"
    )
    gnc = sorted(product_id for product_id, row in before.items() if row["type"] == "gnc")
    assert summary["decisions"] == {"label-only": len(gnc), "same": len(before) - len(gnc)}
    after = play.products()
    vids = {product_id: row["vid"] for product_id, row in before.items()}
    assert {product_id: row["vid"] for product_id, row in after.items()} == raised(vids, *gnc)
    assert [row["data_md5"] for row in after.values()] == [row["data_md5"] for row in before.values()]
    assert product_ids(play.sent(summary)) == set(gnc)
    now = snapshot(play.bundle, ".")
    untouched = [path for path in files if "/20" in path and "data_drf_gnc" not in path]
    assert untouched
    assert [path for path in untouched if now[path] != files[path]] == []
    label = play.label(gnc[0])
    assert "One record per sample time of the guidance computer." in label.text(
        "Table_Character/p:description"
    )
    assert "table description of the guidance type" in label.history[0][2]
    play.check_still()


def forced_campaign(play: Play, bump: str = "minor") -> None:
    """A campaign raises every product once, however often it is run."""
    before = play.products()
    campaign = {
        "run__mode": "full",
        "run__reason": f"{bump} versions for all",
        "release__bump": bump,
        "release__campaign": f"forced-{bump}",
    }
    summary = play.release(**campaign)
    changed = sum(summary["decisions"].values())
    assert changed == len(before)
    assert summary["decisions"].get("same", 0) == 0
    vids = {product_id: row["vid"] for product_id, row in before.items()}
    forced = (
        raised(vids)
        if bump == "minor"
        else {product_id: f"{vid_key(vid)[0] + 1}.0" for product_id, vid in vids.items()}
    )
    assert play.vids() == forced
    after = play.products()
    assert [row["data_md5"] for row in after.values()] == [row["data_md5"] for row in before.values()]
    files = snapshot(play.output)
    again = play.run(**campaign)
    assert (again["deliveries"], again["decisions"]) == ([], {"same": len(before)})
    assert differences(snapshot(play.output), files) == {}
    play.check_still()


def data_campaign(play: Play) -> None:
    """Another rule of repair changes the data of one damaged file: it alone gets a new major version."""
    path = play.file("pf", next(n for n in range(20) if play.file("pf", n).stat().st_size > 15_000))
    before = play.products()
    play.given["repair.policy"] = "archive-2020"
    summary = play.release(run__mode="full", run__reason="leading records as in the archive of 2020")
    assert summary["decisions"] == {"data-changed": 1, "same": len(before) - 1}
    after = play.products()
    vids = {product_id: row["vid"] for product_id, row in before.items()}
    assert play.vids() == vids | {path.stem: f"{vid_key(vids[path.stem])[0] + 1}.0"}
    assert after[path.stem]["records"] == before[path.stem]["records"] - 1
    assert after[path.stem]["mended"] != []
    entry = play.label(path.stem).history[0]
    assert "leading records as in the archive of 2020" in entry[2]
    assert all(words in entry[2] for words in after[path.stem]["mended"])
    play.check_still()


def rejected(play: Play, number: int) -> None:
    """A delivery is rejected: what it held comes again, the same versions with the same bytes."""
    play.receive(QUARTERS[number], DAYS)
    summary = play.run()
    deliveries = [row["delivery_id"] for row in summary["deliveries"]]
    play.send(*deliveries)
    for delivery in deliveries:
        play.reject(delivery)
    play.check_tree()
    play.check_ledger()
    again = play.release()
    assert again["decisions"] == {}
    first = {path: md5 for one in deliveries for path, md5 in play.packages[one].contents.items()}
    second = {path: md5 for package in play.sent(again) for path, md5 in package.contents.items()}
    assert differences(second, first) == {}
    play.check_still()


def rejected_and_changed(play: Play, number: int) -> None:
    """After a rejection one of its files changes: its version was sent, so it goes on from it; the rest is as it was."""
    play.receive(QUARTERS[number], DAYS)
    (delivery,) = play.run()["deliveries"]
    play.send(delivery["delivery_id"])
    play.reject(delivery["delivery_id"])
    former = play.packages[delivery["delivery_id"]]
    path = play.file("gnc", -1)
    touch_byte(path)
    summary = play.release()
    assert summary["decisions"] == {"data-changed": 1}
    (package,) = play.sent(summary)
    lid = f"{BUNDLE}:data.drf.gnc:{path.stem}"
    assert package.products == former.products - {f"{lid}::1.0"} | {f"{lid}::2.0"}
    assert {
        member: md5 for member, md5 in former.contents.items() if "/20" in member and path.stem not in member
    }.items() <= package.contents.items()


def discarded(play: Play, number: int) -> None:
    """A delivery is discarded: its versions are free, and get the content that came in between."""
    play.receive(QUARTERS[number], DAYS)
    resent = play.file("gnc", 2)
    touch_byte(resent)
    summary = play.run()
    assert summary["decisions"] == {"new": DAYS * len(TYPES), "data-changed": 1}
    vids, aggregates = play.vids(), play.aggregate_vids()
    gone = [row["delivery_id"] for row in summary["deliveries"]]
    for delivery in gone:
        play.discard(delivery)
    play.check_tree()
    play.check_ledger()
    touch_byte(resent)
    fresh = play.file("eps", -1)
    touch_byte(fresh)
    again = play.release()
    assert (play.vids(), play.aggregate_vids()) == (vids, aggregates)
    products = play.products()
    for path in (resent, fresh):
        assert products[path.stem]["data_md5"] == md5_of(path.read_bytes())
    former = {lidvid for one in gone for lidvid in play.packages[one].labels}
    assert {lidvid for package in play.sent(again) for lidvid in package.labels} == former
    for row in again["deliveries"]:
        for path in Path(row["package"]).parent.iterdir():
            if path.suffix != ".zip":
                assert not any(one in path.read_text() for one in gone), (
                    f"{path} speaks of what was discarded"
                )
    done = play.tell("delivery", "sent", gone[0], check=None)
    assert done.returncode != 0
    assert gone[0] in done.json["error"]["message"]
    play.check_still()


def discarded_and_withdrawn(play: Play) -> None:
    """What was discarded was a mistake: the old file is back, and so is its version."""
    path = play.file("pf", 0)
    data, before = path.read_bytes(), tree_of(play.bundle)
    touch_byte(path)
    (delivery,) = play.run()["deliveries"]
    play.discard(delivery["delivery_id"])
    path.write_bytes(data)
    summary = play.release()
    assert summary["deliveries"] == []
    assert differences(tree_of(play.bundle), before) == {}


def excluded(play: Play) -> None:
    """A person decides that a product is not to be archived: it leaves inventory and archive."""
    path, vids = play.file("eps", 2), play.vids()
    play.ask(
        "disposition",
        "exclude",
        "--product",
        path.stem,
        "--reason",
        "not telemetry of this mission",
        "--who",
        "A",
    )
    summary = play.release()
    assert summary["decisions"] == {}
    del vids[path.stem]
    assert play.vids() == vids
    (package,) = play.sent(summary)
    assert {lidvid.partition("::")[0] for lidvid in package.labels} == {BUNDLE, f"{BUNDLE}:data.drf.eps"}
    assert list(play.archive().folder.rglob(f"{path.stem}.*")) == []
    (told,) = [row for row in play.ask("quarantine") if row["source"] == str(path)]
    assert told["state"] == "excluded"
    play.check_still()


def second_receiver(play: Play, receiver: str = "mirror") -> None:
    """Another receiver gets everything that stands, in the versions that stand."""
    before = snapshot(play.output, "bundle", "parquet")
    summary = play.release(release__receiver=receiver)
    assert summary["decisions"] == {}
    sent = play.sent(summary)
    assert {package.receiver for package in sent} == {receiver}
    assert {lidvid for package in sent for lidvid in package.labels} == {
        label.lidvid for label in play.labels()
    }
    assert differences(snapshot(play.output, "bundle", "parquet"), before) == {}
    play.check_still(release__receiver=receiver)
    play.check_still()


@pytest.mark.slow
def test_releases_of_a_year(play):
    """First release, three quarters, and one of everything that can happen to a release."""
    first_release(play)
    one_byte(play)
    quarter(play, 1, staged=True)
    resent_elsewhere(play)
    manual_variant(play)
    label_campaign(play)
    rejected(play, 2)
    discarded(play, 3)
    discarded_and_withdrawn(play)
    data_campaign(play)
    forced_campaign(play)
    excluded(play)
    second_receiver(play)
    play.check_packages()


@pytest.mark.slow
def test_releases_of_two_years(play):
    """Nine periods of the calendar, staged each week, with campaigns, rejections and a second receiver among them."""
    first_release(play)
    second_receiver(play)
    for number in range(1, 4):
        quarter(play, number, staged=True)
    resent_elsewhere(play)
    label_campaign(play)
    one_byte(play)
    rejected_and_changed(play, 4)
    manual_variant(play)
    discarded(play, 5)
    forced_campaign(play)
    quarter(play, 6, staged=True)
    data_campaign(play)
    rejected(play, 7)
    excluded(play)
    forced_campaign(play, "major")
    discarded_and_withdrawn(play)
    quarter(play, 8, staged=True)
    play.release(
        run__mode="full",
        run__reason="collections begin a new edition",
        release__bump="minor",
        release__bump_collections="major",
        release__campaign="edition",
    )
    assert {vid.partition(".")[2] for vid in play.aggregate_vids().values()} == {"0"}
    one_byte(play)
    behind = play.release(release__receiver="mirror")
    assert behind["deliveries"]
    play.check_still()
    play.check_packages()


@pytest.mark.slow
def test_staging_disturbs_nothing(tmp_path, cli_here):
    """The same releases with and without staging runs between them: the same archive, byte for byte."""
    plays = [Play(tmp_path / name, cli_here) for name in ("staged", "plain")]
    for number in range(3):
        for play in plays:
            play.receive(QUARTERS[number], 2)
            if number:
                touch_byte(play.file("gnc", number))
            if play is plays[0]:
                before = snapshot(play.output, "bundle", "deliveries")
                play.run(run__mode="staging")
                assert differences(snapshot(play.output, "bundle", "deliveries"), before) == {}
                assert tree_of(play.output / "staging")
            else:
                play.clock += timedelta(days=1)
            play.release()
        assert differences(tree_of(plays[0].bundle), tree_of(plays[1].bundle)) == {}
        assert {key: one.contents for key, one in plays[0].packages.items()} == {
            key: one.contents for key, one in plays[1].packages.items()
        }
        assert tree_of(plays[0].output / "staging") == {}


def test_staged_files_that_change_before_the_release(play):
    """What was staged first is provisional: the release holds what stood last, as its first version."""
    play.receive(QUARTERS[0], 1)
    play.run(run__mode="staging")
    touch_byte(play.file("gnc"))
    play.run(run__mode="staging")
    touch_byte(play.file("eps"))
    play.release()
    assert set(play.vids().values()) == {"1.0"}
    products = play.products()
    for file_type in TYPES:
        path = play.file(file_type)
        assert products[path.stem]["data_md5"] == md5_of(path.read_bytes())
        assert len(play.label(path.stem).history) == 1


def test_packages_by_month_in_tar_gz(play):
    """Other packages, the same archive."""
    play.given |= {"package.by": "month", "package.format": "tar.gz"}
    play.receive(QUARTERS[0], 2)
    play.receive(QUARTERS[1], 2)
    summary = play.release()
    assert len(summary["deliveries"]) == 2
    first, last = play.sent(summary)
    assert first.aggregates == set()
    assert len(last.aggregates) == len(TYPES) + 1
    play.check_packages()


def test_a_discarded_part_of_a_release(play):
    """Of two packages of a release the first is discarded, the last one goes: nothing is lost, nothing is sent twice."""
    play.receive(QUARTERS[0], 1)
    play.receive(QUARTERS[1], 1)
    first, last = (row["delivery_id"] for row in play.run()["deliveries"])
    play.discard(first)
    play.send(last)
    play.accept(last)
    summary = play.release()
    assert play.archive().missing() == []
    assert product_ids(play.sent(summary)) == product_ids([play.packages[first]])


def test_what_was_discarded_leaves_no_trace_in_another_year(play):
    """A release is discarded and its reasons are gone: a year later the archive is what it was, byte for byte."""
    play.receive(QUARTERS[0], 2)
    play.release()
    paths = [play.file(file_type) for file_type in TYPES]
    data, before = [path.read_bytes() for path in paths], tree_of(play.bundle)
    for path in paths:
        touch_byte(path)
    (delivery,) = play.run()["deliveries"]
    play.discard(delivery["delivery_id"])
    for path, former in zip(paths, data, strict=True):
        path.write_bytes(former)
    play.clock += timedelta(days=400)
    assert play.release()["deliveries"] == []
    assert differences(tree_of(play.bundle), before) == {}
    play.check_still()


def test_a_release_that_is_discarded_is_made_again_a_year_later(play):
    """The same content, discarded and packed again: the same versions, whatever the labels' dates are then."""
    play.receive(QUARTERS[0], 2)
    play.release()
    touch_byte(play.file("gnc"))
    (delivery,) = play.run()["deliveries"]
    former = play.packages[delivery["delivery_id"]]
    play.discard(delivery["delivery_id"])
    play.clock += timedelta(days=400)
    (package,) = play.sent(play.release())
    assert package.labels.keys() == former.labels.keys()
    play.check_still()


def test_a_replacement_that_was_never_sent(play):
    """A hand-made file went before a delivered one in a discarded release, then is excluded: nothing has happened."""
    play.receive(QUARTERS[0], 2)
    play.release()
    vids, before = play.vids(), tree_of(play.bundle)
    first = play.file("pf", 1)
    manual = first.with_name(f"{first.stem}_manual.drf")
    resend(first, manual)
    (delivery,) = play.run()["deliveries"]
    assert manual.stem in play.vids()
    play.discard(delivery["delivery_id"])
    play.ask("disposition", "exclude", "--source", str(manual), "--reason", "old tool", "--who", "A")
    assert play.release()["deliveries"] == []
    assert play.vids() == vids
    assert differences(tree_of(play.bundle), before) == {}


def test_nothing_is_discarded_that_was_sent(play):
    play.receive(QUARTERS[0], 1)
    (delivery,) = play.run()["deliveries"]
    play.send(delivery["delivery_id"])
    done = play.tell("delivery", "discard", delivery["delivery_id"], "--reason", "too late", check=None)
    assert done.returncode != 0
    assert "sent" in done.json["error"]["message"]
    play.reject(delivery["delivery_id"])
    done = play.tell("delivery", "discard", delivery["delivery_id"], "--reason", "too late", check=None)
    assert done.returncode != 0
    play.check_ledger()


# --- Adoption --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> tuple[Path, list[Play]]:
    """A folder for the archive that is to be adopted, and its books as soon as it was played."""
    return tmp_path_factory.mktemp("kept"), []


@pytest.fixture
def foreign(kept, cli_here):
    """A bundle in the archive with versions beyond the first, and the files that it was made from."""
    folder, books = kept
    if books:
        return books[0].restored(folder / "copy", cli_here)
    former = Play(folder / "former", cli_here, thorough=False)
    former.receive(QUARTERS[0], 2)
    former.release()
    touch_byte(former.file("gnc", 1))
    former.release()
    former.release(run__mode="full", run__reason="a campaign of old", release__bump="minor")
    books.append(former.keep(folder / "copy"))
    return former


def adopting(play: Play, former: Play, *words: str) -> None:
    """Take over the bundle that another program, as it were, has in the archive."""
    shutil.copytree(former.source, play.source)
    bundle = play.root / "foreign"
    shutil.copytree(former.bundle, bundle)
    play.clock = former.clock + timedelta(days=400)
    assert play.adopt(bundle, *words)["products"] == len(former.vids())


@pytest.mark.parametrize("words", [(), ("--data",)], ids=["labels", "with-data"])
def test_an_adopted_bundle_goes_on_where_it_stood(tmp_path, cli_here, foreign, words):
    """Nothing bumps; then a day comes again, and its history goes on from the one adopted."""
    play = Play(tmp_path / "adopted", cli_here)
    adopting(play, foreign, *words)
    summary = play.run()
    assert summary["deliveries"] == []
    assert set(summary["decisions"]) <= {"same"}
    assert play.vids() == foreign.vids()
    assert play.aggregate_vids() == foreign.aggregate_vids()
    assert differences(tree_of(play.bundle), tree_of(foreign.bundle)) == {}
    play.check()
    play.check_still()
    path = play.file("gnc", 1)
    history = play.label(path.stem).history
    touch_byte(path)
    summary = play.release()
    assert summary["decisions"] == {"data-changed": 1}
    (package,) = play.sent(summary)
    assert len(package.labels) == 3
    label = play.label(path.stem)
    assert (label.vid, label.history[1:]) == ("3.0", history)
    play.check_packages()


def test_an_adopted_label_that_differs_stays(tmp_path, cli_here, foreign):
    """Somebody else worded a label otherwise: it stays until a campaign with a reason."""
    play = Play(tmp_path / "adopted", cli_here)
    shutil.copytree(foreign.bundle, tmp_path / "elsewhere" / "bundle")
    stem = foreign.file("eps", 0).stem
    (path,) = (tmp_path / "elsewhere" / "bundle").rglob(f"{stem}.xml")
    worded = path.read_bytes().replace(b"Electrical Power System DRF", b"Power data of")
    assert worded != path.read_bytes()
    path.write_bytes(worded)
    # Layout and comments are no content: such a label stays even in a campaign.
    (other,) = (tmp_path / "elsewhere" / "bundle").rglob(f"{foreign.file('pf', 0).stem}.xml")
    commented = other.read_bytes().replace(b"    <", b"\t<").replace(b"</title>", b"</title><!-- by hand -->")
    other.write_bytes(commented)
    shutil.copytree(foreign.source, play.source)
    bundle = tmp_path / "elsewhere" / "bundle"
    play.clock = foreign.clock + timedelta(days=400)
    play.adopt(bundle)
    summary = play.run()
    assert (summary["deliveries"], set(summary["decisions"]) - {"same"}) == ([], set())
    assert play.label(stem).data == worded
    assert play.label(other.stem).data == commented
    assert differences(tree_of(play.bundle), tree_of(bundle)) == {}
    plan = play.ask("plan", run__mode="full", run__reason="our words")
    assert plan
    vids = play.vids()
    summary = play.release(run__mode="full", run__reason="our words")
    assert summary["decisions"] == {"label-only": 1, "same": len(vids) - 1}
    assert play.vids() == raised(vids, stem)
    assert play.label(other.stem).data == commented
    label = play.label(stem)
    former = Label(path.name, worded)
    assert label.history[1:] == former.history
    assert "our words" in label.history[0][2]
