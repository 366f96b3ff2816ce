"""PostgreSQL and Valkey without an installation: started on demand, shared, stopped by the last.

Both run from binaries that come as Python packages, listen only on a socket in a private
directory, and keep their data below one directory. Every process that names the same directory
uses the same servers.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kit.embedded.place import Place
from kit.embedded.postgres import Postgres
from kit.embedded.process import Server, start
from kit.embedded.sharing import shared
from kit.embedded.valkey import Valkey
from kit.errors import ConfigurationError
from kit.settings import Settings

__all__ = ["Servers", "resolve", "running"]


@dataclass(frozen=True)
class Servers:
    """Where the servers are; a URL is empty if its server was not asked for."""

    database_url: str = ""
    """PostgreSQL for asyncpg, as the application's role."""
    owner_database_url: str = ""
    """PostgreSQL for asyncpg, as the owner of the database: for migrations."""
    admin_database_url: str = ""
    """PostgreSQL for asyncpg, as superuser; empty unless the server is an embedded one."""
    valkey_url: str = ""


@contextmanager
def running(data_dir: Path, *, postgres: bool = True, valkey: bool = True) -> Iterator[Servers]:
    """Keep the servers of ``data_dir`` running while the block runs.

    Starts what is not running yet (up to 120 s if PostgreSQL has a crash to repair) and stops it
    at the end if no other process uses it. Blocks its thread; a forked child must call it anew.

    Raises ConfigurationError if the directory can't be used or a server can't start.
    """
    if not (postgres or valkey):
        yield Servers()
        return
    place = Place.prepare(data_dir)
    with ExitStack() as servers:
        urls: dict[str, str] = {}
        if postgres:
            database = Postgres(place)
            servers.enter_context(_served(place, database))
            urls["database_url"] = database.url("laurel_app")
            urls["owner_database_url"] = database.url("laurel_owner")
            urls["admin_database_url"] = database.url("postgres")
        if valkey:
            cache = Valkey(place)
            servers.enter_context(_served(place, cache))
            urls["valkey_url"] = cache.url()
        yield Servers(**urls)


@contextmanager
def resolve(settings: Settings) -> Iterator[Servers]:
    """Yield the servers that ``settings`` name, and embedded ones for those they don't name.

    Raises ConfigurationError as `running` does, and if only the owner's URL is given.
    """
    if settings.owner_database_url and not settings.database_url:
        message = "LAUREL_OWNER_DATABASE_URL is set alone: set LAUREL_DATABASE_URL as well."
        raise ConfigurationError(message)
    with running(
        settings.data_dir,
        postgres=not settings.database_url,
        valkey=not settings.valkey_url,
    ) as embedded:
        yield Servers(
            database_url=settings.database_url or embedded.database_url,
            owner_database_url=settings.owner_database_url
            or settings.database_url
            or embedded.owner_database_url,
            admin_database_url=embedded.admin_database_url,
            valkey_url=settings.valkey_url or embedded.valkey_url,
        )


@contextmanager
def _served(place: Place, server: Server) -> Iterator[None]:
    def begin() -> None:
        with place.explained():
            start(server)

    with place.explained():
        locks = place.locks(server.name)
    with shared(locks, begin, server.stop):
        yield
