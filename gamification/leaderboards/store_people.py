"""How aliases, absences and the history of both are loaded and written, many at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from gamification.leaderboards.rules_people import SALT_BYTES, folded
from gamification.leaderboards.rules_people_change import Absent, Alias, People, PersonChange
from kit.db import Session
from kit.ids import random_bytes


class Known(NamedTuple):
    """A change that was made."""

    member_id: UUID
    request: bytes


class Changed(NamedTuple):
    """A change to be written into the history."""

    id: UUID
    member_id: UUID
    kind: str
    board: str
    window_id: int
    actor: str
    reason: str
    request: bytes


async def salted(session: Session, brand_ids: Collection[int]) -> None:
    """Make the salts that these brands lack."""
    await session.fetch(
        "INSERT INTO board_salt (brand_id, salt) SELECT b, s"
        " FROM unnest($1::int[], $2::bytea[]) AS n(b, s) ORDER BY b ON CONFLICT DO NOTHING",
        list(brand_ids),
        [random_bytes(SALT_BYTES) for _ in brand_ids],
    )


async def unsalted(session: Session) -> list[int]:
    """Return the brands without a salt."""
    rows = await session.fetch(
        "SELECT id FROM brand WHERE NOT EXISTS (SELECT FROM board_salt WHERE brand_id = id)"
    )
    return [row["id"] for row in rows]


async def known(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, Known]:
    """Return those of the changes ``ids`` that were made."""
    rows = await session.fetch(
        "SELECT id, member_id, request FROM board_person_change"
        " WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row[0]: Known(row[1], row[2]) for row in rows}


async def load(
    session: Session,
    now: datetime,
    brand: Brand,
    boards: frozenset[str],
    items: Sequence[PersonChange],
) -> People:
    """Load what changes are decided on. Three statements."""
    found = await members.by_external_ids(session, brand.id, list({each.member for each in items}))
    ids = [each.id for each in found.values()]
    aliases = await session.fetch(
        "SELECT id, member_id, alias, folded, removed_at IS NOT NULL FROM board_alias"
        " WHERE brand_id = $1 AND (member_id = ANY ($2) OR folded = ANY ($3))",
        brand.id,
        ids,
        [folded(each.alias) for each in items if each.alias is not None and "\0" not in each.alias],
    )
    absent = await session.fetch(
        "SELECT id, member_id, board, window_id, kind, until FROM board_absence"
        " WHERE brand_id = $1 AND member_id = ANY ($2) AND ended_at IS NULL",
        brand.id,
        ids,
    )
    rows = [Absent(*row) for row in absent]
    return People(
        now,
        brand.id,
        boards,
        {name: each.id for name, each in found.items()},
        {row["folded"]: Alias(*row) for row in aliases},
        {(row.member_id, row.board, row.window_id, row.kind): row for row in rows},
    )


async def write(session: Session, brand_id: int, people: People, new: Sequence[Changed]) -> None:
    """Write what changes made of people, and the changes themselves."""
    await _write_aliases(session, brand_id, people)
    await _write_absences(session, brand_id, people)
    await session.fetch(
        "INSERT INTO board_person_change (id, brand_id, member_id, kind, board, window_id, actor,"
        " reason, request, changed_at) SELECT i, $1, m, k, b, w, a, r, q, $2"
        " FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::text[],"
        " $9::text[], $10::bytea[]) AS n(i, m, k, b, w, a, r, q) ORDER BY i",
        brand_id,
        people.now,
        *([each[place] for each in new] for place in range(len(Changed._fields))),
    )


async def _write_aliases(session: Session, brand_id: int, people: People) -> None:
    if people.dropped:
        await session.fetch("DELETE FROM board_alias WHERE id = ANY ($1)", people.dropped)
    if people.removed:
        # One that came and went in this batch is written as it is in the end.
        await session.fetch(
            "UPDATE board_alias SET removed_at = $2 WHERE id = ANY ($1)",
            [each.id for each in people.removed],
            people.now,
        )
        await session.fetch(
            "DELETE FROM board_result_name r USING unnest($1::uuid[], $2::text[]) AS n(m, a)"
            " JOIN member e ON e.id = n.m OR e.merged_into = n.m"
            " WHERE r.entity = e.id AND r.name = n.a",
            [each.member_id for each in people.removed],
            [each.alias for each in people.removed],
        )
    named = list(people.named.values())
    gone = {each.id for each in people.removed}
    if named:
        await session.fetch(
            "INSERT INTO board_alias (id, brand_id, member_id, alias, folded, set_at, removed_at)"
            " SELECT i, $1, m, a, f, $2, CASE WHEN g THEN $2::timestamptz END"
            " FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bool[])"
            " AS n(i, m, a, f, g) ORDER BY f",
            brand_id,
            people.now,
            [each.id for each in named],
            [each.member_id for each in named],
            [each.alias for each in named],
            [each.folded for each in named],
            [each.id in gone for each in named],
        )


async def _write_absences(session: Session, brand_id: int, people: People) -> None:
    if people.ended:
        await session.fetch(
            "UPDATE board_absence SET ended_at = $2 WHERE id = ANY ($1)", people.ended, people.now
        )
    begun = list(people.begun.values())
    if begun:
        await session.fetch(
            "INSERT INTO board_absence (id, brand_id, member_id, board, window_id, kind, since,"
            " until) SELECT i, $1, m, b, w, k, $2, u FROM unnest($3::uuid[], $4::uuid[],"
            " $5::text[], $6::bigint[], $7::text[], $8::timestamptz[]) AS n(i, m, b, w, k, u)"
            " ORDER BY m, b, w, k",
            brand_id,
            people.now,
            *([each[place] for each in begun] for place in range(len(Absent._fields))),
        )


async def end_bans(session: Session, now: datetime, limit: int) -> list[tuple[int, UUID, str]]:
    """End up to ``limit`` bans whose time is over; return brand, member and board of each."""
    rows = await session.fetch(
        "UPDATE board_absence SET ended_at = $1 WHERE id IN (SELECT id FROM board_absence"
        " WHERE ended_at IS NULL AND until <= $1 ORDER BY until, id LIMIT $2"
        " FOR UPDATE SKIP LOCKED) RETURNING brand_id, member_id, board",
        now,
        limit,
    )
    return [tuple(row) for row in rows]


async def forget(session: Session, brand_id: int, member_ids: Collection[UUID]) -> None:
    """Delete every name that these members had on boards; their places stay.

    Also those of who was merged into them.
    """
    for table, column in (("board_alias", "member_id"), ("board_result_name", "entity")):
        await session.fetch(
            f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM member"  # noqa: S608
            " WHERE brand_id = $1 AND (id = ANY ($2) OR merged_into = ANY ($2)))",
            brand_id,
            list(member_ids),
        )


async def merge(session: Session, brand_id: int, pairs: Collection[tuple[UUID, UUID]]) -> None:
    """Give the aliases of who was merged, the first of each pair, to who is left without one.

    The others are free again. What staff removed stays removed.
    """
    absorbed, kept = [each for each, _ in pairs], [each for _, each in pairs]
    await session.fetch(
        "UPDATE board_alias a SET member_id = n.kept FROM (SELECT DISTINCT ON (k) b.id, k AS kept"
        " FROM unnest($2::uuid[], $3::uuid[]) AS p(m, k) JOIN board_alias b ON b.member_id = p.m"
        " AND b.removed_at IS NULL WHERE NOT EXISTS (SELECT FROM board_alias WHERE member_id = k"
        " AND removed_at IS NULL) ORDER BY k, b.set_at, b.id) AS n"
        " WHERE a.id = n.id AND a.brand_id = $1",
        brand_id,
        absorbed,
        kept,
    )
    await session.fetch(
        "DELETE FROM board_alias WHERE brand_id = $1 AND member_id = ANY ($2)"
        " AND removed_at IS NULL",
        brand_id,
        absorbed,
    )


async def join_absences(
    session: Session, now: datetime, brand_id: int, pairs: Collection[tuple[UUID, UUID]]
) -> None:
    """Let what kept off who was merged, the first of each pair, be the member's who is left.

    There it can be ended. Of two of one kind the one that lasts longer stays.
    """
    absorbed, kept = [each for each, _ in pairs], [each for _, each in pairs]
    await session.fetch(
        "WITH family AS (SELECT * FROM unnest($2::uuid[], $3::uuid[]) AS p(m, kept)"
        " UNION SELECT k, k FROM unnest($3::uuid[]) AS k), found AS ("
        " SELECT a.id, row_number() OVER (PARTITION BY f.kept, a.board, a.window_id, a.kind"
        " ORDER BY a.until DESC NULLS FIRST, a.id) AS place"
        " FROM family f JOIN board_absence a ON a.member_id = f.m"
        " WHERE a.brand_id = $1 AND a.ended_at IS NULL)"
        " UPDATE board_absence a SET ended_at = $4 FROM found"
        " WHERE a.id = found.id AND found.place > 1",
        brand_id,
        absorbed,
        kept,
        now,
    )
    await session.fetch(
        "UPDATE board_absence a SET member_id = p.kept"
        " FROM unnest($2::uuid[], $3::uuid[]) AS p(m, kept)"
        " WHERE a.brand_id = $1 AND a.member_id = p.m AND a.ended_at IS NULL",
        brand_id,
        absorbed,
        kept,
    )
