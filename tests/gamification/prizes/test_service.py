"""Prizes are paid once and taken back as the policies say, whatever is told how often."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.ledger.rules import Kind, Resolution
from domain.tallies import queries as tallies
from domain.tallies.rules import POINTS
from domain.wallets import queries as wallets
from domain.wallets.service_hold import Hold
from gamification.prizes import queries
from gamification.prizes.section_parts import MysteryPart, Prize
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.ids import derived_id
from tests.support.automatic import burned, states, vouchers_of
from tests.support.coherence import assert_coherent
from tests.support.games import Games, opened_with, programme

FIFTY = Prize(points="50")
CUP = Prize(reward="cup")


async def spent(games: Games, member: str, points: int) -> None:
    """Let a member spend points."""
    now, member_id = games.clock.now(), await games.member(member)
    name = f"{member} {points} {now}"
    (held,) = await games.shop.hold(
        Hold(derived_id("h", name), member_id, points, now + timedelta(hours=1), reference="till")
    )
    assert held.hold_id is not None
    (done,) = await games.shop.settle(
        Resolution(derived_id("s", name), held.hold_id, Kind.POST, code="redemption")
    )
    assert done.refusal is None


async def test_points_are_paid_once_and_taken_back(database: Database, clock: MovableClock) -> None:
    games = await opened_with(database, clock, ["ada"])
    due = await games.due("a", "ada", FIFTY)
    await games.owe(due, due)
    await games.owe(due)
    assert await games.points("ada") == [10]
    assert [await games.pay(), await games.pay()] == [1, 0]
    await games.owe(due)
    assert await games.pay() == 0
    assert await games.points("ada") == [60]
    await games.undo(due)
    await games.undo(due)
    assert await games.points("ada") == [10]
    assert await games.states(due) == [("undone", None)]
    await games.owe(due)
    await games.pay()
    assert await games.points("ada") == [60]
    told = await games.facts("PrizePaid", "PrizeUndone", "PointsAwarded")
    assert [kind for kind, _ in told] == [
        *("PointsAwarded", "PrizePaid", "PrizeUndone", "PointsAwarded", "PrizePaid")
    ]
    await assert_coherent(database)


async def test_a_points_prize_is_a_movement_that_names_its_source(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada"])
    await games.owe(await games.due("a", "ada", FIFTY))
    await games.pay()
    member_id = await games.member("ada")
    async with database.read() as session:
        found = await wallets.history(session, games.shop.brand.id, [member_id], first=1)
    (movement,) = found[member_id]
    assert (movement.code, movement.rule, movement.points) == ("prize", "test:prize", 50)


async def test_points_wait_and_end_as_those_of_the_base_rate_do(
    database: Database, clock: MovableClock
) -> None:
    text = programme().replace('expires = "never"', "pending_days = 2\nexpires = { months = 6 }", 1)
    games = await opened_with(database, clock, ["ada"], text)
    await games.owe(await games.due("a", "ada", FIFTY))
    await games.pay()
    balance = await games.shop.balance("ada")
    assert (balance.spendable, balance.pending) == (0, 60)
    assert [each.points for each in balance.upcoming] == [60]


async def test_what_is_undone_before_it_was_paid_is_not_paid(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada"])
    due = await games.due("a", "ada", FIFTY, pay_from=clock.now() + timedelta(days=3))
    await games.owe(due)
    assert await games.pay() == 0
    await games.undo(due)
    await games.later(days=4)
    assert await games.pay() == 0
    await games.owe(due)
    assert await games.pay() == 1
    assert await games.points("ada") == [60]
    assert [kind for kind, _ in await games.facts("PrizePaid", "PrizeUndone")] == ["PrizePaid"]
    await assert_coherent(database)


async def test_until_it_is_paid_late_news_say_when_it_was_deserved(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada"])
    due = await games.due("a", "ada", FIFTY, pay_from=clock.now() + timedelta(days=3))
    await games.owe(due)
    await games.owe(replace(due, pay_from=clock.now()))
    assert await games.pay() == 1
    await games.owe(due)
    assert (await games.prize(due)).pay_from == clock.now()


@pytest.mark.parametrize(
    ("negative", "after", "again"),
    [
        # 55 of 60 are spent: 5 can be taken, 45 are forgiven and never paid again.
        ('"refuse"', (0, 0), (5, 0)),
        # What is owed is taken, so that it is paid again, and pays the debt first.
        ('"collect"', (0, 45), (5, 0)),
        ('{ limit = "30" }', (-30, 30), (5, 0)),
    ],
)
async def test_spent_points_are_taken_back_by_the_policy_for_negative_balances(
    database: Database,
    clock: MovableClock,
    negative: str,
    after: tuple[int, int],
    again: tuple[int, int],
) -> None:
    games = await opened_with(database, clock, ["ada"], programme(negative=negative))
    due = await games.due("a", "ada", FIFTY)
    await games.owe(due)
    await games.pay()
    await spent(games, "ada", 55)
    await games.undo(due)
    balance = await games.shop.balance("ada")
    assert (balance.spendable - (balance.debt if after[0] < 0 else 0), balance.debt) == after
    await assert_coherent(database)
    await games.owe(due)
    await games.pay()
    balance = await games.shop.balance("ada")
    assert (balance.spendable, balance.debt) == again
    await games.undo(due)
    await assert_coherent(database)


async def test_points_may_count_towards_tiers_and_others_do_nothing_else(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada"])
    both = await games.due("a", "ada", Prize(points="50", qualifies=True))
    credit = await games.due("b", "ada", Prize(qualifying="7"))
    await games.owe(both, credit)
    await games.pay()
    member_id, day = await games.member("ada"), games.shop.brand.day(clock.now())

    async def counted() -> int:
        async with database.read() as session:
            found = await tallies.tallies(session, games.shop.brand.id, [member_id])
        return found[member_id][day, "adjustment"][POINTS]

    assert (await games.points("ada"), await counted()) == ([60], 57)
    await games.later(days=2)
    await games.undo(both)
    assert (await games.points("ada"), await counted()) == ([10], 7)
    await games.undo(credit)
    assert await counted() == 0
    await games.owe(credit)
    await games.pay()
    assert (await games.prize(credit)).state == "paid"
    await assert_coherent(database)


async def test_a_reward_is_given_once_and_returned_unless_it_is_used(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada"])
    due = await games.due("a", "ada", CUP)
    await games.owe(due)
    await games.pay()
    await games.undo(due)
    assert await states(games.shop, "ada") == [("cup", "returned")]
    await games.owe(due)
    await games.pay()
    mine = await vouchers_of(games.shop, "ada")
    (voucher,) = (each for each in mine if each.returned_at is None)
    await burned(games.shop, voucher)
    await games.undo(due)
    assert (await games.prize(due)).keeps
    await games.owe(due)
    await games.pay()
    assert (await games.prize(due)).state == "paid"
    assert len(await vouchers_of(games.shop, "ada")) == 2
    await assert_coherent(database)


async def test_points_of_a_reward_that_are_spent_are_not_given_again(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada"])
    due = await games.due("a", "ada", Prize(reward="extra"))
    await games.owe(due)
    await games.pay()
    assert await games.points("ada") == [50]
    await spent(games, "ada", 20)
    for _ in range(2):
        await games.undo(due)
        await games.owe(due)
        await games.pay()
    assert await games.points("ada") == [0]
    await assert_coherent(database)


async def test_what_the_catalogue_refuses_is_tried_again_by_staff_only(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada", "bob"])
    mine = await games.due("a", "ada", Prize(reward="rare"), budget=("spring", 5))
    other = await games.due("b", "bob", Prize(reward="rare"), budget=("spring", 5))
    await games.owe(mine, other)
    await games.undo(other)
    assert await games.pay() == 1
    await games.owe(other)
    assert await games.pay() == 1
    assert await games.states(mine, other) == [("paid", None), ("refused", "OUT_OF_STOCK")]
    await games.owe(other)
    assert await games.pay() == 0
    async with database.read() as session:
        assert await queries.budgets(session, games.shop.brand.id, ["spring"]) == {"spring": 1}
    await games.undo(mine)
    unknown = replace(other, id=derived_id("nothing"))
    assert [each.code for each in await games.retry(mine, other, unknown)] == [
        *("NOT_REFUSED", None, "PRIZE_NOT_FOUND")
    ]
    await games.pay()
    assert await games.states(mine, other) == [("undone", None), ("paid", None)]
    await assert_coherent(database)


async def test_a_mystery_is_drawn_once_for_ever(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    games = await opened_with(database, clock, ["ada"])
    parts = tuple(MysteryPart(weight=1, points=str(each)) for each in (10, 20, 40))
    due = await games.due("a", "ada", Prize(mystery=parts))
    monkeypatch.setattr("gamification.prizes.service.random_bytes", lambda _: b"\x01")
    await games.owe(due)
    monkeypatch.setattr("gamification.prizes.service.random_bytes", lambda _: b"\x02")
    await games.owe(due)
    await games.pay()
    assert await games.points("ada") == [30]
    await games.undo(due)
    await games.owe(due)
    await games.pay()
    assert await games.points("ada") == [30]
    found = await games.prize(due)
    assert (found.mystery, found.kind, found.points) == (True, "points", 20)


async def test_a_budget_pays_for_those_who_deserved_it_first(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada", "bob", "cy"])
    start = clock.now()
    dues = [
        await games.due(name, name, FIFTY, budget=("spring", 2), at=start + timedelta(minutes=n))
        for n, name in enumerate(("ada", "bob", "cy"))
    ]
    await games.owe(*reversed(dues))
    await games.later(hours=1)
    await games.pay()
    spent_up = ("refused", "BUDGET_SPENT")
    assert await games.states(*dues) == [("paid", None), ("paid", None), spent_up]
    await games.undo(dues[0])
    await games.owe(dues[2])
    assert await games.states(dues[2]) == [spent_up]
    # Only who begins anew gets what has become free.
    await games.undo(dues[2])
    await games.owe(dues[2])
    await games.owe(dues[0])
    assert await games.states(dues[2], dues[0]) == [("owed", None), spent_up]
    await games.retry(dues[0])
    await games.pay()
    assert await games.points("ada", "bob", "cy") == [60, 60, 60]
    await assert_coherent(database)


async def test_who_waits_for_a_review_is_paid_when_it_is_over(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada", "bob"])
    mine, other = await games.due("a", "ada", FIFTY), await games.due("b", "bob", FIFTY)
    await games.owe(mine, other)
    waiting = {mine.member_id}

    async def flagged(_session: Session, _brand: int, member_ids: Collection[UUID]) -> set[UUID]:
        return waiting & set(member_ids)

    assert await games.pay(flagged=flagged) == 2
    assert await games.states(mine, other) == [("held", None), ("paid", None)]
    assert await games.pay(flagged=flagged) == 0
    await games.release("ada")
    assert await games.pay(flagged=flagged) == 1
    waiting.clear()
    await games.later(minutes=5)
    assert await games.pay(flagged=flagged) == 1
    assert await games.points("ada", "bob") == [60, 60]
    assert await games.states(mine) == [("paid", None)]


async def test_prizes_are_listed_the_latest_first(database: Database, clock: MovableClock) -> None:
    games = await opened_with(database, clock, ["ada", "bob"])
    dues = [await games.due(f"{n}", "ada", Prize(points=str(n))) for n in (1, 2, 3)]
    for each in dues:
        await games.owe(each)
    await games.undo(dues[1])
    ada, bob = await games.member("ada"), await games.member("bob")
    async with database.read() as session:
        brand_id = games.shop.brand.id
        found = await queries.prizes_of(session, brand_id, [ada, bob], first=2)
        assert [each.points for each in found[ada]] == [3, 2]
        assert found[bob] == []
        rest = await queries.prizes_of(session, brand_id, [ada], 2, found[ada][1].number)
        assert [each.points for each in rest[ada]] == [1]
        (only,) = await queries.of_brand(session, brand_id, ["undone"], 10)
        assert (only.id, only.reason, only.keeps) == (dues[1].id, "it was returned", False)
        assert (only.reward, only.badge) == (None, None)
