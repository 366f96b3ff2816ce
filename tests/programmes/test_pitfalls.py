"""Faults seen in other systems, each with a test that fails on it."""

from dataclasses import replace
from itertools import permutations

import pytest

from api.sections import SECTIONS
from domain.earning.rules import Activity, Line, Purchase
from domain.programmes.rules import load
from kit.documents import FaultyDocumentError
from tests.support.scenes import Opener, shipped

RATE = """\
points = "1"
per = "1.00"
"""
SHOP = """\
[brand]
code = "shop"
name = "Shop"
time_zone = "America/New_York"
currency = "USD"

[enrolment]
on_first_purchase = true

[points]
code = "points"
name = "Points"
expires = "never"

[earning]
points = "1"
per = "1.00"
rounding = "floor"
base = "{base}"
excluded_categories = ["gift card", "tax"]
{more}
[[tiers.ladder]]
qualify_by = "spend"
window = "calendar_year"
holds = "end_of_next_window"

[[tiers.ladder.tier]]
name = "Basic"
threshold = "0"

[[tiers.ladder.tier]]
name = "Gold"
threshold = "100.00"

[[tiers.ladder.tier]]
name = "Black"
threshold = "500.00"
"""
GOLD = """
[[earning.rule]]
name = "Gold rate"
points = "2"
per = "1.00"
tiers = ["Gold"]
group = "rate"
priority = {gold}
"""
EVERYONE = """
[[earning.rule]]
name = "Rate for all"
points = "3"
per = "1.00"
group = "rate"
priority = {everyone}
"""


def shop(more: str = "", base: str = "after_discount") -> str:
    """Return a programme that earns a point per dollar and what ``more`` says."""
    return SHOP.format(base=base, more=more)


async def test_pitfall_1_buying_and_returning_earns_nothing(opened: Opener) -> None:
    """A refund that leaves points behind is a machine that makes them (odoo PR 257854)."""
    scene = await opened("vipeak", "2026-01-01")
    for number in range(3):
        name = f"b{number}"
        earned = await scene.buy("ann", {"experience": "80.00", "": "19.99"}, name=name)
        assert await scene.give_back(name, "19.99", line=1) + await scene.give_back(name) == earned
    assert (await scene.has("ann"), await scene.waits("ann")) == (0, 0)


async def test_pitfall_1_the_tier_goes_with_the_money(opened: Opener) -> None:
    """Goods that came back made no tier."""
    scene = await opened(shop(), "2026-01-01")
    await scene.buy("ann", "600.00", "2026-01-05", name="b1")
    assert await scene.tier("ann") == "Black"
    await scene.give_back("b1", "100.01", "2026-01-09")
    assert await scene.tier("ann") == "Gold"
    await scene.give_back("b1")
    assert await scene.tier("ann") == "Basic"


async def test_pitfall_3_reported_again_is_not_given_again(opened: Opener) -> None:
    """A retry, in one batch or later, gives nothing (odoo PR 222372, opencart #2349)."""
    scene = await opened("vipeak", "2026-01-01")
    at = scene.instant("2026-01-05")
    basket = Purchase("b1", "ann", at, "USD", (Line(amount=10_000),))
    both = await scene.shop.buy(basket, basket)
    (again,) = await scene.shop.buy(basket)
    assert [each.status for each in (*both, again)] == ["recorded", "replayed", "replayed"]
    assert {each.points for each in (*both, again)} == {1_250}
    (other,) = await scene.shop.buy(replace(basket, lines=(Line(amount=20_000),)))
    assert (other.status, other.code) == ("refused", "PURCHASE_CONFLICT")

    event = Activity("e1", "ann", "event", at)
    told = [*await scene.shop.act(event, event), *await scene.shop.act(event)]
    assert [each.status for each in told] == ["recorded", "replayed", "replayed"]
    assert {each.points for each in told} == {500}
    assert await scene.has("ann") == 1_750


async def test_pitfall_3_bought_again_after_a_return_earns_again(opened: Opener) -> None:
    """Cancelled and completed after all: the new purchase earns (woocommerce #111)."""
    scene = await opened(shop(), "2026-01-01")
    await scene.buy("ann", "50.00", "2026-01-05", name="b1")
    await scene.give_back("b1")
    assert await scene.buy("ann", "50.00", name="b1 again") == 50
    assert await scene.has("ann") == 50


async def test_pitfall_9_what_is_spent_of_points_moves_no_tier(opened: Opener) -> None:
    """A tier is not the balance (open-loyalty #131), nor money spent twice (POSpire PR 75)."""
    scene = await opened(shop(), "2026-01-01")
    await scene.buy("ann", "100.00", "2026-01-05")
    before = await scene.standing("ann")
    await scene.spend("ann", "100")
    after = await scene.standing("ann")
    assert (before.tier, before.progress, before.missing) == ("Gold", 10_000, 40_000)
    assert (after.tier, after.progress, after.missing) == ("Gold", 10_000, 40_000)


async def test_pitfall_9_the_first_tier_is_not_skipped(opened: Opener) -> None:
    """Below, at and above the first threshold (erpnext #22167, #24672), by the right measure."""
    scene = await opened(
        shop('\n[[earning.rule]]\nname = "Gift"\non = "gift"\npoints = "900"'), "2026-01-01"
    )
    await scene.buy("ann", "99.99", "2026-01-05")
    await scene.act("ann", "gift")
    assert (await scene.tier("ann"), (await scene.standing("ann")).missing) == ("Basic", 1)
    await scene.buy("ann", "0.01")
    assert (await scene.tier("ann"), (await scene.standing("ann")).missing) == ("Gold", 40_000)
    await scene.buy("ann", "399.99")
    assert await scene.tier("ann") == "Gold"


@pytest.mark.parametrize(("base", "points"), [("after_discount", 17), ("before_discount", 20)])
async def test_pitfall_11_the_base_is_what_the_file_says(
    opened: Opener, base: str, points: int
) -> None:
    """No point for a discount, a gift card or a tax (odoo #150833, RepairDesk #1050)."""
    scene = await opened(shop(base=base), "2026-01-01")
    lines = (
        Line(amount=1_750, discount=250, category="cheese"),
        Line(amount=5_000, category="gift card"),
        Line(amount=199, category="tax"),
        Line(amount=0, category="voucher"),
    )
    at = scene.instant("2026-01-05")
    (outcome,) = await scene.shop.buy(Purchase("b1", "ann", at, "USD", lines))
    assert outcome.points == points
    only = Purchase("b2", "ann", at, "USD", (Line(amount=5_000, category="gift card"),))
    assert (await scene.shop.buy(only))[0].points == 0


async def test_pitfall_13_no_order_of_parts_leaks(opened: Opener) -> None:
    """Every order of three returns takes back the same in all, and none more than was earned."""
    scene = await opened("corner-shop", "2026-01-01")
    for number, order in enumerate(permutations(("3.33", "6.66", "15.01"))):
        name = f"b{number}"
        assert await scene.buy("ann", "39.99", "2026-01-05", name=name) == 3
        parts = [await scene.give_back(name, money) for money in order]
        assert sum(parts) == 2
        assert await scene.give_back(name) == 1
    assert await scene.has("ann") == 0


async def test_pitfall_14_of_a_group_one_rule_counts(opened: Opener) -> None:
    """A tier's rate does not come on top of everyone's by accident (help.smile.io)."""
    text = shop(EVERYONE.format(everyone=1) + GOLD.format(gold=2)).replace(RATE, "")
    scene = await opened(text, "2026-01-01")
    assert await scene.buy("ann", "100.00", "2026-01-05") == 300
    assert await scene.buy("ann", "100.00") == 200


async def test_pitfall_14_the_order_of_a_file_decides_nothing(opened: Opener) -> None:
    """What was edited last does not win (open-loyalty rule_type.rst): the priority does."""
    text = shop(GOLD.format(gold=1) + EVERYONE.format(everyone=2)).replace(RATE, "")
    scene = await opened(text, "2026-01-01")
    await scene.buy("ann", "100.00", "2026-01-05")
    assert await scene.buy("ann", "100.00") == 300


def test_pitfall_14_what_nobody_could_decide_is_refused() -> None:
    """Equal priorities, and several multipliers without a word on how they stack."""
    equal = shop(EVERYONE.format(everyone=1) + GOLD.format(gold=1))
    with pytest.raises(FaultyDocumentError, match="nobody could say which one counts"):
        load(equal, SECTIONS, "equal")
    silent = shipped("beauty-insider").replace('stacking = "best"\n', "")
    with pytest.raises(FaultyDocumentError, match=r"earning\.stacking"):
        load(silent, SECTIONS, "silent")
