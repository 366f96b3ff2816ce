"""The verb that makes two wallets one, and what keeps it so when points come back to the old one.

Lots change their wallet and nothing else, so that they end, are released, taken back and given
back as they would have been; the ledger shows it as a journal of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.ledger.rules import AMOUNT_MAX, Journal, Transfer
from domain.wallets import service_debt, store
from domain.wallets.queries import Books
from domain.wallets.rules import alive
from domain.wallets.service_posting import post_all
from kit.db import Session
from kit.ids import derived_id

MERGE = "merge"
"""What journals and transfers are called that only bring together what one person has."""

_ABSORBED = """
SELECT w.member_id, w.account_id, w.debt, coalesce(l.points, 0)::bigint AS points
FROM wallet w LEFT JOIN LATERAL (
    SELECT sum(remaining) AS points FROM lot WHERE account_id = w.account_id AND remaining > 0
) AS l ON true
WHERE w.brand_id = $1 AND w.asset_id = $2 AND w.member_id = ANY ($3) ORDER BY w.account_id
"""

# By their journals: no index knows the lots of a wallet of which nothing is left.
_LOTS = """
UPDATE lot SET account_id = n.new FROM unnest($1::bigint[], $2::bigint[]) AS n(old, new)
WHERE lot.account_id = n.old AND lot.journal_id IN (
    SELECT t.journal_id FROM wallet w JOIN transfer t ON t.credit_account = w.account_id
    WHERE w.account_id = n.old OR w.merged_into = n.old)
"""

_FORGIVEN = """
UPDATE forgiveness SET account_id = n.new FROM unnest($1::bigint[], $2::bigint[]) AS n(old, new)
WHERE account_id = n.old AND collected < points
"""

_SUMS = """
UPDATE wallet SET debt = wallet.debt + s.debt, forgiven = wallet.forgiven + s.forgiven
FROM (SELECT n.new, sum(w.debt) AS debt, sum(w.forgiven) AS forgiven
      FROM unnest($1::bigint[], $2::bigint[]) AS n(old, new) JOIN wallet w ON w.account_id = n.old
      GROUP BY n.new) AS s
WHERE wallet.account_id = s.new
"""

_ENDED = """
UPDATE wallet SET debt = 0, forgiven = 0, merged_into = n.new
FROM unnest($1::bigint[], $2::bigint[]) AS n(old, new)
WHERE wallet.account_id = n.old OR wallet.merged_into = n.old
"""


class _Absorbed(NamedTuple):
    member_id: UUID
    account_id: int
    debt: int
    points: int


async def holders(session: Session, brand_id: int, member_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these members of whose points open holds reserve any."""
    rows = await session.fetch(
        "SELECT DISTINCT w.member_id FROM wallet w JOIN balance b USING (account_id)"
        " WHERE w.brand_id = $1 AND w.member_id = ANY ($2) AND b.dr_pending > 0",
        brand_id,
        list(member_ids),
    )
    return {row["member_id"] for row in rows}


async def join(
    session: Session, now: datetime, brand: Brand, books: Books, into: Mapping[UUID, UUID]
) -> dict[UUID, int]:
    """Let the members that ``into`` names have what those had who turn out to be them.

    Lots keep their ends, debts and what was forgiven are added up. Returns how many points each
    absorbed member brought along, those included that have ended and are not booked. The caller
    holds the wallets of all of them and has seen that no open hold reserves anything of who is
    absorbed; once ends are dated anew, `pay` lets debts be paid.
    """
    rows = await session.fetch(_ABSORBED, brand.id, books.asset_id, list(into))
    absorbed = [_Absorbed(*row) for row in rows]
    accounts = await _accounts(session, brand, books, set(into.values()))
    to = {each.account_id: accounts[into[each.member_id]] for each in absorbed}
    indebted = [each.account_id for each in absorbed if each.debt]
    debt_of = await service_debt.open_accounts(
        session, brand, books, {*indebted, *(to[account] for account in indebted)}
    )
    journals = [
        _journal(now, brand, books, each, to[each.account_id], debt_of)
        for each in absorbed
        if each.points or each.debt
    ]
    await post_all(session, now, brand, journals)
    pairs = list(to), list(to.values())
    for statement in (_LOTS, _FORGIVEN, _SUMS, _ENDED):
        await session.fetch(statement, *pairs)
    return {each.member_id: each.points for each in absorbed}


async def pay(
    session: Session, now: datetime, brand: Brand, books: Books, member_ids: Sequence[UUID]
) -> None:
    """Let members who are in debt pay it out of all that they have and that has not ended."""
    accounts = await _accounts(session, brand, books, member_ids)
    lots = await store.open_lots(session, accounts.values())
    there = [lot for mine in lots.values() for lot in alive(mine, now)]
    await service_debt.pay(session, now, brand, books, there)


async def follow(
    session: Session,
    now: datetime,
    brand: Brand,
    books: Books,
    moves: Sequence[tuple[int, int, int, int]],
) -> None:
    """Bring points that came to the account of who was merged to where the lots are.

    ``moves`` has what each journal brought: (journal, account, wallet that has the lots, points);
    nothing is done where the two are one.
    """
    journals = [
        Journal(
            key=derived_id("merge return", str(brand.id), str(journal_id)),
            code=MERGE,
            effective_at=now,
            effective_on=brand.day(now),
            transfers=(Transfer(old, new, books.asset_id, points, MERGE),),
        )
        for journal_id, old, new, points in moves
        if old != new
    ]
    await post_all(session, now, brand, journals)


async def _accounts(
    session: Session, brand: Brand, books: Books, member_ids: Sequence[UUID] | set[UUID]
) -> dict[UUID, int]:
    rows = await session.fetch(
        "SELECT member_id, account_id FROM wallet"
        " WHERE brand_id = $1 AND asset_id = $2 AND member_id = ANY ($3)",
        brand.id,
        books.asset_id,
        list(member_ids),
    )
    return {row["member_id"]: row["account_id"] for row in rows}


def _journal(
    now: datetime,
    brand: Brand,
    books: Books,
    absorbed: _Absorbed,
    to: int,
    debt_of: Mapping[int, int],
) -> Journal:
    old = absorbed.account_id
    sides = [(old, to, absorbed.points)]
    if absorbed.debt:
        sides.append((debt_of[to], debt_of[old], absorbed.debt))
    return Journal(
        key=derived_id(MERGE, str(brand.id), str(absorbed.member_id)),
        code=MERGE,
        effective_at=now,
        effective_on=brand.day(now),
        transfers=tuple(
            Transfer(debit, credit, books.asset_id, part, MERGE)
            for debit, credit, points in sides
            for part in _parts(points)
        ),
    )


def _parts(points: int) -> list[int]:
    """Divide what moves at once into what one transfer can hold."""
    whole, rest = divmod(points, AMOUNT_MAX)
    return [AMOUNT_MAX] * whole + [rest] * bool(rest)
