"""Golden scenarios of refunds and of the ends of points, where published arithmetic is exact."""

from decimal import Decimal

import pytest

from tests.support.scenes import Opener

BASKET = """\
[brand]
code = "basket"
name = "Basket"
time_zone = "Europe/London"
currency = "EUR"

[enrolment]
on_first_purchase = true

[points]
code = "points"
name = "Points"
expires = {expires}

[earning]
points = "{rate}"
per = "1.00"
rounding = "floor"
base = "after_discount"
"""
BONUS = """
[[earning.multiplier]]
name = "Cheese"
factor = "2.5"
categories = ["cheese"]
"""
NEVER = '"never"'


async def test_r1_half_of_a_basket_takes_back_half(opened: Opener) -> None:
    """A basket of 40 euros earned 70 points; 20 euros returned take back 35.

    github.com/DivanteLtd/open-loyalty .../returns.rst
    """
    scene = await opened(BASKET.format(expires=NEVER, rate="1.75"), "2026-01-01")
    lines = {"bread": "20.00", "wine": "20.00"}
    assert await scene.buy("ann", lines, "2026-01-05", name="b1") == 70
    assert await scene.give_back("b1", "20.00", line=0) == 35
    assert await scene.has("ann") == 35
    assert await scene.give_back("b1", "20.00", line=1) == 35
    # Without lines the money is taken from all of them: the same here.
    assert await scene.buy("ann", lines, "2026-01-05", name="b2") == 70
    assert await scene.give_back("b2", "20.00") == 35


async def test_r1_a_returned_line_takes_back_what_it_made(opened: Opener) -> None:
    """Pitfall 13: a share of the whole basket would take bonus points that kept goods earned."""
    scene = await opened(BASKET.format(expires=NEVER, rate="1") + BONUS, "2026-01-01")
    lines = {"bread": "20.00", "cheese": "20.00"}
    for name in ("b1", "b2"):
        assert await scene.buy("ann", lines, "2026-01-05", name=name) == 70
    assert await scene.give_back("b1", "20.00", line=0) == 20
    assert await scene.give_back("b2", "20.00", line=1) == 50
    assert await scene.give_back("b1", "20.00", line=1) == 50
    assert await scene.has("ann") == 20


@pytest.mark.parametrize(
    ("money", "points"), [("1.00", 0), ("5.00", 0), ("9.99", 0), ("10.00", 1), ("20.00", 2)]
)
async def test_r2_what_is_returned_is_rounded_down(opened: Opener, money: str, points: int) -> None:
    """1 point per $10 pre-tax; $1 and $5 take nothing, $10 takes 1, $20 takes 2.

    developer.squareup.com/forums/t/.../22747
    """
    scene = await opened("corner-shop", "2026-01-01")
    assert await scene.buy("ann", {"": "100.00", "tax": "8.00"}, "2026-01-05", name="b1") == 10
    assert await scene.give_back("b1", money, line=0) == points
    assert await scene.has("ann") == 10 - points


async def test_r2_no_parts_leak_and_none_takes_more_than_was_earned(opened: Opener) -> None:
    """Two refunds of $5 take one point in all; the whole takes all; the balance stays at zero.

    developer.squareup.com/reference/square_2021-08-18/objects/LoyaltyAccount says that a balance
    can fall below zero, the forum that it can't: the file chooses.
    """
    scene = await opened("corner-shop", "2026-01-01")
    for name in ("b1", "b2", "b3"):
        await scene.buy("ann", "100.00", "2026-01-05", name=name)
    assert [await scene.give_back("b1", "5.00") for _ in range(2)] == [0, 1]
    assert sum([await scene.give_back("b1", "5.00") for _ in range(18)]) == 9
    assert await scene.buy("ann", "15.00", name="small") == 1
    assert [await scene.give_back("small", m) for m in ("10.00", "5.00")] == [1, 0]
    await scene.spend("ann", "15")
    assert await scene.give_back("b2") + await scene.give_back("b3") == 5
    assert await scene.has("ann") == 0


@pytest.mark.parametrize(
    ("expires", "earned", "last", "gone"),
    [
        # Voucherify, docs.voucherify.io/build/loyalty-points
        ("{ months = 1 }", "2026-01-31 09:00", "2026-02-28 23:59", "2026-03-01 00:00"),
        ("{ months = 1 }", "2028-01-31 09:00", "2028-02-29 23:59", "2028-03-01 00:00"),
        ("{ months = 0 }", "2026-01-31 09:00", "2026-01-31 23:59", "2026-02-01 00:00"),
        # 29 February, and the hour that a clock skips or has twice.
        ("{ months = 12 }", "2028-02-29 09:00", "2029-02-28 23:59", "2029-03-01 00:00"),
        ("{ months = 1 }", "2026-02-28 00:30", "2026-03-28 23:59", "2026-03-29 00:00"),
        ("{ months = 0 }", "2026-03-29 00:30", "2026-03-29 23:59", "2026-03-30 00:00"),
        ("{ months = 0 }", "2026-10-25 00:30", "2026-10-25 23:59", "2026-10-26 00:00"),
    ],
)
async def test_r3_months_end_with_the_day(
    opened: Opener, expires: str, earned: str, last: str, gone: str
) -> None:
    """31 January and a month is the end of February; no months are the same midnight."""
    scene = await opened(BASKET.format(expires=expires, rate="1"), "2026-01-01")
    await scene.buy("ann", "10.00", earned)
    assert await scene.ends("ann") == [(10, gone)]
    assert await scene.has("ann", last) == 10
    assert await scene.has("ann", gone) == 0


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Ho_Chi_Minh", "Pacific/Chatham"])
async def test_r3_the_day_is_the_brands(opened: Opener, zone: str) -> None:
    """Wherever the brand is, its day decides (pitfall 10), over the change of its clock too."""
    text = BASKET.format(expires="{ months = 1 }", rate="1").replace("Europe/London", zone)
    scene = await opened(text, "2026-01-01")
    await scene.buy("ann", "10.00", "2026-03-03 23:59")
    await scene.buy("ann", "7.00", "2026-03-04 00:00")
    assert await scene.ends("ann") == [(10, "2026-04-04 00:00"), (7, "2026-04-05 00:00")]
    assert await scene.has("ann", "2026-04-03 23:59") == 17
    assert await scene.has("ann", "2026-04-04 00:00") == 7


async def test_r3_twelve_months_then_the_month(opened: Opener) -> None:
    """Square, P12M: 6 July 2020 to 1 August 2021.

    developer.squareup.com .../LoyaltyProgramExpirationPolicy
    """
    scene = await opened("corner-shop", "2020-07-01")
    await scene.buy("ann", "10.00", "2020-07-06")
    assert await scene.ends("ann") == [(1, "2021-08-01 00:00")]


async def test_r3_inactivity_ends_all_at_once(opened: Opener) -> None:
    """Smile, a year: 500 on 1 January 2021, 100 on 31 December: all 600 end with that day in 2022.

    help.smile.io/en/articles/5348802
    """
    inactive = '{ months = 12, after = "activity" }'
    scene = await opened(BASKET.format(expires=inactive, rate="1"), "2021-01-01")
    await scene.buy("ann", "500.00", "2021-01-01")
    assert await scene.ends("ann") == [(500, "2022-01-02 00:00")]
    await scene.buy("ann", "100.00", "2021-12-31")
    assert await scene.ends("ann") == [(600, "2023-01-01 00:00")]
    assert await scene.has("ann", "2022-12-31 23:59") == 600
    assert await scene.has("ann", "2023-01-01 00:00") == 0


async def test_r3_pending_until_five_days_after_settlement(opened: Opener) -> None:
    """Eagle Eye: 5 days from settlement, then 6 months to the end of the month.

    developer.eagleeye.com .../loyalty-points-recipe-pending-points
    """
    text = BASKET.format(expires='{ months = 6, round = "month" }', rate="100")
    text = text.replace("expires", 'pending_days = 5\npending_from = "release"\nexpires')
    scene = await opened(text, "2026-01-01")
    assert await scene.buy("ann", "10.00", "2026-01-05", name="b1") == 1_000
    assert (await scene.has("ann", "2026-02-20"), await scene.waits("ann")) == (0, 1_000)
    await scene.release("b1", "2026-03-01 18:00")
    assert await scene.has("ann", "2026-03-05 23:59") == 0
    assert await scene.has("ann", "2026-03-06 00:00") == 1_000
    assert await scene.ends("ann") == [(1_000, "2026-08-01 00:00")]


async def test_cash_back_is_money_to_the_cent(opened: Opener) -> None:
    """1 %, 5 % of some categories up to $1,500 a quarter; what is spent of a return is owed."""
    scene = await opened("cash-back", "2026-01-01")
    assert await scene.buy("ann", "12.50", "2026-01-05") == Decimal("0.12")
    assert await scene.buy("ann", "13.50") == Decimal("0.14")
    assert await scene.buy("ann", {"groceries": "1400.00"}) == 70
    assert await scene.buy("ann", {"groceries": "200.00"}, name="last") == 2 + 4
    assert await scene.buy("ann", {"fuel": "100.00"}, "2026-04-01") == 5
    assert await scene.give_back("last") == 6
    assert await scene.has("ann", "2026-05-01") == Decimal("75.26")


async def test_stamps_three_a_day_and_more_for_the_tenth(opened: Opener) -> None:
    """A stamp a coffee, three more for the tenth; to the end of the year after."""
    scene = await opened("stamp-card", "2026-01-01")
    coffee = {"coffee": "3.20"}
    assert [await scene.buy("ann", coffee, "2026-01-05") for _ in range(4)] == [1, 1, 1, 0]
    assert await scene.buy("ann", {"cake": "4.00"}, "2026-01-06 09:00") == 0
    assert await scene.buy("ann", coffee, "2026-01-06 15:00") == 2  # a Tuesday afternoon
    for day in ("2026-01-07", "2026-01-08", "2026-01-09", "2026-01-10"):
        assert await scene.buy("ann", coffee, day) == 1
    assert await scene.buy("ann", coffee, "2026-01-11") == 4
    assert await scene.ends("ann") == [(13, "2028-01-01 00:00")]
