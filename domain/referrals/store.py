"""How referrals and what they are decided on are loaded and written, many at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.referrals.queries import Referral
from domain.referrals.rules import Counted, Mark, Span, marks
from domain.referrals.rules_course import Course, Event, OpenReferral, State, Terms
from kit.db import Session

_CLAIMING = 7003
"""The first half of the lock that whoever claims or reviews has alone; the brand is the second."""

# Both ways, as far as it goes; a circle, which there is none, would end it too.
_LINEAGE = """
WITH RECURSIVE up AS (
    SELECT friend_id, referrer_id FROM referral WHERE friend_id = ANY ($1) AND state <> 'refused'
    UNION
    SELECT r.friend_id, r.referrer_id FROM referral r JOIN up ON up.referrer_id = r.friend_id
    WHERE r.state <> 'refused'
), down AS (
    SELECT friend_id, referrer_id FROM referral WHERE referrer_id = ANY ($2) AND state <> 'refused'
    UNION
    SELECT r.friend_id, r.referrer_id FROM referral r JOIN down ON down.friend_id = r.referrer_id
    WHERE r.state <> 'refused'
)
SELECT friend_id, referrer_id FROM up UNION SELECT friend_id, referrer_id FROM down
"""

_COUNTS = """
SELECT k.place, count(*) FILTER (WHERE state IN ('pending', 'qualified', 'rewarded')),
       count(*) FILTER (WHERE state <> 'refused' OR reviewed_at IS NOT NULL)
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[])
    WITH ORDINALITY AS k(referrer_id, starts_at, ends_at, place)
JOIN referral r ON r.brand_id = $1 AND r.referrer_id = k.referrer_id
    AND r.claimed_at >= k.starts_at AND r.claimed_at < k.ends_at
GROUP BY k.place
"""

_SEEN = """
SELECT DISTINCT k.referrer_id, k.name, m.attributes -> k.name
FROM unnest($1::uuid[], $2::text[]) AS k(referrer_id, name)
JOIN referral r ON r.referrer_id = k.referrer_id AND r.state <> 'refused'
JOIN member m ON m.id = r.friend_id AND m.attributes ? k.name
"""

_INSERT = """
INSERT INTO referral (id, brand_id, referrer_id, friend_id, state, reason, version_id, claimed_at,
                      expires_at)
SELECT i, $1, r, f, s, w, $2, $3, $4
FROM unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::text[], $9::text[]) AS n(i, r, f, s, w)
ON CONFLICT (id) DO NOTHING RETURNING id
"""

_OPEN = """
SELECT r.id, r.referrer_id, r.friend_id, m.external_id, f.external_id, m.joined_at, f.joined_at,
       r.version_id, r.claimed_at, r.expires_at, r.event_id, r.rewards_at
FROM referral r JOIN member f ON f.id = r.friend_id JOIN member m ON m.id = r.referrer_id
WHERE r.brand_id = $1 AND r.state IN ('pending', 'qualified') AND r.friend_id IN (
    SELECT coalesce(merged_into, id) FROM member WHERE id = ANY ($2))
ORDER BY r.id FOR NO KEY UPDATE OF r
"""

_EVENTS = """
SELECT k.id AS referral_id, e.id, e.occurred_at, e.amount,
       coalesce(b.at, '{}') AS refunded_at, coalesce(b.amounts, '{}') AS refunds
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::timestamptz[],
            $7::timestamptz[]) AS k(id, friend_id, kind, minimum, starts_at, ends_at)
CROSS JOIN LATERAL (
    SELECT id, occurred_at, amount FROM purchase
    WHERE k.kind = 'purchase' AND brand_id = $1
      AND member_id IN (SELECT id FROM member WHERE id = k.friend_id OR merged_into = k.friend_id)
      AND occurred_at >= k.starts_at AND occurred_at < k.ends_at AND amount >= k.minimum
    UNION ALL
    SELECT id, occurred_at, amount FROM activity
    WHERE kind = k.kind AND brand_id = $1
      AND member_id IN (SELECT id FROM member WHERE id = k.friend_id OR merged_into = k.friend_id)
      AND occurred_at >= k.starts_at AND occurred_at < k.ends_at AND amount >= k.minimum
) AS e
LEFT JOIN LATERAL (
    SELECT array_agg(occurred_at) AS at, array_agg(amount) AS amounts
    FROM refund WHERE purchase_id = e.id
) AS b ON true
"""

_MOVE = """
UPDATE referral SET state = n.state, reason = n.reason, event_id = n.event_id,
    qualified_at = n.qualified_at, rewards_at = n.rewards_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[],
            $6::timestamptz[]) AS n(id, state, reason, event_id, qualified_at, rewards_at)
WHERE referral.id = n.id
"""


class NewReferral(NamedTuple):
    """A claim as it is kept."""

    id: UUID
    referrer_id: UUID
    friend_id: UUID
    state: State
    reason: str | None


async def lock_claims(session: Session, brand_id: int) -> None:
    """Let one at a time claim or review at a brand.

    Limits and circles are about referrals that are not there yet, so there is no row to lock.
    """
    await session.fetch("SELECT pg_advisory_xact_lock($1, $2)", _CLAIMING, brand_id)


async def owners(session: Session, brand_id: int, codes: Iterable[str]) -> dict[str, UUID]:
    """Return whose these bare codes are by now; that of who was erased is nobody's."""
    rows = await session.fetch(
        "SELECT code, coalesce(merged_into, member_id) AS member_id FROM referral_code c"
        " JOIN member m ON m.id = c.member_id"
        " WHERE c.brand_id = $1 AND code = ANY ($2) AND erased_at IS NULL",
        brand_id,
        list(codes),
    )
    return {row["code"]: row["member_id"] for row in rows}


async def insert_codes(session: Session, brand_id: int, codes: Sequence[tuple[UUID, str]]) -> None:
    """Give members codes, unless they have one or somebody else has that one."""
    await session.fetch(
        "INSERT INTO referral_code (member_id, brand_id, code)"
        " SELECT m, $1, c FROM unnest($2::uuid[], $3::text[]) AS n(m, c)"
        # In one order, so that two who ask for the same people wait and don't deadlock.
        " ORDER BY m ON CONFLICT DO NOTHING",
        brand_id,
        [member_id for member_id, _ in codes],
        [code for _, code in codes],
    )


async def of_friends(
    session: Session, brand_id: int, friends: Collection[UUID]
) -> dict[tuple[UUID, UUID], tuple[UUID, State]]:
    """Return what holds for these friends by friend and referrer: its id and state.

    That is what is not refused, and what staff refused.
    """
    rows = await session.fetch(
        "SELECT friend_id, referrer_id, id, state FROM referral WHERE brand_id = $1"
        " AND friend_id = ANY ($2) AND (state <> 'refused' OR reviewed_at IS NOT NULL)",
        brand_id,
        list(friends),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


async def lineage(
    session: Session, up_from: Iterable[UUID], down_from: Iterable[UUID]
) -> list[tuple[UUID, UUID]]:
    """Return friend and referrer of all above the ones and all below the others."""
    rows = await session.fetch(_LINEAGE, list(up_from), list(down_from))
    return [tuple(row) for row in rows]


async def counts(
    session: Session, brand_id: int, keys: Iterable[tuple[UUID, Span]]
) -> dict[tuple[UUID, Span], Counted]:
    """Return how often these members' codes were claimed in these spans."""
    wanted = list(dict.fromkeys(keys))
    found = {key: Counted() for key in wanted}
    rows = await session.fetch(
        _COUNTS,
        brand_id,
        [referrer for referrer, _ in wanted],
        [span[0] for _, span in wanted],
        [span[1] for _, span in wanted],
    )
    for place, *counted in rows:
        found[wanted[place - 1]] = Counted(*counted)
    return found


async def seen(session: Session, wanted: Collection[tuple[UUID, str]]) -> dict[UUID, set[Mark]]:
    """Return what those whom these members brought have of these signals, by who brought them."""
    found: dict[UUID, set[Mark]] = {}
    if not wanted:
        return found
    rows = await session.fetch(
        _SEEN,
        [referrer for referrer, _ in wanted],
        [name for _, name in wanted],
    )
    for referrer, name, value in rows:
        # Only here: what makes two texts one is nothing that SQL knows.
        found.setdefault(referrer, set()).update(marks((name,), {name: value}))
    return found


async def insert(
    session: Session,
    brand_id: int,
    version_id: int,
    claimed_at: datetime,
    expires_at: datetime,
    rows: Sequence[NewReferral],
) -> set[UUID]:
    """Write claims; return those that were not there yet."""
    new = await session.fetch(
        _INSERT, brand_id, version_id, claimed_at, expires_at, *_columns(rows, 5)
    )
    return {row["id"] for row in new}


async def review(session: Session, rows: Collection[Referral]) -> None:
    """Write what staff decided of these referrals."""
    if not rows:
        return
    await session.fetch(
        "UPDATE referral SET state = n.state, reason = n.reason, reviewed_at = n.reviewed_at,"
        " reviewed_by = n.actor, review_note = n.note FROM unnest($1::uuid[], $2::text[],"
        " $3::text[], $4::timestamptz[], $5::text[], $6::text[])"
        " AS n(id, state, reason, reviewed_at, actor, note) WHERE referral.id = n.id",
        [row.id for row in rows],
        [row.state for row in rows],
        [row.reason for row in rows],
        [row.reviewed_at for row in rows],
        [row.reviewed_by for row in rows],
        [row.review_note for row in rows],
    )


async def lock_open(
    session: Session, brand_id: int, friends: Collection[UUID]
) -> list[OpenReferral]:
    """Lock and return the pending and qualified referrals of who these friends are by now."""
    rows = await session.fetch(_OPEN, brand_id, list(friends))
    return [OpenReferral(*row) for row in rows]


async def events(
    session: Session, brand_id: int, items: Sequence[OpenReferral], terms: Mapping[int, Terms]
) -> dict[UUID, list[Event]]:
    """Return what these friends did in their time that may count, by referral.

    ``terms`` are those of the versions. What had too small an amount from the start is left out.
    """
    mine = [terms[item.version_id] for item in items]
    rows = await session.fetch(
        _EVENTS,
        brand_id,
        [item.id for item in items],
        [item.friend_id for item in items],
        [each.on for each in mine],
        [each.minimum for each in mine],
        [item.claimed_at for item in items],
        [item.expires_at for item in items],
    )
    found: dict[UUID, list[Event]] = {item.id: [] for item in items}
    for referral_id, event_id, occurred_at, amount, refunded_at, refunds in rows:
        back = tuple(zip(refunded_at, refunds, strict=True))
        found[referral_id].append(Event(event_id, occurred_at, amount, back))
    return found


async def move(session: Session, courses: Mapping[UUID, Course]) -> None:
    """Write where these referrals stand from now on."""
    if courses:
        rows = list(courses.values())
        await session.fetch(_MOVE, list(courses), *_columns(rows, len(Course._fields)))


async def sides(session: Session, brand_id: int, friends: Collection[UUID]) -> set[UUID]:
    """Return both sides of the qualified referrals of these friends."""
    rows = await session.fetch(
        "SELECT referrer_id, friend_id FROM referral"
        " WHERE brand_id = $1 AND friend_id = ANY ($2) AND state = 'qualified'",
        brand_id,
        list(friends),
    )
    return {side for row in rows for side in row}


async def due(
    session: Session, now: datetime, limit: int, passed: Collection[int] = ()
) -> tuple[int, list[UUID]] | None:
    """Return a brand and friends of it whose referrals can be rewarded; None if there are none.

    Those of the brands ``passed`` are left out.
    """
    rows = await session.fetch(
        "SELECT brand_id, friend_id FROM referral WHERE state = 'qualified' AND rewards_at <= $1"
        " AND brand_id <> ALL ($3) ORDER BY rewards_at, id LIMIT $2",
        now,
        limit,
        list(passed),
    )
    if not rows:
        return None
    brand_id = rows[0]["brand_id"]
    return brand_id, [row["friend_id"] for row in rows if row["brand_id"] == brand_id]


async def reward(session: Session, now: datetime, rows: Sequence[tuple[UUID, str | None]]) -> None:
    """Write that these referrals are rewarded, and what of it was refused, if anything was."""
    await session.fetch(
        "UPDATE referral SET state = 'rewarded', rewarded_at = $1, reason = n.reason"
        " FROM unnest($2::uuid[], $3::text[]) AS n(id, reason) WHERE referral.id = n.id",
        now,
        *_columns(rows, 2),
    )


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[place] for row in rows] for place in range(width)]
