"""Interrupts end a command in order, wherever they reach it."""

from __future__ import annotations

import signal
import sys
import threading

AGAIN_S = 0.02
"""So much later an interrupt is raised again that Python could not raise where it came."""


def heed_interrupts() -> None:
    """Have a command that is terminated end as one that is interrupted does, and no interrupt be lost.

    Python only tells of an exception, and goes on, where there is nobody to raise it to: in ``__del__``, or in what a library
    has called at each garbage collection. A run that was interrupted there would go on to its end.
    """
    # Also where a shell started it with SIGINT ignored.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.unraisablehook = _raise_again


def _raise_again(unraised: sys.UnraisableHookArgs) -> None:
    if not issubclass(unraised.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraised)
        return
    # A real signal, which ends what the program waits for; SIGTERM, because SIGINT may be ignored.
    main = threading.main_thread().ident
    again = threading.Timer(AGAIN_S, signal.pthread_kill, (main, signal.SIGTERM))
    again.daemon = True
    again.start()
