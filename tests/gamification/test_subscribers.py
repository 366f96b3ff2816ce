"""Members are judged by what is known of them, in whatever batches facts come."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.programmes import queries as programmes
from gamification import subscribers
from gamification.grounds import service as grounds
from gamification.grounds.rules import Ground
from gamification.prizes import service
from gamification.prizes.section_parts import Prize
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.automatic import facts_are_ready, forget_cursor, until_done
from tests.support.coherence import assert_coherent
from tests.support.games import Games, opened, opened_with, programme, statements
from tests.support.programmes import GOOD

STREAK = """
[streaks]

[[streaks.streak]]
code = "daily"
name = "Day by day"
every = "day"
freezes_max = 2

[[streaks.streak.milestone]]
at = 2
prize = { points = "30" }
"""
CHALLENGE = """
[challenges]

[[challenges.challenge]]
code = "twice"
name = "Two purchases"
prize = [{ points = "50" }, { freeze = 1, streak = "daily" }, { badge = "hero" }]

[[challenges.challenge.goal]]
kind = "count"
target = "2"
"""


class KilledError(BaseException):
    """Somebody pulled the plug."""


class Heard:
    """Notes whom games judge."""

    def __init__(self) -> None:
        self.people: list[set[UUID]] = []
        self.failing = False

    async def judge(self, _session: Session, _now: datetime, ground: Ground) -> None:
        """Note who is judged."""
        if self.failing:
            raise ValueError
        self.people.append(set(ground.people))


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Return what notes whom badges judge."""
    noted = Heard()
    monkeypatch.setattr("gamification.badges.service.judge", noted.judge)
    return noted


async def followed(games: Games, limit: int = 500) -> int:
    """Let the subscriber hear what was told."""
    await facts_are_ready(games.shop)
    return await until_done(games.shop, subscribers.follow, limit)


async def test_who_did_much_in_a_batch_is_judged_once(
    database: Database, clock: MovableClock, heard: Heard
) -> None:
    games = await opened_with(database, clock, ["ada", "bob"])
    for n in range(5):
        await games.buy(f"p{n}", "ada", 500)
    assert await followed(games) > 5
    ada, bob = await games.shop.member_ids("ada", "bob")
    assert heard.people == [{ada, bob}]
    assert await followed(games) == 0


async def test_a_programme_without_games_loads_no_history(
    database: Database, clock: MovableClock, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def loaded(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(subscribers, "ground", loaded)
    games = await opened_with(database, clock, ["ada"], GOOD)
    await followed(games)
    assert heard.people == []


async def test_what_fails_of_one_brand_comes_again_and_keeps_no_other_one_waiting(
    database: Database, clock: MovableClock, heard: Heard
) -> None:
    games = await opened_with(database, clock, ["ada"])
    other = await opened_with(
        database, clock, ["bob"], programme().replace('code = "shop"', 'code = "other"', 1)
    )
    heard.failing = True
    await followed(games)
    heard.failing = False
    assert heard.people == []
    await games.buy("p", "ada", 500)
    await followed(games)
    await until_done(games.shop, subscribers.follow)
    (ada,), (bob,) = await games.shop.member_ids("ada"), await other.shop.member_ids("bob")
    assert {ada} in heard.people
    assert {bob} in heard.people


async def test_who_is_to_be_looked_at_again_is_judged_when_the_time_has_come(
    database: Database, clock: MovableClock, heard: Heard
) -> None:
    games = await opened_with(database, clock, ["ada"])
    await followed(games)
    heard.people.clear()
    (ada,) = await games.shop.member_ids("ada")
    brand_id, now = games.shop.brand.id, clock.now()
    for days in (2, 1, 3):
        async with database.transaction() as session:
            await grounds.look_again(session, brand_id, {ada: now + timedelta(days=days)})
    assert await until_done(games.shop, subscribers.tick) == 0
    await games.later(days=1)
    assert await until_done(games.shop, subscribers.tick) == 1
    assert heard.people == [{ada}]
    await games.later(days=9)
    assert await until_done(games.shop, subscribers.tick) == 0


async def test_prizes_of_one_brand_that_fail_keep_no_other_one_waiting(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    games = await opened_with(database, clock, ["ada"])
    other = await opened_with(
        database, clock, ["bob"], programme().replace('code = "shop"', 'code = "other"', 1)
    )
    await games.owe(await games.due("a", "ada", Prize(points="50")))
    await other.owe(await other.due("b", "bob", Prize(points="50")))
    pay = service.pay

    async def failing(session: Session, now: datetime, brand: Brand, *more: Any) -> int:
        if brand == games.shop.brand:
            raise ValueError
        return await pay(session, now, brand, *more)

    monkeypatch.setattr(service, "pay", failing)
    await until_done(games.shop, subscribers.tick)
    assert await games.points("ada") == [10]
    assert await other.points("bob") == [60]
    monkeypatch.undo()
    await until_done(games.shop, subscribers.tick)
    assert await games.points("ada") == [60]


async def play(games: Games) -> None:
    """Let two members win what there is, and return some of it."""
    for day in range(3):
        for name in ("ada", "bob"):
            await games.buy(f"{name}{day}", name, 1_000)
        await games.later(days=1)


async def test_games_pay_the_same_however_facts_come(
    database: Database, clock: MovableClock
) -> None:
    games = await opened(database, clock, programme(STREAK + CHALLENGE))
    await play(games)
    await games.heard(limit=2)
    # Three purchases of 10, a milestone of 30, a challenge of 50.
    assert await games.points("ada", "bob") == [110, 110]
    await forget_cursor(games.shop)
    await asyncio.gather(games.heard(), games.heard())
    assert await games.points("ada", "bob") == [110, 110]
    await games.refund("ada1")
    await games.heard()
    # The streak is broken; two purchases are left.
    assert await games.points("ada", "bob") == [70, 110]
    await games.refund("ada2")
    await games.heard()
    assert await games.points("ada", "bob") == [10, 110]
    assert {kind for kind, _ in await games.facts("BadgeRevoked")} == {"BadgeRevoked"}
    await games.buy("ada9", "ada", 1_000, at=clock.now() - timedelta(days=2))
    await games.heard()
    assert await games.points("ada") == [100]
    await assert_coherent(database)


Step = Callable[[], Awaitable[object]]


@pytest.mark.parametrize(
    "place",
    [
        "gamification.streaks.service.judge",
        "gamification.challenges.service.judge",
        "gamification.prizes.service.pay",
    ],
)
async def test_a_worker_that_is_killed_anywhere_pays_nothing_twice(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    games = await opened(database, clock, programme(STREAK + CHALLENGE))
    await play(games)
    module, _, name = place.rpartition(".")
    done = getattr(__import__(module, fromlist=[name]), name)

    async def killed(*given: object) -> None:
        await done(*given)
        raise KilledError

    monkeypatch.setattr(place, killed)
    for _ in range(2):
        await facts_are_ready(games.shop)
        with pytest.raises(KilledError):
            await until_done(games.shop, subscribers.follow)
            await until_done(games.shop, subscribers.tick)
    monkeypatch.undo()
    await games.heard()
    assert await games.points("ada", "bob") == [110, 110]
    await assert_coherent(database)


async def test_a_batch_costs_the_same_statements_however_many_members_it_tells_of(
    database: Database, clock: MovableClock
) -> None:
    games = await opened(database, clock, programme(STREAK + CHALLENGE))

    async def judged(*names: str) -> int:
        brand = games.shop.brand
        async with database.transaction() as session:
            timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
            ids = await games.shop.member_ids(*names)
            with statements(session) as seen:
                await subscribers.judge(session, clock.now(), brand, timeline, ids)
        return len(seen)

    names = [f"m{n}" for n in range(7)]
    for name in names:
        await games.buy(f"{name}a", name, 500)
        await games.buy(f"{name}b", name, 500)
    assert await judged(names[0]) == await judged(*names[1:])
