"""Which lots a movement touches: exact values."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.brands.rules import Brand
from domain.wallets.rules import (
    Lot,
    Take,
    alive,
    claw_back,
    consume,
    debt_room,
    keep,
    open_day,
    total,
    without,
)
from domain.wallets.section import NegativeBalance, NegativeLimit

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NOON_TOMORROW = NOW + DAY
LOT = Lot(
    id=1,
    account_id=1,
    journal_id=101,
    remaining=10,
    earned_at=NOW - 9 * DAY,
    available_at=NOW - 9 * DAY,
    expires_at=None,
)


def lot(id_: int, remaining: int = 10, *, expires: int | None = None, **others: object) -> Lot:
    """Return a lot that expires in so many days."""
    at = None if expires is None else NOW + expires * DAY
    changed = {"id": id_, "journal_id": 100 + id_, "remaining": remaining, "expires_at": at}
    return replace(LOT, **(changed | others))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("offset", "expired"),
    [(timedelta(microseconds=1), False), (timedelta(0), True), (-timedelta(microseconds=1), True)],
)
def test_lot_is_gone_at_the_very_instant(offset: timedelta, *, expired: bool) -> None:
    each = replace(LOT, expires_at=NOW + offset)
    assert each.expired(NOW) == expired
    assert each.spendable(NOW) == (not expired)


@pytest.mark.parametrize(
    ("offset", "spendable"), [(timedelta(0), True), (timedelta(microseconds=1), False)]
)
def test_lot_is_spendable_from_the_very_instant(offset: timedelta, *, spendable: bool) -> None:
    assert replace(LOT, available_at=NOW + offset).spendable(NOW) == spendable


def test_spend_takes_what_expires_first_and_never_last() -> None:
    lots = [lot(1), lot(2, 5, expires=9), lot(3, 5, expires=2)]
    assert consume(lots, 12, NOW) == [Take(3, 5), Take(2, 5), Take(1, 2)]


def test_equal_expiry_takes_the_earlier_earned_then_the_lower_id() -> None:
    later = lot(1, expires=5, earned_at=NOW - DAY)
    lots = [later, lot(3, expires=5), lot(2, expires=5)]
    assert consume(lots, 21, NOW) == [Take(2, 10), Take(3, 10), Take(1, 1)]


def test_spend_ignores_pending_and_expired_lots() -> None:
    lots = [lot(1, 3, available_at=NOW + DAY), lot(2, 4, expires=0), lot(3, 5)]
    assert consume(lots, 5, NOW) == [Take(3, 5)]
    assert consume(lots, 6, NOW) is None


def test_spend_of_exactly_all_and_of_one_more() -> None:
    assert consume([lot(1, 3), lot(2, 4)], 7, NOW) == [Take(1, 3), Take(2, 4)]
    assert consume([lot(1, 3), lot(2, 4)], 8, NOW) is None
    assert consume([], 1, NOW) is None


def test_claw_back_takes_its_own_lot_first_even_pending() -> None:
    soon = lot(1, expires=1)
    for own in (lot(2, 4), lot(2, 4, available_at=NOW + DAY)):
        assert claw_back([soon, own], 3, 102, NOW) == [Take(2, 3)]
        assert claw_back([soon, own], 6, 102, NOW) == [Take(2, 4), Take(1, 2)]


def test_claw_back_then_takes_spendable_lots_then_pending_never_expired() -> None:
    lots = [
        lot(1, 2, expires=3, available_at=NOW + DAY),
        lot(2, 2, expires=9),
        lot(3, 2, expires=5),
        lot(4, 2, expires=-1),
    ]
    assert claw_back(lots, 5, 999, NOW) == [Take(3, 2), Take(2, 2), Take(1, 1)]


def test_claw_back_leaves_its_own_lot_once_expired() -> None:
    assert claw_back([lot(1, 9), lot(2, 4, expires=0)], 6, 102, NOW) == [Take(1, 6)]


def test_claw_back_stops_at_zero() -> None:
    assert claw_back([lot(1, 2), lot(2, 1)], 50, 101, NOW) == [Take(1, 2), Take(2, 1)]
    assert claw_back([], 50, 101, NOW) == []


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (0, [(2, 0, 4), (1, 0, 3)]),
        (1, [(2, 1, 3), (1, 0, 3)]),
        (4, [(2, 4, 0), (1, 0, 3)]),
        (6, [(2, 4, 0), (1, 2, 1)]),
        (7, [(2, 4, 0), (1, 3, 0)]),
    ],
)
def test_what_is_kept_of_a_hold_is_what_expires_first(
    amount: int, expected: list[tuple[int, int, int]]
) -> None:
    uses = [(lot(1, 0, expires=9), 3), (lot(2, 0, expires=1), 4)]
    assert keep(uses, amount) == expected


def test_alive_is_spendable_first_and_of_each_what_ends_first() -> None:
    lots = [
        lot(1, expires=3, available_at=NOON_TOMORROW),
        lot(2),
        lot(3, expires=9),
        lot(4, expires=0),
        lot(5, expires=2, available_at=NOON_TOMORROW),
    ]
    assert [each.id for each in alive(lots, NOW)] == [3, 2, 5, 1]


LIMIT = NegativeLimit.model_validate({"limit": "2.5"})


@pytest.mark.parametrize(
    ("policy", "debt", "wanted", "room"),
    [
        ("refuse", 0, 9, 0),
        ("collect", 10**9, 9, 9),
        # 2.5 points are 25 tenths.
        (LIMIT, 0, 25, 25),
        (LIMIT, 0, 26, 25),
        (LIMIT, 20, 9, 5),
        (LIMIT, 25, 9, 0),
        (LIMIT, 99, 9, 0),
    ],
)
def test_how_much_may_be_owed(policy: NegativeBalance, debt: int, wanted: int, room: int) -> None:
    assert debt_room(policy, 1, debt, wanted) == room


def test_lots_without_what_was_taken_of_them() -> None:
    takes = [Take(2, 3), Take(3, 10)]
    left = without([lot(1), lot(2), lot(3)], takes)
    assert [each.remaining for each in left] == [10, 7, 0]
    assert total(takes) == 13


def test_a_movement_of_a_closed_day_is_booked_today() -> None:
    brand = Brand(1, "b", "B", "America/New_York", "USD", 2)
    yesterday = datetime(2026, 3, 2, 4, 59, tzinfo=UTC)
    assert open_day(brand, yesterday, None, NOW) == date(2026, 3, 1)
    assert open_day(brand, yesterday, date(2026, 2, 28), NOW) == date(2026, 3, 1)
    assert open_day(brand, yesterday, date(2026, 3, 1), NOW) == date(2026, 3, 2)
