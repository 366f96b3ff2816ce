"""One member's life under a programme: what happens next changes points, counts and tier."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

from domain.earning.rules import Purchase, Verdict
from domain.earning.rules_decide import Judged, earn, judged, known_facts, parts_given
from domain.earning.rules_facts import Person
from domain.earning.rules_given import end_by_hand
from domain.earning.rules_refund_decide import (
    Awarded,
    Refundable,
    has_points_left,
    take_refund,
)
from domain.expiry.rules import ADJUSTMENT
from domain.simulation.rules import (
    Did,
    Gave,
    GaveBack,
    Happening,
    MovedAway,
    Past,
    Received,
    WasCorrected,
    WasGranted,
    WasReleased,
    WasRevoked,
)
from domain.simulation.rules_body import Body
from domain.simulation.rules_months import Mine
from domain.simulation.rules_pocket import Parcel
from domain.simulation.rules_redeem import AT_ONCE, Redeems
from domain.simulation.rules_replay import Replay
from domain.simulation.rules_returns import Returned, Returns
from domain.tallies.rules import add
from domain.wallets.section import PointsSection, available_at
from kit.errors import LaurelError

Terms: TypeAlias = tuple[datetime, datetime | None, bool, int | None]
"""What points keep that change hands: earned, end, whether it is fixed, version."""


class Life(Body):
    """One member under one replay, to be told what happened, one thing after another."""

    def __init__(self, replay: Replay, past: Past) -> None:
        super().__init__(replay, past)
        self._redeems = Redeems(self)

    def meet(self, happening: Happening) -> None:
        """Take up what happened next."""
        self.replay.ledger.mine = self.mine
        self.learn(happening.at)
        meets = _MEETS.get(type(happening))
        if meets is not None:
            meets(self, happening)
        else:
            self._redeems.meet(happening)
        if self.replay.gives & AT_ONCE:
            self._redeems.give(happening)

    def did(self, happening: Did) -> None:
        """Let a purchase or an activity earn, and count it."""
        event = happening.event
        item = judged(self.brand, self.replay.timeline, event)
        if isinstance(item, LaurelError):
            self.replay.failures.events += 1
            return
        joined = event.occurred_at if self.joined_at is None else self.joined_at
        facts: Mapping[str, Any] = {}
        if item.rules.needs:
            past = self.past
            person = Person(past.external_id, joined, past.birthday, self.region, past.attributes)
            ladders = self.replay.ladders
            facts = known_facts(self.brand, item, person, self.tallies, ladders, self.grants)
        try:
            verdict, context, change = earn(
                item, self.past.id, facts, self.used, self.replay.budgets
            )
        except LaurelError:
            self.replay.failures.events += 1
            return
        add(self.tallies, change)
        self.joined_at = min(joined, event.occurred_at)
        awards = self._accrue(happening, item, verdict)
        if isinstance(event, Purchase):
            ledger = self.replay.ledger
            ledger.count("purchases", event.occurred_at, 1)
            ledger.count("spend", event.occurred_at, change.amount)
            if happening.refunds:
                self.bought[event.external_id] = Refundable(
                    self.past.id,
                    event,
                    self.past.id,
                    item.programme.version_id,
                    context or {},
                    awards,
                    (0,) * len(event.lines),
                )
        self.changed(happening.at)

    def _accrue(self, happening: Did, item: Judged, verdict: Verdict) -> list[Awarded]:
        event, version = item.event, item.programme.version_id
        new: list[Parcel] = []
        awards: list[Awarded] = []
        begins = [part.carried_to for award in verdict.awards for part in award.parts]
        parts = parts_given(self.brand, item, verdict, self.region)
        for (place, given), begin in zip(parts, begins, strict=True):
            source = self.pocket.next_source()
            new.append(
                Parcel(
                    source,
                    given.points,
                    begin or event.occurred_at,
                    given.available_at,
                    given.expires_at,
                    given.fixed,
                    version,
                    event.external_id,
                    given.release_days,
                )
            )
            self.book("issued", event.occurred_at, given.points)
            if happening.refunds:
                awards.append(Awarded(given.rule, place, given.points, given.qualifies, source, 0))
        self.open(happening.at, new)
        return sorted(awards, key=lambda each: (each.rule, each.part))

    def gave_back(self, happening: GaveBack) -> None:
        """Take back what the kept lines alone would not have earned."""
        purchase = self.bought.get(happening.purchase)
        amounts = happening.line_amounts
        if purchase is None:
            return
        if not sum(amounts) and not has_points_left(purchase):
            return
        self.fresh()
        programme = next(
            each
            for each in self.replay.timeline.programmes
            if each.version_id == purchase.version_id
        )
        taken = take_refund(self.brand, programme, purchase, amounts)
        in_force = self.replay.programme_at(happening.at)
        policy = in_force.document.section(PointsSection).negative_balance
        self.pocket.end_late(happening.at)
        for award, points in taken.takes:
            self.pocket.take_back(
                happening.at, happening.occurred_at, points, award.journal_id, policy
            )
        for key, turn in taken.turns.items():
            self.used[key] = self.used.get(key, 0) + turn
        add(self.tallies, taken.change)
        self.replay.ledger.count("refunded", happening.occurred_at, sum(amounts))
        due = sum(points for _, points in taken.takes)
        returns = self.returns.setdefault(
            happening.purchase, Returns(purchase, taken.change.day, [])
        )
        returns.parts.append(
            Returned(happening.occurred_at, sum(amounts), due, -taken.change.points)
        )
        self.changed(happening.at)

    def was_granted(self, happening: WasGranted) -> None:
        """Let a status count that was given by hand."""
        found = sorted((*self.grants, happening.grant), key=lambda each: (each.starts_at, each.id))
        self.grants = tuple(found)
        self.changed(happening.at)

    def was_revoked(self, happening: WasRevoked) -> None:
        """Let a status count no more."""
        self.grants = tuple(
            replace(each, revoked_at=happening.at) if each.id == happening.grant_id else each
            for each in self.grants
        )
        self.changed(happening.at)

    def moved_away(self, happening: MovedAway) -> None:
        """Let the law of the next region hold."""
        self.move_on()
        self.changed(happening.at)

    def was_corrected(self, happening: WasCorrected) -> None:
        """Give or take points by hand as staff did."""
        now, points = happening.at, self.replay.points(happening.points)
        self.fresh()
        if points > 0:
            end = happening.expires_at
            if end is None:
                programme = self.replay.timeline.at(now)
                if programme is not None:
                    section = programme.document.section(PointsSection)
                    end = end_by_hand(section, self.brand.zone, now, self.region)
            fixed = happening.expires_at is not None
            self.book("issued", now, points)
            new = Parcel(self.pocket.next_source(), points, now, now, end, fixed)
            self.open(now, [new], dated=True)
        elif not self.pocket.take(now, -points):
            self.replay.failures.corrections += 1
            return
        qualifying = self.replay.points(happening.qualifying)
        self.count(ADJUSTMENT, self.brand.day(now), qualifying, 1)
        self.changed(now)

    def gave(self, happening: Gave) -> None:
        """Hand points to another member, those that end first."""
        self.fresh()
        now, points = happening.at, self.replay.points(happening.points)
        self.pocket.end_late(now)
        parcels = self.pocket.hand_over(now, points)
        if parcels is None:
            self.replay.failures.gifts += 1
            return
        self.replay.gifts[happening.gift_id] = parcels

    def received(self, happening: Received) -> None:
        """Take what another member handed over; no end is ever later for it."""
        now = happening.at
        self.fresh()
        self.pocket.end_late(now)
        new: dict[Terms, Parcel] = {}
        for given, amount in self.replay.gifts.pop(happening.gift_id, ()):
            stays = given.fixed or (self.follows and given.expires_at is not None)
            terms = given.earned_at, given.expires_at, stays, given.version_id
            if terms not in new:
                new[terms] = Parcel(
                    self.pocket.next_source(),
                    0,
                    given.earned_at,
                    now,
                    given.expires_at,
                    stays,
                    given.version_id,
                )
            new[terms].remaining += amount
        if not new:
            return
        self.pocket.receive(now, list(new.values()))
        endless = [each for each in new.values() if self.follows and each.is_endless]
        ends = self.ends() if endless else None
        for parcel in endless:
            end = ends.of(parcel.earned_at, parcel.version_id) if ends else None
            if end is not None and end <= now:
                parcel.earned_at = now
        self.changed(now)

    def was_released(self, happening: WasReleased) -> None:
        """Let go of what an event earned."""
        for parcel in self.pocket.parcels:
            if parcel.reference == happening.reference and parcel.release_days is not None:
                days, parcel.release_days = parcel.release_days, None
                parcel.available_at = available_at(days, self.brand.zone, happening.at)

    def end(self) -> Mine:
        """Close the books of a member of whom nothing more is told; return what became of them."""
        ledger, months = self.replay.ledger, self.replay.ledger.calendar
        ledger.mine = self.mine
        last = months.ends[-1]
        self.learn(datetime.max.replace(tzinfo=UTC))
        if self.replay.gives and self.joined_at is not None:
            self._redeems.give_by_time(last)
        self.pocket.end_late(last)
        self.fresh()
        for parcel in self.pocket.parcels:
            if parcel.remaining and parcel.expires_at is not None and parcel.ended(last):
                self.book("expired", parcel.expires_at, parcel.remaining)
        if self.joined_at is None or self.joined_at > last:
            return self.mine
        first = months.place(self.joined_at)
        ledger.sums.joined[first] += 1
        for place in range(first, len(months.ends)) if self.replay.ladders else ():
            tiers = self.tiers_at(months.ends[place], self.replay.in_force[place])
            counts = ledger.sums.tiers[place]
            for key in tiers.items():
                counts[key] = counts.get(key, 0) + 1
            self.mine.tier = next(iter(tiers.values()), "")
        return self.mine


_MEETS: dict[type, Callable[[Life, Any], None]] = {
    Gave: Life.gave,
    Received: Life.received,
    Did: Life.did,
    GaveBack: Life.gave_back,
    WasGranted: Life.was_granted,
    WasRevoked: Life.was_revoked,
    MovedAway: Life.moved_away,
    WasCorrected: Life.was_corrected,
    WasReleased: Life.was_released,
}
