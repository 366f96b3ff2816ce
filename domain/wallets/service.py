"""The verbs that change what a member has: accrue, take back, hold, settle, release.

Every verb locks the wallets it touches first, decides on what it then reads, posts to the ledger
and writes the lots, so that lots and ledger agree at every commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson

from domain.brands.rules import Brand
from domain.ledger import queries as ledger_queries
from domain.ledger import service as ledger
from domain.ledger.rules import (
    Bound,
    Journal,
    Kind,
    Mode,
    NewAccount,
    Outcome,
    Resolution,
    Transfer,
)
from domain.members import service as members
from domain.members.queries import Member
from domain.members.service import NewMember
from domain.wallets import store
from domain.wallets.queries import Books
from domain.wallets.rules import Lot, Take, claw_back, consume, keep, lost
from domain.wallets.section import PointsSection
from domain.wallets.service_owed import Ended, collect, owe
from domain.wallets.store import LotChange
from kit.db import LostRaceError, Session
from kit.errors import LaurelError
from kit.ids import content_hash

SYSTEM_ACCOUNTS = ("issuance", "redemption", "breakage")


@dataclass(frozen=True, slots=True)
class Accrual:
    """Points to give: from when they can be spent and until before when."""

    key: UUID
    account_id: int
    points: int
    earned_at: datetime
    available_at: datetime
    expires_at: datetime | None
    reference: str


@dataclass(frozen=True, slots=True)
class ClawBack:
    """Points of the accrual by journal ``source`` to take back, as far as they are there.

    ``short`` is what earlier ones of the same source should have taken back and did not.
    """

    key: UUID
    account_id: int
    points: int
    source: int
    short: int
    at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Points to reserve for a redemption until ``expires_at``."""

    key: UUID
    member_id: UUID
    points: int
    expires_at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class HoldOutcome:
    """What became of a hold. ``code`` None: reserved under ``hold_id``."""

    hold_id: int | None
    code: str | None
    replayed: bool


async def open_books(session: Session, brand: Brand, section: PointsSection) -> Books:
    """Open the brand's points unit and its own accounts, as far as they are missing.

    Raises LaurelError (POINTS_FIXED, ASSET_SCALE): a brand's unit and scale never change.
    """
    code = await session.value(
        "SELECT code FROM asset WHERE brand_id = $1 AND kind = 'points'", brand.id
    )
    if code not in (None, section.code):
        message = f"The brand counts in {code!r}, which can't become {section.code!r}."
        raise LaurelError(message, code="POINTS_FIXED", path=("points", "code"))
    asset = await ledger.open_asset(session, brand, section.code, section.scale, "points")
    accounts = await ledger.open_accounts(
        session,
        brand.id,
        [NewAccount(asset.id, name, mode=Mode.DEFERRED) for name in SYSTEM_ACCOUNTS],
    )
    return Books(asset.id, asset.scale, *accounts)


async def open_wallets(
    session: Session, brand: Brand, books: Books, member_ids: Sequence[UUID]
) -> None:
    """Open the wallets that these members don't have yet."""
    accounts = await ledger.open_accounts(
        session,
        brand.id,
        [
            NewAccount(books.asset_id, "member", member_id, Bound.DEBITS_WITHIN_CREDITS)
            for member_id in member_ids
        ],
    )
    await session.fetch(
        "INSERT INTO wallet (account_id, brand_id, member_id, asset_id)"
        " SELECT a, $1, m, $2 FROM unnest($3::bigint[], $4::uuid[]) AS n(a, m)"
        " ORDER BY a ON CONFLICT DO NOTHING",
        brand.id,
        books.asset_id,
        accounts,
        list(member_ids),
    )


async def enrol(
    session: Session, now: datetime, brand: Brand, books: Books, newcomers: Sequence[NewMember]
) -> dict[str, Member]:
    """Enrol people together with their wallets; return all of them by external id."""
    enrolled = await members.enrol(session, now, brand, newcomers)
    await open_wallets(session, brand, books, [member.id for member in enrolled.values()])
    return enrolled


async def accrue(
    session: Session, now: datetime, brand: Brand, books: Books, accruals: Sequence[Accrual]
) -> list[int]:
    """Give points, each accrual a lot of its own; return the journals.

    The caller holds the wallets' locks and has seen that the keys are new. Raises LaurelError
    if the ledger refuses one, which then no accrual of the list survives.
    """
    closed = await ledger_queries.closed_to(session, brand.id)
    journals = [
        Journal(
            key=item.key,
            code="accrual",
            effective_at=item.earned_at,
            effective_on=open_day(brand, item.earned_at, closed, now),
            transfers=(
                Transfer(books.issuance, item.account_id, books.asset_id, item.points, "accrual"),
            ),
            meta={"reference": item.reference},
        )
        for item in accruals
    ]
    outcomes = await ledger.post(session, now, brand.id, journals)
    _all_posted(outcomes)
    await session.fetch(
        "INSERT INTO lot (brand_id, account_id, journal_id, amount, remaining, earned_at,"
        " available_at, expires_at) SELECT $1, a, j, p, p, e, v, x FROM unnest($2::bigint[],"
        " $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])"
        " AS n(a, j, p, e, v, x)",
        brand.id,
        [item.account_id for item in accruals],
        [outcome.journal_id for outcome in outcomes],
        [item.points for item in accruals],
        [item.earned_at for item in accruals],
        [item.available_at for item in accruals],
        [item.expires_at for item in accruals],
    )
    return [outcome.journal_id for outcome in outcomes]


async def take_back(
    session: Session, now: datetime, brand: Brand, books: Books, items: Sequence[ClawBack]
) -> list[tuple[int | None, int]]:
    """Take points back, never below zero; return each item's journal and how much it was.

    The caller holds the wallets' locks and has seen that the keys are new. What the member has
    spent already is not taken: the policy of a balance that never goes negative. Nor is what
    the accrual itself lost by expiry: that would be taken twice. What open holds reserve is owed
    until they end.
    """
    lots = await store.open_lots(session, {item.account_id for item in items})
    booked = await store.booked_expiry(session, [item.source for item in items])
    closed = await ledger_queries.closed_to(session, brand.id)
    short: dict[int, int] = {}
    owing: dict[int, int] = {}
    taken: list[list[Take]] = []
    journals = []
    for item in items:
        mine = lots.get(item.account_id, [])
        missed = item.short + short.get(item.source, 0)
        gone = max(0, lost(mine, item.source, now, booked.get(item.source, 0)) - missed)
        takes = claw_back(mine, max(0, item.points - gone), item.source, now)
        lots[item.account_id] = store.without(mine, takes)
        taken.append(takes)
        points = sum(take.amount for take in takes)
        short[item.source] = short.get(item.source, 0) + item.points - points
        spent = max(0, item.points - gone) - points
        if spent:
            owing[item.account_id] = owing.get(item.account_id, 0) + spent
        if points:
            journals.append(_claw_back_journal(brand, books, item, points, closed, now))
    outcomes = await ledger.post(session, now, brand.id, journals)
    _all_posted(outcomes)
    ids = iter(outcome.journal_id for outcome in outcomes)
    results = [(next(ids) if takes else None, takes) for takes in taken]
    await store.change(
        session,
        [
            LotChange(journal, take.lot_id, take.amount, 0)
            for journal, takes in results
            if journal is not None
            for take in takes
        ],
    )
    if owing:
        await owe(session, owing)
    return [(journal, sum(take.amount for take in takes)) for journal, takes in results]


def _claw_back_journal(
    brand: Brand, books: Books, item: ClawBack, points: int, closed: date | None, now: datetime
) -> Journal:
    return Journal(
        key=item.key,
        code="claw_back",
        effective_at=item.at,
        effective_on=open_day(brand, item.at, closed, now),
        transfers=(Transfer(item.account_id, books.issuance, books.asset_id, points, "claw_back"),),
        meta={"reference": item.reference},
    )


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
    if item.expires_at <= now:
        return "INVALID_DEADLINE", []
    mine = lots.get(account, [])
    takes = consume(mine, item.points, now)
    if takes is None:
        return "INSUFFICIENT_POINTS", []
    lots[account] = store.without(mine, takes)
    return None, takes


def _hold_journal(
    brand: Brand,
    books: Books,
    item: Hold,
    account: int | None,
    refusal: str | None,
    now: datetime,
) -> Journal:
    request = (str(item.member_id), str(item.points), item.expires_at, item.reference)
    transfers: tuple[Transfer, ...] = ()
    if account is not None and refusal is None:
        transfers = (
            Transfer(
                account,
                books.redemption,
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
    ended = []
    for hold_, item, outcome in done:
        spent = 0
        if item.kind is Kind.POST:
            spent = hold_.amount if item.amount is None else item.amount
        parts = keep(uses[hold_.journal_id], spent)
        lot_of = {lot.id: lot for lot, _ in uses[hold_.journal_id]}
        for lot_id, used, back in parts:
            changes.append(LotChange(outcome.journal_id, lot_id, -back, -(used + back)))
        returned = tuple((lot_of[lot_id], back) for lot_id, _, back in parts)
        ended.append(Ended(outcome.journal_id, hold_.debit, returned))
    await store.change(session, changes)
    await collect(session, now, brand, ended)
    return outcomes


def open_day(brand: Brand, instant: datetime, closed: date | None, now: datetime) -> date:
    """Return the brand's day of ``instant``, or today if the books of that day are closed."""
    day = brand.day(instant)
    return brand.day(now) if closed is not None and day <= closed else day


def _all_posted(outcomes: Sequence[Outcome]) -> None:
    if any(outcome.replayed for outcome in outcomes):
        # The caller saw that its keys were new: somebody with another wallet was faster.
        raise LostRaceError
    for outcome in outcomes:
        if outcome.refusal is not None:
            message = "The ledger refused a movement that the wallet had decided."
            raise LaurelError(message, code=outcome.refusal)
