"""What counted at an instant of what was given back later."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple

from domain.earning.rules_refund_decide import Refundable
from domain.tallies.rules import PURCHASE, Count, Tallies, add


class Returned(NamedTuple):
    """One refund: when, how much money, and which points it had to take, qualifying ones apart."""

    occurred_at: datetime
    amount: int
    due: int
    qualifying: int


class Returns(NamedTuple):
    """All refunds of one purchase, which counts on ``day``."""

    bought: Refundable
    day: date
    parts: list[Returned]

    def came_later(self, at: datetime) -> bool:
        """Whether the purchase stood at an instant, and some of it was given back after it."""
        if self.bought.purchase.occurred_at > at:
            return False
        return any(each.occurred_at > at for each in self.parts)


def as_of(tallies: Tallies, returns: Collection[Returns], at: datetime) -> Tallies:
    """Return what counts without the refunds that came after an instant."""
    found = {key: [*sums] for key, sums in tallies.items()}
    for each in returns:
        bought = each.bought
        seen = [part for part in each.parts if part.occurred_at <= at]
        given = sum(award.points for award in bought.awards)
        paid = bought.purchase.amount
        change = Count(
            bought.member_id,
            PURCHASE,
            each.day,
            sum(part.amount for part in each.parts) - sum(part.amount for part in seen),
            sum(part.qualifying for part in each.parts) - sum(part.qualifying for part in seen),
            _is_whole(paid, given, each.parts) - _is_whole(paid, given, seen),
        )
        add(found, change)
    return found


def _is_whole(paid: int, given: int, returned: Sequence[Returned]) -> bool:
    if paid:
        return sum(each.amount for each in returned) == paid
    return given > 0 and sum(each.due for each in returned) == given
