"""The verbs by which staff approve and fulfil what members asked for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.rewards.rules_catalogue import NO_CODES, Offer, Why
from domain.rewards.rules_steps import (
    Redemption,
    approval_refusal,
    approved,
    codes_wanted,
    fulfil_refusal,
    fulfilled,
)
from domain.rewards.service_give import give
from domain.rewards.service_steps import (
    Resolved,
    Steps,
    locked,
    offer_of,
    store_steps,
    text_fault,
)
from domain.vouchers import service as vouchers
from domain.wallets.queries import books
from kit.db import Session


@dataclass(frozen=True, slots=True)
class Fulfil:
    """A redemption that ``actor`` has done; ``reference`` is what he knows it by."""

    key: str
    redemption_id: UUID
    actor: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Approve:
    """A waiting redemption that ``actor`` lets pass."""

    key: str
    redemption_id: UUID
    actor: str


async def approve(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Approve]
) -> list[Resolved]:
    """Let redemptions pass that wait for a second person; what is done at once is then done.

    Refusals: REDEMPTION_NOT_FOUND, NOT_WAITING, DEADLINE_PASSED, SAME_PERSON, OUT_OF_STOCK,
    KEY_CONFLICT. Who declines one cancels it: see `service_cancel.cancel`.
    """
    steps = await locked(session, now, brand, items, stock=False)
    offers = _offers(timeline, brand, steps)
    wanted = {
        item.redemption_id
        for item in items
        if (found := steps.redemptions.get(item.redemption_id)) is not None
        and _at_once(offers[found.id])
        and approval_refusal(found, item.actor) is None
    }
    codes = await _codes(session, brand, steps, offers, wanted)

    def decide(item: Approve, redemption: Redemption) -> Redemption | Why:
        why = approval_refusal(redemption, item.actor)
        if why is not None:
            return why
        passed, offer = approved(redemption, now, item.actor), offers[redemption.id]
        if not _at_once(offer):
            return passed
        return _no_codes(codes, offer, passed) or fulfilled(passed, now, item.actor)

    outcomes = [steps.take(brand, "approve", item, (), partial(decide, item)) for item in items]
    await _store(session, now, brand, timeline, steps, offers)
    return outcomes


async def fulfil(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Fulfil]
) -> list[Resolved]:
    """Spend what held redemptions reserve and give what they are for; an outcome for each.

    Refusals: REDEMPTION_NOT_FOUND, NOT_HELD, DEADLINE_PASSED, OUT_OF_STOCK (its pool of codes is
    empty), INVALID_INPUT (the reference), KEY_CONFLICT.
    """
    steps = await locked(session, now, brand, items, stock=False)
    offers = _offers(timeline, brand, steps)
    wanted = {each.id for each in steps.redemptions.values() if fulfil_refusal(each) is None}
    codes = await _codes(session, brand, steps, offers, wanted)

    def decide(item: Fulfil, redemption: Redemption) -> Redemption | Why:
        why = text_fault("reference", item.reference) or fulfil_refusal(redemption)
        why = why or _no_codes(codes, offers[redemption.id], redemption)
        return why or fulfilled(redemption, now, item.actor, item.reference)

    outcomes = [
        steps.take(brand, "fulfil", item, (item.reference,), partial(decide, item))
        for item in items
    ]
    await _store(session, now, brand, timeline, steps, offers)
    return outcomes


def _at_once(offer: Offer) -> bool:
    return offer.reward.fulfil == "at_once"


def _offers(timeline: Timeline, brand: Brand, steps: Steps) -> dict[UUID, Offer]:
    return {id_: offer_of(timeline, brand, each) for id_, each in steps.redemptions.items()}


async def _codes(
    session: Session,
    brand: Brand,
    steps: Steps,
    offers: Mapping[UUID, Offer],
    ids: Collection[UUID],
) -> dict[str, int]:
    """Lock the codes that these redemptions need; return how many there are, by pool."""
    wanted = codes_wanted([(steps.redemptions[id_], offers[id_]) for id_ in ids])
    taken = await vouchers.take_codes(session, brand, wanted)
    return {pool: len(codes) for pool, codes in taken.items()}


def _no_codes(codes: dict[str, int], offer: Offer, redemption: Redemption) -> Why | None:
    """Take the codes that a redemption needs, or return that there are too few."""
    pool = offer.reward.codes
    if pool is None:
        return None
    if codes.get(pool, 0) < redemption.quantity:
        return NO_CODES
    codes[pool] -= redemption.quantity
    return None


async def _store(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    steps: Steps,
    offers: Mapping[UUID, Offer],
) -> None:
    await store_steps(session, now, brand, steps)
    done = [(each, offers[each.id]) for each in steps.now_in("fulfilled")]
    accounts = await books(session, brand.id)
    if done and accounts is not None:
        parts = [part for _, part in steps.parts_of([redemption for redemption, _ in done])]
        await give(session, now, brand, timeline, accounts, done, parts)
