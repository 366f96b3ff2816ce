"""Results of frozen windows, and the prizes that came of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from gamification.prizes import queries as prizes
from gamification.prizes.queries import Paid
from kit.db import Session

# Who was merged is hidden as the member who is left is.
RESULT = """
SELECT r.window_id, r.place, r.entity, r.score, r.reached_at, r.rank, n.name,
       EXISTS (SELECT FROM board_disqualification d
               WHERE d.window_id = r.window_id AND d.entity = r.entity),
       EXISTS (SELECT FROM board_absence a
               WHERE a.member_id IN (r.entity, (SELECT merged_into FROM member
                                                WHERE id = r.entity))
                 AND a.ended_at IS NULL
                 AND a.board IN ('', f.board) AND a.window_id IN (0, f.id))
FROM board_result r
JOIN board_window f ON f.id = r.window_id AND f.state = 'frozen'
LEFT JOIN board_result_name n ON n.window_id = r.window_id AND n.entity = r.entity
"""


@dataclass(frozen=True, slots=True)
class Result:
    """A place of a frozen window; ``rank`` is that of the board's kind of ranking.

    ``name`` is the alias that stood there then, None for a made-up name (see
    `queries_people.faces`) and for who is forgotten since. ``hidden``: who has hidden since, or is
    banned, keeps the place; show it without any name.
    """

    window_id: int
    place: int
    entity: UUID
    score: int
    reached_at: datetime
    rank: int
    name: str | None
    disqualified: bool
    hidden: bool


async def results(
    session: Session, brand_id: int, window_id: int, *, first: int, after: int = 0
) -> list[Result]:
    """Return up to ``first`` places of a brand's frozen window behind the place ``after``."""
    rows = await session.fetch(
        RESULT + " WHERE r.brand_id = $1 AND r.window_id = $2 AND r.place > $3"
        " ORDER BY r.place LIMIT $4",
        brand_id,
        window_id,
        after,
        first,
    )
    return [_result(row) for row in rows]


async def winners(
    session: Session, brand_id: int, window_ids: Collection[int], *, first: int = 3
) -> dict[int, list[Result]]:
    """Return the first places of each of these windows: nothing of those that are not frozen."""
    rows = await session.fetch(
        RESULT + " WHERE r.brand_id = $1 AND r.window_id = ANY ($2) AND r.place <= $3"
        " ORDER BY r.window_id, r.place",
        brand_id,
        list(window_ids),
        first,
    )
    found: dict[int, list[Result]] = {window_id: [] for window_id in window_ids}
    for row in rows:
        found[row["window_id"]].append(_result(row))
    return found


async def results_of(
    session: Session, brand_id: int, entities: Collection[UUID], *, first: int
) -> dict[UUID, list[Result]]:
    """Return up to ``first`` results of each of these members or teams, the latest opened first."""
    rows = await session.fetch(
        f"SELECT l.* FROM unnest($2::uuid[]) AS e(id) CROSS JOIN LATERAL ({RESULT}"  # noqa: S608
        " WHERE r.brand_id = $1 AND r.entity = e.id ORDER BY r.window_id DESC LIMIT $3) AS l",
        brand_id,
        list(entities),
        first,
    )
    found: dict[UUID, list[Result]] = {entity: [] for entity in entities}
    for row in rows:
        found[row["entity"]].append(_result(row))
    return found


async def prizes_of(
    session: Session, brand_id: int, window_ids: Collection[int]
) -> dict[tuple[int, UUID], list[Paid]]:
    """Return the prizes that came of windows, by window and entity, as they stand. Two statements.

    What a team won is there once for each of its people.
    """
    rows = await session.fetch(
        "SELECT id, window_id, entity FROM board_prize"
        " WHERE brand_id = $1 AND window_id = ANY ($2) ORDER BY window_id, entry, member_id",
        brand_id,
        list(window_ids),
    )
    known = await prizes.by_ids(session, brand_id, [row["id"] for row in rows])
    found: dict[tuple[int, UUID], list[Paid]] = {}
    for row in rows:
        found.setdefault((row["window_id"], row["entity"]), []).append(known[row["id"]])
    return found


def _result(row: asyncpg.Record) -> Result:
    return Result(*row)
