"""Rows of which no value can be made, told as what they are: damage that the database itself does not see."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from drf_reprocess.catalog.checks import damaged
from drf_reprocess.errors import DrfReprocessError

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=type)

GIVEN_VALUES = ("_", "add", "commit_", "finish_run", "listing", "replay", "start_run")
"""Starts of names of methods to which values are given, and of those that are nobody else's."""


def telling_damage(catalog: C) -> C:
    """Have every question to a catalog tell of rows of which no value can be made: they are not what was written.

    A database's own checks see to its structure, not to single letters in its rows. Methods that are given values by the
    caller are left alone: those may be what is wrong.
    """
    for name, method in inspect.getmembers(catalog, inspect.isfunction):
        if not name.startswith(GIVEN_VALUES):
            setattr(catalog, name, _telling_damage(method))
    return catalog


def _telling_damage(method: Callable[P, T]) -> Callable[P, T]:
    if inspect.isgeneratorfunction(method):

        @functools.wraps(method)
        def stream(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - what the method yields
            with _damage_told(args[0]):
                yield from method(*args, **kwargs)

        return stream

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with _damage_told(args[0]):
            return method(*args, **kwargs)

    return call


@contextlib.contextmanager
def _damage_told(catalog: object) -> Iterator[None]:
    try:
        yield
    except DrfReprocessError:
        raise
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise damaged(getattr(catalog, "_url", ""), f"a row is not what was written: {error}") from error


@contextlib.contextmanager
def texts_told(url: str) -> Iterator[None]:
    """Tell of a text of the database that is none, or no JSON, as damage."""
    try:
        yield
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise damaged(url, f"a value is not what was written: {error}") from error
