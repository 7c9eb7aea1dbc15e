"""What is wrong in a profile, and where the operator finds it: file, key, value, expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from drf_reprocess.errors import ProfileError

Toml = Any
"""A value of a TOML file, not yet validated: table, array, text, number or date."""

Path = tuple[str | int, ...]
"""Where a value stands in a TOML file: keys of tables and positions in arrays, from 0."""

MAX_TOLD = 12


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. ``expected`` ends the sentence that begins with key and value."""

    path: Path
    value: Toml
    expected: str
    has_value: bool = True


@dataclass(frozen=True, slots=True)
class Document:
    """One file that a profile is made of, as a tree of TOML values."""

    where: str
    tree: dict[str, Toml]


def tell_path(path: Path) -> str:
    """Return a path as a TOML author writes it: ``types.gnc.names[0].regex``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(whole file)"


def raise_problems(problems: Iterable[Problem], documents: Sequence[Document]) -> None:
    """Raise one `ProfileError` that tells all problems, a line each; nothing if there are none.

    ``documents`` are those that the profile is made of, the most particular first: the first that has the key, or the
    default that stands for it, is named.
    """
    lines = list(dict.fromkeys(_tell(problem, documents) for problem in problems))
    if not lines:
        return
    if len(lines) > MAX_TOLD:
        lines = [*lines[:MAX_TOLD], f"... and {len(lines) - MAX_TOLD} more"]
    raise ProfileError("\n".join(lines))


def _tell(problem: Problem, documents: Sequence[Document]) -> str:
    where, path = _locate(problem.path, documents)
    value = f" = {_shorten(repr(problem.value))}" if problem.has_value else ""
    return f"{where}: {tell_path(path)}{value}: {problem.expected}"


def _shorten(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _locate(path: Path, documents: Sequence[Document]) -> tuple[str, Path]:
    for candidate in _places(path):
        for document in documents:
            if _holds(document.tree, candidate):
                return document.where, candidate
    return documents[0].where, path


def _places(path: Path) -> list[Path]:
    """Return where a value may have been written: in its own place or in a default for it."""
    places = [path]
    if len(path) > 2 and path[0] == "types":
        places.append(("defaults", "type", *path[2:]))
    if len(path) > 2 and path[0] == "bundles":
        if len(path) > 4 and path[2] == "collections":
            places.append(("bundles", path[1], "collection", *path[4:]))
            places.append(("defaults", "collection", *path[4:]))
        else:
            places.append(("defaults", "bundle", *path[2:]))
    return places


def _holds(tree: Toml, path: Path) -> bool:
    for part in path:
        if isinstance(part, int):
            if not isinstance(tree, list) or part >= len(tree):
                return False
        elif not isinstance(tree, dict) or part not in tree:
            return False
        tree = tree[part]
    return True
