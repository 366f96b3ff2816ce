"""Serves the same schema and data in one of two ways: as Laurel does, or as Strawberry's view does.

The second is what a newcomer to Strawberry would write: its own ASGI view with its defaults, our
schema, our context. Who calls is found out alike. Settings come from the environment.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import SchemaExtension

from api.app import create
from api.auth import Authenticator
from api.caller import Caller
from api.context import Context
from api.graphql import schema
from api.graphql.signing import signing_secret
from api.runtime import opened
from api.tokens import Tokens
from kit import log
from kit.buckets import Buckets
from kit.settings import Settings


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
            app.state.buckets = Buckets(runtime.valkey)
            app.state.secret = signing_secret(settings)
            yield

    app = Starlette(lifespan=lifespan)
    made = schema._made(in_order=False)  # noqa: SLF001 - the same schema
    made.extensions = [_Closed]
    app.mount("/graphql", _View(made))
    return app


if __name__ == "__main__":
    way, port = sys.argv[1], int(sys.argv[2])
    uvicorn.run(
        {"laurel": create, "stock": stock}[way],
        factory=True,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
    )
