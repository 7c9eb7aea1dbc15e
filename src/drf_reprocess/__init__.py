"""Full-mission reprocessing of daily DRF telemetry files: Parquet, PDS4 labels, verified delivery packages."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drf_reprocess.api import make_label, read_drf
    from drf_reprocess.dataset import open_type

__all__ = ["make_label", "open_type", "read_drf"]

_HOMES = {
    "make_label": "drf_reprocess.api",
    "open_type": "drf_reprocess.dataset",
    "read_drf": "drf_reprocess.api",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the module has
    """Import what is asked for when it is asked for: the command line need not load polars to print its help."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
