"""What gives a product a new version and what does not: content alone, never names, times or the number of runs."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from drf_integration_play import (
    BUNDLE,
    QUARTERS,
    TYPES,
    VIEWS,
    Play,
    differences,
    resend,
    snapshot,
    touch_byte,
)
from drf_integration_receiver import md5_of, tree_of

PROFILE = """
extends = "maven-anc"

[bundles.anc.collections.eps]
description = "Data return files of the power system, one product per file."
"""
GNC, EPS = f"{BUNDLE}:data.drf.gnc", f"{BUNDLE}:data.drf.eps"


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> tuple[Path, list[Play]]:
    """A folder for the mission that all tests begin with, and its books as soon as it was played."""
    return tmp_path_factory.mktemp("kept"), []


@pytest.fixture
def play(kept, cli_here):
    """A mission of two days of each type, delivered and accepted."""
    folder, books = kept
    if books:
        return books[0].restored(folder / "copy", cli_here)
    play = Play(folder / "mission", cli_here, thorough=False)
    play.receive(QUARTERS[0], 2)
    play.release()
    books.append(play.keep(folder / "copy"))
    return play


def test_a_touched_file_is_no_new_version(play):
    """A later time of change and the same bytes: it is read, and nothing comes of it."""
    before = snapshot(play.output)
    for file_type in TYPES:
        path = play.file(file_type)
        os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 10**12))
    summary = play.run()
    assert summary["bytes_in"] == sum(play.file(file_type).stat().st_size for file_type in TYPES)
    assert summary["deliveries"] == []
    assert differences(snapshot(play.output), before) == {}
    assert play.run()["bytes_in"] == 0
    play.check_still()


@pytest.mark.parametrize("name", ["sci_anc_gnc_14_343_344.drf", "sci_anc_gnc14_343_344_late.drf"])
def test_the_same_content_under_another_name_is_a_copy(play, name):
    """The product that stands in the archive stays, although the profile would let the other name go first."""
    first = play.file("gnc")
    assert first.name == "sci_anc_gnc14_343_344.drf"
    copy = play.source / "copies" / name
    copy.parent.mkdir()
    shutil.copyfile(first, copy)
    before = snapshot(play.output)
    assert play.run()["deliveries"] == []
    assert differences(snapshot(play.output), before) == {}
    (told,) = [row for row in play.ask("quarantine") if row["source"] == str(copy)]
    assert told["state"] == "superseded"
    play.check()
    play.check_still()


def test_a_folder_that_was_moved_changes_nothing(play):
    before = snapshot(play.output)
    shutil.move(play.source / "gnc", play.source / "guidance")
    assert play.run()["deliveries"] == []
    assert differences(snapshot(play.output), before) == {}
    play.check()
    play.check_still()


def test_a_file_that_is_gone_stays_in_the_archive(play):
    before = snapshot(play.output)
    play.file("gnc").unlink()
    assert play.run()["deliveries"] == []
    assert differences(snapshot(play.output), before) == {}
    play.check_still()


def test_a_delivered_file_that_comes_again_broken_stays_as_it_was(play):
    """A new file that cannot be archived takes nothing away."""
    path = play.file("gnc")
    data, before = path.read_bytes(), snapshot(play.output, *VIEWS)
    path.write_bytes(b"transfer failed\r\n" * 40)
    summary = play.run(check=3)
    assert (summary["products"]["quarantined"], summary["deliveries"]) == (1, [])
    assert differences(snapshot(play.output, *VIEWS), before) == {}
    (told,) = [row for row in play.ask("quarantine") if row["source"] == str(path)]
    assert told["state"] == "quarantined"
    play.check_tree()
    play.check_versions()
    path.write_bytes(data)
    assert play.run()["deliveries"] == []
    assert differences(snapshot(play.output, *VIEWS), before) == {}
    play.check()
    play.check_still()


def test_a_changed_byte_behind_the_same_size_and_time_is_found_by_md5(play):
    """``source.trust = "stat"`` believes size and time; ``md5`` reads."""
    path = play.file("gnc")
    before = path.stat()
    touch_byte(path, keep_stat=True)
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    play.check_still()
    summary = play.release(source__trust="md5")
    assert summary["decisions"].get("data-changed") == 1
    assert set(summary["decisions"]) <= {"data-changed", "same"}
    assert summary["bytes_in"] == sum(file.stat().st_size for file in play.source.rglob("*.drf"))
    assert play.products()[path.stem]["data_md5"] == md5_of(path.read_bytes())
    assert play.vids()[path.stem] == "2.0"
    files = snapshot(play.output)
    again = play.run(source__trust="md5")
    assert again["deliveries"] == []
    assert again["bytes_in"] == summary["bytes_in"]
    assert differences(snapshot(play.output), files) == {}
    play.check_still()


def test_a_full_campaign_reads_everything_again(play):
    path = play.file("gnc")
    touch_byte(path, keep_stat=True)
    summary = play.release(run__mode="full", run__reason="proof of all bytes")
    assert summary["decisions"] == {"data-changed": 1, "same": 2 * len(TYPES) - 1}
    assert play.vids()[path.stem] == "2.0"
    assert "proof of all bytes" in play.label(path.stem).history[0][2]


def test_what_always_moves_is_no_change(play):
    """Years later the same content in a campaign: no version, although date and year of publication are others."""
    before = snapshot(play.output)
    play.clock += timedelta(days=2000)
    summary = play.run(run__mode="full", run__reason="nothing but time has passed")
    assert (summary["decisions"], summary["deliveries"]) == ({"same": 2 * len(TYPES)}, [])
    assert differences(snapshot(play.output), before) == {}
    play.check_still()


def test_content_that_comes_back_is_new_again(play):
    """1.0, other bytes 2.0, the first bytes again 3.0: a version is never given to two deliveries of content."""
    path = play.file("pf")
    data = path.read_bytes()
    touch_byte(path)
    play.release()
    path.write_bytes(data)
    play.release()
    assert play.vids()[path.stem] == "3.0"
    assert play.products()[path.stem]["data_md5"] == md5_of(data)
    assert [vid for _, vid, _ in play.label(path.stem).history] == ["3.0", "2.0", "1.0"]
    play.check_still()


@pytest.mark.slow
def test_minor_versions_count_beyond_nine(play, tmp_path, cli_here):
    """1.9 is followed by 1.10 and that by 1.11, for products, collections, bundle and their files, also once adopted."""
    for number in range(1, 12):
        play.run(
            run__mode="full",
            run__reason=f"campaign {number}",
            release__bump="minor",
            release__campaign=str(number),
        )
        made = [delivery for delivery, one in play.packages.items() if one.state == "verified"]
        play.send(*made)
        play.accept(*made)
    play.check()
    assert set(play.vids().values()) == set(play.aggregate_vids().values()) == {"1.11"}
    numbers = [vid for _, vid, _ in play.label(play.file("gnc").stem).history]
    assert numbers == [f"1.{number}" for number in range(11, -1, -1)]
    assert (play.bundle / "bundle_maven_anc_1.11.xml").is_file()
    assert sorted(path.name for path in play.bundle.glob("data_drf_gnc/collection*")) == [
        "collection_data_drf_gnc_1.11.xml",
        "collection_data_drf_gnc_inventory_1.11.csv",
    ]
    rows = play.ask("products", "--lid", f"{GNC}:{play.file('gnc').stem}")
    assert [row["vid"] for row in rows] == ["1.11"]
    heir = Play(tmp_path / "heir", cli_here, clock=play.clock, thorough=False)
    shutil.copytree(play.source, heir.source)
    heir.adopt(play.bundle)
    heir.release(run__mode="full", run__reason="ours", release__bump="minor", release__campaign="12")
    assert set(heir.vids().values()) == set(heir.aggregate_vids().values()) == {"1.12"}
    touch_byte(play.file("gnc"))
    play.release()
    assert play.vids()[play.file("gnc").stem] == "2.0"
    assert play.aggregate_vids()[GNC] == play.aggregate_vids()[BUNDLE] == "1.12"
    play.check_still()


def test_a_lidvid_with_other_bytes_is_not_adopted(play):
    """The same LIDVID stands for other data elsewhere: both are named, and nothing is taken over."""
    bundle = play.root / "elsewhere"
    shutil.copytree(play.bundle, bundle)
    stem = play.file("gnc").stem
    (path,) = bundle.rglob(f"{stem}.xml")
    text = path.read_bytes()
    path.write_bytes(text.replace(play.products()[stem]["data_md5"].encode(), b"0" * 32))
    before, vids = snapshot(play.output, *VIEWS), play.vids()
    done = play.tell("adopt", str(bundle), check=1)
    message = done.json["error"]["message"]
    assert f"{GNC}:{stem}::1.0" in message
    assert md5_of(text) in message
    assert md5_of(path.read_bytes()) in message
    assert differences(snapshot(play.output, *VIEWS), before) == {}
    assert play.vids() == vids
    play.check()
    play.run()  # removes what the refused adoption wrote
    play.check_still()


def test_a_lidvid_with_another_label_is_not_adopted(play):
    bundle = play.root / "elsewhere"
    shutil.copytree(play.bundle, bundle)
    stem = play.file("pf").stem
    (path,) = bundle.rglob(f"{stem}.xml")
    text = path.read_bytes()
    path.write_bytes(text.replace(b"<title>", b"<title>Our "))
    done = play.tell("adopt", str(bundle), check=1)
    message = done.json["error"]["message"]
    assert f"{BUNDLE}:data.drf.pf:{stem}::1.0" in message
    assert md5_of(text) in message
    assert md5_of(path.read_bytes()) in message
    play.check()
    play.run()  # removes what the refused adoption wrote
    play.check_still()


def test_an_older_bundle_is_not_adopted_over_a_newer_one(play, tmp_path, cli_here):
    bundle = play.root / "older"
    shutil.copytree(play.bundle, bundle)
    path = play.file("gnc")
    touch_byte(path)
    play.release()
    heir = Play(tmp_path / "heir", cli_here, clock=play.clock, thorough=False)
    shutil.copytree(play.source, heir.source)
    heir.adopt(play.bundle)
    before, vids = snapshot(heir.output, *VIEWS), heir.vids()
    message = heir.tell("adopt", str(bundle), check=1).json["error"]["message"]
    assert "::1.0" in message
    assert "2.0" in message or "1.1" in message
    assert differences(snapshot(heir.output, *VIEWS), before) == {}
    assert heir.vids() == vids
    assert heir.run()["deliveries"] == []
    heir.check()
    heir.check_still()


def test_what_is_known_already_is_adopted_without_effect(play):
    """The bundle as it stands, and as it stood before the last release: every version in it is here."""
    older = play.root / "older"
    shutil.copytree(play.bundle, older)
    touch_byte(play.file("gnc"))
    play.release()
    before, vids = snapshot(play.output), play.vids()
    play.ask("adopt", str(play.bundle))
    play.ask("adopt", str(older))
    assert differences(snapshot(play.output), before) == {}
    assert play.vids() == vids
    play.check()
    play.check_still()


def test_a_hand_made_file_that_is_taken_back(play):
    """The delivered day returns when the file that went before it is excluded.

    Receivers took it away with the inventory that no longer listed it, so it comes back as a new version.
    """
    first = play.file("pf", 1)
    manual = first.with_name(f"{first.stem}_manual.drf")
    vids = play.vids()
    resend(first, manual)
    play.release()
    assert play.vids()[manual.stem] == "1.0"
    assert first.stem not in play.vids()
    play.ask(
        "disposition",
        "exclude",
        "--source",
        str(manual),
        "--reason",
        "extracted with an old tool",
        "--who",
        "A",
    )
    summary = play.release()
    assert play.vids() == vids | {first.stem: "1.1"}
    assert tree_of(play.bundle)[f"data_drf_pf/2014/{first.name}"] == md5_of(first.read_bytes())
    (package,) = play.sent(summary)
    assert package.products == {f"{BUNDLE}:data.drf.pf:{first.stem}::1.1"}
    play.check_still()


def test_words_of_a_collection_change_in_a_campaign_alone(play):
    """The description of a collection is another: a campaign writes its label anew, and the bundle's, and no product's."""
    profile = play.root / "profile.toml"
    profile.write_text(PROFILE)
    play.given["mission.profile"] = str(profile)
    play.check_still()
    vids, aggregates = play.vids(), play.aggregate_vids()
    (package,) = play.sent(play.release(run__mode="full", run__reason="better words"))
    assert package.products == set()
    assert {lidvid.partition("::")[0] for lidvid in package.labels} == {BUNDLE, EPS}
    assert play.vids() == vids
    assert play.aggregate_vids() == aggregates | {BUNDLE: "1.1", EPS: "1.1"}
    play.check_still()


def test_a_collection_that_loses_all_its_members(play):
    """It leaves the bundle and the archive with them; when one comes back, its versions and history go on."""
    play.ask("disposition", "exclude", "--type", "eps", "--reason", "another archive has them", "--who", "A")
    (package,) = play.sent(play.release())
    assert {lidvid.partition("::")[0] for lidvid in package.labels} == {BUNDLE}
    assert EPS not in play.aggregate_vids()
    assert [path for path in play.archive().tree() if "eps" in path] == []
    play.check_still()
    for row in play.ask("disposition", "list"):
        play.ask("disposition", "withdraw", row["disposition_id"], "--reason", "it has not", "--who", "A")
    (package,) = play.sent(play.release())
    assert {lidvid.partition("::")[0] for lidvid in package.aggregates} == {BUNDLE, EPS}
    assert len(package.products) == 2
    assert play.aggregate_vids()[EPS] == "1.1"
    play.check_still()


def test_changed_fields_are_reviewed_before_they_are_sent(tmp_path, cli_here):
    """A record structure that the collection did not have blocks `sent` until somebody acknowledged it (SIS 4.2)."""
    play = Play(tmp_path, cli_here, thorough=False)
    play.receive(QUARTERS[0] - timedelta(20), 2, types=["gnc"])
    play.release()
    play.receive(QUARTERS[0], 2, types=["gnc"])
    (row,) = play.run()["deliveries"]
    done = play.tell("delivery", "sent", row["delivery_id"], check=None)
    assert done.returncode != 0
    assert "review" in done.json["error"]["message"]
    play.check_ledger()
    play.ask(
        "delivery", "acknowledge", row["release_id"], "--reason", "agreed with the archive", "--who", "A"
    )
    play.send(row["delivery_id"])
    play.accept(row["delivery_id"])
    play.check()
    play.receive(QUARTERS[0] + timedelta(2), 1, types=["gnc"])
    play.release()
    play.check_still()
