"""Read the configuration once, at start: defaults < file < environment < ``--set``.

Whatever is wrong is told at once, each problem with its key, value, what was expected, and where the value came from.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from drf_reprocess.config.explain import describe_type, fields_by_key, section_models
from drf_reprocess.config.layers import Layer, merge, read_environment, read_file, read_overrides
from drf_reprocess.config.model import Config
from drf_reprocess.config.places import check_places, local_path
from drf_reprocess.errors import ConfigurationError

__all__ = ["check_places", "load_config", "public_dict"]

LATEST_EPOCH_S = 253402300799
"""The last second of the year 9999."""


def load_config(path: str | None, overrides: Sequence[str], environ: Mapping[str, str]) -> Config:
    """Return the configuration.

    Parameters
    ----------
    path
        TOML file, or None for none.
    overrides
        ``section.key=value`` texts of the command line; the value is read as a TOML value, else as a text.
    environ
        Environment variables; ``DRF_SECTION__KEY`` sets a key, in the same way.

    Raises
    ------
    ConfigurationError
        With one line for every problem.
    """
    try:
        return _load(path, overrides, environ)
    except RecursionError as error:
        raise ConfigurationError(f"{path or 'a value'} is nested too deeply to be a configuration") from error


def _load(path: str | None, overrides: Sequence[str], environ: Mapping[str, str]) -> Config:
    layers = [read_file(path)] if path is not None else []
    layers += [read_environment(environ), read_overrides(overrides)]
    values = merge(layers)
    problems = [problem for layer in layers for problem in layer.problems]
    problems += _check_catalog(values)
    problems += _check_epoch(values, environ)
    try:
        config = Config.model_validate({section: {} for section in section_models()} | values)
    except ValidationError as error:
        problems += [_describe(details, layers) for details in error.errors(include_url=False)]
        raise _configuration_error(problems) from None  # its text would show values that may be secrets
    if problems:
        raise _configuration_error(problems)
    return config


def public_dict(config: Config) -> dict[str, Any]:
    """Return the resolved configuration as plain JSON values, without passwords, to be kept with a run."""
    return {
        section: {name: _without_passwords(value) for name, value in table.items()}
        for section, table in config.model_dump(by_alias=True).items()
    }


def hide_password(uri: str) -> str:
    """Return a URI with any password in it replaced by ``***``."""
    hidden = re.sub(r"(://[^/@\s]*?:)[^\s]+@", r"\1***@", uri)
    return re.sub(r"(?i)([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&\s]*", r"\1***", hidden)


def _without_passwords(value: object) -> object:
    if isinstance(value, str):
        return hide_password(value)
    if isinstance(value, dict):
        return {str(name): _without_passwords(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_passwords(inner) for inner in value]
    return value if isinstance(value, bool | int | float | None) else str(value)


def _configuration_error(problems: Sequence[str]) -> ConfigurationError:
    if len(problems) == 1:
        return ConfigurationError(problems[0])
    return ConfigurationError(f"{len(problems)} problems in the configuration:\n" + "\n".join(problems))


def _check_catalog(values: Mapping[str, Any]) -> list[str]:
    """A database cannot live in an object store, so the catalog needs a place of its own then."""
    output = _get(values, "output", "uri")
    if (
        not isinstance(output, str)
        or local_path(output) is not None
        or _get(values, "catalog", "url") is not None
    ):
        return []
    return [
        f"catalog.url is not set, and output.uri = {hide_password(output)!r} is not a local folder; expected the database "
        "URL of the catalog, as sqlite:////path/to/catalog.sqlite"
    ]


def _check_epoch(values: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    epoch = environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch or _get(values, "run", "time") is not None:
        return []
    if epoch.isascii() and epoch.isdecimal() and int(epoch[:20]) <= LATEST_EPOCH_S:
        return []
    return [
        f"SOURCE_DATE_EPOCH = {epoch!r} (environment variable): expected whole seconds since 1970-01-01, or unset it"
    ]


def _get(values: Mapping[str, Any], section: str, name: str) -> object:
    table = values.get(section)
    return table.get(name) if isinstance(table, dict) else None


def _describe(details: ErrorDetails, layers: Sequence[Layer]) -> str:
    """Say in one line what is wrong with a value, where it came from, and what was expected."""
    path = tuple(str(part) for part in details["loc"])
    key = ".".join(path[:2])
    if details["type"] == "missing":
        return f"{key} is not set; {_ways_to_set(key)}"
    if details["type"] == "extra_forbidden":
        return f"unknown key {key} ({_origin(layers, path)}): {_known_keys(path)}"
    reason = details["msg"].removeprefix("Value error, ")
    field = fields_by_key().get(key)
    if field is None:
        named = [(path[0], name) for name in re.findall(rf"{path[0]}\.(\w+)", reason)]
        given = next((place for place in named if any(layer.has(place) for layer in layers)), path)
        return f"{reason} ({_origin(layers, given)})"
    value = "" if path[1] == "options" else f" = {_show(details['input'])}"
    return f"{key}{value} ({_origin(layers, path)}): expected {describe_type(field)}; {reason[0].lower()}{reason[1:]}"


def _show(value: object) -> str:
    return repr(hide_password(value)) if isinstance(value, str) else str(value)


def _origin(layers: Sequence[Layer], path: Sequence[str]) -> str:
    """Say which layer a value came from: the strongest that has it."""
    for layer in reversed(layers):
        if layer.has(path[:2]) and (origin := layer.origin(path)) is not None:
            return origin
    return "default"


def _known_keys(path: Sequence[str]) -> str:
    section = section_models().get(path[0])
    if section is None:
        return f"{_closest(path[0], list(section_models()))}expected one of the sections {', '.join(section_models())}"
    names = list(section.model_fields)
    return f"{_closest(path[1], names)}expected one of {', '.join(f'{path[0]}.{name}' for name in names)}"


def _closest(given: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(given, known, n=1)
    return f"did you mean {close[0]}? " if close else ""


def _ways_to_set(key: str) -> str:
    section, _, name = key.partition(".")
    variable = f"DRF_{section}__{name}".upper()
    return f"give it in the file ([{section}] {name} = ...), by the environment variable {variable}, or by --set {key}=..."
