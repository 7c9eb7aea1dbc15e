"""The command ``why``: the life of one product, in order."""

from __future__ import annotations

from typing import Annotated

import typer

from drf_reprocess.cli.common import AsJson, ConfigFile, Overrides, configure
from drf_reprocess.cli.output import print_blank, print_facts, print_json, print_rows


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(why)


def why(
    name: Annotated[
        str,
        typer.Argument(
            metavar="LID",
            help="LID or LIDVID of a product, a collection or a bundle; a product id; or the name of a received file.",
        ),
    ],
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Tell the life of a product: every source, decision, finding, repair, version, delivery and run, in order."""
    from drf_reprocess.mission import open_mission
    from drf_reprocess.reports.why import why as life_of

    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        document = life_of(mission, name).as_dict()
    if as_json:
        print_json(document)
        return
    events = document.pop("events")
    print_facts({key: value for key, value in document.items() if value})
    print_blank()
    if isinstance(events, list):
        print_rows(events, ("at", "kind", "what"), empty="nothing was noted")
