"""Reads what happened to members, some at a time, in the order in which the brand learned of it.

What came in one batch has one instant: then it goes by its own date, then as it was written. Two
things the rows don't tell: what was known of a member's birthday and attributes before today, and
which of several corrections of one day count towards tiers (the first carries all that do).
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from asyncpg import Record as Row

from domain.brands.rules import Brand
from domain.earning.rules import Activity, Line, Purchase
from domain.ledger.rules import Kind
from domain.members import queries as members
from domain.simulation.rules import (
    Did,
    Ended,
    GaveBack,
    Got,
    Happening,
    MovedAway,
    Past,
    Reserved,
    WasCorrected,
    WasGranted,
    WasReleased,
    WasRevoked,
)
from domain.tiers.rules import Grant
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
    SELECT min(occurred_at) AS first, min(recorded_at) AS told FROM purchase WHERE member_id = m.id
) AS p ON true
WHERE m.brand_id = $1 AND ($2::uuid IS NULL OR m.id > $2) AND ($3::uuid IS NULL OR m.id <= $3)
  AND m.joined_at <= $4
ORDER BY m.id
"""

_PURCHASES = """
SELECT p.member_id, p.recorded_at, p.occurred_at, p.id, p.external_id, p.channel, p.store, p.lines,
       EXISTS (SELECT FROM refund WHERE purchase_id = p.id) AS refunds, p.ctid AS place
FROM purchase p WHERE p.brand_id = $1 AND {p} AND p.occurred_at <= $3
"""

_ACTIVITIES = """
SELECT a.member_id, a.recorded_at, a.occurred_at, a.id, a.external_id, a.channel, a.store, a.kind,
       a.amount, a.attributes, a.ctid AS place
FROM activity a WHERE a.brand_id = $1 AND {a} AND a.occurred_at <= $3
"""

_REFUNDS = """
SELECT p.member_id, r.recorded_at, r.occurred_at, r.id, p.external_id, r.line_amounts
FROM purchase p JOIN refund r ON r.purchase_id = p.id
WHERE p.brand_id = $1 AND {p} AND r.occurred_at <= $3
"""

_GRANTS = """
SELECT member_id, granted_at, id, ladder, tier, starts_at, ends_at, reason, actor,
       CASE WHEN revoked_at <= $3 THEN revoked_at END AS revoked_at
FROM status_grant g WHERE brand_id = $1 AND {g} AND granted_at <= $3
"""

_CORRECTIONS = """
SELECT w.member_id, j.recorded_at, j.id, l.fixed, l.expires_at,
       CASE WHEN t.credit_account = w.account_id THEN t.amount ELSE -t.amount END AS points,
       CASE WHEN row_number() OVER (PARTITION BY w.account_id, t.day ORDER BY j.id) = 1
           THEN coalesce(y.points, 0) ELSE 0 END AS qualifying
FROM wallet w
JOIN LATERAL (
    SELECT t.*, (j.recorded_at AT TIME ZONE $4)::date AS day
    FROM transfer t JOIN journal j ON j.id = t.journal_id
    WHERE (t.debit_account = w.account_id OR t.credit_account = w.account_id)
      AND t.code = 'adjustment' AND j.code = 'adjustment'
) AS t ON true
JOIN journal j ON j.id = t.journal_id
LEFT JOIN lot l ON l.journal_id = j.id
LEFT JOIN tally y ON y.member_id = w.member_id AND y.kind = 'adjustment' AND y.day = t.day
WHERE w.brand_id = $1 AND {w} AND j.effective_at <= $3
"""

_HOLDS = """
SELECT w.member_id, t.recorded_at, t.id, t.journal_id, t.kind, t.amount, t.expires_at,
       t.pending_id, t.pending_amount AS held, r.reward, r.quantity, r.points AS whole, r.automatic
FROM wallet w JOIN transfer t ON t.debit_account = w.account_id
LEFT JOIN redemption_part s ON s.hold_id = t.id
LEFT JOIN redemption r ON r.id = s.redemption_id
WHERE w.brand_id = $1 AND {w} AND t.kind > 0 AND t.recorded_at <= $3
"""

_FREE = """
SELECT f.member_id, f.requested_at, f.id, f.reward, f.quantity, f.automatic FROM redemption f
WHERE f.brand_id = $1 AND {f} AND f.requested_at <= $3 AND f.points = 0
  AND f.state = 'fulfilled'
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


Key: TypeAlias = tuple[datetime, int, datetime, int, int]
"""By what happenings are put in order: when they were told, moves and grants first, then events,
refunds and what wallets did; each by its own date, the books, and its id.
"""


class _Placed(NamedTuple):
    key: Key
    happening: Happening


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


async def releases(session: Session, brand_id: int, until: datetime) -> Releases:
    """Return what the brand released."""
    found: dict[str, list[tuple[datetime, str]]] = {}
    for subject, at, reference in await session.fetch(_RELEASES, brand_id, until):
        found.setdefault(subject, []).append((at, reference))
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
    """Return what happened up to ``until`` to these members, in a constant number of statements."""
    found: dict[UUID, list[_Placed]] = {member_id: [] for member_id in pasts}
    for source in _SOURCES:
        for row in await session.fetch(*source.statement(brand, until, list(pasts))):
            found[row["member_id"]] += source.read(brand, pasts[row["member_id"]], row)
    for member_id, past in pasts.items():
        found[member_id] += _told_by_itself(past, until, released)
        found[member_id].sort(key=_key)
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
    streams = [_stream(session, brand, source, pasts, until) for source in _SOURCES]
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


async def _stream(
    session: Session, brand: Brand, source: "_Source", pasts: Mapping[UUID, Past], until: datetime
) -> AsyncIterator[tuple[Past, _Placed]]:
    sql, *given = source.statement(brand, until, None)
    ordered = f"SELECT * FROM ({sql}) AS t ORDER BY {source.order}"  # noqa: S608 - our own words
    number = count()
    # What one row says may be told in two places, such as a status and its end.
    later: list[tuple[Key, int, Past, _Placed]] = []
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


def _told_by_itself(past: Past, until: datetime, released: Releases) -> list[_Placed]:
    moves = [_Placed(_at(each.at, 0), MovedAway(each.at)) for each in past.moves]
    let_go = [
        _Placed(_at(at, 5), WasReleased(at, reference))
        for at, reference in released.get(str(past.id), ())
    ]
    return [each for each in (*moves, *let_go) if each.happening.at <= until]


def _purchase(brand: Brand, past: Past, row: Row) -> list[_Placed]:
    purchase = Purchase(
        row["external_id"],
        past.external_id,
        row["occurred_at"],
        brand.currency,
        tuple([Line(*line) for line in row["lines"]]),
        row["channel"],
        row["store"],
    )
    return [_Placed(_event_key(row), Did(row["recorded_at"], purchase, row["refunds"]))]


def _activity(_brand: Brand, past: Past, row: Row) -> list[_Placed]:
    activity = Activity(
        row["external_id"],
        past.external_id,
        row["kind"],
        row["occurred_at"],
        row["amount"],
        row["channel"],
        row["store"],
        row["attributes"],
    )
    return [_Placed(_event_key(row), Did(row["recorded_at"], activity))]


def _event_key(row: Row) -> Key:
    # Rows are only ever added: those of one batch stand in the order in which it was decided.
    page, line = row["place"]
    return row["recorded_at"], 2, row["occurred_at"], page << 16 | line, row["id"].int


def _refund(_brand: Brand, _past: Past, row: Row) -> list[_Placed]:
    at, occurred_at = row["recorded_at"], row["occurred_at"]
    back = GaveBack(at, row["external_id"], occurred_at, tuple(row["line_amounts"]))
    return [_Placed((at, 3, occurred_at, 0, row["id"].int), back)]


def _grant(_brand: Brand, _past: Past, row: Row) -> list[_Placed]:
    at = row["granted_at"]
    grant = Grant(*(row[name] for name in _OF_A_GRANT))
    found = [_Placed(_at(at, 1), WasGranted(at, grant))]
    over = row["revoked_at"]
    if over is not None:
        found.append(_Placed(_at(over, 1), WasRevoked(over, grant.id)))
    return found


def _correction(_brand: Brand, _past: Past, row: Row) -> list[_Placed]:
    at = row["recorded_at"]
    end = row["expires_at"] if row["fixed"] else None
    corrected = WasCorrected(at, row["points"], end, row["qualifying"])
    return [_Placed((at, 4, at, row["id"], 0), corrected)]


def _hold(_brand: Brand, _past: Past, row: Row) -> list[_Placed]:
    at, kind = row["recorded_at"], Kind(row["kind"])
    key = (at, 4, at, row["journal_id"], 0)
    if kind is not Kind.PENDING:
        return [_Placed(key, Ended(at, row["pending_id"], kind, row["amount"], row["held"]))]
    held = Reserved(at, row["id"], row["amount"], row["expires_at"])
    if row["reward"] is not None:
        held = held._replace(
            reward=row["reward"],
            quantity=row["quantity"],
            whole=row["whole"],
            automatic=row["automatic"] is not None,
        )
    return [_Placed(key, held)]


def _free(_brand: Brand, _past: Past, row: Row) -> list[_Placed]:
    at = row["requested_at"]
    got = Got(at, row["reward"], row["quantity"], row["automatic"] is not None)
    return [_Placed((at, 4, at, 0, row["id"].int), got)]


def _at(at: datetime, rank: int) -> Key:
    return at, rank, at, 0, 0


def _key(each: _Placed) -> Key:
    return each.key


_OF_A_GRANT = ("id", "ladder", "tier", "starts_at", "ends_at", "reason", "actor")


class _Source(NamedTuple):
    """A statement with ``{name}`` where it says whose rows, what reads a row, and in what order."""

    sql: str
    read: Callable[[Brand, Past, Row], list[_Placed]]
    order: str
    zoned: bool = False

    def statement(
        self, brand: Brand, until: datetime, ids: Sequence[UUID] | None
    ) -> tuple[Any, ...]:
        """Return the statement and its values: for these members, or for all (None)."""
        whose = "$2::uuid[] IS NULL" if ids is None else "{}.member_id = ANY ($2)"
        sql = self.sql.format(**{name: whose.format(name) for name in "pagwf"})
        return (sql, brand.id, ids, until, *([brand.time_zone] if self.zoned else []))


_SOURCES = (
    _Source(_PURCHASES, _purchase, "recorded_at, occurred_at, place, id"),
    _Source(_ACTIVITIES, _activity, "recorded_at, occurred_at, place, id"),
    _Source(_REFUNDS, _refund, "recorded_at, occurred_at, id"),
    _Source(_GRANTS, _grant, "granted_at"),
    _Source(_CORRECTIONS, _correction, "recorded_at, id", zoned=True),
    _Source(_FREE, _free, "requested_at, id"),
    _Source(_HOLDS, _hold, "recorded_at, journal_id"),
)
