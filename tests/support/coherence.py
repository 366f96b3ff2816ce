"""Every invariant must hold at the end of a flow."""

from collections.abc import Mapping

from api.checking import INVARIANTS, violations
from kit.db import Database, Session

# What the driver keeps prepared is at most 15 KiB long.
_TOGETHER = 20


async def assert_coherent(database: Database, *, besides: tuple[str, ...] = ()) -> None:
    """Fail with the rows found if an invariant is broken, before and after the rollup.

    ``besides`` names those that can't hold where a test goes past the verbs they speak of.
    """
    for invariants in (INVARIANTS, _of_the_rollup()):
        async with database.read() as session:
            codes = [code for code in await _broken(session, invariants) if code not in besides]
            found = {code: bad async for code, bad in violations(session) if bad} if codes else {}
        assert not codes, {code: found[code] for code in codes}
        async with database.transaction() as session:
            await session.fetch("SELECT ledger_rollup()")


def _of_the_rollup() -> dict[str, str]:
    """Return the invariants that read what the rollup writes."""
    tables = ("rollup", "effective_delta")
    return {code: sql for code, sql in INVARIANTS.items() if any(name in sql for name in tables)}


async def _broken(session: Session, invariants: Mapping[str, str]) -> list[str]:
    """Return the codes of those that don't hold, in a few statements that stay planned."""
    # Planned while tables are empty and kept: no nested loop may meet a full one.
    await session.fetch("SET LOCAL enable_nestloop = off")
    found: list[str] = []
    parts = [f"SELECT '{code}' WHERE EXISTS ({sql})" for code, sql in invariants.items()]
    for start in range(0, len(parts), _TOGETHER):
        rows = await session.fetch(" UNION ALL ".join(parts[start : start + _TOGETHER]))
        found += [row[0] for row in rows]
    return found
