"""Whether source and output can be worked with, before any work is begun."""

from __future__ import annotations

import os
from pathlib import Path

from drf_reprocess.config.model import Config
from drf_reprocess.errors import ConfigurationError


def local_path(uri: str) -> Path | None:
    """Return the absolute path that a plain path or a ``file://`` URI names, None for any other URI."""
    scheme, separator, path = uri.partition("://")
    if separator and scheme not in {"file", "local"}:
        return None
    return Path(os.path.abspath(os.path.expanduser(path if separator else uri)))


def check_places(config: Config) -> None:
    """Raise a `ConfigurationError` that lists what is wrong with the folders of source and output.

    Local places must be there and permit what is to be done; of places elsewhere only their relation is checked.
    """
    problems = [*_check_source(config.source.uri), *_check_output(config.output.uri)]
    problems += _check_apart(config.source.uri, config.output.uri)
    if problems:
        raise ConfigurationError("\n".join(problems))


def _check_source(uri: str) -> list[str]:
    root = local_path(uri)
    if root is None:
        return []
    if not root.exists():
        return [f"source.uri = {uri!r}: there is no {root}; expected the folder of the received files"]
    if not root.is_dir():
        return [f"source.uri = {uri!r}: {root} is no folder; expected the folder of the received files"]
    if not os.access(root, os.R_OK | os.X_OK):
        return [f"source.uri = {uri!r}: {root} may not be read; give this user the right to"]
    return []


def _check_output(uri: str) -> list[str]:
    root = local_path(uri)
    if root is None:
        return []
    nearest = next(path for path in (root, *root.parents) if path.exists())
    if not nearest.is_dir():
        return [
            f"output.uri = {uri!r}: {nearest} is no folder; expected a folder, or a place where one can be made"
        ]
    if not os.access(nearest, os.W_OK | os.X_OK):
        return [
            f"output.uri = {uri!r}: {nearest} may not be written; give this user the right to, or name another place"
        ]
    return []


def _check_apart(source_uri: str, output_uri: str) -> list[str]:
    source, output = _comparable(source_uri), _comparable(output_uri)
    if source == output:
        relation = "are the same place"
    elif source.startswith(output):
        relation = "are not apart: the source is inside the output"
    elif output.startswith(source):
        relation = "are not apart: the output is inside the source"
    else:
        return []
    return [
        f"source.uri = {source_uri!r} and output.uri = {output_uri!r} {relation}; keep them in separate folders"
    ]


def _comparable(uri: str) -> str:
    """Return a text that starts with that of every place around this one; symbolic links are followed."""
    path = local_path(uri)
    return (uri if path is None else os.path.realpath(path)).rstrip("/") + "/"
