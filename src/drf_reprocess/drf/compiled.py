"""Functions compiled by numba, with its cache on disk where one can be written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile ``function`` at its first call: no GIL, no fast-math, since every value has to be exact.

    The machine code is cached beside the module, in ``NUMBA_CACHE_DIR`` or in the user's cache folder; where none can
    be written (a read-only install without a home), it is compiled anew in each process.
    """
    try:
        made = numba.njit(function, nogil=True, cache=True)
    except RuntimeError as fault:  # numba's "no locator available"
        logger.debug("%s is compiled in each process: %s", function.__name__, fault)
        made = numba.njit(function, nogil=True)
    return cast("Function", made)
