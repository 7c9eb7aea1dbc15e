"""The command line: one command a task, each a few lines over a driver function.

Exit codes: 0 success; 2 usage or configuration; 3 success with files set aside; 4 verification failed; 130
interrupted; 1 anything else.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from drf_reprocess.cli import adopt, catalog, columns, completeness, plan, why
from drf_reprocess.cli.common import (
    EXIT_VERIFICATION,
    AsJson,
    ConfigFile,
    Overrides,
    answer,
    answer_rows,
    configure,
    places_not_needed,
)
from drf_reprocess.cli.deliveries import delivery_app
from drf_reprocess.cli.dispositions import Who, decider, disposition_app, now
from drf_reprocess.cli.interrupts import heed_interrupts
from drf_reprocess.cli.output import error_console, log_handler, print_facts, print_json, printable
from drf_reprocess.cli.progress import ProgressObserver
from drf_reprocess.cli.summary import print_summary
from drf_reprocess.errors import ConfigurationError, DrfReprocessError, VerificationFailed

EXIT_FAILED = 1
EXIT_CONFIGURATION = 2
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="drf-reprocess",
    help="Reprocess a mission's daily DRF telemetry files to Parquet, PDS4 labels and verified delivery packages.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)


def main() -> NoReturn:
    """Run the command line and end the process with the documented exit code."""
    heed_interrupts()
    as_json = "--json" in sys.argv
    try:
        code = app(standalone_mode=False)
        # What the command-line library makes of an interrupt, by its version: an exit code, or Abort.
        if code == EXIT_INTERRUPTED:
            raise KeyboardInterrupt
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(
            _tell(as_json, EXIT_INTERRUPTED, "interrupted", "what was finished is kept; run again to go on")
        )
    except ConfigurationError as error:
        sys.exit(_tell(as_json, EXIT_CONFIGURATION, "configuration", str(error)))
    except VerificationFailed as error:
        sys.exit(_tell(as_json, EXIT_VERIFICATION, "verification", str(error)))
    except DrfReprocessError as error:
        sys.exit(_tell(as_json, EXIT_FAILED, type(error).__name__, str(error)))
    except Exception as error:
        usage = _usage_error(error)
        if usage is None:
            logging.getLogger(__name__).exception("the program failed; please report this")
            sys.exit(_tell(as_json, EXIT_FAILED, "internal", f"{type(error).__name__}: {error}"))
        sys.exit(_tell(as_json, EXIT_CONFIGURATION, "usage", usage))
    sys.exit(code if isinstance(code, int) else 0)


def _usage_error(error: Exception) -> str | None:
    """Return the message of an error of the command-line library about how it was called, else None."""
    format_message = getattr(error, "format_message", None)
    return str(format_message()) if callable(format_message) else None


def _tell(as_json: bool, code: int, kind: str, message: str) -> int:
    shown = printable(message, keep="\n")
    error_console().print(f"drf-reprocess: {kind}: {shown}", style="red", highlight=False)
    if as_json:
        status = "interrupted" if code == EXIT_INTERRUPTED else "failed"
        print_json({"status": status, "error": {"kind": kind, "message": message, "exit_code": code}})
    return code


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"drf-reprocess {metadata.version('drf-reprocess')}\n")
        raise typer.Exit


@app.callback()
def _start_logging(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell more on standard error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
        handlers=[log_handler()],
    )


@app.command()
def run(
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    plan_file: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            help="Run exactly this plan of `plan --to FILE`, or nothing if it is outdated.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the run that was cut off, as it was begun; nothing else if there is none.",
        ),
    ] = False,
) -> int:
    """Reprocess the mission: everything received that is new or changed, to verified deliveries."""
    from drf_reprocess.mission import open_mission
    from drf_reprocess.pipeline import as_cut_off, run_mission
    from drf_reprocess.planning.document import open_plan

    if resume and plan_file:
        raise ConfigurationError("--resume goes on with what was begun, --plan runs a plan: give one of them")
    loaded, given = configure(config, overrides)
    planned = open_plan(plan_file) if plan_file else None
    with (
        open_mission(loaded, create=True, exclusive="run") as mission,
        ProgressObserver(error_console()) as observer,
    ):
        if resume:
            unfinished = as_cut_off(mission)
            if unfinished is None:
                answer({"status": "nothing-to-resume"}, as_json)
                return 0
            mission = unfinished
        result = run_mission(mission, observer, given, os.environ, planned)
    if as_json:
        print_json(result.as_dict())
    else:
        print_summary(result.as_dict())
    return result.exit_code


@app.command()
def publish(config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Make the views bundle/ and parquet/ anew from the catalog."""
    from drf_reprocess.mission import open_mission

    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False, exclusive="publish") as mission:
        views = mission.views
        shown = views.rebuild(mission.catalog)
        document = {"files": shown, "staged_files": views.show_staged(mission.catalog)}
    answer(document, as_json)


@app.command()
def unlock(
    reason: Annotated[str, typer.Option(help="Why it is sure that nobody is at work; kept in the ledger.")],
    who: Who = "",
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Break the lock that a driver on another host left behind, when that driver is gone for good."""
    from drf_reprocess.recovery.unlock import unlock_output

    loaded, _ = configure(config, overrides)
    answer(unlock_output(loaded, decider(who), now(), reason), as_json)


@app.command()
def status(config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Tell where the mission stands: files by state, products, deliveries, runs."""
    from drf_reprocess.mission import open_mission
    from drf_reprocess.reports.products import status as report

    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        document = report(mission)
    answer(document, as_json)


@app.command()
def products(
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    type_: Annotated[str | None, typer.Option("--type", help="Only products of this file type.")] = None,
    lid: Annotated[str | None, typer.Option("--lid", help="Only the product of this LID.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Only products that end at or after this time (UTC).")
    ] = None,
    stop: Annotated[
        str | None, typer.Option("--to", help="Only products that start before this time (UTC).")
    ] = None,
    as_of: Annotated[
        str,
        typer.Option("--as-of", metavar="DELIVERY", help="The archive as this delivery's release left it."),
    ] = "",
) -> None:
    """List the products of the archive, and those that wait for the next release."""
    from drf_reprocess.mission import open_mission
    from drf_reprocess.reports.products import product_rows, product_rows_as_of

    if as_of and (type_ or lid or start or stop):
        raise ConfigurationError("--as-of lists the whole archive of that time: give no other choice with it")
    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        if as_of:
            rows = product_rows_as_of(mission, as_of)
        else:
            rows = product_rows(mission, type_=type_, lid=lid, start=start, stop=stop)
        columns = ("lid", "vid", "state", "start_time", "stop_time", "records", "bytes", "mended")
        answer_rows(rows, columns, as_json, empty="no products")


@app.command()
def quarantine(
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    group: Annotated[
        str,
        typer.Option("--group", metavar="KEYS", help="Sum up by code, type, month, state (commas between)."),
    ] = "",
) -> None:
    """List every received file that is no product: why, and what to do; `disposition` decides about them."""
    from drf_reprocess.mission import open_mission
    from drf_reprocess.reports.products import quarantine_rows
    from drf_reprocess.reports.quarantine import grouped_rows

    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        columns: tuple[str, ...] = ("code", "state", "message", "remedy", "since")
        rows: Iterable[Mapping[str, object]] = quarantine_rows(mission)
        if group:
            keys = tuple(key.strip() for key in group.split(","))
            rows, columns = grouped_rows(mission, keys), (*keys, "files", "first", "last", "message", "since")
        answer_rows(rows, columns, as_json, empty="nothing was set aside")


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A data file, received or not.")],
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Look at one file: its header, columns, findings, and the label that it would get."""
    from drf_reprocess.reports.inspection import inspect_file

    loaded, _ = configure(config, [*(overrides or ()), *places_not_needed(overrides)])
    document = inspect_file(file, loaded)
    if as_json:
        print_json(document)
    else:
        label = str(document.pop("label_preview"))
        print_facts(document)
        sys.stdout.write(label)


@app.command()
def verify(
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help="A delivery package, zip or tar.gz.")],
    as_json: AsJson = False,
    xml_catalog: Annotated[
        str | None,
        typer.Option(
            "--xml-catalog",
            metavar="FILE",
            envvar="DRF_VALIDATE__XML_CATALOG",
            help="OASIS catalog of the PDS4 schemas.",
        ),
    ] = None,
    profile: Annotated[
        str,
        typer.Option(
            "--profile",
            metavar="NAME",
            envvar="DRF_MISSION__PROFILE",
            help="Mission whose context products are registered.",
        ),
    ] = "maven-anc",
) -> int:
    """Open a finished package and prove it: both manifests, checksums, labels, inventories."""
    from drf_reprocess.reports.verification import verify_file

    document = verify_file(package, xml_catalog, profile)
    answer(document, as_json)
    return 0 if document["status"] == "ok" else EXIT_VERIFICATION


@app.command()
def sample(
    destination: Annotated[str, typer.Argument(metavar="DEST", help="Folder to write to.")],
    start: Annotated[str, typer.Option(help="First day.")] = "2014-11-15",
    days: Annotated[int, typer.Option(help="Number of days.", min=1)] = 3,
    types: Annotated[str, typer.Option(help="File types, separated by commas, or all.")] = "all",
    scale: Annotated[float, typer.Option(help="1 for sizes like the real ones.", min=0.0)] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    defects: Annotated[str, typer.Option(help="none, typical or all.")] = "none",
    variants: Annotated[str, typer.Option(help="usual or all.")] = "usual",
    as_json: AsJson = False,
) -> None:
    """Write a sample mission: made-up data in the mission's real format."""
    from drf_reprocess.cli.sample import write_sample_mission

    document = write_sample_mission(destination, start, days, types, scale, seed, defects, variants)
    if not as_json:
        document.pop("entries")
    answer(document, as_json)


adopt.register(app)
catalog.register(app)
columns.register(app)
completeness.register(app)
plan.register(app)
why.register(app)
app.add_typer(delivery_app, name="delivery")
app.add_typer(disposition_app, name="disposition")

config_app = typer.Typer(help="About the configuration.", no_args_is_help=True)
app.add_typer(config_app, name="config")


@config_app.command()
def explain(as_json: AsJson = False) -> None:
    """Print every key of the configuration with type, default and meaning."""
    from drf_reprocess.config.explain import explain as rows

    found = [asdict(row) for row in rows()]
    answer_rows(found, ("key", "type", "default", "meaning"), as_json, empty="no keys")
