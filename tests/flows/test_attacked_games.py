"""Ways to win twice, to lose a point or a place, and to wake what is frozen: all of them tried.

Each is one flow over several games, with merges, erasures, bans, refunds and versions in between.
"""

from datetime import date, timedelta

from domain.expiry.service_member import amend
from domain.members.rules import MemberChange
from domain.members.service import NewMember
from gamification.badges.service import Revoke, revoke
from gamification.leaderboards.jobs_close import tick as close
from gamification.prizes.section_parts import Prize
from gamification.streaks.service_won import WonFreezes
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support import scoring
from tests.support.automatic import until_done
from tests.support.coherence import assert_coherent
from tests.support.games import Games, opened, opened_with, programme
from tests.support.merging import erased, erasing, merged, merging
from tests.support.programmes import GOOD
from tests.support.rewards import run
from tests.support.shop import Shop, purchase

NAMES = ("Ann", "Ben", "Cat", "Dan")


def challenge(more: str, target: int = 2) -> str:
    """Return a challenge of so many purchases, with all else that it says."""
    return (
        f'[[challenges.challenge]]\ncode = "many"\nname = "Many"\n{more}\n'
        f'[[challenges.challenge.goal]]\ntarget = "{target}"\n'
    )


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


async def red_club(database: Database, clock: MovableClock) -> Games:
    """Open a challenge of teams; Ann and Ben are one, and each has bought."""
    more = 'who = "team"\nteam = "club"\nprize = [{ points = "20" }]'
    games = await opened(database, clock, programme(challenge(more)))
    for name in ("Ann", "Ben"):
        await games.shop.enrol(NewMember(name, clock.now(), attributes={"club": "Red"}))
        await games.buy(name, name, 1_000)
    await games.heard()
    return games


async def test_who_is_forgotten_takes_nothing_from_the_team(
    database: Database, clock: MovableClock
) -> None:
    games = await red_club(database, clock)
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


async def test_a_milestone_that_moves_to_a_later_day_waits_from_that_day_on(
    database: Database, clock: MovableClock
) -> None:
    milestone = '[[streaks.streak.milestone]]\nat = 2\nhold_days = 3\nprize = { points = "50" }\n'
    games = await opened(database, clock, programme(STREAK + milestone))
    for number in (1, 2):
        await games.buy(f"{number}", "Ann", 1_000)
        await games.heard()
        await games.later(days=1)
    await games.buy("3", "Ann", 1_000)
    await games.refund("1")
    await games.heard()
    await games.later(days=3)
    await games.heard()
    assert await won(games, "Ann") == [[("owed", None)]]
    await games.later(days=1)
    await games.heard()
    assert await won(games, "Ann") == [[("paid", None)]]
    async with database.read() as session:
        period = await session.value("SELECT period FROM streak_milestone")
    assert period == date(2026, 3, 4)
    await assert_coherent(database)


async def test_who_left_a_team_and_is_forgotten_does_not_come_back_to_it(
    database: Database, clock: MovableClock
) -> None:
    games = await red_club(database, clock)
    await run(games.shop, amend, [MemberChange("Ben", attributes={"club": None})])
    await games.heard()
    assert await games.points("Ann") == [10]
    await erased(games.shop, erasing("Ben"))
    await games.heard()
    assert await games.points("Ann") == [10]
    await assert_coherent(database)
