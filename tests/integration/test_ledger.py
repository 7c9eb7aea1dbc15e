"""The desk of deliveries: which moves are allowed, what is refused and why, and an earlier delivery made again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from drf_integration_play import QUARTERS, TYPES, Play, snapshot, touch_byte

from drf_reprocess.archives.codec import Codec

LABELS_ALONE = """
extends = "maven-anc"

[package]
label_only = "label"
"""
OTHER_WORDS = """
[types.gnc]
table_description = "One record per sample time of the guidance computer."
"""


@pytest.fixture
def play(tmp_path, cli_here):
    """A mission of two days of each type, received and nothing else."""
    play = Play(tmp_path, cli_here, thorough=False)
    play.receive(QUARTERS[0], 2)
    return play


def made(play: Play, **more: str) -> str:
    """Run, and return the id of the one delivery that comes of it."""
    (row,) = play.run(**more)["deliveries"]
    return row["delivery_id"]


def refused(play: Play, *words: str, code: int = 2) -> str:
    """Give a command that must be refused, and return the message."""
    return play.ask(*words, check=code)["error"]["message"]


def stored(play: Play, delivery: str, suffix: str) -> Path:
    """Return the object in ``store/`` of a member of a delivery."""
    md5 = next(md5 for path, md5 in play.packages[delivery].contents.items() if path.endswith(suffix))
    rows = {row["data_md5"]: row for row in play.ask("products")}
    shown = Path(rows[md5]["data"])
    (found,) = (
        path for path in (play.output / "store").rglob("*") if path.is_file() and path.samefile(shown)
    )
    return found


class TestMoves:
    def test_a_delivery_goes_from_verified_over_sent_to_accepted(self, play):
        delivery = made(play)
        states = [play.ask("delivery", "show", delivery)["state"]]
        for word in ("sent", "accept"):
            states.append(
                play.ask("delivery", word, delivery, "--who", "Ada", "--reason", "by courier")["state"]
            )
        assert states == ["verified", "sent", "accepted"]
        shown = play.ask("delivery", "show", delivery)
        assert [event["message"] for event in shown["events"]][1:] == [
            f"{delivery} is sent: Ada: by courier",
            f"{delivery} is accepted: Ada: by courier",
        ]
        assert {file["path"]: file["md5"] for file in shown["files"]} == play.packages[delivery].contents

    def test_an_answer_proves_that_it_was_sent(self, play):
        delivery = made(play)
        assert play.ask("delivery", "accept", delivery)["state"] == "accepted"

    @pytest.mark.parametrize(
        ("done", "asked", "state", "remedy"),
        [
            (["sent"], ["discard", "--reason", "r"], "sent", "delivery reject"),
            (["sent"], ["sent"], "sent", "delivery accept"),
            (["accept"], ["reject", "--reason", "r"], "accepted", "later delivery"),
            (["sent", "reject --reason r"], ["accept"], "rejected", "comes again"),
            (["discard --reason r"], ["sent"], "discarded", "comes again"),
            (["discard --reason r"], ["discard", "--reason", "r"], "discarded", "comes again"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else value,
    )
    def test_other_moves_are_refused_with_state_and_remedy(self, play, done, asked, state, remedy):
        delivery = made(play)
        for words in done:
            word, *options = words.split()
            play.ask("delivery", word, delivery, *options)
        message = refused(play, "delivery", asked[0], delivery, *asked[1:])
        assert f"{delivery} is {state};" in message
        assert remedy in message

    @pytest.mark.parametrize("word", ["reject", "discard", "acknowledge"])
    def test_some_moves_need_a_reason(self, play, word):
        assert "--reason" in refused(play, "delivery", word, made(play))

    def test_what_is_unknown_is_refused_with_what_there_is(self, play):
        delivery = made(play)
        assert delivery in refused(play, "delivery", "sent", "maven_anc_d009")
        assert "maven_anc_r001" in refused(play, "delivery", "acknowledge", "r9", "--reason", "x")
        assert "need of no review" in refused(
            play, "delivery", "acknowledge", "maven_anc_r001", "--reason", "x"
        )
        assert "expected planned, packed" in refused(play, "delivery", "list", "--state", "gone")

    def test_the_list_is_chosen_by_receiver_and_state(self, play):
        first, second = made(play), made(play, release__receiver="mirror")
        play.discard(second)

        def listed(*words: str) -> list[str]:
            return [row["delivery_id"] for row in play.ask("delivery", "list", *words)]

        assert listed() == [first, second]
        assert listed("--receiver", "mirror") == [second]
        assert listed("--state", "verified") == [first]
        assert listed("--receiver", "pds", "--state", "discarded") == []
        assert listed("--bundle", "urn:nasa:pds:other") == []

    def test_an_adopted_bundle_makes_no_moves(self, play, tmp_path):
        play.release()
        other = Play(tmp_path / "other", play.cli, thorough=False)
        other.receive(QUARTERS[0], 2)
        delivery = other.adopt(play.bundle)["delivery_id"]
        for word in ("sent", "accept"):
            assert "adopted" in refused(other, "delivery", word, delivery)
        for word in ("reject", "discard"):
            assert "adopted" in refused(other, "delivery", word, delivery, "--reason", "x")
        message = refused(other, "delivery", "rebuild", delivery, "--to", str(tmp_path / "again"), code=1)
        assert "adopted bundle" in message
        listed = {row["lid"]: row["vid"] for row in other.ask("products", "--as-of", delivery)}
        assert listed == {row["lid"]: row["vid"] for row in play.ask("products")}


class TestDiscard:
    def test_the_folder_is_no_delivery_any_more_and_the_number_is_not_given_again(self, play):
        delivery = made(play)
        package = play.packages[delivery].package
        assert (package.parent / "delivery.json").exists()
        before = snapshot(play.bundle, ".")
        play.discard(delivery)
        assert not (package.parent / "delivery.json").exists()
        assert snapshot(play.bundle, ".") == before
        again = made(play)
        assert again != delivery
        assert play.packages[again].contents.keys() == play.packages[delivery].contents.keys()
        assert play.packages[again].labels.keys() == play.packages[delivery].labels.keys()

    def test_a_release_that_nobody_saw_leaves_no_gap_in_what_labels_count(self, play):
        play.release()
        touch_byte(play.file("pf"))
        play.discard(made(play))
        touch_byte(play.file("pf"))
        (row,) = play.release()["deliveries"]
        assert row["release_id"] == "maven_anc_r002"
        (_, _, words), *_ = play.label(play.file("pf").stem).history
        assert "Release 2." in words
        play.check_still()

    def test_a_part_of_a_release_is_told_to_be_listed_by_the_last(self, play):
        play.receive(QUARTERS[1], 1)
        first, last = (row["delivery_id"] for row in play.run()["deliveries"])
        answer = play.ask("delivery", "discard", first, "--reason", "x")
        assert f"inventories in {last} may list products of {first}" in answer["note"]
        play.packages[first].state = "discarded"
        play.send(last)
        play.accept(last)
        play.release()
        play.check_still()

    @pytest.mark.parametrize("word", ["reject", "discard"])
    def test_a_file_that_a_label_relies_on_stays(self, play, word):
        """The label that came alone goes first."""
        profile = play.root / "profile.toml"
        profile.write_text(LABELS_ALONE)
        play.given["mission.profile"] = str(profile)
        first = made(play)
        profile.write_text(LABELS_ALONE + OTHER_WORDS)
        second = made(play, run__mode="full", run__reason="other words")
        assert [path for path in play.packages[second].contents if path.endswith(".drf")] == []
        message = refused(play, "delivery", word, first, "--reason", "x")
        assert f"discard {second} first" in message
        assert "whose data file" in message
        play.send(second)
        assert f"reject {second} first" in refused(play, "delivery", word, first, "--reason", "x")
        play.reject(second)
        play.ask("delivery", word, first, "--reason", "x")
        play.packages[first].state = {"reject": "rejected", "discard": "discarded"}[word]
        (package,) = play.sent(play.run())
        assert sum(path.endswith(".drf") for path in package.members) == 2 * len(TYPES)
        play.check_tree()
        play.check_ledger()

    def test_there_is_no_archive_as_of_what_was_discarded(self, play):
        first = made(play)
        play.send(first)
        play.accept(first)
        touch_byte(play.file("pf"))
        second = made(play)
        play.discard(second)
        assert "was discarded" in refused(play, "products", "--as-of", second)
        play.release()
        assert {row["vid"] for row in play.ask("products", "--as-of", first)} == {"1.0"}


class TestRebuild:
    def test_files_of_others_in_the_folder_stay(self, play, tmp_path):
        delivery = made(play)
        folder = tmp_path / "again"
        (folder / "segments").mkdir(parents=True)
        (folder / "segments" / "mine").write_text("keep")
        told = play.ask("delivery", "rebuild", delivery, "--to", str(folder))
        assert (told["identical"], told["manifests_identical"], told["members_identical"]) == (
            True,
            True,
            True,
        )
        names = {path.name for path in play.packages[delivery].files}
        assert {path.name for path in folder.iterdir()} == names | {"segments"}
        assert (folder / "segments" / "mine").read_text() == "keep"

    def test_the_delivery_itself_is_not_written_over(self, play):
        delivery = made(play)
        folder = play.packages[delivery].package.parent
        before = snapshot(folder, ".")
        message = refused(play, "delivery", "rebuild", delivery, "--to", str(folder), code=1)
        assert "never written over" in message
        assert snapshot(folder, ".") == before
        data = play.packages[delivery].package.read_bytes()
        play.packages[delivery].package.unlink()
        play.ask("delivery", "rebuild", delivery, "--to", str(folder))
        assert play.packages[delivery].package.read_bytes() == data

    def test_what_was_rejected_or_discarded_can_be_looked_at(self, play, tmp_path):
        first = made(play)
        play.send(first)
        play.reject(first)
        second = made(play)
        play.discard(second)
        shutil.rmtree(play.output / "deliveries")
        for delivery in (first, second):
            told = play.ask("delivery", "rebuild", delivery, "--to", str(tmp_path / delivery))
            assert (told["identical"], told["manifests_identical"]) == (True, None)

    def test_another_version_of_the_codec_is_told(self, play, tmp_path, monkeypatch):
        delivery = made(play)
        deflate = Codec.deflate
        stored_block = Codec("zlib", 1)
        monkeypatch.setattr(Codec, "version", property(lambda _: "9.9"))
        monkeypatch.setattr(Codec, "deflate", lambda _, data: deflate(stored_block, data))
        told = play.ask("delivery", "rebuild", delivery, "--to", str(tmp_path / "again"))
        assert (told["identical"], told["manifests_identical"], told["members_identical"]) == (
            False,
            True,
            True,
        )
        assert told["recorded_codec"] in told["note"]
        assert "9.9" in told["note"]

    def test_an_object_that_is_damaged_is_named(self, play, tmp_path):
        delivery = made(play)
        path = stored(play, delivery, "/2014/" + play.file("pf").name)
        path.chmod(0o644)
        data = path.read_bytes()
        path.write_bytes(data[:-3] + b"9" + data[-2:])
        told = play.ask("delivery", "rebuild", delivery, "--to", str(tmp_path / "again"), check=4)
        assert [one.rpartition("/")[2] for one in told["damaged"]] == [play.file("pf").name]
        assert "not in store/ as they were" in told["note"]
        path.unlink()
        assert path.name in refused(
            play, "delivery", "rebuild", delivery, "--to", str(tmp_path / "more"), code=1
        )

    def test_manifests_that_somebody_changed_are_told(self, play, tmp_path):
        delivery = made(play)
        manifest = play.packages[delivery].checksum_manifest
        manifest.chmod(0o644)
        manifest.write_bytes(manifest.read_bytes() + b"\n")
        told = play.ask("delivery", "rebuild", delivery, "--to", str(tmp_path / "again"), check=4)
        assert (told["identical"], told["manifests_identical"]) == (True, False)


def test_status_tells_releases_what_waits_and_reviews(play):
    play.release()
    play.receive(QUARTERS[1], 1)
    play.run(run__mode="staging")
    status = play.ask("status")
    assert sum(status["products"].values()) == 2 * len(TYPES)
    assert status["waiting"] == {"staged": len(TYPES)}
    assert [release["release_id"] for release in status["releases"]] == ["maven_anc_r001"]
    assert [release["requires_review"] for release in status["releases"]] == [False]
    assert [row["state"] for row in status["deliveries"]] == ["accepted"]
    assert json.dumps(status)
