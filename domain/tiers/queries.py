"""Where members stand. A tier is computed from history and ``now``: it ends without any job."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes.rules import Timeline
from domain.tallies import queries as tallies
from domain.tiers.rules import Grant, Standing, ladders_of, standings_at
from kit.db import Session


async def grants(
    session: Session, brand_id: int, member_ids: Sequence[UUID]
) -> dict[UUID, tuple[Grant, ...]]:
    """Return the status granted to each of these members, the revoked ones included."""
    rows = await session.fetch(
        "SELECT member_id, id, ladder, tier, starts_at, ends_at, reason, actor, revoked_at"
        " FROM status_grant WHERE brand_id = $1 AND member_id = ANY ($2) ORDER BY starts_at, id",
        brand_id,
        list(member_ids),
    )
    found: dict[UUID, tuple[Grant, ...]] = dict.fromkeys(member_ids, ())
    for member_id, *grant in rows:
        found[member_id] += (Grant(*grant),)
    return found


async def standings(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Sequence[UUID],
) -> dict[UUID, dict[str, Standing]]:
    """Return where these members stand at ``now``, by ladder, the main one first.

    Every member of the brand is there, without any standing if the programme has no tiers then.
    """
    ladders = ladders_of(timeline, brand)
    if not ladders.at(now):
        return {member_id: {} for member_id in member_ids}
    found = await members.by_ids(session, brand.id, member_ids)
    done = await tallies.tallies(session, brand.id, list(found))
    granted = await grants(session, brand.id, list(found))
    return {
        member_id: standings_at(
            ladders, member.joined_at, done[member_id], granted[member_id], brand.zone, now
        )
        for member_id, member in found.items()
    }
