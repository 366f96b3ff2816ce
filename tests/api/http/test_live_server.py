"""Sockets and streams of `laurel serve`, fed by `laurel worker`, as clients meet them."""

import asyncio
import base64
import signal
import struct
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from api.commands.serve import SOCKET_BYTES_MAX
from api.http.messages import SUBPROTOCOL
from api.http.protocols import FRAGMENTS_MAX
from api.tokens import Tokens
from kit.clock import SystemClock
from kit.embedded import Servers
from kit.settings import Settings
from tests.support.client import client_of
from tests.support.live import BALANCE
from tests.support.process import start
from tests.support.serving import free_port, sent, stopped, until_ready
from tests.support.shop import Shop, purchase

SECRET = "a secret that is long enough for anyone"
SECONDS_MAX = 30
# Whoever still sends may not come to read why the connection is gone.
TOO_LARGE = {1009, 1006}
RECORD = """mutation ($input: RecordPurchasesInput!) {
  recordPurchases(input: $input) { outcomes { status } errors { code } } }"""


class Place:
    """A server and a worker on the test's database."""

    def __init__(self, process: Process, port: int, key: str, tokens: Tokens) -> None:
        self.process = process
        self.port = port
        self._key = key
        self._tokens = tokens
        self.address = f"ws://127.0.0.1:{port}/graphql"

    def member(self, external_id: str) -> str:
        """Return a member's token, by the clock of the server's process."""
        return self._tokens.issue("grocer", external_id, SystemClock().now())

    async def buy(self, external_id: str, member: str, amount: str) -> None:
        """Record a purchase as the brand's server."""
        bought = {
            "externalId": external_id,
            "member": member,
            "occurredAt": "2026-03-01T00:00:00Z",
            "currency": "USD",
            "lines": [{"amount": amount}],
        }
        given = {"input": {"idempotencyKey": external_id, "purchases": [bought]}}
        answer = await asyncio.to_thread(
            sent,
            f"http://127.0.0.1:{self.port}/graphql",
            {"query": RECORD, "variables": given},
            {"authorization": f"Bearer {self._key}"},
        )
        assert answer["data"]["recordPurchases"]["errors"] == [], answer

    def socket(self, **options: Any) -> connect:
        """Open a socket."""
        return connect(self.address, subprotocols=[Subprotocol(SUBPROTOCOL)], **options)

    async def following(self, socket: ClientConnection, member: str) -> str:
        """Greet, follow the member and return the first balance."""
        payload = {"authorization": f"Bearer {self.member(member)}"}
        await say(socket, "connection_init", payload=payload)
        assert await hear(socket) == {"type": "connection_ack"}
        await say(socket, "subscribe", id="1", payload={"query": BALANCE})
        return await total(socket)


@pytest.fixture
async def place(
    servers: Servers, grocer: Shop, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    monkeypatch.setenv("LAUREL_JWT_KEY", SECRET)
    tokens = Tokens(Settings())
    client = await client_of(Starlette(), grocer, tokens)
    await grocer.buy(purchase("p0", "ana", 1_000, grocer.clock.now()))
    port = free_port()
    process = await start(servers, "serve", "--port", str(port))
    try:
        await until_ready(process, port)
        yield Place(process, port, client.server, tokens)
    finally:
        if process.returncode is None:
            well(await stopped(process))


@asynccontextmanager
async def working(servers: Servers) -> AsyncIterator[None]:
    worker = await start(servers, "worker")
    try:
        yield
    finally:
        await stopped(worker)


def well(said: str) -> None:
    assert "Traceback" not in said, said
    levels = {orjson.loads(line)["level"] for line in said.splitlines()}
    assert levels <= {"info", "warning"}, said


async def say(socket: ClientConnection, kind: str, **fields: object) -> None:
    await socket.send(orjson.dumps({"type": kind, **fields}).decode())


async def hear(socket: ClientConnection) -> Any:
    async with asyncio.timeout(SECONDS_MAX):
        return orjson.loads(await socket.recv())


async def total(socket: ClientConnection) -> str:
    answer = await hear(socket)
    assert (answer["type"], "errors" in answer["payload"]) == ("next", False), answer
    found: str = answer["payload"]["data"]["me"]["balance"]["total"]
    return found


async def test_a_member_sees_a_purchase_as_it_happens(servers: Servers, place: Place) -> None:
    async with working(servers), place.socket() as socket, events(place, "ana") as lines:
        assert await place.following(socket, "ana") == "10"
        assert await streamed_total(lines) == "10"
        # The worker starts by telling of what happened before it was there.
        await place.buy("first", "ana", "1")
        await until(socket, "11")
        for number in range(3):
            began = time.monotonic()
            await place.buy(f"p{number + 1}", "ana", "5")
            assert await total(socket) == str(16 + 5 * number)
            assert time.monotonic() - began < 5
        while await streamed_total(lines) != "26":
            pass


async def until(socket: ClientConnection, wanted: str) -> None:
    while await total(socket) != wanted:
        pass


@asynccontextmanager
async def events(place: Place, member: str) -> AsyncIterator[asyncio.StreamReader]:
    """Follow a member over a connection that is written by hand."""
    body = orjson.dumps({"query": BALANCE})
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nhost: here\r\naccept: text/event-stream\r\n"
        b"content-type: application/json\r\naccept-encoding: gzip\r\n"
        + f"authorization: Bearer {place.member(member)}\r\n".encode()
        + f"content-length: {len(body)}\r\n\r\n".encode()
        + body
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"content-type: text/event-stream" in head
    yield reader
    writer.close()


async def streamed_total(lines: asyncio.StreamReader) -> str:
    async with asyncio.timeout(SECONDS_MAX):
        while not (line := await lines.readline()).startswith(b"data: {"):
            assert line, "it ended"
    found: str = orjson.loads(line[6:])["data"]["me"]["balance"]["total"]
    return found


async def test_the_server_leaves_though_many_listen(servers: Servers, place: Place) -> None:
    del servers
    async with place.socket() as socket, events(place, "ana") as lines:
        assert await place.following(socket, "ana") == "10"
        assert await streamed_total(lines) == "10"
        began = time.monotonic()
        said = await stopped(place.process, signal.SIGTERM)
        assert time.monotonic() - began < 10
        # Come again: another process, or this one in a moment.
        assert await closed_with(socket) == 1012
        rest = await lines.read()
    assert b"event: complete" not in rest
    well(said)


async def test_what_is_wrong_on_the_wire(place: Place) -> None:
    await another_site_may_not_open_a_socket(place)
    for message, codes in (
        ("x" * 100_001, {4400}),
        ("x" * (SOCKET_BYTES_MAX + 1), TOO_LARGE),
        (b"binary", {4400}),
        ("[", {4400}),
    ):
        async with place.socket() as socket:
            with suppress(ConnectionClosed):
                await socket.send(message)
            assert await closed_with(socket) in codes
    async with place.socket() as socket:
        await socket.send(['{"type"', ': "ping"', "}"])
        assert (await hear(socket))["type"] == "pong"
        with suppress(ConnectionClosed):
            await socket.send([""] * (FRAGMENTS_MAX + 2))
        assert await closed_with(socket) in TOO_LARGE
    await bytes_that_are_no_frames(place)
    async with place.socket() as socket:
        await say(socket, "ping")
        assert (await hear(socket))["type"] == "pong"


async def closed_with(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        await hear(socket)
    return closed.value.rcvd.code if closed.value.rcvd else 1006


async def another_site_may_not_open_a_socket(place: Place) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with place.socket(origin="https://evil.example"):
            pass
    answer = refused.value.response
    assert answer.status_code == 403
    assert orjson.loads(answer.body)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    async with place.socket(origin=f"http://127.0.0.1:{place.port}") as socket:
        await say(socket, "ping")
        assert (await hear(socket))["type"] == "pong"


async def bytes_that_are_no_frames(place: Place) -> None:
    """Open sockets of made-up bytes; whether the server logs a failure is seen at the end."""
    random = Random(20_261_122)
    for _ in range(300):
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        key = base64.b64encode(random.randbytes(16)).decode()
        writer.write(
            b"GET /graphql HTTP/1.1\r\nhost: here\r\nupgrade: websocket\r\n"
            b"connection: upgrade\r\nsec-websocket-version: 13\r\n"
            + f"sec-websocket-key: {key}\r\nsec-websocket-protocol: {SUBPROTOCOL}\r\n\r\n".encode()
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        with suppress(OSError):
            for _ in range(random.randrange(1, 6)):
                writer.write(made_up(random))
            await writer.drain()
            if random.random() < 0.5:
                with suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(4_096), 0.1)
        writer.transport.abort()


def made_up(random: Random) -> bytes:
    """Return a frame, or what only looks like one."""
    payload = random.choice(
        [
            b'{"type": "ping"}',
            b'{"type": "connection_init"}',
            b"\xff\xfe\xfd",
            b"\xe2\x82",
            random.randbytes(random.randrange(300)),
            struct.pack("!H", random.randrange(65_536)) + b"why",
        ]
    )
    opcode = random.choice([0, 1, 1, 1, 2, 8, 9, 10, random.randrange(16)])
    first = opcode | random.choice([0x80, 0x80, 0, random.randrange(0, 256, 16)])
    length = len(payload) + random.choice([0, 0, 0, 0, -1, 1, 70_000, 2**40])
    masked = random.choice([0x80, 0x80, 0x80, 0])
    mask = random.randbytes(4)
    if length < 126:
        size = bytes([masked | max(length, 0)])
    elif length < 65_536:
        size = bytes([masked | 126]) + struct.pack("!H", length)
    else:
        size = bytes([masked | 127]) + struct.pack("!Q", length)
    body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([first]) + size + (mask + body if masked else payload)
