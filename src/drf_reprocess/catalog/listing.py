"""The scratch table that holds a listing of the source while a run is planned and worked off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    case,
    func,
    insert,
    select,
)

from drf_reprocess.catalog.base import FAILED_BEFORE, Comparison, ListedFile
from drf_reprocess.catalog.tables import sources
from drf_reprocess.model import SourceFile, SourceState

BATCH = 1000

DEPARTED = "no-longer-received"
"""Code of a file that is in the source no longer, while others of its product are."""

scratch = MetaData()

listed = Table(
    "listed",
    scratch,
    Column("uri", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("version", String, nullable=False),
    Column("type", String, nullable=False),
    Column("product_id", String, nullable=False, index=True),
    prefixes=["TEMPORARY"],
)

work = Table(
    "work",
    scratch,
    Column("position", Integer, primary_key=True),
    Column("uri", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("version", String, nullable=False),
    Column("type", String, nullable=False),
    Column("product_id", String, nullable=False),
    Column("reason", String, nullable=False),
    prefixes=["TEMPORARY"],
)


class SqlListing:
    """A listing in temporary tables of one database connection; see `catalog.base.Listing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        scratch.drop_all(connection)
        scratch.create_all(connection)

    def add(self, files: Iterable[ListedFile]) -> None:
        """Add files, drawn from the iterable in batches."""
        rows = (
            {
                "uri": listed_file.file.uri,
                "name": listed_file.file.name,
                "bytes": listed_file.file.bytes,
                "mtime_ns": listed_file.file.mtime_ns,
                "version": listed_file.file.version,
                "type": listed_file.type,
                "product_id": listed_file.product_id,
            }
            for listed_file in files
        )
        while batch := list(islice(rows, BATCH)):
            self._connection.execute(insert(listed), batch)

    def compare(self, fingerprint: str, unread_codes: Iterable[str]) -> Comparison:
        """Find the files that need work and keep them in order; see `catalog.base.Listing`."""
        known, unread_codes = sources, list(unread_codes)
        same = (
            (known.c.bytes == listed.c.bytes)
            & (known.c.mtime_ns == listed.c.mtime_ns)
            & (known.c.version == listed.c.version)
        )
        # A file that left the source may have been all that was wrong with the others of its product.
        left = select(known.c.product_id).where(
            known.c.product_id.in_(select(listed.c.product_id)),
            known.c.uri.not_in(select(listed.c.uri)),
            known.c.code != DEPARTED,
            known.c.md5 != "",
        )
        reason = case(
            (known.c.uri.is_(None), "new file"),
            (~same, "file changed"),
            (known.c.code == DEPARTED, "back in the source"),
            (known.c.state == SourceState.FAILED.value, FAILED_BEFORE),
            (known.c.code.in_(unread_codes), "set aside unread before"),
            (known.c.fingerprint != fingerprint, "profile, repair options or engine changed"),
            (listed.c.product_id.in_(left), "another file of its product left the source"),
            else_="",
        )
        compared = (
            select(listed, reason.label("reason"), known.c.state.label("state"))
            .select_from(listed.outerjoin(known, known.c.uri == listed.c.uri))
            .subquery()
        )
        busy = select(compared.c.product_id).where(compared.c.reason != "").distinct()
        columns = [compared.c[column.name] for column in work.c if column.name != "position"]
        self._connection.execute(
            insert(work).from_select(
                [column.name for column in columns],
                select(*columns)
                .where(compared.c.product_id.in_(busy))
                .order_by(compared.c.type, compared.c.product_id, compared.c.uri),
            )
        )
        settled = self._connection.execute(
            select(compared.c.state, func.count())
            .where(compared.c.product_id.not_in(select(work.c.product_id)))
            .group_by(compared.c.state)
        )
        return self._sum_up({SourceState(state): count for state, count in settled})

    def _sum_up(self, settled: dict[SourceState, int]) -> Comparison:
        products, files, bytes_ = self._connection.execute(
            select(
                func.count(work.c.product_id.distinct()),
                func.count(),
                func.coalesce(func.sum(work.c.bytes), 0),
            )
        ).one()
        reasons = self._connection.execute(
            select(work.c.reason, func.count().label("files"))
            .where(work.c.reason != "")
            .group_by(work.c.reason)
        )
        return Comparison(products, files, bytes_, {row.reason: row.files for row in reasons}, settled)

    def groups(self) -> Iterator[tuple[ListedFile, ...]]:
        """Yield the files that need work, a product at a time; see `catalog.base.Listing`."""
        for _, group in groupby(self._work(), key=lambda listed_file: listed_file.product_id):
            yield tuple(group)

    def _work(self) -> Iterator[ListedFile]:
        """Read page by page, so that no result set stays open while the run's outcomes are committed."""
        position = 0
        while True:
            page = self._connection.execute(
                select(work).where(work.c.position > position).order_by(work.c.position).limit(BATCH)
            ).all()
            if not page:
                return
            for row in page:
                file = SourceFile(row.uri, row.name, row.bytes, row.mtime_ns, row.version)
                yield ListedFile(file, row.type, row.product_id, row.reason)
            position = page[-1].position
