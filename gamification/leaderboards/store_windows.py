"""How windows are found, opened, filled and dropped."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from uuid import UUID

from gamification.leaderboards.queries_scores import COLUMNS, Window, read_window
from gamification.leaderboards.rules_windows import SeasonDays, Span
from kit.db import Session

Key = tuple[str, str, Span]
"""A board, a scope and the days of a window."""

# The two halves meet one index each. What is closing or frozen is told too: it is there.
_FIND = f"""
SELECT {COLUMNS} FROM board_window WHERE id IN (
    SELECT w.id FROM unnest($2::text[], $3::text[], $4::text[], $5::date[], $6::date[])
        AS k(board, scope, period, starts_on, ends_on)
    JOIN board_window w ON w.brand_id = $1 AND w.board = k.board AND w.scope = k.scope
        AND w.period = k.period AND w.starts_on = k.starts_on
        AND w.ends_on IS NOT DISTINCT FROM k.ends_on AND w.period <> 'season'
    UNION
    SELECT w.id FROM unnest($7::text[], $8::text[], $9::text[]) AS k(board, scope, season)
    JOIN board_window w ON w.brand_id = $1 AND w.board = k.board AND w.scope = k.scope
        AND w.season = k.season AND w.period = 'season'
) ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608 - a constant of ours
_OPEN = f"""
INSERT INTO board_window (brand_id, board, scope, period, starts_on, ends_on, season, state,
                          opened_at)
SELECT $1, b, c, p, s, e, n, t, $2
FROM unnest($3::text[], $4::text[], $5::text[], $6::date[], $7::date[], $8::text[], $9::text[])
    AS k(b, c, p, s, e, n, t)
RETURNING {COLUMNS}
"""  # noqa: S608
_OPEN_STATES = "state IN ('filling', 'open')"


async def find(session: Session, brand_id: int, keys: Collection[Key]) -> list[Window]:
    """Return and lock those of the windows that are there; of a season whatever its days are."""
    fixed = [(board, scope, span) for board, scope, span in keys if span.period != "season"]
    seasons = [(board, scope, span) for board, scope, span in keys if span.period == "season"]
    rows = await session.fetch(
        _FIND,
        brand_id,
        [board for board, _, _ in fixed],
        [scope for _, scope, _ in fixed],
        [span.period for _, _, span in fixed],
        [span.starts_on for _, _, span in fixed],
        [span.ends_on for _, _, span in fixed],
        [board for board, _, _ in seasons],
        [scope for _, scope, _ in seasons],
        [span.season for _, _, span in seasons],
    )
    return [read_window(row) for row in rows]


async def open_(
    session: Session, now: datetime, brand_id: int, keys: Iterable[tuple[Key, str]]
) -> list[Window]:
    """Open windows that are not there, each in a state; return them. The caller has the lock."""
    wanted = list(keys)
    rows = await session.fetch(
        _OPEN,
        brand_id,
        now,
        [board for (board, _, _), _ in wanted],
        [scope for (_, scope, _), _ in wanted],
        [span.period for (_, _, span), _ in wanted],
        [span.starts_on for (_, _, span), _ in wanted],
        [span.ends_on for (_, _, span), _ in wanted],
        [span.season for (_, _, span), _ in wanted],
        [state for _, state in wanted],
    )
    return [read_window(row) for row in rows]


async def of_entities(
    session: Session, brand_id: int, boards: Collection[str], entities: Collection[UUID]
) -> list[tuple[Window, UUID]]:
    """Return the windows of boards, not closing or frozen, that entities have rows in; locked."""
    rows = await session.fetch(
        f"SELECT {_prefixed('w')}, s.entity FROM board_window w"  # noqa: S608
        " JOIN board_score s ON s.window_id = w.id AND s.entity = ANY ($3)"
        f" WHERE w.brand_id = $1 AND w.board = ANY ($2) AND w.{_OPEN_STATES}"
        " ORDER BY w.id FOR NO KEY UPDATE OF w",
        brand_id,
        list(boards),
        list(entities),
    )
    return [(Window(*window), entity) for *window, entity in rows]


async def found_in(
    session: Session, windows: Collection[Window], limit: int
) -> dict[int, list[UUID]]:
    """Return the entities with days in windows, by window: ``limit`` of each at most."""
    rows = await session.fetch(
        "SELECT DISTINCT w.id, d.entity FROM board_window w CROSS JOIN LATERAL ("
        " SELECT d.entity FROM board_day d WHERE d.brand_id = w.brand_id AND d.board = w.board"
        " AND d.scope = CASE WHEN starts_with(w.scope, 'store:') THEN w.scope ELSE '' END"
        " AND d.day >= w.starts_on AND d.day < coalesce(w.ends_on, 'infinity')"
        # Which names the index of days.
        " AND d.scope <> '#' LIMIT $2"
        ") AS d WHERE w.id = ANY ($1)",
        [each.id for each in windows],
        limit,
    )
    found: dict[int, list[UUID]] = {each.id: [] for each in windows}
    for row in rows:
        found[row["id"]].append(row["entity"])
    return found


async def fill_again(
    session: Session, brand_id: int, boards: Collection[str], seasons: Collection[SeasonDays]
) -> None:
    """Let the open windows of boards be filled, and seasons have these days."""
    await session.fetch(
        "UPDATE board_window SET state = 'filling', filled_to = NULL"
        " WHERE brand_id = $1 AND board = ANY ($2) AND state = 'open'",
        brand_id,
        list(boards),
    )
    await session.fetch(
        "UPDATE board_window w SET starts_on = n.s, ends_on = n.e"  # noqa: S608
        " FROM unnest($3::text[], $4::date[], $5::date[]) AS n(code, s, e)"
        " WHERE w.brand_id = $1 AND w.board = ANY ($2) AND w.season = n.code"
        f" AND {_OPEN_STATES} AND (w.starts_on, w.ends_on) IS DISTINCT FROM (n.s, n.e)",
        brand_id,
        list(boards),
        [each.code for each in seasons],
        [each.starts_on for each in seasons],
        [each.ends_on for each in seasons],
    )


async def fill_later(session: Session, ids: Collection[int]) -> None:
    """Let windows be filled part by part."""
    if ids:
        await session.fetch(
            "UPDATE board_window SET state = 'filling' WHERE id = ANY ($1)", list(ids)
        )


async def brands_filling(session: Session) -> list[int]:
    """Return the brands that have windows to be filled."""
    rows = await session.fetch(
        "SELECT DISTINCT brand_id FROM board_window WHERE state = 'filling' ORDER BY brand_id"
    )
    return [row["brand_id"] for row in rows]


async def to_fill(session: Session, brand_id: int) -> tuple[Window, UUID | None] | None:
    """Return the window to be filled first and how far it is, locked; None: no one.

    Not one of a board that is being filled as a whole, before that is done.
    """
    row = await session.one(
        f"SELECT {COLUMNS}, filled_to FROM board_window WHERE brand_id = $1"  # noqa: S608
        " AND state = 'filling' AND NOT EXISTS ("
        "  SELECT FROM board_fill f WHERE f.brand_id = $1 AND board_window.board = ANY (f.boards))"
        " ORDER BY ends_on, id LIMIT 1"
        " FOR NO KEY UPDATE",
        brand_id,
    )
    if row is None:
        return None
    *window, filled_to = row
    return Window(*window), filled_to


async def fillers(
    session: Session, window: Window, base: str, after: UUID | None, limit: int
) -> list[UUID]:
    """Return the next entities that may have done anything in a window.

    Of a rolling one those that have a row in the window of the day before, if it is complete:
    whoever did something only since then is in the new one already. Else those with days in it.
    """
    before = await session.value(
        "SELECT id FROM board_window WHERE brand_id = $1 AND board = $2 AND scope = $3"
        " AND period = 'rolling' AND starts_on = $4::date - 1 AND ends_on = $5::date - 1"
        " AND state = 'open' AND $6 = 'rolling'",
        window.brand_id,
        window.board,
        window.scope,
        window.starts_on,
        window.ends_on,
        window.period,
    )
    last = after or UUID(int=0)
    if before is not None:
        rows = await session.fetch(
            "SELECT entity FROM board_score WHERE window_id = $1 AND entity > $2"
            " ORDER BY entity LIMIT $3",
            before,
            last,
            limit,
        )
    else:
        rows = await session.fetch(
            "SELECT DISTINCT entity FROM board_day WHERE brand_id = $1 AND board = $2"
            " AND entity > $3 AND day >= $4 AND day < coalesce($5::date, 'infinity') AND scope = $6"
            " ORDER BY entity LIMIT $7",
            window.brand_id,
            window.board,
            last,
            window.starts_on,
            window.ends_on,
            base,
            limit,
        )
    return [row["entity"] for row in rows]


async def filled_to(session: Session, window_id: int, entity: UUID | None) -> None:
    """Remember how far a window is filled; None: it is complete."""
    await session.fetch(
        "UPDATE board_window SET filled_to = $2,"
        " state = CASE WHEN $2::uuid IS NULL THEN 'open' ELSE 'filling' END WHERE id = $1",
        window_id,
        entity,
    )


async def brands_rolling(session: Session) -> list[int]:
    """Return the brands that have rolling windows, be they over or not."""
    rows = await session.fetch(
        "SELECT id FROM brand b WHERE EXISTS (SELECT FROM board_window w"
        " WHERE w.brand_id = b.id AND w.period = 'rolling') ORDER BY id"
    )
    return [row["id"] for row in rows]


async def rolling_scopes(
    session: Session, brand_id: int, boards: Collection[str], since: date
) -> list[tuple[str, str]]:
    """Return the boards and scopes with rolling windows, ended after ``since``, that list any."""
    rows = await session.fetch(
        "SELECT DISTINCT board, scope FROM board_window w WHERE brand_id = $1"
        " AND board = ANY ($2) AND period = 'rolling' AND ends_on > $3"
        " AND EXISTS (SELECT FROM board_score s WHERE s.window_id = w.id AND s.listed)",
        brand_id,
        list(boards),
        since,
    )
    return [(row["board"], row["scope"]) for row in rows]


async def drop_rolling(session: Session, brand_id: int, before: date, limit: int) -> int:
    """Drop up to ``limit`` rows of rolling windows that ended before a day; return how many."""
    window_id = await session.value(
        "SELECT id FROM board_window WHERE brand_id = $1 AND period = 'rolling' AND ends_on < $2"
        " ORDER BY ends_on, id LIMIT 1 FOR UPDATE",
        brand_id,
        before,
    )
    if window_id is None:
        return 0
    rows = await session.fetch(
        "DELETE FROM board_score WHERE window_id = $1 AND entity IN ("
        " SELECT entity FROM board_score WHERE window_id = $1 ORDER BY entity LIMIT $2)"
        " RETURNING entity",
        window_id,
        limit,
    )
    if len(rows) < limit:
        await session.fetch("DELETE FROM board_window WHERE id = $1", window_id)
    return len(rows) + 1


def _prefixed(table: str) -> str:
    return ", ".join(f"{table}.{name.strip()}" for name in COLUMNS.split(","))
