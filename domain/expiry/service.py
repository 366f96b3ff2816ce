"""When points end that follow the member: computed anew with all that moves them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.wallets.section import PointsSection
from kit.db import Session


def follows(timeline: Timeline) -> bool:
    """Whether what members do or where they live moves the end of any version's points."""
    sections = (each.document.section(PointsSection) for each in timeline.programmes)
    return any(each.follows_the_member or each.no_expiry_by_time_in for each in sections)


async def redate(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, member_ids: Collection[UUID]
) -> int:
    """Write the ends of these members' open lots that have changed; return how many."""
    raise NotImplementedError
