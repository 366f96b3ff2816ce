"""Work of the ledger that nobody waits for."""

from kit.db import Session


async def roll_up(session: Session) -> int:
    """Fold new transfers into the totals of deferred accounts; return how many legs were."""
    return int(await session.value("SELECT ledger_rollup()"))
