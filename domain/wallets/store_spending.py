"""How spendings, what came back of them, and what was forgiven are loaded and written."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.wallets.rules import Claim, Lot
from kit.db import Session

_SPENDINGS = """
SELECT h.id, p.id AS transfer_id, h.debit_account, w.account_id, w.member_id, h.credit_account,
       p.effective_on, p.amount, coalesce((SELECT sum(t.amount) FROM hold_return r
           JOIN transfer t USING (journal_id) WHERE r.hold_id = h.id), 0)::bigint AS returned,
       w.erased_at IS NOT NULL AS erased
FROM transfer h JOIN transfer p ON p.pending_id = h.id AND p.kind = 2
JOIN wallet a ON a.account_id = h.debit_account
JOIN wallet w ON w.account_id = coalesce(a.merged_into, a.account_id)
WHERE h.brand_id = $1 AND h.id = ANY ($2)
"""

# What the hold took, less what its end gave back, less what came back since.
_SPENT = """
WITH step AS (
    SELECT id AS hold_id, journal_id FROM transfer WHERE brand_id = $1 AND id = ANY ($2)
    UNION ALL
    SELECT pending_id, journal_id FROM transfer WHERE brand_id = $1 AND pending_id = ANY ($2)
    UNION ALL
    SELECT hold_id, journal_id FROM hold_return WHERE hold_id = ANY ($2)
), spent AS (
    SELECT hold_id, lot_id, sum(amount)::bigint AS points FROM step JOIN lot_use USING (journal_id)
    GROUP BY hold_id, lot_id HAVING sum(amount) > 0
)
SELECT s.hold_id, s.points, l.id, l.account_id, l.journal_id, l.remaining, l.earned_at,
       l.available_at, l.expires_at
FROM spent s JOIN lot l ON l.id = s.lot_id
"""


@dataclass(frozen=True, slots=True)
class Spending:
    """What a hold spent by ``transfer_id``, and how much of it is back. ``credit`` got it.

    ``debit`` spent it; ``account_id`` has the lots: another one if its member was merged.
    """

    hold_id: int
    transfer_id: int
    debit: int
    account_id: int
    member_id: UUID
    credit: int
    day: date
    points: int
    returned: int
    erased: bool


async def spendings(
    session: Session, brand_id: int, hold_ids: Collection[int]
) -> dict[int, Spending]:
    """Return those of these holds that members spent, by id."""
    rows = await session.fetch(_SPENDINGS, brand_id, list(hold_ids))
    return {row["id"]: Spending(*row) for row in rows}


async def spent(
    session: Session, brand_id: int, hold_ids: Collection[int]
) -> dict[int, list[tuple[Lot, int]]]:
    """Return which lots these holds have spent how much of, less what is back, by hold."""
    found: dict[int, list[tuple[Lot, int]]] = {}
    for row in await session.fetch(_SPENT, brand_id, list(hold_ids)):
        hold_id, points, *lot = row
        found.setdefault(hold_id, []).append((Lot(*lot), points))
    return found


async def record_returns(session: Session, returns: Sequence[tuple[int, int]]) -> None:
    """Remember which journals gave back what which holds had spent."""
    await session.fetch(
        "INSERT INTO hold_return (journal_id, hold_id)"
        " SELECT * FROM unnest($1::bigint[], $2::bigint[])",
        [journal_id for journal_id, _ in returns],
        [hold_id for _, hold_id in returns],
    )


async def claims(session: Session, account_ids: Collection[int]) -> dict[int, list[Claim]]:
    """Return what these wallets were forgiven and has not been taken since, the oldest first."""
    rows = await session.fetch(
        "SELECT account_id, id, upto, forgiven_at, points - collected AS points, EXISTS ("
        "SELECT FROM wallet w JOIN transfer t ON t.debit_account = w.account_id"
        " WHERE (w.account_id = f.account_id OR w.merged_into = f.account_id)"
        " AND t.id <= upto AND t.code = 'gift') AS gave FROM forgiveness f"
        " WHERE account_id = ANY ($1) AND collected < points ORDER BY id",
        list(account_ids),
    )
    found: dict[int, list[Claim]] = {}
    for row in rows:
        account_id, *claim = row
        found.setdefault(account_id, []).append(Claim(*claim))
    return found


async def collected(session: Session, taken: dict[int, int]) -> None:
    """Write how much was taken of what was forgiven, by the ids of the claims."""
    await session.fetch(
        "WITH n AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS n(id, points)),"
        " done AS (UPDATE forgiveness f SET collected = f.collected + n.points FROM n"
        " WHERE f.id = n.id RETURNING f.account_id, n.points)"
        " UPDATE wallet w SET forgiven = w.forgiven - d.points FROM (SELECT account_id,"
        " sum(points) AS points FROM done GROUP BY account_id) AS d"
        " WHERE w.account_id = d.account_id",
        list(taken),
        list(taken.values()),
    )
