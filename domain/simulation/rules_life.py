"""One member's life under a programme: what happens next changes points, counts and tier."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from domain.earning.rules import Purchase, Verdict
from domain.earning.rules_decide import Judged, Uses, earn, judged, known_facts, parts_given
from domain.earning.rules_facts import Person
from domain.earning.rules_given import end_by_hand
from domain.earning.rules_refund_decide import (
    Awarded,
    Refundable,
    has_points_left,
    take_refund,
)
from domain.expiry.rules import ADJUSTMENT, Ends, active_days
from domain.ledger.rules import Kind
from domain.rewards.rules_automatic import automatic_at, given_for
from domain.simulation.rules import (
    Did,
    Ended,
    GaveBack,
    Got,
    Happening,
    MovedAway,
    Past,
    Reserved,
    WasCorrected,
    WasGranted,
    WasReleased,
    WasRevoked,
)
from domain.simulation.rules_months import Mine
from domain.simulation.rules_pocket import Parcel, Pocket, Way
from domain.simulation.rules_replay import Replay
from domain.simulation.rules_returns import Returned, Returns, as_of
from domain.simulation.rules_unasked import birthdays, moves_up
from domain.tallies.rules import REDEMPTION, Count, Tallies, add
from domain.tiers.rules import Grant, Ladder, Run, courses, tiers_at
from domain.wallets.section import PointsSection, available_at
from kit.errors import LaurelError

_AT_ONCE_GIVEN = frozenset({"points", "activity"})
_AT_ONCE = -1
"""Under which points are reserved that are spent in the same instant."""


class Life:
    """One member under one replay."""

    def __init__(self, replay: Replay, past: Past) -> None:
        self._replay = replay
        self._brand = replay.brand
        self.mine = Mine(past.external_id)
        self.past = past
        self.joined_at = past.joined_at
        self._moves = list(past.moves)
        self._moved = 0
        self.tallies: Tallies = {}
        self.grants: tuple[Grant, ...] = ()
        self.used: Uses = {}
        self.pocket = Pocket(self._book, replay.scale)
        self._sources = 0
        self._asked: dict[int, tuple[int, int]] = {}
        self._looked_at: datetime | None = None
        self._bought: dict[str, Refundable] = {}
        self._returns: dict[str, Returns] = {}
        self._stale = False
        self._follows = replay.policies.follow
        self._courses: Mapping[str, Sequence[Run]] | None = None

    @property
    def region(self) -> str | None:
        """Where the member lives as far as is known by now."""
        if self._moved < len(self._moves):
            return self._moves[self._moved].region
        return self.past.region

    def meet(self, happening: Happening) -> None:
        """Take up what happened next."""
        self._replay.ledger.mine = self.mine
        _MEETS[type(happening)](self, happening)
        if self._replay.gives & _AT_ONCE_GIVEN:
            self._give(happening)

    def _book(self, way: Way, at: datetime, amount: int) -> None:
        self._replay.ledger.book(way, at, amount)

    def did(self, happening: Did) -> None:
        """Let a purchase or an activity earn, and count it."""
        event = happening.event
        item = judged(self._brand, self._replay.timeline, event)
        if isinstance(item, LaurelError):
            self._replay.failures.events += 1
            return
        joined = event.occurred_at if self.joined_at is None else self.joined_at
        facts: Mapping[str, Any] = {}
        if item.rules.needs:
            past = self.past
            person = Person(past.external_id, joined, past.birthday, self.region, past.attributes)
            ladders = self._replay.ladders
            facts = known_facts(self._brand, item, person, self.tallies, ladders, self.grants)
        try:
            verdict, context, change = earn(
                item, self.past.id, facts, self.used, self._replay.budgets
            )
        except LaurelError:
            self._replay.failures.events += 1
            return
        add(self.tallies, change)
        self.joined_at = min(joined, event.occurred_at)
        awards = self._accrue(happening, item, verdict)
        if isinstance(event, Purchase):
            ledger = self._replay.ledger
            ledger.count("purchases", event.occurred_at, 1)
            ledger.count("spend", event.occurred_at, change.amount)
            if happening.refunds:
                self._bought[event.external_id] = Refundable(
                    self.past.id,
                    event,
                    self.past.id,
                    item.programme.version_id,
                    context or {},
                    awards,
                    (0,) * len(event.lines),
                )
        self._changed(happening.at)

    def _accrue(self, happening: Did, item: Judged, verdict: Verdict) -> list[Awarded]:
        event, version = item.event, item.programme.version_id
        new: list[Parcel] = []
        awards: list[Awarded] = []
        begins = [part.carried_to for award in verdict.awards for part in award.parts]
        parts = parts_given(self._brand, item, verdict, self.region)
        for (place, given), begin in zip(parts, begins, strict=True):
            self._sources += 1
            new.append(
                Parcel(
                    self._sources,
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
            self._book("issued", event.occurred_at, given.points)
            if happening.refunds:
                awards.append(
                    Awarded(given.rule, place, given.points, given.qualifies, self._sources, 0)
                )
        self._opened(happening.at, new)
        return sorted(awards, key=lambda each: (each.rule, each.part))

    def _opened(self, now: datetime, new: Sequence[Parcel], *, dated: bool = False) -> None:
        self.pocket.parcels.extend(new)
        # What has ended pays no debt, and where ends follow the member only dating anew tells.
        if dated or not self._follows:
            self.pocket.pay(now, new)

    def gave_back(self, happening: GaveBack) -> None:
        """Take back what the kept lines alone would not have earned."""
        purchase = self._bought.get(happening.purchase)
        amounts = happening.line_amounts
        if purchase is None:
            return
        if not sum(amounts) and not has_points_left(purchase):
            return
        self._fresh()
        programme = next(
            each
            for each in self._replay.timeline.programmes
            if each.version_id == purchase.version_id
        )
        taken = take_refund(self._brand, programme, purchase, amounts)
        in_force = self._replay.programme_at(happening.at)
        policy = in_force.document.section(PointsSection).negative_balance
        self.pocket.end_late(happening.at)
        for award, points in taken.takes:
            self.pocket.take_back(
                happening.at, happening.occurred_at, points, award.journal_id, policy
            )
        for key, turn in taken.turns.items():
            self.used[key] = self.used.get(key, 0) + turn
        add(self.tallies, taken.change)
        self._replay.ledger.count("refunded", happening.occurred_at, sum(amounts))
        due = sum(points for _, points in taken.takes)
        returns = self._returns.setdefault(
            happening.purchase, Returns(purchase, taken.change.day, [])
        )
        returns.parts.append(
            Returned(happening.occurred_at, sum(amounts), due, -taken.change.points)
        )
        self._changed(happening.at)

    def was_granted(self, happening: WasGranted) -> None:
        """Let a status count that was given by hand."""
        found = sorted((*self.grants, happening.grant), key=lambda each: (each.starts_at, each.id))
        self.grants = tuple(found)
        self._changed(happening.at)

    def was_revoked(self, happening: WasRevoked) -> None:
        """Let a status count no more."""
        self.grants = tuple(
            replace(each, revoked_at=happening.at) if each.id == happening.grant_id else each
            for each in self.grants
        )
        self._changed(happening.at)

    def moved_away(self, happening: MovedAway) -> None:
        """Let the law of the next region hold."""
        self._moved += 1
        self._changed(happening.at)

    def was_corrected(self, happening: WasCorrected) -> None:
        """Give or take points by hand as staff did."""
        now, points = happening.at, self._replay.points(happening.points)
        self._fresh()
        if points > 0:
            end = happening.expires_at
            if end is None:
                programme = self._replay.timeline.at(now)
                if programme is not None:
                    section = programme.document.section(PointsSection)
                    end = end_by_hand(section, self._brand.zone, now, self.region)
            self._sources += 1
            fixed = happening.expires_at is not None
            self._book("issued", now, points)
            new = Parcel(self._sources, points, now, now, end, fixed)
            self._opened(now, [new], dated=True)
        elif not self.pocket.take(now, -points):
            self._replay.failures.corrections += 1
            return
        qualifying = self._replay.points(happening.qualifying)
        day = self._brand.day(now)
        add(self.tallies, Count(self.past.id, ADJUSTMENT, day, 0, qualifying, 1))
        self._changed(now)

    def reserved(self, happening: Reserved) -> None:
        """Reserve points if there are enough."""
        replay, now = self._replay, happening.at
        if happening.automatic and replay.reprices:
            return
        points, cost = replay.points(happening.points), 0
        if happening.reward is not None:
            offer = replay.offer(happening.reward, now)
            if offer is None and replay.reprices:
                replay.failures.redemptions += 1
                replay.failures.gone_rewards += 1
                return
            share = happening.quantity * happening.points
            cost = offer.cost * share // happening.whole if offer else 0
            if offer is not None and replay.reprices:
                points = offer.points * share // happening.whole
        self._fresh()
        if points and not self.pocket.reserve(now, happening.hold_id, points, happening.deadline):
            replay.failures.redemptions += 1
            replay.failures.redeemed_points += points
            return
        self._asked[happening.hold_id] = points, cost

    def ended(self, happening: Ended) -> None:
        """Spend what was reserved, or give it back."""
        asked = self._asked.pop(happening.hold_id, None)
        if asked is None:
            return
        self._fresh()
        now, replay = happening.at, self._replay
        points, cost = asked
        spent = points
        if not replay.reprices or happening.amount < happening.held:
            spent = min(points, replay.points(happening.amount))
        if points and not self.pocket.end(now, happening.hold_id, happening.kind, spent):
            return
        if happening.kind is Kind.POST:
            replay.ledger.redeem(now, cost)
            self._redeemed(now)

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
            replay.failures.redemptions += 1
            replay.failures.redeemed_points += points
            return
        replay.ledger.redeem(now, offer.cost * happening.quantity)

    def _spend(self, now: datetime, points: int) -> bool:
        self._fresh()
        if not self.pocket.reserve(now, _AT_ONCE, points, datetime.max.replace(tzinfo=UTC)):
            return False
        self.pocket.end(now, _AT_ONCE, Kind.POST, points)
        self._redeemed(now)
        return True

    def _redeemed(self, now: datetime) -> None:
        add(self.tallies, Count(self.past.id, REDEMPTION, self._brand.day(now), 0, 0, 1))
        self._changed(now)

    def was_released(self, happening: WasReleased) -> None:
        """Let go of what an event earned."""
        for parcel in self.pocket.parcels:
            if parcel.reference == happening.reference and parcel.release_days is not None:
                days, parcel.release_days = parcel.release_days, None
                parcel.available_at = available_at(days, self._brand.zone, happening.at)

    def end(self) -> Mine:
        """Close the books of a member of whom nothing more is told; return what became of them."""
        ledger, months = self._replay.ledger, self._replay.ledger.calendar
        ledger.mine = self.mine
        last = months.ends[-1]
        if self._replay.gives and self.joined_at is not None:
            self._give_by_time(last)
        self.pocket.end_late(last)
        self._fresh()
        for parcel in self.pocket.parcels:
            if parcel.remaining and parcel.expires_at is not None and parcel.ended(last):
                self._book("expired", parcel.expires_at, parcel.remaining)
        if self.joined_at is None or self.joined_at > last:
            return self.mine
        first = months.place(self.joined_at)
        ledger.sums.joined[first] += 1
        for place in range(first, len(months.ends)) if self._replay.ladders else ():
            tiers = self.tiers_at(months.ends[place], self._replay.in_force[place])
            counts = ledger.sums.tiers[place]
            for key in tiers.items():
                counts[key] = counts.get(key, 0) + 1
            self.mine.tier = next(iter(tiers.values()), "")
        return self.mine

    def _give(self, happening: Happening) -> None:
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
        waiting = {each.available_at for each in self.pocket.parcels if each.remaining}
        for now in sorted({until, *(each for each in waiting if since < each <= until)}):
            rewards = given_for(automatic_at(self._replay.timeline, now), "points")
            for reward in rewards:
                offer = self._replay.offer(reward, now)
                while offer is not None and self._spend(now, offer.points):
                    self._replay.ledger.redeem(now, offer.cost)
        self._looked_at = max(since, until)

    def _give_by_time(self, last: datetime) -> None:
        """Give what came by itself with moves up and birthdays, as history knows them now."""
        replay, zone = self._replay, self._brand.zone
        assert self.joined_at is not None, "who gets something has joined"
        if "points" in replay.gives:
            self._buy(last)
        for code, runs in self._course().items() if replay.ladders else ():
            for at, tier in moves_up(code, runs, replay.ladders):
                if self.joined_at <= at <= last:
                    for reward in given_for(automatic_at(replay.timeline, at), "tier", tier=tier):
                        replay.ledger.redeem(at, self._cost(reward, at))
        for at in birthdays(self.past.birthday, zone, self.joined_at, last):
            for reward in given_for(automatic_at(replay.timeline, at), "birthday"):
                replay.ledger.redeem(at, self._cost(reward, at))

    def _cost(self, reward: str, at: datetime) -> int:
        offer = self._replay.offer(reward, at)
        return offer.cost if offer else 0

    def tiers_at(self, at: datetime, ladders: Sequence[Ladder]) -> dict[str, str]:
        """Return the tier on each of ``ladders`` at an instant, as of what had happened by then."""
        if any(each.came_later(at) for each in self._returns.values()):
            done, zone = as_of(self.tallies, self._returns.values(), at), self._brand.zone
            assert self.joined_at is not None, "who returned something has joined"
            return tiers_at(self._replay.ladders, self.joined_at, done, self.grants, zone, at)
        found = {}
        for ladder in ladders:
            runs = self._course()[ladder.code]
            place = bisect_right(runs, at, key=lambda run: run.starts_at) - 1
            found[ladder.code] = runs[place].tier
        return found

    def _course(self) -> Mapping[str, Sequence[Run]]:
        if self._courses is None:
            assert self.joined_at is not None, "who has a tier has joined"
            replay = self._replay
            self._courses = courses(
                replay.ladders, self.joined_at, self.tallies, self.grants, self._brand.zone
            )
        return self._courses

    def _changed(self, now: datetime) -> None:
        """Date points anew after something else counts; only if it matters at once."""
        self._courses = None
        if not self._follows:
            return
        pocket = self.pocket
        if not pocket.at_odds:
            self._stale = True
            return
        over = [each for each in pocket.parcels if each.ended(now)]
        self._redate()
        risen = [each for each in over if not each.ended(now)]
        pocket.reclaim(now, risen)
        if pocket.debt:
            there = [each for each in pocket.parcels if not each.ended(now)]
            back = {each.source for each in risen}
            order = {lot.id: place for place, lot in enumerate(pocket.alive(now))}
            there.sort(
                key=lambda each: (
                    (1, order.get(each.source, 0)) if each.source in back else (0, each.source)
                )
            )
            pocket.pay(now, there)

    def _fresh(self) -> None:
        if self._stale:
            self._redate()

    def _redate(self) -> None:
        self._stale = False
        policies = self._replay.policies
        ends = Ends(
            policies,
            self._brand.zone,
            self.region,
            self._course() if policies.by_tier and self.joined_at is not None else {},
            active_days(self.tallies) if policies.by_activity else (),
            self._moves[: self._moved],
        )
        for parcel in self.pocket.parcels:
            if not parcel.fixed:
                parcel.expires_at = ends.of(parcel.earned_at, parcel.version_id)


_MEETS: dict[type, Callable[[Life, Any], None]] = {
    Did: Life.did,
    GaveBack: Life.gave_back,
    WasGranted: Life.was_granted,
    WasRevoked: Life.was_revoked,
    MovedAway: Life.moved_away,
    WasCorrected: Life.was_corrected,
    Reserved: Life.reserved,
    Got: Life.got,
    Ended: Life.ended,
    WasReleased: Life.was_released,
}
