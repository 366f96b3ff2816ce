"""``/healthz``: the process lives. ``/readyz``: it can serve.

Without Valkey it can: boards say so, limits are each process's own. Nobody who balances load by
readiness must take all processes away because of it.
"""

import asyncio

import asyncpg
import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.runtime import Runtime
from migrations.run import head

_SECONDS_MAX = 3
_PROBLEMS = (
    OSError,
    TimeoutError,
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)

_log = structlog.get_logger("laurel.health")


async def alive(_: Request) -> Response:
    """Answer at all."""
    return JSONResponse({"status": "alive"})


class Readiness:
    """Looks at what this process needs to serve."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._head = head()

    async def respond(self, _: Request) -> Response:
        """Return 200 if the database answers and is migrated, else 503; and how Valkey is."""
        database, valkey = await asyncio.gather(self._database(), self._valkey())
        ready = database == "ready"
        content = {
            "status": "ready" if ready else "not ready",
            "database": database,
            "valkey": valkey,
        }
        return JSONResponse(content, 200 if ready else 503)

    async def _database(self) -> str:
        try:
            async with asyncio.timeout(_SECONDS_MAX), self._runtime.database.alone() as session:
                found = await session.value("SELECT version_num FROM alembic_version")
        except asyncpg.UndefinedTableError:
            found = None
        except _PROBLEMS as error:
            _log.warning("the database does not answer", error=repr(error))
            return "away"
        return "ready" if found == self._head else "not migrated: run `laurel migrate`"

    async def _valkey(self) -> str:
        if await self._runtime.nodes.whole(_SECONDS_MAX):
            return "ready"
        _log.warning("valkey does not answer")
        return "away"
