"""What PostgreSQL says becomes visible in Valkey, whatever happens on the way."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import psutil
import pytest
import redis.asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gamification.leaderboards import queries_showing
from gamification.leaderboards.queries_showing import Shown, Stream
from gamification.leaderboards.rules_keys import Element, channel, pack, root_key
from gamification.leaderboards.rules_places import Page
from gamification.leaderboards.showing import Shower, ValkeyAwayError
from gamification.leaderboards.views import Boards
from kit.db import Database, Session
from kit.embedded import running
from kit.valkey import Nodes, opened
from tests.support.boards import (
    NOW,
    Change,
    assert_equal,
    change,
    entity,
    everyone,
    freeze,
    rows_of,
    shown,
    truth,
    window,
)

_SCOPES = count()


async def windows(database: Database, *ids: int) -> list[Shown]:
    async with database.read() as session:
        return await queries_showing.shown(session, datetime(1970, 1, 1, tzinfo=UTC), ids=ids)


async def dense(_: Session, __: datetime, windows: Sequence[Shown]) -> set[int]:
    return {each.id for each in windows if each.board == "dense"}


async def test_rows_are_shown_in_the_order_of_the_board(database: Database, nodes: Nodes) -> None:
    board = await window(database)
    await change(database, board, [Change(1, 10, 5), Change(2, 10, 4), Change(3, 30), Change(4, 1)])
    await shown(Shower(database, nodes))
    await assert_equal(database, nodes, board)
    (answer,) = await Boards(nodes).page([Page(board, 0, 3)])
    assert [each.entity for each in answer.places] == [entity(3), entity(2), entity(1)]
    assert [each.competition for each in answer.places] == [1, 2, 2]


async def test_a_window_without_rows_is_an_empty_board(database: Database, nodes: Nodes) -> None:
    board = await window(database)
    (before,) = await Boards(nodes).sizes([board])
    await shown(Shower(database, nodes))
    (after,) = await Boards(nodes).sizes([board])
    assert (before.state, after.state, after.size) == ("rebuilding", "live", 0)


async def test_the_database_packs_rows_as_the_rules_do(database: Database) -> None:
    board = await window(database)
    await change(
        database,
        board,
        [
            Change(1, 2**53),
            Change(2, 2**53 + 1),
            Change(3, -(2**53), -1),
            Change(4, 7, listed=False),
        ],
    )
    async with database.transaction() as session:
        await session.fetch(
            "UPDATE board_score SET reached_at = '1931-05-06 07:08:09.123457Z' WHERE score = 7"
        )
        rows = await session.fetch("SELECT * FROM board_score ORDER BY seq")
        ((part,),) = await queries_showing.rows(session, [Stream(board, 0, 1)], 100)
    wanted = [
        pack([(Element(row["entity"], row["score"], row["reached_at"]), row["listed"])])
        for row in rows
    ]
    found = [part.packed[at : at + 32] for at in range(0, len(part.packed), 32)]
    assert sorted(found) == sorted(wanted)
    assert (part.rows, part.beyond) == (4, 1)


async def test_scores_are_exact_to_the_last_whole_number(database: Database, nodes: Nodes) -> None:
    board = await window(database)
    top = 2**53
    await change(
        database,
        board,
        [Change(n, top - n, n) for n in range(5)]
        + [Change(10 + n, n - top, n) for n in range(5)]
        + [Change(20, top + 1), Change(21, -top - 1), Change(22, 2**63 - 1), Change(23, -(2**63))],
    )
    await shown(Shower(database, nodes))
    found = await everyone(Boards(nodes), board)
    assert [row[1] for row in found] == [top - n for n in range(5)] + [
        4 - n - top for n in range(5)
    ]
    await assert_equal(database, nodes, board)
    # One that grows beyond leaves, and comes back when it shrinks.
    await change(database, board, [Change(0, top + 5), Change(20, top)])
    await shown(Shower(database, nodes))
    await assert_equal(database, nodes, board)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
async def test_any_changes_in_any_batches(
    database: Database, nodes: Nodes, home: redis.asyncio.Redis, seed: int
) -> None:
    """Showers are killed in between, repeat each other, and Valkey is emptied."""
    random_ = random.Random(seed)
    names = ("spend", "dense")
    boards = {await window(database, each, str(next(_SCOPES))): each == "dense" for each in names}
    showers = [Shower(database, nodes, dense=dense) for _ in range(2)]
    for _ in range(12):
        for board in boards:
            await change(database, board, _changes(random_))
        what = random_.random()
        if what < 0.1:
            await home.flushall()
        elif what < 0.4:
            await random_.choice(showers).tick(NOW)
        elif what < 0.6:
            await asyncio.gather(*(each.tick(NOW) for each in showers))
        else:
            task = asyncio.create_task(showers[0].tick(NOW))
            await asyncio.sleep(random_.random() * 0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    await shown(showers[1])
    for board, is_dense in boards.items():
        await assert_equal(database, nodes, board, dense=is_dense)


def _changes(random_: random.Random) -> list[Change]:
    return [
        Change(
            random_.randrange(40),
            random_.randrange(8),
            random_.randrange(5),
            listed=random_.random() < 0.8,
        )
        for _ in range(random_.randrange(12))
    ]


async def test_more_rows_than_a_step_takes(
    database: Database, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gamification.leaderboards.showing._STREAM_ROWS_MAX", 2_500)
    large, small = await window(database), await window(database, scope="x")
    await change(database, large, [Change(n, n % 700, n % 11) for n in range(6_000)])
    await change(database, small, [Change(n, n) for n in range(3)])
    shower = Shower(database, nodes)
    assert await shower.round(NOW)
    assert small not in shower.left()
    assert shower.left()[large] > 0
    (answer,) = await Boards(nodes).sizes([large])
    assert answer.state == "rebuilding"
    await shown(shower)
    await assert_equal(database, nodes, large)


async def test_a_board_is_rebuilt_while_it_is_written_and_read(
    database: Database, nodes: Nodes, home: redis.asyncio.Redis
) -> None:
    board = await window(database)
    await change(database, board, [Change(n, n) for n in range(5_000)])
    worker = Shower(database, nodes)
    await shown(worker)
    # What is wrong in Valkey alone is what rebuilding is for.
    await home.zadd(root_key(board) + b":1:z", {b"x" * 24: 10**6})
    stop = asyncio.Event()
    seen = set()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            await change(database, board, [Change(number % 5_000, 5_000 + number)])
            await worker.tick(NOW)

    async def read() -> None:
        views = Boards(nodes)
        while not stop.is_set():
            (answer,) = await views.sizes([board])
            seen.add((answer.state, answer.size))
            await asyncio.sleep(0.001)

    tasks = [asyncio.create_task(write()), asyncio.create_task(read())]
    await asyncio.sleep(0.1)
    builder = Shower(database, nodes)
    await builder.rebuild(NOW, await windows(database, board))
    while await builder.finish(NOW):
        pass
    stop.set()
    await asyncio.gather(*tasks)
    await shown(worker)
    await assert_equal(database, nodes, board)
    assert seen == {("live", 5_001), ("live", 5_000)}
    assert not await home.exists(root_key(board) + b":1:z")


async def test_what_a_killed_rebuild_left_is_finished_by_the_worker(
    database: Database, nodes: Nodes, home: redis.asyncio.Redis
) -> None:
    board = await window(database)
    await change(database, board, [Change(n, n) for n in range(10)])
    await shown(Shower(database, nodes))
    await Shower(database, nodes).rebuild(NOW, await windows(database, board))
    assert await home.hget(root_key(board), "new") == b"2"
    await shown(Shower(database, nodes))
    assert await home.hmget(root_key(board), "gen", "new") == [b"2", None]
    await assert_equal(database, nodes, board)


async def test_dense_ranks_come_and_go_with_the_programme(
    database: Database, nodes: Nodes, home: redis.asyncio.Redis
) -> None:
    board = await window(database, "dense")
    await change(database, board, [Change(n, n % 4) for n in range(20)])
    await shown(Shower(database, nodes))
    (answer,) = await Boards(nodes).page([Page(board, 0, 1)])
    assert answer.places[0].dense is None
    await shown(Shower(database, nodes, dense=dense))
    await change(database, board, [Change(n, n % 3, listed=n > 2) for n in range(15)])
    await shown(Shower(database, nodes, dense=dense))
    await assert_equal(database, nodes, board, dense=True)
    expected = await truth(database, board)
    answer = await Boards(nodes).around(board, expected[11][0], 3)
    assert rows_of(answer, dense=True) == expected[8:15]
    assert len(await home.keys("lb:{w*")) == 5


async def test_a_frozen_window_stays_and_goes_after_the_audit(
    database: Database, nodes: Nodes, home: redis.asyncio.Redis
) -> None:
    board, old = await window(database), await window(database, scope="old")
    for each in (board, old):
        await change(database, each, [Change(1, 5)])
    await shown(Shower(database, nodes))
    # The server goes by its own clock.
    now = NOW.replace(year=2100)
    await freeze(database, board, now - timedelta(days=1))
    await freeze(database, old, now - timedelta(days=100))
    await shown(Shower(database, nodes), now)
    keys = await home.keys(root_key(board).decode() + "*")
    assert len(keys) == 3
    ends = {await home.expiretime(key) for key in keys}  # type: ignore[arg-type]
    assert ends == {int((now + timedelta(days=89)).timestamp())}
    # One that was frozen before the audit comes back for a day if it is asked for.
    await home.flushall()
    await shown(Shower(database, nodes), now)
    assert not await home.exists(root_key(old))
    shower = Shower(database, nodes)
    await shower.rebuild(now, await windows(database, old))
    while await shower.finish(now):
        pass
    end = int((now + timedelta(days=1)).timestamp())
    assert await home.expiretime(root_key(old).decode()) == end


async def test_what_is_ahead_of_a_restored_database_is_dropped(
    database: Database, nodes: Nodes
) -> None:
    board = await window(database)
    await change(database, board, [Change(1, 5), Change(2, 6)])
    await shown(Shower(database, nodes))
    async with database.transaction() as session:
        await session.fetch("DELETE FROM board_score WHERE entity = $1", entity(2))
        await session.fetch("UPDATE board_score SET seq = 1")
        await session.fetch("UPDATE board_window SET head = 1")
    await shown(Shower(database, nodes))
    await assert_equal(database, nodes, board)


async def test_each_change_is_announced(
    database: Database, nodes: Nodes, home: redis.asyncio.Redis
) -> None:
    board = await window(database)
    (about,) = await windows(database, board)
    shower = Shower(database, nodes)
    async with home.pubsub() as heard:
        await heard.subscribe(channel(about.brand_id, board))
        await heard.get_message(timeout=5)
        for score in (1, 2):
            await change(database, board, [Change(1, score)])
            await shown(shower)
            message = await heard.get_message(timeout=5)
            assert message is not None
            assert (message["type"], message["data"]) == ("message", b"")
        await shown(shower)
        assert await heard.get_message(timeout=0.05) is None


async def test_nothing_of_an_idle_installation_is_asked_twice(
    database: Database, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(20):
        board = await window(database, scope=str(n))
        await change(database, board, [Change(1, 5)])
    shower = Shower(database, nodes)
    await shown(shower)
    asked: list[int] = []
    real = nodes.ask

    async def counted(calls: Sequence[object], *rest: float) -> list[object]:
        asked.append(len(calls))
        return await real(calls, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(nodes, "ask", counted)
    await shown(shower)
    assert asked == []
    await change(database, board, [Change(1, 6)])
    await shown(shower)
    assert asked == [1, 1]


async def test_a_killed_valkey_comes_back_equal_without_a_hand(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("killed")
    board = await window(database)
    await change(database, board, [Change(n, n) for n in range(3_000)])
    with running(directory, postgres=False) as servers:
        home = opened(servers.valkey_url)
        nodes = Nodes(home)
        shower, views = Shower(database, nodes), Boards(nodes)
        await shown(shower)
        pid = (await home.info("server"))["process_id"]
        states = []

        async def read() -> None:
            while True:
                states.append((await views.page([Page(board, 0, 10)]))[0].state)
                await asyncio.sleep(0.01)

        reading = asyncio.create_task(read())
        await asyncio.sleep(0.05)
        psutil.Process(pid).kill()
        await change(database, board, [Change(n, n + 7) for n in range(0, 3_000, 3)])
        await shower.tick(NOW)
        await asyncio.sleep(0.1)
        with running(directory, postgres=False):
            async with asyncio.timeout(20):
                while states[-1] != "live":
                    await shower.tick(NOW)
                    await asyncio.sleep(0.1)
            await shown(shower)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await assert_equal(database, nodes, board)
        assert states[0] == "live"
        assert {"away", "rebuilding"} >= set(states) - {"live"}
        assert "away" in states
        await nodes.aclose()
        await home.aclose()


async def test_a_round_says_that_valkey_is_away(database: Database) -> None:
    await change(database, await window(database), [Change(1, 1)])
    home = opened("redis://127.0.0.1:1")
    nodes = Nodes(home)
    with pytest.raises(ValkeyAwayError):
        await Shower(database, nodes).round(NOW)
    shower = Shower(database, nodes)
    for _ in range(2):
        await shower.tick(NOW)
    (answer,) = await Boards(nodes).sizes([1])
    assert answer.state == "away"
    await nodes.aclose()
    await home.aclose()
