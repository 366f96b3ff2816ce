"""The verb by which a brand lets go of points that wait for it: paid, delivered, not returned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.wallets import store
from domain.wallets.section import available_at
from kit.db import Session


@dataclass(frozen=True, slots=True)
class Released:
    """Points of one accrual: what is left and has not ended, and from when it can be spent.

    ``replayed``: they did not wait any more.
    """

    journal_id: int
    member_id: UUID
    points: int
    available_at: datetime
    replayed: bool


async def release(
    session: Session, now: datetime, brand: Brand, journal_ids: Sequence[int]
) -> dict[int, Released]:
    """Release what the accruals by these journals gave; what is not the brand's is left out.

    Points that wait can be spent from now on, or from the start of the day so many days later
    as they were promised to; a second release changes nothing. When they end stays as it was.
    """
    rows = await session.fetch(
        "SELECT DISTINCT account_id FROM lot WHERE brand_id = $1 AND journal_id = ANY ($2)",
        brand.id,
        list(journal_ids),
    )
    await store.lock_accounts(session, brand.id, [row["account_id"] for row in rows])
    rows = await session.fetch(
        "SELECT l.id, l.journal_id, w.member_id, l.available_at, l.release_days,"
        " CASE WHEN l.expires_at <= $3 THEN 0 ELSE l.remaining END AS points"
        " FROM lot l JOIN wallet w USING (account_id)"
        " WHERE l.brand_id = $1 AND l.journal_id = ANY ($2)",
        brand.id,
        list(journal_ids),
        now,
    )
    starts: dict[int, datetime] = {}
    found: dict[int, Released] = {}
    for row in rows:
        waits = row["release_days"] is not None
        start: datetime = row["available_at"]
        if waits:
            start = starts[row["id"]] = available_at(row["release_days"], brand.zone, now)
        found[row["journal_id"]] = Released(
            row["journal_id"], row["member_id"], row["points"], start, replayed=not waits
        )
    if starts:
        await session.fetch(
            "UPDATE lot SET available_at = s.a, release_days = NULL"
            " FROM unnest($1::bigint[], $2::timestamptz[]) AS s(i, a) WHERE id = s.i",
            list(starts),
            list(starts.values()),
        )
    return found
