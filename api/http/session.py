"""One socket's life: admitted, operations run beside each other, closed with a code."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.auth import ANONYMOUS, Authenticator, UnauthenticatedError
from api.caller import Caller
from api.errors import RefusedError, refusal, refused
from api.graphql.engine import Engine
from api.http.credentials import CHECK_SECONDS, lapsed
from api.http.graphql import caller_of
from api.http.messages import ClosingError, Complete, Init, Message, Ping, Subscribe, read, written
from api.http.places import Places
from api.http.results import EVERYTHING, failed, results
from api.runtime import Runtime
from kit.log import bind_correlation
from kit.tasks import ended

_CLOSE_SECONDS_MAX = 2
_TASKS_PER_OPERATION = 4

_log = structlog.get_logger("laurel.websocket")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one socket may ask of us."""

    init_seconds: float = 10
    check_seconds: float = CHECK_SECONDS
    send_seconds: float = 30
    message_bytes: int = 100_000
    operations: int = 20
    messages_per_second: float = 50
    messages_at_once: int = 100


class _Pace:
    """Slows a client down that says more than it may: nothing more is read until it has waited."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = float(limits.messages_at_once)
        self._at = time.monotonic()

    async def step(self) -> None:
        now, most = time.monotonic(), self._limits.messages_at_once
        per_second = self._limits.messages_per_second
        self._left = min(most, self._left + (now - self._at) * per_second) - 1
        self._at = now
        if self._left < 0:
            await asyncio.sleep(-self._left / per_second)


class Session:
    """An accepted socket."""

    def __init__(
        self,
        socket: WebSocket,
        runtime: Runtime,
        authenticator: Authenticator,
        engine: Engine,
        places: Places,
        limits: Limits,
    ) -> None:
        self._socket = socket
        self._clock = runtime.clock
        self._authenticator = authenticator
        self._engine = engine
        self._places = places
        self._limits = limits
        self._pace = _Pace(limits)
        self._caller = Caller()
        self._place = ExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._over: asyncio.Future[ClosingError | None] = asyncio.Future()

    async def run(self, stranger: Caller) -> None:
        """Serve the socket until either side ends it; then nothing of it is left."""
        self._caller = stranger
        with self._place:
            self._place.enter_context(self._places.held(stranger))
            self._start(self._converse())
            try:
                closing = await self._over
            finally:
                while running := [task for task in self._tasks if not task.done()]:
                    await ended(*running)
            if closing is not None:
                # Who doesn't read can't be told, either.
                with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                    async with asyncio.timeout(_CLOSE_SECONDS_MAX):
                        await self._socket.close(closing.code, closing.reason)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ClosingError as closing:
            self._end(closing)
        except WebSocketDisconnect:
            self._end(None)
        except Exception:  # noqa: BLE001 - a socket that fails is closed, and it is noted
            _log.exception("a socket failed")
            self._end(ClosingError(1011, "Internal error"))

    def _end(self, closing: ClosingError | None) -> None:
        if not self._over.done():
            self._over.set_result(closing)

    async def _converse(self) -> None:
        try:
            async with asyncio.timeout(self._limits.init_seconds):
                init = await self._until_init()
        except TimeoutError:
            raise ClosingError(4408, "Connection initialisation timeout") from None
        await self._admit(init)
        while True:
            match await self._received():
                case Init():
                    raise ClosingError(4429, "Too many initialisation requests")
                case Ping(payload):
                    await self._send("pong", payload=payload)
                case Subscribe() as wanted:
                    await self._subscribe(wanted)
                case Complete(name):
                    self._complete(name)

    async def _until_init(self) -> Init:
        while True:
            match await self._received():
                case Init() as init:
                    return init
                case Ping(payload):
                    await self._send("pong", payload=payload)
                case Subscribe():
                    raise ClosingError(4401, "Unauthorized")

    async def _received(self) -> Message:
        await self._pace.step()
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None:
            raise ClosingError(4400, "Invalid message: messages are text")
        return read(text, self._limits.message_bytes)

    async def _admit(self, init: Init) -> None:
        payload = init.payload
        authorization = payload.get("authorization", payload.get("Authorization"))
        if not isinstance(authorization, str | None):
            raise ClosingError(4403, "Forbidden: `authorization` must be a string")
        try:
            principal = await self._authenticator.principal(authorization, self._clock.now())
        except UnauthenticatedError as error:
            await self._charge_attempt()
            raise ClosingError(4403, f"Forbidden: {error.message}") from None
        if principal is not ANONYMOUS and authorization:
            self._caller = caller_of(self._socket, principal)
            if self._places.full(self._caller):
                raise ClosingError(4429, "Too many connections")
            self._place.close()
            self._place.enter_context(self._places.held(self._caller))
            self._start(self._lapse(authorization))
        await self._send("connection_ack")

    async def _charge_attempt(self) -> None:
        # Whoever tries credentials pays for it as the stranger that it is.
        with suppress(RefusedError):
            await self._engine.charge(self._caller, 1)

    async def _lapse(self, authorization: str) -> None:
        reason = await lapsed(
            self._authenticator,
            self._clock,
            self._caller.principal,
            authorization,
            self._limits.check_seconds,
        )
        raise ClosingError(4403, f"Forbidden: {reason}")

    async def _subscribe(self, wanted: Subscribe) -> None:
        if wanted.id in self._operations:
            raise ClosingError(4409, f"Subscriber for {wanted.id} already exists")
        # What is being ended is work as well, for a moment.
        most = self._limits.operations
        if len(self._operations) >= most or len(self._tasks) > most * _TASKS_PER_OPERATION:
            message = f"More than {most} operations at once; end some of them."
            errors = refused(refusal("TOO_MANY_OPERATIONS", message, 429))["errors"]
            await self._send("error", id=wanted.id, payload=errors)
            return
        self._operations[wanted.id] = self._start(self._operate(wanted))

    def _complete(self, name: str) -> None:
        task = self._operations.pop(name, None)
        if task is not None:
            self._start(ended(task))

    async def _operate(self, wanted: Subscribe) -> None:
        with bind_correlation():
            try:
                prepared = await self._engine.prepare(
                    wanted.parameters, self._caller, only=EVERYTHING
                )
                async with aclosing(results(self._engine, prepared)) as contents:
                    async for content in contents:
                        if not self._current(wanted.id):
                            return
                        await self._send("next", id=wanted.id, payload=content)
            except (ClosingError, WebSocketDisconnect):
                raise
            except RefusedError as error:
                await self._finish("error", wanted.id, payload=refused(error.refusal)["errors"])
            except Exception as error:  # noqa: BLE001 - whatever it is, the client is told
                await self._finish("error", wanted.id, payload=failed(error))
            else:
                await self._finish("complete", wanted.id)

    def _current(self, name: str) -> bool:
        """Return whether the client still waits for what this task says about ``name``."""
        return self._operations.get(name) is asyncio.current_task()

    async def _finish(self, kind: str, name: str, **fields: object) -> None:
        if self._current(name):
            # Before it is told: the client may use the id again as soon as it knows.
            del self._operations[name]
            await self._send(kind, id=name, **fields)

    async def _send(self, kind: str, **fields: object) -> None:
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                await self._socket.send_text(written(kind, **fields))
        except TimeoutError:
            raise ClosingError(1008, "Too slow") from None
        except RuntimeError:
            # The server has begun to close the socket by itself.
            raise WebSocketDisconnect(1006) from None
