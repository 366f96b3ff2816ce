"""How weeks of leagues, seats and players are locked, loaded and written, many at once."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from gamification.leaderboards.rules_leagues import Ended, Filling, Player, Seat
from kit.db import Session

_UNSEATED = """
SELECT s.entity, s.reached_at, s.seq, s.listed AND s.score > 0
    AND NOT EXISTS (SELECT FROM league_seat t
                    WHERE t.window_id = s.window_id AND t.member_id = s.entity)
    AND NOT EXISTS (SELECT FROM league_member m WHERE m.member_id = s.entity AND m.away)
FROM board_score s WHERE s.window_id = $1 AND s.seq > $2 ORDER BY s.seq LIMIT $3
"""

_FILLING = """
SELECT DISTINCT ON (league) league, cohort, count(*) FROM league_seat
WHERE window_id = $1 GROUP BY league, cohort ORDER BY league, cohort DESC
"""

# Who left the board is behind all that are listed, in some order that does not change.
_STANDINGS = """
SELECT t.league, t.cohort, t.member_id, coalesce(r.score, 0) FROM league_seat t
LEFT JOIN board_result r ON r.window_id = t.window_id AND r.entity = t.member_id
WHERE t.window_id = $1 AND (t.league, t.cohort) IN (
    SELECT DISTINCT league, cohort FROM league_seat WHERE window_id = $1 AND outcome IS NULL
    ORDER BY league, cohort LIMIT $2)
ORDER BY t.league, t.cohort, r.place, t.member_id
"""


class Week(NamedTuple):
    """A weekly window of the board of leagues, all of the brand."""

    window_id: int
    starts_on: date
    ends_on: date
    opened_at: datetime


class Scored(NamedTuple):
    """A score that has changed; ``seats``: its member plays, and has no seat yet."""

    member_id: UUID
    reached_at: datetime
    seq: int
    seats: bool


async def weeks(session: Session, brand_id: int, board: str, today: date) -> list[Week]:
    """Return the weeks of a board that have begun and are not frozen, the earliest first."""
    rows = await session.fetch(
        "SELECT id, starts_on, ends_on, opened_at FROM board_window"
        " WHERE brand_id = $1 AND board = $2 AND period = 'week' AND scope = '' AND starts_on <= $3"
        " AND state IN ('open', 'closing') ORDER BY starts_on",
        brand_id,
        board,
        today,
    )
    return [Week(*row) for row in rows]


async def lock_week(session: Session, brand_id: int, window_id: int, week: int) -> int | None:
    """Begin or lock a week; return up to which change members were seated.

    None if nobody can be seated: it has ended, or one before it has not.
    """
    await session.fetch(
        "INSERT INTO league_week (window_id, brand_id, week) SELECT $1, $2, $3"
        " WHERE NOT EXISTS (SELECT FROM league_week WHERE brand_id = $2 AND week >= $3)"
        " ON CONFLICT DO NOTHING",
        window_id,
        brand_id,
        week,
    )
    row = await session.one(
        "SELECT seated_seq FROM league_week WHERE window_id = $1 AND ended_at IS NULL FOR UPDATE",
        window_id,
    )
    waits = await session.value(
        "SELECT EXISTS (SELECT FROM league_week WHERE brand_id = $1 AND week < $2"
        " AND ended_at IS NULL)",
        brand_id,
        week,
    )
    return None if row is None or waits else int(row["seated_seq"])


async def scored(session: Session, window_id: int, after: int, limit: int) -> list[Scored]:
    """Return up to ``limit`` scores of a window that changed after a change, in order."""
    return [Scored(*row) for row in await session.fetch(_UNSEATED, window_id, after, limit)]


async def players(
    session: Session, member_ids: Collection[UUID]
) -> dict[UUID, tuple[Player, bool]]:
    """Return in which league those of these members are who ever played or left, and if away."""
    rows = await session.fetch(
        "SELECT member_id, league, week, away FROM league_member WHERE member_id = ANY ($1)",
        list(member_ids),
    )
    return {row[0]: (Player(row[1], row[2]), row[3]) for row in rows}


async def filling(session: Session, window_id: int) -> dict[str, Filling]:
    """Return the last cohort of each league in a week."""
    rows = await session.fetch(_FILLING, window_id)
    return {row[0]: Filling(row[1], row[2]) for row in rows}


async def seat(
    session: Session, now: datetime, brand_id: int, window_id: int, new: Sequence[Seat], upto: int
) -> None:
    """Write seats, and up to which change of a score everybody has one."""
    await session.fetch(
        "INSERT INTO league_seat (window_id, member_id, brand_id, league, cohort, seated_at)"
        " SELECT $1, m, $2, l, c, $3 FROM unnest($4::uuid[], $5::text[], $6::int[])"
        " AS n(m, l, c)",
        window_id,
        brand_id,
        now,
        [each.member_id for each in new],
        [each.league for each in new],
        [each.cohort for each in new],
    )
    await session.fetch(
        "UPDATE league_week SET seated_seq = $2 WHERE window_id = $1", window_id, upto
    )


async def brands_ending(session: Session) -> list[int]:
    """Return the brands that have a frozen week of which nothing came yet."""
    rows = await session.fetch(
        "SELECT DISTINCT l.brand_id FROM league_week l JOIN board_window w ON w.id = l.window_id"
        " WHERE l.ended_at IS NULL AND w.state = 'frozen' ORDER BY 1"
    )
    return [row["brand_id"] for row in rows]


async def lock_ending(session: Session, brand_id: int) -> Week | None:
    """Lock and return a brand's first frozen week of which nothing came yet."""
    row = await session.one(
        "SELECT w.id, w.starts_on, w.ends_on, w.opened_at FROM league_week l"
        " JOIN board_window w ON w.id = l.window_id WHERE l.brand_id = $1"
        " AND l.ended_at IS NULL AND w.state = 'frozen' ORDER BY l.week LIMIT 1"
        " FOR UPDATE OF l SKIP LOCKED",
        brand_id,
    )
    return Week(*row) if row else None


async def standings(
    session: Session, window_id: int, limit: int
) -> dict[tuple[str, int], list[tuple[UUID, int]]]:
    """Return members and scores of up to ``limit`` cohorts of which nothing came yet.

    In a frozen week, in the order of the board.
    """
    found: dict[tuple[str, int], list[tuple[UUID, int]]] = {}
    for league, cohort, member_id, score in await session.fetch(_STANDINGS, window_id, limit):
        found.setdefault((league, cohort), []).append((member_id, score))
    return found


async def end(
    session: Session, brand_id: int, week: int, window_id: int, all_: Sequence[Ended]
) -> None:
    """Write what came of cohorts of a week."""
    member_ids = [each.member_id for each in all_]
    await session.fetch(
        "UPDATE league_seat t SET place = n.place, outcome = n.outcome"
        " FROM unnest($2::uuid[], $3::int[], $4::text[]) AS n(member_id, place, outcome)"
        " WHERE t.window_id = $1 AND t.member_id = n.member_id",
        window_id,
        member_ids,
        [each.place for each in all_],
        [each.outcome for each in all_],
    )
    await session.fetch(
        "INSERT INTO league_member AS p (member_id, brand_id, league, week)"
        " SELECT m, $1, l, $2 FROM unnest($3::uuid[], $4::text[]) AS n(m, l) ORDER BY m"
        " ON CONFLICT (member_id) DO UPDATE SET league = excluded.league, week = excluded.week",
        brand_id,
        week,
        member_ids,
        [each.league for each in all_],
    )


async def end_week(session: Session, now: datetime, window_id: int) -> None:
    """Write that a week has ended."""
    await session.fetch("UPDATE league_week SET ended_at = $2 WHERE window_id = $1", window_id, now)


async def play(
    session: Session, brand_id: int, week: int, away: Collection[tuple[UUID, bool]]
) -> None:
    """Write who plays and who does not; who comes back has not been idle before ``week``."""
    await session.fetch(
        "INSERT INTO league_member AS p (member_id, brand_id, away) SELECT m, $1, a"
        " FROM unnest($3::uuid[], $4::bool[]) AS n(m, a) ORDER BY m"
        " ON CONFLICT (member_id) DO UPDATE SET away = excluded.away, week ="
        " CASE WHEN p.away AND NOT excluded.away THEN greatest(p.week, $2 - 1) ELSE p.week END",
        brand_id,
        week,
        [member_id for member_id, _ in away],
        [each for _, each in away],
    )


async def join(session: Session, brand_id: int, pairs: Collection[tuple[UUID, UUID]]) -> None:
    """Let who is left of two, the second of each pair, play where the other one did.

    Unless that one has played already.
    """
    await session.fetch(
        "INSERT INTO league_member AS p (member_id, brand_id, league, week, away)"
        " SELECT DISTINCT ON (n.kept) n.kept, $1, l.league, l.week, l.away"
        " FROM unnest($2::uuid[], $3::uuid[]) AS n(m, kept)"
        " JOIN league_member l ON l.member_id = n.m"
        " ORDER BY n.kept, l.week DESC NULLS LAST, l.member_id"
        " ON CONFLICT (member_id) DO UPDATE SET league = excluded.league, week = excluded.week"
        " WHERE p.league IS NULL",
        brand_id,
        [each for each, _ in pairs],
        [each for _, each in pairs],
    )


async def brands_seating(session: Session) -> list[int]:
    """Return the brands that have a weekly window of the whole brand which is not frozen."""
    rows = await session.fetch(
        "SELECT b.id FROM brand b WHERE EXISTS (SELECT FROM board_window w"
        " WHERE w.brand_id = b.id AND w.state <> 'frozen' AND w.ends_on IS NOT NULL"
        " AND w.period = 'week' AND w.scope = '') ORDER BY b.id"
    )
    return [row["id"] for row in rows]
