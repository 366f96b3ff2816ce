"""What becomes of places in households when two members turn out to be one person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.households.section import Role
from kit.db import Session
from kit.facts import Fact, record

# Who holds the greater role in a household has it there afterwards.
_RANK = {"owner": 0, "adult": 1, "child": 2}

_STAYS = """
SELECT p.member_id, p.household_id, p.role FROM household_member p
WHERE p.member_id = ANY ($1) AND p.left_at IS NULL
"""

_TWICE = """
WITH n AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS n(old, new))
UPDATE household_invitation i SET answered_at = $3, accepted = false FROM n
WHERE i.member_id = n.old AND i.answered_at IS NULL AND EXISTS (
    SELECT FROM household_invitation o LEFT JOIN n AS also ON also.old = o.member_id
    WHERE o.household_id = i.household_id AND o.answered_at IS NULL AND o.id <> i.id
      AND coalesce(also.new, o.member_id) = n.new AND (also.old IS NULL OR o.id < i.id))
"""

# Two who entered at one instant keep both their rows: that of who is absorbed is over.
_MOVE = """
WITH n AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS n(old, new)), asked AS (
    UPDATE household_invitation SET member_id = n.new FROM n WHERE member_id = n.old
      AND NOT EXISTS (SELECT FROM household_member p JOIN household_member q
          ON (q.household_id, q.entered_at) = (p.household_id, p.entered_at)
          LEFT JOIN n AS also ON also.old = q.member_id
          WHERE p.member_id = n.old AND q.member_id <> p.member_id
            AND p.household_id = household_invitation.household_id
            AND p.entered_at = household_invitation.answered_at
            AND coalesce(also.new, q.member_id) = n.new)
)
UPDATE household_member p SET member_id = n.new FROM n WHERE p.member_id = n.old
  AND NOT EXISTS (SELECT FROM household_member q LEFT JOIN n AS also ON also.old = q.member_id
      WHERE (q.household_id, q.entered_at) = (p.household_id, p.entered_at)
        AND q.member_id <> p.member_id AND coalesce(also.new, q.member_id) = n.new)
"""


async def lock_homes(
    session: Session, brand_id: int, member_ids: Sequence[UUID]
) -> dict[UUID, UUID]:
    """Lock the households of these members against every change; return each member's.

    The caller has the members' wallets locked.
    """
    await session.fetch(
        "SELECT FROM household WHERE brand_id = $1 AND id IN (SELECT household_id"
        " FROM household_member WHERE member_id = ANY ($2) AND left_at IS NULL)"
        " ORDER BY id FOR NO KEY UPDATE",
        brand_id,
        list(member_ids),
    )
    rows = await session.fetch(_STAYS, list(member_ids))
    return {row["member_id"]: row["household_id"] for row in rows}


async def join(session: Session, now: datetime, brand: Brand, into: Mapping[UUID, UUID]) -> None:
    """Let the members that ``into`` names take the places of those who turn out to be them.

    Nobody is in two households: the caller has seen that, and has locked them. Who was twice in
    one is there once from now on, in the greater role; records HouseholdLeft of the other.
    """
    people = {*into, *into.values()}
    stays = [tuple(row) for row in await session.fetch(_STAYS, list(people))]
    over, roles = _places(stays, into)
    if over:
        await session.fetch(
            "UPDATE household_member SET left_at = $1"
            " WHERE member_id = ANY ($2) AND left_at IS NULL",
            now,
            [member_id for member_id, _ in over],
        )
        await session.fetch(
            "UPDATE household_member SET role = n.r FROM unnest($1::uuid[], $2::text[])"
            " AS n(m, r) WHERE member_id = n.m AND left_at IS NULL",
            list(roles),
            list(roles.values()),
        )
        told = [
            Fact(
                brand.id, "HouseholdLeft", str(member_id), {"household": str(home), "why": "merged"}
            )
            for member_id, home in over
        ]
        await record(session, now, told)
    pairs = list(into), list(into.values())
    await session.fetch(_TWICE, *pairs, now)
    await session.fetch(_MOVE, *pairs)


def _places(
    stays: Sequence[tuple[UUID, UUID, Role]], into: Mapping[UUID, UUID]
) -> tuple[list[tuple[UUID, UUID]], dict[UUID, Role]]:
    """Return the places that end, as (member, household), and the roles of those who stay."""
    mine: dict[UUID, list[tuple[UUID, UUID, Role]]] = {}
    for stay in stays:
        mine.setdefault(into.get(stay[0], stay[0]), []).append(stay)
    over: list[tuple[UUID, UUID]] = []
    roles: dict[UUID, Role] = {}
    for kept, places in mine.items():
        if len(places) > 1:
            stays_on = next((each for each in places if each[0] == kept), places[0])
            over += [(member_id, home) for member_id, home, _ in places if member_id != stays_on[0]]
            roles[stays_on[0]] = min((role for *_, role in places), key=lambda role: _RANK[role])
    return over, roles
