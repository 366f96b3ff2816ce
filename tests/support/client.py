"""A client that speaks to the application without a network, down to the last byte."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.applications import Starlette
from starlette.types import Message

from api.app import application
from api.runtime import Runtime
from api.tokens import Tokens
from domain.brands.rules import KeyRole
from domain.brands.service import issue_keys
from kit.db import Session
from kit.valkey import opened
from tests.support.serving import free_port
from tests.support.shop import Shop

THRIFTY = 0.1
"""Of the usual allowances, what the client ``thrifty`` has."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)

    @property
    def data(self) -> Any:
        """The data of an answer that has no errors."""
        assert "errors" not in self.json, self.json
        return self.json["data"]

    @property
    def codes(self) -> list[str]:
        """The classes of the errors in the answer."""
        return [error["extensions"]["code"] for error in self.json["errors"]]

    @property
    def reasons(self) -> list[str | None]:
        """The reasons of the errors in the answer."""
        return [error["extensions"].get("reason") for error in self.json["errors"]]


@dataclass(frozen=True)
class Client:
    """The application and one brand in it, with somebody of every kind who may call."""

    app: Starlette
    shop: Shop
    tokens: Tokens
    server: str
    staff: str

    def member(self, external_id: str) -> str:
        """Return a token of one of the brand's members."""
        return self.tokens.issue(self.shop.brand.code, external_id, self.shop.clock.now())

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        address: str = "",
        leaves_after: float | None = None,
        peer: str = "127.0.0.1",
    ) -> Answer:
        """Send one request; ``address`` is what stands behind the question mark.

        Whoever sends it leaves after so many seconds, or stays until the answer is there.
        """
        scope = http_scope(method, path, headers or {}, address) | {"client": (peer, 1)}
        chunks = [body[start : start + 65_536] for start in range(0, len(body), 65_536)] or [b""]
        waiting = [
            {"type": "http.request", "body": chunk, "more_body": place < len(chunks)}
            for place, chunk in enumerate(chunks, 1)
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            if waiting:
                return waiting.pop(0)
            await asyncio.sleep(math.inf if leaves_after is None else leaves_after)
            return {"type": "http.disconnect"}

        async def take(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, take)
        return Answer(
            sent[0]["status"],
            {name.decode(): value.decode() for name, value in sent[0]["headers"]},
            b"".join(message.get("body", b"") for message in sent[1:]),
        )

    async def post(self, content: object, token: str = "", **headers: str) -> Answer:
        """Send ``content`` as JSON to /graphql."""
        given = {"content-type": "application/json", **headers}
        if token:
            given["authorization"] = f"Bearer {token}"
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        return await self.send("POST", "/graphql", body, given)

    async def ask(self, query: str, token: str = "", /, **variables: object) -> Answer:
        """Run an operation."""
        return await self.post({"query": query, "variables": variables}, token)


def http_scope(
    method: str, path: str, headers: Mapping[str, str], address: str = ""
) -> dict[str, Any]:
    """Return the scope of a request; ``address`` is what stands behind the question mark."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": address.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in {"host": "test", **headers}.items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
        "state": {},
    }


@asynccontextmanager
async def serving(runtime: Runtime) -> AsyncIterator[Starlette]:
    """Start the application on ``runtime``."""

    @asynccontextmanager
    async def given() -> AsyncIterator[Runtime]:
        yield runtime

    app = application(runtime.settings, given)
    async with app.router.lifespan_context(app):
        yield app


async def client_of(app: Starlette, shop: Shop, tokens: Tokens) -> Client:
    """Return a client of a brand, with keys for its servers and staff."""
    wanted: list[tuple[KeyRole, str]] = [("server", "till"), ("staff", "office")]

    async def work(session: Session) -> list[str]:
        keys = await issue_keys(session, shop.clock.now(), shop.brand, wanted)
        return [key.secret for key in keys]

    server, staff = await shop.database.write(work)
    return Client(app, shop, tokens, server, staff)


@asynccontextmanager
async def changed(runtime: Runtime, shop: Shop, **settings: Any) -> AsyncIterator[Client]:
    """Start the application with other settings and yield a client of a brand."""
    given = altered(runtime, settings=runtime.settings.model_copy(update=settings))
    async with serving(given) as app:
        yield await client_of(app, shop, Tokens(given.settings))


def altered(runtime: Runtime, **parts: Any) -> Runtime:
    """Return ``runtime`` with other parts, on the same connections to Valkey."""
    given = replace(runtime, **parts)
    vars(given)["nodes"] = runtime.nodes
    return given


@asynccontextmanager
async def on_valkey(runtime: Runtime, address: str = "") -> AsyncIterator[Runtime]:
    """Yield ``runtime`` with the Valkey at an address; without one, where nobody answers."""
    valkey = opened(address or f"redis://127.0.0.1:{free_port()}")
    given = replace(runtime, valkey=valkey)
    try:
        yield given
    finally:
        await given.nodes.aclose()
        await valkey.aclose()


async def got(client: Client, address: dict[str, str], **headers: str) -> Answer:
    """Ask with GET; ``_`` in the names of headers stands for ``-``."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.send("GET", "/graphql", headers=given, address=urlencode(address))
