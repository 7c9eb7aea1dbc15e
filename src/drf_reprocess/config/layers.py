"""Where configuration values come from: file, environment and command line, each a layer over the one before.

The layers are read here and not by a settings library, because an error must tell which of them a value came from, and
a variable that names no key must not pass silently.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from drf_reprocess.config.explain import fields_by_key, section_models, takes_text
from drf_reprocess.errors import ConfigurationError

PREFIX = "DRF_"
NESTED = "__"


@dataclass(slots=True)
class Layer:
    """Values of one origin, as nested tables, and what each is called there."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[tuple[str, ...], str] = field(default_factory=dict)
    """What gave each value, in words, by its path."""
    problems: list[str] = field(default_factory=list)

    def add(self, path: tuple[str, ...], text: str, origin: str) -> None:
        """Add the value that a text stands for."""
        key = ".".join(path)
        table = self.values
        for part in path[:-1]:
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):
                self.problems.append(f"{key} ({origin}): {part} is given as a value and as a table")
                return
            table = inner
        known = fields_by_key().get(key)
        table[path[-1]] = read_value(text, keep_text=known is not None and takes_text(known))
        self.origins[path] = origin

    def origin(self, path: Sequence[str]) -> str | None:
        """Say in words what gave the value at a path or the nearest one around or below it; None if nothing did."""
        for end in range(len(path), 0, -1):
            wanted = tuple(path[:end])
            for known, origin in self.origins.items():
                if known[:end] == wanted:
                    return origin
        return None

    def has(self, path: Sequence[str]) -> bool:
        """Tell whether there is a value at a path."""
        table: object = self.values
        for part in path:
            if not isinstance(table, dict) or part not in table:
                return False
            table = table[part]
        return True


def read_file(path: str) -> Layer:
    """Return the values of a TOML file.

    Raises
    ------
    ConfigurationError
        If it cannot be read or is no TOML.
    """
    try:
        with open(path, "rb") as file:
            values = tomllib.load(file)
    except OSError as error:
        raise ConfigurationError(
            f"configuration file {path}: {error.strerror}; expected a TOML file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"configuration file {path}: not TOML: {error}") from error
    layer = Layer()
    for section, table in values.items():
        layer.origins[section,] = f"file {path}"
        if section in section_models() and not isinstance(table, dict):
            layer.problems.append(f"{section} = {table!r} (file {path}): expected a section [{section}]")
        else:
            layer.values[section] = table
    return layer


def read_environment(environ: Mapping[str, str]) -> Layer:
    """Return the values of the variables ``DRF_SECTION__KEY``.

    A variable that starts like one of ours but has another form is a problem; other variables are none of our business.
    """
    layer = Layer()
    sections = "|".join(section.upper() for section in section_models())
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        path = tuple(name.removeprefix(PREFIX).lower().split(NESTED))
        origin = f"environment variable {name}"
        if len(path) > 1 and all(path):
            layer.add(path, environ[name], origin)
        elif len(path) > 1 or re.match(f"{PREFIX}({sections})(_|$)", name):
            layer.problems.append(
                f"{origin}: expected a name of the form DRF_SECTION__KEY, as DRF_SOURCE__URI"
            )
    return layer


def read_overrides(overrides: Iterable[str]) -> Layer:
    """Return the values of ``section.key=value`` texts; of one key given twice the later counts."""
    layer = Layer()
    for override in overrides:
        name, separator, text = override.partition("=")
        path = tuple(part.strip() for part in name.split("."))
        if not separator or len(path) < 2 or not all(path):
            layer.problems.append(
                f"--set {override.partition('=')[0]}: expected section.key=value, as source.uri=data/drf"
            )
        else:
            layer.add(path, text.strip(), f"--set {name.strip()}")
    return layer


def read_value(text: str, *, keep_text: bool) -> Any:  # noqa: ANN401 - whatever TOML has
    """Return the TOML value that a text is, else the text.

    With ``keep_text`` only a quoted text is read as TOML, so that ``2014`` stays a text.
    """
    try:
        values = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    if set(values) != {"value"}:
        return text
    value = values["value"]
    return text if keep_text and not isinstance(value, str) else value


def merge(layers: Iterable[Layer]) -> dict[str, Any]:
    """Return the values of all layers, weakest first, as nested tables; tables are merged, other values replaced."""
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = _merge_tables(merged, layer.values)
    return merged


def _merge_tables(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for name, value in over.items():
        before = merged.get(name)
        merged[name] = (
            _merge_tables(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
        )
    return merged
