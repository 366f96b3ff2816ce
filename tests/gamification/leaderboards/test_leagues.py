"""Weeks of leagues in the database: seated once, ended once, whoever dies on the way."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from gamification.leaderboards.queries_leagues import PastWeek, Standing, past_weeks, standings
from gamification.leaderboards.service_leagues import end_week, seat
from gamification.leaderboards.service_people import PersonChange
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.closing import MONDAY, Boards, board, opened
from tests.support.shop import purchase

LEAGUES = """
[leaderboards.leagues]
board = "spend"
size = 3
fall_after_weeks = 2

[[leaderboards.leagues.league]]
code = "bronze"
name = "Bronze"
promote = 1

[[leaderboards.leagues.league]]
code = "silver"
name = "Silver"
promote = 1
relegate = 1

[[leaderboards.leagues.league]]
code = "gold"
name = "Gold"
relegate = 1
"""
NAMES = tuple("ABCDEFG")
NEXT = MONDAY + timedelta(days=7)
PROGRAMME = board("close_after_hours = 24", LEAGUES)


async def played(database: Database, clock: MovableClock) -> tuple[Boards, int]:
    """Return a week in which everybody scored, one after the other."""
    boards = await opened(database, clock, *NAMES, text=PROGRAMME)
    week = await boards.window()
    for place, name in enumerate(NAMES):
        at = clock.now() + timedelta(minutes=place)
        await boards.score(week, {name: 100 - 10 * place}, at)
    return boards, week


async def cohorts(boards: Boards, window_id: int) -> dict[str, str]:
    """Return who sits where in a week: names by league and number of the cohort."""
    rows = await boards.rows(
        "SELECT t.league || t.cohort, string_agg(m.external_id, '' ORDER BY t.place, m.external_id)"
        " FROM league_seat t JOIN member m ON m.id = t.member_id WHERE t.window_id = $1"
        " GROUP BY 1 ORDER BY 1",
        window_id,
    )
    return {str(where): str(who) for where, who in rows}


async def leagues(boards: Boards) -> dict[str, str]:
    """Return in which league each member is after the last week that ended."""
    rows = await boards.rows(
        "SELECT m.external_id, l.league FROM league_member l JOIN member m ON m.id = l.member_id"
        " WHERE l.league IS NOT NULL ORDER BY 1"
    )
    return {str(name): str(league) for name, league in rows}


async def step(boards: Boards, verb: Callable[..., Any], session: Session | None = None) -> int:
    """Do one verb of leagues, in a transaction of its own unless one is given."""

    async def work(session: Session) -> int:
        timeline = await programmes.timeline_to_write(session, boards.shop.brand.id, SECTIONS)
        done: int = await verb(session, boards.shop.clock.now(), boards.shop.brand, timeline)
        return done

    return await (boards.database.write(work) if session is None else work(session))


async def test_a_week_is_seated_in_order_and_moves_members_when_it_freezes(
    database: Database, clock: MovableClock
) -> None:
    boards, week = await played(database, clock)
    await boards.work()
    assert await cohorts(boards, week) == {"bronze1": "ABC", "bronze2": "DEF", "bronze3": "G"}
    assert await leagues(boards) == {}
    await boards.score(week, {"E": 900})
    clock.move(timedelta(days=8))
    await boards.work()
    assert await cohorts(boards, week) == {"bronze1": "ABC", "bronze2": "EDF", "bronze3": "G"}
    assert (
        "".join(name for name, league in (await leagues(boards)).items() if league == "silver")
        == "AEG"
    )
    told = await boards.rows(
        "SELECT payload ->> 'outcome', payload ->> 'to' FROM fact WHERE kind = 'LeagueChanged'"
    )
    assert told == [("promoted", "silver")] * 3
    await boards.assert_coherent()


async def test_the_next_week_waits_until_it_is_known_who_rises(
    database: Database, clock: MovableClock
) -> None:
    boards, week = await played(database, clock)
    await boards.work()
    clock.set(datetime(2026, 3, 9, 15, tzinfo=UTC))
    following = await boards.window(NEXT)
    await boards.score(following, {"B": 5, "G": 7, "A": 6})
    await boards.work()
    assert await boards.state(week) == "open"
    assert await cohorts(boards, following) == {}
    clock.move(timedelta(days=1))
    await boards.work()
    assert await cohorts(boards, following) == {"bronze1": "B", "silver1": "AG"}
    clock.move(timedelta(days=7))
    await boards.work()
    assert await leagues(boards) == {
        **dict.fromkeys("ACEF", "bronze"),
        **dict.fromkeys("BD", "silver"),
        "G": "gold",
    }
    await boards.assert_coherent()


async def test_the_first_thing_that_counts_seats_a_member_and_not_the_last(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES, text=PROGRAMME)
    week = await boards.window()
    noon = clock.now()
    first = [(3, "A"), (1, "B"), (2, "C"), (4, "D")]
    for minutes, name in first:
        at = noon - timedelta(hours=1) + timedelta(minutes=minutes)
        await boards.shop.buy(purchase(f"p{name}", name, 1_000, at))
        await boards.score(week, {name: 1_000}, noon)
    await boards.work()
    assert await cohorts(boards, week) == {"bronze1": "ABC", "bronze2": "D"}
    await boards.shop.buy(purchase("late", "E", 1_000, noon - timedelta(hours=2)))
    await boards.score(week, {"E": 1_000}, noon)
    await boards.work()
    assert await cohorts(boards, week) == {"bronze1": "ABC", "bronze2": "DE"}


async def test_who_leaves_is_not_seated_and_who_comes_back_was_not_idle(
    database: Database, clock: MovableClock
) -> None:
    boards, week = await played(database, clock)
    left = await boards.change(PersonChange("1", "B", "leave_leagues", "B"))
    assert left[0].code is None
    await boards.work()
    assert await cohorts(boards, week) == {"bronze1": "ACD", "bronze2": "EFG"}
    await boards.change(PersonChange("2", "A", "leave_leagues", "A"))
    clock.move(timedelta(days=8))
    await boards.work()
    assert (await leagues(boards))["A"] == "silver"
    # Nobody plays for five weeks; A was away, E was idle.
    later = MONDAY + timedelta(days=42)
    clock.set(datetime(2026, 4, 14, 12, tzinfo=UTC))
    await boards.change(PersonChange("3", "A", "enter_leagues", "A"))
    third = await boards.window(later)
    await boards.score(third, {"A": 5, "E": 5, "B": 5})
    await boards.work()
    assert await cohorts(boards, third) == {"bronze1": "E", "silver1": "A"}
    await boards.assert_coherent()


async def test_who_is_hidden_meanwhile_is_last_and_keeps_the_seat(
    database: Database, clock: MovableClock
) -> None:
    boards, week = await played(database, clock)
    await boards.work()
    await boards.score(week, {"A": 900}, listed=False)
    clock.move(timedelta(days=8))
    await boards.work()
    assert (await cohorts(boards, week))["bronze1"] == "BCA"
    assert (await leagues(boards))["A"] == "bronze"
    await boards.assert_coherent()


async def test_a_week_ends_once_however_many_workers_end_it(
    database: Database, clock: MovableClock
) -> None:
    boards, week = await played(database, clock)
    await asyncio.gather(*(step(boards, seat) for _ in range(4)))
    assert await cohorts(boards, week) == {"bronze1": "ABC", "bronze2": "DEF", "bronze3": "G"}
    await frozen(boards, week)
    one = partial(end_week, limit=1)
    for _ in range(4):
        await asyncio.gather(*(step(boards, one) for _ in range(4)))
    assert await step(boards, one) == 0
    assert len(await boards.rows("SELECT FROM fact WHERE kind = 'LeagueChanged'")) == 3
    await boards.assert_coherent()


async def frozen(boards: Boards, week: int) -> None:
    """Freeze a window without ending its week."""
    async with boards.database.transaction() as session:
        await session.fetch(
            "INSERT INTO board_result (window_id, place, brand_id, entity, score, reached_at,"
            " rank) SELECT window_id, row_number() OVER o, $2, entity, score, reached_at,"
            " row_number() OVER o FROM board_score WHERE window_id = $1"
            " WINDOW o AS (ORDER BY score DESC, reached_at, entity DESC)",
            week,
            boards.shop.brand.id,
        )
        await session.fetch(
            "UPDATE board_window SET state = 'frozen', frozen_at = $2 WHERE id = $1",
            week,
            boards.shop.clock.now(),
        )


class KilledError(Exception):
    """The worker dies."""


async def test_whoever_is_killed_on_the_way_leaves_no_half_week(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    boards, week = await played(database, clock)
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

    async def killed(verb: Callable[..., Any]) -> int:
        nonlocal left
        kills = 0
        while True:
            left = kills + 1
            try:
                async with database.transaction() as session:
                    await step(boards, verb, session)
            except KilledError:
                kills += 1
            else:
                left = 0
                return kills

    assert await killed(seat) > 5
    assert await cohorts(boards, week) == {"bronze1": "ABC", "bronze2": "DEF", "bronze3": "G"}
    await frozen(boards, week)
    assert await killed(end_week) > 3
    assert await killed(end_week) > 0
    assert len(await boards.rows("SELECT FROM fact WHERE kind = 'LeagueChanged'")) == 3
    assert len(await leagues(boards)) == 7
    await boards.assert_coherent()


async def test_a_member_sees_the_own_cohort_and_who_would_rise(
    database: Database, clock: MovableClock
) -> None:
    boards, week = await played(database, clock)
    await boards.work()
    await boards.score(week, {"E": 900})
    ids = dict(zip(NAMES, await boards.shop.member_ids(*NAMES), strict=True))
    names = {id_: name for name, id_ in ids.items()}

    async def seen(*who: str) -> dict[str, Standing]:
        async with database.read() as session:
            timeline = await programmes.timeline(session, boards.shop.brand.id, SECTIONS)
            found = await standings(
                session, clock.now(), boards.shop.brand, timeline, [ids[name] for name in who]
            )
        return {names[id_]: each for id_, each in found.items()}

    one = (await seen("D", "G"))["D"]
    assert (one.league, one.window_id, one.ends_on) == ("bronze", week, date(2026, 3, 9))
    assert [(names[row.entity], row.place, row.score) for row in one.rows] == [
        ("E", 1, 900),
        ("D", 2, 70),
        ("F", 3, 50),
    ]
    assert (one.promote, one.relegate) == (1, 0)
    assert [each.outcome for each in one.rows] == ["promoted", "stayed", "stayed"]
    clock.move(timedelta(days=8))
    await boards.work()
    after = await seen("E", "D")
    assert (after["E"].league, after["E"].rows) == ("silver", ())
    assert after["D"].league == "bronze"
    async with database.read() as session:
        past = await past_weeks(session, boards.shop.brand.id, [ids["D"]], 5)
    assert past == {
        ids["D"]: [PastWeek(week, MONDAY, "bronze", cohort=2, place=2, outcome="stayed")]
    }


async def test_a_brand_without_leagues_has_no_standings(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES)
    async with database.read() as session:
        timeline = await programmes.timeline(session, boards.shop.brand.id, SECTIONS)
        ids = await boards.shop.member_ids(*NAMES)
        assert await standings(session, clock.now(), boards.shop.brand, timeline, ids) == {}
    assert await step(boards, seat) == 0


async def test_history_that_is_brought_in_seats_nobody(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES, text=PROGRAMME)
    old = await boards.window(MONDAY - timedelta(days=28))
    await boards.score(old, {"A": 5})
    await boards.work()
    assert await cohorts(boards, old) == {}
