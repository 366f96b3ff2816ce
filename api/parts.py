"""What every command works with: settings, servers, database, clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from domain.brands import queries as brands
from domain.brands.rules import Brand
from kit import embedded
from kit.clock import Clock, SystemClock
from kit.db import Database, Session
from kit.embedded import Servers
from kit.errors import NotFoundError
from kit.settings import Settings


@dataclass(frozen=True)
class Parts:
    """The parts of one process, alive while `opened` is."""

    settings: Settings
    servers: Servers
    database: Database
    clock: Clock


@asynccontextmanager
async def opened(settings: Settings, *, migrate: bool | None = None) -> AsyncIterator[Parts]:
    """Start or attach to the servers, bring the database up to date, connect.

    ``migrate`` None migrates an embedded database and leaves a given one to `laurel migrate`.
    Raises ConfigurationError if a server can't be had.
    """
    with embedded.resolve(settings) as servers:
        if migrate or (migrate is None and settings.database_url is None):
            await up_to_date(servers)
        database = Database(servers.database_url, pool_size=settings.pool_size)
        try:
            yield Parts(settings, servers, database, SystemClock())
        finally:
            await database.close()


async def up_to_date(servers: Servers) -> None:
    """Migrate the database to the newest revision that this code knows."""
    # Most commands meet a database that was migrated, and Alembic is slow to load.
    from migrations.run import upgrade  # noqa: PLC0415

    await upgrade(servers.owner_database_url, servers.database_url)


async def named_brand(session: Session, code: str) -> Brand:
    """Return the brand ``code``; raises NotFoundError that lists the brands there are."""
    found = await brands.by_code(session, code)
    if found is None:
        known = ", ".join(brand.code for brand in await brands.every(session)) or "none yet"
        message = f"There is no brand {code!r}. Known brands: {known}."
        raise NotFoundError(message, code="UNKNOWN_BRAND", path=("brand",))
    return found
