"""Scores follow from what was done, whenever and in whatever order it is told."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from kit.clock import MovableClock
from kit.db import Database
from tests.support.automatic import refunded
from tests.support.coherence import assert_coherent
from tests.support.scoring import Boards, board, opened
from tests.support.shop import purchase

ALL = 'periods = ["day", "week", "month", "all"]'


@pytest.fixture
async def spend(database: Database, clock: MovableClock) -> AsyncIterator[Boards]:
    yield await opened(database, clock, board("spend", ALL))
    await assert_coherent(database)


async def test_purchases_are_summed_in_every_window(spend: Boards, clock: MovableClock) -> None:
    now = clock.now()
    await spend.shop.buy(
        purchase("1", "ann", 500, now),
        purchase("2", "bob", 700, now - timedelta(days=1)),
        purchase("3", "ann", 400, now - timedelta(days=40)),
    )
    await spend.work()
    assert await spend.top("spend", "day") == [("ann", 500)]
    assert await spend.top("spend", "week") == [("ann", 500)]
    assert await spend.top("spend", "month") == [("bob", 700), ("ann", 500)]
    assert await spend.top("spend", "all") == [("ann", 900), ("bob", 700)]
    await refunded(spend.shop, "1", 100)
    await refunded(spend.shop, "3")
    await spend.work()
    assert await spend.top("spend", "all") == [("bob", 700), ("ann", 400)]
    assert await spend.top("spend", "day", date(2026, 1, 21)) == []
