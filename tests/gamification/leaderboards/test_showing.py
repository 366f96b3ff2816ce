"""What PostgreSQL says becomes visible in Valkey, whatever happens on the way."""

import asyncio
import random

import redis.asyncio

from gamification.leaderboards.rules_places import Page
from gamification.leaderboards.showing import Shower
from gamification.leaderboards.views import Boards
from kit.db import Database
from kit.valkey import Nodes
from tests.support.boards import (
    NOW,
    Change,
    assert_equal,
    change,
    entity,
    shown,
    window,
)


async def test_rows_are_shown_in_the_order_of_the_board(database: Database, nodes: Nodes) -> None:
    board = await window(database)
    await change(database, board, [Change(1, 10, 5), Change(2, 10, 4), Change(3, 30), Change(4, 1)])
    await shown(Shower(database, nodes))
    await assert_equal(database, nodes, board)
    (answer,) = await Boards(nodes).page([Page(board, 0, 3)])
    assert [each.entity for each in answer.places] == [entity(3), entity(2), entity(1)]
    assert [each.competition for each in answer.places] == [1, 2, 2]


async def test_any_changes_in_any_batches(
    database: Database, nodes: Nodes, home: redis.asyncio.Redis
) -> None:
    random_ = random.Random(7)
    boards = [await window(database, scope=str(n)) for n in range(3)]
    showers = [Shower(database, nodes) for _ in range(2)]
    for _ in range(60):
        for board in boards:
            changes = [
                Change(
                    random_.randrange(40),
                    random_.randrange(8),
                    random_.randrange(5),
                    random_.random() < 0.8,
                )
                for _ in range(random_.randrange(12))
            ]
            await change(database, board, changes)
        what = random_.random()
        if what < 0.1:
            await home.flushall()
        elif what < 0.5:
            await random_.choice(showers).tick(NOW)
        elif what < 0.7:
            task = asyncio.create_task(showers[0].tick(NOW))
            await asyncio.sleep(random_.random() * 0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    await shown(showers[1])
    for board in boards:
        await assert_equal(database, nodes, board)
