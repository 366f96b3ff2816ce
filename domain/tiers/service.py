"""The verbs of tiers: telling who moved, granting status and revoking it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.tallies.rules import Tallies
from domain.tiers.rules import Grant, ladders_of, moves, tiers_at
from kit.db import Session
from kit.facts import Fact


async def moved(  # noqa: PLR0913, PLR0917 - what callers hold anyway
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    before: Mapping[UUID, Tallies],
    after: Mapping[UUID, Tallies],
    joined: Mapping[UUID, datetime],
    grants: Mapping[UUID, Sequence[Grant]],
) -> list[Fact]:
    """Return the facts of the members whose tier at ``now`` differs between the tallies.

    Nothing is read or written: the caller holds the members' wallets and records the facts.
    """
    del session
    ladders = ladders_of(timeline, brand)
    facts: list[Fact] = []
    for member_id in sorted(after):
        old, new = before.get(member_id, {}), after[member_id]
        if old == new:
            continue
        own = grants.get(member_id, ())
        since = joined[member_id]
        was = tiers_at(ladders, since, old, own, brand.zone, now)
        now_is = tiers_at(ladders, since, new, own, brand.zone, now)
        facts.extend(
            Fact(brand.id, "TierChanged", str(member_id), move._asdict())
            for move in moves(ladders, was, now_is, now)
        )
    return facts
