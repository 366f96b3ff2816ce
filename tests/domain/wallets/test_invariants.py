"""What is wrong between lots and ledger is found."""

from datetime import timedelta

import asyncpg
import pytest

from api.checking import violations
from domain.members.service import NewMember
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Database
from kit.ids import new_id
from tests.support.shop import opened_shop, purchase
from tests.support.spending import back, give_back, move, moving, spend

HOUR = timedelta(hours=1)
# What changes hands here is nobody's gift.
ALONE = {"GIFT_DIFFERS_FROM_LEDGER"}


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
        ("UPDATE wallet SET forgiven = 1", "FORGIVEN_DIFFERS"),
        ("UPDATE wallet SET forgiven = -1", "FORGIVEN_DIFFERS"),
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


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE lot_use SET amount = amount - 1 WHERE amount < 0", "LOT_GOT_MORE_THAN_WAS_SPENT"),
        ("DELETE FROM hold_return", "RETURN_WITHOUT_SPENDING"),
        ("UPDATE hold_return SET hold_id = {open}", "RETURN_EXCEEDS_SPENDING"),
        ("DELETE FROM lot WHERE amount = 3", "GIFT_WITHOUT_LOT"),
    ],
)
async def test_what_is_wrong_with_returns_and_gifts_is_found(
    database: Database, clock: MovableClock, admin: asyncpg.Connection, change: str, code: str
) -> None:
    shop = await opened_shop(database, clock, "grocer")
    await shop.buy(purchase("b1", "ann", 3_000, clock.now()))
    await shop.enrol(NewMember("bob", clock.now()))
    hold = await spend(shop, "ann", 20)
    await give_back(shop, back(hold, 20))
    await move(shop, await moving(shop, "ann", "bob", 3))
    (ann,) = await shop.member_ids("ann")
    (held,) = await shop.hold(Hold(new_id(), ann, 5, clock.now() + HOUR, "tea"))
    async with database.read() as session:
        assert not [each async for each, bad in violations(session) if bad and each not in ALONE]
    await admin.execute(change.format(open=held.hold_id))
    async with database.read() as session:
        found = {each async for each, bad in violations(session) if bad}
    assert code in found
