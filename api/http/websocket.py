"""The endpoint for sockets at ``/graphql``: who may open one, and how many."""

from contextlib import suppress
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from api import metrics
from api.auth import ANONYMOUS, Authenticator
from api.errors import Refusal, refusal, refused
from api.graphql.engine import Engine
from api.http.graphql import caller_of
from api.http.messages import SUBPROTOCOL, ClosingError
from api.http.places import FULL, Places
from api.http.session import Limits, Session
from api.runtime import Runtime
from kit.log import bind_correlation


class WebSocketEndpoint:
    """Takes sockets that speak graphql-transport-ws. Make one per process."""

    def __init__(
        self,
        runtime: Runtime,
        authenticator: Authenticator,
        engine: Engine,
        places: Places,
        limits: Limits | None = None,
    ) -> None:
        self.runtime = runtime
        self.authenticator = authenticator
        self.engine = engine
        self.places = places
        self.limits = limits or Limits()

    async def respond(self, socket: WebSocket) -> None:
        """Serve ``socket`` until it is closed."""
        # A client may leave in the middle of the handshake; a session has its own care.
        with bind_correlation(), suppress(WebSocketDisconnect, OSError, RuntimeError):
            await self._respond(socket)

    async def _respond(self, socket: WebSocket) -> None:
        if not self._welcome(socket):
            message = "Pages of this site may not open sockets here."
            await _refuse(socket, refusal("FORBIDDEN", message, 403))
            return
        stranger = caller_of(socket, ANONYMOUS)
        if self.places.full(stranger):
            await _refuse(socket, FULL)
            return
        with metrics.held_open("websocket"):
            if SUBPROTOCOL not in socket.scope["subprotocols"]:
                await socket.accept()
                closing = ClosingError(4406, "Subprotocol not acceptable")
                await socket.close(closing.code, closing.reason)
                return
            await socket.accept(SUBPROTOCOL)
            session = Session(
                socket, self.runtime, self.authenticator, self.engine, self.places, self.limits
            )
            await session.run(stranger)

    def _welcome(self, socket: WebSocket) -> bool:
        """Return whether the page that opens the socket, if one does, is ours or a friend's."""
        origin = socket.headers.get("origin")
        if origin is None or origin in self.runtime.settings.allowed_origins:
            return True
        try:
            place = urlsplit(origin).netloc
        except ValueError:
            return False
        # Not the scheme: what stands before us may have taken it off.
        return bool(place) and place.lower() == socket.headers.get("host", "").lower()


async def _refuse(socket: WebSocket, found: Refusal) -> None:
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(JSONResponse(refused(found), found.status))
    else:
        await socket.close()
