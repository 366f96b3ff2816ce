"""Golden scenarios of a beauty shop's tiers: what was published comes out to the cent."""

from tests.support.scenes import Opener, Points, shipped

MULTIPLIERS = """\
stacking = "best"

[[earning.multiplier]]
name = "VIB rate"
factor = "1.25"
tiers = ["VIB"]

[[earning.multiplier]]
name = "Rouge rate"
factor = "1.5"
tiers = ["Rouge"]
"""
EXPIRES = 'expires = { months = 12, after = "activity" }'
# The shipped file gives the points as a reward (see `test_golden_rewards`). An app that reports
# an activity instead does it under an id that names the member and the birthday's year: an id
# counts once, also if thirty days go over New Year.
BY_ACTIVITY = """
[[earning.rule]]
name = "Birthday points"
on = "birthday-points"
points = "250"
birthday_days = 30

[[earning.cap]]
name = "One birthday a year"
period = "year"
times = 1
rules = ["Birthday points"]
"""


async def test_s1_tiers_by_the_spend_of_a_calendar_year(opened: Opener) -> None:
    """Insider, VIB from $350, Rouge from $1,000, to the end of the next year.

    thekrazycouponlady.com/tips/money/sephora-vib; trenddodia.com/sephora-beauty-insider-program
    """
    scene = await opened("beauty-insider", "2026-01-01")
    await scene.buy("ann", "349.99", "2026-01-15")
    assert await scene.tier("ann") == "Insider"
    await scene.buy("bea", "350.00", "2026-01-15")
    await scene.buy("cleo", "350.00", "2026-01-15")
    await scene.buy("rose", "999.99", "2026-01-15")
    assert [await scene.tier(m) for m in ("ann", "bea", "rose")] == ["Insider", "VIB", "VIB"]
    await scene.buy("rose", "0.01")
    assert await scene.tier("rose") == "Rouge"
    assert await scene.held_until("bea") == "2028-01-01 00:00"

    # The counter begins again on 1 January: nothing of 2026 helps in 2027.
    await scene.buy("ann", "0.01", "2027-01-01")
    assert await scene.tier("ann") == "Insider"
    await scene.buy("bea", "349.99", "2027-06-01")
    await scene.buy("cleo", "350.00", "2027-06-01")
    assert await scene.tier("bea", "2027-12-31 23:59") == "VIB"
    assert await scene.tier("bea", "2028-01-01 00:00") == "Insider"
    assert await scene.tier("cleo") == "VIB"
    assert await scene.held_until("cleo") == "2029-01-01 00:00"
    assert await scene.tier("rose") == "Insider"


async def test_s1_what_is_missing_until_when(opened: Opener) -> None:
    """The projection names the amount, its day and what keeps the tier."""
    scene = await opened("beauty-insider", "2026-01-01")
    await scene.buy("bea", "400.00", "2026-01-15")
    found = await scene.standing("bea", "2027-03-01")
    assert (found.next_tier, found.missing) == ("Rouge", 100_000)
    assert found.missing_by is not None
    assert f"{scene.shop.brand.local(found.missing_by):%Y-%m-%d}" == "2028-01-01"
    assert (found.keep_missing, found.progress) == (35_000, 0)


async def test_s2_rates_by_tier_by_the_date_of_the_purchase(opened: Opener) -> None:
    """From 24 August 2018 1, 1.25 and 1.5 points a dollar, later 1 for all again.

    community.sephora.com/t5/Customer-Support/Beauty-Insider-Program-Updates-FAQS/td-p/4114842
    """
    with_rates = shipped("beauty-insider")
    assert MULTIPLIERS in with_rates
    flat = with_rates.replace(MULTIPLIERS, "")
    scene = await opened(flat, "2018-01-01")
    await scene.buy("ivy", "0.99", "2018-03-01")
    await scene.buy("vera", "350.00", "2018-03-01")
    await scene.buy("rose", "1000.00", "2018-03-01")
    await scene.change(with_rates, "2018-08-24")
    await scene.change(flat, "2019-05-01")

    async def hundred(day: str) -> list[Points]:
        return [await scene.buy(member, "100.00", day) for member in ("ivy", "vera", "rose")]

    assert await hundred("2018-08-23 23:59") == [100, 100, 100]
    assert await hundred("2018-08-24 00:00") == [100, 125, 150]
    assert await hundred("2019-04-30 23:59") == [100, 125, 150]
    assert await hundred("2019-05-01 00:00") == [100, 100, 100]
    # Reported late, it is judged by the version and the tier of its own day.
    assert await hundred("2018-12-24 18:00") == [100, 125, 150]


async def test_s4_inactivity_ends_the_whole_balance(opened: Opener) -> None:
    """No end before 10 July 2017, then 18, later 12 months without earning or redeeming.

    klabatnewsok.com/qa/what-is-the-sephora-100-rouge-reward.html; trenddodia.com. The day of the
    change to 12 months is this test's own. A new rule never takes back what was promised: its
    months count from the day it applies.
    """
    text = shipped("beauty-insider")
    assert EXPIRES in text
    scene = await opened(text.replace(EXPIRES, 'expires = "never"'), "2015-01-01")
    for member in ("ann", "bea", "cleo"):
        await scene.buy(member, "500.00", "2015-01-05")
    assert await scene.ends("ann") == []
    await scene.change(
        text.replace(EXPIRES, 'expires = { months = 18, after = "activity" }'), "2017-07-10"
    )

    # Ann does nothing: 18 months from the day of the new rule, not from 2015.
    assert await scene.has("ann", "2017-07-10 12:00") == 500
    assert await scene.ends("ann") == [(500, "2019-01-11 00:00")]
    # Bea spends, cleo buys: the clock of the whole balance begins again.
    await scene.spend("bea", "100", "2018-05-01")
    assert await scene.ends("bea") == [(400, "2019-11-02 00:00")]
    await scene.buy("cleo", "1.00", "2018-05-01")
    assert await scene.ends("cleo") == [(501, "2019-11-02 00:00")]

    await scene.change(text, "2018-09-01")
    assert await scene.ends("ann") == [(500, "2019-01-11 00:00")]
    assert await scene.ends("bea") == [(400, "2019-09-02 00:00")]
    assert await scene.has("ann", "2019-01-10 23:59") == 500
    assert await scene.has("ann", "2019-01-11 00:00") == 0
    await scene.buy("bea", "1.00", "2019-09-01")
    assert await scene.has("bea", "2019-09-02") == 401
    assert await scene.has("cleo") == 0


async def test_s5_birthday_points_once_a_year_within_thirty_days(opened: Opener) -> None:
    """250 points instead of the gift: people.com/lifestyle/best-weekend-sales-16-april-2021."""
    scene = await opened(shipped("beauty-insider") + BY_ACTIVITY, "2026-01-01")
    await scene.join("ann", "2026-01-02", birthday="1990-05-10")
    assert await scene.act("ann", "birthday-points", "2026-05-09") == 0
    assert await scene.act("ann", "birthday-points", "2026-06-08") == 250
    assert await scene.act("ann", "birthday-points", "2026-06-08") == 0
    assert await scene.act("ann", "birthday-points", "2027-06-09") == 0
    assert await scene.act("ann", "birthday-points", "2027-05-10") == 250


async def test_s5_a_birthday_that_goes_over_new_year_counts_once(opened: Opener) -> None:
    """The rule asks for an id of the birthday's year: whoever asks twice is refused."""
    scene = await opened(shipped("beauty-insider") + BY_ACTIVITY, "2026-01-01")
    await scene.join("noel", "2026-01-02", birthday="1990-12-24")
    for day, year, points in (("2026-12-26", 2026, 250), ("2027-01-05", 2026, 0)):
        name = f"birthday-noel-{year}"
        assert await scene.act("noel", "birthday-points", day, name=name) == points
    assert (
        await scene.act("noel", "birthday-points", "2027-12-24", name="birthday-noel-2027") == 250
    )
