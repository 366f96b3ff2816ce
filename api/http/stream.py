"""Answers as server-sent events: the "distinct connections" mode of GraphQL over SSE."""

import asyncio
from contextlib import aclosing, suppress

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import metrics
from api.auth import Authenticator, UnauthenticatedError
from api.errors import RefusedError, refused
from api.graphql.engine import Engine, Prepared
from api.graphql.feeds import Content
from api.http import media
from api.http.credentials import CHECK_SECONDS, lapsed, unauthenticated
from api.http.places import FULL, Places
from api.http.results import failed, results
from api.runtime import Runtime
from kit.tasks import ended

LEAVING = "leaving"
"""Where the application's state has the event that ends streams."""

_ALIVE_SECONDS = 12
_SEND_SECONDS_MAX = 30
_HEADERS = {
    "content-type": f"{media.EVENTS}; charset=utf-8",
    "cache-control": "no-store",
    # Some proxies would collect events before they pass them on.
    "x-accel-buffering": "no",
}
_COMMENT = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"


class Streams:
    """Makes the streams of a process."""

    def __init__(
        self, runtime: Runtime, authenticator: Authenticator, engine: Engine, places: Places
    ) -> None:
        self.runtime = runtime
        self.authenticator = authenticator
        self.engine = engine
        self.places = places
        self.leaving = asyncio.Event()
        """Set it when the process shall end: streams would go on for ever."""

    def respond(self, request: Request, prepared: Prepared) -> Response:
        """Return the answer that runs ``prepared`` while it is sent. Raises RefusedError."""
        if self.places.full(prepared.context.caller):
            raise RefusedError(FULL)
        return _Stream(self, prepared, request.headers.get("authorization", ""))


class _Stream(Response):
    """One operation's answers, sent as they come, for as long as the caller stays."""

    def __init__(self, streams: Streams, prepared: Prepared, authorization: str) -> None:
        super().__init__(headers=_HEADERS)
        # It is not known how much will come.
        del self.headers["content-length"]
        self._streams = streams
        self._prepared = prepared
        self._authorization = authorization

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        del scope
        start = {"status": self.status_code, "headers": self.raw_headers}
        caller = self._prepared.context.caller
        with self._streams.places.held(caller), metrics.held_open("events"):
            await send({"type": "http.response.start", **start})
            with suppress(_GoneError):
                if await self._run(receive, send):
                    await _sent(send, b"", more=False)

    async def _run(self, receive: Receive, send: Send) -> bool:
        """Return False once the caller has left, True if there is an end to be told."""
        telling = asyncio.create_task(self._tell(send))
        living = asyncio.create_task(_keep_alive(send))
        leaving = asyncio.create_task(self._streams.leaving.wait())
        gone = asyncio.create_task(left(receive))
        lapsing = asyncio.create_task(self._lapse())
        tasks = (telling, living, leaving, gone, lapsing)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if lapsing.done() and not telling.done():
                await ended(telling)
                ending = refused(unauthenticated(UnauthenticatedError(lapsing.result())))
                await _sent(send, _event(ending) + _COMPLETE)
            return leaving.done() or lapsing.done() or (telling.done() and telling.result())
        finally:
            await ended(*tasks)

    async def _tell(self, send: Send) -> bool:
        try:
            async with aclosing(results(self._streams.engine, self._prepared)) as contents:
                async for content in contents:
                    await _sent(send, _event(content))
        except _GoneError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told
            await _sent(send, _event({"errors": failed(error)}))
        await _sent(send, _COMPLETE)
        return True

    async def _lapse(self) -> str:
        streams, principal = self._streams, self._prepared.context.principal
        return await lapsed(
            streams.authenticator,
            streams.runtime.clock,
            principal,
            self._authorization,
            CHECK_SECONDS,
        )


class _GoneError(Exception):
    """The caller takes nothing any more."""


def _event(content: Content) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(content) + b"\n\n"


async def _keep_alive(send: Send) -> None:
    """Say something now and then, for those in between who end what is silent."""
    while True:
        await _sent(send, _COMMENT)
        await asyncio.sleep(_ALIVE_SECONDS)


async def left(receive: Receive) -> None:
    """Wait until the caller has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _sent(send: Send, body: bytes, *, more: bool = True) -> None:
    try:
        # Who doesn't read what was asked for must not keep it here.
        async with asyncio.timeout(_SEND_SECONDS_MAX):
            await send({"type": "http.response.body", "body": body, "more_body": more})
    except (OSError, TimeoutError):
        raise _GoneError from None
