"""The verb that records purchases: load once, decide each, store at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Literal
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning import store
from domain.earning.rules import (
    Award,
    CapKey,
    EarningRule,
    Purchase,
    award,
    cap_keys,
    compile_earning,
)
from domain.earning.rules_check import check
from domain.earning.section import EarningSection
from domain.earning.store import NewPurchase, Recorded
from domain.members import service as members
from domain.members.section import EnrolmentSection
from domain.members.service import NewMember
from domain.programmes.rules import Programme, Timeline
from domain.tiers.service import Spend, qualify
from domain.wallets import service as wallets
from domain.wallets.queries import Books, books
from domain.wallets.section import PointsSection, available_at, expires_at
from domain.wallets.service import Accrual
from domain.wallets.store import Wallet, lock_named
from kit.db import Session
from kit.errors import InvalidInputError, LaurelError
from kit.facts import Fact, record
from kit.ids import derived_id, new_id


@dataclass(frozen=True, slots=True)
class PurchaseOutcome:
    """What became of one purchase. ``points`` are those awarded, also when it is replayed."""

    external_id: str
    status: Literal["recorded", "replayed", "refused"]
    purchase_id: UUID | None = None
    member_id: UUID | None = None
    points: int = 0
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Judged:
    purchase: Purchase
    programme: Programme
    rule: EarningRule
    local: datetime
    hash: bytes


@dataclass(frozen=True, slots=True)
class _Decided:
    id: UUID
    item: _Judged
    wallet: Wallet
    award: Award


@lru_cache(maxsize=1000)
def rule_of(programme: Programme, exponent: int) -> EarningRule:
    """Return a programme's earning section as plain integers, made once per version."""
    document = programme.document
    scale = document.section(PointsSection).scale
    return compile_earning(document.section(EarningSection), exponent, scale)


async def record_purchases(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    purchases: Sequence[Purchase],
) -> list[PurchaseOutcome]:
    """Record purchases, give what they earn, count them towards tiers; an outcome for each.

    A purchase is known by its external id: the same content again is replayed, another content
    is refused (PURCHASE_CONFLICT). Each is judged by the programme in force when it happened.
    Further refusals: NO_PROGRAMME, UNKNOWN_MEMBER and those of `rules_check.check` and
    `rules.award`. A refused purchase changes nothing and does not disturb its neighbours.
    """
    outcomes: dict[int, PurchaseOutcome] = {}
    judged: dict[int, _Judged] = {}
    for position, purchase in enumerate(purchases):
        verdict = _judge(brand, timeline, purchase, now)
        if isinstance(verdict, _Judged):
            judged[position] = verdict
        else:
            outcomes[position] = refused(purchase.external_id, verdict)
    accounts = await books(session, brand.id)
    if judged:
        # Whoever applies a programme opens its books in the same transaction.
        assert accounts is not None
        outcomes |= await _record(session, now, brand, timeline, accounts, judged)
    return [outcomes[position] for position in range(len(purchases))]


def refused(external_id: str, error: LaurelError) -> PurchaseOutcome:
    """Return the outcome of a purchase that was refused with ``error``."""
    return PurchaseOutcome(
        external_id, "refused", code=error.code, message=error.message, path=error.path
    )


def _judge(
    brand: Brand, timeline: Timeline, purchase: Purchase, now: datetime
) -> _Judged | LaurelError:
    error = check(purchase, brand.currency, now)
    if error is not None:
        return error
    programme = timeline.at(purchase.occurred_at)
    if programme is None:
        return InvalidInputError(
            f"no programme of {brand.code} was in force then; apply one that starts earlier",
            code="NO_PROGRAMME",
            path=("occurred_at",),
        )
    rule = rule_of(programme, brand.currency_exponent)
    local = brand.local(purchase.occurred_at)
    return _Judged(purchase, programme, rule, local, store.hash_of(purchase))


async def _record(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    accounts: Books,
    judged: dict[int, _Judged],
) -> dict[int, PurchaseOutcome]:
    found = await _wallets(session, now, brand, accounts, list(judged.values()))
    known = await store.recorded(
        session, brand.id, [item.purchase.external_id for item in judged.values()]
    )
    used = await _cap_uses(session, found, list(judged.values()))
    outcomes: dict[int, PurchaseOutcome] = {}
    decided: list[_Decided] = []
    for position, item in judged.items():
        verdict = _decide(item, found, known, used)
        if isinstance(verdict, PurchaseOutcome):
            outcomes[position] = verdict
            continue
        decided.append(verdict)
        outcomes[position] = PurchaseOutcome(
            item.purchase.external_id,
            "recorded",
            verdict.id,
            verdict.wallet.member_id,
            verdict.award.points,
        )
    if decided:
        await _store(session, now, brand, timeline, accounts, decided)
    return outcomes


async def _wallets(
    session: Session, now: datetime, brand: Brand, accounts: Books, items: Sequence[_Judged]
) -> dict[str, Wallet]:
    names = sorted({item.purchase.member for item in items})
    found = await lock_named(session, brand.id, accounts.asset_id, names)
    strangers = [
        item
        for item in items
        if item.purchase.member not in found
        and item.programme.document.section(EnrolmentSection).on_first_purchase
    ]
    if not strangers:
        return found
    # A purchase that is known already enrols nobody: it will be replayed or refused.
    ids = [item.purchase.external_id for item in strangers]
    known = await store.recorded(session, brand.id, ids)
    first: dict[str, datetime] = {}
    for item in strangers:
        name, at = item.purchase.member, item.purchase.occurred_at
        if item.purchase.external_id not in known:
            first[name] = min(first.get(name, at), at)
    newcomers = [NewMember(name, at) for name, at in first.items()]
    await wallets.enrol(session, now, brand, accounts, newcomers)
    return await lock_named(session, brand.id, accounts.asset_id, names)


async def _cap_uses(
    session: Session, found: dict[str, Wallet], items: Sequence[_Judged]
) -> dict[UUID, dict[CapKey, int]]:
    keys = {key for item in items for key in cap_keys(item.rule, item.local)}
    if not keys:
        return {}
    ids = [wallet.member_id for wallet in found.values()]
    return await store.cap_uses(session, ids, sorted(keys))


def _decide(
    item: _Judged,
    found: dict[str, Wallet],
    known: dict[str, Recorded],
    used: dict[UUID, dict[CapKey, int]],
) -> _Decided | PurchaseOutcome:
    purchase = item.purchase
    before = known.get(purchase.external_id)
    if before is not None:
        return _repeated(item, before)
    wallet = found.get(purchase.member)
    if wallet is None:
        return refused(
            purchase.external_id,
            InvalidInputError(
                "nobody is enrolled under this id and the programme enrols nobody by a purchase",
                code="UNKNOWN_MEMBER",
                path=("member",),
            ),
        )
    mine = used.setdefault(wallet.member_id, {})
    try:
        given = award(item.rule, purchase, item.local, mine)
    except LaurelError as error:
        return refused(purchase.external_id, error)
    for key, points in given.cap_uses:
        mine[key] = mine.get(key, 0) + points
    decided = _Decided(new_id(), item, wallet, given)
    known[purchase.external_id] = Recorded(decided.id, wallet.member_id, given.points, item.hash)
    return decided


def _repeated(item: _Judged, before: Recorded) -> PurchaseOutcome:
    if before.content_hash == item.hash:
        return PurchaseOutcome(
            item.purchase.external_id,
            "replayed",
            before.purchase_id,
            before.member_id,
            before.points,
        )
    message = "this id was recorded before with another content; give a new purchase a new id"
    return refused(
        item.purchase.external_id,
        InvalidInputError(message, code="PURCHASE_CONFLICT", path=("external_id",)),
    )


async def _store(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    accounts: Books,
    decided: Sequence[_Decided],
) -> None:
    earned = [each for each in decided if each.award.points]
    journals = await wallets.accrue(
        session, now, brand, accounts, [_accrual(brand, each) for each in earned]
    )
    journal_of = {each.id: journal for each, journal in zip(earned, journals, strict=True)}
    await store.insert_purchases(
        session,
        now,
        brand.id,
        [
            NewPurchase(
                id=each.id,
                purchase=each.item.purchase,
                member_id=each.wallet.member_id,
                amount=each.item.purchase.amount,
                computed=each.award.computed,
                points=each.award.points,
                version_id=each.item.programme.version_id,
                journal_id=journal_of.get(each.id),
                content_hash=each.item.hash,
            )
            for each in decided
        ],
    )
    await _use_caps(session, decided)
    earlier = [
        (each.wallet.external_id, each.item.purchase.occurred_at)
        for each in decided
        if each.item.purchase.occurred_at < each.wallet.joined_at
    ]
    if earlier:
        await members.joined_earlier(session, brand, earlier)
    moved = await qualify(
        session,
        now,
        brand,
        timeline,
        [
            Spend(each.wallet.member_id, each.item.local.year, each.item.purchase.amount)
            for each in decided
        ],
    )
    await record(session, now, [*(_fact(brand, each) for each in decided), *moved])


async def _use_caps(session: Session, decided: Sequence[_Decided]) -> None:
    uses: dict[tuple[UUID, str, date], int] = {}
    for each in decided:
        for (name, start), points in each.award.cap_uses:
            key = (each.wallet.member_id, name, start)
            uses[key] = uses.get(key, 0) + points
    if uses:
        await store.use_caps(session, uses)


def _accrual(brand: Brand, decided: _Decided) -> Accrual:
    purchase = decided.item.purchase
    section = decided.item.programme.document.section(PointsSection)
    return Accrual(
        key=derived_id("purchase", str(brand.id), purchase.external_id),
        account_id=decided.wallet.account_id,
        points=decided.award.points,
        earned_at=purchase.occurred_at,
        available_at=available_at(section, brand.zone, purchase.occurred_at),
        expires_at=expires_at(section, brand.zone, purchase.occurred_at),
        reference=purchase.external_id,
    )


def _fact(brand: Brand, decided: _Decided) -> Fact:
    purchase = decided.item.purchase
    return Fact(
        brand.id,
        "PurchaseRecorded",
        str(decided.wallet.member_id),
        {
            "purchase": str(decided.id),
            "occurredAt": purchase.occurred_at,
            "amount": purchase.amount,
            "points": decided.award.points,
            "channel": purchase.channel,
            "store": purchase.store,
        },
    )
