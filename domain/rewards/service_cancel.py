"""The verbs that undo redemptions: cancel before they are fulfilled, return after that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from domain.brands.rules import Brand
from domain.expiry.service_spend import give_back
from domain.ledger.rules import Kind
from domain.programmes.rules import Timeline
from domain.rewards import store
from domain.rewards.rules_catalogue import Why
from domain.rewards.rules_steps import Part, Redemption, cancel_refusal, ended, return_refusal
from domain.rewards.service_claw_back import take_points
from domain.rewards.service_give import end_holds
from domain.rewards.service_steps import (
    NOT_FOUND,
    Resolved,
    locked,
    offer_of,
    store_steps,
    text_fault,
)
from domain.vouchers import service as vouchers
from domain.vouchers.rules import Voucher
from domain.vouchers.rules import return_refusal as voucher_refusal
from domain.vouchers.store import lock_redemptions
from domain.wallets.service_give_back import GiveBack
from kit.db import LostRaceError, Session
from kit.ids import derived_id

_KEPT = {
    "VOUCHER_USED": "Its voucher was used, at least in part.",
    "VOUCHER_EXPIRED": "Its voucher has ended.",
}


@dataclass(frozen=True, slots=True)
class Cancel:
    """A redemption to end before it is fulfilled. ``member_id``: only if it is this member's."""

    key: str
    redemption_id: UUID
    actor: str
    reason: str
    member_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """A fulfilled redemption to take back. ``member_id``: only if it is this member's.

    ``at_any_time``: the programme takes back what it gave, whatever the reward's days of return.
    """

    key: str
    redemption_id: UUID
    actor: str
    reason: str
    member_id: UUID | None = None
    at_any_time: bool = False


async def cancel(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Cancel]
) -> list[Resolved]:
    """End redemptions that wait or are held; points and stock are back. An outcome for each.

    Refusals: REDEMPTION_NOT_FOUND, NOT_HELD, DEADLINE_PASSED, INVALID_INPUT (the reason),
    KEY_CONFLICT.
    """
    steps = await locked(session, now, brand, items, stock=True)

    def decide(item: Cancel, redemption: Redemption) -> Redemption | Why:
        why = _stranger(item, redemption) or text_fault("reason", item.reason)
        why = why or cancel_refusal(redemption)
        return why or ended(redemption, now, "cancelled", item.actor, item.reason)

    outcomes = [
        steps.take(brand, "cancel", item, (item.reason,), partial(decide, item)) for item in items
    ]
    await store_steps(session, now, brand, steps)
    over = steps.now_in("cancelled")
    await end_holds(session, now, brand, timeline, Kind.VOID, steps.parts_of(over))
    await _give_stock_back(session, brand, over)
    return outcomes


async def take_return(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Return]
) -> list[Resolved]:
    """Take back fulfilled redemptions: vouchers end, points go where they came from, stock is back.

    By the days of return of the version that judged each. Points that the programme gave by itself
    and takes back are taken as a refund takes those of a purchase. Refusals: REDEMPTION_NOT_FOUND,
    NOT_FULFILLED, NOT_RETURNABLE, RETURN_TOO_LATE, VOUCHER_USED, VOUCHER_EXPIRED, INVALID_INPUT
    (the reason), KEY_CONFLICT.
    """
    steps = await locked(session, now, brand, items, stock=True)

    def may_return(item: Return, redemption: Redemption) -> Why | None:
        offer = offer_of(timeline, brand, redemption)
        why = _stranger(item, redemption) or text_fault("reason", item.reason)
        return why or return_refusal(redemption, offer, now, at_any_time=item.at_any_time)

    mine: dict[UUID, list[Voucher]] = {each.id: [] for each in steps.redemptions.values()}
    for voucher in await lock_redemptions(session, now, brand.id, list(mine)):
        mine[voucher.redemption_id].append(voucher)

    def decide(item: Return, redemption: Redemption) -> Redemption | Why:
        code = voucher_refusal(mine[redemption.id])
        why = may_return(item, redemption) or (Why(code, _KEPT[code]) if code else None)
        return why or ended(redemption, now, "returned", item.actor, item.reason)

    outcomes = [
        steps.take(brand, "return", item, (item.reason,), partial(decide, item)) for item in items
    ]
    await store_steps(session, now, brand, steps)
    back = steps.now_in("returned")
    await vouchers.give_back(session, now, brand, [each.id for each in back])
    await _give_points_back(session, now, brand, timeline, steps.parts_of(back))
    kept = await take_points(session, now, brand, timeline, back)
    await _give_stock_back(session, brand, back)
    return [
        replace(each, keeps=True) if each.redemption_id in kept and each.code is None else each
        for each in outcomes
    ]


def _stranger(item: Cancel | Return, redemption: Redemption) -> Why | None:
    if item.member_id is None or item.member_id == redemption.member_id:
        return None
    return NOT_FOUND


async def _give_points_back(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    parts: Sequence[tuple[Redemption, Part]],
) -> None:
    items = [
        GiveBack(
            key=derived_id("redemption return", str(part.hold_id)),
            hold_id=part.hold_id,
            points=part.points,
            reference=str(redemption.id),
            reason=redemption.reason or "",
        )
        for redemption, part in parts
    ]
    outcomes = await give_back(session, now, brand, timeline, items) if items else []
    if any(outcome.code is not None or outcome.replayed for outcome in outcomes):
        # Redemptions are locked and spent, so that somebody went past them.
        raise LostRaceError


async def _give_stock_back(
    session: Session, brand: Brand, redemptions: Sequence[Redemption]
) -> None:
    units: dict[str, int] = {}
    for each in redemptions:
        units[each.reward] = units.get(each.reward, 0) - each.quantity
    await store.take_stock(session, brand.id, units)
