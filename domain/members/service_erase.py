"""How a member is forgotten: the row stays for what was booked; nobody can tell whose it was."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.members.rules import name_hash
from kit.db import Session
from kit.ids import random_bytes

_NAME_BYTES = 16

# Which nobody can be called: what names somebody is printable.
_NOBODY = "\x1e"


class KnownErasure(NamedTuple):
    """An erasure that was done, and the hash of what was asked."""

    member_id: UUID
    points: int
    request: bytes


class NewErasure(NamedTuple):
    """An erasure as it is kept; ``points`` were forfeited, in the asset's smallest unit."""

    id: UUID
    member_id: UUID
    points: int
    actor: str
    reason: str
    request: bytes


async def known(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, KnownErasure]:
    """Return those of the erasures ``ids`` that were done."""
    rows = await session.fetch(
        "SELECT id, member_id, points, request FROM member_erasure"
        " WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row[0]: KnownErasure(*row[1:]) for row in rows}


async def erase(
    session: Session, now: datetime, brand_id: int, member_ids: Collection[UUID]
) -> list[UUID]:
    """Forget who these members are, with all the names they were ever known by.

    Tokens of those names that were issued before name nobody from then on. Returns the ids of
    their rows, with those of who was merged into them.
    """
    rows = await session.fetch(
        "SELECT id, external_id FROM member WHERE brand_id = $1"
        " AND (id = ANY ($2) OR merged_into = ANY ($2)) ORDER BY id FOR UPDATE",
        brand_id,
        list(member_ids),
    )
    await session.fetch(
        "INSERT INTO erased_name (brand_id, name_hash, erased_at)"
        " SELECT $1, h, $2 FROM unnest($3::bytea[]) AS n(h) ORDER BY h"
        " ON CONFLICT (brand_id, name_hash) DO UPDATE SET erased_at = excluded.erased_at",
        brand_id,
        now,
        [name_hash(brand_id, row["external_id"]) for row in rows],
    )
    ids = [row["id"] for row in rows]
    await session.fetch(
        "UPDATE member SET external_id = n.e, display_name = NULL, birthday = NULL, region = NULL,"
        " attributes = '{}', erased_at = $1 FROM unnest($2::uuid[], $3::text[]) AS n(i, e)"
        " WHERE id = n.i",
        now,
        ids,
        [_NOBODY + random_bytes(_NAME_BYTES).hex() for _ in ids],
    )
    await session.fetch("UPDATE member_move SET region = NULL WHERE member_id = ANY ($1)", ids)
    return ids


async def insert(
    session: Session, now: datetime, brand_id: int, erasures: Sequence[NewErasure]
) -> None:
    """Write down erasures."""
    await session.fetch(
        "INSERT INTO member_erasure (id, brand_id, member_id, points, actor, reason, erased_at,"
        " request) SELECT i, $1, m, p, a, w, $2, q FROM unnest($3::uuid[], $4::uuid[],"
        " $5::bigint[], $6::text[], $7::text[], $8::bytea[]) AS n(i, m, p, a, w, q)",
        brand_id,
        now,
        *(list(column) for column in zip(*erasures, strict=True)),
    )
