"""What one refund takes of each award of its purchase, and what it takes off counts and turns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.rules import CapKey, Purchase
from domain.earning.rules_decide import HITS, rules_of
from domain.earning.rules_refund import due, kept_lines, turns
from domain.programmes.rules import Programme
from domain.tallies.rules import PURCHASE, Count


@dataclass(slots=True)
class Awarded:
    """Points of one award and how many refunds had to take back so far; a batch counts on in it."""

    rule: str
    part: int
    points: int
    qualifies: bool
    journal_id: int
    due: int


@dataclass(slots=True)
class Refundable:
    """A recorded purchase and what refunds took off it so far; ``refunded`` is money per line."""

    id: UUID
    purchase: Purchase
    member_id: UUID
    version_id: int
    context: Mapping[str, Any]
    awards: list[Awarded]
    refunded: tuple[int, ...]


class Taken(NamedTuple):
    """What a refund does: each award with what is due of it now, off the count, off the turns."""

    takes: list[tuple[Awarded, int]]
    change: Count
    turns: Mapping[CapKey, int]


def has_points_left(purchase: Refundable) -> bool:
    """Whether anything that a free basket earned can still be taken back."""
    left = any(each.due < each.points for each in purchase.awards)
    return not purchase.purchase.amount and left


def take_refund(
    brand: Brand, programme: Programme, purchase: Refundable, amounts: Sequence[int]
) -> Taken:
    """Return what giving back ``amounts``, one per line, takes; ``purchase`` counts on.

    ``programme`` is the version that judged it.
    """
    was_whole = _is_whole(purchase)
    had = _turns(brand, programme, purchase)
    # A later refund of the same list sees this one.
    purchase.refunded = tuple(map(sum, zip(purchase.refunded, amounts, strict=True)))
    takes = _takes(brand, programme, purchase)
    has = _turns(brand, programme, purchase)
    gone = -1 if _is_whole(purchase) and not was_whole else 0
    change = Count(
        purchase.member_id,
        PURCHASE,
        brand.day(purchase.purchase.occurred_at),
        -sum(amounts),
        -sum(points for award, points in takes if award.qualifies),
        gone,
    )
    lost = {key: has.get(key, 0) - turn for key, turn in had.items() if has.get(key, 0) != turn}
    return Taken(takes, change, lost)


def _is_whole(purchase: Refundable) -> bool:
    """Whether all that was paid is paid back; a free basket is gone once its points are."""
    paid = purchase.purchase.amount
    if paid:
        return sum(purchase.refunded) == paid
    return bool(purchase.awards) and all(each.due == each.points for each in purchase.awards)


def _turns(brand: Brand, programme: Programme, purchase: Refundable) -> dict[CapKey, int]:
    if _is_whole(purchase):
        return {}
    lines = purchase.purchase.lines
    return turns(
        rules_of(programme, brand.currency_exponent),
        purchase.purchase,
        brand.local(purchase.purchase.occurred_at),
        purchase.context,
        purchase.context.get(HITS, ()),
        kept=kept_lines(lines, purchase.refunded) if any(purchase.refunded) else lines,
    )


def _takes(brand: Brand, programme: Programme, purchase: Refundable) -> list[tuple[Awarded, int]]:
    awarded: dict[str, int] = {}
    before: dict[str, int] = {}
    for each in purchase.awards:
        awarded[each.rule] = awarded.get(each.rule, 0) + each.points
        before[each.rule] = before.get(each.rule, 0) + each.due
    in_all = due(
        rules_of(programme, brand.currency_exponent),
        purchase.purchase,
        brand.local(purchase.purchase.occurred_at),
        purchase.context,
        purchase.context.get(HITS, ()),
        awarded=awarded,
        refunded=purchase.refunded,
    )
    takes = []
    # What a cap carried on goes first: the member has not had it yet.
    for award in reversed(purchase.awards):
        wanted = max(0, in_all[award.rule] - before[award.rule])
        points = min(wanted, award.points - award.due)
        if points:
            before[award.rule] += points
            takes.append((award, points))
            award.due += points
    return takes
