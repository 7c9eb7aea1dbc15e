"""The archive as it was after an earlier delivery, and that delivery made again, when five later ones have gone out."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from drf_integration_play import QUARTERS, Play, resend, touch_byte
from drf_integration_receiver import Archive, tree_of

PROFILE = """
extends = "maven-anc"

[types.eps]
table_description = "One record per sample time of the power system."
"""
TOLD = ("lid", "vid", "data_md5", "label_md5", "start_time", "stop_time", "records")


def rows_of(play: Play, *words: str) -> list[tuple[object, ...]]:
    return sorted(tuple(row[key] for key in TOLD) for row in play.ask("products", *words))


def five_releases(play: Play) -> dict[str, list[tuple[object, ...]]]:
    """Play a release and five later ones; return what `products` listed after each delivery, by its id."""
    recorded = {}

    def release(**more: str) -> None:
        (row,) = play.release(**more)["deliveries"]
        recorded[row["delivery_id"]] = rows_of(play)

    play.receive(QUARTERS[0], 2)
    release()
    touch_byte(play.file("gnc"))
    release()
    play.receive(QUARTERS[0] + timedelta(2), 1)
    release()
    profile = play.root / "profile.toml"
    profile.write_text(PROFILE)
    play.given["mission.profile"] = str(profile)
    release(run__mode="full", run__reason="another text")
    path = play.file("pf")
    resend(path, path.with_name(f"{path.stem}_manual.drf"))
    release()
    play.ask(
        "disposition", "exclude", "--product", play.file("eps").stem, "--reason", "no data", "--who", "A"
    )
    release()
    return recorded


@pytest.fixture
def play(tmp_path, cli_here):
    return Play(tmp_path, cli_here, thorough=False)


def test_the_archive_as_it_was_after_each_delivery(play):
    recorded = five_releases(play)
    assert len(recorded) == 6
    assert len({tuple(rows) for rows in recorded.values()}) == 6
    for delivery, rows in recorded.items():
        assert rows_of(play, "--as-of", delivery) == rows, delivery
    done = play.tell("products", "--as-of", "maven_anc_d099", check=None)
    assert done.returncode != 0
    assert "maven_anc_d099" in done.json["error"]["message"]


def test_earlier_deliveries_made_again_are_the_same_bytes(play, tmp_path):
    """Package, manifests and so the archive that comes of them are those that were sent, though the source is gone."""
    recorded = five_releases(play)
    shutil.rmtree(play.source)
    play.source.mkdir()
    before = tree_of(play.output / "deliveries")
    archive = Archive(tmp_path / "again")
    for delivery in recorded:
        sent, folder = play.packages[delivery], tmp_path / "rebuilt" / delivery
        play.ask("delivery", "rebuild", delivery, "--to", str(folder))
        files = [folder / path.name for path in sent.files]
        for path, former in zip(files, sent.files, strict=True):
            assert path.read_bytes() == former.read_bytes(), path.name
        archive.apply(*files)
    assert archive.tree() == tree_of(play.bundle)
    assert tree_of(play.output / "deliveries") == before


def test_a_package_that_was_lost_is_made_again(play, tmp_path):
    """Nothing but ``store/`` and the catalog is needed."""
    recorded = five_releases(play)
    delivery = next(iter(recorded))
    sent = play.packages[delivery]
    former = {path.name: path.read_bytes() for path in sent.files}
    shutil.rmtree(sent.package.parent)
    shutil.rmtree(play.bundle)
    play.ask("delivery", "rebuild", delivery, "--to", str(tmp_path / "again"))
    for name, data in former.items():
        assert Path(tmp_path / "again" / name).read_bytes() == data
