"""Brands' codes, time zones and currencies."""

import pytest
from pydantic import ValidationError

from domain.brands.section import BrandSection
from kit.currencies import EXPONENTS


def brand(code: str = "shop", time_zone: str = "UTC", currency: str = "USD") -> BrandSection:
    return BrandSection(code=code, name="Shop", time_zone=time_zone, currency=currency)


@pytest.mark.parametrize(
    ("currency", "exponent"), [("USD", 2), ("JPY", 0), ("VND", 0), ("KWD", 3), ("HKD", 2)]
)
def test_a_currency_has_its_decimals(currency: str, exponent: int) -> None:
    assert brand(currency=currency).currency_exponent == exponent


def test_every_currency_is_listed_once() -> None:
    # ISO 4217 list one, money only: 17 codes that also several countries share, 153 in all.
    assert len(EXPONENTS) == 16 + 132 + 7
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)


@pytest.mark.parametrize("code", ["a", "0", "a-b", "x" * 63])
def test_a_code_of_small_letters_digits_and_hyphens(code: str) -> None:
    assert brand(code=code).code == code


@pytest.mark.parametrize("code", ["", "A", "-a", "a_b", "a b", "x" * 64, "\u00e4", "a\n", "\u00b2"])
def test_another_code_is_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        brand(code=code)


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../../etc/passwd", "localtime", "UTC+1"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError):
        brand(time_zone=zone)
