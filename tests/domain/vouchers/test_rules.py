"""States at their exact instants, what may be used of a voucher, and what may be given back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.vouchers.rules import (
    State,
    Voucher,
    burn_refusal,
    burnt,
    code_fault,
    pool_fault,
    return_refusal,
    state,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def voucher(**fields: Any) -> Voucher:
    """Return a voucher worth 10.00 of which nothing is used."""
    plain = Voucher(
        id=UUID(int=1),
        member_id=UUID(int=2),
        redemption_id=UUID(int=3),
        reward="card",
        kind="gift_card",
        version_id=1,
        code="A",
        value=1000,
        used=0,
        issued_at=NOW,
        expires_at=None,
        used_at=None,
        returned_at=None,
        state="issued",
    )
    return replace(plain, **fields)


@pytest.mark.parametrize(
    ("expires_at", "used_at", "returned_at", "expected"),
    [
        (None, None, None, "issued"),
        (NOW + TICK, None, None, "issued"),
        (NOW, None, None, "expired"),
        (NOW - TICK, None, None, "expired"),
        (NOW, NOW - TICK, None, "used"),
        (NOW, None, NOW - TICK, "returned"),
    ],
)
def test_the_instant_of_its_end_is_too_late(
    expires_at: datetime | None,
    used_at: datetime | None,
    returned_at: datetime | None,
    expected: State,
) -> None:
    assert state(NOW, expires_at, used_at, returned_at) == expected


@pytest.mark.parametrize(
    ("fields", "amount", "code"),
    [
        ({}, None, None),
        ({}, 1, None),
        ({}, 1000, None),
        ({}, 1001, "EXCEEDS_VALUE"),
        ({"used": 400}, 600, None),
        ({"used": 400}, 601, "EXCEEDS_VALUE"),
        ({}, 0, "INVALID_AMOUNT"),
        ({}, -1, "INVALID_AMOUNT"),
        ({"value": None}, None, None),
        ({"value": None}, 1, "INVALID_AMOUNT"),
        ({"state": "used"}, -1, "VOUCHER_USED"),
        ({"state": "expired"}, None, "VOUCHER_EXPIRED"),
        ({"state": "returned"}, None, "VOUCHER_RETURNED"),
    ],
)
def test_what_may_be_used(fields: dict[str, Any], amount: int | None, code: str | None) -> None:
    why = burn_refusal(voucher(**fields), amount)
    assert (why and why.code) == code


@pytest.mark.parametrize(
    ("fields", "amount", "used", "left", "expected"),
    [
        ({}, 400, 400, 600, "issued"),
        ({"used": 400}, 600, 1000, 0, "used"),
        ({"used": 400}, None, 1000, 0, "used"),
        ({"value": None}, None, 0, None, "used"),
    ],
)
def test_what_is_left_after_a_use(
    fields: dict[str, Any], amount: int | None, used: int, left: int | None, expected: State
) -> None:
    after = burnt(voucher(**fields), NOW, amount)
    assert (after.used, after.left, after.state) == (used, left, expected)
    assert after.used_at == (NOW if expected == "used" else None)


@pytest.mark.parametrize(
    ("vouchers", "code"),
    [
        ([], None),
        ([{}, {"state": "returned"}], None),
        ([{}, {"used": 1}], "VOUCHER_USED"),
        ([{}, {"state": "used"}], "VOUCHER_USED"),
        ([{}, {"state": "expired"}], "VOUCHER_EXPIRED"),
        ([{"state": "expired"}, {"state": "used"}], "VOUCHER_USED"),
    ],
)
def test_what_may_be_given_back(vouchers: list[dict[str, Any]], code: str | None) -> None:
    assert return_refusal([voucher(**fields) for fields in vouchers]) == code


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("A", None),
        ("ab 12-ÄÖ", None),
        ("x" * 200, None),
        ("x" * 201, "CODE_TOO_LONG"),
        ("", "CODE_EMPTY"),
        ("a\tb", "CODE_UNPRINTABLE"),
        ("a\x00b", "CODE_UNPRINTABLE"),
        ("a\N{ZERO WIDTH SPACE}b", "CODE_UNPRINTABLE"),
        ("\ud800", "CODE_UNPRINTABLE"),
    ],
)
def test_what_can_be_a_code_of_a_pool(code: str, fault: str | None) -> None:
    why = code_fault(code)
    assert (why and why.code) == fault


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("spring-26", None),
        ("Spring", "INVALID_POOL"),
        ("", "INVALID_POOL"),
        ("a b", "INVALID_POOL"),
    ],
)
def test_what_can_be_a_pools_name(name: str, fault: str | None) -> None:
    why = pool_fault(name)
    assert (why and why.code) == fault
