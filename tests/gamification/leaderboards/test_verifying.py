"""Comparing finds every difference that stays, and none that is only under way."""

import asyncio
from dataclasses import replace
from typing import cast

import pytest
import redis.asyncio

from gamification.leaderboards.rules_keys import moment_bytes, root_key
from gamification.leaderboards.showing import Shower
from gamification.leaderboards.verifying import Verified, Verifier
from kit.db import Database
from kit.embedded import Servers
from kit.valkey import Nodes
from tests.gamification.leaderboards.test_showing import dense, windows
from tests.support import process
from tests.support.boards import (
    NOW,
    Change,
    change,
    entity,
    shown,
    window,
)


async def verified(database: Database, nodes: Nodes, board: int) -> Verified:
    (each,) = await windows(database, board)
    return await Verifier(database, nodes, look_seconds=0.01).verify(each)


async def test_equal_windows_are_equal(database: Database, nodes: Nodes) -> None:
    whole, split = await window(database, "dense"), await window(database, "spend")
    for board in (whole, split):
        await change(
            database, board, [Change(n, n % 9, n % 5, listed=n % 7 > 0) for n in range(400)]
        )
    await change(database, whole, [Change(500, 2**53 + 1)])
    await shown(Shower(database, nodes, dense=dense, shard_above=100))
    for board, beyond in ((whole, 1), (split, 0)):
        result = await verified(database, nodes, board)
        assert result.equal
        assert (result.members, result.beyond, result.state) == (342, beyond, "live")


async def test_every_kind_of_difference_is_found(
    database: Database, nodes: Nodes, home: redis.asyncio.Redis
) -> None:
    board = await window(database, "dense")
    assert (await verified(database, nodes, board)).state == "rebuilding"
    await change(database, board, [Change(n, n) for n in range(30)])
    await shown(Shower(database, nodes, dense=dense))
    stem, strange = root_key(board) + b":1:", moment_bytes(NOW.replace(year=2027))
    members = cast("list[bytes]", await home.zrange(stem + b"z", 0, -1))
    elements = {member[8:]: member for member in members}
    # Another score, nobody any more, somebody that nobody knows.
    await home.zadd(stem + b"z", {elements[entity(3).bytes]: 300})
    await home.zrem(stem + b"z", elements[entity(4).bytes])
    await home.hdel(stem + b"h", entity(4).bytes)
    await home.hset(stem + b"h", entity(99).bytes, strange)
    await home.zadd(stem + b"z", {strange + entity(99).bytes: 5})
    result = await verified(database, nodes, board)
    assert not result.equal
    found = {each.entity: each for each in result.differences}
    assert found.keys() == {entity(3), entity(4), entity(99)}
    wrong = found[entity(3)]
    assert wrong.shown is not None
    assert wrong.wanted is not None
    assert (wrong.shown.score, wrong.wanted.score) == (300, 3)
    assert found[entity(4)].shown is None
    assert found[entity(99)].wanted is None
    assert not result.torn
    # One that stands in two places.
    await home.zadd(stem + b"z", {strange + entity(5).bytes: 7})
    await home.hincrby(stem + b"c", "7", 1)
    result = await verified(database, nodes, board)
    assert (result.torn, result.dense_differs) == (True, True)


async def test_what_nobody_shows_is_a_difference(database: Database, nodes: Nodes) -> None:
    board = await window(database)
    await change(database, board, [Change(n, n) for n in range(5)])
    await shown(Shower(database, nodes))
    await change(database, board, [Change(3, 9), Change(4, 4, listed=False)])
    result = await verified(database, nodes, board)
    assert {each.entity for each in result.differences} == {entity(3), entity(4)}


async def test_what_is_under_way_is_none(database: Database, nodes: Nodes) -> None:
    board = await window(database)
    await change(database, board, [Change(n, n) for n in range(300)])
    shower = Shower(database, nodes)
    await shown(shower)
    stop = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            listed = number % 3 > 0
            await change(database, board, [Change(n, number, listed=listed) for n in range(5)])
            await shower.tick(NOW)

    writing = asyncio.create_task(write())
    for _ in range(5):
        assert (await verified(database, nodes, board)).equal
    stop.set()
    await writing


@pytest.mark.usefixtures("home")
async def test_the_command_compares_rebuilds_and_lists(
    servers: Servers, database: Database, own_valkey: tuple[object, str]
) -> None:
    mine = replace(servers, valkey_url=own_valkey[1])
    board = await window(database)
    await change(database, board, [Change(n, n) for n in range(50)])
    code, out, err = await process.run(mine, "leaderboards", "verify")
    assert (code, out) == (1, f"window {board} (spend): is not shown\n")
    assert "1 of 1 windows differ" in err
    code, _, err = await process.run(mine, "leaderboards", "rebuild", "--board", "spend")
    assert (code, "1 windows rebuilt: 50 rows" in err) == (0, True)
    code, out, _ = await process.run(mine, "leaderboards", "verify")
    assert (code, out) == (0, "1 windows with 50 members are equal.\n")
    await change(database, board, [Change(1, 99)])
    code, out, _ = await process.run(mine, "leaderboards", "list", "--window", str(board))
    assert (code, "open, live, behind" in out, "50" in out) == (0, True, True)
    code, _, err = await process.run(mine, "leaderboards", "verify", "--brand", "nobody")
    assert (code, "UNKNOWN_BRAND" in err) == (2, True)
    away = replace(mine, valkey_url="redis://127.0.0.1:1")
    code, _, err = await process.run(away, "leaderboards", "verify")
    assert (code, "VALKEY_AWAY" in err) == (2, True)
