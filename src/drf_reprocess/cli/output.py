"""Answers on standard output: one JSON document, or tables for people. Everything else goes to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

Row = Mapping[str, object]

WIDE = 10_000


def error_console() -> Console:
    """Return the console on standard error: progress, warnings, errors."""
    return Console(stderr=True, soft_wrap=True)


def print_json(value: object) -> None:
    """Print one JSON document."""
    json.dump(value, sys.stdout, indent=2, default=str)
    sys.stdout.write("\n")


def print_json_rows(rows: Iterable[Row]) -> None:
    """Print rows as one JSON list, a row at a time: a mission has many."""
    sys.stdout.write("[")
    separator = "\n"
    for row in rows:
        sys.stdout.write(separator + json.dumps(row, default=str))
        separator = ",\n"
    sys.stdout.write("\n]\n")


def print_rows(rows: Iterable[Row], columns: Sequence[str], *, empty: str) -> None:
    """Print rows as a table of the named columns, or the text ``empty`` if there are none."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    if table.row_count:
        terminal = Console()
        # In a pipe or a file a row is a line, however long.
        console = terminal if terminal.is_terminal else Console(width=WIDE)
        console.print(table)
    else:
        sys.stdout.write(f"{empty}\n")


def print_blank() -> None:
    """Print an empty line."""
    sys.stdout.write("\n")


def print_facts(facts: Mapping[str, object], title: str = "") -> None:
    """Print names and values, one a line; nested values indented."""
    if title:
        sys.stdout.write(f"{title}\n")
    for line in _lines(facts, 0):
        sys.stdout.write(f"{line}\n")


def _lines(value: object, depth: int) -> Iterable[str]:
    indent = "  " * depth
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, (Mapping, list, tuple)) and inner:
                yield f"{indent}{name}"
                yield from _lines(inner, depth + 1)
            else:
                yield f"{indent}{name}: {_cell(inner)}"
    elif isinstance(value, (list, tuple)):
        for inner in value:
            if isinstance(inner, Mapping):
                yield indent + ", ".join(f"{name} {_cell(part)}" for name, part in inner.items())
            else:
                yield f"{indent}{_cell(inner)}"
    else:
        yield f"{indent}{_cell(value)}"


def _cell(value: object) -> str:
    if value is None or value == [] or value == {}:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return str(value)
