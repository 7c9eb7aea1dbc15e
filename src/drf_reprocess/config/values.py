"""Kinds of configuration values that TOML has no type for: sizes, moments, options without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ByteSize, TypeAdapter

KIB, MIB, GIB = 2**10, 2**20, 2**30

_BYTE_SIZE = TypeAdapter(ByteSize)

SECRET_WORDS = frozenset(
    {"credential", "key", "passphrase", "passwd", "password", "pwd", "secret", "token"}
    | {"credentials", "keys", "passwords", "secrets", "tokens"}
)
"""Words of an option's name that tell that its value is a secret."""

NO_SECRETS = frozenset({"ssekmskeyid", "sse_kms_key_id"})
"""Names with such a word whose value is none: the name of a key, which is of no use without rights on it."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Says in words what a value must be, for error messages and the list of keys."""

    words: str


def read_size(value: object) -> object:
    """Return a size in bytes: a whole number as it is, a text such as ``64 MiB`` by its unit."""
    if not isinstance(value, str):
        return value
    if not re.search("[A-Za-z]", value):
        raise ValueError("a text without a unit; write a plain number of bytes, or a unit such as MiB")
    size = _BYTE_SIZE.validate_python(value)
    if size < 1:
        raise ValueError("less than one byte")
    return int(size)


def show_size(size: int) -> str:
    """Return a size as a text that `read_size` takes: in the largest unit that leaves a whole number."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return str(size)


def read_moment(value: object) -> str:
    """Return a moment as ISO 8601 text in UTC to the second, ``2026-11-21T00:00:00Z``."""
    moment = value if isinstance(value, datetime) else None
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("not a moment in ISO 8601") from None
    if moment is None or moment.tzinfo is None:
        raise ValueError("no moment of one certain time zone: end it with Z")
    if moment.microsecond:
        raise ValueError("a fraction of a second: dates in labels go to the second")
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def find_file(path: str) -> str:
    """Return the path with ``~`` expanded; a ``ValueError`` says that no file is there."""
    expanded = os.path.expanduser(path)
    if not os.path.isfile(expanded):
        raise ValueError("there is no such file")
    return expanded


def refuse_secrets(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options unchanged; a ``ValueError`` names those, at any depth, that are called like secrets."""
    found = sorted(_secret_names(options, ""))
    if found:
        raise ValueError(
            f"{', '.join(found)} is called like a secret, which a configuration must not hold: give it by the "
            "environment or the chain of credentials that the storage's SDK looks through"
        )
    return options


def _secret_names(options: Mapping[str, object], prefix: str) -> list[str]:
    found = []
    for name, value in options.items():
        if is_secret_name(name):
            found.append(prefix + name)
        elif isinstance(value, Mapping):
            found += _secret_names(value, f"{prefix}{name}.")
    return found


def is_secret_name(name: str) -> bool:
    """Tell whether an option is called like a secret: ``key``, ``aws_secret_access_key``, ``sessionToken`` ..."""
    if name.lower() in NO_SECRETS:
        return False
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    return bool(SECRET_WORDS.intersection(re.split(r"[^a-z]+", words))) or "connection_string" in words


Size = Annotated[
    int, BeforeValidator(read_size), Expected("a number of bytes, or a text with a unit such as 64 MiB")
]
"""A size in bytes."""

Moment = Annotated[
    str, BeforeValidator(read_moment), Expected("a moment in UTC to the second, as 2026-11-21T00:00:00Z")
]
"""A moment as ISO 8601 text in UTC."""

Options = Annotated[
    dict[str, Any], AfterValidator(refuse_secrets), Expected("a table of options, without secrets")
]
"""Options of an fsspec file system."""

ExistingFile = Annotated[str, AfterValidator(find_file), Expected("the path of an existing file")]
"""A file that must be there when the configuration is read."""

Address = Annotated[str, Expected("host:port, or an empty text for none")]
"""Where a page is served."""
