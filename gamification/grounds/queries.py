"""Reads what games judge members by."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.queries_history import histories
from domain.members import queries as members
from domain.members.rules import Member
from domain.programmes.rules import Timeline
from domain.tallies import queries as tallies
from domain.tiers.queries import grants
from domain.tiers.rules import Run, courses, ladders_of
from gamification.grounds.rules import Ground
from kit.db import Session


async def ground(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Sequence[UUID],
    *,
    tiers: bool = False,
) -> Ground:
    """Return these members with all that they did; ``tiers``: with their tiers as well.

    Ids of nobody of this brand are passed over; who was merged is the member who is left. Three
    statements, five with tiers.
    """
    asked = await members.by_ids(session, brand.id, list(set(member_ids)))
    people = {member.id: member for member in asked.values()}
    ids = list(people)
    happenings = await histories(session, brand.id, ids) if ids else {}
    runs: Mapping[UUID, Mapping[str, Sequence[Run]]] = {each: {} for each in ids}
    if tiers and ids:
        runs = await _runs(session, brand, timeline, people)
    return Ground(brand, timeline, now, people, happenings, runs)


async def _runs(
    session: Session, brand: Brand, timeline: Timeline, people: Mapping[UUID, Member]
) -> dict[UUID, dict[str, tuple[Run, ...]]]:
    ladders = ladders_of(timeline, brand)
    done = await tallies.tallies(session, brand.id, list(people))
    granted = await grants(session, brand.id, list(people))
    return {
        id_: courses(ladders, member.joined_at, done[id_], granted[id_], brand.zone)
        for id_, member in people.items()
    }
