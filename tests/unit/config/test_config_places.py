from __future__ import annotations

import os
from pathlib import Path

import pytest

from drf_reprocess.config.load import check_places, load_config
from drf_reprocess.config.model import Config
from drf_reprocess.config.places import local_path
from drf_reprocess.errors import ConfigurationError


def config(source: object, output: object) -> Config:
    return load_config(
        None, [f"source.uri={source}", f"output.uri={output}", "catalog.url=sqlite:///c.sqlite"], {}
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def test_good_places(source, tmp_path):
    check_places(config(source, tmp_path / "new" / "output"))
    check_places(config(f"file://{source}", f"file://{tmp_path}/output"))
    check_places(config("s3://bucket/drf", "s3://bucket/drf-archive"))


def test_a_source_that_does_not_exist(tmp_path):
    with pytest.raises(ConfigurationError, match=r"source.uri = '.*none': there is no .*none"):
        check_places(config(tmp_path / "none", tmp_path / "output"))


def test_a_source_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="is no folder; expected the folder of the received files"):
        check_places(config(tmp_path / "file", tmp_path / "output"))


def test_an_output_below_a_file(source, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"output.uri = '.*': .*file is no folder"):
        check_places(config(source, tmp_path / "file" / "output"))


def test_an_output_that_may_not_be_written(source, tmp_path, monkeypatch):
    """Rights do not bind the super-user, as who tests may run: so the answer of the system is given here."""
    parent = tmp_path / "parent"
    parent.mkdir()
    asked = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not (Path(path) == parent and mode & os.W_OK) and asked(path, mode)
    )
    with pytest.raises(ConfigurationError, match=r"output.uri = '.*': .*parent may not be written"):
        check_places(config(source, parent / "new" / "output"))


@pytest.mark.parametrize(
    ("source_uri", "output_uri", "words"),
    [
        ("{0}/a", "{0}/a", "are the same place"),
        ("{0}/a", "{0}/a/../a/", "are the same place"),
        ("file://{0}/a", "{0}/a", "are the same place"),
        ("{0}/a", "{0}/a/output", "the output is inside the source"),
        ("{0}/link", "{0}/a/output", "the output is inside the source"),
        ("{0}/a", "{0}", "the source is inside the output"),
        ("s3://bucket/drf", "s3://bucket/drf/archive", "the output is inside the source"),
        ("s3://bucket/drf/", "s3://bucket/drf", "are the same place"),
    ],
)
def test_places_that_are_not_apart(tmp_path, source_uri, output_uri, words):
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(ConfigurationError, match=words):
        check_places(config(source_uri.format(tmp_path), output_uri.format(tmp_path)))


def test_all_problems_are_told_at_once(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"(?s)there is no .*is no folder"):
        check_places(config(tmp_path / "none", tmp_path / "file" / "output"))


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/a/b/", "/a/b"),
        ("file:///a/b", "/a/b"),
        ("local:///a", "/a"),
        ("s3://bucket/a", None),
        ("memory://a", None),
    ],
)
def test_local_paths(uri, path):
    assert local_path(uri) == (Path(path) if path else None)
