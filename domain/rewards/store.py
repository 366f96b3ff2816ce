"""How redemptions, their parts and steps, and stock are locked, loaded and written, many at once.

Whoever locks several locks wallets first, then stock by reward, then redemptions by id.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from domain.rewards.rules_limits import Redeemed
from domain.rewards.rules_steps import Part, Redemption
from kit.db import Session

COLUMNS = (
    "id, member_id, household_id, reward, kind, version_id, quantity, points, money, value, state,"
    " automatic, requested_at, requested_by, deadline, approved_by, approved_at, fulfilled_by,"
    " fulfilled_at, reference, ended_at, ended_by, reason"
)
LIVING = "state IN ('waiting', 'held', 'fulfilled') AND (deadline IS NULL OR deadline > {now})"
"""Which redemptions count: not those that came to nothing, booked or not."""

_LAPSE = f"""
WITH late AS (
    SELECT id FROM redemption WHERE brand_id = $1 AND reward = ANY ($2) AND deadline <= $3
    ORDER BY id LIMIT $4 FOR NO KEY UPDATE
)
UPDATE redemption SET state = 'lapsed', ended_at = deadline, deadline = NULL
WHERE id IN (SELECT id FROM late) AND deadline <= $3 RETURNING {COLUMNS}
"""  # noqa: S608 - made of constants
_OPEN_STOCK = """
INSERT INTO reward_stock (brand_id, reward, taken)
SELECT $1, n.reward, coalesce((
    SELECT sum(quantity) FROM redemption WHERE brand_id = $1 AND reward = n.reward
    AND state IN ('waiting', 'held', 'fulfilled')), 0)
FROM unnest($2::text[]) AS n(reward) ORDER BY n.reward ON CONFLICT DO NOTHING
"""
LATE_MAX = 10_000
_REDEEMED = f"""
SELECT member_id, reward, width_bucket(requested_at, $3::timestamptz[]),
       sum(quantity)::bigint, sum(points)::bigint, sum(value)::bigint
FROM redemption
WHERE member_id = ANY ($2) AND ($4::timestamptz IS NULL OR requested_at >= $4)
  AND {LIVING.format(now="$1")}
GROUP BY 1, 2, 3
"""  # noqa: S608 - made of constants


class Stock(NamedTuple):
    """How many of a reward are taken, and how many staff added to what the programme says."""

    taken: int
    added: int


class Step(NamedTuple):
    """What somebody did with a redemption, by the key it was asked with."""

    id: UUID
    redemption_id: UUID
    state: str
    actor: str
    request: bytes


@dataclass(frozen=True, slots=True)
class StockChange:
    """``units`` of a reward that came, or went if negative."""

    key: str
    reward: str
    units: int
    reason: str
    actor: str


def redemption(row: asyncpg.Record) -> Redemption:
    """Return a row of `COLUMNS`."""
    return Redemption(*row)


async def open_stock(session: Session, brand_id: int, rewards: Collection[str]) -> None:
    """Begin to count what is taken of rewards, as far as that is not done; nobody redeems now."""
    await session.fetch(_OPEN_STOCK, brand_id, sorted(rewards))


async def lock_stock(session: Session, brand_id: int, rewards: Collection[str]) -> dict[str, Stock]:
    """Lock how many of these rewards are taken, of those that are counted."""
    rows = await session.fetch(
        "SELECT reward, taken, added FROM reward_stock WHERE brand_id = $1 AND reward = ANY ($2)"
        " ORDER BY reward FOR NO KEY UPDATE",
        brand_id,
        list(rewards),
    )
    return {row[0]: Stock(row[1], row[2]) for row in rows}


async def lapse(
    session: Session,
    now: datetime,
    brand_id: int,
    rewards: Collection[str],
    limit: int = LATE_MAX,
) -> list[Redemption]:
    """End the redemptions of these rewards that are past their deadline; return them.

    The caller has the rewards' stock locked, and gives it back.
    """
    rows = await session.fetch(_LAPSE, brand_id, list(rewards), now, limit)
    return [redemption(row) for row in rows]


async def take_stock(session: Session, brand_id: int, units: Mapping[str, int]) -> None:
    """Add to how many are taken, or take from it, of those rewards that are counted."""
    changes = {reward: change for reward, change in units.items() if change}
    if not changes:
        return
    await session.fetch(
        "UPDATE reward_stock s SET taken = s.taken + n.units"
        " FROM (SELECT r.reward, c.units FROM unnest($2::text[], $3::bigint[]) AS c(reward, units)"
        " JOIN reward_stock r ON r.brand_id = $1 AND r.reward = c.reward"
        " ORDER BY r.reward FOR NO KEY UPDATE OF r) AS n"
        " WHERE s.brand_id = $1 AND s.reward = n.reward",
        brand_id,
        list(changes),
        list(changes.values()),
    )


async def stock_changes(
    session: Session, brand_id: int, ids: Collection[UUID]
) -> dict[UUID, StockChange]:
    """Return those of the changes ``ids`` that were made; their keys are not kept."""
    rows = await session.fetch(
        "SELECT id, '', reward, units, reason, actor FROM stock_change"
        " WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row["id"]: StockChange(*row[1:]) for row in rows}


async def insert_stock_changes(
    session: Session, now: datetime, brand_id: int, new: Mapping[UUID, StockChange]
) -> None:
    """Write changes of stock that is locked, and what they add up to."""
    if not new:
        return
    changes = list(new.values())
    rewards, units = [each.reward for each in changes], [each.units for each in changes]
    await session.fetch(
        "INSERT INTO stock_change (id, brand_id, reward, units, reason, actor, changed_at)"
        " SELECT i, $1, r, u, w, a, $2 FROM unnest($3::uuid[], $4::text[], $5::bigint[],"
        " $6::text[], $7::text[]) AS n(i, r, u, w, a)",
        brand_id,
        now,
        list(new),
        rewards,
        units,
        [each.reason for each in changes],
        [each.actor for each in changes],
    )
    await session.fetch(
        "UPDATE reward_stock s SET added = s.added + n.units FROM (SELECT r, sum(u) AS units"
        " FROM unnest($2::text[], $3::bigint[]) AS c(r, u) GROUP BY r) AS n"
        " WHERE s.brand_id = $1 AND s.reward = n.r",
        brand_id,
        rewards,
        units,
    )


async def redeemed(
    session: Session,
    now: datetime,
    member_ids: Collection[UUID],
    starts: Sequence[datetime],
    since: datetime | None,
) -> dict[UUID, list[Redeemed]]:
    """Return what members redeemed since an instant (None: ever), by reward and stretch of time.

    A stretch is what lies between two of ``starts``: see `rules_limits`.
    """
    rows = await session.fetch(
        _REDEEMED,
        now,
        list(member_ids),
        list(starts),
        since,
    )
    found: dict[UUID, list[Redeemed]] = {member_id: [] for member_id in member_ids}
    for member_id, *sums in rows:
        found[member_id].append(Redeemed(*sums))
    return found


async def concerned(
    session: Session, brand_id: int, ids: Collection[UUID]
) -> tuple[set[UUID], set[str]]:
    """Return the members and the rewards that these redemptions of the brand concern."""
    rows = await session.fetch(
        "SELECT r.reward, unnest(array_append(array_agg(coalesce(m.merged_into, m.id)),"
        " r.member_id)) AS member_id"
        " FROM redemption r LEFT JOIN redemption_part p ON p.redemption_id = r.id"
        " LEFT JOIN member m ON m.id = p.member_id"
        " WHERE r.brand_id = $1 AND r.id = ANY ($2) GROUP BY r.id",
        brand_id,
        list(ids),
    )
    people = {row["member_id"] for row in rows if row["member_id"] is not None}
    return people, {row["reward"] for row in rows}


async def load(
    session: Session, brand_id: int, ids: Collection[UUID], *, lock: bool
) -> dict[UUID, Redemption]:
    """Return those of these redemptions that are the brand's, as they are booked."""
    rows = await session.fetch(
        f"SELECT {COLUMNS} FROM redemption WHERE brand_id = $1 AND id = ANY ($2)"  # noqa: S608
        f" ORDER BY id {'FOR NO KEY UPDATE' if lock else ''}",
        brand_id,
        list(ids),
    )
    return {row["id"]: redemption(row) for row in rows}


async def requests(
    session: Session, brand_id: int, ids: Collection[UUID]
) -> dict[UUID, tuple[Redemption, bytes]]:
    """Return those of the redemptions ``ids`` that there are, with the hash of what was asked."""
    rows = await session.fetch(
        f"SELECT request, {COLUMNS} FROM redemption"  # noqa: S608 - constants
        " WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row["id"]: (Redemption(*row[1:]), row["request"]) for row in rows}


async def parts(session: Session, ids: Collection[UUID]) -> dict[UUID, list[Part]]:
    """Return what members pay of each of these redemptions."""
    rows = await session.fetch(
        "SELECT redemption_id, member_id, points, hold_id, o.transfer_id IS NOT NULL"
        " FROM redemption_part LEFT JOIN open_hold o ON o.transfer_id = hold_id"
        " WHERE redemption_id = ANY ($1) ORDER BY redemption_id, hold_id",
        list(ids),
    )
    found: dict[UUID, list[Part]] = {id_: [] for id_ in ids}
    for row in rows:
        found[row["redemption_id"]].append(Part(*row))
    return found


async def insert(session: Session, brand_id: int, new: Sequence[tuple[Redemption, bytes]]) -> None:
    """Write new redemptions with the hashes of what was asked."""
    rows = [each for each, _ in new]
    await session.fetch(
        f"INSERT INTO redemption (brand_id, {COLUMNS}, request)"  # noqa: S608 - constants
        " SELECT $1, n.* FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[],"
        " $7::bigint[], $8::int[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[],"
        " $13::text[], $14::timestamptz[], $15::text[], $16::timestamptz[], $17::text[],"
        " $18::timestamptz[], $19::text[], $20::timestamptz[], $21::text[], $22::timestamptz[],"
        " $23::text[], $24::text[], $25::bytea[]) AS n",
        brand_id,
        *([getattr(each, name.strip()) for each in rows] for name in COLUMNS.split(",")),
        [request for _, request in new],
    )


async def insert_parts(session: Session, new: Sequence[Part]) -> None:
    """Write who pays how much of redemptions."""
    if new:
        await session.fetch(
            "INSERT INTO redemption_part (redemption_id, member_id, points, hold_id)"
            " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[])",
            [each.redemption_id for each in new],
            [each.member_id for each in new],
            [each.points for each in new],
            [each.hold_id for each in new],
        )


async def update(session: Session, changed: Collection[Redemption]) -> None:
    """Write what has become of redemptions that are locked."""
    await session.fetch(
        "UPDATE redemption r SET state = n.state, deadline = n.deadline,"
        " approved_by = n.approved_by, approved_at = n.approved_at,"
        " fulfilled_by = n.fulfilled_by, fulfilled_at = n.fulfilled_at, reference = n.reference,"
        " ended_at = n.ended_at, ended_by = n.ended_by, reason = n.reason"
        " FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::timestamptz[],"
        " $6::text[], $7::timestamptz[], $8::text[], $9::timestamptz[], $10::text[], $11::text[])"
        " AS n(id, state, deadline, approved_by, approved_at, fulfilled_by, fulfilled_at,"
        " reference, ended_at, ended_by, reason) WHERE r.id = n.id",
        [each.id for each in changed],
        [each.state for each in changed],
        [each.deadline for each in changed],
        [each.approved_by for each in changed],
        [each.approved_at for each in changed],
        [each.fulfilled_by for each in changed],
        [each.fulfilled_at for each in changed],
        [each.reference for each in changed],
        [each.ended_at for each in changed],
        [each.ended_by for each in changed],
        [each.reason for each in changed],
    )


async def steps(session: Session, brand_id: int, ids: Collection[UUID]) -> dict[UUID, Step]:
    """Return those of the steps ``ids`` that were taken."""
    rows = await session.fetch(
        "SELECT s.id, s.redemption_id, s.state, s.actor, s.request FROM redemption_step s"
        " JOIN redemption r ON r.id = s.redemption_id"
        " WHERE r.brand_id = $1 AND s.id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row["id"]: Step(*row) for row in rows}


async def insert_steps(session: Session, now: datetime, taken: Sequence[Step]) -> None:
    """Write steps."""
    await session.fetch(
        "INSERT INTO redemption_step (id, redemption_id, state, actor, request, taken_at)"
        " SELECT i, r, s, a, q, $1 FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[],"
        " $6::bytea[]) AS n(i, r, s, a, q)",
        now,
        *map(list, zip(*taken, strict=True)),
    )


async def open_of(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """Return which of these members each open redemption is of, or has points reserved for."""
    rows = await session.fetch(
        "SELECT r.id, r.member_id FROM redemption r"
        " WHERE r.brand_id = $1 AND r.member_id = ANY ($2) AND r.deadline IS NOT NULL"
        " UNION SELECT r.id, w.member_id FROM wallet w"
        " JOIN transfer t ON t.debit_account = w.account_id AND t.kind = 1"
        " JOIN open_hold h ON h.transfer_id = t.id JOIN redemption_part p ON p.hold_id = t.id"
        " JOIN redemption r ON r.id = p.redemption_id"
        " WHERE w.brand_id = $1 AND w.member_id = ANY ($2) AND r.deadline IS NOT NULL",
        brand_id,
        list(member_ids),
    )
    return {row[0]: row[1] for row in rows}


async def forget_names(session: Session, member_ids: Collection[UUID]) -> None:
    """Let redemptions of these members no longer say by what name they were asked for."""
    await session.fetch(
        "WITH mine AS (SELECT id FROM redemption WHERE member_id = ANY ($1)), steps AS ("
        " UPDATE redemption_step SET actor = $2 FROM mine"
        " WHERE redemption_id = mine.id AND starts_with(actor, $2 || ':'))"
        " UPDATE redemption SET"
        " requested_by = CASE WHEN starts_with(requested_by, $2 || ':') THEN $2"
        " ELSE requested_by END,"
        " ended_by = CASE WHEN starts_with(ended_by, $2 || ':') THEN $2 ELSE ended_by END"
        " WHERE id IN (SELECT id FROM mine)",
        list(member_ids),
        _BY_MEMBER,
    )


_BY_MEMBER = "member"
"""How the account of whoever asks for something as a member begins."""
