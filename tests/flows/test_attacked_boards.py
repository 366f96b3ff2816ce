"""Ways to win on boards what is not deserved, to stay off them for ever, to wake what is frozen."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.expiry.service_member import amend
from domain.members.rules import MemberChange
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from domain.programmes.rules import Timeline
from gamification.leaderboards import jobs_scores, store_people
from gamification.leaderboards.jobs_close import tick as close
from gamification.leaderboards.queries_close import results
from gamification.leaderboards.queries_fairness import of_brand
from gamification.leaderboards.queries_people import aliases_of, people_hidden
from gamification.leaderboards.service_close import Disqualify, begin
from gamification.leaderboards.service_fairness import FlagReview, review
from gamification.leaderboards.service_people import PersonChange
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support import closing, scoring
from tests.support.automatic import facts_are_ready, until_done
from tests.support.closing import MONDAY, Boards
from tests.support.coherence import assert_coherent
from tests.support.games import Games, programme
from tests.support.merging import erased, erasing, merged, merging
from tests.support.shop import Shop, purchase

NAMES = ("Ann", "Ben", "Cat", "Dan")


async def done(shop: Shop, verb: Callable[..., Awaitable[Any]], *given: object) -> Any:
    """Do a verb of the brand in one transaction."""

    async def work(session: Session) -> Any:
        timeline: Timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        return await verb(session, shop.clock.now(), shop.brand, timeline, *given)

    return await shop.database.write(work)


async def worked(shop: Shop) -> None:
    """Let the worker do all that there is to do."""
    for _ in range(2):
        await scoring.Boards(shop).work()
        await Games(shop).heard()
        await until_done(shop, close)


async def bought(shop: Shop, *amounts: tuple[str, int]) -> None:
    """Let members buy now."""
    now = shop.clock.now()
    await shop.buy(*(purchase(f"{who} {now}", who, cents, now) for who, cents in amounts))


async def confirmed(shop: Shop) -> None:
    """Let staff confirm the one open flag."""
    async with shop.database.read() as session:
        (flag,) = await of_brand(session, shop.brand.id, states=["open"], first=9)
    item = FlagReview(flag.id, confirm=True, actor="staff", note="split")
    (outcome,) = await done(shop, review, [item])
    assert outcome.state == "confirmed"


FAIR = "\n[leaderboards.fair_play]\nsplit_minutes = 5\n"


async def split(shop: Shop) -> None:
    """Let Ann split a basket, and Ben buy honestly."""
    now = shop.clock.now()
    await shop.buy(purchase("honest", "Ben", 30_000, now))
    for minutes in range(2):
        at = now + timedelta(minutes=minutes)
        await shop.buy(replace(purchase(f"{minutes}", "Ann", 50_000, at), store="12"))


async def test_who_is_found_to_cheat_while_a_window_closes_wins_nothing(
    database: Database, clock: MovableClock
) -> None:
    text = closing.board("close_after_hours = 1", FAIR)
    boards = await closing.opened(database, clock, *NAMES, text=text)
    await split(boards.shop)
    await worked(boards.shop)
    clock.move(timedelta(days=8))
    assert await done(boards.shop, begin) > 0
    await confirmed(boards.shop)
    await worked(boards.shop)
    assert await boards.prizes("Ann", "Ben") == [[], [("paid", 50)]]
    await assert_coherent(database)


async def test_who_is_found_to_cheat_wins_nothing_though_the_board_was_given_up_meanwhile(
    database: Database, clock: MovableClock
) -> None:
    boards = await closing.opened(database, clock, *NAMES, text=closing.board("", FAIR))
    await split(boards.shop)
    await worked(boards.shop)
    # The week is over, and waits for late reports.
    clock.move(timedelta(days=6, hours=17))
    await boards.shop.apply(programme(), clock.now() + timedelta(minutes=1))
    clock.move(timedelta(hours=1))
    await confirmed(boards.shop)
    clock.move(timedelta(days=2))
    await worked(boards.shop)
    assert await boards.prizes("Ann", "Ben") == [[], [("paid", 100)]]
    await assert_coherent(database)


async def test_who_is_banned_after_the_hours_of_grace_and_before_the_freeze_wins_nothing(
    database: Database, clock: MovableClock
) -> None:
    text = closing.board("close_after_hours = 1")
    boards = await closing.opened(database, clock, *NAMES, text=text)
    await bought(boards.shop, ("Ann", 50_000), ("Ben", 30_000))
    await worked(boards.shop)
    clock.move(timedelta(days=8))
    await boards.change(PersonChange("1", "Ann", "ban", "staff", "cheats"))
    await facts_are_ready(boards.shop)
    await until_done(boards.shop, close)
    await worked(boards.shop)
    assert await boards.prizes("Ann", "Ben") == [[], [("paid", 100)]]
    await assert_coherent(database)


CLUBS = """
[leaderboards]

[[leaderboards.board]]
code = "clubs"
name = "Clubs"
score = "spend"
periods = ["week"]
of = "teams"
team = "club"

[[leaderboards.board.prize]]
period = "week"
to = 2
points = "20"
"""


async def clubs(database: Database, clock: MovableClock, more: str = "") -> Boards:
    """Open a shop in which Ann and Ben are Red, Cat is Blue."""
    boards = await closing.opened(database, clock, text=programme(CLUBS + more))
    teams = {"Ann": "Red", "Ben": "Red", "Cat": "Blue"}
    await boards.shop.enrol(
        *(NewMember(name, clock.now(), attributes={"club": club}) for name, club in teams.items())
    )
    return boards


async def test_who_changes_teams_after_the_freeze_keeps_what_the_team_won(
    database: Database, clock: MovableClock
) -> None:
    boards = await clubs(database, clock)
    await bought(boards.shop, ("Ann", 50_000), ("Ben", 30_000), ("Cat", 10_000))
    await worked(boards.shop)
    clock.move(timedelta(days=8))
    await worked(boards.shop)
    paid = [("paid", 20)]
    assert await boards.prizes("Ann", "Ben", "Cat") == [paid] * 3
    await done(boards.shop, amend, [MemberChange("Ben", attributes={"club": "Blue"})])
    await worked(boards.shop)
    ((blue, week),) = await boards.rows(
        "SELECT entity, window_id FROM board_result WHERE place = 2"
    )
    assert isinstance(blue, UUID)
    assert isinstance(week, int)
    item = Disqualify("k", week, blue, "staff", "a club of one")
    assert [each.code for each in await boards.disqualify(item)] == [None]
    await worked(boards.shop)
    assert await boards.prizes("Ann", "Ben", "Cat") == [paid, paid, [("undone", 20)]]
    await assert_coherent(database)


async def test_who_is_found_to_cheat_for_a_team_wins_nothing_with_it(
    database: Database, clock: MovableClock
) -> None:
    boards = await clubs(database, clock, FAIR)
    await split(boards.shop)
    await worked(boards.shop)
    await confirmed(boards.shop)
    await worked(boards.shop)
    clock.move(timedelta(days=8))
    await worked(boards.shop)
    assert await boards.prizes("Ann", "Ben") == [[], [("paid", 20)]]
    await assert_coherent(database)


LEAGUES = """
[leaderboards.leagues]
board = "spend"

[[leaderboards.leagues.league]]
code = "bronze"
name = "Bronze"
promote = 1

[[leaderboards.leagues.league]]
code = "silver"
name = "Silver"
promote = 1

[[leaderboards.leagues.league]]
code = "gold"
name = "Gold"
"""


async def leagues(boards: Boards) -> dict[object, object]:
    """Return who plays in which league after the last week that ended."""
    rows = await boards.rows(
        "SELECT m.external_id, l.league FROM league_member l JOIN member m ON m.id = l.member_id"
        " WHERE l.league IS NOT NULL AND m.merged_into IS NULL"
    )
    return dict(rows)  # type: ignore[arg-type]


async def test_weeks_that_a_worker_slept_through_are_all_played(
    database: Database, clock: MovableClock
) -> None:
    boards = await closing.opened(database, clock, *NAMES, text=closing.board(more=LEAGUES))
    for number in range(2):
        week = await boards.window(MONDAY + timedelta(days=7 * number))
        await boards.score(week, {"Ann": 9, "Ben": 5}, clock.now() + timedelta(days=7 * number))
    clock.move(timedelta(days=20))
    await boards.work()
    assert await leagues(boards) == {"Ann": "gold", "Ben": "silver"}
    await boards.assert_coherent()


async def test_who_turns_out_to_be_one_who_rose_plays_where_that_one_did(
    database: Database, clock: MovableClock
) -> None:
    boards = await closing.opened(database, clock, *NAMES, text=closing.board(more=LEAGUES))
    await boards.score(await boards.window(), {"Ann": 9, "Ben": 5})
    clock.move(timedelta(days=9))
    await boards.work()
    assert await leagues(boards) == {"Ann": "silver", "Ben": "bronze"}
    await merged(boards.shop, merging("Cat", "Ann"))
    await boards.work()
    assert await leagues(boards) == {"Cat": "silver", "Ben": "bronze"}


@pytest.mark.parametrize("both", [False, True])
async def test_what_kept_off_one_of_two_can_be_ended(
    database: Database, clock: MovableClock, *, both: bool
) -> None:
    boards = await closing.opened(database, clock, *NAMES)
    await boards.change(
        PersonChange("1", "Ben", "hide", "Ben"),
        PersonChange("2", "Ben", "ban", "staff", "cheats"),
        *([PersonChange("3", "Ann", "hide", "Ann")] if both else []),
    )
    await merged(boards.shop, merging("Ann", "Ben"))
    await worked(boards.shop)
    ends = PersonChange("4", "Ann", "show", "Ann"), PersonChange("5", "Ann", "lift", "s", "sorry")
    assert [each.code for each in await boards.change(*ends)] == [None, None]
    ann = await boards.member("Ann")
    async with database.read() as session:
        assert await people_hidden(session, boards.shop.brand.id, [ann], "spend") == set()


@pytest.mark.parametrize(
    ("early", "late"),
    [
        (PersonChange("2", "Ben", "hide", "Ben"), None),
        (None, PersonChange("2", "Ann", "hide", "Ann")),
        (None, PersonChange("2", "Ann", "moderate", "staff", "rude")),
    ],
)
async def test_a_frozen_place_of_who_was_merged_is_hidden_as_the_member_is_who_is_left(
    database: Database, clock: MovableClock, early: PersonChange | None, late: PersonChange | None
) -> None:
    boards = await closing.opened(database, clock, *NAMES)
    await boards.change(PersonChange("1", "Ben", "set_alias", "Ben", alias="Benjamin B."))
    await bought(boards.shop, ("Ann", 50_000), ("Ben", 30_000))
    await worked(boards.shop)
    clock.move(timedelta(days=9))
    await worked(boards.shop)
    await boards.change(*([early] if early else []))
    await merged(boards.shop, merging("Ann", "Ben"))
    await worked(boards.shop)
    outcomes = await boards.change(*([late] if late else []))
    assert {each.code for each in outcomes} <= {None}
    rows = await boards.rows("SELECT id FROM board_window WHERE state = 'frozen' AND period='week'")
    async with database.read() as session:
        _, ben = await results(session, boards.shop.brand.id, int(str(rows[0][0])), first=9)
    assert ben.hidden or ben.name is None
    await assert_coherent(database)


async def test_of_who_is_forgotten_no_name_is_left_that_another_one_brought(
    database: Database, clock: MovableClock
) -> None:
    boards = await closing.opened(database, clock, *NAMES)
    await boards.change(PersonChange("1", "Ben", "set_alias", "Ben", alias="Benjamin B."))
    await bought(boards.shop, ("Ann", 50_000), ("Ben", 30_000))
    await worked(boards.shop)
    clock.move(timedelta(days=9))
    await worked(boards.shop)
    await merged(boards.shop, merging("Ann", "Ben"))
    await worked(boards.shop)
    await erased(boards.shop, erasing("Ann"))
    await worked(boards.shop)
    rows = await boards.rows("SELECT id FROM board_window WHERE state = 'frozen' AND period='week'")
    async with database.read() as session:
        places = await results(session, boards.shop.brand.id, int(str(rows[0][0])), first=9)
    assert [each.name for each in places] == [None, None]
    await assert_coherent(database)


async def test_a_tier_that_time_ends_is_left_though_the_brand_failed_at_that_instant(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = scoring.board("spend", 'periods = ["all"]\nscopes = ["tier"]')
    boards = await scoring.opened(database, clock, board)
    await boards.shop.buy(purchase("1", "ann", 40_000, clock.now()))
    await boards.work()
    assert await boards.top("spend", "all", scope="tier:VIB") == [("ann", 40_000)]
    clock.move(timedelta(days=800))

    async def failing(*_: object, **__: object) -> int:
        raise ValueError

    with monkeypatch.context() as patched:
        patched.setattr(jobs_scores, "count", failing)
        await boards.work()
    clock.move(timedelta(hours=1))
    await boards.work()
    assert await boards.top("spend", "all", scope="tier:VIB") == []
    await assert_coherent(database)


async def test_a_brand_whose_merges_fail_keeps_no_other_ones_boards_waiting(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await closing.opened(database, clock, *NAMES)
    text = closing.board().replace('code = "shop"', 'code = "other"', 1)
    other = await closing.opened(database, clock, *NAMES, text=text)
    change = PersonChange("1", "Ben", "set_alias", "Ben", alias="Benjamin B.")
    for boards in (one, other):
        await boards.change(change)
        await merged(boards.shop, merging("Ann", "Ben"))
    merge = store_people.merge

    async def failing(session: Session, brand_id: int, *more: Any) -> None:
        if brand_id == one.shop.brand.id:
            raise ValueError
        await merge(session, brand_id, *more)

    async def aliases(boards: Boards) -> set[UUID]:
        async with database.read() as session:
            ann = await boards.member("Ann")
            return set(await aliases_of(session, boards.shop.brand.id, [ann]))

    with monkeypatch.context() as patched:
        patched.setattr(store_people, "merge", failing)
        await one.work()
        assert not await aliases(one)
        assert await aliases(other)
    await one.work()
    assert await aliases(one)
    await assert_coherent(database)
