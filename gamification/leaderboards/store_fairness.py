"""How flags are loaded, raised and decided, many at once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from gamification.leaderboards.queries_fairness import Flag, read_flags
from gamification.leaderboards.rules_fairness import Finding
from kit.db import Session


class Held(NamedTuple):
    """A window in which a member has a score."""

    entity: UUID
    window_id: int
    board: str
    frozen: bool


_RAISE = """
INSERT INTO board_flag AS f (id, brand_id, member_id, rule, state, evidence, from_at, upto_at,
                             raised_at)
SELECT i, $1, m, r, 'open', e::jsonb, a, u, $2 FROM unnest($3::uuid[], $4::uuid[], $5::text[],
    $6::text[], $7::timestamptz[], $8::timestamptz[]) AS n(i, m, r, e, a, u) ORDER BY i
ON CONFLICT (id) DO UPDATE SET evidence = excluded.evidence, from_at = excluded.from_at,
    upto_at = excluded.upto_at
WHERE f.state = 'open' AND f.evidence <> excluded.evidence
RETURNING id, xmax = 0 AS new
"""

_WINDOWS = """
SELECT n.place, n.entity, w.id, w.board, w.state = 'frozen'
FROM unnest($2::int[], $3::uuid[], $4::date[], $5::date[]) AS n(place, entity, first, last)
JOIN board_window w ON w.brand_id = $1 AND w.starts_on <= n.last AND w.ends_on > n.first
    AND w.period <> 'rolling'
WHERE EXISTS (SELECT FROM board_score s WHERE s.window_id = w.id AND s.entity = n.entity)
  -- On a board of teams a member has days alone, and a ban keeps the member from what a team wins.
  OR w.state <> 'frozen' AND EXISTS (SELECT FROM board_day d WHERE d.brand_id = $1
    AND d.board = w.board AND d.entity = n.entity AND d.day BETWEEN n.first AND n.last
    AND d.team IS NOT NULL)
ORDER BY 1, 2, 3
"""


async def raise_flags(
    session: Session, now: datetime, brand_id: int, found: Mapping[UUID, tuple[UUID, Finding]]
) -> set[UUID]:
    """Raise flags, each of a member with its finding, by id; return which are new.

    An open one gets what evidence there is by now; what staff decided stays as it is.
    """
    rows = await session.fetch(
        _RAISE,
        brand_id,
        now,
        list(found),
        [member_id for member_id, _ in found.values()],
        [each.rule for _, each in found.values()],
        [orjson.dumps(each.evidence).decode() for _, each in found.values()],
        [each.happenings[0].occurred_at for _, each in found.values()],
        [each.happenings[-1].occurred_at for _, each in found.values()],
    )
    return {row["id"] for row in rows if row["new"]}


async def lock(session: Session, brand_id: int, ids: Collection[UUID]) -> dict[UUID, Flag]:
    """Lock and return those of the flags ``ids`` that are this brand's."""
    return await read_flags(session, brand_id, ids, lock=True)


async def decide(session: Session, flags: Sequence[Flag]) -> None:
    """Write what staff decided of flags."""
    await session.fetch(
        "UPDATE board_flag f SET state = n.state, decided_at = n.at, actor = n.actor,"
        " note = n.note FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[],"
        " $5::text[]) AS n(id, state, at, actor, note) WHERE f.id = n.id",
        [each.id for each in flags],
        [each.state for each in flags],
        [each.decided_at for each in flags],
        [each.actor for each in flags],
        [each.note for each in flags],
    )


async def windows(
    session: Session, brand_id: int, wanted: Sequence[tuple[int, UUID, date, date]]
) -> list[tuple[int, Held]]:
    """Return the windows that end in which these have scores of these days, with their number.

    Also open ones of teams for which they did something on these days.

    Asked for are the number, the entity, the first and the last day.
    """
    rows = await session.fetch(
        _WINDOWS,
        brand_id,
        *([each[place] for each in wanted] for place in range(4)),
    )
    return [(row[0], Held(*tuple(row)[1:])) for row in rows]
