"""What becomes of referrals when two members turn out to be one person, or one is erased."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.referrals import store
from domain.referrals.rules import SELF_REFERRAL
from domain.referrals.rules_merge import Kept, Rejoined, rejoin
from kit.db import Session
from kit.facts import Fact, record

_ROWS = """
SELECT id, referrer_id, friend_id, state, claimed_at FROM referral
WHERE brand_id = $1 AND (referrer_id = ANY ($2) OR friend_id = ANY ($2))
ORDER BY id FOR NO KEY UPDATE
"""

# First what is refused: at no moment was anybody brought twice.
_REFUSE = """
UPDATE referral SET state = 'refused', reason = n.reason, event_id = NULL, qualified_at = NULL,
    rewards_at = NULL
FROM unnest($1::uuid[], $2::text[]) AS n(id, reason) WHERE referral.id = n.id
"""
_MOVE = """
UPDATE referral SET referrer_id = n.referrer_id, friend_id = n.friend_id
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS n(id, referrer_id, friend_id)
WHERE referral.id = n.id
"""


async def join(session: Session, now: datetime, brand: Brand, into: Mapping[UUID, UUID]) -> None:
    """Let the members that ``into`` names have brought, and been brought, as those who are them.

    See `rules_merge.rejoin`; records ReferralFlagged of what is refused now. Nobody claims or
    reviews until the end; the caller holds the wallets of all of them.
    """
    await store.lock_claims(session, brand.id)
    people = {*into, *into.values()}
    rows = [Kept(*row) for row in await session.fetch(_ROWS, brand.id, list(people))]
    if not rows:
        return
    every = await store.lineage(session, people, people)
    edges = [edge for edge in every if people.isdisjoint(edge)]
    changed = rejoin(rows, edges, into)
    refused = {each.id: each.refused for each in changed if each.refused}
    await session.fetch(_REFUSE, list(refused), list(refused.values()))
    await session.fetch(
        _MOVE,
        [each.id for each in changed],
        [each.referrer_id for each in changed],
        [each.friend_id for each in changed],
    )
    await record(session, now, [_fact(brand, each) for each in changed if each.refused])


async def refuse(session: Session, brand_id: int, member_ids: Collection[UUID]) -> None:
    """Let nothing come of the referrals of members who are erased, as far as it has not."""
    await store.lock_claims(session, brand_id)
    await session.fetch(
        "UPDATE referral SET state = 'refused', reason = $3, event_id = NULL, qualified_at = NULL,"
        " rewards_at = NULL WHERE brand_id = $1 AND state IN ('review', 'pending', 'qualified')"
        " AND (referrer_id = ANY ($2) OR friend_id = ANY ($2))",
        brand_id,
        list(member_ids),
        ERASED,
    )


ERASED = "MEMBER_ERASED"
"""Why a referral of who was erased is refused."""


def _fact(brand: Brand, each: Rejoined) -> Fact:
    what = {"referral": str(each.id), "reason": each.refused or SELF_REFERRAL}
    return Fact(brand.id, "ReferralFlagged", str(each.referrer_id), what)
