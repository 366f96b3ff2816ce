"""What one member has and is under a programme: points, counts, status, and what follows."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from domain.earning.rules_decide import Uses
from domain.earning.rules_refund_decide import Refundable
from domain.expiry.rules import Ends, active_days
from domain.simulation.rules import Past
from domain.simulation.rules_months import Mine
from domain.simulation.rules_pocket import Parcel, Pocket, Way
from domain.simulation.rules_replay import Replay
from domain.simulation.rules_returns import Returns, as_of
from domain.tallies.rules import Count, Tallies, add
from domain.tiers.rules import Grant, Ladder, Run, courses, tiers_at


class Body:
    """One member under one replay, as far as is known by now."""

    def __init__(self, replay: Replay, past: Past) -> None:
        self.replay = replay
        self.brand = replay.brand
        self.mine = Mine(past.external_id)
        self.past = past
        self.joined_at = past.joined_at
        self._moves = list(past.moves)
        self._moved = 0
        self.tallies: Tallies = {}
        self.grants: tuple[Grant, ...] = ()
        self.used: Uses = {}
        self.pocket = Pocket(self.book, replay.scale)
        self.bought: dict[str, Refundable] = {}
        self.returns: dict[str, Returns] = {}
        self._stale = False
        self._edition = 0
        self._courses: Mapping[str, Sequence[Run]] | None = None

    @property
    def follows(self) -> bool:
        """Whether what the member does or is can move the end of points."""
        return self.replay.editions[self._edition].policies.follow

    def learn(self, now: datetime) -> None:
        """Take up the versions that were applied by an instant, when each of them was."""
        editions = self.replay.editions
        while self._edition + 1 < len(editions) and editions[self._edition + 1].at <= now:
            self._edition += 1
            self.changed(editions[self._edition].at)

    @property
    def region(self) -> str | None:
        """Where the member lives as far as is known by now."""
        if self._moved < len(self._moves):
            return self._moves[self._moved].region
        return self.past.region

    def move_on(self) -> None:
        """Let the member live where the next of the moves led."""
        self._moved += 1

    def open(self, now: datetime, new: Sequence[Parcel], *, dated: bool = False) -> None:
        """Take in new points; ``dated``: their ends are known, whatever the programme says."""
        self.pocket.parcels.extend(new)
        # What has ended pays no debt, and where ends follow the member only dating anew tells.
        if dated or not self.follows:
            self.pocket.pay(now, new)

    def count(self, kind: str, day: date, points: int, count: int) -> None:
        """Count something that is no event on a day."""
        add(self.tallies, Count(self.past.id, kind, day, 0, points, count))

    def ends(self) -> Ends:
        """Return what says when this member's points end, as far as is known by now."""
        policies = self.replay.editions[self._edition].policies
        return Ends(
            policies,
            self.brand.zone,
            self.region,
            self.course() if policies.by_tier and self.joined_at is not None else {},
            active_days(self.tallies) if policies.by_activity else (),
            self._moves[: self._moved],
        )

    def book(self, way: Way, at: datetime, amount: int) -> None:
        """Note that points came or went, and when that took effect."""
        self.replay.ledger.book(way, at, amount)

    def tiers_at(self, at: datetime, ladders: Sequence[Ladder]) -> dict[str, str]:
        """Return the tier on each of ``ladders`` at an instant, as of what had happened by then."""
        if any(each.came_later(at) for each in self.returns.values()):
            done, zone = as_of(self.tallies, self.returns.values(), at), self.brand.zone
            assert self.joined_at is not None, "who returned something has joined"
            return tiers_at(self.replay.ladders, self.joined_at, done, self.grants, zone, at)
        found = {}
        for ladder in ladders:
            runs = self.course()[ladder.code]
            place = bisect_right(runs, at, key=lambda run: run.starts_at) - 1
            found[ladder.code] = runs[place].tier
        return found

    def course(self) -> Mapping[str, Sequence[Run]]:
        """Return the member's tiers over all time, by ladder."""
        if self._courses is None:
            assert self.joined_at is not None, "who has a tier has joined"
            ladders = self.replay.editions[self._edition].ladders
            self._courses = courses(
                ladders, self.joined_at, self.tallies, self.grants, self.brand.zone
            )
        return self._courses

    def changed(self, now: datetime) -> None:
        """Date points anew after something else counts; only if it matters at once."""
        self._courses = None
        if not self.follows:
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

    def fresh(self) -> None:
        """See that the ends of points are those that follow from all that is known by now."""
        if self._stale:
            self._redate()

    def _redate(self) -> None:
        self._stale = False
        ends = self.ends()
        for parcel in self.pocket.parcels:
            if not parcel.fixed:
                parcel.expires_at = ends.of(parcel.earned_at, parcel.version_id)
