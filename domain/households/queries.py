"""Reads of households and of open invitations."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.households import store
from domain.households.rules import Household
from domain.households.section import Role
from kit.db import Session

_INVITATION = (
    "SELECT i.id, h.id, h.name, i.role, i.invited_at, i.expires_at, i.member_id"
    " FROM household_invitation i JOIN household h ON h.id = i.household_id"
    " WHERE h.brand_id = $1 AND h.ended_at IS NULL AND i.answered_at IS NULL"
    " AND i.expires_at > $2 AND"
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """That a member can enter a household until before ``expires_at``."""

    id: UUID
    household_id: UUID
    household_name: str
    role: Role
    invited_at: datetime
    expires_at: datetime
    member_id: UUID


async def households_of(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, Household]:
    """Return the households of those of these members who are in one, in one statement."""
    return await store.of_members(session, brand_id, member_ids)


async def households(
    session: Session, brand_id: int, ids: Collection[UUID]
) -> dict[UUID, Household]:
    """Return those of the households ``ids`` that are this brand's and have not ended."""
    return await store.living(session, brand_id, ids)


async def invitations_of(
    session: Session, now: datetime, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, list[Invitation]]:
    """Return what members can accept at ``now``, the newest first, in one statement."""
    rows = await session.fetch(
        _INVITATION + " i.member_id = ANY ($3) ORDER BY i.invited_at DESC, i.id",
        brand_id,
        now,
        list(member_ids),
    )
    found: dict[UUID, list[Invitation]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        found[row["member_id"]].append(Invitation(*row))
    return found


async def invitations(
    session: Session, now: datetime, brand_id: int, ids: Collection[UUID]
) -> dict[UUID, Invitation]:
    """Return those of the invitations ``ids`` that can be accepted at ``now``."""
    rows = await session.fetch(_INVITATION + " i.id = ANY ($3)", brand_id, now, list(ids))
    return {row[0]: Invitation(*row) for row in rows}
