"""The verbs by which points are spent: reserve them, then spend or give back the reserved ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from domain.brands.rules import Brand
from domain.ledger import queries as ledger_queries
from domain.ledger import service as ledger
from domain.ledger.rules import Journal, Kind, Outcome, Resolution, Transfer
from domain.wallets import store
from domain.wallets.queries import Books
from domain.wallets.rules import Lot, Take, consume, deadline, in_utc, keep, without
from domain.wallets.service_forgone import spent as spent_ended
from domain.wallets.service_owed import Ended, collect
from domain.wallets.store import LotChange
from kit.db import Session
from kit.ids import content_hash, derived_id


@dataclass(frozen=True, slots=True)
class Hold:
    """Points to reserve for a redemption until ``expires_at``.

    ``credit`` is the account that gets them once they are spent; None is the brand's own.
    """

    key: UUID
    member_id: UUID
    points: int
    expires_at: datetime
    reference: str
    credit: int | None = None


@dataclass(frozen=True, slots=True)
class HoldOutcome:
    """What became of a hold. ``code`` None: reserved under ``hold_id``."""

    hold_id: int | None
    code: str | None
    replayed: bool


async def hold(
    session: Session, now: datetime, brand: Brand, books: Books, holds: Sequence[Hold]
) -> list[HoldOutcome]:
    """Reserve points, those that expire first; return an outcome for each, in order.

    Refusals, stored under the key: INSUFFICIENT_POINTS, MEMBER_NOT_FOUND, INVALID_AMOUNT,
    INVALID_DEADLINE.
    """
    accounts = await store.lock_members(
        session, brand.id, books.asset_id, {item.member_id for item in holds}
    )
    known = await ledger_queries.known_keys(session, brand.id, [item.key for item in holds])
    new = {item.member_id for item in holds if item.key not in known}
    mine = [account for member_id, account in accounts.items() if member_id in new]
    await settle_late(session, now, brand, mine)
    lots = await store.open_lots(session, accounts.values())
    decided: dict[UUID, list[Take]] = {}
    journals = []
    for item in holds:
        account = accounts.get(item.member_id)
        refusal, takes = None, decided.get(item.key, [])
        if item.key not in known and item.key not in decided:
            refusal, takes = _reserve(item, account, lots, now)
            decided[item.key] = takes
        journals.append(_hold_journal(brand, books, item, account, refusal, now))
    outcomes = await ledger.post(session, now, brand.id, journals)
    await store.change(
        session,
        [
            LotChange(outcome.journal_id, take.lot_id, take.amount, take.amount)
            for item, outcome in zip(holds, outcomes, strict=True)
            if outcome.transfer_ids
            for take in decided[item.key]
        ],
    )
    return await _hold_outcomes(session, brand, outcomes)


def _reserve(
    item: Hold, account: int | None, lots: dict[int, list[Lot]], now: datetime
) -> tuple[str | None, list[Take]]:
    if account is None:
        return "MEMBER_NOT_FOUND", []
    if item.points <= 0:
        return "INVALID_AMOUNT", []
    if not deadline(item.expires_at, now):
        return "INVALID_DEADLINE", []
    mine = lots.get(account, [])
    takes = consume(mine, item.points, now)
    if takes is None:
        return "INSUFFICIENT_POINTS", []
    lots[account] = without(mine, takes)
    return None, takes


def _hold_journal(
    brand: Brand,
    books: Books,
    item: Hold,
    account: int | None,
    refusal: str | None,
    now: datetime,
) -> Journal:
    request = [str(item.member_id), str(item.points), in_utc(item.expires_at), item.reference]
    if item.credit is not None:
        request.append(item.credit)
    transfers: tuple[Transfer, ...] = ()
    if account is not None and refusal is None:
        transfers = (
            Transfer(
                account,
                books.redemption if item.credit is None else item.credit,
                books.asset_id,
                item.points,
                "redemption",
                kind=Kind.PENDING,
                expires_at=item.expires_at,
            ),
        )
    return Journal(
        key=item.key,
        code="hold",
        effective_at=now,
        effective_on=brand.day(now),
        transfers=transfers,
        meta={"reference": item.reference},
        refusal=refusal,
        request=content_hash(orjson.dumps(request)),
    )


async def _hold_outcomes(
    session: Session, brand: Brand, outcomes: Sequence[Outcome]
) -> list[HoldOutcome]:
    again = [item.journal_id for item in outcomes if item.replayed and item.refusal is None]
    first = await ledger_queries.journal_transfers(session, brand.id, again) if again else {}
    results = []
    for item in outcomes:
        ids = item.transfer_ids or tuple(each.id for each in first.get(item.journal_id, ()))
        results.append(
            HoldOutcome(
                ids[0] if ids and item.refusal is None else None, item.refusal, item.replayed
            )
        )
    return results


async def settle(
    session: Session, now: datetime, brand: Brand, items: Sequence[Resolution]
) -> list[Outcome]:
    """End holds: spend them (all or ``amount`` of it), void them, or expire them.

    What is not spent goes back into the lots it came from, with their old expiry, less what
    refunds could not take because of the hold. Refusals are those of the ledger: HOLD_NOT_FOUND,
    HOLD_RESOLVED, HOLD_EXPIRED, EXCEEDS_HOLD and others.
    """
    held = await ledger_queries.transfers(session, brand.id, [item.hold_id for item in items])
    await store.lock_accounts(session, brand.id, {hold.debit for hold in held.values()})
    outcomes = await ledger.resolve(session, now, brand, items)
    done = [
        (held[item.hold_id], item, outcome)
        for item, outcome in zip(items, outcomes, strict=True)
        if outcome.transfer_ids
    ]
    uses = await store.reserved(session, [hold.journal_id for hold, _, _ in done])
    changes = []
    returned: list[list[tuple[Lot, int]]] = []
    for hold_, item, outcome in done:
        spent = 0
        if item.kind is Kind.POST:
            spent = hold_.amount if item.amount is None else item.amount
        lot_of = {lot.id: lot for lot, _ in uses[hold_.journal_id]}
        parts = keep(uses[hold_.journal_id], spent)
        for lot_id, used, back in parts:
            changes.append(LotChange(outcome.journal_id, lot_id, -back, -(used + back)))
        returned.append([(lot_of[lot_id], back) for lot_id, _, back in parts])
    await store.change(session, changes)
    over = [lot.id for hold_, _, _ in done for lot, _ in uses[hold_.journal_id] if lot.expired(now)]
    left = await spent_ended(session, now, brand, over) if over else {}
    ended = [
        Ended(outcome.journal_id, hold_.debit, _capped(parts, left))
        for (hold_, _, outcome), parts in zip(done, returned, strict=True)
    ]
    await collect(session, now, brand, ended)
    return outcomes


def _capped(parts: Sequence[tuple[Lot, int]], left: dict[int, int]) -> tuple[tuple[Lot, int], ...]:
    """Return what came back less what was taken of it at once; counts it off in ``left``."""
    capped = []
    for lot, back in parts:
        there = min(back, left.get(lot.id, back))
        if lot.id in left:
            left[lot.id] -= there
        capped.append((lot, there))
    return tuple(capped)


async def settle_late(
    session: Session, now: datetime, brand: Brand, account_ids: Collection[int]
) -> None:
    """Give back what holds past their deadline reserve of these wallets; no job need have run.

    The caller holds the wallets' locks.
    """
    rows = await session.fetch(
        "SELECT t.id FROM open_hold h JOIN transfer t ON t.id = h.transfer_id"
        " WHERE h.expires_at <= $1 AND t.debit_account = ANY ($2) ORDER BY h.expires_at, t.id",
        now,
        list(account_ids),
    )
    if rows:
        await settle(session, now, brand, [expiry(row["id"]) for row in rows])


def expiry(hold_id: int) -> Resolution:
    """Return what ends a hold that is past its deadline."""
    return Resolution(derived_id("expire", str(hold_id)), hold_id, Kind.EXPIRE, "expire")
