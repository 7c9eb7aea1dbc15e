"""Runs and received files in the SQL catalog; see `catalog.base.Catalog` for what each method promises."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy import func, insert, select, update

from drf_reprocess.catalog.base import KnownSource, Listing, RunRecord, SourceRow
from drf_reprocess.catalog.connection import SqlPart
from drf_reprocess.catalog.engine import translated
from drf_reprocess.catalog.listing import SqlListing
from drf_reprocess.catalog.rows import run_to_row, to_finding, to_source_row
from drf_reprocess.catalog.tables import findings, runs, sources
from drf_reprocess.catalog.writes import write_departed, write_packed, write_products, write_sources
from drf_reprocess.model import SET_ASIDE, Finding, Outcome, SourceOutcome, SourceState

UNFINISHED = ("running", "failed", "interrupted")
"""States of a run that did not come to its end."""


class SqlSources(SqlPart):
    """What was received, and the runs that worked on it."""

    def start_run(self, run: RunRecord) -> None:
        """Record that a run has begun."""
        with self._write() as connection:
            connection.execute(insert(runs).values(**run_to_row(run)))

    def finish_run(self, run_id: str, state: str, ended_at: str, summary: Mapping[str, Any]) -> None:
        """Record how a run ended."""
        with self._write() as connection:
            connection.execute(
                update(runs)
                .where(runs.c.run_id == run_id)
                .values(state=state, ended_at=ended_at, summary=dict(summary))
            )

    def runs(self) -> list[RunRecord]:
        """Return all runs, oldest first, without their configuration."""
        with self._read() as connection:
            rows = connection.execute(select(runs).order_by(runs.c.started_at, runs.c.run_id)).mappings()
            return [RunRecord(**dict(row) | {"config": {}}) for row in rows]

    def unfinished_runs(self, but: str) -> list[RunRecord]:
        """Return the runs, oldest first, that were cut off or failed since the last one that came to its end."""
        others = [run for run in self.runs() if run.run_id != but and run.mode != "adopt"]
        found = [run.run_id for run in takewhile(lambda run: run.state in UNFINISHED, reversed(others))]
        query = select(runs).where(runs.c.run_id.in_(found)).order_by(runs.c.started_at, runs.c.run_id)
        return [RunRecord(**dict(row)) for row in self._all(query)]

    def profiles(self) -> set[str]:
        """Return the names of the profiles of all runs."""
        with self._read() as connection:
            return set(connection.execute(select(runs.c.profile).distinct()).scalars())

    def count_set_aside(self, run_ids: Collection[str]) -> int:
        """Count the received files that these runs set aside, and that are so still."""
        query = select(func.count()).where(
            sources.c.run_id.in_(run_ids), sources.c.state.in_([state.value for state in SET_ASIDE])
        )
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    @contextlib.contextmanager
    def listing(self) -> Iterator[Listing]:
        """Give an empty listing in temporary tables; it is gone at the end."""
        with (
            translated(self._url),
            self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            yield SqlListing(connection)

    def known_source(self, uri: str) -> KnownSource | None:
        """Return what is known of one received file."""
        with self._read() as connection:
            row = connection.execute(select(sources).where(sources.c.uri == uri)).one_or_none()
        if row is None:
            return None
        return KnownSource(
            row.bytes, row.mtime_ns, row.version, SourceState(row.state), row.code, row.fingerprint
        )

    def commit_states(
        self, run_id: str, run_time: str, fingerprints: Mapping[str, str], outcomes: Sequence[SourceOutcome]
    ) -> None:
        """Record what became of files that no worker read, in one transaction."""
        with self._write() as connection:
            write_sources(connection, run_id, run_time, fingerprints, outcomes)

    def commit_outcomes(
        self, run_id: str, run_time: str, fingerprints: Mapping[str, str], outcomes: Sequence[Outcome]
    ) -> None:
        """Record a task's outcomes in one transaction; ``CatalogConflict`` if another run got there first."""
        with self._write() as connection:
            received = [source for outcome in outcomes for source in outcome.sources]
            write_sources(connection, run_id, run_time, fingerprints, received)
            for outcome in outcomes:
                write_departed(connection, run_id, run_time, outcome)
            write_products(connection, run_id, run_time, outcomes)
            write_packed(connection, [member for outcome in outcomes for member in outcome.packed])

    def source_rows(self, *, states: Iterable[SourceState] | None = None) -> Iterator[SourceRow]:
        """Yield received files, sorted by name, of these states or all."""
        query = select(sources).order_by(sources.c.name, sources.c.uri)
        if states is not None:
            query = query.where(sources.c.state.in_([state.value for state in states]))
        for row in self._stream(query):
            yield to_source_row(row)

    def sources_of(self, product_id: str) -> list[SourceRow]:
        """Return the received files of a product id."""
        query = select(sources).where(sources.c.product_id == product_id).order_by(sources.c.uri)
        return [to_source_row(row) for row in self._all(query)]

    def state_counts(self) -> dict[SourceState, int]:
        """Count received files by state."""
        with self._read() as connection:
            rows = connection.execute(select(sources.c.state, func.count()).group_by(sources.c.state))
            return {SourceState(state): count for state, count in rows}

    def findings(self, source_uri: str) -> list[Finding]:
        """Return the findings of one received file."""
        with self._read() as connection:
            rows = connection.execute(select(findings).where(findings.c.source_uri == source_uri)).mappings()
            return [to_finding(row) for row in rows]
