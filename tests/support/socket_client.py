"""A client that speaks graphql-transport-ws to an application without a network."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from api.auth import Authenticator
from api.graphql.engine import Engine
from api.http.messages import SUBPROTOCOL
from api.http.places import Places
from api.http.session import Limits
from api.http.websocket import WebSocketEndpoint
from api.runtime import Runtime
from kit.tasks import ended
from tests.support.client import Client

SECONDS_MAX = 20


@dataclass(frozen=True)
class Closed:
    """The server has closed the socket."""

    code: int
    reason: str = ""


@dataclass
class Socket:
    """A socket as its client holds it."""

    scope: dict[str, Any]
    to_server: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    from_server: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    """Clear it to be a client that takes nothing."""

    async def receive(self) -> Message:
        """Be the server's ear."""
        return await self.to_server.get()

    async def send(self, message: Message) -> None:
        """Be the server's mouth."""
        await self.reads.wait()
        self.from_server.put_nowait(message)

    def say(self, kind: str, **fields: object) -> None:
        """Send a message."""
        self.say_text(orjson.dumps({"type": kind, **fields}).decode())

    def say_text(self, text: str) -> None:
        """Send a text, whatever it says."""
        self.to_server.put_nowait({"type": "websocket.receive", "text": text})

    def say_bytes(self, data: bytes) -> None:
        """Send a binary frame."""
        self.to_server.put_nowait({"type": "websocket.receive", "bytes": data})

    def ask(self, name: str, query: str, **variables: object) -> None:
        """Send an operation."""
        self.say("subscribe", id=name, payload={"query": query, "variables": variables})

    def leave(self, code: int = 1000) -> None:
        """Close the socket."""
        self.to_server.put_nowait({"type": "websocket.disconnect", "code": code})

    async def heard(self) -> Message:
        """Return the next event as the server sent it."""
        async with asyncio.timeout(SECONDS_MAX):
            return await self.from_server.get()

    async def hear(self) -> Any:
        """Return the next message, or that the socket is closed."""
        message = await self.heard()
        if message["type"] == "websocket.close":
            return Closed(message["code"], message["reason"])
        assert message["type"] == "websocket.send", message
        return orjson.loads(message["text"])

    async def silent(self, seconds: float = 0.15) -> bool:
        """Return whether the server says nothing for a moment."""
        await asyncio.sleep(seconds)
        return self.from_server.empty()

    async def admitted(self, token: str = "") -> None:
        """Say who calls, and be let in."""
        payload = {"authorization": f"Bearer {token}"} if token else {}
        self.say("connection_init", payload=payload)
        assert await self.hear() == {"type": "connection_ack"}


@asynccontextmanager
async def opened(
    app: ASGIApp,
    *,
    subprotocols: Sequence[str] = (SUBPROTOCOL,),
    headers: Mapping[str, str] | None = None,
    address: str = "127.0.0.1",
    denials: bool = True,
) -> AsyncIterator[Socket]:
    """Open a socket; at the end the client leaves, and the server must have done with it."""
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in {"host": "test", **(headers or {})}.items()
        ],
        "client": (address, 1),
        "server": ("test", 80),
        "subprotocols": list(subprotocols),
        "state": {},
        "extensions": {"websocket.http.response": {}} if denials else {},
    }
    socket = Socket(scope)
    socket.reads.set()
    socket.to_server.put_nowait({"type": "websocket.connect"})

    async def serve() -> None:
        await app(scope, socket.receive, socket.send)

    serving = asyncio.create_task(serve())
    try:
        yield socket
        socket.leave()
        socket.reads.set()
        async with asyncio.timeout(SECONDS_MAX):
            await serving
    finally:
        await ended(serving)


class Site:
    """The endpoint with limits of its own."""

    def __init__(self, runtime: Runtime, client: Client, limits: Limits) -> None:
        self.places = Places()
        authenticator = Authenticator(runtime.database, client.tokens)
        self._endpoint = WebSocketEndpoint(
            runtime, authenticator, Engine(runtime), self.places, limits
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        await self._endpoint.respond(WebSocket(scope, receive, send))


async def accepted(socket: Socket) -> str | None:
    """See the socket accepted; return the protocol that the server chose."""
    message = await socket.heard()
    assert message["type"] == "websocket.accept", message
    chosen: str | None = message["subprotocol"]
    return chosen


def codes(message: dict[str, Any]) -> list[str]:
    """Return the classes of the errors in an `error` message."""
    assert message["type"] == "error", message
    return [error["extensions"]["code"] for error in message["payload"]]
