"""Commands for persons who decide about received files: ``disposition accept``, ``mask``, ``list`` and so on."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from drf_reprocess.cli.common import AsJson, ConfigFile, Overrides, answer, answer_rows, configure
from drf_reprocess.cli.output import print_json
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.model import Action, Disposition

disposition_app = typer.Typer(
    help="Decide about received files: decisions are kept as data and replayed at every reprocessing.",
    no_args_is_help=True,
)

Source = Annotated[str, typer.Option("--source", metavar="PATH", help="One received file.")]
Product = Annotated[str, typer.Option("--product", metavar="ID", help="The files of one product.")]
Code = Annotated[str, typer.Option("--code", metavar="C", help="Files set aside for this reason code.")]
FileTypeName = Annotated[str, typer.Option("--type", metavar="T", help="Files of this type.")]
Month = Annotated[
    str, typer.Option("--month", metavar="YYYY-MM", help="Files of this month, by their names.")
]
Who = Annotated[str, typer.Option("--who", metavar="NAME", help="Who decides; the login name if not given.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the product's history.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Tell which files it would be about; decide nothing.")
]

LISTED_COLUMNS = ("disposition_id", "action", "source_name", "code", "who", "when", "reason")


def now() -> str:
    """Return the time of a decision made now: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decider(who: str) -> str:
    """Return who decides: as given, else the login name."""
    if who.strip():
        return who
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise ConfigurationError("this login has no name; say who decides by --who NAME") from None


def told(disposition: Disposition) -> dict[str, object]:
    """Return a disposition as a row."""
    return asdict(disposition) | {"action": str(disposition.action)}


def _decide(
    action: Action,
    selectors: Mapping[str, str],
    common: tuple[Path | None, list[str] | None, bool, bool],
    who: str,
    reason: str,
    *,
    start: str = "",
    stop: str = "",
    replacement: str = "",
) -> None:
    from drf_reprocess.dispositions.desk import propose, put_in_force
    from drf_reprocess.dispositions.selection import Selection
    from drf_reprocess.mission import open_mission

    config, overrides, as_json, dry_run = common
    when = now()
    data = _read(replacement) if replacement else None
    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        decided = propose(
            mission,
            action,
            Selection(**selectors),
            who=decider(who),
            when=when,
            reason=reason,
            start=start,
            stop=stop,
            replacement=data,
        )
        added = 0 if dry_run else put_in_force(mission, decided, when, data)
    _answer(decided, added, as_json)


def _answer(decided: Sequence[Disposition], added: int, as_json: bool) -> None:
    rows = [told(disposition) for disposition in decided]
    if as_json:
        print_json({"files": len(rows), "in_force": added, "dispositions": rows})
    else:
        answer_rows(rows, LISTED_COLUMNS, False, empty="nothing was decided")
        answer({"files": len(rows), "put in force": added, "next": "the next `run` works on them"}, False)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from None


@disposition_app.command()
def accept(
    reason: Reason,
    source: Source = "",
    product: Product = "",
    code: Code = "",
    type_: FileTypeName = "",
    month: Month = "",
    who: Who = "",
    dry_run: DryRun = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Take files as they are: the science gate's objection is not to stop them."""
    selectors = _selectors(source, product, code, type_, month)
    _decide(Action.ACCEPT, selectors, (config, overrides, as_json, dry_run), who, reason)


@disposition_app.command("drop-records")
def drop_records(
    reason: Reason,
    source: Source = "",
    product: Product = "",
    code: Code = "",
    type_: FileTypeName = "",
    month: Month = "",
    who: Who = "",
    dry_run: DryRun = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Leave out the damaged records of files, however many, but never all."""
    selectors = _selectors(source, product, code, type_, month)
    _decide(Action.DROP_RECORDS, selectors, (config, overrides, as_json, dry_run), who, reason)


@disposition_app.command()
def exclude(
    reason: Reason,
    source: Source = "",
    product: Product = "",
    code: Code = "",
    type_: FileTypeName = "",
    month: Month = "",
    who: Who = "",
    dry_run: DryRun = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Do not archive files."""
    selectors = _selectors(source, product, code, type_, month)
    _decide(Action.EXCLUDE, selectors, (config, overrides, as_json, dry_run), who, reason)


@disposition_app.command()
def mask(
    reason: Reason,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="First time left out (UTC).")],
    stop: Annotated[str, typer.Option("--to", metavar="TIME", help="First time kept after it (UTC).")],
    source: Source = "",
    product: Product = "",
    code: Code = "",
    type_: FileTypeName = "",
    month: Month = "",
    who: Who = "",
    dry_run: DryRun = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Leave out the records of an interval."""
    selectors = _selectors(source, product, code, type_, month)
    common = (config, overrides, as_json, dry_run)
    _decide(Action.MASK, selectors, common, who, reason, start=start, stop=stop)


@disposition_app.command()
def replace(
    reason: Reason,
    with_: Annotated[str, typer.Option("--with", metavar="FILE", help="File whose bytes stand for it.")],
    source: Source = "",
    product: Product = "",
    who: Who = "",
    dry_run: DryRun = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Archive another file's bytes in the place of one file's, under its name."""
    common = (config, overrides, as_json, dry_run)
    _decide(Action.REPLACE, _selectors(source, product), common, who, reason, replacement=with_)


@disposition_app.command()
def choose(
    reason: Reason,
    source: Source = "",
    product: Product = "",
    code: Code = "",
    type_: FileTypeName = "",
    month: Month = "",
    who: Who = "",
    dry_run: DryRun = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Of all files that claim the same data, this one stands."""
    selectors = _selectors(source, product, code, type_, month)
    _decide(Action.CHOOSE, selectors, (config, overrides, as_json, dry_run), who, reason)


def _selectors(source: str, product: str, code: str = "", type_: str = "", month: str = "") -> dict[str, str]:
    return {"source": source, "product": product, "code": code, "type": type_, "month": month}


@disposition_app.command("list")
def list_(config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """List the decisions in force, oldest first."""
    from drf_reprocess.mission import open_mission

    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        rows = [told(disposition) for disposition in mission.catalog.dispositions()]
    answer_rows(rows, LISTED_COLUMNS, as_json, empty="no decisions")


@disposition_app.command()
def withdraw(
    disposition_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")],
    reason: Reason,
    who: Who = "",
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Take a decision back: the next run works on its file without it."""
    from drf_reprocess.dispositions.desk import withdraw as take_back
    from drf_reprocess.mission import open_mission

    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        taken = take_back(mission, disposition_id, who=decider(who), when=now(), reason=reason)
    answer({"withdrawn": taken.disposition_id} | told(taken), as_json)


@disposition_app.command("export")
def export_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV file to write; - for standard output.")],
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Write the decisions in force as a text file fit for version control."""
    from drf_reprocess.dispositions.desk import export
    from drf_reprocess.mission import open_mission

    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        text = export(mission.catalog)
        count = len(mission.catalog.dispositions())
    if file == "-":
        sys.stdout.write(text.decode())
        return
    try:
        Path(file).write_bytes(text)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror or error}") from None
    answer({"file": file, "dispositions": count, "bytes": len(text)}, as_json)


@disposition_app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV file as `disposition export` writes it.")],
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Put the decisions of a text file in force; those that are so already stay."""
    from drf_reprocess.dispositions.desk import import_text
    from drf_reprocess.mission import open_mission

    text = _read(file)
    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=True) as mission:
        added, total = import_text(mission, text, now())
    answer({"file": file, "dispositions": total, "put in force": added}, as_json)
