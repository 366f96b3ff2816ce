"""What members gave each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kit.db import Session

# Gifts never change: whose they are by now is read.
_GIFTS = (
    "SELECT gift.id, coalesce(a.merged_into, a.id) AS giver_id,"
    " coalesce(b.merged_into, b.id) AS receiver_id, points, message, given_at"
    " FROM gift JOIN member a ON a.id = giver_id JOIN member b ON b.id = receiver_id"
)
# What went between two who are one by now was given to nobody.
_SIDE = (
    "(SELECT * FROM ({gifts} WHERE {side}_id IN (SELECT id FROM member"
    " WHERE id = m.member_id OR merged_into = m.member_id) AND gift.brand_id = $1) AS g"
    " WHERE giver_id <> receiver_id AND ($3::uuid IS NULL OR (given_at, id) {way}"
    " (SELECT given_at, id FROM gift WHERE brand_id = $1 AND id = $3))"
    " ORDER BY given_at {order}, id {order} LIMIT $4)"
)


@dataclass(frozen=True, slots=True)
class Gift:
    """Points that one member gave to another, in the asset's smallest unit."""

    id: UUID
    giver_id: UUID
    receiver_id: UUID
    points: int
    message: str
    given_at: datetime


async def gifts(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, Gift]:
    """Return those of these gifts that members of the brand gave, by id."""
    rows = await session.fetch(
        f"{_GIFTS} WHERE gift.brand_id = $1 AND gift.id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row["id"]: Gift(*row) for row in rows}


async def gifts_of(
    session: Session,
    brand_id: int,
    member_ids: Sequence[UUID],
    *,
    first: int,
    before: UUID | None = None,
    after: UUID | None = None,
    oldest_first: bool = False,
) -> dict[UUID, list[Gift]]:
    """Return up to ``first`` gifts that each member gave or got, the newest first.

    ``before``: only those older than this gift. With ``after``: those newer than it, the oldest
    first, as all of them are with ``oldest_first``.
    """
    from_old_to_new = oldest_first or after is not None
    way, order, bound = (">", "ASC", after) if from_old_to_new else ("<", "DESC", before)
    sides = " UNION ALL ".join(
        _SIDE.format(gifts=_GIFTS, side=side, way=way, order=order)
        for side in ("giver", "receiver")
    )
    rows = await session.fetch(
        f"SELECT m.member_id, g.* FROM unnest($2::uuid[]) AS m (member_id)"  # noqa: S608
        f" CROSS JOIN LATERAL (SELECT * FROM ({sides}) AS s"
        f" ORDER BY given_at {order}, id {order} LIMIT $4) AS g"
        f" ORDER BY g.given_at {order}, g.id {order}",
        brand_id,
        list(set(member_ids)),
        bound,
        first,
    )
    found: dict[UUID, list[Gift]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        member_id, *gift = row
        found[member_id].append(Gift(*gift))
    return found
