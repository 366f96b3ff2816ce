"""Reads for showing boards: which windows have changed, and their rows as Valkey takes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gamification.leaderboards.rules_keys import Element
from kit.db import Session

PART_ROWS = 1_000
"""Rows of one step in Valkey, which does nothing else for about 3 ms."""

_CHANGED = """
    SELECT id, brand_id, board, head, frozen_at FROM board_window
    WHERE head > $1 AND (frozen_at IS NULL OR frozen_at > $2)
    ORDER BY head
"""
_ALL = """
    SELECT id, brand_id, board, head, frozen_at FROM board_window
    WHERE (frozen_at IS NULL OR frozen_at > $1) AND ($2::bigint[] IS NULL OR id = ANY($2))
      AND ($3::int IS NULL OR brand_id = $3) AND ($4::text IS NULL OR board = $4)
    ORDER BY frozen_at IS NOT NULL, head DESC
"""
# As `rules_keys.pack` writes it, of which a test makes sure: the database does it in a tenth of
# the time.
_ROWS = """
    WITH found AS (
        SELECT a.n, a.mask, row.*, row.score BETWEEN -9007199254740992 AND 9007199254740992 AS fits,
               (row_number() OVER (PARTITION BY a.n ORDER BY row.seq) - 1) / 1000 AS part
        FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::int[])
            AS a(n, window_id, after, mask)
        CROSS JOIN LATERAL (
            SELECT entity, score, reached_at, listed, seq FROM board_score
            WHERE window_id = a.window_id AND seq > a.after
            ORDER BY seq LIMIT $5
        ) AS row
    )
    SELECT n, part, get_byte(uuid_send(entity), 15) & mask AS shard, count(*) AS rows,
           max(seq) AS last, count(*) FILTER (WHERE listed AND NOT fits) AS beyond,
           string_agg(
               int8send(4611686018427387904 - (extract(epoch FROM reached_at) * 1000000)::bigint)
               || uuid_send(entity)
               || float8send(CASE WHEN listed AND fits THEN score::float8 ELSE 'NaN' END), ''
           ) AS rows_bytes
    FROM found GROUP BY n, part, shard ORDER BY n, part
"""
_SIZES = """
    SELECT a.window_id, (
        SELECT count(*) FROM (
            SELECT 1 FROM board_score
            WHERE window_id = a.window_id AND listed LIMIT $2
        ) AS few
    ) AS members
    FROM unnest($1::bigint[]) AS a(window_id)
"""
_LISTED = """
    SELECT entity, score, reached_at FROM board_score
    WHERE window_id = $1 AND entity > $2 AND listed
      AND score BETWEEN -9007199254740992 AND 9007199254740992
    ORDER BY entity LIMIT $3
"""
_SOME = """
    SELECT entity, score, reached_at, seq,
           listed AND score BETWEEN -9007199254740992 AND 9007199254740992 AS shown
    FROM board_score WHERE window_id = $1 AND entity = ANY($2)
"""
_SCORES = """
    SELECT score, count(*) AS members FROM board_score
    WHERE window_id = $1 AND listed
      AND score BETWEEN -9007199254740992 AND 9007199254740992
    GROUP BY score
"""
_BEYOND = """
    SELECT count(*) FROM board_score
    WHERE window_id = $1 AND listed AND NOT score BETWEEN -9007199254740992 AND 9007199254740992
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A window that is to be shown, up to ``head``."""

    id: int
    brand_id: int
    board: str
    head: int
    frozen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows of a window after a position, apart by shard."""

    window_id: int
    after: int
    shards: int


@dataclass(frozen=True, slots=True)
class Part:
    """Up to `PART_ROWS` rows of a shard, packed; ``last`` is the position behind all shards' rows.

    ``beyond`` counts the scores that no sorted set holds exactly: they are packed as not listed.
    """

    shard: int
    rows: int
    last: int
    beyond: int
    packed: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """What is to be shown of an entity, if anything, since position ``seq``."""

    element: Element | None
    seq: int


async def changed(session: Session, after_head: int, since: datetime) -> list[Shown]:
    """Return windows with rows after a position, but for those frozen before ``since``."""
    return [Shown(**row) for row in await session.fetch(_CHANGED, after_head, since)]


async def shown(
    session: Session,
    since: datetime,
    *,
    ids: Sequence[int] | None = None,
    brand_id: int | None = None,
    board: str | None = None,
) -> list[Shown]:
    """Return all windows but for those frozen before ``since``; open ones first."""
    ids = None if ids is None else list(ids)
    return [Shown(**row) for row in await session.fetch(_ALL, since, ids, brand_id, board)]


async def rows(session: Session, streams: Sequence[Stream], limit: int) -> list[list[Part]]:
    """Return the next rows of each stream, ``limit`` at most, in the order of their positions."""
    found: list[list[Part]] = [[] for _ in streams]
    records = await session.fetch(
        _ROWS,
        list(range(len(streams))),
        [stream.window_id for stream in streams],
        [stream.after for stream in streams],
        [stream.shards - 1 for stream in streams],
        limit,
    )
    ends: dict[tuple[int, int], int] = {}
    for row in records:
        key = row["n"], row["part"]
        ends[key] = max(ends.get(key, 0), row["last"])
    for row in records:
        last = ends[row["n"], row["part"]]
        part = Part(row["shard"], row["rows"], last, row["beyond"], row["rows_bytes"])
        found[row["n"]].append(part)
    return found


async def sizes(session: Session, window_ids: Sequence[int], at_most: int) -> dict[int, int]:
    """Return how many are listed in each window, counted no further than ``at_most``."""
    found = await session.fetch(_SIZES, list(window_ids), at_most)
    return {row["window_id"]: row["members"] for row in found}


async def listed(session: Session, window_id: int, after: UUID, limit: int) -> list[Element]:
    """Return who is listed in a window, by entity, behind ``after``."""
    return [Element(**row) for row in await session.fetch(_LISTED, window_id, after, limit)]


async def rows_of(session: Session, window_id: int, entities: Sequence[UUID]) -> dict[UUID, Row]:
    """Return the rows of ``entities`` in a window."""
    found = await session.fetch(_SOME, window_id, list(entities))
    return {
        row["entity"]: Row(
            Element(row["entity"], row["score"], row["reached_at"]) if row["shown"] else None,
            row["seq"],
        )
        for row in found
    }


async def scores(session: Session, window_id: int) -> dict[int, int]:
    """Return how many are listed with each score of a window."""
    return {row["score"]: row["members"] for row in await session.fetch(_SCORES, window_id)}


async def beyond(session: Session, window_id: int) -> int:
    """Return how many scores of a window are too large to be shown."""
    return int(await session.value(_BEYOND, window_id))
