"""Reads of windows and of the scores in them. The order of a board is the same everywhere.

That is score, the highest first; then who reached it first; then the highest entity.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.leaderboards.rules_boards import boards_of
from gamification.leaderboards.rules_scores import WHOLE_BRAND
from gamification.leaderboards.rules_windows import Span, WindowPeriod, current
from kit.calendar import EARLIEST
from kit.db import Session
from kit.facts import position

SUBSCRIBER = "boards"

State = Literal["filling", "open", "closing", "frozen"]

COLUMNS = (
    "id, brand_id, board, period, scope, starts_on, ends_on, season, state, head, opened_at,"
    " frozen_at"
)
_ASKED = """
    AND ($2::text[] IS NULL OR board = ANY ($2)) AND ($3::text[] IS NULL OR period = ANY ($3))
    AND ($4::text[] IS NULL OR scope = ANY ($4)) AND ($5::text[] IS NULL OR state = ANY ($5))
    AND ($6::date IS NULL OR starts_on <= $6 AND (ends_on IS NULL OR ends_on > $6))
    AND ($7::date IS NULL OR ends_on <= $7)
"""
_FIRST_ID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of days over which a board counts; see the table of windows.

    ``ends_on`` is the first day after it, None for no end. ``head`` is the highest ``seq`` of its
    rows. ``filling``: its scores are not complete yet.
    """

    id: int
    brand_id: int
    board: str
    period: WindowPeriod
    scope: str
    starts_on: date
    ends_on: date | None
    season: str | None
    state: State
    head: int
    opened_at: datetime
    frozen_at: datetime | None

    @property
    def span(self) -> Span:
        """The days of the window."""
        return Span(self.period, self.starts_on, self.ends_on, self.season)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which windows: what is None does not matter.

    ``day``: those that hold it; ``ended_by``: those whose last day was before that one.
    """

    boards: Collection[str] | None = None
    periods: Collection[str] | None = None
    scopes: Collection[str] | None = None
    states: Collection[str] | None = None
    day: date | None = None
    ended_by: date | None = None


class Row(NamedTuple):
    """The score of an entity, a member or a team, in a window."""

    entity: UUID
    score: int
    reached_at: datetime
    listed: bool
    seq: int


class Ranked(NamedTuple):
    """Where an entity is: ``place`` counts everybody; who ties shares the other two ranks."""

    entity: UUID
    score: int
    reached_at: datetime
    place: int
    competition: int
    dense: int


def read_window(row: asyncpg.Record) -> Window:
    """Return a row of `COLUMNS` as a window."""
    return Window(*row)


async def windows(
    session: Session,
    brand_id: int,
    asked: Asked | None = None,
    *,
    first: int = 1_000,
    before: int | None = None,
) -> list[Window]:
    """Return a brand's windows, the latest opened first.

    ``before`` is the id of the last one of the page before.
    """
    wish = asked or Asked()
    lists = (wish.boards, wish.periods, wish.scopes, wish.states)
    rows = await session.fetch(
        f"SELECT {COLUMNS} FROM board_window WHERE brand_id = $1 {_ASKED}"  # noqa: S608
        " AND ($8::bigint IS NULL OR id < $8) ORDER BY id DESC LIMIT $9",
        brand_id,
        *(None if each is None else list(each) for each in lists),
        wish.day,
        wish.ended_by,
        before,
        first,
    )
    return [read_window(row) for row in rows]


async def windows_by_id(session: Session, ids: Collection[int]) -> dict[int, Window]:
    """Return the windows with these ids, of any brand."""
    rows = await session.fetch(
        f"SELECT {COLUMNS} FROM board_window WHERE id = ANY ($1)",  # noqa: S608
        list(ids),
    )
    return {row["id"]: read_window(row) for row in rows}


async def window_by_id(session: Session, window_id: int) -> Window | None:
    """Return the window with this id, None if there is none."""
    return (await windows_by_id(session, [window_id])).get(window_id)


async def current_windows(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    boards: Collection[str] | None = None,
    scopes: Collection[str] = (WHOLE_BRAND,),
) -> list[Window]:
    """Return what boards show at ``now``: of each the windows in the order of its periods.

    Boards that the version in force does not have are passed over, and windows in which nobody
    has done anything yet, which are not there.
    """
    today, made = brand.day(now), boards_of(timeline, brand)
    shapes = made.shapes_at(now)
    wanted = {
        (code, scope, span): place
        for place, (code, scope, span) in enumerate(
            (each.code, scope, span)
            for each in made.scorings_at(now)
            if boards is None or each.code in boards
            for scope in scopes
            for span in current(shapes[each.code].spans, today)
        )
    }
    codes = list({code for code, _, _ in wanted})
    rows = await session.fetch(
        f"SELECT {COLUMNS} FROM board_window WHERE brand_id = $1 AND board = ANY ($2)"  # noqa: S608
        " AND scope = ANY ($3) AND starts_on <= $4 AND (ends_on IS NULL OR ends_on > $4)",
        brand.id,
        codes,
        list(scopes),
        today,
    )
    found = {(each.board, each.scope, each.span): each for each in map(read_window, rows)}
    return [found[key] for key in sorted(wanted, key=wanted.__getitem__) if key in found]


async def heads(session: Session, after_head: int, limit: int = 10_000) -> list[tuple[int, int]]:
    """Return the windows that have changed since ``after_head``: ids and heads, by head."""
    rows = await session.fetch(
        "SELECT id, head FROM board_window WHERE head > $1 ORDER BY head LIMIT $2",
        after_head,
        limit,
    )
    return [(row["id"], row["head"]) for row in rows]


async def changed(session: Session, window_id: int, after_seq: int, limit: int) -> list[Row]:
    """Return the rows of a window that have changed since ``after_seq``, in order of ``seq``.

    Those not listed any more included. The order is that of commits, so nothing comes in later
    below a ``seq`` that was read.
    """
    rows = await session.fetch(
        "SELECT entity, score, reached_at, listed, seq FROM board_score"
        " WHERE window_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        window_id,
        after_seq,
        limit,
    )
    return [Row(*row) for row in rows]


async def listed(session: Session, window_id: int, after: UUID | None, limit: int) -> list[Row]:
    """Return the listed rows of a window by entity, those behind ``after``."""
    rows = await session.fetch(
        "SELECT entity, score, reached_at, listed, seq FROM board_score"
        " WHERE window_id = $1 AND entity > $2 AND listed ORDER BY entity LIMIT $3",
        window_id,
        after or _FIRST_ID,
        limit,
    )
    return [Row(*row) for row in rows]


async def rows_of(
    session: Session, window_ids: Collection[int], entities: Collection[UUID]
) -> dict[tuple[int, UUID], Row]:
    """Return the rows that these entities have in these windows, listed or not."""
    rows = await session.fetch(
        "SELECT window_id, entity, score, reached_at, listed, seq FROM board_score"
        " WHERE window_id = ANY ($1) AND entity = ANY ($2)",
        list(window_ids),
        list(entities),
    )
    return {(row["window_id"], row["entity"]): Row(*tuple(row)[1:]) for row in rows}


async def size(session: Session, window_id: int) -> int:
    """Return how many a window lists."""
    found: int = await session.value(
        "SELECT count(*) FROM board_score WHERE window_id = $1 AND listed", window_id
    )
    return found


async def top(
    session: Session, window_id: int, first: int, after: Row | Ranked | None = None
) -> list[Row]:
    """Return the next ``first`` rows of a window in the order of the board, those behind ``after``.

    Sorts the whole window: for freezing and for comparing, not for readers.
    """
    rows = await session.fetch(
        "SELECT entity, score, reached_at, listed, seq FROM board_score"
        " WHERE window_id = $1 AND listed AND (NOT $3 OR score < $4 OR score = $4"
        " AND (reached_at > $5 OR reached_at = $5 AND entity < $6))"
        " ORDER BY score DESC, reached_at, entity DESC LIMIT $2",
        window_id,
        first,
        after is not None,
        after.score if after else 0,
        after.reached_at if after else EARLIEST,
        after.entity if after else _FIRST_ID,
    )
    return [Row(*row) for row in rows]


async def rank_of(session: Session, window_id: int, entities: Sequence[UUID]) -> dict[UUID, Ranked]:
    """Return where those of ``entities`` are who are listed. Counts the whole window once."""
    rows = await session.fetch(
        "SELECT * FROM (SELECT entity, score, reached_at,"
        " row_number() OVER (ORDER BY score DESC, reached_at, entity DESC) AS place,"
        " rank() OVER (ORDER BY score DESC) AS competition,"
        " dense_rank() OVER (ORDER BY score DESC) AS dense"
        " FROM board_score WHERE window_id = $1 AND listed) AS r WHERE entity = ANY ($2)",
        window_id,
        list(entities),
    )
    return {row["entity"]: Ranked(*row) for row in rows}


async def team_names(session: Session, entities: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of those of ``entities`` that are teams."""
    rows = await session.fetch(
        "SELECT entity, name FROM board_team WHERE entity = ANY ($1)", list(entities)
    )
    return {row["entity"]: row["name"] for row in rows}


async def settled(session: Session, brand_id: int) -> bool:
    """Whether all that was told of a brand by now is in its scores, and nothing is being filled.

    For freezing: what is still to come was not told yet. Facts of transactions that are not over
    are not seen.
    """
    return bool(
        await session.value(
            "SELECT NOT EXISTS (SELECT FROM board_fill"  # noqa: S608 - a constant of ours
            " WHERE brand_id = $1 AND NOT done)"
            " AND NOT EXISTS (SELECT FROM fact_cursor WHERE subscriber = $2 "
            " || ' missing ' || $1::int::text)"
            # In order, so that nothing that was counted is walked through.
            " AND (SELECT f.id FROM fact f WHERE f.tenant_id = $1"
            f" AND (f.xid, f.id) > {position('$2')} ORDER BY f.xid, f.id LIMIT 1) IS NULL",
            brand_id,
            SUBSCRIBER,
        )
    )
