"""The server's protocols, hardened where a hostile or lasting connection meets them."""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from api.http.stream import LEAVING

FRAGMENTS_MAX = 1_000
_ABORT_SECONDS = 15

_NO_FAULTS = (
    # The client's, logged with a traceback.
    "Invalid UTF-8",
    # A handshake refused with an answer was completed.
    "ASGI callable returned without completing handshake",
    # A stream whose reader takes nothing is given up.
    "ASGI callable returned without completing response",
)

_log = logging.getLogger("laurel.server")
# It would tell of every socket, with addresses that may hold credentials.
_log.setLevel(logging.WARNING)
_log.addFilter(lambda record: not record.getMessage().startswith(_NO_FAULTS))


class HttpProtocol(HttpToolsProtocol):
    """HTTP that tells the application's streams when the server wants to leave."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = _log

    def shutdown(self) -> None:
        """End the connection once the answer under way is sent."""
        leaving = self.app_state.get(LEAVING)
        if isinstance(leaving, asyncio.Event):
            leaving.set()
        super().shutdown()


class SocketProtocol(WebSocketsSansIOProtocol):
    """WebSocket whose client can neither fill the memory with fragments nor stay for ever."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = _log
        self.conn.logger = _log

    def handle_cont(self, event: Frame) -> None:
        """Take one more fragment of a message."""
        # Empty ones count nothing towards the size of a message.
        if len(self.frames) >= FRAGMENTS_MAX:
            self.conn.fail(1009, "too many fragments")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Give the client a moment to take what is still to be sent."""
        super().on_task_complete(task)
        self.loop.call_later(_ABORT_SECONDS, self.transport.abort)
