"""What a member did by the day, as values that a batch counts on while it decides."""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from uuid import UUID

PURCHASE = "purchase"
"""The kind of purchases."""

REDEMPTION = "redemption"
"""The kind of points that were spent."""

AMOUNT, POINTS, COUNT = range(3)

Tallies: TypeAlias = dict[tuple[date, str], list[int]]
"""A member's amount, points and count by day and kind. Mutable: a batch counts on in it."""


@dataclass(frozen=True, slots=True)
class Count:
    """A change of what a member did of one kind on one day of the brand's clock.

    ``amount`` is in the currency's smallest unit, ``points`` are qualifying points in the
    asset's; all three are negative for what is taken off again.
    """

    member_id: UUID
    kind: str
    day: date
    amount: int
    points: int
    count: int


def add(tallies: Tallies, change: Count) -> None:
    """Count ``change`` in its member's ``tallies``."""
    key = change.day, change.kind
    tally = tallies.get(key)
    if tally is None:
        tallies[key] = [change.amount, change.points, change.count]
        return
    tally[AMOUNT] += change.amount
    tally[POINTS] += change.points
    tally[COUNT] += change.count
