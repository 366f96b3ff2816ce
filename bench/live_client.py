"""Those who follow, of `bench.live`: sockets and streams in a process of their own.

Reads what to open as one line of JSON, says ``ready`` once everybody has a first answer, and at a
second line says what came: for each follower the moments, with the number that the answer showed.
Sockets offer to take compressed messages, as browsers do.
"""

import asyncio
import re
import sys
import time
import zlib
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvloop

_AT_ONCE = 50
_OF_ONE_ADDRESS = 40
_PING, _PONG, _TEXT = 9, 10, 1
_END = b"\x00\x00\xff\xff"


@dataclass
class Follower(asyncio.Protocol):
    """One socket with one subscription."""

    document: str
    number: re.Pattern[bytes]
    token: str = ""
    came: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.first = asyncio.get_running_loop().create_future()
        self._inflate = zlib.decompressobj(-15)
        self._greeted = False
        self._rest = b""

    def connection_made(self, transport: Any) -> None:
        """Ask for a socket."""
        self._transport = transport
        transport.write(
            b"GET /graphql HTTP/1.1\r\nhost: here\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"sec-websocket-protocol: graphql-transport-ws\r\n"
            b"sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
        )

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        if not self.first.done():
            self.first.set_exception(error or ConnectionError("closed before an answer"))

    def data_received(self, data: bytes) -> None:
        """Take what comes."""
        at = time.monotonic()
        self._rest += data
        if not self._greeted:
            self._greet()
        while self._greeted and (frame := self._frame()) is not None:
            opcode, content = frame
            if opcode == _PING:
                self._send(_PONG, content)
            elif opcode == _TEXT:
                self._note(at, content)

    def _greet(self) -> None:
        head, ended, rest = self._rest.partition(b"\r\n\r\n")
        if not ended:
            return
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head)
        self._greeted, self._rest = True, rest
        payload = {"authorization": f"Bearer {self.token}"} if self.token else {}
        self._send(_TEXT, orjson.dumps({"type": "connection_init", "payload": payload}))
        asked = {"type": "subscribe", "id": "1", "payload": {"query": self.document}}
        self._send(_TEXT, orjson.dumps(asked))

    def _send(self, opcode: int, content: bytes) -> None:
        size = len(content)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
        self._transport.write(bytes([0x80 | opcode]) + length + bytes(4) + content)

    def _frame(self) -> tuple[int, bytes] | None:
        rest = self._rest
        if len(rest) < 2:
            return None
        size, start = rest[1] & 0x7F, 2
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(rest[2:start])
        if len(rest) < start + size:
            return None
        content, self._rest = rest[start : start + size], rest[start + size :]
        if rest[0] & 0x40:
            content = self._inflate.decompress(content + _END)
        return rest[0] & 0x0F, content

    def _note(self, at: float, content: bytes) -> None:
        found = self.number.search(content)
        if found is not None:
            self.came.append((at, float(found[1])))
            if not self.first.done():
                self.first.set_result(None)
        elif b'"connection_ack"' not in content and not self.first.done():
            self.first.set_exception(ConnectionError(content))


class Stream(Follower):
    """One stream of events."""

    def connection_made(self, transport: Any) -> None:
        """Ask for a stream."""
        self._transport = transport
        body = orjson.dumps({"query": self.document})
        transport.write(
            b"POST /graphql HTTP/1.1\r\nhost: here\r\naccept: text/event-stream\r\n"
            b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )

    def data_received(self, data: bytes) -> None:
        """Take what comes."""
        at = time.monotonic()
        *events, self._rest = (self._rest + data).split(b"\n\n")
        for event in events:
            if b"event: next" in event:
                self._note(at, event)


def _followers(asked: Any) -> list[Follower]:
    board, score = asked["board"], re.compile(rb'"value":"([0-9.]+)"')
    total = re.compile(rb'"total":"([0-9]+)"')
    return [
        *(Follower(board, score) for _ in range(asked["sockets"])),
        *(Stream(board, score) for _ in range(asked["streams"])),
        *(Follower(asked["balance"], total, token) for token in asked["tokens"]),
    ]


async def _open(asked: Any) -> list[Follower]:
    followers = _followers(asked)
    loop, places = asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE)

    async def opened(number: int, follower: Follower) -> None:
        address = f"127.0.1.{1 + number // _OF_ONE_ADDRESS}"
        async with places:
            await loop.create_connection(
                lambda: follower, "127.0.0.1", asked["port"], local_addr=(address, 0)
            )
            await asyncio.wait_for(follower.first, 60)

    await asyncio.gather(*(opened(n, each) for n, each in enumerate(followers)))
    return followers


async def _run() -> None:
    said = asyncio.StreamReader(limit=2**30)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(said), sys.stdin)
    followers = await _open(orjson.loads(await said.readline()))
    print("ready", flush=True)
    await said.readline()
    sys.stdout.buffer.write(orjson.dumps([each.came for each in followers]) + b"\n")


if __name__ == "__main__":
    uvloop.run(_run())
