"""What every command and server of one process works with: settings, servers, database, clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

import redis.asyncio

from api.badges.rarities import Rarities
from api.boards import Boards
from api.live import Live
from domain.brands import queries as brands
from domain.brands.rules import Brand
from gamification.leaderboards.views import Boards as Views
from kit import embedded
from kit.clock import Clock, SystemClock
from kit.db import Database, Session
from kit.embedded import Servers
from kit.errors import NotFoundError
from kit.settings import Settings
from kit.valkey import Nodes
from kit.valkey import opened as opened_valkey
from migrations.run import upgrade


@dataclass(frozen=True)
class Runtime:
    """The parts of one process, alive while `opened` is."""

    settings: Settings
    servers: Servers
    database: Database
    valkey: redis.asyncio.Redis
    clock: Clock

    @cached_property
    def live(self) -> Live:
        """The process's ear for members' changes; it connects when somebody first follows one."""
        return Live(self.valkey)

    @cached_property
    def nodes(self) -> Nodes:
        """Every server of Valkey, for what has keys: `valkey` is one of them, if there are more."""
        return Nodes(self.valkey)

    @cached_property
    def views(self) -> Views:
        """The boards as Valkey shows them."""
        return Views(self.nodes)

    @cached_property
    def boards(self) -> Boards:
        """The public boards, read once for all who ask at the same time."""
        return Boards(self.database, self.views, self.clock)

    @cached_property
    def rarities(self) -> Rarities:
        """How rare badges are, counted now and then for all who ask."""
        return Rarities()


@asynccontextmanager
async def opened(settings: Settings, *, migrate: bool | None = None) -> AsyncIterator[Runtime]:
    """Start or attach to the servers, bring the database up to date, connect.

    ``migrate`` None migrates an embedded database and leaves a given one to `laurel migrate`.
    Raises ConfigurationError if a server can't be had.
    """
    with embedded.resolve(settings) as servers:
        if migrate or (migrate is None and settings.database_url is None):
            await upgrade(servers.owner_database_url, servers.database_url)
        database = Database(servers.database_url, pool_size=settings.pool_size)
        valkey = opened_valkey(servers.valkey_url)
        runtime = Runtime(settings, servers, database, valkey, SystemClock())
        try:
            yield runtime
        finally:
            await runtime.nodes.aclose()
            await valkey.aclose()
            await database.close()


async def named_brand(session: Session, code: str) -> Brand:
    """Return the brand ``code``; raises NotFoundError that lists the brands there are."""
    found = await brands.by_code(session, code)
    if found is None:
        known = ", ".join(brand.code for brand in await brands.every(session)) or "none yet"
        message = f"There is no brand {code!r}. Known brands: {known}."
        raise NotFoundError(message, code="UNKNOWN_BRAND", path=("brand",))
    return found
