"""What all commands share: the three options of every command that touches a mission, and how answers are printed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from drf_reprocess.cli.output import print_facts, print_json, print_json_rows, print_rows
from drf_reprocess.config.load import load_config
from drf_reprocess.config.model import Config

EXIT_VERIFICATION = 4

ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Configuration file (TOML).")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Set one key; may be given several times."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


def configure(config: Path | None, overrides: list[str] | None) -> tuple[Config, str]:
    """Load the configuration; return it and its text as given, for the run folder."""
    given = config.read_text() if config is not None and config.is_file() else "# no configuration file\n"
    given += "".join(f"# --set {override}\n" for override in overrides or ())
    return load_config(str(config) if config else None, overrides or (), os.environ), given


def places_not_needed(overrides: list[str] | None) -> list[str]:
    """Return overrides for commands that look at one file or one type: they need no source and no output."""
    given = {override.split("=", 1)[0] for override in overrides or ()}
    return [f"{key}=." for key in ("source.uri", "output.uri") if key not in given]


def answer(document: Mapping[str, object], as_json: bool) -> None:
    """Print one document, as JSON or as lines for people."""
    if as_json:
        print_json(document)
    else:
        print_facts(document)


def answer_rows(
    rows: Iterable[Mapping[str, object]], columns: Sequence[str], as_json: bool, *, empty: str
) -> None:
    """Print rows, as a JSON list or as a table of ``columns``; ``empty`` is said where there are none."""
    if as_json:
        print_json_rows(rows)
    else:
        print_rows(rows, columns, empty=empty)
