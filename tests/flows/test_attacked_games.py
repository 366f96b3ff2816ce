"""Ways to win twice, to lose a point or a place, and to wake what is frozen: all of them tried.

Each is one flow over several games, with merges, erasures, bans, refunds and versions in between.
"""

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
from gamification.badges.service import Revoke, revoke
from gamification.leaderboards import jobs_scores
from gamification.leaderboards.jobs_close import tick as close
from gamification.leaderboards.queries_close import results
from gamification.leaderboards.queries_fairness import of_brand
from gamification.leaderboards.queries_people import people_hidden
from gamification.leaderboards.service_close import Disqualify, begin
from gamification.leaderboards.service_fairness import FlagReview, review
from gamification.leaderboards.service_people import PersonChange
from gamification.prizes.section_parts import Prize
from gamification.streaks.service_won import WonFreezes
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support import closing, scoring
from tests.support.automatic import facts_are_ready, until_done
from tests.support.closing import MONDAY, Boards
from tests.support.coherence import assert_coherent
from tests.support.games import Games, opened, opened_with, programme
from tests.support.merging import erased, erasing, merged, merging
from tests.support.programmes import GOOD
from tests.support.shop import Shop, purchase

NAMES = ("Ann", "Ben", "Cat", "Dan")


def challenge(more: str, target: int = 2) -> str:
    """Return a challenge of so many purchases, with all else that it says."""
    return (
        f'[[challenges.challenge]]\ncode = "many"\nname = "Many"\n{more}\n'
        f'[[challenges.challenge.goal]]\ntarget = "{target}"\n'
    )


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


async def won(games: Games, *names: str) -> list[list[tuple[str, str | None]]]:
    """Return state and refusal of all prizes of members, by what they are."""
    ids = await games.shop.member_ids(*names)
    async with games.shop.database.read() as session:
        rows = await session.fetch(
            "SELECT coalesce(m.merged_into, m.id), state, refusal FROM prize_due p"
            " JOIN member m ON m.id = p.member_id ORDER BY kind, p.id"
        )
    return [[(state, why) for who, state, why in rows if who == id_] for id_ in ids]


async def test_challenge_points_of_two_who_are_one_stay_on_the_board(
    database: Database, clock: MovableClock
) -> None:
    board = scoring.board("stars", 'periods = ["all"]', "challenge_points")
    text = scoring.programme(board, more=challenge("challenge_points = 25"))
    boards = await scoring.opened(database, clock)
    await boards.shop.apply(text, clock.now())
    await bought(boards.shop, ("Ann", 500), ("Ben", 500))
    clock.move(timedelta(hours=1))
    await bought(boards.shop, ("Ben", 500))
    await worked(boards.shop)
    assert await boards.top("stars", "all") == [("Ben", 25)]
    await merged(boards.shop, merging("Ann", "Ben"))
    await worked(boards.shop)
    assert await boards.top("stars", "all") == [("Ann", 25)]
    await Games(boards.shop).refund(f"Ben {clock.now()}")
    await worked(boards.shop)
    # Two are left: one of each.
    assert await boards.top("stars", "all") == [("Ann", 25)]
    await assert_coherent(database)


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


STREAK = '[streaks]\n[[streaks.streak]]\ncode = "d"\nname = "D"\nevery = "day"\nfreezes_max = 2\n'


async def test_freezes_owed_again_to_who_is_left_of_two_are_given(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["Ann", "Ben"], programme(STREAK))
    due = await games.due("f", "Ben", Prize(freeze=1, streak="d"))
    freezes = WonFreezes()
    await games.owe(due)
    await games.pay(freezes=freezes)
    await games.undo(due)
    await games.pay(freezes=freezes)
    await merged(games.shop, merging("Ann", "Ben"))
    await games.owe(due)
    await games.pay(freezes=freezes)
    assert await games.states(due) == [("paid", None)]
    await assert_coherent(database)


async def test_a_badge_that_two_prizes_are_is_left_when_one_is_undone_after_a_merge(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["Ann", "Ben"])
    one, two = [await games.due(key, "Ben", Prize(badge="hero")) for key in ("1", "2")]
    await games.owe(one)
    await games.pay()
    await games.owe(two)
    await games.pay()
    assert await games.states(one, two) == [("paid", None), ("refused", "ALREADY_AWARDED")]
    await merged(games.shop, merging("Ann", "Ben"))
    await games.undo(one)
    await games.pay()
    assert await games.states(one, two) == [("undone", None), ("paid", None)]
    await assert_coherent(database)


async def test_a_badge_that_staff_revoked_is_not_won_again_by_the_same(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["Ann"])
    due = await games.due("1", "Ann", Prize(badge="hero"))
    await games.owe(due)
    await games.pay()
    award = (await games.prize(due)).award_id
    assert award is not None

    async def by_hand(session: Session) -> None:
        await revoke(session, clock.now(), games.shop.brand, [Revoke(award, "staff", "bought")])

    await database.write(by_hand)
    await games.undo(due)
    await games.owe(due)
    await games.pay()
    held = "SELECT count(*) FROM badge_award WHERE revoked_at IS NULL"
    async with database.read() as session:
        assert await session.value(held) == 0


async def test_a_prize_waits_for_the_days_after_what_it_is_for_by_now(
    database: Database, clock: MovableClock
) -> None:
    more = 'hold_days = 3\nprize = [{ points = "50" }]'
    games = await opened(database, clock, programme(challenge(more)))
    for name in ("1", "2"):
        await games.buy(name, "Ann", 1_000)
    await games.heard()
    await games.later(days=3)
    await games.buy("3", "Ann", 1_000)
    await games.refund("2")
    await games.heard()
    await games.later(days=2)
    await games.heard()
    assert await won(games, "Ann") == [[("owed", None)]]
    await games.later(days=2)
    await games.heard()
    assert await won(games, "Ann") == [[("paid", None)]]
    await assert_coherent(database)


async def test_what_is_not_paid_of_a_challenge_that_is_kept_is_owed_when_it_is_done_again(
    database: Database, clock: MovableClock
) -> None:
    prizes = '[{ points = "50" }, { reward = "rare" }]'
    more = f'on_refund = "keep"\nprize = {prizes}'
    games = await opened(database, clock, programme(challenge(more)))
    for name in ("Ben", "Ann"):
        for number in (1, 2):
            await games.buy(f"{name}{number}", name, 1_000)
            await games.later(minutes=1)
    await games.heard()
    states = [("paid", None), ("refused", "OUT_OF_STOCK")]
    assert await won(games, "Ann") == [states]
    await games.refund("Ann2")
    await games.heard()
    await games.buy("Ann3", "Ann", 1_000)
    await games.heard()
    assert await won(games, "Ann") == [states]
    await assert_coherent(database)


async def test_who_is_forgotten_takes_nothing_from_the_team(
    database: Database, clock: MovableClock
) -> None:
    more = 'who = "team"\nteam = "club"\nprize = [{ points = "20" }]'
    games = await opened(database, clock, programme(challenge(more)))
    for name in ("Ann", "Ben"):
        await games.shop.enrol(NewMember(name, clock.now(), attributes={"club": "Red"}))
        await games.buy(name, name, 1_000)
    await games.heard()
    assert await games.points("Ann", "Ben") == [30, 30]
    await erased(games.shop, erasing("Ben"))
    await games.heard()
    assert await games.points("Ann") == [30]
    # What is returned of it is returned.
    await games.refund("Ben")
    await games.heard()
    assert await games.points("Ann") == [10]
    await assert_coherent(database)


async def test_a_bar_that_falls_and_fills_again_pays_each_once_with_a_merge_in_between(
    database: Database, clock: MovableClock
) -> None:
    more = 'who = "everyone"\nprize = [{ points = "20" }, { badge = "hero" }]'
    games = await opened(database, clock, programme(challenge(more, 3)))
    for name in NAMES[:3]:
        await games.buy(name, name, 1_000)
    await games.heard(limit=1)
    assert await games.points(*NAMES[:3]) == [30, 30, 30]
    await games.refund("Cat")
    await merged(games.shop, merging("Ann", "Ben"))
    await games.heard(limit=1)
    assert await games.points("Ann", "Cat") == [20, 0]
    await games.buy("Dan", "Dan", 1_000)
    await games.heard(limit=1)
    await games.refund("Dan")
    await games.buy("Cat again", "Cat", 1_000)
    await games.heard()
    assert await games.points("Ann", "Cat", "Dan") == [40, 30, 0]
    await assert_coherent(database)


async def test_a_programme_without_games_any_more_pays_what_is_owed_and_takes_back(
    database: Database, clock: MovableClock
) -> None:
    more = 'hold_days = 3\nprize = [{ points = "50" }, { badge = "hero" }]'
    games = await opened(database, clock, programme(challenge(more) + STREAK))
    for name in ("Ann", "Ben"):
        for number in (1, 2):
            await games.buy(f"{name}{number}", name, 1_000)
    await games.heard()
    await games.shop.apply(GOOD, clock.now() + timedelta(hours=1))
    await games.later(days=5)
    await games.heard()
    assert await won(games, "Ann", "Ben") == [[("paid", None)] * 2] * 2
    await games.refund("Ann2")
    await games.heard()
    assert await won(games, "Ann", "Ben") == [[("undone", None)] * 2, [("paid", None)] * 2]
    assert await games.points("Ann", "Ben") == [10, 70]
    await assert_coherent(database)


async def test_a_kept_prize_of_a_streak_is_not_paid_for_what_was_returned_while_it_waited(
    database: Database, clock: MovableClock
) -> None:
    milestone = (
        '[[streaks.streak.milestone]]\nat = 2\nhold_days = 5\non_refund = "keep"\n'
        'prize = { points = "50" }\n'
    )
    games = await opened(database, clock, programme(STREAK + milestone))
    for number in (1, 2):
        await games.buy(f"{number}", "Ann", 1_000)
        await games.heard()
        await games.later(days=1)
    for number in (1, 2):
        await games.refund(f"{number}")
    await games.heard()
    await games.later(days=9)
    await games.heard()
    assert await games.points("Ann") == [0]
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
