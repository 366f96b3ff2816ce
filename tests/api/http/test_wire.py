"""Bytes that are no HTTP, too much of it, or too little: each connection is answered and ended."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from random import Random

import orjson
import pytest
from structlog.testing import capture_logs
from uvicorn import Config
from uvicorn.server import ServerState

from api.http import parameters
from api.http.edge import ADDRESS_BYTES_MAX
from api.http.protocols import HEAD_BYTES_MAX, HttpProtocol, SocketProtocol
from tests.support.client import Answer, Client

SECONDS_MAX = 20
SEED = 20_261_122
BODY = b'{"query": "{ programme(brand: \\"grocer\\") { pointsName } }"}'
REQUEST = (
    b"POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n" % len(BODY)
) + BODY

Send = Callable[..., Awaitable[bytes]]


@asynccontextmanager
async def wired(client: Client, head_seconds_max: float = 30) -> AsyncIterator[Send]:
    """Serve the application as `laurel serve` does; what is sent is answered until it is closed."""
    config = Config(client.app, ws=SocketProtocol, lifespan="off", log_config=None)
    config.load()
    state = ServerState()

    def made() -> HttpProtocol:
        protocol = HttpProtocol(config=config, server_state=state, app_state={})
        protocol.head_seconds_max = head_seconds_max
        return protocol

    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def send(data: bytes, later: bytes = b"") -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = b""
        with suppress(ConnectionError):
            async with asyncio.timeout(SECONDS_MAX):
                writer.write(data)
                await writer.drain()
                if later:
                    answer = await reader.read(1)
                    writer.write(later)
                answer += await reader.read()
        writer.close()
        return answer

    async with server:
        yield send


def read(answer: bytes) -> Answer:
    """Return one answer that came over a wire."""
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    pairs = dict(header.lower().split(": ", 1) for header in headers)
    return Answer(int(line.split()[1]), pairs, body)


async def test_a_request_and_another(client: Client) -> None:
    async with wired(client) as send:
        last = REQUEST.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
        answers = (await send(REQUEST * 2 + last)).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200"] * 3


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\nhello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_http(client: Client, data: bytes) -> None:
    async with wired(client) as send:
        answer = read(await send(data))
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    "data",
    [
        b"GET /" + b"x" * 10_000_000,
        b"GET / HTTP/1.1\r\nx: " + b"x" * 10_000_000,
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 1_000_000,
    ],
)
async def test_a_head_without_an_end(client: Client, data: bytes) -> None:
    async with wired(client) as send:
        answer = await send(data)
        # Whoever still sends may not come to read the answer.
        assert not answer or (read(answer).status, read(answer).codes) == (431, ["HEAD_TOO_LARGE"])
        assert read(await send(data[: HEAD_BYTES_MAX + 9])).codes == ["HEAD_TOO_LARGE"]


async def test_a_long_address(client: Client) -> None:
    address = "query=" + "x" * ADDRESS_BYTES_MAX
    answer = await client.send("GET", "/graphql", address=address)
    assert (answer.status, answer.codes) == (414, ["ADDRESS_TOO_LONG"])


async def test_a_head_that_does_not_come(client: Client) -> None:
    async with wired(client, head_seconds_max=0.2) as send:
        for data in (b"", b"POST /graphql HTTP/1.1\r\nhost: h"):
            answer = read(await send(data))
            assert (answer.status, answer.codes) == (408, ["REQUEST_TIMEOUT"])


async def test_a_second_head_that_does_not_come(client: Client) -> None:
    async with wired(client, head_seconds_max=0.2) as send:
        first, second = (await send(REQUEST, b"POST /graphql")).split(b"HTTP/1.1 ")[1:]
    assert (first[:3], second[:3]) == (b"200", b"408")


async def test_a_body_that_does_not_come(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "BODY_SECONDS_MAX", 0.2)
    async with wired(client) as send:
        answer = read(await send(REQUEST[:-5]))
    assert (answer.status, answer.codes) == (408, ["REQUEST_TIMEOUT"])


async def test_made_up_bytes(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    random = Random(SEED)
    with capture_logs() as said, caplog.at_level(logging.ERROR):
        async with wired(client, head_seconds_max=0.2) as send:
            for _ in range(20):
                answers = await asyncio.gather(*(send(broken(random)) for _ in range(20)))
                assert all(fair(answer) for answer in answers), answers
    assert not [each for each in said if each["log_level"] not in {"info", "debug"}]
    assert not caplog.records


def broken(random: Random) -> bytes:
    data = bytearray(REQUEST)
    for _ in range(random.choice([1, 1, 2, 5])):
        place = random.randrange(len(data))
        match random.randrange(4):
            case 0:
                data[place] = random.randrange(256)
            case 1:
                data[place:place] = random.randbytes(random.randrange(1, 9))
            case 2:
                del data[place : place + random.randrange(1, 9)]
            case _:
                data[place:place] = random.choice([b"\r\n", b"\r\n\r\n", b":", b"\0", b" ", b"\n"])
    # Then the body is as long as it says, or the server would wait for the rest.
    return bytes(data) + b" " * 64 + b"\r\n\r\n"


def fair(answer: bytes) -> bool:
    """Return whether each answer on a connection is one that a client can do something with."""
    answers = answer.split(b"HTTP/1.1 ")[1:]
    return bool(answers) and all(
        each[:3] in {b"200", b"400", b"401", b"404", b"405", b"406", b"408", b"413", b"415", b"431"}
        and orjson.loads(each.partition(b"\r\n\r\n")[2])
        for each in answers
    )
