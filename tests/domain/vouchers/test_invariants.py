"""Each invariant finds the fault it speaks of."""

import pytest

from domain.vouchers.invariants import INVARIANTS
from kit.clock import MovableClock
from kit.db import Database
from tests.support.vouchers import broken, opened_desk, use

COPY_USE = """
INSERT INTO voucher_use (id, brand_id, voucher_id, amount, store, actor, used_at, request)
SELECT gen_random_uuid(), {brand}, voucher_id, {amount}, store, actor, used_at, request
FROM voucher_use WHERE {which}
"""
FAULTS = [
    ("UPDATE voucher SET used = 1 WHERE value = 10", "VOUCHER_DIFFERS_FROM_USES"),
    ("UPDATE voucher SET used_at = NULL WHERE value IS NULL", "VOUCHER_DIFFERS_FROM_USES"),
    ("UPDATE voucher SET used_at = now() WHERE value = 10", "VOUCHER_DIFFERS_FROM_USES"),
    (
        "UPDATE voucher SET used_at = used_at + interval '1 second' WHERE value IS NULL",
        "VOUCHER_DIFFERS_FROM_USES",
    ),
    ("UPDATE voucher SET expires_at = used_at", "VOUCHER_DIFFERS_FROM_USES"),
    (
        "UPDATE voucher SET used_at = NULL, returned_at = now() WHERE value IS NULL",
        "VOUCHER_DIFFERS_FROM_USES",
    ),
    (
        COPY_USE.format(brand="brand_id", amount="amount", which="amount IS NULL"),
        "VOUCHER_DIFFERS_FROM_USES",
    ),
    (
        COPY_USE.format(brand="brand_id + 1", amount="0", which="amount = 4"),
        "VOUCHER_OF_ANOTHER_BRAND",
    ),
    (
        "UPDATE pool_code SET voucher_id = gen_random_uuid() WHERE voucher_id IS NULL",
        "CODE_GIVEN_WITHOUT_VOUCHER",
    ),
    (
        "UPDATE voucher SET code = 'free' WHERE code = '0000-0000-0000-00000'",
        "VOUCHER_WITH_ANOTHERS_CODE",
    ),
    (
        "UPDATE voucher SET code = 'OOOO-0000-0000-00000' WHERE code = '0000-0000-0000-00000'",
        "VOUCHER_WITH_ANOTHERS_CODE",
    ),
    (
        "UPDATE pool_code SET voucher_id = NULL WHERE code = 'given'",
        "VOUCHER_WITH_ANOTHERS_CODE",
    ),
]


def test_each_invariant_has_a_fault() -> None:
    assert {code for _, code in FAULTS} == set(INVARIANTS)


@pytest.mark.parametrize(("fault", "code"), FAULTS)
async def test_a_fault_is_found(
    database: Database, clock: MovableClock, fault: str, code: str
) -> None:
    desk = await opened_desk(database, clock)
    await desk.add("spring", "given", "free")
    card, whole, plain = desk.new(value=10, pool="spring"), desk.new(), desk.new()
    codes = await desk.issue(card, whole, plain)
    await desk.burn(use("a", codes[card.id], 4), use("b", codes[whole.id]))
    await database.write(
        lambda session: session.fetch(
            "UPDATE voucher SET code = '0000-0000-0000-00000' WHERE id = $1", plain.id
        )
    )
    assert await broken(database) == []
    await database.write(lambda session: session.fetch(fault))
    assert await broken(database) == [code]
