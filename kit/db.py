"""PostgreSQL: the table base, the engine, and the only place that commits.

A `Session` is one short unit of work on one connection. `Database.transaction()` commits when
its block ends without an error; `Database.read()` never writes. Statements that build filters
are SQLAlchemy; set-based verbs are SQL text on the driver, which is about twice as fast.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import asyncpg
import orjson
from sqlalchemy import Executable, MetaData, Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import UserDefinedType

T = TypeVar("T")

TRANSACTION_SECONDS_MAX = 60
_STATEMENTS_KEPT = 1000
_TRIES = 5


class LostRaceError(Exception):
    """Another transaction wrote first what this one had decided to write: look again."""


# A unique violation too: a verb first looks whether the row is there, so another writer was
# faster, and the next try sees its row.
RETRYABLE = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.UniqueViolationError,
    LostRaceError,
)


class Base(DeclarativeBase):
    """The base of every table; names of constraints follow one pattern."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_options: object) -> str:
        """Return the type's name in SQL."""
        return "XID8"


@dataclass(frozen=True)
class Session:
    """One unit of work on one connection. Never shared by two tasks at once."""

    connection: AsyncConnection
    driver: asyncpg.Connection

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run a SQLAlchemy statement and return its rows."""
        return (await self.connection.execute(statement)).all()

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Run SQL text with ``$1``-style parameters on the driver and return its rows."""
        return await self.driver.fetch(sql, *values)

    async def one(self, sql: str, *values: object) -> asyncpg.Record | None:
        """Run SQL text and return its first row, or None."""
        return await self.driver.fetchrow(sql, *values)

    async def value(self, sql: str, *values: object) -> Any:
        """Run SQL text and return the first column of its first row, or None."""
        return await self.driver.fetchval(sql, *values)

    @asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """Open a part of the transaction: undone alone on any error, which is raised."""
        async with self.driver.transaction():
            yield


class Database:
    """The engine of one process. Create it inside the event loop that uses it."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self._engine: AsyncEngine = create_async_engine(
            url,
            isolation_level="AUTOCOMMIT",
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=30,
            json_deserializer=orjson.loads,
            connect_args={
                # There are some hundreds of statements; drivers keep a hundred of them prepared.
                "statement_cache_size": _STATEMENTS_KEPT,
                "prepared_statement_cache_size": _STATEMENTS_KEPT,
                "server_settings": {
                    "application_name": "laurel",
                    "jit": "off",
                    "timezone": "UTC",
                    "idle_in_transaction_session_timeout": str(TRANSACTION_SECONDS_MAX * 1000),
                },
            },
        )

    async def write(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Run ``work`` in a transaction, again if it lost against another transaction.

        ``work`` must hold no state of its own: a rolled-back try leaves nothing behind.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                async with self.transaction() as session:
                    return await work(session)
            except RETRYABLE:
                if not tries_left:
                    raise
        raise AssertionError

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Open a write transaction: committed at the end, rolled back on any error."""
        async with self._connection() as (connection, driver), _transaction(driver):
            yield Session(connection, driver)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Session]:
        """Open a short read session that sees one snapshot and can't write."""
        async with (
            self._connection() as (connection, driver),
            _transaction(driver, isolation="repeatable_read", readonly=True),
        ):
            yield Session(connection, driver)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Session]:
        """Open a session in which every statement stands and commits alone."""
        async with self._connection() as (connection, driver):
            yield Session(connection, driver)

    def connections_in_use(self) -> int:
        """Return how many of the pool's connections are at work now."""
        return cast("QueuePool", self._engine.pool).checkedout()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[AsyncConnection, asyncpg.Connection]]:
        async with self._engine.connect() as connection:
            driver = await _driver(connection)
            while driver.is_closed():
                # The pool doesn't see what ends on the driver, a restart of the server for one,
                # and may have more of them.
                await connection.invalidate()
                driver = await _driver(connection)
            yield connection, driver

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


@asynccontextmanager
async def _transaction(driver: asyncpg.Connection, **options: Any) -> AsyncIterator[None]:
    """Commit at the end of the block, roll back on any error."""
    transaction = driver.transaction(**options)
    with _certain(driver):
        await transaction.start()
    try:
        yield
    except BaseException:
        # What happened first is what is told.
        with suppress(Exception), _certain(driver):
            await transaction.rollback()
        raise
    with _certain(driver):
        await transaction.commit()


@contextmanager
def _certain(driver: asyncpg.Connection) -> Iterator[None]:
    """Close the connection if a beginning or an end fails, or is cancelled on the way.

    Nobody knows then whether a transaction is open. The next one on this connection would go on in
    it: read what was true long ago, or say that it has written what is never committed.
    """
    try:
        yield
    except BaseException:
        driver.terminate()
        raise


async def _driver(connection: AsyncConnection) -> asyncpg.Connection:
    raw = await connection.get_raw_connection()
    return cast("asyncpg.Connection", raw.driver_connection)
