"""Boards that a version changes are worked out anew; rolling windows are there in time."""

from datetime import UTC, date, datetime, timedelta

from api.sections import SECTIONS
from domain.earning.rules import Activity
from domain.members.service import NewMember
from gamification.leaderboards.jobs_scores import tend
from gamification.subscribers import follow as judge
from kit.clock import MovableClock
from kit.db import Database
from tests.support.automatic import refunded
from tests.support.coherence import assert_coherent
from tests.support.scoring import Boards, board, opened, programme
from tests.support.shop import purchase

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ALL = 'periods = ["day", "all"]'
SEASON = '[[leaderboards.season]]\ncode = "spring"\nname = "x"\nfrom = {}\nuntil = {}\n'


async def applied(boards: Boards, text: str) -> None:
    """Apply a programme that is in force an hour from now, and let that hour pass."""
    now = boards.shop.clock.now()
    await boards.shop.apply(text, now + HOUR)
    boards.shop.clock.move(HOUR)


async def three(boards: Boards, clock: MovableClock) -> None:
    """Let members buy on three days."""
    now = clock.now()
    amounts = (("ann", 500, 0), ("ann", 300, 1), ("bob", 600, 1), ("cat", 900, 20))
    await boards.shop.buy(
        *(
            purchase(f"{n}", who, cents, now - ago * DAY)
            for n, (who, cents, ago) in enumerate(amounts)
        )
    )
    await boards.work()


async def test_another_way_to_keep_scores_is_worked_out_for_all_that_was_done(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, board("spend", ALL))
    await three(boards, clock)
    assert await boards.top("spend", "all") == [("cat", 900), ("ann", 800), ("bob", 600)]
    await applied(boards, programme(board("spend", f'{ALL}\nkeep = "best"')))
    await boards.work()
    assert await boards.top("spend", "all") == [("cat", 900), ("bob", 600), ("ann", 500)]
    assert {each.state for each in await boards.windows()} == {"open"}
    await assert_coherent(database)


async def test_windows_are_filling_until_all_members_are_counted(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, board("spend", ALL), board("other", ALL))
    await three(boards, clock)
    text = programme(board("spend", f'{ALL}\nscopes = ["city"]'), board("other", ALL))
    await applied(boards, text)
    now = clock.now()
    assert await database.write(lambda session: tend(session, now, SECTIONS, 1))
    states = {(each.board, each.state) for each in await boards.windows()}
    assert states == {("spend", "filling"), ("other", "open")}
    # What is told meanwhile is counted at once, and a new window waits for the others.
    await boards.shop.enrol(NewMember("dan", now, attributes={"city": "Hue"}))
    await boards.shop.buy(purchase("new", "dan", 50, now))
    await boards.work()
    assert {each.state for each in await boards.windows()} == {"open"}
    assert await boards.top("spend", "all", scope="city:Hue") == [("dan", 50)]
    assert len(await boards.top("spend", "all")) == 4


async def test_a_new_period_has_what_was_done_before_but_no_window_that_is_over(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, board("spend", ALL))
    await three(boards, clock)
    await applied(boards, programme(board("spend", 'periods = ["day", "week", "month", "all"]')))
    await boards.work()
    assert await boards.top("spend", "month") == [("bob", 600), ("ann", 800)][::-1]
    months = [each.starts_on for each in await boards.windows(periods=["month"])]
    assert months == [date(2026, 3, 1)]
    # Whoever is told of late opens it, with all that is known of its days.
    await boards.shop.buy(purchase("late", "dan", 50, clock.now() - 19 * DAY))
    await boards.work()
    assert await boards.top("spend", "month", date(2026, 2, 10)) == [("cat", 900), ("dan", 50)]


async def test_a_new_board_begins_with_its_version_and_one_left_out_ends(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, board("old", ALL))
    await three(boards, clock)
    ahead = clock.now() + 3 * HOUR
    await boards.shop.buy(purchase("ahead", "dan", 70, ahead))
    await boards.work()
    await applied(boards, programme(board("new", ALL)))
    await boards.shop.buy(purchase("now", "ann", 40, clock.now()))
    await boards.work()
    assert await boards.top("new", "all") == [("dan", 70), ("ann", 40)]
    # What was dated ahead is judged by the version that is in force then.
    assert [name for name, _ in await boards.top("old", "all")] == ["cat", "ann", "bob"]
    await refunded(boards.shop, "0")
    await boards.work()
    assert ("ann", 300) in await boards.top("old", "all")
    assert [each.board for each in await boards.current("old", "new")] == ["new", "new"]


async def test_teams_instead_of_members_and_back(database: Database, clock: MovableClock) -> None:
    boards = await opened(database, clock, board("spend", ALL))
    await boards.shop.enrol(
        *(NewMember(n, clock.now(), attributes={"club": "red"}) for n in ("ann", "bob"))
    )
    await three(boards, clock)
    await applied(boards, programme(board("spend", f'{ALL}\nof = "teams"\nteam = "club"')))
    await boards.work()
    assert await boards.top("spend", "all") == [("red", 1_400)]
    await applied(boards, programme(board("spend", ALL)))
    await boards.work()
    assert await boards.top("spend", "all") == [("cat", 900), ("ann", 800), ("bob", 600)]


async def test_a_season_that_is_moved_is_the_same_window_with_other_days(
    database: Database, clock: MovableClock
) -> None:
    what = board("spend", 'periods = ["season"]')
    text = SEASON.format("2026-03-01", "2026-04-01")
    boards = await opened(database, clock, what, more=text)
    await three(boards, clock)
    assert await boards.top("spend", "season") == [("ann", 800), ("bob", 600)]
    before = await boards.windows()
    await applied(boards, programme(what, more=SEASON.format("2026-02-01", "2026-03-02")))
    await boards.work()
    (window,) = await boards.windows()
    assert (window.id, window.starts_on, window.ends_on) == (
        before[0].id,
        date(2026, 2, 1),
        date(2026, 3, 2),
    )
    assert [row.score for row in await boards.rows(window)] == [900, 600, 300]


async def test_at_midnight_another_rolling_window_is_current_and_nothing_is_counted(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, board("spend", "periods = []\nrolling_days = 3"))
    now = clock.now()
    await boards.shop.buy(*(purchase(f"{n}", f"m{n}", 100 + n, now - n * DAY) for n in range(4)))
    await boards.work()
    assert await boards.top("spend", "rolling") == [("m2", 102), ("m1", 101), ("m0", 100)]
    clock.set(datetime(2026, 3, 3, 5, tzinfo=UTC))
    (window,) = await boards.current("spend")
    assert (window.starts_on, window.state) == (date(2026, 3, 1), "open")
    assert await boards.top("spend", "rolling") == [("m1", 101), ("m0", 100)]
    await boards.work()
    (same,) = await boards.current("spend")
    assert (same.head, same.id) == (window.head, window.id)
    # What becomes known late changes all that are not dropped yet.
    await refunded(boards.shop, "1")
    await boards.work()
    assert await boards.top("spend", "rolling") == [("m0", 100)]
    assert await boards.top("spend", "rolling", date(2026, 3, 2)) == [("m2", 102), ("m0", 100)]


async def test_rolling_windows_come_and_go_without_anybody_doing_anything(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, board("spend", "rolling_days = 5"))
    now = clock.now()
    await boards.shop.buy(*(purchase(f"{n}", f"m{n}", 100 + n, now) for n in range(20)))
    await boards.work()
    for _ in range(4):
        clock.move(DAY)
        await boards.tended()
        assert len(await boards.top("spend", "rolling")) == 20
    clock.move(DAY)
    await boards.tended()
    assert await boards.top("spend", "rolling") == []
    clock.move(10 * DAY)
    await boards.tended()
    assert {each.ends_on for each in await boards.windows()} == {
        date(2026, 3, 18),
        date(2026, 3, 19),
    }
    async with database.read() as session:
        assert await session.value("SELECT count(*) FROM board_score") == 0


LADDER = """
[[leaderboards.board]]
code = "spend"
name = "spend"
score = "spend"
periods = ["all"]
scopes = ["tier"]
"""


async def test_a_tier_that_time_alone_ends_is_left_without_any_fact(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, LADDER)
    await boards.shop.buy(purchase("1", "ann", 40_000, clock.now()))
    await boards.work()
    assert await boards.top("spend", "all", scope="tier:VIB") == [("ann", 40_000)]
    # Held to the end of the next year.
    clock.set(datetime(2028, 1, 1, 4, 59, tzinfo=UTC))
    await boards.work()
    assert await boards.top("spend", "all", scope="tier:VIB") == [("ann", 40_000)]
    clock.set(datetime(2028, 1, 1, 5, tzinfo=UTC))
    await boards.work()
    assert await boards.top("spend", "all", scope="tier:VIB") == []
    assert await boards.top("spend", "all", scope="tier:Insider") == [("ann", 40_000)]


CHALLENGE = """
[[challenges.challenge]]
code = "two"
name = "Two"
period = "week"
times = 9
challenge_points = 25

[[challenges.challenge.goal]]
target = "2"
"""


async def test_challenge_points_follow_completions(database: Database, clock: MovableClock) -> None:
    boards = await opened(database, clock, board("stars", ALL, "challenge_points"), more=CHALLENGE)

    async def work() -> None:
        await boards.heard()
        now = clock.now()
        while await database.write(lambda session: judge(session, now, SECTIONS)):
            pass
        await boards.work()

    now = clock.now()
    await boards.shop.buy(*(purchase(f"{n}", "ann", 500, now - n * HOUR) for n in range(4)))
    await work()
    assert await boards.top("stars", "all") == [("ann", 50)]
    await refunded(boards.shop, "0")
    await work()
    assert await boards.top("stars", "all") == [("ann", 25)]
    # What is told late moves when it was completed: to the day before.
    before = now - DAY
    await boards.shop.act(Activity("a", "ann", "nothing", before))
    await boards.shop.buy(purchase("b", "ann", 1, before), purchase("c", "ann", 1, before))
    await work()
    assert await boards.top("stars", "all") == [("ann", 50)]
