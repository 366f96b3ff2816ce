"""What is wrong between lots and ledger is found."""

import asyncpg
import pytest

from api.checking import violations
from kit.clock import MovableClock
from kit.db import Database
from tests.support.shop import opened_shop, purchase


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE lot SET remaining = remaining - 1", "LOTS_DIFFER_FROM_LEDGER"),
        ("UPDATE lot SET held = 1, remaining = 9", "LOTS_DIFFER_FROM_LEDGER"),
        ("UPDATE lot SET remaining = 9, expired = 1", "LOT_DIFFERS_FROM_USES"),
        ("UPDATE lot SET release_days = 3", "LOT_WAITS_WRONGLY"),
        ("UPDATE lot SET available_at = '9999-01-01T00:00:00Z'", "LOT_WAITS_WRONGLY"),
        ("UPDATE lot SET amount = 11", "LOT_WITHOUT_ACCRUAL"),
        ("UPDATE wallet SET debt = 1", "DEBT_DIFFERS_FROM_LEDGER"),
        ("UPDATE wallet SET owed = 1", "OWED_EXCEEDS_HELD"),
        ("DELETE FROM wallet", "MEMBER_WITHOUT_WALLET"),
        ("DELETE FROM wallet", "MEMBER_ACCOUNT_WITHOUT_WALLET"),
    ],
)
async def test_what_is_wrong_is_found(
    database: Database, clock: MovableClock, admin: asyncpg.Connection, change: str, code: str
) -> None:
    shop = await opened_shop(database, clock, "grocer")
    await shop.buy(purchase("b1", "ann", 1_000, clock.now()))
    await admin.execute(change)
    async with database.read() as session:
        found = {each async for each, bad in violations(session) if bad}
    assert code in found
