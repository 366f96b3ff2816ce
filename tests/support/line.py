"""A line to a server that a test can cut, silence and mend."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import unquote, urlsplit

from kit.embedded import Servers


class Line:
    """Passes bytes on between whoever calls its port and the server behind a Unix socket."""

    def __init__(self, socket: str) -> None:
        self._behind = socket
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._passing = asyncio.Event()
        self._passing.set()
        self.port = 0
        self.calls = 0

    @property
    def url(self) -> str:
        """The address of a Valkey at the end of the line."""
        return f"redis://127.0.0.1:{self.port}"

    async def mend(self) -> None:
        """Take calls, and pass on what is said."""
        self._passing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._call, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End every call and take no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for end in list(self._ends):
            end.transport.abort()
        self._passing.set()
        await asyncio.sleep(0)

    def silence(self) -> None:
        """Pass nothing on any more, as a network does that swallows packets."""
        self._passing.clear()

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        with suppress(OSError):
            there, back = await asyncio.open_unix_connection(self._behind)
            self._ends |= {writer, back}
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
            self._ends -= {writer, back}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._passing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def line_to_valkey(servers: Servers) -> AsyncIterator[Line]:
    """Open a line to the Valkey of the run."""
    line = Line(unquote(urlsplit(servers.valkey_url).path))
    await line.mend()
    try:
        yield line
    finally:
        await line.cut()
