"""The verb that refunds purchases and takes back what they earned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import orjson

from domain.brands.rules import Brand
from domain.earning import store
from domain.earning.rules_refund import reversal, spread
from domain.earning.service import rule_of
from domain.earning.store import NewRefund, Refundable
from domain.programmes.rules import Timeline
from domain.tiers.service import Spend, qualify
from domain.wallets import service as wallets
from domain.wallets.queries import Books, books
from domain.wallets.service import ClawBack
from domain.wallets.store import lock_members
from kit.db import Session
from kit.errors import InvalidInputError, LaurelError
from kit.facts import Fact, record
from kit.ids import content_hash, derived_id, new_id
from kit.texts import TEXT_LENGTH_MAX, usable

AHEAD_MAX = timedelta(hours=24)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back on a purchase, in the currency's smallest unit.

    ``lines`` pairs a line's position (from 0) with what was given back on it. Without lines,
    ``amount`` is divided over what is left of each; without both, all that is left is refunded.
    """

    external_id: str
    purchase: str
    occurred_at: datetime
    amount: int | None = None
    lines: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """What became of one refund.

    ``points_due`` is what should have been taken back, ``points_reversed`` what was: the member
    had spent the rest already, and no balance goes negative.
    """

    external_id: str
    status: Literal["recorded", "replayed", "refused"]
    refund_id: UUID | None = None
    purchase_id: UUID | None = None
    member_id: UUID | None = None
    amount: int = 0
    points_due: int = 0
    points_reversed: int = 0
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class _Decided:
    id: UUID
    refund: Refund
    purchase: Refundable
    line_amounts: tuple[int, ...]
    due: int
    hash: bytes


async def refund_purchases(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    refunds: Sequence[Refund],
) -> list[RefundOutcome]:
    """Record refunds, take back the points, take the money off the tier; an outcome for each.

    The member keeps what the kept lines alone would have earned, so that parts in any order take
    back the same and a whole refund exactly what was awarded. Known by its external id: the
    same again is replayed, another content refused (REFUND_CONFLICT). Further refusals:
    PURCHASE_NOT_FOUND, REFUND_EXCEEDS_PURCHASE, REFUND_BEFORE_PURCHASE, INVALID_INPUT.
    """
    accounts = await books(session, brand.id)
    names = sorted({item.purchase for item in refunds})
    seen = await store.refundable(session, brand.id, brand.currency, names)
    wallet_of: dict[UUID, int] = {}
    if accounts is not None:
        owners = {item.member_id for item in seen.values()}
        wallet_of = await lock_members(session, brand.id, accounts.asset_id, owners)
        # Read again under the lock: a refund of the same purchase may have come in between.
        seen = await store.refundable(session, brand.id, brand.currency, names)
    # A purchase that has only just come is not locked: for this list it is not there yet.
    seen = {name: item for name, item in seen.items() if item.member_id in wallet_of}
    known = await store.refunds(session, brand.id, [item.external_id for item in refunds])
    outcomes: list[RefundOutcome | _Decided] = []
    decided: dict[str, _Decided] = {}
    for item in refunds:
        try:
            outcome = decided.get(item.external_id) or _decide(
                brand, timeline, now, item, seen, known
            )
            if isinstance(outcome, _Decided):
                decided[item.external_id] = outcome
            outcomes.append(outcome)
        except LaurelError as error:
            outcomes.append(_refused(item, error))
    taken: dict[UUID, int] = {}
    if decided and accounts is not None:
        taken = await _store(
            session, now, brand, timeline, accounts, wallet_of, list(decided.values())
        )
    told: list[RefundOutcome] = []
    for item, each in zip(refunds, outcomes, strict=True):
        if isinstance(each, _Decided):
            again = any(one.refund_id == each.id for one in told)
            told.append(_recorded(item, each, taken[each.id], again=again))
        else:
            told.append(each)
    return told


def _decide(
    brand: Brand,
    timeline: Timeline,
    now: datetime,
    refund: Refund,
    seen: dict[str, Refundable],
    known: dict[str, NewRefund],
) -> _Decided | RefundOutcome:
    _check(refund, now)
    hashed = content_hash(
        orjson.dumps((refund.purchase, refund.occurred_at, refund.amount, refund.lines))
    )
    before = known.get(refund.external_id)
    if before is not None:
        return _repeated(refund, before, hashed, seen)
    purchase = seen.get(refund.purchase)
    if purchase is None:
        message = f"no purchase {refund.purchase!r} is recorded"
        raise InvalidInputError(message, code="PURCHASE_NOT_FOUND", path=("purchase",))
    if refund.occurred_at < purchase.purchase.occurred_at:
        message = "the refund is dated before the purchase"
        raise InvalidInputError(message, code="REFUND_BEFORE_PURCHASE", path=("occurred_at",))
    line_amounts = _line_amounts(refund, purchase)
    total = tuple(map(sum, zip(purchase.refunded, line_amounts, strict=True)))
    programme = timeline.at(purchase.purchase.occurred_at)
    assert programme is not None
    due = reversal(
        rule_of(programme, brand.currency_exponent),
        purchase.purchase,
        brand.local(purchase.purchase.occurred_at),
        awarded=purchase.points,
        already_reversed=purchase.due,
        refunded=total,
    )
    decided = _Decided(new_id(), refund, purchase, line_amounts, due, hashed)
    # A later refund of the same list sees this one.
    seen[refund.purchase] = replace(
        purchase, due=purchase.due + due, reversed=purchase.reversed + due, refunded=total
    )
    return decided


def _check(refund: Refund, now: datetime) -> None:
    for field, value in (("external_id", refund.external_id), ("purchase", refund.purchase)):
        if not usable(value):
            message = f"must be 1 to {TEXT_LENGTH_MAX} printable characters"
            raise InvalidInputError(message, path=(field,))
    at = refund.occurred_at
    if at.tzinfo is None or not EARLIEST <= at <= now + AHEAD_MAX:
        message = "must be an instant with a time zone, from 1970 to 24 hours ahead"
        raise InvalidInputError(message, code="INVALID_DATE", path=("occurred_at",))


def _line_amounts(refund: Refund, purchase: Refundable) -> tuple[int, ...]:
    left = [
        line.amount - back
        for line, back in zip(purchase.purchase.lines, purchase.refunded, strict=True)
    ]
    if not refund.lines:
        parts = spread(sum(left) if refund.amount is None else refund.amount, left)
        # A free basket may have earned by its price before discount: its return has no amount.
        free = not purchase.purchase.amount and purchase.points > purchase.due
        if not sum(parts) and not (free and refund.amount is None):
            message = "nothing is left to refund, or the amount is zero"
            raise InvalidInputError(message, code="REFUND_EXCEEDS_PURCHASE", path=("amount",))
        return parts
    amounts = [0] * len(left)
    for position, amount in refund.lines:
        if not 0 <= position < len(left):
            message = f"the purchase has {len(left)} lines, counted from 0; there is no {position}"
            raise InvalidInputError(message, code="REFUND_LINES_MISMATCH", path=("lines",))
        amounts[position] += amount
    wrong = any(not 0 <= amount <= rest for amount, rest in zip(amounts, left, strict=True))
    if wrong or not sum(amounts) or refund.amount not in (None, sum(amounts)):
        message = "a line gives back more than is left of it, or the lines don't sum to the amount"
        raise InvalidInputError(message, code="REFUND_EXCEEDS_PURCHASE", path=("lines",))
    return tuple(amounts)


async def _store(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    accounts: Books,
    wallet_of: dict[UUID, int],
    decided: Sequence[_Decided],
) -> dict[UUID, int]:
    due = [each for each in decided if each.due]
    taken = await wallets.take_back(
        session,
        now,
        brand,
        accounts,
        [
            ClawBack(
                key=derived_id("refund", str(brand.id), each.refund.external_id),
                account_id=wallet_of[each.purchase.member_id],
                points=each.due,
                source=each.purchase.journal_id or 0,
                short=each.purchase.due - each.purchase.reversed,
                at=each.refund.occurred_at,
                reference=each.refund.external_id,
            )
            for each in due
        ],
    )
    result = {
        each.id: (points, journal) for each, (journal, points) in zip(due, taken, strict=True)
    }
    rows = [_new(each, *result.get(each.id, (0, None))) for each in decided]
    await store.insert_refunds(session, now, brand.id, rows)
    points = {row.id: row.points_reversed for row in rows}
    moved = await qualify(session, now, brand, timeline, [_spend(brand, each) for each in decided])
    await record(session, now, [*(_fact(brand, each, points[each.id]) for each in decided), *moved])
    return points


def _spend(brand: Brand, decided: _Decided) -> Spend:
    # The money comes off the year in which it was spent, so that history alone decides the tier.
    year = brand.local(decided.purchase.purchase.occurred_at).year
    return Spend(decided.purchase.member_id, year, -sum(decided.line_amounts))


def _new(decided: _Decided, points: int, journal: int | None) -> NewRefund:
    return NewRefund(
        decided.id,
        decided.refund.external_id,
        decided.purchase.id,
        decided.refund.occurred_at,
        decided.line_amounts,
        decided.due,
        points,
        journal,
        decided.hash,
    )


def _recorded(refund: Refund, decided: _Decided, taken: int, *, again: bool) -> RefundOutcome:
    if refund != decided.refund:
        return _refused(refund, _conflict())
    return RefundOutcome(
        refund.external_id,
        "replayed" if again else "recorded",
        decided.id,
        decided.purchase.id,
        decided.purchase.member_id,
        sum(decided.line_amounts),
        decided.due,
        taken,
    )


def _conflict() -> InvalidInputError:
    message = "this id was recorded before with another content; give a new refund a new id"
    return InvalidInputError(message, code="REFUND_CONFLICT", path=("external_id",))


def _repeated(
    refund: Refund, before: NewRefund, hashed: bytes, seen: dict[str, Refundable]
) -> RefundOutcome:
    if before.content_hash != hashed:
        raise _conflict()
    purchase = seen.get(refund.purchase)
    return RefundOutcome(
        refund.external_id,
        "replayed",
        before.id,
        before.purchase_id,
        purchase.member_id if purchase else None,
        sum(before.line_amounts),
        before.points_due,
        before.points_reversed,
    )


def _refused(refund: Refund, error: LaurelError) -> RefundOutcome:
    return RefundOutcome(
        refund.external_id, "refused", code=error.code, message=error.message, path=error.path
    )


def _fact(brand: Brand, decided: _Decided, points: int) -> Fact:
    return Fact(
        brand.id,
        "PurchaseRefunded",
        str(decided.purchase.member_id),
        {
            "refund": str(decided.id),
            "purchase": str(decided.purchase.id),
            "occurredAt": decided.refund.occurred_at,
            "amount": sum(decided.line_amounts),
            "points": points,
        },
    )
