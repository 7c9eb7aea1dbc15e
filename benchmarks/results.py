"""What was measured, kept: one SQLite file, to which every run of the benchmarks appends."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine
from benchmarks.timing import Timing, quartiles

DATABASE = Path(__file__).with_name("results.sqlite")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
  run_id TEXT PRIMARY KEY, started TEXT NOT NULL, command TEXT NOT NULL, scope TEXT NOT NULL, revision TEXT NOT NULL,
  machine TEXT NOT NULL, versions TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS measurements (
  number INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs, part TEXT NOT NULL, name TEXT NOT NULL,
  configuration TEXT NOT NULL, seconds REAL, low_s REAL, high_s REAL, best_s REAL, repeats INTEGER NOT NULL,
  bytes INTEGER NOT NULL, figures TEXT NOT NULL, note TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS stages (
  number INTEGER NOT NULL REFERENCES measurements, stage TEXT NOT NULL, seconds REAL NOT NULL, bytes INTEGER NOT NULL,
  tasks INTEGER NOT NULL, busy_s REAL NOT NULL, driver_peak_bytes INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage of a run: medians, where there were several runs."""

    stage: str
    seconds: float
    bytes: int = 0
    tasks: int = 0
    """Tasks whose events were kept."""
    busy_s: float = 0.0
    """Seconds that tasks took on workers, together."""
    driver_peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Measurement:
    """One thing measured, under one configuration. ``seconds`` are empty where it was passed over: ``note`` says why."""

    part: str
    name: str
    seconds: tuple[float, ...] = ()
    bytes: int = 0
    """Received bytes that were worked on in each of those times; 0 where bytes mean nothing."""
    configuration: Mapping[str, object] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    """What else was measured: ratios, peaks in bytes, counts."""
    stages: tuple[StageTime, ...] = ()
    note: str = ""

    @property
    def timing(self) -> Timing:
        """The times."""
        return Timing(self.seconds)

    @property
    def mb_s(self) -> float:
        """Median speed in millions of received bytes a second; 0 where there is none."""
        return self.bytes / 1e6 / self.timing.median_s if self.bytes and self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """One call of the benchmarks, with all it measured."""

    run_id: str
    started: str
    command: str
    scope: Mapping[str, object]
    revision: str
    machine: Mapping[str, object]
    versions: Mapping[str, str]
    measurements: tuple[Measurement, ...]


class Results:
    """The database of one file."""

    def __init__(self, path: Path = DATABASE) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            database.executescript(_SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self.path)
        try:
            with database:
                yield database
        finally:
            database.close()

    def begin(self, command: str, scope: Mapping[str, object]) -> str:
        """Add a run with what it is measured on; return its id, which sorts by time."""
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        row = (
            run_id,
            f"{now:%Y-%m-%dT%H:%M:%SZ}",
            command,
            json.dumps(scope),
            machine.revision(),
            json.dumps(machine.machine_values()),
            json.dumps(machine.versions()),
        )
        with self._open() as database:
            database.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return run_id

    def add(self, run_id: str, measured: Measurement) -> None:
        """Append one measurement with its stages."""
        timed = measured.timing if measured.seconds else None
        low_s, high_s = quartiles(measured.seconds) if measured.seconds else (None, None)
        row = (
            run_id,
            measured.part,
            measured.name,
            json.dumps(measured.configuration),
            timed and timed.median_s,
            low_s,
            high_s,
            timed and timed.best_s,
            len(measured.seconds),
            measured.bytes,
            json.dumps({"seconds": measured.seconds, **measured.figures}),
            measured.note,
        )
        with self._open() as database:
            number = database.execute(
                "INSERT INTO measurements (run_id, part, name, configuration, seconds, low_s, high_s, best_s, repeats,"
                " bytes, figures, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
            database.executemany(
                "INSERT INTO stages VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (number, one.stage, one.seconds, one.bytes, one.tasks, one.busy_s, one.driver_peak_bytes)
                    for one in measured.stages
                ],
            )

    def runs(self) -> list[str]:
        """Return the ids of all runs, oldest first."""
        with self._open() as database:
            return [run_id for (run_id,) in database.execute("SELECT run_id FROM runs ORDER BY run_id")]

    def read(self, run_id: str) -> Run:
        """Return a run with everything that it measured; ``LookupError`` if there is none of that id."""
        with self._open() as database:
            row = database.execute("SELECT * FROM runs WHERE run_id = ?", (run_id,)).fetchone()
            if row is None:
                raise LookupError(f"no run {run_id!r} in {self.path.name}")
            rows = database.execute(
                "SELECT number, part, name, configuration, bytes, figures, note FROM measurements WHERE run_id = ?"
                " ORDER BY number",
                (run_id,),
            ).fetchall()
            found = tuple(_measurement(values, _stages(database, values[0])) for values in rows)
        _, started, command, scope, revision, on, with_versions = row
        return Run(
            run_id,
            started,
            command,
            json.loads(scope),
            revision,
            json.loads(on),
            json.loads(with_versions),
            found,
        )


def _stages(database: sqlite3.Connection, number: int) -> Iterable[StageTime]:
    return (
        StageTime(*row)
        for row in database.execute(
            "SELECT stage, seconds, bytes, tasks, busy_s, driver_peak_bytes FROM stages WHERE number = ? ORDER BY rowid",
            (number,),
        )
    )


def _measurement(
    values: tuple[int, str, str, str, int, str, str], stages: Iterable[StageTime]
) -> Measurement:
    _, part, name, configuration, bytes_, figures, note = values
    known = json.loads(figures)
    seconds = tuple(known.pop("seconds"))
    return Measurement(part, name, seconds, bytes_, json.loads(configuration), known, tuple(stages), note)
