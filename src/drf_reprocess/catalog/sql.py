"""The catalog in an SQL database: SQLite here, written so that PostgreSQL needs another URL and no other code."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Exists,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from drf_reprocess.catalog.base import KnownSource, Listing, ProductRow, RunRecord, SourceRow
from drf_reprocess.catalog.engine import check_schema, make_engine, translated
from drf_reprocess.catalog.listing import SqlListing
from drf_reprocess.catalog.rows import (
    aggregate_to_deliverable,
    aggregate_to_row,
    delivery_to_row,
    member_to_row,
    product_to_deliverable,
    product_to_row,
    run_to_row,
    to_aggregate,
    to_delivery,
    to_finding,
    to_product,
    to_source_row,
)
from drf_reprocess.catalog.tables import (
    aggregates,
    deliveries,
    delivery_members,
    findings,
    products,
    runs,
    sources,
)
from drf_reprocess.catalog.writes import (
    LIVE,
    PAGE,
    check_delivered_once,
    renew_product,
    replace_current,
    write_departed,
    write_sources,
)
from drf_reprocess.errors import CatalogConflict
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import (
    SET_ASIDE,
    AggregateRecord,
    Decision,
    Deliverable,
    DeliveryMember,
    DeliveryRecord,
    Finding,
    Outcome,
    ProductRecord,
    SourceOutcome,
    SourceState,
)


@contextlib.contextmanager
def open_catalog(url: str, *, create: bool) -> Iterator[SqlCatalog]:
    """Open the catalog at a database URL; ``create`` makes it, and a SQLite file's folder, where there is none.

    Raises
    ------
    ConfigurationError
        If the URL is none, or its database's driver is not installed.
    CatalogVersionError
        If the catalog was written under another version of its schema.
    CatalogError
        If it cannot be opened, or there is none and ``create`` is off.
    """
    engine = make_engine(url, create=create)
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with translated(shown):
            check_schema(engine, shown, create=create)
        yield SqlCatalog(engine, shown)
    finally:
        engine.dispose()


UNFINISHED = ("running", "failed", "interrupted")
"""States of a run that did not come to its end."""


class SqlCatalog:
    """The catalog over an SQLAlchemy engine; see `catalog.base.Catalog` for what each method promises."""

    def __init__(self, engine: Engine, url: str) -> None:
        """Serve ``engine``; ``url`` is for error messages and holds no password."""
        self._engine = engine
        self._url = url

    @contextlib.contextmanager
    def _read(self) -> Iterator[Connection]:
        with translated(self._url), self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def _write(self) -> Iterator[Connection]:
        with (
            translated(self._url),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    # Runs

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
        others = [run for run in self.runs() if run.run_id != but]
        return list(takewhile(lambda run: run.state in UNFINISHED, reversed(others)))[::-1]

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

    # Sources

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
        self, run_id: str, run_time: str, fingerprint: str, outcomes: Sequence[SourceOutcome]
    ) -> None:
        """Record what became of files that no worker read, in one transaction."""
        with self._write() as connection:
            write_sources(connection, run_id, run_time, fingerprint, outcomes)

    def commit_outcomes(
        self, run_id: str, run_time: str, fingerprint: str, outcomes: Sequence[Outcome]
    ) -> None:
        """Record a task's outcomes in one transaction; ``CatalogConflict`` if another run got there first."""
        with self._write() as connection:
            received = [source for outcome in outcomes for source in outcome.sources]
            write_sources(connection, run_id, run_time, fingerprint, received)
            for outcome in outcomes:
                write_departed(connection, run_id, run_time, outcome)
            versions = []
            for outcome in outcomes:
                if outcome.product is None:
                    continue
                if outcome.decision is Decision.SAME:
                    renew_product(connection, run_id, outcome.product, outcome.former)
                else:
                    row = product_to_row(outcome.product, run_id)
                    versions.append((outcome.product.lidvid, outcome.former, row))
            replace_current(connection, products, versions)

    def source_rows(self, *, states: Iterable[SourceState] | None = None) -> Iterator[SourceRow]:
        """Yield received files, sorted by name, of these states or all."""
        query = select(sources).order_by(sources.c.name, sources.c.uri)
        if states is not None:
            query = query.where(sources.c.state.in_([state.value for state in states]))
        for row in self._stream(query):
            yield to_source_row(row)

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

    # Products

    def products(
        self,
        *,
        type: str | None = None,
        lid: str | None = None,
        start: str | None = None,
        stop: str | None = None,
        run_id: str | None = None,
    ) -> Iterator[ProductRow]:
        """Yield current products sorted by LID; ``start`` and ``stop`` select those that overlap a time range."""
        query = select(products).where(products.c.current).order_by(products.c.lid)
        if type is not None:
            query = query.where(products.c.type == type)
        if lid is not None:
            query = query.where(products.c.lid == lid)
        if start is not None:
            query = query.where(products.c.stop_time >= start)
        if stop is not None:
            query = query.where(products.c.start_time < stop)
        if run_id is not None:
            query = query.where(products.c.run_id == run_id)
        for row in self._stream(query):
            yield to_product(row)

    def has_products(self, type: str) -> bool:
        """Tell whether there is any product of a file type."""
        with self._read() as connection:
            return (
                connection.execute(
                    select(products.c.lid).where(products.c.current, products.c.type == type).limit(1)
                ).first()
                is not None
            )

    def product(self, lid: Lid) -> ProductRecord | None:
        """Return the current version of a product."""
        query = select(products).where(products.c.current, products.c.lid == str(lid))
        row = self._one(query)
        return None if row is None else to_product(row).record

    def former_product(self, lidvid: Lidvid) -> ProductRecord | None:
        """Return the version before this one."""
        row = self._one(_former_version(products, lidvid))
        return None if row is None else to_product(row).record

    def members(self, collection_lid: Lid) -> Iterator[ProductRecord]:
        """Yield the current products of a collection, sorted by LID."""
        query = (
            select(products)
            .where(products.c.current, products.c.collection_lid == str(collection_lid))
            .order_by(products.c.lid)
        )
        for row in self._stream(query):
            yield to_product(row).record

    # Collections and bundles

    def current_aggregates(self) -> dict[Lid, AggregateRecord]:
        """Return the current versions of collections and bundles."""
        records = [to_aggregate(row) for row in self._all(select(aggregates).where(aggregates.c.current))]
        return {record.lidvid.lid: record for record in records}

    def aggregates_of_run(self, run_id: str) -> list[AggregateRecord]:
        """Return the current collections and bundles that a run made."""
        query = select(aggregates).where(aggregates.c.current, aggregates.c.run_id == run_id)
        return [to_aggregate(row) for row in self._all(query)]

    def former_aggregate(self, lidvid: Lidvid) -> AggregateRecord | None:
        """Return the version before this one."""
        row = self._one(_former_version(aggregates, lidvid))
        return None if row is None else to_aggregate(row)

    def commit_aggregates(
        self, run_id: str, records: Sequence[AggregateRecord], expected: Mapping[Lid, Vid | None]
    ) -> None:
        """Record new versions of collections and bundles in one transaction."""
        with self._write() as connection:
            replace_current(
                connection,
                aggregates,
                [
                    (record.lidvid, expected.get(record.lidvid.lid), aggregate_to_row(record, run_id))
                    for record in records
                ],
            )

    # Deliveries

    def undelivered_days(self, bundle_lid: Lid) -> list[str]:
        """Return the days (YYYY-MM-DD, sorted) of current products that are in no live delivery."""
        query = (
            select(products.c.day.label("day"))
            .distinct()
            .where(products.c.current, products.c.bundle_lid == str(bundle_lid), ~_is_delivered(products))
            .order_by(products.c.day)
        )
        return [row["day"] for row in self._all(query)]

    def undelivered_products(self, bundle_lid: Lid, first: str, last: str) -> list[Deliverable]:
        """Return current products of these days that are in no live delivery, sorted by path."""
        query = (
            select(products)
            .where(
                products.c.current,
                products.c.bundle_lid == str(bundle_lid),
                products.c.day.between(first, last),
                ~_is_delivered(products),
            )
            .order_by(products.c.data_path)
        )
        return [product_to_deliverable(row) for row in self._all(query)]

    def undelivered_aggregates(self, bundle_lid: Lid) -> list[Deliverable]:
        """Return current collections and the bundle that are in no live delivery."""
        query = (
            select(aggregates)
            .where(
                aggregates.c.current, aggregates.c.bundle_lid == str(bundle_lid), ~_is_delivered(aggregates)
            )
            .order_by(aggregates.c.lid)
        )
        return [aggregate_to_deliverable(row) for row in self._all(query)]

    def next_delivery_number(self, bundle_lid: Lid) -> int:
        """Return a number that no delivery of the bundle had yet."""
        query = select(func.coalesce(func.max(deliveries.c.number), 0) + 1).where(
            deliveries.c.bundle_lid == str(bundle_lid)
        )
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def commit_delivery(self, record: DeliveryRecord, members: Sequence[DeliveryMember]) -> None:
        """Record a packed delivery and its files in one transaction."""
        with self._write() as connection:
            connection.execute(insert(deliveries).values(**delivery_to_row(record)))
            connection.execute(
                insert(delivery_members), [member_to_row(member, record.delivery_id) for member in members]
            )
            if record.state in LIVE:
                check_delivered_once(connection, record.delivery_id)

    def set_delivery_state(self, delivery_id: str, expected: str, new: str) -> None:
        """Move a delivery from one state to another; ``CatalogConflict`` if it is in a third."""
        with self._write() as connection:
            moved = connection.execute(
                update(deliveries)
                .where(deliveries.c.delivery_id == delivery_id, deliveries.c.state == expected)
                .values(state=new)
            )
            if moved.rowcount != 1:
                raise CatalogConflict(
                    f"delivery {delivery_id} is not in state {expected}: it cannot become {new}; another run may be at "
                    "work on this output"
                )

    def forget_delivery(self, delivery_id: str) -> None:
        """Forget a delivery that was packed but never proved; ``CatalogConflict`` if it is in another state."""
        with self._write() as connection:
            connection.execute(delete(delivery_members).where(delivery_members.c.delivery_id == delivery_id))
            forgotten = connection.execute(
                delete(deliveries).where(
                    deliveries.c.delivery_id == delivery_id, deliveries.c.state == "packed"
                )
            )
            if forgotten.rowcount != 1:
                raise CatalogConflict(
                    f"delivery {delivery_id} is not in state packed: it cannot be forgotten; another run may be at "
                    "work on this output"
                )

    def deliveries(self, *, run_id: str | None = None) -> list[DeliveryRecord]:
        """Return deliveries in the order of their making."""
        query = select(deliveries).order_by(deliveries.c.bundle_lid, deliveries.c.number)
        if run_id is not None:
            query = query.where(deliveries.c.run_id == run_id)
        return [to_delivery(row) for row in self._all(query)]

    # Queries

    def _one(self, query: Select[Any]) -> Mapping[Any, Any] | None:
        with self._read() as connection:
            row: Mapping[Any, Any] | None = connection.execute(query).mappings().one_or_none()
            return row

    def _all(self, query: Select[Any]) -> list[Mapping[Any, Any]]:
        with self._read() as connection:
            return list(connection.execute(query).mappings())

    def _stream(self, query: Select[Any]) -> Iterator[Mapping[Any, Any]]:
        with self._read() as connection:
            yield from connection.execution_options(yield_per=PAGE).execute(query).mappings()


def _former_version(table: Table, lidvid: Lidvid) -> Select[Any]:
    major, minor = lidvid.vid.major, lidvid.vid.minor
    return (
        select(table)
        .where(
            table.c.lid == str(lidvid.lid),
            (table.c.major < major) | and_(table.c.major == major, table.c.minor < minor),
        )
        .order_by(table.c.major.desc(), table.c.minor.desc())
        .limit(1)
    )


def _is_delivered(table: Table) -> Exists:
    return exists().where(
        delivery_members.c.lid == table.c.lid,
        delivery_members.c.major == table.c.major,
        delivery_members.c.minor == table.c.minor,
        delivery_members.c.delivery_id == deliveries.c.delivery_id,
        deliveries.c.state.in_(LIVE),
    )
