"""Ends of points in tests: versions as settings, courses as days, and a slow second opinion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.expiry.rules import Ends, Policies, Policy, Rule, policies_of
from domain.members.rules import Move
from domain.programmes.rules import Document, Programme, Timeline
from domain.tiers.rules import Run
from domain.tiers.section import TiersSection
from domain.wallets.section import Expiry, PointsSection, WithTier, expires_at
from kit.calendar import day_start

NEW_YORK = ZoneInfo("America/New_York")
TIERS = ("Green", "Gold", "Reserve")


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    """Return an instant of the wall clock, midnight without a time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def version(
    start: str, *, zone: ZoneInfo = NEW_YORK, tiers: Sequence[str] = TIERS, **points: Any
) -> Programme:
    """Return a version of a programme that is in force from ``start`` on."""
    settings: dict[str, Any] = {"code": "points", "name": "Points", "expires": "never"} | points
    rungs = [{"name": name, "threshold": str(100 * rank)} for rank, name in enumerate(tiers)]
    ladder = {"qualify_by": "spend", "window": "lifetime", "holds": "forever", "tier": rungs}
    sections = {
        "points": PointsSection(**settings),
        "tiers": TiersSection.model_validate({"ladder": [ladder]}),
    }
    return Programme(1, at(start, zone), Document("test", "", b"", {}, sections))


def course(*runs: tuple[str, str], zone: ZoneInfo = NEW_YORK) -> dict[str, tuple[Run, ...]]:
    """Return the course of a member's tier: from when on it is which."""
    return {
        "status": tuple(
            Run(at(start, zone), tier, TIERS.index(tier) if tier in TIERS else 0, granted=False)
            for start, tier in runs
        )
    }


def ends(
    *versions: Programme,
    zone: ZoneInfo = NEW_YORK,
    region: str | None = None,
    tiers: Sequence[tuple[str, str]] = (),
    active: Sequence[str] = (),
    moves: Sequence[tuple[str, str | None]] = (),
) -> Ends:
    """Return what says when a member's points end."""
    days = sorted(date.fromisoformat(day) for day in active)
    lived = [Move(at(until, zone), where) for until, where in moves]
    rules = policies_of(Timeline(versions))
    return Ends(rules, zone, region, course(*tiers, zone=zone), days, lived)


def end(made: Ends, earned: str) -> str | None:
    """Return the end of points earned at an instant of the wall clock, on that clock."""
    found = made.of(at(earned, made.zone))
    return None if found is None else f"{found.astimezone(made.zone):%Y-%m-%d %H:%M}"


@dataclass
class SlowEnds:
    """The same as `Ends`, told as a story: one lot, event by event, nothing remembered."""

    policies: Policies
    zone: ZoneInfo
    region: str | None
    courses: Mapping[str, Sequence[Run]]
    days: Sequence[date]
    moves: Sequence[Move] = ()
    rule: Rule = field(default=None, init=False)
    began: datetime | None = field(default=None, init=False)
    before: datetime | None = field(default=None, init=False)
    own: date = field(default=date.min, init=False)
    anew: date = field(default=date.min, init=False)
    now: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)

    def of(self, earned_at: datetime) -> datetime | None:
        versions = self.policies.versions
        first = [each for each in versions if each.starts_at <= earned_at][-1]
        self.began, self.now, self.earned_at = None, earned_at, earned_at
        self.own = earned_at.astimezone(self.zone).date()
        self.rule = self._rule(first, first, earned_at)
        for instant, day in self._story(earned_at):
            end = self._end()
            if end is not None and end <= instant:
                return end
            if day is not None:
                self._act(day)
            else:
                self._turn(instant, first)
        return self._end()

    def _story(self, earned_at: datetime) -> list[tuple[datetime, date | None]]:
        """Return all that happens after: at a day's start the deed, at an instant the turn."""
        told: list[tuple[datetime, date | None]] = []
        earned_on = earned_at.astimezone(self.zone).date()
        told += [(day_start(self.zone, day), day) for day in self.days if day > earned_on]
        turns = {each.starts_at for each in self.policies.versions}
        turns |= {run.starts_at for runs in self.courses.values() for run in runs}
        turns |= {move.at for move in self.moves}
        told += [(turn, None) for turn in turns if turn > earned_at]
        # A turn comes first: what is done on that day is done under the new rule.
        return sorted(told, key=lambda each: (each[0], each[1] is not None))

    def _act(self, day: date) -> None:
        if self._next_to(self.own, day):
            self.own = day
        if self._next_to(self.anew, day):
            self.anew = day

    def _next_to(self, clock: date, day: date) -> bool:
        if isinstance(self.rule, Expiry) and self.rule.after == "activity":
            return True
        return (clock.year, clock.month) == (day.year, day.month) or (
            (clock.replace(day=28) + timedelta(days=4)).replace(day=1) == day.replace(day=1)
        )

    def _turn(self, instant: datetime, first: Policy) -> None:
        source = [
            each
            for each in self.policies.versions
            if first.starts_at <= each.starts_at <= instant and (each.follows or each is first)
        ][-1]
        rule = self._rule(source, first, instant)
        if rule == self.rule:
            return
        before = self._end()
        self.rule, self.began, self.now = rule, instant, instant
        if isinstance(rule, Expiry) and rule.on and day_start(self.zone, rule.on) <= instant:
            # Over already: it says nothing, and what was promised stays.
            self.rule, self.kept = rule, before
        self.before = before
        self.anew = instant.astimezone(self.zone).date()
        # Under another rule the row of months is counted anew from what was done.
        self.own = self.earned_at.astimezone(self.zone).date()
        for day in self.days:
            if self.own < day <= self.anew and self._next_to(self.own, day):
                self.own = day
            elif self.own < day:
                break

    def _end(self) -> datetime | None:
        rule = self.rule
        if rule is None:
            return None
        if isinstance(rule, str):
            return self._fall(rule)
        if rule.on is not None:
            day = day_start(self.zone, rule.on)
            return day if day > self.now else (None if self.began is None else self.kept)
        own = self._months(rule, self.own)
        if not rule.follows_the_member:
            own = self._months(rule, self.earned_at.astimezone(self.zone).date())
        if self.began is None:
            return own
        anew = self.began.astimezone(self.zone).date()
        promise = self._months(rule, self.anew if rule.follows_the_member else anew)
        return max(own, promise if self.before is None else min(self.before, promise))

    def _months(self, rule: Expiry, day: date) -> datetime:
        found = expires_at(rule, self.zone, day_start(self.zone, day))
        assert found is not None
        return found

    def _fall(self, ladder: str) -> datetime | None:
        runs = self.courses.get(ladder, ())
        for index in range(1, len(runs)):
            if runs[index].starts_at > self.now and runs[index].rank < runs[index - 1].rank:
                return runs[index].starts_at
        return None

    def _rule(self, source: Policy, first: Policy, instant: datetime) -> Rule:
        found = source.expires
        for runs in self.courses.values():
            held = [run.tier for run in runs if run.starts_at <= instant]
            if held and held[-1] in source.by_tier:
                by_tier = source.by_tier[held[-1]]
                if isinstance(by_tier, WithTier):
                    return "status"
                found = by_tier
        by_time = isinstance(found, Expiry) and not found.follows_the_member
        lived = [move.region for move in self.moves if move.at > instant]
        return None if by_time and [*lived, self.region][0] in first.protected else found
