"""How days and scores are loaded and written: whole sets at once, and only what changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from domain.members.queries import FAMILY
from gamification.leaderboards.queries_scores import SUBSCRIBER
from gamification.leaderboards.rules_scores import Attribute, Completed
from gamification.leaderboards.section_parts import Kept
from kit.calendar import EARLIEST
from kit.db import Session

LAST_DAY = date(9999, 12, 31)

# What is kept of days or of a team's members; see `rules_scores.kept`.
_SCORE: Mapping[Kept, str] = {
    "sum": "sum(d.score)::bigint",
    "best": "max(d.score)",
    "latest": "(array_agg(d.score ORDER BY d.reached_at DESC, d.entity DESC))[1]",
}
_REACHED: Mapping[Kept, str] = {
    "sum": "max(d.reached_at)",
    "best": "(array_agg(d.reached_at ORDER BY d.score DESC, d.reached_at))[1]",
    "latest": "max(d.reached_at)",
}

# NOT IN is hashed, where NOT EXISTS would be met row by row by a plan that expects few. As an
# array, and with OFFSET, what goes is found by its key, stretch by stretch: no plan that expects
# few rows of a board that grows can meet all of them with every stretch.
# `asked` are stretches of days of an entity that are known anew, `found` is all that there is.
_PUT_DAYS = """
), gone AS (
    DELETE FROM board_day d WHERE d.ctid = ANY (ARRAY(
        SELECT t.ctid FROM asked a CROSS JOIN LATERAL (
            SELECT o.ctid, o.board, o.entity, o.day, o.scope FROM board_day o
            WHERE o.brand_id = $1 AND o.board = a.board AND o.entity = a.entity
              AND o.day >= a.first_day AND o.day <= a.last_day
            OFFSET 0
        ) AS t
        WHERE (t.board, t.entity, t.day, t.scope) NOT IN (
            SELECT board, entity, day, scope FROM found)))
    RETURNING d.board, d.entity, d.day, d.scope, d.team AS before, NULL::uuid AS after
), put AS (
    INSERT INTO board_day AS d
        (brand_id, board, entity, day, scope, score, reached_at, events, team)
    SELECT $1, board, entity, day, scope, score, reached_at, events, team FROM found
    ORDER BY board, entity, day, scope
    ON CONFLICT (brand_id, board, entity, day, scope) DO UPDATE
        SET score = excluded.score, reached_at = excluded.reached_at, events = excluded.events,
            team = excluded.team
        WHERE (d.score, d.reached_at, d.events, d.team) IS DISTINCT FROM
            (excluded.score, excluded.reached_at, excluded.events, excluded.team)
    RETURNING d.board, d.entity, d.day, d.scope, old.team AS before, new.team AS after
)
SELECT * FROM gone UNION ALL SELECT * FROM put
"""
_MEMBERS = """
WITH found AS (
    SELECT * FROM unnest($2::text[], $3::uuid[], $4::date[], $5::text[], $6::bigint[],
                         $7::timestamptz[], $8::int[], $9::uuid[])
        AS f(board, entity, day, scope, score, reached_at, events, team)
), asked AS (
    SELECT b.board, a.* FROM unnest($10::text[]) AS b(board)
    CROSS JOIN unnest($11::uuid[], $12::date[], $13::date[]) AS a(entity, first_day, last_day)
"""
_TEAMS = """
WITH asked AS (
    SELECT board, entity, day AS first_day, day AS last_day
    FROM unnest($2::text[], $3::uuid[], $4::date[]) AS a(board, entity, day)
), found AS (
    SELECT a.board, a.entity, t.* FROM asked a CROSS JOIN LATERAL (
        SELECT d.day, d.scope, {score} AS score, {reached} AS reached_at,
               sum(d.events)::int AS events, NULL::uuid AS team
        FROM board_day d
        WHERE d.brand_id = $1 AND d.board = a.board AND d.team = a.entity
          AND d.day = a.first_day
        GROUP BY d.day, d.scope
    ) AS t
"""
_MOVE = """
UPDATE board_day d SET team = n.team
FROM unnest($2::text[], $3::uuid[], $4::uuid[]) AS n(board, entity, team)
WHERE d.brand_id = $1 AND d.board = n.board AND d.entity = n.entity
  AND d.team IS DISTINCT FROM n.team
RETURNING d.board, d.entity, d.day, d.scope, old.team AS before, new.team AS after
"""

# A window is the sum, the best or the latest of its days, counted anew. Whoever was never listed
# has no row.
_SCORES = """
WITH changed AS (
    INSERT INTO board_score AS s (window_id, entity, score, reached_at, listed, seq)
    SELECT p.window_id, p.entity, coalesce(t.score, 0), coalesce(t.reached_at, $4),
           p.listed AND t.score IS NOT NULL, nextval('board_change_seq')
    FROM unnest($1::bigint[], $2::uuid[], $3::boolean[]) AS p(window_id, entity, listed)
    JOIN board_window w ON w.id = p.window_id
    LEFT JOIN LATERAL (
        SELECT {score} AS score, {reached} AS reached_at FROM board_day d
        WHERE d.brand_id = w.brand_id AND d.board = w.board AND d.entity = p.entity
          AND d.day >= w.starts_on AND d.day < coalesce(w.ends_on, 'infinity')
          AND d.scope = CASE WHEN starts_with(w.scope, 'store:') THEN w.scope ELSE '' END
        HAVING count(*) > 0
    ) AS t ON true
    WHERE p.listed AND t.score IS NOT NULL OR EXISTS (
        SELECT FROM board_score o WHERE o.window_id = p.window_id AND o.entity = p.entity)
    ORDER BY p.window_id, p.entity
    ON CONFLICT (window_id, entity) DO UPDATE
        SET score = excluded.score, reached_at = excluded.reached_at, listed = excluded.listed,
            seq = excluded.seq
        WHERE (s.score, s.reached_at, s.listed) IS DISTINCT FROM
            (excluded.score, excluded.reached_at, excluded.listed)
    RETURNING window_id, seq
), heads AS (
    UPDATE board_window w SET head = c.head
    FROM (SELECT window_id, max(seq) AS head FROM changed GROUP BY window_id) AS c
    WHERE w.id = c.window_id
)
SELECT count(*) FROM changed
"""


class DayRow(NamedTuple):
    """A row of the table of days."""

    board: str
    entity: UUID
    day: date
    scope: str
    score: int
    reached_at: datetime
    events: int
    team: UUID | None


class Stretch(NamedTuple):
    """Days of an entity, the first and the last included, that are known anew."""

    entity: UUID
    first_day: date
    last_day: date


class Moved(NamedTuple):
    """A day of an entity that has changed; for which team it counted before, and does now."""

    board: str
    entity: UUID
    day: date
    scope: str
    before: UUID | None
    after: UUID | None


@dataclass(frozen=True, slots=True)
class Known:
    """Who a member is by now: another one (``kept``) if merged; whether erased."""

    kept: UUID
    erased: bool
    joined_at: datetime
    attributes: Mapping[str, Attribute]


async def lock(session: Session) -> None:
    """Wait for whoever writes scores, of any brand, and keep others out until the end.

    So the order of `seq` is that of commits. To be called before any window is locked.
    """
    await session.fetch(
        "INSERT INTO fact_cursor (subscriber) VALUES ($1) ON CONFLICT DO NOTHING", SUBSCRIBER
    )
    await session.fetch("SELECT FROM fact_cursor WHERE subscriber = $1 FOR UPDATE", SUBSCRIBER)


async def plan_anew(session: Session) -> None:
    """Let every statement of the transaction be planned for what it is given.

    A plan that is kept expects few rows, of tables that may have been empty when it was made.
    """
    await session.fetch("SET LOCAL plan_cache_mode = force_custom_plan")


async def people(session: Session, brand_id: int, ids: Collection[UUID]) -> dict[UUID, Known]:
    """Return who these members of the brand are by now, by the ids asked for."""
    rows = await session.fetch(
        "SELECT n.id, m.id AS kept, m.erased_at IS NOT NULL AS erased, m.joined_at, m.attributes"
        " FROM member n JOIN member m ON m.id = coalesce(n.merged_into, n.id)"
        " WHERE n.brand_id = $1 AND n.id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {id_: Known(*who) for id_, *who in rows}


async def purchases(
    session: Session, brand_id: int, ids: Collection[UUID]
) -> dict[UUID, tuple[UUID, datetime]]:
    """Return whose these purchases are, and when they happened."""
    rows = await session.fetch(
        "SELECT id, member_id, occurred_at FROM purchase WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row["id"]: (row["member_id"], row["occurred_at"]) for row in rows}


async def completed(
    session: Session, brand_id: int, member_ids: Collection[UUID], since: datetime
) -> dict[UUID, list[Completed]]:
    """Return the challenges that members completed from ``since`` on, in order.

    Those of who was merged are there for the member who is left.
    """
    rows = await session.fetch(
        "SELECT f.kept, c.reached_at, c.points"  # noqa: S608
        f" FROM {FAMILY.format(ids='$2')} AS f JOIN challenge_completion c ON c.member_id = f.id"
        " WHERE c.brand_id = $1 AND c.reached_at >= $3"
        " AND c.state = 'living' AND c.points > 0 ORDER BY c.reached_at, c.id",
        brand_id,
        list(member_ids),
        since,
    )
    found: dict[UUID, list[Completed]] = {}
    for member_id, *done in rows:
        found.setdefault(member_id, []).append(Completed(*done))
    return found


async def put_days(
    session: Session,
    brand_id: int,
    boards: Collection[str],
    stretches: Collection[Stretch],
    rows: Sequence[DayRow],
) -> list[Moved]:
    """Let ``rows`` be all that there is of ``boards`` in ``stretches``; return what has changed."""
    found = await session.fetch(
        _MEMBERS + _PUT_DAYS, brand_id, *_columns(rows, 8), list(boards), *_columns(stretches, 3)
    )
    return [Moved(*row) for row in found]


async def move(
    session: Session, brand_id: int, teams: Mapping[tuple[str, UUID], UUID | None]
) -> list[Moved]:
    """Let all days of members count for these teams, by board and member; return what changed."""
    rows = await session.fetch(
        _MOVE,
        brand_id,
        [board for board, _ in teams],
        [member_id for _, member_id in teams],
        list(teams.values()),
    )
    return [Moved(*row) for row in rows]


async def name_teams(session: Session, brand_id: int, names: Mapping[UUID, str]) -> None:
    """Remember what teams are called."""
    if names:
        await session.fetch(
            "INSERT INTO board_team (entity, brand_id, name)"
            " SELECT e, $1, n FROM unnest($2::uuid[], $3::text[]) AS t(e, n) ORDER BY e"
            " ON CONFLICT DO NOTHING",
            brand_id,
            list(names),
            list(names.values()),
        )


async def put_teams(
    session: Session, brand_id: int, keep: Kept, asked: Collection[tuple[str, UUID, date]]
) -> list[Moved]:
    """Count days of teams anew from those of their members, by board, team and day."""
    found = _TEAMS.format(score=_SCORE[keep], reached=_REACHED[keep])
    rows = await session.fetch(found + _PUT_DAYS, brand_id, *_columns(asked, 3))
    return [Moved(*row) for row in rows]


async def days_of(
    session: Session, brand_id: int, boards: Collection[str], entities: Collection[UUID]
) -> list[Moved]:
    """Return all days of these entities on boards, as if each had changed."""
    rows = await session.fetch(
        "SELECT board, entity, day, scope, team AS before, team AS after FROM board_day"
        " WHERE brand_id = $1 AND board = ANY ($2) AND entity = ANY ($3)",
        brand_id,
        list(boards),
        list(entities),
    )
    return [Moved(*row) for row in rows]


async def put_scores(session: Session, keep: Kept, pairs: Mapping[tuple[int, UUID], bool]) -> int:
    """Count scores anew from days: by window and entity, and whether it may be listed.

    The caller has the lock. Returns how many rows have changed.
    """
    if not pairs:
        return 0
    found: int = await session.value(
        _SCORES.format(score=_SCORE[keep], reached=_REACHED[keep]),
        [window_id for window_id, _ in pairs],
        [entity for _, entity in pairs],
        list(pairs.values()),
        EARLIEST,
    )
    return found


def _columns(rows: Iterable[tuple[object, ...] | asyncpg.Record], count: int) -> list[list[object]]:
    found = [list(column) for column in zip(*rows, strict=True)]
    return found or [[] for _ in range(count)]
