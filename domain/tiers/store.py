"""How grants of status are loaded by their ids, and written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.tiers.rules_course import Grant
from domain.tiers.rules_grant import KnownGrant
from kit.db import Session


async def known(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, KnownGrant]:
    """Return those of the grants ``ids`` that the brand has recorded."""
    rows = await session.fetch(
        "SELECT member_id, granted_at, id, ladder, tier, starts_at, ends_at, reason, actor,"
        " revoked_at FROM status_grant WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {grant[0]: KnownGrant(Grant(*grant), m, at) for m, at, *grant in rows}


async def insert(
    session: Session, now: datetime, brand_id: int, grants: Sequence[tuple[UUID, Grant]]
) -> None:
    """Write grants, each with the member it is for."""
    await session.fetch(
        "INSERT INTO status_grant (id, brand_id, member_id, ladder, tier, starts_at, ends_at,"
        " reason, actor, granted_at) SELECT i, $1, m, l, t, s, e, r, a, $2"
        " FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[],"
        " $8::timestamptz[], $9::text[], $10::text[]) AS n(i, m, l, t, s, e, r, a) ORDER BY i",
        brand_id,
        now,
        [grant.id for _, grant in grants],
        [member_id for member_id, _ in grants],
        [grant.ladder for _, grant in grants],
        [grant.tier for _, grant in grants],
        [grant.starts_at for _, grant in grants],
        [grant.ends_at for _, grant in grants],
        [grant.reason for _, grant in grants],
        [grant.actor for _, grant in grants],
    )


async def revoke(session: Session, now: datetime, brand_id: int, ids: Sequence[UUID]) -> None:
    """Let the grants ``ids`` count no more from ``now`` on."""
    await session.fetch(
        "UPDATE status_grant SET revoked_at = $2"
        " WHERE brand_id = $1 AND id = ANY ($3) AND revoked_at IS NULL",
        brand_id,
        now,
        list(ids),
    )


async def join(session: Session, into: Mapping[UUID, UUID]) -> None:
    """Let the members that ``into`` names have the status of those who turn out to be them."""
    await session.fetch(
        "UPDATE status_grant SET member_id = n.new"
        " FROM unnest($1::uuid[], $2::uuid[]) AS n(old, new) WHERE member_id = n.old",
        list(into),
        list(into.values()),
    )
