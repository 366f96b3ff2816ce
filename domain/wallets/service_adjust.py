"""The verb by which staff correct what a member has, with a reason that the member can read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson

from domain.brands.rules import Brand
from domain.ledger import queries as ledger_queries
from domain.ledger import service as ledger
from domain.ledger.rules import AMOUNT_MAX, Journal, Outcome, Transfer
from domain.wallets import service_debt, store
from domain.wallets.queries import Books
from domain.wallets.rules import (
    Lot,
    Take,
    claw_back,
    deadline,
    in_utc,
    open_day,
    total,
    without,
)
from domain.wallets.store import LotChange, NewLot
from kit.db import Session
from kit.ids import content_hash

ADJUSTMENT = "adjustment"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Points to give (positive) or take (negative) by hand, effective ``at``.

    What is given can be spent at once, until before ``expires_at`` (None: for ever); ``fixed``
    says that somebody chose that end, which then nothing moves. ``qualifying``: it counts towards
    tiers as well, which is the caller's to do.
    """

    key: UUID
    member_id: UUID
    points: int
    reason: str
    actor: str
    at: datetime
    expires_at: datetime | None = None
    qualifying: bool = False
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class AdjustOutcome:
    """What became of an adjustment. ``code`` None: it is in the books under ``journal_id``."""

    journal_id: int | None
    code: str | None
    replayed: bool


async def adjust(
    session: Session, now: datetime, brand: Brand, books: Books, items: Sequence[Adjustment]
) -> list[AdjustOutcome]:
    """Give or take points by hand; an outcome for each, in order.

    What is given opens a lot and first pays a debt; what is taken comes from the lots that
    expire first, spendable ones before pending ones, and only as a whole. Those of a list that
    give are done before those that take. An adjustment is known by its key.

    Refusals, stored under the key: MEMBER_NOT_FOUND, INVALID_AMOUNT, INVALID_DEADLINE (it would
    be gone already), INSUFFICIENT_POINTS. Not stored: KEY_CONFLICT.
    """
    accounts = await store.lock_members(
        session, brand.id, books.asset_id, {item.member_id for item in items}, living=True
    )
    closed = await ledger_queries.closed_to(session, brand.id)
    ground = _Ground(brand, books, accounts, closed, now)
    gives = [item for item in items if item.points > 0]
    takes = [item for item in items if item.points <= 0]
    answers = dict(zip(map(id, gives), await _give(session, ground, gives), strict=True))
    answers |= zip(map(id, takes), await _take(session, ground, takes), strict=True)
    return [_outcome(answers[id(item)]) for item in items]


@dataclass(frozen=True, slots=True)
class _Ground:
    """What adjustments are decided on."""

    brand: Brand
    books: Books
    accounts: dict[UUID, int]
    closed: date | None
    now: datetime


async def _give(session: Session, ground: _Ground, items: Sequence[Adjustment]) -> list[Outcome]:
    journals = [_journal(ground, item, _refusal(ground, item)) for item in items]
    outcomes = await ledger.post(session, ground.now, ground.brand.id, journals)
    lots = [
        NewLot(
            journal_id=outcome.journal_id,
            account_id=ground.accounts[item.member_id],
            amount=item.points,
            earned_at=item.at,
            available_at=item.at,
            expires_at=item.expires_at,
            fixed=item.fixed,
        )
        for item, outcome in zip(items, outcomes, strict=True)
        if outcome.transfer_ids
    ]
    if lots:
        new = await store.insert_lots(session, ground.brand.id, lots)
        await service_debt.pay(session, ground.now, ground.brand, ground.books, new)
    return outcomes


async def _take(session: Session, ground: _Ground, items: Sequence[Adjustment]) -> list[Outcome]:
    if not items:
        return []
    known = await ledger_queries.known_keys(session, ground.brand.id, [each.key for each in items])
    lots = await store.open_lots(session, ground.accounts.values())
    decided: dict[UUID, list[Take]] = {}
    journals = []
    for item in items:
        refusal = _refusal(ground, item)
        if refusal is None and item.key not in known and item.key not in decided:
            takes = _takes(lots, ground.accounts[item.member_id], -item.points, ground.now)
            refusal = None if takes else "INSUFFICIENT_POINTS"
            decided[item.key] = takes
        journals.append(_journal(ground, item, refusal))
    outcomes = await ledger.post(session, ground.now, ground.brand.id, journals)
    await store.change(
        session,
        [
            LotChange(outcome.journal_id, take.lot_id, take.amount, 0)
            for item, outcome in zip(items, outcomes, strict=True)
            if outcome.transfer_ids
            for take in decided[item.key]
        ],
    )
    return outcomes


def _takes(lots: dict[int, list[Lot]], account: int, points: int, now: datetime) -> list[Take]:
    mine = lots.get(account, [])
    takes = claw_back(mine, points, 0, now)
    if total(takes) < points:
        return []
    lots[account] = without(mine, takes)
    return takes


def _refusal(ground: _Ground, item: Adjustment) -> str | None:
    if item.member_id not in ground.accounts:
        return "MEMBER_NOT_FOUND"
    if not 0 < abs(item.points) <= AMOUNT_MAX:
        return "INVALID_AMOUNT"
    end = item.expires_at
    if item.points < 0 or end is None:
        return None
    # The programme's own end may be as far away as it says.
    if not deadline(end, ground.now) if item.fixed else end <= ground.now:
        return "INVALID_DEADLINE"
    return None


def _journal(ground: _Ground, item: Adjustment, refusal: str | None) -> Journal:
    books = ground.books
    transfers: tuple[Transfer, ...] = ()
    if refusal is None:
        member = ground.accounts[item.member_id]
        gives = item.points > 0
        debit, credit = (books.issuance, member) if gives else (member, books.issuance)
        transfers = (Transfer(debit, credit, books.asset_id, abs(item.points), ADJUSTMENT),)
    asked = (
        str(item.member_id),
        str(item.points),
        item.reason,
        item.actor,
        # An end by the programme is not what was asked for.
        in_utc(item.expires_at) if item.fixed and item.expires_at is not None else None,
        item.qualifying,
    )
    return Journal(
        key=item.key,
        code=ADJUSTMENT,
        effective_at=item.at,
        effective_on=open_day(ground.brand, item.at, ground.closed, ground.now),
        transfers=transfers,
        meta={"reason": item.reason, "actor": item.actor},
        refusal=refusal,
        request=content_hash(orjson.dumps(asked)),
    )


def _outcome(outcome: Outcome) -> AdjustOutcome:
    refused = outcome.refusal is not None
    return AdjustOutcome(None if refused else outcome.journal_id, outcome.refusal, outcome.replayed)
