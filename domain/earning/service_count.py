"""What follows from another count of what members did: ends of points and tiers."""

from collections.abc import Sequence
from datetime import datetime

from domain.brands.rules import Brand
from domain.expiry import service as expiry
from domain.members import queries as members
from domain.programmes.rules import Timeline
from domain.tallies import queries as tallies_queries
from domain.tallies import service as tallies
from domain.tallies.rules import Count, add
from domain.tiers import queries as tiers_queries
from domain.tiers.rules import ladders_of
from domain.tiers.service import moved, tiers_of
from kit.db import Session
from kit.facts import Fact


async def count_changes(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, changes: Sequence[Count]
) -> list[Fact]:
    """Count ``changes`` of what members did on their days, whose wallets the caller has locked.

    Dates their points anew where the programme says so; returns the facts of who changed tier.
    """
    ids = sorted({change.member_id for change in changes})
    ladders = ladders_of(timeline, brand)
    moves: list[Fact] = []
    if ladders:
        done = await tallies_queries.tallies(session, brand.id, ids)
        people = await members.by_ids(session, brand.id, ids)
        joined = {member_id: person.joined_at for member_id, person in people.items()}
        grants = await tiers_queries.grants(session, brand.id, ids)
        before = tiers_of(now, brand, ladders, done, joined, grants)
        for change in changes:
            add(done[change.member_id], change)
        after = tiers_of(now, brand, ladders, done, joined, grants)
        moves = moved(now, brand, ladders, before, after)
    await tallies.count(session, brand.id, changes)
    since = min(change.day for change in changes)
    await expiry.redate(session, now, brand, timeline, ids, since=since)
    return moves
