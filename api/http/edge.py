"""What every request passes through: its correlation id, its count, and the last resort."""

import uuid
from uuid import UUID

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import metrics
from api.errors import refusal, refused
from kit.log import bind_correlation

REQUEST_ID = "x-request-id"
ADDRESS_BYTES_MAX = 65_536

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = structlog.get_logger("laurel.http")


class Edge:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request under one correlation id, which the answer names."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with bind_correlation(_given(scope)) as correlation:
            await self._serve(scope, receive, send, correlation)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, correlation: UUID) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        began = False

        async def answer(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = str(correlation)
                headers["x-content-type-options"] = "nosniff"
                metrics.REQUESTS.labels(method, str(message["status"])).inc()
            await send(message)

        try:
            if len(scope["query_string"]) > ADDRESS_BYTES_MAX:
                await _too_long(scope, receive, answer)
                return
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            return
        except Exception:
            _log.exception("a request failed", method=method, path=scope["path"])
            if began:
                raise
            content = refused(
                refusal("INTERNAL_SERVER_ERROR", "Something went wrong here; it was noted.")
            )
            await JSONResponse(content, 500)(scope, receive, answer)


async def _too_long(scope: Scope, receive: Receive, send: Send) -> None:
    message = f"The address has more than {ADDRESS_BYTES_MAX} bytes; use POST."
    await JSONResponse(refused(refusal("ADDRESS_TOO_LONG", message)), 414)(scope, receive, send)


def _given(scope: Scope) -> UUID | None:
    """Return the caller's own correlation id if it is a UUID: it goes into logs and rows."""
    text = Headers(scope=scope).get(REQUEST_ID, "")
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None
