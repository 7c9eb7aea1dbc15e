"""Mission profiles from TOML files: the built-in ones by name, others by path.

A file says ``extends = "maven-anc"`` to differ from another profile in a few keys, ``drop`` to leave some of that
profile's keys out, ``columns`` to name a CSV table of channels beside it. ``[defaults.type]``, ``[defaults.bundle]``,
``[defaults.collection]`` and ``[bundles.<key>.collection]`` hold what all types, bundles and collections have alike.
"""

from __future__ import annotations

import hashlib
import json
import typing
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path as FilePath

from pydantic import BaseModel, ValidationError

from drf_reprocess.errors import ProfileError
from drf_reprocess.profiles.check import find_problems
from drf_reprocess.profiles.documents import Companion, merge_documents, read_documents
from drf_reprocess.profiles.model import Bundle, Collection, ColumnSet, FileType, Profile
from drf_reprocess.profiles.problems import Path, Problem, raise_problems
from drf_reprocess.profiles.resolve import Resolved, Resolver

BUILT_IN = "drf_reprocess.profiles"

NOT_AS_MODEL: dict[type[BaseModel], tuple[tuple[str, ...], tuple[str, ...]]] = {
    FileType: (("name",), ()),
    ColumnSet: (("era",), ()),
    Bundle: ((), ("types", "collection")),
    Collection: (("type",), ()),
}
"""Keys that a model has but its table in the file has not, since they are the table's own key; and the reverse."""

NOT_IN_PRODUCTS_OF_TYPE = {"names", "cadence"}
"""Keys of a file type that leave its products as they are: which files there are, and what is looked for among them."""
NOT_IN_PRODUCTS_OF_COLLECTION = {"title", "description", "citation", "keywords", "stem"}
NOT_IN_PRODUCTS_OF_BUNDLE = {
    "title",
    "description",
    "citation",
    "authors",
    "keywords",
    "stem",
    "readme",
    "new_version",
    "collections",
}
"""Keys that stand in the label of the collection or the bundle, its file names or its readme, and nowhere else."""


def built_in_profiles() -> tuple[str, ...]:
    """Return the names of the profiles that are shipped with the package, in alphabetical order."""
    files = (entry.name for entry in resources.files(BUILT_IN).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


def load_profile(name_or_path: str) -> Profile:
    """Return a profile: a built-in one by its name, else that of the TOML file at the path.

    ``ProfileError`` tells file, key, value and what was expected for everything that is wrong.
    """
    if name_or_path in built_in_profiles():
        return _load_built_in(name_or_path)
    where, text = _open(name_or_path, "")
    return parse_profile(text, where, companion=_open)


@cache
def _load_built_in(name: str) -> Profile:
    """Return a built-in profile, read once in a process: it never changes."""
    where, text = _open(name, "")
    return parse_profile(text, where, companion=_open)


def parse_profile(text: str, where: str, companion: Companion | None = None) -> Profile:
    """Return the profile that the text of a TOML file holds; ``where`` names the file in messages.

    ``companion(name, where)`` returns place and text of a file that this one names; without it only built-in profiles
    can be extended. ``ProfileError`` as for `load_profile`.
    """
    try:
        return _parse_profile(text, where, companion or _open_built_in)
    except RecursionError as error:
        raise ProfileError(f"{where}: nested too deeply to be a mission profile") from error


def _parse_profile(text: str, where: str, companion: Companion) -> Profile:
    documents = read_documents(text, where, companion)
    resolved = Resolver(merge_documents(documents)).resolve()
    try:
        profile = Profile.model_validate(resolved.values)
    except ValidationError as error:
        raise_problems([*resolved.problems, *_translate(error, resolved)], documents)
        raise ProfileError(f"{where}: {error}") from error
    crossed = (
        Problem(resolved.path(problem.path), problem.value, problem.expected, problem.has_value)
        for problem in find_problems(profile)
    )
    raise_problems([*resolved.problems, *crossed], documents)
    return profile


def profile_digest(profile: Profile) -> str:
    """Return the SHA-256 of a profile's values: equal for equal profiles, however their files are laid out."""
    return _digest(profile.model_dump(mode="json"))


def type_fingerprint(profile: Profile, type_name: str) -> str:
    """Return the SHA-256 of all values of a profile that decide data, label or Parquet of one type's products.

    It is equal in two profiles that differ in other types only, in names of files, cadence, precedence, gate, events,
    calendar or packages, or in texts that stand in labels of collections and bundles alone.
    """
    bundle, collection = profile.placement[type_name]
    return _digest(
        {
            "type": profile.types_by_name[type_name].model_dump(mode="json", exclude=NOT_IN_PRODUCTS_OF_TYPE),
            "collection": collection.model_dump(mode="json", exclude=NOT_IN_PRODUCTS_OF_COLLECTION),
            "bundle": bundle.model_dump(mode="json", exclude=NOT_IN_PRODUCTS_OF_BUNDLE),
            "context": profile.context.model_dump(mode="json"),
            "phases": [phase.model_dump(mode="json") for phase in profile.phases],
        }
    )


def _digest(values: object) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _open_built_in(name: str, where: str) -> tuple[str, str]:
    """Return place and text of a built-in profile, or of a file that is shipped beside one."""
    entry = resources.files(BUILT_IN) / (f"{name}.toml" if name in built_in_profiles() else name)
    if "/" in name or not entry.is_file():
        raise ProfileError(
            f"{where or 'mission.profile'}: {name!r}: expected a built-in profile: {', '.join(built_in_profiles())}"
        )
    return f"built-in {entry.name}", entry.read_text("utf-8")


def _open(name: str, where: str) -> tuple[str, str]:
    """Return place and text of the file ``name``, looked for beside the file ``where`` that names it."""
    if name in built_in_profiles() or where.startswith("built-in "):
        return _open_built_in(name, where)
    path = FilePath(where).parent / FilePath(name).expanduser() if where else FilePath(name).expanduser()
    try:
        return str(path), path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        choice = ", ".join(built_in_profiles())
        raise ProfileError(
            f"{where or 'mission.profile'}: {name!r}: cannot read {path}: {reason}; "
            f"expected a readable UTF-8 file, or a built-in profile: {choice}"
        ) from error


def _translate(error: ValidationError, resolved: Resolved) -> Iterator[Problem]:
    """Turn pydantic's account into ours: places as the file has them, and the keys that would have been right."""
    for detail in error.errors(include_url=False):
        location: Path = detail["loc"]
        path = resolved.path(location)
        match detail["type"]:
            case "extra_forbidden":
                expected = f"unknown key; expected one of {', '.join(_known_keys(location[:-1]))}"
                yield Problem(path, detail["input"], expected)
            case "missing":
                yield Problem(path, None, "a value; the key is missing", has_value=False)
            case _:
                yield Problem(path, detail["input"], detail["msg"].removeprefix("Value error, "))


def _known_keys(location: Path) -> list[str]:
    model: type[BaseModel] = Profile
    for part in location:
        if isinstance(part, str):
            model = _model_of(model.model_fields[part].annotation) or model
    without, beside = NOT_AS_MODEL.get(model, ((), ()))
    return [*(key for key in model.model_fields if key not in without), *beside]


def _model_of(annotation: object) -> type[BaseModel] | None:
    """Return the model that an annotation such as ``tuple[Column, ...]`` or ``Dictionary | None`` speaks of."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((found for item in typing.get_args(annotation) if (found := _model_of(item))), None)
