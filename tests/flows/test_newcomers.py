"""Who a purchase makes a member, and since when: in a list as one by one, and by no refused one."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from domain.earning.rules import Line, Purchase
from domain.members import queries as members
from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.shop import Shop, opened_shop, purchase

PROGRAMME = """\
[brand]
code = "new"
name = "The New"
time_zone = "America/New_York"
currency = "USD"

[enrolment]
on_first_purchase = true

[points]
code = "points"
name = "Points"
scale = 9
expires = "never"

[earning]
rounding = "floor"
base = "after_discount"

[[earning.rule]]
name = "On the first day"
points = "100"
when = "member.days == 0"

[[earning.rule]]
name = "By the cent"
points = "1000000"
per = "1.00"
channels = ["far too much"]
"""


@pytest.fixture
async def shop(database: Database, clock: MovableClock) -> AsyncIterator[Shop]:
    yield await opened_shop(database, clock, PROGRAMME)
    await assert_coherent(database)


def too_much(external_id: str, member: str, at: datetime) -> Purchase:
    return Purchase(external_id, member, at, "USD", (Line(10**10),), channel="far too much")


async def joined(shop: Shop, *names: str) -> dict[str, datetime]:
    async with shop.database.read() as session:
        found = await members.by_external_ids(session, shop.brand.id, names)
    return {name: member.joined_at for name, member in found.items()}


async def test_a_refused_purchase_enrols_nobody(shop: Shop) -> None:
    now = shop.clock.now()
    outcomes = await shop.buy(
        too_much("p1", "ann", now),
        purchase("p2", "bob", 100, now),
        purchase("p2", "cyd", 100, now),
        too_much("p3", "dot", now - timedelta(days=100)),
        purchase("p4", "dot", 100, now),
    )
    assert [each.code for each in outcomes] == [
        "AWARD_TOO_LARGE",
        None,
        "PURCHASE_CONFLICT",
        "AWARD_TOO_LARGE",
        None,
    ]
    assert await joined(shop, "ann", "bob", "cyd", "dot") == {"bob": now, "dot": now}


async def test_a_newcomers_list_is_judged_as_one_by_one(shop: Shop) -> None:
    now = shop.clock.now()
    days = (10, 20, 5)

    def bought(member: str) -> list[Purchase]:
        return [purchase(f"{member}{ago}", member, 100, now - timedelta(days=ago)) for ago in days]

    alone = [(await shop.buy(each))[0].points for each in bought("ann")]
    together = [each.points for each in await shop.buy(*bought("bob"))]
    hundred = 100 * 10**9
    assert alone == together == [hundred, hundred, 0]
    found = await joined(shop, "ann", "bob")
    assert set(found.values()) == {now - timedelta(days=20)}
