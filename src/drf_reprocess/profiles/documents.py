"""The files that a profile is made of: its TOML file, its table of columns, and the profile that it extends."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable, Iterator

from drf_reprocess.errors import ProfileError
from drf_reprocess.profiles.problems import Document, Toml

COLUMN_KEYS = ("name", "source_name", "dn_eu", "kind", "unit", "scaling_factor", "description", "caveat")
TABLE_KEYS = ("type", "era", "position", *COLUMN_KEYS)

Companion = Callable[[str, str], tuple[str, str]]
"""Given the name of a file and the file that names it, returns where it stands and what it holds."""


def read_documents(text: str, where: str, companion: Companion) -> list[Document]:
    """Return the documents that a profile is made of, the most particular first.

    They are the file itself, its table of columns if it names one, then those of the profile that it extends, without
    what ``drop`` takes away. ``ProfileError`` if a file is no TOML or CSV, or if profiles extend one another in a ring.
    """
    return list(_read(text, where, companion, frozenset({where})))


def merge_trees(under: dict[str, Toml], over: dict[str, Toml]) -> dict[str, Toml]:
    """Return ``under`` with what ``over`` says: tables are merged key by key, all else is replaced."""
    merged = dict(under)
    for key, value in over.items():
        former = merged.get(key)
        both = isinstance(former, dict) and isinstance(value, dict)
        merged[key] = merge_trees(former, value) if both and former is not None else value
    return merged


def merge_documents(documents: list[Document]) -> dict[str, Toml]:
    """Return one tree of all documents; the first has the last word."""
    tree: dict[str, Toml] = {}
    for document in reversed(documents):
        tree = merge_trees(tree, document.tree)
    return tree


def _read(text: str, where: str, companion: Companion, seen: frozenset[str]) -> Iterator[Document]:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{where}: not a TOML file: {error}") from error
    columns = _take_text(tree, "columns", where)
    base = _take_text(tree, "extends", where)
    drop = tree.pop("drop", [])
    if not isinstance(drop, list) or not all(isinstance(path, str) for path in drop):
        raise ProfileError(f"{where}: drop = {drop!r}: expected a list of keys, as ['bundles.anc', 'phases']")
    _complete_column_sets(tree)
    yield Document(where, tree)
    if columns is not None:
        columns_where, columns_text = companion(columns, where)
        yield Document(columns_where, read_column_table(columns_text, columns_where))
    if base is None:
        if drop:
            raise ProfileError(
                f"{where}: drop = {drop!r}: expected only beside 'extends', whose keys it drops"
            )
        return
    base_where, base_text = companion(base, where)
    if base_where in seen:
        raise ProfileError(f"{where}: extends = {base!r}: expected a profile that does not extend this one")
    documents = list(_read(base_text, base_where, companion, seen | {base_where}))
    for path in drop:
        # Every document is asked: a dropped type stands in the TOML file and in its table of columns.
        if not [document for document in documents if _drop(document.tree, path.split("."))]:
            raise ProfileError(f"{where}: drop: {path!r}: expected a key that {base_where} has")
    yield from documents


def _take_text(tree: dict[str, Toml], key: str, where: str) -> str | None:
    value = tree.pop(key, None)
    if value is not None and not isinstance(value, str):
        raise ProfileError(f"{where}: {key} = {value!r}: expected the name of a file, in quotes")
    return value


def _complete_column_sets(tree: dict[str, Toml]) -> None:
    """Let columns written in place replace a column set as a whole, with what an extended profile says of its order."""
    types = tree.get("types")
    for file_type in types.values() if isinstance(types, dict) else ():
        sets = file_type.get("column_sets") if isinstance(file_type, dict) else None
        for column_set in sets.values() if isinstance(sets, dict) else ():
            if isinstance(column_set, dict) and isinstance(column_set.get("columns"), list):
                column_set.setdefault("ordered", len(column_set["columns"]))
                column_set.setdefault("assumed", False)


def _drop(tree: Toml, path: list[str]) -> bool:
    *parents, last = path
    for key in parents:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return isinstance(tree, dict) and tree.pop(last, None) is not None


def read_column_table(text: str, where: str) -> dict[str, Toml]:
    """Return the tree that a CSV table of columns stands for: ``types.<type>.column_sets.<era>``.

    One row a column, in the order of the record; ``position`` is blank where the order is not known. The columns of an
    era whose position is known come first: ``ordered`` is their number. ``ProfileError`` for an unknown column of the
    table, a row of another length, or a position that does not follow.
    """
    rows = csv.reader(io.StringIO(text, newline=""))
    head = next(rows, [])
    if unknown := [key for key in head if key not in TABLE_KEYS]:
        raise ProfileError(f"{where}: line 1: unknown {', '.join(unknown)}; expected {', '.join(TABLE_KEYS)}")
    if missing := {"type", "name"} - set(head):
        raise ProfileError(
            f"{where}: line 1: no {', '.join(sorted(missing))}; expected at least type and name"
        )
    types: dict[str, Toml] = {}
    for cells in rows:
        if not cells:
            continue
        if len(cells) != len(head):
            raise ProfileError(f"{where}: line {rows.line_num}: {len(cells)} cells; expected {len(head)}")
        row = dict(zip(head, cells, strict=True))
        sets = types.setdefault(row["type"], {"column_sets": {}})["column_sets"]
        era = sets.setdefault(row.get("era") or "all", {"columns": [], "ordered": 0, "assumed": False})
        era["columns"].append({key: row[key] for key in COLUMN_KEYS if row.get(key)})
        _count_position(era, row.get("position"), f"{where}: line {rows.line_num}")
    return {"types": types}


def _count_position(era: dict[str, Toml], position: str | None, place: str) -> None:
    if position == "":
        return
    era["ordered"] += 1
    count = len(era["columns"])
    if era["ordered"] != count or (position is not None and position != str(count)):
        raise ProfileError(
            f"{place}: position = {position!r}: expected {count}, since it is column {count} of its type and era "
            "(blank if the order is not known: then for all that follow, too)"
        )
