"""The command ``completeness``: what is missing, since when and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drf_reprocess.cli.common import AsJson, ConfigFile, Overrides, configure
from drf_reprocess.cli.output import print_json, print_rows
from drf_reprocess.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(completeness)


def completeness(
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="First day or time (UTC).")] = "",
    stop: Annotated[str, typer.Option("--to", metavar="TIME", help="Day or time before which it ends.")] = "",
    types: Annotated[str, typer.Option("--type", metavar="T", help="Only these types, commas between.")] = "",
    receiver: Annotated[
        str,
        typer.Option(
            "--receiver", metavar="NAME", help="Whose deliveries count; release.receiver if not given."
        ),
    ] = "",
    events: Annotated[
        Path | None,
        typer.Option("--events", metavar="FILE", help="CSV of mission events: start,stop,kind,text."),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the holes as CSV.")] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw types over time: .png or .svg.")
    ] = None,
) -> None:
    """Compare what was received, processed, delivered and accepted, and give each hole its reason."""
    from drf_reprocess.mission import open_mission
    from drf_reprocess.reports import coverage as report
    from drf_reprocess.reports.picture import draw, picture_format

    format_ = picture_format(picture.name) if picture else ""
    loaded, _ = configure(config, overrides)
    told = report.read_events(_read(events), str(events)) if events else ()
    wanted = tuple(name.strip() for name in types.split(",") if name.strip())
    request = report.Request(receiver or loaded.release.receiver, start, stop, wanted, told)
    with open_mission(loaded, create=False) as mission:
        found = report.completeness(mission, request)
    if csv:
        _write(csv, report.as_csv(found.holes).encode())
    if picture:
        _write(picture, draw(found, format_))
    document = report.as_dict(found)
    if as_json:
        print_json(document)
        return
    levels = ("received", "processed", "delivered", "accepted")
    print_rows(document["types"], ("type", "products", *levels, "holes"), empty="nothing was received yet")
    print_rows(document["holes"], report.HOLE_COLUMNS, empty="no holes")
    if found.absent_types:
        print_rows([{"never received": ", ".join(found.absent_types)}], ("never received",), empty="")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}") from error
