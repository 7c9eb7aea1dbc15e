"""How the releases of the PDS4 information model differ, as far as our labels meet it.

Each value was taken from the Schematron and XML Schema files of that release.
"""

from __future__ import annotations

from dataclasses import dataclass

from drf_reprocess.errors import ProfileError


@dataclass(frozen=True, slots=True)
class Dialect:
    """The spellings and limits of one release of the information model."""

    record_delimiter: str
    """For CR LF, in every object that has records."""
    comma: str
    """``field_delimiter`` of an inventory."""
    member_status: str
    """Name of the first field of an inventory."""
    time_digits: int
    """Most digits after the point of a second in start and stop times."""
    ascii_only: frozenset[str]
    """Elements whose text must be 7-bit ASCII (Citation_Information apart, which takes UTF-8 in all releases)."""
    spacecraft_type: str
    """Observing_System_Component.type of a spacecraft."""


_2013 = Dialect(
    record_delimiter="carriage-return line-feed",
    comma="comma",
    member_status="Member_Status",
    time_digits=4,
    ascii_only=frozenset({"name", "description", "file_name", "data_type"}),
    spacecraft_type="Spacecraft",
)
_2019 = Dialect(
    record_delimiter="Carriage-Return Line-Feed",
    comma="Comma",
    member_status="Member Status",
    time_digits=6,
    ascii_only=frozenset({"title", "file_name", "data_type"}),
    spacecraft_type="Spacecraft",
)
_2025 = Dialect(
    record_delimiter="Carriage-Return Line-Feed",
    comma="Comma",
    member_status="Member Status",
    time_digits=6,
    ascii_only=frozenset({"file_name", "data_type"}),
    spacecraft_type="Host",
)

_DIALECTS = {"1.1.0.1": _2013, "1.13.0.0": _2019, "1.24.0.0": _2025}


def find_dialect(version: str) -> Dialect:
    """Return the dialect of an ``information_model_version``; a `ProfileError` names those that are known."""
    try:
        return _DIALECTS[version]
    except KeyError:
        raise ProfileError(
            f"information model {version!r} of the profile is not known; expected one of {', '.join(_DIALECTS)}"
        ) from None
