"""Live progress: a bar on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from drf_reprocess.cli.output import printable

LINE_EVERY_S = 10.0
"""Without a terminal: how often a stage that works tells so."""


class ProgressObserver:
    """Shows a run's progress on a console: files, MB/s, time to go and how many files were set aside."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<9}"),
            BarColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._bar: TaskID | None = None
        self._stage = ""
        self._files = self._total_files = self._bytes = self._set_aside = 0
        self._started = self._told = 0.0

    def __enter__(self) -> ProgressObserver:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def run_started(self, run_id: str, dashboard: str) -> None:
        """Tell the run's name and where to watch its workers."""
        self._console.print(
            f"run {run_id}" + (f", dashboard {dashboard}" if dashboard else ""), highlight=False
        )

    def stage_started(self, stage: str, files: int, bytes_: int) -> None:
        """Begin a bar, or a line."""
        self._stage, self._total_files = stage, files
        self._files = self._bytes = self._set_aside = 0
        self._started = self._told = time.monotonic()
        if self._console.is_terminal:
            self._bar = self._bars.add_task(stage, total=bytes_ or None, note="")

    def advanced(self, files: int, bytes_: int, set_aside: int) -> None:
        """Move the bar; without a terminal, print a line now and then."""
        self._files += files
        self._bytes += bytes_
        self._set_aside += set_aside
        if self._bar is not None:
            note = f"{self._files}/{self._total_files} files" if self._total_files else f"{self._files} files"
            if self._set_aside:
                note += f", {self._set_aside} set aside"
            self._bars.update(self._bar, advance=bytes_, note=note)
        elif time.monotonic() - self._told > LINE_EVERY_S:
            self._told = time.monotonic()
            self._console.print(self._line(), highlight=False)

    def stage_ended(self, stage: str, elapsed_s: float) -> None:
        """End the bar, or print the stage's last line."""
        if self._bar is not None:
            self._bars.stop_task(self._bar)
            self._bar = None
        else:
            self._console.print(self._line(), highlight=False)

    def warned(self, message: str) -> None:
        """Print a warning."""
        self._console.print(f"warning: {printable(message)}", style="yellow", highlight=False)

    def _line(self) -> str:
        elapsed_s = max(time.monotonic() - self._started, 1e-3)
        line = f"{self._stage}: "
        if self._files:
            line += f"{self._files}" + (f"/{self._total_files}" if self._total_files else "") + " files, "
        if self._bytes:
            rate = self._bytes / elapsed_s
            line += f"{self._bytes / 1e6:.1f} MB, {rate / 1e6:.1f} MB/s, "
            if 0 < self._files < self._total_files:
                line += f"about {elapsed_s / self._files * (self._total_files - self._files):.0f} s to go, "
        if self._set_aside:
            line += f"{self._set_aside} set aside, "
        return f"{line}{elapsed_s:.1f} s"
