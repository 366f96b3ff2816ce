"""Pages of other sites: those that settings name ask as anybody here, all others as strangers."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.edge import REQUEST_ID

_METHODS = ("GET", "POST")
_EXPOSED = ("etag", "retry-after", REQUEST_ID)
_AUTHORIZATION = "authorization"
_TAKEN = (
    "accept-language",
    "apollo-require-preflight",
    "apollographql-client-name",
    "apollographql-client-version",
    "content-type",
    "if-none-match",
    "x-apollo-operation-name",
    "x-client-name",
    "x-client-version",
    REQUEST_ID,
)
_KEPT_SECONDS = 3600


class Origins:
    """Says to browsers which pages may read an answer.

    What needs no credentials is for every page, so that any site can show a board. A page that
    no setting names can't send credentials: its browser is told so before it tries.
    """

    def __init__(self, app: ASGIApp, named: Sequence[str]) -> None:
        self._app = app
        self._named = _cors(app, named, (*_TAKEN, _AUTHORIZATION))
        self._any = _cors(app, ("*",), _TAKEN)
        self._origins = frozenset(named)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = headers.get("access-control-request-headers", "").lower()
        is_named = headers.get("origin") in self._origins
        if is_named or _AUTHORIZATION in headers or _AUTHORIZATION in asked:
            await self._named(scope, receive, send)
        else:
            await self._any(scope, receive, send)


def _cors(app: ASGIApp, origins: Sequence[str], headers: Sequence[str]) -> CORSMiddleware:
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=headers,
        expose_headers=_EXPOSED,
        max_age=_KEPT_SECONDS,
    )
