"""Golden scenarios of a coffee house's Stars, 2009 to 2026: what was published comes out."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.support.scenes import Opener, shipped

# The shipped file gives the treat as a reward (see `test_golden_rewards`). An app may report an
# activity instead that gives the Stars which the treat costs: they end with the day and count
# towards no tier.
TREAT_IN_STARS = """
[[earning.rule]]
name = "Birthday treat, Green"
on = "birthday-treat"
points = "200"
birthday_days = 1
tiers = ["Green"]
qualifies = false
expires = { months = 0 }

[[earning.rule]]
name = "Birthday treat, Gold"
on = "birthday-treat"
points = "200"
birthday_days = 7
tiers = ["Gold"]
qualifies = false
expires = { months = 0 }

[[earning.rule]]
name = "Birthday treat, Reserve"
on = "birthday-treat"
points = "200"
birthday_days = 30
tiers = ["Reserve"]
qualifies = false
expires = { months = 0 }

[[earning.cap]]
name = "One birthday a year"
period = "year"
times = 1
rules = ["Birthday treat, Green", "Birthday treat, Gold", "Birthday treat, Reserve"]
"""


def days(first: str, number: int) -> list[str]:
    """Return so many days in a row."""
    start = date.fromisoformat(first)
    return [(start + timedelta(days=n)).isoformat() for n in range(number)]


async def test_b1_a_star_per_visit_whatever_the_basket(opened: Opener) -> None:
    """One Star a visit; a ticket split in five is one visit.

    pointsmd.com/my-starbucks-rewards; acmesponge.com/lifestyle/starbucks-major-changes...
    """
    scene = await opened("star-rewards-2009", "2010-01-01")
    assert await scene.buy("ann", "1.95", "2010-01-04 08:10") == 1
    assert await scene.buy("ann", "48.00", "2010-01-05 08:10") == 1
    split = [await scene.buy("ann", "2.00", "2010-01-06 08:1" + str(n)) for n in range(5)]
    assert split == [1, 0, 0, 0, 0]
    assert await scene.buy("ann", "2.00", "2010-01-06 09:00") == 1
    assert await scene.has("ann") == 4


async def test_b1_gold_by_thirty_stars_kept_by_thirty_more(opened: Opener) -> None:
    """Green with 5, Gold with 30 Stars in 12 months, renewed at the anniversary by 30 more.

    pointsmd.com/my-starbucks-rewards; creditcardforum.com/blog/new-starbucks-gold-card-benefits...
    """
    scene = await opened("star-rewards-2009", "2010-01-01")
    for member in ("kate", "liz"):
        await scene.visits(member, days("2010-03-02", 4), "3.00")
        assert await scene.tier(member) == "Welcome"
        await scene.visits(member, days("2010-03-06", 25), "3.00")
        assert await scene.tier(member) == "Green"
        await scene.visits(member, ["2010-03-31"], "3.00")
        assert await scene.tier(member) == "Gold"
        assert await scene.held_until(member) == "2011-03-31 00:00"
    await scene.visits("kate", days("2010-06-01", 30), "3.00")
    await scene.visits("liz", days("2010-06-01", 29), "3.00")
    assert await scene.tier("liz", "2011-03-30 23:59") == "Gold"
    assert await scene.tier("liz", "2011-03-31 00:00") == "Green"
    assert await scene.tier("kate") == "Gold"
    assert await scene.held_until("kate") == "2012-03-31 00:00"
    assert await scene.has("liz") == 59


async def test_b2_gold_that_is_not_renewed_takes_all_stars_with_it(opened: Opener) -> None:
    """Gold with 25 Stars in 12 months; failing renewal Green and no Stars.

    starbucks.in/card/rewards/rewards-gold
    """
    scene = await opened("star-rewards-india", "2015-01-01")
    for member in ("asha", "ravi"):
        await scene.visits(member, days("2015-01-01", 24), "250.00")
        assert await scene.tier(member) == "Green"
        await scene.visits(member, ["2015-01-25"], "250.00")
        assert await scene.tier(member) == "Gold"
    await scene.visits("asha", days("2015-06-01", 10), "250.00")
    await scene.visits("ravi", days("2015-06-01", 25), "250.00")
    assert await scene.ends("asha") == [(35, "2016-01-25 00:00")]
    assert await scene.has("asha", "2016-01-24 23:59") == 35
    assert await scene.has("asha", "2016-01-25 00:00") == 0
    assert (await scene.tier("asha"), await scene.tier("ravi")) == ("Green", "Gold")
    assert await scene.has("ravi") == 50
    assert await scene.buy("asha", "250.00", "2016-01-25 13:00") == 1
    assert await scene.has("asha") == 1


async def test_b3_two_stars_a_dollar(opened: Opener) -> None:
    """$62.50 are 125 Stars, one reward; 465 are three, the rest is kept; Gold with 300.

    eonline.com/news/742477; starbucksmelody.com/?p=30007
    """
    scene = await opened("star-rewards-2016", "2016-04-12")
    assert await scene.buy("ann", "62.50", "2016-04-13") == 125
    await scene.spend("ann", "125")
    assert await scene.has("ann") == 0
    assert await scene.buy("ben", "149.99", "2016-04-13") == Decimal("299.98")
    assert await scene.tier("ben") == "Green"
    assert await scene.buy("ben", "82.51", "2016-04-14") == Decimal("165.02")
    assert (await scene.tier("ben"), await scene.has("ben")) == ("Gold", 465)
    for _ in range(3):
        await scene.spend("ben", "125")
    assert await scene.has("ben") == 90
    assert await scene.tier("ben") == "Gold"


async def test_b4_one_tier_and_a_reset_for_who_is_not_gold(opened: Opener) -> None:
    """16 April 2019: one tier, Stars of those who are not Gold begin again.

    onemileatatime.com/starbucks-rewards-changes;
    yahoo.com/lifestyle/starbucks-revamped-rewards-program-apos-162858723.html. The reset is
    announced as a version of its own, so that members see the day in their balance before.
    """
    before = shipped("star-rewards-2016")
    reset = '[[points.tier_expiry]]\ntiers = ["Green"]\nexpires = { on = 2019-04-16 }\n\n[earning]'
    ladder = before[before.index("[[tiers.ladder]]") :]
    one_tier = before.replace(
        ladder,
        '[[tiers.ladder]]\nqualify_by = "spend"\nwindow = "lifetime"\nholds = "forever"\n'
        '\n[[tiers.ladder.tier]]\nname = "Member"\nthreshold = "0"\n',
    )
    scene = await opened("star-rewards-2016", "2019-01-01")
    await scene.buy("gil", "50.00", "2019-02-10")
    await scene.buy("gus", "150.00", "2019-02-10")
    assert await scene.ends("gil") == [(100, "2019-09-01 00:00")]
    await scene.change(before.replace("[earning]", reset), "2019-03-22")
    await scene.change(one_tier, "2019-04-16")
    await scene.buy("gil", "10.00", "2019-04-01")
    assert await scene.ends("gil") == [(120, "2019-04-16 00:00")]
    assert await scene.ends("gus") == [(300, "2019-09-01 00:00")]
    assert await scene.has("gil", "2019-04-15 23:59") == 120
    assert await scene.has("gil", "2019-04-16 00:00") == 0
    assert await scene.has("gus") == 300
    assert [await scene.tier(member) for member in ("gil", "gus")] == ["Member", "Member"]
    assert await scene.buy("gil", "5.00", "2019-04-16 09:00") == 10
    assert await scene.ends("gil") == [(10, "2019-11-01 00:00")]


async def test_b5_six_months_after_the_calendar_month_oldest_first(opened: Opener) -> None:
    """Earned on 15 December 2020, gone on 1 July 2021.

    tastingtable.com/1794066/do-starbucks-stars-expire
    """
    scene = await opened("star-rewards-2016", "2020-12-01")
    await scene.buy("ann", "50.00", "2020-12-15")
    await scene.buy("ann", "30.00", "2021-01-31")
    assert await scene.ends("ann") == [(100, "2021-07-01 00:00"), (60, "2021-08-01 00:00")]
    await scene.spend("ann", "70", "2021-02-01")
    assert await scene.ends("ann") == [(30, "2021-07-01 00:00"), (60, "2021-08-01 00:00")]
    assert await scene.has("ann", "2021-06-30 23:59") == 90
    assert await scene.has("ann", "2021-07-01 00:00") == 60


async def test_b6_parts_of_stars_by_tier(opened: Opener) -> None:
    """1, 1.2 and 1.7 Stars per dollar; Gold with 500, Reserve with 2,500 in 12 months.

    consumeraffairs.com/news/...020226.html; fox5ny.com/news/starbucks-unveils-updated-rewards...
    """
    scene = await opened("star-rewards-2026", "2026-03-10")
    assert await scene.buy("ann", "3.45", "2026-03-11") == Decimal("3.45")
    await scene.buy("ann", "496.54")
    assert await scene.tier("ann") == "Green"
    await scene.buy("ann", "0.01")
    assert await scene.tier("ann") == "Gold"
    assert await scene.buy("ann", "3.45") == Decimal("4.14")
    assert await scene.buy("ann", "1663.21") == Decimal("1995.85")
    assert await scene.tier("ann") == "Gold"
    assert await scene.buy("ann", "0.01") == Decimal("0.01")
    assert await scene.tier("ann") == "Reserve"
    assert await scene.buy("ann", "3.45") == Decimal("5.87")
    assert await scene.held_until("ann") == "2027-03-11 00:00"


async def test_b6_the_end_of_stars_depends_on_the_tier_then(opened: Opener) -> None:
    """Gold's Stars never end, Green's after 6 months unless active monthly.

    consumeraffairs.com/news/...020226.html; finanznachrichten.de/.../67562394
    """
    scene = await opened("star-rewards-2026", "2026-03-10")
    await scene.buy("gwen", "20.00", "2026-03-15")
    await scene.buy("greg", "20.00", "2026-03-15")
    assert await scene.ends("gwen") == [(20, "2026-09-16 00:00")]
    for day in ("2026-04-02", "2026-05-20"):
        await scene.buy("greg", "1.00", day)
    assert await scene.ends("greg") == [(22, "2026-11-21 00:00")]
    # Gwen becomes Gold: nothing ends, unless she falls a year later.
    await scene.buy("gwen", "480.00", "2026-08-01")
    assert await scene.tier("gwen") == "Gold"
    assert await scene.has("gwen", "2027-07-31 23:59") == 500
    assert await scene.tier("gwen", "2027-08-01 00:00") == "Green"
    assert await scene.has("gwen") == 500
    assert await scene.has("gwen", "2028-02-01 23:59") == 500
    assert await scene.has("gwen", "2028-02-02 00:00") == 0


@pytest.mark.parametrize(
    ("spent", "tier", "last", "late"),
    [
        ("10.00", "Green", "2026-06-10", "2026-06-11"),
        ("500.00", "Gold", "2026-06-16", "2026-06-17"),
        ("2500.00", "Reserve", "2026-07-09", "2026-07-10"),
    ],
)
async def test_b6_birthday_window_by_tier(
    opened: Opener, spent: str, tier: str, last: str, late: str
) -> None:
    """The treat can be had for 1, 7 or 30 days: fox5ny.com/news/starbucks-unveils-updated..."""
    scene = await opened(shipped("star-rewards-2026") + TREAT_IN_STARS, "2026-03-10")
    for member in ("ann", "ben"):
        await scene.join(member, "2026-03-11", birthday="2000-06-10")
        await scene.buy(member, spent, "2026-03-12")
        assert await scene.tier(member) == tier
    assert await scene.act("ann", "birthday-treat", "2026-06-09") == 0
    assert await scene.act("ann", "birthday-treat", last) == 200
    assert await scene.act("ann", "birthday-treat", f"{last} 13:00") == 0
    assert await scene.act("ben", "birthday-treat", f"{late} 00:00") == 0
    # The treat is for that day, whatever the tier.
    assert await scene.has("ann") == await scene.has("ben")


async def test_b6_a_gold_year_is_renewed_by_500_more(opened: Opener) -> None:
    """Status lasts 12 months: consumeraffairs.com/news/...020226.html."""
    scene = await opened("star-rewards-2026", "2026-03-10")
    for member in ("ann", "ben"):
        await scene.buy(member, "500.00", "2026-04-01")
    await scene.buy("ann", "416.67", "2026-12-01")
    await scene.buy("ben", "0.50", "2026-12-01")
    assert await scene.tier("ben", "2027-03-31 23:59") == "Gold"
    assert await scene.tier("ben", "2027-04-01 00:00") == "Green"
    assert await scene.tier("ann") == "Gold"
