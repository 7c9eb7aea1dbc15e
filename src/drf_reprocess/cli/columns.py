"""Commands about the columns of a file type: what is known of them, and column sets that nobody knows yet.

``columns TYPE`` lists the columns of a type, ``columns cases`` the unknown column sets, ``columns accept ID`` takes one
over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from drf_reprocess.cli.common import (
    AsJson,
    ConfigFile,
    Overrides,
    answer,
    answer_rows,
    configure,
    places_not_needed,
)
from drf_reprocess.cli.dispositions import Reason, Who, decider, now
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.model import Kind

SHOW = "show"
"""The command that is meant where none is named: the word is a file type."""

COLUMNS_SHOWN = ("name", "kind", "unit", "dn_eu", "description", "eras", "caveat")
KINDS = (Kind.REAL, Kind.INTEGER, Kind.STATE)
CASES_SHOWN = ("case_id", "type", "columns", "files", "first", "last", "accepted", "difference")


class _TypeOrCommand(TyperGroup):
    """A group whose first word may be a file type instead of a command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - the library moved the class
        """Put the command that was left out before the first word."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [SHOW, *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the group ``columns`` to the command line."""
    app.add_typer(columns_app, name="columns")


columns_app = typer.Typer(
    cls=_TypeOrCommand,
    help="Tell the columns of a file type (`columns gnc`); list and accept column sets that no profile knows.",
    no_args_is_help=True,
)


@columns_app.command(SHOW)
def show(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="A file type of the profile, such as gnc.")],
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Tell the columns of a file type: name, unit, DN or EU, description, eras, caveats (the word may be left out)."""
    from drf_reprocess.profiles.describe import column_rows
    from drf_reprocess.profiles.load import load_profile

    loaded, _ = configure(config, [*(overrides or ()), *places_not_needed(overrides)])
    rows = column_rows(load_profile(loaded.mission.profile), type_)
    answer_rows(rows, COLUMNS_SHOWN, as_json, empty="no columns")


@columns_app.command()
def cases(config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """List the column sets that no profile knows: one case a set, with the difference from the nearest known one."""
    from drf_reprocess.dispositions.columns import case_rows
    from drf_reprocess.mission import open_mission

    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        rows = case_rows(mission)
    answer_rows(rows, CASES_SHOWN, as_json, empty="no unknown columns")


@columns_app.command()
def accept(
    case_id: Annotated[str, typer.Argument(metavar="ID", help="The case, as `columns cases` tells it.")],
    reason: Reason,
    who: Who = "",
    era: Annotated[str, typer.Option("--era", metavar="NAME", help="Name of the new era.")] = "",
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="CHANNEL=KIND",
            help="Kind of a new channel: real, integer or state; may be repeated.",
        ),
    ] = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Take a new column set over as an era of its type: the next run works on all its files."""
    from drf_reprocess.dispositions.columns import accept_columns
    from drf_reprocess.mission import open_mission

    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        document = accept_columns(
            mission,
            case_id,
            who=decider(who),
            when=now(),
            reason=reason,
            era=era,
            kinds=_kinds(kinds or ()),
        )
    answer(document, as_json)


def _kinds(given: Iterable[str]) -> dict[str, Kind]:
    kinds = {}
    for text in given:
        channel, _, kind = text.partition("=")
        if not channel or kind not in KINDS:
            raise ConfigurationError(f"--kind {text}: expected CHANNEL=KIND with one of {', '.join(KINDS)}")
        kinds[channel] = Kind(kind)
    return kinds
