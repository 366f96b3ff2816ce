"""What a refund asks for, and how it falls on the lines of its purchase."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.earning.rules import Purchase
from domain.earning.rules_refund import spread
from kit.errors import InvalidInputError
from kit.texts import TEXT_LENGTH_MAX, usable

AHEAD_MAX = timedelta(hours=24)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back on a purchase, in the currency's smallest unit.

    ``lines`` pairs a line's position (from 0) with what was given back on it. Without lines,
    ``amount`` is divided over what is left of each; without both, all that is left is refunded.
    """

    external_id: str
    purchase: str
    occurred_at: datetime
    amount: int | None = None
    lines: tuple[tuple[int, int], ...] = ()


def check_refund(refund: Refund, now: datetime) -> None:
    """Raise InvalidInputError for what no refund can look like."""
    for field, value in (("external_id", refund.external_id), ("purchase", refund.purchase)):
        if not usable(value):
            message = f"must be 1 to {TEXT_LENGTH_MAX} printable characters"
            raise InvalidInputError(message, path=(field,))
    at = refund.occurred_at
    if at.tzinfo is None or not EARLIEST <= at <= now + AHEAD_MAX:
        message = "must be an instant with a time zone, from 1970 to 24 hours ahead"
        raise InvalidInputError(message, code="INVALID_DATE", path=("occurred_at",))


def line_amounts(
    refund: Refund, purchase: Purchase, refunded: Sequence[int], *, free: bool
) -> tuple[int, ...]:
    """Return what is given back on each line, ``refunded`` being what was before.

    ``free`` says that a basket without a price still has points to take back. Raises
    InvalidInputError for more than is left, and for nothing.
    """
    left = [line.amount - back for line, back in zip(purchase.lines, refunded, strict=True)]
    if not refund.lines:
        parts = spread(sum(left) if refund.amount is None else refund.amount, left)
        # A free basket may have earned by its price before discount: its return has no amount.
        if not sum(parts) and not (free and refund.amount is None):
            message = "nothing is left to refund, or the amount is zero"
            raise InvalidInputError(message, code="REFUND_EXCEEDS_PURCHASE", path=("amount",))
        return parts
    amounts = [0] * len(left)
    for position, amount in refund.lines:
        if not 0 <= position < len(left):
            message = f"the purchase has {len(left)} lines, counted from 0; there is no {position}"
            raise InvalidInputError(message, code="REFUND_LINES_MISMATCH", path=("lines",))
        amounts[position] += amount
    wrong = any(not 0 <= amount <= rest for amount, rest in zip(amounts, left, strict=True))
    if wrong or not sum(amounts) or refund.amount not in (None, sum(amounts)):
        message = "a line gives back more than is left of it, or the lines don't sum to the amount"
        raise InvalidInputError(message, code="REFUND_EXCEEDS_PURCHASE", path=("lines",))
    return tuple(amounts)
