"""How what is written down of challenges is loaded and written, many at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from domain.members.queries import FAMILY
from gamification.challenges.rules import Bar, Completion, Key, Mark, Share, State
from gamification.challenges.rules_challenge import Part, Span, joined_spans
from kit.db import Session

_JUDGING = 7005
"""The first half of the lock that whoever judges challenges has alone; the brand is the second."""
NOBODY = UUID(int=0)
"""Comes before every member."""

# What is of who was merged into a member is that member's.
_FAMILY = FAMILY.format(ids="$2") + " AS f"
_COMPLETIONS = f"""
SELECT c.id, f.kept, challenge, window_key, level, round, version_id, reached_at, points, state,
    prize_ids
FROM {_FAMILY} JOIN challenge_completion c ON c.member_id = f.id
WHERE brand_id = $1 AND ($3::text IS NULL OR challenge = $3 AND window_key = $4)
ORDER BY c.id
"""  # noqa: S608 - made of constants
_INSERT = """
INSERT INTO challenge_completion (id, brand_id, member_id, challenge, window_key, level, round,
    version_id, reached_at, day, points, state, settled_at, prize_ids)
SELECT n.id, $1, n.member_id, n.challenge, n.window_key, n.level, n.round, n.version_id,
    n.reached_at, n.day, n.points, 'living', $2, ARRAY(
        SELECT p.prize_id FROM unnest($12::uuid[], $13::uuid[]) AS p (id, prize_id)
        WHERE p.id = n.id)
FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::int[], $9::bigint[],
    $10::timestamptz[], $11::date[], $14::bigint[])
    AS n (id, member_id, challenge, window_key, level, round, version_id, reached_at, day, points)
ON CONFLICT (id) DO UPDATE SET version_id = excluded.version_id, reached_at = excluded.reached_at,
    day = excluded.day, points = excluded.points, state = 'living', prize_ids = excluded.prize_ids
"""
_SHARES = f"""
SELECT member_id, challenge, version_id, window_key, team, day, done
FROM {_FAMILY} JOIN challenge_share s ON s.member_id = f.id
WHERE brand_id = $1 AND ($3::text IS NULL OR challenge = $3 AND window_key = $4)
"""  # noqa: S608 - made of constants
_ENTRIES = f"""
SELECT f.kept, challenge, joined_at, left_at
FROM {_FAMILY} JOIN challenge_entry e ON e.member_id = f.id
WHERE brand_id = $1 ORDER BY joined_at, e.id
"""  # noqa: S608 - made of constants
_WRITE_SHARES = """
INSERT INTO challenge_share (brand_id, member_id, challenge, version_id, window_key, team, day,
    done)
SELECT $1, n.* FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[],
    $7::date[], $8::bigint[]) AS n
ON CONFLICT (brand_id, challenge, window_key, member_id, version_id, day)
DO UPDATE SET team = excluded.team, done = excluded.done
"""
_FILL = """
INSERT INTO challenge_bar AS b (brand_id, challenge, version_id, window_key, team, day, done)
SELECT $1, n.* FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::date[],
    $7::bigint[]) AS n
ON CONFLICT (brand_id, challenge, window_key, team, version_id, day)
DO UPDATE SET done = b.done + excluded.done
"""
_BARS = """
SELECT challenge, window_key, team, version_id, day, done FROM challenge_bar
JOIN unnest($2::text[], $3::text[], $4::text[]) AS n (challenge, window_key, team)
    USING (challenge, window_key, team)
WHERE brand_id = $1 AND done > 0
"""
_MARKS = """
SELECT challenge, window_key, team, level, version_id, reached_on FROM challenge_mark
JOIN unnest($2::text[], $3::text[], $4::text[]) AS n (challenge, window_key, team)
    USING (challenge, window_key, team)
WHERE brand_id = $1
"""
_WRITE_MARKS = """
INSERT INTO challenge_mark (brand_id, spread_after, challenge, window_key, team, level, version_id,
    reached_on)
SELECT $1, $2, n.* FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
    $8::date[]) AS n
ON CONFLICT (brand_id, challenge, window_key, team, level) DO UPDATE SET
    version_id = excluded.version_id, reached_on = excluded.reached_on,
    spread_after = excluded.spread_after
"""
# Each side alone stops at the limit: a bar may have been filled by a million members.
_TOLD = """
SELECT told.member_id, m.merged_into IS NULL AND m.erased_at IS NULL AS living FROM (
    (SELECT DISTINCT member_id FROM challenge_share
     WHERE brand_id = $1 AND challenge = $2 AND window_key = $3 AND member_id > $4
     ORDER BY member_id LIMIT $5)
    UNION
    (SELECT DISTINCT member_id FROM challenge_completion
     WHERE brand_id = $1 AND challenge = $2 AND window_key = $3 AND member_id > $4
     ORDER BY member_id LIMIT $5)
    ORDER BY member_id LIMIT $5
) AS told JOIN member m ON m.id = told.member_id ORDER BY told.member_id
"""


async def lock(session: Session, brand_id: int) -> None:
    """Wait until nobody else judges challenges of a brand, and keep others waiting."""
    # A statement of its own: what the next one sees must be what it is after the wait.
    await session.fetch("SELECT pg_advisory_xact_lock($1, $2)", _JUDGING, brand_id)


async def entries(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, dict[str, list[Span]]]:
    """Return when these members had joined which challenges, by member and code, in order."""
    rows = await session.fetch(_ENTRIES, brand_id, list(member_ids))
    found: dict[UUID, dict[str, list[Span]]] = {each: {} for each in member_ids}
    for member_id, challenge, joined_at, left_at in rows:
        found[member_id].setdefault(challenge, []).append((joined_at, left_at))
    return {
        member_id: {code: joined_spans(spans) for code, spans in mine.items()}
        for member_id, mine in found.items()
    }


async def completions(
    session: Session,
    brand_id: int,
    member_ids: Collection[UUID],
    bar: Bar | None = None,
) -> list[Completion]:
    """Return what these members have completed, undone or not; of a bar's window only if given."""
    rows = await session.fetch(_COMPLETIONS, brand_id, list(member_ids), *_window(bar))
    return [
        Completion(row[0], Key(*row[1:6]), row[6], row[7], row[8], row[9], tuple(row[10]))
        for row in rows
    ]


class ToWrite(NamedTuple):
    """A completion that lives from now on, new or again."""

    id: UUID
    key: Key
    version_id: int
    reached_at: datetime
    day: date
    points: int
    prize_ids: tuple[UUID, ...]


async def write(session: Session, now: datetime, brand_id: int, rows: Sequence[ToWrite]) -> None:
    """Write completions that live, with what is known of them by now."""
    if not rows:
        return
    prizes = [(row.id, prize) for row in rows for prize in row.prize_ids]
    keys = [list(column) for column in zip(*(row.key for row in rows), strict=True)]
    await session.fetch(
        _INSERT,
        brand_id,
        now,
        [row.id for row in rows],
        *keys,
        [row.version_id for row in rows],
        [row.reached_at for row in rows],
        [row.day for row in rows],
        [id_ for id_, _ in prizes],
        [prize for _, prize in prizes],
        [row.points for row in rows],
    )


async def end(session: Session, states: Mapping[UUID, State]) -> None:
    """Write that these completions are not deserved any more."""
    if states:
        await session.fetch(
            "UPDATE challenge_completion SET state = n.state"
            " FROM unnest($1::uuid[], $2::text[]) AS n (id, state)"
            " WHERE challenge_completion.id = n.id",
            list(states),
            list(states.values()),
        )


async def shares(
    session: Session,
    brand_id: int,
    member_ids: Collection[UUID],
    bar: Bar | None = None,
) -> list[Share]:
    """Return what these members did of bars that are shared; of one's window only if given.

    Shares of who was merged still have that one's id, until the member who is left is judged.
    """
    rows = await session.fetch(_SHARES, brand_id, list(member_ids), *_window(bar))
    return [Share(row[0], row[1], Part(*row[2:6]), row[6]) for row in rows]


async def erased(session: Session, brand_id: int, member_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return those of these members who were erased, and who was merged into them, by their ids.

    Each with the member who was left.
    """
    rows = await session.fetch(
        f"SELECT f.id, f.kept FROM {_FAMILY} JOIN member m ON m.id = f.kept"  # noqa: S608
        " WHERE m.brand_id = $1 AND m.erased_at IS NOT NULL",
        brand_id,
        list(member_ids),
    )
    return {row["id"]: row["kept"] for row in rows}


async def write_shares(session: Session, brand_id: int, rows: Iterable[Share]) -> None:
    """Write shares as they are now."""
    flat = [(each.member_id, each.challenge, *each.part, each.done) for each in rows]
    if flat:
        await session.fetch(_WRITE_SHARES, brand_id, *_columns(flat))


async def fill(session: Session, brand_id: int, changes: Mapping[tuple[str, Part], int]) -> None:
    """Add to parts of bars."""
    flat = sorted((code, *part, change) for (code, part), change in changes.items())
    if flat:
        await session.fetch(_FILL, brand_id, *_columns(flat))


async def bars(
    session: Session, brand_id: int, wanted: Collection[Bar]
) -> dict[Bar, dict[int, dict[date, int]]]:
    """Return what was done of these bars, by version and day."""
    found: dict[Bar, dict[int, dict[date, int]]] = {each: {} for each in wanted}
    if wanted:
        for row in await session.fetch(_BARS, brand_id, *_columns(list(wanted))):
            found[Bar(*row[:3])].setdefault(row[3], {})[row[4]] = row[5]
    return found


async def marks(session: Session, brand_id: int, wanted: Collection[Bar]) -> list[Mark]:
    """Return what these bars have reached, and what they had."""
    if not wanted:
        return []
    rows = await session.fetch(_MARKS, brand_id, *_columns(list(wanted)))
    return [Mark(Bar(*row[:3]), *row[3:]) for row in rows]


async def write_marks(session: Session, brand_id: int, rows: Sequence[Mark]) -> None:
    """Write what bars have reached by now; everyone is to be told."""
    if rows:
        flat = [(*each.bar, each.level, each.version_id, each.reached_on) for each in rows]
        await session.fetch(_WRITE_MARKS, brand_id, NOBODY, *_columns(flat))


async def spreading(session: Session, brand_id: int) -> tuple[Bar, UUID] | None:
    """Return a bar of whose levels not everyone was told, and who was the last; None: no more."""
    row = await session.one(
        "SELECT challenge, window_key, team, min(spread_after::text)::uuid FROM challenge_mark"
        " WHERE brand_id = $1 AND spread_after IS NOT NULL"
        " GROUP BY challenge, window_key, team ORDER BY challenge, window_key, team LIMIT 1",
        brand_id,
    )
    return (Bar(*row[:3]), row[3]) if row else None


async def brands_spreading(session: Session) -> list[int]:
    """Return the brands that have a bar of which not everyone was told."""
    rows = await session.fetch(
        "SELECT DISTINCT brand_id FROM challenge_mark WHERE spread_after IS NOT NULL"
        " ORDER BY brand_id"
    )
    return [row["brand_id"] for row in rows]


async def next_told(
    session: Session, brand_id: int, bar: Bar, after: UUID, limit: int
) -> list[tuple[UUID, bool]]:
    """Return the next members, by id, who did or completed anything of a bar's window.

    Each with whether that is still somebody: neither merged nor erased.
    """
    rows = await session.fetch(_TOLD, brand_id, bar.challenge, bar.window, after, limit)
    return [(row["member_id"], row["living"]) for row in rows]


async def spread_to(session: Session, brand_id: int, bar: Bar, last: UUID | None) -> None:
    """Note up to whom members were told of a bar's levels, None: everyone."""
    await session.fetch(
        "UPDATE challenge_mark SET spread_after = $5 WHERE brand_id = $1 AND challenge = $2"
        " AND window_key = $3 AND team = $4 AND spread_after IS NOT NULL",
        brand_id,
        *bar,
        last,
    )


def _window(bar: Bar | None) -> tuple[str | None, str | None]:
    return (bar.challenge, bar.window) if bar else (None, None)


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
