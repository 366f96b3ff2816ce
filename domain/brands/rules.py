"""What a brand is, as a value, and how its days begin."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

KeyRole = Literal["server", "staff"]


@dataclass(frozen=True)
class Brand:
    """One brand. ``time_zone`` is an IANA name, ``currency`` an ISO 4217 code.

    ``currency_exponent`` is the number of decimals of the currency (USD 2, JPY 0).
    """

    id: int
    code: str
    name: str
    time_zone: str
    currency: str
    currency_exponent: int

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which this brand's days begin."""
        return ZoneInfo(self.time_zone)

    def local(self, instant: datetime) -> datetime:
        """Return ``instant`` on this brand's wall clock."""
        return instant.astimezone(self.zone)

    def day(self, instant: datetime) -> date:
        """Return the brand's day in which ``instant`` falls."""
        return instant.astimezone(self.zone).date()
