"""Commands about deliveries: ``delivery list``, ``sent``, ``accept``, ``reject``, ``discard`` and so on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from drf_reprocess.cli.common import (
    EXIT_VERIFICATION,
    AsJson,
    ConfigFile,
    Overrides,
    answer,
    answer_rows,
    configure,
)
from drf_reprocess.cli.dispositions import Reason, Who, decider, now
from drf_reprocess.mission import Mission

delivery_app = typer.Typer(
    help="The ledger of deliveries: what each receiver has, or will get.", no_args_is_help=True
)

Delivery = Annotated[str, typer.Argument(metavar="ID", help="The delivery, as `delivery list` tells it.")]
Remark = Annotated[str, typer.Option("--reason", metavar="TEXT", help="A remark for the ledger.")]


@delivery_app.command("list")
def list_(
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    receiver: Annotated[str, typer.Option("--receiver", help="Only those to this receiver.")] = "",
    bundle: Annotated[str, typer.Option("--bundle", metavar="LID", help="Only those of this bundle.")] = "",
    state: Annotated[str, typer.Option("--state", help="Only those in this state.")] = "",
) -> None:
    """List all deliveries with their states."""
    from drf_reprocess.ledger import LIST_COLUMNS, delivery_rows
    from drf_reprocess.mission import open_mission

    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        rows = list(delivery_rows(mission, receiver=receiver, bundle=bundle, state=state))
    answer_rows(rows, LIST_COLUMNS, as_json, empty="no deliveries")


@delivery_app.command()
def show(
    delivery: Delivery, config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Tell one delivery with its files and its history."""
    from drf_reprocess.ledger import show_delivery

    _at_the_desk(config, overrides, as_json, lambda mission: show_delivery(mission, delivery))


@delivery_app.command()
def sent(
    delivery: Delivery,
    reason: Remark = "",
    who: Who = "",
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Note that a verified delivery is on its way."""
    from drf_reprocess.ledger import send

    words = _words(who, reason)
    _at_the_desk(config, overrides, as_json, lambda mission: send(mission, delivery, now(), words))


@delivery_app.command()
def accept(
    delivery: Delivery,
    reason: Remark = "",
    who: Who = "",
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Note that the receiver has a delivery in its archive."""
    from drf_reprocess.ledger import accept as accept_delivery

    words = _words(who, reason)
    _at_the_desk(config, overrides, as_json, lambda mission: accept_delivery(mission, delivery, now(), words))


@delivery_app.command()
def reject(
    delivery: Delivery,
    reason: Reason,
    who: Who = "",
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Note that the receiver does not take a delivery: its content comes again in the next one."""
    from drf_reprocess.ledger import reject as reject_delivery

    words = _words(who, reason)
    _at_the_desk(config, overrides, as_json, lambda mission: reject_delivery(mission, delivery, now(), words))


@delivery_app.command()
def discard(
    delivery: Delivery,
    reason: Reason,
    who: Who = "",
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Give up a delivery that was never sent: its versions are free again."""
    from drf_reprocess.ledger import discard as discard_delivery

    words = _words(who, reason)
    _at_the_desk(
        config, overrides, as_json, lambda mission: discard_delivery(mission, delivery, now(), words)
    )


@delivery_app.command()
def acknowledge(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The release that requires review.")],
    reason: Reason,
    who: Who = "",
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Note that a release was reviewed, so that its deliveries may be sent."""
    from drf_reprocess.ledger import acknowledge as acknowledge_release

    _at_the_desk(
        config,
        overrides,
        as_json,
        lambda mission: acknowledge_release(mission, release, now(), decider(who), reason),
    )


@delivery_app.command()
def rebuild(
    delivery: Delivery,
    to: Annotated[str, typer.Option("--to", metavar="DIR", help="Folder to write to.")],
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> int:
    """Make an earlier delivery again from store/, and tell whether it has the same bytes.

    Exit code 4 if it has not, for another reason than another version of the codec.
    """
    from drf_reprocess.ledger import rebuild_delivery

    made = _at_the_desk(config, overrides, as_json, lambda mission: rebuild_delivery(mission, delivery, to))
    return 0 if made["is_right"] else EXIT_VERIFICATION


def _words(who: str, reason: str) -> str:
    return f"{decider(who)}: {reason}" if reason else f"noted by {decider(who)}"


def _at_the_desk(
    config: Path | None,
    overrides: list[str] | None,
    as_json: bool,
    do: Callable[[Mission], dict[str, Any]],
) -> dict[str, Any]:
    from drf_reprocess.mission import open_mission

    loaded, _ = configure(config, overrides)
    with open_mission(loaded, create=False) as mission:
        document = do(mission)
    answer(document, as_json)
    return document
