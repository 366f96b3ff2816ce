"""What is loaded of members for games to judge by."""

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from gamification.grounds.queries import ground
from gamification.grounds.rules import Ground
from kit.clock import MovableClock
from kit.db import Database
from kit.ids import new_id
from tests.support.games import Games, opened_with, programme, statements


async def loaded(games: Games, *names: str, tiers: bool = False) -> tuple[Ground, int]:
    """Return what games judge these members by, and how many statements that took."""
    ids = [*await games.shop.member_ids(*names), new_id()]
    async with games.shop.database.read() as session:
        timeline = await programmes.timeline(session, games.shop.brand.id, SECTIONS)
        with statements(session) as seen:
            found = await ground(
                session, games.clock.now(), games.shop.brand, timeline, ids, tiers=tiers
            )
    return found, len(seen)


async def test_members_come_with_their_history_and_their_tiers_if_asked(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada", "bob"])
    await games.buy("p", "ada", 40_000)
    ada, bob = await games.shop.member_ids("ada", "bob")
    found, count = await loaded(games, "ada", "bob")
    assert (set(found.people), count) == ({ada, bob}, 3)
    assert [each.amount for each in found.happenings[ada]] == [1_000, 40_000]
    assert (found.people[bob].external_id, found.tiers) == ("bob", {ada: {}, bob: {}})
    found, count = await loaded(games, "ada", "bob", tiers=True)
    assert count == 5
    (runs,) = found.tiers[ada].values()
    assert [run.tier for run in runs][1:2] == ["VIB"]


async def test_of_nobody_nothing_is_loaded(database: Database, clock: MovableClock) -> None:
    games = await opened_with(database, clock, [], programme())
    found, count = await loaded(games, tiers=True)
    assert (found.people, found.happenings, count) == ({}, {}, 1)
