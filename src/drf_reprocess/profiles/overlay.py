"""Column sets that a person accepted: made from a header that no known set fits, kept as text, laid over a profile."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from drf_reprocess.errors import ProfileError
from drf_reprocess.model import Kind
from drf_reprocess.profiles.check import check_type
from drf_reprocess.profiles.columns import all_columns, final_names
from drf_reprocess.profiles.model import Column, ColumnSet, FileType, Frozen, Profile, canonical_name
from drf_reprocess.profiles.problems import Document, Path, Problem, raise_problems

_ID_DIGITS = 12
Mark = Literal["DN", "EU"]

_MARKED = re.compile(r"(.+)/(DN|EU)")

Line = Annotated[
    str,
    Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\S[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"),
]


class ColumnOverlay(Frozen):
    """One set of columns that a person took over for a file type, with who decided it, when and why."""

    id: str
    """That of the case which it settles, as `case_id` gives it for its columns."""
    type: str
    era: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Name of the new column set, one that the type does not have yet."""
    columns: tuple[Column, ...] = Field(min_length=1)
    """In the order of the record; the time column of kind TIME is not among them."""
    who: Line
    when: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")
    """ISO 8601 UTC, to the second."""
    reason: Line

    @property
    def column_set(self) -> ColumnSet:
        """The columns as the profile knows them, each at its place."""
        return ColumnSet(era=self.era, columns=self.columns, ordered=len(self.columns))


def case_id(type_name: str, header_names: Sequence[str]) -> str:
    """Return a short stable key of an unknown set of columns: alike for all files of a type with the same columns.

    ``header_names`` are in the header's order, as it spells them; a mark behind one (``NAME/DN``, ``NAME/EU``) is not
    looked at, since some headers leave the marks out.
    """
    names = [canonical_name(_split_mark(name)[0]) for name in header_names]
    digest = hashlib.sha256(json.dumps([type_name, names]).encode()).hexdigest()
    return f"c{digest[:_ID_DIGITS]}"


def columns_of_header(
    file_type: FileType, header_names: Sequence[str], kinds: Mapping[str, Kind] | None = None
) -> tuple[Column, ...]:
    """Return the columns that a header names, with what is known of a channel from the type's other column sets.

    Parameters
    ----------
    file_type
        The type of the file.
    header_names
        In the header's order, as it spells them, with a mark where it gives one: ``NAME``, ``NAME/DN`` or ``NAME/EU``. Of
        a name that stands twice without marks the first is DN, the second EU, as the reader takes them.
    kinds
        Kind of channels by name, where a person knows better; a channel that nobody knows is real, and one that holds
        words instead of numbers needs the kind state.

    Raises
    ------
    ProfileError
        If a name cannot name a column of a label, stands more than twice or twice with one mark, or if ``kinds`` speaks of
        a channel that the header does not name.
    """
    kinds = {canonical_name(name): kind for name, kind in (kinds or {}).items()}
    named = [_split_mark(name) for name in header_names]
    _check_names(named, kinds)
    marks = _complete_marks(named)
    finals = final_names([(name, mark) for (name, _), mark in zip(named, marks, strict=True)])
    known = {column.name: column for column in all_columns(file_type)}
    alike = {column.name: column for columns in file_type.column_sets for column in columns.columns}
    columns = []
    for (source_name, _), mark, final in zip(named, marks, finals, strict=True):
        name = canonical_name(source_name)
        # The table column that holds all eras fixes what its channel is; of a namesake only the words can be taken over.
        former = known.get(final)
        column = Column(
            name=name,
            source_name=source_name if source_name != name else None,
            dn_eu=mark,
            kind=kinds.get(name) or (former.kind if former else Kind.REAL),
            unit=former.unit if former else None,
            scaling_factor=former.scaling_factor if former else None,
            description=former.description if former else alike[name].description if name in alike else None,
            caveat=former.caveat if former else None,
        )
        columns.append(column)
    return tuple(columns)


def write_overlay(overlay: ColumnOverlay) -> bytes:
    """Return an overlay as a TOML file in UTF-8, one line a column: the same for the same overlay."""
    values = overlay.model_dump(mode="json", exclude={"columns"})
    lines = [f"{key} = {_to_toml(value)}" for key, value in values.items()]
    lines += ["columns = ["]
    for column in overlay.columns:
        cells = column.model_dump(mode="json", exclude_none=True)
        lines.append(f"  {{ {', '.join(f'{key} = {_to_toml(value)}' for key, value in cells.items())} }},")
    return ("\n".join([*lines, "]"]) + "\n").encode()


def parse_overlay(text: str | bytes, where: str = "column overlay") -> ColumnOverlay:
    """Return the overlay that a TOML file holds; ``where`` names the file in messages.

    Raises
    ------
    ProfileError
        Telling key, value and what was expected of everything that is wrong.
    """
    try:
        return _parse_overlay(text, where)
    except RecursionError as error:
        raise ProfileError(f"{where}: nested too deeply to be a column overlay; write it again") from error


def _parse_overlay(text: str | bytes, where: str) -> ColumnOverlay:
    try:
        tree = tomllib.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(f"{where}: not a TOML file in UTF-8: {error}; write it again") from error
    documents = [Document(where, tree)]
    try:
        overlay = ColumnOverlay.model_validate(tree)
    except ValidationError as error:
        raise_problems(_translate(error), documents)
        raise ProfileError(f"{where}: {error}") from error
    expected = case_id(overlay.type, [column.source_name or column.name for column in overlay.columns])
    if overlay.id != expected:
        told = f"{expected}, which is the id of these columns of type {overlay.type}"
        raise_problems([Problem(("id",), overlay.id, told)], documents)
    return overlay


def with_overlays(profile: Profile, overlays: Sequence[ColumnOverlay]) -> Profile:
    """Return the profile with the accepted column sets added to their types, oldest decision first; it stays as it is.

    The order of the decisions makes the order of columns in Parquet files, so that an overlay that is added appends.

    Raises
    ------
    ProfileError
        If an overlay names a type that the profile does not have, an era that the type has already, columns that another
        era has, or a channel of another kind or unit than in another era.
    """
    if not overlays:
        return profile
    types = {file_type.name: file_type for file_type in profile.types}
    for overlay in sorted(overlays, key=lambda one: (one.when, one.id)):
        types[overlay.type] = _extend(types, overlay)
    # A copy would keep what the profile has computed of its former types.
    values = {key: getattr(profile, key) for key in Profile.model_fields}
    return Profile(**{**values, "types": tuple(types.values())})


def _extend(types: Mapping[str, FileType], overlay: ColumnOverlay) -> FileType:
    documents = [Document(f"column overlay {overlay.id}", {})]
    file_type = types.get(overlay.type)
    if file_type is None:
        expected = f"a type of the profile: {', '.join(types)}; remove the overlay if the type was dropped"
        raise_problems([Problem(("type",), overlay.type, expected)], documents)
        raise AssertionError("a problem is raised")
    eras = [column_set.era for column_set in file_type.column_sets]
    if overlay.era in eras:
        expected = f"a name that no column set of type {file_type.name} has: not {', '.join(eras)}"
        raise_problems([Problem(("era",), overlay.era, expected)], documents)
    extended = FileType(
        **{
            **{key: getattr(file_type, key) for key in FileType.model_fields},
            "column_sets": (*file_type.column_sets, overlay.column_set),
        }
    )
    place: Path = ("types", file_type.name)
    added = (*place, "column_sets", len(eras))
    raise_problems((_from_overlay(problem, added) for problem in check_type(extended, place)), documents)
    return extended


def _from_overlay(problem: Problem, added: Path) -> Problem:
    """Tell a problem of the added column set by its place in the overlay."""
    inside = problem.path[: len(added)] == added
    path = (problem.path[len(added) :] or ("era",)) if inside else problem.path
    remedy = "" if inside else "; change the overlay's columns, or remove it"
    return Problem(path, problem.value, f"{problem.expected}{remedy}", problem.has_value)


def _split_mark(header_name: str) -> tuple[str, Mark | None]:
    marked = _MARKED.fullmatch(header_name)
    if marked is None:
        return header_name, None
    return marked[1], "DN" if marked[2] == "DN" else "EU"


def _check_names(named: Sequence[tuple[str, Mark | None]], kinds: Mapping[str, Kind]) -> None:
    names = Counter(canonical_name(source_name) for source_name, _ in named)
    marks = Counter((canonical_name(source_name), mark) for source_name, mark in named if mark)
    odd = [name for name in names if not name or not name.isascii() or not name.isprintable() or "\\" in name]
    crowded = [name for name, count in names.items() if count > 2]
    doubled = [f"{name} (both {mark})" for (name, mark), count in marks.items() if count > 1]
    strange = [name for name in kinds if name not in names]
    told = {
        "not a name of 7-bit text": odd,
        "more than twice": crowded,
        "twice with one mark, expected DN and EU": doubled,
        "given a kind but not named by the header": strange,
    }
    faults = [f"{what}: {', '.join(which)}" for what, which in told.items() if which]
    if not names:
        faults.append("no names")
    if faults:
        raise ProfileError(
            f"no column set can be made of the header: {'; '.join(faults)}; have the file sent again, or write the "
            "column set into the profile"
        )


def _complete_marks(named: Sequence[tuple[str, Mark | None]]) -> list[Mark | None]:
    """Return the mark of each column; of a pair without marks DN comes first, as the reader takes it."""
    given: dict[str, list[Mark | None]] = {}
    for source_name, mark in named:
        given.setdefault(canonical_name(source_name), []).append(mark)
    pairs = {name: iter(_marks_of_pair(*marks)) for name, marks in given.items() if len(marks) > 1}
    return [
        next(pairs[name]) if (name := canonical_name(source_name)) in pairs else mark
        for source_name, mark in named
    ]


def _marks_of_pair(first: Mark | None, second: Mark | None) -> tuple[Mark, Mark]:
    if first is not None:
        return first, "EU" if first == "DN" else "DN"
    return ("EU", "DN") if second == "DN" else ("DN", "EU")


def _to_toml(value: object) -> str:
    if isinstance(value, str):
        # A JSON text is a TOML text but for one control character, which JSON leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _translate(error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        match detail["type"]:
            case "extra_forbidden":
                model = Column if "columns" in detail["loc"] else ColumnOverlay
                expected = f"unknown key; expected one of {', '.join(model.model_fields)}"
                yield Problem(detail["loc"], detail["input"], expected)
            case "missing":
                yield Problem(detail["loc"], None, "a value; the key is missing", has_value=False)
            case _:
                yield Problem(detail["loc"], detail["input"], detail["msg"])
