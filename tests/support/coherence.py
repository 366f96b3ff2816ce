"""Every invariant must hold at the end of a flow."""

from api.checking import violations
from kit.db import Database


async def assert_coherent(database: Database) -> None:
    """Fail with the rows found if any invariant is broken, before and after the rollup."""
    for _ in range(2):
        async with database.read() as session:
            found = {code: bad async for code, bad in violations(session) if bad}
        assert not found, found
        async with database.transaction() as session:
            await session.fetch("SELECT ledger_rollup()")
