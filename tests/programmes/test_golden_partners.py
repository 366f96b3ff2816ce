"""Golden scenarios between brands: miles for coffee, hotel points for Stars, points for rides."""

import pytest

from tests.support.scenes import Opener

HEAD = """\
[brand]
code = "{code}"
name = "{code}"
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
"""
TRAVEL_DAY = """\
points = "2"
per = "1.00"

[[earning.rule]]
name = "Accounts linked"
on = "airline-linked"
points = "150"
first = true

[[earning.rule]]
name = "Travel day"
of = "base"
share = "1"
hours = "00:01-24:00"
when = "member.attributes.flies_on == now.date && member.attributes.booked_hours_ahead >= 48"
"""
HOTEL_STAY = """\
points = "2"
per = "1.00"

[[earning.rule]]
name = "Hotel stay"
of = "base"
share = "1"
when = '''member.attributes.booked_hours_ahead >= 48 && member.attributes.stays_from <= now.date \
&& now.date <= member.attributes.stays_to'''

[[earning.cap]]
name = "Stars for stays"
windows = ["06-18"]
points = "1000"
rules = ["Hotel stay"]
"""
PROMO_WEEK = """\
[[earning.rule]]
name = "Three coffees in a week"
on = "coffee"
points = "100"
when = "event.amount >= 2.0"
nth = 3
nth_per = "week"
from = 2026-03-02
until = 2026-03-09
"""
RIDES_2015 = """\
[[earning.rule]]
name = "Ride"
on = "ride"
points = "1"
per = "1.00"
when = 'member.count_this_year["stay"] >= 1 && !event.attributes.in_stay'

[[earning.rule]]
name = "Ride in a stay"
on = "ride"
points = "2"
per = "1.00"
when = 'member.count_this_year["stay"] >= 1 && event.attributes.in_stay && tier == "Preferred"'

[[earning.rule]]
name = "Ride in a stay, Gold and Platinum"
on = "ride"
points = "3"
per = "1.00"
tiers = ["Gold", "Platinum"]
when = 'member.count_this_year["stay"] >= 1 && event.attributes.in_stay'

[[earning.rule]]
name = "Ride in a stay, Platinum 75"
on = "ride"
points = "4"
per = "1.00"
tiers = ["Platinum 75"]
when = 'member.count_this_year["stay"] >= 1 && event.attributes.in_stay'

[[tiers.ladder]]
qualify_by = "activities"
activity = "stay"
window = "calendar_year"
holds = "end_of_next_window"

[[tiers.ladder.tier]]
name = "Preferred"
threshold = "0"

[[tiers.ladder.tier]]
name = "Gold"
threshold = "2"

[[tiers.ladder.tier]]
name = "Platinum"
threshold = "3"

[[tiers.ladder.tier]]
name = "Platinum 75"
threshold = "4"
"""
RIDES_2017 = """\
[[earning.rule]]
name = "Ride"
on = "ride"
points = "1"
per = "2.00"
when = 'member.count_this_year["stay"] >= 1 && !event.attributes.in_stay'
until = 2017-12-18

[[earning.rule]]
name = "Ride in a stay"
on = "ride"
points = "2"
per = "1.00"
when = 'member.count_this_year["stay"] >= 1 && event.attributes.in_stay'
until = 2017-12-18

[[earning.cap]]
name = "$10,000 a year"
period = "year"
amount = "10000.00"
rules = ["Ride", "Ride in a stay"]
"""


def programme(code: str, earning: str) -> str:
    """Return a small programme that earns so."""
    return HEAD.format(code=code) + earning


async def test_d1_step_table_of_loads_at_its_boundary_cents(opened: Opener) -> None:
    """From 12 June 2024: $25-49.99 25, 50-74.99 75, 75-99.99 125, from 100 200 miles.

    thepointsguy.com/news/delta-starbucks-loyalty-partnership; cappuccinosandconsignment.com
    """
    scene = await opened("airline", "2024-01-01")
    await scene.join("ann", "2024-01-02")
    assert await scene.act("ann", "coffee-load", "2024-06-11 23:59", money="100.00") == 0
    published = {
        "24.99": 0,
        "25.00": 25,
        "49.99": 25,
        "50.00": 75,
        "74.99": 75,
        "75.00": 125,
        "99.99": 125,
        "100.00": 200,
        "500.00": 200,
    }
    earned = {
        money: await scene.act("ann", "coffee-load", "2024-06-12 00:00", money=money)
        for money in published
    }
    assert earned == published


async def test_d1_a_mile_a_dollar_and_500_for_the_link(opened: Opener) -> None:
    """From October 2022 1 mile per $ and, once, 500 miles.

    travelingformiles.com/delta-starbucks-partnership. A mile a dollar until the step table came,
    as the file chooses.
    """
    scene = await opened("airline", "2022-10-01")
    await scene.join("ann", "2022-10-02")
    assert await scene.act("ann", "coffee", "2022-10-11", money="9.99") == 0
    assert await scene.act("ann", "coffee-linked", "2022-10-12") == 500
    assert await scene.act("ann", "coffee-linked") == 0
    assert await scene.act("ann", "coffee", money="9.99") == 9
    assert await scene.act("ann", "coffee", "2024-06-11 23:59", money="7.00") == 7
    assert await scene.act("ann", "coffee", "2024-06-12 00:00", money="7.00") == 0
    # None of it makes status.
    assert (await scene.standing("ann")).progress == 0


async def test_d1_double_stars_on_the_day_of_travel(opened: Opener) -> None:
    """00:01 to 24:00 of the day, for tickets bought 48 hours before; 150 Stars for the link.

    thepointsguy.com/news/delta-starbucks-loyalty-partnership
    """
    scene = await opened(programme("coffee", TRAVEL_DAY), "2022-10-12")
    await scene.join("ann", "2022-10-12", flies_on="2022-11-05", booked_hours_ahead=48)
    await scene.join("ben", "2022-10-12", flies_on="2022-11-05", booked_hours_ahead=47)
    await scene.join("cat", "2022-10-12")
    assert await scene.act("ann", "airline-linked", "2022-10-13") == 150
    assert await scene.buy("ann", "10.00", "2022-11-04 23:59") == 20
    assert await scene.buy("ann", "10.00", "2022-11-05 00:00") == 20
    assert await scene.buy("ann", "10.00", "2022-11-05 00:01") == 40
    assert await scene.buy("ann", "10.00", "2022-11-05 23:59") == 40
    assert await scene.buy("ann", "10.00", "2022-11-06 00:00") == 20
    assert [await scene.buy(m, "10.00", "2022-11-05 12:00") for m in ("ben", "cat")] == [20, 20]


@pytest.mark.parametrize(
    ("points", "stars"), [(999, 0), (1_000, 100), (1_999, 100), (49_999, 4_900), (50_000, 5_000)]
)
async def test_m1_a_thousand_hotel_points_are_100_stars(
    opened: Opener, points: int, stars: int
) -> None:
    """1,000 for 100, posted after 1 or 2 business days: milescop.com/marriott-bonvoy/..."""
    scene = await opened("star-rewards-2026", "2026-03-10")
    await scene.join("ann", "2026-03-11")
    assert await scene.act("ann", "hotel-points", "2026-04-01 15:00", points=points) == stars
    assert (await scene.has("ann"), await scene.waits("ann")) == (0, stars)
    assert await scene.has("ann", "2026-04-02 23:59") == 0
    assert await scene.has("ann", "2026-04-03 00:00") == stars


async def test_m1_at_most_50_000_hotel_points_a_day(opened: Opener) -> None:
    """1,000 to 50,000 points a day: milescop.com/marriott-bonvoy/..."""
    scene = await opened("star-rewards-2026", "2026-03-10")
    await scene.join("ann", "2026-03-11")
    found = [
        await scene.act("ann", "hotel-points", "2026-04-01 09:00", points=30_000),
        await scene.act("ann", "hotel-points", "2026-04-01 23:59", points=30_000),
        await scene.act("ann", "hotel-points", "2026-04-01 23:59", points=1_000),
        await scene.act("ann", "hotel-points", "2026-04-02 00:00", points=60_000),
    ]
    assert found == [3_000, 2_000, 0, 5_000]
    # Stars of partners count towards no tier.
    assert await scene.tier("ann") == "Green"


async def test_m1_double_stars_in_a_stay_up_to_1000_a_programme_year(opened: Opener) -> None:
    """Check-in 00:00 to check-out 23:59, booked 48 hours before, 1,000 Stars per 18 Jun-17 Jun.

    thepointsguy.com/news/marriott-starbucks-partnership
    """
    scene = await opened(programme("coffee", HOTEL_STAY), "2025-01-01")
    stay = {"stays_from": "2025-06-16", "stays_to": "2025-06-18"}
    await scene.join("ann", "2025-01-02", booked_hours_ahead=48, **stay)
    await scene.join("ben", "2025-01-02", booked_hours_ahead=47, **stay)
    assert await scene.buy("ann", "10.00", "2025-06-15 23:59") == 20
    assert await scene.buy("ann", "10.00", "2025-06-16 00:00") == 40
    assert await scene.buy("ben", "10.00", "2025-06-16 00:00") == 20
    assert await scene.buy("ann", "500.00", "2025-06-17 12:00") == 1_000 + 980
    assert await scene.buy("ann", "10.00", "2025-06-17 23:59") == 20
    assert await scene.buy("ann", "10.00", "2025-06-18 00:00") == 40
    assert await scene.buy("ann", "10.00", "2025-06-18 23:59") == 40
    assert await scene.buy("ann", "10.00", "2025-06-19 00:00") == 20


async def test_m1_100_points_for_three_purchases_in_a_promotion_week(opened: Opener) -> None:
    """Three or more purchases of $2 or more.

    thepointsguy.com/news/marriott-starbucks-partnership
    """
    cap = '\n[[earning.cap]]\nname = "Once a week"\nperiod = "week"\ntimes = 1\n'
    scene = await opened(programme("hotel", PROMO_WEEK + cap), "2026-03-01")
    await scene.join("ann", "2026-03-01")
    found = [
        await scene.act("ann", "coffee", f"2026-03-{day:02}", money=money)
        for day, money in ((2, "2.00"), (3, "1.99"), (4, "5.00"), (8, "2.00"), (8, "9.00"))
    ]
    assert found == [0, 0, 0, 100, 0]
    assert await scene.act("ann", "coffee", "2026-03-08 23:59", money="9.00") == 0


@pytest.mark.parametrize(
    ("points", "miles"),
    [(2, 0), (3, 1), (59_999, 19_999), (60_000, 25_000), (60_002, 25_000), (120_000, 50_000)],
)
async def test_m2_hotel_points_to_miles(opened: Opener, points: int, miles: int) -> None:
    """3:1 and 5,000 miles more per 60,000 points; what is less than 3 points stays unconverted.

    zzdtravel.com/the-guide-to-marriott-airline-partners-763.htm; thepointcalculator.com
    """
    scene = await opened("airline", "2026-01-01")
    await scene.join("ann", "2026-01-02")
    assert await scene.act("ann", "hotel-points", "2026-02-01", points=points) == miles


async def test_m4_rides_in_a_stay_by_tier(opened: Opener) -> None:
    """2015: 1 point per $, 2, 3, 3 or 4 in a stay by tier; it needs a stay in the calendar year.

    csmonitor.com/.../Earn-Starwood-Starpoints-with-Uber; spgpromos.com/uber
    """
    scene = await opened(programme("hotel", RIDES_2015), "2015-03-01")
    await scene.join("ann", "2015-03-01")
    assert await scene.act("ann", "ride", "2015-03-02", money="10.00", in_stay=False) == 0
    await scene.act("ann", "stay", "2015-03-03")
    assert await scene.act("ann", "ride", money="10.00", in_stay=False) == 10
    rates = []
    for _ in range(4):
        rates.append(await scene.act("ann", "ride", money="10.00", in_stay=True))
        await scene.act("ann", "stay")
    assert rates == [20, 30, 30, 40]
    assert await scene.act("ann", "ride", "2016-01-01", money="10.00", in_stay=False) == 0


async def test_m4_a_cap_of_money_and_a_hard_end(opened: Opener) -> None:
    """From 1 February 2017 1 per $2, 2 per $1 in a stay; $10,000 a year; until 17 December 23:59.

    viewfromthewing.com/starwood-increasing-uber...; spgpromos.com/uber
    """
    scene = await opened(programme("hotel", RIDES_2015), "2017-01-01")
    await scene.change(programme("hotel", RIDES_2017), "2017-02-01")
    for member in ("ann", "ben"):
        await scene.join(member, "2017-01-02")
        await scene.act(member, "stay", "2017-01-02")
    assert await scene.act("ann", "ride", "2017-01-31 23:59", money="10.00", in_stay=False) == 10
    assert await scene.act("ann", "ride", "2017-02-01 00:00", money="10.00", in_stay=False) == 5
    assert await scene.act("ann", "ride", money="10.00", in_stay=True) == 20
    assert await scene.act("ann", "ride", money="9000.00", in_stay=False) == 4_500
    # $980 are left of the year's $10,000, whichever of the two rules uses them.
    assert await scene.act("ann", "ride", money="1000.00", in_stay=True) == 1_960
    assert await scene.act("ann", "ride", money="10.00", in_stay=False) == 0
    assert await scene.act("ben", "ride", "2017-12-17 23:59", money="10.00", in_stay=True) == 20
    assert await scene.act("ben", "ride", "2017-12-18 00:00", money="10.00", in_stay=True) == 0
