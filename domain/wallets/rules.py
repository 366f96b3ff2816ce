"""Which lots a movement touches: values in, values out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from domain.brands.rules import Brand
from domain.wallets.section import NegativeBalance
from kit.calendar import datable

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of one accrual. ``expires_at`` None: it never expires."""

    id: int
    account_id: int
    journal_id: int
    remaining: int
    earned_at: datetime
    available_at: datetime
    expires_at: datetime | None

    def expired(self, now: datetime) -> bool:
        """Whether it is gone at ``now``, booked or not. The instant itself is too late."""
        return self.expires_at is not None and self.expires_at <= now

    def spendable(self, now: datetime) -> bool:
        """Whether it can be spent at ``now``."""
        return self.available_at <= now and not self.expired(now)


@dataclass(frozen=True, slots=True)
class Claim:
    """What refunds forgave at ``at`` because it was gone by then, up to the transfer ``upto``.

    ``gave``: the member had given points away by then.
    """

    id: int
    upto: int
    at: datetime
    points: int
    gave: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """An amount taken out of a lot."""

    lot_id: int
    amount: int


def consume(lots: Sequence[Lot], amount: int, now: datetime) -> list[Take] | None:
    """Return what to take for a spend of ``amount``: from what expires first.

    None if less than that is spendable at ``now``; pending and expired lots don't count.
    """
    takes = _take((lot for lot in _in_order(lots) if lot.spendable(now)), amount)
    return takes if total(takes) == amount else None


def claw_back(lots: Sequence[Lot], amount: int, source: int, now: datetime) -> list[Take]:
    """Return what to take back of an accrual by journal ``source``, at most ``amount``.

    Its own lot first, pending or not. What the member has spent of it comes from other
    spendable lots, then from pending ones; expired lots are gone.
    """
    return _take(sorted(alive(lots, now), key=lambda lot: lot.journal_id != source), amount)


def alive(lots: Sequence[Lot], now: datetime) -> list[Lot]:
    """Return those of ``lots`` that have not ended in the order in which points are taken back.

    Spendable ones before pending ones, and among each what ends first.
    """
    there = [lot for lot in _in_order(lots) if not lot.expired(now)]
    return sorted(there, key=lambda lot: not lot.spendable(now))


def debt_room(policy: NegativeBalance, scale: int, debt: int, wanted: int) -> int:
    """Return how much of ``wanted`` may become a debt of a member who owes ``debt`` already.

    All are in the asset's smallest unit, of which a point has 10 to the ``scale``.
    """
    if policy == "refuse":
        return 0
    if policy == "collect":
        return wanted
    return max(0, min(wanted, int(policy.limit.scaleb(scale)) - debt))


def total(takes: Iterable[Take]) -> int:
    """Return how much ``takes`` are together."""
    return sum(take.amount for take in takes)


def without(lots: Sequence[Lot], takes: Iterable[Take]) -> list[Lot]:
    """Return ``lots`` as they are once ``takes`` are gone."""
    gone = {take.lot_id: take.amount for take in takes}
    return [replace(lot, remaining=lot.remaining - gone.get(lot.id, 0)) for lot in lots]


def deadline(instant: datetime, now: datetime) -> bool:
    """Whether ``instant``, which somebody chose, is to come and can be stored."""
    return datable(instant) and instant > now


def in_utc(instant: datetime) -> datetime:
    """Return an instant as UTC tells it, so that what is asked again on another clock is equal."""
    return instant.astimezone(UTC) if datable(instant) else instant


def open_day(brand: Brand, instant: datetime, closed: date | None, now: datetime) -> date:
    """Return the brand's day of ``instant``, or today if the books of that day are closed."""
    day = brand.day(instant)
    return brand.day(now) if closed is not None and day <= closed else day


def keep(uses: Sequence[tuple[Lot, int]], amount: int) -> list[tuple[int, int, int]]:
    """Divide what a hold reserved into spent and given back when ``amount`` of it is posted.

    ``uses`` pairs each lot with what was reserved of it. Returns (lot id, spent, given back).
    """
    parts = []
    left = amount
    for lot, reserved in sorted(uses, key=lambda use: by_end(use[0])):
        spent = min(reserved, left)
        left -= spent
        parts.append((lot.id, spent, reserved - spent))
    return parts


def put_back(uses: Sequence[tuple[Lot, int]], amount: int) -> list[tuple[Lot, int]]:
    """Return what comes back into which lots when ``amount`` of a spending is undone.

    ``uses`` pairs each lot with what is spent of it. What ends last comes back first, so that
    the rest is what a smaller spending would have taken.
    """
    parts = []
    for lot, spent in sorted(uses, key=lambda use: by_end(use[0]), reverse=True):
        part = min(spent, amount)
        if part > 0:
            parts.append((lot, part))
            amount -= part
    return parts


def collect_claims(
    parts: Sequence[tuple[Lot, int]], claims: Sequence[Claim], spent_by: int | None
) -> tuple[list[Take], dict[int, int]]:
    """Return what is taken for ``claims`` out of what comes back, and how much for which claim.

    The transfer ``spent_by`` had spent it, None: it is a gift, which may be the member's own that
    comes back. A claim takes what had not ended when it was forgiven, as the refund would have,
    from what ends first; what was spent after it is none of its business, nor are gifts to who
    had given nothing away.
    """
    left = {lot.id: amount for lot, amount in parts}
    lots = sorted((lot for lot, _ in parts), key=by_end)
    taken: dict[int, int] = {}
    for claim in claims:
        concerned = claim.gave if spent_by is None else claim.upto >= spent_by
        for lot in lots if concerned else ():
            part = min(left[lot.id], claim.points - taken.get(claim.id, 0))
            if part > 0 and not lot.expired(claim.at):
                left[lot.id] -= part
                taken[claim.id] = taken.get(claim.id, 0) + part
    takes = [Take(lot.id, amount - left[lot.id]) for lot, amount in parts if left[lot.id] < amount]
    return takes, taken


def by_end(lot: Lot) -> tuple[datetime, datetime, int]:
    """Return what sorts lots in the order in which they are spent."""
    return (lot.expires_at or _NEVER, lot.earned_at, lot.id)


def _in_order(lots: Iterable[Lot]) -> list[Lot]:
    return sorted(lots, key=by_end)


def _take(lots: Iterable[Lot], amount: int) -> list[Take]:
    takes = []
    for lot in lots:
        part = min(lot.remaining, amount)
        if part > 0:
            takes.append(Take(lot.id, part))
            amount -= part
    return takes
