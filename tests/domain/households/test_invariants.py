"""What is wrong with households is found."""

import asyncpg
import pytest

from api.checking import violations
from kit.clock import MovableClock
from kit.db import Database
from tests.domain.households.conftest import PROGRAMME, Homes
from tests.support.shop import opened_shop

ANOTHER = (
    "INSERT INTO brand (code, name, time_zone, currency, currency_exponent, created_at)"
    " VALUES ('new', 'New', 'UTC', 'USD', 2, now());"
)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE household_member SET role = 'adult'", "WITHOUT_ONE_OWNER"),
        ("UPDATE household SET ended_at = now()", "ENDED_AND_NOT_OVER"),
        ("UPDATE household_member SET left_at = now()", "WITHOUT_ONE_OWNER"),
        ("DELETE FROM household_change; DELETE FROM household_invitation", "ENTERED_UNASKED"),
        ("UPDATE household_invitation SET answered_at = now()", "ENTERED_UNASKED"),
        (f"{ANOTHER} UPDATE member SET brand_id = (SELECT max(id) FROM brand)", "OF_ANOTHER_BRAND"),
    ],
)
async def test_what_is_wrong_is_found(
    database: Database, clock: MovableClock, admin: asyncpg.Connection, change: str, code: str
) -> None:
    homes = Homes(await opened_shop(database, clock, PROGRAMME))
    await homes.join("ann", "ben")
    await homes.found("ann")
    clock.set(clock.now().replace(hour=13))
    assert await homes.enter("ann", "ben") is None
    await admin.execute(change)
    async with database.read() as session:
        found = {each async for each, bad in violations(session) if bad}
    assert f"HOUSEHOLD_{code}" in found
