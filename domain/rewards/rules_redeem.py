"""What becomes of a batch of redemptions, decided one after another on the same ground.

A wish that is granted takes its points, its units and its room in the limits from the ground, so
that the next one sees what is left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.rewards.rules_catalogue import NO_CODES, MemberFacts, Offer, Why, counted, refusal
from domain.wallets.rules import Lot, consume, without

Granted = Literal["waiting", "held", "fulfilled"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a member asks for. ``payers`` are the accounts that pay together.

    ``asked``: False if nobody asks and the programme gives it, so that nobody has to approve.
    """

    id: UUID
    offer: Offer
    member_id: UUID
    household_id: UUID | None
    payers: tuple[int, ...]
    quantity: int
    asked: bool = True

    @property
    def points(self) -> int:
        """What all of it costs."""
        return self.offer.points * self.quantity

    @property
    def leads_to(self) -> Granted:
        """The state it is in once it is granted."""
        if self.asked and self.offer.needs_approval(self.points):
            return "waiting"
        return "fulfilled" if self.offer.reward.fulfil == "at_once" else "held"


@dataclass(frozen=True, slots=True)
class Grant:
    """A wish that is granted: ``parts`` are the points that each account pays of it."""

    wish: Wish
    state: Granted
    parts: Mapping[int, int]


@dataclass(slots=True)
class Ground:
    """What a batch is decided on.

    ``lots`` are what accounts have, ``facts`` what is known of members, ``left`` how many there
    are of the rewards that have a stock, ``codes`` how many codes are free in pools.
    """

    now: datetime
    lots: dict[int, list[Lot]]
    facts: Mapping[UUID, MemberFacts]
    left: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)


def why_not(ground: Ground, wish: Wish) -> Why | None:
    """Return why a wish can't be granted on this ground, None if it can.

    Codes of a pool matter to what is done at once, and last; else to who fulfils it.
    """
    now, offer, quantity = ground.now, wish.offer, wish.quantity
    mine = (lot for account in wish.payers for lot in ground.lots.get(account, ()))
    spendable = sum(lot.remaining for lot in mine if lot.spendable(now))
    facts, left = ground.facts[wish.member_id], ground.left.get(offer.code)
    why = refusal(offer, facts, quantity, spendable, left, now)
    pool = offer.reward.codes
    if why is None and wish.leads_to == "fulfilled" and pool in ground.codes:
        why = NO_CODES if ground.codes[pool] < quantity else None
    return why


def decide(ground: Ground, wish: Wish) -> Grant | Why:
    """Grant a wish and take what it needs from the ground, or return why it can't be granted."""
    why = why_not(ground, wish)
    if why is not None:
        return why
    offer, state = wish.offer, wish.leads_to
    if offer.code in ground.left:
        ground.left[offer.code] -= wish.quantity
    pool = offer.reward.codes
    if state == "fulfilled" and pool in ground.codes:
        ground.codes[pool] -= wish.quantity
    used = ground.facts[wish.member_id].used
    for limit in offer.limits:
        used[limit] = used.get(limit, 0) + counted(limit, offer, wish.quantity)
    return Grant(wish, state, _pay(ground, wish))


def _pay(ground: Ground, wish: Wish) -> dict[int, int]:
    """Take the points from what ends first among all that the payers have."""
    lots = [lot for account in wish.payers for lot in ground.lots.get(account, ())]
    takes = consume(lots, wish.points, ground.now) or []
    owner = {lot.id: lot.account_id for lot in lots}
    parts: dict[int, int] = {}
    for take in takes:
        account = owner[take.lot_id]
        parts[account] = parts.get(account, 0) + take.amount
    for account in parts:
        ground.lots[account] = without(ground.lots[account], takes)
    return parts
