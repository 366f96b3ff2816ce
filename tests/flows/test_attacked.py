"""What an attack on programmes of any kind found: told late, moved away, over the limit."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from api.sections import SECTIONS
from domain.earning.rules import Activity
from domain.earning.rules_refund_request import Refund
from domain.earning.service_adjust import Correction, adjust_points
from domain.earning.service_release import Earning, release_points
from domain.expiry.service_member import amend
from domain.ledger.rules import Kind, Resolution
from domain.members.rules import MemberChange
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.errors import InvalidInputError
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.shop import Shop, opened_shop, purchase

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)

PROGRAMME = """
[brand]
code = "shop"
name = "Shop"
time_zone = "UTC"
currency = "USD"

[enrolment]
on_first_purchase = true

[points]
code = "points"
name = "Points"
scale = {scale}
{points}

[earning]
points = "1"
per = "1.00"
rounding = "floor"
base = "after_discount"
{rest}
"""


def programme(points: str, rest: str = "", *, scale: int = 0) -> str:
    """Return a programme of one point per dollar."""
    return PROGRAMME.format(points=points, rest=rest, scale=scale)


IDLE = 'expires = { months = 1, after = "activity" }'


async def test_what_a_refund_forwent_is_taken_once_it_lives_on(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, programme(IDLE))
    await shop.buy(purchase("a", "ann", 10000, NOON))
    clock.set(NOON + 40 * DAY)
    (half,) = await shop.refund(Refund("r1", "a", clock.now(), amount=5000))
    (rest,) = await shop.refund(Refund("r2", "a", clock.now()))
    assert [(each.points_due, each.points_reversed) for each in (half, rest)] == [(50, 0), (50, 0)]
    await shop.buy(purchase("b", "ann", 100, NOON + 20 * DAY))
    assert (await shop.balance("ann")).spendable == 1
    await assert_coherent(database)


LAW = 'expires = { months = 1 }\nno_expiry_by_time_in = ["CA"]'


async def live_in(shop: Shop, *regions: str) -> None:
    """Let ann move, from one region to the next in one list."""
    changes = [MemberChange("ann", region=region) for region in regions]

    async def work(session: Session) -> None:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        await amend(session, shop.clock.now(), shop.brand, timeline, changes)

    await shop.database.write(work)


async def ends(shop: Shop) -> list[str]:
    """Return the days on which ann's points end."""
    return [f"{each.at:%m-%d}" for each in (await shop.balance("ann")).upcoming]


async def test_a_law_revives_nothing_that_ended_before_the_member_moved(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, programme(LAW))
    await shop.enrol(NewMember("ann", NOON, region="US"))
    await shop.buy(purchase("a", "ann", 10000, NOON), purchase("b", "ann", 100, NOON))
    clock.set(NOON + 40 * DAY)
    await live_in(shop, "CA")
    await shop.act(Activity("x", "ann", "review", NOON + DAY))
    await shop.refund(Refund("r", "b", clock.now()))
    assert (await shop.balance("ann")).total == 0
    await assert_coherent(database)


async def test_who_moves_to_and_fro_has_points_that_end(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, programme(LAW))
    await shop.enrol(NewMember("ann", NOON, region="US"))
    await shop.buy(purchase("a", "ann", 10000, NOON))
    await live_in(shop, "CA", "US")
    assert await ends(shop) == ["04-03"]
    await live_in(shop, "CA")
    await live_in(shop, "US")
    assert await ends(shop) == ["04-03"]
    clock.move(5 * DAY)
    await live_in(shop, "CA")
    assert await ends(shop) == []
    clock.move(5 * DAY)
    await live_in(shop, "US")
    assert await ends(shop) == ["04-13"]
    await assert_coherent(database)


BY_TIER = """
expires = "never"
negative_balance = "collect"
[[points.tier_expiry]]
tiers = ["Basic"]
expires = { months = 1 }
"""
LADDER = """
[[tiers.ladder]]
qualify_by = "spend"
window = "calendar_year"
holds = "end_of_next_window"
tier = [{ name = "Basic", threshold = "0" }, { name = "Gold", threshold = "100.00" }]
"""


async def spend(shop: Shop, points: int) -> None:
    """Let ann spend points."""
    (ann,) = await shop.member_ids("ann")
    (held,) = await shop.hold(Hold(new_id(), ann, points, shop.clock.now() + DAY, "tea"))
    await shop.settle(Resolution(new_id(), held.hold_id or 0, Kind.POST, "redemption"))


async def test_points_that_have_ended_pay_no_debt(database: Database, clock: MovableClock) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, programme(BY_TIER, LADDER))
    await shop.buy(purchase("a", "ann", 5000, NOON))
    await spend(shop, 50)
    (back,) = await shop.refund(Refund("r", "a", NOON))
    assert back.points_owed == 50
    await shop.buy(purchase("late", "ann", 3000, NOON - 90 * DAY))
    assert (await shop.balance("ann")).debt == 50
    await shop.buy(purchase("b", "ann", 2000, NOON), purchase("c", "ann", 4000, NOON))
    balance = await shop.balance("ann")
    assert (balance.debt, balance.spendable) == (0, 10)
    await assert_coherent(database)


ALWAYS = 'expires = "never"\nnegative_balance = "collect"'
FAR = datetime.max.replace(tzinfo=UTC)


async def correct(shop: Shop, *corrections: Correction) -> list[str | None]:
    """Correct what members have; return the codes."""

    async def work(session: Session) -> list[str | None]:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        now = shop.clock.now()
        done = await adjust_points(session, now, shop.brand, timeline, corrections)
        return [each.code for each in done]

    return await shop.database.write(work)


async def test_no_instant_is_taken_that_the_books_cannot_hold(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, programme(ALWAYS, LADDER))
    await shop.buy(purchase("a", "ann", 1000, NOON))
    ends = [FAR, datetime.min.replace(tzinfo=UTC), datetime(2027, 1, 1), NOON + DAY]  # noqa: DTZ001
    codes = await correct(
        shop, *(Correction(f"k{at}", "ann", 5, "sorry", "ada", at) for at in ends)
    )
    assert codes == ["INVALID_DEADLINE"] * 3 + [None]
    assert await correct(shop, Correction("\ud800", "ann", 5, "sorry", "ada")) == [None]
    (ann,) = await shop.member_ids("ann")
    held = await shop.hold(*(Hold(new_id(), ann, 1, at, "tea") for at in ends))
    assert [each.code for each in held] == codes
    with pytest.raises(InvalidInputError):
        await shop.enrol(NewMember("bob", datetime.min.replace(tzinfo=UTC)))
    assert (await shop.balance("ann")).spendable == 19
    await assert_coherent(database)


async def test_the_same_instant_on_another_clock_is_the_same_request(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, programme(ALWAYS))
    await shop.buy(purchase("a", "ann", 1000, NOON))
    (ann,) = await shop.member_ids("ann")
    wanted, there = new_id(), timezone(timedelta(hours=7))
    for at in (NOON + DAY, (NOON + DAY).astimezone(there)):
        (held,) = await shop.hold(Hold(wanted, ann, 1, at, "tea"))
        assert held.code is None
        assert await correct(shop, Correction("k", "ann", 5, "sorry", "ada", at)) == [None]
    assert (await shop.balance("ann")).spendable == 14


async def test_a_debt_is_paid_in_as_many_transfers_as_it_takes(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, programme(ALWAYS, scale=9))
    much = 10**8
    await shop.buy(*(purchase(f"a{n}", "ann", much, NOON) for n in range(2)))
    for _ in range(2):
        await spend(shop, 10**15)
    await shop.refund(Refund("r0", "a0", NOON), Refund("r1", "a1", NOON))
    assert (await shop.balance("ann")).debt == 2 * 10**15
    done = await shop.buy(*(purchase(f"b{n}", "ann", much, NOON) for n in range(2)))
    assert [each.status for each in done] == ["recorded", "recorded"]
    balance = await shop.balance("ann")
    assert (balance.debt, balance.total) == (0, 0)
    await assert_coherent(database)


async def test_a_plain_new_version_shortens_nothing_that_was_given(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    cap = '[[earning.cap]]\nname = "week"\nperiod = "week"\npoints = "10"\nexcess = "carried"'
    shop = await opened_shop(database, clock, programme("expires = { months = 6 }", cap))
    await shop.buy(purchase("ahead", "ann", 500, NOON + timedelta(hours=10)))
    await shop.buy(purchase("much", "ann", 1500, NOON))
    before = await ends(shop)
    assert before == ["09-03", "09-10"]
    law = 'expires = { months = 1 }\nno_expiry_by_time_in = ["CA"]'
    await shop.apply(programme(law, cap), NOON + timedelta(hours=5))
    assert await ends(shop) == before
    clock.set(NOON + timedelta(hours=12))
    await shop.buy(purchase("new", "ann", 500, clock.now()))
    assert await ends(shop) == ["04-17", *before]
    await assert_coherent(database)


async def test_a_release_tells_what_is_there_and_once(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    points = 'expires = { months = 1 }\npending_from = "release"'
    shop = await opened_shop(database, clock, programme(points))
    await shop.buy(purchase("a", "ann", 1000, NOON))
    clock.move(40 * DAY)
    await shop.buy(purchase("b", "ann", 500, clock.now()))
    items = [Earning("purchase", name) for name in ("a", "b", "b")]
    done = await database.write(
        lambda session: release_points(session, clock.now(), shop.brand, items)
    )
    told = [(each.status, each.points) for each in done]
    assert told == [("recorded", 0), ("recorded", 5), ("replayed", 5)]
    async with database.read() as session:
        facts = await session.value("SELECT count(*) FROM fact WHERE kind = 'PointsReleased'")
    assert facts == 2
    await assert_coherent(database)


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.POST])
async def test_what_ended_under_a_hold_is_taken_once(
    database: Database, clock: MovableClock, kind: Kind
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, programme("expires = { months = 1 }"))
    await shop.buy(purchase("a", "ann", 10000, NOON))
    (ann,) = await shop.member_ids("ann")
    (held,) = await shop.hold(Hold(new_id(), ann, 100, NOON + 400 * DAY, "tea"))
    clock.move(40 * DAY)
    await shop.buy(purchase("b", "ann", 10000, clock.now()))
    (back,) = await shop.refund(Refund("r", "a", clock.now()))
    assert (back.points_due, back.points_reversed) == (100, 0)
    await shop.settle(Resolution(new_id(), held.hold_id or 0, kind, "end"))
    # What was spent after all is taken from elsewhere.
    assert (await shop.balance("ann")).spendable == (100 if kind is Kind.VOID else 0)
    await assert_coherent(database)


async def test_a_hold_past_its_deadline_is_over_before_the_job_has_run(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, programme("expires = { months = 1 }"))
    await shop.buy(purchase("a", "ann", 10000, NOON))
    (ann,) = await shop.member_ids("ann")
    for hour in (1, 3):
        until = NOON + timedelta(hours=hour)
        (held,) = await shop.hold(Hold(new_id(), ann, 100, until, "tea"))
        assert held.code is None
        clock.set(until)
    clock.move(40 * DAY)
    await shop.buy(purchase("b", "ann", 10000, clock.now()))
    (back,) = await shop.refund(Refund("r", "a", clock.now()))
    assert (back.points_reversed, (await shop.balance("ann")).spendable) == (0, 100)
    await assert_coherent(database)
