"""What becomes of households whose members are erased."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from kit.db import Session
from kit.facts import Fact, record

# Where the owner goes all go, and nobody can accept any more.
_ENDED = """
UPDATE household SET ended_at = $1, name = '' WHERE id IN (
    SELECT household_id FROM household_member
    WHERE member_id = ANY ($2) AND left_at IS NULL AND role = 'owner') RETURNING id
"""
_LEFT = """
UPDATE household_member SET left_at = $1
WHERE left_at IS NULL AND (member_id = ANY ($2) OR household_id = ANY ($3))
RETURNING member_id, household_id
"""
_ASKED = """
UPDATE household_invitation SET answered_at = $1, accepted = false
WHERE answered_at IS NULL AND (member_id = ANY ($2) OR household_id = ANY ($3))
"""


async def leave(
    session: Session, now: datetime, brand: Brand, member_ids: Collection[UUID]
) -> None:
    """Let these members be in no household and be asked into none; that of an owner ends.

    Its name is gone with it. Records HouseholdLeft of all who are out by it. The caller has
    locked the households.
    """
    ids = list(member_ids)
    ended = [row["id"] for row in await session.fetch(_ENDED, now, ids)]
    rows = await session.fetch(_LEFT, now, ids, ended)
    await session.fetch(_ASKED, now, ids, ended)
    told = [
        Fact(
            brand.id,
            "HouseholdLeft",
            str(row["member_id"]),
            {
                "household": str(row["household_id"]),
                "why": "ended" if row["household_id"] in ended else "left",
            },
        )
        for row in rows
    ]
    await record(session, now, told)
