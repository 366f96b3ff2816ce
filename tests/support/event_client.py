"""A client that reads server-sent events from an application without a network."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.types import ASGIApp, Message

from kit.tasks import ended
from tests.support.client import http_scope

SECONDS_MAX = 20


class Stream:
    """What comes back, event by event."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.reads = asyncio.Event()
        """Clear it to be a client that takes nothing."""
        self.reads.set()
        self.status = 0
        self.headers: dict[str, str] = {}
        self._rest: list[str] = []

    async def send(self, message: Message) -> None:
        """Be the server's mouth."""
        await self.reads.wait()
        self.sent.put_nowait(message)

    async def head(self) -> "Stream":
        """Take the head of the answer."""
        message = await self._message()
        self.status = message["status"]
        self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        return self

    async def body(self) -> Any:
        """Return the body of an answer that is no stream, as JSON."""
        return orjson.loads((await self._message())["body"])

    async def hear(self) -> tuple[str, Any]:
        """Return the next event and what it holds; ("end", None) once the stream has ended."""
        while True:
            while not self._rest:
                message = await self._message()
                if not message.get("more_body"):
                    return "end", None
                self._rest = message["body"].decode().split("\n\n")
                assert self._rest.pop() == "", message
            event = self._rest.pop(0)
            if event != ":":
                name, data = event.split("\n")
                content = data.removeprefix("data:").strip()
                return name.removeprefix("event: "), orjson.loads(content) if content else None

    async def next(self) -> Any:
        """Return what the next event holds, which must be an answer."""
        name, content = await self.hear()
        assert name == "next", (name, content)
        return content

    def leave(self) -> None:
        """Close the connection."""
        self.gone.set()

    async def _message(self) -> Message:
        async with asyncio.timeout(SECONDS_MAX):
            return await self.sent.get()


@asynccontextmanager
async def streamed(
    app: ASGIApp,
    given: Mapping[str, object],
    token: str = "",
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Stream]:
    """Ask for a stream; at the end the client leaves, and the server must have done with it."""
    head = {"accept": "text/event-stream", **(headers or {})}
    if token:
        head["authorization"] = f"Bearer {token}"
    body, address = b"", ""
    if method == "POST":
        head["content-type"] = "application/json"
        body = orjson.dumps(given)
    else:
        address = urlencode(given)
    scope = http_scope(method, "/graphql", head, address)
    stream = Stream()
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not waiting:
            await stream.gone.wait()
            return {"type": "http.disconnect"}
        return waiting.pop()

    async def serve() -> None:
        await app(scope, receive, stream.send)

    serving = asyncio.create_task(serve())
    try:
        yield stream
        stream.leave()
        stream.reads.set()
        async with asyncio.timeout(SECONDS_MAX):
            await serving
    finally:
        await ended(serving)
