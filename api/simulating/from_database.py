"""Replays what a brand's database knows, some members at a time. Nothing is written."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from domain.brands.rules import Brand
from domain.simulation import queries
from domain.simulation.queries import Releases
from domain.simulation.rules import Did, Happening
from domain.simulation.rules_life import Life
from domain.simulation.rules_simulation import Simulation
from kit.db import Session

MEMBERS = 200
"""So many members are read at once."""
_TELL = 1_000

Progress = Callable[[int], None]
"""Told of how many more baskets were replayed."""


async def replay(
    session: Session,
    brand: Brand,
    simulation: Simulation,
    until: datetime,
    progress: Progress,
    pages: Sequence[tuple[UUID | None, UUID | None]] | None = None,
) -> None:
    """Replay the history of these ``pages`` of members, None for all.

    Members who share a budget, or give to each other, are replayed together, in the order of what
    happened.
    """
    released = await queries.releases(session, brand.id, until)
    if simulation.shares or await queries.has_gifts(session, brand.id):
        await _together(session, brand, simulation, until, released, progress)
        return
    for page in await pages_of(session, brand) if pages is None else pages:
        pasts = await queries.people(session, brand, *page, until)
        told = await queries.stories(session, brand, pasts, until, released)
        for member_id, past in pasts.items():
            simulation.tell(past, told[member_id])
        progress(sum(_baskets(each) for each in told.values()))


async def pages_of(session: Session, brand: Brand) -> list[tuple[UUID | None, UUID | None]]:
    """Return how a brand's members are divided: behind whom, up to whom."""
    marks = [None, *await queries.marks(session, brand.id, MEMBERS), None]
    return list(pairwise(marks))


async def _together(
    session: Session,
    brand: Brand,
    simulation: Simulation,
    until: datetime,
    released: Releases,
    progress: Progress,
) -> None:
    pasts = await queries.people(session, brand, None, None, until)
    lives: dict[UUID, list[Life]] = {}
    baskets = 0
    async for past, happening in queries.everything(session, brand, pasts, until, released):
        mine = lives.get(past.id)
        if mine is None:
            mine = lives[past.id] = simulation.begin(past)
        for life in mine:
            life.meet(happening)
        baskets += _baskets([happening])
        if baskets == _TELL:
            progress(baskets)
            baskets = 0
    for past in pasts.values():
        simulation.finish(lives.pop(past.id) if past.id in lives else simulation.begin(past))
    progress(baskets)


def _baskets(happenings: Sequence[Happening]) -> int:
    return sum(1 for each in happenings if isinstance(each, Did) and each.event.kind == "purchase")
