"""Commands reach the server in pipelines, and failing ones come back as what failed."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import redis.asyncio
from redis.exceptions import ResponseError

from kit.embedded import Servers
from kit.ids import new_id
from kit.valkey import AWAY, Call, LeftAloneError, Nodes, Script, opened
from tests.support.line import Line, line_to_valkey

ECHO = Script("return {KEYS[1], ARGV[1]} --" + str(new_id()))


@pytest.fixture
async def line(running_servers: Servers) -> AsyncIterator[Line]:
    async with line_to_valkey(running_servers) as line:
        yield line


@pytest.fixture
async def home(line: Line) -> AsyncIterator[redis.asyncio.Redis]:
    home = opened(line.url)
    yield home
    await home.aclose()


@pytest.fixture
async def nodes(home: redis.asyncio.Redis) -> AsyncIterator[Nodes]:
    nodes = Nodes(home)
    yield nodes
    await nodes.aclose()


def key() -> bytes:
    return f"test:{new_id()}".encode()


async def test_replies_come_in_order_and_errors_in_their_place(nodes: Nodes) -> None:
    name = key()
    for ask in (nodes.ask, nodes.soon):
        calls = [
            Call(name, ("SET", name, 1, "PX", 5_000)),
            Call(name, ("HGET", name, "x")),
            Call(name, ("INCR", name)),
        ]
        first, second, third = await ask(calls)
        assert (first, third) == (b"OK", 2)
        assert isinstance(second, ResponseError)
        assert await ask([]) == []


async def test_a_script_is_sent_where_it_is_not_known(nodes: Nodes) -> None:
    calls = [Call(b"a", (n,), ECHO) for n in range(3)]
    for _ in range(2):
        assert await nodes.ask(calls) == [[b"a", str(n).encode()] for n in range(3)]


async def test_what_is_asked_meanwhile_goes_together(nodes: Nodes, line: Line) -> None:
    name = key()
    await nodes.ask([Call(name, ("SET", name, 0, "PX", 5_000))])
    calls = line.calls
    found = await asyncio.gather(*(nodes.soon([Call(name, ("INCR", name))]) for _ in range(100)))
    assert [each[0] for each in found] == list(range(1, 101))
    assert line.calls == calls


async def test_a_server_that_is_away_is_told_at_once_and_then_left_alone(
    nodes: Nodes, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kit.valkey.SOON_SECONDS_MAX", 0.1)
    monkeypatch.setattr("kit.valkey.PAUSE_SECONDS", 0.3)
    ping = Call(b"", ("PING",))
    assert await nodes.soon([ping]) == [b"PONG"]
    line.silence()
    (lost,) = await nodes.soon([ping])
    assert isinstance(lost, AWAY)
    begun = time.monotonic()
    for _ in range(100):
        assert isinstance((await nodes.soon([ping]))[0], LeftAloneError)
    assert time.monotonic() - begun < 0.1
    assert not await nodes.whole(0.1)
    await line.cut()
    for ask in (nodes.soon, nodes.ask):
        (lost,) = await ask([ping])
        assert isinstance(lost, AWAY)
    with pytest.raises(AWAY):
        await nodes.masters()
    await line.mend()
    async with asyncio.timeout(5):
        while await nodes.soon([ping]) != [b"PONG"]:
            await asyncio.sleep(0.05)
    assert list((await nodes.masters()).values()) == [0]
    assert await nodes.whole()


async def test_who_stops_waiting_keeps_nobody_else_from_an_answer(nodes: Nodes) -> None:
    ping = Call(b"", ("PING",))
    impatient = asyncio.create_task(nodes.soon([ping]))
    patient = asyncio.create_task(nodes.soon([ping]))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == [b"PONG"]
