"""`laurel serve` as a process of its own."""

import asyncio
import signal
import socket
import urllib.error
import urllib.request
from asyncio.subprocess import Process
from collections.abc import Mapping
from typing import Any

import orjson

SECONDS_MAX = 60


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def sent(address: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
    """Send a body as JSON, or get, and return the JSON that comes back."""
    data = None if body is None else orjson.dumps(body)
    given = {"content-type": "application/json", **(headers or {})}
    request = urllib.request.Request(address, data, given)  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return orjson.loads(answer.read())


async def until_ready(process: Process, port: int) -> None:
    """Wait until the server answers that it is ready."""
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            assert process.returncode is None, await process.communicate()
            try:
                await asyncio.to_thread(sent, f"http://127.0.0.1:{port}/readyz")
            except (urllib.error.URLError, ConnectionError):
                await asyncio.sleep(0.1)
            else:
                return


async def stopped(process: Process, number: int = signal.SIGTERM) -> str:
    """Send a signal, see the process end well, and return what it logged."""
    process.send_signal(number)
    async with asyncio.timeout(SECONDS_MAX):
        _, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return err.decode()
