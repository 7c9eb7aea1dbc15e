"""Completeness as a picture: types over time, each hole in the colour of its reason."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from drf_reprocess.errors import ConfigurationError
from drf_reprocess.reports.completeness import Completeness, Reason, to_ms

COMPLETE = "#c9dfc4"

COLOURS = {
    Reason.NEVER_ARRIVED: "#b2182b",
    Reason.QUARANTINED: "#ef8a62",
    Reason.FAILED: "#762a83",
    Reason.REJECTED: "#000000",
    Reason.HELD: "#fdd049",
    Reason.EXCLUDED: "#8c6d31",
    Reason.SUPERSEDED: "#bdbdbd",
    Reason.WAITING: "#67a9cf",
    Reason.OUTAGE: "#636363",
    Reason.SAFE_HOLD: "#969696",
    Reason.CONJUNCTION: "#d9d9d9",
}

FORMATS = ("png", "svg")


def picture_format(name: str) -> str:
    """Return the format that a file's name asks for, ``png`` or ``svg``.

    Raises
    ------
    ConfigurationError
        If it ends otherwise.
    """
    suffix = PurePath(name).suffix.removeprefix(".").lower()
    if suffix not in FORMATS:
        raise ConfigurationError(
            f"{name}: no picture is drawn in this format; expected a name that ends in .png or .svg"
        )
    return suffix


def draw(found: Completeness, format_: str) -> bytes:
    """Return the picture as ``png`` or ``svg``; the same answer gives the same bytes.

    Raises
    ------
    ConfigurationError
        If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigurationError(
            "pictures need matplotlib, which is not installed: pip install matplotlib"
        ) from error
    figure = Figure(figsize=(12, 1.6 + 0.32 * max(len(found.types), 1)), layout="constrained")
    FigureCanvasAgg(figure)
    _draw_types(figure.add_subplot(), found)
    data = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "drf-reprocess"}):
        metadata = {"Date": None} if format_ == "svg" else {"Software": None}
        figure.savefig(data, format=format_, dpi=120, metadata=metadata)
    return data.getvalue()


def _draw_types(axes: Any, found: Completeness) -> None:  # noqa: ANN401 - of a library that may be absent
    from matplotlib.patches import Patch

    start, stop = _moment(found.start), _moment(found.stop)
    used: list[Reason] = []
    for row, one in enumerate(found.types):
        axes.barh(row, stop - start, left=start, height=0.8, color=COMPLETE)
        # What never came last: the latest drawn lies on top.
        for hole in sorted(one.holes, key=lambda hole: list(COLOURS).index(hole.reason), reverse=True):
            left = _moment(hole.start)
            axes.barh(row, _moment(hole.stop) - left, left=left, height=0.8, color=COLOURS[hole.reason])
            used.append(hole.reason)
    axes.set_yticks(range(len(found.types)), [one.type for one in found.types])
    axes.invert_yaxis()
    if stop > start:
        axes.set_xlim(start, stop)
    axes.set_title(f"Completeness {found.start[:10]} to {found.stop[:10]}, receiver {found.receiver}")
    handles = [Patch(color=COMPLETE, label="complete")]
    handles += [
        Patch(color=colour, label=str(reason)) for reason, colour in COLOURS.items() if reason in used
    ]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(to_ms(text) / 1000, UTC)
