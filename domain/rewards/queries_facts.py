"""What is known of members when they ask for rewards: their tiers, and what limits have counted."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.members.queries import Member
from domain.programmes.rules import Timeline
from domain.rewards import store
from domain.rewards.rules_catalogue import Limit, MemberFacts, Offer
from domain.rewards.rules_limits import limits_on, starts_of, used
from domain.tallies import queries as tallies
from domain.tiers import queries as tiers
from domain.tiers.rules import ladders_of, tiers_at
from kit.db import Session


async def facts_of(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    offers: Collection[Offer],
    member_ids: Collection[UUID],
) -> dict[UUID, MemberFacts]:
    """Return what ``offers`` ask about members; a constant number of statements.

    Limits are steady only for those whose wallets the caller has locked.
    """
    people = await members.by_ids(session, brand.id, list(member_ids))
    in_tiers: Mapping[UUID, frozenset[str]] = {}
    if any(offer.reward.tiers or offer.early for offer in offers):
        in_tiers = await _tiers(session, now, brand, timeline, people)
    counted = await _used(session, now, brand, limits_on(offers), people)
    return {
        member_id: MemberFacts(
            in_tiers.get(member_id, frozenset()), person.birthday, counted[member_id]
        )
        for member_id, person in people.items()
    }


async def _tiers(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    people: Mapping[UUID, Member],
) -> dict[UUID, frozenset[str]]:
    ladders = ladders_of(timeline, brand)
    done = await tallies.tallies(session, brand.id, list(people))
    grants = await tiers.grants(session, brand.id, list(people))
    return {
        id_: frozenset(
            tiers_at(ladders, person.joined_at, done[id_], grants[id_], brand.zone, now).values()
        )
        for id_, person in people.items()
    }


async def _used(
    session: Session,
    now: datetime,
    brand: Brand,
    limits: Collection[Limit],
    people: Mapping[UUID, Member],
) -> dict[UUID, dict[Limit, int]]:
    if not limits:
        return {member_id: {} for member_id in people}
    day = brand.day(now)
    starts = starts_of(limits, brand.zone, day)
    ever = any(limit.period is None for limit in limits)
    since = None if ever else starts[0]
    redeemed = await store.redeemed(session, now, list(people), starts, since)
    return {
        member_id: used(limits, starts, redeemed[member_id], brand.zone, day)
        for member_id in people
    }
