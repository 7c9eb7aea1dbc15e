"""Cross-checks of a profile whose every value is of the right form: what must agree with what."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from drf_reprocess.identifiers import Lid
from drf_reprocess.model import Kind
from drf_reprocess.profiles.columns import all_columns, final_names
from drf_reprocess.profiles.model import (
    ANY_VARIANT,
    NO_VARIANT,
    Bundle,
    Collection,
    ColumnSet,
    FileType,
    Frozen,
    Profile,
    TimeFormat,
    canonical_name,
)
from drf_reprocess.profiles.problems import Path, Problem

NAME_GROUPS = frozenset({"year", "first", "last", "variant"})
NEEDED_GROUPS = ("year", "first", "last")
TYPE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
PATH_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
ROOT_FOLDERS = (
    "browse",
    "calibration",
    "context",
    "data",
    "document",
    "geometry",
    "miscellaneous",
    "xml_schema",
    "spice_kernels",
)
"""With one of these the folders at a bundle's root begin (PDS4 Standards Reference 2B.2.2.1)."""
LEVELS = ("Calibrated", "Derived", "Partially Processed", "Raw", "Telemetry")
PURPOSES = (
    "Calibration",
    "Checkout",
    "Engineering",
    "Navigation",
    "Observation Geometry",
    "Science",
    "Supporting Observation",
)
VARIANT = re.compile(r"[^\sA-Z*]+")
TIME_TOKENS = re.compile(r"yyyy|yy|ddd|dd|MM|hh|mm|ss|f+|[^A-Za-z]|T|Z")


def find_problems(profile: Profile) -> Iterator[Problem]:
    """Yield what does not agree; paths are locations in `Profile`."""
    yield from _check_context(profile)
    for index, file_type in enumerate(profile.types):
        yield from check_type(file_type, ("types", index))
    yield from _check_regexes(profile)
    yield from _check_placement(profile)
    for index, bundle in enumerate(profile.bundles):
        yield from _check_bundle(bundle, ("bundles", index))
    yield from _check_bundle_folders(profile)
    yield from _check_phases(profile)
    yield from _check_package_name(profile)
    yield from _check_precedence(profile)
    yield from _check_events(profile)


def check_type(file_type: FileType, path: Path) -> Iterator[Problem]:
    """Yield what does not agree within one file type, which stands at ``path``."""
    yield from _check_ascii(file_type, path)
    if not TYPE_NAME.fullmatch(file_type.name):
        yield Problem(path, file_type.name, "a name of small letters, digits, '-' and '_'")
    for key, values in (("names", file_type.names), ("column_sets", file_type.column_sets)):
        if not values:
            yield Problem((*path, key), [], "at least one", has_value=False)
    yield from _check_time(file_type.time, (*path, "time"))
    sound = True
    for index, column_set in enumerate(file_type.column_sets):
        for problem in _check_set(column_set, file_type.time, (*path, "column_sets", index)):
            sound = False
            yield problem
    if not sound:
        return
    for (_, one), (index, other) in itertools.combinations(enumerate(file_type.column_sets), 2):
        if _are_alike(one, other):
            expected = f"other columns than era {one.era!r} has, since the header alone tells eras apart"
            yield Problem((*path, "column_sets", index), other.era, expected)
    try:
        all_columns(file_type)
    except ValueError as error:
        yield Problem((*path, "column_sets"), None, str(error), has_value=False)


def _check_time(time: TimeFormat, path: Path) -> Iterator[Problem]:
    if time.is_text:
        tokens = TIME_TOKENS.findall(time.form)
        counts = Counter(tokens)
        day = counts["ddd"] == 1 and not counts["dd"] and not counts["MM"]
        month_day = counts["MM"] == 1 and counts["dd"] == 1 and not counts["ddd"]
        clock = all(counts[token] == 1 for token in ("hh", "mm", "ss"))
        year = counts["yyyy"] + counts["yy"] == 1
        if "".join(tokens) != time.form or not (year and clock and (day or month_day)):
            expected = (
                "'seconds', or a picture with yyyy or yy, ddd or MM and dd, hh, mm, ss and f for each digit of the "
                "fraction, as yy/ddd-hh:mm:ss.fff"
            )
            yield Problem((*path, "form"), time.form, expected)
        return
    try:
        datetime.fromisoformat(time.epoch or "")
    except ValueError:
        yield Problem(
            (*path, "epoch"), time.epoch, "a date and time as 2000-01-01T12:00:00, from which seconds count"
        )


def _check_set(column_set: ColumnSet, time: TimeFormat, path: Path) -> Iterator[Problem]:
    columns = column_set.columns
    if not columns:
        yield Problem((*path, "columns"), [], "at least one column")
    if not 0 <= column_set.ordered <= len(columns):
        yield Problem((*path, "ordered"), column_set.ordered, f"0 to {len(columns)}, the number of columns")
    for index, column in enumerate(columns):
        place = (*path, "columns", index)
        if column.kind is Kind.TIME:
            expected = "real, integer or state; the time column stands in the table 'time' of the type"
            yield Problem((*place, "kind"), column.kind.value, expected)
        if (
            canonical_name(column.name) != column.name
            or not column.name
            or column.name.split() != [column.name]
        ):
            yield Problem((*place, "name"), column.name, "a name without blanks and '@'")
        elif column.source_name is not None and canonical_name(column.source_name) != column.name:
            yield Problem((*place, "source_name"), column.source_name, f"a spelling of {column.name}")
        yield from _check_ascii(column, place)
    names = {column.name: column.kind for column in columns}
    if time.is_text and time.column in names:
        expected = f"no column {time.column}: it is the time column, which stands before the channels"
        yield Problem((*path, "columns"), time.column, expected)
    if not time.is_text and names.get(time.column) not in (Kind.REAL, Kind.INTEGER):
        yield Problem(
            (*path, "columns"), None, f"a column {time.column} of kind real or integer: it is the time"
        )
    try:
        final_names([(column.name, column.dn_eu) for column in columns])
    except ValueError as error:
        yield Problem((*path, "columns"), None, str(error), has_value=False)


def _are_alike(one: ColumnSet, other: ColumnSet) -> bool:
    """Whether no header could tell the two apart: it gives names, and an order where the set has one."""
    names, others = ([column.name for column in column_set.columns] for column_set in (one, other))
    ordered = one.ordered == len(names) and other.ordered == len(others)
    return names == others if ordered else sorted(names) == sorted(others)


def _check_regexes(profile: Profile) -> Iterator[Problem]:
    sound = True
    for location, regex in _regexes(profile):
        try:
            groups = set(re.compile(regex).groupindex)
        except re.error as error:
            sound = False
            yield Problem((*location, "regex"), regex, f"a regular expression; {error}")
            continue
        if location[0] == "types" and (groups - NAME_GROUPS or not groups.issuperset(NEEDED_GROUPS)):
            expected = f"named groups {', '.join(NEEDED_GROUPS)} and perhaps variant; got {sorted(groups)}"
            yield Problem((*location, "regex"), regex, expected)
    if sound:
        yield from _check_examples(profile)


def _regexes(profile: Profile) -> Iterator[tuple[Path, str]]:
    for index, file_type in enumerate(profile.types):
        for number, pattern in enumerate(file_type.names):
            yield ("types", index, "names", number), pattern.regex
    for index, ignored in enumerate(profile.ignored):
        yield ("ignored", index), ignored.regex


def _check_examples(profile: Profile) -> Iterator[Problem]:
    for index, file_type in enumerate(profile.types):
        for number, pattern in enumerate(file_type.names):
            path = ("types", index, "names", number, "example")
            example = pattern.example
            if not pattern.compiled.fullmatch(example):
                yield Problem(path, example, f"a name that its own regex {pattern.regex!r} matches")
            others = [
                other.name
                for other in profile.types
                if other is not file_type and any(name.compiled.fullmatch(example) for name in other.names)
            ]
            if others:
                yield Problem(
                    path, example, f"a name of type {file_type.name} alone; type {others[0]} matches it, too"
                )
            if any(ignored.compiled.fullmatch(example) for ignored in profile.ignored):
                yield Problem(path, example, "a name that 'ignored' does not match")
            yield from _check_product_lid(profile, file_type, example, path)


def _check_product_lid(profile: Profile, file_type: FileType, example: str, path: Path) -> Iterator[Problem]:
    if file_type.name not in profile.placement:
        return
    _, collection = profile.placement[file_type.name]
    try:
        collection.lid.child(example.rpartition(".")[0])
    except ValueError as error:
        yield Problem(path, example, f"a name whose base makes a product identifier; {error}")


def _check_placement(profile: Profile) -> Iterator[Problem]:
    seen: dict[str, Path] = {}
    for bundle_index, bundle in enumerate(profile.bundles):
        for index, collection in enumerate(bundle.collections):
            path = ("bundles", bundle_index, "collections", index)
            if collection.type in seen:
                expected = f"each type in one collection; {collection.type} stands in bundle {seen[collection.type][1]}, too"
                yield Problem(("bundles", bundle_index, "types"), collection.type, expected)
            seen[collection.type] = ("bundle", str(bundle.lid))
            if collection.lid.text.count(":") == 4 and collection.lid.parent != bundle.lid:
                expected = f"the bundle's identifier {bundle.lid} and one component more"
                yield Problem((*path, "lid"), str(collection.lid), expected)
    for index, file_type in enumerate(profile.types):
        if file_type.name not in seen:
            expected = f"type {file_type.name} in the 'types' of a bundle; no collection takes it"
            yield Problem(("types", index), None, expected, has_value=False)


def _check_context(profile: Profile) -> Iterator[Problem]:
    for lid in profile.context.registered:
        try:
            Lid(lid)
        except ValueError as error:
            yield Problem(("context", "registered"), lid, str(error))


def _check_ascii(model: Frozen, path: Path) -> Iterator[Problem]:
    for key, value in model:
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and not text.isascii():
                yield Problem((*path, key), text, "7-bit ASCII, which every information model takes")


def _check_bundle(bundle: Bundle, path: Path) -> Iterator[Problem]:
    yield from _check_ascii(bundle, path)
    if bundle.lid.text.count(":") != 3:
        yield Problem((*path, "lid"), str(bundle.lid), "four components, as urn:nasa:pds:maven.anc")
    if bundle.folder != "." and not PATH_PART.fullmatch(bundle.folder):
        yield Problem(
            (*path, "folder"), bundle.folder, "'.' or one folder name of letters, digits, '-' and '_'"
        )
    if not PATH_PART.fullmatch(bundle.stem):
        yield Problem((*path, "stem"), bundle.stem, "letters, digits, '-' and '_'")
    if bundle.processing_level not in LEVELS:
        yield Problem((*path, "processing_level"), bundle.processing_level, f"one of {', '.join(LEVELS)}")
    if bundle.purpose not in PURPOSES:
        yield Problem((*path, "purpose"), bundle.purpose, f"one of {', '.join(PURPOSES)}")
    for index, collection in enumerate(bundle.collections):
        place = (*path, "collections", index)
        yield from _check_ascii(collection, place)
        if collection.lid.text.count(":") != 4:
            yield Problem(
                (*place, "lid"), str(collection.lid), "five components: the bundle's four and one more"
            )
        yield from _check_folders(collection, place)
    for key, value in _UNIQUE_IN_BUNDLE.items():
        yield from _check_unique(bundle, path, key, value)


_UNIQUE_IN_BUNDLE: dict[str, Callable[[Collection], str]] = {
    "lid": lambda collection: str(collection.lid),
    # Case is disregarded, as the standard does for names within a folder.
    "folder": lambda collection: collection.folder.lower(),
    "product_folder": lambda collection: collection.product_folder.lower(),
}


def _check_unique(
    bundle: Bundle, path: Path, key: str, value: Callable[[Collection], str]
) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for index, collection in enumerate(bundle.collections):
        former = first.setdefault(value(collection), collection.type)
        if former != collection.type:
            expected = f"another one than type {former} has"
            yield Problem((*path, "collections", index, key), str(getattr(collection, key)), expected)


def _check_folders(collection: Collection, path: Path) -> Iterator[Problem]:
    for key, folder in (("folder", collection.folder), ("product_folder", collection.product_folder)):
        parts = folder.replace("{year}", "2014").split("/")
        if not all(PATH_PART.fullmatch(part) for part in parts) or not parts[0].startswith(ROOT_FOLDERS):
            expected = (
                "folders of letters, digits, '-' and '_' with '/' between them, the first beginning with one of "
                f"{', '.join(ROOT_FOLDERS)}"
            )
            yield Problem((*path, key), folder, expected)
    if not PATH_PART.fullmatch(collection.stem):
        yield Problem((*path, "stem"), collection.stem, "letters, digits, '-' and '_'")


def _check_bundle_folders(profile: Profile) -> Iterator[Problem]:
    for key in ("lid", "folder", "stem"):
        values = [str(getattr(bundle, key)) for bundle in profile.bundles]
        for index, value in enumerate(values):
            if value in values[:index] or (key == "folder" and value == "." and len(values) > 1):
                yield Problem(("bundles", index, key), value, "one of its own for each of several bundles")


def _check_phases(profile: Profile) -> Iterator[Problem]:
    for index, phase in enumerate(profile.phases):
        if phase.stop is not None and phase.stop <= phase.start:
            yield Problem(("phases", index, "stop"), str(phase.stop), f"a day after its start {phase.start}")
        if (
            index
            and (former := profile.phases[index - 1])
            and (former.stop is None or former.stop > phase.start)
        ):
            expected = f"the day on which phase {former.name} ends, or later"
            yield Problem(("phases", index, "start"), str(phase.start), expected)


def _check_package_name(profile: Profile) -> Iterator[Problem]:
    template = profile.package.name
    try:
        one, other = (
            template.format(stem="stem", first="20141115", last="20150215", number=number)
            for number in (1, 2)
        )
    except (ValueError, LookupError) as error:
        yield Problem(("package", "name"), template, f"a name whose placeholders can be filled in; {error}")
        return
    if one == other or not PATH_PART.fullmatch(one):
        yield Problem(
            ("package", "name"), template, "a file name of letters, digits, '-' and '_' that has {number}"
        )


def _check_precedence(profile: Profile) -> Iterator[Problem]:
    precedence = profile.precedence
    for key, values in (("rules", precedence.rules), ("variants", precedence.variants)):
        for index, value in enumerate(values):
            if value in values[:index]:
                yield Problem(("precedence", key, index), value, "each only once")
    for index, word in enumerate(precedence.variants):
        if word not in (NO_VARIANT, ANY_VARIANT) and not VARIANT.fullmatch(word):
            expected = f"a word of a file name in small letters, {NO_VARIANT!r} for none or {ANY_VARIANT!r} for any other"
            yield Problem(("precedence", "variants", index), word, expected)


def _check_events(profile: Profile) -> Iterator[Problem]:
    for index, event in enumerate(profile.events):
        if event.stop <= event.start:
            yield Problem(
                ("events", index, "stop"),
                event.stop.isoformat(),
                f"a time after its start {event.start.isoformat()}",
            )
        if not event.text.strip() or not event.text.isprintable():
            yield Problem(("events", index, "text"), event.text, "one line that says what happened")
