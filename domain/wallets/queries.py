"""What members have. Spendable and pending follow from lots and ``now``, not from any job."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.wallets.section import NegativeBalance, NegativeLimit
from domain.wallets.store import LATE_LOT
from kit.db import Session

_BOOKS = """
SELECT s.id, s.scale, i.id, r.id, b.id FROM asset s
JOIN account i ON i.brand_id = s.brand_id AND i.asset_id = s.id AND i.code = 'issuance'
JOIN account r ON r.brand_id = s.brand_id AND r.asset_id = s.id AND r.code = 'redemption'
JOIN account b ON b.brand_id = s.brand_id AND b.asset_id = s.id AND b.code = 'breakage'
WHERE s.brand_id = $1 AND s.kind = 'points'
"""

# What holds past their deadline reserve is looked for once: with a worker at work there is none.
_BALANCES = f"""
WITH late AS MATERIALIZED (
    SELECT w.account_id, sum(u.amount)::bigint AS held,
           array_agg(ROW(l.id, l.expires_at, u.amount, x.free, x.later)
                     ORDER BY h.expires_at, t.id, l.expires_at, l.earned_at, l.id) AS parts
    FROM open_hold h JOIN transfer t ON t.id = h.transfer_id
    JOIN wallet w ON w.account_id = t.debit_account
    JOIN lot_use u ON u.journal_id = t.journal_id JOIN lot l ON l.id = u.lot_id, {LATE_LOT}
    WHERE h.expires_at <= $2 AND w.brand_id = $1 AND w.member_id = ANY ($3)
    GROUP BY w.account_id
)
SELECT w.member_id, w.account_id, w.owed, w.debt,
       b.dr_pending - coalesce(late.held, 0) AS held,
       coalesce(l.spendable, 0)::bigint AS spendable, coalesce(l.pending, 0)::bigint AS pending,
       l.points, l.ends, late.parts
FROM wallet w JOIN balance b USING (account_id) LEFT JOIN late USING (account_id)
LEFT JOIN LATERAL (
    SELECT sum(spendable) AS spendable, sum(pending) AS pending,
           array_agg(points ORDER BY expires_at) FILTER (WHERE expires_at IS NOT NULL) AS points,
           array_agg(expires_at ORDER BY expires_at) FILTER (WHERE expires_at IS NOT NULL) AS ends
    FROM (
        SELECT expires_at, sum(remaining)::bigint AS points,
               sum(remaining) FILTER (WHERE available_at <= $2) AS spendable,
               sum(remaining) FILTER (WHERE available_at > $2) AS pending
        FROM lot WHERE account_id = w.account_id AND remaining > 0
          AND (expires_at IS NULL OR expires_at > $2)
        GROUP BY expires_at
    ) AS by_end
) AS l ON true
WHERE w.brand_id = $1 AND w.member_id = ANY ($3)
"""  # noqa: S608 - made of constants

# What moved between wallets that are one by now has moved nothing.
_BETWEEN = """
code <> 'merge' AND (code <> 'gift' OR NOT EXISTS (
    SELECT FROM wallet d JOIN wallet c
        ON coalesce(c.merged_into, c.account_id) = coalesce(d.merged_into, d.account_id)
    WHERE d.account_id = debit_account AND c.account_id = credit_account))"""
_HISTORY = """
SELECT t.id, w.member_id, t.code, t.points,
       j.effective_at, t.recorded_at, j.meta ->> 'reference' AS reference,
       j.meta ->> 'rule' AS rule, j.meta ->> 'reason' AS reason, j.meta ->> 'actor' AS actor
FROM wallet w CROSS JOIN LATERAL (
    SELECT either.* FROM wallet f CROSS JOIN LATERAL (
        (SELECT *, -amount AS points FROM transfer WHERE debit_account = f.account_id
            AND kind IN (0, 2) AND {between} AND id {way} $3 ORDER BY id {order} LIMIT $4)
        UNION ALL
        (SELECT *, amount AS points FROM transfer WHERE credit_account = f.account_id
            AND kind IN (0, 2) AND {between} AND id {way} $3 ORDER BY id {order} LIMIT $4)
    ) AS either WHERE f.account_id = w.account_id OR f.merged_into = w.account_id
    ORDER BY id {order} LIMIT $4
) AS t JOIN journal j ON j.id = t.journal_id
WHERE w.brand_id = $1 AND w.member_id = ANY ($2) ORDER BY t.id {order}
"""
_MOVEMENTS = """
SELECT t.id, w.member_id, t.code,
       CASE WHEN t.credit_account = f.account_id THEN t.amount ELSE -t.amount END AS points,
       j.effective_at, t.recorded_at, j.meta ->> 'reference' AS reference,
       j.meta ->> 'rule' AS rule, j.meta ->> 'reason' AS reason, j.meta ->> 'actor' AS actor
FROM unnest($2::uuid[], $3::bigint[]) AS asked (member_id, id)
JOIN wallet w ON w.brand_id = $1 AND w.member_id = asked.member_id
JOIN wallet f ON f.account_id = w.account_id OR f.merged_into = w.account_id
JOIN transfer t ON t.id = asked.id AND t.kind IN (0, 2) AND t.code <> 'merge'
    AND f.account_id IN (t.debit_account, t.credit_account)
JOIN journal j ON j.id = t.journal_id
"""


@dataclass(frozen=True, slots=True)
class Books:
    """A brand's points unit and the accounts that its members' points come from and go to."""

    asset_id: int
    scale: int
    issuance: int
    redemption: int
    breakage: int


@dataclass(frozen=True, slots=True)
class Expiry:
    """Points that are gone from ``at`` on, unless they are spent before."""

    points: int
    at: datetime


@dataclass(frozen=True, slots=True)
class WalletBalance:
    """What a member has, in the asset's smallest unit. ``total`` is spendable plus pending.

    ``held`` is reserved by holds up to their deadline and in neither; ``debt`` is what the next
    points will pay. Where a balance may go below zero, ``spendable`` shows it. ``upcoming`` has all
    expiries to come, the nearest first.
    """

    member_id: UUID
    account_id: int
    spendable: int
    pending: int
    held: int
    upcoming: tuple[Expiry, ...]
    debt: int = 0

    @property
    def total(self) -> int:
        """Everything the member has that is not reserved."""
        return self.spendable + self.pending


@dataclass(frozen=True, slots=True)
class Movement:
    """Points that came (positive) or went (negative), and why.

    ``code`` is accrual, prize, adjustment, revival, redemption, return, gift, expiry, claw_back,
    debt_payment or erasure. ``rule`` is the programme's rule that gave or takes them; ``reason``
    and ``actor`` are whose decision it was, for what no rule decided.
    """

    id: int
    member_id: UUID
    code: str
    points: int
    effective_at: datetime
    recorded_at: datetime
    reference: str | None
    rule: str | None = None
    reason: str | None = None
    actor: str | None = None


async def books(session: Session, brand_id: int) -> Books | None:
    """Return the brand's points unit and accounts, None before its first programme."""
    row = await session.one(_BOOKS, brand_id)
    return Books(*row) if row else None


async def balances(
    session: Session,
    now: datetime,
    brand_id: int,
    member_ids: Sequence[UUID],
    policy: NegativeBalance = "refuse",
) -> dict[UUID, WalletBalance]:
    """Return what these members of the brand have at ``now``, in one statement.

    A hold past its deadline is over, whether or not that is booked. Where ``policy`` lets a
    balance go below zero by a limit, a debt is taken off what is spendable; else it is told apart.
    """
    rows = await session.fetch(_BALANCES, brand_id, now, list(member_ids))
    return {row["member_id"]: _balance(row, now, policy) for row in rows}


def _balance(row: asyncpg.Record, now: datetime, policy: NegativeBalance) -> WalletBalance:
    ends: dict[datetime, int] = dict(zip(row["ends"] or (), row["points"] or (), strict=True))
    back, debt = _let_go(row, now)
    for at, points in back:
        if at is not None and points:
            ends[at] = ends.get(at, 0) + points
    below_zero = debt if isinstance(policy, NegativeLimit) else 0
    return WalletBalance(
        member_id=row["member_id"],
        account_id=row["account_id"],
        spendable=row["spendable"] + sum(points for _, points in back) - below_zero,
        pending=row["pending"],
        held=row["held"],
        upcoming=tuple(Expiry(ends[at], at) for at in sorted(ends)),
        debt=debt,
    )


def _let_go(row: asyncpg.Record, now: datetime) -> tuple[list[tuple[datetime | None, int]], int]:
    """Return what holds past their deadline give back, by its end, and the debt that is left.

    What is owed and then the debt is taken out of it, as `service_owed.collect` does; what has
    ended pays only debts from before that.
    """
    owed, debt, back = row["owed"], row["debt"], []
    paid: dict[int, int] = {}
    for lot_id, at, points, free, later in row["parts"] or ():
        if at is not None and at <= now:
            part = max(0, min(points, free - paid.get(lot_id, 0), debt - later))
            paid[lot_id] = paid.get(lot_id, 0) + part
            debt -= part
            continue
        due = min(points, owed)
        part = min(points - due, debt)
        owed, debt = owed - due, debt - part
        back.append((at, points - due - part))
    return back, debt


async def history(
    session: Session,
    brand_id: int,
    member_ids: Sequence[UUID],
    *,
    first: int,
    before: int | None = None,
    after: int | None = None,
) -> dict[UUID, list[Movement]]:
    """Return up to ``first`` movements of each member, newest first, older than ``before``.

    With ``after``: those newer than it, oldest first. Ids are the order, so that pages are
    complete and free of duplicates while others write. Movements of who was merged into a member
    are the member's.
    """
    way, order, bound = ("<", "DESC", before if before is not None else 2**63 - 1)
    if after is not None:
        way, order, bound = (">", "ASC", after)
    rows = await session.fetch(
        _HISTORY.format(way=way, order=order, between=_BETWEEN),
        brand_id,
        list(member_ids),
        bound,
        first,
    )
    found: dict[UUID, list[Movement]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        found[row["member_id"]].append(Movement(*row))
    return found


async def movements(
    session: Session, brand_id: int, keys: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID, int], Movement]:
    """Return these movements by member and id; one that is not that member's is left out."""
    member_ids, ids = [member_id for member_id, _ in keys], [number for _, number in keys]
    rows = await session.fetch(_MOVEMENTS, brand_id, member_ids, ids)
    return {(row["member_id"], row["id"]): Movement(*row) for row in rows}
