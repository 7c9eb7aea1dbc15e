"""The command ``plan``: what a run would do, printed and written to files; nothing else is written."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from drf_reprocess.cli.common import AsJson, ConfigFile, Overrides, configure
from drf_reprocess.cli.output import error_console, print_blank, print_facts, print_rows
from drf_reprocess.cli.progress import ProgressObserver
from drf_reprocess.errors import ConfigurationError

SHOWN = 40
"""So many products are printed; the files have all."""

COLUMNS = ("product_id", "reason", "decision", "code", "present_vid", "expected_vid", "bytes")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(plan)


def plan(
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Read no file: tell all that may come of products that have a version."),
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE.json", help="Write the plan, for `run --plan`."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE.csv", help="Write the products of the plan as CSV.")
    ] = None,
) -> None:
    """Tell what a run would do with each product, and what it needs; nothing of the mission is written."""
    from drf_reprocess.mission import open_mission
    from drf_reprocess.planning.document import CsvSink, JsonSink, ShortSink, Sink
    from drf_reprocess.planning.driver import plan_mission
    from drf_reprocess.runs import decide_run_time

    loaded, _ = configure(config, overrides)
    short = ShortSink(SHOWN)
    with contextlib.ExitStack() as stack:
        sinks: list[Sink] = [short]
        if to is not None:
            sinks.append(JsonSink(stack.enter_context(_whole_file(to))))
        if csv is not None:
            sinks.append(CsvSink(stack.enter_context(_whole_file(csv))))
        if as_json:
            # Standard output is to hold one document, also if the plan fails half way.
            spool = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            sinks.append(JsonSink(spool))
        mission = stack.enter_context(open_mission(loaded, create=False, scratch=True))
        observer = stack.enter_context(ProgressObserver(error_console()))
        plan_mission(mission, decide_run_time(loaded, os.environ), sinks, observer, quick=quick)
        if as_json:
            spool.seek(0)
            shutil.copyfileobj(spool, sys.stdout)
    if not as_json:
        _print(short.document, short.rows, short.count)


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[TextIO]:
    """Give a text file that appears under its name when it is complete, or never."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigurationError(
            f"cannot write {path}: {error.strerror}; expected a file in a folder that is there"
        ) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _print(document: Mapping[str, Any], rows: list[dict[str, Any]], count: int) -> None:
    """Print the plan for people: its counts, the first products, and what follows from them."""
    work, disk, time = document["to_process"], document["disk"], document["time"]
    print_facts(
        {
            "mode": document["mode"] + (f", {document['reason']}" if document["reason"] else ""),
            "received files": f"{document['files']}, {document['files_bytes']} bytes",
            "still arriving": document["arriving"],
            "to process": f"{work['products']} families, {work['files']} files, {work['bytes']} bytes",
            "reasons": document["reasons"],
            "expected decisions": document["decisions"],
            "to set aside unread": [f"{row['code']}: {row['message']}" for row in document["to_set_aside"]],
            "settled": document["settled"],
            "disk needed": f"{disk['needed_bytes']} bytes" + _free(disk),
            "estimated time": f"{time['estimated_s']} s ({time['basis']})",
        }
    )
    for run_id in document["resumes"]:
        print_facts({"resumes": run_id})
    print_blank()
    print_rows(rows, COLUMNS, empty="no product needs work")
    if count > len(rows):
        print_facts(
            {
                "not shown": f"{count - len(rows)} more products; `plan --to FILE.json` or `--csv FILE.csv` has all"
            }
        )
    for row in rows:
        if row["differences"]:
            print_facts({f"{row['lid']} keeps its label, which differs in": row["differences"]})
    if document["collections"]:
        print_blank()
        print_rows(document["collections"], ("lid", "kind", "present_vid", "expected_vid"), empty="")
    if document["deliveries"]:
        print_blank()
        columns = ("delivery_ids", "first_day", "last_day", "products", "bytes", "package_bytes")
        print_rows(document["deliveries"], columns, empty="")
        print_facts({"package sizes by a compression": document["compression"]})


def _free(disk: Mapping[str, Any]) -> str:
    if disk["free_bytes"] is None:
        return ""
    return f", {disk['free_bytes']} free" + ("" if disk["is_enough"] else ": NOT ENOUGH")
