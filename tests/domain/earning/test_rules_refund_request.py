"""What a refund asks for: checked, and laid on the lines of its purchase."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.earning.rules_refund_request import Refund, check_refund, line_amounts
from kit.errors import InvalidInputError
from tests.support.earning import basket

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
GOOD = Refund("r1", "e1", NOW)
PURCHASE = basket(1_000, 500, 0)


def asked(refunded: tuple[int, ...] = (0, 0, 0), *, free: bool = False, **of: Any) -> Any:
    return line_amounts(replace(GOOD, **of), PURCHASE, refunded, free=free)


def test_a_good_refund_passes() -> None:
    check_refund(GOOD, NOW)
    check_refund(replace(GOOD, occurred_at=NOW + timedelta(hours=24)), NOW)
    check_refund(replace(GOOD, occurred_at=datetime(1970, 1, 1, tzinfo=UTC)), NOW)


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"external_id": ""}, "INVALID_INPUT", "external_id"),
        ({"external_id": "x" * 201}, "INVALID_INPUT", "external_id"),
        ({"purchase": "a\x00"}, "INVALID_INPUT", "purchase"),
        ({"occurred_at": NOW.replace(tzinfo=None)}, "INVALID_DATE", "occurred_at"),
        ({"occurred_at": NOW + timedelta(hours=24, seconds=1)}, "INVALID_DATE", "occurred_at"),
        (
            {"occurred_at": datetime(1969, 12, 31, tzinfo=UTC)},
            "INVALID_DATE",
            "occurred_at",
        ),
    ],
)
def test_a_bad_refund_is_refused(changes: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_refund(replace(GOOD, **changes), NOW)
    assert (refused.value.code, refused.value.path) == (code, (path,))


def test_without_lines_and_amount_all_that_is_left_is_refunded() -> None:
    assert asked() == (1_000, 500, 0)
    assert asked((400, 500, 0)) == (600, 0, 0)


def test_an_amount_is_divided_over_what_is_left() -> None:
    assert asked(amount=750) == (500, 250, 0)
    assert asked((1_000, 100, 0), amount=300) == (0, 300, 0)


def test_lines_are_refunded_as_told() -> None:
    assert asked(lines=((1, 200),)) == (0, 200, 0)
    assert asked(lines=((1, 200), (0, 5), (1, 300)), amount=505) == (5, 500, 0)
    assert asked((0, 200, 0), lines=((1, 300),)) == (0, 300, 0)


@pytest.mark.parametrize(
    ("refunded", "of", "code", "path"),
    [
        ((0, 0, 0), {"amount": 0}, "REFUND_EXCEEDS_PURCHASE", "amount"),
        ((0, 0, 0), {"amount": -1}, "REFUND_EXCEEDS_PURCHASE", "amount"),
        ((0, 0, 0), {"amount": 1_501}, "REFUND_EXCEEDS_PURCHASE", "amount"),
        ((1_000, 500, 0), {}, "REFUND_EXCEEDS_PURCHASE", "amount"),
        ((0, 0, 0), {"lines": ((3, 1),)}, "REFUND_LINES_MISMATCH", "lines"),
        ((0, 0, 0), {"lines": ((-1, 1),)}, "REFUND_LINES_MISMATCH", "lines"),
        ((0, 0, 0), {"lines": ((1, 501),)}, "REFUND_EXCEEDS_PURCHASE", "lines"),
        ((0, 1, 0), {"lines": ((1, 500),)}, "REFUND_EXCEEDS_PURCHASE", "lines"),
        ((0, 0, 0), {"lines": ((1, -1), (0, 5))}, "REFUND_EXCEEDS_PURCHASE", "lines"),
        ((0, 0, 0), {"lines": ((1, 300), (1, 300))}, "REFUND_EXCEEDS_PURCHASE", "lines"),
        ((0, 0, 0), {"lines": ((0, 0),)}, "REFUND_EXCEEDS_PURCHASE", "lines"),
        ((0, 0, 0), {"lines": ((0, 5),), "amount": 6}, "REFUND_EXCEEDS_PURCHASE", "lines"),
    ],
)
def test_more_than_is_left_and_nothing_are_refused(
    refunded: tuple[int, ...], of: dict[str, Any], code: str, path: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        asked(refunded, **of)
    assert (refused.value.code, refused.value.path) == (code, (path,))


def test_a_free_basket_is_returned_by_an_amount_of_nothing_once() -> None:
    gift = basket(0, 0)
    assert line_amounts(GOOD, gift, (0, 0), free=True) == (0, 0)
    for refund, free in ((GOOD, False), (replace(GOOD, amount=0), True)):
        with pytest.raises(InvalidInputError, match="nothing is left"):
            line_amounts(refund, gift, (0, 0), free=free)
