"""Deliveries that are under way while others are made: for one receiver or two, whole or label alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from drf_integration_play import BUNDLE, QUARTERS, TYPES, Play, differences, snapshot, touch_byte
from drf_integration_receiver import md5_of, tree_of

PF = f"{BUNDLE}:data.drf.pf"
LABELS_ALONE = """
extends = "maven-anc"

[package]
label_only = "label"
"""
OTHER_WORDS = """
[types.gnc]
table_description = "One record per sample time of the guidance computer."
"""
BUNDLE_AT_EACH_RELEASE = """
extends = "maven-anc"

[bundles.anc]
new_version = "release"
"""


@pytest.fixture
def play(tmp_path, cli_here):
    """A mission of two days of each type, packed and verified for nobody yet."""
    play = Play(tmp_path, cli_here, thorough=False)
    play.receive(QUARTERS[0], 2)
    return play


def made(play: Play, **more: str) -> str:
    """Run, and return the id of the one delivery that comes of it."""
    (row,) = play.run(**more)["deliveries"]
    return row["delivery_id"]


def test_what_is_in_flight_is_not_packed_again(play):
    """Each release ships what came since the one before, although nothing was accepted yet."""
    deliveries = [made(play)]
    for number in (1, 2):
        play.receive(QUARTERS[number], 1)
        deliveries.append(made(play))
        play.check_ledger()
        play.check_tree()
    assert [len(play.packages[one].products) for one in deliveries] == [
        2 * len(TYPES),
        len(TYPES),
        len(TYPES),
    ]
    play.check_versions()
    play.send(*deliveries)
    play.accept(*deliveries)
    play.check()
    play.check_still()


def test_a_version_in_two_packages_is_free_when_both_are_discarded(play):
    """Packed for two receivers and discarded for one, it is still used up."""
    path = play.file("pf")
    play.release()
    play.release(release__receiver="mirror")
    touch_byte(path)
    first = made(play)
    second = made(play, release__receiver="mirror")
    assert play.packages[first].contents == play.packages[second].contents
    play.discard(first)
    touch_byte(path)
    third = made(play)
    assert f"{PF}:{path.stem}::3.0" in play.packages[third].labels
    play.check_versions()
    play.check_ledger()
    play.discard(third)
    play.discard(second)
    touch_byte(path)
    fourth = made(play)
    assert f"{PF}:{path.stem}::2.0" in play.packages[fourth].labels
    play.send(fourth)
    play.accept(fourth)
    play.check()
    play.release(release__receiver="mirror")
    play.check_still()


@pytest.mark.parametrize("reverted", [False, True], ids=["changed-again", "reverted"])
def test_a_delivery_is_discarded_when_a_later_one_is_packed(play, reverted):
    """The later inventory lists a version that is free again: the archive is right as soon as the next has come."""
    play.release()
    path = play.file("pf")
    data = path.read_bytes()
    touch_byte(path)
    first = made(play)
    play.receive(QUARTERS[1], 1)
    second = made(play)
    play.discard(first)
    play.send(second)
    play.accept(second)
    if reverted:
        path.write_bytes(data)
    else:
        touch_byte(path)
    play.release()
    assert play.vids()[path.stem] == ("1.0" if reverted else "2.0")
    assert play.products()[path.stem]["data_md5"] == md5_of(path.read_bytes())
    play.check_still()


@pytest.mark.slow
def test_a_product_changes_while_its_delivery_is_discarded_late(play):
    """2.0 is packed, 3.0 is packed on top of it, then 2.0 is discarded: 3.0 stays what it is."""
    play.release()
    path = play.file("pf")
    touch_byte(path)
    first = made(play)
    touch_byte(path)
    second = made(play)
    assert f"{PF}:{path.stem}::3.0" in play.packages[second].labels
    play.discard(first)
    play.check_still()
    play.send(second)
    play.accept(second)
    play.check()
    play.release()
    play.check_still()


def test_two_versions_are_discarded_one_after_the_other(play):
    """2.0 and 3.0 were packed and discarded, the newest first: the next content is 2.0 again."""
    play.release()
    path = play.file("pf")
    deliveries = []
    for _ in range(2):
        touch_byte(path)
        deliveries.append(made(play))
    for delivery in reversed(deliveries):
        play.discard(delivery)
    touch_byte(path)
    play.release()
    assert play.vids()[path.stem] == "2.0"
    assert play.aggregate_vids() | {BUNDLE: "1.1", PF: "1.1"} == play.aggregate_vids()
    play.check_still()


def test_an_early_part_is_rejected_and_the_last_accepted(play):
    """What the inventories list already comes with the next delivery."""
    play.receive(QUARTERS[1], 1)
    first, last = (row["delivery_id"] for row in play.run()["deliveries"])
    play.send(first, last)
    play.reject(first)
    play.accept(last)
    assert len(play.archive().missing()) == 2 * len(TYPES)
    path = play.file("gnc")
    touch_byte(path)
    summary = play.release()
    assert play.vids()[path.stem] == "2.0"
    assert sum(len(package.products) for package in play.sent(summary)) == 2 * len(TYPES)
    play.check_still()


def test_staging_while_a_release_is_discarded(play):
    """Versions that are free stay as they are until the next release, whatever is staged."""
    play.release()
    path = play.file("pf")
    touch_byte(path)
    play.discard(made(play))
    before = tree_of(play.bundle)
    touch_byte(path)
    play.run(run__mode="staging")
    assert differences(tree_of(play.bundle), before) == {}
    assert play.vids()[path.stem] == "2.0"
    play.release()
    assert play.vids()[path.stem] == "2.0"
    assert play.products()[path.stem]["data_md5"] == md5_of(path.read_bytes())
    assert len(play.label(path.stem).history) == 2
    play.check_still()


def test_a_campaign_is_discarded_and_run_again(play):
    """The same campaign forces again what nobody got, to the same versions."""
    play.release()
    campaign = {"run__mode": "full", "run__reason": "once", "release__bump": "minor"}
    first = made(play, **campaign)
    play.discard(first)
    summary = play.release(**campaign)
    (second,) = play.sent(summary)
    assert second.labels.keys() == play.packages[first].labels.keys()
    assert set(play.vids().values()) == {"1.1"}
    play.check_still()
    assert play.run(**campaign)["deliveries"] == []


@pytest.mark.slow
def test_another_campaign_forces_again(play):
    play.release()
    for number in (1, 2):
        play.release(
            run__mode="full", run__reason="new model", release__bump="minor", release__campaign=str(number)
        )
        assert set(play.vids().values()) == {f"1.{number}"}
    play.check_still()


def test_a_delivery_is_rejected_twice(play):
    contents = []
    for _ in range(3):
        delivery = made(play)
        contents.append(play.packages[delivery].contents)
        play.send(delivery)
        play.reject(delivery)
    play.release()
    assert contents[0] == contents[1] == contents[2]
    assert set(play.vids().values()) == {"1.0"}
    play.check_still()


def test_labels_travel_alone_where_the_profile_says_so(play):
    """A label-only change ships labels; another receiver, who lacks the data, gets whole products."""
    profile = play.root / "profile.toml"
    profile.write_text(LABELS_ALONE)
    play.given["mission.profile"] = str(profile)
    play.release()
    profile.write_text(LABELS_ALONE + OTHER_WORDS)
    (package,) = play.sent(play.release(run__mode="full", run__reason="other words"))
    assert len(package.products) == 2
    assert [path for path in package.members if path.endswith(".drf")] == []
    for one in play.sent(play.release(release__receiver="mirror")):
        assert sum(path.endswith(".drf") for path in one.members) == len(one.products)
    touch_byte(play.file("gnc"))
    (package,) = play.sent(play.release())
    assert [path for path in package.members if path.endswith(".drf")] != []
    play.check_packages()
    play.check_still()


def test_a_label_alone_follows_a_rejected_file(play):
    """The file was rejected, so the label must not come without it."""
    profile = play.root / "profile.toml"
    profile.write_text(LABELS_ALONE)
    play.given["mission.profile"] = str(profile)
    first = made(play)
    play.send(first)
    play.reject(first)
    profile.write_text(LABELS_ALONE + OTHER_WORDS)
    (package,) = play.sent(play.release(run__mode="full", run__reason="other words"))
    assert sum(path.endswith(".drf") for path in package.members) == 2 * len(TYPES)
    play.check_packages()
    play.check_still()


@pytest.mark.slow
def test_a_bundle_has_a_new_version_at_each_release_where_the_profile_says_so(play):
    profile = play.root / "profile.toml"
    profile.write_text(BUNDLE_AT_EACH_RELEASE)
    play.given["mission.profile"] = str(profile)
    for number in range(3):
        play.receive(QUARTERS[number], 2)
        play.release()
        assert play.aggregate_vids()[BUNDLE] == f"1.{number}"
        play.check_still()


def test_small_packages_make_the_same_archive(play):
    """Split by size: each part is whole in itself, inventories come last."""
    play.receive(QUARTERS[1], 3)
    summary = play.release(package__max_bytes="24 KiB")
    sent = play.sent(summary)
    assert len(sent) > 3
    assert [bool(package.aggregates) for package in sent[:-2]] == [False] * (len(sent) - 2)
    assert any(lidvid.startswith(f"{BUNDLE}::") for lidvid in sent[-1].labels)
    play.check_packages()
    play.check_still()


@pytest.mark.slow
def test_a_receiver_that_was_left_behind_catches_up(play):
    """What came, changed, went and came back in between reaches it in the versions that stand."""
    play.release(release__receiver="mirror")
    play.release()
    touch_byte(play.file("pf"))
    play.release()
    play.receive(QUARTERS[0] + timedelta(2), 1)
    play.release()
    touch_byte(play.file("pf"))
    play.release()
    before = snapshot(play.bundle, ".")
    (package,) = play.sent(play.release(release__receiver="mirror"))
    stem = play.file("pf").stem
    assert package.products == {
        f"{BUNDLE}:data.drf.{row['type']}:{product_id}::{row['vid']}"
        for product_id, row in play.products().items()
        if product_id == stem or row["day"] == str(QUARTERS[0] + timedelta(2))
    }
    assert play.vids()[stem] == "3.0"
    assert snapshot(play.bundle, ".") == before
    play.check_still()
