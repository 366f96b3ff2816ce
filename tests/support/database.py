"""A database of the test run's own, emptied between tests: real commits, real servers."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO

import asyncpg
from sqlalchemy import make_url

from kit.embedded import Servers
from migrations.run import upgrade

Rows = Mapping[tuple[str, str], bytes]
"""What tables hold, by schema and name, as the server copies it out."""
_ALWAYS_THERE = ("public", "rollup_mark")


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
    await put_back(admin, {})


async def rows(admin: asyncpg.Connection) -> Rows:
    """Return all there is in all tables that have rows."""
    found: dict[tuple[str, str], bytes] = {}
    for schema, table in await _tables(admin):
        if await admin.fetchval(f'SELECT EXISTS (SELECT FROM {schema}."{table}")'):
            to = BytesIO()
            await admin.copy_from_table(table, schema_name=schema, output=to, format="binary")
            found[schema, table] = to.getvalue()
    return found


async def put_back(admin: asyncpg.Connection, rows: Rows) -> None:
    """Make all tables hold exactly these rows; the rollup stands where it stood then."""
    tables = [each for each in await _tables(admin) if each in rows or each != _ALWAYS_THERE]
    deletes = ";".join(f'DELETE FROM {schema}."{name}"' for schema, name in tables)
    async with admin.transaction():
        await admin.execute(f"SET LOCAL session_replication_role = replica; {deletes}")
        for (schema, table), content in rows.items():
            source = BytesIO(content)
            await admin.copy_to_table(table, schema_name=schema, source=source, format="binary")


async def _tables(admin: asyncpg.Connection) -> list[tuple[str, str]]:
    found = await admin.fetch(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'job')"
        " AND tablename <> 'alembic_version'"
    )
    return [(row[0], row[1]) for row in found]
