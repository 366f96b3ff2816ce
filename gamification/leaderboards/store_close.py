"""How windows are closed, and how results and their prizes are loaded and written."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from gamification.leaderboards.queries_scores import SUBSCRIBER
from gamification.leaderboards.rules_close import Place, Ranking, Won
from kit.db import Session

_WINDOW = "SELECT id, board, period, scope, starts_on, ends_on, opened_at FROM board_window"

# What is not heard yet was reported in time, or may have been; who is banned or hides by now is
# off the board before it closes. In order, so that nothing that was heard is walked through.
_HEARD = """
SELECT (
    SELECT f.id FROM fact f WHERE f.tenant_id = $2
      AND (f.recorded_at < $3 OR f.kind IN ('MemberBanned', 'BoardChoiceChanged'))
      AND (f.xid, f.id) > (c.xid, c.fact_id)
    ORDER BY f.xid, f.id LIMIT 1
) IS NULL AND NOT EXISTS (
    SELECT FROM fact_cursor WHERE subscriber = $1 || ' missing ' || $2
) AND NOT EXISTS (SELECT FROM board_fill WHERE brand_id = $2 AND NOT done)
FROM fact_cursor c WHERE c.subscriber = $1
"""

# The one order of a board: score, who was first, entity. Goes on behind the last place written,
# whose rank is that of all who tie with it. A window without any place yet has a first score of
# NULL, which ties with nothing.
_RESULTS = """
WITH last AS (
    SELECT w.id, w.ranking, r.score, r.reached_at, r.entity, coalesce(r.place, 0) AS place,
           coalesce(r.rank, 0) AS rank
    FROM unnest($2::bigint[], $3::text[]) AS w(id, ranking)
    LEFT JOIN LATERAL (
        SELECT * FROM board_result WHERE window_id = w.id ORDER BY place DESC LIMIT 1
    ) AS r ON true
), new AS (
    INSERT INTO board_result (window_id, place, brand_id, entity, score, reached_at, rank)
    SELECT l.id, l.place + row_number() OVER board, $1, s.entity, s.score, s.reached_at,
           CASE WHEN l.ranking = 'ordinal' THEN l.place + row_number() OVER board
                WHEN s.score = l.score THEN l.rank
                WHEN l.ranking = 'competition' THEN l.place + rank() OVER scores
                ELSE l.rank + dense_rank() OVER scores
                     - (first_value(s.score) OVER scores IS NOT DISTINCT FROM l.score)::int END
    FROM last l
    CROSS JOIN LATERAL (
        SELECT entity, score, reached_at FROM board_score b
        WHERE b.window_id = l.id AND b.listed AND (l.place = 0 OR b.score < l.score
            OR b.score = l.score AND (b.reached_at > l.reached_at
                OR b.reached_at = l.reached_at AND b.entity < l.entity))
        ORDER BY score DESC, reached_at, entity DESC LIMIT $4
    ) AS s
    WINDOW board AS (PARTITION BY l.id ORDER BY s.score DESC, s.reached_at, s.entity DESC),
           scores AS (PARTITION BY l.id ORDER BY s.score DESC)
    RETURNING window_id, entity
), named AS (
    INSERT INTO board_result_name (entity, window_id, name)
    SELECT n.entity, n.window_id, a.alias FROM new n
    JOIN board_alias a ON a.member_id = n.entity AND a.brand_id = $1 AND a.removed_at IS NULL
)
SELECT window_id, count(*) FROM new GROUP BY window_id
"""

_TEAMS = """
SELECT DISTINCT w.id, d.team, d.entity FROM board_window w
JOIN unnest($2::bigint[], $3::uuid[]) AS n(window_id, team) ON n.window_id = w.id
JOIN board_day d ON d.brand_id = w.brand_id AND d.board = w.board AND d.team = n.team
    AND d.day >= w.starts_on AND d.day < w.ends_on AND d.score > 0
    AND d.scope = CASE WHEN starts_with(w.scope, 'store:') THEN w.scope ELSE '' END
WHERE w.brand_id = $1 AND NOT EXISTS (
    SELECT FROM board_absence a WHERE a.member_id = d.entity AND a.ended_at IS NULL
      AND a.kind <> 'hidden' AND a.board IN ('', w.board) AND a.window_id IN (0, w.id))
"""

_BANNED = """
SELECT DISTINCT r.window_id, r.entity FROM board_absence a
JOIN member m ON m.id = a.member_id
JOIN board_result r ON r.entity = coalesce(m.merged_into, m.id) AND r.window_id = ANY ($2)
JOIN board_window w ON w.id = r.window_id
WHERE a.brand_id = $1 AND a.ended_at IS NULL AND a.kind <> 'hidden'
  AND a.board IN ('', w.board) AND a.window_id IN (0, w.id)
ORDER BY 1, 2
"""
# A week of leagues waits for the one before: nobody is seated in it until then.
_WAITS = """
EXISTS (SELECT FROM league_week l JOIN league_week b ON b.brand_id = l.brand_id
        AND b.week < l.week AND b.ended_at IS NULL WHERE l.window_id = board_window.id)
"""


class Window(NamedTuple):
    """A window that ends."""

    id: int
    board: str
    period: str
    scope: str
    starts_on: date
    ends_on: date
    opened_at: datetime


class Disqualified(NamedTuple):
    """That an entity gets no prize of a window; ``id`` derives from a key."""

    id: UUID
    window_id: int
    entity: UUID
    actor: str
    reason: str
    request: bytes


class Awarded(NamedTuple):
    """A prize of a window, with the member who gets it."""

    id: UUID
    window_id: int
    won: Won
    member_id: UUID


async def brands_closing(session: Session, today: date) -> list[int]:
    """Return the brands that have windows which began to close or ended before ``today``."""
    rows = await session.fetch(
        "SELECT b.id FROM brand b WHERE EXISTS (SELECT FROM board_window w WHERE"
        " w.brand_id = b.id AND w.state IN ('open', 'closing') AND w.ends_on <= $1"
        " AND w.period <> 'rolling') ORDER BY b.id",
        today,
    )
    return [row["id"] for row in rows]


async def ended(session: Session, brand_id: int, today: date) -> list[Window]:
    """Return the open windows of a brand whose last day is over, the earliest first."""
    rows = await session.fetch(
        f"{_WINDOW} WHERE brand_id = $1 AND ends_on <= $2 AND state = 'open'"
        " AND period <> 'rolling' ORDER BY ends_on, id",
        brand_id,
        today,
    )
    return [Window(*row) for row in rows]


async def heard(session: Session, brand_id: int, before: datetime) -> bool:
    """Return whether scores say all that was reported before an instant.

    They stand still until the transaction ends: it locks the cursor by which they are written.
    """
    await session.fetch("SELECT FROM fact_cursor WHERE subscriber = $1 FOR UPDATE", SUBSCRIBER)
    return bool(await session.value(_HEARD, SUBSCRIBER, brand_id, before))


async def begin(session: Session, ids: Collection[int]) -> int:
    """Close open windows to scores; return how many were."""
    rows = await session.fetch(
        "UPDATE board_window SET state = 'closing' WHERE id = ANY ($1) AND state = 'open'"
        " RETURNING id",
        sorted(ids),
    )
    return len(rows)


async def lock_closing(session: Session, brand_id: int, limit: int) -> list[Window]:
    """Lock and return windows of a brand that nobody else is about to freeze, and that may be."""
    rows = await session.fetch(
        f"{_WINDOW} WHERE brand_id = $1 AND state = 'closing' AND NOT {_WAITS}"
        " ORDER BY id LIMIT $2"
        " FOR NO KEY UPDATE SKIP LOCKED",
        brand_id,
        limit,
    )
    return [Window(*row) for row in rows]


async def lock_frozen(session: Session, brand_id: int, ids: Collection[int]) -> dict[int, Window]:
    """Lock and return those of the windows ``ids`` that are this brand's and frozen."""
    rows = await session.fetch(
        f"{_WINDOW} WHERE brand_id = $1 AND id = ANY ($2) AND state = 'frozen'"
        " ORDER BY id FOR NO KEY UPDATE",
        brand_id,
        sorted(ids),
    )
    return {row["id"]: Window(*row) for row in rows}


async def write_results(
    session: Session, brand_id: int, rankings: Mapping[int, Ranking], limit: int
) -> set[int]:
    """Write up to ``limit`` further places of each closing window, with the aliases there are.

    Returns the windows of which all places are written now. One statement.
    """
    rows = await session.fetch(_RESULTS, brand_id, list(rankings), list(rankings.values()), limit)
    more = {row["window_id"] for row in rows if row["count"] == limit}
    return set(rankings) - more


async def freeze(session: Session, now: datetime, ids: Collection[int]) -> None:
    """Write that windows are frozen."""
    await session.fetch(
        "UPDATE board_window SET state = 'frozen', frozen_at = $2 WHERE id = ANY ($1)",
        list(ids),
        now,
    )


async def first_places(session: Session, needed: Mapping[int, int]) -> dict[int, list[Place]]:
    """Return the places of frozen windows up to the rank that each needs, in order."""
    rows = await session.fetch(
        "SELECT r.window_id, r.place, r.entity, r.score, r.rank FROM board_result r"
        " JOIN unnest($1::bigint[], $2::bigint[]) AS n(window_id, rank)"
        " ON r.window_id = n.window_id AND r.rank <= n.rank ORDER BY r.window_id, r.place",
        list(needed),
        list(needed.values()),
    )
    found: dict[int, list[Place]] = {window_id: [] for window_id in needed}
    for window_id, *place in rows:
        found[window_id].append(Place(*place))
    return found


async def placed(session: Session, wanted: Collection[tuple[int, UUID]]) -> set[tuple[int, UUID]]:
    """Return which of these have a place in these windows."""
    rows = await session.fetch(
        "SELECT r.window_id, r.entity FROM board_result r JOIN unnest($1::bigint[], $2::uuid[])"
        " AS n(window_id, entity) ON r.window_id = n.window_id AND r.entity = n.entity",
        [window_id for window_id, _ in wanted],
        [entity for _, entity in wanted],
    )
    return {(row[0], row[1]) for row in rows}


async def people_of(
    session: Session, brand_id: int, teams: Collection[tuple[int, UUID]]
) -> dict[tuple[int, UUID], list[UUID]]:
    """Return who did something for these teams in these windows and is not banned."""
    found: dict[tuple[int, UUID], list[UUID]] = {}
    if teams:
        rows = await session.fetch(
            _TEAMS, brand_id, [window for window, _ in teams], [team for _, team in teams]
        )
        for window_id, team, member_id in rows:
            found.setdefault((window_id, team), []).append(member_id)
    return found


async def banned(
    session: Session, brand_id: int, window_ids: Collection[int]
) -> list[tuple[int, UUID]]:
    """Return who has a place in these windows and is banned from them by now."""
    rows = await session.fetch(_BANNED, brand_id, list(window_ids))
    return [(row["window_id"], row["entity"]) for row in rows]


async def winners_with(
    session: Session, teams: Collection[tuple[int, UUID]]
) -> dict[tuple[int, UUID], list[UUID]]:
    """Return who ever won with these teams in these windows, the prizes undone included."""
    found: dict[tuple[int, UUID], list[UUID]] = {}
    if teams:
        rows = await session.fetch(
            "SELECT DISTINCT p.window_id, p.entity, p.member_id FROM board_prize p"
            " JOIN unnest($1::bigint[], $2::uuid[]) AS n(window_id, entity)"
            " USING (window_id, entity)",
            [window for window, _ in teams],
            [team for _, team in teams],
        )
        for window_id, team, member_id in rows:
            found.setdefault((window_id, team), []).append(member_id)
    return found


async def disqualified(
    session: Session, window_ids: Collection[int]
) -> dict[tuple[int, UUID], Disqualified]:
    """Return who is disqualified in these windows."""
    rows = await session.fetch(
        "SELECT id, window_id, entity, actor, reason, request FROM board_disqualification"
        " WHERE window_id = ANY ($1)",
        list(window_ids),
    )
    return {(row[1], row[2]): Disqualified(*row) for row in rows}


async def known(session: Session, brand_id: int, ids: Collection[UUID]) -> dict[UUID, Disqualified]:
    """Return those of the disqualifications ``ids`` that were made."""
    rows = await session.fetch(
        "SELECT id, window_id, entity, actor, reason, request FROM board_disqualification"
        " WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row["id"]: Disqualified(*row) for row in rows}


async def disqualify(
    session: Session, now: datetime, brand_id: int, new: Sequence[Disqualified]
) -> None:
    """Write disqualifications."""
    await session.fetch(
        "INSERT INTO board_disqualification (id, brand_id, window_id, entity, actor, reason,"
        " request, disqualified_at) SELECT i, $1, w, e, a, r, q, $2 FROM unnest($3::uuid[],"
        " $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::bytea[]) AS n(i, w, e, a, r, q)"
        " ORDER BY w, e",
        brand_id,
        now,
        *([each[place] for each in new] for place in range(len(Disqualified._fields))),
    )


async def standing(session: Session, window_ids: Collection[int]) -> set[UUID]:
    """Return the ids of the prizes of these windows that stand."""
    rows = await session.fetch(
        "SELECT id FROM board_prize WHERE window_id = ANY ($1) AND undone_at IS NULL",
        list(window_ids),
    )
    return {row["id"] for row in rows}


async def award(session: Session, brand_id: int, prizes: Sequence[Awarded]) -> None:
    """Note the prizes of windows; those that were undone stand again."""
    if not prizes:
        return
    await session.fetch(
        "INSERT INTO board_prize (id, brand_id, window_id, entity, entry, member_id)"
        " SELECT i, $1, w, e, n, m FROM unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::int[],"
        " $6::uuid[]) AS p(i, w, e, n, m) ORDER BY i"
        " ON CONFLICT (id) DO UPDATE SET undone_at = NULL",
        brand_id,
        [each.id for each in prizes],
        [each.window_id for each in prizes],
        [each.won.entity for each in prizes],
        [each.won.entry for each in prizes],
        [each.member_id for each in prizes],
    )


async def undo(session: Session, now: datetime, ids: Collection[UUID]) -> None:
    """Note that prizes of windows stand no more."""
    await session.fetch("UPDATE board_prize SET undone_at = $2 WHERE id = ANY ($1)", list(ids), now)
