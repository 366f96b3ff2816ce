"""The verbs of tiers: telling who moved, granting status and revoking it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.tallies.rules import Tallies
from domain.tiers.rules import Grant, Ladders, moves, tiers_at
from kit.facts import Fact


def tiers_of(
    now: datetime,
    brand: Brand,
    ladders: Ladders,
    tallies: Mapping[UUID, Tallies],
    joined: Mapping[UUID, datetime],
    grants: Mapping[UUID, Sequence[Grant]],
) -> dict[UUID, dict[str, str]]:
    """Return the tiers at ``now`` of the members of ``tallies``, by ladder."""
    return {
        member_id: tiers_at(
            ladders, joined[member_id], mine, grants.get(member_id, ()), brand.zone, now
        )
        for member_id, mine in tallies.items()
    }


def moved(
    now: datetime,
    brand: Brand,
    ladders: Ladders,
    before: Mapping[UUID, Mapping[str, str]],
    after: Mapping[UUID, Mapping[str, str]],
) -> list[Fact]:
    """Return the facts of the members whose tier at ``now`` has changed, for the caller to record.

    ``before`` and ``after`` are what `tiers_of` says of the same members.
    """
    return [
        Fact(brand.id, "TierChanged", str(member_id), move._asdict())
        for member_id in sorted(after)
        for move in moves(ladders, before[member_id], after[member_id], now)
    ]
