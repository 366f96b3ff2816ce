"""Caps and budgets while many take from them at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from domain.earning.rules import Activity
from domain.members.service import NewMember
from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.shop import Shop, opened_shop, purchase

CAPPED = """\
[brand]
code = "capped"
name = "The Capped"
time_zone = "America/New_York"
currency = "USD"

[enrolment]
on_first_purchase = true

[points]
code = "points"
name = "Points"
expires = "never"

[earning]
rounding = "floor"
base = "after_discount"

[[earning.rule]]
name = "Bonus"
points = "7"

[[earning.rule]]
name = "Check-in"
on = "check-in"
points = "5"

[[earning.rule]]
name = "Surprise"
on = "check-in"
points = "10"
chance = "1"
seed = "spring"

[[earning.cap]]
name = "Budget"
of = "everyone"
points = "100"
rules = ["Bonus"]

[[earning.cap]]
name = "Three winners"
of = "everyone"
times = 3
rules = ["Surprise"]

[[earning.cap]]
name = "Twice a day"
period = "day"
times = 2
rules = ["Check-in"]
"""


@pytest.fixture
async def capped(database: Database, clock: MovableClock) -> AsyncIterator[Shop]:
    yield await opened_shop(database, clock, CAPPED)
    await assert_coherent(database)


async def test_a_budget_is_spent_to_the_last_point_and_no_further(capped: Shop) -> None:
    now = capped.clock.now()
    outcomes = await asyncio.gather(
        *(
            capped.buy(*(purchase(f"{n}-{k}", f"m{n}-{k}", 100, now) for k in range(3)))
            for n in range(8)
        )
    )
    points = [each.points for done in outcomes for each in done]
    assert sorted(points) == [0] * 9 + [2] + [7] * 14
    async with capped.database.read() as session:
        assert await session.value("SELECT used FROM budget_use WHERE cap LIKE 'Budget|%'") == 100


async def test_a_member_at_two_counters_gets_a_daily_cap_once(capped: Shop) -> None:
    now = capped.clock.now()
    await capped.enrol(NewMember("ann", now))
    outcomes = await asyncio.gather(
        *(capped.act(Activity(f"a{n}", "ann", "check-in", now)) for n in range(10))
    )
    points = sorted(each.points for done in outcomes for each in done)
    # Two check-ins count; three of the ten draws had budget left.
    assert sum(points) == 2 * 5 + 3 * 10
    again = await capped.act(Activity("a3", "ann", "check-in", now))
    assert [each.status for each in again] == ["replayed"]
    assert (await capped.balance("ann")).spendable == 40
