"""Reads of what members have redeemed that is used up elsewhere, such as in games."""

from collections.abc import Collection
from uuid import UUID

from domain.members.queries import FAMILY
from domain.rewards.rules_steps import Item
from kit.db import Session

__all__ = ["Item", "fulfilled"]

_FULFILLED = f"""
SELECT f.kept, r.id, r.reward, r.quantity, r.fulfilled_at
FROM {FAMILY.format(ids="$3")} AS f JOIN redemption r ON r.member_id = f.id
WHERE r.brand_id = $1 AND r.reward = ANY ($2) AND r.state = 'fulfilled'
ORDER BY r.fulfilled_at, r.id
"""  # noqa: S608 - made of constants


async def fulfilled(
    session: Session, brand_id: int, rewards: Collection[str], member_ids: Collection[UUID]
) -> dict[UUID, list[Item]]:
    """Return what these members have of these rewards by now, the oldest first. One statement.

    Every member is there, with what is of who was merged into him. It is steady only for those
    whose wallets the caller has locked.
    """
    found: dict[UUID, list[Item]] = {member_id: [] for member_id in member_ids}
    if not rewards or not found:
        return found
    rows = await session.fetch(_FULFILLED, brand_id, list(rewards), list(found))
    for member_id, *item in rows:
        found[member_id].append(Item(*item))
    return found
