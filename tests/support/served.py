"""Laurel as a client meets it: processes, one brand in them, credentials of every kind, pages."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from starlette.applications import Starlette

from api.tokens import Tokens
from kit.clock import MovableClock, SystemClock
from kit.db import Database
from kit.embedded import Servers
from kit.settings import Settings
from tests.support.client import client_of
from tests.support.database import own_database
from tests.support.process import COMMAND, environment
from tests.support.serving import SECONDS_MAX, free_port, until_ready
from tests.support.shop import Shop, opened_shop, purchase
from tests.support.tree import ROOT

CLIENTS = ROOT / "docs" / "clients"
SECRET = "a secret that is long enough for anyone"
CENTS = (1_250, 800, 3_000, 475, 2_300)


@dataclass(frozen=True)
class Site:
    """A running server. A member, m1, has bought five times: p1 to p5."""

    port: int
    shop: Shop
    tokens: Tokens
    server: str
    staff: str
    environment: Mapping[str, str]

    @property
    def origin(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """Where it answers GraphQL."""
        return f"{self.origin}/graphql"

    def member(self, external_id: str = "m1", lasts: timedelta = timedelta(hours=1)) -> str:
        """Return a token of a member, by the clock of the server's process."""
        now = SystemClock().now()
        return self.tokens.issue(self.shop.brand.code, external_id, now, lasts)

    async def buy(self, external_id: str, member: str, cents: int) -> None:
        """Record a purchase, as another process than the server."""
        await self.shop.buy(purchase(external_id, member, cents, self.shop.clock.now()))


@pytest.fixture(scope="session")
def pages() -> Iterator[str]:
    """Where the examples of clients are served as pages: another origin than Laurel's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=CLIENTS))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
async def site(
    running_servers: Servers, pages: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """The grocer, served from a database of its own, with a worker, which announces changes."""
    logs = tmp_path_factory.mktemp("served")
    async with own_database(running_servers, "_served") as servers:
        given = {
            **environment(servers),
            "LAUREL_ALLOWANCE": "1000",
            "LAUREL_ALLOWED_ORIGINS": pages,
            "LAUREL_DOCUMENTS": str(CLIENTS / "relay" / "persisted.json"),
            "LAUREL_JWT_KEY": SECRET,
            "LAUREL_SECRET_KEY": SECRET,
        }
        database = Database(servers.database_url, pool_size=2)
        made = await _made(database, given)
        async with serving(made, logs / "server"), running(logs / "worker", given, "worker"):
            yield made
        await database.close()


@pytest.fixture(scope="session")
async def production(site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """The same site by a server that is in production."""
    given = {**site.environment, "LAUREL_ENVIRONMENT": "production"}
    made = replace(site, port=free_port(), environment=given)
    async with serving(made, tmp_path_factory.mktemp("served") / "production"):
        yield made


@asynccontextmanager
async def serving(site: Site, log: Path) -> AsyncIterator[None]:
    """Serve ``site`` for the length of the block."""
    async with running(log, site.environment, "serve", "--port", str(site.port)) as server:
        await until_ready(server, site.port)
        yield


@asynccontextmanager
async def running(
    log: Path, environment: Mapping[str, str], *arguments: str
) -> AsyncIterator[Process]:
    """Run `laurel` for the length of the block; it must end well, and nothing may have failed."""
    # A pipe that nobody reads would stop it when it is full.
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, *arguments, env=environment, stdout=written, stderr=written
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(SECONDS_MAX):
                await process.wait()
    _check(process.returncode, log.read_text())  # noqa: ASYNC240 - nobody waits any more


def _check(returncode: int | None, said: str) -> None:
    assert returncode == 0, said
    assert "Traceback" not in said, said
    assert "a resolver failed" not in said, said


async def _made(database: Database, environment: Mapping[str, str]) -> Site:
    shop = await opened_shop(database, MovableClock(SystemClock().now()), "grocer")
    tokens = Tokens(Settings(jwt_key=SECRET))
    client = await client_of(Starlette(), shop, tokens)
    site = Site(free_port(), shop, tokens, client.server, client.staff, environment)
    for number, cents in enumerate(CENTS, 1):
        await site.buy(f"p{number}", "m1", cents)
    return site


class _Quiet(SimpleHTTPRequestHandler):
    """Files, without a word about each."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""
