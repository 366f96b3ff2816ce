"""The verbs of stock: counting what is taken of it, and staff's changes of how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Document, Timeline
from domain.rewards import store
from domain.rewards.rules_catalogue import Why, offers_of
from domain.rewards.section import RewardsSection
from domain.rewards.section_parts import STOCK_MAX
from domain.rewards.service_ground import left_of
from domain.rewards.service_steps import text_fault
from domain.rewards.store import StockChange
from kit.db import Session
from kit.ids import derived_id

__all__ = ["StockChange", "StockOutcome", "change_stock", "open_stock"]


@dataclass(frozen=True, slots=True)
class StockOutcome:
    """What became of a change. ``left`` is how many can be had after it, None for no end."""

    reward: str
    left: int | None = None
    code: str | None = None
    message: str | None = None
    replayed: bool = False


async def open_stock(session: Session, brand: Brand, document: Document) -> None:
    """Begin to count what is taken of those rewards of a programme that have a stock.

    Whoever applies the programme does so in the same transaction, with nobody writing by it: what
    was redeemed while a reward had no end is counted as well.
    """
    section = document.find(RewardsSection)
    rewards = section.reward if section else ()
    limited = [reward.code for reward in rewards if reward.stock is not None]
    if limited:
        await store.open_stock(session, brand.id, limited)


async def change_stock(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    items: Sequence[StockChange],
) -> list[StockOutcome]:
    """Add to the stock of rewards; an outcome for each, in order.

    Refusals: NO_SUCH_REWARD (the programme in force has none of it, or gives it no stock),
    INVALID_UNITS (none, too many, or fewer would be left than are taken), INVALID_INPUT (the
    reason), KEY_CONFLICT.
    """
    programme = timeline.at(now)
    offers = offers_of(programme, brand) if programme else {}
    wanted = [offers[item.reward] for item in items if item.reward in offers]
    left = await left_of(session, now, brand, list(dict.fromkeys(wanted)))
    known = await store.stock_changes(session, brand.id, [_id(brand, item) for item in items])
    new: dict[UUID, StockChange] = {}
    outcomes = []
    for item in items:
        before = known.get(_id(brand, item)) or new.get(_id(brand, item))
        if before is not None:
            outcomes.append(_repeated(item, before, left.get(item.reward)))
            continue
        why = _refusal(item, left.get(item.reward))
        if why is None:
            left[item.reward] += item.units
            new[_id(brand, item)] = item
        outcomes.append(
            StockOutcome(item.reward, max(0, left[item.reward]))
            if why is None
            else StockOutcome(item.reward, code=why.code, message=why.message)
        )
    await store.insert_stock_changes(session, now, brand.id, new)
    return outcomes


def _id(brand: Brand, item: StockChange) -> UUID:
    return derived_id("stock change", str(brand.id), item.key)


def _refusal(item: StockChange, left: int | None) -> Why | None:
    if left is None:
        return Why("NO_SUCH_REWARD", "The programme in force has no stock of such a reward.")
    if not 0 < abs(item.units) <= STOCK_MAX:
        return Why("INVALID_UNITS", f"Units must be 1 to {STOCK_MAX}, or as many below zero.")
    if item.units < 0 and left + item.units < 0:
        return Why("INVALID_UNITS", f"Only {max(0, left)} can be taken away; the rest is given.")
    return text_fault("reason", item.reason)


def _repeated(item: StockChange, before: StockChange, left: int | None) -> StockOutcome:
    left = None if left is None else max(0, left)
    same = (item.reward, item.units, item.reason) == (before.reward, before.units, before.reason)
    if same:
        return StockOutcome(item.reward, left, replayed=True)
    message = "This key was used before for another change; give a new one."
    return StockOutcome(item.reward, code="KEY_CONFLICT", message=message)
