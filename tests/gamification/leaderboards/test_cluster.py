"""Boards on a cluster of three masters; large ones split into shards."""

import random
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import redis.asyncio

from gamification.leaderboards.rules_keys import shard_key
from gamification.leaderboards.rules_places import Page
from gamification.leaderboards.showing import Shower
from gamification.leaderboards.views import Boards
from kit.db import Database
from kit.valkey import Call, Nodes, opened
from tests.support import boards as scores
from tests.support.boards import NOW, Change, assert_equal, change, entity, shown, truth, window
from tests.support.cluster import Master


@pytest.fixture
async def nodes(cluster: list[Master]) -> AsyncIterator[Nodes]:
    """The empty cluster, of which only one server's address is known."""
    for server in cluster:
        async with server.client() as client:
            await client.flushall()
    home = opened(f"redis://127.0.0.1:{cluster[0].port}")
    nodes = Nodes(home)
    yield nodes
    await nodes.aclose()
    await home.aclose()


async def test_windows_lie_on_all_masters(
    database: Database, nodes: Nodes, cluster: list[Master]
) -> None:
    ids = [await window(database, scope=str(n)) for n in range(12)]
    for board in ids:
        await change(database, board, [Change(n, n % 5, n) for n in range(50)])
    await shown(Shower(database, nodes))
    for board in ids:
        await assert_equal(database, nodes, board)
    for server in cluster:
        async with server.client() as client:
            assert await client.dbsize() > 3


async def test_a_large_window_is_split_and_split_again(database: Database, nodes: Nodes) -> None:
    board = await window(database)
    random_ = random.Random(3)
    shower = Shower(database, nodes, shard_above=100)
    for upto in (80, 250, 900):
        await change(
            database,
            board,
            [Change(n, random_.randrange(40), random_.randrange(9)) for n in range(upto)],
        )
        await shown(shower)
        # Whoever looks anew sees how large it has become.
        shower = Shower(database, nodes, shard_above=100)
        await shown(shower)
        await assert_equal(database, nodes, board)
    await change(database, board, [Change(n, 3, listed=n % 3 > 0) for n in range(300)])
    await shown(shower)
    await assert_equal(database, nodes, board)
    sizes = await nodes.ask(
        [Call(shard_key(board, 16, n), ("HLEN", shard_key(board, 16, n))) for n in range(16)]
    )
    assert all(sizes)


async def test_a_split_window_answers_as_a_whole_one(
    database: Database, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = await window(database)
    random_ = random.Random(5)
    await change(database, board, [Change(n, random_.randrange(60), n % 7) for n in range(700)])
    await shown(Shower(database, nodes, shard_above=100))
    monkeypatch.setattr("gamification.leaderboards.views_split.MERGED_MAX", 20)
    expected = [(*row[:5], -1) for row in await truth(database, board)]
    views = Boards(nodes)
    for first in (0, 15, 333, 690, 700, 2_000):
        (answer,) = await views.page([Page(board, first, 11)])
        assert scores.rows_of(answer) == expected[first : first + 11]
        assert (answer.size, answer.off_by) == (700, 0)
    for rank in (0, 3, 350, 699):
        answer = await views.around(board, expected[rank][0], 5)
        assert scores.rows_of(answer) == expected[max(rank - 5, 0) : rank + 6]
    some = [row[0] for row in random_.sample(expected, 40)]
    answer = await views.among(board, [*some, entity(5_000)])
    assert scores.rows_of(answer) == [row for row in expected if row[0] in some]
    answer = await views.around(board, entity(5_000), 5)
    assert (answer.state, answer.places) == ("live", ())


async def test_a_master_that_lost_all_is_filled_again(
    database: Database, nodes: Nodes, cluster: list[Master]
) -> None:
    board, small = await window(database), await window(database, scope="x")
    await change(database, board, [Change(n, n % 30, n) for n in range(500)])
    await change(database, small, [Change(n, n) for n in range(5)])
    shower = Shower(database, nodes, shard_above=100)
    await shown(shower)
    for server in cluster:
        async with server.client() as client:
            await client.flushall()
        states = {answer.state for answer in await Boards(nodes).sizes([board, small])}
        assert "rebuilding" in states
        await shown(shower)
        await assert_equal(database, nodes, board)
        await assert_equal(database, nodes, small)


async def test_ranks_of_a_moving_split_window_are_off_by_no_more_than_they_say(
    database: Database, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = await window(database)
    await change(database, board, [Change(n, n) for n in range(400)])
    shower = Shower(database, nodes, shard_above=100)
    await shown(shower)
    real, steps = nodes.soon, iter(range(9))

    async def meanwhile(calls: list[Call]) -> list[object]:
        # Positions, elements, and then what is above them.
        if next(steps) == 2:
            await change(database, board, [Change(n, 1_000) for n in range(9)])
            await shower.tick(NOW)
        return await real(calls)

    views = Boards(nodes)
    assert (await views.ranks(board, [entity(100)])).places[0].ordinal == 300
    monkeypatch.setattr(nodes, "soon", meanwhile)
    answer = await views.ranks(board, [entity(100)])
    assert (answer.places[0].ordinal, answer.off_by) == (309, 9)


async def test_nodes_find_slots_that_moved(cluster: list[Master], nodes: Nodes) -> None:
    key = b"moving"
    (slot,) = await nodes.ask([Call(key, ("CLUSTER", "KEYSLOT", key))])
    assert await nodes.ask([Call(key, ("SET", key, "1"))]) == [b"OK"]
    ids, holder = [], 0
    for n, server in enumerate(cluster):
        async with server.client() as client:
            ids.append(await client.execute_command("CLUSTER MYID"))
            holder = n if await client.dbsize() else holder
    target = (holder + 1) % 3
    async with cluster[holder].client() as client:
        await client.delete(key)
    for server in (cluster[target], *cluster):
        async with server.client() as client:
            await client.execute_command("CLUSTER SETSLOT", slot, "NODE", ids[target])
    assert await nodes.ask([Call(key, ("SET", key, "2"))]) == [b"OK"]
    assert await nodes.soon([Call(key, ("GET", key))]) == [b"2"]
    async with cluster[target].client() as client:
        assert await client.get(key) == b"2"


def test_shards_of_a_window_lie_apart() -> None:
    slots = {redis.crc.key_slot(shard_key(7, 8, n)) for n in range(8)}
    assert len(slots) == 8
    assert all(one != other for one, other in pairwise(sorted(slots)))
