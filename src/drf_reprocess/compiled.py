"""Functions compiled by numba, with its cache on disk where one can be written; where there is no numba, left as they are."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar, cast

logger = logging.getLogger(__name__)

NUMBA: Any = import_module("numba") if find_spec("numba") else None
"""None where it is not installed."""

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function, **options: bool) -> Function:
    """Compile ``function`` at its first call: no GIL, no fast-math, since every value has to be exact.

    The machine code is cached beside the module, in ``NUMBA_CACHE_DIR`` or in the user's cache folder; where none can
    be written (a read-only install without a home), it is compiled anew in each process.
    """
    if NUMBA is None:
        return function
    try:
        made = NUMBA.njit(function, nogil=True, cache=True, **options)
    except RuntimeError as fault:  # numba's "no locator available"
        logger.debug("%s is compiled in each process: %s", function.__name__, fault)
        made = NUMBA.njit(function, nogil=True, **options)
    return cast("Function", made)


def inlined(function: Function) -> Function:
    """Compile ``function`` into its compiled callers only.

    It cannot be called from Python nor make arrays: references to arrays are not counted, which would take longer than a cell.
    """
    return compiled(function, forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
