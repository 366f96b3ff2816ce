"""The server's protocols, hardened where a hostile or lasting connection meets them."""

import asyncio
import logging
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from api.errors import refusal, refused
from api.http.deflate import DeflateFactory
from api.http.stream import LEAVING

HEAD_BYTES_MAX = 65_536
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
    """HTTP whose client must say soon and briefly what it wants, and that knows when to leave."""

    head_seconds_max: float = 30

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = _log
        self._in_head = True
        self._head_bytes = 0
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, but not for ever."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._late is None and (self.cycle is None or self.cycle.response_complete):
                self._wait()
        super().data_received(data)
        # The parser keeps what it has read of a line, however long it gets.
        if self._in_head and self._head_bytes > HEAD_BYTES_MAX:
            message = f"The head has more than {HEAD_BYTES_MAX} bytes."
            self._refuse(431, "HEAD_TOO_LARGE", message)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._in_head = False
        self._wait_no_longer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Be ready for the next request."""
        self._in_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say that it is no HTTP, in the shape of every other failure."""
        self._refuse(400, "BAD_REQUEST", msg)

    def _wait(self) -> None:
        self._late = self.loop.call_later(self.head_seconds_max, self._too_late)

    def _wait_no_longer(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        message = f"The request did not come within {self.head_seconds_max:g} s."
        self._refuse(408, "REQUEST_TIMEOUT", message)

    def _refuse(self, status: int, code: str, message: str) -> None:
        self._wait_no_longer()
        if self.transport.is_closing():
            return
        body = orjson.dumps(refused(refusal(code, message)))
        head = (
            b"content-type: application/json; charset=utf-8\r\n"
            b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()

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
        if self.config.ws_per_message_deflate:
            self.conn.available_extensions = [DeflateFactory()]

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
