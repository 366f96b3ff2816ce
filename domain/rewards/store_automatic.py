"""How what was given by itself is loaded and written, and whom to look at when."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.rewards.rules_automatic import BirthdaysOn, Climb, Given
from domain.wallets.section import AWAITING_RELEASE
from kit.db import Session

_OPEN = "remaining > 0 AND (expires_at IS NULL OR expires_at > $2)"
_FUNDS = f"""
SELECT w.member_id, coalesce(l.spendable, 0)::bigint AS spendable,
       least(l.next_at, h.next_at) AS next_at
FROM wallet w LEFT JOIN LATERAL (
    SELECT min(o.expires_at) AS next_at FROM redemption_part p JOIN redemption r
        ON r.id = p.redemption_id JOIN open_hold o ON o.transfer_id = p.hold_id
    WHERE r.member_id = w.member_id AND p.member_id = w.member_id AND r.deadline IS NOT NULL
) AS h ON true
LEFT JOIN LATERAL (
    SELECT sum(remaining) FILTER (WHERE available_at <= $2) AS spendable,
           min(available_at) FILTER (WHERE available_at > $2 AND available_at < $4) AS next_at
    FROM lot WHERE account_id = w.account_id AND {_OPEN}
) AS l ON true
WHERE w.brand_id = $1 AND w.member_id = ANY ($3)
"""  # noqa: S608 - made of constants
_LOOKS = """
WITH seen AS (SELECT * FROM unnest($2::uuid[], $3::timestamptz[]) AS s (member_id, due_at)),
gone AS (DELETE FROM reward_look WHERE member_id IN (SELECT member_id FROM seen
         WHERE due_at IS NULL))
INSERT INTO reward_look (member_id, brand_id, due_at)
SELECT member_id, $1, due_at FROM seen WHERE due_at IS NOT NULL ORDER BY member_id
ON CONFLICT (member_id) DO UPDATE SET due_at = excluded.due_at
WHERE reward_look.due_at <> excluded.due_at
"""
_START = """
INSERT INTO reward_start (brand_id, version_id) VALUES ($1, $2)
ON CONFLICT (brand_id) DO UPDATE SET version_id = excluded.version_id
WHERE reward_start.version_id <> excluded.version_id RETURNING version_id
"""
_ALL = f"""
INSERT INTO reward_look (member_id, brand_id, due_at)
SELECT w.member_id, $1, $2 FROM wallet w JOIN lot USING (account_id)
WHERE w.brand_id = $1 AND {_OPEN} GROUP BY w.member_id HAVING sum(remaining) >= $3
ORDER BY w.member_id
ON CONFLICT (member_id) DO UPDATE SET due_at = least(reward_look.due_at, excluded.due_at)
"""  # noqa: S608 - made of constants
_BIRTHDAYS = """
SELECT m.id AS member_id, d.reward, d.occasion
FROM unnest($2::numeric[], $3::date[], $4::text[], $5::text[]) AS d (key, day, occasion, reward)
JOIN member m ON m.brand_id = $1 AND m.birthday IS NOT NULL
    AND (extract(month FROM m.birthday) * 100 + extract(day FROM m.birthday)) = d.key
WHERE m.birthday <= d.day AND (m.joined_at AT TIME ZONE $6)::date <= d.day
  AND NOT EXISTS (SELECT FROM automatic_reward a WHERE a.member_id = m.id
                  AND a.reward = d.reward AND (a.occasion = d.occasion
                      OR starts_with(a.occasion, 'birthday ') AND a.redemption_id IS NOT NULL
                         AND (a.given_at AT TIME ZONE $6)::date > d.day - 300))
ORDER BY d.day, m.id LIMIT $7
"""
_INSERT = """
INSERT INTO automatic_reward (brand_id, member_id, reward, occasion, given_at, redemption_id,
    refusal, ladder, tier, before, undone_at)
SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[],
    $7::text[], $8::text[], $9::text[], $10::text[], $11::timestamptz[]) AS n
"""

_SAME_OCCASION = """
SELECT old.member_id, old.reward, old.occasion, old.redemption_id,
       old.occasion || ' ' || old.member_id::text AS renamed
FROM unnest($1::uuid[], $2::uuid[]) AS n(old, new)
JOIN automatic_reward old ON old.member_id = n.old
WHERE EXISTS (
    SELECT FROM automatic_reward o JOIN unnest($1::uuid[], $2::uuid[]) AS m(old, new)
        ON o.member_id IN (m.old, m.new)
    WHERE m.new = n.new AND o.member_id <> old.member_id
      AND (o.reward, o.occasion) = (old.reward, old.occasion))
"""
_RENAME = """
WITH n AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[])
        AS n(member_id, reward, occasion, redemption_id, renamed)
), told AS (
    UPDATE redemption SET automatic = n.renamed FROM n WHERE id = n.redemption_id
)
UPDATE automatic_reward a SET occasion = n.renamed FROM n
WHERE (a.member_id, a.reward, a.occasion) = (n.member_id, n.reward, n.occasion)
"""
_JOIN = """
WITH n AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS n(old, new)), asked AS (
    UPDATE redemption SET member_id = n.new FROM n WHERE member_id = n.old
), gone AS (
    DELETE FROM reward_look USING n WHERE member_id = n.old
    RETURNING n.new, brand_id, due_at
), moved AS (
    INSERT INTO reward_look (member_id, brand_id, due_at)
    SELECT new, brand_id, min(due_at) FROM gone GROUP BY new, brand_id
    ON CONFLICT (member_id) DO UPDATE SET due_at = least(reward_look.due_at, excluded.due_at)
)
UPDATE automatic_reward SET member_id = n.new FROM n WHERE member_id = n.old
"""


class Funds(NamedTuple):
    """What a member can spend, and when more comes by time alone, None for never."""

    spendable: int
    next_at: datetime | None


async def funds(
    session: Session, now: datetime, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, Funds]:
    """Return what these members can spend, those of them that have a wallet."""
    rows = await session.fetch(_FUNDS, brand_id, now, list(member_ids), AWAITING_RELEASE)
    return {row["member_id"]: Funds(row["spendable"], row["next_at"]) for row in rows}


async def payers(session: Session, redemption_ids: Collection[UUID]) -> set[UUID]:
    """Return the members who paid anything of these redemptions."""
    rows = await session.fetch(
        "SELECT DISTINCT coalesce(m.merged_into, m.id) AS member_id FROM redemption_part p"
        " JOIN member m ON m.id = p.member_id WHERE p.redemption_id = ANY ($1)",
        list(redemption_ids),
    )
    return {row["member_id"] for row in rows}


async def look_again(
    session: Session, brand_id: int, looks: Sequence[tuple[UUID, datetime | None]]
) -> None:
    """Remember when to look at these members again, None for never."""
    await session.fetch(
        _LOOKS, brand_id, [member_id for member_id, _ in looks], [at for _, at in looks]
    )


async def due(session: Session, now: datetime, brand_id: int, limit: int) -> list[UUID]:
    """Return up to ``limit`` members of a brand to look at ``now``."""
    rows = await session.fetch(
        "SELECT member_id FROM reward_look WHERE brand_id = $1 AND due_at <= $2"
        " ORDER BY due_at, member_id LIMIT $3",
        brand_id,
        now,
        limit,
    )
    return [row["member_id"] for row in rows]


async def look_at_all(
    session: Session, now: datetime, brand_id: int, version_id: int, price: int
) -> None:
    """Remember to look at everybody who has the price, once as a version begins."""
    if await session.value(_START, brand_id, version_id) is not None:
        await session.fetch(_ALL, brand_id, now, price)


async def birthdays(
    session: Session,
    brand_id: int,
    zone: str,
    wanted: Iterable[tuple[BirthdaysOn, str]],
    limit: int,
) -> list[tuple[UUID, str, str]]:
    """Return up to ``limit`` members with a birthday to decide on: (member, reward, occasion)."""
    rows = [(key, on.day, on.occasion, reward) for on, reward in wanted for key in on.keys]
    if not rows:
        return []
    columns = (list(column) for column in zip(*rows, strict=True))
    found = await session.fetch(_BIRTHDAYS, brand_id, *columns, zone, limit)
    return [tuple(row) for row in found]


async def decided(session: Session, wanted: Sequence[Given]) -> set[tuple[UUID, str, str]]:
    """Return what was decided of these before, as (member, reward, occasion)."""
    rows = await session.fetch(
        "SELECT member_id, reward, occasion FROM automatic_reward"
        " JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS k (member_id, reward, occasion)"
        " USING (member_id, reward, occasion)",
        [each.member_id for each in wanted],
        [each.reward for each in wanted],
        [each.occasion for each in wanted],
    )
    return {(row["member_id"], row["reward"], row["occasion"]) for row in rows}


async def of_climbs(session: Session, member_ids: Collection[UUID]) -> dict[Climb, list[Given]]:
    """Return what moves up gave these members."""
    rows = await session.fetch(
        "SELECT member_id, reward, occasion, given_at, redemption_id, refusal, ladder, tier,"
        " before, undone_at FROM automatic_reward"
        " WHERE member_id = ANY ($1) AND ladder IS NOT NULL",
        list(member_ids),
    )
    found: dict[Climb, list[Given]] = {}
    for row in rows:
        climb = Climb(row["member_id"], row["reward"], row["ladder"])
        found.setdefault(climb, []).append(Given(*row))
    return found


async def insert(session: Session, brand_id: int, rows: Sequence[Given]) -> None:
    """Write down what was decided."""
    if rows:
        await session.fetch(
            _INSERT, brand_id, *(list(column) for column in zip(*rows, strict=True))
        )


async def change(session: Session, rows: Sequence[Given]) -> None:
    """Write what became of moves: their redemptions and that they are undone."""
    if not rows:
        return
    await session.fetch(
        "UPDATE automatic_reward a SET redemption_id = c.redemption_id, undone_at = c.undone_at"
        " FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])"
        " AS c (member_id, reward, occasion, redemption_id, undone_at)"
        " WHERE (a.member_id, a.reward, a.occasion) = (c.member_id, c.reward, c.occasion)",
        [row.member_id for row in rows],
        [row.reward for row in rows],
        [row.occasion for row in rows],
        [row.redemption_id for row in rows],
        [row.undone_at for row in rows],
    )


async def join(session: Session, into: Mapping[UUID, UUID]) -> None:
    """Let the members that ``into`` names have redeemed what those did who turn out to be them.

    Where both got a reward on the same occasion, that of who is absorbed is called by its member
    too: both were given.
    """
    pairs = list(into), list(into.values())
    same = await session.fetch(_SAME_OCCASION, *pairs)
    if same:
        columns = (list(column) for column in zip(*same, strict=True))
        await session.fetch(_RENAME, *columns)
    await session.fetch(_JOIN, *pairs)


async def forget(session: Session, member_ids: Collection[UUID]) -> None:
    """Look at these members no more."""
    await session.fetch("DELETE FROM reward_look WHERE member_id = ANY ($1)", list(member_ids))
