"""Redemptions are undone: cancelled before they are fulfilled, returned after that."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.households.rules_request import Answer, Invitation, NewHousehold
from domain.households.service import change
from domain.rewards.service_cancel import Cancel, Return
from domain.rewards.service_fulfil import Approve
from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.rewards import (
    approved,
    burn,
    cancelled,
    id_of,
    left,
    programme,
    redeemed,
    redemption,
    returned,
    reward,
    run,
    vouchers_of,
    wish,
)
from tests.support.shop import Shop, opened_shop, purchase

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OVER = datetime(2026, 3, 5, 5, tzinfo=UTC)
"""The end of 4 March in New York: two days after 2 March."""

REWARDS = programme(
    "[households]\nmembers = 3",
    '[rewards]\napproval_over = "500"',
    reward("trip", "100", fulfil='"by_staff"', stock="3"),
    reward("tea", "150", return_days="2", stock="5", valid="{ days = 30 }"),
    reward("cake", "10"),
    reward("gift", "0", return_days="0"),
)


@pytest.fixture
async def shop(database: Database, clock: MovableClock) -> AsyncIterator[Shop]:
    shop = await opened_shop(database, clock, REWARDS)
    await shop.buy(
        purchase("p1", "ann", 700_00, NOON - 3 * DAY), purchase("p2", "bob", 300_00, NOON)
    )
    yield shop
    await assert_coherent(database)


def taken_back(key: str, id_: UUID, **more: object) -> Return:
    return Return(key, id_, "eve", "cold", **more)  # type: ignore[arg-type]


async def spendable(shop: Shop, *names: str) -> list[int]:
    return [(await shop.balance(name)).spendable for name in names]


async def test_cancelled_gives_points_and_stock_back(shop: Shop) -> None:
    held, waiting = await redeemed(
        shop, wish("1", "ann", "trip", quantity=2), wish("2", "ann", "tea", quantity=4)
    )
    assert (held.state, waiting.code) == ("held", "INSUFFICIENT_POINTS")
    stranger = (await shop.member_ids("bob"))[0]
    assert await left(shop, "trip") == 1
    mine, done, again, other, late = await cancelled(
        shop,
        Cancel("0", id_of(held), "bob", "", member_id=stranger),
        Cancel("1", id_of(held), "ann", "no time", member_id=held.member_id),
        Cancel("1", id_of(held), "ann", "no time", member_id=held.member_id),
        Cancel("1", id_of(held), "ann", "other"),
        Cancel("2", id_of(held), "ann", "no time"),
    )
    assert (mine.code, done.state, again.replayed) == ("REDEMPTION_NOT_FOUND", "cancelled", True)
    assert (other.code, late.code) == ("KEY_CONFLICT", "NOT_HELD")
    assert await spendable(shop, "ann") == [700]
    assert await left(shop, "trip") == 3
    found_ = await redemption(shop, id_of(held))
    assert (found_.ended_by, found_.ended_at, found_.reason) == ("ann", NOON, "no time")


async def test_what_lapsed_can_neither_be_cancelled_nor_fulfilled(shop: Shop) -> None:
    (held,) = await redeemed(shop, wish("1", "ann", "trip", quantity=3))
    shop.clock.move(7 * DAY)
    (late,) = await cancelled(shop, Cancel("1", id_of(held), "ann", ""))
    assert late.code == "DEADLINE_PASSED"
    assert (await redemption(shop, id_of(held))).state == "lapsed"
    assert await left(shop, "trip") == 3


async def test_a_return_within_its_days_undoes_all_of_it(shop: Shop) -> None:
    (asked,) = await redeemed(shop, wish("1", "ann", "tea", quantity=2))
    assert await spendable(shop, "ann") == [400]
    shop.clock.move(OVER - NOON - timedelta(microseconds=1))
    done, again, late = await returned(
        shop,
        taken_back("r", id_of(asked)),
        taken_back("r", id_of(asked)),
        taken_back("s", id_of(asked)),
    )
    assert (done.state, again.replayed, late.code) == ("returned", True, "NOT_FULFILLED")
    assert await spendable(shop, "ann") == [700]
    assert await left(shop, "tea") == 5
    assert [each.state for each in await vouchers_of(shop, id_of(asked))] == ["returned"] * 2


async def test_a_return_after_its_days_is_refused(shop: Shop) -> None:
    tea, gift, cake, trip = await redeemed(
        shop,
        wish("1", "ann", "tea"),
        wish("2", "ann", "gift"),
        wish("3", "ann", "cake"),
        wish("4", "ann", "trip"),
    )
    (same_day,) = await returned(shop, taken_back("g", id_of(gift)))
    assert same_day.state == "returned"
    shop.clock.move(OVER - NOON)
    found_ = await returned(
        shop,
        taken_back("1", id_of(tea)),
        taken_back("2", id_of(cake)),
        taken_back("3", id_of(trip)),
        taken_back("4", UUID(int=7)),
        taken_back("5", id_of(tea), member_id=UUID(int=7)),
        taken_back("6", id_of(cake), at_any_time=True),
    )
    assert [each.code for each in found_] == [
        "RETURN_TOO_LATE",
        "NOT_RETURNABLE",
        "NOT_FULFILLED",
        "REDEMPTION_NOT_FOUND",
        "REDEMPTION_NOT_FOUND",
        None,
    ]


async def test_a_used_voucher_can_not_be_returned(shop: Shop) -> None:
    (asked,) = await redeemed(shop, wish("1", "ann", "tea", quantity=2))
    one, other = await vouchers_of(shop, id_of(asked))
    assert (await burn(shop, "b", one.code)).code is None
    (refused,) = await returned(shop, taken_back("r", id_of(asked)))
    assert refused.code == "VOUCHER_USED"
    assert [
        each.state for each in await vouchers_of(shop, id_of(asked)) if each.id == other.id
    ] == ["issued"]
    assert await spendable(shop, "ann") == [400]


async def test_a_key_of_another_return_changes_nothing(shop: Shop) -> None:
    one, other = await redeemed(shop, wish("1", "ann", "tea"), wish("2", "ann", "tea"))
    first, second = await returned(shop, taken_back("r", id_of(one)), taken_back("r", id_of(other)))
    assert (first.state, second.code) == ("returned", "KEY_CONFLICT")
    assert [each.state for each in await vouchers_of(shop, id_of(other))] == ["issued"]
    assert await spendable(shop, "ann") == [550]


async def home(shop: Shop, role: str = "adult") -> None:
    await run(shop, change, [NewHousehold("h", "ann", "ours")])
    (asked,) = await run(shop, change, [Invitation("i", "ann", "bob", role)])
    assert asked.invitation_id is not None
    await run(shop, change, [Answer("a", "bob", asked.invitation_id, accept=True)])


async def test_a_household_pays_together_and_each_gets_back_what_was_his(shop: Shop) -> None:
    await home(shop)
    (asked,) = await redeemed(shop, wish("1", "bob", "tea", quantity=5, from_household=True))
    (stranger,) = await redeemed(shop, wish("2", "ann", "trip", from_household=True, quantity=9))
    assert (asked.state, stranger.code) == ("waiting", "OUT_OF_STOCK")
    # What ends first pays first: Ann bought three days earlier.
    assert await spendable(shop, "ann", "bob") == [0, 250]
    (passed,) = await approved(shop, Approve("y", id_of(asked), "eve"))
    assert passed.state == "fulfilled"
    assert await spendable(shop, "ann", "bob") == [0, 250]
    (done,) = await returned(shop, taken_back("r", id_of(asked)))
    assert done.state == "returned"
    assert await spendable(shop, "ann", "bob") == [700, 300]


async def test_who_is_no_spender_of_a_household_pays_alone(shop: Shop) -> None:
    (nobodys,) = await redeemed(shop, wish("0", "bob", "cake", from_household=True))
    await home(shop, "child")
    child, alone, owner = await redeemed(
        shop,
        wish("1", "bob", "cake", from_household=True),
        wish("2", "bob", "cake"),
        wish("3", "ann", "cake", from_household=True),
    )
    assert [each.code for each in (nobodys, child, alone, owner)] == [
        "NOT_IN_HOUSEHOLD",
        "MAY_NOT_SPEND",
        None,
        None,
    ]
    assert await spendable(shop, "ann", "bob") == [690, 290]
