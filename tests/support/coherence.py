"""Every invariant must hold at the end of a flow."""

from api.checking import violations
from kit.db import Database


async def assert_coherent(database: Database, *, besides: tuple[str, ...] = ()) -> None:
    """Fail with the rows found if an invariant is broken, before and after the rollup.

    ``besides`` names those that can't hold where a test goes past the verbs they speak of.
    """
    for _ in range(2):
        async with database.read() as session:
            found = {code: bad async for code, bad in violations(session) if bad}
            found = {code: bad for code, bad in found.items() if code not in besides}
        assert not found, found
        async with database.transaction() as session:
            await session.fetch("SELECT ledger_rollup()")
