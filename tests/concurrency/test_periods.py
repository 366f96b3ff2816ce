"""Closing a period and posting into it wait for each other, whoever comes first."""

import asyncio
from datetime import timedelta

import pytest

from domain.ledger.service import close_period
from kit.clock import MovableClock
from kit.db import Database
from tests.support.books import Books, opened_books
from tests.support.coherence import assert_coherent

WAITING = 0.3


@pytest.fixture
async def books(database: Database, clock: MovableClock) -> Books:
    return await opened_books(database, clock)


async def test_closing_waits_for_a_posting_in_flight(books: Books) -> None:
    source, full = await books.filled(0)
    day = books.brand.day(books.clock.now()) - timedelta(days=1)
    late = books.entry(books.move(source, full, 5), effective_on=day)
    async with books.database.transaction() as session:
        (outcome,) = await books.post_on(session, late)
        assert outcome.refusal is None
        closing = asyncio.create_task(books.close(day))
        await asyncio.sleep(WAITING)
        assert not closing.done()
    await closing
    after = books.clock.now() + timedelta(days=1)
    assert await books.as_of(full, recorded_at=after, effective_on=day) == (0, 5)
    await assert_coherent(books.database)


async def test_posting_waits_for_a_closing_in_flight_and_is_refused(books: Books) -> None:
    source, full = await books.filled(0)
    day = books.brand.day(books.clock.now()) - timedelta(days=1)
    late = books.entry(books.move(source, full, 5), effective_on=day)
    async with books.database.transaction() as session:
        await close_period(session, books.clock.now(), books.brand, day)
        posting = asyncio.create_task(books.post(late))
        await asyncio.sleep(WAITING)
        assert not posting.done()
    (outcome,) = await posting
    assert outcome.refusal == "PERIOD_CLOSED"
    assert (await books.balances(full))[full].cr == 0
    await assert_coherent(books.database)
