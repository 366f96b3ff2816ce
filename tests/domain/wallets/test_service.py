"""What the wallet's verbs promise, in points and lots."""

from datetime import timedelta
from pathlib import Path

from domain.ledger.rules import Kind, Resolution
from domain.wallets import jobs
from domain.wallets.service_hold import Hold
from kit.ids import new_id
from tests.support.shop import Shop, opened_shop, purchase

_ROOT = Path(__file__).parents[3]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def hold(shop: Shop, name: str, points: int, *, hours: int = 1) -> int:
    (member,) = await shop.member_ids(name)
    until = shop.clock.now() + hours * HOUR
    (outcome,) = await shop.hold(Hold(new_id(), member, points, until, "tea"))
    assert outcome.hold_id is not None
    return outcome.hold_id


async def ends(shop: Shop) -> list[tuple[int, str]]:
    upcoming = (await shop.balance("ann")).upcoming
    return [(expiry.points, f"{expiry.at:%Y-%m}") for expiry in upcoming]


async def coffee_of_two_months(grocer: Shop) -> Shop:
    """A member with 10 points of January, gone in August, and 20 of February."""
    text = (_ROOT / "programmes" / "coffee.toml").read_text()
    text = text.replace("on_first_purchase = false", "on_first_purchase = true")
    shop = await opened_shop(grocer.database, grocer.clock, text)
    now = shop.clock.now()
    await shop.buy(
        purchase("jan", "ann", 100, now - 45 * DAY), purchase("feb", "ann", 200, now - 20 * DAY)
    )
    return shop


async def test_what_expires_first_goes_first_and_comes_back_with_its_old_end(grocer: Shop) -> None:
    shop = await coffee_of_two_months(grocer)
    assert await ends(shop) == [(10, "2026-08"), (20, "2026-09")]
    held = await hold(shop, "ann", 15)
    assert await ends(shop) == [(15, "2026-09")]
    await shop.settle(Resolution(new_id(), held, Kind.POST, "redemption", 12))
    assert await ends(shop) == [(18, "2026-09")]
    again = await hold(shop, "ann", 18)
    await shop.settle(Resolution(new_id(), again, Kind.VOID, "void"))
    assert await ends(shop) == [(18, "2026-09")]


async def test_points_given_back_after_their_end_are_gone(grocer: Shop) -> None:
    shop = await coffee_of_two_months(grocer)
    held = await hold(shop, "ann", 25, hours=24 * 365)
    shop.clock.move(165 * DAY)
    await shop.settle(Resolution(new_id(), held, Kind.VOID, "void"))
    assert await ends(shop) == [(20, "2026-09")]
    assert (await shop.balance("ann")).spendable == 20
    expire = shop.database.write(lambda session: jobs.expire_lots(session, shop.clock.now()))
    assert await expire == 1
    assert (await shop.balance("ann")).spendable == 20


async def test_nothing_is_spendable_before_its_release_or_at_its_end(grocer: Shop) -> None:
    shop = await coffee_of_two_months(grocer)
    now = shop.clock.now()
    await shop.buy(purchase("now", "ann", 500, now))
    balance = await shop.balance("ann")
    assert (balance.spendable, balance.pending) == (30, 50)
    (member,) = await shop.member_ids("ann")
    (outcome,) = await shop.hold(Hold(new_id(), member, 31, now + HOUR, "tea"))
    assert outcome.code == "INSUFFICIENT_POINTS"
    release = (now + 2 * DAY).replace(hour=8, minute=0)
    shop.clock.set(release - timedelta(microseconds=1))
    assert (await shop.balance("ann")).spendable == 30
    shop.clock.set(release)
    assert (await shop.balance("ann")).spendable == 80
    end = (await shop.balance("ann")).upcoming[0].at
    shop.clock.set(end - timedelta(microseconds=1))
    assert (await shop.balance("ann")).spendable == 80
    shop.clock.set(end)
    assert (await shop.balance("ann")).spendable == 70


async def test_hold_that_was_refused_stays_refused_when_points_came(grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.buy(purchase("b1", "ann", 100, now))
    (member,) = await grocer.member_ids("ann")
    wanted = Hold(new_id(), member, 5, now + HOUR, "tea")
    (first,) = await grocer.hold(wanted)
    await grocer.buy(purchase("b2", "ann", 10_000, now))
    (again,) = await grocer.hold(wanted)
    assert (first.code, again.code) == ("INSUFFICIENT_POINTS", "INSUFFICIENT_POINTS")
    assert (first.replayed, again.replayed) == (False, True)


async def test_hold_beyond_any_number_is_refused(grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.buy(purchase("b1", "ann", 100, now))
    (member,) = await grocer.member_ids("ann")
    wanted = [Hold(new_id(), member, points, now + HOUR, "tea") for points in (10**30, -(10**30))]
    outcomes = await grocer.hold(*wanted)
    assert [each.code for each in outcomes] == ["INSUFFICIENT_POINTS", "INVALID_AMOUNT"]


async def test_end_of_a_hold_is_replayed_hours_later(grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.buy(purchase("b1", "ann", 1000, now))
    held = await hold(grocer, "ann", 5)
    spend = Resolution(new_id(), held, Kind.POST, "redemption", 3)
    (first,) = await grocer.settle(spend)
    grocer.clock.move(5 * HOUR)
    (again,) = await grocer.settle(spend)
    assert (first.refusal, again.refusal, again.replayed) == (None, None, True)
    assert (await grocer.balance("ann")).spendable == 7
