"""How gifts, and what members gave and got, are loaded and written, many at once."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.gifts.rules import Use
from domain.members.queries import FAMILY
from kit.db import Session

_FAMILY = FAMILY.format(ids="$2")
_USED = f"""
SELECT m.kept AS member_id, start, count(*)::int AS times, sum(points)::bigint AS points
FROM {_FAMILY} AS m CROSS JOIN unnest($3::timestamptz[]) AS s (start)
JOIN gift g ON g.{{side}}_id = m.id AND g.given_at >= start AND g.brand_id = $1
GROUP BY m.kept, start
"""  # noqa: S608 - made of constants


class KnownGift(NamedTuple):
    """A gift that was given, and the hash of what was asked."""

    id: UUID
    request: bytes
    giver_id: UUID
    receiver_id: UUID


class GiftToWrite(NamedTuple):
    """A gift as its row begins."""

    id: UUID
    giver_id: UUID
    receiver_id: UUID
    points: int
    message: str
    request: bytes


async def known(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, KnownGift]:
    """Return those of these gifts that were given already."""
    rows = await session.fetch(
        "SELECT id, request, giver_id, receiver_id FROM gift WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row["id"]: KnownGift(*row) for row in rows}


async def used(
    session: Session,
    brand_id: int,
    member_ids: Collection[UUID],
    starts: Iterable[tuple[str, datetime]],
) -> dict[tuple[str, UUID, datetime], Use]:
    """Return what members gave and got: by side (``giver``, ``receiver``), member and start."""
    since: dict[str, list[datetime]] = {}
    for side, start in starts:
        since.setdefault(side, []).append(start)
    found = {}
    for side, instants in since.items():
        rows = await session.fetch(_USED.format(side=side), brand_id, list(member_ids), instants)
        for row in rows:
            key = side, row["member_id"], row["start"]
            found[key] = Use(row["times"], row["points"])
    return found


async def last_got(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, datetime]:
    """Return when those of these members got points last who ever got any from others."""
    rows = await session.fetch(
        f"SELECT m.kept AS receiver_id, max(given_at) AS at FROM {_FAMILY} AS m"  # noqa: S608
        " JOIN gift g ON g.receiver_id = m.id WHERE g.brand_id = $1 GROUP BY m.kept",
        brand_id,
        list(member_ids),
    )
    return {row["receiver_id"]: row["at"] for row in rows}


async def insert(
    session: Session, now: datetime, brand_id: int, gifts: Sequence[GiftToWrite]
) -> None:
    """Write gifts."""
    await session.fetch(
        "INSERT INTO gift (id, brand_id, giver_id, receiver_id, points, message, given_at, request)"
        " SELECT i, $1, g, r, p, m, $2, h FROM unnest($3::uuid[], $4::uuid[], $5::uuid[],"
        " $6::bigint[], $7::text[], $8::bytea[]) AS n(i, g, r, p, m, h)",
        brand_id,
        now,
        *(list(column) for column in zip(*gifts, strict=True)),
    )
