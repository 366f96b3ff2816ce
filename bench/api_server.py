"""Serves the same schema and data in one of two ways: as Laurel does, or as Strawberry's view does.

The second is what a newcomer to Strawberry would write: its own ASGI view with its defaults, our
schema, our context. Who calls is found out alike. Settings come from the environment; with
``BENCH_MEMORY`` what was read once is not read again, so that what is left is the API itself.
"""

import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import SchemaExtension

import api.context
from api.app import create
from api.auth import Authenticator
from api.caller import Caller
from api.context import Context
from api.graphql import schema
from api.graphql.loaders import Loaders
from api.graphql.reads import Reads
from api.graphql.signing import signing_secret
from api.runtime import opened
from api.tokens import Tokens
from domain.brands.rules import Brand
from kit import log
from kit.buckets import Buckets
from kit.settings import Settings


class _Remembered:
    """A loader that asks the database once for each key, ever."""

    def __init__(self, loader: Any, known: dict[Any, Any]) -> None:
        self._loader = loader
        self._known = known

    async def load(self, key: Any) -> Any:
        """Return what is known of ``key``, whatever the instant it is asked for."""
        stable = key[0] if isinstance(key, tuple) else key
        if stable not in self._known:
            self._known[stable] = await self._loader.load(key)
        return self._known[stable]

    async def load_many(self, keys: Iterable[Any]) -> list[Any]:
        """Return what is known of each of ``keys``."""
        return [await self.load(key) for key in keys]

    def prime_many(self, data: dict[Any, Any]) -> None:
        """Take what somebody else has read; here it is asked for once more, and then known."""


class _RememberedLoaders(Loaders):
    """Loaders whose process remembers everything."""

    _known: ClassVar[dict[str, dict[Any, Any]]] = {}

    def __init__(self, reads: Reads, brand: Brand, now: datetime) -> None:
        super().__init__(reads, brand, now)
        for name, loader in list(vars(self).items()):
            if isinstance(loader, DataLoader):
                known = self._known.setdefault(name, {})
                setattr(self, name, _Remembered(loader, known))


class _Closed(SchemaExtension):
    """Gives the connection of a request back when it ends."""

    async def on_operation(self) -> AsyncIterator[None]:
        """Wrap an operation."""
        yield
        await self.execution_context.context.close()


class _View(GraphQL[Context, None]):
    """Strawberry's view; only the context is ours."""

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """Return the context of one request, its caller known by the Authorization header."""
        del response
        state = request.app.state
        authorization = request.headers.get("authorization")
        principal = await state.authenticator.principal(authorization, state.runtime.clock.now())
        return Context(state.runtime, Caller(principal), state.buckets, state.secret)


def stock() -> Starlette:
    """Return Laurel's schema behind Strawberry's own view."""
    settings = Settings()
    log.configure(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opened(settings, migrate=False) as runtime:
            app.state.runtime = runtime
            app.state.authenticator = Authenticator(runtime.database, Tokens(settings))
            app.state.buckets = Buckets(runtime.nodes)
            app.state.secret = signing_secret(settings)
            yield

    app = Starlette(lifespan=lifespan)
    made = schema._made(in_order=False)  # noqa: SLF001 - the same schema
    made.extensions = [_Closed]
    app.mount("/graphql", _View(made))
    return app


if __name__ == "__main__":
    if "BENCH_MEMORY" in os.environ:
        api.context.Loaders = _RememberedLoaders  # type: ignore[misc] - for this process
    way, port = sys.argv[1], int(sys.argv[2])
    uvicorn.run(
        {"laurel": create, "stock": stock}[way],
        factory=True,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
    )
