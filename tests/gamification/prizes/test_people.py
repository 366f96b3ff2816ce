"""Prizes of members who become one, or are forgotten."""

from collections.abc import Awaitable, Callable

from api.sections import SECTIONS
from domain.memberships.rules_merge import Merge
from domain.memberships.service_erase import Erasure, erase
from domain.memberships.service_merge import merge
from domain.programmes import queries as programmes
from domain.programmes.rules import Timeline
from gamification.prizes import queries
from gamification.prizes.section_parts import Prize
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.coherence import assert_coherent
from tests.support.games import Games, opened_with

FIFTY = Prize(points="50")


async def done(games: Games, verb: Callable[[Session, Timeline], Awaitable[None]]) -> None:
    """Do something under the programme in a transaction."""

    async def work(session: Session) -> None:
        timeline = await programmes.timeline_to_write(session, games.shop.brand.id, SECTIONS)
        await verb(session, timeline)

    await games.shop.database.write(work)


async def merged(games: Games, keep: str, absorb: str) -> None:
    """Make two members one."""

    async def work(session: Session, timeline: Timeline) -> None:
        item = Merge(f"{keep} {absorb}", keep, absorb, "staff", "one person")
        (outcome,) = await merge(session, games.clock.now(), games.shop.brand, timeline, [item])
        assert outcome.code is None

    await done(games, work)


async def erased(games: Games, name: str) -> None:
    """Forget a member."""

    async def work(session: Session, timeline: Timeline) -> None:
        item = Erasure(f"erase {name}", name, "staff", "wishes it")
        (outcome,) = await erase(session, games.clock.now(), games.shop.brand, timeline, [item])
        assert outcome.code is None

    await done(games, work)


async def test_prizes_of_who_was_merged_are_paid_to_and_taken_from_who_is_left(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada", "bob"])
    before, after = await games.due("a", "bob", FIFTY), await games.due("b", "bob", FIFTY)
    cup = await games.due("c", "bob", Prize(reward="cup"))
    await games.owe(before)
    await games.pay()
    await games.owe(after, cup)
    await merged(games, "ada", "bob")
    await games.pay()
    assert await games.points("ada") == [120]
    ada = await games.member("ada")
    async with database.read() as session:
        found = await queries.prizes_of(session, games.shop.brand.id, [ada], 10)
    assert [each.id for each in found[ada]][-1] == before.id
    assert {each.state for each in found[ada]} == {"paid"}
    await games.undo(before, after, cup)
    assert await games.points("ada") == [20]
    await games.owe(after)
    await games.pay()
    assert await games.points("ada") == [70]
    await assert_coherent(database)


async def test_who_was_forgotten_wins_nothing_and_gives_nothing_back(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada", "bob"])
    paid, owed = await games.due("a", "ada", FIFTY), await games.due("b", "ada", FIFTY)
    cup = await games.due("c", "ada", Prize(reward="cup"))
    other = await games.due("d", "bob", FIFTY)
    await games.owe(paid)
    await games.pay()
    await games.owe(owed, cup, other)
    await erased(games, "ada")
    await games.pay()
    gone = ("refused", "MEMBER_ERASED")
    assert await games.states(owed, cup, other) == [gone, gone, ("paid", None)]
    await games.undo(paid, owed, cup)
    assert await games.states(paid, owed, cup) == [("undone", None)] * 3
    assert (await games.prize(paid)).keeps
    await assert_coherent(database)
