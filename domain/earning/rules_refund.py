"""What a refund takes back: a function of what is kept, so that no order of parts leaks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.earning.rules import EarningRule, Line, Purchase, compute
from kit.errors import InvalidInputError


def spread(amount: int, remaining: Sequence[int]) -> tuple[int, ...]:
    """Divide a refund given as one amount over lines by what remains of each.

    The parts sum to ``amount`` and none exceeds its line; what flooring leaves over goes one
    unit each to the largest remainders, earlier lines first. Raises `InvalidInputError`.
    """
    total = sum(remaining)
    if not 0 <= amount <= total:
        raise _excess()
    if not total:
        return (0,) * len(remaining)
    shares = [divmod(amount * each, total) for each in remaining]
    parts = [whole for whole, _ in shares]
    by_rest = sorted(range(len(shares)), key=lambda index: -shares[index][1])
    for index in by_rest[: amount - sum(parts)]:
        parts[index] += 1
    return tuple(parts)


def kept_lines(lines: Sequence[Line], refunded: Sequence[int]) -> tuple[Line, ...]:
    """Return what remains of ``lines`` once ``refunded``, in all, was paid back on each.

    A line's discount shrinks with it. Where nothing paid remains, free lines are returned too.
    Raises `InvalidInputError` if more is refunded than was paid.
    """
    if len(refunded) != len(lines):
        raise InvalidInputError(
            f"the refund names {len(refunded)} lines, the purchase has {len(lines)}",
            code="REFUND_LINES_MISMATCH",
            path=("lines",),
        )
    paid = zip(lines, refunded, strict=True)
    if any(not 0 <= back <= line.amount for line, back in paid):
        raise _excess()
    if sum(refunded) == sum(line.amount for line in lines):
        return ()
    return tuple(_shrunk(line, back) for line, back in zip(lines, refunded, strict=True))


def reversal(
    rule: EarningRule,
    purchase: Purchase,
    local: datetime,
    *,
    awarded: int,
    already_reversed: int,
    refunded: Sequence[int],
) -> int:
    """Return the points to take back now, in the asset's smallest unit; never negative.

    ``refunded`` is all that was paid back per line so far, this refund included. The member
    keeps what the kept lines alone would have earned, by the same rule and at the same time
    (``local``) as the purchase, but no more than was ``awarded``. So refunds in any parts and
    any order take back the same, and a whole refund exactly what was awarded.
    """
    kept = kept_lines(purchase.lines, refunded)
    earned = compute(rule, kept, purchase.channel, local)[1] if kept else 0
    return max(0, awarded - earned - already_reversed)


def _shrunk(line: Line, back: int) -> Line:
    if not back:
        return line
    kept = line.amount - back
    return replace(line, amount=kept, discount=line.discount * kept // line.amount)


def _excess() -> InvalidInputError:
    return InvalidInputError(
        "the refund is negative or more than what is left of the purchase",
        code="REFUND_EXCEEDS_PURCHASE",
        path=("amount",),
    )
