"""Boards in tests: windows and scores written as facts would, and what SQL says of their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from gamification.leaderboards.rules_places import Answer, Page
from gamification.leaderboards.showing import Shower
from gamification.leaderboards.views import Boards
from kit.db import Database, Session
from kit.valkey import Nodes

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def entity(number: int) -> UUID:
    """Return an entity whose first bytes say nothing of its shard."""
    return UUID(int=(number * 0x9E3779B97F4A7C15) % 2**64 << 64 | number % 2**62 | 2**63)


@dataclass(frozen=True)
class Change:
    """What becomes of an entity's score; ``at`` in microseconds behind `NOW`."""

    number: int
    score: int
    at: int = 0
    listed: bool = True


async def brand(session: Session) -> int:
    """Return a brand's id, made if there is none."""
    found = await session.value("SELECT min(id) FROM brand")
    if found is None:
        found = await session.value(
            "INSERT INTO brand (code, name, time_zone, currency, currency_exponent, created_at)"
            " VALUES ('b', 'B', 'UTC', 'USD', 2, $1) RETURNING id",
            NOW,
        )
    return int(found)


async def window(database: Database, board: str = "spend", scope: str = "") -> int:
    """Open a window and return its id."""
    async with database.transaction() as session:
        return int(
            await session.value(
                "INSERT INTO board_window"
                " (brand_id, board, period, scope, starts_on, state, opened_at)"
                " VALUES ($1, $2, 'all', $3, DATE '2026-01-01', 'open', $4) RETURNING id",
                await brand(session),
                board,
                scope,
                NOW,
            )
        )


async def change(database: Database, window_id: int, changes: Sequence[Change]) -> None:
    """Write scores as one batch of facts does: each change draws a position, under a lock."""
    last = {each.number: each for each in changes}.values()
    async with database.transaction() as session:
        await session.fetch("SELECT pg_advisory_xact_lock(4711)")
        await session.fetch(
            "INSERT INTO board_score AS held (window_id, entity, score, reached_at, listed, seq)"
            " SELECT $1, e, s, a, l, nextval('board_change_seq')"
            " FROM unnest($2::uuid[], $3::bigint[], $4::timestamptz[], $5::bool[]) AS r(e, s, a, l)"
            " ON CONFLICT (window_id, entity) DO UPDATE SET score = excluded.score,"
            " reached_at = excluded.reached_at, listed = excluded.listed, seq = excluded.seq",
            window_id,
            [entity(each.number) for each in last],
            [each.score for each in last],
            [NOW + timedelta(microseconds=each.at) for each in last],
            [each.listed for each in last],
        )
        await session.fetch(
            "UPDATE board_window SET head ="
            " (SELECT coalesce(max(seq), 0) FROM board_score WHERE window_id = id) WHERE id = $1",
            window_id,
        )


async def freeze(database: Database, window_id: int, at: datetime) -> None:
    """Freeze a window."""
    async with database.transaction() as session:
        await session.fetch(
            "UPDATE board_window SET state = 'frozen', frozen_at = $2 WHERE id = $1", window_id, at
        )


Row = tuple[UUID, int, datetime, int, int, int]


async def truth(database: Database, window_id: int) -> list[Row]:
    """Return the board as SQL orders it: entity, score, moment and the three ranks."""
    async with database.read() as session:
        rows = await session.fetch(
            "SELECT entity, score, reached_at,"
            " row_number() OVER (ORDER BY score DESC, reached_at, entity DESC),"
            " rank() OVER (ORDER BY score DESC), dense_rank() OVER (ORDER BY score DESC)"
            " FROM board_score WHERE window_id = $1 AND listed"
            " AND score BETWEEN -9007199254740992 AND 9007199254740992"
            " ORDER BY score DESC, reached_at, entity DESC",
            window_id,
        )
    return [tuple(row) for row in rows]


def rows_of(answer: Answer, *, dense: bool = False) -> list[Row]:
    """Return an answer's places as `truth` has them; without dense ranks the last is -1."""
    return [
        (
            each.entity,
            each.score,
            each.reached_at,
            each.ordinal,
            each.competition,
            each.dense if dense and each.dense is not None else -1,
        )
        for each in answer.places
    ]


async def everyone(boards: Boards, window_id: int, *, dense: bool = False) -> list[Row]:
    """Return a whole board, page by page."""
    found: list[Row] = []
    while True:
        (answer,) = await boards.page([Page(window_id, len(found), 700)])
        assert answer.state == "live"
        if not answer.places:
            assert len(found) == answer.size
            return found
        found += rows_of(answer, dense=dense)


async def shown(shower: Shower, now: datetime = NOW) -> None:
    """Show all there is."""
    await shower.tick(now)
    assert not shower.left()


async def assert_equal(
    database: Database, nodes: Nodes, window_id: int, *, dense: bool = False
) -> None:
    """Fail if Valkey shows anything else than PostgreSQL says."""
    expected = await truth(database, window_id)
    if not dense:
        expected = [(*row[:5], -1) for row in expected]
    assert await everyone(Boards(nodes), window_id, dense=dense) == expected
