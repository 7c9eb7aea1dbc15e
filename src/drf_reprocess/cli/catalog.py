"""Commands about the catalog as a database: ``catalog rebuild``, ``check``, ``migrate``; and ``drill``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from drf_reprocess.cli.common import (
    EXIT_VERIFICATION,
    AsJson,
    ConfigFile,
    Overrides,
    answer,
    configure,
)
from drf_reprocess.cli.output import error_console, print_blank, print_facts, print_json, print_rows
from drf_reprocess.cli.progress import ProgressObserver

catalog_app = typer.Typer(
    help="The catalog as a database: check it against the output, make it again.", no_args_is_help=True
)

DIFFERENCE_COLUMNS = ("kind", "what", "expected", "got", "remedy")
STEP_COLUMNS = ("name", "files", "bytes", "elapsed_s", "mb_s")


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(catalog_app, name="catalog")
    app.command()(drill)


@catalog_app.command()
def rebuild(config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False) -> int:
    """Make a lost or damaged catalog again from its journal, and prove its rows against the output."""
    from drf_reprocess.recovery.rebuild import rebuild_catalog

    loaded, _ = configure(config, overrides)
    with ProgressObserver(error_console()) as observer:
        document = rebuild_catalog(loaded, observer)
    return _tell(document, as_json)


@catalog_app.command()
def check(
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every byte of store/ and deliveries/ and every label, too.")
    ] = False,
) -> int:
    """Compare catalog, journal and output, and name every difference; nothing is written."""
    from drf_reprocess.recovery.check import check_catalog

    loaded, _ = configure(config, overrides)
    with ProgressObserver(error_console()) as observer:
        document = check_catalog(loaded, observer, deep=deep)
    return _tell(document, as_json)


@catalog_app.command()
def migrate(config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Bring a catalog of an older version of this software to this one's; the old one is kept beside it."""
    from drf_reprocess.recovery.migrate import migrate_output

    loaded, _ = configure(config, overrides)
    answer(migrate_output(loaded), as_json)


@catalog_app.command()
def journal(config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Write the journal anew from a catalog that is whole: after segments were lost for good, or to shorten it."""
    from drf_reprocess.recovery.rewrite import rewrite_journal

    loaded, _ = configure(config, overrides)
    answer(rewrite_journal(loaded), as_json)


def drill(
    destination: Annotated[str, typer.Argument(metavar="DEST", help="Folder for the copy: new or empty.")],
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> int:
    """Practise the worst: make catalog and Parquet of a copy again from originals and labels, and tell the time."""
    from drf_reprocess.recovery.drill import drill as run_drill

    loaded, _ = configure(config, overrides)
    with ProgressObserver(error_console()) as observer:
        document = run_drill(loaded, destination, observer)
    return _tell(document, as_json)


def _tell(document: Mapping[str, Any], as_json: bool) -> int:
    """Print a report: facts, steps, differences; return the exit code."""
    differences = document["differences"]
    if as_json:
        print_json(document)
    else:
        print_facts({name: value for name, value in document.items() if name not in ("differences", "steps")})
        print_blank()
        print_rows(document["steps"], STEP_COLUMNS, empty="nothing was done")
        print_blank()
        print_rows(differences, DIFFERENCE_COLUMNS, empty="no differences")
    return EXIT_VERIFICATION if differences else 0
