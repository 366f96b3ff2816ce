"""Reads of households and of open invitations."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.households import store
from domain.households.rules import Household
from domain.households.section import Role
from kit.db import Session


@dataclass(frozen=True, slots=True)
class Invitation:
    """That a member can enter a household until before ``expires_at``."""

    id: UUID
    household_id: UUID
    household_name: str
    role: Role
    invited_at: datetime
    expires_at: datetime


async def households_of(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, Household]:
    """Return the households of those of these members who are in one, in one statement."""
    return await store.of_members(session, brand_id, member_ids)


async def invitations_of(
    session: Session, now: datetime, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, list[Invitation]]:
    """Return what members can accept at ``now``, the newest first, in one statement."""
    rows = await session.fetch(
        "SELECT i.member_id, i.id, h.id, h.name, i.role, i.invited_at, i.expires_at"
        " FROM household_invitation i JOIN household h ON h.id = i.household_id"
        " WHERE h.brand_id = $1 AND h.ended_at IS NULL AND i.member_id = ANY ($2)"
        " AND i.answered_at IS NULL AND i.expires_at > $3 ORDER BY i.invited_at DESC, i.id",
        brand_id,
        list(member_ids),
        now,
    )
    found: dict[UUID, list[Invitation]] = {member_id: [] for member_id in member_ids}
    for member_id, *invitation in rows:
        found[member_id].append(Invitation(*invitation))
    return found
