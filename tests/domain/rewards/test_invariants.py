"""What is wrong between redemptions, holds, vouchers and stock is found."""

from datetime import timedelta

import asyncpg
import pytest

from api.checking import violations
from domain.rewards.invariants import INVARIANTS
from domain.rewards.service_cancel import Cancel, Return
from domain.rewards.service_stock import StockChange
from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.rewards import (
    cancelled,
    id_of,
    programme,
    redeemed,
    returned,
    reward,
    stocked,
    wish,
)
from tests.support.shop import opened_shop, purchase

OF = "UPDATE redemption SET state = '{}', deadline = NULL WHERE requested_by = '{}'"
FAULTS = [
    (
        "UPDATE reward_stock SET taken = taken + 1 WHERE reward = 'tea'",
        "STOCK_DIFFERS_FROM_REDEMPTIONS",
    ),
    ("DELETE FROM reward_stock", "STOCK_DIFFERS_FROM_CHANGES"),
    ("UPDATE reward_stock SET added = 3 WHERE reward = 'tea'", "STOCK_DIFFERS_FROM_CHANGES"),
    ("UPDATE redemption SET points = 11 WHERE points = 10", "REDEMPTION_DIFFERS_FROM_PARTS"),
    ("DELETE FROM redemption_part", "REDEMPTION_DIFFERS_FROM_PARTS"),
    ("UPDATE redemption_part SET points = points + 1", "PART_DIFFERS_FROM_HOLD"),
    ("UPDATE redemption SET deadline = now() WHERE state = 'held'", "PART_DIFFERS_FROM_HOLD"),
    (
        "UPDATE redemption_part SET member_id = m.id FROM member m WHERE external_id = 'bob'",
        "PART_DIFFERS_FROM_HOLD",
    ),
    (OF.format("fulfilled", "held"), "REDEMPTION_DIFFERS_FROM_HOLDS"),
    (OF.format("cancelled", "held"), "REDEMPTION_DIFFERS_FROM_HOLDS"),
    (OF.format("lapsed", "done"), "REDEMPTION_DIFFERS_FROM_HOLDS"),
    (OF.format("lapsed", "ended"), "REDEMPTION_DIFFERS_FROM_HOLDS"),
    (OF.format("returned", "done"), "RETURN_DIFFERS_FROM_PARTS"),
    (OF.format("fulfilled", "back"), "RETURN_DIFFERS_FROM_PARTS"),
    ("DELETE FROM voucher WHERE returned_at IS NULL", "REDEMPTION_DIFFERS_FROM_VOUCHERS"),
    ("UPDATE voucher SET returned_at = now()", "REDEMPTION_DIFFERS_FROM_VOUCHERS"),
    ("UPDATE voucher SET returned_at = NULL", "REDEMPTION_DIFFERS_FROM_VOUCHERS"),
    ("UPDATE redemption SET kind = 'donation'", "REDEMPTION_DIFFERS_FROM_VOUCHERS"),
    ("UPDATE redemption SET kind = 'points'", "POINTS_REWARD_DIFFERS_FROM_ACCRUAL"),
    ("UPDATE redemption SET approved_by = requested_by", "APPROVED_BY_WHO_ASKED"),
    (
        "UPDATE redemption SET kind = 'points' WHERE kind = 'donation'",
        "DONATION_DIFFERS_FROM_CAUSE",
    ),
    (
        "UPDATE redemption SET state = 'returned' WHERE kind = 'donation'",
        "CAUSE_DIFFERS_FROM_DONATIONS",
    ),
]


def test_each_invariant_has_a_fault() -> None:
    assert {code for _, code in FAULTS} == set(INVARIANTS)


@pytest.mark.parametrize(("change", "code"), FAULTS)
async def test_what_is_wrong_is_found(
    database: Database, clock: MovableClock, admin: asyncpg.Connection, change: str, code: str
) -> None:
    shop = await opened_shop(
        database,
        clock,
        programme(
            reward("tea", "10", return_days="1", stock="9"),
            reward("trip", "10", fulfil='"by_staff"'),
            reward("beans", "5", kind='"points"', gives='"5"'),
            reward("trees", "5", kind='"donation"'),
        ),
    )
    names = ("ann", "bob")
    await shop.buy(*(purchase(name, name, 100_00, clock.now()) for name in names))
    _, back, _, ended, *_ = await redeemed(
        shop,
        wish("1", "ann", "tea", requested_by="done"),
        wish("2", "ann", "tea", requested_by="back"),
        wish("3", "ann", "trip", requested_by="held"),
        wish("4", "ann", "trip", requested_by="ended"),
        wish("5", "ann", "beans", requested_by="points"),
        wish("6", "ann", "trees", requested_by="gives"),
    )
    await returned(shop, Return("r", id_of(back), "eve", "cold"))
    await cancelled(shop, Cancel("c", id_of(ended), "ann", ""))
    await stocked(shop, StockChange("s", "tea", 2, "found", "eve"))
    clock.move(timedelta(hours=1))
    await assert_coherent(database)
    await admin.execute(change)
    async with database.read() as session:
        found = {each async for each, bad in violations(session) if bad}
    assert code in found
