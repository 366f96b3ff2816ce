"""Staff approve and fulfil: points are spent and codes given then, and not before."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from domain.rewards.service_fulfil import Approve, Fulfil
from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.rewards import (
    add_codes,
    approved,
    fulfilled,
    id_of,
    programme,
    redeemed,
    redemption,
    reward,
    vouchers_of,
    wish,
)
from tests.support.shop import Shop, opened_shop, purchase

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
REWARDS = programme(
    '[rewards]\napproval_over = "200"',
    reward("trip", "100", fulfil='"by_staff"', fulfil_days="2", codes='"seats"'),
    reward("tea", "150", codes='"cups"'),
)


@pytest.fixture
async def shop(database: Database, clock: MovableClock) -> AsyncIterator[Shop]:
    shop = await opened_shop(database, clock, REWARDS)
    await shop.buy(purchase("p1", "ann", 1000_00, NOON))
    yield shop
    await assert_coherent(database)


async def test_held_until_staff_fulfil_it(shop: Shop) -> None:
    await add_codes(shop, "seats", "A1", "A2")
    (asked,) = await redeemed(shop, wish("1", "ann", "trip", quantity=2))
    id_ = id_of(asked)
    assert asked.state == "held"
    assert await vouchers_of(shop, id_) == []
    balance = await shop.balance("ann")
    assert (balance.spendable, balance.held) == (800, 200)

    shop.clock.move(HOUR)
    done, again, other, late = await fulfilled(
        shop,
        Fulfil("f", id_, "eve", "booking 7"),
        Fulfil("f", id_, "eve", "booking 7"),
        Fulfil("f", id_, "eve", "booking 8"),
        Fulfil("g", id_, "eve"),
    )
    assert (done.state, done.member_id, done.replayed) == ("fulfilled", asked.member_id, False)
    assert (again.state, again.replayed) == ("fulfilled", True)
    assert (other.code, late.code) == ("KEY_CONFLICT", "NOT_HELD")
    balance = await shop.balance("ann")
    assert (balance.spendable, balance.held) == (800, 0)
    found = await redemption(shop, id_)
    assert (found.fulfilled_by, found.fulfilled_at) == ("eve", NOON + HOUR)
    assert (found.reference, found.deadline, found.points) == ("booking 7", None, 200)
    assert {each.code for each in await vouchers_of(shop, id_)} == {"A1", "A2"}


async def test_without_enough_codes_nothing_is_fulfilled(shop: Shop) -> None:
    await add_codes(shop, "seats", "A1", "A2", "A3")
    asked = await redeemed(
        shop,
        wish("1", "ann", "trip", quantity=2),
        wish("2", "ann", "trip", quantity=2),
        wish("3", "ann", "trip"),
    )
    found = await fulfilled(
        shop, *(Fulfil(str(n), id_of(each), "eve") for n, each in enumerate(asked))
    )
    assert [each.code for each in found] == [None, "OUT_OF_STOCK", None]
    assert (await redemption(shop, id_of(asked[1]))).state == "held"
    await add_codes(shop, "seats", "A4", "A5")
    (found_later,) = await fulfilled(shop, Fulfil("1", id_of(asked[1]), "eve"))
    assert (found_later.state, found_later.replayed) == ("fulfilled", False)


async def test_the_deadline_itself_is_too_late(shop: Shop) -> None:
    await add_codes(shop, "seats", "A1", "A2")
    one, other = await redeemed(shop, wish("1", "ann", "trip"), wish("2", "ann", "trip"))
    shop.clock.move(timedelta(days=2) - timedelta(microseconds=1))
    (in_time,) = await fulfilled(shop, Fulfil("1", id_of(one), "eve"))
    assert in_time.state == "fulfilled"
    shop.clock.move(timedelta(microseconds=1))
    (late,) = await fulfilled(shop, Fulfil("2", id_of(other), "eve"))
    assert late.code == "DEADLINE_PASSED"
    found = await redemption(shop, id_of(other))
    assert (found.state, found.ended_at) == ("lapsed", NOON + timedelta(days=2))


async def test_a_second_person_approves(shop: Shop) -> None:
    await add_codes(shop, "cups", "C1", "C2", "C3")
    small, large = await redeemed(
        shop, wish("1", "ann", "tea"), wish("2", "ann", "tea", quantity=2, requested_by="eve")
    )
    assert (small.state, large.state) == ("fulfilled", "waiting")
    (refused,) = await fulfilled(shop, Fulfil("f", id_of(large), "eve"))
    assert refused.code == "NOT_HELD"
    same, done, again, over = await approved(
        shop,
        Approve("a", id_of(large), "eve"),
        Approve("b", id_of(large), "bob"),
        Approve("b", id_of(large), "bob"),
        Approve("c", id_of(small), "bob"),
    )
    assert (same.code, over.code) == ("SAME_PERSON", "NOT_WAITING")
    assert (done.state, again.state, again.replayed) == ("fulfilled", "fulfilled", True)
    found = await redemption(shop, id_of(large))
    assert (found.approved_by, found.approved_at, found.fulfilled_by) == ("bob", NOON, "bob")
    assert {each.code for each in await vouchers_of(shop, id_of(large))} == {"C2", "C3"}
    assert (await shop.balance("ann")).spendable == 1000 - 450


async def test_what_staff_fulfil_is_held_once_it_is_approved(shop: Shop) -> None:
    (asked,) = await redeemed(shop, wish("1", "ann", "trip", quantity=3))
    (done,) = await approved(shop, Approve("a", id_of(asked), "bob"))
    assert (asked.state, done.state) == ("waiting", "held")
    found = await redemption(shop, id_of(asked))
    assert (found.deadline, found.approved_by) == (NOON + timedelta(days=2), "bob")


async def test_approval_needs_codes_for_what_is_done_at_once(shop: Shop) -> None:
    (asked,) = await redeemed(shop, wish("1", "ann", "tea", quantity=2))
    await add_codes(shop, "cups", "C1")
    (refused,) = await approved(shop, Approve("a", id_of(asked), "bob"))
    assert refused.code == "OUT_OF_STOCK"
    assert (await redemption(shop, id_of(asked))).state == "waiting"
