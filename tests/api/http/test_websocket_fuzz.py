"""Two thousand frames of nonsense: each is answered or ends its socket, and nothing fails."""

import asyncio
import logging
from contextlib import AsyncExitStack
from random import Random
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from api.http.session import Limits
from api.runtime import Runtime
from tests.support.client import Client
from tests.support.live import BALANCE, leaving_nothing
from tests.support.shop import purchase
from tests.support.socket_client import Closed, Site, Socket, accepted, opened

FRAMES = 2_000
SEED = 20_261_122
TYPES = (
    *("subscribe", "subscribe", "subscribe", "complete", "ping", "pong", "connection_init"),
    *("connection_ack", "next", "error", "start", "stop", "Subscribe", "", "\0"),
)
QUERIES = (
    *("{ brand { code } }", "{ me { tier { name } } }", BALANCE, BALANCE, "{ __typename }"),
    *(
        "{",
        "",
        "{ me { nothing } }",
        "subscription { __typename }",
        "query ($a: Int!) { me { id } }",
    ),
    *("subscription { me { id } again: me { id } }", "subscription A { me { id } } query B { me }"),
    *("fragment a on Query { ...a } { ...a }", "{ " + "a " * 6_000 + "}", "{a" * 300 + "}" * 300),
    *("mutation { refundPurchase(input: {}) { query { me { id } } } }", "\ufeff{ me { id } }"),
    *("{ nodes(ids: [1, 2]) { id } }", "# nothing", "{ __schema { types { name } } }", "\ud7ff"),
)
SCALARS = (None, True, False, 0, -1, 2**63, 1e308, "", "x", "\0", "ñ", "\u202e", "a" * 300)


class Fuzz:
    """Makes up frames, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def chance(self, part: float) -> bool:
        """Return True so often."""
        return self._random.random() < part

    def frame(self) -> str | bytes:
        """Return a frame."""
        kinds = (self._message, self._message, self._message, self._json, self._broken, self._raw)
        return self._random.choice(kinds)()

    def _message(self) -> str:
        message: dict[str, Any] = {"type": self._random.choice(TYPES)}
        if self.chance(0.9):
            message["id"] = self._random.choice(["1", "2", "3", str(self._random.randrange(30))])
        if self.chance(0.8):
            message["payload"] = self._request() if self.chance(0.8) else self._value(3)
        if self.chance(0.1):
            message[self._random.choice(["id", "type", "payload", "other"])] = self._value(2)
        return orjson.dumps(message).decode()

    def _request(self) -> dict[str, Any]:
        request: dict[str, Any] = {"query": self._random.choice(QUERIES)}
        for name in ("variables", "extensions", "operationName", "documentId", "other"):
            if self.chance(0.1):
                request[name] = self._value(2)
        if self.chance(0.1):
            request["variables"] = {"a": self._value(2)}
        return request

    def _json(self) -> str:
        return orjson.dumps(self._value(5)).decode()

    def _value(self, depth: int) -> Any:
        if depth == 0 or self.chance(0.4):
            found = self._random.choice(SCALARS)
            return float(found) if found == 2**63 else found
        if self.chance(0.5):
            return [self._value(depth - 1) for _ in range(self._random.randrange(4))]
        return {str(key): self._value(depth - 1) for key in range(self._random.randrange(4))}

    def _broken(self) -> str:
        text = self._message()
        place = self._random.randrange(len(text))
        return text[:place] + chr(self._random.choice([0, 34, 92, 125, 233, 0xD800])) + text[place:]

    def _raw(self) -> str | bytes:
        shapes = (
            "[" * self._random.randrange(100_000),
            '{"a":' * self._random.randrange(20_000),
            '"' + "x" * self._random.randrange(99_000, 300_000) + '"',
            self._random.randbytes(self._random.randrange(2_000)).decode("latin-1"),
            self._random.randbytes(self._random.randrange(2_000)),
            "9" * self._random.randrange(1, 6_000),
        )
        return self._random.choice(shapes)


async def test_nonsense(client: Client, runtime: Runtime, caplog: pytest.LogCaptureFixture) -> None:
    await client.shop.buy(purchase("p0", "ana", 1_000, client.shop.clock.now()))
    fuzz = Fuzz(SEED)
    limits = Limits(messages_per_second=1e6, messages_at_once=10**6)
    site = Site(runtime, client, limits)
    left, sockets, codes = FRAMES, 0, set()
    with capture_logs() as said, caplog.at_level(logging.WARNING):
        async with leaving_nothing():
            while left > 0:
                used, closed = await one_socket(site, fuzz, client.member("ana"), left)
                left, sockets = left - used, sockets + 1
                codes.add(closed.code if closed else None)
        await runtime.live.aclose()
    assert not [each for each in said if each["log_level"] not in {"info", "debug"}]
    assert not caplog.records
    assert codes <= {None, 4400, 4401, 4403, 4409, 4429}
    assert {4400, 4401, 4409, 4429} <= codes
    assert len(site.places) == 0
    assert sockets > 100


async def one_socket(site: Site, fuzz: Fuzz, token: str, most: int) -> tuple[int, Closed | None]:
    """Send frames until the socket is closed or there were enough; see each answered."""
    used = 0
    async with AsyncExitStack() as stack:
        socket = await stack.enter_async_context(opened(site))
        await accepted(socket)
        if fuzz.chance(0.9):
            await socket.admitted(token)
        while used < most and not fuzz.chance(0.02):
            frame = fuzz.frame()
            used += 1
            if isinstance(frame, str):
                socket.say_text(frame)
            else:
                socket.say_bytes(frame)
            closed = await until_pong(socket, used)
            if closed is not None:
                return used, closed
    return used, None


async def until_pong(socket: Socket, number: int) -> Closed | None:
    """Take what comes until the socket has come to a ping of ours, or is closed."""
    socket.say("ping", payload={"number": number})
    while True:
        message = await socket.hear()
        if isinstance(message, Closed):
            return message
        assert message["type"] in {"next", "error", "complete", "pong", "connection_ack"}, message
        if message["type"] == "error":
            assert all(each["extensions"]["code"] for each in message["payload"])
            assert not any("INTERNAL" in each["extensions"]["code"] for each in message["payload"])
        if message == {"type": "pong", "payload": {"number": number}}:
            return None
        await asyncio.sleep(0)
