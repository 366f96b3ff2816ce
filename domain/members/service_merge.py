"""How two members become one: the one who is left is known by the names of both."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from domain.members import queries
from domain.members.rules import Member, Profile, joined
from kit.db import Session


class KnownMerge(NamedTuple):
    """A merge that was done: who was left then, who became that one, and what was asked."""

    kept_id: UUID
    absorbed_id: UUID
    request: bytes


class NewMerge(NamedTuple):
    """A merge as it is kept."""

    id: UUID
    kept_id: UUID
    absorbed_id: UUID
    actor: str
    reason: str
    request: bytes


async def known(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, KnownMerge]:
    """Return those of the merges ``ids`` that were done."""
    rows = await session.fetch(
        "SELECT id, kept_id, absorbed_id, request FROM member_merge"
        " WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row[0]: KnownMerge(*row[1:]) for row in rows}


async def join(session: Session, brand_id: int, into: Mapping[UUID, UUID]) -> None:
    """Let the members that ``into`` names be those who turn out to be them.

    They joined when the first of them did; what was known only of who is absorbed is known of
    them. Who was merged into the absorbed before is merged into them by this.
    """
    before = await queries.by_ids(session, brand_id, [*into, *into.values()])
    people = {each.id: each for each in before.values()}
    after: dict[UUID, tuple[datetime, Profile]] = {}
    for absorbed, kept in into.items():
        since, profile = after.get(kept) or (people[kept].joined_at, _profile(people[kept]))
        other = people[absorbed]
        after[kept] = min(since, other.joined_at), joined(profile, _profile(other))
    await session.fetch(
        "UPDATE member SET joined_at = n.j, display_name = n.d, birthday = n.b, region = n.r,"
        " attributes = n.a::jsonb FROM unnest($1::uuid[], $2::timestamptz[], $3::text[],"
        " $4::date[], $5::text[], $6::text[]) AS n(i, j, d, b, r, a) WHERE id = n.i",
        list(after),
        [since for since, _ in after.values()],
        [profile.display_name for _, profile in after.values()],
        [profile.birthday for _, profile in after.values()],
        [profile.region for _, profile in after.values()],
        [orjson.dumps(dict(profile.attributes)).decode() for _, profile in after.values()],
    )
    await session.fetch(
        "UPDATE member SET merged_into = n.new, display_name = NULL, birthday = NULL,"
        " region = NULL, attributes = '{}' FROM unnest($1::uuid[], $2::uuid[]) AS n(old, new)"
        " WHERE id = n.old OR merged_into = n.old",
        list(into),
        list(into.values()),
    )


async def insert(
    session: Session, now: datetime, brand_id: int, merges: Sequence[NewMerge]
) -> None:
    """Write down merges."""
    await session.fetch(
        "INSERT INTO member_merge (id, brand_id, kept_id, absorbed_id, actor, reason, merged_at,"
        " request) SELECT i, $1, k, a, w, r, $2, q FROM unnest($3::uuid[], $4::uuid[],"
        " $5::uuid[], $6::text[], $7::text[], $8::bytea[]) AS n(i, k, a, w, r, q)",
        brand_id,
        now,
        *(list(column) for column in zip(*merges, strict=True)),
    )


def _profile(member: Member) -> Profile:
    return Profile(member.display_name, member.birthday, member.region, member.attributes)
