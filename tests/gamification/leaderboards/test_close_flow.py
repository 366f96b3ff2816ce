"""From purchases to paid prizes, with everything that the worker does on the way."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import UUID

from api.sections import SECTIONS
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from gamification.leaderboards.jobs_close import tick
from gamification.leaderboards.queries_close import prizes_of, results, results_of, winners
from gamification.leaderboards.queries_fairness import of_brand
from gamification.leaderboards.queries_people import faces, people_hidden
from gamification.leaderboards.service_close import Disqualify
from gamification.leaderboards.service_fairness import FlagReview, review
from gamification.leaderboards.service_people import PersonChange
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.automatic import refunded, until_done
from tests.support.closing import Boards, board, opened
from tests.support.coherence import assert_coherent
from tests.support.games import Games, programme
from tests.support.merging import erased, erasing, merged, merging
from tests.support.scoring import Boards as Scores
from tests.support.shop import purchase

NAMES = ("Ann", "Ben", "Cat", "Dan")
SPENT = {"Ann": 50_000, "Ben": 70_000, "Cat": 30_000, "Dan": 90_000}
FAIR = "\n[leaderboards.fair_play]\nsplit_minutes = 5\n"


async def worked(boards: Boards) -> None:
    """Let the worker count, judge, close and pay, until nothing is left."""
    await Scores(boards.shop).work()
    await Games(boards.shop).heard()
    await until_done(boards.shop, tick)
    await Scores(boards.shop).work()
    await Games(boards.shop).heard()


async def bought(boards: Boards, spent: dict[str, int]) -> None:
    now = boards.shop.clock.now()
    await boards.shop.buy(*(purchase(name, name, cents, now) for name, cents in spent.items()))


async def week_of(boards: Boards) -> int:
    """Return the id of the brand's first week."""
    rows = await boards.rows(
        "SELECT id FROM board_window WHERE period = 'week' AND scope = '' ORDER BY starts_on"
    )
    return int(str(rows[0][0]))


async def balances(boards: Boards, names: Sequence[str] = NAMES) -> list[int]:
    return [(await boards.shop.balance(name)).total for name in names]


async def test_a_week_from_purchases_to_paid_prizes(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES)
    await bought(boards, SPENT)
    await boards.change(
        PersonChange("1", "Ben", "hide", "Ben"),
        PersonChange("2", "Cat", "ban", "staff", "cheats", board="spend"),
        PersonChange("3", "Dan", "set_alias", "Dan", alias="The King"),
    )
    await worked(boards)
    assert await Scores(boards.shop).top("spend", "week") == [("Dan", 90_000), ("Ann", 50_000)]
    earned = await balances(boards)
    clock.move(timedelta(days=8))
    await worked(boards)
    week = await week_of(boards)
    assert await boards.results(week) == [("Dan", 90_000, 1), ("Ann", 50_000, 2)]
    won = [after - before for before, after in zip(earned, await balances(boards), strict=True)]
    assert won == [50, 0, 0, 100]

    await refunded(boards.shop, "Dan")
    await boards.change(PersonChange("4", "Ben", "show", "Ben"))
    await worked(boards)
    assert await Scores(boards.shop).top("spend", "month") == [("Ben", 70_000), ("Ann", 50_000)]
    assert await boards.results(week) == [("Dan", 90_000, 1), ("Ann", 50_000, 2)]

    dan, ann = await boards.shop.member_ids("Dan", "Ann")
    await erased(boards.shop, erasing("Dan"))
    await boards.change(PersonChange("5", "Ann", "hide", "Ann"))
    await worked(boards)
    async with database.read() as session:
        brand = boards.shop.brand
        first, second = await results(session, brand.id, week, first=9)
        (shown,) = (await faces(session, brand, [dan], "en")).values()
        assert await results(session, brand.id, week, first=9, after=1) == [second]
        assert await winners(session, brand.id, [week], first=1) == {week: [first]}
        assert (await results_of(session, brand.id, [ann], first=1))[ann] == [second]
        prizes = await prizes_of(session, brand.id, [week])
    assert (first.entity, first.name, first.hidden) == (dan, None, False)
    assert (second.entity, second.name, second.hidden) == (ann, None, True)
    assert not shown.is_alias
    assert [each.points for each in prizes[week, ann]] == [50]
    await assert_coherent(database)


async def test_who_cheats_waits_and_wins_nothing(database: Database, clock: MovableClock) -> None:
    boards = await opened(database, clock, *NAMES, text=board("close_after_hours = 1", FAIR))
    await bought(boards, SPENT)
    for number in (1, 2):
        at = clock.now() + timedelta(minutes=number)
        await boards.shop.buy(replace(purchase(f"{number}", "Ann", 60_000, at), store="12"))
    # Nobody counts until the week is long over: it closes an hour after that.
    clock.move(timedelta(days=8))
    await worked(boards)
    clock.move(timedelta(hours=1))
    await worked(boards)
    assert await boards.prizes("Ann", "Dan") == [[("held", 100)], [("paid", 50)]]
    week = await week_of(boards)

    async def confirmed(session: Session) -> None:
        brand, now = boards.shop.brand, clock.now()
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        (flag,) = await of_brand(session, brand.id, states=["open"], first=9)
        item = FlagReview(flag.id, confirm=True, actor="staff", note="split a basket")
        (outcome,) = await review(session, now, brand, timeline, [item])
        assert outcome.state == "confirmed"

    await database.write(confirmed)
    await worked(boards)
    assert await boards.prizes("Ann", "Dan") == [[("undone", 100)], [("paid", 50)]]
    assert await boards.results(week) == [
        ("Ann", 170_000, 1),
        ("Dan", 90_000, 2),
        ("Ben", 70_000, 3),
        ("Cat", 30_000, 4),
    ]
    month = [("Dan", 90_000), ("Ben", 70_000), ("Cat", 30_000)]
    assert await Scores(boards.shop).top("spend", "month") == month
    await assert_coherent(database)


async def test_nobody_hidden_or_banned_is_listed_whatever_is_chosen(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES)
    await bought(boards, SPENT)
    draw = Random(7)
    kinds = ["hide", "show", "ban", "lift", "exclude", "include"]
    for turn in range(12):
        items = [
            PersonChange(
                f"{turn} {number}",
                draw.choice(NAMES),
                draw.choice(kinds),  # type: ignore[arg-type]
                "staff",
                "why not",
                board=draw.choice([None, "spend"]),
            )
            for number in range(4)
        ]
        await boards.change(*items)
        await Scores(boards.shop).work()
        ids = dict(zip(await boards.shop.member_ids(*NAMES), NAMES, strict=True))
        async with database.read() as session:
            hidden = await people_hidden(session, boards.shop.brand.id, list(ids), "spend")
        expected = sorted(
            ((name, SPENT[name]) for id_, name in ids.items() if id_ not in hidden),
            key=lambda row: -row[1],
        )
        for period in ("week", "month"):
            assert await Scores(boards.shop).top("spend", period) == expected
    await assert_coherent(database)


async def test_an_alias_goes_to_who_is_left_of_two(database: Database, clock: MovableClock) -> None:
    boards = await opened(database, clock, *NAMES)
    await bought(boards, SPENT)
    await boards.change(
        *(PersonChange(name, name, "set_alias", name, alias=f"{name}!") for name in NAMES[:3]),
        PersonChange("ban", "Ben", "ban", "staff", "cheats"),
    )
    await merged(boards.shop, merging("Ann", "Ben"), merging("Dan", "Cat"))
    await worked(boards)
    ann, dan = await boards.shop.member_ids("Ann", "Dan")
    async with database.read() as session:
        found = await faces(session, boards.shop.brand, [ann, dan], "en")
        hidden = await people_hidden(session, boards.shop.brand.id, [ann, dan])
    assert (found[ann].name, found[dan].name) == ("Ann!", "Cat!")
    assert hidden == {ann}
    again = PersonChange("free", "Dan", "set_alias", "Dan", alias="Ben!")
    assert (await boards.change(again))[0].code is None
    await assert_coherent(database)


TEAMS = """
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
points = "20"
"""


async def test_what_a_team_wins_each_of_its_people_wins_who_did_something(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, text=programme(TEAMS))
    clubs = {"Ann": "Red", "Ben": "Red", "Cat": "Blue", "Dan": "Red", "Eve": "Red"}
    await boards.shop.enrol(
        *(NewMember(name, clock.now(), attributes={"club": club}) for name, club in clubs.items())
    )
    # Eve does nothing; Dan is banned, so that what he spends is not the team's.
    await boards.change(PersonChange("1", "Dan", "ban", "staff", "cheats"))
    await bought(boards, SPENT)
    await worked(boards)
    assert await Scores(boards.shop).top("clubs", "week") == [("Red", 120_000), ("Blue", 30_000)]
    clock.move(timedelta(days=8))
    await worked(boards)
    paid = [("paid", 20)]
    assert await boards.prizes("Ann", "Ben", "Cat", "Dan", "Eve") == [[paid[0]], paid, [], [], []]
    red = (await boards.rows("SELECT entity FROM board_team WHERE name = 'Red'"))[0][0]
    assert isinstance(red, UUID)
    item = Disqualify("k", await week_of(boards), red, "staff", "a club of one")
    assert [each.code for each in await boards.disqualify(item)] == [None]
    assert await boards.prizes("Ann", "Ben", "Cat") == [[("undone", 20)], [("undone", 20)], []]
    await assert_coherent(database)
