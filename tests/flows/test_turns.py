"""Every tenth coffee, with coffees that go back: what is kept counts, whatever came between."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from domain.earning.rules import Line, Purchase
from domain.earning.rules_refund_request import Refund
from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.shop import Shop, opened_shop

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
async def cafe(database: Database, clock: MovableClock) -> AsyncIterator[Shop]:
    """The shipped stamp card: a stamp for a coffee, three more for every tenth."""
    yield await opened_shop(database, clock, "stamp-card")
    await assert_coherent(database)


def coffees(first: int, last: int) -> list[Purchase]:
    """One coffee and a cake a day."""
    lines = (Line(300, category="coffee"), Line(400))
    return [
        Purchase(f"c{number}", "anna", MONDAY + timedelta(days=number), "GBP", lines)
        for number in range(first, last + 1)
    ]


async def bought(cafe: Shop, first: int, last: int) -> list[int]:
    cafe.clock.set(MONDAY + timedelta(days=last))
    return [each.points for each in await cafe.buy(*coffees(first, last))]


async def returned(cafe: Shop, *numbers: int, coffee_alone: bool = False) -> list[int]:
    lines = ((0, 300),) if coffee_alone else ()
    refunds = [Refund(f"r{each}", f"c{each}", cafe.clock.now(), lines=lines) for each in numbers]
    return [each.points_due for each in await cafe.refund(*refunds)]


async def test_nobody_gets_the_tenth_by_nine_that_went_back(cafe: Shop) -> None:
    assert await bought(cafe, 1, 9) == [1] * 9
    assert await returned(cafe, *range(1, 9)) == [1] * 8
    # The cake is kept, the coffee is not.
    assert await returned(cafe, 9, coffee_alone=True) == [1]
    assert await bought(cafe, 10, 18) == [1] * 9
    assert await bought(cafe, 19, 19) == [4]


async def test_who_returns_the_tenth_has_it_with_the_next(cafe: Shop) -> None:
    assert await bought(cafe, 1, 10) == [*[1] * 9, 4]
    assert await returned(cafe, 10) == [4]
    assert await bought(cafe, 11, 11) == [4]
    # Coffees returned after their bonus are owed to the next one.
    assert await returned(cafe, 1, 2) == [1, 1]
    assert await bought(cafe, 12, 22) == [1] * 11
    assert await bought(cafe, 23, 23) == [4]


async def test_the_cake_alone_goes_back_and_nothing_turns(cafe: Shop) -> None:
    await bought(cafe, 1, 9)
    await cafe.refund(Refund("r1", "c1", cafe.clock.now(), lines=((1, 400),)))
    assert await bought(cafe, 10, 10) == [4]
