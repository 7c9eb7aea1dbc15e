"""What a run tells while it works: the driver calls, the command line shows."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Hears of a run's stages and progress."""

    def run_started(self, run_id: str, dashboard: str) -> None:
        """A run has begun; ``dashboard`` is the address of a page that shows its workers, or empty."""

    def stage_started(self, stage: str, files: int, bytes_: int) -> None:
        """A stage has begun, over so many files and bytes (0 where that is not known)."""

    def advanced(self, files: int, bytes_: int, set_aside: int) -> None:
        """So much more of the stage is done."""

    def stage_ended(self, stage: str, elapsed_s: float) -> None:
        """The stage is done."""

    def warned(self, message: str) -> None:
        """Something is unsafe or unusual, but the run goes on."""


class SilentObserver:
    """Tells nobody."""

    def run_started(self, run_id: str, dashboard: str) -> None:
        """Tell nobody."""

    def stage_started(self, stage: str, files: int, bytes_: int) -> None:
        """Tell nobody."""

    def advanced(self, files: int, bytes_: int, set_aside: int) -> None:
        """Tell nobody."""

    def stage_ended(self, stage: str, elapsed_s: float) -> None:
        """Tell nobody."""

    def warned(self, message: str) -> None:
        """Tell nobody."""
