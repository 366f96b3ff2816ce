"""Replays a file of purchases in its own order, as `laurel import` would record them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from uuid import UUID

from api.importing.shape import Item, Read, Reject
from domain.brands.rules import Brand
from domain.earning.rules import Purchase
from domain.earning.rules_check import check
from domain.simulation.rules import Did, Past
from domain.simulation.rules_life import Life
from domain.simulation.rules_months import last_instant
from domain.simulation.rules_simulation import Simulation


@dataclass(slots=True)
class Taken:
    """How many purchases of a file were replayed, and how many were not."""

    baskets: int = 0
    repeated: int = 0
    refused: int = 0
    later: int = 0
    first: datetime | None = None
    last: datetime | None = None


def replay_blocks(
    blocks: Iterable[list[Item]],
    brand: Brand,
    simulation: Simulation,
    now: datetime,
    until: datetime | None,
    progress: Callable[[int], None],
) -> Taken:
    """Replay what ``blocks`` hold; whoever buys first joins with it.

    What no import would take is left out and counted, and so is what happened after ``until``.
    Raises SourceError if the file breaks off.
    """
    taken = Taken()
    lives: dict[str, list[Life]] = {}
    seen: set[str] = set()
    numbers = count(1)
    for block in blocks:
        before = taken.baskets
        for item in block:
            purchase = _sound(item, brand, now, seen, taken)
            if purchase is None:
                continue
            if until is not None and purchase.occurred_at > until:
                taken.later += 1
                continue
            mine = lives.get(purchase.member)
            if mine is None:
                past = Past(UUID(int=next(numbers)), purchase.member)
                mine = lives[purchase.member] = simulation.begin(past)
            done = Did(purchase.occurred_at, purchase)
            for life in mine:
                life.meet(done)
            _note(taken, purchase.occurred_at)
        progress(taken.baskets - before)
    _end(simulation, lives, brand, taken, until)
    return taken


def _sound(
    item: Item, brand: Brand, now: datetime, seen: set[str], taken: Taken
) -> Purchase | None:
    if isinstance(item, Reject):
        taken.refused += 1
        return None
    assert isinstance(item, Read)
    purchase = item.purchase
    if check(purchase, brand.currency, now) is not None:
        taken.refused += 1
        return None
    if purchase.external_id in seen:
        taken.repeated += 1
        return None
    seen.add(purchase.external_id)
    return purchase


def _note(taken: Taken, at: datetime) -> None:
    taken.baskets += 1
    if taken.first is None or at < taken.first:
        taken.first = at
    if taken.last is None or at > taken.last:
        taken.last = at


def _end(
    simulation: Simulation,
    lives: dict[str, list[Life]],
    brand: Brand,
    taken: Taken,
    until: datetime | None,
) -> None:
    if taken.last is None:
        return
    last = until or last_instant(brand.zone, brand.day(taken.last))
    simulation.narrow(last)
    for mine in lives.values():
        simulation.finish(mine)
