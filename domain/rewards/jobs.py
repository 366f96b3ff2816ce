"""Books what time has done to redemptions. Reads and verbs never wait for it."""

from datetime import datetime

from domain.brands import queries as brands
from domain.programmes import queries as programmes
from domain.rewards import store
from domain.rewards.service_ground import lapse_late
from kit.db import Session


async def lapse(session: Session, now: datetime, limit: int = 500) -> int:
    """End up to ``limit`` redemptions of one brand that are past their deadline. 0: all done.

    Their stock is back. Their points are those of holds past the same deadline, which
    `wallets.jobs.expire_holds` gives back.
    """
    rows = await session.fetch(
        "SELECT brand_id, reward FROM redemption WHERE deadline <= $1"
        " ORDER BY brand_id, deadline LIMIT $2",
        now,
        limit,
    )
    if not rows:
        return 0
    brand = await brands.by_id(session, rows[0]["brand_id"])
    assert brand is not None
    rewards = {row["reward"] for row in rows if row["brand_id"] == brand.id}
    await programmes.keep_versions(session, brand.id)
    await store.lock_stock(session, brand.id, rewards)
    await lapse_late(session, now, brand, rewards, limit)
    return len(rows)
