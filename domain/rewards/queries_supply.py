"""Reads of how many of rewards are taken, for those who see to it that there are enough."""

from datetime import datetime
from typing import NamedTuple

from kit.db import Session

_SUPPLIES = """
SELECT s.reward, s.taken - coalesce(late.units, 0)::bigint, s.added
FROM reward_stock s LEFT JOIN (
    SELECT reward, sum(quantity) AS units FROM redemption
    WHERE brand_id = $1 AND deadline <= $2 GROUP BY reward
) AS late ON late.reward = s.reward
WHERE s.brand_id = $1
"""


class Supply(NamedTuple):
    """How many of a reward are taken, and how many staff added to what the programme says."""

    taken: int = 0
    added: int = 0


async def supplies(session: Session, now: datetime, brand_id: int) -> dict[str, Supply]:
    """Return the supplies of a brand's rewards; one that is missing has had none taken or added.

    What a redemption past its deadline took is free again, whatever a job has booked. A reward
    without stock is not counted.
    """
    rows = await session.fetch(_SUPPLIES, brand_id, now)
    return {reward: Supply(*numbers) for reward, *numbers in rows}
