"""What can be asked of the ledger. Every answer is a frozen record, never a row."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg

from domain.ledger.rules import Asset, Balance, Kind, PostedTransfer
from kit.db import Session

_TRANSFER = (
    "SELECT id, journal_id, kind, debit_account, credit_account, asset_id, amount, code,"
    " effective_on, recorded_at, pending_id, expires_at FROM transfer "
)

# A deferred account is its rollup plus the tail behind the mark, both seen in one snapshot.
_BALANCES = """
SELECT account_id, dr, cr, dr_pending, cr_pending FROM balance WHERE account_id = ANY ($1)
UNION ALL
SELECT account_id, sum(dr)::bigint, sum(cr)::bigint,
       sum(dr_pending)::bigint, sum(cr_pending)::bigint
FROM (
    SELECT account_id, dr, cr, dr_pending, cr_pending FROM rollup WHERE account_id = ANY ($1)
    UNION ALL
    SELECT a.id, 0, 0, 0, 0 FROM account a WHERE a.id = ANY ($1) AND a.mode = 1
    UNION ALL
    SELECT v.account_id, v.dr, v.cr, v.dr_pending, v.cr_pending
    FROM rollup_mark m JOIN transfer t ON t.xid >= m.upto
    CROSS JOIN LATERAL (SELECT
        CASE WHEN t.kind IN (0, 2) THEN t.amount ELSE 0 END AS posted,
        CASE WHEN t.kind = 1 THEN t.amount ELSE 0 END - coalesce(t.pending_amount, 0) AS pending
    ) AS p
    CROSS JOIN LATERAL (VALUES (t.debit_account, p.posted, 0, p.pending, 0),
                               (t.credit_account, 0, p.posted, 0, p.pending))
        AS v(account_id, dr, cr, dr_pending, cr_pending)
    JOIN account a ON a.id = v.account_id AND a.mode = 1
    WHERE v.account_id = ANY ($1)
) AS part GROUP BY account_id
"""

# Checkpoints only hold what was recorded before they were made: of use unless the question is
# about an earlier state of knowledge.
_AS_OF = """
WITH start AS (
    SELECT a.id AS account_id, p.ends_on FROM account a LEFT JOIN LATERAL (
        SELECT max(ends_on) AS ends_on FROM period p WHERE p.brand_id = a.brand_id
        AND p.ends_on <= $3 AND p.closed_at <= $2) AS p ON true
    WHERE a.id = ANY ($1)
)
SELECT account_id, sum(dr)::bigint AS dr, sum(cr)::bigint AS cr FROM (
    SELECT s.account_id, coalesce(c.dr, 0) AS dr, coalesce(c.cr, 0) AS cr FROM start s
    LEFT JOIN checkpoint c ON c.account_id = s.account_id AND c.ends_on = s.ends_on
    UNION ALL
    SELECT s.account_id, t.amount, 0 FROM start s JOIN transfer t ON t.debit_account = s.account_id
    WHERE t.kind IN (0, 2) AND t.recorded_at <= $2 AND t.effective_on <= $3
      AND t.effective_on > coalesce(s.ends_on, '-infinity')
    UNION ALL
    SELECT s.account_id, 0, t.amount FROM start s JOIN transfer t ON t.credit_account = s.account_id
    WHERE t.kind IN (0, 2) AND t.recorded_at <= $2 AND t.effective_on <= $3
      AND t.effective_on > coalesce(s.ends_on, '-infinity')
) AS part GROUP BY account_id
"""


async def asset(session: Session, brand_id: int, code: str) -> Asset | None:
    """Return the brand's asset ``code``, or None."""
    row = await session.one(
        "SELECT id, brand_id, code, scale, kind FROM asset WHERE brand_id = $1 AND code = $2",
        brand_id,
        code,
    )
    return Asset(**dict(row)) if row else None


async def balances(session: Session, account_ids: Sequence[int]) -> dict[int, Balance]:
    """Return the exact balances of accounts of either mode, in one statement."""
    rows = await session.fetch(_BALANCES, list(account_ids))
    return {row["account_id"]: Balance(*row) for row in rows}


async def balances_as_of(
    session: Session,
    account_ids: Sequence[int],
    *,
    recorded_at: datetime,
    effective_on: date,
) -> dict[int, Balance]:
    """Return posted totals over what had been recorded by one instant and took effect by a day.

    The answer for ``recorded_at`` is final once no transaction that began before it still runs.
    """
    rows = await session.fetch(_AS_OF, list(account_ids), recorded_at, effective_on)
    return {row["account_id"]: Balance(row["account_id"], row["dr"], row["cr"]) for row in rows}


async def statement(
    session: Session,
    account_id: int,
    *,
    first: int,
    before: int | None = None,
    after: int | None = None,
) -> list[PostedTransfer]:
    """Return up to ``first`` transfers of an account, by id: newest first, or behind ``after``.

    With ``before``: those older than that id, newest first. With ``after``: those newer, oldest
    first. Free of duplicates while others write, and of gaps for an inline account, whose ids are
    in the order of commits. On a deferred account a low id may commit after a page was read.
    """
    if after is not None:
        rows = await session.fetch(
            f"({_TRANSFER} WHERE debit_account = $1 AND id > $2 ORDER BY id LIMIT $3) UNION ALL"
            f" ({_TRANSFER} WHERE credit_account = $1 AND id > $2 ORDER BY id LIMIT $3)"
            " ORDER BY id LIMIT $3",
            account_id,
            after,
            first,
        )
    else:
        rows = await session.fetch(
            f"({_TRANSFER} WHERE debit_account = $1 AND id < $2 ORDER BY id DESC LIMIT $3)"
            f" UNION ALL ({_TRANSFER} WHERE credit_account = $1 AND id < $2 ORDER BY id DESC"
            " LIMIT $3) ORDER BY id DESC LIMIT $3",
            account_id,
            before if before is not None else 2**63 - 1,
            first,
        )
    return [_transfer(row) for row in rows]


async def transfers(
    session: Session, brand_id: int, transfer_ids: Sequence[int]
) -> dict[int, PostedTransfer]:
    """Return the named transfers of a brand by id."""
    rows = await session.fetch(
        _TRANSFER + "WHERE id = ANY ($1) AND brand_id = $2", list(transfer_ids), brand_id
    )
    return {row["id"]: _transfer(row) for row in rows}


async def journal_transfers(
    session: Session, brand_id: int, journal_ids: Sequence[int]
) -> dict[int, list[PostedTransfer]]:
    """Return the transfers of the named journals of a brand, in the order posted."""
    rows = await session.fetch(
        _TRANSFER + "WHERE journal_id = ANY ($1) AND brand_id = $2 ORDER BY id",
        list(journal_ids),
        brand_id,
    )
    found: dict[int, list[PostedTransfer]] = {}
    for row in rows:
        found.setdefault(row["journal_id"], []).append(_transfer(row))
    return found


async def closed_to(session: Session, brand_id: int) -> date | None:
    """Return the last closed day of the brand's books, and keep it so until the commit."""
    day: date | None = await session.value("SELECT ledger_closed_to($1)", brand_id)
    return day


def _transfer(row: asyncpg.Record) -> PostedTransfer:
    return PostedTransfer(row[0], row[1], Kind(row[2]), *row[3:])


async def known_keys(session: Session, brand_id: int, keys: Sequence[UUID]) -> set[UUID]:
    """Return those of ``keys`` under which a journal is stored already."""
    rows = await session.fetch(
        "SELECT key FROM journal WHERE brand_id = $1 AND key = ANY ($2)", brand_id, list(keys)
    )
    return {row["key"] for row in rows}
