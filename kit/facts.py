"""Facts: past-tense records written with the change, read in order by each subscriber.

A fact is a row in the caller's transaction. A subscriber has a cursor and reads the facts behind
it in batches; the cursor moves in the transaction of the subscriber's own effects, so that each
fact takes effect once. Facts are ordered by (transaction, id) and only those of transactions
below the oldest running one are handed out: a low id that commits late is not skipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import orjson
from sqlalchemy import BigInteger, Identity, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Session, Xid8
from kit.log import correlation_id

_COLUMNS = (
    "f.id, f.tenant_id, f.kind, f.subject, f.payload, f.recorded_at, f.correlation_id,"
    " f.xid::text AS xid"
)


def position(subscriber: str) -> str:
    """Return SQL for how far a subscriber has read, to compare ``(xid, id)`` of a fact with.

    ``subscriber`` is SQL for its name, such as ``$1``. It is read before anything else, so that the
    index leads to the first fact behind it: a join would walk there.
    """
    cursor = f"FROM fact_cursor WHERE subscriber = {subscriber}"
    return f"((SELECT xid {cursor}), (SELECT fact_id {cursor}))"


_BEHIND = f"(f.xid, f.id) > {position('$1')}"
_READABLE = f"{_BEHIND} AND f.xid < pg_snapshot_xmin(pg_current_snapshot())"


class FactRow(Base):
    """One fact."""

    __tablename__ = "fact"
    __table_args__ = (Index("fact_order_idx", "xid", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    correlation_id: Mapped[str | None] = mapped_column(Text)
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))


class FactCursorRow(Base):
    """How far a subscriber has come: everything up to and including this position is done."""

    __tablename__ = "fact_cursor"

    subscriber: Mapped[str] = mapped_column(Text, primary_key=True)
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("'0'::xid8"))
    fact_id: Mapped[int] = mapped_column(BigInteger, server_default="0")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened: ``kind`` in past tense, about ``subject``, of one tenant."""

    tenant_id: int
    kind: str
    subject: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredFact(Fact):
    """A fact as a subscriber receives it."""

    id: int = 0
    recorded_at: datetime | None = None
    correlation_id: str | None = None


async def record(session: Session, now: datetime, facts: Sequence[Fact]) -> None:
    """Write ``facts`` in the caller's transaction, in the order given."""
    if not facts:
        return
    correlation = correlation_id()
    await session.fetch(
        "INSERT INTO fact (tenant_id, kind, subject, payload, recorded_at, correlation_id)"
        " SELECT t, k, s, p::jsonb, $5, $6"
        " FROM unnest($1::int[], $2::text[], $3::text[], $4::text[]) AS f(t, k, s, p)",
        [fact.tenant_id for fact in facts],
        [fact.kind for fact in facts],
        [fact.subject for fact in facts],
        [orjson.dumps(fact.payload).decode() for fact in facts],
        now,
        str(correlation) if correlation else None,
    )


async def waiting(session: Session, subscriber: str) -> bool:
    """Return whether `take` would hand out a fact, or see ``subscriber`` for the first time."""
    return bool(
        await session.value(
            "SELECT NOT EXISTS (SELECT FROM fact_cursor WHERE subscriber = $1)"  # noqa: S608
            # Not whether there is one at all, which any order could find.
            f" OR (SELECT f.id FROM fact f WHERE {_READABLE}"
            " ORDER BY f.xid, f.id LIMIT 1) IS NOT NULL",
            subscriber,
        )
    )


async def take(session: Session, subscriber: str, *, limit: int = 500) -> list[StoredFact]:
    """Return the next facts for ``subscriber`` and move its cursor behind them.

    Locks the cursor until the transaction ends: one worker at a time serves a subscriber. If the
    transaction rolls back, so does the cursor, and the same facts come again.
    """
    await session.fetch(
        "INSERT INTO fact_cursor (subscriber) VALUES ($1) ON CONFLICT DO NOTHING", subscriber
    )
    await session.fetch("SELECT FROM fact_cursor WHERE subscriber = $1 FOR UPDATE", subscriber)
    rows = await session.fetch(
        f"SELECT {_COLUMNS} FROM fact f WHERE {_READABLE}"  # noqa: S608
        " ORDER BY f.xid, f.id LIMIT $2",
        subscriber,
        limit,
    )
    await _move(session, subscriber, rows)
    return [_stored(row) for row in rows]


async def miss(session: Session, subscriber: str, missed: Sequence[StoredFact]) -> None:
    """Note that facts that were taken, of one tenant, have had no effect: `again` has them."""
    # A cursor of its own, just before the first of them. One that is there is locked, so that
    # nobody who is done with what was missed before removes it before these are seen.
    await session.fetch(
        "INSERT INTO fact_cursor (subscriber, xid, fact_id) SELECT $1, xid, id - 1 FROM fact"
        " WHERE id = ANY ($2) ORDER BY xid, id LIMIT 1"
        " ON CONFLICT (subscriber) DO UPDATE SET fact_id = fact_cursor.fact_id",
        _missing(subscriber, missed[0].tenant_id),
        [each.id for each in missed],
    )


async def missing(session: Session, subscriber: str) -> list[int]:
    """Return the tenants of whom ``subscriber`` has missed facts."""
    rows = await session.fetch(
        "SELECT tenant_id FROM (SELECT split_part(subscriber, $1, 2)::int AS tenant_id"
        " FROM fact_cursor WHERE starts_with(subscriber, $1)) AS m ORDER BY tenant_id",
        _missing(subscriber, ""),
    )
    return [row["tenant_id"] for row in rows]


async def again(
    session: Session, subscriber: str, tenant_id: int, *, limit: int = 500
) -> list[StoredFact]:
    """Return the next facts of a tenant from the first missed one on, as `take`; none: no more.

    Some of them may have had their effect.
    """
    name = _missing(subscriber, tenant_id)
    await session.fetch("SELECT FROM fact_cursor WHERE subscriber = $1 FOR UPDATE", name)
    rows = await session.fetch(
        f"SELECT {_COLUMNS} FROM fact f WHERE {_BEHIND} AND f.tenant_id = $3"  # noqa: S608
        f" AND (f.xid, f.id) <= {position('$2')}"
        " ORDER BY f.xid, f.id LIMIT $4",
        name,
        subscriber,
        tenant_id,
        limit,
    )
    await _move(session, name, rows)
    if len(rows) < limit:
        await session.fetch("DELETE FROM fact_cursor WHERE subscriber = $1", name)
    return [_stored(row) for row in rows]


def _missing(subscriber: str, tenant_id: object) -> str:
    return f"{subscriber} missing {tenant_id}"


async def _move(session: Session, subscriber: str, rows: Sequence[asyncpg.Record]) -> None:
    if rows:
        await session.fetch(
            "UPDATE fact_cursor SET xid = $2::text::xid8, fact_id = $3 WHERE subscriber = $1",
            subscriber,
            rows[-1]["xid"],
            rows[-1]["id"],
        )


def _stored(row: asyncpg.Record) -> StoredFact:
    return StoredFact(
        tenant_id=row["tenant_id"],
        kind=row["kind"],
        subject=row["subject"],
        payload=row["payload"],
        id=row["id"],
        recorded_at=row["recorded_at"],
        correlation_id=row["correlation_id"],
    )
