"""The life of a product, told in order: what was seen, decided, mended, packed, sent and answered."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from drf_integration_play import BUNDLE, QUARTERS, Play, resend, touch_byte

PF = f"{BUNDLE}:data.drf.pf"


@pytest.fixture
def play(tmp_path, cli_here):
    play = Play(tmp_path, cli_here, thorough=False)
    play.receive(QUARTERS[0], 2, types=["pf"])
    return play


def kinds(life: dict[str, Any]) -> list[str]:
    return [event["kind"] for event in life["events"]]


def told(life: dict[str, Any], kind: str) -> list[str]:
    return [event["what"] for event in life["events"] if event["kind"] == kind]


def check_order(life: dict[str, Any]) -> None:
    """Times never go back, no event is told twice, and every event says when and what."""
    times = [event["at"] for event in life["events"]]
    assert all(times)
    assert [(a, b) for a, b in pairwise(times) if a > b] == []
    seen = [(event["at"], event["kind"], event["what"]) for event in life["events"]]
    assert len(seen) == len(set(seen))
    assert all(event["what"] for event in life["events"])


def test_the_life_of_a_product_from_its_file_to_the_archive(play):
    path = play.file("pf")
    (row,) = play.release()["deliveries"]
    life = play.ask("why", path.stem)
    check_order(life)
    assert (life["lid"], life["product_id"]) == (f"{PF}:{path.stem}", path.stem)
    assert (life["kind"], life["current_vid"], life["state"], life["waiting"]) == (
        "product",
        "1.0",
        "current",
        "",
    )
    assert kinds(life) == ["run", "processed", "decided", "released", "packed", *["delivery"] * 3]
    product = play.products()[path.stem]
    decided = life["events"][2]
    assert (decided["data_md5"], decided["label_md5"]) == (product["data_md5"], product["label_md5"])
    assert decided["source"] == str(path)
    packed = life["events"][4]
    assert set(packed["files"].values()) == {product["data_md5"], product["label_md5"]}
    assert (packed["delivery_id"], packed["release_id"]) == (row["delivery_id"], row["release_id"])
    states = [what.partition(" is ")[2].partition(":")[0] for what in told(life, "delivery")]
    assert states == ["verified", "sent", "accepted"]


def test_every_version_is_told_with_what_became_of_it(play):
    """A version that was discarded, one that was rejected, and a campaign."""
    path = play.file("pf")
    play.release()
    touch_byte(path)
    (gone,) = play.run()["deliveries"]
    play.discard(gone["delivery_id"], "too early")
    touch_byte(path)
    (back,) = play.run()["deliveries"]
    play.send(back["delivery_id"])
    play.reject(back["delivery_id"], "no room")
    play.release(run__mode="full", run__reason="new model", release__bump="minor")
    life = play.ask("why", f"{PF}:{path.stem}::2.0")
    check_order(life)
    decided = [event for event in life["events"] if event["kind"] == "decided"]
    assert [event["vid"] for event in decided] == ["1.0", "2.0", "2.0", "2.1"]
    assert ["data_md5" in event for event in decided] == [True, False, True, True]
    assert "given up since" in decided[1]["what"]
    assert "new model" in decided[3]["what"]
    assert decided[2]["data_md5"] == decided[3]["data_md5"] != decided[0]["data_md5"]
    deliveries = " | ".join(told(life, "delivery"))
    assert f"{gone['delivery_id']} is discarded: " in deliveries
    assert "too early" in deliveries
    assert f"{back['delivery_id']} is rejected: " in deliveries
    assert any("full, new model" in what for what in told(life, "run"))
    assert len(told(life, "run")) == 4


def test_a_family_is_told_together(play):
    """A renamed variant takes over and is excluded again; both lives tell it."""
    path = play.file("pf")
    play.release()
    manual = path.with_name(f"{path.stem}_manual.drf")
    resend(path, manual)
    play.release()
    life = play.ask("why", path.name)
    check_order(life)
    assert (life["state"], life["current_vid"]) == ("left", "")
    assert [what for what in told(life, "superseded") if manual.name in what]
    assert [what for what in told(life, "decided") if what.startswith(f"{manual.stem} 1.0: new")]
    (left,) = told(life, "left")
    assert left.startswith(f"{PF}:{path.stem} leaves the archive")
    play.ask("disposition", "exclude", "--source", str(manual), "--reason", "old tool", "--who", "Ada")
    play.release()
    life = play.ask("why", str(path))
    check_order(life)
    assert (life["state"], life["current_vid"]) == ("current", "1.1")
    (disposed,) = told(life, "disposed")
    assert "by Ada" in disposed
    assert "old tool" in disposed
    assert [what for what in told(life, "excluded") if manual.name in what]
    assert play.ask("why", manual.stem)["state"] == "left"


def test_a_version_that_comes_back_is_told(play):
    path = play.file("pf")
    play.release()
    data = path.read_bytes()
    touch_byte(path)
    (row,) = play.run()["deliveries"]
    play.discard(row["delivery_id"])
    path.write_bytes(data)
    play.run()
    life = play.ask("why", path.stem)
    check_order(life)
    assert (life["state"], life["current_vid"]) == ("current", "1.0")
    assert kinds(life)[: kinds(life).index("returned")].count("decided") == 2
    (returned,) = told(life, "returned")
    assert returned.startswith("1.0 stands in the archive again")


def test_repairs_and_findings_are_told_in_words(play):
    path = play.file("pf")
    data = path.read_bytes()
    path.write_bytes(data[: -len(data.split(b"\n")[-2]) // 2])
    play.run()
    life = play.ask("why", path.stem)
    check_order(life)
    product = play.products()[path.stem]
    assert product["mended"] != []
    assert told(life, "repaired") == [f"1.0: {words}" for words in product["mended"]]


def test_what_never_made_a_product_has_a_life_too(play):
    path = play.file("pf")
    path.write_bytes(b"")
    odd = path.with_name("notes about nothing.drf")
    odd.write_bytes(b"x")
    play.run(check=3)
    life = play.ask("why", path.stem)
    assert (life["state"], life["lid"], life["current_vid"]) == ("quarantined", f"{PF}:{path.stem}", "")
    (what,) = told(life, "quarantined")
    assert what.count("quarantined") == 1
    life = play.ask("why", odd.name)
    assert (life["kind"], life["lid"], life["state"]) == ("file", "", "quarantined")
    assert [what for what in told(life, "quarantined") if "name-unknown" in what]


def test_what_is_staged_waits_beside_what_stands(play):
    path = play.file("pf")
    play.release()
    touch_byte(path)
    play.run(run__mode="staging")
    life = play.ask("why", path.stem)
    assert (life["state"], life["current_vid"], life["waiting"]) == ("current", "1.0", "2.0 staged")
    play.receive(QUARTERS[1], 1, types=["pf"])
    play.run(run__mode="staging")
    fresh = play.file("pf", 2)
    life = play.ask("why", fresh.stem)
    assert (life["state"], life["current_vid"], life["waiting"]) == ("staged", "", "")
    play.release()
    life = play.ask("why", fresh.stem)
    decided = [event for event in life["events"] if event["kind"] == "decided"]
    assert [event["vid"] for event in decided] == ["1.0", "1.0"]
    assert "provisional" in decided[0]["what"]
    assert "data_md5" in decided[1]


def test_collections_and_bundles_have_lives(play):
    play.release()
    play.receive(QUARTERS[1], 1, types=["pf"])
    (row,) = play.release()["deliveries"]
    for lid, kind in ((PF, "collection"), (BUNDLE, "bundle")):
        life = play.ask("why", lid)
        check_order(life)
        assert (life["kind"], life["current_vid"], life["state"]) == (kind, "1.1", "current")
        made = [event for event in life["events"] if event["kind"] == "made"]
        assert [event["vid"] for event in made] == ["1.0", "1.1"]
        assert "1 product added" in made[1]["what"]
        assert [event["delivery_id"] for event in life["events"] if event["kind"] == "packed"][-1] == row[
            "delivery_id"
        ]
        order = kinds(life)
        assert order.index("run") < order.index("made") < order.index("packed") < order.index("delivery")


def test_an_adopted_version_is_told_with_its_history(play, tmp_path):
    path = play.file("pf")
    play.release()
    touch_byte(path)
    play.release()
    other = Play(tmp_path / "other", play.cli, thorough=False)
    other.receive(QUARTERS[0], 2, types=["pf"])
    delivery = other.adopt(play.bundle)["delivery_id"]
    life = other.ask("why", path.stem)
    check_order(life)
    (adopted,) = (event for event in life["events"] if event["kind"] == "adopted")
    assert (adopted["vid"], adopted["delivery_id"]) == ("2.0", delivery)
    (former,) = (event for event in life["events"] if event["kind"] == "history")
    assert former["vid"] == "1.0"
    assert "First release" in former["what"]
    life = other.ask("why", PF)
    assert [event["vid"] for event in life["events"] if event["kind"] == "adopted"] == ["1.1"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("{stem}x", "{stem}"),
        ("{pf}:{stem}x::1.0", "{stem}"),
        ("urn:nasa:pds:maven.anc:data.drf.pg", "{pf}"),
        ("pf/2014/{stem}_x.drf", "{stem}"),
    ],
)
def test_what_is_unknown_is_refused_with_what_is_near(play, name, near):
    play.run()
    words = {"stem": play.file("pf").stem, "pf": PF}
    done = play.tell("why", name.format(**words), check=2)
    message = done.json["error"]["message"]
    assert repr(name.format(**words)) in message
    assert f" {near.format(**words)}" in message.partition("near it:")[2]


def test_people_read_a_table(play):
    play.run()
    stem = play.file("pf").stem
    words = ("--set", f"source.uri={play.source}", "--set", f"output.uri={play.output}")
    text = play.cli("why", stem, *words, check=0).stdout
    assert f"lid: {PF}:{stem}" in text
    lines = text.splitlines()
    assert [line.split()[1] for line in lines[lines.index("") + 2 :]] == kinds(play.ask("why", stem))
