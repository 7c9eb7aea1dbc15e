"""The catalog's tables, in SQLAlchemy Core: the same on SQLite and, later, PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

SCHEMA_VERSION = 3

metadata = MetaData()

# ``written`` is the position of the last change that stands in the journal.
meta = Table(
    "meta",
    metadata,
    Column("schema_version", Integer, nullable=False),
    Column("written", BigInteger, nullable=False, server_default="0"),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("run_time", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("state", String, nullable=False),
    Column("started_at", String, nullable=False),
    Column("ended_at", String),
    Column("profile", String, nullable=False),
    Column("profile_digest", String, nullable=False),
    Column("config", JSON, nullable=False),
    Column("summary", JSON(none_as_null=True)),
)

sources = Table(
    "sources",
    metadata,
    Column("uri", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("version", String, nullable=False),
    Column("md5", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("product_id", String, nullable=False, index=True),
    Column("type", String, nullable=False),
    Column("family", String, nullable=False, index=True),
    Column("rulings", String, nullable=False),
    Column("covered_by", Text, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("code", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("since", String, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("source_uri", Text, nullable=False, index=True),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    Column("code", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("record", BigInteger),
    Column("offset_bytes", BigInteger),
    Column("field", String),
)


def _stored(prefix: str) -> list[Column[str] | Column[int]]:
    """Columns of a `model.StoredObject`."""
    return [
        Column(f"{prefix}_sha256", String, nullable=False),
        Column(f"{prefix}_md5", String, nullable=False),
        Column(f"{prefix}_bytes", BigInteger, nullable=False),
    ]


def _product_columns() -> list[Column[Any]]:
    """What is known of a product beside its identifier, whether it stands in the archive or not yet."""
    return [
        Column("collection_lid", String, nullable=False),
        Column("bundle_lid", String, nullable=False),
        Column("type", String, nullable=False),
        Column("product_id", String, nullable=False),
        Column("family", String, nullable=False),
        Column("day", String, nullable=False),
        Column("start_time", String, nullable=False),
        Column("stop_time", String, nullable=False),
        Column("records", BigInteger, nullable=False),
        Column("source_uri", Text, nullable=False),
        Column("source_name", Text, nullable=False),
        Column("source_mtime_ns", BigInteger, nullable=False),
        Column("source_version", String, nullable=False),
        *_stored("source"),
        *_stored("data"),
        *_stored("label"),
        *_stored("parquet"),
        Column("label_digest", String, nullable=False),
        Column("data_path", Text, nullable=False),
        Column("label_path", Text, nullable=False),
        Column("parquet_path", Text, nullable=False),
        Column("creation_time", String, nullable=False),
        Column("history", JSON, nullable=False),
        Column("mends", JSON, nullable=False),
        Column("structure", String, nullable=False),
        Column("coverage", JSON, nullable=False),
        Column("campaign", String, nullable=False),
        Column("adopted", Boolean, nullable=False),
        Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    ]


products = Table(
    "products",
    metadata,
    Column("lid", String, primary_key=True),
    Column("major", Integer, primary_key=True),
    Column("minor", Integer, primary_key=True),
    *_product_columns(),
    Column("current", Boolean, nullable=False),
)
Index(
    "one_current_version_a_product",
    products.c.lid,
    unique=True,
    sqlite_where=text("current"),
    postgresql_where=text("current"),
)
Index("products_of_a_collection", products.c.collection_lid, products.c.lid)
Index("products_of_a_day", products.c.bundle_lid, products.c.day)
Index("products_of_a_family", products.c.family)
Index("products_of_an_id", products.c.product_id)
Index("products_of_a_run", products.c.run_id)

# Products that are made but do not stand in the archive: staged for the next release, or held for a person.
pending = Table(
    "pending",
    metadata,
    Column("lid", String, primary_key=True),
    Column("major", Integer, nullable=False),
    Column("minor", Integer, nullable=False),
    *_product_columns(),
    Column("standing", String, nullable=False),
)
Index("pending_of_a_family", pending.c.family)

aggregates = Table(
    "aggregates",
    metadata,
    Column("lid", String, primary_key=True),
    Column("major", Integer, primary_key=True),
    Column("minor", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("bundle_lid", String, nullable=False),
    *_stored("label"),
    *_stored("companion"),
    Column("label_path", Text, nullable=False),
    Column("companion_path", Text, nullable=False),
    Column("start_time", String, nullable=False),
    Column("stop_time", String, nullable=False),
    Column("history", JSON, nullable=False),
    Column("members_digest", String, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
)
Index(
    "one_current_version_an_aggregate",
    aggregates.c.lid,
    unique=True,
    sqlite_where=text("current"),
    postgresql_where=text("current"),
)

releases = Table(
    "releases",
    metadata,
    Column("release_id", String, primary_key=True),
    Column("bundle_lid", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    Column("run_time", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("major", Integer, nullable=False),
    Column("minor", Integer, nullable=False),
    Column("bundle_md5", String, nullable=False),
    Column("review", JSON, nullable=False),
    Column("acknowledged", Text, nullable=False),
    UniqueConstraint("bundle_lid", "number"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", String, primary_key=True),
    Column("bundle_lid", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("receiver", String, nullable=False),
    Column("release_id", String, nullable=False),
    Column("first_day", String, nullable=False),
    Column("last_day", String, nullable=False),
    Column("package_key", Text, nullable=False),
    Column("transfer_key", Text, nullable=False),
    Column("checksum_key", Text, nullable=False),
    Column("note_key", Text, nullable=False),
    Column("format", String, nullable=False),
    Column("codec", String, nullable=False),
    Column("package_bytes", BigInteger, nullable=False),
    Column("package_sha256", String, nullable=False),
    Column("products", Integer, nullable=False),
    Column("members", Integer, nullable=False),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    Column("run_time", String, nullable=False),
    UniqueConstraint("bundle_lid", "number"),
)

delivery_members = Table(
    "delivery_members",
    metadata,
    Column("delivery_id", String, ForeignKey("deliveries.delivery_id"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("lid", String, nullable=False),
    Column("major", Integer, nullable=False),
    Column("minor", Integer, nullable=False),
    *_stored("file"),
    Index("deliveries_of_a_version", "lid", "major", "minor"),
)

dispositions = Table(
    "dispositions",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("disposition_id", String, nullable=False, unique=True),
    Column("action", String, nullable=False),
    Column("type", String, nullable=False),
    Column("product_id", String, nullable=False, index=True),
    Column("source_sha256", String, nullable=False),
    Column("source_name", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("when", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("code", String, nullable=False),
    Column("start_time", String, nullable=False),
    Column("stop_time", String, nullable=False),
    *_stored("replacement"),
    Column("family", String, nullable=False, index=True),
)

# Append-only: what happened to products, files and deliveries, in order.
events = Table(
    "events",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("run_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("product_id", String, nullable=False, index=True),
    Column("lid", String, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("delivery_id", String, nullable=False),
)

# Files that are compressed for packages to come; emptied when these are made, and no part of what the journal keeps.
packed = Table(
    "packed",
    metadata,
    Column("path", Text, primary_key=True),
    Column("sha256", String, primary_key=True),
    Column("packing", String, primary_key=True),
    Column("segment", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("crc32", BigInteger, nullable=False),
    Column("raw_bytes", BigInteger, nullable=False),
)

# Every change of a row of the other tables, written by triggers in the same transaction, until it stands in the journal.
changes = Table(
    "changes",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("relation", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("row", JSON, nullable=False),
    sqlite_autoincrement=True,
)
