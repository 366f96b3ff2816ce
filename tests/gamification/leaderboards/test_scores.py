"""Scores follow from what was done, whenever and in whatever order it is told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest

from api.sections import SECTIONS
from domain.earning.rules import Activity
from domain.members.service import NewMember
from gamification.leaderboards import queries_scores as queries
from gamification.leaderboards.jobs_scores import follow
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.automatic import refunded
from tests.support.coherence import assert_coherent
from tests.support.scoring import Boards, board, opened, programme
from tests.support.shop import purchase

ALL = 'periods = ["day", "week", "month", "all"]'
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
async def spend(database: Database, clock: MovableClock) -> AsyncIterator[Boards]:
    yield await opened(database, clock, board("spend", ALL))
    await assert_coherent(database)


async def test_purchases_are_summed_in_every_window(spend: Boards, clock: MovableClock) -> None:
    now = clock.now()
    await spend.shop.buy(
        purchase("1", "ann", 500, now),
        purchase("2", "bob", 700, now - DAY),
        purchase("3", "ann", 400, now - 40 * DAY),
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


async def test_only_what_changes_gets_a_new_number_and_who_leaves_stays_as_a_row(
    spend: Boards, clock: MovableClock
) -> None:
    await spend.shop.buy(*(purchase(n, n, 500, clock.now()) for n in ("ann", "bob")))
    await spend.work()
    (window,) = await spend.windows(periods=["day"])
    first = await spend.rows(window)
    assert window.head == max(row.seq for row in first)
    await spend.again()
    assert await spend.rows(window) == first
    await refunded(spend.shop, "ann")
    await spend.work()
    async with spend.shop.database.read() as session:
        (gone,) = await queries.changed(session, window.id, window.head, 10)
        heads = dict(await queries.heads(session, window.head))
        assert await queries.size(session, window.id) == 1
    assert (gone.listed, gone.score) == (False, 0)
    assert heads[window.id] == gone.seq


async def test_days_and_weeks_are_the_brands_also_when_the_clocks_change(
    spend: Boards, clock: MovableClock
) -> None:
    clock.set(datetime(2026, 3, 10, tzinfo=UTC))
    # Sunday, 8 March, has 23 hours: 05:00 UTC to 04:00 UTC.
    instants = {
        "saturday": datetime(2026, 3, 8, 4, 59, tzinfo=UTC),
        "early": datetime(2026, 3, 8, 5, tzinfo=UTC),
        "late": datetime(2026, 3, 9, 3, 59, tzinfo=UTC),
        "monday": datetime(2026, 3, 9, 4, tzinfo=UTC),
    }
    await spend.shop.buy(*(purchase(name, name, 500, at) for name, at in instants.items()))
    await spend.work()
    sunday = date(2026, 3, 8)
    assert await spend.top("spend", "day", sunday) == [("early", 500), ("late", 500)]
    week = ["saturday", "early", "late"]
    assert [name for name, _ in await spend.top("spend", "week", sunday)] == week
    assert await spend.top("spend", "week", date(2026, 3, 9)) == [("monday", 500)]


async def test_who_was_first_stands_first_whatever_was_told_first(
    spend: Boards, clock: MovableClock
) -> None:
    at = clock.now() - HOUR
    late = at + timedelta(microseconds=1)
    await spend.shop.buy(purchase("1", "late", 500, late))
    await spend.work()
    await spend.shop.buy(purchase("2", "first", 500, at))
    await spend.work()
    assert [name for name, _ in await spend.top("spend", "day")] == ["first", "late"]
    # What a refund takes away no longer counts for when the score was reached.
    await spend.shop.buy(purchase("3", "first", 100, at + 2 * HOUR / 3))
    await spend.work()
    await refunded(spend.shop, "3")
    await spend.work()
    (window,) = await spend.windows(periods=["day"])
    rows = await spend.rows(window)
    assert [row.reached_at for row in rows] == [at, late]
    async with spend.shop.database.read() as session:
        found = await queries.rank_of(session, window.id, [row.entity for row in rows])
        after = await queries.top(session, window.id, 5, rows[0])
    ranked = [found[row.entity] for row in rows]
    assert [(each.place, each.competition, each.dense) for each in ranked] == [(1, 1, 1), (2, 1, 1)]
    assert after == rows[1:]


async def test_best_and_latest_fall_back_when_what_made_them_is_returned(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(
        database,
        clock,
        board("best", f'{ALL}\nkeep = "best"'),
        board("latest", f'{ALL}\nkeep = "latest"'),
    )
    now = clock.now()
    amounts = ((600, 3 * HOUR), (900, 2 * HOUR), (300, HOUR), (900, 4 * DAY))
    await boards.shop.buy(
        *(purchase(f"{n}", "ann", cents, now - ago) for n, (cents, ago) in enumerate(amounts))
    )
    await boards.work()
    assert await boards.top("best", "all") == [("ann", 900)]
    assert await boards.top("latest", "all") == [("ann", 300)]
    (window,) = await boards.windows(boards=["best"], periods=["all"])
    assert [row.reached_at for row in await boards.rows(window)] == [now - 4 * DAY]
    await refunded(boards.shop, "3")
    await refunded(boards.shop, "2")
    await boards.work()
    assert [row.reached_at for row in await boards.rows(window)] == [now - 2 * HOUR]
    assert await boards.top("latest", "day") == [("ann", 900)]
    await refunded(boards.shop, "1", 500)
    await boards.work()
    assert await boards.top("best", "day") == [("ann", 600)]
    assert await boards.top("latest", "day") == [("ann", 400)]
    await assert_coherent(database)


async def test_points_are_those_that_are_left(database: Database, clock: MovableClock) -> None:
    boards = await opened(database, clock, board("points", ALL, "points"))
    await boards.shop.buy(purchase("1", "ann", 1_250, clock.now()))
    await boards.work()
    assert await boards.top("points", "all") == [("ann", 12)]
    await refunded(boards.shop, "1", 500)
    await boards.work()
    assert await boards.top("points", "all") == [("ann", 7)]


async def test_stores_have_boards_of_their_own(database: Database, clock: MovableClock) -> None:
    boards = await opened(database, clock, board("visits", f'{ALL}\nscopes = ["store"]', "visits"))
    now = clock.now()
    await boards.shop.enrol(NewMember("ann", now), NewMember("bob", now))
    runs = [("ann", "1"), ("ann", "1"), ("ann", "2"), ("bob", "2")]
    await boards.shop.act(
        *(
            Activity(str(n), name, "check-in", now - n * HOUR, store=store)
            for n, (name, store) in enumerate(runs)
        )
    )
    await boards.work()
    assert await boards.top("visits", "all") == []
    await boards.shop.apply(
        programme(board("visits", f'{ALL}\nscopes = ["store"]\non = "check-in"', "visits")),
        now + HOUR,
    )
    clock.move(2 * HOUR)
    await boards.shop.act(
        *(
            Activity(f"late {n}", name, "check-in", clock.now() - n * timedelta(minutes=1), store=s)
            for n, (name, s) in enumerate(runs)
        )
    )
    await boards.work()
    assert await boards.top("visits", "all") == [("ann", 3), ("bob", 1)]
    assert await boards.top("visits", "all", scope="store:1") == [("ann", 2)]
    assert await boards.top("visits", "day", scope="store:2") == [("bob", 1), ("ann", 1)]


async def test_two_workers_at_once_count_as_one(database: Database, clock: MovableClock) -> None:
    boards = await opened(database, clock, board("spend", ALL))
    now = clock.now()
    for number in range(12):
        await boards.shop.buy(purchase(str(number), f"m{number % 3}", 100 + number, now))
    await boards.heard()

    async def work(session: Session) -> int:
        return await follow(session, now, SECTIONS, 3)

    async def worker() -> None:
        while await database.write(work):
            await asyncio.sleep(0)

    await asyncio.gather(*(worker() for _ in range(3)))
    expected = [(f"m{n}", sum(100 + k for k in range(n, 12, 3))) for n in (2, 1, 0)]
    assert await boards.top("spend", "all") == expected
    for window in await boards.windows():
        rows = await boards.rows(window)
        assert window.head == max(row.seq for row in rows)


async def test_a_brand_that_fails_keeps_no_other_waiting_and_comes_again(
    spend: Boards, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spend.shop.buy(purchase("1", "ann", 500, clock.now()))
    await spend.heard()

    async def fail(*_: object, **__: object) -> int:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("gamification.leaderboards.jobs_scores.count", fail)
        now = clock.now()
        await spend.shop.database.write(lambda session: follow(session, now, SECTIONS))
    async with spend.shop.database.read() as session:
        assert not await queries.settled(session, spend.shop.brand.id)
    await spend.work()
    assert await spend.top("spend", "day") == [("ann", 500)]
    async with spend.shop.database.read() as session:
        assert await queries.settled(session, spend.shop.brand.id)


async def test_what_is_closing_does_not_change_and_is_not_opened_again(
    spend: Boards, clock: MovableClock
) -> None:
    await spend.shop.buy(purchase("1", "ann", 500, clock.now()))
    await spend.work()
    async with spend.shop.database.transaction() as session:
        await session.fetch("UPDATE board_window SET state = 'closing' WHERE period = 'day'")
    await refunded(spend.shop, "1", 100)
    await spend.work()
    assert await spend.top("spend", "day") == [("ann", 500)]
    assert await spend.top("spend", "month") == [("ann", 400)]
    assert len(await spend.windows()) == 4
