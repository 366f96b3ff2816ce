"""Flags are raised once, hold prizes, and take who is confirmed out of windows."""

from datetime import timedelta

from api.sections import SECTIONS
from domain.earning.rules_refund_request import Refund
from domain.programmes import queries as programmes
from gamification.grounds.queries import ground
from gamification.leaderboards.queries_fairness import Flag, flags, of_brand, of_members
from gamification.leaderboards.queries_people import flagged, people_hidden
from gamification.leaderboards.service_fairness import (
    FlagReview,
    FlagReviewOutcome,
    judge,
    judges,
    review,
)
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.ids import derived_id
from tests.support.closing import Boards, board, opened
from tests.support.programmes import GOOD
from tests.support.shop import opened_shop, purchase

RULES = """
[leaderboards.fair_play]
split_minutes = 10

[[leaderboards.fair_play.rate]]
most = 3
minutes = 60
"""


async def bought(boards: Boards, member: str, *minutes: int) -> None:
    """Let a member buy something so many minutes before now, each in a shop of its own."""
    now = boards.shop.clock.now()
    for each in minutes:
        await boards.shop.buy(
            purchase(f"{member} {each}", member, 1_000, now - timedelta(minutes=each))
        )


async def judged(boards: Boards, *names: str) -> list[Flag]:
    """Judge members; return the brand's open flags, newest first."""
    ids = await boards.shop.member_ids(*names)

    async def work(session: Session) -> None:
        now, brand = boards.shop.clock.now(), boards.shop.brand
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        assert judges(timeline)
        await judge(session, now, await ground(session, now, brand, timeline, ids))

    await boards.database.write(work)
    async with boards.database.read() as session:
        return await of_brand(session, boards.shop.brand.id, states=["open"], first=9)


async def reviewed(boards: Boards, *items: FlagReview) -> list[FlagReviewOutcome]:
    async def work(session: Session) -> list[FlagReviewOutcome]:
        now, brand = boards.shop.clock.now(), boards.shop.brand
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        return await review(session, now, brand, timeline, items)

    return await boards.database.write(work)


async def told(boards: Boards) -> list[tuple[object, ...]]:
    return await boards.rows(
        "SELECT m.external_id, f.payload ->> 'rule' FROM fact f"
        " JOIN member m ON m.id::text = f.subject WHERE f.kind = 'MemberFlagged' ORDER BY f.id"
    )


async def test_a_flag_is_raised_once_and_grows_while_it_is_open(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, "Ann", "Ben", text=board(more=RULES))
    await bought(boards, "Ann", 50, 40, 30)
    assert await judged(boards, "Ann", "Ben") == []
    await bought(boards, "Ann", 20)
    (flag,) = await judged(boards, "Ann", "Ben")
    assert (flag.rule, flag.evidence["count"]) == ("rate:any:3/60", 4)
    await bought(boards, "Ann", 10)
    (longer,) = await judged(boards, "Ann")
    assert (longer.id, longer.evidence["count"]) == (flag.id, 5)
    assert longer.upto_at - longer.from_at == timedelta(minutes=40)
    assert await told(boards) == [("Ann", "rate:any:3/60")]
    await reviewed(boards, FlagReview(flag.id, confirm=False, actor="staff", note="a party"))
    await bought(boards, "Ann", 5)
    assert await judged(boards, "Ann") == []
    assert len(await told(boards)) == 1
    async with database.read() as session:
        ann = await boards.member("Ann")
        (same,) = (await of_members(session, boards.shop.brand.id, [ann]))[ann]
        assert (await flags(session, boards.shop.brand.id, [flag.id]))[flag.id] == same
    assert (same.state, same.actor, same.note, same.evidence["count"]) == (
        "cleared",
        "staff",
        "a party",
        5,
    )


async def test_open_flags_hold_and_decided_ones_release(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, "Ann", "Ben", text=board(more=RULES))
    ann, ben = await boards.shop.member_ids("Ann", "Ben")
    await bought(boards, "Ann", 50, 40, 30, 20)
    (flag,) = await judged(boards, "Ann", "Ben")

    async def waits() -> set[object]:
        async with database.read() as session:
            return set(await flagged(session, boards.shop.brand.id, [ann, ben]))

    assert await waits() == {ann}
    await boards.shop.refund(Refund("r", "Ann 20", clock.now()))
    assert len(await judged(boards, "Ann")) == 1
    await reviewed(boards, FlagReview(flag.id, confirm=False, actor="staff"))
    assert await waits() == set()


async def test_a_confirmed_flag_bans_from_open_windows_and_undoes_prizes_of_frozen_ones(
    database: Database, clock: MovableClock
) -> None:
    text = board("close_after_hours = 0", RULES)
    boards = await opened(database, clock, "Ann", "Ben", text=text)
    week, month = await boards.window(), await boards.window(clock.now().date(), 29, period="month")
    other = await boards.window(clock.now().date() + timedelta(days=7))
    await bought(boards, "Ann", 50, 40, 30, 20)
    for window in (week, month, other):
        await boards.score(window, {"Ann": 4_000, "Ben": 1_000})
    (flag,) = await judged(boards, "Ann", "Ben")
    clock.move(timedelta(days=8))
    await boards.work()
    assert await boards.prizes("Ann", "Ben") == [[("owed", 100)], [("owed", 50)]]
    item = FlagReview(flag.id, confirm=True, actor="staff", note="split")
    assert [each.state for each in await reviewed(boards, item)] == ["confirmed"]
    assert await boards.prizes("Ann", "Ben") == [[("undone", 100)], [("owed", 50)]]
    ann = await boards.member("Ann")
    async with database.read() as session:
        hidden = [
            await people_hidden(session, boards.shop.brand.id, [ann], "spend", window)
            for window in (week, month, other)
        ]
    assert hidden == [set(), {ann}, set()]
    again = await reviewed(boards, item)
    assert [(each.code, each.replayed) for each in again] == [(None, True)]
    await boards.assert_coherent()


async def test_what_staff_can_not_decide_is_refused(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, "Ann", text=board(more=RULES))
    await bought(boards, "Ann", 50, 40, 30, 20)
    (flag,) = await judged(boards, "Ann")
    outcomes = await reviewed(
        boards,
        FlagReview(derived_id("no flag"), confirm=True, actor="staff"),
        FlagReview(flag.id, confirm=True, actor=" "),
        FlagReview(flag.id, confirm=True, actor="staff"),
        FlagReview(flag.id, confirm=False, actor="staff"),
    )
    assert [each.code for each in outcomes] == ["FLAG_NOT_FOUND", "INVALID_INPUT", None, "NOT_OPEN"]
    assert [each.state for each in outcomes] == [None, "open", "confirmed", "confirmed"]


async def test_a_programme_without_rules_judges_nobody(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, GOOD)
    async with database.read() as session:
        assert not judges(await programmes.timeline(session, shop.brand.id, SECTIONS))
