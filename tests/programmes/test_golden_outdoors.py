"""Golden scenarios of outdoor shops: activities, earning windows that carry over, four tiers."""

from tests.support.scenes import Opener


async def test_n1_ten_points_per_dollar_and_points_for_what_members_do(opened: Opener) -> None:
    """10 points per $: onbelayconsulting.expert/2015/11/10/the-north-face-not-so-vip.

    What activities give is the file's own.
    """
    scene = await opened("vipeak", "2026-01-01")
    assert await scene.buy("ann", "120.00", "2026-01-05") == 1_200 + 250
    assert await scene.buy("ann", "9.99") == 99
    assert await scene.buy("ann", {"boots": "80.00", "gift card": "50.00"}) == 800
    assert await scene.buy("ann", {"experience": "200.00"}) == 2_000 + 1_000
    assert await scene.act("ann", "event", "2026-01-06 18:00") == 500
    assert await scene.act("ann", "event", "2026-01-06 20:00") == 750
    assert await scene.act("ann", "review", stars=5, words=20) == 75
    assert await scene.act("ann", "review", stars=5, words=19) == 0
    assert await scene.act("ann", "review", stars=5) == 0


async def test_n1_one_check_in_a_day_by_the_brands_clock(opened: Opener) -> None:
    """A member checks in once a day, wherever: the cap is one of both rules together."""
    scene = await opened("vipeak", "2026-01-01")
    await scene.join("ann", "2026-01-02")
    # The surprise is drawn by the event's id: these ids draw none.
    assert await scene.act("ann", "check-in", "2026-01-05 23:58", place="shop") == 50
    assert await scene.act("ann", "check-in", "2026-01-05 23:59", place="park") == 0
    assert await scene.act("ann", "check-in", "2026-01-06 00:00", place="summit") == 100
    assert await scene.act("ann", "check-in", "2026-01-07 00:00", place="home") == 0
    assert await scene.tier("ann", ladder="summits") == "Walker"
    for day in range(10, 16):
        await scene.act("ann", "check-in", f"2026-01-{day}", place="shop")
    assert await scene.tier("ann", ladder="summits") == "Hiker"


async def test_n2_a_window_pays_500_and_carries_the_rest(opened: Opener) -> None:
    """$50 a window; a window that closes with 640 points pays $50 and carries 140.

    rivo.io/blog/the-north-face-xplr-pass-program; upzaar.com/customer-academy
    """
    scene = await opened("xplr", "2026-01-01")
    assert await scene.buy("ann", "400.00", "2026-01-10") == 400
    assert await scene.buy("ann", "240.00", "2026-04-30 23:59") == 240
    assert (await scene.has("ann"), await scene.waits("ann")) == (500, 140)
    assert (await scene.has("ann", "2026-05-01 00:00"), await scene.waits("ann")) == (640, 0)
    # What was carried uses the next window's cap: 360 are left of it.
    assert await scene.buy("ann", "400.00", "2026-06-01") == 400
    assert (await scene.has("ann"), await scene.waits("ann")) == (1_000, 40)
    assert await scene.has("ann", "2026-09-01 00:00") == 1_040


async def test_n2_150_dollars_a_year_and_the_rest_next_year(opened: Opener) -> None:
    """Three windows of $50: pointsinsider.com/reviews/the-north-face-xplr-pass-review."""
    scene = await opened("xplr", "2026-01-01")
    assert await scene.buy("ann", "1760.00", "2026-01-10") == 1_760
    found = [
        await scene.has("ann", day)
        for day in ("2026-04-30", "2026-05-01", "2026-09-01", "2026-12-31")
    ]
    # The first 500 lapse 11 months after they were earned.
    assert found == [500, 1_000, 1_500, 1_000]
    assert await scene.waits("ann") == 260
    assert await scene.has("ann", "2027-01-01 00:00") == 1_260


async def test_n2_extras_are_capped_at_100_a_year(opened: Opener) -> None:
    """Referral 25, app 10, check-in 5, bag 10, 100 a year in all.

    rewardco.com.au/xplr-pass-never-stop-exploring
    """
    scene = await opened("xplr", "2026-01-01")
    await scene.join("ann", "2026-01-02")
    assert await scene.act("ann", "app", "2026-01-03") == 10
    assert await scene.act("ann", "app") == 0
    assert await scene.act("ann", "check-in") == 5
    assert await scene.act("ann", "own-bag") == 10
    assert [await scene.act("ann", "referral") for _ in range(4)] == [25, 25, 25, 0]
    assert await scene.act("ann", "check-in", "2026-12-31 23:59") == 0
    assert await scene.act("ann", "check-in", "2027-01-01 00:00") == 5
    # The extras of a year say nothing of purchases.
    assert await scene.buy("ann", "100.00", "2026-12-30") == 100


async def test_n2_points_lapse_after_eleven_months(opened: Opener) -> None:
    """The money lapses after 11 months; where the law forbids it, it does not."""
    scene = await opened("xplr", "2026-01-01")
    await scene.join("olga", "2026-01-02", region="CA-ON")
    await scene.buy("ann", "50.00", "2026-03-31")
    await scene.buy("olga", "50.00", "2026-03-31")
    assert await scene.ends("ann") == [(50, "2027-03-01 00:00")]
    assert await scene.ends("olga") == []
    assert await scene.has("ann", "2027-02-28 23:59") == 50
    assert await scene.has("ann", "2027-03-01 00:00") == 0
    assert await scene.has("olga") == 50


async def test_n3_thresholds_are_half_open(opened: Opener) -> None:
    """HK$3,500 and HK$7,000 in 12 months; 6,999.00 to 6,999.99, which nobody published, too.

    nf.web-cardinal.com/xplr
    """
    scene = await opened("hk-explorer", "2026-01-01")
    steps = {
        "3499.99": "Blazer",
        "3500.00": "Adventurer",
        "6999.00": "Adventurer",
        "6999.50": "Adventurer",
        "6999.99": "Adventurer",
        "7000.00": "Pioneer",
    }
    for number, (spent, tier) in enumerate(steps.items()):
        await scene.buy(f"m{number}", spent, "2026-02-01")
        assert await scene.tier(f"m{number}") == tier, spent


async def test_n3_rates_of_the_tier_and_points_for_twelve_months(opened: Opener) -> None:
    """1, 1, 1.2 and 1.5 points per HK$; points live 12 months: nf.web-cardinal.com/xplr."""
    scene = await opened("hk-explorer", "2026-01-01")
    for spent, rate in (("1.00", 100), ("1000.00", 100), ("3500.00", 120), ("7000.00", 150)):
        await scene.buy(spent, spent, "2026-02-01")
        assert await scene.buy(spent, "100.00") == rate
    assert await scene.ends("1.00") == [(101, "2027-02-02 00:00")]
    # The window is twelve months up to the day: what left it counts no more.
    await scene.buy("late", "999.99", "2026-03-01")
    await scene.buy("late", "2500.01", "2027-03-01")
    assert await scene.tier("late") == "Blazer"
    await scene.buy("late", "999.99", "2027-03-02")
    assert await scene.tier("late") == "Adventurer"
