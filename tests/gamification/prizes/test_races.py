"""Prizes are paid once though many work at the same time and some are killed in between."""

import asyncio

import pytest

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from gamification.prizes import service
from gamification.prizes.section_parts import MysteryPart, Prize
from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.games import Games, opened_with, statements

FIFTY = Prize(points="50")


class KilledError(Exception):
    """Somebody pulled the plug."""


async def test_many_who_pay_at_once_pay_each_prize_once(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada", "bob"])
    dues = [
        await games.due(f"{name} {n}", name, prize)
        for n in range(6)
        for name in ("ada", "bob")
        for prize in (FIFTY if n % 2 else Prize(reward="cup"),)
    ]
    await asyncio.gather(*(games.owe(*dues) for _ in range(3)))
    await asyncio.gather(*(games.pay(5) for _ in range(6)))
    while await games.pay():
        pass
    assert await games.points("ada", "bob") == [160, 160]
    assert await games.states(*dues) == [("paid", None)] * 12
    await assert_coherent(database)


async def test_paying_and_undoing_at_once_leaves_nothing_or_takes_it_back(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada"])
    dues = [await games.due(f"{n}", "ada", FIFTY, budget=("b", 9)) for n in range(4)]
    for _ in range(3):
        await games.owe(*dues)
        await asyncio.gather(games.pay(), games.undo(*dues[:2]), games.undo(*reversed(dues)))
        assert await games.points("ada") == [10]
    await assert_coherent(database)


async def test_of_a_budget_no_more_is_paid_than_there_is_though_many_ask_at_once(
    database: Database, clock: MovableClock
) -> None:
    names = [f"m{n}" for n in range(6)]
    games = await opened_with(database, clock, names)
    dues = [await games.due(name, name, FIFTY, budget=("b", 2)) for name in names]
    await asyncio.gather(*(games.owe(due) for due in dues))
    await games.pay()
    assert sorted(await games.points(*names)) == [10, 10, 10, 10, 60, 60]
    await assert_coherent(database)


async def test_a_mystery_told_by_many_at_once_is_drawn_once(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada"])
    parts = tuple(MysteryPart(weight=1, points=str(2**n)) for n in range(6))
    due = await games.due("a", "ada", Prize(mystery=parts))
    await asyncio.gather(*(games.owe(due) for _ in range(4)))
    before = (await games.prize(due)).points
    await asyncio.gather(*(games.pay() for _ in range(3)))
    assert await games.points("ada") == [10 + before]


@pytest.mark.parametrize("verb", ["give_rewards", "give_points", "give_badges", "_store"])
async def test_a_batch_that_is_killed_half_way_leaves_nothing(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    games = await opened_with(database, clock, ["ada"])
    prizes = (FIFTY, Prize(reward="cup"), Prize(badge="hero"))
    dues = [await games.due(f"{n}", "ada", prize) for n, prize in enumerate(prizes)]
    await games.owe(*dues)
    done = getattr(service, verb)

    async def killed(*given: object) -> None:
        await done(*given)
        raise KilledError

    monkeypatch.setattr(service, verb, killed)
    with pytest.raises(KilledError):
        await games.pay()
    assert await games.states(*dues) == [("owed", None)] * 3
    assert await games.points("ada") == [10]
    monkeypatch.undo()
    await games.pay()
    assert await games.states(*dues) == [("paid", None)] * 3
    assert await games.points("ada") == [60]
    await assert_coherent(database)


async def test_batches_cost_the_same_statements_however_many_prizes_there_are(
    database: Database, clock: MovableClock
) -> None:
    names = [f"m{n}" for n in range(8)]
    games = await opened_with(database, clock, names)

    async def cost(count: int, run: str) -> list[int]:
        dues = [await games.due(f"{run}{name}", name, FIFTY) for name in names[:count]]
        return [
            await _counted(games, "owe", dues),
            await _counted(games, "pay", 500),
            await _counted(games, "undo", [due.id for due in dues], "why"),
        ]

    assert await cost(1, "a") == await cost(8, "b")


async def _counted(games: Games, verb: str, *given: object) -> int:
    """Do something with prizes; return how many statements it took."""
    brand, now = games.shop.brand, games.clock.now()
    async with games.shop.database.transaction() as session:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        with statements(session) as seen:
            await getattr(service, verb)(session, now, brand, timeline, *given)
    return len(seen)
