"""What the documents leave open about the files, and how a sample takes every way of it in turn.

Each difference is a field of `Variant`; its default is what sample files usually do. A file's variant depends on its
type and on its place in the sequence of the type's files, never on what else is written: in each run of as many
consecutive files as a field has ways, every way occurs once, in an order drawn by the seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from drf_reprocess.testing.values import stable_generator


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to write a file; all are good files. The SIS and the archive's labels forbid none of them."""

    rows: str = "names4-marks3"
    """Header lines that hold names and DN/EU marks; the others hold ``lines``."""
    lines: str = "numbers+units"
    """What the remaining header lines hold: channel ``numbers``, ``units``, a ``title``, or ``blank``.
    IMU: ``plain-tone`` spells the first name without ``@``."""
    marks: str = "all"
    """DN/EU marks of ``all`` columns, or of the ``known`` ones that the SIS tells."""
    justify: str = "left"
    """Where values stand in their columns."""
    ends: str = "crlf"
    """Line ends: ``crlf``, ``lf`` or ``mixed``."""
    wide: str = "documented"
    """Newer GNC: ATT_QU_I2B_T takes 16 characters, ``12``, or 16 of a column that the header has 12 wide (``overflow``).
    PTE: SCLK times take 12 characters, ``16`` or ``20``. IMU: angles take 6 characters or 7 (``angles7``)."""
    numbers: str = "usual"
    """Spelling of reals: ``usual``, ``exponent``, ``short-exponent``, ``trimmed``; ``signed`` concerns integers as well."""
    blanks: str = "none"
    """Blank cells: ``none``, ``leading`` records, ``sparse`` cells, a whole ``channel``."""
    order: str = "profile"
    """Order of the columns: the ``profile``'s, or another where the documents do not tell it."""
    name: str = "usual"
    """Form of the file name."""

    def differences(self) -> tuple[str, ...]:
        """Return ``field:way`` for each field that is not as usual."""
        return tuple(
            f"{field.name}:{getattr(self, field.name)}"
            for field in fields(self)
            if getattr(self, field.name) != field.default
        )


USUAL = Variant()

DRF_WAYS: Mapping[str, tuple[str, ...]] = {
    "rows": ("names4-marks3", "names3-marks4", "names3-marks2"),
    "lines": ("numbers+units", "title+units", "title+blank", "blank+blank", "title+numbers"),
    "marks": ("all", "known"),
    "justify": ("left", "right"),
    "ends": ("crlf", "lf", "mixed"),
    "numbers": ("usual", "exponent", "short-exponent", "trimmed", "signed"),
    "blanks": ("none", "leading", "sparse", "channel"),
    "name": ("usual", "underscore", "century", "manual"),
}
IMU_WAYS: Mapping[str, tuple[str, ...]] = {
    "justify": ("left", "right"),
    "ends": ("crlf", "lf", "mixed"),
    "wide": ("documented", "angles7"),
    "numbers": ("usual", "signed"),
    "lines": ("numbers+units", "plain-tone"),
    "name": ("usual", "dat"),
}
PAIR_ORDERS = ("profile", "eu-first", "grouped")
TYPE_WAYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "eps": {"order": ("profile", "eu-first")},
    "rs": {"order": (*PAIR_ORDERS, "by-number")},
    "ngms": {"order": (*PAIR_ORDERS, "by-number")},
    "sasm1": {"order": ("profile", "eu-first")},
    "sasm2": {"order": ("profile", "eu-first")},
    "sasm3": {"order": ("profile", "eu-first")},
    "pte": {"wide": ("documented", "16", "20"), "name": ("usual", "mvn", "underscore", "century", "manual")},
    "gnc": {"wide": ("documented", "12", "overflow")},
}


def ways(type_name: str) -> dict[str, tuple[str, ...]]:
    """Return each field of `Variant` in which files of a type differ, with its ways."""
    if type_name == "imu":
        return dict(IMU_WAYS)
    return {**DRF_WAYS, **TYPE_WAYS.get(type_name, {})}


def choose_variant(type_name: str, index: int, seed: int, mode: str) -> Variant:
    """Return the variant of the type's file number ``index`` (counted since 2000); ``mode`` is usual or all."""
    if mode == "usual":
        return USUAL
    chosen: dict[str, str] = {}
    for name, options in ways(type_name).items():
        block, place = divmod(index, len(options))
        order = stable_generator("variant", seed, type_name, name, block).permutation(len(options))
        chosen[name] = options[int(order[place])]
    variant = replace(USUAL, **chosen)
    if "marks4" in variant.rows:
        variant = replace(variant, marks="all")  # the fourth line has one word for each column
    if variant.wide == "overflow" and variant.blanks != "none":
        variant = replace(variant, blanks="leading")
    return variant
