"""What a member redeems, and what is given without asking."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.earning.rules import Part
from domain.earning.rules_decide import rules_of
from domain.earning.rules_given import given
from domain.earning.section_parts import BASE
from domain.ledger.rules import Kind
from domain.rewards.rules_automatic import automatic_at, given_for
from domain.rewards.rules_catalogue import Offer
from domain.simulation.rules import CameBack, Did, Ended, Got, Happening, Reserved
from domain.simulation.rules_body import Body
from domain.simulation.rules_pocket import Parcel
from domain.simulation.rules_unasked import birthdays, moves_up
from domain.tallies.rules import REDEMPTION
from domain.wallets.section import available_at

AT_ONCE = frozenset({"points", "activity"})
"""Reasons for which something is given as soon as anything happens."""

_FOR_EVER = datetime.max.replace(tzinfo=UTC)
_UNASKED = -1
"""Under which points are reserved that are spent in the same instant."""


@dataclass(slots=True)
class _Asked:
    """What was asked for: how many points it takes here, what it costs, and what it gives."""

    points: int
    cost: int = 0
    offer: Offer | None = None
    quantity: int = 0
    done: bool = False


class Redeems:
    """One member's redemptions under one replay."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._replay = body.replay
        self._asked: dict[int, _Asked] = {}
        self._looked_at: datetime | None = None

    def meet(self, happening: Happening) -> None:
        """Take up what happened next."""
        _MEETS[type(happening)](self, happening)

    def reserved(self, happening: Reserved) -> None:
        """Reserve points if there are enough."""
        replay, now = self._replay, happening.at
        if happening.automatic and replay.reprices:
            return
        asked = _Asked(replay.points(happening.points))
        if happening.reward is not None:
            offer = replay.offer(happening.reward, now)
            if offer is None and replay.reprices:
                replay.failures.redemptions += 1
                replay.failures.gone_rewards += 1
                return
            if offer is not None:
                share = happening.quantity * happening.points
                asked.cost = offer.cost * share // happening.whole
                asked.offer = offer
                asked.quantity = happening.quantity if happening.is_own else 0
                if replay.reprices:
                    asked.points = offer.points * share // happening.whole
        if self._reserve(now, happening.hold_id, asked.points, happening.deadline):
            self._asked[happening.hold_id] = asked

    def ended(self, happening: Ended) -> None:
        """Spend what was reserved, or give it back."""
        asked = self._asked.get(happening.hold_id)
        if asked is None:
            return
        body, replay, now = self._body, self._replay, happening.at
        body.fresh()
        spent = asked.points
        if not replay.reprices or happening.amount < happening.held:
            spent = min(spent, replay.points(happening.amount))
        there = not asked.points or body.pocket.end(now, happening.hold_id, happening.kind, spent)
        if not there or happening.kind is not Kind.POST:
            del self._asked[happening.hold_id]
            return
        asked.done = True
        replay.ledger.redeem(now, asked.cost)
        self._redeemed(now)
        if asked.offer is not None and asked.quantity:
            self._gives(now, asked.offer, asked.quantity)

    def came_back(self, happening: CameBack) -> None:
        """Undo a spending, wholly or in part."""
        asked = self._asked.get(happening.hold_id)
        if asked is None or not asked.done:
            return
        body, replay, now = self._body, self._replay, happening.at
        spending = body.pocket.spendings.get(happening.hold_id)
        left = spending.points if spending else 0
        points = min(left, replay.points(happening.points))
        if replay.reprices and happening.points == happening.left:
            points = left
        if spending is not None:
            body.pocket.attach(spending)
            if points == left:
                body.count(REDEMPTION, body.brand.day(spending.at), 0, -1)
            body.changed(now)
            body.fresh()
            body.pocket.give_back(now, spending, points)
        if points == left:
            replay.ledger.redeem(now, -asked.cost, -1)
            del self._asked[happening.hold_id]

    def got(self, happening: Got) -> None:
        """Take rewards that cost nothing, or what this programme wants for them."""
        replay, now = self._replay, happening.at
        if happening.automatic and replay.reprices:
            return
        offer = replay.offer(happening.reward, now)
        if offer is None:
            replay.failures.redemptions += replay.reprices
            replay.failures.gone_rewards += replay.reprices
            return
        points = offer.points * happening.quantity if replay.reprices else 0
        if points and not self._spend(now, points):
            return
        replay.ledger.redeem(now, offer.cost * happening.quantity)
        self._gives(now, offer, happening.quantity)

    def _reserve(self, now: datetime, hold_id: int, points: int, deadline: datetime) -> bool:
        self._body.fresh()
        if not points or self._body.pocket.reserve(now, hold_id, points, deadline):
            return True
        self._replay.failures.redemptions += 1
        self._replay.failures.redeemed_points += points
        return False

    def _spend(self, now: datetime, points: int) -> bool:
        if not self._reserve(now, _UNASKED, points, _FOR_EVER):
            return False
        self._body.pocket.end(now, _UNASKED, Kind.POST, points)
        self._redeemed(now)
        return True

    def _redeemed(self, now: datetime) -> None:
        self._body.count(REDEMPTION, self._body.brand.day(now), 0, 1)
        self._body.changed(now)

    def _gives(self, now: datetime, offer: Offer, quantity: int) -> None:
        """Give the points that a reward of that kind gives, which never wait for a release."""
        if offer.reward.kind != "points":
            return
        body, timeline = self._body, self._replay.timeline
        programme = next(p for p in timeline.programmes if p.version_id == offer.version_id)
        rules = rules_of(programme, body.brand.currency_exponent)
        points = offer.gives * quantity
        dates = given(rules, BASE, Part(points, None), body.brand.zone, now, body.region)
        source = body.pocket.next_source()
        parcel = Parcel(
            source,
            points,
            now,
            available_at(rules.points.pending_days, body.brand.zone, now),
            dates.expires_at,
            version_id=offer.version_id,
        )
        body.book("issued", now, points)
        body.open(now, [parcel])
        body.changed(now)

    def give(self, happening: Happening) -> None:
        """Give what comes by itself now: for points that are there, and for an activity."""
        replay, now = self._replay, happening.at
        if isinstance(happening, Did):
            now = happening.event.occurred_at
            if "activity" in replay.gives:
                automatic = automatic_at(replay.timeline, now)
                for reward in given_for(automatic, "activity", activity=happening.event.kind):
                    replay.ledger.redeem(now, self._cost(reward, now))
        if "points" in replay.gives:
            self._buy(now)

    def _buy(self, until: datetime) -> None:
        """Let points buy by themselves what they can, up to an instant, as they are there."""
        since = self._looked_at or until
        waiting = {each.available_at for each in self._body.pocket.parcels if each.remaining}
        for now in sorted({until, *(each for each in waiting if since < each <= until)}):
            rewards = given_for(automatic_at(self._replay.timeline, now), "points")
            for reward in rewards:
                offer = self._replay.offer(reward, now)
                while offer is not None and self._has(now, offer.points):
                    self._spend(now, offer.points)
                    self._replay.ledger.redeem(now, offer.cost)
        self._looked_at = max(since, until)

    def _has(self, now: datetime, points: int) -> bool:
        self._body.fresh()
        return self._body.pocket.spendable(now) >= points

    def give_by_time(self, last: datetime) -> None:
        """Give what came by itself with moves up and birthdays, as history knows them now."""
        replay, body = self._replay, self._body
        zone = body.brand.zone
        assert body.joined_at is not None, "who gets something has joined"
        if "points" in replay.gives:
            self._buy(last)
        for code, runs in body.course().items() if replay.ladders else ():
            for at, tier in moves_up(code, runs, replay.ladders):
                # A tier counts from its day's start, on which the member may have joined later.
                heard = max(at, body.joined_at)
                if body.brand.day(heard) == body.brand.day(at) and at <= last:
                    for reward in given_for(automatic_at(replay.timeline, at), "tier", tier=tier):
                        replay.ledger.redeem(heard, self._cost(reward, at))
        for at in birthdays(body.past.birthday, zone, body.joined_at, last):
            for reward in given_for(automatic_at(replay.timeline, at), "birthday"):
                replay.ledger.redeem(at, self._cost(reward, at))

    def _cost(self, reward: str, at: datetime) -> int:
        offer = self._replay.offer(reward, at)
        return offer.cost if offer else 0


_MEETS: dict[type, Callable[[Redeems, Any], None]] = {
    Reserved: Redeems.reserved,
    Ended: Redeems.ended,
    CameBack: Redeems.came_back,
    Got: Redeems.got,
}
