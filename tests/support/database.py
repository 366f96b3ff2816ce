"""A database of the test run's own, emptied between tests: real commits, real servers."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
from sqlalchemy import make_url

from kit.embedded import Servers
from migrations.run import upgrade


def dsn(url: str) -> str:
    """Return a SQLAlchemy URL as the driver wants it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def named(url: str, database: str) -> str:
    """Return ``url`` with another database."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


@asynccontextmanager
async def own_database(servers: Servers, suffix: str = "") -> AsyncIterator[Servers]:
    """Create, migrate and at the end drop a database; yield where it is."""
    name = f"laurel_test_{os.getpid()}{suffix}"
    admin = await asyncpg.connect(dsn(servers.admin_database_url))
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {name} OWNER laurel_owner")
    mine = replace(
        servers,
        database_url=named(servers.database_url, name),
        owner_database_url=named(servers.owner_database_url, name),
        admin_database_url=named(servers.admin_database_url, name),
    )
    await upgrade(mine.owner_database_url, mine.database_url)
    try:
        yield mine
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


async def empty(admin: asyncpg.Connection) -> None:
    """Delete all rows of all tables, past the triggers that forbid it to everybody else."""
    tables = await admin.fetch(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'job')"
        " AND tablename NOT IN ('alembic_version', 'rollup_mark')"
    )
    deletes = ";".join(f'DELETE FROM {row[0]}."{row[1]}"' for row in tables)
    await admin.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes}; COMMIT")
