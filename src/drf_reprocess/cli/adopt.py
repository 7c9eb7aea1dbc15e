"""The command ``adopt``: a bundle that stands in the archive already, whoever wrote it, into the catalog."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from drf_reprocess.cli.common import AsJson, ConfigFile, Overrides, configure
from drf_reprocess.cli.output import error_console, print_facts, print_json, print_rows
from drf_reprocess.cli.progress import ProgressObserver


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(adopt)


def adopt(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE_URI", help="Root folder of the bundle.")],
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    data: Annotated[
        bool, typer.Option("--data", help="Read, prove and keep the data files, too, not only labels.")
    ] = False,
) -> int:
    """Take over a bundle that is in the archive already, so that its versions and histories go on from there."""
    from drf_reprocess.adoption import adopt_bundle
    from drf_reprocess.mission import open_mission

    loaded, given = configure(config, overrides)
    with (
        open_mission(loaded, create=True, exclusive="adopt") as mission,
        ProgressObserver(error_console()) as observer,
    ):
        result = adopt_bundle(mission, bundle, observer, given, os.environ, take_data=data)
    document = result.as_dict()
    if as_json:
        print_json(document)
        return result.exit_code
    rows = [*result.not_adopted, *result.findings]
    document |= {"not_adopted": len(result.not_adopted), "findings": len(result.findings)}
    print_facts(document)
    print_rows(rows, ("code", "severity", "message", "remedy"), empty="everything was adopted")
    return result.exit_code
