"""The verb that refunds purchases and takes back what they earned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import orjson

from domain.brands.rules import Brand
from domain.earning import store_caps
from domain.earning import store_refund as store
from domain.earning.rules import CapKey
from domain.earning.rules_refund_decide import Awarded, Refundable, has_points_left, take_refund
from domain.earning.rules_refund_request import Refund, check_refund, line_amounts
from domain.earning.service_count import count_changes
from domain.earning.store_refund import NewClawBack, NewRefund, RecordedRefund
from domain.programmes.rules import Programme, Timeline
from domain.tallies.rules import Count
from domain.wallets.queries import Books, books
from domain.wallets.section import PointsSection
from domain.wallets.service_take_back import ClawBack, ClawedBack, take_back
from domain.wallets.store import lock_members
from kit.db import Session
from kit.errors import InvalidInputError, LaurelError
from kit.facts import Fact, record
from kit.ids import content_hash, derived_id, new_id


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """What became of one refund.

    ``points_due`` is what should have been taken back, ``points_reversed`` what was there,
    ``points_owed`` what the member owes since; the rest is forgiven by the programme's policy.
    """

    external_id: str
    status: Literal["recorded", "replayed", "refused"]
    refund_id: UUID | None = None
    purchase_id: UUID | None = None
    member_id: UUID | None = None
    amount: int = 0
    points_due: int = 0
    points_reversed: int = 0
    points_owed: int = 0
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class _Decided:
    id: UUID
    refund: Refund
    purchase: Refundable
    line_amounts: tuple[int, ...]
    takes: list[tuple[Awarded, int]]
    """Each award with what is due of it now."""
    change: Count
    turns: Mapping[CapKey, int]
    """What goes off the counters of rules that give something for every so manieth purchase."""
    hash: bytes

    @property
    def due(self) -> int:
        return sum(points for _, points in self.takes)


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
    taken: dict[UUID, tuple[int, int]] = {}
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
    seen: Mapping[str, Refundable],
    known: Mapping[str, RecordedRefund],
) -> _Decided | RefundOutcome:
    check_refund(refund, now)
    hashed = content_hash(
        orjson.dumps((refund.purchase, refund.occurred_at.timestamp(), refund.amount, refund.lines))
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
    free = has_points_left(purchase)
    amounts = line_amounts(refund, purchase.purchase, purchase.refunded, free=free)
    programme = _programme(timeline, purchase.version_id)
    takes, change, lost = take_refund(brand, programme, purchase, amounts)
    return _Decided(new_id(), refund, purchase, amounts, takes, change, lost, hashed)


def _programme(timeline: Timeline, version_id: int) -> Programme:
    return next(each for each in timeline.programmes if each.version_id == version_id)


async def _store(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    accounts: Books,
    wallet_of: Mapping[UUID, int],
    decided: Sequence[_Decided],
) -> dict[UUID, tuple[int, int]]:
    takes = [(each, award, points) for each in decided for award, points in each.takes]
    # A purchase dated ahead may be judged by a first version that is not in force yet.
    programme = timeline.at(now) or timeline.programmes[0]
    done = await take_back(
        session,
        now,
        brand,
        accounts,
        [_claw_back(brand, wallet_of, *take) for take in takes],
        policy=programme.document.section(PointsSection).negative_balance,
    )
    sums: dict[UUID, tuple[int, int]] = {each.id: (0, 0) for each in decided}
    rows = []
    for (each, award, points), taken in zip(takes, done, strict=True):
        there, owed = sums[each.id]
        sums[each.id] = there + taken.points, owed + taken.owed
        rows.append(_row(each.id, award, points, taken))
    await store.insert_refunds(
        session, now, brand.id, [_new(each, sums[each.id][0]) for each in decided], rows
    )
    turned: dict[tuple[UUID, CapKey], int] = {}
    for each in decided:
        for key, turn in each.turns.items():
            whose = each.purchase.member_id, key
            turned[whose] = turned.get(whose, 0) + turn
    await store_caps.use_caps(session, turned)
    moves = await count_changes(session, now, brand, timeline, [each.change for each in decided])
    facts = [_fact(brand, each, sums[each.id][0]) for each in decided]
    await record(session, now, [*facts, *moves])
    return sums


def _claw_back(
    brand: Brand,
    wallet_of: Mapping[UUID, int],
    each: _Decided,
    award: Awarded,
    points: int,
) -> ClawBack:
    names = (str(brand.id), each.refund.external_id, award.rule, str(award.part))
    return ClawBack(
        key=derived_id("refund", *names),
        account_id=wallet_of[each.purchase.member_id],
        points=points,
        source=award.journal_id,
        at=each.refund.occurred_at,
        reference=each.refund.external_id,
        rule=award.rule,
    )


def _row(refund_id: UUID, award: Awarded, points: int, taken: ClawedBack) -> NewClawBack:
    return NewClawBack(
        refund_id, award.journal_id, points, taken.points, taken.owed, taken.journal_id
    )


def _new(decided: _Decided, points: int) -> NewRefund:
    return NewRefund(
        decided.id,
        decided.refund.external_id,
        decided.purchase.id,
        decided.refund.occurred_at,
        decided.line_amounts,
        decided.due,
        points,
        decided.hash,
    )


def _recorded(
    refund: Refund, decided: _Decided, taken: tuple[int, int], *, again: bool
) -> RefundOutcome:
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
        *taken,
    )


def _conflict() -> InvalidInputError:
    message = "this id was recorded before with another content; give a new refund a new id"
    return InvalidInputError(message, code="REFUND_CONFLICT", path=("external_id",))


def _repeated(
    refund: Refund, before: RecordedRefund, hashed: bytes, seen: Mapping[str, Refundable]
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
        before.amount,
        before.points_due,
        before.points_reversed,
        before.points_owed,
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
