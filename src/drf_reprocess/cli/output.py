"""Answers on standard output: one JSON document, or tables for people. Everything else goes to standard error.

Names of received files, members of packages and labels are somebody else's texts: no control character of theirs reaches a
terminal, and no ``[`` or ``:`` in them is taken for a style.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

Row = Mapping[str, object]

WIDE = 10_000


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line and paragraph separators, marks that turn the direction of writing, bytes that are no UTF-8."""


def printable(text: str, keep: str = "") -> str:
    """Return a text with every control character written out (``\\n``, ``\\x1b``), but for those of ``keep``."""
    return _CONTROL.sub(lambda match: match[0] if match[0] in keep else _written_out(match[0]), text)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


class _SafeFormatter(logging.Formatter):
    """Messages of the log on one line each, tracebacks on their own lines, without any other control character."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return printable(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record), keep="\n")


def log_handler() -> logging.Handler:
    """Return the handler that shows log messages on standard error."""
    handler = RichHandler(console=error_console(), show_path=False)
    handler.setFormatter(_SafeFormatter("%(message)s"))
    return handler


def error_console() -> Console:
    """Return the console on standard error: progress, warnings, errors."""
    return Console(stderr=True, soft_wrap=True, markup=False, emoji=False)


def print_json(value: object) -> None:
    """Print one JSON document."""
    for part in json.JSONEncoder(indent=2, default=str).iterencode(value):
        sys.stdout.write(_to_ascii(part))
    sys.stdout.write("\n")


def print_json_rows(rows: Iterable[Row]) -> None:
    """Print rows as one JSON list, a row at a time: a mission has many."""
    sys.stdout.write("[")
    separator = "\n"
    for row in rows:
        sys.stdout.write(separator + _to_ascii(json.dumps(row, default=str)))
        separator = ",\n"
    sys.stdout.write("\n]\n")


def _to_ascii(text: str) -> str:
    """JSON leaves one control character as it is."""
    return text.replace("\x7f", "\\u007f")


def print_rows(rows: Iterable[Row], columns: Sequence[str], *, empty: str) -> None:
    """Print rows as a table of the named columns, or the text ``empty`` if there are none."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    if table.row_count:
        terminal = Console(markup=False, emoji=False)
        # In a pipe or a file a row is a line, however long.
        console = terminal if terminal.is_terminal else Console(width=WIDE, markup=False, emoji=False)
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
                yield f"{indent}{printable(str(name))}"
                yield from _lines(inner, depth + 1)
            else:
                yield f"{indent}{printable(str(name))}: {_cell(inner)}"
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
        return printable("; ".join(map(str, value)))
    return printable(str(value))
