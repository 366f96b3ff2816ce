"""Games say what a plain recomputation says, and pay each prize once, whatever happens.

However it is told: late, in any order and batches, twice, to a worker that dies anywhere.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.clock import MovableClock
from kit.embedded import Servers, running
from kit.valkey import Nodes, opened
from tests.support import games_found as there
from tests.support import games_model as model
from tests.support.coherence import assert_coherent
from tests.support.database import empty
from tests.support.games_by_chance import START, Chance, people
from tests.support.games_killed import Worker
from tests.support.games_offered import PROGRAMME
from tests.support.shop import opened_shop
from tests.support.world import World, bounded

WAYS = (
    *["buy"] * 6,
    *["refund"] * 3,
    *["die"] * 6,
    *["work", "wait"] * 2,
    *["review", "change", "hide", "choose", "choose", "freeze", "mend"],
    *["merge", "erase", "show", "again"],
)
STEPS = st.lists(st.tuples(st.sampled_from(WAYS), st.integers(0, 2**16)), min_size=20, max_size=40)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Valkey of this test's own."""
    with running(tmp_path_factory.mktemp("valkey"), postgres=False) as servers:
        yield servers.valkey_url


@pytest.fixture(scope="module")
def world(servers: Servers) -> Iterator[World]:
    """Where all examples live: their statements stay known."""
    with World(servers) as world:
        yield world


async def opened_by_chance(world: World, nodes: Nodes, clock: MovableClock) -> Chance:
    await empty(world.admin)
    shop = await opened_shop(world.database, clock, PROGRAMME)
    return Chance(shop, Worker(shop, nodes), await people(shop))


async def play(world: World, valkey: str, steps: list[tuple[str, int]]) -> None:
    client = opened(valkey)
    nodes = Nodes(client)
    await client.flushall()
    try:
        chance = await opened_by_chance(world, nodes, MovableClock(START))
        for what, seed in steps:
            await chance.do(what, seed)
        await settled(chance, nodes)
        chance.shop.clock.move(timedelta(days=6))
        await chance.do("again", 0)
        await settled(chance, nodes)
        await assert_prizes(chance)
        await assert_coherent(world.database)
    finally:
        await nodes.aclose()
        await client.aclose()


async def settled(chance: Chance, nodes: Nodes) -> None:
    await chance.do("work", 0)
    assert not await chance.worker.missing()
    await chance.worker.show(None)
    await assert_challenges(chance)
    await assert_streaks(chance)
    await assert_badges(chance)
    await assert_boards(chance, nodes)


async def assert_challenges(chance: Chance) -> None:
    world, now = chance.world, chance.shop.clock.now()
    found = await there.completions(chance.shop)
    far = await there.progress(chance.shop, [world.people[name].id for name in world.living()])
    won = chance.won()
    for name in world.living():
        id_ = world.people[name].id
        assert sorted(found.get(id_, [])) == sorted(won[name].items()), name
        mine = model.Challenges(world, name, now).far
        mine["bar"] = [model.bar_now(world, now, "bar")]
        club = world.club(name)
        mine["club"] = [model.bar_now(world, now, "club", club) if club else 0]
        shown = {code: [goal.done for goal in each.goals] for code, each in far[id_].items()}
        assert shown == mine, name
        times = {code: each.ever for code, each in far[id_].items() if code != "aisles"}
        assert times == {code: sum(key[0] == code for key in won[name]) for code in times}


async def assert_streaks(chance: Chance) -> None:
    world, now = chance.world, chance.shop.clock.now()
    found = await there.streaks_of(chance.shop, [world.people[n].id for n in world.living()])
    stand = await there.milestones(chance.shop)
    for name in world.living():
        id_ = world.people[name].id
        for code in model.STREAKS:
            said, each = model.streak(world, name, code, now), found[id_][code]
            assert (each.length, each.longest, each.state) == (
                said.length,
                said.longest,
                said.state,
            ), (name, code)
            assert (each.freezes, list(each.frozen)) == (said.held, said.frozen), (name, code)
            reached = sorted((length, period) for length, _, period in said.reached)
            assert stand.get((id_, code), []) == reached, (name, code)


async def assert_badges(chance: Chance) -> None:
    world = chance.world
    found = await there.badges(chance.shop)
    for name in world.living():
        mine = sorted(each for each in found.get(world.people[name].id, []) if each[0] != "hero")
        assert mine == sorted(model.badges(world, name)), name


async def assert_boards(chance: Chance, nodes: Nodes) -> None:
    windows = await chance.windows()
    names = await chance.names()
    found = await there.places(chance.shop, [each.id for each in windows], names)
    open_ = [each for each in windows if each.state == "open" and not chance.is_forgotten(each)]
    wanted = await chance.expected(open_)
    for window in open_:
        assert found[window.id] == wanted[window.id], window
    frozen = await there.results(chance.shop, names)
    ended = {each.id for each in windows if each.state == "frozen"}
    assert {id_: frozen.get(id_, []) for id_ in ended} == {
        id_: rows for id_, rows in chance.closed.items() if id_ in ended
    }
    assert ended == chance.closed.keys()
    live = {id_: rows for id_, rows in found.items() if len(rows) <= 100}
    assert await there.shown(nodes, list(live), names) == live
    days = {each.starts_on for each in windows if (each.board, each.period) == ("spend", "day")}
    for name in chance.world.living():
        if not {"", "spend"} & chance.world.people[name].away:
            assert {each.day for each in chance.world.mine(name) if each.cents} <= days


async def assert_prizes(chance: Chance) -> None:
    world, now = chance.world, chance.shop.clock.now()
    paid = await there.paid(chance.shop)
    badges = await there.badges(chance.shop)
    won = chance.won()
    boards = await chance.places_won()
    kept = await there.kept(chance.shop)
    assert len(kept) == len(set(kept))
    assert set(kept) <= chance.kept
    for name in world.living():
        id_ = world.people[name].id
        wanted: dict[str, int] = defaultdict(int)
        for code, _, lvl, _ in won[name]:
            wanted[f"challenge:{code}"] += model.WINS.get(lvl or code, 0)
        for code, (_, wins) in model.STREAKS.items():
            for length, *_ in model.streak(world, name, code, now).reached:
                wanted[f"streak:{code}"] += wins[length]
        if name in boards:
            wanted["board:spend"] = boards[name]
        mine = {source: points for (who, source), points in paid.items() if who == id_}
        extra = mine.pop("challenge:keeper", 0)
        assert extra % 100 == 0
        assert extra >= 100 * sum(code == "keeper" for code, *_ in won[name])
        wanted = {source: points for source, points in wanted.items() if points}
        assert mine == wanted, (name, mine, wanted)
        bought = sum(each.cents // 100 for each in world.mine(name))
        has = (await chance.shop.balance(name)).total
        assert has == bought + sum(mine.values()) + extra, name
        hero = any(code == "either" or lvl == "three" for code, _, lvl, _ in won[name])
        assert ("hero", 1, None) in badges.get(id_, []) or not hero, name
        assert sum(each[0] == "hero" for each in badges.get(id_, [])) == hero, name


EXAMPLES = int(os.environ.get("LAUREL_EXAMPLES", "6"))
"""Whoever hunts for faults says more."""


@settings(parent=bounded(EXAMPLES, 1))
@given(steps=STEPS)
def test_games_are_what_a_plain_recomputation_says(
    world: World, valkey: str, steps: list[tuple[str, int]]
) -> None:
    world.run(play(world, valkey, steps))
