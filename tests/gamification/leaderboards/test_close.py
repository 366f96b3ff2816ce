"""Windows close and freeze, and their prizes are owed once, whatever happens meanwhile."""

import asyncio
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from domain.programmes.rules import Timeline
from gamification.leaderboards import service_close, store_close
from gamification.leaderboards.jobs_close import tick
from gamification.leaderboards.queries_people import flagged
from gamification.leaderboards.rules_close import Ranking, ranks
from gamification.leaderboards.service_close import Disqualify
from gamification.leaderboards.service_people import PersonChange, forget
from gamification.prizes import service as prizes
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.automatic import until_done
from tests.support.closing import EVENING, Boards, board, opened

NAMES = ("Ann", "Ben", "Cat", "Dan", "Eve")
SCORES = {"Ann": 500, "Ben": 700, "Cat": 500, "Dan": 900, "Eve": 0}


async def ended(
    database: Database, clock: MovableClock, text: str | None = None
) -> tuple[Boards, int]:
    """Return boards with a week that is over and past its grace."""
    boards = await opened(database, clock, *NAMES, text=text)
    week = await boards.window()
    await boards.score(week, SCORES, EVENING)
    await boards.score(week, {"Cat": 500}, EVENING - timedelta(hours=1))
    clock.move(timedelta(days=8))
    return boards, week


async def test_a_window_closes_after_its_grace_and_not_before(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES)
    week = await boards.window()
    await boards.score(week, SCORES, EVENING)
    # Over at 04:00 UTC on Monday, 9 March; closed a day later.
    clock.set(clock.now().replace(day=10, hour=3, minute=59))
    assert await boards.work() == 0
    assert await boards.state(week) == "open"
    clock.move(timedelta(minutes=1))
    await boards.work()
    assert await boards.state(week) == "frozen"
    await boards.assert_coherent()


async def test_results_are_in_the_order_of_the_board_and_prizes_are_owed_by_place(
    database: Database, clock: MovableClock
) -> None:
    boards, week = await ended(database, clock)
    await boards.score(week, {"Ben": 999}, EVENING, listed=False)
    await boards.work()
    assert await boards.results(week) == [
        ("Dan", 900, 1),
        ("Cat", 500, 2),
        ("Ann", 500, 3),
        ("Eve", 0, 4),
    ]
    expected = [[("owed", 100)], [("owed", 50)], [("owed", 50)], [], []]
    assert await boards.prizes("Dan", "Cat", "Ann", "Eve", "Ben") == expected
    await boards.assert_coherent()


@pytest.mark.parametrize("rank", ["ordinal", "competition", "dense"])
async def test_results_written_in_parts_are_those_written_at_once(
    database: Database, clock: MovableClock, rank: Ranking
) -> None:
    names = [f"m{number}" for number in range(23)]
    boards = await opened(database, clock, *names, text=board(f'rank = "{rank}"'))
    weeks = [await boards.window(scope=scope) for scope in ("", "store:1", "store:2")]
    draw = Random(rank)
    for week, count, most in zip(weeks, (23, 14, 0), (3, 50, 3), strict=True):
        for place, name in enumerate(names[:count]):
            at = EVENING + timedelta(minutes=place % 3)
            await boards.score(week, {name: draw.randint(0, most)}, at)
    clock.move(timedelta(days=8))
    await boards.heard()

    async def step(session: Session) -> int:
        now, brand = clock.now(), boards.shop.brand
        timeline = await timeline_of(session, boards)
        if done := await service_close.freeze(session, now, brand, timeline, limit=2, places=7):
            return done
        return await service_close.begin(session, now, brand, timeline)

    while await database.write(step):
        await boards.assert_coherent()
    for week, count in zip(weeks, (23, 14, 0), strict=True):
        assert await boards.state(week) == "frozen"
        found = await boards.results(week)
        assert len(found) == count
        assert [each for _, _, each in found] == ranks(rank, [score for _, score, _ in found])


@pytest.mark.parametrize(
    ("rank", "expected"),
    [("competition", [1, 2, 3, 3, 5]), ("dense", [1, 2, 3, 3, 4])],
)
async def test_who_shares_a_rank_gets_the_prize_of_the_rank(
    database: Database, clock: MovableClock, rank: str, expected: list[int]
) -> None:
    boards, week = await ended(database, clock, board(f'rank = "{rank}"'))
    await boards.work()
    assert [row[2] for row in await boards.results(week)] == expected
    assert await boards.prizes("Ann", "Cat") == [[("owed", 50)], [("owed", 50)]]
    await boards.assert_coherent()


async def test_a_window_waits_for_what_was_reported_in_time(
    database: Database, clock: MovableClock
) -> None:
    boards, week = await ended(database, clock)
    # Nothing was ever heard: the scores may be behind.
    await until_done(boards.shop, tick)
    assert await boards.state(week) == "open"
    await boards.heard()
    async with database.transaction() as session:
        await session.fetch(
            "INSERT INTO fact_cursor (subscriber) VALUES ('boards missing ' || $1::int)",
            boards.shop.brand.id,
        )
    assert await until_done(boards.shop, tick) == 0
    async with database.transaction() as session:
        await session.fetch("DELETE FROM fact_cursor WHERE starts_with(subscriber, 'boards m')")
    await boards.work()
    assert await boards.state(week) == "frozen"


async def test_the_database_refuses_to_change_results(
    database: Database, clock: MovableClock
) -> None:
    boards, _ = await ended(database, clock)
    await boards.work()
    for statement in (
        "UPDATE board_result SET score = 1",
        "UPDATE board_result SET place = place + 100",
        "DELETE FROM board_result",
        "UPDATE board_result_name SET name = 'x'",
        "DELETE FROM board_disqualification",
        "UPDATE board_person_change SET reason = ''",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction() as session:
                await session.fetch(statement)


class KilledError(Exception):
    """The worker dies."""


async def test_whoever_is_killed_between_any_two_statements_owes_each_prize_once(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    boards, week = await ended(database, clock)
    await boards.heard()
    real = Session.fetch
    left = 0

    async def fetch(self: Session, sql: str, *values: object) -> list[Any]:
        nonlocal left
        left -= 1
        found = await real(self, sql, *values)
        if left == 0:
            raise KilledError
        return found

    monkeypatch.setattr(Session, "fetch", fetch)

    async def killed_after(statements: int) -> bool:
        nonlocal left
        left = statements
        try:
            async with database.transaction() as session:
                await closing_step(session, boards)
        except KilledError:
            return True
        return False

    kills = 0
    for verb in ("begin", "freeze"):
        statements = 1
        while await killed_after(statements):
            assert await boards.state(week) == ("open" if verb == "begin" else "closing")
            assert await boards.results(week) == []
            assert await boards.prizes("Dan") == [[]]
            kills, statements = kills + 1, statements + 1
    assert kills > 10
    assert await boards.state(week) == "frozen"
    left = 0
    await boards.work()
    assert await boards.prizes("Dan", "Ben", "Cat", "Ann") == [
        [("owed", 100)],
        [("owed", 50)],
        [("owed", 50)],
        [],
    ]
    await boards.assert_coherent()


async def closing_step(session: Session, boards: Boards) -> int:
    """Close, as the worker does, without its catching of what fails."""
    brand, now = boards.shop.brand, boards.shop.clock.now()
    timeline = await timeline_of(session, boards)
    if done := await service_close.freeze(session, now, brand, timeline):
        return done
    return await service_close.begin(session, now, brand, timeline)


async def timeline_of(session: Session, boards: Boards) -> Timeline:
    """Return the shop's programmes."""
    return await programmes.timeline_to_write(session, boards.shop.brand.id, SECTIONS)


async def test_many_workers_freeze_a_window_once(database: Database, clock: MovableClock) -> None:
    boards, week = await ended(database, clock)
    await boards.heard()

    async def work() -> None:
        for _ in range(4):
            await database.write(lambda session: closing_step(session, boards))

    await asyncio.gather(*(work() for _ in range(6)))
    assert await boards.state(week) == "frozen"
    assert len(await boards.results(week)) == 5
    assert await boards.prizes("Dan", "Ben", "Cat") == [
        [("owed", 100)],
        [("owed", 50)],
        [("owed", 50)],
    ]
    await boards.assert_coherent()


async def test_prizes_wait_for_the_hold_and_for_open_flags(
    database: Database, clock: MovableClock
) -> None:
    boards, _ = await ended(database, clock, board("hold_days = 3"))
    await boards.work()
    brand = boards.shop.brand

    async def pay(session: Session) -> int:
        timeline = await timeline_of(session, boards)
        return await prizes.pay(session, clock.now(), brand, timeline, flagged=flagged)

    assert await database.write(pay) == 0
    clock.move(timedelta(days=3))
    dan = await boards.member("Dan")
    async with database.transaction() as session:
        await session.fetch(
            "INSERT INTO board_flag (id, brand_id, member_id, rule, state, evidence, from_at,"
            " upto_at, raised_at) VALUES ($1, $2, $3, 'split', 'open', '{}', $4, $4, $4)",
            UUID(int=9),
            brand.id,
            dan,
            clock.now(),
        )
    assert await database.write(pay) == 3
    assert await boards.prizes("Dan", "Ben") == [[("held", 100)], [("paid", 50)]]
    assert (await boards.shop.balance("Ben")).total == 50
    assert (await boards.shop.balance("Dan")).total == 0


async def test_a_disqualified_place_loses_its_prize_and_stays_in_the_results(
    database: Database, clock: MovableClock
) -> None:
    boards, week = await ended(database, clock)
    await boards.work()
    before = await boards.results(week)
    item = Disqualify("k1", week, await boards.member("Dan"), "staff", "bought from himself")
    assert [each.code for each in await boards.disqualify(item)] == [None]
    assert (await boards.disqualify(item))[0].replayed
    assert await boards.prizes("Dan", "Ben", "Ann") == [[("undone", 100)], [("owed", 50)], []]
    assert await boards.results(week) == before
    await boards.assert_coherent()


async def test_others_move_up_if_the_board_says_so(database: Database, clock: MovableClock) -> None:
    boards, week = await ended(database, clock, board("move_up = true"))
    await boards.work()
    item = Disqualify("k1", week, await boards.member("Dan"), "staff", "cheated")
    await boards.disqualify(item)
    assert await boards.prizes("Dan", "Ben", "Cat", "Ann") == [
        [("undone", 100)],
        [("undone", 50), ("owed", 100)],
        [("owed", 50)],
        [("owed", 50)],
    ]
    await boards.assert_coherent()


async def test_what_can_not_be_disqualified_is_refused(
    database: Database, clock: MovableClock
) -> None:
    boards, week = await ended(database, clock)
    dan, eve = await boards.member("Dan"), await boards.member("Eve")
    early = await boards.disqualify(Disqualify("k", week, dan, "staff", "too early"))
    await boards.work()
    other = await boards.disqualify(
        Disqualify("k1", week, dan, "staff", "cheated"),
        Disqualify("k1", week, eve, "staff", "cheated"),
        Disqualify("k2", week, dan, "staff", "cheated"),
        Disqualify("k3", week, UUID(int=1), "staff", "cheated"),
        Disqualify("k4", week, eve, "staff", " "),
    )
    assert [each.code for each in (*early, *other)] == [
        "WINDOW_NOT_FROZEN",
        None,
        "KEY_CONFLICT",
        "ALREADY_DISQUALIFIED",
        "NOT_PLACED",
        "INVALID_INPUT",
    ]


async def test_names_are_those_of_the_freeze_until_they_must_be_forgotten(
    database: Database, clock: MovableClock
) -> None:
    boards, week = await ended(database, clock)
    await boards.change(
        PersonChange("1", "Dan", "set_alias", "Dan", alias="The King"),
        PersonChange("2", "Ben", "set_alias", "Ben", alias="rude word"),
    )
    await boards.work()
    await boards.change(
        PersonChange("3", "Dan", "set_alias", "Dan", alias="Emperor"),
        PersonChange("4", "Ben", "moderate", "staff", "rude"),
    )
    shown = "SELECT name FROM board_result_name WHERE window_id = $1"
    assert await boards.rows(shown, week) == [("The King",)]
    dan = await boards.member("Dan")
    await database.write(lambda session: forget(session, boards.shop.brand.id, [dan]))
    assert await boards.rows(shown, week) == []
    assert (await boards.results(week))[0] == ("Dan", 900, 1)


async def test_history_that_is_brought_in_has_results_and_no_prizes(
    database: Database, clock: MovableClock
) -> None:
    boards, _ = await ended(database, clock)
    await boards.work()
    old = await boards.window(date(2026, 1, 5))
    await boards.score(old, {"Eve": 5})
    clock.move(timedelta(hours=23))
    await boards.work()
    assert await boards.state(old) == "open"
    clock.move(timedelta(hours=1))
    await boards.work()
    assert await boards.results(old) == [("Eve", 5, 1)]
    assert await boards.prizes("Eve") == [[]]


async def test_a_window_of_no_board_closes_without_prizes(
    database: Database, clock: MovableClock
) -> None:
    boards, _ = await ended(database, clock)
    strange = await boards.window(code="gone")
    store = await boards.window(scope="store:12")
    await boards.score(strange, {"Ann": 5})
    await boards.score(store, {"Eve": 5})
    clock.move(timedelta(days=1))
    await boards.work()
    assert await boards.results(strange) == [("Ann", 5, 1)]
    assert await boards.results(store) == [("Eve", 5, 1)]
    assert await boards.prizes("Eve") == [[]]
    assert await all_closed(boards)


async def all_closed(boards: Boards) -> bool:
    """Return whether nothing is left to close."""
    async with boards.database.read() as session:
        return await store_close.brands_closing(session, boards.shop.clock.now().date()) == []
