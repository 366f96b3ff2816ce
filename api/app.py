"""The web application: built from settings, its parts opened and closed with its life."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from api import metrics
from api.auth import Authenticator
from api.badges import endpoints as badges
from api.badges.endpoints import BadgeEndpoints
from api.errors import refusal, refused
from api.graphql.engine import Engine
from api.graphql.schema import core
from api.http import health, media
from api.http.edge import Edge
from api.http.graphql import GraphQLEndpoint
from api.http.health import Readiness
from api.http.origins import Origins
from api.http.places import Places
from api.http.stream import LEAVING, Streams
from api.http.visitors import Visitors
from api.http.websocket import WebSocketEndpoint
from api.pages import boards
from api.pages.pages import STATIC, Pages
from api.runtime import Runtime, opened
from api.tokens import Tokens
from kit import log
from kit.settings import Settings

_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 429: "RATE_LIMITED"}
_GARBAGE_AFTER = (50_000, 20, 50)
"""How many objects more begin a look for circles among young, older and all objects."""
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create() -> Starlette:
    """Return the application of a process of its own, with settings from the environment."""
    settings = Settings()
    log.configure(settings)
    # Operations are logged with what they did; their addresses would say the same again.
    logging.getLogger("uvicorn.access").propagate = False
    spare(settings)
    return application(settings, lambda: opened(settings, migrate=False))


def spare(settings: Settings) -> None:
    """Let the collector of garbage pass over what stays, and look at all that is open seldom.

    With thousands of sockets a look takes half a second, in which nobody is answered.
    """
    core(defer=settings.defer)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_AFTER)


def application(
    settings: Settings, running: Callable[[], AbstractAsyncContextManager[Runtime]]
) -> Starlette:
    """Return the application. Raises ConfigurationError if members could not sign in.

    ``running`` opens what the application works with, for as long as it lives.
    """
    tokens = Tokens(settings)
    pages = Pages(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, object]]:
        async with running() as runtime:
            authenticator = Authenticator(runtime.database, tokens)
            engine = Engine(runtime)
            places = Places()
            streams = Streams(runtime, authenticator, engine, places)
            app.state.graphql = GraphQLEndpoint(runtime, authenticator, engine, streams)
            app.state.websocket = WebSocketEndpoint(runtime, authenticator, engine, places)
            app.state.readiness = Readiness(runtime)
            visitors = Visitors(engine)
            app.state.boards = boards.BoardPages(runtime.boards, visitors)
            app.state.badges = BadgeEndpoints(runtime, visitors)
            watching = asyncio.create_task(metrics.watch(runtime.database.connections_in_use))
            yield {LEAVING: streams.leaving}
            watching.cancel()
            await runtime.live.aclose()

    async def graphql(request: Request) -> Response:
        if settings.environment == "development" and _browses(request):
            return await pages.explorer(request)
        endpoint: GraphQLEndpoint = request.app.state.graphql
        return await endpoint.respond(request)

    async def socket(opened: WebSocket) -> None:
        endpoint: WebSocketEndpoint = opened.app.state.websocket
        await endpoint.respond(opened)

    async def ready(request: Request) -> Response:
        readiness: Readiness = request.app.state.readiness
        return await readiness.respond(request)

    app = Starlette(
        routes=[
            Route("/", pages.start),
            Route("/graphql", graphql, methods=_METHODS),
            WebSocketRoute("/graphql", socket),
            Route("/schema.graphql", pages.schema),
            Route("/healthz", health.alive),
            Route("/readyz", ready),
            Route("/metrics", metrics.respond),
            *badges.routes(),
            *boards.routes(),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=list(_middleware(settings)),
        exception_handlers={HTTPException: _missed},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _middleware(settings: Settings) -> Iterator[Middleware]:
    yield Middleware(Edge)
    yield Middleware(Origins, named=settings.allowed_origins)
    yield Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=4)


def _browses(request: Request) -> bool:
    if request.method != "GET" or "query" in request.query_params:
        return False
    offered = (media.JSON, media.GRAPHQL, media.HTML)
    return media.wanted(request.headers.get("accept", ""), offered) == media.HTML


async def _missed(_: Request, error: Exception) -> Response:
    """Answer a request that no route takes, in the shape of every other failure."""
    if not isinstance(error, HTTPException):
        raise error
    code = _CODES.get(error.status_code, "BAD_REQUEST")
    return JSONResponse(
        refused(refusal(code, error.detail)), error.status_code, dict(error.headers or {})
    )
