"""What members did, as it counts now."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.earning.queries_history import Happening, histories
from domain.earning.rules import Activity, Line, Purchase
from domain.earning.rules_refund_request import Refund
from domain.memberships.rules_merge import Merge
from domain.memberships.service_merge import merge
from domain.programmes import queries as programmes
from kit.calendar import EARLIEST, LATEST
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase

RULE = """
[[earning.rule]]
name = "Review"
on = "review"
points = "7"
"""


@pytest.fixture
async def shop(database: Database, clock: MovableClock) -> Shop:
    """Return a shop that gives a point per dollar, and seven for a review."""
    return await opened_shop(
        database, clock, GOOD.replace("\n[[tiers.ladder]]", f"{RULE}\n[[tiers.ladder]]", 1)
    )


async def history(
    shop: Shop, name: str, since: datetime | None = None, until: datetime | None = None
) -> list[Happening]:
    """Return what a member did."""
    (member_id,) = await shop.member_ids(name)
    bounds = since or EARLIEST, until or LATEST
    async with shop.database.read() as session:
        return (await histories(session, shop.brand.id, [member_id], *bounds))[member_id]


async def test_purchases_and_activities_come_in_the_order_in_which_they_happened(
    shop: Shop, clock: MovableClock
) -> None:
    now = clock.now()
    lines = (Line(300, 50, 2, "latte", "coffee"), Line(450))
    await shop.buy(Purchase("p2", "ada", now, "USD", lines, "app", "12"))
    await shop.buy(purchase("p1", "ada", 1_000, now - timedelta(days=1)))
    (done,) = await shop.act(
        Activity("a1", "ada", "review", now - timedelta(hours=1), 5, "web", "9", {"stars": 5})
    )
    found = await history(shop, "ada")
    assert [(each.external_id, each.kind) for each in found] == [
        *(("p1", "purchase"), ("a1", "review"), ("p2", "purchase"))
    ]
    _, rated, bought = found
    assert (bought.lines, bought.amount, bought.points) == (lines, 750, 7)
    assert (bought.channel, bought.store, bought.counts) == ("app", "12", True)
    assert (rated.lines, rated.amount, rated.points) == ((), 5, 7)
    assert (rated.channel, rated.store, rated.attributes) == ("web", "9", {"stars": 5})
    assert rated.id == done.event_id
    assert {each.recorded_at for each in found} == {now}


async def test_since_is_part_of_it_and_until_is_not(shop: Shop, clock: MovableClock) -> None:
    now, hour = clock.now(), timedelta(hours=1)
    await shop.buy(*(purchase(f"p{n}", "ada", 100, now - n * hour) for n in range(4)))
    found = await history(shop, "ada", now - 2 * hour, now)
    assert [each.external_id for each in found] == ["p2", "p1"]


async def test_refunds_are_taken_off_line_by_line(shop: Shop, clock: MovableClock) -> None:
    now = clock.now()
    lines = (Line(300, quantity=3, category="coffee"), Line(450, category="cake"))
    await shop.buy(Purchase("p", "ada", now, "USD", lines))
    await shop.refund(Refund("r1", "p", now, lines=((0, 100),)))
    (found,) = await history(shop, "ada")
    assert (found.amount, found.points, found.counts) == (650, 6, True)
    assert [(line.category, line.amount) for line in found.lines] == [
        *(("coffee", 200), ("cake", 450))
    ]
    await shop.refund(Refund("r2", "p", now, lines=((0, 200),)))
    (found,) = await history(shop, "ada")
    assert [(line.category, line.amount) for line in found.lines] == [("cake", 450)]
    assert (found.amount, found.points, found.counts) == (450, 4, True)
    await shop.refund(Refund("r3", "p", now))
    (found,) = await history(shop, "ada")
    assert (found.amount, found.points, found.lines, found.counts) == (0, 0, (), False)


async def test_without_lines_only_they_are_missing(shop: Shop, clock: MovableClock) -> None:
    now = clock.now()
    lines = (Line(300, quantity=3, category="coffee"), Line(450, category="cake"))
    await shop.buy(*(Purchase(name, "ada", now, "USD", lines) for name in ("p", "q", "r")))
    await shop.refund(Refund("r1", "q", now, lines=((0, 100),)), Refund("r2", "r", now))
    (ada,) = await shop.member_ids("ada")
    async with shop.database.read() as session:
        asked = session, shop.brand.id, [ada]
        known, found = await histories(*asked), await histories(*asked, lines=False)
    untouched = {each.id for each in known[ada] if each.amount == 750}
    assert len(untouched) == 1
    assert found[ada] == [
        replace(each, lines=()) if each.id in untouched else each for each in known[ada]
    ]


async def test_nobody_else_comes_with_it(shop: Shop, clock: MovableClock) -> None:
    await shop.buy(purchase("p", "ada", 100, clock.now()), purchase("q", "bob", 100, clock.now()))
    (ada,) = await shop.member_ids("ada")
    nobody = UUID(int=7)
    async with shop.database.read() as session:
        found = await histories(session, shop.brand.id, [ada, nobody])
        assert [each.external_id for each in found[ada]] == ["p"]
        assert found[nobody] == []
        assert await histories(session, shop.brand.id + 1, [ada]) == {ada: []}


async def test_what_was_done_by_who_was_merged_is_the_members_who_is_left(
    shop: Shop, clock: MovableClock
) -> None:
    now = clock.now()
    await shop.buy(purchase("p", "ada", 100, now), purchase("q", "bob", 100, now))

    async def work(session: Session) -> None:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        item = Merge("m", "ada", "bob", "staff", "one person")
        (outcome,) = await merge(session, now, shop.brand, timeline, [item])
        assert outcome.code is None

    await shop.database.write(work)
    found = await history(shop, "ada")
    (ada,) = await shop.member_ids("ada")
    assert {each.external_id for each in found} == {"p", "q"}
    assert {each.member_id for each in found} == {ada}
