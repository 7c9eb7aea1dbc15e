"""Names and order of columns: what a channel is called in labels and tables, and the columns of a type across its eras."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from drf_reprocess.model import Kind
from drf_reprocess.profiles.model import Column, ColumnSet, FileType, canonical_name


@dataclass(frozen=True, slots=True)
class ResolvedColumn:
    """One column of a file type under its final name, over all eras that have it."""

    name: str
    """Name in label and table: ``X``, or ``X_DN`` and ``X_EU`` where a file has ``X`` twice."""
    source_name: str
    """Name as the header spells it."""
    dn_eu: str | None
    kind: Kind
    unit: str | None
    scaling_factor: float | None
    description: str | None
    eras: tuple[str, ...]
    caveat: str | None

    @property
    def contents(self) -> tuple[Kind, str | None, float | None]:
        """What must be alike in all eras, since one table column holds them all."""
        return self.kind, self.unit, self.scaling_factor


def final_names(columns: Sequence[tuple[str, str | None]]) -> tuple[str, ...]:
    """Return the final name of each column of one file, from its name and its mark ``DN``, ``EU`` or None.

    A name that stands once stays as it is; one that stands twice, marked DN and EU, gets ``_DN`` and ``_EU``.
    The names may be spelled as in the header. ``ValueError`` if two columns would end with one name.
    """
    named = [(canonical_name(name), mark) for name, mark in columns]
    times = Counter(name for name, _ in named)
    names = tuple(name if times[name] == 1 or mark is None else f"{name}_{mark}" for name, mark in named)
    if doubled := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(
            f"column names stand more than once: {', '.join(doubled)}; "
            "expected each name once, or twice with the marks DN and EU"
        )
    return names


def resolve_columns(column_set: ColumnSet) -> tuple[ResolvedColumn, ...]:
    """Return the columns of one era under their final names, in the order of the set."""
    names = final_names([(column.name, column.dn_eu) for column in column_set.columns])
    return tuple(
        _resolve(name, column, column_set.era) for name, column in zip(names, column_set.columns, strict=True)
    )


def all_columns(file_type: FileType) -> tuple[ResolvedColumn, ...]:
    """Return the union of a type's columns over its eras, in an order that stays when an era is added.

    The columns of the first era come first, in its order; each later era appends those that it adds, in its own order.
    The time column of kind TIME is not among them. Description, spelling and caveat are those of the latest era
    that gives them. ``ValueError`` if a column is of another kind, unit or scale in another era.
    """
    union: dict[str, ResolvedColumn] = {}
    for column_set in file_type.column_sets:
        for column in resolve_columns(column_set):
            former = union.get(column.name)
            union[column.name] = column if former is None else _join(former, column)
    return tuple(union.values())


def _resolve(name: str, column: Column, era: str) -> ResolvedColumn:
    return ResolvedColumn(
        name=name,
        source_name=column.source_name or column.name,
        dn_eu=column.dn_eu,
        kind=column.kind,
        unit=column.unit,
        scaling_factor=column.scaling_factor,
        description=column.description,
        eras=(era,),
        caveat=column.caveat,
    )


def _join(former: ResolvedColumn, column: ResolvedColumn) -> ResolvedColumn:
    if former.contents != column.contents:
        raise ValueError(
            f"column {column.name} is {_tell(former)} in era {former.eras[-1]} but {_tell(column)} in era "
            f"{column.eras[0]}; expected one kind, unit and scaling factor, since one table column holds all eras"
        )
    return replace(
        column,
        dn_eu=column.dn_eu or former.dn_eu,
        description=column.description or former.description,
        caveat=column.caveat or former.caveat,
        eras=former.eras + column.eras,
    )


def _tell(column: ResolvedColumn) -> str:
    parts = [column.kind.value, column.unit, column.scaling_factor and f"times {column.scaling_factor:g}"]
    return " ".join(str(part) for part in parts if part)
