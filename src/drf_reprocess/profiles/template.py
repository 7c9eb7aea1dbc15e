"""Placeholders in braces: ``{type}`` in a profile becomes the name of the type when the profile is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from drf_reprocess.profiles.problems import Path, Problem, Toml

PLACEHOLDER = re.compile(r"\{([a-z][a-z_]*)(:[^{}]*)?\}")
"""Small letters only, so that a regular expression's ``{3}`` is none; a format as in ``{number:03d}`` may follow."""

KEPT: Mapping[str, tuple[str, ...]] = {
    "product_folder": ("year",),
    "product_title": ("date", "product_id"),
    "product_citation": ("date", "product_id"),
}
"""Placeholders that stay in a value because each product fills them in, by key."""

KEPT_IN_PACKAGE_NAME = ("stem", "first", "last", "number")

RESERVED = frozenset(
    {"type", "title", "acronym", "mission", "date", "year", "product_id", *KEPT_IN_PACKAGE_NAME}
)
"""Names that a profile's own words cannot take."""


class Expander:
    """Fills placeholders in TOML values and gathers what cannot be filled in ``problems``."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = dict(words)
        self.problems: list[Problem] = []

    def expand(self, value: Toml, path: Path, words: Mapping[str, str], kept: tuple[str, ...] = ()) -> Toml:
        """Return a TOML value with the placeholders of all its texts filled in.

        ``words`` are known beside the profile's own; ``kept`` stay as they are, as do those that `KEPT` names for the
        key. Elsewhere than in a regular expression a brace that belongs to no placeholder is a problem, too.
        """
        if isinstance(value, dict):
            return {key: self.expand(item, (*path, key), words) for key, item in value.items()}
        if isinstance(value, list):
            return [self.expand(item, (*path, index), words) for index, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        key = next(part for part in reversed(path) if isinstance(part, str))
        known = {**self.words, **words}
        kept = kept or KEPT.get(key, ())
        for expected in _find_faults(value, {*known, *kept}, is_regex=key == "regex"):
            self.problems.append(Problem(path, value, expected))
        return PLACEHOLDER.sub(lambda match: str(known.get(match[1], match[0])), value)


def _find_faults(text: str, known: set[str], *, is_regex: bool) -> Iterator[str]:
    for name, form in PLACEHOLDER.findall(text):
        if name not in known:
            choice = ", ".join(f"{{{word}}}" for word in sorted(known))
            yield f"unknown placeholder {{{name}}}; expected one of {choice}"
        if form and name not in KEPT_IN_PACKAGE_NAME:
            yield f"no format {form!r} here; expected {{{name}}}"
    if not is_regex and re.search(r"[{}]", PLACEHOLDER.sub("", text)):
        yield "a brace that belongs to no placeholder; expected {word} in small letters"
