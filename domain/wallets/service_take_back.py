"""The verb that takes back what an accrual gave, and what becomes of the points that are gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.ledger import queries as ledger_queries
from domain.ledger.rules import Journal, Transfer
from domain.wallets import service_debt, store
from domain.wallets.queries import Books
from domain.wallets.rules import Lot, Take, claw_back, debt_room, open_day, total, without
from domain.wallets.section import NegativeBalance
from domain.wallets.service_hold import settle_late
from domain.wallets.service_owed import owe
from domain.wallets.service_posting import post_all
from domain.wallets.store import Lost, LotChange
from kit.db import Session


@dataclass(frozen=True, slots=True)
class ClawBack:
    """Points of the accrual by journal ``source`` to take back, which ``rule`` had given."""

    key: UUID
    account_id: int
    points: int
    source: int
    at: datetime
    reference: str
    rule: str


@dataclass(frozen=True, slots=True)
class ClawedBack:
    """What became of a claw-back: ``points`` were there, ``owed`` more became a debt.

    ``journal_id`` is None if both are zero.
    """

    journal_id: int | None
    points: int
    owed: int


@dataclass(slots=True)
class _Ground:
    """What claw-backs are decided on, changed by each for those after it."""

    lots: dict[int, list[Lot]]
    lost: dict[int, Lost]
    debts: dict[int, int]


@dataclass(frozen=True, slots=True)
class _Decided:
    item: ClawBack
    takes: list[Take]
    owed: int
    missing: int
    forgone: int

    @property
    def points(self) -> int:
        return total(self.takes)


async def take_back(
    session: Session,
    now: datetime,
    brand: Brand,
    books: Books,
    items: Sequence[ClawBack],
    policy: NegativeBalance = "refuse",
) -> list[ClawedBack]:
    """Take points back as far as they are there; return what became of each item.

    What the member has spent already is forgiven, or becomes a debt by ``policy``, down to its
    limit, which the next points pay. What the accrual itself lost by expiry is neither: that
    would be taken twice. It is forgone, until it turns out that it was not lost: see
    `service_forgone`. What is forgiven while open holds reserve points is owed until they
    end. The caller holds the wallets' locks and has seen that the keys are new.
    """
    accounts = {item.account_id for item in items}
    await settle_late(session, now, brand, accounts)
    ground = _Ground(
        await store.open_lots(session, accounts),
        await store.lost(session, now, [item.source for item in items]),
        {} if policy == "refuse" else await store.debts(session, accounts),
    )
    decided = [_decide(ground, item, policy, books.scale, now) for item in items]
    debtors = {each.item.account_id for each in decided if each.owed}
    debt_of = await service_debt.open_accounts(session, brand, books, debtors)
    closed = await ledger_queries.closed_to(session, brand.id)
    wanted = [each for each in decided if each.points or each.owed]
    journal_ids = await post_all(
        session,
        now,
        brand,
        [_journal(brand, books, each, debt_of, closed, now) for each in wanted],
    )
    await store.change(
        session,
        [
            LotChange(journal_id, take.lot_id, take.amount, 0)
            for each, journal_id in zip(wanted, journal_ids, strict=True)
            for take in each.takes
        ],
    )
    await store.change_debts(session, [(each.item.account_id, each.owed) for each in wanted])
    await store.change_forgone(
        session,
        [(ground.lost[each.item.source].lot_id, each.forgone) for each in decided if each.forgone],
    )
    await owe(session, now, [(each.item.account_id, each.missing) for each in decided])
    ids = iter(journal_ids)
    return [
        ClawedBack(next(ids) if each.points or each.owed else None, each.points, each.owed)
        for each in decided
    ]


def _decide(
    ground: _Ground, item: ClawBack, policy: NegativeBalance, scale: int, now: datetime
) -> _Decided:
    mine = ground.lots.get(item.account_id, [])
    gone = 0
    lost = ground.lost.get(item.source)
    if lost is not None:
        gone = min(item.points, max(0, lost.points - lost.forgone))
        ground.lost[item.source] = lost._replace(forgone=lost.forgone + gone)
    due = item.points - gone
    takes = claw_back(mine, due, item.source, now)
    ground.lots[item.account_id] = without(mine, takes)
    rest = due - total(takes)
    debt = ground.debts.get(item.account_id, 0)
    owed = min(rest, debt_room(policy, scale, debt, rest))
    ground.debts[item.account_id] = debt + owed
    return _Decided(item, takes, owed, rest - owed, gone)


def _journal(
    brand: Brand,
    books: Books,
    decided: _Decided,
    debt_of: dict[int, int],
    closed: date | None,
    now: datetime,
) -> Journal:
    item = decided.item
    sides = [(item.account_id, decided.points)]
    if decided.owed:
        sides.append((debt_of[item.account_id], decided.owed))
    return Journal(
        key=item.key,
        code="claw_back",
        effective_at=item.at,
        effective_on=open_day(brand, item.at, closed, now),
        transfers=tuple(
            Transfer(account, books.issuance, books.asset_id, points, "claw_back")
            for account, points in sides
            if points
        ),
        meta={"reference": item.reference, "rule": item.rule},
    )
