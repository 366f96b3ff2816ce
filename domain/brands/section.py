"""The ``[brand]`` section of a programme file."""

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from kit.currencies import EXPONENTS
from kit.documents import Section, Text, fault

CODE_LENGTH_MAX = 63


def _code(value: str) -> str:
    plain = value.isascii() and value.replace("-", "").isalnum() and value == value.lower()
    if not plain or value.startswith("-") or len(value) > CODE_LENGTH_MAX:
        raise fault(f"is {value!r}; use 1 to 63 of a-z, 0-9 and -, not beginning with -")
    return value


@cache
def _zones() -> frozenset[str]:
    # These mean what the machine is set to, or nothing: another machine would disagree.
    return frozenset(available_timezones()) - {"localtime", "posixrules", "Factory"}


def _time_zone(value: str) -> str:
    if value not in _zones():
        raise fault(f"is {value!r}, which is no time zone; write one such as America/New_York")
    return value


def _currency(value: str) -> str:
    if value not in EXPONENTS:
        raise fault(f"is {value!r}, which is no currency; write an ISO 4217 code such as USD")
    return value


class BrandSection(Section):
    """Who the brand is. Its code, time zone and currency never change once applied."""

    code: Annotated[Text, AfterValidator(_code)] = Field(
        description="the brand's short name in addresses and files"
    )
    name: Text = Field(description="the brand's name as members read it")
    time_zone: Annotated[Text, AfterValidator(_time_zone)] = Field(
        description="where the brand's days begin"
    )
    currency: Annotated[Text, AfterValidator(_currency)] = Field(
        description="the currency of its purchases"
    )

    @property
    def currency_exponent(self) -> int:
        """The number of decimals of the currency's smallest unit: 2 for USD."""
        return EXPONENTS[self.currency]
