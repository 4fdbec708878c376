"""The tables of practice, and how its SQLite file is opened.

Everything that was acknowledged must survive a kill and a power cut: write-ahead log,
`synchronous=FULL`, and every writing transaction begins IMMEDIATE, so that two
processes never decide from the same stale reading.
"""

import sqlite3
from pathlib import Path

import sqlalchemy as sa

__all__ = [
    "allocation",
    "allocation_basis",
    "caller",
    "caller_key",
    "connect",
    "epoch",
    "exposure",
    "feedback",
    "in_force",
    "knowledge",
    "look",
    "metadata",
    "open_engine",
    "opt_out",
    "rollout",
    "stopped",
    "token",
]

metadata = sa.MetaData()

knowledge = sa.Table(
    "knowledge",
    metadata,
    sa.Column("ref", sa.Text, primary_key=True),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("json", sa.Text, nullable=False),
)

rollout = sa.Table(
    "rollout",
    metadata,
    sa.Column("ref", sa.Text, primary_key=True),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("starts", sa.Text, nullable=False),
    sa.Column("enrolment_end", sa.Text, nullable=False),
    sa.Column("revealed", sa.Text),
    sa.Column("json", sa.Text, nullable=False),
)

in_force = sa.Table(
    "in_force",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("service", sa.Text, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("knowledge", sa.Text, sa.ForeignKey("knowledge.ref"), nullable=False),
    sa.Column("rollout", sa.Text, sa.ForeignKey("rollout.ref")),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("decision", sa.Text),
    sqlite_autoincrement=True,
)

allocation = sa.Table(
    "allocation",
    metadata,
    sa.Column("rollout", sa.Text, sa.ForeignKey("rollout.ref"), primary_key=True),
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("stratum", sa.Text, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("arm", sa.Text, nullable=False),
    sa.UniqueConstraint("rollout", "stratum", "sequence"),
)

allocation_basis = sa.Table(
    "allocation_basis",
    metadata,
    sa.Column("rollout", sa.Text, sa.ForeignKey("rollout.ref"), primary_key=True),
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("known", sa.Text, nullable=False),
)
"""What was known of a unit when it was allocated, as JSON; a table of its own, so that
a file made before there was one needs no change."""

exposure = sa.Table(
    "exposure",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("hook_instance", sa.Text, nullable=False),
    sa.Column("in_force", sa.Integer, nullable=False),
    sa.Column("knowledge", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("rollout", sa.Text, index=True),
    sa.Column("person_source_value", sa.Text, nullable=False),
    sa.Column("encounter", sa.Text),
    sa.Column("clinic", sa.Text),
    sa.Column("unit", sa.Text),
    sa.Column("arm", sa.Text, nullable=False),
    sa.Column("due", sa.Boolean, nullable=False),
    sa.Column("shown", sa.Boolean, nullable=False),
    sa.Column("card", sa.Text, index=True),
    sa.Column("suggestion", sa.Text),
    sa.Column("occurred", sa.BigInteger, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("service", "hook_instance"),
)

caller = sa.Table(
    "caller",
    metadata,
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("hook_instance", sa.Text, primary_key=True),
    sa.Column("clinician", sa.Text, nullable=False),
)
"""Whose call it was, as a pseudonym; a table of its own, as `allocation_basis` is."""

caller_key = sa.Table(
    "caller_key",
    metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
    sa.Column("key", sa.LargeBinary, nullable=False),
)
"""With which pseudonyms of this file are made: in no other are they the same."""

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("card", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("suggestion", sa.Text, nullable=False),
    sa.Column("override_reason", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("card", "outcome", "suggestion", "override_reason", "at"),
)

opt_out = sa.Table(
    "opt_out",
    metadata,
    sa.Column("person_source_value", sa.Text, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
)

token = sa.Table(
    "token",
    metadata,
    sa.Column("issuer", sa.Text, primary_key=True),
    sa.Column("jti", sa.Text, primary_key=True),
    sa.Column("expires", sa.BigInteger, nullable=False),
)

look = sa.Table(
    "look",
    metadata,
    sa.Column("rollout", sa.Text, sa.ForeignKey("rollout.ref"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("snapshot", sa.Text, nullable=False),
    sa.Column("data_until", sa.Text, nullable=False),
    sa.Column("made", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("salt", sa.Text, nullable=False),
    sa.UniqueConstraint("rollout", "snapshot"),
)

epoch = sa.Table(
    "epoch",
    metadata,
    sa.Column("rollout", sa.Text, sa.ForeignKey("rollout.ref"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("chance", sa.Float, nullable=False),
    sa.Column("look", sa.Integer, nullable=False),
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Column("since", sa.Text, nullable=False),
    sa.CheckConstraint("chance > 0 and chance < 1"),
)
"""Chances of the arms of response-adaptive allocations, by the look they follow."""

stopped = sa.Table(
    "stopped",
    metadata,
    sa.Column("rollout", sa.Text, sa.ForeignKey("rollout.ref"), primary_key=True),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)


_CACHE = 64 * 1024
"""KiB of pages kept per connection at most: identifiers are random, so each call
touches pages anywhere in an index, and 2 MB hold few of them. With 65,000 exposures
written in batches, calls took a fifth less time."""


def open_engine(path: Path) -> sa.Engine:
    """Open the file, making its tables where they are absent."""
    engine = connect(path)
    metadata.create_all(engine)
    return engine


def connect(path: Path) -> sa.Engine:
    """Make an engine whose writing transactions are durable and begin IMMEDIATE."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        poolclass=sa.QueuePool,
        pool_size=4,
        max_overflow=12,
        connect_args={"timeout": 30.0, "check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # SQLAlchemy begins transactions, not the driver, or IMMEDIATE comes too late.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=30000",
            f"cache_size=-{_CACHE}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        wanted = connection.get_execution_options().get("begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {wanted}")

    return engine
