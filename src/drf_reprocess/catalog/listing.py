"""The scratch table that holds a listing of the source while a run is planned and worked off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    case,
    exists,
    func,
    insert,
    select,
    union,
    union_all,
)

from drf_reprocess.catalog.base import (
    COVERED,
    FAILED_BEFORE,
    FINGERPRINT_PARTS,
    NEW_FILE,
    STAGED,
    STAGED_BEFORE,
    Comparison,
    ListedFile,
    Question,
)
from drf_reprocess.catalog.damage import telling_damage
from drf_reprocess.catalog.tables import sources
from drf_reprocess.model import SourceFile, SourceState

BATCH = 250

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
    Column("product_id", String, nullable=False),
    Column("family", String, nullable=False, index=True),
    Column("first_day", Integer, nullable=False),
    Column("last_day", Integer, nullable=False),
    Index("listed_by_day", "type", "first_day"),
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
    Column("family", String, nullable=False, index=True),
    Column("reason", String, nullable=False),
    Column("covered_by", Text, nullable=False),
    Column("covering_family", String, nullable=False),
    prefixes=["TEMPORARY"],
)

# Families whose days lie within those of another family of the type.
covered = Table(
    "covered",
    scratch,
    Column("family", String, primary_key=True),
    Column("covering_family", String, nullable=False, index=True),
    Column("covered_by", Text, nullable=False),
    prefixes=["TEMPORARY"],
)

ruled = Table(
    "ruled",
    scratch,
    Column("family", String, primary_key=True),
    Column("digest", String, nullable=False),
    prefixes=["TEMPORARY"],
)


# Files that were set aside by their listing alone: they are compared with the catalog at the end only.
refused = Table(
    "refused",
    scratch,
    Column("uri", Text, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("version", String, nullable=False),
    prefixes=["TEMPORARY"],
)


@telling_damage
class SqlListing:
    """A listing in temporary tables of one database connection; see `catalog.base.Listing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._url = connection.engine.url.render_as_string(hide_password=True)
        self._longest = 0
        scratch.drop_all(connection)
        scratch.create_all(connection)

    def add(self, files: Iterable[ListedFile]) -> None:
        """Add files, drawn from the iterable in batches."""
        waiting = iter(files)
        while batch := list(islice(waiting, BATCH)):
            self._longest = max(self._longest, *(file.span[1] - file.span[0] for file in batch))
            self._connection.execute(insert(listed), [_to_row(listed_file) for listed_file in batch])

    def compare(self, question: Question) -> Comparison:
        """Find the files that need work and keep them in order; see `catalog.base.Listing`."""
        if question.rulings:
            self._connection.execute(
                insert(ruled),
                [{"family": family, "digest": digest} for family, digest in question.rulings.items()],
            )
        self._find_covered()
        reason = _reason(question)
        compared = (
            select(
                listed,
                reason.label("reason"),
                sources.c.state.label("state"),
                func.coalesce(covered.c.covered_by, "").label("covered_by"),
                func.coalesce(covered.c.covering_family, "").label("covering_family"),
            )
            .select_from(
                listed.outerjoin(sources, sources.c.uri == listed.c.uri)
                .outerjoin(ruled, ruled.c.family == listed.c.family)
                .outerjoin(covered, covered.c.family == listed.c.family)
            )
            .subquery()
        )
        reasoned = select(compared.c.family).where(compared.c.reason != "")
        # What becomes of a wider file decides about those whose days it covers.
        affected = select(covered.c.family).where(covered.c.covering_family.in_(reasoned))
        busy = union(reasoned, affected)
        columns = [compared.c[column.name] for column in work.c if column.name != "position"]
        self._connection.execute(
            insert(work).from_select(
                [column.name for column in columns],
                select(*columns)
                .where(compared.c.family.in_(busy))
                .order_by(compared.c.type, compared.c.family, compared.c.uri),
            )
        )
        settled = self._connection.execute(
            select(compared.c.state, func.count())
            .where(compared.c.family.not_in(select(work.c.family)))
            .group_by(compared.c.state)
        )
        return self._sum_up({SourceState(state): count for state, count in settled})

    def _find_covered(self) -> None:
        """Find the families whose days lie within those of another one of the type."""
        wider = listed.alias()
        self._connection.execute(
            insert(covered).from_select(
                ["family", "covering_family", "covered_by"],
                select(listed.c.family, func.min(wider.c.family), func.min(wider.c.name))
                .join(
                    wider,
                    (wider.c.type == listed.c.type)
                    & wider.c.first_day.between(listed.c.last_day - self._longest, listed.c.first_day)
                    & (wider.c.last_day >= listed.c.last_day)
                    & (wider.c.last_day - wider.c.first_day > listed.c.last_day - listed.c.first_day),
                )
                .where(listed.c.first_day > 0)
                .group_by(listed.c.family),
            )
        )

    def _sum_up(self, settled: dict[SourceState, int]) -> Comparison:
        families, files, bytes_ = self._connection.execute(
            select(
                func.count(work.c.family.distinct()),
                func.count(),
                func.coalesce(func.sum(work.c.bytes), 0),
            )
        ).one()
        reasons = self._connection.execute(
            select(work.c.reason, func.count().label("files"))
            .where(work.c.reason != "")
            .group_by(work.c.reason)
        )
        return Comparison(families, files, bytes_, {row.reason: row.files for row in reasons}, settled)

    def groups(self, *, covered: bool = False) -> Iterator[tuple[ListedFile, ...]]:
        """Yield the files that need work, a family at a time; see `catalog.base.Listing`."""
        for _, group in groupby(self._work(covered), key=lambda listed_file: listed_file.family):
            yield tuple(group)

    def unaccounted(self, others: Iterable[SourceFile], *, limit: int) -> tuple[int, list[str]]:
        """Count the files of which the catalog has no row as they were listed; see `catalog.base.Listing`."""
        waiting = iter(others)
        while batch := list(islice(waiting, BATCH)):
            rows = [{column.name: getattr(file, column.name) for column in refused.c} for file in batch]
            self._connection.execute(insert(refused), rows)
        missing = union_all(*(_without_row(table) for table in (listed, refused))).subquery()
        count = self._connection.execute(select(func.count()).select_from(missing)).scalar_one()
        first = select(missing.c.uri).order_by(missing.c.uri).limit(limit) if count else None
        return count, [] if first is None else list(self._connection.execute(first).scalars())

    def _work(self, is_covered: bool) -> Iterator[ListedFile]:
        """Read page by page, so that no result set stays open while the run's outcomes are committed."""
        position = 0
        while True:
            page = self._connection.execute(
                select(work)
                .where(work.c.position > position, (work.c.covered_by != "") == is_covered)
                .order_by(work.c.position)
                .limit(BATCH)
            ).all()
            if not page:
                return
            for row in page:
                file = SourceFile(row.uri, row.name, row.bytes, row.mtime_ns, row.version)
                yield ListedFile(
                    file,
                    row.type,
                    row.product_id,
                    row.family,
                    row.reason,
                    covered_by=row.covered_by,
                    covering_family=row.covering_family,
                )
            position = page[-1].position


def _to_row(listed_file: ListedFile) -> dict[str, object]:
    file = listed_file.file
    return {
        "uri": file.uri,
        "name": file.name,
        "bytes": file.bytes,
        "mtime_ns": file.mtime_ns,
        "version": file.version,
        "type": listed_file.type,
        "product_id": listed_file.product_id,
        "family": listed_file.family,
        "first_day": listed_file.span[0],
        "last_day": listed_file.span[1],
    }


def _without_row(table: Table) -> Select[Any]:
    """Return the files of a table that no row of the catalog tells of with the same size, time and version."""
    same = (
        (sources.c.uri == table.c.uri)
        & (sources.c.bytes == table.c.bytes)
        & (sources.c.mtime_ns == table.c.mtime_ns)
        & (sources.c.version == table.c.version)
        & (sources.c.code != DEPARTED)
    )
    return select(table.c.uri).where(~exists().where(same))


def _reason(question: Question) -> ColumnElement[str]:
    """Why a listed file needs work, as an expression; empty if it does not. The first that holds is told."""
    known = sources
    same = (
        (known.c.bytes == listed.c.bytes)
        & (known.c.mtime_ns == listed.c.mtime_ns)
        & (known.c.version == listed.c.version)
    )
    # A file that left the source may have been all that was wrong with the others of its family.
    left = select(known.c.family).where(
        known.c.family.in_(select(listed.c.family)),
        known.c.uri.not_in(select(listed.c.uri)),
        known.c.code != DEPARTED,
        known.c.md5 != "",
    )
    cases: list[tuple[ColumnElement[bool], str]] = [
        (known.c.uri.is_(None), NEW_FILE),
        (~same, "file changed"),
        (known.c.code == DEPARTED, "back in the source"),
        (known.c.state == SourceState.FAILED.value, FAILED_BEFORE),
        (known.c.code.in_(list(question.unread_codes)), "set aside unread before"),
        (func.coalesce(ruled.c.digest, "") != known.c.rulings, "decision of a person"),
        (func.coalesce(covered.c.covered_by, "") != known.c.covered_by, COVERED),
        (listed.c.family.in_(left), "another file of its product left the source"),
    ]
    if not question.arrivals_only:
        fingerprint = case(dict(question.fingerprints), value=listed.c.type, else_="")
        cases += [
            (known.c.code == STAGED, STAGED_BEFORE),
            *_changed_parts(known.c.fingerprint, fingerprint),
        ]
    if question.otherwise:
        cases.append((known.c.run_id.not_in(list(question.done_in)), question.otherwise))
    return case(*cases, else_="")


def _changed_parts(
    known: ColumnElement[str], now: ColumnElement[str]
) -> Iterator[tuple[ColumnElement[bool], str]]:
    """Yield a condition for each part of a fingerprint, that it is another than before, and what that means."""
    start = 1
    for width, reason in FINGERPRINT_PARTS:
        yield func.substr(known, start, width) != func.substr(now, start, width), reason
        start += width
