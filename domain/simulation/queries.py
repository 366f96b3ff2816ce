"""Reads what happened to members, some at a time, in the order in which the brand learned of it.

What came in one batch has one instant: then it goes by its own date, then as it was written.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import count
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.simulation.rules import Happening, MovedAway, Past, WasReleased
from domain.simulation.store import SOURCES, Key, Placed, Source, place_of, told_at
from kit.db import Session

_MARKS = """
SELECT id FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS place FROM member WHERE brand_id = $1
) AS m WHERE place % $2 = 0 ORDER BY id
"""

_SPAN = """
SELECT min(first) AS first, max(last) AS last, sum(baskets)::bigint AS baskets FROM (
    SELECT min(occurred_at) AS first, max(occurred_at) AS last, count(*) AS baskets
    FROM purchase WHERE brand_id = $1
    UNION ALL SELECT min(occurred_at), max(occurred_at), 0 FROM activity WHERE brand_id = $1
    UNION ALL SELECT min(effective_at), max(effective_at), 0 FROM journal
    WHERE brand_id = $1 AND code IN ('hold', 'adjustment')
    UNION ALL SELECT min(occurred_at), max(occurred_at), 0 FROM refund WHERE brand_id = $1
) AS t
"""

_PEOPLE = """
SELECT m.id, m.external_id, m.birthday, m.region, m.attributes,
       CASE WHEN p.first = m.joined_at AND p.told = m.created_at THEN NULL ELSE m.joined_at END
           AS joined_at
FROM member m LEFT JOIN LATERAL (
    SELECT min(occurred_at) AS first, min(recorded_at) AS told FROM purchase WHERE member_id IN (
        SELECT id FROM member WHERE id = m.id OR merged_into = m.id)
) AS p ON true
WHERE m.brand_id = $1 AND ($2::uuid IS NULL OR m.id > $2) AND ($3::uuid IS NULL OR m.id <= $3)
  AND m.joined_at <= $4 AND m.merged_into IS NULL
ORDER BY m.id
"""

_RELEASES = """
SELECT subject, recorded_at, payload ->> 'reference' AS reference FROM fact
WHERE tenant_id = $1 AND kind = 'PointsReleased' AND recorded_at <= $2 ORDER BY xid, id
"""


class Span(NamedTuple):
    """When a brand's history begins and ends, and how many baskets it has."""

    first: datetime | None
    last: datetime | None
    baskets: int


Releases = Mapping[str, Sequence[tuple[datetime, str]]]
"""What was released by when, by the member's id as text."""

_PREFETCH = 2_000


async def span(session: Session, brand_id: int) -> Span:
    """Return from when to when a brand has history."""
    row = await session.one(_SPAN, brand_id)
    assert row is not None
    return Span(row["first"], row["last"], row["baskets"] or 0)


async def marks(session: Session, brand_id: int, size: int) -> list[UUID]:
    """Return the id of every so manieth member, to divide them by."""
    return [row["id"] for row in await session.fetch(_MARKS, brand_id, size)]


async def has_gifts(session: Session, brand_id: int) -> bool:
    """Return whether members gave points to each other, so that one's depend on another's."""
    return bool(
        await session.value("SELECT EXISTS (SELECT FROM gift WHERE brand_id = $1)", brand_id)
    )


async def releases(session: Session, brand_id: int, until: datetime) -> Releases:
    """Return what the brand released."""
    found: dict[str, list[tuple[datetime, str]]] = {}
    into = {str(old): str(new) for old, new in (await _merged(session, brand_id)).items()}
    for subject, at, reference in await session.fetch(_RELEASES, brand_id, until):
        found.setdefault(into.get(subject, subject), []).append((at, reference))
    return found


async def people(
    session: Session, brand: Brand, after: UUID | None, upto: UUID | None, until: datetime
) -> dict[UUID, Past]:
    """Return who joined by ``until``, of the members behind ``after`` and up to ``upto``.

    None is the first and the last member. Whom a purchase enrolled is nobody before it.
    """
    rows = await session.fetch(_PEOPLE, brand.id, after, upto, until)
    moves = await members.moves(session, [row["id"] for row in rows])
    return {
        row["id"]: Past(
            row["id"],
            row["external_id"],
            row["joined_at"],
            row["birthday"],
            row["region"],
            row["attributes"],
            moves.get(row["id"], ()),
        )
        for row in rows
    }


async def stories(
    session: Session,
    brand: Brand,
    pasts: Mapping[UUID, Past],
    until: datetime,
    released: Releases,
) -> dict[UUID, list[Happening]]:
    """Return what happened up to ``until`` to these members, in a constant number of statements.

    Whoever was merged into one of them was that one all along.
    """
    found: dict[UUID, list[Placed]] = {member_id: [] for member_id in pasts}
    into = await _merged(session, brand.id)
    ids = [*pasts, *(old for old, new in into.items() if new in pasts)]
    for source in SOURCES:
        for row in await session.fetch(*source.statement(brand, until, ids)):
            member_id = into.get(row["member_id"], row["member_id"])
            found[member_id] += source.read(brand, pasts[member_id], row)
    for member_id, past in pasts.items():
        found[member_id] += _told_by_itself(past, until, released)
        found[member_id].sort(key=place_of)
    return {member_id: [each.happening for each in mine] for member_id, mine in found.items()}


async def everything(
    session: Session,
    brand: Brand,
    pasts: Mapping[UUID, Past],
    until: datetime,
    released: Releases,
) -> AsyncIterator[tuple[Past, Happening]]:
    """Yield what happened up to ``until`` to anybody, in order; rows come as they are needed."""
    number = count()
    heap: list[tuple[Key, int, Past, Happening, int]] = [
        (each.key, next(number), past, each.happening, -1)
        for past in pasts.values()
        for each in _told_by_itself(past, until, released)
    ]
    heapify(heap)
    into = await _merged(session, brand.id)
    everybody = {**pasts, **{old: pasts[new] for old, new in into.items() if new in pasts}}
    streams = [_stream(session, brand, source, everybody, until) for source in SOURCES]
    places = list(range(len(streams)))
    while heap or places:
        for place in places:
            async for past, each in streams[place]:
                heappush(heap, (each.key, next(number), past, each.happening, place))
                break
        if heap:
            _, _, past, happening, place = heappop(heap)
            places = [place] if place >= 0 else []
            yield past, happening
        else:
            places = []


async def _merged(session: Session, brand_id: int) -> dict[UUID, UUID]:
    rows = await session.fetch(
        "SELECT id, merged_into FROM member WHERE brand_id = $1 AND merged_into IS NOT NULL",
        brand_id,
    )
    return {row["id"]: row["merged_into"] for row in rows}


async def _stream(
    session: Session, brand: Brand, source: Source, pasts: Mapping[UUID, Past], until: datetime
) -> AsyncIterator[tuple[Past, Placed]]:
    sql, *given = source.statement(brand, until, None)
    ordered = f"SELECT * FROM ({sql}) AS t ORDER BY {source.order}"  # noqa: S608 - our own words
    number = count()
    # What one row says may be told in two places, such as a status and its end.
    later: list[tuple[Key, int, Past, Placed]] = []
    async for row in session.driver.cursor(ordered, *given, prefetch=_PREFETCH):
        past = pasts.get(row["member_id"])
        if past is None:
            continue
        first, *more = source.read(brand, past, row)
        while later and later[0][0] <= first.key:
            yield later[0][2:]
            heappop(later)
        for each in more:
            heappush(later, (each.key, next(number), past, each))
        yield past, first
    while later:
        yield later[0][2:]
        heappop(later)


def _told_by_itself(past: Past, until: datetime, released: Releases) -> list[Placed]:
    moves = [Placed(told_at(each.at, 0), MovedAway(each.at)) for each in past.moves]
    let_go = [
        Placed(told_at(at, 5), WasReleased(at, reference))
        for at, reference in released.get(str(past.id), ())
    ]
    return [each for each in (*moves, *let_go) if each.happening.at <= until]
