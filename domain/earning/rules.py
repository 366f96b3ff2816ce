"""Purchases and what they earn: values in, values out."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a basket. Amounts are in the smallest unit of the purchase's currency.

    ``amount`` is what the member paid for the line, ``discount`` what was taken off before;
    the price before discount is their sum.
    """

    amount: int
    discount: int = 0
    quantity: int = 1
    sku: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A basket a member paid for, as the brand reports it."""

    external_id: str
    member: str
    occurred_at: datetime
    currency: str
    lines: tuple[Line, ...] = field(default=())
    channel: str = ""
    store: str = ""

    @property
    def amount(self) -> int:
        """What the member paid, in the currency's smallest unit."""
        return sum(line.amount for line in self.lines)
